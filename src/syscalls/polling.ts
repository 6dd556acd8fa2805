/**
 * poll(2), select(2), epoll_wait(2): the trustee asks what is ready now; when that is nothing, the thread waits in the
 * helper for what was asked about. A signal mask is the hook's to set, the trustee gets none. What poll and select name
 * stays in the program's memory, where the kernel writes its answer: a reserved number slipped in after the check tells
 * whether that descriptor is ready, no more.
 */
import { ERRNO } from '../abi/errno.js';
import { epollEvent, pollfd, selArg, sigsetArgpack, timespec64, timeval32 } from '../abi/structs.js';
import { limitOf } from '../memory/limits.js';
import type { Call, Doing, Steps } from './dsl.js';
import { temporaryMask } from './signals-wait.js';
import { within } from './support.js';
import {
  Looks,
  mayTellOfSignals,
  MICRO,
  NANO,
  now,
  POLLIN,
  POLLOUT,
  POLLPRI,
  setLooks,
  timeAt,
  timeOf,
  type Watched,
} from './waiting.js';

const POLL = 168;
const SELECT = 142;
const EPOLL_WAIT = 256;
const EPOLL_PWAIT2 = 441;
/** Milliseconds between looks at a set that the helper cannot hold. */
const TOO_MANY = 10;

/**
 * Descriptors of the helper that all these waits together may hold: a quarter of what it may open. The sets of those that
 * come later are looked at.
 */
let most: number | undefined;
const mostHeld = (): number => (most ??= Number(limitOf(process.pid, 'Max open files').soft) / 4);
let held = 0;

/** What one call asks about: pinned once, when it first has to wait. */
class Asked {
  private pins: Watched[] | undefined;
  private complete = true;

  constructor(
    private readonly call: Call,
    private readonly asked: () => readonly Watched[],
  ) {}

  get watched(): readonly Watched[] {
    return (this.pins ??= this.pinned());
  }
  get isComplete(): boolean {
    return this.complete;
  }
  private pinned(): Watched[] {
    const wanted = new Map<number, number>();
    for (const { fd, events } of this.asked()) wanted.set(fd, (wanted.get(fd) ?? 0) | events);
    const pins: Watched[] = [];
    for (const [fd, events] of wanted) {
      const pin = held + pins.length < mostHeld() ? this.call.pin(fd) : -ERRNO.EMFILE;
      if (pin < 0 || mayTellOfSignals(pin)) this.complete = false;
      else pins.push({ fd: pin, events });
    }
    return pins;
  }
}

/** Looks until something is ready or the time (ms, Infinity) is over: what `look` told last, or -EINTR. */
function* untilReady(call: Call, look: () => Doing, asked: () => readonly Watched[], time: number): Doing {
  const began = now();
  const ready = yield* look();
  if (ready !== 0 || time === 0) return ready;
  const set = new Asked(call, asked);
  const until = time === Infinity ? undefined : began + time;
  const watched = set.watched;
  const looks = new Looks(() => watched, until, set.isComplete ? setLooks() : { again: TOO_MANY });
  // Nothing to wait for but the time, or a signal.
  if (watched.length === 0 && set.isComplete) return (yield { until }) === -ERRNO.EINTR ? -ERRNO.EINTR : 0;
  held += watched.length;
  try {
    for (;;) {
      const end = yield* looks.wait();
      if (end === -ERRNO.EINTR) return end;
      const result = yield* look();
      if (result !== 0 || end !== 0) return result;
    }
  } finally {
    held -= watched.length;
  }
}

/** Milliseconds, or Infinity for none, or a negative errno. */
const timeout = (call: Call, at: number, size: number, unit = NANO): number =>
  at === 0 ? Infinity : timeAt(call, at, size, unit);

/** Tells how much of the time is left, as the kernel does unless it was none (poll_select_finish). */
function tellRest(call: Call, at: number, size: number, began: number, time: number, unit = NANO): void {
  if (at !== 0 && time !== 0) call.put(at, timeOf(Math.max(0, time - (now() - began)), size, unit));
}

/** The work, and then the rest of its time told. */
function* timed(call: Call, work: Doing, at: number, size: number, began: number, time: number): Doing {
  const result = yield* work;
  tellRest(call, at, size, began, time);
  return result;
}

/** Where a call's mask stands, and of what size it says that it is. */
type MaskAt = readonly [address: number, size: number];
/** The last argument of pselect6 points to a mask's address and size: these, or a negative errno. */
function packedMask(call: Call, at: number): MaskAt | number {
  if (at === 0) return [0, 0];
  const bytes = call.get(at, sigsetArgpack.size);
  if (typeof bytes === 'number') return bytes;
  const { p, size } = sigsetArgpack.decode(bytes) as Record<string, number>;
  return [p, size];
}

/** The work under the mask of the call. A signal that it lets through ends a call that found nothing, however late it is told of. */
function* masked(call: Call, [at, size]: MaskAt, work: Doing): Steps {
  const refused = yield* temporaryMask(call, at, size);
  if (refused !== 0) return refused;
  const result = yield* work;
  return at !== 0 && result === 0 ? { outcome: 'unless', result, arrived: () => -ERRNO.EINTR } : result;
}

// ---- poll ----

/** The array as it was judged, or a negative errno. */
function polled(call: Call): Uint8Array | number {
  const [at, count] = call.r;
  if (count === 0) return new Uint8Array(0);
  const bytes = call.get(at, count * pollfd.size);
  if (typeof bytes === 'number') return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < bytes.length; i += pollfd.size) {
    const fd = view.getInt32(i, true);
    if (fd >= 0 && call.checkFd(fd) !== 0) return -ERRNO.EBADF;
  }
  return within(call, [at, bytes.length]) || bytes;
}
function inPolled(bytes: Uint8Array): Watched[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / pollfd.size }, (_, i) => ({
    fd: view.getInt32(i * pollfd.size, true),
    events: view.getUint16(i * pollfd.size + 4, true),
  })).filter(({ fd }) => fd >= 0);
}

