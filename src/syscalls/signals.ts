/**
 * Signals. The program's handlers are the hook's to call (vdso-hook/signal.c): the kernel is told of the hook's, and the
 * process's table in the shared memory says what the program wants. Masks, alternate stacks and returns from handlers are
 * the hook's too, without a word to the referee.
 */
import { ITIMER, SA, SFD, SIG_HOW } from '../abi/flags-process.js';
import { NUMBERS } from '../abi/numbers.js';
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
  fd,
  flags,
  hex,
  nativeCall,
  odd,
  pid,
  signal,
  sigset as sigsetKind,
  size,
  structIn,
  structOut,
  uint,
  type Action,
  type Call,
  type Steps,
} from './dsl.js';
import { sendToDescriptor } from './pidfds.js';
import { queue, send, sendToThread } from './signals-send.js';
import {
  bit,
  bytesOf,
  fixed,
  ours,
  readSet,
  SIG_DFL,
  SIG_IGN,
  SIGSET_SIZE,
  UNBLOCKABLE,
  valid,
} from './signals-support.js';
import { pending, suspend, timedWait, waitForSignal } from './signals-wait.js';
import { fail, giveOptional } from './support-process.js';
import { noteSignalDescriptor } from './waiting.js';

// ---- dispositions ----

const DEFAULT: Action = { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n };
/** Flags that the kernel knows (UAPI_SA_FLAGS); it clears the others, which is how programs find out. */
const { SA_UNSUPPORTED: _unsupported, ...knownFlags } = SA.values;
const KNOWN_FLAGS = Object.values(knownFlags).reduce((all, flag) => all | flag, 0);
const { SA_RESETHAND, SA_NODEFER } = SA.values;

const isHandler = ({ handler }: Action): boolean => handler !== SIG_DFL && handler !== SIG_IGN;

/** The action as it is now: the kernel resets one with SA_RESETHAND as it comes. */
function actionOf(call: Call, sig: number): Action {
  const action = call.process.signals.of(sig);
  const once = isHandler(action) && (action.flags & SA_RESETHAND) !== 0 && !ours(sig);
  return once && (call.process.caught() & bit(sig)) === 0n ? { ...action, handler: SIG_DFL } : action;
}

/** A handler is in the table before the kernel may call it, and stays there until the kernel no longer does. */
function* setAction(call: Call, sig: number, action: Action): Steps {
  const { signals } = call.process;
  const kept: Action = { ...action, flags: (action.flags & KNOWN_FLAGS) >>> 0, mask: action.mask & ~UNBLOCKABLE };
  if (isHandler(kept) || ours(sig)) signals.set(sig, kept);
  signals.awaited.delete(sig);
  const result = yield [NUMBERS.rt_sigaction, sig, call.arena(signals.kernelAction(sig, kept)), 0, SIGSET_SIZE];
  if (result === 0) signals.set(sig, kept);
  return result;
}

/** sigaction(2) in either layout: the old action is answered, a new one set. */
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

// ---- a descriptor ----

/** signalfd(2): the kernel's own, whose native read takes the signals of the thread that reads. */
function* signalDescriptor(call: Call, how: number): Steps {
  const [number, at, setSize] = call.r;
  const set = readSet(call, at, setSize);
  if (typeof set === 'number') return set;
  noteSignalDescriptor();
  return yield [NUMBERS.signalfd4, number, call.arena(bytesOf(set)), SIGSET_SIZE, how];
}

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
const intervals = { kind: flags(ITIMER), value: structIn(itimerval, true), old: structOut(itimerval, true) };
const timedWaitArguments = (time: Struct) => ({
  set: structIn(sigset),
  info: structOut(siginfo, true),
  timeout: structIn(time, true),
  size: size(),
});
const signalfdArguments = { fd: fd(), mask: sigsetKind('in', 'size'), size: size() };

export const signals = family({
  rt_sigaction: odd(174, { ...actionArguments(sigaction), size: size() }, function* (call) {
    return call.r[3] === SIGSET_SIZE ? yield* changeAction(call, sigaction) : fail('EINVAL');
  }),
  sigaction: odd(67, actionArguments(oldSigaction), (call) => changeAction(call, oldSigaction)),
  signal: odd(48, { signal: signal(), handler: address() }, systemVSignal, { returns: 'address' }),

  // by the hook
  rt_sigprocmask: nativeCall(175, { ...maskArguments(sigset), size: size() }),
  sigprocmask: nativeCall(126, maskArguments(oldSigset)),
  sgetmask: nativeCall(68, {}),
  ssetmask: nativeCall(69, { mask: uint() }),
  sigaltstack: nativeCall(186, { stack: structIn(sigaltstack, true), old: structOut(sigaltstack, true) }),
  sigreturn: nativeCall(119, {}),
  rt_sigreturn: nativeCall(173, {}),

  rt_sigpending: answered(176, { set: sigsetKind('out', 'size'), size: size() }, (call) => pending(call, call.r[1])),
  sigpending: answered(73, { set: structOut(oldSigset) }, (call) => pending(call, oldSigset.size)),

  pause: odd(29, {}, waitForSignal),
  sigsuspend: odd(72, { unused1: uint(), unused2: uint(), mask: uint() }, (call) => suspend(BigInt(call.r[2]))),
  rt_sigsuspend: odd(179, { set: structIn(sigset), size: size() }, (call) =>
    suspend(readSet(call, call.r[0], call.r[1])),
  ),
  rt_sigtimedwait: odd(177, timedWaitArguments(timespec32), (call) => timedWait(call, timespec32)),
  rt_sigtimedwait_time64: odd(421, timedWaitArguments(timespec64), (call) => timedWait(call, timespec64)),
  signalfd: odd(321, signalfdArguments, (call) => signalDescriptor(call, 0), { returns: 'fd' }),
  signalfd4: odd(327, { ...signalfdArguments, flags: flags(SFD) }, (call) => signalDescriptor(call, call.r[3]), {
    returns: 'fd',
  }),

  kill: odd(37, { pid: pid(), signal: signal() }, (call) => send(call, call.r[0] | 0, call.r[1])),
  tkill: odd(238, { thread: pid(), signal: signal() }, (call) => sendToThread(call, 0, call.r[0] | 0, call.r[1])),
  tgkill: odd(270, { pid: pid(), thread: pid(), signal: signal() }, (call) =>
    (call.r[0] | 0) <= 0 ? fail('EINVAL') : sendToThread(call, call.r[0] | 0, call.r[1] | 0, call.r[2]),
  ),
  rt_sigqueueinfo: odd(178, { pid: pid(), signal: signal(), info: structIn(siginfo) }, (call) =>
    queue(call, call.r[0], 0, call.r[1], call.r[2]),
  ),
  rt_tgsigqueueinfo: odd(335, { pid: pid(), thread: pid(), signal: signal(), info: structIn(siginfo) }, (call) => {
    const [group, thread, sig, info] = call.r;
    if ((group | 0) <= 0 || (thread | 0) <= 0) return fail('EINVAL');
    return queue(call, group, thread, sig, info);
  }),
  pidfd_send_signal: odd(
    424,
    { fd: fd(), signal: signal(), info: structIn(siginfo, true), flags: hex() },
    sendToDescriptor,
  ),

  alarm: delegated(27, { seconds: uint() }),
  setitimer: delegated(104, intervals),
  getitimer: delegated(105, { kind: flags(ITIMER), value: structOut(itimerval) }),

  restart_syscall: denied(0, 'EINTR', 'the program has nothing to restart'),
});
