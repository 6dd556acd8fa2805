/**
 * The referee's thread: policy, view and sandbox. It writes its log itself, so that a line stands before the reply that
 * it speaks of; the main thread is told the program's pid and how it ended.
 */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { NotRunnable } from '../launch/program.js';
import { runSandbox, type RunOptions } from '../launch/run.js';
import { SetupError } from '../launch/channels.js';
import type { Ending } from '../referee/process.js';
import { View } from '../referee/view.js';
import { ObserverFailed } from '../referee/watch.js';
import type { OnDeny } from '../policy/on-deny.js';
import { PolicyError, printable } from '../policy/problem.js';
import type { Settings } from '../policy/secfilter/settings.js';
import type { Variables } from '../policy/syscall-lists/variables.js';
import { openLayers } from './judge.js';
import type { Learning, Lessons } from './learn.js';
import type { Level } from './levels.js';
import { openLog } from './log.js';
import { openObservers, variablesOf } from './observers.js';
import type { Promised } from './promised.js';

export interface WorkerData {
  readonly command: readonly ByteString[];
  readonly env: readonly ByteString[];
  /** null: --no-acl; empty: the default file. */
  readonly acl: readonly string[] | null;
  readonly secfilter: Settings | null;
  readonly lists: Variables;
  /** Null: nothing is promised for the program. */
  readonly promised: Promised | null;
  readonly sysroot: string | null;
  readonly root: string;
  readonly keep: readonly number[];
  readonly peek: 'vm' | 'socket';
  readonly ignored: readonly number[];
  readonly openFiles: number;
  readonly level: Level;
  /** An absolute path, true for standard error, null for nowhere. */
  readonly trace: string | true | null;
  readonly stats: boolean;
  readonly record: string | null;
  readonly logJson: string | null;
  readonly onDeny: OnDeny;
  /** null: nothing is learned. */
  readonly learn: Learning | null;
  readonly stop: number;
  /** One word that both threads see: how many processes live in the sandbox. */
  readonly living: Int32Array;
}

export type WorkerMessage =
  { readonly say: 'started'; readonly pid: number } | { readonly say: 'ended'; readonly status: number };

const STDERR = 2;
/** The status of SIGSYS. */
const BAD_CALL = 159;

const data = workerData as WorkerData;
const latin1 = (path: string): ByteString => fromBytes(Buffer.from(path));
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message);

const log = openLog(data.level);
const LEVEL_OF = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;

const OUR_FAILURE = 125;
/** Of what could not be run at all. */
const statusOf = (error: unknown): number => (error instanceof NotRunnable ? error.status : OUR_FAILURE);

/** null: nothing is learned. */
async function openLessons(learning: Learning | null): Promise<Lessons | null> {
  if (learning === null) return null;
  const { Lessons, placeOf } = await import('./learn.js'); // here: most runs do without
  return new Lessons(learning, data.command, placeOf(latin1(process.cwd()), variablesOf(data.env)));
}

async function run(): Promise<number> {
  const lessons = await openLessons(data.learn);
  const observers = await openObservers({
    ...data,
    variables: variablesOf(data.env),
    learner: lessons?.observer ?? null,
    log: data.level === 'DEBUG' || data.level === 'INFO' ? (line) => log('INFO', line) : null,
    refused: (level, message) => log(LEVEL_OF[level], message),
  });
  if (data.acl === null)
    log('WARNING', `${lessons === null ? '--no-acl' : 'learn'}: every file, address and call is allowed`);
  if (data.onDeny === 'log') log('WARNING', '--on-deny=log: what the policy refuses is logged, and done all the same');
  if (data.secfilter?.switches.verbose?.value === true) {
    const { saidBy } = await import('./secfilter.js');
    for (const line of saidBy(data.secfilter)) log('INFO', printable(line));
  }
  const { says, warnings, ...layers } = await openLayers(data);
  for (const line of warnings) log('WARNING', line);
  if (says !== null && data.level !== 'ERROR' && data.level !== 'CRITICAL')
    for (const line of says) writeSync(STDERR, `${printable(line)}\n`);
  const options: RunOptions = {
    ...data,
    ignored: Uint32Array.from(data.ignored),
    view: new View({ root: latin1(data.root), sysroot: data.sysroot === null ? null : latin1(data.sysroot) }),
    layers: { ...layers, onDeny: data.onDeny },
    log: (level, message) => log(LEVEL_OF[level], message),
    observer: observers.observer,
    refusals: observers.refusals,
    protocol: data.level === 'DEBUG',
    askAll: observers.all,
    started: (pid) => tell({ say: 'started', pid }),
  };
  let ending: Ending;
  try {
    ending = learning(lessons, () => runSandbox(options));
  } catch (error) {
    observers.end(statusOf(error));
    throw error;
  }
  const { status, reason } = ending;
  observers.end(status);
  // What a shell would say, to which the program's end by SIGSYS is not visible through ours.
  if (says !== null && reason !== undefined && status === BAD_CALL) writeSync(STDERR, 'Bad system call\n');
  return status;
}

/** Whatever becomes of the run: what was learned so far is written. */
function learning<T>(lessons: Lessons | null, act: () => T): T {
  try {
    return act();
  } finally {
    lessons?.end();
  }
}

/** Says why in the log. */
function failed(error: unknown): number {
  if (!(error instanceof Error)) throw error;
  const known = [NotRunnable, SetupError, PolicyError, ObserverFailed].some((one) => error instanceof one);
  const message = known ? error.message : `defect of the sandbox: ${error.stack ?? error.message}`;
  for (const line of message.split('\n')) log('CRITICAL', line);
  return statusOf(error);
}

let status: number;
try {
  status = await run();
} catch (error) {
  status = failed(error);
}
tell({ say: 'ended', status });
