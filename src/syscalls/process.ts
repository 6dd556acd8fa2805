/** Life and death of processes and threads, TLS, futexes, scheduling, limits and what a process is told of itself. */
import { toBytes } from '../abi/bytes.js';
import { FUTEX, GRND, PR, RLIMIT, SIGNAL_MAX, WAIT } from '../abi/flags-process.js';
import { OPEN } from '../abi/flags.js';
import {
  futexWaiter, newUtsname, oldoldUtsname, oldUtsname, rlimit, rlimit64, robustListHead, rusage, schedAttr, schedParam, siginfo, sysinfo,
  timespec32, timespec64, tms, userDesc, USER_DESC, word,
} from '../abi/structs-process.js'; // prettier-ignore
import type { Struct } from '../abi/ctype.js';
import type { PrimaryErrnoName } from '../abi/errno.js';
import { native } from '../native/index.js';
import {
  absent, address, answered, bitsOut, bytesOut, choice, constant, copyIn, delegated, denied, family, flags, hex, int, mode, odd, pid,
  signal, size, string, structIn, structInOut, structOut, structs, uint, words, type Args, type Call, type Doing, type Kind, type Order,
  type ProcessView, type Row, type Steps,
} from './dsl.js'; // prettier-ignore
import { change } from './support-identity.js';
import {
  isOwn, membersOf, orderedProcess, orderedThread, orderedThreads, processOf, refuseForeign, setForThread, targetsOf,
  threadOf, type OrderedThread,
} from './members.js'; // prettier-ignore
import { within } from './support.js';
import { futexWait, futexWaitAny } from './support-futex.js';
import { fail, give, giveWord, guarded, notes, prepare, refuse } from './support-process.js';
import { nameOfThread, nodeOf, processorOf, usageOf } from './task-files.js';

const NR = {
  write: 4, open: 5, close: 6, nice: 34, setpgid: 57, umask: 60, getpriority: 96, setpriority: 97, personality: 136, prctl: 172, exit_group: 252,
  getrusage: 77, pidfd_open: 434,
} as const; // prettier-ignore

// ---- waiting for children: asked without waiting; where none has ended, the helper knows when one does ----

const { WNOHANG, WUNTRACED, WCONTINUED, WNOWAIT } = WAIT.values;
/** waitid(2) with P_PIDFD takes a descriptor. */
const P_PIDFD = 3;
/** Milliseconds between looks for a child that stops or goes on, which nobody tells of. */
const STOP_LOOK = 20;

function* changes(call: Call, options: number, look: () => Doing): Doing {
  if ((options & WNOHANG) !== 0) return yield [call.nr, ...call.r];
  const stops = (options & (WUNTRACED | WCONTINUED)) !== 0;
  const { sandbox } = call.process;
  for (;;) {
    const { ends } = sandbox; // one may end between the look and the wait
    const result = yield* look();
    if (result !== NONE) return result;
    const end = yield { processes: () => sandbox.ends !== ends, again: stops ? STOP_LOOK : undefined };
    if (end !== 0) return end;
  }
}
const NONE = 0;

/** waitpid(2), wait4(2) */
const awaitChild = (call: Call): Steps => {
  const [who, status, options, usage] = call.r;
  return changes(call, options, function* () {
    return yield [call.nr, who, status, options | WNOHANG, usage];
  });
};

/**
 * waitid(2) answers 0 whether there was a child or not, unless somebody reads what it told. Only for one that there is
 * it writes the usage: to memory that it cannot write, the slot, that is EFAULT.
 */
function* awaitChange(call: Call): Steps {
  const [kind, id, info, options, usage] = call.r;
  const refused =
    (kind === P_PIDFD ? call.checkFd(id | 0) : 0) || within(call, [info, siginfo.size], [usage, rusage.size]);
  if (refused !== 0) return refused;
  if ((options & WNOHANG) !== 0) return yield [call.nr, kind, id, info, options, usage];
  const unwritable = call.arena(new Uint8Array(rusage.size));
  const found = yield* changes(call, options, function* () {
    return yield [call.nr, kind, id, 0, options | WNOHANG | WNOWAIT, unwritable];
  });
  if (found !== fail('EFAULT')) return found;
  return yield [call.nr, kind, id, info, options | WNOHANG, usage];
}

// ---- TLS ----

const TLS_ENTRIES = 3;
/** The entry that holds the hook's key. */
const OURS = 1;
const ANY_ENTRY = 0xffffffff;

interface Descriptor {
  readonly entry: number;
  readonly base: number;
  readonly limit: number;
  readonly flags: number;
}
const decodeDescriptor = (bytes: Uint8Array): Descriptor => userDesc.decode(bytes) as unknown as Descriptor;
const EMPTY = USER_DESC.readExecOnly | USER_DESC.notPresent;
/** The highest bit counts in 64-bit programs only (arch/x86/include/uapi/asm/ldt.h). */
const FLAG_BITS = 0x7f;

