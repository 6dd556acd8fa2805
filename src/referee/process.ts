/** What the helper knows of the sandbox: its processes, their address spaces, their threads. */
import { readFileSync } from 'node:fs';
import type { ByteString } from '../abi/bytes.js';
import { ERRNO, errnoName } from '../abi/errno.js';
import type { GuestMemory } from '../memory/guest.js';
import type { Regions } from '../memory/regions.js';
import { AT_FDCWD } from '../abi/linux.js';
import { NUMBERS } from '../abi/numbers.js';
import { ownCredentials } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { From } from '../policy/layers.js';
import { IpcGrants } from '../syscalls/support-ipc.js';
import { ThreadTimers } from '../syscalls/support-timers.js';
import type { Arrived, Outcome, ProcessView, Row, SandboxView, ThreadView } from '../syscalls/dsl.js';
import { firstTlsEntry, segmentsOf, Slot, type SlotConstants, type StartState } from '../trustee/slot.js';
import { resultFd, SLOT_SIZE, socketFd } from '../wire/layout.js';
import { Authority } from './authority.js';
import { owe, type Carried } from './carry.js';
import { Listings } from './listing.js';
import { caughtSignals, pendingSignals, type Dispositions } from './signals.js';
import { Targets } from './targets.js';
import type { Work } from './referee.js';
import type { Request } from './request.js';

/**
 * `running`: it has no request at work. `reporting`: it makes a call natively and tells the result. `delegating`: its
 * trustee has an order. `waiting`: in the helper (waits.ts), or for another process or a turn. `leaving`: told to exit. `gone`: it has none.
 */
export type ThreadPhase = 'running' | 'reporting' | 'delegating' | 'waiting' | 'leaving' | 'gone';

/** What the hook tells of a signal that came during a request. */
export interface Cancellation extends Arrived {
  readonly sequence: number;
}

export class ThreadState implements ThreadView {
  /** The program's signal mask as of the newest request: low and high word. */
  readonly maskWords = new Uint32Array(2);
  /** Number of the newest request, and the signal that came during one. */
  sequence = 0;
  cancellation: Cancellation | null = null;
  /** Calls made natively whose results are not told yet because a handler came in between: it may never come back. */
  unreported = 0;
  /** The call ended unless a signal came meanwhile: how it ends if one did. */
  late: ((signal: Arrived) => number | Outcome) | null = null;
  clearTid = 0;
  robustList = 0;
  leaves: readonly [start: number, length: number] | null = null;
  credentials = ownCredentials();
  tls: Uint8Array[] = [];

  phase: ThreadPhase = 'running';
  /** The untrustee's thread id on the host, 0 while there is none. */
  hostTid = 0;
  /** pidfd of that thread, or -1 where the kernel has none for threads (before 6.9). */
  pidfd = -1;
  /** The delegated call at work: its row, or the steps of an odd one. */
  row: Row | null = null;
  steps: Work | null = null;
  /** What its calls are seen through; null before it can make one. */
  request: Request | null = null;
  /** The program's memory as this thread's calls read it, where that is not the process's. */
  guest: GuestMemory | null = null;
  /** With what the successor of a leaving thread starts, and until when the old one must be gone (ms). */
  successor: StartState | null = null;
  deadline = 0;
  /** Its untrustee is being replaced, and the signals that the next one gets. */
  startsAnew = false;
  readonly carried: Carried = { signals: [] };
  /** What is written to its stack before it starts, once nothing else runs on that. */
  firstStack: FirstStack | null = null;
  /** Host id of an untrustee that ended without being told to, 0 otherwise. */
  lost = 0;
  /** Its trustee was ordered something after that: an answer tells that the process lives. */
  probed = false;
  /** Its clone was ordered and the result is not in yet. */
  spawning = false;
  /** Where the last request came from. */
  lastEip = 0;
  /** The registers behind the call at hand. */
  readonly registers = {
    eip: 0,
    esp: 0,
    eax: 0,
    ebx: 0,
    ecx: 0,
    edx: 0,
    esi: 0,
    edi: 0,
    ebp: 0,
    eflags: 0,
    gs: 0,
    fs: 0,
  };

  constructor(
    readonly process: ProcessState,
    public unit: Unit,
    readonly tid: number,
  ) {}

  get mask(): bigint {
    return (BigInt(this.maskWords[1]) << 32n) | BigInt(this.maskWords[0]);
  }
  set mask(mask: bigint) {
    this.maskWords.set([Number(mask & 0xffffffffn), Number(mask >> 32n)]);
  }
  /** Did a signal come during the request at hand? The hook hands it on behind the reply. */
  get interrupted(): boolean {
    return this.cancellation?.sequence === this.sequence;
  }
  get arrived(): Cancellation | null {
    return this.interrupted ? this.cancellation : null;
  }
  owe(signal: Arrived): void {
    owe(this.carried, signal);
  }
  pending(): bigint {
    return this.hostTid === 0 ? 0n : pendingSignals(this.process.pid, this.hostTid);
  }

