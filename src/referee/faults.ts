/** The faults that our own work raises: what the handler's context says, and rdtsc done for the program. */
import type { GuestMemory } from '../memory/guest.js';
import { native } from '../native/index.js';
import { SIGCONTEXT } from '../trustee/slot.js';

/** Words of struct sigcontext_32. */
const WORDS = 22;

export interface FaultContext {
  readonly address: number;
  readonly words: Uint32Array;
  readonly trap: number;
  readonly eip: number;
  readonly cr2: number;
}

/** The context that stands at `address`, as the program's memory has it now. */
export function readContext(memory: GuestMemory, address: number): FaultContext | undefined {
  const words = new Uint32Array(WORDS);
  if (memory.read(address >>> 0, new Uint8Array(words.buffer), words.byteLength) !== words.byteLength) return undefined;
  const { trapno, eip, cr2 } = SIGCONTEXT;
  return { address, words, trap: words[trapno], eip: words[eip], cr2: words[cr2] };
}

export const GENERAL_PROTECTION = 13;
/** hlt, one byte: privileged, and so such a fault. */
export const HLT = 0xf4;

/** rdtsc (0f 31) and rdtscp (0f 01 f9): the counter into the context, past the instruction. False for any other fault. */
export function handleTrap(memory: GuestMemory, context: FaultContext): boolean {
  if (context.trap !== GENERAL_PROTECTION) return false;
  const code = new Uint8Array(3);
  if (memory.read(context.eip, code, 3) < 2 || code[0] !== 0x0f) return false;
  const long = code[1] === 0x01 && code[2] === 0xf9;
  if (code[1] !== 0x31 && !long) return false;
  const stamp = new Uint32Array(2);
  native.timeStamp(stamp);
  const { words } = context;
  words[SIGCONTEXT.eax] = stamp[0];
  words[SIGCONTEXT.edx] = stamp[1];
  if (long) words[SIGCONTEXT.ecx] = 0;
  words[SIGCONTEXT.eip] += long ? 3 : 2;
  const bytes = new Uint8Array(words.buffer);
  return memory.write(context.address, bytes, bytes.length) === bytes.length;
}
