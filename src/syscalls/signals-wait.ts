/** Calls that wait for a signal, and masks for the time of a call. */
import type { Struct } from '../abi/ctype.js';
import { NUMBERS } from '../abi/numbers.js';
import type { Arrived, Call, Outcome, Steps } from './dsl.js';
import {
  bit,
  bytesOf,
  isNothing,
  ours,
  readSet,
  SIG_DFL,
  SIG_IGN,
  SIGSET_SIZE,
  UNBLOCKABLE,
  valid,
} from './signals-support.js';
import { fail, giveOptional } from './support-process.js';

const EINTR = fail('EINTR');
const EAGAIN = fail('EAGAIN');
const ETIMEDOUT = fail('ETIMEDOUT');

/** Until a signal comes that is handled or ends the process. */
export function* waitForSignal(): Steps {
  for (;;) if ((yield {}) === EINTR) return EINTR;
}

/** sigsuspend(2) with this mask. */
export function* suspend(mask: bigint | number): Steps {
  if (typeof mask === 'number') return mask;
  yield { mask };
  return yield* waitForSignal();
}

/**
 * The mask that ppoll(2) and its like have for the time of the call, when there is one: 0, or a negative errno. The hook takes it
 * back at the end.
 */
export function* temporaryMask(call: Call, address: number, size: number): Generator<{ mask: bigint }, number, number> {
  if (address === 0) return 0;
  const mask = readSet(call, address, size);
  return typeof mask === 'number' ? mask : yield { mask };
}

/** Milliseconds of a struct timespec, or a negative errno. */
function duration(call: Call, address: number, layout: Struct): number {
  const bytes = call.get(address, layout.size);
  if (typeof bytes === 'number') return bytes;
  const { sec, nsec } = layout.decode(bytes);
  const [seconds, nanoseconds] = [Number(sec), Number(nsec)];
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= 1e9) return fail('EINVAL');
  return seconds * 1000 + nanoseconds / 1e6;
}

/** Signals without a handler act as soon as they are not blocked: the hook's handler is put before those that are waited for. */
export function* handOver(call: Call, wanted: bigint): Steps {
  const { signals } = call.process;
  for (let sig = 1; valid(sig); sig++) {
    const action = signals.of(sig);
    const handled = action.handler !== SIG_DFL && action.handler !== SIG_IGN;
    if ((wanted & bit(sig)) === 0n || ours(sig) || handled || signals.awaited.has(sig)) continue;
    signals.awaited.add(sig);
    const set = yield [NUMBERS.rt_sigaction, sig, call.arena(signals.kernelAction(sig, action)), 0, SIGSET_SIZE];
    call.forgetArena();
    if (set !== 0) return set;
  }
  return 0;
}

/**
 * rt_sigtimedwait(2): what is waited for is not blocked meanwhile; what comes is kept by the hook, which tells of it and drops it.
 * One that comes as the time ends is still the call's: the hook goes on only if there is none.
 */
export function* timedWait(call: Call, layout: Struct): Steps {
  const [set, info, timeout, setSize] = call.r;
  const read = readSet(call, set, setSize);
  if (typeof read === 'number') return read;
  const wanted = read & ~UNBLOCKABLE;
  const time = timeout === 0 ? Infinity : duration(call, timeout, layout);
  if (time < 0) return time;
  const { thread } = call;
  if (time === 0 && (thread.pending() & wanted) === 0n) return EAGAIN;
  const refused = yield* handOver(call, wanted);
  if (refused !== 0) return refused;

  const taken = ({ signal, info: bytes }: Arrived): number | Outcome => {
    if ((wanted & bit(signal)) === 0n) return EINTR;
    const given = giveOptional(call, info, bytes);
    return { outcome: 'taken', result: given === 0 ? signal : given };
  };
  yield { mask: thread.mask & ~wanted };
  const until = performance.now() + Math.max(time, LEAST);
  for (;;) {
    const ended = yield { until };
    if (ended === ETIMEDOUT) return { outcome: 'unless', result: EAGAIN, arrived: taken };
    if (ended === EINTR && thread.arrived !== null && !isIdle(call, thread.arrived, wanted))
      return taken(thread.arrived);
    if (ended === EINTR) return EINTR;
  }
}
/** Milliseconds that a signal which is pending may take to be told of. */
const LEAST = 20;

const isIdle = (call: Call, { signal }: Arrived, wanted: bigint): boolean =>
  (wanted & bit(signal)) === 0n && isNothing(signal, call.process.signals.of(signal));

/** sigpending(2): what is blocked and waits, in as many bytes as were asked for. */
export function pending(call: Call, size: number): number {
  if (size > SIGSET_SIZE) return fail('EINVAL');
  return call.put(call.r[0], bytesOf(call.thread.pending() & call.thread.mask).subarray(0, size));
}
