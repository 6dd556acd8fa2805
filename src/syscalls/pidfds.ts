/** Which process a descriptor stands for: a pidfd, or the directory of procfs that is as good as one to the kernel. */
import { readFileSync } from 'node:fs';
import { ERRNO } from '../abi/errno.js';
import { MODE } from '../abi/flags.js';
import { NUMBERS } from '../abi/numbers.js';
import { siginfo } from '../abi/structs-process.js';
import { asHelper } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { Call, ProcessView, Steps } from './dsl.js';
import { membersOf, refuseForeign } from './members.js';
import { fail } from './support-process.js';
import { statxOfFd } from './support.js';

const ESRCH = fail('ESRCH');
const EBADF = fail('EBADF');
const AT_FDCWD = -100;
const O_PATH_DIRECTORY = 0o12200000; // and O_CLOEXEC

/** The pid that a pidfd of the helper's stands for, -1 when that process is reaped; undefined: it is none (proc_pid_fdinfo(5)). */
function pidOf(pin: number): number | undefined {
  const pid = /^Pid:\t(-?\d+)$/m.exec(readFileSync(`/proc/thread-self/fdinfo/${pin}`, 'latin1'))?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** What a descriptor of the helper's is: a new one to the same directory is the same. */
function identityOf(fd: number): string | undefined {
  const found = statxOfFd(fd);
  return typeof found === 'number' ? undefined : found.identity;
}

/** Is it the member's own directory of procfs, and not that of another who had its number? */
function isDirectoryOf(pin: number, { pid }: ProcessView): boolean {
  const wanted = identityOf(pin);
  const fd = native.openat(AT_FDCWD, `/proc/${pid}`, O_PATH_DIRECTORY, 0);
  if (fd < 0) return false;
  try {
    return wanted !== undefined && identityOf(fd) === wanted;
  } finally {
    native.close(fd);
  }
}

/** A member's number means the member until it is reaped. */
const lives = ({ pidfd }: ProcessView): boolean => native.pidfdKill(pidfd, 0) !== -ERRNO.ESRCH;

/** The member that the helper's duplicate of a descriptor stands for, or a negative errno. */
function memberOf(call: Call, pin: number): ProcessView | number {
  const stat = statxOfFd(pin);
  if (typeof stat === 'number') return stat;
  const members = membersOf(call);
  if (stat.type === MODE.values.S_IFDIR) return members.all().find((member) => isDirectoryOf(pin, member)) ?? EBADF;
  const pid = pidOf(pin);
  if (pid === undefined) return EBADF;
  if (pid === -1) return ESRCH;
  return call.process.sandbox.process(pid) ?? refuseForeign(call, pid);
}

/**
 * pidfd_send_signal(2), to members. The trustee names the process by its number: the descriptor may be another one by
 * now. Flags are those of Linux 6.9, and EINVAL as before.
 */
export function* sendToDescriptor(call: Call): Steps {
  const [fd, sig, info, flags] = call.r;
  if (flags !== 0) return fail('EINVAL');
  const bytes = info === 0 ? undefined : call.get(info, siginfo.size);
  const pin = call.pin(fd | 0);
  if (pin < 0) return pin;
  const member = asHelper(() => memberOf(call, pin));
  if (typeof member === 'number') return member;
  if (!lives(member)) return ESRCH;
  if (bytes === undefined) return yield [NUMBERS.kill, member.pid, sig];
  if (typeof bytes === 'number') return bytes;
  if (siginfo.decode(bytes)['signo'] !== sig) return fail('EINVAL');
  return yield [NUMBERS.rt_sigqueueinfo, member.pid, sig, call.arena(bytes)];
}
