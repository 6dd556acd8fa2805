/** What the rows on memory, processes, signals, time and identity share. */
import { toBytes } from '../abi/bytes.js';
import { ERRNO, type PrimaryErrnoName } from '../abi/errno.js';
import { syscallName } from '../abi/numbers.js';
import { word } from '../abi/structs-process.js';
import {
  odd,
  sizeOf,
  type Args,
  type Call,
  type Kind,
  type ProcessView,
  SandboxView,
  type Row,
  type RowOptions,
} from './dsl.js';

export const PAGE = 0x1000;
/** One past the last address. */
export const SPACE = 0x100000000;
export const roundUp = (n: number): number => Math.ceil(n / PAGE) * PAGE;

export const fail = (name: PrimaryErrnoName): number => -ERRNO[name];

/** Refuses with a log line: the call's name, then why. */
export function refuse(call: Call, name: PrimaryErrnoName, why: string): number {
  call.log('warn', `${syscallName(call.nr)}: ${why}`);
  return fail(name);
}

// ---- what only these families remember of a process ----

interface Notes {
  readonly said: Set<string>;
  dumpable: number;
  deathSignal: number;
}
const book = new WeakMap<ProcessView, Notes>();

const notesOf = (process: ProcessView): Notes => {
  let n = book.get(process);
  if (n === undefined) book.set(process, (n = { said: new Set(), dumpable: 1, deathSignal: 0 }));
  return n;
};
export const notes = (call: Call): Notes => notesOf(call.process);

/** Whom the end of a process, perhaps outside, is told to, with the signal that each child asked for (PR_SET_PDEATHSIG). */
export const deathSignals = (
  { processes }: SandboxView,
  ended: number,
): { readonly process: ProcessView; readonly signal: number }[] =>
  [...processes]
    .filter((child) => child.parent === ended && notesOf(child).deathSignal !== 0)
    .map((process) => ({ process, signal: notesOf(process).deathSignal }));

/** One line per process for each key, by default the call's name. */
export function once(call: Call, why: string, key = syscallName(call.nr)): void {
  const { said } = notes(call);
  if (said.has(key)) return;
  said.add(key);
  call.log('warn', `${syscallName(call.nr)}: ${why}`);
}

export function refuseOnce(call: Call, name: PrimaryErrnoName, why: string): number {
  once(call, why);
  return fail(name);
}

// ---- memory ----

/** Writes to the program, which put() refuses for protected memory: 0, or -EFAULT. */
export const give = (call: Call, address: number, bytes: Uint8Array): number => call.put(address, bytes);

/** The same for an out-pointer that may be null. */
export const giveOptional = (call: Call, address: number, bytes: Uint8Array): number =>
  address === 0 ? 0 : give(call, address, bytes);

export const giveWord = (call: Call, address: number, value: number): number =>
  give(call, address, word.encode({ value }));

/** Bytes of the program, copied once to where the trustee reads them; null stays null. Negative errno on failure. */
export function copied(call: Call, address: number, size: number): number {
  if (address === 0) return 0;
  const bytes = call.get(address, size);
  return typeof bytes === 'number' ? bytes : call.arena(bytes);
}

// ---- delegation behind a check ----

type Named = readonly (readonly [name: string, kind: Kind])[];

function lengthOf(call: Call, kind: Extract<Kind, { kind: 'bytes' }>, args: Named): number {
  const count =
    typeof kind.length === 'number' ? kind.length : call.r[args.findIndex(([name]) => name === kind.length)];
  return count * (kind.of ?? 1);
}

function bytesArgument(call: Call, kind: Extract<Kind, { kind: 'bytes' }>, at: number, args: Named): number {
  const length = lengthOf(call, kind, args);
  if (at === 0) return 0;
  if (kind.copy) return length > (kind.max ?? 0) ? fail('EINVAL') : copied(call, at, length);
  return length === 0 ? at : call.checkRange(at, Math.min(length, kind.max ?? SPACE)) || at;
}

function structArgument(call: Call, kind: Extract<Kind, { kind: 'struct' }>, at: number): number {
  if (at === 0) return kind.optional ? 0 : fail('EFAULT');
  return kind.way === 'in' ? copied(call, at, kind.struct.size) : call.checkRange(at, kind.struct.size) || at;
}

/** What the trustee gets for argument i: unsigned, so that a negative number is an errno. */
function argument(call: Call, kind: Kind, i: number, args: Named): number {
  const at = call.r[i];
  switch (kind.kind) {
    case 'value':
    case 'fd': // the referee checked it
      return at;
    case 'bytes':
      return bytesArgument(call, kind, at, args);
    case 'struct':
      return structArgument(call, kind, at);
    case 'string': {
      const text = call.getString(at, kind.max);
      return typeof text === 'number' ? text : call.arena(toBytes(`${text}\0`));
    }
    case 'words':
      return at === 0 ? 0 : call.checkRange(at, sizeOf(kind)) || at;
    default:
      throw new Error(`${kind.kind} arguments are not for guarded rows`);
  }
}

/** Arguments as the trustee gets them: what it reads is copied once, what it writes is range-checked. */
export function prepare(call: Call, args: Named): number[] | number {
  const words: number[] = [];
  for (const [i, [, kind]] of args.entries()) {
    const w = argument(call, kind, i, args);
    if (w < 0) return w;
    words.push(w);
  }
  return words;
}

/** 0 lets the call through; anything else is its result. May change the words that the trustee gets. */
export type Guard = (call: Call, words: number[]) => number;

/** Delegated as declared, once the guard lets it through. */
export function guarded(nr: number, args: Args, guard: Guard, options: RowOptions = {}): Row {
  const named = Object.entries(args);
  return odd(
    nr,
    args,
    function* (call) {
      const words = prepare(call, named);
      if (typeof words === 'number') return words;
      const refused = guard(call, words);
      return refused !== 0 ? refused : yield [nr, ...words];
    },
    options,
  );
}
