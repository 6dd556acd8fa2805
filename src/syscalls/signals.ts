/**
 * Signals. Handlers are recorded, not delivered yet: a signal that has one keeps its default action in the kernel, and
 * one that the program sends to itself is dropped with a log line. Masks and alternate stacks are virtual; the kernel's
 * are the sandbox's own, as are its handlers of SIGILL and SIGSEGV.
 */
import { CLOCK, ITIMER, SA, SIG_HOW, signalName, SIGNAL, SIGNAL_MAX, SS } from '../abi/flags-process.js';
import {
  itimerval,
  oldSigaction,
  oldSigset,
  sigaction,
  sigaltstack,
  siginfo,
  sigset,
  timespec32,
  timespec64,
} from '../abi/structs-process.js';
import type { Struct, Values } from '../abi/ctype.js';
import {
  address,
  answered,
  delegated,
  denied,
  family,
  flags,
  odd,
  pid,
  signal,
  sigset as sigsetKind,
  size,
  structIn,
  structOut,
  uint,
  type Call,
  type Order,
  type Steps,
} from './dsl.js';
import { isOwn, refuseForeign } from './members.js';
import { copied, fail, give, giveOptional, once, refuseOnce } from './support-process.js';

const NR = { pause: 29, kill: 37, nanosleep: 162, rt_sigaction: 174, clock_nanosleep_time64: 407 } as const;
const { SIGILL, SIGKILL, SIGSEGV, SIGSTOP } = SIGNAL;
const SIG_DFL = 0;
const SIG_IGN = 1;
const SIGSET_SIZE = 8;

/** The bit of a signal in a set. */
const bit = (sig: number): bigint => 1n << BigInt(sig - 1);
const UNBLOCKABLE = bit(SIGKILL) | bit(SIGSTOP);
const valid = (sig: number): boolean => sig >= 1 && sig <= SIGNAL_MAX;
/** These act whatever a program wishes. */
const fixed = (sig: number): boolean => sig === SIGKILL || sig === SIGSTOP;
/** The sandbox has handlers of its own for these. */
const ours = (sig: number): boolean => sig === SIGILL || sig === SIGSEGV;

// ---- dispositions ----

interface Action {
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: bigint;
}
const DEFAULT: Action = { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n };
const encode = (a: Action): Uint8Array => sigaction.encode({ ...a });
/** Flags that the kernel knows (UAPI_SA_FLAGS); it clears the others, which is how programs find out. */
const { SA_UNSUPPORTED: _unsupported, ...knownFlags } = SA.values;
const KNOWN_FLAGS = Object.values(knownFlags).reduce((all, flag) => all | flag, 0);
const { SA_NOCLDSTOP, SA_NOCLDWAIT, SA_RESETHAND, SA_NODEFER } = SA.values;

function actionOf(call: Call, sig: number): Action {
  const bytes = call.process.dispositions.get(sig);
  return bytes === undefined ? DEFAULT : (sigaction.decode(bytes) as unknown as Action);
}

/** What the kernel gets for an action: ignored or default, with what it means for children. */
function kernelAction({ handler, flags }: Action): Uint8Array {
  return encode({
    ...DEFAULT,
    handler: handler === SIG_IGN ? SIG_IGN : SIG_DFL,
    flags: flags & (SA_NOCLDSTOP | SA_NOCLDWAIT),
  });
}

/** Records a new action and lets the kernel ignore the signal, or no longer. */
function* setAction(call: Call, sig: number, action: Action): Steps {
  const kept: Action = { ...action, flags: (action.flags & KNOWN_FLAGS) >>> 0, mask: action.mask & ~UNBLOCKABLE };
  call.process.dispositions.set(sig, encode(kept));
  if (ours(sig)) return 0;
  return yield [NR.rt_sigaction, sig, call.arena(kernelAction(kept)), 0, SIGSET_SIZE];
}