/** LDT_empty() or LDT_zero() of the kernel's asm/desc.h: either clears the entry. */
function clears(d: Descriptor): boolean {
  return d.base === 0 && d.limit === 0 && ((d.flags & FLAG_BITS) === EMPTY || (d.flags & FLAG_BITS) === 0);
}

/** tls_desc_okay() of arch/x86/kernel/tls.c: data segments only; a bad one would keep the successor from starting. */
const acceptable = (d: Descriptor): boolean =>
  clears(d) ||
  ((d.flags & USER_DESC.seg32) !== 0 && (d.flags & USER_DESC.contents) <= 2 && (d.flags & USER_DESC.notPresent) === 0);

const emptyDescriptor = (entry: number): Uint8Array => userDesc.encode({ entry, flags: EMPTY });
const recorded = (call: Call, i: number): Uint8Array =>
  call.thread.tls[i] ?? emptyDescriptor(call.process.firstTls + i);

/** The index of the TLS entry that a number means, -1 for none that programs may use. */
function tlsIndex(call: Call, entry: number): number {
  const i = entry - call.process.firstTls;
  return i >= 0 && i < TLS_ENTRIES && i !== OURS ? i : -1;
}

const freeEntry = (call: Call): number => [0, 2].find((i) => clears(decodeDescriptor(recorded(call, i)))) ?? -1;

/** set_thread_area(2) is per thread and needs a new one: the untrustee starts again with the descriptor. */
function* setThreadArea(call: Call): Steps {
  const bytes = call.get(call.r[0], userDesc.size);
  if (typeof bytes === 'number') return bytes;
  const asked = decodeDescriptor(bytes);
  if (!acceptable(asked)) return fail('EINVAL');
  const i = asked.entry === ANY_ENTRY ? freeEntry(call) : tlsIndex(call, asked.entry);
  if (i < 0) return fail(asked.entry === ANY_ENTRY ? 'ESRCH' : 'EINVAL');
  const entry = call.process.firstTls + i;
  const refused = asked.entry === ANY_ENTRY ? giveWord(call, call.r[0], entry) : 0;
  if (refused !== 0) return refused;
  const descriptor = clears(asked)
    ? emptyDescriptor(entry)
    : userDesc.encode({ ...asked, entry, flags: asked.flags & FLAG_BITS });
  if (Buffer.compare(descriptor, recorded(call, i)) === 0) return 0;
  call.thread.tls[i] = descriptor;
  return { outcome: 'respawn', result: 0 };
}

function getThreadArea(call: Call): number {
  const bytes = call.get(call.r[0], 4);
  if (typeof bytes === 'number') return bytes;
  const i = tlsIndex(call, Number(word.decode(bytes).value) >>> 0);
  return i < 0 ? fail('EINVAL') : give(call, call.r[0], recorded(call, i));
}

// ---- futex: support-futex.ts waits ----

const F = FUTEX.values;
const FUTEX_OP = FUTEX.field;
const WAITS: readonly number[] = [F.FUTEX_WAIT, F.FUTEX_WAIT_BITSET];
const WAKES: readonly number[] = [F.FUTEX_WAKE, F.FUTEX_WAKE_BITSET];
const TWO_WORDS: readonly number[] = [F.FUTEX_REQUEUE, F.FUTEX_CMP_REQUEUE, F.FUTEX_WAKE_OP];

/**
 * A word in protected memory is refused: a trustee that waits there could be woken or moved to another word. The
 * priority-inheriting ones would put the trustee's thread id into the program's word.
 */
function* futex(call: Call, timespec: Struct): Steps {
  const [first, how, value, timeout, second, third] = call.r;
  const op = how & FUTEX_OP;
  const two = TWO_WORDS.includes(op);
  if (WAITS.includes(op)) return call.checkRange(first, 4) || (yield* futexWait(call, timespec));
  if (!two && !WAKES.includes(op)) return fail('ENOSYS');
  const refused = call.checkRange(first, 4) || (two ? call.checkRange(second, 4) : 0);
  return refused !== 0 ? refused : yield [call.nr, first, how, value, timeout, second, third];
}

const by = (r: Uint32Array, operations: readonly number[], kind: Kind): Kind =>
  operations.includes(r[1] & FUTEX_OP) ? kind : absent;
const BITSETS: readonly number[] = [F.FUTEX_WAIT_BITSET, F.FUTEX_WAKE_BITSET];
const futexArguments = (timespec: Struct) => ({
  word: address(),
  operation: flags(FUTEX),
  value: uint(),
  timeout: choice('operation', (r) =>
    WAITS.includes(r[1] & FUTEX_OP) ? structIn(timespec, true) : by(r, TWO_WORDS, uint()),
  ),
  second: choice('operation', (r) => by(r, [...TWO_WORDS, ...BITSETS], address())),
  third: choice('operation', (r) => by(r, [...TWO_WORDS, ...BITSETS], hex())),
});

