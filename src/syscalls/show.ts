/**
 * Arguments of a call in strace(1)'s notation, from their kinds. What the call changes is looked at before and after
 * it. A program may give anything: unreadable memory shows as its address, long arrays are cut.
 */
import type { ByteString } from '../abi/bytes.js';
import { AT_FDCWD, isError } from '../abi/linux.js';
import { signalName } from '../abi/flags-process.js';
import { epollEvent, iovec, mmsghdr, msghdr, pollfd } from '../abi/structs.js';
import type { Kind, Row } from './dsl.js';
import { WORD_SIZE } from './dsl.js';
import { flagNames, hex, octal, pointer, quoted, signalSet } from './notation.js';
import { showControl, showPolled, showSockaddr, showStruct } from './show-structs.js';

/** The program's memory as a trace may see it; undefined where nothing can be read. */
export interface Sight {
  read(address: number, size: number): Uint8Array | undefined;
  string(address: number, max: number): ByteString | undefined;
}

/** What is looked at: the arguments of a row, the registers, memory, and the result (null: there is none). */
export interface View {
  readonly args: Row['args'];
  readonly r: Uint32Array;
  /** As it is now: what the call wrote. */
  readonly memory: Sight;
  /** As the call read it: what was judged. */
  readonly judged: Sight;
  readonly result: number | null;
}

type Of<K extends Kind['kind']> = Extract<Kind, { kind: K }>;

/** Elements of an array, and bytes of data, that are looked at. */
const MOST = 16;
const DATA = 33;
const PATH_MAX = 4096;
const CONTROL_MAX = 512;

const succeeded = ({ result }: View): boolean => result !== null && !isError(result);

function register(view: View, name: string): number {
  return view.r[view.args.findIndex(([n]) => n === name)] ?? 0;
}
const count = (view: View, of: string | number): number => (typeof of === 'number' ? of : register(view, of));

function resolved(view: View, kind: Kind): Exclude<Kind, { kind: 'choice' }> {
  let found = kind;
  while (found.kind === 'choice') found = found.of(view.r);
  return found;
}

const list = (parts: readonly string[], more: boolean): string =>
  `[${[...parts, ...(more ? ['...'] : [])].join(', ')}]`;

// ---- numbers ----

function value(view: View, kind: Of<'value'>, i: number): string | undefined {
  const raw = view.r[i];
  if (kind.flags !== undefined) return flagNames(kind.flags, raw);
  switch (kind.show) {
    case 'int':
    case 'pid':
      return String(raw | 0);
    case 'uint':
      return String(raw);
    case 'octal':
      return octal(raw);
    case 'signal':
      return raw === 0 ? '0' : signalName(raw);
    case 'address':
      return pointer(raw);
    case 'page':
      return raw === 0 ? '0' : hex(raw * 0x1000);
    case 'high':
      return undefined; // shown with its low half
    case 'low':
      return String(BigInt.asIntN(64, (BigInt(highHalf(view, i)) << 32n) | BigInt(raw)));
    default:
      return raw === 0 ? '0' : hex(raw);
  }
}
/** The other half stands behind, or before. */
function highHalf(view: View, i: number): number {
  const isHigh = (at: number): boolean => {
    const kind = view.args[at]?.[1];
    return kind?.kind === 'value' && kind.show === 'high';
  };
  return isHigh(i + 1) ? view.r[i + 1] : isHigh(i - 1) ? view.r[i - 1] : 0;
}

type Word = Of<'words'>['of'];
function word(data: DataView, at: number, of: Word): string {
  if (of === 'id64') return String(data.getBigInt64(at, true));
  if (of === 'ushort') return String(data.getUint16(at, true));
  if (of === 'hex') return hex(data.getUint32(at, true));
  return String(of === 'uint' ? data.getUint32(at, true) : data.getInt32(at, true));
}

function wordsAt(view: View, { of, count: counted, way }: Of<'words'>, at: number): string | undefined {
  const declared = count(view, counted);
  const n = way === 'out' && typeof counted === 'string' ? Math.min(declared, view.result ?? 0) : declared;
  const bytes = view.memory.read(at, Math.min(n, MOST) * WORD_SIZE[of]);
  if (bytes === undefined) return undefined;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = Array.from({ length: bytes.length / WORD_SIZE[of] }, (_, i) => word(data, i * WORD_SIZE[of], of));
  return list(parts, n > MOST);
}

// ---- bytes ----

function data(view: View, at: number, length: number): string {
  const bytes = length === 0 ? new Uint8Array(0) : view.memory.read(at, Math.min(length, DATA));
  return bytes === undefined ? hex(at) : quoted(bytes);
}

const RECLEN = { getdents: 8, getdents64: 16 } as const;
/** struct linux_dirent and linux_dirent64 have their length at different places: the one that fits is taken. */
function entries(view: View, at: number, length: number): string {
  const bytes = view.memory.read(at, Math.min(length, 0x10000));
  if (bytes === undefined) return hex(at);
  const seen = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const counted = Object.values(RECLEN).map((offset) => {
    let n = 0;
    let from = 0;
    for (; from + offset + 2 <= bytes.length; n++) {
      const size = seen.getUint16(from + offset, true);
      if (size === 0) break;
      from += size;
    }
    return from === bytes.length ? n : -1;
  });
  return `${hex(at)} /* ${Math.max(...counted)} entries */`;
}