/** sigaction(2) in either layout: the old action is answered, a new one recorded. */
function* changeAction(call: Call, layout: Struct): Steps {
  const [sig, next, previous] = call.r;
  const bytes = next === 0 ? null : call.get(next, layout.size);
  if (typeof bytes === 'number') return bytes;
  if (!valid(sig) || (bytes !== null && fixed(sig))) return fail('EINVAL');
  const old = layout.encode(narrowMask(layout, actionOf(call, sig)));
  const set = bytes === null ? 0 : yield* setAction(call, sig, widenMask(layout.decode(bytes)));
  return set !== 0 ? set : giveOptional(call, previous, old);
}
const narrowMask = (layout: Struct, a: Action): Values => ({
  ...a,
  mask: layout === oldSigaction ? a.mask & 0xffffffffn : a.mask,
});
const widenMask = (values: Values): Action => ({ ...values, mask: BigInt(values.mask as bigint) }) as unknown as Action;

/** signal(2) as System V had it: the handler goes after one signal. */
function* systemVSignal(call: Call): Steps {
  const [sig, handler] = call.r;
  if (!valid(sig) || fixed(sig)) return fail('EINVAL');
  const old = actionOf(call, sig).handler;
  const set = yield* setAction(call, sig, { ...DEFAULT, handler, flags: SA_RESETHAND | SA_NODEFER });
  return set !== 0 ? set : old;
}

// ---- masks ----

/** The new mask, or undefined for a `how` that does not exist. */
function changedMask(mask: bigint, how: number, set: bigint): bigint | undefined {
  const { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK } = SIG_HOW.values;
  if (how === SIG_BLOCK) return mask | set;
  if (how === SIG_UNBLOCK) return mask & ~set;
  return how === SIG_SETMASK ? set : undefined;
}

/** sigprocmask(2) with sets of 8 or, the old call, 4 bytes. */
function changeMask(call: Call, layout: Struct): number {
  const [how, next, previous] = call.r;
  const old = call.thread.mask;
  const kept = old & ~lowBits(layout);
  if (next !== 0) {
    const set = BigInt(layout.decode(call.bytes(1)).set as bigint) & ~UNBLOCKABLE;
    const changed = changedMask(old & lowBits(layout), how, set);
    if (changed === undefined) return fail('EINVAL');
    call.thread.mask = kept | changed;
  }
  return giveOptional(call, previous, layout.encode({ set: old & lowBits(layout) }));
}
const lowBits = (layout: Struct): bigint => (1n << BigInt(layout.size * 8)) - 1n;

const withSize = (argument: number, answer: (call: Call) => number) => (call: Call) =>
  call.r[argument] === SIGSET_SIZE ? answer(call) : fail('EINVAL');

/** Nothing is ever pending: what the program sends to itself acts at once. */
const nonePending = (call: Call): number =>
  call.r[1] > SIGSET_SIZE ? fail('EINVAL') : give(call, call.r[0], new Uint8Array(call.r[1]));

// ---- alternate stack ----

const { SS_ONSTACK, SS_DISABLE, SS_AUTODISARM } = SS.values;
const MIN_STACK = 2048;
type Stack = { sp: number; flags: number; size: number };

/** sigaltstack(2): recorded for the handlers to come; the kernel's belongs to the sandbox. */
function changeStack(call: Call): number {
  const [next, previous] = call.r;
  const old = call.thread.altstack.slice();
  if (next !== 0) {
    const stack = sigaltstack.decode(call.bytes(0)) as unknown as Stack;
    const how = (stack.flags & ~SS_AUTODISARM) >>> 0;
    if (how !== SS_DISABLE && how !== SS_ONSTACK && how !== 0) return fail('EINVAL');
    if (how !== SS_DISABLE && stack.size < MIN_STACK) return fail('ENOMEM');
    const kept = how === SS_DISABLE ? { flags: stack.flags } : { ...stack, flags: (stack.flags & SS_AUTODISARM) >>> 0 };
    call.thread.altstack = sigaltstack.encode(kept);
  }
  return giveOptional(call, previous, old);
}

