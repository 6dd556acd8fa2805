/**
 * Records: a stream of MessagePack maps, one after the other, that any MessagePack reader understands. The first is the
 * header, then comes one for each call, the last tells the ending. Each is written by one write(2) before the program
 * goes on: what a killed helper leaves ends with a whole call. Paths and names are byte strings (latin1).
 */
import { readFileSync } from 'node:fs';
import { Packr, Unpackr } from 'msgpackr';
import * as z from 'zod';
import type { CallEvent, Observer } from '../referee/watch.js';
import { question, rule, verdict } from './shapes.js';
import { writeAll } from './write.js';

export const RECORD_FORMAT = 'seccomp-nurse record';
/** Raised by every change that an older reader would misunderstand. */
export const RECORD_VERSION = 1;

const asked = z.object({
  question,
  decision: z.object({ verdict, rule: rule.nullable() }),
});

/** The last that a Date can hold. */
const LAST_TIME = 8.64e15;

const header = z.object({
  is: z.literal('header'),
  format: z.literal(RECORD_FORMAT),
  version: z.literal(RECORD_VERSION, {
    error: (i) => `is version ${String(i.input)}, this program reads ${RECORD_VERSION}`,
  }),
  /** Milliseconds since 1970. */
  started: z.number().min(0).max(LAST_TIME),
  command: z.array(z.string()),
  cwd: z.string(),
  /** Files of the policy; null: all was allowed. */
  acl: z.array(z.string()).nullable(),
  /** HOME and TMPDIR of the program, where it has them. */
  home: z.string().optional(),
  temporary: z.string().optional(),
});
const call = z.object({
  is: z.literal('call'),
  pid: z.int(),
  tid: z.int(),
  /** Left out by those that wrote before it was known. */
  program: z.string().optional(),
  nr: z.int(),
  name: z.string(),
  registers: z.array(z.int()).length(6),
  args: z.array(z.string()),
  note: z.string(),
  returns: z.enum(['int', 'fd', 'count', 'address', 'mode', 'void']),
  asked: z.array(asked),
  why: z.string().optional(),
  mechanism: z.enum(['native', 'answered', 'delegated', 'denied', 'killed']),
  orders: z.int(),
  result: z.int().nullable(),
  time: z.number(),
  micros: z.number(),
});
const ending = z.object({ is: z.literal('ending'), status: z.int(), calls: z.int() });
const entry = z.discriminatedUnion('is', [header, call, ending]);

export type RecordHeader = Omit<z.infer<typeof header>, 'is' | 'format' | 'version'>;

// Plain maps, no extension types: useRecords would make them unreadable for others.
const OPTIONS = { useRecords: false, variableMapSize: true } as const;

/** Writes a record to a descriptor. */
export class Recorder implements Observer {
  private readonly packr = new Packr(OPTIONS);
  private calls = 0;

  constructor(
    private readonly fd: number,
    head: RecordHeader,
  ) {
    this.write({ is: 'header', format: RECORD_FORMAT, version: RECORD_VERSION, ...head });
  }
  call(event: CallEvent): void {
    this.calls++;
    const { why, ...rest } = event;
    this.write({ is: 'call', ...rest, ...(why === undefined ? {} : { why }) });
  }
  /** How the program ended, as the status of ./sandbox. */
  end(status: number): void {
    this.write({ is: 'ending', status, calls: this.calls });
  }
  private write(value: object): void {
    writeAll(this.fd, this.packr.pack(value), 'record');
  }
}

/** What a file holds is no record, or one of another version. */
export class RecordError extends Error {}

export interface Recorded {
  readonly header: RecordHeader;
  readonly calls: readonly CallEvent[];
  /** Of ./sandbox; null when the record was cut off: the helper was killed, or is still at it. */
  readonly status: number | null;
}

function values(bytes: Uint8Array): unknown[] {
  const all: unknown[] = [];
  try {
    new Unpackr(OPTIONS).unpackMultiple(bytes, (value) => void all.push(value));
  } catch (error) {
    // The last entry was cut off; whatever else is wrong shows in the entries.
    if (!(error as { incomplete?: boolean }).incomplete) throw new RecordError((error as Error).message);
  }
  return all;
}

/** Reads a record. @throws RecordError that says what is wrong with the file. */
export function readRecord(file: string): Recorded {
  const fail = (what: string): never => {
    throw new RecordError(`${file} ${what}`);
  };
  let all: unknown[];
  try {
    all = values(readFileSync(file));
  } catch (error) {
    return fail(`cannot be read: ${(error as Error).message}`);
  }
  const head = header.safeParse(all[0]);
  if (!head.success) {
    const version = head.error.issues.find(({ path }) => path[0] === 'version');
    return fail(version?.message ?? 'must be a record that ./sandbox --record wrote');
  }
  const calls: CallEvent[] = [];
  let status: number | null = null;
  all.slice(1).forEach((value, i) => {
    const found = entry.safeParse(value);
    if (!found.success || found.data.is === 'header' || status !== null) return fail(`is damaged: entry ${i + 2}`);
    if (found.data.is === 'ending') status = found.data.status;
    else calls.push(found.data);
  });
  return { header: head.data, calls, status };
}