const ROBUST_LIST = robustListHead.size;

function setRobustList(call: Call): number {
  if (call.r[1] !== ROBUST_LIST) return fail('EINVAL');
  call.thread.robustList = call.r[0];
  return 0;
}

function getRobustList(call: Call): number {
  const thread = threadOf(call, call.r[0]);
  if (thread === undefined) return refuseForeign(call, call.r[0]);
  return giveWord(call, call.r[2], ROBUST_LIST) || giveWord(call, call.r[1], thread.robustList);
}

// ---- names ----

const MACHINE_AT = 4 * 65;
const UTS = 65;
const OLD_UTS = 9;

/** struct new_utsname of the host; the machine is what a program of 32 bits expects (as setarch(8) has it). */
function hostNames(): Uint8Array {
  const names = new Uint8Array(newUtsname.size);
  native.uname(names);
  names.fill(0, MACHINE_AT, MACHINE_AT + UTS).set(toBytes('i686'), MACHINE_AT);
  return names;
}

function oldestNames(): Uint8Array {
  const names = hostNames();
  const out = new Uint8Array(oldoldUtsname.size);
  for (let i = 0; i < 5; i++) out.set(names.subarray(i * UTS, i * UTS + OLD_UTS - 1), i * OLD_UTS);
  return out;
}

// ---- prctl ----

const P = PR.values;
const PR_TSC_ENABLE = 1;
const PR_TSC_SIGSEGV = 2;
const PR_SET_VMA_ANON_NAME = 0;
/** Store bypass, indirect branches, L1D flush. */
const SPECULATIONS = 3;
const SECCOMP_MODE_STRICT = 1;
const MDWE_FLAGS = 3;

/** `answer` where the arguments from the second or third on are 0, as the kernel wants them. */
const alone =
  (first: number, answer: (call: Call, value: number) => number) =>
  (call: Call, value: number): number =>
    call.r.subarray(first, 5).some(Boolean) ? fail('EINVAL') : answer(call, value);
/** What is so already can be set. */
const only =
  (now: number, other: number, why: string) =>
  (call: Call, value: number): number =>
    value === now ? 0 : value === other ? refuse(call, 'EPERM', why) : fail('EINVAL');
const nothingToStop = (): number => 0;

/** What the helper knows: by option, from the call and its second argument. */
const PRCTL_ANSWERED: Readonly<Record<number, (call: Call, value: number) => number>> = {
  [P.PR_SET_PDEATHSIG]: (call, value) => {
    if (value > SIGNAL_MAX) return fail('EINVAL');
    notes(call).deathSignal = value;
    return 0;
  },
  [P.PR_GET_PDEATHSIG]: (call, at) => giveWord(call, at, notes(call).deathSignal),
  // Recorded, never applied: the helper could no longer reach the memory.
  [P.PR_SET_DUMPABLE]: (call, value) => {
    if (value > 1) return fail('EINVAL');
    notes(call).dumpable = value;
    return 0;
  },
  [P.PR_GET_DUMPABLE]: (call) => notes(call).dumpable,
  [P.PR_GET_TIMING]: () => 0,
  [P.PR_SET_TIMING]: (_call, value) => (value === 0 ? 0 : fail('EINVAL')),
  [P.PR_GET_SECCOMP]: () => SECCOMP_MODE_STRICT,
  // The time-stamp counter faults in strict mode, and the fault is emulated.
  [P.PR_GET_TSC]: (call, at) => giveWord(call, at, PR_TSC_ENABLE),
  [P.PR_SET_TSC]: only(PR_TSC_ENABLE, PR_TSC_SIGSEGV, 'its faults are emulated'),
  [P.PR_SET_NO_NEW_PRIVS]: alone(2, (_call, value) => (value === 1 ? 0 : fail('EINVAL'))),
  [P.PR_GET_NO_NEW_PRIVS]: alone(1, () => 1),
  [P.PR_SET_VMA]: (_call, value) => (value === PR_SET_VMA_ANON_NAME ? 0 : fail('EINVAL')),
  // Counters there are none: perf_event_open is denied.
  [P.PR_TASK_PERF_EVENTS_DISABLE]: nothingToStop,
  [P.PR_TASK_PERF_EVENTS_ENABLE]: nothingToStop,
  [P.PR_GET_TID_ADDRESS]: (call, at) => giveWord(call, at, call.thread.clearTid),
  // It would concern the trustee only.
  [P.PR_SET_SPECULATION_CTRL]: (call, which) =>
    call.r[3] !== 0 || call.r[4] !== 0 ? fail('EINVAL') : fail(which < SPECULATIONS ? 'ENXIO' : 'ENODEV'),
  [P.PR_GET_MDWE]: alone(1, () => 0),
  [P.PR_SET_MDWE]: alone(2, (call, value) =>
    value === 0 ? 0 : value > MDWE_FLAGS ? fail('EINVAL') : refuse(call, 'EINVAL', 'the patcher writes to code'),
  ),
};

