/**
 * Calls that take descriptors. The trustee makes them: descriptors belong to the process. A reserved number is EBADF,
 * nested ones too.
 */
import { ERRNO } from '../abi/errno.js';
import {
  AT_FDCWD,
  CLOSE_RANGE,
  EPOLL,
  EPOLL_CTL,
  EVENTFD,
  FADVISE,
  FALLOC,
  FD_FLAG,
  FCNTL,
  INOTIFY,
  INOTIFY_INIT,
  IOCTL,
  LOCK,
  MEMFD,
  OPEN,
  PIPE,
  RWF,
  S_IALLUGO,
  SEAL,
  SEEK,
  SPLICE,
  SYNC_FILE_RANGE,
  TIMERFD,
  TIMERFD_SET,
  XATTR,
} from '../abi/flags.js';
import { CLOCK } from '../abi/flags-process.js';
import type { Struct } from '../abi/ctype.js';
import {
  epollEvent,
  fileCloneRange,
  flock,
  flock64,
  fOwnerEx,
  ifconf,
  ifreq,
  itimerspec32,
  itimerspec64,
  oldKernelStat,
  pollfd,
  selArg,
  sigsetArgpack,
  stat,
  stat64,
  statfs,
  statfs64,
  termio,
  termios,
  termios2,
  timespec32,
  timespec64,
  timeval32,
  winsize,
} from '../abi/structs.js';
import { native } from '../native/index.js';
import {
  absent,
  address,
  answered,
  bytesIn,
  bytesOut,
  choice,
  delegated,
  entriesOut,
  fd,
  fdset,
  family,
  flags,
  hex,
  high,
  id,
  int,
  iovecIn,
  iovecOut,
  low,
  mode,
  nativeCall,
  odd,
  path,
  pid,
  sigset,
  size,
  sizeOf,
  string,
  structIn,
  structInOut,
  structOut,
  structs,
  uint,
  words,
  type Call,
  type Doing,
  type Kind,
  type Order,
  type Steps,
  type Way,
} from './dsl.js';
import { wideId } from './files.js';
import { flagsOf, overrule } from './lending.js';
import { fcntlOwner, fcntlOwnerEx, ioctlOwner, setAsync, setFlagsAsync } from './owners.js';
import { epollWait, oldSelect, poll, ppoll, pselect, select } from './polling.js';
import {
  cString,
  OLD_STAT,
  ownLink,
  pathOf,
  pinForChange,
  putStat,
  STAT,
  STAT64,
  statxOfFd,
  text,
  throughHelper,
  within,
  type StatLayout,
} from './support.js';
import { readVector, readVector2, sendFile, splice, tee, vmsplice, writeVector, writeVector2 } from './transfers.js';
import { blindly, isBlocked, persist } from './waiting.js';
import { xattrName, xattrValue } from './xattrs.js';

