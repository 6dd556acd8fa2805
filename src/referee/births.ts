/**
 * Threads and processes come into being. A thread: a slot with channels of its own, a trustee, an untrustee. A process:
 * the caller's trustee clones; the child's leader is a trustee, begins in the parent's pad, connects to the door, gets
 * shared memory of its own over the parent's, and only then has an untrustee. What the kernel has of the parent, the
 * child has; what the helper knows of the parent is copied here.
 */
import { ERRNO, errnoName } from '../abi/errno.js';
import { FCNTL } from '../abi/flags.js';
import * as L from '../abi/linux.js';
import { NUMBERS } from '../abi/numbers.js';
import { rlimit64 } from '../abi/structs-process.js';
import { ProcessMemory } from '../memory/guest.js';
import { limitOf } from '../memory/limits.js';
import { native } from '../native/index.js';
import type { Birth, Order, Wait } from '../syscalls/dsl.js';
import { isBlocked } from '../syscalls/waiting.js';
import { BATCH, RESERVED, reservedCount, resultFd, socketFd } from '../wire/layout.js';
import type { Launcher } from './launcher.js';
import { ProcessState, retire, sharedMemorySize, Space, type ThreadState, type Unit } from './process.js';
import type { Referee, RefereeOptions, Work } from './referee.js';
import { Strays } from './strays.js';

const AF_UNIX = 1;
const SOCK_SEQPACKET_CLOEXEC = L.SOCK_SEQPACKET | L.SOCK_CLOEXEC;
const MSG_CMSG_CLOEXEC = 0x40000000;
const KILLED = 137;
const { F_DUPFD_CLOEXEC } = FCNTL.values;
const CLONE_VM = 0x100;
const CLONE_PIDFD = 0x1000;
const WALL = 0x40000000;
/** So many descriptors of the helper are left to everything else: births fail before those do. */
const SPARE = 16;
/** Milliseconds that a birth waits for a unit that is about to be free. */
const PATIENCE = 100;
/** Not yet, or never, because the process is gone. */
const UNTOLD = 0;
/** Parent of those whose parent is gone, as programs see it. */
export const ORPHAN = 1;
/** struct msghdr, struct iovec, a word of data, and control data for three descriptors, one after the other. */
const HEADER = 28;
const VECTOR = 8;
const CONTROL = 12 + 4 * 3;
const SCM_RIGHTS = [1, 1];

/** What births yield to the referee. */
type Single = Order | Order[] | Wait;

/** A connection to the door: the helper's end, the process's, and what it was sent, as it has it. */
interface Ends {
  readonly socket: number;
  readonly local: number;
  readonly received: readonly number[];
}

/** The memory of a landing stack that a message is received in; nothing runs on it meanwhile. */
function receiver(at: number): Uint8Array {
  const data = at + HEADER + VECTOR;
  const words = [0, 0, at + HEADER, 1, data + 4, CONTROL, 0, data, 4];
  const bytes = new Uint8Array(HEADER + VECTOR + 4 + CONTROL);
  bytes.set(new Uint8Array(Uint32Array.from(words).buffer));
  return bytes;
}

const NOFILE = 7;
function openFilesOf({ pid }: ProcessState): { soft: bigint; hard: bigint } | undefined {
  try {
    return limitOf(pid, 'Max open files');
  } catch {
    return undefined; // it is gone
  }
}
/** May the helper open as many descriptors as a birth needs, and some more? */
function hasRoom(any: number): boolean {
  const taken: number[] = [];
  for (let fd = 0; taken.length < SPARE && fd >= 0;) {
    fd = native.fcntl(any, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) taken.push(fd);
  }
  for (const fd of taken) native.close(fd);
  return taken.length === SPARE;
}
const limitOrder = ({ memory }: ThreadState, cur: bigint, max: bigint): Order => [
  NUMBERS.prlimit64,
  0,
  NOFILE,
  memory.copy(rlimit64.encode({ cur, max })),
  0,
];

