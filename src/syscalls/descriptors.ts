/**
 * Calls that take descriptors. The trustee makes them: descriptors belong to the process. A reserved number is EBADF,
 * nested ones too. What poll and select name stays in the program's memory, where the kernel writes its answer: a
 * reserved number slipped in after the check tells whether that descriptor is ready, no more.
 */
import { ERRNO } from '../abi/errno.js';
import {
  AT_FDCWD,
  CLOSE_RANGE,
  EPOLL_CTL,
  FALLOC,
  FCNTL,
  INOTIFY,
  IOCTL,
  LOCK,
  MEMFD,
  OPEN,
  PIPE,
  RWF,
  S_IALLUGO,
  SEEK,
  SPLICE,
  SYNC_FILE_RANGE,
  XATTR,
} from '../abi/flags.js';
import {
  epollEvent,
  flock,
  flock64,
  fOwnerEx,
  itimerspec32,
  itimerspec64,
  oldKernelStat,
  pollfd,
  selArg,
  stat,
  stat64,
  statfs,
  statfs64,
  termios,
  termios2,
  timespec32,
  timespec64,
  timeval32,
  winsize,
} from '../abi/structs.js';
import { native } from '../native/index.js';
import {
  address,
  answered,
  bytesIn,
  bytesOut,
  delegated,
  denied,
  fd,
  family,
  flags,
  hex,
  int,
  iovecIn,
  iovecOut,
  mode,
  nativeCall,
  odd,
  size,
  string,
  structIn,
  structOut,
  uint,
  type Call,
  type Steps,
} from './dsl.js';
import { wideId, xattrValue } from './files.js';
import { cString, ownLink, pathOf, pinForChange, text, throughHelper, within } from './support.js';

