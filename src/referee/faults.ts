/** The signals that our own work raises: what the trap handlers' frames say, and rdtsc done for the program. */
import type { GuestMemory } from '../memory/guest.js';
import { native } from '../native/index.js';
import { SIGCONTEXT } from '../trustee/slot.js';

/** Words of a signal frame without SA_SIGINFO: return address, signal, struct sigcontext_32. */
const SIGFRAME_WORDS = 24;
const SIG = 1;
const SC = 2;

export interface TrapFrame {
  readonly address: number;
  readonly words: Uint32Array;
  readonly signal: number;
  readonly trap: number;
  readonly eip: number;
  readonly esp: number;
  readonly eflags: number;
  readonly gs: number;
  readonly cr2: number;
}

/** The frame that stands at `address`, as the program's memory has it now. */
export function readFrame(memory: GuestMemory, address: number): TrapFrame | undefined {
  const words = new Uint32Array(SIGFRAME_WORDS);
  if (memory.read(address >>> 0, new Uint8Array(words.buffer), words.byteLength) !== words.byteLength) return undefined;
  const sc = (name: keyof typeof SIGCONTEXT): number => words[SC + SIGCONTEXT[name]];
  return {
    address,
    words,
    signal: words[SIG] === 4 ? 4 : 11,
    trap: sc('trapno'),
    eip: sc('eip'),
    esp: sc('esp'),
    eflags: sc('eflags'),
    gs: sc('gs') & 0xffff,
    cr2: sc('cr2'),
  };
}

const GENERAL_PROTECTION = 13;

/** rdtsc (0f 31) and rdtscp (0f 01 f9): the counter into the frame, past the instruction. False for any other fault. */
export function handleTrap(memory: GuestMemory, frame: TrapFrame): boolean {
  if (frame.trap !== GENERAL_PROTECTION) return false;
  const code = new Uint8Array(3);
  if (memory.read(frame.eip, code, 3) < 2 || code[0] !== 0x0f) return false;
  const long = code[1] === 0x01 && code[2] === 0xf9;
  if (code[1] !== 0x31 && !long) return false;
  const stamp = new Uint32Array(2);
  native.timeStamp(stamp);
  const { words } = frame;
  words[SC + SIGCONTEXT.eax] = stamp[0];
  words[SC + SIGCONTEXT.edx] = stamp[1];
  if (long) words[SC + SIGCONTEXT.ecx] = 0;
  words[SC + SIGCONTEXT.eip] += long ? 3 : 2;
  const bytes = new Uint8Array(words.buffer);
  return memory.write(frame.address, bytes, bytes.length) === bytes.length;
}
