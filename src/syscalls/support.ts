/** What the tables of calls share: places to act in, stat structures, results. */
import { fromBytes, toBytes, type ByteString } from '../abi/bytes.js';
import type { Struct, Values } from '../abi/ctype.js';
import { ERRNO } from '../abi/errno.js';
import { AT, FCNTL, OPEN, S_IFMT, STATX_BASIC_STATS } from '../abi/flags.js';
import { oldKernelStat, stat, stat64, statfs, statfs64, statx } from '../abi/structs.js';
import { native } from '../native/index.js';
import type { Access } from '../questions.js';
import type { Call, PathAccess, ResolveOptions, Resolved, Steps } from './dsl.js';

const { AT_EMPTY_PATH } = AT.values;
const { O_PATH } = OPEN.values;

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
export const isHeld = (where: Resolved): boolean => where.descriptor !== undefined || where.anonymous !== undefined;

/** Runs `act` with a name of the object that was resolved, which nothing put in its place since can change. */
export const onObject = (where: Resolved, act: (name: ByteString) => number): number =>
  where.object === undefined ? -ERRNO.ENOENT : act(ownLink(where.object));

/** -EROFS for what lies in the sysroot, otherwise 0. */
export const frozen = (where: Resolved): number => (where.layer === 'sysroot' ? -ERRNO.EROFS : 0);

/** onObject for calls that change it. */
export const changeObject = (where: Resolved, act: (name: ByteString) => number): number =>
  frozen(where) || onObject(where, act);

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

const buffer = new Uint8Array(statx.size);

/** struct statx of a place, or a negative errno. */
export function statxOf(at: Place): Values | number {
  const result = native.statx(at.dir, at.name, at.flags, STATX_BASIC_STATS, buffer);
  return result < 0 ? result : statx.decode(buffer);
}
/** The same of a descriptor of the helper. */
export const statxOfFd = (fd: number): Values | number => statxOf({ dir: fd, name: '', flags: AT_EMPTY_PATH });
/** The same of what was resolved. */
export const statxOfPath = (where: Resolved): Values | number =>
  where.object === undefined ? -ERRNO.ENOENT : statxOfFd(where.object);

/** S_IFMT bits of a statx. */
export const typeOf = (s: Values): number => Number(s.stx_mode) & S_IFMT;

/** new_encode_dev() and old_encode_dev() of the kernel's include/linux/kdev_t.h. */
export const newDevice = (major: number, minor: number): number =>
  ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
export const oldDevice = (major: number, minor: number): number => ((major & 0xff) << 8) | (minor & 0xff);

const OVERFLOW_ID = 65534;
const shortId = (id: number): number => (id > 0xffff ? OVERFLOW_ID : id);
const MAX_NON_LFS = 0x7fffffff;

/** The program's form of a statx, or -EOVERFLOW where a field is too narrow (fs/stat.c, arch/x86/kernel/sys_ia32.c). */
export type StatForm = (s: Values) => Values | number;

const times = (s: Values): Values => ({
  st_atime: s['stx_atime.tv_sec'],
  st_atime_nsec: s['stx_atime.tv_nsec'],
  st_mtime: s['stx_mtime.tv_sec'],
  st_mtime_nsec: s['stx_mtime.tv_nsec'],
  st_ctime: s['stx_ctime.tv_sec'],
  st_ctime_nsec: s['stx_ctime.tv_nsec'],
});
/** 64-bit seconds go into 32-bit fields modulo 2^32. */
const shortTimes = (s: Values): Values =>
  Object.fromEntries(
    Object.entries(times(s)).map(([name, x]) => [name, Number(BigInt.asUintN(32, BigInt(x as bigint)))]),
  );

export const toStat64: StatForm = (s) => ({
  st_dev: newDevice(Number(s.stx_dev_major), Number(s.stx_dev_minor)),
  __st_ino: Number(BigInt.asUintN(32, s.stx_ino as bigint)),
  st_mode: s.stx_mode,
  st_nlink: s.stx_nlink,
  st_uid: s.stx_uid,
  st_gid: s.stx_gid,
  st_rdev: newDevice(Number(s.stx_rdev_major), Number(s.stx_rdev_minor)),
  st_size: s.stx_size,
  st_blksize: s.stx_blksize,
  st_blocks: s.stx_blocks,
  ...shortTimes(s),
  st_ino: s.stx_ino,
});

export const toStat: StatForm = (s) => {
  if (Number(s.stx_ino) > 0xffffffff || Number(s.stx_nlink) > 0xffff || Number(s.stx_size) > MAX_NON_LFS)
    return -ERRNO.EOVERFLOW;
  return {
    st_dev: newDevice(Number(s.stx_dev_major), Number(s.stx_dev_minor)),
    st_ino: Number(s.stx_ino),
    st_mode: s.stx_mode,
    st_nlink: s.stx_nlink,
    st_uid: shortId(Number(s.stx_uid)),
    st_gid: shortId(Number(s.stx_gid)),
    st_rdev: newDevice(Number(s.stx_rdev_major), Number(s.stx_rdev_minor)),
    st_size: Number(s.stx_size),
    st_blksize: s.stx_blksize,
    st_blocks: Number(BigInt.asUintN(32, s.stx_blocks as bigint)),
    ...shortTimes(s),
  };
};

export const toOldStat: StatForm = (s) => {
  if (Number(s.stx_ino) > 0xffff || Number(s.stx_nlink) > 0xffff || Number(s.stx_size) > MAX_NON_LFS)
    return -ERRNO.EOVERFLOW;
  const wide = toStat(s) as Values;
  return {
    ...wide,
    st_dev: oldDevice(Number(s.stx_dev_major), Number(s.stx_dev_minor)),
    st_rdev: oldDevice(Number(s.stx_rdev_major), Number(s.stx_rdev_minor)),
  };
};

export interface StatLayout {
  readonly struct: Struct;
  readonly form: StatForm;
}
export const STAT64: StatLayout = { struct: stat64, form: toStat64 };
export const STAT: StatLayout = { struct: stat, form: toStat };
export const OLD_STAT: StatLayout = { struct: oldKernelStat, form: toOldStat };

/** Answers a stat call at `out`. */
export function putStat(call: Call, s: Values | number, out: number, { struct, form }: StatLayout): number {
  const values = typeof s === 'number' ? s : form(s);
  return typeof values === 'number' ? values : call.putStruct(out, struct, values);
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
  if (typeof s === 'number' || Number(s.stx_nlink) === 0) return undefined;
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

/** Does `act` with a descriptor of the helper of what is resolved: a name that the program cannot put another object behind. */
export function* throughHelper(where: Resolved, act: (name: ByteString) => Steps): Steps {
  if (where.object === undefined) return -ERRNO.ENOENT;
  const fd = native.fcntl(where.object, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return fd;
  try {
    return yield* act(helperLink(fd));
  } finally {
    native.close(fd);
  }
}