const nameOfValue = (values: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(values).find(([, v]) => v === value)?.[0] ?? `0x${value.toString(16)}`;

// ---- fcntl(2) ----

const F = FCNTL.values;
/** What the argument is: a value, nothing, or a pointer to that many bytes. */
const FCNTL_ARGUMENT: ReadonlyMap<number, 'value' | number> = new Map<number, 'value' | number>([
  [F.F_GETFD, 'value'],
  [F.F_SETFD, 'value'],
  [F.F_GETFL, 'value'],
  [F.F_GETOWN, 'value'],
  [F.F_GETSIG, 'value'],
  [F.F_GETLEASE, 'value'],
  [F.F_SETPIPE_SZ, 'value'],
  [F.F_GETPIPE_SZ, 'value'],
  [F.F_ADD_SEALS, 'value'],
  [F.F_GET_SEALS, 'value'],
  [F.F_CREATED_QUERY, 'value'],
  [F.F_GETLK, flock.size],
  [F.F_SETLK, flock.size],
  [F.F_SETLKW, flock.size],
  [F.F_GETLK64, flock64.size],
  [F.F_SETLK64, flock64.size],
  [F.F_SETLKW64, flock64.size],
  [F.F_OFD_GETLK, flock64.size],
  [F.F_OFD_SETLK, flock64.size],
  [F.F_OFD_SETLKW, flock64.size],
  [F.F_GETOWN_EX, fOwnerEx.size],
  [F.F_GET_RW_HINT, 8],
  [F.F_SET_RW_HINT, 8],
]);
/** Commands that only fcntl64 knows. */
const WIDE_ONLY: ReadonlySet<number> = new Set([
  F.F_GETLK64,
  F.F_SETLK64,
  F.F_SETLKW64,
  F.F_OFD_GETLK,
  F.F_OFD_SETLK,
  F.F_OFD_SETLKW,
]);
/** They make the kernel send signals, to whom they say: a way out of the sandbox. */
const FCNTL_REFUSED: ReadonlySet<number> = new Set([
  F.F_SETOWN,
  F.F_SETOWN_EX,
  F.F_SETSIG,
  F.F_NOTIFY,
  F.F_SETLEASE,
  F.F_GETOWNER_UIDS,
]);

/** fcntl(2): 0 when the command may be ordered as it stands. */
function fcntlRefusal(call: Call, wide: boolean): number {
  const [, command, argument] = call.r;
  if (FCNTL_REFUSED.has(command)) {
    call.log('warn', `fcntl ${nameOfValue(F, command)}: refused, it can signal processes outside`);
    return -ERRNO.EPERM;
  }
  if (!wide && WIDE_ONLY.has(command)) return -ERRNO.EINVAL;
  if (command === F.F_DUPFD || command === F.F_DUPFD_CLOEXEC) return argument >= call.reserved.from ? -ERRNO.EINVAL : 0;
  if (command === F.F_DUPFD_QUERY) return call.checkFd(argument | 0);
  if (command === F.F_SETFL) return (argument & OPEN.values.FASYNC) === 0 ? 0 : -ERRNO.EPERM;
  const what = FCNTL_ARGUMENT.get(command);
  if (what === undefined) return -ERRNO.EINVAL;
  return what === 'value' ? 0 : within(call, [argument, what]);
}

function* fcntl(call: Call, wide: boolean): Steps {
  const refused = fcntlRefusal(call, wide);
  return refused !== 0 ? refused : yield [call.nr, call.r[0], call.r[1], call.r[2]];
}

// ---- ioctl(2) ----

const I = IOCTL.values;
/** The requests that are made, with the size of what the argument points at; 0 for a value. */
const REQUESTS: ReadonlyMap<number, number> = new Map<number, number>([
  [I.TCGETS, termios.size],
  [I.TCSETS, termios.size],
  [I.TCSETSW, termios.size],
  [I.TCSETSF, termios.size],
  [I.TCGETA, 18],
  [I.TCSETA, 18],
  [I.TCSETAW, 18],
  [I.TCSETAF, 18],
  [I.TCGETS2, termios2.size],
  [I.TCSETS2, termios2.size],
  [I.TCSETSW2, termios2.size],
  [I.TCSETSF2, termios2.size],
  [I.TCSBRK, 0],
  [I.TCSBRKP, 0],
  [I.TCXONC, 0],
  [I.TCFLSH, 0],
  [I.TIOCNOTTY, 0],
  [I.TIOCGPGRP, 4],
  [I.TIOCGSID, 4],
  [I.TIOCOUTQ, 4],
  [I.TIOCGWINSZ, winsize.size],
  [I.TIOCSWINSZ, winsize.size],
  [I.TIOCGETD, 4],
  [I.TIOCGPTN, 4],
  [I.TIOCSPTLCK, 4],
  [I.TIOCGPTLCK, 4],
  [I.TIOCPKT, 4],
  [I.TIOCGPKT, 4],
  [I.TIOCGEXCL, 4],
  [I.FIONREAD, 4],
  [I.FIONBIO, 4],
  [I.FIOCLEX, 0],
  [I.FIONCLEX, 0],
  [I.FIOQSIZE, 8],
  [I.FIOGETOWN, 4],
  [I.SIOCGPGRP, 4],
  [I.SIOCATMARK, 4],
  [I.FS_IOC_GETFLAGS, 4],
  [I.SIOCGIFCONF, 8],
  ...[I.SIOCGIFNAME, I.SIOCGIFFLAGS, I.SIOCGIFADDR, I.SIOCGIFDSTADDR, I.SIOCGIFBRDADDR, I.SIOCGIFNETMASK].map(ifreq),
  ...[I.SIOCGIFMETRIC, I.SIOCGIFMTU, I.SIOCGIFHWADDR, I.SIOCGIFINDEX].map(ifreq),
]);
/** struct ifreq has 32 bytes. */
function ifreq(request: number): readonly [number, number] {
  return [request, 32];
}
/** Known ways out: input typed for others, signals to others, changes beyond the descriptor. */
const REQUESTS_REFUSED: ReadonlyMap<number, number> = new Map<number, number>([
  [I.TIOCSTI, ERRNO.EPERM],
  [I.TIOCLINUX, ERRNO.EPERM],
  [I.TIOCCONS, ERRNO.EPERM],
  [I.TIOCSETD, ERRNO.EPERM],
  [I.TIOCEXCL, ERRNO.EPERM],
  [I.TIOCNXCL, ERRNO.EPERM],
  [I.FIOASYNC, ERRNO.EPERM],
  [I.FIOSETOWN, ERRNO.EPERM],
  [I.SIOCSPGRP, ERRNO.EPERM],
  [I.FS_IOC_SETFLAGS, ERRNO.EPERM],
  [I.FIFREEZE, ERRNO.EPERM],
  [I.FITHAW, ERRNO.EPERM],
  [I.FICLONE, ERRNO.EOPNOTSUPP],
  [I.FICLONERANGE, ERRNO.EOPNOTSUPP],
]);

/** tcsetpgrp(3): the terminal's foreground may become a group of the sandbox. Read once, ordered from the copy. */
function* setForeground(call: Call): Steps {
  const bytes = call.get(call.r[2], 4);
  if (typeof bytes === 'number') return bytes;
  const group = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  if (call.ownsGroup(group)) return yield [call.nr, call.r[0], call.r[1], call.arena(bytes)];
  call.log('warn', `ioctl TIOCSPGRP: process group ${group} is not of the sandbox`);
  return -ERRNO.EPERM;
}

function* ioctl(call: Call): Steps {
  const [descriptor, request, argument] = call.r;
  const refused = REQUESTS_REFUSED.get(request);
  if (refused !== undefined) {
    call.log(refused === ERRNO.EPERM ? 'warn' : 'info', `ioctl ${nameOfValue(I, request)}: refused`);
    return -refused;
  }
  if (request === I.TIOCSPGRP) return yield* setForeground(call);
  if (request === I.TIOCSCTTY) return argument === 0 ? yield [call.nr, descriptor, request, 0] : -ERRNO.EPERM;
  const length = REQUESTS.get(request);
  if (length === undefined) {
    call.log('info', `ioctl 0x${request.toString(16)}: not a known request, ENOTTY`);
    return -ERRNO.ENOTTY;
  }
  const outside = within(call, [argument, length]);
  return outside !== 0 ? outside : yield [call.nr, descriptor, request, argument];
}

// ---- poll(2), select(2), epoll_wait(2): the signal mask is the referee's, the trustee gets none ----

function polledRefusal(call: Call): number {
  const [at, count] = call.r;
  if (count === 0) return 0;
  const bytes = call.get(at, count * pollfd.size);
  if (typeof bytes === 'number') return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const n = view.getInt32(i * pollfd.size, true);
    if (n >= 0 && call.checkFd(n) !== 0) return -ERRNO.EBADF;
  }
  return within(call, [at, bytes.length]);
}

