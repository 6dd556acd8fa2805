/** What the tables of calls share: places to act in, stat structures, results. */
import { fromBytes, toBytes, type ByteString } from '../abi/bytes.js';
import { copier, type Struct, type Values } from '../abi/ctype.js';
import { ERRNO } from '../abi/errno.js';
import { AT, AT_FDCWD, FCNTL, OPEN, RESOLVE, STATX_BASIC_STATS } from '../abi/flags.js';
import { StatxBuffer } from '../abi/statx.js';
import { openHow, oldKernelStat, stat, stat64, statfs, statfs64, statx } from '../abi/structs.js';
import { ownCredentials } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { Access } from '../questions.js';
import type { Call, Order, PathAccess, ResolveOptions, Resolved, Wait } from './dsl.js';

const { AT_EMPTY_PATH } = AT.values;
const { O_CLOEXEC, O_NOFOLLOW, O_PATH } = OPEN.values;
const { RESOLVE_NO_SYMLINKS } = RESOLVE.values;

/** Results from here up are negative errnos. */
export const failed = (result: number): boolean => result < 0 && result >= -4095;

/** A path string as the kernel reads it. */
export const cString = (text: ByteString): Uint8Array => toBytes(text + '\0');
/** The text of a string() argument, whose copy ends with its NUL. */
export const text = (bytes: Uint8Array): ByteString => {
  const end = bytes.indexOf(0);
  return fromBytes(end < 0 ? bytes : bytes.subarray(0, end));
};
/** The signed 64-bit value of two registers. */
export const offset64 = (low: number, high: number): bigint => BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));

// ---- acting on a resolved path ----

/** Where a native *at call acts. */
export interface Place {
  readonly dir: number;
  readonly name: ByteString;
  readonly flags: number;
}

/** The name by which the helper's calls reach what one of its descriptors refers to: a symlink itself, too. */
export const ownLink = (fd: number): ByteString => `/proc/self/fd/${fd}`;
/** The same, for calls that the trustee makes: the helper's descriptor cannot be swapped by the program. */
export const helperLink = (fd: number): ByteString => `/proc/${process.pid}/fd/${fd}`;

/** Was it reached by a descriptor that the program holds, not by its name? */
export const isHeld = (where: Resolved): boolean => where.descriptor !== undefined || where.held === true;

/** Runs `act` with a name of the object that was resolved, which nothing put in its place since can change. */
export const onObject = (where: Resolved, act: (name: ByteString) => number): number =>
  where.object === undefined ? -ERRNO.ENOENT : act(ownLink(where.object));

/** -EROFS for what lies in the sysroot, otherwise 0. */
export const frozen = (where: Resolved): number => (where.layer === 'sysroot' ? -ERRNO.EROFS : 0);

/** onObject for calls that change it. */
export const changeObject = (where: Resolved, act: (name: ByteString) => number): number =>
  frozen(where) || onObject(where, act);

/** What a path leads to, whose end need not be there: it may be made later. */
export function namedOrMade(resolve: (options: ResolveOptions) => Resolved | number): Resolved | number {
  const there = resolve({ follow: true });
  return there === -ERRNO.ENOENT ? resolve({ follow: true, make: true }) : there;
}

/** What an odd row does with a path argument: read once, resolved, asked. */
export function pathOf(
  call: Call,
  dir: number,
  address: number,
  access: Access,
  options: ResolveOptions,
): Resolved | number {
  const name = call.getString(address, 4096);
  if (typeof name === 'number') return name;
  const where = call.resolve(dir, name, options);
  if (typeof where === 'number') return where;
  const refused = call.ask({ ask: 'path', access, path: where.guest });
  return refused === 0 ? where : refused;
}

/** Asks for each access in turn: 0, or the first refusal. */
export function askAll(call: Call, accesses: readonly Access[], path: ByteString): number {
  for (const access of accesses) {
    const refused = call.ask({ ask: 'path', access, path });
    if (refused !== 0) return refused;
  }
  return 0;
}

/** stat of a name; what the program holds open already it may look at. */
export const statAccess: PathAccess = (_r, path) => (isHeld(path) ? [] : ['stat']);