export class Births {
  private readonly launcher: Launcher;
  private readonly strays: Strays;
  /** So many trustees clone a process just now. */
  private cloning = 0;

  constructor(
    private readonly referee: Referee,
    private readonly o: RefereeOptions,
    first: ProcessState,
  ) {
    this.launcher = o.launcher;
    this.strays = new Strays(first.sandbox, first.pid);
  }

  /** The sandbox has ended, and all that it knows: what was on its way too. */
  end(): void {
    if (this.cloning > 0) this.strays.end();
  }

  /** One at a time in a process. */
  queue(thread: ThreadState, birth: Birth): void {
    this.turn(thread, () => {
      const work = birth.kind === 'thread' ? this.thread(thread, birth) : this.process(thread, birth);
      this.referee.begin(thread, work);
    });
  }
  /** Waits for the process's turn. */
  turn(thread: ThreadState, go: () => void): void {
    const { process } = thread;
    thread.phase = 'waiting';
    if (process.busy) {
      process.queue.push(go);
      return;
    }
    process.busy = true;
    go();
  }
  done(process: ProcessState): void {
    const next = process.queue.shift();
    if (next === undefined) process.busy = false;
    else next();
  }

  // ---- a thread ----

  private *thread(parent: ThreadState, birth: Birth): Work {
    const { process } = parent;
    const unit = yield* this.room(process);
    try {
      return unit === undefined ? -ERRNO.EAGAIN : yield* this.threadIn(unit, parent, birth);
    } finally {
      if (unit !== undefined) unit.taken = false;
      this.done(process);
    }
  }

  /** The unit of a thread that was just left is free a moment after its joiner was woken. */
  private *room({ space }: ProcessState): Generator<Wait, Unit | undefined, number> {
    const late = performance.now() + PATIENCE;
    for (;;) {
      const unit = space.take();
      if (unit !== undefined || !space.empties || performance.now() > late) return unit;
      if ((yield { until: performance.now() + 1 }) === -ERRNO.EINTR) return undefined;
    }
  }

  private *threadIn(unit: Unit, parent: ThreadState, birth: Birth): Generator<Single, number, number> {
    const { process } = parent;
    const refused = (yield* this.equip(parent, unit)) || this.refuseTls(process, birth);
    if (refused !== 0) return refused;
    unit.slot.beginTrustee();
    const trustee = yield [NUMBERS.clone, L.CLONE_THREAD_FLAGS, unit.slot.frameAddress('trusteeStart'), 0, 0, 0];
    if (trustee < 0) return trustee;
    unit.trustee = trustee;
    const thread = process.join(unit, unit.trustee);
    this.handFpu(parent, unit);
    this.inherit(thread, parent, birth);
    this.referee.attach(thread);
    this.tell(parent, thread, birth);
    thread.spawning = true;
    const tid = yield [NUMBERS.clone, L.CLONE_THREAD_FLAGS, unit.slot.frameAddress('untrusteeStart'), 0, 0, 0];
    if (tid < 0) {
      this.referee.detach(thread);
      retire(unit);
      return tid;
    }
    this.referee.adopt(thread, tid);
    return thread.tid;
  }

  private refuseTls(process: ProcessState, { tls }: Birth): number {
    if (tls === null) return 0;
    const i = new DataView(tls.buffer, tls.byteOffset).getUint32(0, true) - process.firstTls;
    return i === 0 || i === 2 ? 0 : -ERRNO.EINVAL;
  }

