/**
 * Where `_start` of a glibc program calls `__libc_start_main`, whose first argument, at esp, is main
 * (sysdeps/i386/start.S). In programs of any position the call goes through the GOT.
 */
import { HLT } from '../referee/faults.js';
import { sweepTo } from './decode.js';

/** call rel32; call *disp32; call *disp32(%ebx). */
const CALLS: readonly (readonly [first: readonly number[], length: number])[] = [
  [[0xe8], 5],
  [[0xff, 0x15], 6],
  [[0xff, 0x93], 6],
];
/** xor %ebp,%ebp, which ends the chain of frames: with it all of them begin. */
const BEGINS = [0x31, 0xed] as const;
/** endbr32, where the compiler puts it first. */
const MARK = [0xf3, 0x0f, 0x1e, 0xfb] as const;

const holds = (code: Uint8Array, at: number, bytes: readonly number[]): boolean =>
  at >= 0 && bytes.every((byte, i) => code[at + i] === byte);

/**
 * The address of the call that stands before the first `hlt`; undefined where the code does not look like that.
 * @param code what stands at `entry`
 */
export function callOfStart(code: Uint8Array, entry: number): number | undefined {
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
