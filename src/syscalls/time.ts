/**
 * Clocks are answered in the helper: the program has no vDSO clocks. CPU-time clocks are the process's, asked by the
 * trustee; its own time is in them, and as long as there is one thread CLOCK_THREAD_CPUTIME_ID is the process's too.
 */
import { CLOCK } from '../abi/flags-process.js';
import { time32, timespec32, timespec64, timeval, timex32, timex64, timezone, word } from '../abi/structs-process.js';
import type { Struct } from '../abi/ctype.js';
import { native } from '../native/index.js';
import {
  answered,
  delegated,
  denied,
  family,
  flags,
  hex,
  odd,
  structIn,
  structInOut,
  structOut,
  type Args,
  type Call,
  type Row,
  type Steps,
} from './dsl.js';
import { copied, fail, give, giveOptional, guarded, isOwn, type Guard } from './support-process.js';

const { CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_TAI } = CLOCK.values;
/** Seconds and nanoseconds as struct timespec64 has them, and the low words as the 32-bit structures do. */
const now = new BigInt64Array(2);
const wide = new Uint8Array(now.buffer);
const words = new Int32Array(now.buffer);
const low = new Int32Array(2);
const narrow = new Uint8Array(low.buffer);

function timespecOf(layout: Struct): Uint8Array {
  if (layout === timespec64) return wide;
  low[0] = words[0];
  low[1] = words[2];
  return narrow;
}
function timevalNow(): Uint8Array {
  low[0] = words[0];
  low[1] = words[2] / 1000;
  return narrow;
}

// ---- which clock ----

/** A clock id made of a pid (CPUCLOCK_SCHED of include/linux/posix-timers.h); of a descriptor when the low bits are 3. */
const CPU_CLOCK = { pidShift: 3, thread: 4, kind: 3, sched: 2 } as const;

/**
 * The clock that an id means: one of the fixed ones or the process's CPU time; a negative errno for others. Clocks that
 * are descriptors (PTP) are not offered.
 */
function clockOf(call: Call, id: number): number {
  const clock = id | 0;
  if (clock === CLOCK_THREAD_CPUTIME_ID) return CLOCK_PROCESS_CPUTIME_ID;
  if (clock >= 0) return clock <= CLOCK_TAI ? clock : fail('EINVAL');
  const own = isOwn(call, ~(clock >> CPU_CLOCK.pidShift));
  return own && (clock & CPU_CLOCK.kind) === CPU_CLOCK.sched ? CLOCK_PROCESS_CPUTIME_ID : fail('EINVAL');
}

function getTime(call: Call, layout: Struct): Steps | number {
  const clock = clockOf(call, call.r[0]);
  if (clock === CLOCK_PROCESS_CPUTIME_ID) return processTime(call, layout);
  const result = clock < 0 ? clock : native.clockGettime(clock, now);
  return result < 0 ? result : give(call, call.r[1], timespecOf(layout));
}
function* processTime(call: Call, layout: Struct): Steps {
  const out = call.r[1];
  return call.checkRange(out, layout.size) || (yield [call.nr, CLOCK_PROCESS_CPUTIME_ID, out]);
}

function getResolution(call: Call, layout: Struct): number {
  const clock = clockOf(call, call.r[0]);
  const result = clock < 0 ? clock : native.clockGetres(clock, now);
  return result < 0 ? result : giveOptional(call, call.r[1], timespecOf(layout));
}

function* sleep(call: Call, layout: Struct): Steps {
  const [id, how, request, rest] = call.r;
  if ((id | 0) === CLOCK_THREAD_CPUTIME_ID) return fail('EINVAL');
  const clock = clockOf(call, id);
  if (clock < 0) return clock;
  const time = request === 0 ? fail('EFAULT') : copied(call, request, layout.size);
  const refused = time < 0 ? time : rest === 0 ? 0 : call.checkRange(rest, layout.size);
  return refused !== 0 ? refused : yield [call.nr, clock, how, time, rest];
}

// ---- the day ----

const GREENWICH = new Uint8Array(timezone.size);

function getTimeOfDay(call: Call): number {
  const [tv, tz] = call.r;
  native.clockGettime(CLOCK_REALTIME, now);
  const refused = giveOptional(call, tv, timevalNow());
  return refused !== 0 ? refused : giveOptional(call, tz, GREENWICH);
}

function getSeconds(call: Call): number {
  native.clockGettime(CLOCK_REALTIME, now);
  return giveOptional(call, call.r[0], wide.subarray(0, time32.size)) || words[0];
}

// ---- setting ----

const READ_ONLY = "the clock is the host's";
const CAN_SET = 0;

/**
 * adjtimex(2) may look (modes 0). The kernel reads the structure after the check, so a program whose ids could set the
 * clock is refused altogether.
 */
const lookOnly =
  (argument: number): Guard =>
  (call) => {
    const modes = call.get(call.r[argument], word.size);
    if (typeof modes === 'number') return modes;
    return word.decode(modes).value !== 0 || process.geteuid?.() === CAN_SET ? fail('EPERM') : 0;
  };
const adjust = (nr: number, args: Args): Row => guarded(nr, args, lookOnly(Object.keys(args).length - 1));

const clock = () => flags(CLOCK);
const clockArguments = (layout: Struct) => ({ clock: clock(), time: structOut(layout) });
const sleepArguments = (layout: Struct) => ({
  clock: clock(),
  flags: hex(),
  time: structIn(layout),
  rest: structOut(layout, true),
});

export const time = family({
  clock_gettime: odd(265, clockArguments(timespec32), (call) => getTime(call, timespec32)),
  clock_gettime64: odd(403, clockArguments(timespec64), (call) => getTime(call, timespec64)),
  clock_getres: answered(266, { clock: clock(), time: structOut(timespec32, true) }, (call) =>
    getResolution(call, timespec32),
  ),
  clock_getres_time64: answered(406, { clock: clock(), time: structOut(timespec64, true) }, (call) =>
    getResolution(call, timespec64),
  ),
  gettimeofday: answered(78, { time: structOut(timeval, true), zone: structOut(timezone, true) }, getTimeOfDay),
  time: answered(13, { time: structOut(time32, true) }, getSeconds),

  nanosleep: delegated(162, { time: structIn(timespec32), rest: structOut(timespec32, true) }),
  clock_nanosleep: odd(267, sleepArguments(timespec32), (call) => sleep(call, timespec32)),
  clock_nanosleep_time64: odd(407, sleepArguments(timespec64), (call) => sleep(call, timespec64)),

  stime: denied(25, 'EPERM', READ_ONLY),
  settimeofday: denied(79, 'EPERM', READ_ONLY),
  clock_settime: denied(264, 'EPERM', READ_ONLY),
  clock_settime64: denied(404, 'EPERM', READ_ONLY),
  adjtimex: adjust(124, { state: structInOut(timex32) }),
  clock_adjtime: adjust(343, { clock: clock(), state: structInOut(timex32) }),
  clock_adjtime64: adjust(405, { clock: clock(), state: structInOut(timex64) }),
});
