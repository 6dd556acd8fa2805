/**
 * Futex waits, the only ones that sleep in the trustee: nothing tells the helper that a word was woken. The trustee
 * waits on the program's word and on its slot's cancel word, which the helper raises and wakes to end the wait.
 */
import { ERRNO } from '../abi/errno.js';
import { CLOCK, FUTEX } from '../abi/flags-process.js';
import type { Struct } from '../abi/ctype.js';
import { futexWaiter, timespec64 } from '../abi/structs-process.js';
import { native } from '../native/index.js';
import type { Call, Doing, Steps } from './dsl.js';
import { timeIn } from './waiting.js';

const { CLOCK_REALTIME, CLOCK_MONOTONIC } = CLOCK.values;
const { FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME } = FUTEX.values;
const NR = { futex_time64: 422, futex_waitv: 449 } as const;
/** A word of 32 bits, among the flags of futex_waitv. */
const FUTEX_32 = 2;
const ALL_BITS = 0xffffffff;
/** FUTEX_WAITV_MAX, of which the cancel word takes one. */
const MOST = 128;
/** Behind the word stands its node: FUTEX2_NUMA. */
const NUMA = 4;
/** Nanoseconds that a wait lasts which cannot be cancelled. */
const SLICE = 50_000_000n;
const SECOND = 1_000_000_000n;
/** Nanoseconds that the kernel takes for ever (KTIME_MAX). */
const FOREVER = (1n << 63n) - 1n;

/** Nanoseconds of a clock; undefined for ever. */
interface Deadline {
  readonly clock: number;
  readonly at?: bigint;
}

const words = new BigInt64Array(2);
function clockNanoseconds(clock: number): bigint {
  native.clockGettime(clock, words);
  return words[0] * SECOND + words[1];
}
function nanosecondsOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length === timespec64.size
    ? view.getBigInt64(0, true) * SECOND + BigInt(view.getUint32(8, true))
    : BigInt(view.getInt32(0, true)) * SECOND + BigInt(view.getUint32(4, true));
}
const timespecOf = (nanoseconds: bigint): Uint8Array =>
  timespec64.encode({ sec: nanoseconds / SECOND, nsec: nanoseconds % SECOND });

/** FUTEX_WAIT's time begins now, and has one clock; the other's is absolute. */
function deadlineOf(call: Call, at: number, layout: Struct, how: number): Deadline | number {
  const clock = (how & FUTEX_CLOCK_REALTIME) !== 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  if (at === 0) return { clock };
  const bytes = call.get(at, layout.size);
  if (typeof bytes === 'number') return bytes;
  if (timeIn(bytes) < 0) return -ERRNO.EINVAL;
  const time = nanosecondsOf(bytes);
  const end = (how & FUTEX.field) === FUTEX_WAIT ? clockNanoseconds(clock) + time : time;
  return { clock, at: end < FOREVER ? end : FOREVER };
}

/** Set once the kernel said that it has none (before 5.16). */
let withoutWaitv = false;

/**
 * Waits on the cancel word and the words of `waiters`: the number of the one that was woken, or a negative errno. The
 * cancel word comes first: of several that were woken the kernel tells the last, so that no wake of the program's is
 * lost to a cancel.
 */
function* waitAny(call: Call, waiters: Uint8Array, order: (at: number, count: number) => Doing): Doing {
  const { address, value } = call.cancelWord;
  const all = new Uint8Array(futexWaiter.size + waiters.length);
  all.set(futexWaiter.encode({ val: value, uaddr: address, flags: FUTEX_32 }));
  all.set(waiters, futexWaiter.size);
  const at = call.arena(all);
  for (;;) {
    const woken = yield* order(at, all.length / futexWaiter.size);
    if (woken > 0) return woken - 1;
    const ended = woken === 0 || woken === -ERRNO.EAGAIN || woken === -ERRNO.EINTR;
    if (ended && call.cancelled) return -ERRNO.EINTR;
    if (woken !== 0 && woken !== -ERRNO.EINTR) return woken;
  }
}

/** In slices, between which a cancel is noticed: for what no futex_waitv can do. */
function* waitInSlices(call: Call, deadline: Deadline, bits: number): Doing {
  const [word, how, value] = call.r;
  const realtime = deadline.clock === CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0;
  const operation = FUTEX_WAIT_BITSET | (how & FUTEX_PRIVATE_FLAG) | realtime;
  for (;;) {
    if (call.cancelled) return -ERRNO.EINTR;
    const slice = clockNanoseconds(deadline.clock) + SLICE;
    const last = deadline.at !== undefined && deadline.at <= slice;
    call.forgetArena();
    const time = call.arena(timespecOf(last ? (deadline.at as bigint) : slice));
    const result = yield [NR.futex_time64, word, operation, value, time, 0, bits];
    if (result !== -ERRNO.EINTR && (result !== -ERRNO.ETIMEDOUT || last)) return result;
  }
}

/** FUTEX_WAIT and FUTEX_WAIT_BITSET; the word was checked. */
export function* futexWait(call: Call, layout: Struct): Doing {
  const [word, how, value, timeout, , third] = call.r;
  const bits = (how & FUTEX.field) === FUTEX_WAIT ? ALL_BITS : third;
  if (bits === 0) return -ERRNO.EINVAL;
  const deadline = deadlineOf(call, timeout, layout, how);
  if (typeof deadline === 'number') return deadline;
  if ((how & FUTEX.field) === FUTEX_WAIT && deadline.clock === CLOCK_REALTIME) return -ERRNO.ENOSYS;
  if (bits === ALL_BITS && !withoutWaitv) {
    const flags = FUTEX_32 | (how & FUTEX_PRIVATE_FLAG);
    const waiter = futexWaiter.encode({ val: value, uaddr: word, flags });
    const time = deadline.at === undefined ? 0 : call.arena(timespecOf(deadline.at));
    const result = yield* waitAny(call, waiter, function* (at, count) {
      return yield [NR.futex_waitv, at, count, 0, time, deadline.clock];
    });
    if (result !== -ERRNO.ENOSYS) return result;
    withoutWaitv = true;
  }
  return yield* waitInSlices(call, deadline, bits);
}

/** futex_waitv(2), with one word less than the kernel takes. */
export function* futexWaitAny(call: Call): Steps {
  const [at, count, flags, timeout, clock] = call.r;
  if (count === 0 || count >= MOST || at === 0) return -ERRNO.EINVAL;
  const waiters = call.get(at, count * futexWaiter.size);
  if (typeof waiters === 'number') return waiters;
  for (let i = 0; i < waiters.length; i += futexWaiter.size) {
    const { uaddr, flags: how } = futexWaiter.decode(waiters.subarray(i));
    const length = (Number(how) & NUMA) !== 0 ? 8 : 4;
    if ((uaddr as bigint) > 0xffffffffn || call.checkRange(Number(uaddr), length) !== 0) return -ERRNO.EFAULT;
  }
  const time = timeout === 0 ? 0 : call.get(timeout, timespec64.size);
  if (typeof time === 'number' && time < 0) return time;
  const copy = typeof time === 'number' ? 0 : call.arena(time);
  return yield* waitAny(call, waiters, function* (all, many) {
    return yield [NR.futex_waitv, all, many, flags, copy, clock];
  });
}
