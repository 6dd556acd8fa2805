/** A Call for rows on memory, processes, signals and time: 64 KiB of memory at 0x10000, an arena, a log. */
import { sigaction } from '../../src/abi/structs-process.js';
import type { Struct, Values } from '../../src/abi/ctype.js';
import { ERRNO } from '../../src/abi/errno.js';
import { Regions } from '../../src/memory/regions.js';
import { ownCredentials } from '../../src/native/credentials.js';
import type { Question } from '../../src/questions.js';
import {
  isWait,
  type Action,
  type Call,
  type Order,
  type Outcome,
  type ProcessView,
  type Row,
  type SandboxView,
  type SignalsView,
  type TemporaryMask,
  type ThreadView,
  type Wait,
} from '../../src/syscalls/dsl.js';
import { IpcGrants } from '../../src/syscalls/support-ipc.js';
import { ThreadTimers } from '../../src/syscalls/support-timers.js';

export const MEMORY = 0x10000;
export const PROTECTED = 0x70000000;
const ARENA = 0xa0000000;
export const PID = 4711;
export const PARENT = 4710;
/** Never a process: PID_MAX_LIMIT is 1 << 22. */
export const NOBODY = 0x7fffffff;
/** What an untrustee's id is above its thread's. */
/** The stack pointer at each call. */
export const STACK = 0xbf000010;
export const UNTRUSTEE = 1000;
export const FIRST_TLS = 12;
export const RESERVED = { from: 900, to: 950 };

/** Dispositions that stay in the test; the handler's address stands for the kernel's action. */
export class FakeSignals implements SignalsView {
  readonly actions = new Map<number, Action>();
  readonly awaited = new Set<number>();
  of(sig: number): Action {
    return this.actions.get(sig) ?? { handler: 0, flags: 0, restorer: 0, mask: 0n };
  }
  set(sig: number, action: Action): void {
    this.actions.set(sig, action);
  }
  kernelAction(_sig: number, action: Action): Uint8Array {
    return sigaction.encode({ ...action });
  }
}

export class FakeCall {
  nr = 0;
  r = new Uint32Array(6);
  readonly bytesAt = new Uint8Array(0x10000);
  readonly arenaBytes: Uint8Array[] = [];
  readonly regions = new Regions();
  readonly logs: string[] = [];
  readonly patches: number[][] = [];
  readonly reserved = RESERVED;
  /** Signals that wait, and those that have a handler in the kernel. */
  pending = 0n;
  caught = -1n;
  /** The program's process and thread; more join by join(). */
  readonly members: ProcessView[] = [];
  readonly sandbox: SandboxView = {
    process: (pid) => this.members.find((member) => member.pid === pid),
    thread: (tid) => this.members.flatMap(({ living }) => [...living]).find((thread) => thread.tid === tid),
    processes: this.members,
    ends: 0,
  };
  process = this.join(PID);
  thread = [...this.process.living][0];

  /** A process of the sandbox whose threads have these ids; their untrustees' are 1000 higher. */
  join(pid: number, more: Partial<ProcessView> = {}, tids: readonly number[] = [pid]): ProcessView {
    const living: ThreadView[] = [];
    const process: ProcessView = {
      sandbox: this.sandbox,
      living,
      pid,
      pidfd: -1,
      unborn: false,
      group: pid,
      session: PID,
      reserved: RESERVED,
      auxv: new Uint32Array(0),
      parent: PARENT,
      isFirst: pid === PID,
      firstGroup: PARENT,
      umask: 0o022,
      root: -1,
      enterRoot: () => undefined,
      hardOpenFiles: null,
      break: undefined,
      signals: new FakeSignals(),
      caught: () => this.caught,
      exe: '/usr/bin/program',
      firstTls: FIRST_TLS,
      ipc: new IpcGrants(),
      timers: new ThreadTimers(),
      ...more,
    };
    for (const [slot, tid] of tids.entries()) {
      const recorded = {
        mask: 0n,
        pending: () => this.pending,
        arrived: null,
        startsAnew: false,
        owe: () => undefined,
        clearTid: 0,
        robustList: 0,
        stack: STACK,
        leaves: null,
        credentials: ownCredentials(),
        tls: [] as Uint8Array[],
      };
      living.push({ process, slot, tid, hostTid: tid + UNTRUSTEE, ...recorded });
    }
    this.members.push(process);
    return process;
  }
  /** What happens in the program as the trustee works. */
  ordered: () => void = () => undefined;
  readonly cancelWord = { address: 0xb0000000, value: 7 };
  cancelled = false;
  /** What the call waited for, and how each wait ends: by default as if nothing came. */
  readonly waits: Wait[] = [];
  /** Masks for the time of the call. */
  readonly masks: bigint[] = [];
  ended = ({ until }: Wait): number => (until === undefined ? -ERRNO.EINTR : -ERRNO.ETIMEDOUT);
  /** Set when ipc(2) carries the call. */
  carried: string | undefined;
  /** What the policy was asked, and the names that it refuses. */
  readonly asked: Question[] = [];
  readonly refused = new Set<string>();
  /** What pin() answers; by default a descriptor of this process. */
  pinned = 0;

