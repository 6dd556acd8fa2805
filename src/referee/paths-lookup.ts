/** The few questions to the kernel that path resolution is made of. None of them follows a symlink. */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { AT, AT_FDCWD, OPEN, RESOLVE, STATX } from '../abi/flags.js';
import { StatxBuffer } from '../abi/statx.js';
import type { Native } from '../native/index.js';

const { O_PATH, O_DIRECTORY, O_NOFOLLOW } = OPEN.values;
const { AT_EMPTY_PATH, AT_STATX_DONT_SYNC } = AT.values;
const { RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV } = RESOLVE.values;
const { STATX_TYPE, STATX_INO, STATX_MODE, STATX_UID, STATX_MNT_ID } = STATX.values;

const PATH_MAX = 4096;
const DELETED = ' (deleted)';

/** What statfs(2) tells of a descriptor's file system: words of native.statfs. */
export interface FileSystem {
  readonly magic: number;
  readonly flags: number;
}

export class Lookup {
  /** What the last stat() filled. */
  readonly found = new StatxBuffer();
  private readonly text = Buffer.allocUnsafe(PATH_MAX);
  private readonly words = new BigUint64Array(11);
  /** /proc/self/fd of the helper. */
  private readonly self: number;
  /** Does openat2(2) work? Before Linux 5.6 and under some filters it does not. */
  private readonly strides: boolean;

  constructor(private readonly native: Native) {
    this.self = this.fixed('/proc/self/fd');
    const probe = native.openat2(this.self, '.', O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
    this.strides = probe >= 0;
    if (this.strides) native.close(probe);
  }

  /**
   * A descriptor to keep, of a directory that must be there.
   * @throws Error when it is not
   */
  fixed(path: ByteString): number {
    const fd = this.native.openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0) throw new Error(`${path} cannot be opened, it must be a directory (errno ${-fd})`);
    return fd;
  }

  close(fd: number): void {
    this.native.close(fd);
  }
  dispose(): void {
    this.close(this.self);
  }

  /**
   * The directory at `relative`, which holds no '.' or '..'; -ELOOP for a symlink in any of its components. One
   * openat2(2) where there is none.
   */
  directory(from: number, relative: ByteString): number {
    if (!this.strides) return this.stepwise(from, relative.split('/'));
    const fd = this.stride(from, relative, O_DIRECTORY);
    return fd === -ERRNO.ENOTDIR ? this.whyNot(this.stride(from, relative, 0)) : fd;
  }
  private stride(from: number, relative: ByteString, flags: number): number {
    return this.native.openat2(from, relative, O_PATH | O_NOFOLLOW | flags, 0, RESOLVE_NO_SYMLINKS);
  }
  private stepwise(from: number, names: readonly ByteString[]): number {
    let at = from;
    for (const name of names) {
      const fd = this.native.openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
      const next = fd === -ERRNO.ENOTDIR ? this.whyNot(this.entry(at, name)) : fd;
      if (at !== from) this.close(at);
      if (next < 0) return next;
      at = next;
    }
    return at;
  }
  /** ENOTDIR is also said of a symlink that was not followed; a directory was one until now. Closes the object. */
  private whyNot(object: number): number {
    if (object < 0) return object;
    const failure = this.stat(object);
    this.close(object);
    if (failure < 0) return failure;
    return this.found.isSymlink || this.found.isDirectory ? -ERRNO.ELOOP : -ERRNO.ENOTDIR;
  }

  /** What stands under one name, a symlink itself included. */
  entry(dir: number, name: ByteString): number {
    return this.native.openat(dir, name, O_PATH | O_NOFOLLOW, 0);
  }
  /** The directory above, as the kernel has it. */
  above(dir: number): number {
    return this.native.openat(dir, '..', O_PATH | O_DIRECTORY, 0);
  }
  /** 0 when the directory may be searched, which '.' and '..' need as much as a name. */
  search(dir: number): number {
    return this.native.statx(dir, '.', AT_STATX_DONT_SYNC, STATX_TYPE, this.found.bytes);
  }
  /** Fills `found` with type, owner, identity and mount of what a descriptor refers to. */
  stat(fd: number): number {
    const mask = STATX_TYPE | STATX_MODE | STATX_UID | STATX_INO | STATX_MNT_ID;
    return this.native.statx(fd, '', AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, this.found.bytes);
  }

  /** Where the symlink points that the descriptor itself refers to; -ENOENT when it is none. */
  target(link: number): ByteString | number {
    return this.readLink(link, '');
  }
  /** Where the symlink of that name points. */
  targetOf(dir: number, name: ByteString): ByteString | number {
    return this.readLink(dir, name);
  }
  /** What the kernel calls the object of a descriptor now: an absolute path, perhaps with " (deleted)", or "pipe:[7]". */
  nameOf(fd: number): ByteString | number {
    return this.readLink(this.self, String(fd));
  }
  private readLink(dir: number, name: ByteString): ByteString | number {
    const n = this.native.readlinkat(dir, name, this.text, PATH_MAX);
    if (n === PATH_MAX) return -ERRNO.ENAMETOOLONG;
    return n < 0 ? n : this.text.toString('latin1', 0, n);
  }

  /**
   * Does the name that nameOf() gave say that the object has been removed? A file may be called "x (deleted)": it is
   * looked at under that very name. `root` is the host's root.
   */
  isDeleted(fd: number, name: ByteString, root: number): boolean {
    if (!name.endsWith(DELETED)) return false;
    const above = name.slice(1, name.lastIndexOf('/'));
    const dir = above === '' ? root : this.directory(root, above);
    if (dir < 0) return true;
    const object = this.entry(dir, name.slice(name.lastIndexOf('/') + 1));
    const same = object >= 0 && this.identity(object) === this.identity(fd);
    if (object >= 0) this.close(object);
    if (dir !== root) this.close(dir);
    return !same;
  }
  /** Device and inode; undefined when the kernel does not say. */
  identity(fd: number): string | undefined {
    return this.stat(fd) < 0 ? undefined : this.found.identity;
  }

  fileSystem(fd: number): FileSystem | number {
    const failure = this.native.statfs(`/proc/self/fd/${fd}`, this.words);
    return failure < 0 ? failure : { magic: Number(this.words[0]), flags: Number(this.words[10]) };
  }

  /** The start of a small file in a directory, which must not be another mount; a negative errno. */
  head(dir: number, name: ByteString): ByteString | number {
    const fd = this.strides
      ? this.native.openat2(dir, name, 0, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)
      : this.native.openat(dir, name, O_NOFOLLOW, 0);
    if (fd < 0) return fd;
    const n = this.native.read(fd, this.text, PATH_MAX);
    this.close(fd);
    return n < 0 ? n : this.text.toString('latin1', 0, n);
  }
}