  /** Registers, TLS and mask of the one that called, on a stack of its own if it has one. */
  private inherit(thread: ThreadState, parent: ThreadState, birth: Birth): void {
    thread.mask = parent.mask;
    thread.credentials = parent.credentials;
    thread.tls = [...parent.tls];
    if (birth.tls !== null) {
      const i = new DataView(birth.tls.buffer, birth.tls.byteOffset).getUint32(0, true) - thread.process.firstTls;
      thread.tls[i] = birth.tls.slice();
    }
    for (const i of [0, 2] as const) thread.memory.clearTls(i, thread.process.firstTls);
    this.referee.setTls(thread);
    const { registers } = parent;
    const esp = birth.stack === 0 ? registers.esp : birth.stack;
    const heir = birth.kind === 'thread' ? undefined : parent.memory;
    thread.memory.setStart({ ...registers, eax: 0, esp }, thread.mask, { heir, fpu: true });
    thread.clearTid = birth.clearTid;
  }

  /** The FPU that the caller's hook kept, for the one who will begin in a slot of the same memory, or of its copy. */
  private handFpu({ process, memory: parent }: ThreadState, { slot: child }: Unit): void {
    const image = new Uint8Array(parent.fpu.size);
    process.memory.read(parent.fpu.address, image, image.length);
    process.memory.write(child.fpu.address, image, image.length);
  }

  /** Writes the ids where they are asked for: before the child runs, as the kernel does. */
  private tell(parent: ThreadState, child: ThreadState, { parentTid, childTid }: Birth): void {
    const id = new Uint8Array(Uint32Array.of(child.tid).buffer);
    const put = (thread: ThreadState, at: number): void => {
      if (at !== 0 && thread.process.regions.hit(at, 4) === undefined) thread.process.memory.write(at, id, 4);
    };
    put(parent, parentTid);
    put(child, childTid);
  }

  /**
   * A slot's socket and result channel, by the caller's trustee. They come at numbers that any call could name: whoever
   * held a duplicate of a result channel could forge results. So the caller's thread is alone meanwhile.
   */
  private *equip(by: ThreadState, unit: Unit): Generator<Single, number, number> {
    if (unit.socket >= 0) return 0;
    if (!hasRoom(by.process.pidfd)) return -ERRNO.EAGAIN;
    try {
      yield* this.referee.solitudes.begin(by);
      return yield* this.equipAlone(by, unit);
    } finally {
      this.referee.solitudes.end(by);
    }
  }
  private *equipAlone(by: ThreadState, unit: Unit): Generator<Single, number, number> {
    if (!(yield* this.openLimit(by))) return -ERRNO.EAGAIN;
    const result = this.launcher.openResultChannel();
    let socket = -1;
    try {
      const ends = yield* this.connect(by, unit, [result]);
      if (typeof ends !== 'number') socket = ends.socket;
      const placed = typeof ends !== 'number' && (yield* this.place(by, unit, ends, result));
      yield* this.closeLimit(by);
      if (!placed) return -ERRNO.EAGAIN;
      unit.socket = socket;
      unit.result = result;
      unit.slot.setResultChannel(result);
      return 0;
    } finally {
      if (unit.socket < 0) [socket, result].filter((fd) => fd >= 0).forEach((fd) => native.close(fd));
    }
  }

  /** The number of what was received stood in memory that the program can write. */
  private *place({ process }: ThreadState, unit: Unit, ends: Ends, result: number): Generator<Single, boolean, number> {
    const base = process.reserved.from;
    const { local } = ends;
    const [channel] = ends.received;
    const below = base + RESERVED.threads; // where they come when no other number is left
    if (channel >= below || local >= below || !this.isChannel(process, channel, result)) {
      this.referee.fail(process, `descriptor ${channel} is not what was sent to a new thread: forged`, KILLED);
      return false;
    }
    const places: Order[] = [
      [NUMBERS.dup3, channel, resultFd(base, unit.index), L.O_CLOEXEC],
      [NUMBERS.dup3, local, socketFd(base, unit.index), L.O_CLOEXEC],
      [NUMBERS.close, channel],
      [NUMBERS.close, local],
    ];
    return (yield places) >= 0;
  }

