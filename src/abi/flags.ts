/**
 * Constants of the kernel's i386 interface by name, as tables for traces and checks (Flags of src/syscalls/dsl.ts).
 * test/abi/kernel-headers.test.ts proves them against the headers.
 */

interface Table<V extends Readonly<Record<string, number>>> {
  readonly name: string;
  readonly values: V;
  readonly field?: number;
}
const table = <const V extends Readonly<Record<string, number>>>(
  name: string,
  values: V,
  field?: number,
): Table<V> => ({
  name,
  values,
  field,
});

// ---- open(2), fcntl(2) ----

export const OPEN = table(
  'open',
  {
    O_RDONLY: 0,
    O_WRONLY: 1,
    O_RDWR: 2,
    O_ACCMODE: 3,
    O_CREAT: 0o100,
    O_EXCL: 0o200,
    O_NOCTTY: 0o400,
    O_TRUNC: 0o1000,
    O_APPEND: 0o2000,
    O_NONBLOCK: 0o4000,
    O_DSYNC: 0o10000,
    FASYNC: 0o20000,
    O_DIRECT: 0o40000,
    O_LARGEFILE: 0o100000,
    O_DIRECTORY: 0o200000,
    O_NOFOLLOW: 0o400000,
    O_NOATIME: 0o1000000,
    O_CLOEXEC: 0o2000000,
    __O_SYNC: 0o4000000,
    O_SYNC: 0o4010000,
    O_PATH: 0o10000000,
    __O_TMPFILE: 0o20000000,
    O_TMPFILE: 0o20200000,
  },
  3,
);
/** What open(2) keeps of its flags; the rest it ignores, where openat2(2) says EINVAL. */
export const VALID_OPEN_FLAGS = Object.values(OPEN.values).reduce<number>((all, bit) => all | bit, 0);

export const RESOLVE = table('resolve', {
  RESOLVE_NO_XDEV: 0x01,
  RESOLVE_NO_MAGICLINKS: 0x02,
  RESOLVE_NO_SYMLINKS: 0x04,
  RESOLVE_BENEATH: 0x08,
  RESOLVE_IN_ROOT: 0x10,
  RESOLVE_CACHED: 0x20,
});

/** Of F_SETFD. */
export const FD_FLAG = table('fd', { FD_CLOEXEC: 1 });
export const SEAL = table('seal', {
  F_SEAL_SEAL: 1,
  F_SEAL_SHRINK: 2,
  F_SEAL_GROW: 4,
  F_SEAL_WRITE: 8,
  F_SEAL_FUTURE_WRITE: 0x10,
  F_SEAL_EXEC: 0x20,
});

export const AT_FDCWD = -100;
export const AT = table('at', {
  AT_SYMLINK_NOFOLLOW: 0x100,
  AT_SYMLINK_FOLLOW: 0x400,
  AT_NO_AUTOMOUNT: 0x800,
  AT_EMPTY_PATH: 0x1000,
  AT_STATX_FORCE_SYNC: 0x2000,
  AT_STATX_DONT_SYNC: 0x4000,
});
/** Of statx(2): how fresh it is to be is a field. */
export const AT_STATX = table(
  'at',
  {
    AT_STATX_SYNC_AS_STAT: 0,
    AT_STATX_FORCE_SYNC: 0x2000,
    AT_STATX_DONT_SYNC: 0x4000,
    AT_SYMLINK_NOFOLLOW: 0x100,
    AT_NO_AUTOMOUNT: 0x800,
    AT_EMPTY_PATH: 0x1000,
  },
  0x6000,
);
/** Two more meanings of one bit of AT: faccessat2(2) and unlinkat(2). */
export const AT_ACCESS = table('at', { AT_EACCESS: 0x200, AT_SYMLINK_NOFOLLOW: 0x100, AT_EMPTY_PATH: 0x1000 });
export const AT_UNLINK = table('at', { AT_REMOVEDIR: 0x200 });

