/**
 * Calls that move data between descriptors and can wait for it: readv(2) and its kin, sendfile(2), splice(2). Files never
 * wait; of pipes, sockets and terminals no more is asked for at once than can be had.
 */
import { ERRNO } from '../abi/errno.js';
import { FCNTL, MODE, OPEN, RWF, SO, SOL_SOCKET, SPLICE } from '../abi/flags.js';
import { native } from '../native/index.js';
import type { Call, Doing, Steps } from './dsl.js';
import { statxOfFd } from './support.js';
import { isBlocked, isReady, Looks, persist, POLLIN, POLLOUT, waitingPin, type Watched } from './waiting.js';

const NR = { readv: 145, writev: 146, preadv2: 378, pwritev2: 379 } as const;
const { S_IFIFO, S_IFSOCK } = MODE.values;
const { RWF_NOWAIT } = RWF.values;
const { F_GETFL } = FCNTL.values;
const { O_ACCMODE } = OPEN.values;
const { SPLICE_F_NONBLOCK } = SPLICE.values;
/** As an offset: where the descriptor stands. */
const HERE = 0xffffffff;
/** A pipe that is ready takes as much at once. */
const PIPE_BUF = 4096;

function* asItStands(call: Call): Doing {
  return yield [call.nr, ...call.r];
}

/** Has the number another open file by now? Then it is as if it had been closed. */
const changed = (call: Call, fd: number, pin: number): boolean => !call.isStill(fd, pin);

// ---- readv, writev ----

/** The copied vector of a call, which is used up as parts of it are done. */
class Vector {
  private readonly view: DataView;
  private readonly count: number;
  private first = 0;

  constructor(
    bytes: Uint8Array,
    private readonly at: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.count = bytes.length / 8;
  }
  get left(): number {
    let left = 0;
    for (let i = this.first; i < this.count; i++) left += this.view.getUint32(i * 8 + 4, true);
    return left;
  }
  /** Address and number of what is left. */
  get rest(): readonly [at: number, count: number] {
    return [this.at + 8 * this.first, this.count - this.first];
  }
  /** The first buffer that is left. */
  get buffer(): readonly [at: number, length: number] {
    while (this.first < this.count - 1 && this.view.getUint32(this.first * 8 + 4, true) === 0) this.first++;
    return [this.view.getUint32(this.first * 8, true), this.view.getUint32(this.first * 8 + 4, true)];
  }
  done(n: number): void {
    for (let left = n; left > 0 && this.first < this.count;) {
      const at = this.first * 8;
      const length = this.view.getUint32(at + 4, true);
      const part = Math.min(left, length);
      this.view.setUint32(at, this.view.getUint32(at, true) + part, true);
      this.view.setUint32(at + 4, length - part, true);
      left -= part;
      if (part === length) this.first++;
    }
  }
}

const WRITE = 4;
const isPipe = (pin: number): boolean => {
  const s = statxOfFd(pin);
  return typeof s !== 'number' && s.type === S_IFIFO;
};

/** What the kernel has no non-blocking way for (terminals, older kernels' pipes): made when it is ready. */
function* whenReady(call: Call, pin: number, vector: Vector, writes: boolean): Doing {
  if (!isReady(pin, writes ? POLLOUT : POLLIN)) return -ERRNO.EAGAIN;
  if (writes && isPipe(pin)) {
    const [at, length] = vector.buffer;
    return yield [WRITE, call.r[0], at, Math.min(length, PIPE_BUF)];
  }
  return yield [writes ? NR.writev : NR.readv, call.r[0], ...vector.rest];
}

function* withoutWaiting(call: Call, pin: number, vector: Vector, writes: boolean, flags: number): Doing {
  if (changed(call, call.r[0], pin)) return -ERRNO.EBADF;
  const nr = writes ? NR.pwritev2 : NR.preadv2;
  const result = yield [nr, call.r[0], ...vector.rest, HERE, HERE, flags | RWF_NOWAIT];
  const unknown = result === -ERRNO.EOPNOTSUPP || result === -ERRNO.ENOSYS;
  return unknown ? yield* whenReady(call, pin, vector, writes) : result;
}

/** A write goes on until all is written, a read is content with what there is. */
function* throughVector(call: Call, writes: boolean, flags = 0): Doing {
  const pin = waitingPin(call, call.r[0] | 0);
  const bytes = call.bytes(1);
  if (pin === undefined || bytes.length === 0) return yield* asItStands(call);
  const vector = new Vector(bytes, call.r[1]);
  const looks = new Looks(() => [{ fd: pin, events: writes ? POLLOUT : POLLIN }]);
  let done = 0;
  do {
    const result = yield* persist(() => withoutWaiting(call, pin, vector, writes, flags), looks);
    if (result <= 0) return done > 0 ? done : result;
    done += result;
    vector.done(result);
    looks.progress();
  } while (writes && vector.left > 0);
  return done;
}

export const readVector = (call: Call): Steps => throughVector(call, false);
export const writeVector = (call: Call): Steps => throughVector(call, true);