function* poll(call: Call): Steps {
  const refused = polledRefusal(call);
  return refused !== 0 ? refused : yield [call.nr, call.r[0], call.r[1], call.r[2]];
}

function* ppoll(call: Call, timeout: number): Steps {
  const refused = polledRefusal(call) || within(call, [call.r[2], timeout]);
  return refused !== 0 ? refused : yield [call.nr, call.r[0], call.r[1], call.r[2], 0, 0];
}

/** The three sets of a select: none may hold a reserved descriptor. */
function setsRefusal(call: Call, count: number, sets: readonly number[]): number {
  if (count < 0) return -ERRNO.EINVAL;
  const length = Math.ceil(count / 32) * 4;
  const { from, to } = call.reserved;
  for (const at of sets) {
    const outside = within(call, [at, length]);
    if (outside !== 0) return outside;
    if (at === 0 || count <= from) continue;
    const bytes = call.get(at, length);
    if (typeof bytes === 'number') return bytes;
    for (let n = from; n < Math.min(count, to); n++) if ((bytes[n >> 3] & (1 << (n & 7))) !== 0) return -ERRNO.EBADF;
  }
  return 0;
}

const SELECT = 142;

function* select(call: Call, [count, ...rest]: readonly number[]): Steps {
  const sets = rest.slice(0, 3);
  const refused = setsRefusal(call, count | 0, sets) || within(call, [rest[3], timeval32.size]);
  return refused !== 0 ? refused : yield [SELECT, count, ...rest];
}

