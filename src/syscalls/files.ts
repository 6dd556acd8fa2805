/**
 * Calls that take a path. What only looks at or changes names and metadata is answered: the helper acts by a single
 * component in the directory that the resolver found. What gives the program a descriptor or a directory is ordered.
 */
import { toBytes, type ByteString } from '../abi/bytes.js';
import type { Struct, Values } from '../abi/ctype.js';
import { ERRNO } from '../abi/errno.js';
import {
  ACCESS,
  AT,
  AT_ACCESS,
  AT_FDCWD,
  AT_STATX,
  AT_UNLINK,
  FCNTL,
  MEMFD,
  MODE,
  OPEN,
  RENAME,
  RESOLVE,
  S_IALLUGO,
  S_IFMT,
  SEAL,
  STATX,
  VALID_OPEN_FLAGS,
} from '../abi/flags.js';
import {
  openHow,
  statx,
  timespec32,
  timespec64,
  timeval32,
  utimbuf,
  stat,
  stat64,
  oldKernelStat,
  statfs,
  statfs64,
} from '../abi/structs.js';
import { limitOf } from '../memory/limits.js';
import { withRights } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { Access } from '../questions.js';
import {
  absent,
  answered,
  bytesOut,
  choice,
  dirfd,
  family,
  flags,
  high,
  id,
  int,
  low,
  mode,
  odd,
  path,
  size,
  string,
  structIn,
  structOut,
  structs,
  textOut,
  uint,
  type Call,
  type Doing,
  type Kind,
  type Order,
  type PathAccess,
  type Refuses,
  type Resolved,
  type Steps,
} from './dsl.js';
import { fileGetattr } from './file-attributes.js';
import { openFifo, waitsForPeer } from './fifos.js';
import {
  helperLink,
  askAll,
  changeObject,
  cString,
  failed,
  frozen,
  heldBy,
  isHeld,
  nameOf,
  offset64,
  OLD_STAT,
  onObject,
  ownLink,
  atTarget,
  reach,
  seesHelper,
  pathOf,
  pinForChange,
  putStat,
  putStatfs,
  STAT,
  STAT64,
  statAccess,
  statxOfFd,
  statxOfPath,
  text,
  throughHelper,
  type Place,
  type StatLayout,
} from './support.js';

const {
  AT_SYMLINK_NOFOLLOW,
  AT_SYMLINK_FOLLOW,
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_STATX_FORCE_SYNC,
  AT_STATX_DONT_SYNC,
} = AT.values;
const { S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK } = MODE.values;
const {
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  FASYNC,
  __O_TMPFILE,
} = OPEN.values;

type Registers = Uint32Array;
/** Does register i lack AT_SYMLINK_NOFOLLOW; does it hold AT_EMPTY_PATH? */
const follows =
  (i: number) =>
  (r: Registers): boolean =>
    (r[i] & AT_SYMLINK_NOFOLLOW) === 0;
const mayBeEmpty =
  (i: number) =>
  (r: Registers): boolean =>
    (r[i] & AT_EMPTY_PATH) !== 0;
const unknownBits = (value: number, known: number): boolean => (value & ~known) !== 0;
/** -EINVAL when register i holds other bits than these. */
const only =
  (i: number, known: number): Refuses =>
  (r) =>
    unknownBits(r[i], known) ? -ERRNO.EINVAL : 0;

// ---- stat(2), statx(2), statfs(2) ----

/** Answers a stat of path argument i at the address in register `out`. */
const statAnswer =
  (i: number, out: number, layout: StatLayout) =>
  (call: Call): number =>
    putStat(call, statxOfPath(call.path(i)), call.r[out], layout);

const STAT_SYNC = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
const FSTATAT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | STAT_SYNC;

const STATX_RESERVED = 0x80000000;
const statxBuffer = new Uint8Array(statx.size);

const statxRefusal: Refuses = ([, , at, mask]) =>
  unknownBits(at, FSTATAT_FLAGS) || (mask & STATX_RESERVED) !== 0 || (at & STAT_SYNC) === STAT_SYNC ? -ERRNO.EINVAL : 0;

function statxAnswer(call: Call): number {
  const [, , at, mask, out] = call.r;
  const { object } = call.path(1);
  if (object === undefined) return -ERRNO.ENOENT;
  const result = native.statx(object, '', AT_EMPTY_PATH | (at & STAT_SYNC), mask, statxBuffer);
  return result < 0 ? result : call.put(out, statxBuffer);
}

const statfsAnswer =
  (out: number, wide: boolean) =>
  (call: Call): number =>
    onObject(call.path(0), (name) => putStatfs(call, name, call.r[out], wide));
const statfsRefusal: Refuses = (r) => (r[1] === statfs64.size ? 0 : -ERRNO.EINVAL);

// ---- access(2) ----

const { R_OK, W_OK, X_OK } = ACCESS.values;

/** access(2) tells what an open, a search or a creation would meet: it asks what those ask. */
const accessOf =
  (i: number): PathAccess =>
  (r, where) => {
    if (!where.exists) return ['stat'];
    const directory = where.type === S_IFDIR;
    const wanted: Access[] = [];
    if ((r[i] & R_OK) !== 0) wanted.push('read');
    if ((r[i] & W_OK) !== 0) wanted.push(directory ? 'create' : 'write');
    if ((r[i] & X_OK) !== 0) wanted.push(directory ? 'stat' : 'execute');
    return wanted.length > 0 ? wanted : ['stat'];
  };