  /** Is a descriptor of the process the read-only file that the helper made? */
  private isChannel(process: ProcessState, number: number, own: number): boolean {
    const F_GETFL = 3;
    const O_ACCMODE = 3;
    const pinned = native.pidfdGetfd(process.pidfd, number);
    if (pinned < 0) return false;
    const inode = (fd: number): string => {
      const x = new Uint8Array(256);
      native.statx(fd, '', 0x1000, 0x100, x);
      return Buffer.concat([x.subarray(0x20, 0x28), x.subarray(0x88, 0x90)]).toString('hex');
    };
    const same = inode(pinned) === inode(own) && (native.fcntl(pinned, F_GETFL, 0) & O_ACCMODE) === L.O_RDONLY;
    native.close(pinned);
    return same;
  }

  /** A connection to the door by a trustee, and descriptors sent along; numbers as the process has them. */
  private *connect(by: ThreadState, unit: Unit, sent: readonly number[]): Generator<Order, Ends | number, number> {
    const { process } = by;
    const { door } = this.launcher;
    const local = yield [NUMBERS.socket, AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0];
    if (local < 0) return local;
    const { landing, landingSize } = process.space.layout;
    const at = landing + unit.index * landingSize;
    const buffer = receiver(at);
    process.memory.write(at, buffer, buffer.length);
    by.memory.resetArena();
    const address = by.memory.copy(door.address);
    const guest: { socket?: number; told?: number } = {};
    door.expect(process.pid, (socket) => {
      guest.socket = socket;
      guest.told = native.sendDescriptors(socket, new Uint8Array(4), 4, Int32Array.from(sent), sent.length);
    });
    try {
      const connected = yield [NUMBERS.connect, local, address, door.address.length];
      if (connected < 0) return connected;
      door.open(); // it stands there, whether the loop has seen it or not
      if (guest.told === undefined || guest.told < 0) return guest.told ?? -ERRNO.EAGAIN;
      const result = yield [NUMBERS.recvmsg, local, at, MSG_CMSG_CLOEXEC | L.MSG_DONTWAIT];
      // An untrustee may read from any number, natively.
      if (isBlocked(result)) this.referee.fail(process, 'what was sent to a new thread was read on its way', KILLED);
      const control = new Int32Array(CONTROL / 4);
      process.memory.read(at + HEADER + VECTOR + 4, new Uint8Array(control.buffer), CONTROL);
      const right = control[0] === 12 + 4 * sent.length && SCM_RIGHTS.every((word, i) => control[1 + i] === word);
      const { socket } = guest;
      if (result < 0 || socket === undefined || !right) return result < 0 ? result : -ERRNO.EAGAIN;
      guest.socket = undefined;
      return { socket, local, received: [...control.subarray(3, 3 + sent.length)] };
    } finally {
      door.forget(process.pid);
      if (guest.socket !== undefined) native.close(guest.socket);
    }
  }

  // ---- the limit of open files, above which the reserved numbers are ----

  /** Raises it for a moment, so that reserved numbers can be placed: the helper does, or where it may not (prlimit(2)) the process's own trustee. */
  *openLimit(by: ThreadState): Generator<Order, boolean, number> {
    const { process } = by;
    if (this.launcher.openLimit(process)) return true;
    const limit = openFilesOf(process);
    const [from, to] = [BigInt(process.reserved.from), BigInt(process.reserved.to)];
    if (limit === undefined || limit.hard < to) return false;
    if ((yield limitOrder(by, to, limit.hard)) < 0) return false;
    process.softOpenFiles = limit.soft < from ? limit.soft : from;
    return true;
  }
  *closeLimit(by: ThreadState): Generator<Order, void, number> {
    const { process } = by;
    const { softOpenFiles } = process;
    if (softOpenFiles === null) return this.launcher.closeLimit(process);
    process.softOpenFiles = null;
    const limit = openFilesOf(process);
    if (limit === undefined || (yield limitOrder(by, softOpenFiles, limit.hard)) >= 0) return;
    this.referee.fail(process, 'the limit of open files cannot be lowered again');
  }

