/** How threads and processes come into being, become other programs, and end. What is done about it is the referee's. */
import { CLONE } from '../abi/flags-process.js';
import { AT } from '../abi/flags.js';
import { cloneArgs, userDesc } from '../abi/structs-process.js';
import {
  address,
  dirfd,
  family,
  flags,
  int,
  odd,
  path,
  size,
  structIn,
  type Birth,
  type Call,
  type Outcome,
  type Steps,
} from './dsl.js';
import { fail, refuse } from './support-process.js';

const NR = { exit_group: 252 } as const;
const AT_FDCWD = -100;
const PATH_MAX = 4096;
const CSIGNAL = 0xff;
const SIGNAL_MAX = 64;
const SIGCHLD = 17;
const C = CLONE.values;

/** A thread shares all of these (pthread_create); what it may have beside them; what has no effect here. */
const THREAD = (C.CLONE_VM | C.CLONE_FS | C.CLONE_FILES | C.CLONE_SIGHAND | C.CLONE_THREAD) >>> 0;
const IDS = (C.CLONE_PARENT_SETTID | C.CLONE_CHILD_SETTID | C.CLONE_CHILD_CLEARTID | C.CLONE_SETTLS) >>> 0;
const IDLE = (C.CLONE_SYSVSEM | C.CLONE_DETACHED | C.CLONE_UNTRACED | C.CLONE_IO) >>> 0;
const PROCESS = (C.CLONE_VM | C.CLONE_VFORK | C.CLONE_PIDFD) >>> 0;

/** Registers of clone(2), or the fields of clone3(2) that stand for them. */
interface Asked {
  readonly flags: number;
  readonly exitSignal: number;
  readonly stack: number;
  readonly parentTid: number;
  readonly childTid: number;
  readonly tls: number;
  readonly pidfd: number;
}

const has = (flags: number, bits: number): boolean => (flags & bits) >>> 0 === bits;
const only = (flags: number, bits: number): boolean => (flags & ~bits) >>> 0 === 0;

/**
 * Which of the three births the flags mean. Memory that two processes share must belong to one that stands still until
 * the other leaves it; descriptors that two processes share without it would let one change what the other was judged by.
 */
function kindOf({ flags, stack }: Asked): Birth['kind'] | undefined {
  if (has(flags, C.CLONE_THREAD)) return has(flags, THREAD) && only(flags, THREAD | IDS | IDLE) ? 'thread' : undefined;
  if (!only(flags, PROCESS | IDS | IDLE)) return undefined;
  if (!has(flags, C.CLONE_VM)) return 'process';
  if (!has(flags, C.CLONE_VFORK)) return undefined;
  return stack === 0 ? 'process' : 'sharing'; // on the caller's own stack only a copy can run
}

function birth(call: Call, asked: Asked): number | Outcome {
  const { flags, exitSignal, stack } = asked;
  if (exitSignal > SIGNAL_MAX) return fail('EINVAL');
  const kind = kindOf(asked);
  if (kind === undefined)
    return refuse(call, 'EPERM', `flags 0x${flags.toString(16)} are none of a thread, a fork or a posix_spawn`);
  const tls = has(flags, C.CLONE_SETTLS) ? call.get(asked.tls, userDesc.size) : null;
  if (typeof tls === 'number') return tls;
  const when = (bit: number, at: number): number => (has(flags, bit) ? at : 0);
  const pidfd = when(C.CLONE_PIDFD, asked.pidfd);
  const refused = pidfd === 0 ? 0 : call.checkRange(pidfd, 4);
  if (refused !== 0) return refused;
  return {
    outcome: 'birth',
    birth: {
      kind,
      held: has(flags, C.CLONE_VFORK),
      exitSignal,
      stack,
      parentTid: when(C.CLONE_PARENT_SETTID, asked.parentTid),
      childTid: when(C.CLONE_CHILD_SETTID, asked.childTid),
      clearTid: when(C.CLONE_CHILD_CLEARTID, asked.childTid),
      pidfd,
      tls,
    },
  };
}