const nameOfValue = (values: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(values).find(([, v]) => v === value)?.[0] ?? `0x${value.toString(16)}`;

/**
 * What concerns the open file, not the number: done in the helper on a duplicate, which shares the file and its
 * position. That takes half the time of an order.
 */
function onPin(act: (call: Call, pin: number) => number): (call: Call) => number {
  return (call) => {
    const pin = call.pin(call.r[0] | 0);
    return pin < 0 ? pin : act(call, pin);
  };
}

// ---- fcntl(2) ----

const F = FCNTL.values;
/** What the argument of each command is. */
const FCNTL_ARGUMENT: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [F.F_DUPFD, int()],
  [F.F_DUPFD_CLOEXEC, int()],
  [F.F_DUPFD_QUERY, fd()],
  [F.F_GETFD, absent],
  [F.F_SETFD, flags(FD_FLAG)],
  [F.F_GETFL, absent],
  [F.F_SETFL, flags(OPEN)],
  [F.F_GETOWN, absent],
  [F.F_GETSIG, absent],
  [F.F_GETLEASE, absent],
  [F.F_SETPIPE_SZ, uint()],
  [F.F_GETPIPE_SZ, absent],
  [F.F_ADD_SEALS, flags(SEAL)],
  [F.F_GET_SEALS, absent],
  [F.F_CREATED_QUERY, absent],
  [F.F_GETLK, structInOut(flock)],
  [F.F_SETLK, structIn(flock)],
  [F.F_SETLKW, structIn(flock)],
  [F.F_GETLK64, structInOut(flock64)],
  [F.F_SETLK64, structIn(flock64)],
  [F.F_SETLKW64, structIn(flock64)],
  [F.F_OFD_GETLK, structInOut(flock64)],
  [F.F_OFD_SETLK, structIn(flock64)],
  [F.F_OFD_SETLKW, structIn(flock64)],
  [F.F_SETOWN, pid()],
  [F.F_SETOWN_EX, structIn(fOwnerEx)],
  [F.F_GETOWN_EX, structOut(fOwnerEx)],
  [F.F_GET_RW_HINT, words('out', 'id64')],
  [F.F_SET_RW_HINT, words('in', 'id64')],
]);
const fcntlArguments = {
  fd: fd(),
  command: flags(FCNTL),
  argument: choice('command', (r) => FCNTL_ARGUMENT.get(r[1]) ?? address()),
};
/** Commands that only fcntl64 knows. */
const WIDE_ONLY: ReadonlySet<number> = new Set([
  F.F_GETLK64,
  F.F_SETLK64,
  F.F_SETLKW64,
  F.F_OFD_GETLK,
  F.F_OFD_SETLK,
  F.F_OFD_SETLKW,
]);
/** They make the kernel send signals, which may go to an owner that others set: a way out of the sandbox. */
const FCNTL_REFUSED: ReadonlySet<number> = new Set([F.F_SETSIG, F.F_NOTIFY, F.F_SETLEASE, F.F_GETOWNER_UIDS]);

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
  const what = FCNTL_ARGUMENT.get(command);
  if (what === undefined) return -ERRNO.EINVAL;
  const length = sizeOf(what);
  return length === 0 ? 0 : within(call, [argument, length]);
}

/** The flags are the open file's, so that those of a duplicate are the same; all else is the process's. */
function fcntl(call: Call, wide: boolean): Steps | number {
  const refused = fcntlRefusal(call, wide);
  if (refused !== 0) return refused;
  if (call.r[1] === F.F_SETOWN) return fcntlOwner(call);
  if (call.r[1] === F.F_SETOWN_EX) return fcntlOwnerEx(call);
  if (call.r[1] === F.F_GETFL) return openFlags(call);
  const trying = TRYING.get(call.r[1]);
  if (trying !== undefined) return lockRange(call, trying);
  if (call.r[1] === F.F_SETFL) {
    overruleFlags(call);
    if ((call.r[2] & OPEN.values.FASYNC) !== 0) return setFlagsAsync(call);
  }
  return asItStands(call);
}
const openFlags = onPin((_call, pin) => flagsOf(pin));
function* asItStands(call: Call): Steps {
  return yield [call.nr, call.r[0], call.r[1], call.r[2]];
}
function overruleFlags(call: Call): void {
  const pin = call.pin(call.r[0] | 0);
  if (pin >= 0) overrule(pin);
}

// ---- locks: nothing tells that one is free, so that it is tried again and again ----

/** The commands that wait for a lock, and those that try for it. */
const TRYING: ReadonlyMap<number, number> = new Map([
  [F.F_SETLKW, F.F_SETLK],
  [F.F_SETLKW64, F.F_SETLK64],
  [F.F_OFD_SETLKW, F.F_OFD_SETLK],
]);
/** What is to be locked is read once: it is the same in every try. */
function* lockRange(call: Call, trying: number): Steps {
  const [descriptor, command, at] = call.r;
  const range = call.get(at, command === F.F_SETLKW ? flock.size : flock64.size);
  if (typeof range === 'number') return yield [call.nr, descriptor, trying, at]; // refused, perhaps for the descriptor
  return yield* lock(call, [call.nr, descriptor, trying, call.arena(range)]);
}

function* lockFile(call: Call): Steps {
  const [descriptor, operation] = call.r;
  const { LOCK_NB, LOCK_UN } = LOCK.values;
  const tries = (operation & (LOCK_NB | LOCK_UN)) === 0;
  if (!tries) return yield [call.nr, descriptor, operation];
  return yield* lock(call, [call.nr, descriptor, operation | LOCK_NB]);
}