  get stack(): number {
    return this.registers.esp;
  }
  get slot(): number {
    return this.unit.index;
  }
  get guestMemory(): GuestMemory {
    return this.guest ?? this.process.memory;
  }
  get memory(): Slot {
    return this.unit.slot;
  }
  /** Helper's end of the thread's control socket. */
  get socket(): number {
    return this.unit.socket;
  }
}

export interface FirstStack {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** A slot of an address space with what belongs to it. It is kept when its thread ends; its trustee, whose id was the thread's, goes. */
export interface Unit {
  readonly index: number;
  /** Among those of all processes: the tag of its events, and its trustee's hint. */
  readonly id: number;
  /** The slot as the helper has it. */
  readonly memory: ArrayBuffer;
  readonly slot: Slot;
  /** Helper's end of the control socket, and its descriptor of the result channel; -1 before they are made. */
  socket: number;
  result: number;
  /** It is being made ready for a thread. */
  taken: boolean;
  /** Thread id of the trustee that takes its orders here; 0 for none. Without a thread it was told to go. */
  trustee: number;
  thread: ThreadState | null;
}

/** Units of all address spaces by id. */
export class Units {
  private readonly all: (Unit | undefined)[] = [];
  private readonly free: number[] = [];

  at(id: number): Unit | undefined {
    return this.all[id];
  }
  reserve(): number {
    return this.free.pop() ?? this.all.push(undefined) - 1;
  }
  set(unit: Unit): void {
    this.all[unit.id] = unit;
  }
  remove(unit: Unit): void {
    this.all[unit.id] = undefined;
    this.free.push(unit.id);
  }
}

/** Where the parts of the sandbox stand in an address space; a fork's child has them at the same addresses. */
export interface Layout {
  /** Address of the shared memory. */
  readonly shared: number;
  readonly text: number;
  /** One landing stack per slot, LANDING_SIZE bytes each. */
  readonly landing: number;
  readonly landingSize: number;
  readonly hook: number;
  readonly cs: number;
  readonly slots: SlotConstants;
  readonly slotCount: number;
  readonly trampolines: { readonly base: number; readonly size: number };
  readonly regions: Regions;
}

/** Its trustee ends. What begins there next is another thread, and its id is another. */
export function retire({ slot }: Unit): void {
  slot.order(NUMBERS.exit, 0, 0, 0, 0, 0, 0);
}
/** The trustee may be one of two processes: those that share the address space. */
const hasTrustee = ({ trustee }: Unit): boolean =>
  trustee !== 0 && native.faccessat(AT_FDCWD, `/proc/${trustee}`, 0, 0) >= 0;

/** Slots 0 and 1 are a process's main thread and its pad. */
const FIRST_OF_THREADS = 2;

/** A byte of the program that was replaced, so that it is known when it is reached; `call`: main is its argument. */
export interface StartTrap {
  readonly address: number;
  readonly byte: number;
  readonly at: From | 'call';
}

/** An address space. Shared by the child of a posix_spawn until it executes its program. */
export class Space {
  readonly units: (Unit | undefined)[] = [];
  /** Addresses of two-byte trap sites (ud2) that the patcher wrote. */
  readonly trapSites = new Set<number>();
  /** Bytes of the trampolines that are in use. */
  trampolinesUsed = 0;
  /** /proc/PID/mem, open for writing: the patcher's. */
  patcherMemory = -1;
  break?: number;
  authority = Authority.none;
  /** Where its program is awaited (starts.ts). */
  startTrap: StartTrap | null = null;
  /** Processes that live in it. */
  users = 1;

  constructor(
    readonly layout: Layout,
    /** The helper's descriptor of the shared memory, of which each slot is mapped when it is used. */
    private readonly memory: number,
    private readonly registry: Units,
    private readonly reservedBase: number,
  ) {}

  get regions(): Regions {
    return this.layout.regions;
  }

  /** The unit of a slot, made when it is used first. `result`: the helper's descriptor of its result channel, or -1. */
  unit(index: number, result = -1): Unit {
    const known = this.units[index];
    if (known !== undefined) return known;
    const { shared, slots, cs } = this.layout;
    const id = this.registry.reserve();
    const fds = { socket: socketFd(this.reservedBase, index), result: resultFd(this.reservedBase, index) };
    const place = { index, hint: id, base: shared, result };
    const memory = native.map(this.memory, SLOT_SIZE, index * SLOT_SIZE);
    if (typeof memory === 'number') throw new Error(`mmap of a slot: ${errnoName(-memory)}`);
    const slot = new Slot(memory, place, slots, fds, segmentsOf(cs), firstTlsEntry(cs));
    const unit: Unit = {
      index,
      id,
      memory,
      slot,
      socket: -1,
      result,
      taken: false,
      trustee: 0,
      thread: null,
    };
    this.units[index] = unit;
    this.registry.set(unit);
    return unit;
  }

