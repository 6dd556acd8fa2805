/**
 * Structures of the i386 interface that speak of a process: limits, times, signals, identity, threads. Sources: the
 * kernel's include/uapi and, for signal frames, arch/x86/include/asm/sigframe.h. Sizes are asserted by struct().
 */
import { bytes, i32, i64, pointer, struct, u16, u32, u64 } from './ctype.js';

// ---- resources ----

/** struct rlimit (compat): 0xffffffff is RLIM_INFINITY. */
export const rlimit = struct('rlimit', 8, { cur: u32, max: u32 });
export const rlimit64 = struct('rlimit64', 16, { cur: u64, max: u64 });
export const rusage = struct('rusage', 72, {
  utimeSec: i32, utimeUsec: i32, stimeSec: i32, stimeUsec: i32,
  maxrss: i32, ixrss: i32, idrss: i32, isrss: i32, minflt: i32, majflt: i32, nswap: i32,
  inblock: i32, oublock: i32, msgsnd: i32, msgrcv: i32, nsignals: i32, nvcsw: i32, nivcsw: i32,
}); // prettier-ignore
export const sysinfo = struct('sysinfo', 64, {
  uptime: i32, load1: u32, load5: u32, load15: u32,
  totalram: u32, freeram: u32, sharedram: u32, bufferram: u32, totalswap: u32, freeswap: u32,
  procs: u16, pad: u16, totalhigh: u32, freehigh: u32, unit: u32, fill: bytes(8),
}); // prettier-ignore
/** struct tms of times(2), in clock ticks (100 a second). */
export const tms = struct('tms', 16, { utime: i32, stime: i32, cutime: i32, cstime: i32 });

// ---- names ----

const UTS = 65;
const OLD_UTS = 9;
const utsname = (name: string, width: number, fields: readonly string[]) =>
  struct(name, width * fields.length, Object.fromEntries(fields.map((field) => [field, bytes(width)])));
const UTS_FIELDS = ['sysname', 'nodename', 'release', 'version', 'machine'] as const;
export const newUtsname = utsname('new_utsname', UTS, [...UTS_FIELDS, 'domainname']);
export const oldUtsname = utsname('old_utsname', UTS, UTS_FIELDS);
export const oldoldUtsname = utsname('oldold_utsname', OLD_UTS, UTS_FIELDS);

// ---- time ----

/** struct timespec with a 32-bit time_t. */
export const timespec32 = struct('old_timespec32', 8, { sec: i32, nsec: i32 });
/** struct __kernel_timespec, of the calls whose name ends in 64. */
export const timespec64 = struct('__kernel_timespec', 16, { sec: i64, nsec: i64 });
export const timeval = struct('old_timeval32', 8, { sec: i32, usec: i32 });
export const timezone = struct('timezone', 8, { minuteswest: i32, dsttime: i32 });
export const itimerval = struct('old_itimerval32', 16, { intervalSec: i32, intervalUsec: i32, sec: i32, usec: i32 });
export const time32 = struct('old_time32_t', 4, { sec: i32 });
/** struct old_timex32 and struct __kernel_timex; both start with `modes`, a u32. */
export const timex32 = struct('old_timex32', 128, {
  modes: u32, offset: i32, freq: i32, maxerror: i32, esterror: i32, status: i32, constant: i32, precision: i32,
  tolerance: i32, 'time.tv_sec': i32, 'time.tv_usec': i32, tick: i32, ppsfreq: i32, jitter: i32, shift: i32, stabil: i32,
  jitcnt: i32, calcnt: i32, errcnt: i32, stbcnt: i32, tai: i32, __unused: bytes(44),
}); // prettier-ignore
export const timex64 = struct('__kernel_timex', 208, {
  modes: u32, __pad1: u32, offset: i64, freq: i64, maxerror: i64, esterror: i64, status: i32, __pad2: u32, constant: i64,
  precision: i64, tolerance: i64, 'time.tv_sec': i64, 'time.tv_usec': i64, tick: i64, ppsfreq: i64, jitter: i64, shift: i32,
  __pad3: u32, stabil: i64, jitcnt: i64, calcnt: i64, errcnt: i64, stbcnt: i64, tai: i32, __unused: bytes(44),
}); // prettier-ignore