function* lock(call: Call, order: Order): Doing {
  const descriptor = call.r[0] | 0;
  let pin: number | undefined;
  return yield* persist(function* () {
    if (pin !== undefined && !call.isStill(descriptor, pin)) return -ERRNO.EBADF;
    const result = yield order;
    if (isBlocked(result)) pin ??= call.pin(descriptor);
    return result;
  }, blindly());
}

// ---- ioctl(2) ----

const I = IOCTL.values;
const ifreqOut = structInOut(ifreq);
/** The requests that are made, with what the argument is. */
const REQUESTS: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [I.TCGETS, structOut(termios)],
  [I.TCSETS, structIn(termios)],
  [I.TCSETSW, structIn(termios)],
  [I.TCSETSF, structIn(termios)],
  [I.TCGETA, structOut(termio)],
  [I.TCSETA, structIn(termio)],
  [I.TCSETAW, structIn(termio)],
  [I.TCSETAF, structIn(termio)],
  [I.TCGETS2, structOut(termios2)],
  [I.TCSETS2, structIn(termios2)],
  [I.TCSETSW2, structIn(termios2)],
  [I.TCSETSF2, structIn(termios2)],
  [I.TCSBRK, int()],
  [I.TCSBRKP, int()],
  [I.TCXONC, int()],
  [I.TCFLSH, int()],
  [I.TIOCNOTTY, absent],
  [I.TIOCSCTTY, int()],
  [I.TIOCGPGRP, words('out')],
  [I.TIOCSPGRP, words('in')],
  [I.TIOCGSID, words('out')],
  [I.TIOCOUTQ, words('out')],
  [I.TIOCGWINSZ, structOut(winsize)],
  [I.TIOCSWINSZ, structIn(winsize)],
  [I.TIOCGETD, words('out')],
  [I.TIOCGPTN, words('out')],
  [I.TIOCSPTLCK, words('in')],
  [I.TIOCGPTLCK, words('out')],
  [I.TIOCPKT, words('in')],
  [I.TIOCGPKT, words('out')],
  [I.TIOCGEXCL, words('out')],
  [I.FIONREAD, words('out')],
  [I.FIONBIO, words('in')],
  [I.FIOCLEX, absent],
  [I.FIONCLEX, absent],
  [I.FIOQSIZE, words('out', 'id64')],
  [I.FIOASYNC, words('in')],
  [I.FIOSETOWN, words('in')],
  [I.SIOCSPGRP, words('in')],
  [I.FIOGETOWN, words('out')],
  [I.SIOCGPGRP, words('out')],
  [I.SIOCATMARK, words('out')],
  [I.FS_IOC_GETFLAGS, words('out', 'hex')],
  [I.SIOCGIFCONF, structInOut(ifconf)],
  [I.SIOCGIFNAME, ifreqOut],
  [I.SIOCGIFFLAGS, ifreqOut],
  [I.SIOCGIFADDR, ifreqOut],
  [I.SIOCGIFDSTADDR, ifreqOut],
  [I.SIOCGIFBRDADDR, ifreqOut],
  [I.SIOCGIFNETMASK, ifreqOut],
  [I.SIOCGIFMETRIC, ifreqOut],
  [I.SIOCGIFMTU, ifreqOut],
  [I.SIOCGIFHWADDR, ifreqOut],
  [I.SIOCGIFINDEX, ifreqOut],
  [I.SIOCGIFTXQLEN, ifreqOut],
  [I.SIOCGIFMAP, ifreqOut],
  [I.FIGETBSZ, words('out')],
  [I.FS_IOC_GETVERSION, words('out', 'hex')],
  [I.TIOCGPTPEER, flags(OPEN)],
  [I.FICLONE, fd()],
  [I.FICLONERANGE, structIn(fileCloneRange)],
]);
/** Known ways out: input typed for others, signals to others, changes beyond the descriptor. */
const REQUESTS_REFUSED: ReadonlyMap<number, number> = new Map<number, number>([
  [I.TIOCSTI, ERRNO.EPERM],
  [I.TIOCLINUX, ERRNO.EPERM],
  [I.TIOCCONS, ERRNO.EPERM],
  [I.TIOCSETD, ERRNO.EPERM],
  [I.TIOCEXCL, ERRNO.EPERM],
  [I.TIOCNXCL, ERRNO.EPERM],
  [I.FS_IOC_SETFLAGS, ERRNO.EPERM],
  [I.FIFREEZE, ERRNO.EPERM],
  [I.FITHAW, ERRNO.EPERM],
]);