  // ---- a process ----

  private *process(parent: ThreadState, birth: Birth): Work {
    const { process } = parent;
    const sharing = birth.kind === 'sharing';
    if (!hasRoom(process.pidfd)) {
      this.done(process);
      return -ERRNO.EAGAIN;
    }
    const unit = sharing ? process.space.take() : process.space.unit(1 - process.main);
    const equipped = unit === undefined ? -ERRNO.EAGAIN : sharing ? yield* this.equip(parent, unit) : 0;
    if (unit === undefined || equipped !== 0) {
      if (unit !== undefined) unit.taken = false;
      this.done(process);
      return equipped;
    }
    this.handFpu(parent, unit);
    unit.slot.beginTrustee();
    // The first thing it does, unasked: no moment at which the helper's end would leave it waiting for ever.
    unit.slot.order(NUMBERS.clone, L.CLONE_THREAD_FLAGS, unit.slot.frameAddress('lifelineStart'), 0, 0, 0, 0);
    const flags = birth.exitSignal | (sharing ? CLONE_VM : 0) | (birth.pidfd !== 0 ? CLONE_PIDFD : 0);
    let pid = UNTOLD;
    this.cloning++;
    try {
      pid = yield [NUMBERS.clone, flags, unit.slot.frameAddress('trusteeStart'), birth.pidfd, 0, 0];
    } finally {
      this.cloning--;
      if (pid === UNTOLD) this.strays.end();
    }
    unit.taken = false;
    const child = pid < 0 ? undefined : this.childOf(parent, pid);
    if (child === undefined) {
      if (pid > 0)
        yield [
          [NUMBERS.kill, pid, L.SIGNAL.KILL],
          [NUMBERS.wait4, pid, 0, WALL, 0],
        ];
      this.done(process);
      return pid < 0 ? pid : -ERRNO.EAGAIN;
    }
    parent.phase = 'waiting';
    const thread = child.join(unit, pid);
    unit.trustee = pid;
    thread.registers.eip = parent.registers.eip;
    const grown = (result: number): void => {
      child.growing = null;
      if (!process.ended) this.done(process);
      if (result < 0) {
        native.pidfdKill(child.pidfd, L.SIGNAL.KILL);
        this.referee.finish(parent, result);
      } else if (birth.held && !child.ended) child.released = () => this.referee.finish(parent, pid);
      else this.referee.finish(parent, pid);
    };
    child.growing = () => grown(0); // it was born, and is gone: its parent may wait for it
    this.referee.begin(thread, this.grow(thread, parent, birth, grown));
    return { outcome: 'silent' };
  }

  /** What the helper knows of the parent holds for its child. */
  private childOf({ process }: ThreadState, pid: number): ProcessState | undefined {
    const pidfd = native.pidfdOpen(pid, 0);
    if (pidfd < 0) return undefined;
    const root = process.root < 0 ? -1 : native.fcntl(process.root, F_DUPFD_CLOEXEC, 0);
    if (root < 0 && process.root >= 0) {
      native.close(pidfd);
      return undefined;
    }
    const { sandbox, exe, reserved, space } = process;
    const memory = new ProcessMemory(pid);
    const child = new ProcessState(
      { sandbox, pid, parent: process.pid, exe, reserved, pidfd, memory, space },
      process.ipc.copy(),
    );
    space.users++;
    child.umask = process.umask;
    child.enterRoot(root);
    child.hardOpenFiles = process.hardOpenFiles;
    child.signals = process.signals; // until it has a table of its own
    this.referee.watchProcess(child);
    return child;
  }