// ---- stat ----

const buffer = new StatxBuffer();

/** statx of a place, in a buffer that is good until the next one; or a negative errno. */
export function statxOf(at: Place): StatxBuffer | number {
  const result = native.statx(at.dir, at.name, at.flags, STATX_BASIC_STATS, buffer.bytes);
  return result < 0 ? result : buffer;
}
/** The same of a descriptor of the helper. */
export function statxOfFd(fd: number): StatxBuffer | number {
  const result = native.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS, buffer.bytes);
  return result < 0 ? result : buffer;
}
/** The same of what was resolved. */
export const statxOfPath = (where: Resolved): StatxBuffer | number =>
  where.object === undefined ? -ERRNO.ENOENT : statxOfFd(where.object);

/** new_encode_dev() and old_encode_dev() of the kernel's include/linux/kdev_t.h. */
export const newDevice = (major: number, minor: number): number =>
  ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
export const oldDevice = (major: number, minor: number): number => ((major & 0xff) << 8) | (minor & 0xff);

const OVERFLOW_ID = 65534;
const shortId = (id: number): number => (id > 0xffff ? OVERFLOW_ID : id);
const MAX_INODE = 0xffffffffn;
const MAX_OLD_INODE = 0xffffn;
const MAX_LINKS = 0xffff;
const MAX_NON_LFS = 0x7fffffffn;

/** Fields that are copied as they are; 64-bit seconds go into 32-bit fields modulo 2^32. */
const OLD_SAME = {
  ...{ st_ino: 'stx_ino', st_mode: 'stx_mode', st_nlink: 'stx_nlink', st_size: 'stx_size' },
  ...{ st_atime: 'stx_atime.tv_sec', st_mtime: 'stx_mtime.tv_sec', st_ctime: 'stx_ctime.tv_sec' },
};
const SAME = {
  ...{ ...OLD_SAME, st_blksize: 'stx_blksize', st_blocks: 'stx_blocks' },
  ...{ st_atime_nsec: 'stx_atime.tv_nsec', st_mtime_nsec: 'stx_mtime.tv_nsec', st_ctime_nsec: 'stx_ctime.tv_nsec' },
};
const SAME64 = { ...SAME, __st_ino: 'stx_ino', st_uid: 'stx_uid', st_gid: 'stx_gid' };

/** The program's form of a statx: the field of each name is copied, what is encoded in another way is put behind that. */
export interface StatLayout {
  /** Where the form is made; good until the next one is. */
  readonly bytes: Uint8Array;
  /** 0, or -EOVERFLOW where a field is too narrow (fs/stat.c, arch/x86/kernel/sys_ia32.c). */
  fill(s: StatxBuffer): number;
}

type Encoded = Readonly<Record<string, (s: StatxBuffer) => number>>;

function statLayout(
  struct: Struct,
  same: Readonly<Record<string, string>>,
  fits: (s: StatxBuffer) => boolean,
  encoded: Encoded,
): StatLayout {
  const bytes = new Uint8Array(struct.size);
  const view = new DataView(bytes.buffer);
  const copy = copier(statx, struct, same);
  const puts = struct.fields
    .filter(({ name }) => name in encoded)
    .map(
      ({ name, offset, type }) =>
        (s: StatxBuffer) =>
          type.put(view, offset, encoded[name](s)),
    );
  return {
    bytes,
    fill(s) {
      if (!fits(s)) return -ERRNO.EOVERFLOW;
      copy(s.bytes, bytes);
      for (const put of puts) put(s);
      return 0;
    },
  };
}

const NEW_DEVICES: Encoded = {
  st_dev: (s) => newDevice(s.deviceMajor, s.deviceMinor),
  st_rdev: (s) => newDevice(s.nodeMajor, s.nodeMinor),
};
const OLD_DEVICES: Encoded = {
  st_dev: (s) => oldDevice(s.deviceMajor, s.deviceMinor),
  st_rdev: (s) => oldDevice(s.nodeMajor, s.nodeMinor),
};
const SHORT_IDS: Encoded = { st_uid: (s) => shortId(s.uid), st_gid: (s) => shortId(s.gid) };
const isNarrow = (s: StatxBuffer, inode: bigint): boolean =>
  s.inode <= inode && s.links <= MAX_LINKS && s.size <= MAX_NON_LFS;

