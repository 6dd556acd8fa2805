/**
 * Where the code at a program's entry calls `__libc_start_main`, whose first argument, at esp, is main: in `_start` itself
 * (glibc, sysdeps/i386/start.S), or in the function that it gives the stack to (musl, arch/i386/crt_arch.h and crt/crt1.c).
 * In programs of any position the call may go through the GOT.
 */
import { fromBytes } from '../abi/bytes.js';
import { HLT } from '../referee/faults.js';
import { decodeEverywhere, sweepTo } from './decode.js';

const CALL = 0xe8;
const PUSH_EAX = 0x50;
/** call rel32; call *disp32; call *disp32(%ebx). */
const CALLS: readonly (readonly [first: readonly number[], length: number])[] = [
  [[CALL], 5],
  [[0xff, 0x15], 6],
  [[0xff, 0x93], 6],
];
/** xor %ebp,%ebp, which ends the chain of frames: with it all of them begin. */
const BEGINS = [0x31, 0xed] as const;
/** endbr32, where the compiler puts it first. */
const MARK = [0xf3, 0x0f, 0x1e, 0xfb] as const;

/** xor %ebp,%ebp; mov %esp,%eax; and $-16,%esp; push %eax twice; call the next; addl $…,(%esp); then push %eax; call. */
const MUSL = [...BEGINS, 0x89, 0xe0, 0x83, 0xe4, 0xf0, PUSH_EAX, PUSH_EAX, CALL, 0, 0, 0, 0, 0x81, 0x04, 0x24] as const;
const MUSL_CALL = MUSL.length + 5;
/** mov (%esp),%reg; ret. */
const THUNK = /^\x8b[^]\x24\xc3$/;

const holds = (code: Uint8Array, at: number, bytes: readonly number[]): boolean =>
  at >= 0 && bytes.every((byte, i) => code[at + i] === byte);

/** Neither is longer. */
const LENGTH = 96;
/** As much code as there is at an address, up to so many bytes. */
export type ReadCode = (address: number, length: number) => Uint8Array;

/** The address of that call; undefined where the code looks otherwise. */
export function callOfStart(read: ReadCode, entry: number): number | undefined {
  const code = read(entry, LENGTH);
  if (!holds(code, 0, MUSL) || !holds(code, MUSL_CALL - 1, [PUSH_EAX, CALL])) return callBeforeHlt(code, entry);
  const displacement = new DataView(code.buffer, code.byteOffset).getInt32(MUSL_CALL + 1, true);
  return firstCall(read, (entry + MUSL_CALL + 5 + displacement) >>> 0);
}

/** The first call on a straight way through a function, but for the one that gets an address for %ebx. */
function firstCall(read: ReadCode, address: number): number | undefined {
  const code = read(address, LENGTH);
  const all = decodeEverywhere(code, 0, code.length, address);
  for (let at = 0; at < all.length; at += all[at].length) {
    const { kind, target } = all[at];
    if (kind === 'return' || kind === 'invalid' || (target !== null && code[at] !== CALL)) return undefined;
    const isThunk = target !== null && THUNK.test(fromBytes(read(target, 4)));
    if (!isThunk && CALLS.some(([first]) => holds(code, at, first))) return address + at;
  }
  return undefined;
}

/** The call that stands before the first `hlt`. */
function callBeforeHlt(code: Uint8Array, entry: number): number | undefined {
  if (!holds(code, 0, BEGINS) && !(holds(code, 0, MARK) && holds(code, MARK.length, BEGINS))) return undefined;
  for (let at = code.indexOf(HLT); at >= 0; at = code.indexOf(HLT, at + 1)) {
    if (sweepTo(code, 0, at) !== at) continue;
    const call = CALLS.find(
      ([first, length]) => holds(code, at - length, first) && sweepTo(code, 0, at - length) === at - length,
    );
    return call === undefined ? undefined : entry + at - call[1];
  }
  return undefined;
}