function* pollFor(call: Call, time: number): Doing {
  const bytes = polled(call);
  if (typeof bytes === 'number') return bytes;
  const [at, count] = call.r;
  return yield* untilReady(
    call,
    function* () {
      return yield [POLL, at, count, 0];
    },
    () => inPolled(bytes),
    time,
  );
}

export function* poll(call: Call): Steps {
  const time = call.r[2] | 0;
  return yield* pollFor(call, time < 0 ? Infinity : time);
}

export function* ppoll(call: Call, size: number): Steps {
  const [, , at, mask, maskSize] = call.r;
  const began = now();
  const time = timeout(call, at, size);
  const refused = time < 0 ? time : within(call, [at, size]);
  if (refused !== 0) return refused;
  return yield* masked(call, [mask, maskSize], timed(call, pollFor(call, time), at, size, began, time));
}

// ---- select ----

/** The three sets as they were given; undefined for none. Their descriptors, and what select(2) waits for of each. */
interface Sets {
  readonly at: readonly number[];
  readonly given: readonly (Uint8Array | undefined)[];
}
const WANTED = [POLLIN, POLLOUT, POLLPRI];

/** None may hold a reserved descriptor. */
function setsOf(call: Call, count: number, at: readonly number[]): Sets | number {
  if (count < 0) return -ERRNO.EINVAL;
  const length = Math.ceil(count / 32) * 4;
  const { from, to } = call.reserved;
  const given: (Uint8Array | undefined)[] = [];
  for (const set of at) {
    const outside = within(call, [set, length]);
    if (outside !== 0) return outside;
    const bytes = set === 0 || length === 0 ? undefined : call.get(set, length);
    if (typeof bytes === 'number') return bytes;
    for (let n = from; bytes !== undefined && n < Math.min(count, to); n++)
      if ((bytes[n >> 3] & (1 << (n & 7))) !== 0) return -ERRNO.EBADF;
    given.push(bytes);
  }
  return { at, given };
}

function inSets({ given }: Sets, count: number): Watched[] {
  const asked: Watched[] = [];
  for (let fd = 0; fd < count; fd++) {
    let events = 0;
    given.forEach((set, i) => {
      if (set !== undefined && (set[fd >> 3] & (1 << (fd & 7))) !== 0) events |= WANTED[i];
    });
    if (events !== 0) asked.push({ fd, events });
  }
  return asked;
}

/** The kernel empties the sets when nothing is ready: while the call waits they are as they were given. */
function put({ at, given }: Sets, call: Call, empty: boolean): void {
  given.forEach((set, i) => {
    if (set !== undefined) call.put(at[i], empty ? new Uint8Array(set.length) : set);
  });
}

function* selectFor(call: Call, count: number, at: readonly number[], time: number): Doing {
  const sets = setsOf(call, count, at);
  if (typeof sets === 'number') return sets;
  const now = call.arena(new Uint8Array(timeval32.size));
  const result = yield* untilReady(
    call,
    function* () {
      const ready = yield [SELECT, count, ...at, now];
      if (ready === 0 && time !== 0) put(sets, call, false);
      return ready;
    },
    () => inSets(sets, count),
    time,
  );
  if (result === 0 && time !== 0) put(sets, call, true);
  return result;
}

export function* select(call: Call, [count, a, b, c, at]: readonly number[]): Steps {
  const began = now();
  const time = timeout(call, at, timeval32.size, MICRO);
  const refused = time < 0 ? time : within(call, [at, timeval32.size]);
  if (refused !== 0) return refused;
  const result = yield* selectFor(call, count | 0, [a, b, c], time);
  tellRest(call, at, timeval32.size, began, time, MICRO);
  return result;
}

export function* oldSelect(call: Call): Steps {
  const bytes = call.get(call.r[0], selArg.size);
  if (typeof bytes === 'number') return bytes;
  const { n, inp, outp, exp, tvp } = selArg.decode(bytes) as Record<string, number>;
  return yield* select(call, [n, inp, outp, exp, tvp]);
}

export function* pselect(call: Call, size: number): Steps {
  const [count, r, w, e, at, mask] = call.r;
  const began = now();
  const packed = packedMask(call, mask);
  if (typeof packed === 'number') return packed;
  const time = timeout(call, at, size);
  const refused = time < 0 ? time : within(call, [at, size]);
  if (refused !== 0) return refused;
  return yield* masked(call, packed, timed(call, selectFor(call, count | 0, [r, w, e], time), at, size, began, time));
}

// ---- epoll ----

const MAX_EVENTS = 0x7fffffff / epollEvent.size;

export function* epollWait(call: Call): Steps {
  const [epoll, events, most, at, mask, maskSize] = call.r;
  const time = call.nr === EPOLL_PWAIT2 ? timeout(call, at, timespec64.size) : (at | 0) < 0 ? Infinity : at;
  if (time < 0) return time;
  if (most === 0 || most > MAX_EVENTS) return -ERRNO.EINVAL;
  const refused = within(call, [events, most * epollEvent.size]);
  if (refused !== 0) return refused;
  const work = untilReady(
    call,
    function* () {
      return yield [EPOLL_WAIT, epoll, events, most, 0];
    },
    () => [{ fd: epoll, events: POLLIN }],
    time,
  );
  return yield* masked(call, call.nr === EPOLL_WAIT ? [0, 0] : [mask, maskSize], work);
}