export const STAT64 = statLayout(stat64, SAME64, () => true, NEW_DEVICES);
export const STAT = statLayout(stat, SAME, (s) => isNarrow(s, MAX_INODE), { ...NEW_DEVICES, ...SHORT_IDS });
export const OLD_STAT = statLayout(oldKernelStat, OLD_SAME, (s) => isNarrow(s, MAX_OLD_INODE), {
  ...OLD_DEVICES,
  ...SHORT_IDS,
});

/** Answers a stat call at `out`. */
export function putStat(call: Call, s: StatxBuffer | number, out: number, layout: StatLayout): number {
  const refused = typeof s === 'number' ? s : layout.fill(s);
  return refused !== 0 ? refused : call.put(out, layout.bytes);
}

// ---- statfs ----

const STATFS_WORDS = [
  'f_type',
  'f_bsize',
  'f_blocks',
  'f_bfree',
  'f_bavail',
  'f_files',
  'f_ffree',
  'f_fsid',
  'f_namelen',
  'f_frsize',
  'f_flags',
];
const words = new BigUint64Array(STATFS_WORDS.length);
const NONE = 0xffffffffffffffffn;

/** Answers statfs of an object's name in the helper; the 32-bit form overflows as fs/statfs.c has it. */
export function putStatfs(call: Call, name: ByteString, out: number, wide: boolean): number {
  const result = native.statfs(name, words);
  if (result < 0) return result;
  const values: Values = Object.fromEntries(STATFS_WORDS.map((word, i) => [word, words[i]]));
  if (wide) return call.putStruct(out, statfs64, values);
  const [, bsize, blocks, bfree, bavail, files, ffree] = words;
  const narrow = (x: bigint): boolean => x <= 0xffffffffn;
  if (![bsize, blocks, bfree, bavail].every(narrow)) return -ERRNO.EOVERFLOW;
  if (![files, ffree].every((x) => x === NONE || narrow(x))) return -ERRNO.EOVERFLOW;
  for (const word of ['f_files', 'f_ffree']) values[word] = Number(BigInt.asUintN(32, values[word] as bigint));
  return call.putStruct(out, statfs, values);
}

// ---- what a descriptor allows ----

const { O_ACCMODE, O_RDWR, O_WRONLY } = OPEN.values;
const { F_GETFL, F_DUPFD_CLOEXEC } = FCNTL.values;

/** What a descriptor of the helper may be used for. */
export interface Held {
  readonly read: boolean;
  readonly write: boolean;
}
/** -EBADF for an O_PATH descriptor, which may be used for nothing. */
export function heldBy(fd: number): Held | number {
  const flags = native.fcntl(fd, F_GETFL, 0);
  if (flags < 0) return flags;
  if ((flags & O_PATH) !== 0) return -ERRNO.EBADF;
  const mode = flags & O_ACCMODE;
  return { read: mode !== O_WRONLY, write: mode === O_WRONLY || mode === O_RDWR };
}

/** The guest path of what a descriptor of the helper is; undefined for what has none: pipes, memfds, deleted files. */
export function nameOf(call: Call, fd: number): ByteString | undefined {
  const s = statxOfFd(fd);
  if (typeof s === 'number' || s.links === 0) return undefined;
  const name = call.guestPath(fd);
  return typeof name === 'string' && name.startsWith('/') ? name : undefined;
}

/**
 * The program's descriptor, pinned, if it may change what the descriptor is open on: mode, owner, times, attributes.
 * The kernel lets an owner do that through a read-only descriptor; here its name must be writable then.
 */
export function pinForChange(call: Call, fd: number): number {
  const pin = call.pin(fd);
  if (pin < 0) return pin;
  const held = heldBy(pin);
  if (typeof held === 'number') return held;
  if (held.write) return pin;
  const path = nameOf(call, pin);
  const refused = path === undefined ? 0 : call.ask({ ask: 'path', access: 'write', path });
  return refused === 0 ? pin : refused;
}

