/**
 * Merged listings of the view: a directory that stands in the sysroot and on the host is one. The kernel lists the
 * sysroot's as the program's own descriptor; when that is at its end, what only the host has follows (getdents64(2)).
 */
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import type { SandboxView } from '../syscalls/dsl.js';
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
    const host = typeof where === 'number' ? undefined : resolver.hostPart(where);
    if (host === undefined) return [];
    const fd = native.openat(L.AT_FDCWD, `/proc/self/fd/${host}`, O_DIRECTORY, 0);
    if (fd < 0) return [];
    const records = [...entries(fd)].filter(({ name }) => name !== '.' && name !== '..' && !stands(pin, name));
    native.close(fd);
    return records.map(({ record }, i) => {
      new DataView(record.buffer, record.byteOffset).setBigInt64(OFFSET, BEYOND + BigInt(i + 1), true);
      return record;
    });
  }
}

const LISTED = /^\/proc\/(\d+)(?:\/task\/\d+)?\/(fd|fdinfo|task)$/;

const link = Buffer.alloc(64);

/**
 * The records of a directory (pinned) without what is the sandbox's: reserved descriptors of a member, and threads that
 * are none of its program's. The id of a thread is its trustee's, so that the kernel lists it.
 */
export function withoutHidden(pin: number, records: Uint8Array, sandbox: SandboxView): Uint8Array {
  const n = native.readlinkat(L.AT_FDCWD, `/proc/self/fd/${pin}`, link, link.length);
  const parts = n <= 0 ? null : LISTED.exec(link.toString('latin1', 0, n));
  const member = parts === null ? undefined : sandbox.process(Number(parts[1]));
  if (parts === null || member === undefined) return records;
  const { from, to } = member.reserved;
  const tids = parts[2] === 'task' ? new Set(Array.from(member.living, ({ tid }) => tid)) : undefined;
  const isShown = (number: number): boolean =>
    Number.isNaN(number) || (tids === undefined ? number < from || number >= to : tids.has(number));
  return Buffer.concat([...recordsIn(records)].filter(({ name }) => isShown(Number(name))).map(({ record }) => record));
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
