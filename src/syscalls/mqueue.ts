/**
 * POSIX message queues. Opening and removing one asks for its name; what is open is held, as any descriptor. The kernel
 * names queues without the slash that mq_open(3) has; policies know them with it.
 */
import type { ByteString } from '../abi/bytes.js';
import { OPEN } from '../abi/flags.js';
import { SIGEV } from '../abi/flags-ipc.js';
import { CLOCK } from '../abi/flags-process.js';
import { mqAttr, sigevent } from '../abi/structs-ipc.js';
import { timespec32, timespec64 } from '../abi/structs-process.js';
import {
  bytesIn,
  bytesOut,
  delegated,
  family,
  fd,
  flags,
  mode,
  odd,
  size,
  string,
  structIn,
  structOut,
  uint,
  words,
  type Call,
  type Steps,
} from './dsl.js';
import { copied, fail } from './support-process.js';
import { cString } from './support.js';
import { clockNow, POLLIN, POLLOUT, timeIn } from './waiting.js';

const NAME_MAX = 255;
const PATH_MAX = 4096;
const { SIGEV_THREAD } = SIGEV.values;
/** What mq_notify(3) sends through a netlink socket, for a thread of the C library to hear: NOTIFY_COOKIE_LEN. */
const COOKIE = 32;

/** The queue's name, read once and asked for, where the trustee reads it; a negative errno. Rules: ipc/mqueue.c. */
function named(call: Call): number {
  const name: ByteString | number = call.getString(call.r[0], PATH_MAX);
  if (typeof name === 'number') return name;
  if (name === '') return fail('ENOENT');
  if (name.includes('/') || name === '.' || name === '..') return fail('EACCES');
  if (name.length > NAME_MAX) return fail('ENAMETOOLONG');
  return call.ask({ ask: 'name', space: 'mqueue', name: `/${name}` }) || call.arena(cString(name));
}

function* open(call: Call): Steps {
  const [, how, permissions, attributes] = call.r;
  const name = named(call);
  if (name < 0) return name;
  const copy = copied(call, attributes, mqAttr.size);
  return copy < 0 ? copy : yield [call.nr, name, how, permissions, copy];
}

function* unlink(call: Call): Steps {
  const name = named(call);
  return name < 0 ? name : yield [call.nr, name];
}

/**
 * mq_notify(3). A signal goes to the process that asked, its trustee's: trustees block all, so a thread of the program gets
 * it (__do_notify() of ipc/mqueue.c). For a thread, the number in the signal's place is that of a netlink socket, which the
 * program must have been allowed, and the value points to what is sent there.
 */
function* notify(call: Call): Steps {
  const [queue, event] = call.r;
  const copy = event === 0 ? undefined : call.get(event, sigevent.size);
  if (typeof copy === 'number') return copy;
  const given = copy === undefined ? 0 : prepareEvent(call, copy);
  return given < 0 ? given : yield [call.nr, queue, given];
}

/** The event where the trustee reads it, and what it points to; a negative errno. */
function prepareEvent(call: Call, bytes: Uint8Array): number {
  const event = sigevent.decode(bytes) as Record<string, number>;
  if (event.sigev_notify !== SIGEV_THREAD) return call.arena(bytes);
  const cookie = call.get(event.sigev_value, COOKIE);
  if (typeof cookie === 'number') return cookie;
  return call.checkFd(event.sigev_signo) || call.arena(sigevent.encode({ ...event, sigev_value: call.arena(cookie) }));
}

/**
 * mq_timedsend(2) and mq_timedreceive(2): with no time at all, they say ETIMEDOUT where they would wait. The caller's
 * time is absolute, of CLOCK_REALTIME, which may be set meanwhile.
 */
const waiting = (events: number, layout: typeof timespec32) =>
  function* (call: Call): Steps {
    const [queue, at, size, priority, timeout] = call.r;
    const late = timeout === 0 ? Infinity : timeIn(call.bytes(4));
    if (late < 0) return late;
    const none = call.arena(new Uint8Array(layout.size));
    let pin: number | undefined;
    for (;;) {
      if (pin !== undefined && !call.isStill(queue | 0, pin)) return fail('EBADF');
      const result = yield [call.nr, queue, at, size, priority, none];
      if (result !== fail('ETIMEDOUT')) return result;
      const left = late - clockNow(CLOCK_REALTIME);
      if (left <= 0) return result;
      pin ??= call.pin(queue | 0);
      const end = yield { fds: [{ fd: pin, events }], again: Math.min(left, LOOK) };
      if (end !== 0) return end;
    }
  };
/** Milliseconds after which the clock is looked at again. */
const LOOK = 1000;
const { CLOCK_REALTIME } = CLOCK.values;

const send = (timespec: typeof timespec32) => ({
  queue: fd(),
  message: bytesIn('size'),
  size: size(),
  priority: uint(),
  timeout: structIn(timespec, true),
});
const receive = (timespec: typeof timespec32) => ({
  queue: fd(),
  message: bytesOut('size'),
  size: size(),
  priority: words('out', 'uint'),
  timeout: structIn(timespec, true),
});
const counted = { returns: 'count' } as const;

export const mqueue = family({
  mq_open: odd(
    277,
    { name: string(PATH_MAX), flags: flags(OPEN), mode: mode(), attributes: structIn(mqAttr, true) },
    open,
    {
      returns: 'fd',
    },
  ),
  mq_unlink: odd(278, { name: string(PATH_MAX) }, unlink),
  mq_timedsend: delegated(279, send(timespec32), { waits: waiting(POLLOUT, timespec32) }),
  mq_timedsend_time64: delegated(418, send(timespec64), { waits: waiting(POLLOUT, timespec64) }),
  mq_timedreceive: delegated(280, receive(timespec32), { ...counted, waits: waiting(POLLIN, timespec32) }),
  mq_timedreceive_time64: delegated(419, receive(timespec64), { ...counted, waits: waiting(POLLIN, timespec64) }),
  mq_notify: odd(281, { queue: fd(), event: structIn(sigevent, true) }, notify),
  mq_getsetattr: delegated(282, {
    queue: fd(),
    attributes: structIn(mqAttr, true),
    old: structOut(mqAttr, true),
  }),
});
