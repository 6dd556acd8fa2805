/**
 * The referee: one loop that takes requests, results and deaths as they come, judges and answers. It never waits for
 * one thread while another could go on: what is at work is kept in the thread's state.
 */
import { ERRNO, errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { NUMBERS, syscallName } from '../abi/numbers.js';
import { HookSilent, NO_MEMORY } from '../memory/guest.js';
import { mappingsOf, placeOf } from '../memory/maps.js';
import { native } from '../native/index.js';
import type { ByteString } from '../abi/bytes.js';
import type { Decision, Question } from '../questions.js';
import { hex, type Order, type Outcome, type Row } from '../syscalls/dsl.js';
import { demultiplex } from '../syscalls/multiplexed.js';
import { rowOf } from '../syscalls/table.js';
import { KIND, REPLY, REPLY_SIZE, REQ, REQUEST_ESP_BIAS, REQUEST_SIZE } from '../wire/layout.js';
import { explainDeath, livesOn } from './death.js';
import { describeRule } from './describe.js';
import { handleTrap, readFrame, type TrapFrame } from './faults.js';
import { compile, type Step } from './marshal.js';
import type { PathResolver } from './paths.js';
import type { ProcessState, ThreadState } from './process.js';
import { ArenaFull, KilledByPolicy, Request } from './request.js';
import { orderLine, replyLine, requestLine } from './trace.js';
import { ObserverFailed, type Observer } from './watch.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** A message that is made often and shown seldom is a function, called when it is shown. */
export type Logger = (level: LogLevel, message: string | (() => string)) => void;

/** The policy as the referee uses it. */
export interface Judge {
  decide(question: Question): Decision;
  mayRelabel(from: ByteString, to: ByteString, directory: boolean): Decision;
  /** Verdicts of `syscalls:` by call name. */
  syscallVerdicts(): ReadonlyMap<string, Decision>;
}

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
}

export interface RefereeOptions {
  readonly judge: Judge;
  readonly resolver: PathResolver;
  readonly patcher: Patcher;
  readonly log: Logger;
  /** Told of every call. */
  readonly observer: Observer | null;
  /** The protocol is logged at debug level: requests, orders, results, replies. */
  readonly protocol: boolean;
  /** Becomes readable when the loop has to stop. */
  readonly stop: number;
}

/** How it ended: the status that the helper exits with, and why if that was our doing. */
export interface Ending {
  readonly status: number;
  readonly reason?: string;
}

const TAG = { socket: 0, hint: 1, process: 2, thread: 3, stop: 4 } as const;
const tag = (kind: number, index: number): number => ((kind << 24) | index) >>> 0;

