/** What the helper knows of one sandboxed process and of its threads. */
import { readFileSync } from 'node:fs';
import type { ByteString } from '../abi/bytes.js';
import type { GuestMemory } from '../memory/guest.js';
import type { Regions } from '../memory/regions.js';
import { Listings } from './listing.js';
import { IpcGrants } from '../syscalls/support-ipc.js';
import type { ProcessView, Row, SandboxView, Steps, ThreadView } from '../syscalls/dsl.js';
import type { Slot, StartState } from '../trustee/slot.js';

/**
 * `reporting`: it makes a call natively and tells the result. `gone`: its thread ended, as ordered or not. `leaving`:
 * told to exit so that a successor can start.
 */
export type ThreadPhase = 'running' | 'reporting' | 'delegating' | 'leaving' | 'gone';

export class ThreadState implements ThreadView {
  mask = 0n;
  altstack = new Uint8Array([0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]); // SS_DISABLE
  clearTid = 0;
  robustList = 0;
  readonly tls: Uint8Array[] = [];

  phase: ThreadPhase = 'running';
  /** The untrustee's thread id on the host, 0 while there is none. */
  hostTid = 0;
  /** pidfd of that thread, or -1 where the kernel has none for threads (before 6.9). */
  pidfd = -1;
  /** The delegated call at work: its row, or the steps of an odd one. */
  row: Row | null = null;
  steps: Steps | null = null;
  /** With what the successor of a leaving thread starts, and until when the old one must be gone (ms). */
  successor: StartState | null = null;
  deadline = 0;
  /** Host id of an untrustee that ended without being told to, 0 otherwise. */
  lost = 0;
  /** Its clone was ordered and the result is not in yet. */
  spawning = false;
  /** Where the last request came from. */
  lastEip = 0;
  /** The registers behind the call at hand. */
  readonly registers = { eip: 0, esp: 0, eax: 0, ebx: 0, ecx: 0, edx: 0, esi: 0, edi: 0, ebp: 0, eflags: 0, gs: 0 };

  constructor(
    readonly process: ProcessState,
    readonly slot: number,
    readonly tid: number,
    readonly memory: Slot,
    /** Helper's end of the thread's control socket. */
    readonly socket: number,
  ) {}
}

/** What runs in one sandbox. */
export class Sandbox implements SandboxView {
  private readonly byPid = new Map<number, ProcessState>();

  get processes(): Iterable<ProcessState> {
    return this.byPid.values();
  }
  process(pid: number): ProcessState | undefined {
    return this.byPid.get(pid);
  }
  thread(tid: number): ThreadState | undefined {
    for (const process of this.processes) for (const thread of process.living) if (thread.tid === tid) return thread;
    return undefined;
  }
  add(process: ProcessState): void {
    this.byPid.set(process.pid, process);
  }
  remove(process: ProcessState): void {
    this.byPid.delete(process.pid);
  }
}

export interface ProcessOptions {
  readonly sandbox: Sandbox;
  readonly pid: number;
  readonly exe: ByteString;
  readonly firstTls: number;
  readonly reserved: { readonly from: number; readonly to: number };
  readonly hint: number;
  readonly regions: Regions;
  readonly pidfd: number;
  readonly memory: GuestMemory;
}

/** The helper's process group: the third field behind the name, which may hold anything (proc(5)). */
function ownGroup(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

export class ProcessState implements ProcessView {
  readonly sandbox: Sandbox;
  readonly parent = process.pid;
  readonly firstGroup = ownGroup();
  umask = 0o022;
  break?: number;
  readonly dispositions = new Map<number, Uint8Array>();
  readonly threads: ThreadState[] = [];
  /** Addresses of two-byte trap sites (ud2) that the patcher wrote. */
  readonly trapSites = new Set<number>();
  readonly pid: number;
  exe: ByteString;
  readonly firstTls: number;
  readonly reserved: { readonly from: number; readonly to: number };
  readonly hint: number;
  readonly regions: Regions;
  readonly pidfd: number;
  memory: GuestMemory;
  readonly listings = new Listings();
  readonly ipc = new IpcGrants();
  /** /proc/PID/mem, open for writing: the patcher's. */
  patcherMemory = -1;

  constructor(o: ProcessOptions) {
    this.sandbox = o.sandbox;
    this.pid = o.pid;
    this.exe = o.exe;
    this.firstTls = o.firstTls;
    this.reserved = o.reserved;
    this.hint = o.hint;
    this.regions = o.regions;
    this.pidfd = o.pidfd;
    this.memory = o.memory;
    o.sandbox.add(this);
  }

  get living(): readonly ThreadState[] {
    return this.threads.filter(({ phase }) => phase !== 'gone');
  }
}
