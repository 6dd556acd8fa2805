/**
 * Until a program has reached its main, what was promised for it does not count in full: its start-up is the C library's.
 *
 * ```
 *   _start   …; push main; call __libc_start_main; hlt      entry (AT_ENTRY), behind the dynamic loader's work
 *                          └ trap 1: main stands at esp
 *   main     └ trap 2: from here on
 * ```
 * A trap is a `hlt` in place of the first byte: a fault that the hook asks about, as it does for rdtsc. The byte is put back
 * before the program goes on. Where `_start` looks otherwise, its entry is the point. Whoever jumps there early, or lies
 * about it, is held to the promises the sooner.
 */
import { printable } from '../abi/bytes.js';
import { mappingsOf } from '../memory/maps.js';
import { SIGCONTEXT } from '../trustee/slot.js';
import { GENERAL_PROTECTION, type FaultContext } from './faults.js';
import type { ProcessState, StartTrap, ThreadState } from './process.js';
import type { Referee, RefereeOptions } from './referee.js';

const AT_ENTRY = 9;
const HLT = 0xf4;

/** The value of an entry of an auxiliary vector; 0 without one. */
function auxiliary(vector: Uint32Array, type: number): number {
  for (let i = 0; i + 1 < vector.length; i += 2) if (vector[i] === type) return vector[i + 1];
  return 0;
}

const isCode = (pid: number, address: number): boolean =>
  mappingsOf(pid).some(({ start, end, executable }) => executable && address >= start && address < end);

export class Starts {
  constructor(
    private readonly referee: Referee,
    private readonly o: RefereeOptions,
  ) {}

  /** A new program is in memory, and nothing of it has run. */
  arm(process: ProcessState): void {
    const { awaits } = process.space.authority;
    if (awaits === null) return;
    if (awaits === 'exec') return this.begin(process);
    const entry = auxiliary(process.auxv, AT_ENTRY);
    const call = awaits === 'main' ? this.o.patcher.callOfStart(process, entry) : undefined;
    if (awaits === 'main' && call === undefined) this.missed(process);
    this.set(process, call ?? entry, call === undefined ? 'point' : 'call');
  }

  /** A fault of a thread: was it a trap? The context is as it must be to go on then. */
  reached({ process, guestMemory }: ThreadState, { trap, eip, words }: FaultContext): boolean {
    const { space } = process;
    const { startTrap } = space;
    if (trap !== GENERAL_PROTECTION || startTrap?.address !== eip) return false;
    space.startTrap = null;
    this.poke(process, eip, startTrap.byte);
    if (startTrap.at === 'point') this.begin(process);
    else {
      const first = new Uint32Array(1);
      guestMemory.read(words[SIGCONTEXT.esp], new Uint8Array(first.buffer), 4);
      if (isCode(process.pid, first[0])) this.set(process, first[0], 'point');
      else this.beginHere(process);
    }
    return true;
  }

  private set(process: ProcessState, address: number, at: StartTrap['at']): void {
    const byte = this.poke(process, address, HLT);
    if (byte === undefined) this.beginHere(process);
    else process.space.startTrap = { address, at, byte };
  }

  /** The address is the program's word: what is protected stays as it is, and what cannot be written is no point to wait for. */
  private poke(process: ProcessState, address: number, byte: number): number | undefined {
    if (process.regions.hit(address, 1) !== undefined) return undefined;
    try {
      return this.o.patcher.replaceByte(process, address, byte);
    } catch (error) {
      this.o.log('debug', `a trap at 0x${address.toString(16)}: ${String(error)}`);
      return undefined;
    }
  }

  private beginHere(process: ProcessState): void {
    this.missed(process);
    this.begin(process);
  }
  private missed({ exe }: ProcessState): void {
    this.o.log('warn', `the main of ${printable(exe)} was not found: promises are in force from its entry point`);
  }

  private begin({ space }: ProcessState): void {
    this.referee.replace(space, space.authority.begun());
    this.o.log('info', () => `promises are in force: ${[...(space.authority.pledge.promises ?? [])].join(' ')}`);
  }
}
