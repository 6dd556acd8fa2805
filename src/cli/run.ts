/** Runs a command in the sandbox: the main thread owns terminal, signals and log; the referee has a thread of its own. */
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { reservedBase, SetupError } from '../launch/channels.js';
import { refuseFilter } from '../launch/filter.js';
import { native } from '../native/index.js';
import { environment, ignoredSignals, lastArguments } from './caller.js';
import { openLog, type Level } from './log.js';
import type { WorkerData, WorkerMessage } from './worker.js';

export interface RunCommand {
  readonly command: readonly string[];
  readonly acl: readonly string[] | null;
  readonly sysroot: string | null;
  readonly root: string;
  readonly keep: readonly number[];
  readonly peek: 'vm' | 'socket';
  readonly level: Level;
}

/** A terminal sends these to program and helper alike: the program decides. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
/** Whoever sends these to ./sandbox means the program. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGWINCH', 'SIGCONT'] as const;

const OUR_FAILURE = 125;

const LEVEL_OF = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;

/** What can be told before anything starts, even a thread of our own: the reason why it would fail. */
function forbidden(keep: readonly number[]): string | undefined {
  try {
    refuseFilter();
    reservedBase(keep);
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}

/** The status that ./sandbox exits with. */
export function run(options: RunCommand): Promise<number> {
  const log = openLog(options.level);
  const reason = forbidden(options.keep);
  if (reason !== undefined) {
    log('CRITICAL', reason);
    return Promise.resolve(OUR_FAILURE);
  }
  const stop = native.eventfd(0, 0);
  const data: WorkerData = {
    command: lastArguments(options.command.length),
    env: environment(),
    acl: options.acl,
    sysroot: options.sysroot,
    root: options.root,
    keep: options.keep,
    peek: options.peek,
    ignored: ignoredSignals(),
    verbose: options.level === 'DEBUG' || options.level === 'INFO',
    protocol: options.level === 'DEBUG',
    stop,
  };
  if (options.acl === null) log('WARNING', '--no-acl: every file, address and call is allowed');
  let program = 0;
  for (const signal of FROM_TERMINAL) process.on(signal, () => undefined);
  for (const signal of FORWARDED)
    process.on(signal, () => {
      if (program !== 0) native.kill(program, constants.signals[signal]);
      else if (signal === 'SIGTERM' || signal === 'SIGHUP') native.write(stop, new BigUint64Array([1n]), 8);
    });

  return new Promise((resolve) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: data,
      stdin: false,
      stdout: false,
      stderr: false,
    });
    worker.on('message', (message: WorkerMessage) => {
      if (message.say === 'log') log(LEVEL_OF[message.level], message.message);
      else if (message.say === 'started') program = message.pid;
      else {
        if (message.message !== undefined) log('CRITICAL', message.message);
        resolve(message.status);
      }
    });
    worker.on('error', (error) => {
      log('CRITICAL', `defect of the sandbox: ${error.stack ?? error.message}`);
      resolve(OUR_FAILURE);
    });
  });
}
