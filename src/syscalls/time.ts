/**
 * Clocks are answered in the helper: the program has no vDSO clocks. CPU-time clocks are asked by the trustee: those of
 * processes, of which the sandbox's parts in them are a share, and those of threads, by the untrustee's id.
 */
import { CLOCK } from '../abi/flags-process.js';
import { time32, timespec32, timespec64, timeval, timex32, timex64, timezone, word } from '../abi/structs-process.js';
import type { Struct, Values } from '../abi/ctype.js';
import { native } from '../native/index.js';
import {
  answered,
  denied,
  family,
  flags,
  hex,
  odd,
  structIn,
  structInOut,
  structOut,
  type Call,
  type Doing,
  type Steps,
  type ThreadView,
} from './dsl.js';
import { membersOf } from './members.js';
import { fail, give, giveOptional, refuse } from './support-process.js';
import { clockNow, now as monotonic, timeAt, timeOf, untilClock } from './waiting.js';

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

/** A clock id made of a pid or thread id (include/linux/posix-timers.h); of a descriptor when the low bits are 3. */
const CPU_CLOCK = { pidShift: 3, thread: 4, kind: 3, sched: 2, descriptor: 3 } as const;
const clockOfId = (id: number, bits: number): number => (~id << CPU_CLOCK.pidShift) | bits;

/**
 * The clock that an id means for the trustee: one of the fixed ones, the CPU time of a process of the sandbox, or that of
 * a thread of the program's, whose untrustee is meant; none for others. A thread's time can be asked by its process
 * only. Clocks that are descriptors (PTP) are not offered.
 */
export function clockOf(call: Call, id: number): number | undefined {
  const clock = id | 0;
  if (clock === CLOCK_THREAD_CPUTIME_ID) return threadClock(call.thread, CPU_CLOCK.sched);
  if (clock >= 0) return clock <= CLOCK_TAI ? clock : undefined;
  const kind = clock & CPU_CLOCK.kind;
  const who = ~(clock >> CPU_CLOCK.pidShift);
  if (kind === CPU_CLOCK.descriptor) return undefined;
  if ((clock & CPU_CLOCK.thread) === 0) return processClock(call, who, kind);
  const thread = who === 0 ? call.thread : membersOf(call).thread(who);
  return thread?.process === call.process ? threadClock(thread, kind) : undefined;
}
const threadClock = ({ hostTid, tid }: ThreadView, kind: number): number =>
  clockOfId(hostTid === 0 ? tid : hostTid, CPU_CLOCK.thread | kind);
/** By its pid, or for the caller's by 0. */
function processClock(call: Call, who: number, kind: number): number | undefined {
  const process = who === call.thread.tid ? call.process : who === 0 ? call.process : call.process.sandbox.process(who);
  if (process !== call.process) return process === undefined ? undefined : clockOfId(process.pid, kind);
  return kind === CPU_CLOCK.sched ? CLOCK_PROCESS_CPUTIME_ID : clockOfId(0, kind);
}
/** Negative ids, and one more, are of CPU time: asked by the trustee. */
const isCpuTime = (clock: number): boolean => clock < 0 || clock === CLOCK_PROCESS_CPUTIME_ID;

function getTime(call: Call, layout: Struct): Steps | number {
  const clock = clockOf(call, call.r[0]);
  if (clock === undefined) return fail('EINVAL');
  if (isCpuTime(clock)) return processTime(call, clock, layout);
  const result = native.clockGettime(clock, now);
  return result < 0 ? result : give(call, call.r[1], timespecOf(layout));
}
function* processTime(call: Call, clock: number, layout: Struct): Steps {
  const out = call.r[1];
  return call.checkRange(out, layout.size) || (yield [call.nr, clock, out]);
}

function getResolution(call: Call, layout: Struct): number {
  const clock = clockOf(call, call.r[0]);
  // Of all CPU time the helper's own has the resolution.
  const like = clock === undefined || clock >= 0 ? clock : clockOfId(0, clock & CPU_CLOCK.kind);
  const result = like === undefined ? fail('EINVAL') : native.clockGetres(like, now);
  return result < 0 ? result : giveOptional(call, call.r[1], timespecOf(layout));
}

// ---- sleeping ----

const { CLOCK_MONOTONIC, CLOCK_BOOTTIME } = CLOCK.values;
const CLOCK_NANOSLEEP = 407;
const TIMER_ABSTIME = 1;
/** Clocks that every process may sleep by, as long as it wants. */
const PLAIN: readonly number[] = [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI];
/** Milliseconds between looks at a clock of CPU time, which goes as the program works. */
const CPU_LOOK = { least: 1, most: 20 } as const;

/** The end of a sleep: what was left of it is told when it was interrupted. */
function slept(call: Call, end: number, left: number, rest: number, layout: Struct): number {
  if (end !== fail('EINTR')) return 0;
  if (rest === 0) return end;
  return give(call, rest, timeOf(Math.max(0, left), layout.size)) || end;
}

