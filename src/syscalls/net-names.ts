/**
 * Names of unix sockets. A name is made below the helper's descriptor of the directory that was judged, so that nobody
 * can exchange a directory on the way. The kernel keeps that path for the socket's name; wherever it tells such a name,
 * the program is told the one that it gave. Other processes see the kernel's, which leads to the socket as long as the
 * helper lives, for the descriptors stay open.
 */
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { FCNTL, RENAME } from '../abi/flags.js';
import { SUN_PATH, unixAddress } from '../abi/structs.js';
import { native } from '../native/index.js';
import type { Call, Doing, Resolved } from './dsl.js';
import { helperLink, reach, seesHelper, statxOfFd } from './support.js';

/** Addresses as the program gave them, by the kernel's path; of all processes of the sandbox. */
const names = new Map<ByteString, Uint8Array>();
const NAMES_MAX = 4096;
/** Is there a name to be told otherwise than the kernel does? As long as not, nothing has to be looked at. */
export const anyNamed = (): boolean => names.size > 0;

function remember(kernel: ByteString, own: Uint8Array): void {
  names.delete(kernel);
  names.set(kernel, own);
  for (const oldest of names.keys()) {
    if (names.size <= NAMES_MAX) break;
    names.delete(oldest);
  }
}

// ---- making a name ----

/** Helper's descriptors of directories with names in them, by what they are and the mount, which may be read-only. */
const directories = new Map<string, number>();
const DIRECTORIES_MAX = 256;

function directoryOf(call: Call, where: Resolved): number {
  const s = statxOfFd(where.dir);
  if (typeof s === 'number') return s;
  const key = `${s.identity} ${s.mount ?? where.host.slice(0, where.host.length - where.name.length)}`;
  const kept = directories.get(key);
  if (kept !== undefined) return kept;
  if (directories.size >= DIRECTORIES_MAX) {
    call.log('warn', `bind: sockets have names in ${DIRECTORIES_MAX} directories already, which is the most`);
    return -ERRNO.ENOMEM;
  }
  const fd = native.fcntl(where.dir, FCNTL.values.F_DUPFD_CLOEXEC, 0);
  if (fd >= 0) directories.set(key, fd);
  return fd;
}

let temporaries = 0;
const temporary = (): ByteString => `.nurse-${process.pid}-${temporaries++}`;

type Then = (at: number, length: number) => Doing;

/** Binds by `then` to a name where `where` is, which the program calls `path`. */
export function* bindAt(call: Call, where: Resolved, path: ByteString, then: Then): Doing {
  if (!seesHelper(call)) return yield* bindBeside(call, where, path, then);
  const dir = directoryOf(call, where);
  if (dir < 0) return dir;
  // The kernel's path must fit as well; where it does not, it is one that fits, and the file is renamed.
  const fits = `${helperLink(dir)}/${where.name}`.length < SUN_PATH;
  const name = fits ? where.name : temporary();
  const kernel = `${helperLink(dir)}/${name}`;
  const result = yield* bindTo(call, kernel, path, then);
  return result !== 0 || fits ? result : rename(dir, name, where.name);
}

/** Another directory may have the same name for the trustee tomorrow: what is bound there gets a name of its own first. */
function* bindBeside(call: Call, where: Resolved, path: ByteString, then: Then): Doing {
  const name = temporary();
  const parent = where.host.slice(0, where.host.lastIndexOf('/')) || '/';
  return yield* reach(call, where.dir, { host: parent }, function* (at) {
    const result = yield* bindTo(call, `${at}/${name}`, path, then);
    return result !== 0 ? result : rename(where.dir, name, where.name);
  });
}

function* bindTo(call: Call, kernel: ByteString, path: ByteString, then: Then): Doing {
  const to = unixAddress(kernel);
  const result = yield* then(call.arena(to), to.length);
  if (result === 0) remember(kernel, unixAddress(path));
  return result;
}

function rename(dir: number, from: ByteString, to: ByteString): number {
  const result = native.renameat2(dir, from, dir, to, RENAME.values.RENAME_NOREPLACE);
  if (result !== 0) native.unlinkat(dir, from, 0);
  return result === -ERRNO.EEXIST ? -ERRNO.EADDRINUSE : result;
}

// ---- telling a name ----

const ADDRESS_MAX = 128;
const FAMILY = 2;

/** The address that the program gave, where the kernel's is one of those made here. */
function ownOf(address: Uint8Array): Uint8Array | undefined {
  const end = address.indexOf(0, FAMILY);
  return names.get(fromBytes(address.subarray(FAMILY, end < 0 ? address.length : end)));
}

const buffer = new Uint8Array(ADDRESS_MAX);

/** The same for a socket's own name or its peer's. */
export function ownNameOf(call: Call, fd: number, peer: boolean): Uint8Array | undefined {
  const pin = call.pin(fd);
  const length = pin < 0 ? pin : native.socketName(pin, peer ? 1 : 0, buffer);
  return length < 0 ? undefined : ownOf(buffer.subarray(0, Math.min(length, ADDRESS_MAX)));
}

/** Where the kernel wrote an address of `length` bytes into `room`: puts the program's own there. The length to be told. */
export function retell(call: Call, at: number, room: number, length: number): number {
  if (at === 0 || room <= FAMILY || length <= FAMILY) return length;
  const bytes = call.get(at, Math.min(room, length, ADDRESS_MAX));
  const own = typeof bytes === 'number' ? undefined : ownOf(bytes);
  if (own === undefined) return length;
  call.put(at, own.subarray(0, room));
  return own.length;
}