/** struct futex_waitv: include/uapi/linux/futex.h. */
export const futexWaiter = struct('futex_waitv', 24, { val: u64, uaddr: u64, flags: u32, __reserved: u32 });

// ---- signals ----

/** struct old_sigaction of sigaction(67). */
export const oldSigaction = struct('old_sigaction', 16, { handler: pointer, mask: u32, flags: u32, restorer: pointer });
/** struct sigaction of rt_sigaction(174). */
export const sigaction = struct('sigaction', 20, { handler: pointer, flags: u32, restorer: pointer, mask: u64 });
export const sigset = struct('sigset_t', 8, { set: u64 });
export const oldSigset = struct('old_sigset_t', 4, { set: u32 });
export const sigaltstack = struct('sigaltstack', 12, { sp: pointer, flags: u32, size: u32 });
export const siginfo = struct('siginfo', 128, { signo: i32, errno: i32, code: i32, fields: bytes(116) });
/** struct sigcontext_32: what sigreturn(119) loads. */
export const sigcontext = struct('sigcontext_32', 88, {
  gs: u32, fs: u32, es: u32, ds: u32, di: u32, si: u32, bp: u32, sp: u32, bx: u32, dx: u32, cx: u32, ax: u32,
  trapno: u32, err: u32, ip: u32, cs: u32, flags: u32, spAtSignal: u32, ss: u32, fpstate: pointer, oldmask: u32, cr2: u32,
}); // prettier-ignore
/** struct sigframe_ia32: of a handler that was set without SA_SIGINFO. */
export const sigframe = struct('sigframe_ia32', 732, {
  pretcode: pointer, sig: i32, sc: bytes(sigcontext.size), fpstateUnused: bytes(624), extramask: u32, retcode: bytes(8),
}); // prettier-ignore

// ---- threads ----

/** struct user_desc of set_thread_area(2); `flags` are the bits of USER_DESC. */
export const userDesc = struct('user_desc', 16, { entry: u32, base: u32, limit: u32, flags: u32 });
export const USER_DESC = {
  seg32: 1,
  contents: 6,
  readExecOnly: 8,
  limitInPages: 0x10,
  notPresent: 0x20,
  usable: 0x40,
} as const;
export const robustListHead = struct('robust_list_head', 12, { next: pointer, futexOffset: i32, pending: pointer });
export const cloneArgs = struct('clone_args', 88, {
  flags: u64, pidfd: u64, childTid: u64, parentTid: u64, exitSignal: u64, stack: u64, stackSize: u64, tls: u64,
  setTid: u64, setTidSize: u64, cgroup: u64,
}); // prettier-ignore
export const schedParam = struct('sched_param', 4, { priority: i32 });
export const schedAttr = struct('sched_attr', 56, {
  size: u32, policy: u32, flags: u64, nice: i32, priority: u32, runtime: u64, deadline: u64, period: u64,
  utilMin: u32, utilMax: u32,
}); // prettier-ignore
export const mmapArgs = struct('mmap_arg_struct32', 24, {
  address: u32, length: u32, prot: u32, flags: u32, fd: u32, offset: u32,
}); // prettier-ignore

// ---- capabilities ----

export const capHeader = struct('__user_cap_header_struct', 8, { version: u32, pid: i32 });
/** One of them with version 1, two with versions 2 and 3. */
export const capData = struct('__user_cap_data_struct', 12, { effective: u32, permitted: u32, inheritable: u32 });

// ---- single words, for out-pointers ----

export const word = struct('int', 4, { value: i32 });
export const shortWord = struct('short', 2, { value: u16 });