/** A time to sleep, checked: milliseconds, or a negative errno. */
function sleepTime(call: Call, at: number, rest: number, layout: Struct): number {
  const time = at === 0 ? fail('EFAULT') : timeAt(call, at, layout.size);
  const refused = time < 0 || rest === 0 ? 0 : call.checkRange(rest, layout.size);
  return refused !== 0 ? refused : time;
}

function* sleepFor(call: Call, time: number, rest: number, layout: Struct): Doing {
  const until = monotonic() + time;
  return slept(call, yield { until }, until - monotonic(), rest, layout);
}

function* nanosleep(call: Call): Steps {
  const [at, rest] = call.r;
  const time = sleepTime(call, at, rest, timespec32);
  return time < 0 ? time : yield* sleepFor(call, time, rest, timespec32);
}

/** How the helper names a clock of CPU time whose 0 is the process itself. */
function cpuClock(call: Call, clock: number): number {
  const own = clock === CLOCK_PROCESS_CPUTIME_ID || ~(clock >> CPU_CLOCK.pidShift) === 0;
  const kind = clock === CLOCK_PROCESS_CPUTIME_ID ? CPU_CLOCK.sched : clock & CPU_CLOCK.kind;
  return own ? clockOfId(call.process.pid, kind) : clock;
}

/** Until a clock shows `target`. */
function* sleepUntil(clock: number, target: number, cpu: boolean): Doing {
  for (;;) {
    const left = target - clockNow(clock);
    if (left <= 0) return 0;
    const look = Math.min(Math.max(left / 2, CPU_LOOK.least), CPU_LOOK.most);
    const end = yield cpu ? { again: look } : untilClock(clock, target);
    if (end === fail('EINTR')) return end;
  }
}

function* sleep(call: Call, layout: Struct): Steps {
  const [id, how, request, rest] = call.r;
  // The kernel refuses a thread's own: the trustee's will do.
  const clock = (id | 0) === CLOCK_THREAD_CPUTIME_ID ? id : clockOf(call, id);
  if (clock === undefined) return fail('EINVAL');
  // Of all others the kernel says whether one may sleep by them.
  const refused = PLAIN.includes(clock)
    ? 0
    : yield [CLOCK_NANOSLEEP, clock, 0, call.arena(new Uint8Array(timespec64.size)), 0];
  if (refused !== 0) return refused;
  const time = sleepTime(call, request, rest, layout);
  if (time < 0) return time;
  const cpu = isCpuTime(clock);
  const absolute = (how & TIMER_ABSTIME) !== 0;
  if (!cpu && !absolute) return yield* sleepFor(call, time, rest, layout);
  const shown = cpu ? cpuClock(call, clock) : clock;
  if (native.clockGettime(shown, now) < 0) return fail('EINVAL'); // of one thread: only its process can ask
  const target = absolute ? time : clockNow(shown) + time;
  const end = yield* sleepUntil(shown, target, cpu);
  return slept(call, end, target - clockNow(shown), absolute ? 0 : rest, layout);
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

const state = new Uint8Array(timex64.size);

/** The state of a clock, for who changes nothing (modes 0); 64-bit words go into 32-bit ones without their high half. */
function lookAt(call: Call, clock: number | undefined, at: number, layout: Struct): number {
  const modes = call.get(at, word.size);
  if (typeof modes === 'number') return modes;
  if (clock === undefined) return fail('EINVAL');
  if (word.decode(modes).value !== 0) return refuse(call, 'EPERM', READ_ONLY);
  const result = native.clockAdjustment(clock, state);
  return result < 0 ? result : give(call, at, layout.encode(narrowed(timex64.decode(state), layout))) || result;
}
const narrowed = (values: Values, layout: Struct): Values =>
  layout === timex64
    ? values
    : Object.fromEntries(
        Object.entries(values).map(([name, x]) => [name, typeof x === 'bigint' ? Number(BigInt.asIntN(32, x)) : x]),
      );

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

  nanosleep: odd(162, { time: structIn(timespec32), rest: structOut(timespec32, true) }, nanosleep),
  clock_nanosleep: odd(267, sleepArguments(timespec32), (call) => sleep(call, timespec32)),
  clock_nanosleep_time64: odd(407, sleepArguments(timespec64), (call) => sleep(call, timespec64)),

  stime: denied(25, 'EPERM', READ_ONLY),
  settimeofday: denied(79, 'EPERM', READ_ONLY),
  clock_settime: denied(264, 'EPERM', READ_ONLY),
  clock_settime64: denied(404, 'EPERM', READ_ONLY),
  adjtimex: answered(124, { state: structInOut(timex32) }, (call) => lookAt(call, CLOCK_REALTIME, call.r[0], timex32)),
  clock_adjtime: answered(343, { clock: clock(), state: structInOut(timex32) }, (call) =>
    lookAt(call, clockOf(call, call.r[0]), call.r[1], timex32),
  ),
  clock_adjtime64: answered(405, { clock: clock(), state: structInOut(timex64) }, (call) =>
    lookAt(call, clockOf(call, call.r[0]), call.r[1], timex64),
  ),
});