/** Made by the trustee: what concerns the process, or a thread that sleeps in the program's place. */
const PRCTL_DELEGATED: ReadonlySet<number> = new Set([
  P.PR_CAPBSET_READ, P.PR_GET_SECUREBITS, P.PR_GET_KEEPCAPS, P.PR_SET_TIMERSLACK, P.PR_GET_TIMERSLACK, P.PR_SET_CHILD_SUBREAPER,
  P.PR_SET_THP_DISABLE, P.PR_GET_THP_DISABLE, P.PR_GET_SPECULATION_CTRL, P.PR_MCE_KILL, P.PR_MCE_KILL_GET,
  P.PR_SET_MEMORY_MERGE, P.PR_GET_MEMORY_MERGE, P.PR_CAP_AMBIENT,
]); // prettier-ignore

/** Who the calling thread is, or may become. */
const PRCTL_CHANGES: ReadonlySet<number> = new Set([
  P.PR_SET_KEEPCAPS, P.PR_CAPBSET_DROP, P.PR_CAP_AMBIENT, P.PR_SET_SECUREBITS,
]); // prettier-ignore
const PR_CAP_AMBIENT_IS_SET = 1;

/** The same, writing this many bytes at the second argument. */
const PRCTL_OUT: Readonly<Record<number, number>> = { [P.PR_GET_CHILD_SUBREAPER]: 4 };

/** Options with one further argument, or none. */
const PRCTL_SECOND: Readonly<Record<number, Kind>> = {
  [P.PR_SET_NAME]: string(16),
  [P.PR_GET_NAME]: bytesOut(16),
  [P.PR_SET_PDEATHSIG]: signal(),
  [P.PR_GET_PDEATHSIG]: words('out'),
  [P.PR_GET_CHILD_SUBREAPER]: words('out'),
  [P.PR_GET_TSC]: words('out'),
  [P.PR_SET_DUMPABLE]: int(),
  [P.PR_GET_DUMPABLE]: absent,
  [P.PR_GET_KEEPCAPS]: absent,
  [P.PR_GET_TIMING]: absent,
  [P.PR_GET_SECCOMP]: absent,
  [P.PR_GET_TIMERSLACK]: absent,
  [P.PR_GET_SECUREBITS]: absent,
  [P.PR_CAPBSET_READ]: int(),
  [P.PR_CAPBSET_DROP]: int(),
};

/** Known and refused; the rest is unknown and EINVAL without a word. */
const PRCTL_REFUSED: Readonly<Record<number, readonly [PrimaryErrnoName, why: string]>> = {
  [P.PR_SET_SECCOMP]: ['EINVAL', 'the program is confined already'],
  [P.PR_SET_MM]: ['EPERM', "the memory map is the sandbox's"],
  [P.PR_SET_PTRACER]: ['EINVAL', 'nobody may trace the program'],
  [P.PR_SET_SYSCALL_USER_DISPATCH]: ['EINVAL', "system calls are the sandbox's to dispatch"],
  [P.PR_SCHED_CORE]: ['EINVAL', 'it would concern the trustee only'],
  [P.PR_SET_IO_FLUSHER]: ['EPERM', 'it holds up the reclaim of memory'],
  [P.PR_GET_IO_FLUSHER]: ['EPERM', 'it holds up the reclaim of memory'],
  [P.PR_GET_AUXV]: ['EINVAL', "the kernel's vector is the loader's"],
};

/**
 * The trustee's name, which its untrustees inherit, and the untrustee's, which only a thread of the same process can
 * write. The descriptor for that is the program's for a moment: it could write its name itself.
 */
function* setName(call: Call): Steps {
  const name = call.getString(call.r[1], NAME_SIZE);
  const cut = name === fail('ENAMETOOLONG') ? call.get(call.r[1], NAME_SIZE - 1) : name;
  if (typeof cut === 'number') return cut;
  const bytes = typeof cut === 'string' ? toBytes(cut) : cut;
  const padded = new Uint8Array(NAME_SIZE);
  padded.set(bytes);
  const at = call.arena(padded);
  const set = yield [NR.prctl, P.PR_SET_NAME, at];
  const { hostTid } = call.thread;
  if (set !== 0 || hostTid === 0) return set;
  const file = yield [NR.open, call.arena(toBytes(`/proc/self/task/${hostTid}/comm\0`)), O_WRONLY | O_CLOEXEC];
  if (file < 0) return set;
  yield [NR.write, file, at, bytes.length];
  yield [NR.close, file];
  return set;
}
const NAME_SIZE = 16;
const { O_WRONLY, O_CLOEXEC } = OPEN.values;