// ---- waiting ----

/** For ever: the trustee takes no signal, a fatal one ends the process in the untrustee. */
function* wait(): Steps {
  return yield [NR.pause];
}
function* suspend(call: Call): Steps {
  if (call.r[1] !== SIGSET_SIZE) return fail('EINVAL');
  const set = call.get(call.r[0], SIGSET_SIZE);
  return typeof set === 'number' ? set : yield* wait();
}

/** rt_sigtimedwait(2): no signal comes, the time passes. */
function* timedWait(call: Call, layout: Struct): Steps {
  const [set, , timeout, setSize] = call.r;
  if (setSize !== SIGSET_SIZE) return fail('EINVAL');
  const bytes = call.get(set, SIGSET_SIZE);
  if (typeof bytes === 'number') return bytes;
  if (timeout === 0) return yield* wait();
  const time = copied(call, timeout, layout.size);
  if (time < 0) return time;
  const order: Order =
    layout === timespec32
      ? [NR.nanosleep, time, 0]
      : [NR.clock_nanosleep_time64, CLOCK.values.CLOCK_MONOTONIC, 0, time, 0];
  const slept = yield order;
  return slept === 0 ? fail('EAGAIN') : slept;
}

// ---- sending ----

/** A signal of the program to itself. */
function* deliver(call: Call, sig: number): Steps {
  if (sig > SIGNAL_MAX) return fail('EINVAL');
  if (sig === 0) return 0;
  const { handler } = actionOf(call, sig);
  if (handler === SIG_IGN && !fixed(sig)) return 0;
  if (handler !== SIG_DFL && !fixed(sig)) {
    once(call, `${signalName(sig)} is dropped: handlers are not delivered yet`, `handler ${sig}`);
    return 0;
  }
  if (ours(sig)) {
    const reset = yield [NR.rt_sigaction, sig, call.arena(encode(DEFAULT)), 0, SIGSET_SIZE];
    if (reset !== 0) return reset;
  }
  return yield [NR.kill, call.process.pid, sig];
}

function* send(call: Call, target: number, sig: number): Steps {
  if (!isOwn(call, target)) return refuseForeign(call, target);
  return yield* deliver(call, sig);
}

/** tkill(2), tgkill(2): a thread must be named. */
function* sendToThread(call: Call, group: number, thread: number, sig: number): Steps {
  if ((group | 0) <= 0 || (thread | 0) <= 0) return fail('EINVAL');
  return isOwn(call, group) ? yield* send(call, thread, sig) : yield* send(call, group, sig);
}

/** sigqueue(3): the siginfo is read and, as long as there are no handlers, of no use. */
function* queue(call: Call, target: number, sig: number, info: number): Steps {
  const bytes = call.get(info, siginfo.size);
  return typeof bytes === 'number' ? bytes : yield* send(call, target, sig);
}

const noFrame = (call: Call): number => refuseOnce(call, 'ENOSYS', 'no handler is running');
const NO_TIMERS = 'its signal could leave the sandbox; not offered yet';

const actionArguments = (layout: Struct) => ({
  signal: signal(),
  action: structIn(layout, true),
  old: structOut(layout, true),
});
const maskArguments = (layout: Struct) => ({
  how: flags(SIG_HOW),
  set: structIn(layout, true),
  old: structOut(layout, true),
});
const timers = { kind: flags(ITIMER), value: structIn(itimerval, true), old: structOut(itimerval, true) };
const timedWaitArguments = (time: Struct) => ({
  set: structIn(sigset),
  info: structOut(siginfo, true),
  timeout: structIn(time, true),
  size: size(),
});

