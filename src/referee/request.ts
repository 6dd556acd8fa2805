/** The request at hand: what rows see of a call (src/syscalls/dsl.ts, Call). One per thread, reused, so that the common path makes no garbage. */
import type { ByteString } from '../abi/bytes.js';
import type { Struct, Values } from '../abi/ctype.js';
import { ERRNO } from '../abi/errno.js';
import { RESOLVE } from '../abi/flags.js';
import * as L from '../abi/linux.js';
import { syscallName } from '../abi/numbers.js';
import type { GuestMemory } from '../memory/guest.js';
import { asHelper } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { Decision, Judge, Question, RelabelQuestion } from '../questions.js';
import type { Call, Order, Resolved, ResolveOptions } from '../syscalls/dsl.js';
import { membersOf } from '../syscalls/members.js';
import { rowOf } from '../syscalls/table.js';
import { withoutHidden } from './listing.js';
import { describeQuestion, describeRule } from './describe.js';
import type { Logger, Patcher } from './referee.js';
import { Visit, type PathResolver } from './paths.js';
import type { ProcessState, ThreadState } from './process.js';
import type { RefusalSink } from './refusal.js';
import type { Targets } from './targets.js';
import { Watch } from './watch.js';

/** The policy ends the program: SIGSYS. */
export class KilledByPolicy extends Error {
  constructor(
    readonly thread: ThreadState,
    what: string,
  ) {
    super(what);
  }
}

const EMPTY = new Uint8Array(0);
const MAX_READ = 0x100000;
const PATH_MAX = 4096;

export class Request implements Call {
  nr = 0;
  readonly r = new Uint32Array(6);
  eip = 0;
  carried: string | undefined;
  readonly paths: (Resolved | undefined)[] = [];
  /** Looks on while somebody wants to know of every call. */
  readonly watch: Watch | null;
  private readonly visit: Visit;
  /** The registers as they came: those of `r` are changed to what is ordered. */
  private readonly given = new Uint32Array(6);
  private most = 6;
  private readonly copies: Uint8Array[] = [];
  private readonly pins: number[] = [];
  private opened = false;
  private cancels = 0;

  constructor(
    readonly process: ProcessState,
    readonly thread: ThreadState,
    private readonly shared: PathResolver,
    private readonly patcher: Patcher,
    private readonly logger: Logger,
    observed: boolean,
    private readonly refusals: RefusalSink = () => undefined,
  ) {
    this.visit = new Visit(thread);
    this.watch = observed ? this.newWatch() : null;
  }

  /** The one resolver, for this call: others are at work meanwhile. */
  private get resolver(): PathResolver {
    this.shared.enter(this.visit);
    return this.shared;
  }
  private get judge(): Judge {
    return this.process.space.authority.judge;
  }
  get memory(): GuestMemory {
    return this.thread.guestMemory;
  }
  get reserved(): { from: number; to: number } {
    return this.process.reserved;
  }

  /** `most`: how many arguments it has when it was carried by another. */
  begin(nr: number, registers: Uint32Array, carried?: string, most = 6): void {
    this.nr = nr;
    this.carried = carried;
    this.most = most;
    this.r.set(registers);
    this.given.set(registers);
    this.cancels = this.thread.memory.cancels;
    this.thread.memory.resetArena();
  }

  get cancelWord(): { address: number; value: number } {
    return { address: this.thread.memory.cancelAddress, value: this.cancels };
  }
  /** What came is dealt with: the next signal cancels again. */
  hearAgain(): void {
    this.cancels = this.thread.memory.cancels;
  }
  get cancelled(): boolean {
    return this.thread.memory.cancels !== this.cancels;
  }

  /** Gives back what the call held in the helper. */
  end(): void {
    if (!this.opened) return;
    this.paths.length = 0;
    this.copies.length = 0;
    for (const fd of this.pins) native.release(fd);
    this.pins.length = 0;
    this.resolver.release();
    this.opened = false;
  }

  // ---- the program's memory ----

