/** Who looks on in a run: the log at INFO, --trace, --stats, --record. */
import { closeSync, openSync } from 'node:fs';
import { printable, type ByteString } from '../abi/bytes.js';
import { SetupError } from '../launch/channels.js';
import { JsonReceipts } from '../observe/receipt.js';
import { RefusalLog } from '../observe/refusal-log.js';
import { Stats } from '../observe/stats.js';
import { textTrace } from '../observe/text.js';
import { writeAll } from '../observe/write.js';
import { traceLine } from '../referee/trace.js';
import type { RefusalSink } from '../referee/refusal.js';
import type { Observer } from '../referee/watch.js';

const STDERR = 2;

/** HOME and TMPDIR of the program, where it has them. */
export interface Variables {
  readonly HOME?: string;
  readonly TMPDIR?: string;
}

export interface Wanted {
  readonly command: readonly ByteString[];
  readonly acl: readonly string[] | null;
  /** An absolute path, true for standard error, null for nowhere. */
  readonly trace: string | true | null;
  readonly stats: boolean;
  readonly record: string | null;
  /** Writes a line to the log; null when it shows no calls. */
  readonly log: ((line: string) => void) | null;
  /** Writes a line about a refusal to the log. */
  readonly refused: (level: 'info' | 'warn', message: string | (() => string)) => void;
  /** An absolute path, or null. */
  readonly logJson: string | null;
  readonly variables: Variables;
  /** Who learns from the run, or null. */
  readonly learner: Observer | null;
}

export interface Observers {
  /** null: nobody looks on. */
  readonly observer: Observer | null;
  /** Do they want to see calls, too, that the hook makes or answers by itself? The log does not. */
  readonly all: boolean;
  readonly refusals: RefusalSink;
  /** The run is over, with this status, or could not begin. */
  end(status: number): void;
}

/** Of an environment as the program has it. */
export function variablesOf(environment: readonly ByteString[]): Variables {
  const value = (name: string): string | undefined => {
    const found = environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
    return found === undefined ? undefined : Buffer.from(found, 'latin1').toString('utf8');
  };
  return { HOME: value('HOME'), TMPDIR: value('TMPDIR') };
}

function create(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new SetupError(`${printable(path)} cannot be written: ${(error as Error).message}`);
  }
}

/** Opens what is wanted. @throws SetupError when a file cannot be made */
export async function openObservers(o: Wanted): Promise<Observers> {
  const observers: Observer[] = [];
  const endings: ((status: number) => void)[] = [];
  const { log } = o;
  if (log !== null) observers.push({ call: (event) => log(traceLine(event, false)) });
  if (o.learner !== null) observers.push(o.learner);
  const seen = observers.length;
  if (o.trace !== null) {
    const fd = o.trace === true ? STDERR : create(o.trace);
    observers.push(textTrace(fd));
    if (fd !== STDERR) endings.push(() => closeSync(fd));
  }
  if (o.record !== null) {
    const { Recorder } = await import('../observe/record.js'); // here: most runs do without
    const fd = create(o.record);
    const recorder = new Recorder(fd, {
      started: Date.now(),
      command: [...o.command],
      cwd: process.cwd(),
      acl: o.acl && [...o.acl],
      ...(o.variables.HOME === undefined ? {} : { home: o.variables.HOME }),
      ...(o.variables.TMPDIR === undefined ? {} : { temporary: o.variables.TMPDIR }),
    });
    observers.push(recorder);
    endings.push((status) => {
      recorder.end(status);
      closeSync(fd);
    });
  }
  if (o.stats) {
    const stats = new Stats();
    observers.push(stats);
    endings.push(() => writeAll(STDERR, Buffer.from(stats.table()), 'statistics'));
  }
  const refusals = new RefusalLog(o.refused);
  const sinks: RefusalSink[] = [(refusal) => refusals.take(refusal)];
  endings.push(() => refusals.end());
  if (o.logJson !== null) {
    const fd = create(o.logJson);
    const receipts = new JsonReceipts(fd);
    sinks.push((refusal) => receipts.take(refusal));
    endings.push(() => {
      receipts.end();
      closeSync(fd);
    });
  }
  return {
    refusals: (refusal) => sinks.forEach((sink) => sink(refusal)),
    observer: observers.length === 0 ? null : { call: (event) => observers.forEach((one) => one.call(event)) },
    all: observers.length > seen,
    end: (status) => endings.forEach((end) => end(status)),
  };
}
