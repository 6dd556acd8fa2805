/**
 * The promises of OpenBSD's pledge(2) as what they allow of our system calls. What no held promise allows is a violation.
 * Source for their meaning: pledge(2) of OpenBSD; where Linux differs, `linux` says so. docs/pledge.md is made from this.
 */
import type { SyscallName } from '../../abi/numbers.js';
import type { Access, NameQuestion, SocketQuestion } from '../../questions.js';
import * as when from './conditions.js';
import type { Condition } from './conditions.js';
import type { PromiseName } from './names.js';

/** Accesses to paths that the calls of the promise may have. */
export interface PathGrant {
  readonly access: readonly Access[];
  /** Only these of its calls; left out, all. */
  readonly calls?: string;
  /** Globs; left out, every path. */
  readonly at?: readonly string[];
}

export interface Grants {
  /** In a few words, for the documentation. */
  readonly what: string;
  /** Names of calls, whatever their arguments. */
  readonly calls?: string;
  /** Calls with some arguments only. */
  readonly when?: Readonly<Partial<Record<SyscallName, Condition>>>;
  readonly paths?: readonly PathGrant[];
  /** Types of sockets by family. */
  readonly sockets?: Readonly<Record<string, readonly SocketQuestion['type'][]>>;
  /** Internet ports that may be reached, or bound; 'all'. */
  readonly ports?: 'all' | readonly number[];
  /** Globs of unix sockets with a name. */
  readonly unix?: readonly string[];
  /** Names that are no paths, by space; 'all'. */
  readonly names?: Readonly<Partial<Record<NameQuestion['space'], 'all' | readonly string[]>>>;
  /** The same, refused with EACCES instead of a violation: C libraries go on without. */
  readonly gently?: Readonly<Partial<Record<NameQuestion['space'], 'all' | readonly string[]>>>;
  /** Descriptors may be sent over unix sockets. */
  readonly passes?: true;
  /** What Linux, or this sandbox, has no match for. */
  readonly linux?: string;
}

const OPENS = 'open openat openat2';
export const LIBRARIES = [
  '/etc/ld.so.cache',
  '/lib/**',
  '/lib32/**',
  '/usr/lib/**',
  '/usr/lib32/**',
  '/usr/local/lib/**',
] as const;
const NSCD = ['/run/nscd/socket', '/var/run/nscd/socket'];
const NETLINK_ROUTE = { netlink: ['route'] } as const;
const DESCRIPTOR =
  'F_DUPFD F_DUPFD_CLOEXEC F_GETFD F_SETFD F_GETFL F_SETFL F_GETOWN F_GETOWN_EX F_GETSIG F_DUPFD_QUERY F_CREATED_QUERY ' +
  'F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_GET_SEALS F_GET_RW_HINT F_SET_RW_HINT';
const LOCKS =
  'F_GETLK F_SETLK F_SETLKW F_GETLK64 F_SETLK64 F_SETLKW64 F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW F_SETLEASE F_GETLEASE ' +
  'F_CANCELLK';
const OWNERS = 'F_SETOWN F_SETOWN_EX F_SETSIG';
/** Of sockets that promises of networks make. */
const SENDS = 'sendto sendmsg sendmmsg';
const SOCKETS = `socket connect bind listen accept4 ${SENDS}`;
const PLAIN = ['stream', 'dgram'] as const;

const readable = (...at: string[]): readonly PathGrant[] => [{ access: ['read', 'stat'], at }];