  path(i: number): Resolved {
    const resolved = this.paths[i];
    if (resolved === undefined) throw new Error(`argument ${i} of ${syscallName(this.nr)} is no resolved path`);
    return resolved;
  }
  bytes(i: number): Uint8Array {
    return this.copies[i] ?? EMPTY;
  }
  put(address: number, bytes: Uint8Array): number {
    if (this.checkRange(address, bytes.length) !== 0) return -ERRNO.EFAULT;
    return this.memory.write(address, bytes, bytes.length) === bytes.length ? 0 : -ERRNO.EFAULT;
  }
  putStruct(address: number, struct: Struct, values: Values): number {
    return this.put(address, struct.encode(values));
  }
  get(address: number, size: number): Uint8Array | number {
    if (size > MAX_READ) return -ERRNO.EINVAL;
    const bytes = new Uint8Array(size);
    if (this.memory.read(address, bytes, size) !== size) return -ERRNO.EFAULT;
    this.watch?.saw(address, bytes);
    return bytes;
  }
  getString(address: number, max: number): ByteString | number {
    const text = this.memory.readString(address, max);
    if (typeof text === 'string') this.watch?.sawString(address, text);
    return text;
  }
  arena(bytes: Uint8Array): number {
    const at = this.thread.memory.copy(bytes);
    if (at === 0) throw new ArenaFull();
    return at;
  }
  forgetArena(): void {
    this.thread.memory.resetArena();
  }
  /** Puts bytes into the arena for argument i, which then points there. */
  keep(i: number, bytes: Uint8Array): number {
    const at = this.thread.memory.copy(bytes);
    if (at === 0) return -ERRNO.ENOMEM;
    this.r[i] = at;
    this.copies[i] = this.thread.memory.view(at, bytes.length);
    this.opened = true;
    return 0;
  }
  /** Reads argument i's memory once into the arena. */
  copy(i: number, size: number): number {
    const bytes = this.get(this.r[i], size);
    return typeof bytes === 'number' ? bytes : this.keep(i, bytes);
  }

  // ---- descriptors and paths ----

  checkFd(fd: number): number {
    return fd >= this.reserved.from && fd < this.reserved.to ? -ERRNO.EBADF : 0;
  }
  checkRange(address: number, length: number): number {
    const hit = this.process.regions.hit(address, length);
    if (hit === undefined) return 0;
    this.log(
      'warn',
      `${syscallName(this.nr)} touches ${hit.what} (0x${address.toString(16)}, ${length} bytes): refused`,
    );
    return -ERRNO.EFAULT;
  }
  pin(fd: number): number {
    if (fd < 0 || this.checkFd(fd) !== 0) return -ERRNO.EBADF;
    const pinned = native.pidfdGetfd(this.process.pidfd, fd);
    return pinned < 0 ? pinned : this.closeLater(pinned);
  }
  get targets(): Targets {
    return this.process.targets;
  }
  pinTarget(target: number): number {
    const pinned = native.pidfdGetfd(this.process.pidfd, target);
    return pinned < 0 ? pinned : this.closeLater(pinned);
  }
  /** Where the kernel cannot tell (no kcmp), it is taken for the same: the number is the program's own all the same. */
  isStill(fd: number, pin: number): boolean {
    const compared = native.compareFile(this.process.pid, fd, pin);
    return compared <= 0 && compared !== -ERRNO.EBADF;
  }
  private closeLater(fd: number): number {
    this.pins.push(fd);
    this.opened = true;
    return fd;
  }
  /** The helper's O_PATH descriptor of the program's working directory. */
  private workingDirectory(): number {
    const fd = native.openat(L.AT_FDCWD, `/proc/${this.process.pid}/cwd`, L.O_PATH, 0);
    return fd < 0 ? fd : this.closeLater(fd);
  }
  cwd(): ByteString | number {
    const fd = this.workingDirectory();
    const guest = fd < 0 ? fd : this.guestPath(fd);
    return typeof guest === 'number' ? guest : this.resolver.told(guest);
  }
  guestPath(fd: number): ByteString | number {
    return this.resolver.guestPath(fd);
  }
  ownsGroup(group: number): boolean {
    return membersOf(this).ownsGroup(group);
  }
  resolve(dir: number, path: ByteString, options: ResolveOptions): Resolved | number {
    this.opened = true;
    let start = -1;
    if (!path.startsWith('/') || ((options.resolve ?? 0) & RESOLVE.values.RESOLVE_IN_ROOT) !== 0) {
      start = dir === L.AT_FDCWD ? this.workingDirectory() : this.pin(dir);
      if (start < 0) return start;
    }
    const resolved = this.resolver.resolve(start, path, options);
    if (typeof resolved !== 'number' || path === '' || path.length >= PATH_MAX) return resolved;
    // What is not there must not be told from what may not be seen.
    return this.ask({ ask: 'path', access: 'stat', path: this.visit.missed }) || resolved;
  }

