/**
 * The referee: one loop that takes requests, results and deaths as they come, judges and answers. It never waits for
 * one thread while another could go on: what is at work is kept in the thread's state.
 */
import { ERRNO, errnoName } from '../abi/errno.js';
import { SA, SIGNAL_MAX, signalName } from '../abi/flags-process.js';
import * as L from '../abi/linux.js';
import { NUMBERS, syscallName } from '../abi/numbers.js';
import { HookSilent, NO_MEMORY, SocketMemory } from '../memory/guest.js';
import { mappingsOf, placeOf } from '../memory/maps.js';
import { assume } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { Decision } from '../questions.js';
import {
  hex,
  type Arrived,
  type Order,
  type Outcome,
  type Row,
  type TemporaryMask,
  type Wait,
} from '../syscalls/dsl.js';
import { hookActions, keepsFpu } from '../trustee/actions.js';
import type { Layers } from '../policy/layers.js';
import { pledged } from '../policy/pledge/state.js';
import { demultiplex } from '../syscalls/multiplexed.js';
import { isFrameCall, isNothing, restarts } from '../syscalls/signals-support.js';
import { deathSignals } from '../syscalls/support-process.js';
import type { Scratch } from '../syscalls/support-timers.js';
import { rowOf } from '../syscalls/table.js';
import {
  CANCEL_FIELDS,
  CANCEL_SIZE,
  HANDLED,
  KIND,
  REPLY,
  REPLY_SIZE,
  REQ,
  REQUEST_ESP_BIAS,
  REQUEST_SIZE,
} from '../wire/layout.js';
import { Authority } from './authority.js';
import { explainDeath, isStopped, livesOn } from './death.js';
import { sendSignals, takeSignals } from './carry.js';
import { describeRule } from './describe.js';
import { handleTrap, readContext, type FaultContext } from './faults.js';
import { compile, type Step } from './marshal.js';
import type { PathResolver } from './paths.js';
import type { Launcher } from './launcher.js';
import { retire, type Ending, type ProcessState, type Sandbox, type Space, type ThreadState } from './process.js';
import { robustFutexes } from './robust.js';
import { promise, unveil } from './promises.js';
import { Births, ORPHAN } from './births.js';
import { Executions } from './executions.js';
import { Starts } from './starts.js';
import { ArenaFull, KilledByPolicy, Request } from './request.js';
import { Solitudes } from './solitude.js';
import { orderLine, replyLine, requestLine } from './trace.js';
import { Waits } from './waits.js';
import { refusingOf, type RefusalSink } from './refusal.js';
import { wholeCall } from './whole-call.js';
import { ObserverFailed, type Observer } from './watch.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** A message that is made often and shown seldom is a function, called when it is shown. */
export type Logger = (level: LogLevel, message: string | (() => string)) => void;

/** Rewrites the system call sites of a mapping: of a file's descriptor (the helper's), or of what is mapped in a range. */
export interface Patcher {
  patchMapped(process: ProcessState, address: number, length: number, log: Logger): void;
  patchDescriptor(
    process: ProcessState,
    fd: number,
    address: number,
    length: number,
    offset: number,
    log: Logger,
  ): void;
  /** The call in the program's `_start` whose first argument is main; undefined where that looks otherwise. */
  callOfStart(process: ProcessState, entry: number): number | undefined;
  /** Writes one byte of the program, also where it cannot write itself; the byte that stood there. */
  replaceByte(process: ProcessState, address: number, byte: number): number;
}

export interface RefereeOptions {
  readonly layers: Layers;
  readonly resolver: PathResolver;
  readonly patcher: Patcher;
  readonly log: Logger;
  /** Told of every call. */
  readonly observer: Observer | null;
  /** Told of every refusal, before the program is. */
  readonly refusals: RefusalSink;
  /** The protocol is logged at debug level: requests, orders, results, replies. */
  readonly protocol: boolean;
  /** Becomes readable when the loop has to stop. */
  readonly stop: number;
  /** A word that another thread reads: so many processes live. */
  readonly living: Int32Array;
  /** How the program's memory is read: by process_vm_readv, or by each thread's hook. */
  readonly peek: 'vm' | 'socket';
  /** The hook asks for every call, also for those that it could make or answer by itself: a trace shows all. */
  readonly askAll: boolean;
  readonly launcher: Launcher;
}

const TAG = {
  socket: 0,
  hint: 1,
  process: 2,
  thread: 3,
  stop: 4,
  door: 5,
  loader: 6,
  wait: 7,
  time: 8,
  parent: 9,
} as const;
/** 24 bits of an index: a unit's id, a descriptor of the helper, or a pid (PID_MAX_LIMIT is 1 << 22). */
const tag = (kind: number, index: number): number => ((kind << 24) | index) >>> 0;

const STATUS = { ours: 125, killed: 137, badCall: 159 } as const;
/** Milliseconds between looks at threads that have no pidfd, and for a leaving thread to be gone. */
const LOOK = 200;
const LEAVE = 1000;
/** Milliseconds in which the processes that are killed at the end must be gone. */
const LAST = 1000;
const { SA_RESTART } = SA.values;
const HINTS_AT_ONCE = 64;
const HINT_SIZE = 4;
/** More hints at a time than this, and some may have been lost to a full pipe. */
const FEW_HINTS = 8;
const POLLHUP = 0x10;

const FUTEX_WAKE = 1;
const SIG_UNBLOCK = 1;
const SIGSET_SIZE = 8;
/** struct sigaction of the kernel; all zero: SIG_DFL. */
const SIGACTION_SIZE = 20;