export const PROMISES: Readonly<Record<PromiseName, Grants>> = {
  stdio: {
    what: 'work on what is open, with memory, time, threads and signals of its own; /dev/null, time zone, locale',
    calls: [
      OPENS,
      'read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek _llseek sendfile sendfile64',
      'copy_file_range splice tee vmsplice getdents getdents64 close close_range dup dup2 dup3 pipe pipe2 eventfd eventfd2',
      'memfd_create timerfd_create timerfd_settime timerfd_gettime timerfd_settime64 timerfd_gettime64',
      'fstat oldfstat fstat64 fstatat64 statx fstatfs fstatfs64 fchdir fgetxattr flistxattr ftruncate ftruncate64 fallocate fsync fdatasync',
      'sync syncfs sync_file_range readahead fadvise64 fadvise64_64 umask',
      'poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64',
      'epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 signalfd signalfd4',
      'socketpair getsockname getpeername shutdown getsockopt sendto sendmsg sendmmsg',
      'recvfrom recvmsg recvmmsg recvmmsg_time64',
      'munmap madvise mremap mseal brk mincore msync mlock mlock2 munlock mlockall munlockall membarrier',
      'waitpid wait4 waitid getpid gettid getppid getpgid getpgrp getsid set_tid_address set_robust_list get_robust_list',
      'set_thread_area get_thread_area rseq futex futex_time64 futex_waitv',
      'sched_yield sched_getaffinity sched_getscheduler sched_getparam sched_getattr sched_rr_get_interval',
      'sched_rr_get_interval_time64 sched_get_priority_max sched_get_priority_min',
      'getrlimit ugetrlimit getrusage times sysinfo uname olduname oldolduname getcpu getrandom',
      'rt_sigaction sigaction signal rt_sigprocmask sigprocmask sgetmask ssetmask sigaltstack rt_sigpending sigpending',
      'pause sigsuspend rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 alarm setitimer getitimer',
      'nanosleep clock_nanosleep clock_nanosleep_time64',
      'timer_create timer_settime timer_gettime timer_getoverrun timer_delete timer_gettime64 timer_settime64',
      'getuid geteuid getgid getegid getuid32 geteuid32 getgid32 getegid32 getresuid getresgid getresuid32 getresgid32',
      'getgroups getgroups32',
    ].join(' '),
    when: {
      mmap2: when.notExecutable,
      mprotect: when.notExecutable,
      pkey_mprotect: when.notExecutable,
      clone: when.newThread,
      clone3: when.asIfMissing,
      kill: when.toItsGroup,
      tgkill: when.toItself,
      tkill: when.toOwnThread,
      rt_sigqueueinfo: when.toItself,
      rt_tgsigqueueinfo: when.toItself,
      prlimit64: when.looksOnly,
      ioctl: when.ioctl('FIONREAD FIONBIO FIOCLEX FIONCLEX FIOQSIZE TCGETS TCGETS2 TIOCGWINSZ'),
      fcntl: when.fcntl(DESCRIPTOR),
      fcntl64: when.fcntl(DESCRIPTOR),
      prctl: when.prctl(
        'PR_SET_NAME PR_GET_NAME PR_GET_DUMPABLE PR_SET_DUMPABLE PR_GET_NO_NEW_PRIVS PR_SET_NO_NEW_PRIVS ' +
          'PR_GET_PDEATHSIG PR_GET_TIMERSLACK PR_SET_TIMERSLACK PR_SET_VMA PR_GET_SECCOMP PR_CAPBSET_READ',
      ),
    },
    paths: [
      { access: ['read', 'write', 'stat'], at: ['/dev/null'] },
      {
        access: ['read', 'stat'],
        at: [
          '/etc/localtime',
          '/usr/share/zoneinfo/**',
          '/usr/lib/locale/**',
          '/usr/share/locale/**',
          '/etc/locale.alias',
          '/usr/lib/*/gconv/*',
          '/sys/devices/system/cpu/online',
        ],
      },
    ],
    linux:
      'TCGETS and TIOCGWINSZ, because C libraries ask them of every stream; fstatat64 and statx of what is open; no System V IPC, no message queues',
  },
  rpath: {
    what: 'read files and directories, look at their metadata',
    calls:
      `${OPENS} chdir getcwd oldstat oldlstat stat lstat stat64 lstat64 fstatat64 statx file_getattr statfs statfs64 ` +
      'access faccessat faccessat2 readlink readlinkat getxattr lgetxattr listxattr llistxattr getxattrat listxattrat ' +
      'inotify_init inotify_init1 inotify_add_watch inotify_rm_watch',
    when: { ioctl: when.ioctl('FIGETBSZ FS_IOC_GETFLAGS FS_IOC_GETVERSION') },
    paths: [
      { access: ['read', 'stat'] },
      { access: ['read', 'write', 'create', 'execute', 'stat'], calls: 'access faccessat faccessat2' },
    ],
  },
  wpath: {
    what: 'write to files',
    calls: `${OPENS} creat truncate truncate64 getcwd`,
    paths: [{ access: ['write', 'stat'] }],
  },
  cpath: {
    what: 'make, rename and remove files and directories',
    calls:
      `${OPENS} creat mkdir mkdirat unlink rmdir unlinkat rename renameat renameat2 link linkat symlink symlinkat ` +
      'getcwd',
    paths: [{ access: ['create', 'stat'] }],
  },
  dpath: {
    what: 'make FIFOs and special files',
    calls: 'mknod mknodat',
    paths: [{ access: ['create', 'stat'] }],
  },
  tmppath: {
    what: 'make, use and remove files below /tmp',
    calls: `${OPENS} creat lstat lstat64 fstatat64 statx chmod fchmodat fchmodat2 fchmod chown lchown chown32 lchown32 fchownat fchown fchown32 unlink unlinkat`,
    paths: [{ access: ['read', 'write', 'create', 'stat'], at: ['/tmp/**'] }],
  },
  inet: {
    what: 'sockets of IPv4 and IPv6',
    calls: `${SOCKETS} getsockname getpeername`,
    when: { setsockopt: when.notMulticast, ioctl: when.ioctl('SIOCATMARK') },
    sockets: { inet: PLAIN, inet6: PLAIN },
    ports: 'all',
    gently: NETLINK_ROUTE,
    linux: 'no raw sockets; a netlink socket is refused with EACCES, which C libraries do without',
  },
  mcast: {
    what: 'groups of receivers, beside inet',
    when: { setsockopt: when.multicast },
  },
  fattr: {
    what: 'change modes, times and extended attributes',
    calls:
      'chmod fchmodat fchmodat2 fchmod utime utimes futimesat utimensat utimensat_time64 setxattr lsetxattr removexattr ' +
      'lremovexattr setxattrat removexattrat fsetxattr fremovexattr',
    when: { ioctl: when.ioctl('FS_IOC_SETFLAGS') },
    paths: [{ access: ['write', 'stat'] }],
    linux: 'the owner is chown alone',
  },
  chown: {
    what: 'change the owner',
    calls: 'chown lchown chown32 lchown32 fchownat fchown fchown32',
    paths: [{ access: ['write', 'stat'] }],
    linux: "OpenBSD lets it give files to the caller's own ids without id; here the kernel's own rules hold",
  },
  flock: {
    what: 'lock files',
    calls: 'flock',
    when: {
      fcntl: when.fcntl(LOCKS),
      fcntl64: when.fcntl(LOCKS),
    },
  },
  unix: {
    what: 'unix sockets',
    calls: SOCKETS,
    when: { setsockopt: when.notMulticast },
    sockets: { unix: ['stream', 'dgram', 'seqpacket'] },
    unix: ['/**'],
    names: { abstract: 'all' },
    paths: [{ access: ['write', 'create', 'stat'], calls: `connect bind ${SENDS}` }],
  },
  dns: {
    what: 'ask name servers, with the files that say how',
    calls: `${OPENS} socket connect bind ${SENDS} stat64 fstatat64 statx access faccessat faccessat2`,
    when: { setsockopt: when.notMulticast },
    sockets: { inet: PLAIN, inet6: PLAIN, unix: ['stream'] },
    ports: [53, 0],
    unix: NSCD,
    gently: NETLINK_ROUTE,
    paths: [
      ...readable(
        '/etc/resolv.conf',
        '/run/systemd/resolve/*',
        '/run/resolvconf/*',
        '/etc/hosts',
        '/etc/host.conf',
        '/etc/nsswitch.conf',
        '/etc/gai.conf',
        '/etc/services',
        '/etc/protocols',
        '/etc/networks',
        '/etc/aliases',
        ...LIBRARIES,
      ),
      { access: ['write', 'stat'], calls: 'connect', at: NSCD },
    ],
    linux:
      'port 0 is connected to by C libraries to sort addresses; modules of NSS that are loaded need prot_exec as well',
  },
  getpw: {
    what: 'read the tables of users and groups',
    calls: `${OPENS} socket connect stat64 fstatat64 statx access faccessat faccessat2`,
    sockets: { unix: ['stream'] },
    unix: NSCD,
    paths: [
      ...readable('/etc/nsswitch.conf', '/etc/passwd', '/etc/group', '/etc/login.defs', ...LIBRARIES),
      { access: ['write', 'stat'], calls: 'connect', at: NSCD },
    ],
    linux: 'modules of NSS that are loaded need prot_exec as well',
  },
  sendfd: {
    what: 'pass descriptors to others (SCM_RIGHTS)',
    passes: true,
  },
  recvfd: {
    what: 'be passed descriptors (SCM_RIGHTS)',
    linux: 'not narrowed: who may read a message gets what comes with it',
  },
  tape: {
    what: 'work with tapes',
    linux: 'no request of tapes passes the sandbox: it allows nothing',
  },
  tty: {
    what: 'terminals: modes, sizes, job control; /dev/tty',
    calls: OPENS,
    when: {
      ioctl: when.ioctl(
        'TCGETS TCSETS TCSETSW TCSETSF TCGETS2 TCSETS2 TCSETSW2 TCSETSF2 TCGETA TCSETA TCSETAW TCSETAF TCSBRK TCSBRKP ' +
          'TCXONC TCFLSH TIOCEXCL TIOCNXCL TIOCSCTTY TIOCNOTTY TIOCGPGRP TIOCSPGRP TIOCGSID TIOCOUTQ TIOCGWINSZ TIOCSWINSZ ' +
          'TIOCGETD TIOCGPTN TIOCSPTLCK TIOCGPTLCK TIOCGPTPEER TIOCPKT TIOCGPKT TIOCGEXCL',
      ),
    },
    paths: [
      { access: ['read', 'write', 'stat'], at: ['/dev/tty', '/dev/ptmx', '/dev/pts/*'] },
      { access: ['read', 'stat'], at: ['/usr/share/terminfo/**', '/lib/terminfo/**', '/etc/terminfo/**'] },
    ],
  },
  proc: {
    what: 'new processes, signals to others, sessions, priorities, limits',
    calls:
      'fork vfork clone clone3 kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal setpgid ' +
      'setsid getpriority setpriority nice ioprio_get ioprio_set setrlimit prlimit64 sched_setaffinity ' +
      'sched_setscheduler sched_setparam sched_setattr',
    when: {
      fcntl: when.fcntl(OWNERS),
      fcntl64: when.fcntl(OWNERS),
      ioctl: when.ioctl('FIOASYNC FIOSETOWN FIOGETOWN SIOCSPGRP SIOCGPGRP TIOCSPGRP'),
      prctl: when.prctl('PR_SET_PDEATHSIG PR_SET_CHILD_SUBREAPER PR_GET_CHILD_SUBREAPER'),
    },
  },
  exec: {
    what: 'execute programs',
    calls: 'execve execveat',
    paths: [{ access: ['execute', 'read', 'stat'] }],
    linux:
      'the promises stay with the new program, unless execpromises say otherwise; see "Programs that are executed"',
  },
  prot_exec: {
    what: 'executable memory, which loading a library (dlopen) needs',
    calls: 'mmap mmap2 mprotect pkey_mprotect',
    linux: 'mmap, whose arguments stand in memory, is allowed by this alone; C libraries use mmap2',
  },
  settime: {
    what: 'set the clock',
    calls: 'adjtimex clock_adjtime clock_adjtime64 settimeofday clock_settime clock_settime64 stime',
    linux: 'the sandbox refuses to set a clock (EPERM) all the same',
  },
  ps: {
    what: 'look at other processes',
    calls: `${OPENS} readlink readlinkat stat64 fstatat64 statx`,
    paths: readable('/proc', '/proc/PID/**', '/proc/self/**', '/proc/stat', '/proc/uptime', '/proc/loadavg'),
    linux: 'the processes of the sandbox, by /proc',
  },
  vminfo: {
    what: "look at the system's memory and load",
    calls: `${OPENS}`,
    paths: readable(
      '/proc/meminfo',
      '/proc/stat',
      '/proc/vmstat',
      '/proc/loadavg',
      '/proc/uptime',
      '/proc/swaps',
      '/proc/cpuinfo',
    ),
    linux: 'files of /proc; sysinfo is in stdio',
  },
  id: {
    what: 'change ids, groups, capabilities and the root',
    calls:
      'setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setuid32 setgid32 setreuid32 setregid32 ' +
      'setresuid32 setresgid32 setfsuid32 setfsgid32 setgroups setgroups32 capget capset chroot setrlimit prlimit64 ' +
      'getpriority setpriority nice',
    when: {
      prctl: when.prctl(
        'PR_GET_KEEPCAPS PR_SET_KEEPCAPS PR_CAPBSET_DROP PR_GET_SECUREBITS PR_SET_SECUREBITS PR_CAP_AMBIENT',
      ),
    },
    paths: [{ access: ['stat'], calls: 'chroot' }],
  },
  pf: {
    what: 'ask the packet filter',
    linux: 'Linux has no pf: it allows nothing',
  },
  route: {
    what: 'look at routes and interfaces',
    calls: 'socket bind',
    when: {
      ioctl: when.ioctl(
        'SIOCGIFNAME SIOCGIFCONF SIOCGIFFLAGS SIOCGIFADDR SIOCGIFDSTADDR SIOCGIFBRDADDR SIOCGIFNETMASK SIOCGIFMETRIC ' +
          'SIOCGIFMTU SIOCGIFHWADDR SIOCGIFINDEX SIOCGIFTXQLEN SIOCGIFMAP',
      ),
    },
    sockets: { inet: ['dgram'], inet6: ['dgram'] },
    names: NETLINK_ROUTE,
    linux:
      'a netlink socket, whose messages nobody reads: what changes routes is left to the rights of the user, as with wroute',
  },
  wroute: {
    what: 'change routes',
    calls: 'socket bind',
    names: NETLINK_ROUTE,
    linux: 'the same as the netlink socket of route',
  },
  audio: {
    what: 'sound',
    linux: 'no request of sound devices passes the sandbox: open descriptors are read and written by stdio',
  },
  video: {
    what: 'cameras',
    linux: 'no request of video devices passes the sandbox: it allows nothing',
  },
  bpf: {
    what: 'read statistics of packet filters',
    linux: "it is OpenBSD's bpf(4); bpf(2) of Linux is never given: it allows nothing",
  },
  unveil: {
    what: 'call unveil()',
    calls: 'unveil',
    paths: [{ access: ['stat'] }],
  },
  error: {
    what: 'a violation is an error, EPERM, instead of the end',
    linux: 'OpenBSD answers ENOSYS',
  },
};

/** Whatever was promised: to end, to read the clock, to come back from a handler, to promise more. */
export const ALWAYS: Grants = {
  what: 'whatever was promised',
  calls:
    'exit exit_group clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday time sigreturn ' +
    'rt_sigreturn restart_syscall pledge',
};

/** Beside the promises, from the start of a program that was executed under them until its main. */
export const STARTING: Grants = {
  what: 'what the dynamic loader does',
  calls: `${OPENS} access faccessat stat64 fstatat64 statx readlink fstat64 read pread64 close mmap2 mprotect munmap brk uname getrandom set_thread_area set_tid_address set_robust_list rseq ugetrlimit rt_sigprocmask getuid32 geteuid32 getgid32 getegid32 futex`,
  when: { prlimit64: when.looksOnly },
  paths: [
    { access: ['read', 'stat'], at: LIBRARIES },
    { access: ['read', 'stat'], calls: 'access faccessat open openat', at: ['/etc/ld.so.preload'] },
  ],
};