export const FCNTL = table(
  'fcntl',
  {
    F_DUPFD: 0,
    F_GETFD: 1,
    F_SETFD: 2,
    F_GETFL: 3,
    F_SETFL: 4,
    F_GETLK: 5,
    F_SETLK: 6,
    F_SETLKW: 7,
    F_SETOWN: 8,
    F_GETOWN: 9,
    F_SETSIG: 10,
    F_GETSIG: 11,
    F_GETLK64: 12,
    F_SETLK64: 13,
    F_SETLKW64: 14,
    F_SETOWN_EX: 15,
    F_GETOWN_EX: 16,
    F_GETOWNER_UIDS: 17,
    F_OFD_GETLK: 36,
    F_OFD_SETLK: 37,
    F_OFD_SETLKW: 38,
    F_SETLEASE: 1024,
    F_GETLEASE: 1025,
    F_NOTIFY: 1026,
    F_DUPFD_QUERY: 1027,
    F_CREATED_QUERY: 1028,
    F_CANCELLK: 1029,
    F_DUPFD_CLOEXEC: 1030,
    F_SETPIPE_SZ: 1031,
    F_GETPIPE_SZ: 1032,
    F_ADD_SEALS: 1033,
    F_GET_SEALS: 1034,
    F_GET_RW_HINT: 1035,
    F_SET_RW_HINT: 1036,
  },
  -1,
);

// ---- stat(2), access(2), statx(2) ----

export const MODE = table(
  'mode',
  {
    S_IFIFO: 0o10000,
    S_IFCHR: 0o20000,
    S_IFDIR: 0o40000,
    S_IFBLK: 0o60000,
    S_IFREG: 0o100000,
    S_IFLNK: 0o120000,
    S_IFSOCK: 0o140000,
  },
  0o170000,
);
export const S_IFMT = 0o170000;
/** Permission, set-id and sticky bits. */
export const S_IALLUGO = 0o7777;

export const ACCESS = table('access', { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 });

export const STATX = table('statx', {
  STATX_TYPE: 0x1,
  STATX_MODE: 0x2,
  STATX_NLINK: 0x4,
  STATX_UID: 0x8,
  STATX_GID: 0x10,
  STATX_ATIME: 0x20,
  STATX_MTIME: 0x40,
  STATX_CTIME: 0x80,
  STATX_INO: 0x100,
  STATX_SIZE: 0x200,
  STATX_BLOCKS: 0x400,
  STATX_BTIME: 0x800,
  STATX_MNT_ID: 0x1000,
  STATX_BASIC_STATS: 0x7ff,
  STATX_ALL: 0xfff,
});
export const { STATX_BASIC_STATS } = STATX.values;

export const RENAME = table('rename', { RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2, RENAME_WHITEOUT: 4 });
export const XATTR = table('xattr', { XATTR_CREATE: 1, XATTR_REPLACE: 2 });
export const UTIME = { UTIME_NOW: 0x3fffffff, UTIME_OMIT: 0x3ffffffe } as const;

// ---- descriptors ----