/** The untrustee's: other threads may have written it by procfs. */
function* getName(call: Call): Steps {
  const name = nameOfThread(call.thread);
  if (name === undefined) return call.checkRange(call.r[1], NAME_SIZE) || (yield [NR.prctl, P.PR_GET_NAME, call.r[1]]);
  const padded = new Uint8Array(NAME_SIZE);
  padded.set(toBytes(name.slice(0, NAME_SIZE - 1)));
  return call.put(call.r[1], padded);
}

function* prctl(call: Call): Steps {
  const [option, second, ...rest] = call.r.subarray(0, 5);
  const answer = PRCTL_ANSWERED[option];
  if (answer !== undefined) return answer(call, second);
  if (option === P.PR_SET_NAME) return yield* setName(call);
  if (option === P.PR_GET_NAME) return yield* getName(call);
  const asks = option === P.PR_CAP_AMBIENT && second === PR_CAP_AMBIENT_IS_SET;
  if (PRCTL_CHANGES.has(option) && !asks) return yield* change(call, [NR.prctl, option, second, ...rest]);
  const refusal = PRCTL_REFUSED[option];
  if (refusal !== undefined) return refuse(call, ...refusal);
  const out = PRCTL_OUT[option];
  if (out === undefined && !PRCTL_DELEGATED.has(option)) return fail('EINVAL');
  const refused = out === undefined ? 0 : call.checkRange(second, out);
  return refused !== 0 ? refused : yield [NR.prctl, option, second, ...rest];
}

const prctlArguments = {
  option: flags(PR),
  a: choice('option', (r) => PRCTL_SECOND[r[0]] ?? hex()),
  b: choice('option', (r) => (PRCTL_SECOND[r[0]] === undefined ? hex() : absent)),
  c: choice('option', (r) => (PRCTL_SECOND[r[0]] === undefined ? hex() : absent)),
  d: choice('option', (r) => (PRCTL_SECOND[r[0]] === undefined ? hex() : absent)),
};

const PER_QUERY = 0xffffffff;
const PER_LINUX = 0;
const PER_LINUX32 = 8;
/** personality(2): the default ones (they differ in uname's machine, which is answered here), and the question which it is. */
function* personality(call: Call): Steps {
  const persona = call.r[0];
  return [PER_QUERY, PER_LINUX, PER_LINUX32].includes(persona) ? yield [NR.personality, persona] : fail('EINVAL');
}

function* umask(call: Call): Steps {
  const mask = call.r[0] & 0o777;
  const old = yield [NR.umask, mask];
  call.process.umask = mask;
  return old;
}

// ---- scheduling: what is asked is the untrustee, what is set is set for the trustee too: its untrustees inherit it ----

/** cpumask_size() of a kernel for 8192 processors, the most that there are. */
const CPU_MASK = 1024;

/** A call whose first argument names a thread. */
const ofThread = (nr: number, args: Args, sets: 'asks' | 'sets'): Row =>
  odd(nr, args, function* (call) {
    const words = prepare(call, Object.entries(args));
    if (typeof words === 'number') return words;
    const thread = orderedThread(call, words[0]);
    const order = (tid: number): Order => [nr, tid, ...words.slice(1)];
    return sets === 'sets' ? yield* setForThread(thread, order) : yield order(thread.runs);
  });

/** Processes (whose threads have each their own), groups, users: in this order for both. */
const PRIO_PROCESS = 0;
const IOPRIO_WHO_PROCESS = 1;

/** The threads that a kind of target and a number mean. Of groups and users those that the sandbox has. */
function targets(call: Call, first: number): readonly OrderedThread[] | number {
  const [kind, who] = call.r;
  if (kind === first) return [orderedThread(call, who)];
  if (kind !== first + 1 && kind !== first + 2) return fail('EINVAL');
  const processes = targetsOf(call, kind === first + 1 ? 'group' : 'user', who);
  return typeof processes === 'number' ? processes : orderedThreads(call, processes);
}

/** The best of all that could be asked, or why none could. The kernel is asked for one thread at a time. */
const askPriority = (first: number, best: (a: number, b: number) => number) =>
  function* (call: Call): Steps {
    const threads = targets(call, first);
    if (typeof threads === 'number') return threads;
    let found = fail('ESRCH');
    for (const { runs } of threads) {
      const one = yield [call.nr, first, runs];
      if (one >= 0) found = found < 0 ? one : best(found, one);
    }
    return found;
  };
/** Of all; a failure is told when all is done. */
const setPriority = (first: number) =>
  function* (call: Call): Steps {
    const threads = targets(call, first);
    if (typeof threads === 'number') return threads;
    let result = 0;
    for (const thread of threads) {
      const one = yield* setForThread(thread, (tid) => [call.nr, first, tid, call.r[2]]);
      if (one < 0) result = one;
    }
    return result;
  };
/** ioprio_best() of the kernel's block/ioprio.c: the lower; no class counts as the middle of the best-effort one. */
const IOPRIO_DEFAULT = (2 << 13) | 4;
const ioprioOf = (value: number): number => (value >> 13 === 0 ? IOPRIO_DEFAULT : value);
const bestIoprio = (a: number, b: number): number => Math.min(ioprioOf(a), ioprioOf(b));

