/** Extended attributes by path: the old calls, and those of Linux 6.13 that take a directory, flags and a structure. */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { AT, AT_FDCWD, XATTR } from '../abi/flags.js';
import { xattrArgs } from '../abi/structs.js';
import { native } from '../native/index.js';
import {
  answered,
  bytesIn,
  bytesOut,
  dirfd,
  family,
  flags,
  odd,
  path,
  size,
  string,
  structIn,
  type Call,
  type Kind,
  type PathAccess,
  type Refuses,
  type Steps,
} from './dsl.js';
import { changeObject, heldBy, onObject, ownLink, pinForChange, text } from './support.js';

const { AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH } = AT.values;
const { XATTR_CREATE, XATTR_REPLACE } = XATTR.values;
/** Longest name with its NUL; an empty one is as wrong as one too long. */
const NAME_MAX = 256;
const XATTR_SIZE_MAX = 65536;

/** Reads with `get` into the program's buffer; size 0 asks for the length. */
export function putXattr(
  call: Call,
  at: number,
  room: number,
  get: (out: Uint8Array | null, size: number) => number,
): number {
  if (room === 0) return get(null, 0);
  const out = new Uint8Array(Math.min(room, XATTR_SIZE_MAX));
  const n = get(out, out.length);
  return n < 0 ? n : call.put(at, out.subarray(0, n)) || n;
}

/** The value that a setxattr call gives at an address. */
export function xattrValue(call: Call, at: number, length: number): Uint8Array | number {
  if (length > XATTR_SIZE_MAX) return -ERRNO.E2BIG;
  return length === 0 ? new Uint8Array(0) : call.get(at, length);
}

const getxattr = (call: Call): number =>
  onObject(call.path(0), (file) =>
    putXattr(call, call.r[2], call.r[3], (out, room) => native.getxattr(file, text(call.bytes(1)), out, room)),
  );
const listxattr = (call: Call): number =>
  onObject(call.path(0), (file) =>
    putXattr(call, call.r[1], call.r[2], (out, room) => native.listxattr(file, out, room)),
  );
function setxattr(call: Call): number {
  const value = xattrValue(call, call.r[2], call.r[3]);
  if (typeof value === 'number') return value;
  return changeObject(call.path(0), (file) =>
    native.setxattr(file, text(call.bytes(1)), value, value.length, call.r[4]),
  );
}
const removexattr = (call: Call): number =>
  changeObject(call.path(0), (file) => native.removexattr(file, text(call.bytes(1))));