export const SEEK = table('seek', { SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2, SEEK_DATA: 3, SEEK_HOLE: 4 }, -1);
export const POLL = table('poll', {
  POLLIN: 1,
  POLLPRI: 2,
  POLLOUT: 4,
  POLLERR: 8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
  POLLRDNORM: 0x40,
  POLLRDBAND: 0x80,
  POLLWRNORM: 0x100,
  POLLWRBAND: 0x200,
  POLLMSG: 0x400,
  POLLRDHUP: 0x2000,
});
export const FALLOC = table('fallocate', {
  FALLOC_FL_KEEP_SIZE: 1,
  FALLOC_FL_PUNCH_HOLE: 2,
  FALLOC_FL_COLLAPSE_RANGE: 8,
  FALLOC_FL_ZERO_RANGE: 0x10,
  FALLOC_FL_INSERT_RANGE: 0x20,
  FALLOC_FL_UNSHARE_RANGE: 0x40,
});
export const LOCK = table('flock', { LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8 });
export const EPOLL_CTL = table('epoll_ctl', { EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3 }, -1);
export const PIPE = table('pipe', { O_CLOEXEC: 0o2000000, O_NONBLOCK: 0o4000, O_DIRECT: 0o40000 });
export const EVENTFD = table('eventfd', { EFD_SEMAPHORE: 1, EFD_CLOEXEC: 0o2000000, EFD_NONBLOCK: 0o4000 });
export const EPOLL = table('epoll', { EPOLL_CLOEXEC: 0o2000000 });
export const TIMERFD = table('timerfd', { TFD_CLOEXEC: 0o2000000, TFD_NONBLOCK: 0o4000 });
export const TIMERFD_SET = table('timerfd_settime', { TFD_TIMER_ABSTIME: 1, TFD_TIMER_CANCEL_ON_SET: 2 });
export const INOTIFY_INIT = table('inotify_init', { IN_CLOEXEC: 0o2000000, IN_NONBLOCK: 0o4000 });
export const FADVISE = table(
  'fadvise',
  {
    POSIX_FADV_NORMAL: 0,
    POSIX_FADV_RANDOM: 1,
    POSIX_FADV_SEQUENTIAL: 2,
    POSIX_FADV_WILLNEED: 3,
    POSIX_FADV_DONTNEED: 4,
    POSIX_FADV_NOREUSE: 5,
  },
  -1,
);
export const EPOLL_EVENT = table('epoll event', {
  EPOLLIN: 1,
  EPOLLPRI: 2,
  EPOLLOUT: 4,
  EPOLLERR: 8,
  EPOLLHUP: 0x10,
  EPOLLRDNORM: 0x40,
  EPOLLRDBAND: 0x80,
  EPOLLWRNORM: 0x100,
  EPOLLWRBAND: 0x200,
  EPOLLMSG: 0x400,
  EPOLLRDHUP: 0x2000,
  EPOLLEXCLUSIVE: 0x10000000,
  EPOLLWAKEUP: 0x20000000,
  EPOLLONESHOT: 0x40000000,
  EPOLLET: 0x80000000,
});
export const MEMFD = table('memfd', {
  MFD_CLOEXEC: 1,
  MFD_ALLOW_SEALING: 2,
  MFD_HUGETLB: 4,
  MFD_NOEXEC_SEAL: 8,
  MFD_EXEC: 0x10,
});
export const CLOSE_RANGE = table('close_range', { CLOSE_RANGE_UNSHARE: 2, CLOSE_RANGE_CLOEXEC: 4 });
export const RWF = table('rwf', { RWF_HIPRI: 1, RWF_DSYNC: 2, RWF_SYNC: 4, RWF_NOWAIT: 8, RWF_APPEND: 0x10 });
export const INOTIFY = table('inotify', {
  IN_ACCESS: 1,
  IN_MODIFY: 2,
  IN_ATTRIB: 4,
  IN_CLOSE_WRITE: 8,
  IN_CLOSE_NOWRITE: 0x10,
  IN_OPEN: 0x20,
  IN_MOVED_FROM: 0x40,
  IN_MOVED_TO: 0x80,
  IN_CREATE: 0x100,
  IN_DELETE: 0x200,
  IN_DELETE_SELF: 0x400,
  IN_MOVE_SELF: 0x800,
  IN_ONLYDIR: 0x1000000,
  IN_DONT_FOLLOW: 0x2000000,
  IN_EXCL_UNLINK: 0x4000000,
  IN_MASK_CREATE: 0x10000000,
  IN_MASK_ADD: 0x20000000,
  IN_ISDIR: 0x40000000,
});
export const SYNC_FILE_RANGE = table('sync_file_range', {
  SYNC_FILE_RANGE_WAIT_BEFORE: 1,
  SYNC_FILE_RANGE_WRITE: 2,
  SYNC_FILE_RANGE_WAIT_AFTER: 4,
});
export const SPLICE = table('splice', { SPLICE_F_MOVE: 1, SPLICE_F_NONBLOCK: 2, SPLICE_F_MORE: 4, SPLICE_F_GIFT: 8 });