const STATUS = { ours: 125, killed: 137, badCall: 159 } as const;
/** Milliseconds between looks at threads that have no pidfd, and for a leaving thread to be gone. */
const LOOK = 200;
const LEAVE = 1000;
const CALL_SITE_LENGTH = 2;
const HINTS_AT_ONCE = 64;
/** Bytes of hints that are read together; fewer were all there are. */
const HINTS = 64;
const POLLHUP = 0x10;

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
  private readonly verdicts: (Decision | undefined)[] = [];
  private readonly requests: Request[] = [];
  private readonly unknown = new Set<number>();
  private ending: Ending | null = null;
  /** Set when we end the process ourselves, so that its death is not taken for the program's. */
  private doom: Ending | null = null;

  constructor(
    private readonly process: ProcessState,
    private readonly o: RefereeOptions,
  ) {
    this.epoll = native.epollCreate();
    native.epollAdd(this.epoll, o.stop, tag(TAG.stop, 0));
    native.epollAdd(this.epoll, process.hint, tag(TAG.hint, 0));
    native.epollAdd(this.epoll, process.pidfd, tag(TAG.process, 0));
    for (const thread of process.threads) {
      native.epollAdd(this.epoll, thread.socket, tag(TAG.socket, thread.slot));
      this.requests[thread.slot] = new Request(
        process,
        thread,
        o.judge,
        o.resolver,
        o.patcher,
        o.log,
        o.observer !== null,
      );
    }
    for (const [name, decision] of o.judge.syscallVerdicts()) {
      const row = rowOf(name);
      if (row !== undefined) this.verdicts[row.nr] = decision;
    }
  }

  /** Until the process is gone. */
  run(): Ending {
    while (this.ending === null) {
      const n = native.step(this.epoll, this.patience(), this.event);
      if (n < 0) this.fail(`epoll_wait: ${errnoName(-n)}`);
      if (n > 0) this.handle(this.event[0] >>> 24, this.event[0] & 0xffffff);
      if (this.patience() >= 0) this.look(); // however busy the others keep the loop
    }
    native.close(this.epoll);
    return this.ending;
  }

  /** Ends the process by our decision, with a reason for the log. */
  fail(reason: string, status: number = STATUS.ours): void {
    if (this.doom !== null) return;
    this.doom = { status, reason };
    this.o.log('error', reason);
    native.pidfdKill(this.process.pidfd, L.SIGNAL.KILL);
  }

  // ---- events ----

  private handle(kind: number, index: number): void {
    const thread = this.process.threads[index];
    try {
      if (kind === TAG.socket) this.receive(thread);
      else if (kind === TAG.hint) this.results();
      else if (kind === TAG.thread) this.threadGone(thread);
      else if (kind === TAG.process) this.processGone();
      else this.stop();
    } catch (error) {
      if (error instanceof KilledByPolicy) this.killByPolicy(error.message);
      else if (error instanceof HookSilent) this.fail(error.message, STATUS.killed);
      else if (error instanceof ObserverFailed) this.fail(error.message);
      else
        this.fail(`defect of the sandbox: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  private stop(): void {
    native.epollRemove(this.epoll, this.o.stop);
    this.fail('the sandbox was told to stop', STATUS.killed);
  }

  private patience(): number {
    let patience = -1;
    for (const thread of this.process.threads) {
      if (thread.phase === 'leaving') return thread.pidfd < 0 ? 1 : LOOK;
      if (thread.lost !== 0 || (thread.pidfd < 0 && thread.phase !== 'gone')) patience = LOOK;
    }
    return patience;
  }

  /** Threads without a pidfd are looked for in /proc; leaving ones must be in time. */
  private look(): void {
    for (const thread of this.process.threads) {
      if (thread.lost !== 0 && Date.now() > thread.deadline && livesOn(this.process.pid))
        this.fail(explainDeath(this.process, thread, thread.lost), STATUS.killed);
      if (thread.phase === 'gone' || thread.hostTid === 0) continue;
      if (
        thread.pidfd < 0 &&
        native.faccessat(L.AT_FDCWD, `/proc/${this.process.pid}/task/${thread.hostTid}`, 0, 0) < 0
      )
        this.threadGone(thread);
      else if (thread.phase === 'leaving' && Date.now() > thread.deadline)
        this.fail(`thread ${thread.tid} did not leave within ${LEAVE} ms`, STATUS.killed);
    }
  }

  private processGone(): void {
    const ended = native.waitChild(this.process.pid, this.status);
    if (ended === 0) return;
    const code = this.status[0];
    this.ending = this.doom ?? { status: code >= 0 ? code : 128 - code };
    this.process.memory = NO_MEMORY;
    for (const { slot } of this.process.threads) this.observe(slot, null);
  }

  private threadGone(thread: ThreadState): void {
    if (thread.pidfd >= 0) {
      native.epollRemove(this.epoll, thread.pidfd);
      native.close(thread.pidfd);
      thread.pidfd = -1;
    }
    const tid = thread.hostTid;
    thread.hostTid = 0;
    if (thread.phase === 'leaving' && thread.successor !== null) {
      const start = thread.successor;
      thread.successor = null;
      thread.memory.setStart(start, 0n);
      this.begin(thread, this.spawn(thread));
      return;
    }
    // A dying process takes its threads along. If the trustee still answers, the process lives and only the thread died.
    thread.lost = tid;
    thread.deadline = Date.now() + LOOK; // a call at work, which the trustee would have to end first, may never end
    if (thread.phase !== 'delegating') this.order(thread, NUMBERS.getpid, 0, 0, 0, 0, 0, 0);
  }

  // ---- requests ----

  private receive(thread: ThreadState): void {
    if (thread.spawning) this.results(); // a new thread may speak before its clone's result was looked at
    if (thread.spawning) return;
    const n = native.receive(thread.socket, this.message, this.message.byteLength, L.MSG_DONTWAIT);
    if (n === -ERRNO.EAGAIN) return;
    const ended = n === 0 && (native.poll(thread.socket, 0, 0) & POLLHUP) !== 0; // otherwise it was an empty message
    if (ended || n === -ERRNO.ECONNRESET) {
      native.epollRemove(this.epoll, thread.socket); // all ends are closed: the process is ending
      return;
    }
    if (n !== REQUEST_SIZE)
      return this.fail(`a message of ${n} bytes where a request has ${REQUEST_SIZE}: forged`, STATUS.killed);
    const kind = this.message[REQ.kind];
    if (this.o.protocol) this.o.log('debug', requestLine(thread, this.message));
    if (kind === KIND.result && thread.phase === 'reporting') return this.finish(thread, this.message[REQ.eax] | 0);
    if (thread.phase !== 'running') return this.fail('a request came while another was at work: forged', STATUS.killed);
    thread.lastEip = this.message[REQ.eip];
    this.requests[thread.slot].watch?.start();
    if (kind === KIND.call) return this.call(thread);
    if (kind === KIND.result) return this.fail('a result that nobody asked for: forged', STATUS.killed);
    const frame = readFrame(this.process.memory, this.message[REQ.esp] + REQUEST_ESP_BIAS);
    if (frame === undefined) return this.fail('a trap without a signal frame: forged', STATUS.killed);
    thread.lastEip = frame.eip;
    if (kind === KIND.trap && this.process.trapSites.has(frame.eip)) {
      // what lies behind the call is where the trap came from, not in its handler
      this.message[REQ.eip] = frame.eip + CALL_SITE_LENGTH;
      this.message[REQ.esp] = frame.esp - REQUEST_ESP_BIAS;
      this.message[REQ.eflags] = frame.eflags;
      this.message[REQ.gs] = frame.gs;
      return this.call(thread);
    }
    if (kind === KIND.fault && handleTrap(this.process.memory, frame)) return this.answer(thread, REPLY.value, 0);
    this.fault(thread, frame);
  }

  private call(thread: ThreadState): void {
    const request = this.requests[thread.slot];
    const nr = this.message[REQ.eax];
    request.begin(nr, this.arguments);
    this.remember(thread);
    const carried = demultiplex(request);
    if (typeof carried === 'number') return this.refuse(thread, nr, carried, 'it carries no call');
    if (carried !== undefined) request.begin(NUMBERS[carried.row], carried.registers, carried.name);
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
  }

  /** A call without a row. */
  private refuse(thread: ThreadState, nr: number, result: number, why: string): void {
    const request = this.requests[thread.slot];
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
    const decision = this.verdicts[row.nr];
    if (decision !== undefined && this.decided(thread, row, decision)) return;
    if (row.by === 'native') return this.letRun(thread);
    if (row.by === 'denied') {
      this.o.log('warn', `denied ${syscallName(row.nr)} = ${row.errno}: ${row.why}`);
      return this.finish(thread, -ERRNO[row.errno as keyof typeof ERRNO]);
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
      return typeof steps === 'number' ? this.finish(thread, steps) : this.begin(thread, steps);
    }
    const r = request.r;
    this.order(thread, row.nr, r[0], r[1], r[2], r[3], r[4], r[5]);
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
  private decided(thread: ThreadState, row: Row, { verdict, rule }: Decision): boolean {
    const by = describeRule(rule);
    const name = syscallName(row.nr);
    this.requests[thread.slot].watch?.asked({ ask: 'syscall', name }, { verdict, rule });
    if (verdict.verdict === 'deny') {
      this.o.log('warn', `denied ${name} = ${errnoName(verdict.errno)} by ${by}`);
      this.finish(thread, -verdict.errno);
    } else if (verdict.verdict === 'return') {
      this.o.log('info', `answered ${name} = ${verdict.value} by ${by}`);
      this.finish(thread, verdict.value);
    } else if (verdict.verdict === 'native') this.letRun(thread);
    else if (verdict.verdict === 'kill') throw new KilledByPolicy(`${name}: ${by}`);
    else {
      if (verdict.log) this.o.log('info', `allowed ${name} by ${by}`);
      return false;
    }
    return true;
  }

  private killByPolicy(what: string): void {
    this.o.log('error', `killed by policy: ${what}`);
    this.doom = { status: STATUS.badCall, reason: what };
    native.pidfdKill(this.process.pidfd, L.SIGNAL.KILL);
  }

  // ---- delegated work ----

  private begin(thread: ThreadState, steps: Generator<Order, number | Outcome, number>): void {
    thread.steps = steps;
    this.advance(thread, steps, undefined);
  }

  private advance(
    thread: ThreadState,
    steps: Generator<Order, number | Outcome, number>,
    result: number | undefined,
  ): void {
    let next: IteratorResult<Order, number | Outcome>;
    try {
      next = result === undefined ? steps.next() : steps.next(result);
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error;
      next = { done: true, value: -ERRNO.ENOMEM };
    }
    if (!next.done) {
      const [nr, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = next.value;
      return this.order(thread, nr, a, b, c, d, e, f);
    }
    thread.steps = null;
    if (typeof next.value === 'number') return this.finish(thread, next.value);
    this.outcome(thread, next.value);
  }

  private outcome(thread: ThreadState, outcome: Outcome): void {
    if (outcome.outcome === 'native') return this.letRun(thread);
    if (outcome.outcome === 'silent') return;
    this.observe(thread.slot, outcome.outcome === 'respawn' ? outcome.result : null);
    this.requests[thread.slot].end();
    if (outcome.outcome === 'exit') {
      thread.phase = 'leaving';
      thread.deadline = Date.now() + LEAVE;
      return this.send(thread, REPLY.exit, outcome.status);
    }
    thread.tls.forEach((descriptor, i) => i !== 1 && thread.memory.setTls(i as 0 | 2, descriptor));
    thread.successor = { ...thread.registers, eax: outcome.result >>> 0 };
    thread.phase = 'leaving';
    thread.deadline = Date.now() + LEAVE;
    this.send(thread, REPLY.exit, 0);
  }

  private order(
    thread: ThreadState,
    nr: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): void {
    if (this.o.protocol) this.o.log('debug', orderLine(thread, [nr, a, b, c, d, e, f]));
    this.requests[thread.slot].watch?.ordered();
    thread.phase = 'delegating';
    thread.memory.order(nr, a, b, c, d, e, f);
  }

  /** Hints may be forged, stolen or late: each only says that it is worth looking. */
  private results(): void {
    // A thread that writes hints without end must not keep the loop here.
    for (let i = 0; i < HINTS_AT_ONCE && native.read(this.process.hint, this.message, HINTS) === HINTS; i++);
    for (const thread of this.process.threads) {
      if (thread.phase !== 'delegating') continue;
      const result = thread.memory.result();
      if (result === undefined) continue;
      thread.phase = 'running';
      if (thread.lost !== 0) return this.fail(explainDeath(this.process, thread, thread.lost), STATUS.killed);
      if (this.o.protocol)
        this.o.log('debug', `result of thread ${thread.tid}: ${result} (0x${(result >>> 0).toString(16)})`);
      if (thread.steps !== null) this.advance(thread, thread.steps, result);
      else if (thread.row?.by === 'delegated' && thread.row.done !== undefined)
        this.finish(thread, thread.row.done(this.requests[thread.slot], result));
      else this.finish(thread, result);
    }
  }

  /** The clone of an untrustee from its slot; the start state is in the slot already. */
  *spawn(thread: ThreadState): Generator<Order, Outcome, number> {
    const CLONE = 120;
    thread.spawning = true;
    const tid = yield [CLONE, L.CLONE_THREAD_FLAGS, thread.memory.frameAddress('untrusteeStart'), 0, 0, 0];
    if (tid <= 0) {
      this.fail(`the untrustee could not be started: ${errnoName(-tid)}`);
      return { outcome: 'silent' };
    }
    this.adopt(thread, tid);
    return { outcome: 'silent' };
  }

  /** A new untrustee runs: watch it. */
  adopt(thread: ThreadState, tid: number): void {
    thread.hostTid = tid;
    thread.spawning = false;
    thread.phase = 'running';
    thread.pidfd = native.pidfdOpen(tid, 1);
    if (thread.pidfd >= 0) native.epollAdd(this.epoll, thread.pidfd, tag(TAG.thread, thread.slot));
    else if (thread.pidfd === -ERRNO.ESRCH) this.threadGone(thread);
  }

  /** Starts the first untrustee. */
  start(thread: ThreadState): void {
    this.begin(thread, this.spawn(thread));
  }

  // ---- faults ----

  /** A fault that is not ours ends the process as it would end natively: by the signal's default action. */
  private fault(thread: ThreadState, frame: TrapFrame): void {
    const maps = mappingsOf(this.process.pid);
    const name = frame.signal === L.SIGNAL.SEGV ? 'SIGSEGV' : 'SIGILL';
    this.o.log(
      'warn',
      `${name} in thread ${thread.tid} at ${placeOf(frame.eip, maps)}, address 0x${frame.cr2.toString(16)}`,
    );
    const request = this.requests[thread.slot];
    request.begin(0, new Uint32Array(6));
    const process = this.process;
    this.begin(
      thread,
      (function* (): Generator<Order, Outcome, number> {
        const DEFAULT = new Uint8Array(20);
        yield [174, frame.signal, request.arena(DEFAULT), 0, 8];
        yield [37, process.pid, frame.signal];
        return { outcome: 'silent' };
      })(),
    );
  }

  // ---- answers ----

  private finish(thread: ThreadState, result: number): void {
    this.observe(thread.slot, result);
    thread.row = null;
    this.answer(thread, REPLY.value, result);
  }

  /** The untrustee makes the call itself, and tells the result where somebody wants to know it. */
  private letRun(thread: ThreadState): void {
    if (this.o.observer === null) return this.answer(thread, REPLY.native, 0);
    this.requests[thread.slot].watch?.letRun();
    thread.phase = 'reporting';
    this.send(thread, REPLY.report, 0);
  }

  private observe(slot: number, result: number | null): void {
    const event = this.requests[slot].watch?.end(result);
    if (event !== undefined) this.o.observer?.call(event);
  }

  /** The program goes on while the helper tidies up: its next request is not looked at before that is done. */
  private answer(thread: ThreadState, command: number, a: number): void {
    thread.phase = 'running';
    this.send(thread, command, a);
    this.requests[thread.slot].end();
  }

  private send(thread: ThreadState, command: number, a: number): void {
    if (this.o.protocol) this.o.log('debug', replyLine(thread, command, a));
    this.reply[0] = command;
    this.reply[1] = a;
    const n = native.send(thread.socket, this.reply, REPLY_SIZE, L.MSG_DONTWAIT);
    if (n !== REPLY_SIZE && n !== -ERRNO.EPIPE && n !== -ERRNO.ECONNRESET)
      this.fail(`the hook takes no reply: ${errnoName(-n)}`, STATUS.killed);
  }
}