const setRefusal: Refuses = (r) => ((r[4] & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0 ? -ERRNO.EINVAL : 0);

// ---- with a directory ----

const PATH_MAX = 4096;
const ARGS_MAX = 4096;
type Act = (file: ByteString) => number;

/**
 * Acts on what a directory, a path and flags name. An empty path is the descriptor itself, as for the calls that begin
 * with f: an O_PATH one is EBADF.
 */
function actAt(call: Call, access: 'write' | 'stat', act: Act): number {
  const [dir, at, how] = call.r;
  if ((how & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -ERRNO.EINVAL;
  const empty = (how & AT_EMPTY_PATH) !== 0;
  const name = empty && at === 0 ? '' : call.getString(at, PATH_MAX);
  if (typeof name === 'number') return name;
  if (empty && name === '' && (dir | 0) !== AT_FDCWD) return actOn(call, dir | 0, access, act);
  const where = call.resolve(dir | 0, name, { follow: (how & AT_SYMLINK_NOFOLLOW) === 0, empty });
  if (typeof where === 'number') return where;
  const refused = call.ask({ ask: 'path', access, path: where.guest });
  if (refused !== 0) return refused;
  return access === 'write' ? changeObject(where, act) : onObject(where, act);
}
function actOn(call: Call, fd: number, access: 'write' | 'stat', act: Act): number {
  const pin = access === 'write' ? pinForChange(call, fd) : call.pin(fd);
  if (pin < 0) return pin;
  const held = heldBy(pin);
  return typeof held === 'number' ? held : act(ownLink(pin));
}

const nameAt = (call: Call, address: number): ByteString | number => {
  const name = call.getString(address, NAME_MAX);
  return name === '' || name === -ERRNO.ENAMETOOLONG ? -ERRNO.ERANGE : name;
};

interface XattrArgs {
  readonly value: number;
  readonly size: number;
  readonly flags: number;
}
/** struct xattr_args of that many bytes; a later kernel's must be zero beyond ours. */
function argsAt(call: Call, at: number, length: number): XattrArgs | number {
  if (length < xattrArgs.size) return -ERRNO.EINVAL;
  if (length > ARGS_MAX) return -ERRNO.E2BIG;
  const bytes = call.get(at, length);
  if (typeof bytes === 'number') return bytes;
  if (bytes.subarray(xattrArgs.size).some((b) => b !== 0)) return -ERRNO.E2BIG;
  const { value, size, flags } = xattrArgs.decode(bytes);
  if ((value as bigint) > 0xffffffffn) return -ERRNO.EFAULT;
  return { value: Number(value), size: Number(size), flags: Number(flags) };
}

function* setxattrat(call: Call): Steps {
  const args = argsAt(call, call.r[4], call.r[5]);
  if (typeof args === 'number') return args;
  if ((args.flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -ERRNO.EINVAL;
  const name = nameAt(call, call.r[3]);
  if (typeof name === 'number') return name;
  const value = xattrValue(call, args.value, args.size);
  if (typeof value === 'number') return value;
  return actAt(call, 'write', (file) => native.setxattr(file, name, value, value.length, args.flags));
}
function* getxattrat(call: Call): Steps {
  const args = argsAt(call, call.r[4], call.r[5]);
  if (typeof args === 'number') return args;
  if (args.flags !== 0) return -ERRNO.EINVAL;
  const name = nameAt(call, call.r[3]);
  if (typeof name === 'number') return name;
  return actAt(call, 'stat', (file) =>
    putXattr(call, args.value, args.size, (out, room) => native.getxattr(file, name, out, room)),
  );
}
function* listxattrat(call: Call): Steps {
  return actAt(call, 'stat', (file) =>
    putXattr(call, call.r[3], call.r[4], (out, room) => native.listxattr(file, out, room)),
  );
}
function* removexattrat(call: Call): Steps {
  const name = nameAt(call, call.r[3]);
  return typeof name === 'number' ? name : actAt(call, 'write', (file) => native.removexattr(file, name));
}

// ---- the table ----

const link = { follow: false } as const;
const count = { returns: 'count' } as const;
export const xattrName = (): Kind => string(NAME_MAX, 'ERANGE');
const value = (access: PathAccess, follow: boolean) => ({
  path: path(access, { follow }),
  name: xattrName(),
  value: access === 'write' ? bytesIn('size') : bytesOut('size'),
  size: size(),
});
const at = (access: PathAccess) => ({ at: dirfd(), path: path(access, { at: 'at' }), flags: flags(AT) });
const args = { args: structIn(xattrArgs), size: size() };

export const xattrs = family({
  setxattr: answered(226, { ...value('write', true), flags: flags(XATTR) }, setxattr, { refuses: setRefusal }),
  lsetxattr: answered(227, { ...value('write', false), flags: flags(XATTR) }, setxattr, { refuses: setRefusal }),
  getxattr: answered(229, value('stat', true), getxattr, count),
  lgetxattr: answered(230, value('stat', false), getxattr, count),
  listxattr: answered(232, { path: path('stat'), list: bytesOut('size'), size: size() }, listxattr, count),
  llistxattr: answered(233, { path: path('stat', link), list: bytesOut('size'), size: size() }, listxattr, count),
  removexattr: answered(235, { path: path('write'), name: xattrName() }, removexattr),
  lremovexattr: answered(236, { path: path('write', link), name: xattrName() }, removexattr),

  setxattrat: odd(463, { ...at('write'), name: xattrName(), ...args }, setxattrat),
  getxattrat: odd(464, { ...at('stat'), name: xattrName(), ...args }, getxattrat, count),
  listxattrat: odd(465, { ...at('stat'), list: bytesOut('size'), size: size() }, listxattrat, count),
  removexattrat: odd(466, { ...at('write'), name: xattrName() }, removexattrat),
});
