/** The limits that openat2(2) can set a walk by its `resolve`, kept as the kernel's fs/namei.c keeps them. */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { RESOLVE } from '../abi/flags.js';
import type { Lookup } from './paths-lookup.js';

const { RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT } =
  RESOLVE.values;
const SCOPED = RESOLVE_BENEATH | RESOLVE_IN_ROOT;

export class Scope {
  private readonly mount: bigint | undefined;
  /** Has the walk met the root? Until then the kernel takes an absolute link for one to another mount. */
  private rooted: boolean;

  /**
   * @param bits of RESOLVE
   * @param top guest path of the directory that the walk starts from
   * @param fd the helper's descriptor of it
   * @param absolute is that the root of an absolute path?
   */
  constructor(
    private readonly bits: number,
    private readonly top: ByteString,
    fd: number,
    absolute: boolean,
    private readonly lookup: Lookup,
  ) {
    this.rooted = absolute || this.has(RESOLVE_IN_ROOT);
    this.mount = this.has(RESOLVE_NO_XDEV) ? this.mountOf(fd) : undefined;
  }

  private has(bits: number): boolean {
    return (this.bits & bits) !== 0;
  }
  private mountOf(fd: number): bigint | undefined {
    return this.lookup.stat(fd) < 0 ? undefined : this.lookup.found.mount;
  }

  /** May a symlink be followed? A magic link of procfs leads anywhere. 0, or a negative errno. */
  link(magic: boolean): number {
    if (this.has(RESOLVE_NO_SYMLINKS) || (magic && this.has(RESOLVE_NO_MAGICLINKS))) return -ERRNO.ELOOP;
    return magic && this.has(SCOPED) ? -ERRNO.EXDEV : 0;
  }
  /** Where an absolute path leads: to the guest's root, to the top, or nowhere. */
  absolute(): 'root' | 'top' | number {
    if (this.has(RESOLVE_BENEATH) || (this.has(RESOLVE_NO_XDEV) && !this.rooted)) return -ERRNO.EXDEV;
    return this.has(RESOLVE_IN_ROOT) ? 'top' : 'root';
  }
  /** May a walk go up from a directory? It stays at the top of a root. */
  up(guest: ByteString): 'go' | 'stay' | number {
    this.rooted = true;
    if (!this.has(SCOPED) || guest !== this.top) return 'go';
    return this.has(RESOLVE_BENEATH) ? -ERRNO.EXDEV : 'stay';
  }
  /** -EXDEV for what lies on another mount, or on one that the kernel does not tell (before Linux 5.8). */
  at(fd: number): number {
    if (!this.has(RESOLVE_NO_XDEV)) return 0;
    return this.mount !== undefined && this.mountOf(fd) === this.mount ? 0 : -ERRNO.EXDEV;
  }
}