  /** One without a thread and a trustee, which is the caller's to fill from now on; undefined when there is none. */
  take(): Unit | undefined {
    const found = this.left().find((unit) => !hasTrustee(unit)) ?? this.fresh();
    if (found !== undefined) {
      found.trustee = 0;
      found.taken = true;
    }
    return found;
  }
  /** Is there one that is about to be free? */
  get empties(): boolean {
    const leaves = ({ thread }: Unit): boolean => thread?.phase === 'leaving' && thread.successor === null;
    return this.left().length > 0 || this.units.some((unit) => unit !== undefined && leaves(unit));
  }
  private left(): Unit[] {
    const isLeft = (u: Unit): boolean => u.thread === null && !u.taken && u.index >= FIRST_OF_THREADS;
    return this.units.filter((unit): unit is Unit => unit !== undefined && isLeft(unit));
  }
  private fresh(): Unit | undefined {
    for (let i = FIRST_OF_THREADS; i < this.layout.slotCount; i++) if (this.units[i] === undefined) return this.unit(i);
    return undefined;
  }

  /** Closes the helper's ends; nobody lives here any more. */
  close(): void {
    for (const unit of this.units) {
      if (unit === undefined) continue;
      if (unit.socket >= 0) native.close(unit.socket);
      if (unit.result >= 0) native.close(unit.result);
      native.unmap(unit.memory);
      this.registry.remove(unit);
    }
    this.units.length = 0;
    native.close(this.memory);
    if (this.patcherMemory >= 0) native.close(this.patcherMemory);
    this.patcherMemory = -1;
  }
}

export const sharedMemorySize = (slots: number): number => slots * SLOT_SIZE;

/** So many processes that ended are kept until it is looked who of them is gone. */
const FEW_ENDED = 16;

/** What runs in one sandbox. */
export class Sandbox implements SandboxView {
  private readonly byPid = new Map<number, ProcessState>();
  /** Zombies, and those whose parents have seen their end already. */
  private readonly ended = new Set<ProcessState>();
  private most = FEW_ENDED;
  readonly units = new Units();
  ends = 0;