/** `[0 3]`: the numbers of the bits that are set. */
function bits(view: View, at: number, count: number): string {
  const most = Math.min(count, 1024);
  const set = view.memory.read(at, Math.ceil(most / 32) * 4);
  if (set === undefined) return hex(at);
  const held = Array.from({ length: most }, (_, n) => n).filter((n) => (set[n >> 3] & (1 << (n & 7))) !== 0);
  return `[${held.join(' ')}]`;
}

function bytes(view: View, kind: Of<'bytes'>, at: number): string {
  const declared = count(view, kind.length) * (kind.of ?? 1);
  if (kind.way === 'in') return data(view, at, declared);
  if (!succeeded(view)) return hex(at);
  const written = typeof kind.length === 'string' ? Math.min(declared, view.result ?? 0) : declared;
  if (kind.show === 'text') return text(view, at, written);
  if (kind.show === 'entries') return entries(view, at, written);
  return kind.show === 'bits' ? bits(view, at, written * 8) : data(view, at, written);
}

/** An iovec array with what stands in its buffers: all of it, or the first `written` bytes. */
function vectors(view: View, at: number, n: number, written: number): string {
  const table = view.memory.read(at, Math.min(n, MOST) * iovec.size);
  if (table === undefined) return hex(at);
  let left = written;
  const parts = Array.from({ length: table.length / iovec.size }, (_, i) => {
    const { iov_base, iov_len } = iovec.decode(table.subarray(i * iovec.size)) as Record<string, number>;
    const held = Math.min(iov_len, left);
    left -= held;
    return `{iov_base=${written < 0 ? pointer(iov_base) : data(view, iov_base, held)}, iov_len=${iov_len}}`;
  });
  return list(parts, n > MOST);
}

/** How much of what was asked for is to be shown: what goes in, or as much as came; -1 for addresses alone. */
const amount = (view: View, way: 'in' | 'out', got: number): number =>
  way === 'in' ? Infinity : succeeded(view) ? got : -1;

// ---- sockets ----

function sockaddrOf(view: View, at: number, length: number): string {
  if (at === 0) return 'NULL';
  if (length < 0) return hex(at);
  const found = view.memory.read(at, Math.min(length, 128));
  return found === undefined ? hex(at) : showSockaddr(found);
}

function sockaddr(view: View, kind: Of<'sockaddr'>, at: number): string {
  if (kind.way === 'in') return sockaddrOf(view, at, register(view, kind.length));
  if (!succeeded(view)) return hex(at);
  const length = view.memory.read(register(view, kind.length), 4);
  return length === undefined ? hex(at) : sockaddrOf(view, at, new DataView(length.buffer).getUint32(0, true));
}

function header(view: View, bytesOf: Uint8Array, way: 'in' | 'out', got: number): string {
  const m = msghdr.decode(bytesOf) as Record<string, number>;
  const control =
    m.msg_control === 0 ? undefined : view.memory.read(m.msg_control, Math.min(m.msg_controllen, CONTROL_MAX));
  return (
    `{msg_name=${sockaddrOf(view, m.msg_name, m.msg_namelen)}, msg_namelen=${m.msg_namelen}, ` +
    `msg_iov=${vectors(view, m.msg_iov, m.msg_iovlen, amount(view, way, got))}, msg_iovlen=${m.msg_iovlen}, ` +
    (control === undefined || control.length === 0 ? '' : `msg_control=${showControl(control)}, `) +
    `msg_controllen=${m.msg_controllen}, msg_flags=${m.msg_flags === 0 ? '0' : hex(m.msg_flags)}}`
  );
}

function message(view: View, kind: Of<'message'>, at: number): string {
  if (kind.way === 'out' && !succeeded(view)) return hex(at);
  if (kind.count === undefined) {
    const one = view.memory.read(at, msghdr.size);
    return one === undefined ? hex(at) : header(view, one, kind.way, view.result ?? 0);
  }
  const n = kind.way === 'out' ? (view.result ?? 0) : count(view, kind.count);
  const all = view.memory.read(at, Math.min(n, MOST) * mmsghdr.size);
  if (all === undefined) return hex(at);
  const parts = Array.from({ length: all.length / mmsghdr.size }, (_, i) => {
    const one = all.subarray(i * mmsghdr.size, (i + 1) * mmsghdr.size);
    const length = mmsghdr.decode(one).msg_len as number;
    return `{msg_hdr=${header(view, one.slice(0, msghdr.size), kind.way, length)}, msg_len=${length}}`;
  });
  return list(parts, n > MOST);
}

// ---- sets and arrays ----

function fdset(view: View, kind: Of<'fdset'>, at: number): string {
  return bits(view, at, register(view, kind.count));
}

function sigset(view: View, kind: Of<'sigset'>, at: number): string {
  if (kind.way === 'out' && !succeeded(view)) return hex(at);
  const set = view.memory.read(at, Math.min(count(view, kind.size), 8));
  return set === undefined ? hex(at) : signalSet(set.reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n));
}