const { AT_EACCESS } = AT_ACCESS.values;
const accessRefusal =
  (i: number, how = -1): Refuses =>
  (r) =>
    only(i, R_OK | W_OK | X_OK)(r) || (how < 0 ? 0 : only(how, AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)(r));

/** Answers for the real ids, or with AT_EACCESS for those that files are opened with. */
const accessAnswer =
  (i: number, how: number) =>
  (call: Call): number => {
    const wanted = call.r[i + 1];
    const given = how < 0 ? 0 : call.r[how];
    const where = call.path(i);
    const { credentials } = call.thread;
    const rights = (given & AT_EACCESS) !== 0 ? credentials : credentials.forAccess;
    const allows = (name: ByteString): number =>
      withRights(rights, () => native.faccessat(AT_FDCWD, name, wanted, AT_EACCESS));
    const result = onObject(where, allows);
    if (result !== 0 || (wanted & W_OK) === 0) return result;
    const part = call.hostPart(where);
    return part === undefined ? frozen(where) : allows(ownLink(part));
  };

// ---- readlink(2) ----

const linkBuffer = new Uint8Array(4096);

function linkText(where: Resolved): Uint8Array | number {
  if (where.text !== undefined) return toBytes(where.text);
  if (where.object === undefined) return -ERRNO.ENOENT;
  if (where.type !== S_IFLNK)
    return where.held === true && where.descriptor === undefined ? -ERRNO.ENOENT : -ERRNO.EINVAL;
  const n = native.readlinkat(where.object, '', linkBuffer, linkBuffer.length);
  return n < 0 ? n : linkBuffer.subarray(0, n);
}

const readlinkRefusal =
  (i: number): Refuses =>
  (r) =>
    (r[i + 2] | 0) <= 0 ? -ERRNO.EINVAL : 0;

/** Argument i is the path, i + 1 the buffer, i + 2 its size. */
const readlinkAnswer =
  (i: number) =>
  (call: Call): number => {
    const room = call.r[i + 2];
    const target = linkText(call.path(i));
    if (typeof target === 'number') return target;
    const shown = target.subarray(0, room);
    return call.put(call.r[i + 1], shown) || shown.length;
  };

// ---- names: mkdir(2), mknod(2), unlink(2), rename(2), link(2), symlink(2) ----

/** The place of a name to be made; -EEXIST when it is there. Only a directory's may end with a slash. */
function newPlace(where: Resolved, directory = false): Place | number {
  if (where.exists || isHeld(where)) return -ERRNO.EEXIST;
  if (where.trailingSlash && !directory) return -ERRNO.ENOENT;
  return { dir: where.dir, name: where.name, flags: 0 };
}

/** Modes of what the helper makes for the program; the helper's own umask is 0. */
const masked = (call: Call, bits: number): number => bits & ~call.process.umask;

const mkdirAnswer =
  (i: number) =>
  (call: Call): number => {
    const at = newPlace(call.path(i), true);
    return typeof at === 'number' ? at : native.mkdirat(at.dir, at.name, masked(call, call.r[i + 1] & 0o1777));
  };

/** Device nodes are not made: they would be doors around every path. */
const mknodAnswer =
  (i: number) =>
  (call: Call): number => {
    const asked = call.r[i + 1] & 0xffff;
    const type = asked & S_IFMT || S_IFREG;
    if (type === S_IFCHR || type === S_IFBLK || type === S_IFDIR) return -ERRNO.EPERM;
    if (type !== S_IFREG && type !== S_IFIFO && type !== S_IFSOCK) return -ERRNO.EINVAL;
    const at = newPlace(call.path(i));
    return typeof at === 'number' ? at : native.mknodat(at.dir, at.name, type | masked(call, asked & S_IALLUGO), 0);
  };

/** Is it a directory entry that can be removed or renamed? 0, or a negative errno. */
function entryRefusal(where: Resolved): number {
  if (!where.exists) return -ERRNO.ENOENT;
  if (where.trailingSlash && where.type !== S_IFDIR) return -ERRNO.ENOTDIR;
  return where.busy ? -ERRNO.EBUSY : frozen(where);
}
/** `.`, `..`, a root, or what only a descriptor names: no entry of `dir`. */
const isNoEntry = (where: Resolved): boolean => where.name === '.' || where.name === '' || isHeld(where);

function unlink(where: Resolved): number {
  if (isNoEntry(where)) return where.type === S_IFDIR ? -ERRNO.EISDIR : -ERRNO.ENOENT;
  return entryRefusal(where) || native.unlinkat(where.dir, where.name, 0);
}
function rmdir(where: Resolved): number {
  if (isNoEntry(where))
    return where.dots === '.' ? -ERRNO.EINVAL : where.dots === '..' ? -ERRNO.ENOTEMPTY : -ERRNO.EBUSY;
  return entryRefusal(where) || native.unlinkat(where.dir, where.name, AT_REMOVEDIR);
}
const { AT_REMOVEDIR } = AT_UNLINK.values;

const { RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT } = RENAME.values;