/** The kernel answers 20 minus the value, so that none is negative. */
const NICE_BASE = 20;
/** nice(2) of the trustee, whose value the untrustee gets. */
function* nice(call: Call): Steps {
  const changed = yield [NR.nice, call.r[0]];
  const { runs, serves } = orderedThread(call, 0);
  if (changed < 0 || serves === undefined) return changed;
  const value = NICE_BASE - (yield [NR.getpriority, PRIO_PROCESS, 0]);
  return yield [NR.setpriority, PRIO_PROCESS, runs, value];
}

// ---- groups ----

/** getpgid(2), getsid(2) */
const ofProcess = (nr: number): Row =>
  guarded(nr, { pid: pid() }, (call, words) => {
    words[0] = orderedProcess(call, words[0]);
    return 0;
  });

/**
 * setpgid(2): the kernel knows whether it is the caller or a child of its that has not started a program. A new group
 * may be the target's own, one that members of the same session are in, or the one that the sandbox began in.
 */
function* setGroup(call: Call): Steps {
  const [who, group] = call.r;
  if ((group | 0) < 0 || (group === 0 && (who | 0) < 0)) return fail('EINVAL');
  const target = isOwn(call, who) ? call.process : call.process.sandbox.process(who);
  if (target === undefined) return refuseForeign(call, who);
  const known =
    group === 0 ||
    group === target.pid ||
    group === call.process.firstGroup ||
    membersOf(call)
      .group(group)
      .some(({ session }) => session === call.process.session);
  if (!known) return refuse(call, 'EPERM', `process group ${group | 0} is none of the sandbox's`);
  return yield [NR.setpgid, target === call.process ? 0 : target.pid, group];
}

// ---- limits ----

const { RLIMIT_NOFILE } = RLIMIT.values;
const CAP_SYS_RESOURCE = 1n << 24n;

interface Limit {
  readonly cur: bigint;
  readonly max: bigint;
}
const decodeLimit = (layout: Struct, bytes: Uint8Array): Limit => {
  const { cur, max } = layout.decode(bytes) as Record<string, number | bigint>;
  return { cur: BigInt(cur), max: BigInt(max) };
};
const encodeLimit = (layout: Struct, { cur, max }: Limit): Uint8Array =>
  layout === rlimit ? layout.encode({ cur: Number(cur), max: Number(max) }) : layout.encode({ cur, max });

/** A new limit: where the trustee reads it; the hard one of open files that was asked for. */
interface NewLimit {
  readonly at: number;
  readonly hard?: bigint;
}

/**
 * A new limit, copied once. The soft one of open files ends where the reserved descriptors begin: the kernel gives no number
 * from there up, so that none of theirs becomes the program's. The hard one stays above them, or no child could be given
 * its own; a lower one is the helper's to remember.
 */
function newLimit(call: Call, resource: number, at: number, layout: Struct, target = call.process): NewLimit | number {
  const bytes = call.get(at, layout.size);
  if (typeof bytes === 'number') return bytes;
  if (resource !== RLIMIT_NOFILE) return { at: call.arena(bytes) };
  const { cur, max } = decodeLimit(layout, bytes);
  if (cur > max) return { at: call.arena(bytes) }; // the kernel refuses it
  const { hardOpenFiles } = target;
  const mayRaise = (call.thread.credentials.capabilities.effective & CAP_SYS_RESOURCE) !== 0n;
  if (hardOpenFiles !== null && max > hardOpenFiles && !mayRaise) return fail('EPERM');
  const [from, to] = [BigInt(target.reserved.from), BigInt(target.reserved.to)];
  const kept = encodeLimit(layout, { cur: cur > from ? from : cur, max: max < to ? to : max });
  return { at: call.arena(kept), hard: max };
}

/** What the program asked for, once the kernel has taken it. */
function noteLimit({ hard }: NewLimit, target: ProcessView): void {
  if (hard !== undefined) target.hardOpenFiles = hard < BigInt(target.reserved.to) ? hard : null;
}

/**
 * A limit that the kernel told, as the program can have it: some compute from the hard limit of open files what they set
 * the soft one to, and end when they did not get it.
 */
function toldLimit(call: Call, resource: number, at: number, layout: Struct, target = call.process): number {
  if (resource !== RLIMIT_NOFILE || at === 0) return 0;
  const bytes = call.get(at, layout.size);
  if (typeof bytes === 'number') return bytes;
  const { cur, max } = decodeLimit(layout, bytes);
  const ends = [max, BigInt(target.reserved.from), target.hardOpenFiles ?? max];
  const end = ends.reduce((a, b) => (a < b ? a : b));
  return give(call, at, encodeLimit(layout, { cur: cur < end ? cur : end, max: end }));
}
const readLimit = (nr: number): Row =>
  delegated(
    nr,
    { resource: flags(RLIMIT), limit: structOut(rlimit) },
    {
      done: (call, result) => result || toldLimit(call, call.r[0], call.r[1], rlimit),
    },
  );