function* oldSelect(call: Call): Steps {
  const bytes = call.get(call.r[0], selArg.size);
  if (typeof bytes === 'number') return bytes;
  const { n, inp, outp, exp, tvp } = selArg.decode(bytes) as Record<string, number>;
  return yield* select(call, [n, inp, outp, exp, tvp]);
}

function* pselect(call: Call, timeout: number): Steps {
  const [count, r, w, e, time] = call.r;
  const refused = setsRefusal(call, count | 0, [r, w, e]) || within(call, [time, timeout]);
  return refused !== 0 ? refused : yield [call.nr, count, r, w, e, time, 0];
}

const MAX_EVENTS = 0x7fffffff / epollEvent.size;

function* epollWait(call: Call): Steps {
  const [epoll, events, most, timeout] = call.r;
  if (most === 0 || most > MAX_EVENTS) return -ERRNO.EINVAL;
  const refused = within(call, [events, most * epollEvent.size]);
  if (refused !== 0) return refused;
  if (call.nr === EPOLL_PWAIT2)
    return within(call, [timeout, timespec64.size]) || (yield [call.nr, epoll, events, most, timeout, 0, 0]);
  return yield [EPOLL_WAIT, epoll, events, most, timeout];
}
const EPOLL_WAIT = 256;
const EPOLL_PWAIT2 = 441;

// ---- the rest ----

