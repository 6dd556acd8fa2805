/**
 * Calls on sockets that can block, made without blocking; where they would, the thread waits in the helper. The times
 * of SO_RCVTIMEO and SO_SNDTIMEO hold.
 */
import { ERRNO } from '../abi/errno.js';
import { AF, MSG, SO, SOCK, SOL_SOCKET } from '../abi/flags.js';
import { native } from '../native/index.js';
import type { Call, Doing } from './dsl.js';
import { unblocked } from './lending.js';
import { blindly, isBlocked, isReady, Looks, now, persist, POLLIN, POLLOUT, waitingPin } from './waiting.js';

const { MSG_DONTWAIT, MSG_ERRQUEUE, MSG_FASTOPEN, MSG_OOB, MSG_PEEK, MSG_WAITALL } = MSG.values;
const { SOCK_STREAM, SOCK_SEQPACKET } = SOCK.values;

const optionOf = (pin: number, option: number): number => native.socketOption(pin, SOL_SOCKET, option);
const isStream = (pin: number): boolean => optionOf(pin, SO.values.SO_TYPE) === SOCK_STREAM;

/** Until when a call on the socket waits, by its own option; undefined for ever. */
function until(pin: number, send: 0 | 1): number | undefined {
  const micros = native.socketTimeout(pin, send);
  return micros > 0 ? now() + micros / 1000 : undefined;
}
const socketLooks = (pin: number, send: 0 | 1): Looks =>
  new Looks(() => [{ fd: pin, events: send === 0 ? POLLIN : POLLOUT }], until(pin, send));

/** What a call that moves data says of the end of a wait: of its time, that it would block. */
const interrupted = (end: number): number => (end === -ERRNO.ETIMEDOUT ? -ERRNO.EAGAIN : end);

/** One attempt at what is left behind the first `done` bytes, with these flags. */
type Attempt = (done: number, flags: number) => Doing;

/**
 * Receives once, or with MSG_WAITALL from a stream until all `length` bytes are there. What is out of band or in the
 * queue of errors is never waited for.
 */
export function* receiveAll(call: Call, how: number, length: number, attempt: Attempt): Doing {
  const flags = how | MSG_DONTWAIT;
  const n = call.r[0] | 0;
  let pin: number | undefined;
  let looks: Looks | undefined;
  let got = 0;
  for (;;) {
    const result = yield* attempt(got, flags);
    if (result > 0 && (how & MSG_PEEK) === 0) got += result;
    const all = (how & MSG_WAITALL) !== 0 && result > 0 && Math.max(got, result) < length;
    if (!isBlocked(result) && !all) return got || result;
    if ((how & (MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE)) !== 0) return got || result;
    pin ??= waitingPin(call, n);
    if (pin === undefined || (all && !isStream(pin))) return got || result;
    // What was looked at stays there: nothing tells of more.
    looks ??= all && (how & MSG_PEEK) !== 0 ? blindly(until(pin, 0)) : socketLooks(pin, 0);
    if (result > 0 && got > 0) looks.progress();
    const end = yield* looks.wait();
    if (end !== 0) return got || (result > 0 ? result : interrupted(end));
    if (!call.isStill(n, pin)) return got || -ERRNO.EBADF;
  }
}

const isOpening = (result: number, begun: boolean): boolean =>
  result === -ERRNO.EINPROGRESS || (begun && result === -ERRNO.EALREADY);

/** Sends all `length` bytes of a stream, or one message. */
export function* sendAll(call: Call, how: number, length: number, attempt: Attempt): Doing {
  const n = call.r[0] | 0;
  let flags = how | MSG_DONTWAIT;
  let pin: number | undefined;
  let looks: Looks | undefined;
  let begun = false;
  let sent = 0;
  for (;;) {
    const result: number = yield* attempt(sent, flags);
    if (result >= 0) sent += result;
    // A connection begins with the data, or must be there first; the call that finds it there sends.
    const opening: boolean = (flags & MSG_FASTOPEN) !== 0 && isOpening(result, begun);
    begun ||= opening;
    const done = result >= 0 ? result === 0 || sent >= length : !isBlocked(result) && !opening;
    if (done || (how & MSG_DONTWAIT) !== 0) return sent || result;
    pin ??= waitingPin(call, n);
    if (pin === undefined) return sent || result;
    looks ??= socketLooks(pin, 1);
    if (result > 0) {
      looks.progress();
      flags &= ~MSG_FASTOPEN;
    }
    const end = yield* looks.wait();
    if (end !== 0) return sent || interrupted(end);
    if (!call.isStill(n, pin)) return sent || -ERRNO.EBADF;
  }
}

/** accept(2): the first attempt says what is wrong with the socket, the others are made when somebody is there. */
export function* accepting(call: Call, n: number, order: () => Doing): Doing {
  const pin = waitingPin(call, n | 0);
  if (pin === undefined) return yield* order();
  let attempts = 0;
  function* attempt(): Doing {
    if (attempts++ > 0 && !isReady(pin as number, POLLIN)) return -ERRNO.EAGAIN;
    if (!call.isStill(n | 0, pin as number)) return -ERRNO.EBADF;
    return yield* unblocked(pin as number, order);
  }
  return yield* persist(attempt, socketLooks(pin, 0), isBlocked, -ERRNO.EAGAIN);
}

/**
 * connect(2): begun, waited for, and asked for again, which tells its end. A unix socket whose listener takes no more
 * cannot be watched: it is tried again.
 */
export function* connecting(call: Call, n: number, order: () => Doing): Doing {
  const pin = waitingPin(call, n | 0);
  const type = pin === undefined ? -1 : optionOf(pin, SO.values.SO_TYPE);
  if (pin === undefined || (type !== SOCK_STREAM && type !== SOCK_SEQPACKET)) return yield* order();
  const unix = optionOf(pin, SO.values.SO_DOMAIN) === AF.values.AF_UNIX;
  let begun = false;
  function* attempt(): Doing {
    if (!call.isStill(n | 0, pin as number)) return -ERRNO.EBADF;
    const result = yield* unblocked(pin as number, order);
    if (result === -ERRNO.EISCONN && begun) return 0;
    begun ||= result === -ERRNO.EINPROGRESS;
    return result;
  }
  const blocked = (result: number): boolean =>
    unix ? isBlocked(result) : result === -ERRNO.EINPROGRESS || result === -ERRNO.EALREADY;
  const looks = unix ? blindly(until(pin, 1)) : socketLooks(pin, 1);
  return yield* persist(attempt, looks, blocked, unix ? -ERRNO.EAGAIN : -ERRNO.EINPROGRESS);
}
