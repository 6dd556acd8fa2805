/**
 * Points of a program's start that something awaits (src/policy/layers.ts): a layer of the policy, the command line's
 * promises, or those that came with execve and do not count in full until then.
 *
 * ```
 *   exec     the dynamic loader, if there is one
 *   entry    _start (AT_ENTRY): …; push main; call __libc_start_main; hlt
 *   └ trap                                    └ trap: main stands at esp
 *   main     constructors have run
 *   └ trap
 * ```
 * A trap stands in place of the first byte of an instruction: a fault that the hook asks about, as it does for rdtsc. The byte
 * is put back before the program goes on, and the next trap is set. Where `_start` looks otherwise, main is where it begins.
 * Whoever jumps there early, or lies about it, is held the sooner.
 */
import { printable } from '../abi/bytes.js';
import { mappingsOf } from '../memory/maps.js';
import type { From } from '../policy/layers.js';
import { SIGCONTEXT } from '../trustee/slot.js';
import { GENERAL_PROTECTION, HLT, type FaultContext } from './faults.js';
import type { ProcessState, StartTrap, ThreadState } from './process.js';
import type { Referee, RefereeOptions } from './referee.js';

const AT_ENTRY = 9;

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

  /** A new program is in memory, nothing of it has run, or it has come to a point that was awaited: what is next? */
  arm(process: ProcessState, eip: number): void {
    const { awaits } = process.space.authority;
    if (awaits === null) return;
    const entry = auxiliary(process.auxv, AT_ENTRY);
    const call = awaits === 'main' ? this.o.patcher.callOfStart(process, entry) : undefined;
    if (call !== undefined) return this.set(process, call, 'call');
    if (awaits === 'main') this.missed(process);
    if (eip === entry) this.come(process, awaits, eip);
    else this.set(process, entry, awaits);
  }

  /** A fault of a thread: was it a trap? The context is as it must be to go on then. */
  reached({ process, guestMemory }: ThreadState, { trap, eip, words }: FaultContext): boolean {
    const { space } = process;
    const { startTrap } = space;
    if (trap !== GENERAL_PROTECTION || startTrap?.address !== eip) return false;
    space.startTrap = null;
    this.poke(process, eip, startTrap.byte);
    if (startTrap.at !== 'call') this.come(process, startTrap.at, eip);
    else {
      const first = new Uint32Array(1);
      guestMemory.read(words[SIGCONTEXT.esp], new Uint8Array(first.buffer), 4);
      if (isCode(process.pid, first[0])) this.set(process, first[0], 'main');
      else this.comeHere(process);
    }
    return true;
  }

  private set(process: ProcessState, address: number, at: StartTrap['at']): void {
    const byte = this.poke(process, address, HLT);
    if (byte === undefined) this.comeHere(process);
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

  private comeHere(process: ProcessState): void {
    this.missed(process);
    this.come(process, 'main', 0);
  }
  private missed({ exe }: ProcessState): void {
    this.o.log(
      'warn',
      `the main of ${printable(exe)} was not found: what waits for it is in force from its entry point`,
    );
  }

  private come(process: ProcessState, point: From, eip: number): void {
    const { space, exe } = process;
    this.referee.replace(space, space.authority.reached(point));
    this.o.log('info', () => {
      const { promises } = space.authority.pledge;
      return `${printable(exe)} has come to its ${point}${promises === null ? '' : `, and has promised ${[...promises].join(' ')}`}`;
    });
    this.arm(process, eip);
  }
}