function array(view: View, kind: Of<'structs'>, at: number): string {
  const declared = count(view, kind.count);
  const n = kind.way === 'out' && kind.struct === epollEvent ? Math.min(declared, view.result ?? 0) : declared;
  const all = view.memory.read(at, Math.min(n, MOST) * kind.struct.size);
  if (all === undefined) return hex(at);
  const parts = Array.from({ length: all.length / kind.struct.size }, (_, i) =>
    showStruct(kind.struct, all.slice(i * kind.struct.size, (i + 1) * kind.struct.size)),
  );
  return list(parts, n > MOST);
}

function structAt(view: View, kind: Of<'struct'>, at: number): string {
  const found = view.memory.read(at, kind.struct.size);
  return found === undefined ? hex(at) : showStruct(kind.struct, found);
}

const text = (view: View, at: number, max: number): string => {
  const found = view.memory.string(at, max);
  return found === undefined ? hex(at) : quoted(Buffer.from(found, 'latin1'), max);
};

// ---- one argument ----

/** What a pointer leads to now. */
function pointed(view: View, kind: Kind, at: number): string {
  switch (kind.kind) {
    case 'path':
      return text(view, at, PATH_MAX);
    case 'string':
      return text(view, at, kind.max);
    case 'bytes':
      return bytes(view, kind, at);
    case 'struct':
      return kind.way !== 'in' && !succeeded(view) ? hex(at) : structAt(view, kind, at);
    case 'structs':
      return kind.way === 'out' && !succeeded(view) ? hex(at) : array(view, kind, at);
    case 'words':
      return kind.way !== 'in' && !succeeded(view) ? hex(at) : (wordsAt(view, kind, at) ?? hex(at));
    case 'iovec':
      return vectors(view, at, register(view, kind.count), amount(view, kind.way, view.result ?? 0));
    case 'sockaddr':
      return sockaddr(view, kind, at);
    case 'message':
      return message(view, kind, at);
    case 'fdset':
      return fdset(view, kind, at);
    case 'sigset':
      return sigset(view, kind, at);
    default:
      return hex(at);
  }
}

function argument(view: View, declared: Kind, i: number, before: string | undefined): string | undefined {
  const kind = resolved(view, declared);
  const raw = view.r[i];
  if (kind.kind === 'absent') return undefined;
  if (kind.kind === 'value') return value(view, kind, i);
  if (kind.kind === 'fd') return kind.dir && (raw | 0) === AT_FDCWD ? 'AT_FDCWD' : String(raw | 0);
  if (raw === 0) return 'NULL';
  if (before === undefined) return pointed(isGiven(kind) ? { ...view, memory: view.judged } : view, kind, raw);
  if (kind.kind !== 'words' || !succeeded(view)) return before;
  const after = pointed(view, kind, raw);
  return after === before ? before : `${before.slice(0, -1)} => ${after.slice(1)}`;
}

/** The call only reads it. */
const isGiven = (kind: Kind): boolean =>
  kind.kind === 'path' || kind.kind === 'string' || ('way' in kind && kind.way === 'in');

/** A call that both reads and writes there: what stood there is shown, what came is the note's or stands behind =>. */
const isRead = (kind: Kind): boolean =>
  kind.kind === 'fdset' ||
  ((kind.kind === 'structs' || kind.kind === 'words' || kind.kind === 'struct') && kind.way === 'inout');

/** Before the call: what it will overwrite. */
export function showBefore(args: Row['args'], r: Uint32Array, memory: Sight): (string | undefined)[] {
  const view: View = { args, r, memory, judged: memory, result: 0 };
  return args.map(([, declared], i) => {
    const kind = resolved(view, declared);
    return isRead(kind) && r[i] !== 0 ? pointed(view, kind, r[i]) : undefined;
  });
}

/** The arguments after the call, those that do not count left out; `most`: how many there are at most. */
export function showArguments(view: View, before: readonly (string | undefined)[], most = 6): string[] {
  return view.args
    .slice(0, most)
    .map(([, kind], i) => argument(view, kind, i, before[i]))
    .filter((shown) => shown !== undefined);
}

/** What stands behind the result: which descriptors poll and select found. */
export function showNote(view: View): string {
  const { args, r, memory, result } = view;
  if (result === null || isError(result) || result === 0) return '';
  const parts = args.flatMap(([name, kind], i) => {
    if (r[i] === 0) return [];
    if (kind.kind === 'fdset') {
      const found = fdset(view, kind, r[i]);
      return found === '[]' ? [] : [`${name} ${found}`];
    }
    if (kind.kind !== 'structs' || kind.struct !== pollfd) return [];
    const all = memory.read(r[i], Math.min(count(view, kind.count), MOST) * pollfd.size) ?? new Uint8Array(0);
    const shown = Array.from({ length: all.length / pollfd.size }, (_, k) =>
      showPolled(pollfd, all.slice(k * pollfd.size, (k + 1) * pollfd.size)),
    );
    return [
      list(
        shown.filter((one) => one !== ''),
        false,
      ),
    ];
  });
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
