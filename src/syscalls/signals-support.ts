/** What the calls on signals share: sets, and which calls a handler with SA_RESTART makes again. */
import { FUTEX, SIGNAL, SIGNAL_MAX } from '../abi/flags-process.js';
import { NUMBERS, type SyscallName } from '../abi/numbers.js';
import type { Action, Call } from './dsl.js';
import { fail } from './support-process.js';

const { SIGILL, SIGKILL, SIGSEGV, SIGSTOP, SIGCHLD, SIGCONT, SIGURG, SIGWINCH } = SIGNAL;
export const SIG_DFL = 0;
export const SIG_IGN = 1;
export const SIGSET_SIZE = 8;

/** The bit of a signal in a set. */
export const bit = (sig: number): bigint => 1n << BigInt(sig - 1);
export const UNBLOCKABLE = bit(SIGKILL) | bit(SIGSTOP);
export const valid = (sig: number): boolean => sig >= 1 && sig <= SIGNAL_MAX;
/** These act whatever a program wishes. */
export const fixed = (sig: number): boolean => sig === SIGKILL || sig === SIGSTOP;
/** The kernel always has the hook's handler for these: our own work raises them. */
export const ours = (sig: number): boolean => sig === SIGILL || sig === SIGSEGV;

export const setOf = (bytes: Uint8Array): bigint => Buffer.from(bytes).readBigUInt64LE();
export const bytesOf = (set: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(set).buffer);

/** The set at an address, or a negative errno. */
export function readSet(call: Call, address: number, size: number): bigint | number {
  if (size !== SIGSET_SIZE) return fail('EINVAL');
  const bytes = call.get(address, SIGSET_SIZE);
  return typeof bytes === 'number' ? bytes : setOf(bytes);
}

const IGNORED_BY_DEFAULT: readonly number[] = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH];
/** Does nothing happen when it comes? Natively it would not have interrupted a call. */
export const isNothing = (sig: number, { handler }: Action): boolean =>
  handler === SIG_IGN || (handler === SIG_DFL && IGNORED_BY_DEFAULT.includes(sig));

/** Calls that fail with EINTR whatever sigaction(2) was told: signal(7). The kernel ends them by ERESTARTNOHAND or EINTR. */
const NEVER_RESTARTED: readonly SyscallName[] = [
  ...(['pause', 'sigsuspend', 'rt_sigsuspend', 'rt_sigtimedwait', 'rt_sigtimedwait_time64'] as const),
  ...(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'poll', 'ppoll', 'ppoll_time64'] as const),
  ...(['select', '_newselect', 'pselect6', 'pselect6_time64'] as const),
  ...(['msgrcv', 'msgsnd', 'semtimedop_time64'] as const),
  ...(['nanosleep', 'clock_nanosleep', 'clock_nanosleep_time64', 'io_getevents'] as const),
];
const never: ReadonlySet<number> = new Set(NEVER_RESTARTED.map((name) => NUMBERS[name]));
const { futex, futex_time64 } = NUMBERS;
const { FUTEX_WAIT, FUTEX_WAIT_BITSET } = FUTEX.values;

/** Is a call that a signal ended made again behind a handler with SA_RESTART? `r` are its registers. */
export function restarts(nr: number, r: Uint32Array): boolean {
  if (never.has(nr)) return false;
  if (nr !== futex && nr !== futex_time64) return true;
  const operation = r[1] & FUTEX.field;
  return r[3] === 0 || (operation !== FUTEX_WAIT && operation !== FUTEX_WAIT_BITSET); // with a time it ends
}

/** Calls that load registers and come back to nowhere. */
export const isFrameCall = (nr: number): boolean => nr === NUMBERS.sigreturn || nr === NUMBERS.rt_sigreturn;