/** Requests of ioctl(2): asm/ioctls.h, linux/fs.h, linux/sockios.h. */
export const IOCTL = table(
  'ioctl',
  {
    TCGETS: 0x5401,
    TCSETS: 0x5402,
    TCSETSW: 0x5403,
    TCSETSF: 0x5404,
    TCGETA: 0x5405,
    TCSETA: 0x5406,
    TCSETAW: 0x5407,
    TCSETAF: 0x5408,
    TCSBRK: 0x5409,
    TCXONC: 0x540a,
    TCFLSH: 0x540b,
    TIOCEXCL: 0x540c,
    TIOCNXCL: 0x540d,
    TIOCSCTTY: 0x540e,
    TIOCGPGRP: 0x540f,
    TIOCSPGRP: 0x5410,
    TIOCOUTQ: 0x5411,
    TIOCSTI: 0x5412,
    TIOCGWINSZ: 0x5413,
    TIOCSWINSZ: 0x5414,
    FIONREAD: 0x541b,
    TIOCLINUX: 0x541c,
    TIOCCONS: 0x541d,
    FIONBIO: 0x5421,
    TIOCNOTTY: 0x5422,
    TIOCSETD: 0x5423,
    TIOCGETD: 0x5424,
    TCSBRKP: 0x5425,
    TIOCGSID: 0x5429,
    TCGETS2: 0x802c542a,
    TCSETS2: 0x402c542b,
    TCSETSW2: 0x402c542c,
    TCSETSF2: 0x402c542d,
    TIOCGPTN: 0x80045430,
    TIOCSPTLCK: 0x40045431,
    TIOCGPKT: 0x80045438,
    TIOCGPTLCK: 0x80045439,
    TIOCGEXCL: 0x80045440,
    TIOCGPTPEER: 0x5441,
    TIOCPKT: 0x5420,
    FIONCLEX: 0x5450,
    FIOCLEX: 0x5451,
    FIOASYNC: 0x5452,
    FIOQSIZE: 0x5460,
    FIOSETOWN: 0x8901,
    SIOCSPGRP: 0x8902,
    FIOGETOWN: 0x8903,
    SIOCGPGRP: 0x8904,
    SIOCATMARK: 0x8905,
    SIOCGIFNAME: 0x8910,
    SIOCGIFCONF: 0x8912,
    SIOCGIFFLAGS: 0x8913,
    SIOCGIFADDR: 0x8915,
    SIOCGIFDSTADDR: 0x8917,
    SIOCGIFBRDADDR: 0x8919,
    SIOCGIFNETMASK: 0x891b,
    SIOCGIFMETRIC: 0x891d,
    SIOCGIFMTU: 0x8921,
    SIOCGIFHWADDR: 0x8927,
    SIOCGIFINDEX: 0x8933,
    SIOCGIFTXQLEN: 0x8942,
    SIOCGIFMAP: 0x8970,
    FIGETBSZ: 2,
    FICLONE: 0x40049409,
    FICLONERANGE: 0x4020940d,
    FS_IOC_GETFLAGS: 0x80046601,
    FS_IOC_SETFLAGS: 0x40046602,
    FS_IOC_GETVERSION: 0x80047601,
    FIFREEZE: 0xc0045877,
    FITHAW: 0xc0045878,
  },
  -1,
);

// ---- sockets ----

