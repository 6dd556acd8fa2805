/** The fields of struct statx that the helper looks at for itself, read in place: a buffer that makes no garbage. */
import { offsetIn } from './ctype.js';
import { MODE, S_IFMT, STATX } from './flags.js';
import { statx } from './structs.js';

const at = (name: string): number => offsetIn(statx, name);
const MASK = at('stx_mask');
const LINKS = at('stx_nlink');
const UID = at('stx_uid');
const GID = at('stx_gid');
const SIZE = at('stx_size');
const RDEV_MAJOR = at('stx_rdev_major');
const RDEV_MINOR = at('stx_rdev_minor');
const BITS = at('stx_mode');
const INODE = at('stx_ino');
const MAJOR = at('stx_dev_major');
const MINOR = at('stx_dev_minor');
const MOUNT = at('stx_mnt_id');

/** `bytes` is what statx(2) fills; the rest speaks of the last call. */
export class StatxBuffer {
  readonly bytes = new Uint8Array(statx.size);
  private readonly view = new DataView(this.bytes.buffer);

  /** S_IFMT bits. */
  get type(): number {
    return this.mode & S_IFMT;
  }
  get mode(): number {
    return this.view.getUint16(BITS, true);
  }
  get isDirectory(): boolean {
    return this.type === MODE.values.S_IFDIR;
  }
  get isSymlink(): boolean {
    return this.type === MODE.values.S_IFLNK;
  }
  get links(): number {
    return this.view.getUint32(LINKS, true);
  }
  get uid(): number {
    return this.view.getUint32(UID, true);
  }
  get gid(): number {
    return this.view.getUint32(GID, true);
  }
  get inode(): bigint {
    return this.view.getBigUint64(INODE, true);
  }
  get size(): bigint {
    return this.view.getBigUint64(SIZE, true);
  }
  get deviceMajor(): number {
    return this.view.getUint32(MAJOR, true);
  }
  get deviceMinor(): number {
    return this.view.getUint32(MINOR, true);
  }
  /** The device that a device node stands for. */
  get nodeMajor(): number {
    return this.view.getUint32(RDEV_MAJOR, true);
  }
  get nodeMinor(): number {
    return this.view.getUint32(RDEV_MINOR, true);
  }
  /** The device that holds the object, as one text to compare. */
  get device(): string {
    return `${this.deviceMajor}:${this.deviceMinor}`;
  }
  /** Device and inode, as one text to compare. */
  get identity(): string {
    return `${this.device}:${this.inode}`;
  }
  /** The mount that the object was reached through; undefined before Linux 5.8. */
  get mount(): bigint | undefined {
    const told = (this.view.getUint32(MASK, true) & STATX.values.STATX_MNT_ID) !== 0;
    return told ? this.view.getBigUint64(MOUNT, true) : undefined;
  }
}
