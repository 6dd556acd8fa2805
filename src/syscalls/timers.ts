/** Timers of a process that send signals. Their ids are the kernel's, of the caller's process alone. */
import { CLOCK, SIGEV } from '../abi/flags-process.js';
import { TIMERFD_SET } from '../abi/flags.js';
import { itimerspec32, itimerspec64 } from '../abi/structs.js';
import { sigevent } from '../abi/structs-ipc.js';
import type { Struct } from '../abi/ctype.js';
import {
  delegated,
  family,
  flags,
  int,
  odd,
  structIn,
  structOut,
  words,
  type Call,
  type Doing,
  type Steps,
} from './dsl.js';
import { clockOf } from './time.js';
import { fail, refuse } from './support-process.js';

const { SIGEV_THREAD_ID } = SIGEV.values;

interface Event {
  /** As the trustee gets it: a thread by its host id. */
  readonly bytes: Uint8Array;
  /** The thread that it names, if it does. */
  readonly tid?: number;
}

/** The program's struct sigevent; a negative errno on failure. */
function eventOf(call: Call, address: number): Event | number {
  const bytes = call.get(address, sigevent.size);
  if (typeof bytes === 'number') return bytes;
  const { sigev_notify: notify, sigev_notify_thread_id: tid } = sigevent.decode(bytes) as Record<string, number>;
  if ((notify & SIGEV_THREAD_ID) === 0) return { bytes };
  const thread = call.process.sandbox.thread(tid);
  if (thread?.process !== call.process || thread.hostTid === 0)
    return refuse(call, 'EINVAL', `thread ${tid} is none of the process's`);
  return { bytes: sigevent.encode({ ...sigevent.decode(bytes), sigev_notify_thread_id: thread.hostTid }), tid };
}

function* create(call: Call): Steps {
  const [id, address, out] = call.r;
  const clock = clockOf(call, id);
  if (clock === undefined) return fail('EINVAL');
  const event = address === 0 ? undefined : eventOf(call, address);
  if (typeof event === 'number') return event;
  const refused = call.checkRange(out, 4);
  if (refused !== 0) return refused;
  const result = yield [call.nr, clock, event === undefined ? 0 : call.arena(event.bytes), out];
  if (result !== 0 || event?.tid === undefined) return result;
  const number = call.get(out, 4); // who changes it meanwhile has changed a number of its own timers
  if (typeof number === 'number') return 0;
  const kernel = new DataView(number.buffer, number.byteOffset).getInt32(0, true);
  call.process.timers.note(kernel, { kernel, tid: event.tid, clock, event: event.bytes });
  return 0;
}

/** The call on the timer that the program's number means now. */
function* ofTimer(call: Call): Doing {
  const [id, ...rest] = call.r;
  return yield [call.nr, call.process.timers.kernel(id | 0), ...rest];
}
function* remove(call: Call): Doing {
  const result = yield* ofTimer(call);
  if (result === 0) call.process.timers.forget(call.r[0] | 0);
  return result;
}

const setting = (layout: Struct) => ({
  timer: int(),
  flags: flags(TIMERFD_SET),
  value: structIn(layout),
  old: structOut(layout, true),
});
const getting = (layout: Struct) => ({ timer: int(), value: structOut(layout) });

export const timers = family({
  timer_create: odd(259, { clock: flags(CLOCK), event: structIn(sigevent, true), timer: words('out') }, create),
  timer_settime: delegated(260, setting(itimerspec32), { waits: ofTimer }),
  timer_gettime: delegated(261, getting(itimerspec32), { waits: ofTimer }),
  timer_getoverrun: delegated(262, { timer: int() }, { waits: ofTimer }),
  timer_delete: delegated(263, { timer: int() }, { waits: remove }),
  timer_gettime64: delegated(408, getting(itimerspec64), { waits: ofTimer }),
  timer_settime64: delegated(409, setting(itimerspec64), { waits: ofTimer }),
});