/** Address families by the names of linux/socket.h; a policy names them in lower case without AF_. */
export const AF = table(
  'family',
  {
    AF_UNSPEC: 0,
    AF_UNIX: 1,
    AF_INET: 2,
    AF_AX25: 3,
    AF_IPX: 4,
    AF_APPLETALK: 5,
    AF_NETROM: 6,
    AF_BRIDGE: 7,
    AF_ATMPVC: 8,
    AF_X25: 9,
    AF_INET6: 10,
    AF_ROSE: 11,
    AF_DECnet: 12,
    AF_NETBEUI: 13,
    AF_SECURITY: 14,
    AF_KEY: 15,
    AF_NETLINK: 16,
    AF_PACKET: 17,
    AF_ASH: 18,
    AF_ECONET: 19,
    AF_ATMSVC: 20,
    AF_RDS: 21,
    AF_SNA: 22,
    AF_IRDA: 23,
    AF_PPPOX: 24,
    AF_WANPIPE: 25,
    AF_LLC: 26,
    AF_IB: 27,
    AF_MPLS: 28,
    AF_CAN: 29,
    AF_TIPC: 30,
    AF_BLUETOOTH: 31,
    AF_IUCV: 32,
    AF_RXRPC: 33,
    AF_ISDN: 34,
    AF_PHONET: 35,
    AF_IEEE802154: 36,
    AF_CAIF: 37,
    AF_ALG: 38,
    AF_NFC: 39,
    AF_VSOCK: 40,
    AF_KCM: 41,
    AF_QIPCRTR: 42,
    AF_SMC: 43,
    AF_XDP: 44,
    AF_MCTP: 45,
  },
  -1,
);
export const SOCK = table(
  'socket',
  {
    SOCK_STREAM: 1,
    SOCK_DGRAM: 2,
    SOCK_RAW: 3,
    SOCK_RDM: 4,
    SOCK_SEQPACKET: 5,
    SOCK_DCCP: 6,
    SOCK_PACKET: 10,
    SOCK_NONBLOCK: 0o4000,
    SOCK_CLOEXEC: 0o2000000,
  },
  0xf,
);
export const IPPROTO = table(
  'protocol',
  { IPPROTO_IP: 0, IPPROTO_ICMP: 1, IPPROTO_TCP: 6, IPPROTO_UDP: 17, IPPROTO_IPV6: 41 },
  -1,
);
export const MSG = table('msg', {
  MSG_OOB: 1,
  MSG_PEEK: 2,
  MSG_DONTROUTE: 4,
  MSG_CTRUNC: 8,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_EOR: 0x80,
  MSG_WAITALL: 0x100,
  MSG_CONFIRM: 0x800,
  MSG_ERRQUEUE: 0x2000,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_WAITFORONE: 0x10000,
  MSG_ZEROCOPY: 0x4000000,
  MSG_FASTOPEN: 0x20000000,
  MSG_CMSG_CLOEXEC: 0x40000000,
});
export const SOL_SOCKET = 1;
export const LEVEL = table(
  'level',
  { SOL_IP: 0, SOL_SOCKET: 1, SOL_TCP: 6, SOL_UDP: 17, SOL_IPV6: 41, SOL_RAW: 255, SOL_PACKET: 263, SOL_NETLINK: 270 },
  -1,
);
export const SCM = { SCM_RIGHTS: 1, SCM_CREDENTIALS: 2 } as const;
export const SHUT = table('shutdown', { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 }, -1);

