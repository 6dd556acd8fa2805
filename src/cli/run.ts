/** Runs a command in the sandbox: the main thread owns terminal and signals; the referee has a thread of its own. */
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { reservedBase, SetupError } from '../launch/channels.js';
import { refuseFilter } from '../launch/filter.js';
import { native } from '../native/index.js';
import type { OnDeny } from '../policy/on-deny.js';
import { isStopped } from '../referee/death.js';
import type { Settings } from '../policy/secfilter/settings.js';
import { variablesIn, withoutVariables } from '../policy/syscall-lists/variables.js';
import { environment, ignoredSignals, lastArguments, openFiles } from './caller.js';
import type { Learning } from './learn.js';
import type { Level } from './levels.js';
import type { Promised } from './promised.js';
import type { WorkerData, WorkerMessage } from './worker.js';

export interface RunCommand {
  readonly command: readonly string[];
  readonly acl: readonly string[] | null;
  /** secfilter's options; null when none was given. */
  readonly secfilter: Settings | null;
  /** Null: nothing is promised for the program. */
  readonly promised: Promised | null;
  readonly sysroot: string | null;
  readonly root: string;
  readonly keep: readonly number[];
  readonly peek: 'vm' | 'socket';
  readonly level: Level;
  /** Where a line a call goes: a file's absolute path, true for standard error, null for nowhere. */
  readonly trace: string | true | null;
  /** A table of calls when the program has ended? */
  readonly stats: boolean;
  /** Absolute path of the file for questions, verdicts and results, or null. */
  readonly record: string | null;
  /** The same for a line of JSON for each refusal. */
  readonly logJson: string | null;
  readonly onDeny: OnDeny;
  /** What the run is to teach; null for a run that is judged. */
  readonly learn: Learning | null;
}

/** A terminal sends these to program and helper alike: the program decides. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
/** Whoever sends these to ./sandbox means the program. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGWINCH', 'SIGCONT'] as const;

/** These stop a group, or are handled: the program decides, and we stop when it does. */
const STOPPING = ['SIGTSTP', 'SIGTTIN'] as const;

const OUR_FAILURE = 125;
/** Milliseconds in which a program should have begun; a trace that is a FIFO may wait for its reader for ever. */
const START = 1000;

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
export async function run(options: RunCommand): Promise<number> {
  const reason = forbidden(options.keep);
  if (reason !== undefined) {
    writeSync(2, `sandbox: CRITICAL: ${reason}\n`);
    return OUR_FAILURE;
  }
  const stop = native.eventfd(0, 0);
  const { command, ...rest } = options;
  const env = environment();
  const workerData: WorkerData = {
    ...rest,
    stop,
    command: lastArguments(command.length),
    env: withoutVariables(env),
    lists: options.learn === null ? variablesIn(env) : {},
    ignored: ignoredSignals(),
    openFiles: openFiles(),
    living: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  };
  let program = 0;
  const endUnlessStarted = (signal: NodeJS.Signals): void =>
    void setTimeout(() => program === 0 && native.exit(128 + constants.signals[signal]), START);
  for (const signal of FROM_TERMINAL) process.on(signal, () => program === 0 && endUnlessStarted(signal));
  for (const signal of FORWARDED)
    process.on(signal, () => {
      if (program !== 0) native.kill(program, constants.signals[signal]);
      else if (signal === 'SIGTERM' || signal === 'SIGHUP') {
        native.write(stop, new BigUint64Array([1n]), 8);
        endUnlessStarted(signal);
      }
    });

  const asked = (signal: NodeJS.Signals): void =>
    void ((program === 0 || isStopped(program, program)) && standStill(constants.signals[signal]));
  /** As the program does, until somebody sends SIGCONT: who waits for us, a shell, sees that its job has stopped. */
  const standStill = (signal: number): void => {
    STOPPING.forEach((name) => process.off(name, asked));
    native.kill(process.pid, signal);
    STOPPING.forEach((name) => process.on(name, asked));
  };
  STOPPING.forEach((name) => process.on(name, asked));
  const followStop = (): void => {
    const signal = program === 0 ? 0 : native.stoppedBy(program);
    // By SIGSTOP from another that lives in the sandbox, and may mean to continue it: that one needs us.
    if (signal > 0 && (signal !== constants.signals.SIGSTOP || Atomics.load(workerData.living, 0) <= 1))
      standStill(signal);
  };
  process.on('SIGCHLD', followStop);

  return new Promise((resolve, reject) => {
    // Without stdout and stderr Node would open our own as streams, to pass the worker's on, and that makes pipes
    // non-blocking for the program too, which shares them.
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData, stdout: true, stderr: true });
    worker.on('message', (message: WorkerMessage) => {
      if (message.say === 'started') {
        program = message.pid;
        followStop();
      } else resolve(message.status);
    });
    worker.on('error', reject);
  });
}
