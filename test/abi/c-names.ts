/** What the kernel, or glibc, calls the structs and fields of src/abi, where the name there is not the same. */
import type { World } from './compiler.js';

export interface CStruct {
  /** Default: `struct NAME`, of the kernel's headers. */
  readonly c?: string;
  readonly in?: World;
  /** Fields in C; null: no field of C begins there. A text is put before the field's name in C's spelling. */
  readonly fields?: Readonly<Record<string, string | null>> | string;
  /** The kernel that brought it: older headers do not have it. */
  readonly since?: string;
  /** A part only is described. */
  readonly open?: boolean;
}

const LIBC = { in: 'libc' } as const;

const seconds = (name: string, sub: string, of: string): Record<string, string> => ({
  [`${name}Sec`]: `${of}.tv_sec`,
  [`${name}${sub}`]: `${of}.tv_${sub.toLowerCase()}`,
});

export const C_STRUCTS: Readonly<Record<string, CStruct>> = {
  // libc's, where the kernel's headers for programs have none; the layout is the kernel's.
  linux_dirent64: { ...LIBC, c: 'struct dirent64', open: true },
  msghdr: LIBC,
  mmsghdr: LIBC,
  cmsghdr: LIBC,
  ifreq: LIBC,
  ifconf: LIBC,
  sched_param: { ...LIBC, fields: 'sched_' },
  __kernel_old_itimerspec: { ...LIBC, c: 'struct itimerspec' },

  // The kernel's, by another name.
  xattr_args: { c: 'struct kernel_xattr_args' },
  old_timespec32: { c: 'struct __kernel_old_timespec', fields: 'tv_' },
  __kernel_timespec: { fields: { sec: 'tv_sec', nsec: 'tv_nsec' } },
  old_timeval32: { c: 'struct __kernel_old_timeval', fields: 'tv_' },
  old_itimerval32: {
    c: 'struct __kernel_old_itimerval',
    fields: { ...seconds('interval', 'Usec', 'it_interval'), sec: 'it_value.tv_sec', usec: 'it_value.tv_usec' },
  },
  old_time32_t: { c: '__kernel_old_time_t', fields: { sec: null } },
  old_timex32: { c: 'struct timex' },
  timezone: { fields: 'tz_' },
  rlimit: { fields: 'rlim_' },
  rlimit64: { fields: 'rlim_' },
  rusage: {
    fields: {
      ...seconds('utime', 'Usec', 'ru_utime'),
      ...seconds('stime', 'Usec', 'ru_stime'),
      ...Object.fromEntries(
        'maxrss ixrss idrss isrss minflt majflt nswap inblock oublock msgsnd msgrcv nsignals nvcsw nivcsw'
          .split(' ')
          .map((name) => [name, `ru_${name}`]),
      ),
    },
  },
  sysinfo: { fields: { load1: 'loads[0]', load5: 'loads[1]', load15: 'loads[2]', unit: 'mem_unit', fill: '_f' } },
  tms: { fields: 'tms_' },
  sigcontext_32: { c: 'struct sigcontext', fields: { flags: 'eflags', spAtSignal: 'esp_at_signal', ...registers() } },
  old_sigaction: { c: 'struct sigaction', fields: { handler: '_u._sa_handler', mask: 'sa_mask', ...actions() } },
  old_sigset_t: { c: 'sigset_t', fields: { set: null } },
  sigaltstack: { fields: 'ss_' },
  siginfo: { c: 'siginfo_t', fields: { signo: 'si_signo', errno: 'si_errno', code: 'si_code', fields: '_sifields' } },
  user_desc: { fields: { entry: 'entry_number', base: 'base_addr', flags: null } },
  robust_list_head: { fields: { next: 'list.next', pending: 'list_op_pending' } },
  sched_attr: { fields: { size: 'size', ...Object.fromEntries(schedAttr()) } },
  int: { c: 'int', fields: { value: null } },
  short: { c: 'short', fields: { value: null } },
  msgbuf: { open: true },
  file_attr: { since: '6.17' },

  // Of no header for programs: INTERNAL has them.
  sigaction: { c: 'struct kernel_sigaction', fields: { mask: 'sa_mask', ...actions() } },
  sigset_t: { c: 'struct kernel_sigset', fields: { set: 'sig' } },
  mmap_arg_struct32: { fields: { address: 'addr', length: 'len' } },
};

function registers(): Record<string, string> {
  return Object.fromEntries('di si bp sp bx dx cx ax ip'.split(' ').map((name) => [name, `e${name}`]));
}
function actions(): Record<string, string> {
  return { flags: 'sa_flags', restorer: 'sa_restorer' };
}
function schedAttr(): [string, string][] {
  const plain = 'policy flags nice priority runtime deadline period'.split(' ');
  return [
    ...plain.map((name): [string, string] => [name, `sched_${name}`]),
    ['utilMin', 'sched_util_min'],
    ['utilMax', 'sched_util_max'],
  ];
}

/** Structs that the kernel keeps to itself, after its source, with what its headers say of their parts. */
export const INTERNAL = `
/* include/linux/signal_types.h: struct sigaction, sigset_t of _NSIG 64 */
struct kernel_sigset { unsigned long sig[64 / 32]; };
struct kernel_sigaction {
  void (*handler)(int); /* sa_handler is a macro of the headers */
  unsigned long sa_flags;
  void (*sa_restorer)(void);
  struct kernel_sigset sa_mask;
};
/* fs/select.c */
struct sel_arg_struct { unsigned long n; void *inp, *outp, *exp; struct __kernel_old_timeval *tvp; };
struct sigset_argpack { struct kernel_sigset *p; __kernel_size_t size; };
/* linux/xattr.h since Linux 6.13 */
struct kernel_xattr_args { unsigned long long value __attribute__((aligned(8))); unsigned size, flags; };
/* arch/x86/kernel/sys_ia32.c */
struct mmap_arg_struct32 { unsigned int addr, len, prot, flags, fd, offset; };
/* arch/x86/include/asm/sigframe.h */
struct sigframe_ia32 {
  __u32 pretcode;
  int sig;
  struct sigcontext_32 sc;
  struct _fpstate_32 fpstate_unused;
  unsigned int extramask[1];
  char retcode[8];
};
`;
