/**
 * What rows share whose call can block. No trustee blocks: the call is made without blocking, and where it would block
 * the thread waits in the helper, until a descriptor is ready, a time has come or it is worth to look again.
 */
import { ERRNO } from '../abi/errno.js';
import { AT_FDCWD, FCNTL, MODE, OPEN } from '../abi/flags.js';
import { native } from '../native/index.js';
import type { Call, Doing, Wait } from './dsl.js';
import { isLent } from './lending.js';
import { statxOfFd } from './support.js';

export const POLLIN = 0x1;
export const POLLPRI = 0x2;
export const POLLOUT = 0x4;

export const now = (): number => performance.now();

// ---- times ----

const NARROW = 8;
/** Nanoseconds, or microseconds, in a millisecond: of struct timespec and of struct timeval. */
export const NANO = 1e6;
export const MICRO = 1e3;

/**
 * A struct timespec or timeval of 8 or 16 bytes, read once: milliseconds, or -EFAULT, -EINVAL. Of 64 bits of nanoseconds
 * a 32-bit program's low word counts (get_timespec64).
 */
export function timeAt(call: Call, at: number, size: number, unit = NANO): number {
  const bytes = call.get(at, size);
  return typeof bytes === 'number' ? bytes : timeIn(bytes, unit);
}
export function timeIn(bytes: Uint8Array, unit = NANO): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const narrow = bytes.length === NARROW;
  const seconds = narrow ? view.getInt32(0, true) : Number(view.getBigInt64(0, true));
  const fraction = narrow ? view.getInt32(4, true) : view.getUint32(8, true);
  // A timeval's microseconds may be more than a second (fs/select.c).
  const fits = fraction >= 0 && (unit === MICRO || fraction < 1000 * unit);
  return seconds < 0 || !fits ? -ERRNO.EINVAL : seconds * 1000 + fraction / unit;
}

/** Milliseconds as such a structure. */
export function timeOf(milliseconds: number, size: number, unit = NANO): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = Math.floor((milliseconds - seconds * 1000) * unit);
  if (size === NARROW) view.setInt32(0, Math.min(seconds, 0x7fffffff), true);
  else view.setBigInt64(0, BigInt(seconds), true);
  view.setUint32(size / 2, fraction, true);
  return bytes;
}

const clockWords = new BigInt64Array(2);
/** A clock's time in milliseconds. */
export function clockNow(clock: number): number {
  native.clockGettime(clock, clockWords);
  return Number(clockWords[0]) * 1000 + Number(clockWords[1]) / NANO;
}

/** Milliseconds until a clock that may be set meanwhile is looked at again. */
const CLOCK_LOOK = 1000;
/** One wait of those until a clock shows `target`: how it ends. */
export const untilClock = (clock: number, target: number): Wait => {
  const left = target - clockNow(clock);
  return left > CLOCK_LOOK ? { again: CLOCK_LOOK } : { until: now() + left };
};

// ---- looking again ----

export interface Watched {
  readonly fd: number;
  readonly events: number;
}

/** Milliseconds between looks at what cannot be seen becoming ready: 1, 2, 4 … */
const LONGEST_LOOK = 50;
/** A wait that was as short told nothing, when the call blocks again. */
const NOTHING = 1;

/**
 * The waits between one attempt and the next. What is said to be ready and is not, again and again, is looked at ever
 * less often: another took it, or the descriptor tells of something else.
 */
export class Looks {
  private looks = 0;
  private told = true;

  constructor(
    private readonly watched: () => readonly Watched[],
    readonly until?: number,
    private readonly more: Partial<Wait> = {},
  ) {}

  /** The call went on a part of its way. */
  progress(): void {
    this.looks = 0;
    this.told = true;
  }

  *wait(): Generator<Wait, number, number> {
    const fds = this.told ? this.watched() : [];
    if (fds.length === 0) {
      this.told = true;
      return yield { again: Math.min(2 ** this.looks++, LONGEST_LOOK), until: this.until, ...this.more };
    }
    const began = now();
    const end = yield { fds, until: this.until, ...this.more };
    this.told = now() - began >= NOTHING;
    if (this.told) this.looks = 0;
    return end;
  }
}

/** What is pollable in no way: looked at in growing intervals. */
export const blindly = (until?: number): Looks => new Looks(() => [], until);

export const isBlocked = (result: number): boolean => result === -ERRNO.EAGAIN;

/** Attempts until one does not block; otherwise -EINTR, or `late` when the time is over. */
export function* persist(
  attempt: () => Doing,
  looks: Looks,
  blocked = isBlocked,
  late: number = -ERRNO.ETIMEDOUT,
): Doing {
  for (;;) {
    const result = yield* attempt();
    if (!blocked(result)) return result;
    const end = yield* looks.wait();
    if (end !== 0) return end === -ERRNO.ETIMEDOUT ? late : end;
  }
}

// ---- open files ----

const { F_GETFL } = FCNTL.values;
const { O_NONBLOCK } = OPEN.values;
const { S_IFREG, S_IFDIR, S_IFBLK } = MODE.values;

/** Is an open file one whose calls wait? */
export const blocks = (pin: number): boolean => (native.fcntl(pin, F_GETFL, 0) & O_NONBLOCK) === 0 || isLent(pin);
export const isReady = (pin: number, events: number): boolean => native.poll(pin, events, 0) !== 0;

/** Files and directories never wait for anybody. */
export function isStorage(pin: number): boolean {
  const s = statxOfFd(pin);
  return typeof s !== 'number' && [S_IFREG, S_IFDIR, S_IFBLK].some((type) => type === s.type);
}
/** The pin of what can keep a call waiting; undefined for what does not, and for what is no descriptor. */
export function waitingPin(call: Call, fd: number): number | undefined {
  const pin = call.pin(fd);
  return pin < 0 || !blocks(pin) || isStorage(pin) ? undefined : pin;
}

// ---- signalfd ----

const SIGNAL_LOOK = 10;
let signalDescriptors = false;
/**
 * To be called when the program gets a descriptor that is ready for signals of whoever looks (signalfd): the helper
 * then cannot see it, so that sets are looked at again every 10 ms.
 */
export const noteSignalDescriptor = (): void => {
  signalDescriptors = true;
};
/**
 * Is it an epoll set that may hold such a descriptor? The helper must not even look: whoever asks a set lets go of what
 * is not ready for him (fs/eventpoll.c, __ep_eventpoll_poll).
 */
export function mayTellOfSignals(pin: number): boolean {
  if (!signalDescriptors) return false;
  const length = native.readlinkat(AT_FDCWD, `/proc/self/fd/${pin}`, link, link.length);
  return length === EVENT_POLL.length && link.toString('latin1', 0, length) === EVENT_POLL;
}
const link = Buffer.alloc(64);
const EVENT_POLL = 'anon_inode:[eventpoll]';
/** What a wait for a set has beside its descriptors. */
export const setLooks = (): Partial<Wait> => (signalDescriptors ? { again: SIGNAL_LOOK } : {});