  constructor() {
    this.regions.protect(PROTECTED, 0x2000, 'the trustee');
  }

  private inside(address: number, size: number): boolean {
    return address >= MEMORY && address + size <= MEMORY + this.bytesAt.length;
  }
  put(address: number, bytes: Uint8Array): number {
    if (!this.inside(address, bytes.length) || this.checkRange(address, bytes.length) !== 0) return -ERRNO.EFAULT;
    this.bytesAt.set(bytes, address - MEMORY);
    return 0;
  }
  putStruct(address: number, struct: Struct, values: Values): number {
    return this.put(address, struct.encode(values));
  }
  get(address: number, size: number): Uint8Array | number {
    if (!this.inside(address, size)) return -ERRNO.EFAULT;
    return this.bytesAt.slice(address - MEMORY, address - MEMORY + size);
  }
  getString(address: number, max: number): string | number {
    if (!this.inside(address, 1)) return -ERRNO.EFAULT;
    const from = this.bytesAt.subarray(address - MEMORY, address - MEMORY + max);
    const end = from.indexOf(0);
    return end < 0 ? -ERRNO.ENAMETOOLONG : Buffer.from(from.subarray(0, end)).toString('latin1');
  }
  bytes(i: number): Uint8Array {
    return this.get(this.r[i], 256) as Uint8Array;
  }
  arena(bytes: Uint8Array): number {
    this.arenaBytes.push(bytes.slice());
    return ARENA + 0x100 * (this.arenaBytes.length - 1);
  }
  forgetArena(): void {
    this.arenaBytes.length = 0;
  }
  inArena(address: number): Uint8Array {
    return this.arenaBytes[(address - ARENA) / 0x100];
  }
  checkFd(fd: number): number {
    return fd >= RESERVED.from && fd < RESERVED.to ? -ERRNO.EBADF : 0;
  }
  checkRange(address: number, length: number): number {
    return this.regions.hit(address, length) === undefined ? 0 : -ERRNO.EFAULT;
  }
  ask(question: Question): number {
    this.asked.push(question);
    return question.ask === 'name' && this.refused.has(question.name) ? -ERRNO.EACCES : 0;
  }
  pin(): number {
    return this.pinned;
  }
  isStill(): boolean {
    return true;
  }
  patch(...what: number[]): void {
    this.patches.push(what);
  }
  log(_level: string, message: string): void {
    this.logs.push(message);
  }
}

export interface Ran {
  readonly orders: Order[];
  readonly result: number | Outcome;
}

/** Runs a row: `results` are what the trustee's calls give, in turn; 0 when they run out. */
export function run(
  row: Row | undefined,
  fake: FakeCall,
  registers: readonly number[],
  results: readonly number[] = [],
): Ran {
  if (row === undefined) throw new Error('no such row');
  fake.nr = row.nr;
  fake.r = new Uint32Array(6);
  registers.forEach((r, i) => (fake.r[i] = r));
  const call = fake as unknown as Call;
  if (row.by === 'answered') return { orders: [], result: row.answer(call) };
  if (row.by === 'denied') return { orders: [], result: -ERRNO[row.errno as keyof typeof ERRNO] };
  if (row.by !== 'odd') throw new Error(`${row.by} rows do not run by themselves`);
  const steps = row.steps(call);
  if (typeof steps === 'number' || 'outcome' in steps) return { orders: [], result: steps };
  const orders: Order[] = [];
  const made = (step: Order | Wait | TemporaryMask): number => {
    if ('mask' in step) {
      fake.masks.push(step.mask);
      return 0;
    }
    if (!isWait(step)) {
      fake.ordered();
      return results[orders.push(step) - 1] ?? 0;
    }
    fake.waits.push(step);
    return fake.ended(step);
  };
  for (let next = steps.next(); ; next = steps.next(made(next.value)))
    if (next.done) return { orders, result: next.value };
}