/** A process group that there cannot be: beyond the kernel's limit for pids. */
const NO_GROUP = Uint8Array.of(0xff, 0xff, 0xff, 0x7f);

/**
 * tcsetpgrp(3): the terminal's foreground may become a group of the sandbox, or again the group that the program began
 * in, as shells with job control leave it. Read once, ordered from the copy. For another group the kernel is asked with
 * one that cannot be: is it the program's terminal at all?
 */
function* setForeground(call: Call): Steps {
  const [descriptor, request] = call.r;
  const bytes = call.get(call.r[2], 4);
  const group = typeof bytes === 'number' ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  const ours = call.ownsGroup(group) || (group > 0 && group === call.process.firstGroup);
  const harmless = typeof bytes !== 'number' && (group < 0 || ours); // a negative one is EINVAL
  const result = yield [call.nr, descriptor, request, call.arena(harmless ? bytes : NO_GROUP)];
  if (harmless || result !== -ERRNO.ESRCH) return result;
  if (typeof bytes === 'number') return bytes;
  call.log('warn', `ioctl TIOCSPGRP: process group ${group} is not of the sandbox`);
  return -ERRNO.EPERM;
}

/** FICLONE and FICLONERANGE name a second descriptor; the kernel takes the low word of a 64-bit one. */
function* clone(call: Call): Steps {
  const [descriptor, request, argument] = call.r;
  if (request === I.FICLONE) return call.checkFd(argument | 0) || (yield [call.nr, descriptor, request, argument]);
  const range = call.get(argument, fileCloneRange.size);
  if (typeof range === 'number') return range;
  const source = Number(BigInt.asIntN(32, fileCloneRange.decode(range).src_fd as bigint));
  return call.checkFd(source) || (yield [call.nr, descriptor, request, call.arena(range)]);
}

