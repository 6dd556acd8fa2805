/**
 * What a thread's next untrustee is to have of the one before. Signals that wait for that thread alone are the kernel's,
 * and would end with it: its hook takes one after the other and tells of each, and the next untrustee is sent them again.
 * The kernel takes a thread's own signals before its process's, so that only those are taken.
 */
import { ERRNO } from '../abi/errno.js';
import { NUMBERS } from '../abi/numbers.js';
import type { Arrived, Order } from '../syscalls/dsl.js';
import { bit, ours, valid } from '../syscalls/signals-support.js';
import { handOver } from '../syscalls/signals-wait.js';
import type { ThreadState } from './process.js';
import type { Work } from './referee.js';
import type { Request } from './request.js';
import { ownSignals } from './signals.js';

/** Milliseconds that a hook may take to tell of a signal, and so many signals are carried: nobody waits for a liar. */
const PATIENCE = 100;
const MOST = 4096;
const SIGRTMIN = 32;
const ALL = 0xffffffffffffffffn;

export interface Carried {
  readonly signals: Arrived[];
  /** The one that the hook had kept already: it is handed on first. Null for none, undefined when it was not looked. */
  kept?: Arrived | null;
}

/** One more for the next untrustee: of those that do not queue, one. */
export function owe({ signals }: Carried, one: Arrived): void {
  const queues = one.signal >= SIGRTMIN;
  if (signals.length < MOST && (queues || !signals.some(({ signal }) => signal === one.signal))) signals.push(one);
}

/** Takes the signals that wait for the thread, which goes nowhere meanwhile: the hook blocks all behind each. */
export function* takeSignals(thread: ThreadState, request: Request): Work {
  const waiting = (): bigint => ownSignals(thread.process.pid, thread.hostTid) & thread.mask;
  let all = thread.mask === 0n ? 0n : waiting();
  if (all === 0n) return 0;
  if ((yield* handOver(request, all)) !== 0) return 0;
  const { carried } = thread;
  carried.kept = thread.arrived;
  while (carried.signals.length < MOST) {
    const next = lowest(waiting() & all);
    if (next === 0) break;
    yield { mask: ALL & ~bit(next), forget: thread.arrived !== null };
    const until = performance.now() + PATIENCE;
    while (thread.arrived === null && performance.now() < until) yield { until };
    const { arrived } = thread;
    if (arrived === null) break;
    if (next < SIGRTMIN) all &= ~bit(next); // that does not queue: what comes meanwhile is the same one
    if (arrived.signal === next) owe(carried, arrived);
    else if (valid(arrived.signal)) carried.kept ??= arrived; // it was not blocked, and faster
  }
  return 0;
}
function lowest(set: bigint): number {
  for (let signal = 1; valid(signal); signal++) if ((set & bit(signal)) !== 0n && !ours(signal)) return signal;
  return 0;
}

/**
 * Sends them to the new untrustee `tid`, by its own trustee. Only a leader may say that a signal came by kill or tgkill
 * (rt_tgsigqueueinfo(2)); any other thread's then come from its own process.
 */
export function* sendSignals(
  { process: { pid }, memory, carried }: ThreadState,
  tid: number,
): Generator<Order, void, number> {
  for (const { signal, info } of carried.signals.splice(0)) {
    memory.resetArena();
    const sent = yield [NUMBERS.rt_tgsigqueueinfo, pid, tid, signal, memory.copy(info)];
    if (sent === -ERRNO.EPERM) yield [NUMBERS.tgkill, pid, tid, signal];
  }
  carried.kept = undefined;
}
