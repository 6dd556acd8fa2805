/**
 * What procfs shows of a process by magic links and files that reach into it. A directory of procfs is told by what it
 * is (statfs, its status file, the directory above), never by the name that led there: proc(5) may be mounted anywhere.
 */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import type { Lookup } from './paths-lookup.js';

const PROC_SUPER_MAGIC = 0x9fa0;
const ST_NOSYMFOLLOW = 0x2000;
const MAX_DESCRIPTOR = 0x7fffffff;

/** What a directory is to procfs. */
export type Place =
  | { readonly kind: 'elsewhere'; readonly noLinks: boolean }
  /** The top of an instance, where `self` is. */
  | { readonly kind: 'top' }
  /** /proc/PID or /proc/PID/task/TID; `own`: of the program itself. */
  | { readonly kind: 'process'; readonly own: boolean }
  /** A directory of magic links, or of files about them, directly below a process. */
  | { readonly kind: 'table'; readonly own: boolean; readonly of: ByteString }
  /** Another directory: its symlinks say where they lead. */
  | { readonly kind: 'plain' }
  /** It cannot be told, such as a bind mount of /proc/PID/fd: nothing is followed there. */
  | { readonly kind: 'unknown' };

/** Where following a symlink leads. */
export type Link = { readonly text: ByteString } | { readonly to: 'cwd' } | { readonly descriptor: number } | number;

export interface ProcfsOptions {
  /** The program's pid, in the helper's pid namespace. */
  pid(): number;
  /** Canonical guest path of the program file. */
  exe(): ByteString;
  /** Is a descriptor number of the program the sandbox's? It does not exist then. */
  isReserved(descriptor: number): boolean;
}

const TABLES: ReadonlySet<ByteString> = new Set(['fd', 'fdinfo', 'map_files', 'ns']);
/** Refused of every process: memory by another name. */
const MEMORY: ReadonlySet<ByteString> = new Set(['mem', 'map_files']);
/** Refused of processes other than the program. */
const FOREIGN: ReadonlySet<ByteString> = new Set(['fd', 'fdinfo', 'root', 'cwd', 'exe', 'environ', ...MEMORY]);

const isNumber = (name: ByteString): boolean => {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) < 48 || name.charCodeAt(i) > 57) return false;
  return true;
};
/** The descriptor that a name in /proc/PID/fd stands for, spelled as the kernel does; -1 for none. */
const descriptorOf = (name: ByteString): number =>
  isNumber(name) && Number(name) <= MAX_DESCRIPTOR && String(Number(name)) === name ? Number(name) : -1;

/** Names to be looked at in procfs before they are opened. */
export const isDelicate = (name: ByteString): boolean => FOREIGN.has(name) || name === 'ns' || isNumber(name);

export class Procfs {
  constructor(
    private readonly lookup: Lookup,
    private readonly options: ProcfsOptions,
    /** Device of the host's /proc. Pids of another instance may be those of another namespace. */
    private readonly device: string | undefined,
  ) {}

  place(dir: number): Place {
    const fs = this.lookup.fileSystem(dir);
    if (typeof fs === 'number') return { kind: 'unknown' };
    if (fs.magic !== PROC_SUPER_MAGIC) return { kind: 'elsewhere', noLinks: (fs.flags & ST_NOSYMFOLLOW) !== 0 };
    if (typeof this.lookup.targetOf(dir, 'self') === 'string') return { kind: 'top' };
    return this.process(dir) ?? this.inside(dir);
  }

  /** By its status file, whose Name line holds no newline of its own. */
  private process(dir: number): Place | undefined {
    const status = this.lookup.head(dir, 'status');
    const pid = typeof status === 'string' ? /^Tgid:\t(\d+)$/m.exec(status)?.[1] : undefined;
    if (pid === undefined) return undefined;
    const here = this.lookup.stat(dir) < 0 ? undefined : this.lookup.found.device;
    return { kind: 'process', own: Number(pid) === this.options.pid() && here === this.device };
  }

  /** By the directory above, unless a mount lies between. */
  private inside(dir: number): Place {
    const name = this.lookup.nameOf(dir);
    const above = this.lookup.above(dir);
    if (above < 0 || typeof name === 'number') return { kind: 'unknown' };
    const parent = this.sameMount(dir, above) ? this.place(above) : undefined;
    this.lookup.close(above);
    return parent === undefined ? { kind: 'unknown' } : this.child(parent, name.slice(name.lastIndexOf('/') + 1));
  }
  private sameMount(a: number, b: number): boolean {
    const mount = this.lookup.stat(a) < 0 ? undefined : this.lookup.found.mount;
    return mount !== undefined && this.lookup.stat(b) >= 0 && this.lookup.found.mount === mount;
  }

  /** The place of a directory in another one, as far as the name tells; a process's is told by its status only. */
  child(parent: Place, name: ByteString): Place {
    if (parent.kind === 'process' && TABLES.has(name)) return { kind: 'table', own: parent.own, of: name };
    if (parent.kind === 'elsewhere' || parent.kind === 'unknown' || isNumber(name)) return { kind: 'unknown' };
    return { kind: 'plain' };
  }

  /** May a delicate name be looked up there? 0, or a negative errno. */
  refusal(place: Place, name: ByteString): number {
    switch (place.kind) {
      case 'process':
        return (place.own ? MEMORY : FOREIGN).has(name) ? -ERRNO.EACCES : 0;
      case 'table':
        if (!place.own || place.of === 'map_files') return -ERRNO.EACCES;
        return this.isHidden(place.of, name) ? -ERRNO.ENOENT : 0;
      case 'unknown':
        return -ERRNO.EACCES;
      default:
        return 0;
    }
  }
  private isHidden(table: ByteString, name: ByteString): boolean {
    return table !== 'ns' && isNumber(name) && this.options.isReserved(Number(name));
  }

  /** Where a magic link of the program itself leads, without a look at it; undefined for other names. */
  magic(place: Place, name: ByteString): Link | undefined {
    if (place.kind === 'process' && place.own) return this.processLink(name);
    const descriptor = this.isDescriptors(place) ? descriptorOf(name) : -1;
    return descriptor < 0 ? undefined : { descriptor };
  }
  private isDescriptors(place: Place): boolean {
    return place.kind === 'table' && place.own && place.of === 'fd';
  }
  private processLink(name: ByteString): Link | undefined {
    if (name === 'exe') return { text: this.options.exe() };
    if (name === 'root') return { text: '/' };
    return name === 'cwd' ? { to: 'cwd' } : undefined;
  }

  /** Where a symlink with that text leads the program. */
  link(place: Place, name: ByteString, text: ByteString): Link {
    switch (place.kind) {
      case 'elsewhere':
        return place.noLinks ? -ERRNO.ELOOP : { text };
      case 'plain':
        return { text };
      case 'top':
        return { text: this.selfText(name) ?? text };
      case 'process':
      case 'table':
        return this.magic(place, name) ?? -ERRNO.EACCES;
      case 'unknown':
        return -ERRNO.EACCES;
    }
  }
  /** The program, where the kernel would say the helper. */
  private selfText(name: ByteString): ByteString | undefined {
    const pid = this.options.pid();
    if (name === 'self') return String(pid);
    return name === 'thread-self' ? `${pid}/task/${pid}` : undefined;
  }
}
