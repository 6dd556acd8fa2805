/**
 * Merged listings of the view: a directory that stands in the sysroot and on the host is one. The kernel lists the
 * sysroot's as the program's own descriptor; when that is at its end, what only the host has follows (getdents64(2)).
 */
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import type { PathResolver } from './paths.js';

const O_DIRECTORY = 0o200000;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name. */
const OFFSET = 8;
const LENGTH = 16;
const NAME = 19;
/** Positions behind the kernel's own; seekdir to one of them is not offered. */
const BEYOND = 0x40000000n;

export class Listings {
  /** By descriptor: the records that are still to be told. */
  private readonly rest = new Map<number, Uint8Array[]>();

  /** The kernel had entries: whatever was told behind its end is over (rewinddir, or another file). */
  restart(fd: number): void {
    this.rest.delete(fd);
  }

  /** Behind the end of `fd` (pinned as `pin`): at most `room` bytes of further entries; none left, or a negative errno. */
  further(fd: number, pin: number, room: number, resolver: PathResolver): Uint8Array | number {
    const records = this.rest.get(fd) ?? this.hostOnly(pin, resolver);
    let size = 0;
    let count = 0;
    while (count < records.length && size + records[count].length <= room) size += records[count++].length;
    if (count === 0 && records.length > 0) return -ERRNO.EINVAL;
    this.rest.set(fd, records.slice(count));
    return Buffer.concat(records.slice(0, count));
  }

  private hostOnly(pin: number, resolver: PathResolver): Uint8Array[] {
    const where = resolver.resolve(pin, '', { follow: true, empty: true });
    if (typeof where === 'number' || where.layer !== 'sysroot') return [];
    const host = resolver.hostLayers(where).find(({ layer }) => layer === 'host');
    if (host === undefined) return [];
    const fd = native.openat(L.AT_FDCWD, `/proc/self/fd/${host.fd}`, O_DIRECTORY, 0);
    if (fd < 0) return [];
    const records = [...entries(fd)].filter(({ name }) => name !== '.' && name !== '..' && !stands(pin, name));
    native.close(fd);
    return records.map(({ record }, i) => {
      new DataView(record.buffer, record.byteOffset).setBigInt64(OFFSET, BEYOND + BigInt(i + 1), true);
      return record;
    });
  }
}

const OWN_DESCRIPTORS = /^\/proc\/\d+(\/task\/\d+)?\/fd(info)?$/;

const link = Buffer.alloc(64);

/** The records without those of reserved descriptors, when the directory (pinned) lists descriptors; else as they are. */
export function withoutReserved(pin: number, records: Uint8Array, isReserved: (fd: number) => boolean): Uint8Array {
  const n = native.readlinkat(L.AT_FDCWD, `/proc/self/fd/${pin}`, link, link.length);
  if (n <= 0 || !OWN_DESCRIPTORS.test(link.toString('latin1', 0, n))) return records;
  return Buffer.concat(
    [...recordsIn(records)].filter(({ name }) => !isReserved(Number(name))).map(({ record }) => record),
  );
}

const statx = new Uint8Array(256);
const stands = (dir: number, name: ByteString): boolean => native.statx(dir, name, AT_SYMLINK_NOFOLLOW, 0, statx) === 0;

interface Entry {
  readonly name: ByteString;
  readonly record: Uint8Array;
}

/** Entries are copies: one listing at a time is read here. */
const buffer = new Uint8Array(0x8000);
function* entries(fd: number): Generator<Entry> {
  for (let n = native.getdents64(fd, buffer, buffer.length); n > 0; n = native.getdents64(fd, buffer, buffer.length))
    yield* recordsIn(buffer.subarray(0, n));
}

/** The records of a buffer, up to the first that does not fit it. */
function* recordsIn(buffer: Uint8Array): Generator<Entry> {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  for (let at = 0; at + NAME < buffer.length;) {
    const length = view.getUint16(at + LENGTH, true);
    if (length <= NAME || at + length > buffer.length) return;
    const record = buffer.slice(at, at + length);
    yield { name: fromBytes(record.subarray(NAME, record.indexOf(0, NAME))), record };
    at += length;
  }
}