/** What the referee's own code and the rows' yield: an order, several that are carried out together, one that gives itself, or a wait. */
export type Task = Order | readonly Order[] | (() => void) | Wait | TemporaryMask;
export type Work = Generator<Task, number | Outcome, number>;
const isOrders = (task: Task): task is Order | readonly Order[] => Array.isArray(task);
const isOrder = (task: Order | readonly Order[]): task is Order => typeof task[0] === 'number';

export function requestOf(thread: ThreadState): Request {
  if (thread.request === null) throw new Error(`thread ${thread.tid} has no request`);
  return thread.request;
}

/** Where its trustee may write and read what no call of the program is about. */
const scratchOf = ({ process, memory }: ThreadState): Scratch => ({
  memory: process.memory,
  address: memory.scratch,
  copy: (bytes) => {
    memory.resetArena();
    return memory.copy(bytes);
  },
});

/** A row for what has none: it shows the registers. */
const rowless = (nr: number, why: string): Row => ({
  nr,
  args: Object.entries({ a: hex(), b: hex(), c: hex(), d: hex(), e: hex(), f: hex() }),
  returns: 'int',
  by: 'denied',
  errno: 'ENOSYS',
  why,
});

export class Referee {
  private readonly epoll: number;
  private readonly event = new Uint32Array(2);
  private readonly message = new Uint32Array(64);
  private readonly arguments = this.message.subarray(REQ.ebx, REQ.ebp + 1);
  private readonly reply = new Int32Array(REPLY_SIZE / 4);
  private readonly status = new Int32Array(1);
  private readonly steps: (readonly Step[] | undefined)[] = [];
  private readonly unknown = new Set<number>();
  private readonly sandbox: Sandbox;
  readonly births: Births;
  private readonly executions: Executions;
  private readonly starts: Starts;
  private readonly waits: Waits<ThreadState>;
  readonly solitudes = new Solitudes((thread) => this.result(thread));
  private readonly timer: number;
  /** pidfd of the first process's parent; negative for one outside of our pid namespace. */
  private parent = -1;
  /** Steps that are being taken just now. */
  private taken: Work | null = null;
  private ending: Ending | null = null;

  constructor(
    /** The one whose end is the sandbox's. */
    private readonly first: ProcessState,
    private readonly o: RefereeOptions,
  ) {
    this.sandbox = first.sandbox;
    this.births = new Births(this, o, first);
    this.executions = new Executions(this, o);
    this.starts = new Starts(this, o);
    this.epoll = native.epollCreate();
    this.timer = native.timerCreate();
    native.epollAdd(this.epoll, this.timer, tag(TAG.time, 0));
    this.waits = new Waits({
      watcher: { ...native, now: () => performance.now() },
      epoll: this.epoll,
      timer: this.timer,
      tag: (fd) => tag(TAG.wait, fd),
    });
    native.epollAdd(this.epoll, o.stop, tag(TAG.stop, 0));
    native.epollAdd(this.epoll, o.launcher.hint, tag(TAG.hint, 0));
    native.epollAdd(this.epoll, o.launcher.door.socket, tag(TAG.door, 0));
    first.space.authority = Authority.of(o.layers);
    this.watchProcess(first);
    this.watchParent();
  }

  /** Of the first process, which is told of the helper's: its end, and who takes its place. */
  private watchParent(): void {
    this.parent = native.pidfdOpen(this.first.parent, 0);
    if (this.parent >= 0) native.epollAdd(this.epoll, this.parent, tag(TAG.parent, 0));
  }
  private unwatchParent(): void {
    if (this.parent < 0) return;
    native.epollRemove(this.epoll, this.parent);
    native.close(this.parent);
    this.parent = -1;
  }
  private parentGone(): void {
    const { parent } = this.first;
    this.unwatchParent();
    for (const { process: child, signal } of deathSignals(this.sandbox, parent)) native.pidfdKill(child.pidfd, signal);
    this.births.adopt(this.first, process.ppid);
    if (this.first.parent !== parent) this.watchParent();
  }

  /** Starts the first untrustee, and serves all of the sandbox until the first process is gone. */
  run(): Ending {
    const [thread] = this.first.threads;
    this.attach(thread);
    this.startMain(thread);
    while (this.ending === null) {
      const n = native.step(this.epoll, this.patience(), this.event);
      if (n < 0) this.failAll(`epoll_wait: ${errnoName(-n)}`);
      if (n > 0) this.handle(this.event[0] >>> 24, this.event[0] & 0xffffff);
      this.solitudes.run();
      if (this.patience() >= 0) this.look(); // however busy the others keep the loop
    }
    this.endOthers();
    this.unwatchParent();
    native.close(this.epoll);
    native.close(this.timer);
    return this.ending;
  }

  /** Ends a process by our decision, with a reason for the log. */
  fail(process: ProcessState, reason: string, status: number = STATUS.ours): void {
    if (process.doom !== null || process.ended) return;
    process.doom = { status, reason };
    this.o.log('error', reason);
    native.pidfdKill(process.pidfd, L.SIGNAL.KILL);
  }
  private failAll(reason: string, status: number = STATUS.ours): void {
    for (const process of this.sandbox.known) this.fail(process, reason, status);
  }

  /** The first process's end is the end of all, as it is of a pid namespace's. */
  private endOthers(): void {
    const until = Date.now() + LAST;
    const others = [...this.sandbox.known].filter(({ ended }) => !ended);
    for (const { pidfd } of others) native.pidfdKill(pidfd, L.SIGNAL.KILL);
    for (const { pidfd } of others) native.poll(pidfd, L.POLLIN, Math.max(0, until - Date.now()));
    this.births.end();
  }

  // ---- who is served ----