const renameRefusal: Refuses = (r) => {
  if (unknownBits(r[4], RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) return -ERRNO.EINVAL;
  if ((r[4] & RENAME_EXCHANGE) !== 0 && r[4] !== RENAME_EXCHANGE) return -ERRNO.EINVAL;
  return (r[4] & RENAME_WHITEOUT) !== 0 ? -ERRNO.EPERM : 0;
};

/** Renames path argument i to path argument j. The new name must not grant more than the old one did. */
const renameAnswer =
  (i: number, j: number, how: number) =>
  (call: Call): number => {
    const given = how < 0 ? 0 : call.r[how];
    const exchange = (given & RENAME_EXCHANGE) !== 0;
    const [from, to] = [call.path(i), call.path(j)];
    if (isNoEntry(from) || isNoEntry(to)) return -ERRNO.EBUSY;
    if (to.trailingSlash && from.type !== S_IFDIR) return -ERRNO.ENOTDIR;
    const unfit = entryRefusal(from) || (exchange || to.exists ? entryRefusal(to) : 0);
    if (unfit !== 0) return unfit;
    const refused =
      call.relabel(from, to, from.type === S_IFDIR) || (exchange ? call.relabel(to, from, to.type === S_IFDIR) : 0);
    return refused || native.renameat2(from.dir, from.name, to.dir, to.name, given);
  };

/**
 * May what a descriptor leads to be named `to`? Its own name must not grant less; without one, the program must hold
 * all that it could gain.
 */
function mayName(call: Call, from: Resolved, to: Resolved): number {
  if (from.anonymous !== true) return call.relabel(from, to, false);
  const held = heldBy(from.object ?? -1);
  if (typeof held === 'number' || !held.read || !held.write) return -ERRNO.EACCES;
  return call.ask({ ask: 'path', access: 'write', path: to.guest });
}

/** The object itself is linked; one of the sysroot would become writable by its new name. */
const linkAnswer =
  (i: number, j: number) =>
  (call: Call): number => {
    const [from, to] = [call.path(i), call.path(j)];
    const at = newPlace(to);
    if (typeof at === 'number') return at;
    if (from.type === S_IFDIR) return -ERRNO.EPERM;
    if (from.layer === 'sysroot') return -ERRNO.EXDEV;
    return (
      mayName(call, from, to) ||
      onObject(from, (name) => native.linkat(AT_FDCWD, name, at.dir, at.name, AT_SYMLINK_FOLLOW))
    );
  };

/** Argument i is the link's text, which nobody follows unjudged; j is its path. */
const symlinkAnswer =
  (i: number, j: number) =>
  (call: Call): number => {
    const target = text(call.bytes(i));
    if (target === '') return -ERRNO.ENOENT;
    const at = newPlace(call.path(j));
    return typeof at === 'number' ? at : native.symlinkat(target, at.dir, at.name);
  };

// ---- metadata: chmod(2), chown(2), utimensat(2), truncate(2) ----

const chmodAnswer =
  (i: number) =>
  (call: Call): number =>
    changeObject(call.path(i), (name) => native.fchmodat(AT_FDCWD, name, call.r[i + 1] & S_IALLUGO, 0));

const NO_ID = 0xffffffff;
/** The id of a call that has 16 bits for it: 0xffff stands for -1, leave it as it is. */
export const wideId = (id: number): number => ((id & 0xffff) === 0xffff ? NO_ID : id & 0xffff);

const chownAnswer =
  (i: number, short: boolean) =>
  (call: Call): number => {
    const [owner, group] = [call.r[i + 1], call.r[i + 2]].map((id) => (short ? wideId(id) : id));
    return changeObject(call.path(i), (name) => native.fchownat(AT_FDCWD, name, owner, group, 0));
  };

type Times = BigInt64Array | null | number;

const setTimes = (where: Resolved, times: Times): number =>
  typeof times === 'number' ? times : changeObject(where, (name) => native.utimesat(AT_FDCWD, name, times, 0));

function utime(call: Call): number {
  if (call.r[1] === 0) return setTimes(call.path(0), null);
  const { actime, modtime } = utimbuf.decode(call.bytes(1)) as Record<string, number>;
  return setTimes(call.path(0), BigInt64Array.of(BigInt(actime), 0n, BigInt(modtime), 0n));
}

/** The two struct timeval at an address as seconds and nanoseconds; null for a null address. */
function timevals(call: Call, at: number): Times {
  if (at === 0) return null;
  const bytes = call.get(at, 2 * timeval32.size);
  if (typeof bytes === 'number') return bytes;
  const [a, m] = [0, timeval32.size].map((from) => timeval32.decode(bytes.subarray(from)) as Record<string, number>);
  if ([a, m].some((t) => t.tv_usec < 0 || t.tv_usec > 999999)) return -ERRNO.EINVAL;
  return BigInt64Array.of(BigInt(a.tv_sec), BigInt(a.tv_usec * 1000), BigInt(m.tv_sec), BigInt(m.tv_usec * 1000));
}

/** The two struct timespec at an address; 64-bit nanoseconds of a 32-bit program count by their low word. */
function timespecs(call: Call, at: number, wide: boolean): Times {
  if (at === 0) return null;
  const struct = wide ? timespec64 : timespec32;
  const bytes = call.get(at, 2 * struct.size);
  if (typeof bytes === 'number') return bytes;
  const both = [0, struct.size].map((from): Values => struct.decode(bytes.subarray(from)));
  return BigInt64Array.from(
    both.flatMap((t) => [BigInt(t.tv_sec as bigint), BigInt.asUintN(32, BigInt(t.tv_nsec as bigint))]),
  );
}

/** Sets times by path, or by the descriptor itself where the path is null. */
function* timesAt(call: Call, times: Times, how: number): Steps {
  if (unknownBits(how, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -ERRNO.EINVAL;
  if (typeof times === 'number') return times;
  const dir = call.r[0] | 0;
  if (call.r[1] === 0) {
    if (dir === AT_FDCWD) return -ERRNO.EFAULT;
    if (how !== 0) return -ERRNO.EINVAL;
    const pin = pinForChange(call, dir);
    return pin < 0 ? pin : native.utimesat(AT_FDCWD, ownLink(pin), times, 0);
  }
  const options = { follow: (how & AT_SYMLINK_NOFOLLOW) === 0, empty: (how & AT_EMPTY_PATH) !== 0 };
  const where = pathOf(call, dir, call.r[1], 'write', options);
  return typeof where === 'number' ? where : setTimes(where, times);
}

/** RLIMIT_FSIZE binds the program, not the helper: no file grows beyond it. inode_newsize_ok() of fs/attr.c. */
function exceedsLimit(call: Call, length: number): boolean {
  const s = statxOfPath(call.path(0));
  if (typeof s === 'number' || s.type !== S_IFREG) return false;
  return BigInt(length) > s.size && BigInt(length) > limitOf(call.process.pid, 'Max file size').soft;
}

const truncateTo = (call: Call, length: number): number =>
  changeObject(call.path(0), (name) => (exceedsLimit(call, length) ? -ERRNO.EFBIG : native.truncate(name, length)));

// ---- open(2) ----

/** How often a path that changes under our hands is resolved anew. */
const TRIES = 8;
const OPENAT2 = 437;
const O_PATH_FLAGS = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
const MAX_NON_LFS = 0x7fffffffn;

interface Opening {
  readonly flags: number;
  readonly mode: number;
}

/** Flags and mode as open(2) takes them: unknown ones are ignored, where openat2(2) refuses them. */
export function asOpen(given: number, bits: number): Opening {
  const known = given & VALID_OPEN_FLAGS & ~FASYNC;
  const kept = (known & O_PATH) !== 0 ? known & O_PATH_FLAGS : known;
  return { flags: kept, mode: (kept & (O_CREAT | __O_TMPFILE)) !== 0 ? bits & S_IALLUGO : 0 };
}

/** What must be allowed for an open: the same whether the file is there or not, and `create` when it is to be made. */
export function accessesOf(given: number, exists: boolean): readonly Access[] {
  if ((given & O_PATH) !== 0) return ['stat'];
  const by = given & O_ACCMODE;
  const wanted: Access[] = [];
  if ((given & __O_TMPFILE) !== 0 || ((given & O_CREAT) !== 0 && (!exists || (given & O_EXCL) !== 0)))
    wanted.push('create');
  if (by !== O_WRONLY) wanted.push('read');
  if (by !== O_RDONLY || (given & O_TRUNC) !== 0) wanted.push('write');
  return wanted;
}

/** open_how and a host path in the arena. */
function openOrder(
  call: Call,
  host: ByteString,
  { flags: given, mode: bits }: Opening,
  resolve: number,
  from = AT_FDCWD,
): Order {
  const how = openHow.encode({ flags: given, mode: bits, resolve });
  return [OPENAT2, from, call.arena(cString(host)), call.arena(how), openHow.size];
}

/** A program that gave up rights goes on below a directory that it holds, though it may not search those above: from there. */
function* openBelow(call: Call, dir: number, where: Resolved, how: Opening): Doing {
  const denied = -ERRNO.EACCES;
  if (seesHelper(call)) return denied;
  const isHere = dir === AT_FDCWD;
  const start = call.resolve(dir, isHere ? '.' : '', { follow: true, empty: true });
  if (typeof start === 'number' || start.object === undefined) return denied;
  if (!`${where.host}/`.startsWith(`${start.host}/`)) return denied;
  const way = isHere ? { host: '.' } : { descriptor: dir };
  return yield* atTarget(call, start.object, way, function* (target) {
    const name = where.host.slice(start.host.length + 1) || '.';
    return yield* opened(call, where.type, how, (to) =>
      openOrder(call, name, to, RESOLVE.values.RESOLVE_NO_SYMLINKS, target),
    );
  });
}

/**
 * What to order: a file that was there is not made, one that was missing is made anew, so that nothing is opened that
 * was not asked about. Either surprise leads to another try.
 */
export function settled(
  { flags: given, mode: bits }: Opening,
  exists: boolean,
): Opening & { readonly surprise: number } {
  if ((given & O_CREAT) === 0 || (given & O_EXCL) !== 0) return { flags: given, mode: bits, surprise: 0 };
  if (!exists) return { flags: given | O_EXCL, mode: bits, surprise: -ERRNO.EEXIST };
  return { flags: given & ~O_CREAT, mode: 0, surprise: -ERRNO.ENOENT };
}

/** Orders an open; that of a FIFO waits for the other end (fifos.ts). */
function* opened(call: Call, type: number, how: Opening, order: (how: Opening) => Order): Doing {
  return type === S_IFIFO && waitsForPeer(how.flags)
    ? yield* openFifo(call, how.flags, (flags) => order({ ...how, flags }))
    : yield order(how);
}

/** What the kernel says of an open without O_LARGEFILE, which openat2(2) on a 64-bit kernel implies. */
function tooLarge(where: Resolved, { flags: given }: Opening): boolean {
  if ((given & (O_LARGEFILE | O_PATH)) !== 0 || where.type !== S_IFREG) return false;
  const s = statxOfPath(where);
  return typeof s !== 'number' && s.size > MAX_NON_LFS;
}

/** Does an open change what is there? */
const changes = (given: number): boolean =>
  (given & O_PATH) === 0 && ((given & O_ACCMODE) !== O_RDONLY || (given & (O_TRUNC | __O_TMPFILE)) !== 0);

function* open(call: Call, dir: number, at: number, how: Opening, limits = 0): Steps {
  const name = call.getString(at, 4096);
  if (typeof name === 'number') return name;
  const make = (how.flags & O_CREAT) !== 0;
  if (make && (how.flags & O_DIRECTORY) !== 0) return -ERRNO.EINVAL;
  const follow = (how.flags & O_NOFOLLOW) === 0 && !(make && (how.flags & O_EXCL) !== 0);
  const opening = { flags: how.flags, mode: masked(call, how.mode) };
  for (let i = 0; i < TRIES; i++) {
    const where = call.resolve(dir, name, { follow, make, resolve: limits });
    if (typeof where === 'number') return where;
    if (where.descriptor !== undefined) return yield* reopen(call, where.object ?? -1, where.descriptor, opening);
    const refused = askAll(call, accessesOf(how.flags, where.exists), where.guest);
    if (refused !== 0) return refused;
    if (!where.exists && !make) return -ERRNO.ENOENT;
    if (where.contents !== undefined && (how.flags & (O_PATH | O_EXCL)) === 0)
      return yield* openContents(call, where.contents, opening);
    const order = settled(opening, where.exists);
    if (make && (where.trailingSlash || (order.surprise === -ERRNO.ENOENT && where.type === S_IFDIR)))
      return -ERRNO.EISDIR;
    if (changes(how.flags) && where.exists && frozen(where) !== 0) return frozen(where);
    if (tooLarge(where, how)) return -ERRNO.EOVERFLOW;
    const first = yield* opened(call, where.type, order, (to) =>
      openOrder(call, where.host, to, RESOLVE.values.RESOLVE_NO_SYMLINKS),
    );
    const result = first === -ERRNO.EACCES ? yield* openBelow(call, dir, where, order) : first;
    const raced = (result === -ERRNO.ELOOP && where.type !== S_IFLNK) || (failed(result) && result === order.surprise);
    if (!raced) return result;
  }
  return -ERRNO.ELOOP;
}

/** May an object that the program holds be opened again? Files and directories are judged by name; the rest, and what has none, by what is held. */
function mayReopen(call: Call, pin: number, given: number): number {
  const s = statxOfFd(pin);
  if (typeof s === 'number') return s;
  const wanted = accessesOf(given & ~O_CREAT, true);
  const held = heldBy(pin);
  const enough =
    typeof held !== 'number' &&
    wanted.every((a) => a === 'stat' || (a === 'read' ? held.read : a === 'write' && held.write));
  const named = nameOf(call, pin);
  const file = [S_IFREG, S_IFDIR].some((type) => type === s.type);
  if (enough && (named === undefined || !file)) return 0;
  return named === undefined ? -ERRNO.EACCES : askAll(call, wanted, named);
}

/** Opens what the helper has pinned of a process of the sandbox, `fd` there: none of them can put another object there. */
function* reopen(call: Call, pin: number, fd: number, how: Opening): Steps {
  if ((how.flags & O_CREAT) !== 0 && (how.flags & O_EXCL) !== 0) return -ERRNO.EEXIST;
  const refused = mayReopen(call, pin, how.flags);
  if (refused !== 0) return refused;
  const again = (how.flags & __O_TMPFILE) !== 0 ? how : { flags: how.flags & ~O_CREAT, mode: 0 };
  const s = statxOfFd(pin);
  const type = typeof s === 'number' ? 0 : s.type;
  return yield* reach(call, pin, { descriptor: fd }, function* (name) {
    return yield* opened(call, type, again, (to) => openOrder(call, name, to, 0));
  });
}

const { F_ADD_SEALS } = FCNTL.values;
const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = SEAL.values;
const { MFD_CLOEXEC, MFD_ALLOW_SEALING } = MEMFD.values;

/** Opens a file whose contents the helper makes: a sealed memfd that holds what is so at this moment. */
function* openContents(call: Call, contents: () => Uint8Array | undefined, how: Opening): Steps {
  if (changes(how.flags & ~O_TRUNC)) return -ERRNO.EACCES;
  const bytes = contents();
  if (bytes === undefined) return -ERRNO.ESRCH;
  const fd = native.memfdCreate('procfs', MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return fd;
  try {
    if (native.write(fd, bytes, bytes.length) !== bytes.length) return -ERRNO.ENOMEM;
    const sealed = native.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    if (sealed < 0) return sealed;
    const flags = how.flags & ~(O_CREAT | O_TRUNC | O_NOFOLLOW);
    return yield openOrder(call, helperLink(fd), { flags, mode: 0 }, 0);
  } finally {
    native.close(fd);
  }
}

const HOW_MAX = 4096;

const { RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED } = RESOLVE.values;

/** openat2(2): strict about flags. `resolve` limits the walk; what is in the kernel's caches the helper cannot tell. */
function* openat2(call: Call): Steps {
  const [dir, at, how, length] = call.r;
  if (length < openHow.size) return -ERRNO.EINVAL;
  if (length > HOW_MAX) return -ERRNO.E2BIG;
  const bytes = call.get(how, length);
  if (typeof bytes === 'number') return bytes;
  if (bytes.subarray(openHow.size).some((b) => b !== 0)) return -ERRNO.E2BIG;
  const asked = openHow.decode(bytes) as Record<string, bigint>;
  if (asked.flags > 0x7fffffffn || asked.mode > BigInt(S_IALLUGO) || asked.resolve > 0x3fn) return -ERRNO.EINVAL;
  const given = Number(asked.flags);
  const makes = (given & (O_CREAT | __O_TMPFILE)) !== 0;
  if (unknownBits(given, VALID_OPEN_FLAGS) || (!makes && asked.mode !== 0n)) return -ERRNO.EINVAL;
  if ((given & O_PATH) !== 0 && unknownBits(given, O_PATH_FLAGS)) return -ERRNO.EINVAL;
  const limits = Number(asked.resolve);
  if ((limits & RESOLVE_BENEATH) !== 0 && (limits & RESOLVE_IN_ROOT) !== 0) return -ERRNO.EINVAL;
  if ((limits & RESOLVE_CACHED) !== 0) return -ERRNO.EAGAIN;
  return yield* open(call, dir | 0, at, asOpen(given, Number(asked.mode)), limits);
}

// ---- the working directory ----

const FCHDIR = 133;
const CLOSE = 6;

function* openRemoved(call: Call, where: Resolved, how: Opening): Doing {
  return yield* throughHelper(call, where, function* (name) {
    return yield openOrder(call, name, how, 0);
  });
}

function* openNamed(call: Call, where: Resolved, how: Opening): Doing {
  const fd = yield openOrder(call, where.host, how, RESOLVE.values.RESOLVE_NO_SYMLINKS);
  return fd === -ERRNO.EACCES ? yield* openBelow(call, AT_FDCWD, where, how) : fd;
}

/** chdir(2): a directory descriptor got by its canonical path, then fchdir, which checks the search permission. */
function* chdir(call: Call): Steps {
  for (let i = 0; i < TRIES; i++) {
    const where = pathOf(call, AT_FDCWD, call.r[0], 'stat', { follow: true });
    if (typeof where === 'number') return where;
    if (!where.exists) return -ERRNO.ENOENT;
    if (where.type !== S_IFDIR) return -ERRNO.ENOTDIR;
    const how = { flags: O_PATH | O_DIRECTORY | O_CLOEXEC, mode: 0 };
    // What a descriptor leads to is that, whatever its name is now; one that was removed has none.
    const held = where.anonymous === true || where.descriptor !== undefined;
    const fd = held ? yield* openRemoved(call, where, how) : yield* openNamed(call, where, how);
    if (fd === -ERRNO.ELOOP) continue;
    if (failed(fd)) return fd;
    const result = yield [FCHDIR, fd];
    yield [CLOSE, fd];
    return result;
  }
  return -ERRNO.ELOOP;
}

const CAP_SYS_CHROOT = 1n << 18n;

/**
 * chroot(2): from now on walks for the process begin there. The kernel is told nothing, and what is judged are the same
 * names as before, so a root gives and takes no right.
 */
function chroot(call: Call): number {
  const where = pathOf(call, AT_FDCWD, call.r[0], 'stat', { follow: true });
  if (typeof where === 'number') return where;
  if (!where.exists) return -ERRNO.ENOENT;
  if (where.type !== S_IFDIR) return -ERRNO.ENOTDIR;
  // The dot asks for the right to search it.
  const fd = native.openat(where.object ?? where.dir, '.', O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  if ((call.thread.credentials.capabilities.effective & CAP_SYS_CHROOT) === 0n) {
    native.close(fd);
    return -ERRNO.EPERM;
  }
  call.thread.process.enterRoot(fd);
  return 0;
}

function getcwd(call: Call): number {
  const cwd = call.cwd();
  if (typeof cwd === 'number') return cwd;
  const bytes = cString(cwd);
  return bytes.length > call.r[1] ? -ERRNO.ERANGE : call.put(call.r[0], bytes) || bytes.length;
}

// ---- the table ----

const link = { follow: false } as const;
const made = { follow: false, make: true } as const;
const entry = { follow: false, entry: true } as const;
const atFlags = flags(AT);
/** The mode of an open is looked at when something is made. */
const creating = (at: number): Kind =>
  choice('flags', (r) => ((r[at] & (O_CREAT | __O_TMPFILE)) !== 0 ? mode() : absent));
const timesArguments = (time: Struct) => ({
  at: dirfd(),
  path: path('write', { at: 'at' }),
  times: structs('in', time, 2),
  flags: atFlags,
});

export const files = family({
  // descriptors and the working directory
  open: odd(
    5,
    { path: path((r, at) => accessesOf(r[1], at.exists)), flags: flags(OPEN), mode: creating(1) },
    (c) => open(c, AT_FDCWD, c.r[0], asOpen(c.r[1], c.r[2])),
    { returns: 'fd' },
  ),
  creat: odd(
    8,
    { path: path((_, at) => accessesOf(O_CREAT | O_WRONLY | O_TRUNC, at.exists)), mode: mode() },
    (c) => open(c, AT_FDCWD, c.r[0], asOpen(O_CREAT | O_WRONLY | O_TRUNC, c.r[1])),
    {
      returns: 'fd',
    },
  ),
  openat: odd(
    295,
    {
      at: dirfd(),
      path: path((r, at) => accessesOf(r[2], at.exists), { at: 'at' }),
      flags: flags(OPEN),
      mode: creating(2),
    },
    (c) => open(c, c.r[0] | 0, c.r[1], asOpen(c.r[2], c.r[3])),
    { returns: 'fd' },
  ),
  openat2: odd(437, { at: dirfd(), path: path('read', { at: 'at' }), how: structIn(openHow), size: size() }, openat2, {
    returns: 'fd',
  }),
  chdir: odd(12, { path: path('stat') }, chdir),
  chroot: answered(61, { path: path('stat') }, chroot),
  getcwd: answered(183, { buffer: textOut('size'), size: size() }, getcwd, { returns: 'count' }),

  // looking
  oldstat: answered(18, { path: path(statAccess), out: structOut(oldKernelStat) }, statAnswer(0, 1, OLD_STAT)),
  oldlstat: answered(84, { path: path(statAccess, link), out: structOut(oldKernelStat) }, statAnswer(0, 1, OLD_STAT)),
  stat: answered(106, { path: path(statAccess), out: structOut(stat) }, statAnswer(0, 1, STAT)),
  lstat: answered(107, { path: path(statAccess, link), out: structOut(stat) }, statAnswer(0, 1, STAT)),
  stat64: answered(195, { path: path(statAccess), out: structOut(stat64) }, statAnswer(0, 1, STAT64)),
  lstat64: answered(196, { path: path(statAccess, link), out: structOut(stat64) }, statAnswer(0, 1, STAT64)),
  fstatat64: answered(
    300,
    {
      at: dirfd(),
      path: path(statAccess, { at: 'at', follow: follows(3), empty: mayBeEmpty(3) }),
      out: structOut(stat64),
      flags: atFlags,
    },
    statAnswer(1, 2, STAT64),
    { refuses: only(3, FSTATAT_FLAGS) },
  ),
  statx: answered(
    383,
    {
      at: dirfd(),
      path: path(statAccess, { at: 'at', follow: follows(2), empty: mayBeEmpty(2) }),
      flags: flags(AT_STATX),
      mask: flags(STATX),
      out: structOut(statx),
    },
    statxAnswer,
    { refuses: statxRefusal },
  ),
  file_getattr: odd(
    468,
    { at: dirfd(), path: path('stat', { at: 'at' }), out: bytesOut('size'), size: size(), flags: flags(AT) },
    fileGetattr,
  ),
  statfs: answered(99, { path: path(statAccess), out: structOut(statfs) }, statfsAnswer(1, false)),
  statfs64: answered(268, { path: path(statAccess), size: size(), out: structOut(statfs64) }, statfsAnswer(2, true), {
    refuses: statfsRefusal,
  }),
  access: answered(33, { path: path(accessOf(1), { real: () => true }), mode: flags(ACCESS) }, accessAnswer(0, -1), {
    refuses: accessRefusal(1),
  }),
  faccessat: answered(
    307,
    { at: dirfd(), path: path(accessOf(2), { at: 'at', real: () => true }), mode: flags(ACCESS) },
    accessAnswer(1, -1),
    { refuses: accessRefusal(2) },
  ),
  faccessat2: answered(
    439,
    {
      at: dirfd(),
      path: path(accessOf(2), {
        at: 'at',
        follow: follows(3),
        empty: mayBeEmpty(3),
        real: (r) => (r[3] & AT_EACCESS) === 0,
      }),
      mode: flags(ACCESS),
      flags: flags(AT_ACCESS),
    },
    accessAnswer(1, 3),
    { refuses: accessRefusal(2, 3) },
  ),
  readlink: answered(85, { path: path('stat', link), buffer: bytesOut('size'), size: size() }, readlinkAnswer(0), {
    returns: 'count',
    refuses: readlinkRefusal(0),
  }),
  readlinkat: answered(
    305,
    {
      at: dirfd(),
      path: path(statAccess, { at: 'at', follow: false, empty: () => true }),
      buffer: bytesOut('size'),
      size: size(),
    },
    readlinkAnswer(1),
    { returns: 'count', refuses: readlinkRefusal(1) },
  ),

  // names
  mkdir: answered(39, { path: path('create', made), mode: mode() }, mkdirAnswer(0)),
  mkdirat: answered(296, { at: dirfd(), path: path('create', { at: 'at', ...made }), mode: mode() }, mkdirAnswer(1)),
  mknod: answered(14, { path: path('create', made), mode: mode(), device: uint() }, mknodAnswer(0)),
  mknodat: answered(
    297,
    { at: dirfd(), path: path('create', { at: 'at', ...made }), mode: mode(), device: uint() },
    mknodAnswer(1),
  ),
  unlink: answered(10, { path: path('create', entry) }, (c) => unlink(c.path(0))),
  rmdir: answered(40, { path: path('create', entry) }, (c) => rmdir(c.path(0))),
  unlinkat: answered(
    301,
    { at: dirfd(), path: path('create', { at: 'at', ...entry }), flags: flags(AT_UNLINK) },
    (c) => (c.r[2] === 0 ? unlink(c.path(1)) : rmdir(c.path(1))),
    { refuses: only(2, AT_REMOVEDIR) },
  ),
  rename: answered(38, { from: path('create', entry), to: path('create', made) }, renameAnswer(0, 1, -1)),
  renameat: answered(
    302,
    {
      fromAt: dirfd(),
      from: path('create', { at: 'fromAt', ...entry }),
      toAt: dirfd(),
      to: path('create', { at: 'toAt', ...made }),
    },
    renameAnswer(1, 3, -1),
  ),
  renameat2: answered(
    353,
    {
      fromAt: dirfd(),
      from: path('create', { at: 'fromAt', ...entry }),
      toAt: dirfd(),
      to: path('create', { at: 'toAt', ...made }),
      flags: flags(RENAME),
    },
    renameAnswer(1, 3, 4),
    { refuses: renameRefusal },
  ),
  link: answered(9, { from: path('stat', link), to: path('create', made) }, linkAnswer(0, 1)),
  linkat: answered(
    303,
    {
      fromAt: dirfd(),
      from: path(statAccess, { at: 'fromAt', follow: (r) => (r[4] & AT_SYMLINK_FOLLOW) !== 0, empty: mayBeEmpty(4) }),
      toAt: dirfd(),
      to: path('create', { at: 'toAt', ...made }),
      flags: atFlags,
    },
    linkAnswer(1, 3),
    { refuses: only(4, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) },
  ),
  symlink: answered(83, { target: string(), path: path('create', made) }, symlinkAnswer(0, 1)),
  symlinkat: answered(
    304,
    { target: string(), at: dirfd(), path: path('create', { at: 'at', ...made }) },
    symlinkAnswer(0, 2),
  ),

  // metadata
  chmod: answered(15, { path: path('write'), mode: mode() }, chmodAnswer(0)),
  fchmodat: answered(306, { at: dirfd(), path: path('write', { at: 'at' }), mode: mode() }, chmodAnswer(1)),
  fchmodat2: answered(
    452,
    {
      at: dirfd(),
      path: path('write', { at: 'at', follow: follows(3), empty: mayBeEmpty(3) }),
      mode: mode(),
      flags: atFlags,
    },
    chmodAnswer(1),
    { refuses: only(3, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) },
  ),
  lchown: answered(16, { path: path('write', link), owner: id(), group: id() }, chownAnswer(0, true)),
  chown: answered(182, { path: path('write'), owner: id(), group: id() }, chownAnswer(0, true)),
  lchown32: answered(198, { path: path('write', link), owner: id(), group: id() }, chownAnswer(0, false)),
  chown32: answered(212, { path: path('write'), owner: id(), group: id() }, chownAnswer(0, false)),
  fchownat: answered(
    298,
    {
      at: dirfd(),
      path: path('write', { at: 'at', follow: follows(4), empty: mayBeEmpty(4) }),
      owner: id(),
      group: id(),
      flags: atFlags,
    },
    chownAnswer(1, false),
    { refuses: only(4, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) },
  ),
  utime: answered(30, { path: path('write'), times: structIn(utimbuf, true) }, utime),
  utimes: answered(271, { path: path('write'), times: structs('in', timeval32, 2) }, (c) =>
    setTimes(c.path(0), timevals(c, c.r[1])),
  ),
  futimesat: odd(299, { at: dirfd(), path: path('write', { at: 'at' }), times: structs('in', timeval32, 2) }, (c) =>
    timesAt(c, timevals(c, c.r[2]), 0),
  ),
  utimensat: odd(320, timesArguments(timespec32), (c) => timesAt(c, timespecs(c, c.r[2], false), c.r[3])),
  utimensat_time64: odd(412, timesArguments(timespec64), (c) => timesAt(c, timespecs(c, c.r[2], true), c.r[3])),
  truncate: answered(92, { path: path('write'), length: int() }, (c) => truncateTo(c, c.r[1] | 0), {
    refuses: (r) => ((r[1] | 0) < 0 ? -ERRNO.EINVAL : 0),
  }),
  truncate64: answered(
    193,
    { path: path('write'), low: low(), high: high() },
    (c) => truncateTo(c, Number(offset64(c.r[1], c.r[2]))),
    { refuses: (r) => (offset64(r[1], r[2]) < 0n ? -ERRNO.EINVAL : 0) },
  ),
});