/** preadv2(2), pwritev2(2): at an offset nothing waits, there are only files. */
const atOffset = (writes: boolean) =>
  function* (call: Call): Steps {
    const [, , , low, high, flags] = call.r;
    const here = low === HERE && high === HERE;
    return here && (flags & RWF_NOWAIT) === 0 ? yield* throughVector(call, writes, flags) : yield* asItStands(call);
  };
export const readVector2 = atOffset(false);
export const writeVector2 = atOffset(true);

// ---- sendfile, splice, tee, vmsplice ----

/** Bytes that a ready socket takes without waiting: it is ready when a third of its buffer is free (net/core/stream.c). */
const roomIn = (pin: number): number =>
  Math.max(PIPE_BUF, native.socketOption(pin, SOL_SOCKET, SO.values.SO_SNDBUF) >> 2);
const isSocket = (pin: number): boolean => {
  const s = statxOfFd(pin);
  return typeof s !== 'number' && s.type === S_IFSOCK;
};
const atOnce = (pin: number): number => (isSocket(pin) ? roomIn(pin) : PIPE_BUF);

/** sendfile(2) to what can be full: a part at a time, until there is no more. */
export function* sendFile(call: Call): Steps {
  const [out, input, offset, count] = call.r;
  const [to] = side(call, out, POLLOUT);
  if (to === undefined || count === 0) return yield* asItStands(call);
  const { pin } = to;
  const looks = new Looks(() => [{ fd: pin, events: POLLOUT }]);
  let sent = 0;
  function* part(): Doing {
    if (!isReady(pin, POLLOUT)) return -ERRNO.EAGAIN;
    if (changed(call, out, pin)) return -ERRNO.EBADF;
    return yield [call.nr, out, input, offset, Math.min(count - sent, atOnce(pin))];
  }
  do {
    const result = yield* persist(part, looks);
    if (result <= 0) return sent > 0 ? sent : result;
    sent += result;
    looks.progress();
  } while (sent < count);
  return sent;
}

interface Side {
  readonly fd: number;
  readonly pin: number;
  readonly events: number;
}
const READS = 0;
const WRITES = 1;
const modeOf = (pin: number): number => native.fcntl(pin, F_GETFL, 0) & O_ACCMODE;
/** What a descriptor may keep the call waiting for; nothing when it is not open for that. */
const side = (call: Call, fd: number, events: number): Side[] => {
  const pin = waitingPin(call, fd | 0);
  const wrong = events === POLLIN ? WRITES : READS;
  return pin === undefined || modeOf(pin) === wrong ? [] : [{ fd, pin, events }];
};

/**
 * Orders `order(flags)` with SPLICE_F_NONBLOCK. Pipes heed that; anything else must be ready before. With the flag set by
 * the program, a pipe that blocks is the result.
 */
function* spliced(call: Call, sides: readonly Side[], flags: number, order: (flags: number) => Doing): Doing {
  const pipes = sides.filter(({ pin }) => isPipe(pin));
  if (pipes.length === 0) return yield* order(flags); // refused
  const others = sides.filter((one) => !pipes.includes(one));
  const missing = (those: readonly Side[]): Watched[] =>
    those.filter(({ pin, events }) => !isReady(pin, events)).map(({ pin, events }) => ({ fd: pin, events }));
  function* attempt(): Doing {
    if (missing(others).length > 0) return -ERRNO.EAGAIN;
    if (sides.some(({ fd, pin }) => changed(call, fd, pin))) return -ERRNO.EBADF;
    return yield* order(flags | SPLICE_F_NONBLOCK);
  }
  const own = (flags & SPLICE_F_NONBLOCK) !== 0;
  return yield* persist(
    attempt,
    new Looks(() => missing(own ? others : sides)),
    (result) => isBlocked(result) && (!own || missing(others).length > 0),
  );
}

export function* splice(call: Call): Steps {
  const [input, inOffset, out, outOffset, count, flags] = call.r;
  const sides = [...side(call, input, POLLIN), ...side(call, out, POLLOUT)];
  if (count === 0) return yield* asItStands(call);
  const to = sides.find(({ events }) => events === POLLOUT)?.pin;
  const most = to !== undefined && isSocket(to) ? Math.min(count, roomIn(to)) : count;
  return yield* spliced(call, sides, flags, function* (how) {
    return yield [call.nr, input, inOffset, out, outOffset, most, how];
  });
}

export function* tee(call: Call): Steps {
  const [input, out, count, flags] = call.r;
  const sides = [...side(call, input, POLLIN), ...side(call, out, POLLOUT)];
  return yield* spliced(call, sides, flags, function* (how) {
    return yield [call.nr, input, out, count, how];
  });
}

/** vmsplice(2): the end of the pipe says which way. */
export function* vmsplice(call: Call): Steps {
  const [fd, at, count, flags] = call.r;
  const pin = call.pin(fd | 0);
  const writes = pin >= 0 && modeOf(pin) === WRITES;
  return yield* spliced(call, side(call, fd, writes ? POLLOUT : POLLIN), flags, function* (how) {
    return yield [call.nr, fd, at, count, how];
  });
}
