/**
 * From a row's argument kinds to what happens before the mechanism: descriptors and ranges checked, what is looked at
 * copied once, paths resolved and asked. Compiled once per row; a step answers 0, or a negative errno that is the result.
 */
import { ERRNO, type PrimaryErrnoName } from '../abi/errno.js';
import { withRights } from '../native/credentials.js';
import { WORD_SIZE, type Kind, type Refuses, type Row } from '../syscalls/dsl.js';
import type { Request } from './request.js';

export type Step = (call: Request) => number;

const IOV_MAX = 1024;
const PATH_MAX = 4096;
const AT_FDCWD = -100;

type Of<K extends Kind['kind']> = Extract<Kind, { kind: K }>;

/** Steps of a row. Odd rows read and ask for themselves: only their plain descriptors are checked here. */
export function compile(row: Row): readonly Step[] {
  const index = (name: string): number => {
    const i = row.args.findIndex(([n]) => n === name);
    if (i < 0) throw new Error(`no argument ${name} in call ${row.nr}`);
    return i;
  };
  const numbers = row.args.flatMap(([, kind], i) =>
    kind.kind === 'fd' ? [kind.dir ? directory(i) : descriptor(i)] : [],
  );
  const first = row.by === 'answered' && row.refuses !== undefined ? [ofRegisters(row.refuses)] : [];
  const steps = row.args.flatMap(([, kind], i): Step[] => {
    if (kind.kind === 'fd') return [];
    if (row.by === 'odd') return [];
    switch (kind.kind) {
      case 'value':
        return [];
      case 'path':
        return [pathStep(row, kind, i, kind.at === undefined ? -1 : index(kind.at))];
      case 'string':
        return [string(kind, i)];
      case 'bytes':
        return kind.copy
          ? [copied(kind, i, lengthOf(kind.length, index))]
          : [range(i, lengthOf(kind.length, index), kind.of ?? 1)];
      case 'structs':
        return [range(i, lengthOf(kind.count, index), kind.struct.size)];
      case 'words':
        return [range(i, atMost(kind.most, lengthOf(kind.count, index)), WORD_SIZE[kind.of])];
      case 'sigset':
        return [range(i, lengthOf(kind.size, index), 1)];
      case 'struct':
        return [structure(kind, i)];
      case 'iovec':
        return [iovec(i, index(kind.count))];
      case 'choice': // a value in every case, and not followed
        return isValue(kind) ? [] : defect(row, kind);
      default:
        return defect(row, kind);
    }
  });
  return [...numbers, ...first, ...steps];
}

const ofRegisters =
  (refuses: Refuses): Step =>
  (call) =>
    refuses(call.r);

/** Only code of a row's own can check these. */
function defect(row: Row, kind: Kind): never {
  throw new Error(`call ${row.nr} has an argument of kind ${kind.kind}, so it must be odd`);
}
const NO_REGISTERS = new Uint32Array(6);
const isValue = (kind: Of<'choice'>): boolean => ['value', 'absent'].includes(kind.of(NO_REGISTERS).kind);

/** A length or count: of the registers, or fixed. */
type Length = (r: Uint32Array) => number;
function lengthOf(length: string | number, index: (name: string) => number): Length {
  if (typeof length === 'number') return () => length;
  const at = index(length);
  return (r) => r[at];
}

const atMost = (most: number | undefined, length: Length): Length =>
  most === undefined ? length : (r) => Math.min(length(r), most);

const descriptor =
  (i: number): Step =>
  (call) =>
    call.checkFd(call.r[i] | 0);
const directory =
  (i: number): Step =>
  (call) =>
    (call.r[i] | 0) === AT_FDCWD ? 0 : call.checkFd(call.r[i] | 0);

function pathStep(row: Row, kind: Of<'path'>, i: number, at: number): Step {
  const delegated = row.by === 'delegated';
  return (call) => {
    const text = call.getString(call.r[i], PATH_MAX);
    if (typeof text === 'number') return text;
    const follow = typeof kind.follow === 'function' ? kind.follow(call.r) : kind.follow;
    const look = () =>
      call.resolve(at < 0 ? AT_FDCWD : call.r[at] | 0, text, {
        follow,
        empty: kind.empty?.(call.r),
        make: kind.make,
        entry: kind.entry,
      });
    const resolved = kind.real?.(call.r) ? withRights(call.thread.credentials.forAccess, look) : look();
    if (typeof resolved === 'number') return resolved;
    call.paths[i] = resolved;
    const accesses = typeof kind.access === 'function' ? kind.access(call.r, resolved) : [kind.access];
    for (const access of accesses) {
      if (text === '' && access === 'stat') continue; // AT_EMPTY_PATH: what is held may be looked at, as by fstat
      const refused = call.ask({ ask: 'path', access, path: resolved.guest });
      if (refused !== 0) return refused;
    }
    if (delegated) call.r[i] = call.arena(Buffer.from(resolved.host + '\0', 'latin1'));
    return 0;
  };
}

function string(kind: Of<'string'>, i: number): Step {
  return (call) => {
    const text = call.getString(call.r[i], kind.max);
    if (typeof text === 'number') return text === -ERRNO.ENAMETOOLONG ? -ERRNO[kind.tooLong as PrimaryErrnoName] : text;
    return call.keep(i, Buffer.from(text + '\0', 'latin1'));
  };
}

/** Memory that stays where it is: null, or outside protected memory. */
const range =
  (i: number, length: Length, of: number): Step =>
  (call) => {
    const size = length(call.r) * of;
    return call.r[i] === 0 || size === 0 ? 0 : call.checkRange(call.r[i], Math.min(size, 0x100000000));
  };

function copied(kind: Of<'bytes'>, i: number, length: Length): Step {
  const of = kind.of ?? 1;
  const max = kind.max ?? 0;
  return (call) => {
    if (call.r[i] === 0) return 0;
    const size = length(call.r) * of;
    return size > max ? -ERRNO.EINVAL : call.copy(i, size);
  };
}

function structure(kind: Of<'struct'>, i: number): Step {
  const size = kind.struct.size;
  return (call) => {
    if (call.r[i] === 0) return kind.optional ? 0 : -ERRNO.EFAULT;
    return kind.way === 'in' ? call.copy(i, size) : call.checkRange(call.r[i], size);
  };
}

function iovec(i: number, countAt: number): Step {
  return (call) => {
    const count = call.r[countAt];
    if (count === 0) return 0;
    if (count > IOV_MAX) return -ERRNO.EINVAL;
    const refused = call.copy(i, count * 8);
    if (refused !== 0) return refused;
    const vector = new DataView(call.bytes(i).buffer, call.bytes(i).byteOffset);
    for (let k = 0; k < count; k++) {
      const length = vector.getUint32(k * 8 + 4, true);
      if (length > 0 && call.checkRange(vector.getUint32(k * 8, true), length) !== 0) return -ERRNO.EFAULT;
    }
    return 0;
  };
}