function clone(call: Call): number | Outcome {
  const [how, stack, parentTid, tls, childTid] = call.r;
  const asked = { flags: (how & ~CSIGNAL) >>> 0, exitSignal: how & CSIGNAL, stack, parentTid, childTid, tls };
  return birth(call, { ...asked, pidfd: parentTid });
}

/** Sizes of struct clone_args: the first, and the one that is known. What lies behind must be zero. */
const ARGS_LEAST = 64;
const ARGS_MOST = 4096;

function clone3(call: Call): number | Outcome {
  const length = call.r[1];
  if (length < ARGS_LEAST) return fail('EINVAL');
  if (length > ARGS_MOST) return fail('E2BIG');
  const bytes = call.get(call.r[0], length);
  if (typeof bytes === 'number') return bytes;
  if (bytes.subarray(cloneArgs.size).some(Boolean)) return fail('E2BIG');
  const whole = new Uint8Array(cloneArgs.size);
  whole.set(bytes.subarray(0, cloneArgs.size));
  const a = Object.fromEntries(
    Object.entries(cloneArgs.decode(whole)).map(([name, value]) => [name, Number(value as bigint | number)]),
  );
  if (a.flags >= 2 ** 32 || a.setTid !== 0 || a.setTidSize !== 0) return fail('EINVAL');
  if (has(a.flags, C.CLONE_DETACHED) || (a.flags & CSIGNAL) !== 0) return fail('EINVAL');
  if ((a.stack === 0) !== (a.stackSize === 0)) return fail('EINVAL');
  return birth(call, {
    flags: a.flags,
    exitSignal: a.exitSignal,
    stack: (a.stack + a.stackSize) >>> 0,
    parentTid: a.parentTid,
    childTid: a.childTid,
    tls: a.tls,
    pidfd: a.pidfd,
  });
}

const copy = (held: boolean): Outcome => ({
  outcome: 'birth',
  birth: {
    ...{ kind: 'process', held, exitSignal: SIGCHLD, stack: 0 },
    ...{ parentTid: 0, childTid: 0, clearTid: 0, pidfd: 0, tls: null },
  },
});

const EXEC_FLAGS = AT.values.AT_EMPTY_PATH | AT.values.AT_SYMLINK_NOFOLLOW;

function execution(call: Call, dir: number, at: number, argv: number, envp: number, how: number): number | Outcome {
  if ((how & ~EXEC_FLAGS) !== 0) return fail('EINVAL');
  const path = call.getString(at, PATH_MAX);
  if (typeof path === 'number') return path;
  return { outcome: 'execution', execution: { dir, path, flags: how, argv, envp } };
}

function* exitGroup(call: Call): Steps {
  yield [NR.exit_group, call.r[0]];
  return 0;
}

export const births = family({
  clone: odd(
    120,
    { flags: flags(CLONE), stack: address(), parentTid: address(), tls: address(), childTid: address() },
    clone,
    { keepsFpu: true },
  ),
  clone3: odd(435, { arguments: structIn(cloneArgs), size: size() }, clone3, { keepsFpu: true }),
  fork: odd(2, {}, () => copy(false), { keepsFpu: true }),
  vfork: odd(190, {}, () => copy(true), { keepsFpu: true }),
  execve: odd(11, { path: path('execute'), argv: address(), envp: address() }, (call) =>
    execution(call, AT_FDCWD, call.r[0], call.r[1], call.r[2], 0),
  ),
  execveat: odd(
    358,
    { at: dirfd(), path: path('execute', { at: 'at' }), argv: address(), envp: address(), flags: flags(AT) },
    (call) => {
      const [dir, at, argv, envp, how] = call.r;
      return execution(call, dir | 0, at, argv, envp, how);
    },
  ),
  exit: odd(1, { status: int() }, (call) => ({ outcome: 'exit', status: call.r[0] }), { returns: 'void' }),
  exit_group: odd(252, { status: int() }, exitGroup, { returns: 'void' }),
});