  watchProcess(process: ProcessState): void {
    Atomics.add(this.o.living, 0, 1);
    native.epollAdd(this.epoll, process.pidfd, tag(TAG.process, process.pid));
  }
  watchLoader(process: ProcessState, socket: number): void {
    native.epollAdd(this.epoll, socket, tag(TAG.loader, process.pid));
  }
  unwatch(fd: number): void {
    native.epollRemove(this.epoll, fd);
  }
  /** A thread that will speak on its unit's socket. */
  attach(thread: ThreadState): void {
    const { process, unit } = thread;
    const { resolver, patcher, log, observer, refusals } = this.o;
    native.epollAdd(this.epoll, unit.socket, tag(TAG.socket, unit.id));
    process.isAsked = (nr) => this.o.askAll || process.space.authority.rule(nr) !== undefined;
    thread.request = new Request(process, thread, resolver, patcher, log, observer !== null, refusals);
    if (this.o.peek === 'socket')
      thread.guest = new SocketMemory(unit.socket, undefined, (m) => this.signalCame(thread, m));
    process.signals.attach(thread.memory);
    this.setActions(thread);
  }
  /** What its hook does by itself. */
  setActions(thread: ThreadState): void {
    thread.memory.setActions(hookActions(thread.process, thread, thread.process.isAsked));
  }
  /**
   * The processes of this address space may do less from now on: what all threads ask for after this. What is at work
   * was judged before.
   * @param authority a narrower one
   */
  replace(space: Space, authority: Authority): void {
    space.authority = authority;
    for (const process of this.sandbox.known)
      if (process.space === space)
        for (const thread of process.threads) if (thread.request !== null) thread.memory.askAlso(process.isAsked);
  }
  /** A thread that is no more: nothing of it is listened to. Its unit stays. */
  detach(thread: ThreadState): void {
    native.epollRemove(this.epoll, thread.socket);
    this.dropPidfd(thread);
    this.observe(thread, null);
    this.abandon(thread);
    thread.process.leave(thread);
  }
  /** Nobody is left to answer: its wait ends without a word, and what the call held is given back. */
  private abandon(thread: ThreadState): void {
    const { steps } = thread;
    thread.steps = null;
    this.waits.forget(thread);
    if (steps !== this.taken) steps?.return(0);
    thread.request?.end();
  }
  private dropPidfd(thread: ThreadState): void {
    if (thread.pidfd < 0) return;
    native.epollRemove(this.epoll, thread.pidfd);
    native.close(thread.pidfd);
    thread.pidfd = -1;
  }

  // ---- events ----

  private handle(kind: number, index: number): void {
    if (kind === TAG.wait) return this.waits.ready(index);
    if (kind === TAG.time) return this.waits.expire();
    const unit = kind === TAG.socket || kind === TAG.thread ? this.sandbox.units.at(index) : undefined;
    const thread = unit?.thread ?? null;
    const process = thread?.process ?? this.sandbox.process(index) ?? this.first;
    try {
      if (thread !== null && kind === TAG.socket) this.receive(thread);
      else if (thread !== null && kind === TAG.thread) this.threadGone(thread);
      else if (kind === TAG.hint) this.results();
      else if (kind === TAG.process) this.processGone(process);
      else if (kind === TAG.door) this.o.launcher.door.open();
      else if (kind === TAG.loader) this.executions.turn(process);
      else if (kind === TAG.parent) this.parentGone();
      else if (kind === TAG.stop) this.stop();
    } catch (error) {
      this.caught(process, error);
    }
  }