function* setLimit(call: Call): Steps {
  const [resource, at] = call.r;
  const limit = newLimit(call, resource, at, rlimit);
  if (typeof limit === 'number') return limit;
  const result = yield [call.nr, resource, limit.at];
  if (result === 0) noteLimit(limit, call.process);
  return result;
}

function* changeLimit(call: Call): Steps {
  const [who, resource, next, old] = call.r;
  const target = orderedProcess(call, who);
  const of = processOf(call, who) ?? call.process;
  const limit = next === 0 ? { at: 0 } : newLimit(call, resource, next, rlimit64, of);
  if (typeof limit === 'number') return limit;
  const refused = old === 0 ? 0 : call.checkRange(old, rlimit64.size);
  if (refused < 0) return refused;
  const result = yield [call.nr, target, resource, limit.at, old];
  if (result !== 0) return result;
  const told = toldLimit(call, resource, old, rlimit64, of);
  noteLimit(limit, of);
  return told;
}

/** The untrustee's usage is what a thread asks for; the trustee would tell its own. */
function* usage(call: Call): Steps {
  const [who, at] = call.r;
  const outside = call.checkRange(at, rusage.size);
  if (outside !== 0) return outside;
  const known = who === RUSAGE_THREAD ? usageOf(call.thread) : undefined;
  return known === undefined ? yield [NR.getrusage, who, at] : call.put(at, known);
}
const RUSAGE_THREAD = 1;

/** getcpu(2) of the untrustee; the third argument is a cache that no kernel fills. */
function getCpu(call: Call): number {
  const processor = processorOf(call.thread) ?? 0;
  const tell = (at: number, value: number): number => (at === 0 ? 0 : giveWord(call, at, value));
  return tell(call.r[0], processor) || tell(call.r[1], nodeOf(processor));
}

// ---- pidfds ----

const PIDFD_NONBLOCK = OPEN.values.O_NONBLOCK;

/**
 * pidfd_open(2) of members. The number is looked at again when the descriptor is there: whatever got the number of a
 * process that ended meanwhile is no member, and is let go. Whoever acts on a pidfd asks whose it is (signals do).
 * PIDFD_THREAD, of Linux 6.9, is EINVAL as before: it would be the trustee.
 */
function* pidfdOpen(call: Call): Steps {
  const [who, how] = call.r;
  if ((how & ~PIDFD_NONBLOCK) !== 0 || (who | 0) <= 0) return fail('EINVAL');
  const { sandbox } = call.process;
  const target = sandbox.process(who);
  if (target === undefined) return sandbox.thread(who) === undefined ? refuseForeign(call, who) : fail('EINVAL');
  const opened = yield [NR.pidfd_open, who, how];
  if (opened < 0 || sandbox.process(who) === target) return opened;
  yield [NR.close, opened];
  return fail('ESRCH');
}

// ---- rows ----

const rusageOut = { usage: structOut(rusage, true) };