  /** All that live, and what is left of others: the loop's, which has no time for looks. */
  get known(): Iterable<ProcessState> {
    return this.byPid.values();
  }
  get processes(): Iterable<ProcessState> {
    this.forgetSeen();
    return this.byPid.values();
  }
  process(pid: number): ProcessState | undefined {
    const known = this.byPid.get(pid);
    if (known?.ended) this.forgetIfSeen(known);
    return this.byPid.get(pid);
  }
  /** A process ended. It stays until its parent has seen that; who forks all day must not fill the helper's descriptors. */
  end(process: ProcessState): void {
    process.ended = true;
    this.ends++;
    this.ended.add(process);
    if (this.ended.size < this.most) return;
    this.forgetSeen();
    this.most = Math.max(FEW_ENDED, 2 * this.ended.size);
  }
  private forgetSeen(): void {
    for (const process of this.ended) this.forgetIfSeen(process);
  }
  /** Its parent has seen its end: the number may be another's now, of an outsider too. */
  private forgetIfSeen(process: ProcessState): void {
    if (native.pidfdKill(process.pidfd, 0) === -ERRNO.ESRCH) this.remove(process);
  }
  thread(tid: number): ThreadState | undefined {
    for (const process of this.known) for (const thread of process.threads) if (thread.tid === tid) return thread;
    return undefined;
  }
  add(process: ProcessState): void {
    const old = this.byPid.get(process.pid);
    if (old !== undefined) this.remove(old);
    this.byPid.set(process.pid, process);
  }
  remove(process: ProcessState): void {
    this.byPid.delete(process.pid);
    this.ended.delete(process);
    native.close(process.pidfd);
    process.enterRoot(-1);
  }
}

/** How a program ended: the status that the helper exits with, and why if that was our doing. */
export interface Ending {
  readonly status: number;
  readonly reason?: string;
}

/** A new image on its way, from the loader's hello on. */
export interface Starting {
  /** Something came from the loader: its thread, when the loader was told to be its trustee; undefined as long as it is not. Throws when it fails. */
  turn(): ThreadState | undefined;
  /** Gives up what it holds. */
  close(): void;
}

export interface ProcessOptions {
  readonly sandbox: Sandbox;
  readonly pid: number;
  readonly parent: number;
  readonly isFirst?: boolean;
  readonly exe: ByteString;
  readonly reserved: { readonly from: number; readonly to: number };
  readonly pidfd: number;
  readonly memory: GuestMemory;
  readonly space: Space;
}

/** Process group and session: third and fourth field behind the name, which may hold anything (proc(5)). */
function standing(who: number | 'self'): readonly [group: number, session: number] {
  try {
    const stat = readFileSync(`/proc/${who}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [Number(fields[2]), Number(fields[3])];
  } catch {
    return [0, 0]; // gone
  }
}

export class ProcessState implements ProcessView {
  readonly sandbox: Sandbox;
  readonly firstGroup = standing('self')[0];
  auxv: Uint32Array = new Uint32Array(0);
  umask = 0o022;
  root = -1;
  hardOpenFiles: bigint | null = null;
  /** The soft limit of open files to go back to, while its own trustee has raised it. */
  softOpenFiles: bigint | null = null;
  private dispositions: Dispositions | null = null;
  /** Those that live. */
  readonly threads: ThreadState[] = [];
  readonly pid: number;
  parent: number;
  readonly isFirst: boolean;
  exe: ByteString;
  readonly reserved: { readonly from: number; readonly to: number };
  readonly pidfd: number;
  memory: GuestMemory;
  space: Space;
  readonly listings = new Listings();
  readonly ipc: IpcGrants;
  readonly timers = new ThreadTimers();
  /** The slot of the main thread; the other one of 0 and 1 is where the trustee of a child begins. */
  main = 0;
  /** It is gone, but its number stays until its parent looks. */
  ended = false;
  /** The thread whose execve is at work. */
  executing: ThreadState | null = null;
  /** The status that the main thread left with, while others go on. */
  status: number | null = null;
  /** A child or thread of it comes into being, or it executes a program: one at a time, the others wait. */
  busy = false;
  readonly queue: (() => void)[] = [];
  /** The signal mask that its next program begins with. */
  inheritedMask = 0n;
  /** The new image of an execve that comes into being. */
  starting: Starting | null = null;
  /** It comes into being; told when it is gone before it has. */
  growing: (() => void) | null = null;
  /** What is told when this process has its own memory, or is gone: the parent that vforked it. */
  released: (() => void) | null = null;
  /** Set when we end the process ourselves, so that its death is not taken for the program's. */
  doom: Ending | null = null;
  readonly targets: Targets;
  /** Has a call to come to the referee, even if the hook could make or answer it by itself? */
  isAsked: (nr: number) => boolean = () => true;

  constructor(o: ProcessOptions, ipc = new IpcGrants()) {
    this.sandbox = o.sandbox;
    this.pid = o.pid;
    this.parent = o.parent;
    this.isFirst = o.isFirst ?? false;
    this.exe = o.exe;
    this.reserved = o.reserved;
    this.pidfd = o.pidfd;
    this.targets = new Targets(o.pid, o.reserved.from);
    this.memory = o.memory;
    this.space = o.space;
    this.ipc = ipc;
    o.sandbox.add(this);
  }

  get unborn(): boolean {
    return this.growing !== null || this.executing !== null || this.starting !== null;
  }
  get signals(): Dispositions {
    if (this.dispositions === null) throw new Error(`process ${this.pid} has no signals`);
    return this.dispositions;
  }
  set signals(dispositions: Dispositions) {
    this.dispositions = dispositions;
  }
  enterRoot(fd: number): void {
    if (this.root >= 0) native.close(this.root);
    this.root = fd;
  }
  caught(): bigint {
    return caughtSignals(this.pid);
  }
  get firstTls(): number {
    return firstTlsEntry(this.space.layout.cs);
  }
  get group(): number {
    return standing(this.pid)[0];
  }
  get session(): number {
    return standing(this.pid)[1];
  }
  /** Is it the id of a thread of this process? */
  has(tid: number): boolean {
    return this.threads.some((thread) => thread.tid === tid);
  }
  get living(): readonly ThreadState[] {
    return this.threads;
  }
  get regions(): Regions {
    return this.space.regions;
  }
  get break(): number | undefined {
    return this.space.break;
  }
  set break(end: number | undefined) {
    this.space.break = end;
  }

  /** A new thread in a unit. */
  join(unit: Unit, tid: number): ThreadState {
    const thread = new ThreadState(this, unit, tid);
    unit.thread = thread;
    this.threads.push(thread);
    return thread;
  }
  leave(thread: ThreadState): void {
    thread.phase = 'gone';
    const at = this.threads.indexOf(thread);
    if (at >= 0) this.threads.splice(at, 1);
    if (thread.unit.thread === thread) thread.unit.thread = null;
  }
}
