/**
 * What is known of image files that were read before: their headers and patch plans, so that the second start of a
 * program reads none of it again. A file is told by device, inode, size and times, which the kernel keeps; whatever
 * changes in the same tick of its clock harms only the program: each site is compared before it is patched.
 */
import { ElfError, parseElf, type ElfImage, type ElfUse } from '../abi/elf.js';
import { ERRNO } from '../abi/errno.js';
import { native } from '../native/index.js';
import { PlanCache } from './patch.js';
import type { Role, Site } from './sites.js';

const MAX_FILE = 256 * 1024 * 1024;
const STATX_BASIC = 0x7ff;
const AT_EMPTY_PATH = 0x1000;
const KEPT = 512;
/** Of a file's start: what tells scripts and foreign programs. */
const HEAD = 4096;

/** The whole content of an open file, read once; a negative errno when it cannot be read or is unreasonably large. */
export function readWhole(fd: number): Uint8Array | number {
  const size = native.lseek(fd, 0, 2);
  if (size < 0) return size;
  if (size > MAX_FILE) return -ERRNO.EFBIG;
  const content = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const n = native.pread(fd, content.subarray(done), size - done, done);
    if (n < 0) return n;
    if (n === 0) break;
    done += n;
  }
  return content.subarray(0, done);
}

/** Inode, size, ctime, mtime and device of an open file: the same file with the same content as far as the kernel tells. */
export function identityOf(fd: number): string {
  const x = new Uint8Array(256);
  native.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC, x);
  return Buffer.concat([x.subarray(0x20, 0x30), x.subarray(0x60, 0x80), x.subarray(0x88, 0x90)]).toString('hex');
}

interface Known {
  readonly head: Uint8Array;
  readonly elf: Partial<Record<ElfUse, ElfImage | ElfError>>;
  readonly sites: Partial<Record<Role, readonly Site[]>>;
}

/** Of one open file; a descriptor is good for as long as it is open. */
export class ImageFile {
  private content: Uint8Array | undefined;

  constructor(
    private readonly fd: number,
    private readonly known: Known,
    private readonly plans: PlanCache,
    content?: Uint8Array,
  ) {
    this.content = content;
  }

  /** Its first bytes, HEAD at most. */
  get head(): Uint8Array {
    return this.known.head;
  }
  private whole(): Uint8Array {
    if (this.content === undefined) {
      const content = readWhole(this.fd);
      this.content = typeof content === 'number' ? new Uint8Array(0) : content;
    }
    return this.content;
  }
  /** @throws ElfError */
  elf(use: ElfUse): ElfImage {
    const known = (this.known.elf[use] ??= this.parse(use));
    if (known instanceof ElfError) throw known;
    return known;
  }
  private parse(use: ElfUse): ElfImage | ElfError {
    try {
      return parseElf(this.whole(), this.whole().length, use);
    } catch (error) {
      if (error instanceof ElfError) return error;
      throw error;
    }
  }
  /** `int $0x80` sites, by link-time addresses. */
  sites(elf: ElfImage, role: Role): readonly Site[] {
    return (this.known.sites[role] ??= this.plans.plan(elf, this.whole(), role));
  }
}

export class ImageFiles {
  private readonly known = new Map<string, Known>();
  private readonly plans = new PlanCache();

  /** A negative errno when it cannot be read. */
  open(fd: number): ImageFile | number {
    const key = identityOf(fd);
    const known = this.known.get(key);
    if (known !== undefined) return new ImageFile(fd, known, this.plans);
    const content = readWhole(fd);
    if (typeof content === 'number') return content;
    const fresh: Known = { head: content.slice(0, HEAD), elf: {}, sites: {} };
    const oldest = this.known.keys().next().value;
    if (this.known.size >= KEPT && oldest !== undefined) this.known.delete(oldest);
    this.known.set(key, fresh);
    return new ImageFile(fd, fresh, this.plans, content);
  }
}