function* ioctl(call: Call): Steps {
  const [descriptor, request, argument] = call.r;
  const refused = REQUESTS_REFUSED.get(request);
  if (refused !== undefined) {
    call.log(refused === ERRNO.EPERM ? 'warn' : 'info', `ioctl ${nameOfValue(I, request)}: refused`);
    return -refused;
  }
  if (request === I.FIOASYNC) return setAsync(call);
  if (request === I.FIOSETOWN || request === I.SIOCSPGRP) return ioctlOwner(call);
  if (request === I.TIOCSPGRP) return yield* setForeground(call);
  if (request === I.TIOCSCTTY) return argument === 0 ? yield [call.nr, descriptor, request, 0] : -ERRNO.EPERM;
  if (request === I.FICLONE || request === I.FICLONERANGE) return yield* clone(call);
  // The terminal that the program holds the other end of: it gives no more than that end does.
  if (request === I.TIOCGPTPEER) return yield [call.nr, descriptor, request, argument & ~OPEN.values.FASYNC];
  const what = REQUESTS.get(request);
  if (what === undefined) {
    call.log('info', `ioctl 0x${request.toString(16)}: not a known request, ENOTTY`);
    return -ERRNO.ENOTTY;
  }
  if (request === I.FIONBIO) overruleFlags(call);
  const outside = within(call, [argument, sizeOf(what)]);
  return outside !== 0 ? outside : yield [call.nr, descriptor, request, argument];
}

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
  return yield* throughHelper(call, where, function* (name) {
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

const io = { returns: 'count' } as const;
const newFd = { returns: 'fd' } as const;
const position = (way: Way) => words(way, 'id64');

const listing = new Uint8Array(0x8000);
const place = new Uint8Array(8);
const placeWords = new Uint32Array(place.buffer);

/** The kernel's, if need be several times: an answer without any would say that the end is reached. */
function nextEntries(call: Call, fd: number, pin: number, count: number): Uint8Array | number {
  for (;;) {
    const n = native.getdents64(pin, listing, Math.min(count, listing.length));
    if (n < 0) return n;
    if (n === 0) return call.furtherEntries(fd, pin, count);
    const told = call.ownEntries(fd, pin, listing.subarray(0, n));
    if (told.length > 0) return told;
  }
}

/** At the end of a directory of the sysroot, what only the host has follows. */
const listEntries = onPin((call, pin) => {
  const [fd, entries, count] = call.r;
  const placed = native.llseek(pin, 0, 0, SEEK.values.SEEK_CUR, place) === 0;
  const told = nextEntries(call, fd, pin, count);
  if (typeof told === 'number') return told;
  if (told.length === 0) return 0;
  const failure = call.put(entries, told);
  // What could not be told is told next time.
  if (failure !== 0 && placed) native.llseek(pin, placeWords[1], placeWords[0], SEEK.values.SEEK_SET, place);
  return failure || told.length;
});

const reached = new Uint8Array(8);
const position64 = new DataView(reached.buffer);
const MAX_POSITION = 0x7fffffffn;
const GDT_TLS_MIN_64 = 12;
/** lseek(2): a position that 32 bits do not hold overflows on an i386 kernel; a 64-bit one tells its low word. */
const seek = onPin((call, pin) => {
  const [, offset, whence] = call.r;
  const failure = native.llseek(pin, (offset | 0) < 0 ? 0xffffffff : 0, offset, whence, reached);
  if (failure !== 0) return failure;
  const narrow = call.process.firstTls < GDT_TLS_MIN_64;
  return narrow && position64.getBigInt64(0, true) > MAX_POSITION ? -ERRNO.EOVERFLOW : position64.getInt32(0, true);
});
const seekFar = onPin((call, pin) => {
  const [, high, low, result, whence] = call.r;
  return native.llseek(pin, high, low, whence, reached) || call.put(result, reached);
});
const statOf = (layout: StatLayout): ((call: Call) => number) =>
  onPin((call, pin) => putStat(call, statxOfFd(pin), call.r[1], layout));

const sets = { count: int(), in: fdset('count'), out: fdset('count'), except: fdset('count') };
const ppollArguments = (time: Struct) => ({
  fds: structs('inout', pollfd, 'count'),
  count: size(),
  timeout: structInOut(time, true),
  mask: sigset('in', 'size'),
  size: size(),
});
const events = { epoll: fd(), events: structs('out', epollEvent, 'most'), most: size() };

export const descriptors = family({
  // reading and writing
  read: nativeCall(3, { fd: fd(), buffer: bytesOut('count'), count: size() }, io),
  write: nativeCall(4, { fd: fd(), buffer: bytesIn('count'), count: size() }, io),
  readv: delegated(145, { fd: fd(), iov: iovecOut('count'), count: size() }, { ...io, waits: readVector }),
  writev: delegated(146, { fd: fd(), iov: iovecIn('count'), count: size() }, { ...io, waits: writeVector }),
  pread64: delegated(180, { fd: fd(), buffer: bytesOut('count'), count: size(), low: low(), high: high() }, io),
  pwrite64: delegated(181, { fd: fd(), buffer: bytesIn('count'), count: size(), low: low(), high: high() }, io),
  preadv: delegated(333, { fd: fd(), iov: iovecOut('count'), count: size(), low: low(), high: high() }, io),
  pwritev: delegated(334, { fd: fd(), iov: iovecIn('count'), count: size(), low: low(), high: high() }, io),
  preadv2: delegated(
    378,
    { fd: fd(), iov: iovecOut('count'), count: size(), low: low(), high: high(), flags: flags(RWF) },
    { ...io, waits: readVector2 },
  ),
  pwritev2: delegated(
    379,
    { fd: fd(), iov: iovecIn('count'), count: size(), low: low(), high: high(), flags: flags(RWF) },
    { ...io, waits: writeVector2 },
  ),
  lseek: answered(19, { fd: fd(), offset: int(), whence: flags(SEEK) }, seek),
  _llseek: answered(140, { fd: fd(), high: high(), low: low(), result: position('out'), whence: flags(SEEK) }, seekFar),
  sendfile: delegated(187, { out: fd(), in: fd(), offset: words('inout'), count: size() }, { ...io, waits: sendFile }),
  sendfile64: delegated(
    239,
    { out: fd(), in: fd(), offset: position('inout'), count: size() },
    { ...io, waits: sendFile },
  ),
  copy_file_range: delegated(
    377,
    { in: fd(), inOffset: position('inout'), out: fd(), outOffset: position('inout'), count: size(), flags: hex() },
    io,
  ),
  splice: delegated(
    313,
    {
      in: fd(),
      inOffset: position('inout'),
      out: fd(),
      outOffset: position('inout'),
      count: size(),
      flags: flags(SPLICE),
    },
    { ...io, waits: splice },
  ),
  tee: delegated(315, { in: fd(), out: fd(), count: size(), flags: flags(SPLICE) }, { ...io, waits: tee }),
  vmsplice: delegated(
    316,
    { fd: fd(), iov: iovecIn('count'), count: size(), flags: flags(SPLICE) },
    { ...io, waits: vmsplice },
  ),
  getdents: delegated(141, { fd: fd(), entries: entriesOut('count'), count: size() }, io),
  getdents64: answered(220, { fd: fd(), entries: entriesOut('count'), count: size() }, listEntries, io),

  // making and closing
  close: delegated(6, { fd: fd() }),
  close_range: odd(436, { first: uint(), last: uint(), flags: flags(CLOSE_RANGE) }, closeRange),
  dup: delegated(41, { fd: fd() }, newFd),
  dup2: delegated(63, { from: fd(), to: fd() }, newFd),
  dup3: delegated(330, { from: fd(), to: fd(), flags: flags(PIPE) }, newFd),
  fcntl: odd(55, fcntlArguments, (c) => fcntl(c, false)),
  fcntl64: odd(221, fcntlArguments, (c) => fcntl(c, true)),
  ioctl: odd(
    54,
    { fd: fd(), request: flags(IOCTL), argument: choice('request', (r) => REQUESTS.get(r[1]) ?? address()) },
    ioctl,
  ),
  pipe: delegated(42, { fds: words('out', 'fd', 2) }),
  pipe2: delegated(331, { fds: words('out', 'fd', 2), flags: flags(PIPE) }),
  eventfd: delegated(323, { initial: uint() }, newFd),
  eventfd2: delegated(328, { initial: uint(), flags: flags(EVENTFD) }, newFd),
  memfd_create: odd(356, { name: string(250), flags: flags(MEMFD) }, memfdCreate, newFd),
  timerfd_create: delegated(322, { clock: flags(CLOCK), flags: flags(TIMERFD) }, newFd),
  timerfd_settime: delegated(325, {
    fd: fd(),
    flags: flags(TIMERFD_SET),
    value: structIn(itimerspec32),
    old: structOut(itimerspec32, true),
  }),
  timerfd_gettime: delegated(326, { fd: fd(), value: structOut(itimerspec32) }),
  timerfd_settime64: delegated(411, {
    fd: fd(),
    flags: flags(TIMERFD_SET),
    value: structIn(itimerspec64),
    old: structOut(itimerspec64, true),
  }),
  timerfd_gettime64: delegated(410, { fd: fd(), value: structOut(itimerspec64) }),

  // what a descriptor is open on
  fstat: answered(108, { fd: fd(), out: structOut(stat) }, statOf(STAT)),
  oldfstat: answered(28, { fd: fd(), out: structOut(oldKernelStat) }, statOf(OLD_STAT)),
  fstat64: answered(197, { fd: fd(), out: structOut(stat64) }, statOf(STAT64)),
  fstatfs: delegated(100, { fd: fd(), out: structOut(statfs) }),
  fstatfs64: delegated(269, { fd: fd(), size: size(), out: structOut(statfs64) }),
  fchdir: delegated(133, { fd: fd() }),
  fchmod: answered(
    94,
    { fd: fd(), mode: mode() },
    changing((call, pin) => native.fchmod(pin, call.r[1] & S_IALLUGO)),
  ),
  fchown: answered(95, { fd: fd(), owner: id(), group: id() }, chown(true)),
  fchown32: answered(207, { fd: fd(), owner: id(), group: id() }, chown(false)),
  fsetxattr: answered(
    228,
    { fd: fd(), name: xattrName(), value: bytesIn('size'), size: size(), flags: flags(XATTR) },
    setxattr,
  ),
  fremovexattr: answered(
    237,
    { fd: fd(), name: xattrName() },
    changing((c, pin) => native.removexattr(ownLink(pin), text(c.bytes(1)))),
  ),
  fgetxattr: delegated(231, { fd: fd(), name: xattrName(), value: bytesOut('size'), size: size() }, io),
  flistxattr: delegated(234, { fd: fd(), list: bytesOut('size'), size: size() }, io),
  ftruncate: delegated(93, { fd: fd(), length: int() }),
  ftruncate64: delegated(194, { fd: fd(), low: low(), high: high() }),
  fallocate: delegated(324, {
    fd: fd(),
    mode: flags(FALLOC),
    low: low(),
    high: high(),
    lengthLow: low(),
    lengthHigh: high(),
  }),
  flock: delegated(143, { fd: fd(), operation: flags(LOCK) }, { waits: lockFile }),
  fsync: delegated(118, { fd: fd() }),
  fdatasync: delegated(148, { fd: fd() }),
  sync: delegated(36, {}),
  syncfs: delegated(344, { fd: fd() }),
  sync_file_range: delegated(314, {
    fd: fd(),
    low: low(),
    high: high(),
    lengthLow: low(),
    lengthHigh: high(),
    flags: flags(SYNC_FILE_RANGE),
  }),
  readahead: delegated(225, { fd: fd(), low: low(), high: high(), count: size() }),
  fadvise64: delegated(250, { fd: fd(), low: low(), high: high(), length: size(), advice: flags(FADVISE) }),
  fadvise64_64: delegated(272, {
    fd: fd(),
    low: low(),
    high: high(),
    lengthLow: low(),
    lengthHigh: high(),
    advice: flags(FADVISE),
  }),

  // waiting
  poll: odd(168, { fds: structs('inout', pollfd, 'count'), count: size(), timeout: int() }, poll),
  ppoll: odd(309, ppollArguments(timespec32), (c) => ppoll(c, timespec32.size)),
  ppoll_time64: odd(414, ppollArguments(timespec64), (c) => ppoll(c, timespec64.size)),
  select: odd(82, { arguments: structIn(selArg) }, oldSelect),
  _newselect: odd(142, { ...sets, timeout: structInOut(timeval32, true) }, (c) => select(c, [...c.r.subarray(0, 5)])),
  pselect6: odd(308, { ...sets, timeout: structInOut(timespec32, true), mask: structIn(sigsetArgpack, true) }, (c) =>
    pselect(c, timespec32.size),
  ),
  pselect6_time64: odd(
    413,
    { ...sets, timeout: structInOut(timespec64, true), mask: structIn(sigsetArgpack, true) },
    (c) => pselect(c, timespec64.size),
  ),
  epoll_create: delegated(254, { size: int() }, newFd),
  epoll_create1: delegated(329, { flags: flags(EPOLL) }, newFd),
  epoll_ctl: delegated(255, { epoll: fd(), operation: flags(EPOLL_CTL), fd: fd(), event: structIn(epollEvent, true) }),
  epoll_wait: odd(256, { ...events, timeout: int() }, epollWait),
  epoll_pwait: odd(319, { ...events, timeout: int(), mask: sigset('in', 'size'), size: size() }, epollWait),
  epoll_pwait2: odd(
    441,
    { ...events, timeout: structIn(timespec64, true), mask: sigset('in', 'size'), size: size() },
    epollWait,
  ),
  inotify_init: delegated(291, {}, newFd),
  inotify_init1: delegated(332, { flags: flags(INOTIFY_INIT) }, newFd),
  inotify_add_watch: odd(292, { fd: fd(), path: path('read'), mask: flags(INOTIFY) }, addWatch),
  inotify_rm_watch: delegated(293, { fd: fd(), watch: int() }),
});