/** Ranges of program memory that an order names: 0, or -EFAULT where one meets protected memory. Null is no range. */
export function within(call: Call, ...ranges: readonly (readonly [at: number, length: number])[]): number {
  for (const [at, length] of ranges) {
    const refused = at === 0 || length === 0 ? 0 : call.checkRange(at, length);
    if (refused !== 0) return refused;
  }
  return 0;
}

// ---- what the trustee acts on ----

/** How a trustee of other rights than the helper's comes to an object: by its host path, or as a descriptor of the program. */
export type Way = { readonly host: ByteString } | { readonly descriptor: number };
type Result<T> = Generator<Order | Wait, T | number, number>;

const OPENAT2 = 437;
const DUP3 = 330;
const PRLIMIT64 = 340;
const RLIMIT_NOFILE = 7;
const CLOSE = 6;

const limitOrder = (call: Call, limit: Uint8Array): Order => [PRLIMIT64, 0, RLIMIT_NOFILE, call.arena(limit), 0, 0];

/** Puts what is on the way at a reserved number: 0, or a negative errno. */
function* aim(call: Call, target: number, way: Way): Result<never> {
  const how = openHow.encode({ flags: O_PATH | O_CLOEXEC | O_NOFOLLOW, mode: 0, resolve: RESOLVE_NO_SYMLINKS });
  const fd =
    'descriptor' in way
      ? call.checkFd(way.descriptor) || way.descriptor
      : yield [OPENAT2, AT_FDCWD, call.arena(cString(way.host)), call.arena(how), openHow.size];
  if (failed(fd)) return fd;
  yield limitOrder(call, call.targets.raise());
  const result = yield [DUP3, fd, target, O_CLOEXEC];
  const before = call.targets.restore();
  if (before !== undefined) yield limitOrder(call, before);
  if ('host' in way) yield [CLOSE, fd];
  return failed(result) ? result : 0;
}

/** Device, inode and mount of a descriptor of the helper. */
function whatItIs(fd: number): string | undefined {
  const s = fd < 0 ? fd : statxOfFd(fd);
  return typeof s === 'number' ? undefined : `${s.identity} ${s.mount ?? ''}`;
}

/** Is what the trustee holds there what a descriptor of the helper refers to? Others may have changed the way meanwhile. */
function isAimedAt(call: Call, target: number, fd: number): boolean {
  const there = whatItIs(call.pinTarget(target));
  return there !== undefined && there === whatItIs(fd);
}

/** May the call's trustee follow helperLink()? */
export const seesHelper = (call: Call): boolean => call.thread.credentials.key === ownCredentials().key;

/**
 * Does `act` with a name by which the trustee reaches what a descriptor of the helper refers to, and nothing that the
 * program put in its place. A trustee with other rights than the helper's may not look into the helper's descriptors
 * (ptrace(2), access mode checking): it holds the object itself then, at a reserved number.
 */
export function* reach<T>(call: Call, fd: number, way: Way, act: (name: ByteString) => Result<T>): Result<T> {
  if (seesHelper(call)) return yield* act(helperLink(fd));
  return yield* atTarget(call, fd, way, (target) => act(ownLink(target)));
}

/** The same for a trustee that holds the object: `act` is told the number. */
export function* atTarget<T>(call: Call, fd: number, way: Way, act: (target: number) => Result<T>): Result<T> {
  const target = call.targets.take();
  if (target < 0) return target;
  try {
    const refused = yield* aim(call, target, way);
    if (refused !== 0) return refused;
    const result = isAimedAt(call, target, fd) ? yield* act(target) : -ERRNO.EAGAIN;
    yield [CLOSE, target];
    return result;
  } finally {
    call.targets.giveBack(target);
  }
}

/** The same with what is resolved. */
export function* throughHelper<T>(call: Call, where: Resolved, act: (name: ByteString) => Result<T>): Result<T> {
  if (where.object === undefined) return -ERRNO.ENOENT;
  const fd = native.fcntl(where.object, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return fd;
  const way = where.descriptor === undefined ? { host: where.host } : { descriptor: where.descriptor };
  try {
    return yield* reach(call, fd, way, act);
  } finally {
    native.close(fd);
  }
}