/** close_range(2) around the reserved descriptors. Its own copy of the table nobody needs: the trustee shares it. */
function* closeRange(call: Call): Steps {
  const [first, last, how] = call.r;
  const { CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC } = CLOSE_RANGE.values;
  if ((how & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0 || first > last) return -ERRNO.EINVAL;
  const { from, to } = call.reserved;
  const kept = how & CLOSE_RANGE_CLOEXEC;
  if (first < from) {
    const result = yield [call.nr, first, Math.min(last, from - 1), kept];
    if (result < 0) return result;
  }
  return last >= to ? yield [call.nr, Math.max(first, to), last, kept] : 0;
}

function* memfdCreate(call: Call): Steps {
  if ((call.r[1] & MEMFD.values.MFD_HUGETLB) !== 0) return -ERRNO.EINVAL;
  const name = call.getString(call.r[0], 250);
  if (typeof name === 'number') return name === -ERRNO.ENAMETOOLONG ? -ERRNO.EINVAL : name;
  return yield [call.nr, call.arena(cString(name)), call.r[1]];
}

/** inotify_add_watch(2): events of a directory tell its names, so that it must be readable. */
function* addWatch(call: Call): Steps {
  const { IN_DONT_FOLLOW } = INOTIFY.values;
  const follow = (call.r[2] & IN_DONT_FOLLOW) === 0;
  const where = pathOf(call, AT_FDCWD, call.r[1], 'read', { follow });
  if (typeof where === 'number') return where;
  return yield* throughHelper(where, function* (name) {
    return yield [call.nr, call.r[0], call.arena(cString(name)), call.r[2] & ~IN_DONT_FOLLOW];
  });
}

/** Changes what a descriptor is open on, in the helper, on what it was when that was judged. */
const changing =
  (act: (call: Call, pin: number) => number) =>
  (call: Call): number => {
    const pin = pinForChange(call, call.r[0] | 0);
    return pin < 0 ? pin : act(call, pin);
  };

const chown = (short: boolean) =>
  changing((call, pin) => {
    const [owner, group] = [call.r[1], call.r[2]].map((id) => (short ? wideId(id) : id));
    return native.fchownat(AT_FDCWD, ownLink(pin), owner, group, 0);
  });

const setxattr = changing((call, pin) => {
  const value = xattrValue(call, call.r[2], call.r[3]);
  if (typeof value === 'number') return value;
  return native.setxattr(ownLink(pin), text(call.bytes(1)), value, value.length, call.r[4]);
});

// ---- the table ----

const NO_SIGNALFD = 'signals reach the program through the hook, not through a descriptor';
const NO_MQUEUE = 'POSIX message queues are not offered yet';

const io = { returns: 'count' } as const;
const newFd = { returns: 'fd' } as const;
const outPosition = () => bytesOut(8);

/** At the end of a directory of the sysroot, what only the host has follows. */
function mergeListing(call: Call, result: number): number {
  const [fd, entries, count] = call.r;
  if (result > 0) return call.ownEntries(fd, entries, result);
  if (result < 0) return result;
  const further = call.furtherEntries(fd, count);
  if (typeof further === 'number') return further;
  return further.length === 0 ? 0 : call.put(entries, further) || further.length;
}

export const descriptors = family({
  // reading and writing
  read: nativeCall(3, { fd: fd(), buffer: bytesOut('count'), count: size() }, io),
  write: nativeCall(4, { fd: fd(), buffer: bytesIn('count'), count: size() }, io),
  readv: delegated(145, { fd: fd(), iov: iovecOut('count'), count: size() }, io),
  writev: delegated(146, { fd: fd(), iov: iovecIn('count'), count: size() }, io),
  pread64: delegated(180, { fd: fd(), buffer: bytesOut('count'), count: size(), low: uint(), high: uint() }, io),
  pwrite64: delegated(181, { fd: fd(), buffer: bytesIn('count'), count: size(), low: uint(), high: uint() }, io),
  preadv: delegated(333, { fd: fd(), iov: iovecOut('count'), count: size(), low: uint(), high: uint() }, io),
  pwritev: delegated(334, { fd: fd(), iov: iovecIn('count'), count: size(), low: uint(), high: uint() }, io),
  preadv2: delegated(
    378,
    { fd: fd(), iov: iovecOut('count'), count: size(), low: uint(), high: uint(), flags: flags(RWF) },
    io,
  ),
  pwritev2: delegated(
    379,
    { fd: fd(), iov: iovecIn('count'), count: size(), low: uint(), high: uint(), flags: flags(RWF) },
    io,
  ),
  lseek: delegated(19, { fd: fd(), offset: int(), whence: flags(SEEK) }),
  _llseek: delegated(140, { fd: fd(), high: uint(), low: uint(), result: outPosition(), whence: flags(SEEK) }),
  sendfile: delegated(187, { out: fd(), in: fd(), offset: bytesOut(4), count: size() }, io),
  sendfile64: delegated(239, { out: fd(), in: fd(), offset: outPosition(), count: size() }, io),
  copy_file_range: delegated(
    377,
    { in: fd(), inOffset: outPosition(), out: fd(), outOffset: outPosition(), count: size(), flags: hex() },
    io,
  ),
  splice: delegated(
    313,
    { in: fd(), inOffset: outPosition(), out: fd(), outOffset: outPosition(), count: size(), flags: flags(SPLICE) },
    io,
  ),
  tee: delegated(315, { in: fd(), out: fd(), count: size(), flags: flags(SPLICE) }, io),
  vmsplice: delegated(316, { fd: fd(), iov: iovecIn('count'), count: size(), flags: flags(SPLICE) }, io),
  getdents: delegated(141, { fd: fd(), entries: bytesOut('count'), count: size() }, io),
  getdents64: delegated(220, { fd: fd(), entries: bytesOut('count'), count: size() }, { ...io, done: mergeListing }),

  // making and closing
  close: delegated(6, { fd: fd() }),
  close_range: odd(436, { first: uint(), last: uint(), flags: flags(CLOSE_RANGE) }, closeRange),
  dup: delegated(41, { fd: fd() }, newFd),
  dup2: delegated(63, { from: fd(), to: fd() }, newFd),
  dup3: delegated(330, { from: fd(), to: fd(), flags: flags(PIPE) }, newFd),
  fcntl: odd(55, { fd: fd(), command: flags(FCNTL), argument: address() }, (c) => fcntl(c, false)),
  fcntl64: odd(221, { fd: fd(), command: flags(FCNTL), argument: address() }, (c) => fcntl(c, true)),
  ioctl: odd(54, { fd: fd(), request: flags(IOCTL), argument: address() }, ioctl),
  pipe: delegated(42, { fds: bytesOut(8) }),
  pipe2: delegated(331, { fds: bytesOut(8), flags: flags(PIPE) }),
  eventfd: delegated(323, { initial: uint() }, newFd),
  eventfd2: delegated(328, { initial: uint(), flags: flags(PIPE) }, newFd),
  memfd_create: odd(356, { name: string(250), flags: flags(MEMFD) }, memfdCreate, newFd),
  timerfd_create: delegated(322, { clock: int(), flags: flags(PIPE) }, newFd),
  timerfd_settime: delegated(325, {
    fd: fd(),
    flags: hex(),
    value: structIn(itimerspec32),
    old: structOut(itimerspec32, true),
  }),
  timerfd_gettime: delegated(326, { fd: fd(), value: structOut(itimerspec32) }),
  timerfd_settime64: delegated(411, {
    fd: fd(),
    flags: hex(),
    value: structIn(itimerspec64),
    old: structOut(itimerspec64, true),
  }),
  timerfd_gettime64: delegated(410, { fd: fd(), value: structOut(itimerspec64) }),
  signalfd: denied(321, 'ENOSYS', NO_SIGNALFD),
  signalfd4: denied(327, 'ENOSYS', NO_SIGNALFD),

  // what a descriptor is open on
  fstat: delegated(108, { fd: fd(), out: structOut(stat) }),
  oldfstat: delegated(28, { fd: fd(), out: structOut(oldKernelStat) }),
  fstat64: delegated(197, { fd: fd(), out: structOut(stat64) }),
  fstatfs: delegated(100, { fd: fd(), out: structOut(statfs) }),
  fstatfs64: delegated(269, { fd: fd(), size: size(), out: structOut(statfs64) }),
  fchdir: delegated(133, { fd: fd() }),
  fchmod: answered(
    94,
    { fd: fd(), mode: mode() },
    changing((call, pin) => native.fchmod(pin, call.r[1] & S_IALLUGO)),
  ),
  fchown: answered(95, { fd: fd(), owner: int(), group: int() }, chown(true)),
  fchown32: answered(207, { fd: fd(), owner: int(), group: int() }, chown(false)),
  fsetxattr: answered(
    228,
    { fd: fd(), name: string(256), value: bytesIn('size'), size: size(), flags: flags(XATTR) },
    setxattr,
  ),
  fremovexattr: answered(
    237,
    { fd: fd(), name: string(256) },
    changing((c, pin) => native.removexattr(ownLink(pin), text(c.bytes(1)))),
  ),
  fgetxattr: delegated(231, { fd: fd(), name: string(256), value: bytesOut('size'), size: size() }, io),
  flistxattr: delegated(234, { fd: fd(), list: bytesOut('size'), size: size() }, io),
  ftruncate: delegated(93, { fd: fd(), length: int() }),
  ftruncate64: delegated(194, { fd: fd(), low: uint(), high: uint() }),
  fallocate: delegated(324, {
    fd: fd(),
    mode: flags(FALLOC),
    low: uint(),
    high: uint(),
    lengthLow: uint(),
    lengthHigh: uint(),
  }),
  flock: delegated(143, { fd: fd(), operation: flags(LOCK) }),
  fsync: delegated(118, { fd: fd() }),
  fdatasync: delegated(148, { fd: fd() }),
  sync: delegated(36, {}),
  syncfs: delegated(344, { fd: fd() }),
  sync_file_range: delegated(314, {
    fd: fd(),
    low: uint(),
    high: uint(),
    lengthLow: uint(),
    lengthHigh: uint(),
    flags: flags(SYNC_FILE_RANGE),
  }),
  readahead: delegated(225, { fd: fd(), low: uint(), high: uint(), count: size() }),
  fadvise64: delegated(250, { fd: fd(), low: uint(), high: uint(), length: size(), advice: int() }),
  fadvise64_64: delegated(272, {
    fd: fd(),
    low: uint(),
    high: uint(),
    lengthLow: uint(),
    lengthHigh: uint(),
    advice: int(),
  }),

  // waiting
  poll: odd(168, { fds: bytesIn('count'), count: size(), timeout: int() }, poll),
  ppoll: odd(309, { fds: bytesIn('count'), count: size(), timeout: address(), mask: address(), size: size() }, (c) =>
    ppoll(c, timespec32.size),
  ),
  ppoll_time64: odd(
    414,
    { fds: bytesIn('count'), count: size(), timeout: address(), mask: address(), size: size() },
    (c) => ppoll(c, timespec64.size),
  ),
  select: odd(82, { arguments: structIn(selArg) }, oldSelect),
  _newselect: odd(
    142,
    { count: int(), read: address(), write: address(), except: address(), timeout: address() },
    (c) => select(c, [...c.r.subarray(0, 5)]),
  ),
  pselect6: odd(
    308,
    { count: int(), read: address(), write: address(), except: address(), timeout: address(), mask: address() },
    (c) => pselect(c, timespec32.size),
  ),
  pselect6_time64: odd(
    413,
    { count: int(), read: address(), write: address(), except: address(), timeout: address(), mask: address() },
    (c) => pselect(c, timespec64.size),
  ),
  epoll_create: delegated(254, { size: int() }, newFd),
  epoll_create1: delegated(329, { flags: flags(PIPE) }, newFd),
  epoll_ctl: delegated(255, { epoll: fd(), operation: flags(EPOLL_CTL), fd: fd(), event: structIn(epollEvent, true) }),
  epoll_wait: odd(256, { epoll: fd(), events: address(), most: size(), timeout: int() }, epollWait),
  epoll_pwait: odd(
    319,
    { epoll: fd(), events: address(), most: size(), timeout: int(), mask: address(), size: size() },
    epollWait,
  ),
  epoll_pwait2: odd(
    441,
    { epoll: fd(), events: address(), most: size(), timeout: address(), mask: address(), size: size() },
    epollWait,
  ),
  inotify_init: delegated(291, {}, newFd),
  inotify_init1: delegated(332, { flags: flags(PIPE) }, newFd),
  inotify_add_watch: odd(292, { fd: fd(), path: string(), mask: flags(INOTIFY) }, addWatch),
  inotify_rm_watch: delegated(293, { fd: fd(), watch: int() }),

  mq_open: denied(277, 'ENOSYS', NO_MQUEUE),
  mq_unlink: denied(278, 'ENOSYS', NO_MQUEUE),
  mq_timedsend: denied(279, 'ENOSYS', NO_MQUEUE),
  mq_timedreceive: denied(280, 'ENOSYS', NO_MQUEUE),
  mq_notify: denied(281, 'ENOSYS', NO_MQUEUE),
  mq_getsetattr: denied(282, 'ENOSYS', NO_MQUEUE),
  mq_timedsend_time64: denied(418, 'ENOSYS', NO_MQUEUE),
  mq_timedreceive_time64: denied(419, 'ENOSYS', NO_MQUEUE),
});