  /** What went wrong while a process was served is that process's end. */
  private caught(process: ProcessState, error: unknown): void {
    if (error instanceof KilledByPolicy) this.killByPolicy(error.thread, error.message);
    else if (error instanceof HookSilent) this.fail(process, error.message, STATUS.killed);
    else if (error instanceof ObserverFailed) this.failAll(error.message);
    else
      this.failAll(`defect of the sandbox: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  private stop(): void {
    native.epollRemove(this.epoll, this.o.stop);
    this.failAll('the sandbox was told to stop', STATUS.killed);
  }

  private *threads(): Generator<ThreadState, void> {
    for (const process of this.sandbox.known) yield* process.threads;
  }

  private patience(): number {
    let patience = -1;
    for (const thread of this.threads()) {
      if (thread.phase === 'leaving') return thread.pidfd < 0 ? 1 : LOOK;
      if (thread.lost !== 0 || (thread.pidfd < 0 && thread.hostTid !== 0)) patience = LOOK;
    }
    return patience;
  }

  /** Threads without a pidfd are looked for in /proc; leaving ones must be in time. */
  private look(): void {
    for (const thread of [...this.threads()]) {
      const { process } = thread;
      if (thread.lost !== 0 && Date.now() > thread.deadline && livesOn(process.pid))
        this.fail(process, explainDeath(process, thread, thread.lost), STATUS.killed);
      if (thread.hostTid === 0) continue;
      if (thread.pidfd < 0 && native.faccessat(L.AT_FDCWD, `/proc/${process.pid}/task/${thread.hostTid}`, 0, 0) < 0)
        this.threadGone(thread);
      else if (thread.phase === 'leaving' && Date.now() > thread.deadline) this.overdue(thread);
    }
  }

  /** A leaving thread is not gone in time: its process is stopped, or it does not want to go. */
  private overdue(thread: ThreadState): void {
    const { process, tid, hostTid } = thread;
    if (isStopped(process.pid, hostTid)) thread.deadline = Date.now() + LEAVE;
    else this.fail(process, `thread ${tid} did not leave within ${LEAVE} ms`, STATUS.killed);
  }

  private processGone(process: ProcessState): void {
    if (process === this.first) {
      if (native.waitChild(process.pid, this.status) === 0) return;
      const code = this.status[0];
      this.ending = process.doom ?? { status: code >= 0 ? code : 128 - code };
    }
    if (process.ended) return;
    this.sandbox.end(process);
    Atomics.sub(this.o.living, 0, 1);
    this.unwatch(process.pidfd);
    process.memory = NO_MEMORY;
    for (const thread of process.threads) thread.guest = null;
    this.o.launcher.door.forget(process.pid);
    this.executions.abandon(process);
    this.leaveSpace(process);
    process.growing?.();
    process.released?.();
    process.released = null;
    for (const { process: child, signal } of deathSignals(this.sandbox, process.pid))
      native.pidfdKill(child.pidfd, signal);
    for (const child of this.sandbox.known) if (child.parent === process.pid) this.births.adopt(child, ORPHAN);
    // Nobody in the sandbox waits for an orphan.
    for (const child of this.sandbox.known)
      if (child.ended && child.parent === ORPHAN && child !== this.first) this.sandbox.remove(child);
    this.waits.processEnded();
  }

  /** A signal came. A call at work ends with -EINTR as soon as it would wait, or does; false when there is none. */
  cancel(thread: ThreadState): boolean {
    if (thread.phase !== 'waiting' && thread.phase !== 'delegating') return false;
    thread.memory.cancel();
    this.waits.cancel(thread);
    return true;
  }

  /** All its threads are gone, and it is in its address space no more. */
  leaveSpace(process: ProcessState): void {
    for (const thread of [...process.threads]) {
      const { unit } = thread;
      this.detach(thread);
      unit.trustee = 0;
    }
    process.space.users--;
    if (process.space.users === 0) process.space.close();
    process.busy = false;
    process.queue.length = 0;
  }

  private threadGone(thread: ThreadState): void {
    this.dropPidfd(thread);
    const tid = thread.hostTid;
    thread.hostTid = 0;
    if (thread.phase === 'leaving' && thread.successor !== null) {
      const start = thread.successor;
      thread.successor = null;
      const { kept } = thread.carried;
      if (kept !== undefined) thread.memory.setKept(thread.process.memory, kept);
      thread.memory.setStart(start, thread.mask, { heir: thread.memory, fpu: keepsFpu(requestOf(thread).nr) });
      this.begin(thread, this.spawn(thread));
      return;
    }
    if (thread.phase === 'leaving') return this.begin(thread, this.farewell(thread));
    if (thread.process.executing !== null) return; // the kernel ends all other threads
    // A dying process takes its threads along. If the trustee still answers, the process lives and only the thread died.
    thread.lost = tid;
    thread.probed = false;
    thread.deadline = Date.now() + LOOK; // a call at work, which the trustee would have to end first, may never end
    if (thread.phase !== 'delegating') this.probe(thread);
  }
  private probe(thread: ThreadState): void {
    this.abandon(thread);
    thread.probed = true;
    this.order(thread, [NUMBERS.getpid]);
  }

  // ---- requests ----

  private receive(thread: ThreadState): void {
    const { process } = thread;
    if (thread.spawning) this.results(); // a new thread may speak before its clone's result was looked at
    if (thread.spawning || thread.phase === 'gone') return;
    const n = native.receive(thread.socket, this.message, this.message.byteLength, L.MSG_DONTWAIT);
    if (n === -ERRNO.EAGAIN || (n > 0 && thread.lost !== 0)) return; // what a dead thread said is answered to nobody
    const ended = n === 0 && (native.poll(thread.socket, 0, 0) & POLLHUP) !== 0; // otherwise it was an empty message
    if (ended || n === -ERRNO.ECONNRESET) {
      native.epollRemove(this.epoll, thread.socket); // all ends are closed: the process is ending
      return;
    }
    if (process.doom !== null) return; // nobody is answered any more
    if (n === CANCEL_SIZE && this.message[REQ.kind] === KIND.cancel) return this.signalCame(thread, this.message);
    if (n !== REQUEST_SIZE)
      return this.fail(process, `a message of ${n} bytes where a request has ${REQUEST_SIZE}: forged`, STATUS.killed);
    const kind = this.message[REQ.kind];
    if (this.o.protocol) this.o.log('debug', requestLine(thread, this.message));
    if (thread.phase !== 'running' && thread.phase !== 'reporting')
      return this.fail(process, 'a request came while another was at work: forged', STATUS.killed);
    thread.late = null;
    thread.sequence = this.message[REQ.sequence];
    thread.maskWords[0] = this.message[REQ.maskLow];
    thread.maskWords[1] = this.message[REQ.maskHigh];
    thread.lastEip = this.message[REQ.eip];
    if (kind === KIND.result) return this.reported(thread, this.message[REQ.eax] | 0);
    if (thread.phase === 'reporting') thread.unreported++;
    this.observe(thread, null); // what it makes natively was interrupted by a signal's handler
    thread.phase = 'running';
    if (kind !== KIND.call) return this.signalled(thread, kind);
    requestOf(thread).watch?.start();
    if (this.solitudes.isHeld(thread)) this.postpone(thread);
    else this.call(thread);
  }

  /** Another thread of its process is alone: its call is begun when that is over. */
  private postpone(thread: ThreadState): void {
    const message = this.message.slice(0, REQUEST_SIZE / 4);
    thread.phase = 'waiting';
    this.solitudes.hold(thread, () => {
      if (thread.phase !== 'waiting' || thread.lost !== 0) return;
      if (this.solitudes.isHeld(thread)) return this.postpone(thread);
      thread.phase = 'running';
      this.message.set(message);
      try {
        this.call(thread);
      } catch (error) {
        this.caught(thread.process, error);
      }
    });
  }

  /** The result of a call that the untrustee made; of one that a handler came in between nobody wants to know it. */
  private reported(thread: ThreadState, result: number): void {
    if (thread.phase === 'reporting') return this.finish(thread, result);
    if (thread.unreported === 0)
      return this.fail(thread.process, 'a result that nobody asked for: forged', STATUS.killed);
    thread.unreported--;
    this.answer(thread, REPLY.value, result);
  }

  private call(thread: ThreadState): void {
    assume(thread.credentials);
    const request = requestOf(thread);
    const nr = this.message[REQ.eax];
    request.begin(nr, this.arguments);
    this.remember(thread);
    const carried = demultiplex(request);
    if (typeof carried === 'number') return this.refuse(thread, nr, carried, 'it carries no call');
    if (carried !== undefined) request.begin(NUMBERS[carried.row], carried.registers, carried.name, carried.count);
    if (thread.interrupted) thread.memory.cancel(); // it was told before the call was
    const row = rowOf(request.nr);
    if (row === undefined) return this.refuse(thread, nr, this.noSuchCall(nr), 'unknown');
    request.watch?.call(row, carried?.name ?? syscallName(row.nr), request.r, carried?.count);
    this.dispatch(thread, request, row);
  }

  /** The registers behind the call, for a successor or a fault. */
  private remember(thread: ThreadState): void {
    const m = this.message;
    const r = thread.registers;
    r.eip = m[REQ.eip];
    r.esp = m[REQ.esp] + REQUEST_ESP_BIAS;
    r.ebx = m[REQ.ebx];
    r.ecx = m[REQ.ecx];
    r.edx = m[REQ.edx];
    r.esi = m[REQ.esi];
    r.edi = m[REQ.edi];
    r.ebp = m[REQ.ebp];
    r.eflags = m[REQ.eflags];
    r.gs = m[REQ.gs] & 0xffff;
    r.fs = m[REQ.fs] & 0xffff;
  }

  /** A call without a row. */
  private refuse(thread: ThreadState, nr: number, result: number, why: string): void {
    const request = requestOf(thread);
    request.watch?.call(rowless(nr, why), syscallName(nr), request.r);
    this.finish(thread, result);
  }

  private noSuchCall(nr: number): number {
    if (!this.unknown.has(nr)) this.o.log('warn', `system call ${nr} (${syscallName(nr)}) is unknown: ENOSYS`);
    if (this.unknown.size < 1024) this.unknown.add(nr);
    return -ERRNO.ENOSYS;
  }

  private dispatch(thread: ThreadState, request: Request, row: Row): void {
    thread.row = row;
    const decision = thread.process.space.authority.rule(row.nr)?.(request.r, thread.process);
    if (decision !== undefined && this.decided(thread, row, decision)) return;
    if (row.by === 'native') return this.letRun(thread);
    if (row.by === 'denied') {
      const errno = ERRNO[row.errno as keyof typeof ERRNO];
      const name = syscallName(row.nr);
      request.refused({ ask: 'syscall', name }, { verdict: { verdict: 'deny', errno }, rule: null }, row.why);
      return this.finish(thread, -errno);
    }
    const refused = this.prepare(request, row);
    if (refused !== 0) return this.finish(thread, refused);
    if (row.by === 'answered')
      return this.finish(
        thread,
        this.guarded(() => row.answer(request)),
      );
    if (row.by === 'odd') {
      const steps = this.guarded(() => row.steps(request));
      if (typeof steps === 'number') return this.finish(thread, steps);
      return 'outcome' in steps ? this.outcome(thread, steps) : this.begin(thread, steps);
    }
    if (row.waits !== undefined) return this.begin(thread, row.waits(request));
    this.order(thread, [row.nr, ...request.r]);
  }

  private prepare(request: Request, row: Row): number {
    const steps = (this.steps[row.nr] ??= compile(row));
    return this.guarded(() => {
      for (const step of steps) {
        const refused = step(request);
        if (refused !== 0) return refused;
      }
      return 0;
    });
  }

  private guarded<T>(work: () => T): T | number {
    try {
      return work();
    } catch (error) {
      if (error instanceof ArenaFull) return -ERRNO.ENOMEM;
      throw error;
    }
  }

  /** Carries out a verdict of `syscalls:`; false when the call goes its usual way. */
  private decided(thread: ThreadState, row: Row, decision: Decision): boolean {
    const { verdict, rule } = decision;
    const name = syscallName(row.nr);
    const request = requestOf(thread);
    const whole = (): string => wholeCall(thread, row, request);
    const question = { ask: 'syscall', name } as const;
    request.watch?.asked(question, decision);
    if (refusingOf(decision) !== undefined) request.refused(question, decision);
    if (verdict.verdict === 'deny') this.finish(thread, -verdict.errno);
    else if (verdict.verdict === 'return') {
      this.o.log('info', `answered ${name} = ${verdict.value} by ${describeRule(rule)}`);
      this.finish(thread, verdict.value);
    } else if (verdict.verdict === 'native') this.letRun(thread);
    else if (verdict.verdict === 'kill') throw new KilledByPolicy(thread, `${whole()} by ${describeRule(rule)}`);
    else {
      if (verdict.alarm && verdict.instead === undefined)
        this.o.log('warn', `not allowed, but only logged: ${whole()} by ${describeRule(rule)}`);
      else if (verdict.log && verdict.instead === undefined)
        this.o.log('info', `allowed ${name} by ${describeRule(rule)}`);
      return false;
    }
    return true;
  }

  /** Its trustee sends SIGSYS, whatever the program has made of that signal: who waits for the process is told so. */
  private killByPolicy(thread: ThreadState, what: string): void {
    const { process } = thread;
    this.o.log('error', `killed by policy: ${what}`);
    process.doom = { status: STATUS.badCall, reason: what };
    this.abandon(thread);
    this.begin(thread, this.badCall(thread));
  }
  private *badCall({ process, tid, memory }: ThreadState): Work {
    memory.resetArena();
    const usual = memory.copy(new Uint8Array(SIGACTION_SIZE));
    const sys = memory.copy(new Uint8Array(BigUint64Array.of(1n << BigInt(L.SIGNAL.SYS - 1)).buffer));
    yield [
      [NUMBERS.rt_sigaction, L.SIGNAL.SYS, usual, 0, SIGSET_SIZE],
      [NUMBERS.rt_sigprocmask, SIG_UNBLOCK, sys, 0, SIGSET_SIZE],
      // To itself: it dies before it tells a result. Any other thread might take it later than what comes next.
      [NUMBERS.tgkill, process.pid, tid, L.SIGNAL.SYS],
    ];
    native.pidfdKill(process.pidfd, L.SIGNAL.KILL); // it could not
    return { outcome: 'silent' };
  }

  // ---- delegated work ----

  begin(thread: ThreadState, steps: Work): void {
    thread.steps = steps;
    this.advance(thread, steps, undefined);
  }

  private advance(thread: ThreadState, steps: Work, result: number | undefined): void {
    let next: IteratorResult<Task, number | Outcome>;
    assume(thread.credentials);
    const before = this.taken;
    this.taken = steps;
    try {
      next = result === undefined ? steps.next() : steps.next(result);
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error;
      next = { done: true, value: -ERRNO.ENOMEM };
    } finally {
      this.taken = before;
    }
    if (!next.done) return this.order(thread, next.value);
    thread.steps = null;
    this.conclude(thread, next.value);
  }

  private conclude(thread: ThreadState, ended: number | Outcome): void {
    if (typeof ended === 'number') this.finish(thread, ended);
    else this.outcome(thread, ended);
  }

  private outcome(thread: ThreadState, outcome: Outcome): void {
    switch (outcome.outcome) {
      case 'native':
        return this.letRun(thread);
      case 'silent':
        return;
      case 'birth':
        return this.births.queue(thread, outcome.birth);
      case 'execution':
        return this.executions.queue(thread, outcome.execution);
      case 'pledge':
        return this.finish(
          thread,
          promise(this, thread, (held) => pledged(held, outcome.promises, outcome.exec)),
        );
      case 'unveil':
        return this.finish(thread, unveil(this, thread, outcome.veil));
      case 'taken':
        this.observe(thread, outcome.result);
        return this.answer(thread, REPLY.taken, outcome.result);
      case 'unless':
        return this.unless(thread, outcome.result, outcome.arrived);
      case 'exit':
        return this.exit(thread, outcome.status);
      case 'respawn':
        return this.begin(thread, this.startAnew(thread, outcome.result));
    }
  }

  /** The untrustee leaves; another goes on behind the call, as the thread's id and registers are kept. */
  private *startAnew(thread: ThreadState, result: number): Work {
    yield* takeSignals(thread, requestOf(thread));
    yield* thread.process.timers.save(thread.tid, scratchOf(thread));
    this.observe(thread, result);
    requestOf(thread).end();
    this.setActions(thread);
    this.setTls(thread);
    thread.successor = { ...thread.registers, eax: result >>> 0 };
    thread.startsAnew = true;
    this.leave(thread, 0);
    return { outcome: 'silent' };
  }

  /** Ends with this result if the hook has no signal; one that it has already told of, or is about to, ends the call otherwise. */
  private unless(thread: ThreadState, result: number, arrived: (signal: Arrived) => number | Outcome): void {
    if (thread.arrived !== null) return this.conclude(thread, arrived(thread.arrived));
    this.observe(thread, result);
    thread.late = arrived;
    this.answer(thread, REPLY.unless, result);
  }

  setTls(thread: ThreadState): void {
    thread.tls.forEach((descriptor, i) => i !== 1 && thread.memory.setTls(i as 0 | 2, descriptor));
  }

  /** exit(2): of the last thread it is the process's end, whose status is the main thread's. */
  private exit(thread: ThreadState, status: number): void {
    const { process } = thread;
    if (thread.tid === process.pid) process.status = status;
    const others = process.threads.some((t) => t !== thread && !(t.phase === 'leaving' && t.successor === null));
    if (!others) return this.order(thread, [NUMBERS.exit_group, process.status ?? status]);
    this.observe(thread, null);
    requestOf(thread).end();
    this.leave(thread, status);
  }
  private leave(thread: ThreadState, status: number): void {
    thread.phase = 'leaving';
    thread.deadline = Date.now() + LEAVE;
    this.send(thread, REPLY.exit, status);
  }

  /** What the kernel does for a thread that is gone: robust futexes, the word that its joiner waits for. */
  private *farewell(thread: ThreadState): Work {
    const { process, clearTid, leaves } = thread;
    // Before anybody hears that it is gone.
    if (leaves !== null && process.regions.hit(...leaves) === undefined) yield [NUMBERS.munmap, ...leaves];
    for (const word of robustFutexes(thread)) yield [NUMBERS.futex, word, FUTEX_WAKE, 1, 0, 0, 0];
    if (clearTid !== 0 && process.regions.hit(clearTid, 4) === undefined) {
      thread.guestMemory.write(clearTid, new Uint8Array(4), 4);
      yield [NUMBERS.futex, clearTid, FUTEX_WAKE, 1, 0, 0, 0];
    }
    const last = process.threads.length === 1;
    if (last) yield [NUMBERS.exit_group, process.status ?? 0];
    this.detach(thread);
    if (thread.tid !== process.pid) retire(thread.unit); // the leader stays as long as the process
    return { outcome: 'silent' };
  }

  private wait(thread: ThreadState, wait: Wait): void {
    thread.phase = 'waiting';
    const resume = (result: number): void => {
      if (thread.steps === null) return;
      if (this.solitudes.isHeld(thread)) return this.solitudes.hold(thread, () => resume(result));
      thread.phase = 'running';
      try {
        this.advance(thread, thread.steps, result);
      } catch (error) {
        this.caught(thread.process, error);
      }
    };
    this.waits.begin(thread, wait, resume, thread.request?.cancelled);
  }

  /** The hook sets it before it looks at the next reply. */
  private setMask(thread: ThreadState, { mask, forget = false }: TemporaryMask): void {
    if (forget) {
      thread.cancellation = null;
      requestOf(thread).hearAgain();
    }
    const [low, high] = [Number(BigInt.asIntN(32, mask)), Number(BigInt.asIntN(32, mask >> 32n))];
    this.send(thread, REPLY.mask, low, high, forget ? 1 : 0);
    if (thread.steps !== null) this.advance(thread, thread.steps, 0);
  }

  /** Gives the trustee what a generator yields, unless that is a wait or a mask. */
  private order(thread: ThreadState, task: Task): void {
    if ('mask' in task) return this.setMask(thread, task);
    if (!isOrders(task) && typeof task !== 'function') return this.wait(thread, task);
    thread.phase = 'delegating';
    if (typeof task === 'function') return task();
    thread.request?.watch?.ordered();
    const all = isOrder(task) ? [task] : task;
    if (this.o.protocol) for (const one of all) this.o.log('debug', orderLine(thread, one));
    if (!isOrder(task)) return thread.memory.orderAll(task);
    const [nr, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = task;
    thread.memory.order(nr, a, b, c, d, e, f);
  }

  /** Hints may be forged, stolen or late: each only says that it is worth looking. */
  private results(): void {
    let hints = 0;
    // A thread that writes hints without end must not keep the loop here.
    for (; hints < HINTS_AT_ONCE && native.read(this.o.launcher.hint, this.message, HINT_SIZE) > 0; hints++) {
      const thread = this.sandbox.units.at(this.message[0])?.thread ?? null;
      if (thread !== null) this.result(thread);
    }
    // The pipe was full, perhaps: a trustee's hint may be lost.
    if (hints > FEW_HINTS) for (const thread of [...this.threads()]) this.result(thread);
  }

  /** Goes on if the result of what a thread's trustee was ordered is there. */
  result(thread: ThreadState): void {
    if (thread.phase !== 'delegating' || (thread.lost === 0 && this.solitudes.isHeld(thread))) return;
    const result = thread.memory.result();
    if (result === undefined) return;
    thread.phase = 'running';
    if (thread.lost !== 0 && !thread.probed) return this.probe(thread); // it may be from before the end
    if (thread.lost !== 0)
      return this.fail(thread.process, explainDeath(thread.process, thread, thread.lost), STATUS.killed);
    if (this.o.protocol)
      this.o.log('debug', `result of thread ${thread.tid}: ${result} (0x${(result >>> 0).toString(16)})`);
    try {
      if (thread.steps !== null) this.advance(thread, thread.steps, result);
      else if (thread.row?.by === 'delegated' && thread.row.done !== undefined) {
        assume(thread.credentials);
        this.finish(thread, thread.row.done(requestOf(thread), result));
      } else this.finish(thread, result);
    } catch (error) {
      this.caught(thread.process, error);
    }
  }

  /** The clone of an untrustee from its slot; the start state is in the slot already. */
  *spawn(thread: ThreadState): Generator<Order, Outcome, number> {
    thread.spawning = true;
    const tid = yield [NUMBERS.clone, L.CLONE_THREAD_FLAGS, thread.memory.frameAddress('untrusteeStart'), 0, 0, 0];
    if (tid <= 0) {
      this.fail(thread.process, `the untrustee could not be started: ${errnoName(-tid)}`);
      return { outcome: 'silent' };
    }
    if (thread.startsAnew) yield* this.handOn(thread, tid);
    this.adopt(thread, tid);
    return { outcome: 'silent' };
  }

  /** To the next untrustee of a thread. */
  private *handOn(thread: ThreadState, tid: number): Generator<Order, void, number> {
    yield* thread.process.timers.restore(thread.tid, tid, scratchOf(thread));
    thread.startsAnew = false; // who signals it from now on signals this one
    thread.hostTid = tid;
    yield* sendSignals(thread, tid);
  }

  /** A new untrustee runs: watch it. */
  adopt(thread: ThreadState, tid: number): void {
    thread.hostTid = tid;
    thread.spawning = false;
    thread.phase = 'running';
    thread.pidfd = native.pidfdOpen(tid, 1);
    if (thread.pidfd >= 0) native.epollAdd(this.epoll, thread.pidfd, tag(TAG.thread, thread.unit.id));
    else if (thread.pidfd === -ERRNO.ESRCH) this.threadGone(thread);
  }

  /** The trustee of a new image's main thread begins: its own order 0 is at work. */
  startMain(thread: ThreadState): void {
    const { successor } = thread;
    if (successor === null) throw new Error('a main thread without a start');
    thread.successor = null;
    this.starts.arm(thread.process, successor.eip);
    thread.memory.setStart(successor, thread.mask);
    thread.steps = this.firstSteps(thread);
    thread.phase = 'delegating';
    this.result(thread);
  }
  /** The loader is gone now: its stack is the program's. */
  private *firstSteps(thread: ThreadState): Generator<Order, Outcome, number> {
    const { firstStack, process } = thread;
    thread.firstStack = null;
    if (firstStack !== null) {
      const { address, bytes } = firstStack;
      if (process.memory.write(address, bytes, bytes.length) < 0) {
        this.fail(process, 'the first stack cannot be written');
        return { outcome: 'silent' };
      }
    }
    return yield* this.spawn(thread);
  }

  // ---- faults ----

  /** A signal came while the hook waits for a reply; `thread.sequence` is no other's, so a late or forged one has no effect. */
  private signalCame(thread: ThreadState, message: Uint32Array): void {
    const [, sequence, signal] = message;
    const info = new Uint8Array(message.slice(CANCEL_FIELDS.length, CANCEL_SIZE / 4).buffer);
    thread.cancellation = { sequence, signal, info };
    if (this.o.protocol) this.o.log('debug', `signal ${signal} in thread ${thread.tid}, request ${sequence}`);
    if (!thread.interrupted) return;
    const { late } = thread;
    thread.late = null;
    if (late === null) this.cancel(thread);
    else this.conclude(thread, late(thread.cancellation));
  }

  /** The memory of a process that ends or executes may be gone before its threads are: then no trustee answers. */
  private *accuse({ process }: ThreadState, reason: string): Work {
    yield [NUMBERS.getpid];
    this.fail(process, reason, STATUS.killed);
    return { outcome: 'silent' };
  }

  /** A question of the hook's handler: eax is the signal, ebx its context's address. */
  private signalled(thread: ThreadState, kind: number): void {
    const signal = this.message[REQ.eax];
    const { process, guestMemory } = thread;
    const { signals, space } = process;
    const context = readContext(guestMemory, this.message[REQ.ebx]);
    if (context === undefined || signal < 1 || signal > SIGNAL_MAX)
      return this.begin(thread, this.accuse(thread, 'a signal without a context: forged'));
    thread.lastEip = context.eip;
    if (kind === KIND.trap) return this.answer(thread, REPLY.value, space.trapSites.has(context.eip) ? HANDLED : 0);
    if (kind === KIND.fault) return this.answer(thread, REPLY.value, this.settled(thread, context) ? HANDLED : 0);
    if (kind === KIND.act) return this.act(thread, signal, context);
    if (kind !== KIND.reset) return this.fail(process, `a request of unknown kind ${kind}: forged`, STATUS.killed);
    signals.set(signal, { ...signals.of(signal), handler: 0 });
    this.answer(thread, REPLY.value, 0);
  }

  /** A fault that our own work raises. */
  private settled(thread: ThreadState, context: FaultContext): boolean {
    return this.starts.reached(thread, context) || handleTrap(thread.guestMemory, context);
  }

  /** What the kernel does by default with a signal that came to the hook: it comes once more, as the kernel's. */
  private act(thread: ThreadState, signal: number, { eip, cr2 }: FaultContext): void {
    const { pid } = thread.process;
    if (signal === L.SIGNAL.SEGV || signal === L.SIGNAL.ILL)
      this.o.log(
        'warn',
        `${signalName(signal)} in thread ${thread.tid} at ${placeOf(eip, mappingsOf(pid))}, address 0x${cr2.toString(16)}`,
      );
    const request = requestOf(thread);
    request.begin(0, new Uint32Array(6));
    this.begin(
      thread,
      (function* (): Work {
        yield [NUMBERS.rt_sigaction, signal, request.arena(new Uint8Array(20)), 0, 8];
        yield [NUMBERS.tgkill, pid, thread.hostTid, signal];
        return 0;
      })(),
    );
  }

  // ---- answers ----

  finish(thread: ThreadState, result: number): void {
    if (thread.phase === 'gone') return; // its process ended meanwhile
    this.observe(thread, result);
    const again = result === -ERRNO.EINTR && this.restarts(thread);
    thread.row = null;
    this.answer(thread, again ? REPLY.restart : REPLY.value, result);
  }

  /** A handler with SA_RESTART ran into a call that is made again then, or nothing happens at the signal. */
  private restarts(thread: ThreadState): boolean {
    const { nr, r } = requestOf(thread);
    const { arrived } = thread;
    if (arrived === null) return false;
    const action = thread.process.signals.of(arrived.signal);
    return isNothing(arrived.signal, action) || ((action.flags & SA_RESTART) !== 0 && restarts(nr, r));
  }

  /** The untrustee makes the call itself, and tells the result where somebody wants to know it. */
  private letRun(thread: ThreadState): void {
    const silent = isFrameCall(requestOf(thread).nr); // it does not come back to tell
    if (silent) this.observe(thread, null);
    if (silent || this.o.observer === null) return this.answer(thread, REPLY.native, 0);
    requestOf(thread).watch?.letRun();
    thread.phase = 'reporting';
    this.send(thread, REPLY.report, 0);
  }

  private observe(thread: ThreadState, result: number | null): void {
    const event = thread.request?.watch?.end(result);
    if (event !== undefined) this.o.observer?.call(event);
  }

  /** The program goes on while the helper tidies up: its next request is not looked at before that is done. */
  private answer(thread: ThreadState, command: number, a: number): void {
    thread.phase = 'running';
    this.send(thread, command, a);
    requestOf(thread).end();
  }

  private send(thread: ThreadState, command: number, a: number, b = 0, c = 0): void {
    if (this.o.protocol) this.o.log('debug', replyLine(thread, command, a));
    this.reply[0] = command;
    this.reply[1] = a;
    this.reply[2] = b;
    this.reply[3] = c;
    const n = native.send(thread.socket, this.reply, REPLY_SIZE, L.MSG_DONTWAIT);
    if (n !== REPLY_SIZE && n !== -ERRNO.EPIPE && n !== -ERRNO.ECONNRESET)
      this.fail(thread.process, `the hook takes no reply: ${errnoName(-n)}`, STATUS.killed);
  }
}