/** Options of SOL_SOCKET: asm/socket.h. */
export const SO = table(
  'so',
  {
    SO_DEBUG: 1,
    SO_REUSEADDR: 2,
    SO_TYPE: 3,
    SO_ERROR: 4,
    SO_DONTROUTE: 5,
    SO_BROADCAST: 6,
    SO_SNDBUF: 7,
    SO_RCVBUF: 8,
    SO_KEEPALIVE: 9,
    SO_OOBINLINE: 10,
    SO_PRIORITY: 12,
    SO_LINGER: 13,
    SO_REUSEPORT: 15,
    SO_PASSCRED: 16,
    SO_PEERCRED: 17,
    SO_RCVLOWAT: 18,
    SO_SNDLOWAT: 19,
    SO_RCVTIMEO_OLD: 20,
    SO_SNDTIMEO_OLD: 21,
    SO_BINDTODEVICE: 25,
    SO_ATTACH_FILTER: 26,
    SO_DETACH_FILTER: 27,
    SO_PEERNAME: 28,
    SO_TIMESTAMP_OLD: 29,
    SO_ACCEPTCONN: 30,
    SO_PEERSEC: 31,
    SO_PASSSEC: 34,
    SO_TIMESTAMPNS_OLD: 35,
    SO_PROTOCOL: 38,
    SO_DOMAIN: 39,
    SO_PEEK_OFF: 42,
    SO_LOCK_FILTER: 44,
    SO_ATTACH_BPF: 50,
    SO_ATTACH_REUSEPORT_CBPF: 51,
    SO_ATTACH_REUSEPORT_EBPF: 52,
    SO_INCOMING_CPU: 49,
    SO_TIMESTAMPING_OLD: 37,
    SO_COOKIE: 57,
    SO_PEERGROUPS: 59,
    SO_ZEROCOPY: 60,
    SO_TIMESTAMP_NEW: 63,
    SO_TIMESTAMPNS_NEW: 64,
    SO_RCVTIMEO_NEW: 66,
    SO_SNDTIMEO_NEW: 67,
    SO_BINDTOIFINDEX: 62,
  },
  -1,
);
/** Options of IPPROTO_TCP: linux/tcp.h. */
export const TCP = table(
  'tcp',
  {
    TCP_NODELAY: 1,
    TCP_MAXSEG: 2,
    TCP_CORK: 3,
    TCP_KEEPIDLE: 4,
    TCP_KEEPINTVL: 5,
    TCP_KEEPCNT: 6,
    TCP_SYNCNT: 7,
    TCP_LINGER2: 8,
    TCP_DEFER_ACCEPT: 9,
    TCP_WINDOW_CLAMP: 10,
    TCP_INFO: 11,
    TCP_QUICKACK: 12,
    TCP_CONGESTION: 13,
    TCP_USER_TIMEOUT: 18,
    TCP_FASTOPEN: 23,
    TCP_NOTSENT_LOWAT: 25,
    TCP_FASTOPEN_CONNECT: 30,
    TCP_INQ: 36,
  },
  -1,
);
/** Options of IPPROTO_IP: linux/in.h. */
export const IP = table(
  'ip',
  {
    IP_TOS: 1,
    IP_TTL: 2,
    IP_PKTINFO: 8,
    IP_MTU_DISCOVER: 10,
    IP_RECVERR: 11,
    IP_RECVTTL: 12,
    IP_RECVTOS: 13,
    IP_MTU: 14,
    IP_FREEBIND: 15,
    IP_MULTICAST_IF: 32,
    IP_MULTICAST_TTL: 33,
    IP_MULTICAST_LOOP: 34,
    IP_ADD_MEMBERSHIP: 35,
    IP_DROP_MEMBERSHIP: 36,
    IP_BIND_ADDRESS_NO_PORT: 24,
    MCAST_JOIN_GROUP: 42,
    MCAST_LEAVE_GROUP: 45,
  },
  -1,
);
/** Options of IPPROTO_IPV6: linux/in6.h. */
export const IPV6 = table(
  'ipv6',
  {
    IPV6_UNICAST_HOPS: 16,
    IPV6_MULTICAST_IF: 17,
    IPV6_MULTICAST_HOPS: 18,
    IPV6_MULTICAST_LOOP: 19,
    IPV6_ADD_MEMBERSHIP: 20,
    IPV6_DROP_MEMBERSHIP: 21,
    IPV6_MTU_DISCOVER: 23,
    IPV6_MTU: 24,
    IPV6_RECVERR: 25,
    IPV6_V6ONLY: 26,
    IPV6_RECVPKTINFO: 49,
    IPV6_PKTINFO: 50,
    IPV6_RECVHOPLIMIT: 51,
    IPV6_HOPLIMIT: 52,
    IPV6_DONTFRAG: 62,
    IPV6_RECVTCLASS: 66,
    IPV6_TCLASS: 67,
  },
  -1,
);
/** Options of IPPROTO_UDP: linux/udp.h. */
export const UDP = table('udp', { UDP_CORK: 1, UDP_SEGMENT: 103, UDP_GRO: 104 }, -1);
/** linux/netlink.h: protocols, and options of SOL_NETLINK. */
export const NETLINK = table(
  'netlink',
  {
    NETLINK_ROUTE: 0,
    NETLINK_USERSOCK: 2,
    NETLINK_FIREWALL: 3,
    NETLINK_SOCK_DIAG: 4,
    NETLINK_XFRM: 6,
    NETLINK_SELINUX: 7,
    NETLINK_AUDIT: 9,
    NETLINK_CONNECTOR: 11,
    NETLINK_NETFILTER: 12,
    NETLINK_KOBJECT_UEVENT: 15,
    NETLINK_GENERIC: 16,
    NETLINK_CRYPTO: 21,
  },
  -1,
);
export const SOL_NETLINK = 270;
export const NETLINK_OPTION = table(
  'netlink option',
  {
    NETLINK_ADD_MEMBERSHIP: 1,
    NETLINK_DROP_MEMBERSHIP: 2,
    NETLINK_PKTINFO: 3,
    NETLINK_EXT_ACK: 11,
    NETLINK_GET_STRICT_CHK: 12,
  },
  -1,
);