  private *grow(thread: ThreadState, parent: ThreadState, birth: Birth, grown: (result: number) => void): Work {
    const lifeline = yield () => this.referee.result(thread); // ordered before it was known: its hint may have been for nobody
    const failed = lifeline < 0 || birth.kind === 'sharing' ? lifeline : yield* this.separate(thread);
    if (failed < 0) {
      this.o.log('error', `process ${thread.tid} could not be set up: ${errnoName(-failed)}`);
      grown(-ERRNO.EAGAIN);
      return { outcome: 'silent' };
    }
    thread.process.signals = parent.process.signals.copyFor(thread.memory);
    this.inherit(thread, parent, birth);
    thread.robustList = birth.kind === 'sharing' ? 0 : parent.robustList;
    this.referee.attach(thread);
    this.tell(parent, thread, birth);
    const end = yield* this.referee.spawn(thread);
    grown(0);
    return end;
  }

  /** The child's own shared memory and channels, over what it has of its parent's. */
  private *separate(thread: ThreadState): Generator<Order | Order[] | (() => void), number, number> {
    const { process, unit: pad } = thread;
    const parents = process.space;
    const base = process.reserved.from;
    const { layout } = parents;
    if (!(yield* this.openLimit(thread))) return -ERRNO.EAGAIN;
    const own = this.launcher.openSpace();
    let ends: Ends | number = -ERRNO.ESRCH; // what it stays if the child is killed meanwhile
    try {
      ends = yield* this.connect(thread, pad, [own.readOnly, ...own.results]);
    } finally {
      native.close(own.readOnly);
      if (typeof ends === 'number') [own.memory, ...own.results].forEach((fd) => native.close(fd));
    }
    if (typeof ends === 'number') return ends;
    const space = new Space(layout, own.memory, process.sandbox.units, base);
    const unit = space.unit(pad.index, own.results[0]);
    const other = space.unit(1 - pad.index, own.results[1]).index;
    space.authority = parents.authority;
    space.startTrap = parents.startTrap;
    for (const site of parents.trapSites) space.trapSites.add(site);
    space.trampolinesUsed = parents.trampolinesUsed;
    space.break = parents.break;
    unit.socket = ends.socket;
    unit.trustee = thread.tid;
    const [memory, result, padResult] = ends.received;
    const only = (fd: number): Order => [NUMBERS.close_range, fd, fd, 0];
    const calls: Order[] = [
      [NUMBERS.dup3, result, resultFd(base, unit.index), L.O_CLOEXEC],
      [NUMBERS.dup3, padResult, resultFd(base, other), L.O_CLOEXEC],
      [NUMBERS.dup3, ends.local, socketFd(base, unit.index), L.O_CLOEXEC],
      [NUMBERS.close_range, base + RESERVED.images, base + RESERVED.threads - 1, 0],
      only(socketFd(base, other)),
      [NUMBERS.close_range, socketFd(base, 2), base + reservedCount(layout.slotCount) - 1, 0],
      [
        NUMBERS.mmap2,
        layout.shared,
        sharedMemorySize(layout.slotCount),
        L.PROT_READ,
        L.MAP_SHARED | L.MAP_FIXED,
        memory,
      ],
      ...[memory, result, padResult, ends.local].map(only),
    ];
    if (calls.length > BATCH) throw new Error(`${calls.length} calls for a new process`);
    const failed = yield () => {
      pad.thread = null;
      thread.unit = unit;
      unit.thread = thread;
      process.space = space;
      process.main = unit.index;
      pad.trustee = 0;
      pad.slot.orderAcross(calls, unit.slot);
      parents.users--;
      if (parents.users === 0) parents.close(); // the parent ended meanwhile
    };
    if (failed >= 0) yield* this.closeLimit(thread);
    return failed;
  }

  /** Its parent is gone: it has another, of whom its hooks tell. */
  adopt(child: ProcessState, parent: number): void {
    child.parent = parent;
    for (const thread of child.threads) if (thread.request !== null) this.referee.setActions(thread);
  }
}