export const signals = family({
  rt_sigaction: odd(174, { ...actionArguments(sigaction), size: size() }, function* (call) {
    return call.r[3] === SIGSET_SIZE ? yield* changeAction(call, sigaction) : fail('EINVAL');
  }),
  sigaction: odd(67, actionArguments(oldSigaction), (call) => changeAction(call, oldSigaction)),
  signal: odd(48, { signal: signal(), handler: address() }, systemVSignal, { returns: 'address' }),

  rt_sigprocmask: answered(
    175,
    { ...maskArguments(sigset), size: size() },
    withSize(3, (call) => changeMask(call, sigset)),
  ),
  sigprocmask: answered(126, maskArguments(oldSigset), (call) => changeMask(call, oldSigset)),
  sgetmask: answered(68, {}, (call) => Number(call.thread.mask & 0xffffffffn)),
  ssetmask: answered(69, { mask: uint() }, (call) => {
    const old = call.thread.mask;
    call.thread.mask = BigInt(call.r[0]) & ~UNBLOCKABLE;
    return Number(old & 0xffffffffn);
  }),
  rt_sigpending: answered(176, { set: sigsetKind('out', 'size'), size: size() }, nonePending),
  sigpending: answered(73, { set: structOut(oldSigset) }, (call) =>
    call.put(call.r[0], new Uint8Array(oldSigset.size)),
  ),
  sigaltstack: answered(186, { stack: structIn(sigaltstack, true), old: structOut(sigaltstack, true) }, changeStack),

  pause: odd(29, {}, wait),
  sigsuspend: odd(72, { unused1: uint(), unused2: uint(), mask: uint() }, wait),
  rt_sigsuspend: odd(179, { set: structIn(sigset), size: size() }, suspend),
  rt_sigtimedwait: odd(177, timedWaitArguments(timespec32), (call) => timedWait(call, timespec32)),
  rt_sigtimedwait_time64: odd(421, timedWaitArguments(timespec64), (call) => timedWait(call, timespec64)),

  kill: odd(37, { pid: pid(), signal: signal() }, (call) => send(call, call.r[0], call.r[1])),
  tkill: odd(238, { thread: pid(), signal: signal() }, (call) =>
    sendToThread(call, call.process.pid, call.r[0], call.r[1]),
  ),
  tgkill: odd(270, { pid: pid(), thread: pid(), signal: signal() }, (call) =>
    sendToThread(call, call.r[0], call.r[1], call.r[2]),
  ),
  rt_sigqueueinfo: odd(178, { pid: pid(), signal: signal(), info: structIn(siginfo) }, (call) =>
    queue(call, call.r[0], call.r[1], call.r[2]),
  ),
  rt_tgsigqueueinfo: odd(
    335,
    { pid: pid(), thread: pid(), signal: signal(), info: structIn(siginfo) },
    function* (call) {
      const [group, thread, sig, info] = call.r;
      if ((group | 0) <= 0 || (thread | 0) <= 0) return fail('EINVAL');
      return yield* queue(call, isOwn(call, group) ? thread : group, sig, info);
    },
  ),

  alarm: delegated(27, { seconds: uint() }),
  setitimer: delegated(104, timers),
  getitimer: delegated(105, { kind: flags(ITIMER), value: structOut(itimerval) }),
  timer_create: denied(259, 'ENOSYS', NO_TIMERS),
  timer_settime: denied(260, 'ENOSYS', NO_TIMERS),
  timer_gettime: denied(261, 'ENOSYS', NO_TIMERS),
  timer_getoverrun: denied(262, 'ENOSYS', NO_TIMERS),
  timer_delete: denied(263, 'ENOSYS', NO_TIMERS),
  timer_gettime64: denied(408, 'ENOSYS', NO_TIMERS),
  timer_settime64: denied(409, 'ENOSYS', NO_TIMERS),

  sigreturn: answered(119, {}, noFrame),
  rt_sigreturn: answered(173, {}, noFrame),
  restart_syscall: denied(0, 'EINTR', 'the program has nothing to restart'),
});