export const processes = family({
  waitpid: delegated(7, { pid: pid(), status: words('out'), options: flags(WAIT) }, { waits: awaitChild }),
  wait4: delegated(
    114,
    { pid: pid(), status: words('out'), options: flags(WAIT), ...rusageOut },
    { waits: awaitChild },
  ),
  waitid: odd(
    284,
    { kind: int(), id: int(), info: structOut(siginfo, true), options: flags(WAIT), ...rusageOut },
    awaitChange,
  ),

  getpid: constant(20, (process) => process.pid),
  gettid: constant(224, (_process, thread) => thread.tid),
  getppid: constant(64, (process) => process.parent),
  getpgid: ofProcess(132),
  getpgrp: delegated(65, {}),
  getsid: ofProcess(147),
  setpgid: odd(57, { pid: pid(), group: pid() }, setGroup),
  setsid: delegated(66, {}),

  set_tid_address: answered(258, { word: address() }, (call) => {
    call.thread.clearTid = call.r[0];
    return call.thread.tid;
  }),
  set_robust_list: answered(311, { head: address(), length: size() }, setRobustList),
  get_robust_list: answered(312, { pid: pid(), head: structOut(word), length: structOut(word) }, getRobustList),
  set_thread_area: odd(243, { descriptor: structIn(userDesc) }, setThreadArea, { keepsFpu: true }),
  get_thread_area: answered(244, { descriptor: structInOut(userDesc) }, getThreadArea),
  // Not `denied`: every program asks, and takes the answer as it comes.
  rseq: answered(386, { area: address(), length: size(), flags: hex(), signature: hex() }, () => fail('ENOSYS')),
  modify_ldt: denied(123, 'ENOSYS', 'segments of its own would let a program hide code'),
  arch_prctl: denied(384, 'EINVAL', "CPU features are the sandbox's to set"),

  futex: odd(240, futexArguments(timespec32), (call) => futex(call, timespec32)),
  futex_time64: odd(422, futexArguments(timespec64), (call) => futex(call, timespec64)),
  futex_waitv: odd(
    449,
    {
      waiters: structs('in', futexWaiter, 'count'),
      count: uint(),
      flags: hex(),
      timeout: structIn(timespec64, true),
      clock: int(),
    },
    futexWaitAny,
  ),
  futex_wake: denied(454, 'ENOSYS', 'not offered, futex is'),
  futex_wait: denied(455, 'ENOSYS', 'not offered, futex is'),
  futex_requeue: denied(456, 'ENOSYS', 'not offered, futex is'),

  prctl: odd(172, prctlArguments, prctl, { keepsFpu: true }),
  personality: odd(136, { persona: hex() }, personality),
  umask: odd(60, { mask: mode() }, umask, { returns: 'mode' }),

  sched_yield: delegated(158, {}),
  sched_getaffinity: ofThread(242, { pid: pid(), length: size(), mask: bitsOut('length', CPU_MASK) }, 'asks'),
  sched_setaffinity: ofThread(241, { pid: pid(), length: size(), mask: copyIn('length', 0x2000) }, 'sets'),
  sched_getscheduler: ofThread(157, { pid: pid() }, 'asks'),
  sched_setscheduler: ofThread(156, { pid: pid(), policy: int(), parameters: structIn(schedParam, true) }, 'sets'),
  sched_getparam: ofThread(155, { pid: pid(), parameters: structOut(schedParam, true) }, 'asks'),
  sched_setparam: ofThread(154, { pid: pid(), parameters: structIn(schedParam, true) }, 'sets'),
  sched_getattr: ofThread(352, { pid: pid(), attributes: bytesOut('size'), size: size(), flags: hex() }, 'asks'),
  sched_setattr: ofThread(351, { pid: pid(), attributes: bytesOut(schedAttr.size), flags: hex() }, 'sets'),
  sched_rr_get_interval: ofThread(161, { pid: pid(), interval: structOut(timespec32) }, 'asks'),
  sched_rr_get_interval_time64: ofThread(423, { pid: pid(), interval: structOut(timespec64) }, 'asks'),
  sched_get_priority_max: delegated(159, { policy: int() }),
  sched_get_priority_min: delegated(160, { policy: int() }),
  getpriority: odd(96, { kind: int(), who: pid() }, askPriority(PRIO_PROCESS, Math.max)),
  setpriority: odd(97, { kind: int(), who: pid(), value: int() }, setPriority(PRIO_PROCESS)),
  ioprio_get: odd(290, { kind: int(), who: pid() }, askPriority(IOPRIO_WHO_PROCESS, bestIoprio)),
  ioprio_set: odd(289, { kind: int(), who: pid(), value: hex() }, setPriority(IOPRIO_WHO_PROCESS)),
  nice: odd(34, { increment: int() }, nice),

  getrlimit: readLimit(76),
  ugetrlimit: readLimit(191),
  setrlimit: odd(75, { resource: flags(RLIMIT), limit: structIn(rlimit) }, setLimit),
  prlimit64: odd(
    340,
    { pid: pid(), resource: flags(RLIMIT), limit: structIn(rlimit64, true), old: structOut(rlimit64, true) },
    changeLimit,
  ),
  getrusage: odd(77, { who: int(), usage: structOut(rusage) }, usage),
  times: delegated(43, { times: structOut(tms, true) }),
  sysinfo: delegated(116, { out: structOut(sysinfo) }),

  uname: answered(122, { out: structOut(newUtsname) }, (call) => call.put(call.r[0], hostNames())),
  olduname: answered(109, { out: structOut(oldUtsname) }, (call) =>
    call.put(call.r[0], hostNames().subarray(0, oldUtsname.size)),
  ),
  oldolduname: answered(59, { out: structOut(oldoldUtsname) }, (call) => call.put(call.r[0], oldestNames())),
  getcpu: answered(318, { cpu: words('out', 'uint'), node: words('out', 'uint') }, getCpu),
  getrandom: delegated(355, { buffer: bytesOut('count'), count: size(), flags: flags(GRND) }, { returns: 'count' }),

  ptrace: denied(26, 'EPERM', 'a tracer rules what it traces'),
  process_vm_readv: denied(347, 'EPERM', 'it reaches the memory of other processes'),
  process_vm_writev: denied(348, 'EPERM', 'it reaches the memory of other processes'),
  kcmp: denied(349, 'EPERM', 'it compares what other processes hold'),
  pidfd_open: odd(434, { pid: pid(), flags: flags(OPEN) }, pidfdOpen, { returns: 'fd' }),
  pidfd_getfd: denied(438, 'EPERM', 'it takes descriptors out of other processes'),
});
