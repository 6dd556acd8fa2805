/** Timers of a process that send signals. Their ids are the kernel's, of the caller's process alone. */
import { CLOCK, SIGEV } from '../abi/flags-process.js';
import { TIMERFD_SET } from '../abi/flags.js';
import { itimerspec32, itimerspec64 } from '../abi/structs.js';
import { sigevent } from '../abi/structs-ipc.js';
import type { Struct } from '../abi/ctype.js';
import { delegated, family, flags, int, odd, structIn, structOut, words, type Call, type Steps } from './dsl.js';
import { clockOf } from './time.js';
import { fail, refuse } from './support-process.js';

const { SIGEV_THREAD_ID } = SIGEV.values;

/** struct sigevent as the trustee gets it: a thread of the program's own process by its host id. Negative errno on failure. */
function eventOf(call: Call, address: number): number {
  if (address === 0) return 0;
  const bytes = call.get(address, sigevent.size);
  if (typeof bytes === 'number') return bytes;
  const { sigev_notify: notify, sigev_notify_thread_id: tid } = sigevent.decode(bytes) as Record<string, number>;
  if ((notify & SIGEV_THREAD_ID) === 0) return call.arena(bytes);
  const thread = call.process.sandbox.thread(tid);
  if (thread?.process !== call.process || thread.hostTid === 0)
    return refuse(call, 'EINVAL', `thread ${tid} is none of the process's`);
  return call.arena(sigevent.encode({ ...sigevent.decode(bytes), sigev_notify_thread_id: thread.hostTid }));
}

function* create(call: Call): Steps {
  const [id, event, out] = call.r;
  const clock = clockOf(call, id);
  if (clock === undefined) return fail('EINVAL');
  const at = eventOf(call, event);
  const refused = at < 0 ? at : call.checkRange(out, 4);
  return refused !== 0 ? refused : yield [call.nr, clock, at, out];
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
  timer_settime: delegated(260, setting(itimerspec32)),
  timer_gettime: delegated(261, getting(itimerspec32)),
  timer_getoverrun: delegated(262, { timer: int() }),
  timer_delete: delegated(263, { timer: int() }),
  timer_gettime64: delegated(408, getting(itimerspec64)),
  timer_settime64: delegated(409, setting(itimerspec64)),
});