  hostPart(where: Resolved): number | undefined {
    return this.resolver.hostPart(where);
  }
  furtherEntries(fd: number, pin: number, room: number): Uint8Array | number {
    return this.process.listings.further(fd, pin, room, this.resolver);
  }
  /** The kernel told entries: reserved descriptors among them are taken out again. */
  ownEntries(fd: number, pin: number, entries: Uint8Array): Uint8Array {
    this.process.listings.restart(fd);
    return withoutHidden(pin, entries, this.process.sandbox);
  }

  // ---- policy, patcher, log ----

  ask(asked: Question): number {
    const question = this.ownProc(asked);
    const refused = this.settle(question, this.judge.decide(question, syscallName(this.nr)));
    return refused === 0 && question.ask === 'path' ? this.askAscended() : refused;
  }
  /** What a decision comes to: 0 or a negative errno. @throws KilledByPolicy */
  private settle(question: Question | RelabelQuestion, decision: Decision): number {
    const { verdict, rule } = decision;
    this.watch?.asked(question, decision);
    if (verdict.verdict === 'allow') {
      if (verdict.instead !== undefined) this.refused(question, decision);
      else if (verdict.log) this.logger('info', () => `allowed ${describeQuestion(question)}`);
      return 0;
    }
    this.refused(question, decision);
    if (verdict.verdict === 'kill')
      throw new KilledByPolicy(this.thread, `${describeQuestion(question)}: ${describeRule(rule)}`);
    return -(verdict.verdict === 'deny' ? verdict.errno : ERRNO.EACCES);
  }
  /** Tells whoever keeps account of refusals. `why`: no program gets the call. */
  refused(question: Question | RelabelQuestion, decision: Decision, why?: string): void {
    const { process, thread, judge } = this;
    const call = this.carried ?? syscallName(this.nr);
    this.refusals({
      pid: process.pid,
      tid: thread.tid,
      program: process.exe,
      call,
      question,
      decision,
      why,
      judge,
      arguments: () => (this.watch ?? this.lateWatch(call)).arguments(),
    });
  }
  private newWatch(): Watch {
    const { process, thread } = this;
    return new Watch(
      process.pid,
      thread.tid,
      () => thread.guestMemory,
      () => process.exe,
    );
  }
  /** Of a call that nobody watched until it was refused. */
  private lateWatch(call: string): Watch {
    const { nr, given, most } = this;
    const watch = this.newWatch();
    watch.start();
    const row = rowOf(nr);
    if (row !== undefined) watch.call(row, call, given, most);
    return watch;
  }
  askToPass(): number {
    const decision = this.judge.passes?.();
    return decision === undefined ? 0 : this.settle({ ask: 'syscall', name: syscallName(this.nr) }, decision);
  }
  /** A path that goes up again from a directory tells that it is there: the program must be allowed to see it. */
  private askAscended(): number {
    const directories = this.visit.ascended;
    this.visit.ascended = [];
    for (const path of directories) {
      const refused = this.ask({ ask: 'path', access: 'stat', path });
      if (refused !== 0) return refused;
    }
    return 0;
  }

  /** Policies know the program's own /proc/PID as /proc/self, that of any other process of the sandbox as /proc/PID. */
  private ownProc(question: Question): Question {
    if (question.ask !== 'path' || !question.path.startsWith('/proc/')) return question;
    return { ...question, path: this.policyName(question.path) };
  }
  policyName(path: ByteString): ByteString {
    const pid = Number(/^\/proc\/([1-9]\d*)(?=\/|$)/.exec(path)?.[1] ?? 0);
    const member = this.process.sandbox.process(pid);
    if (member === undefined) return path;
    const rest = path.slice(`/proc/${pid}`.length);
    return `/proc/${member === this.process ? 'self' : 'PID'}${rest}`;
  }
  relabel(from: Resolved, to: Resolved, directory: boolean): number {
    const question: RelabelQuestion = { ask: 'relabel', from: from.guest, to: to.guest, directory };
    return this.settle(question, this.judge.mayRelabel(from.guest, to.guest, directory));
  }
  patch(address: number, length: number, fd: number, offset: number): void {
    const { process, patcher, logger } = this;
    if (fd < 0) return asHelper(() => patcher.patchMapped(process, address, length, logger));
    const pinned = this.pin(fd);
    if (pinned >= 0) asHelper(() => patcher.patchDescriptor(process, pinned, address, length, offset, logger));
  }
  log(level: 'info' | 'warn', message: string): void {
    this.logger(level, message);
  }
}

/** The arguments of one call do not fit the arena: the call fails with ENOMEM. */
export class ArenaFull extends Error {}

export type { Order };
