/**
 * What procfs shows of a process by magic links and files that reach into it. A directory of procfs is told by what it
 * is (statfs, its status file, the directory above), never by the name that led there: proc(5) may be mounted anywhere.
 */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import type { ProcessView, SandboxView, ThreadView } from '../syscalls/dsl.js';
import type { Lookup } from './paths-lookup.js';
import { hostNumber, livingThread } from './paths-threads.js';

const PROC_SUPER_MAGIC = 0x9fa0;
const ST_NOSYMFOLLOW = 0x2000;
const MAX_DESCRIPTOR = 0x7fffffff;

/** What a directory is to procfs. */
export type Place =
  | { readonly kind: 'elsewhere'; readonly noLinks: boolean }
  /** The top of an instance, where `self` is; `ours`: its pids are the helper's. */
  | { readonly kind: 'top'; readonly ours: boolean }
  /** /proc/PID or /proc/PID/task/TID; `member`: of a process of the sandbox. */
  | { readonly kind: 'process'; readonly member?: ProcessView }
  /** A directory of magic links, or of files about them, directly below a process. */
  | { readonly kind: 'table'; readonly member?: ProcessView; readonly of: ByteString }
  /** /proc/PID/task */
  | { readonly kind: 'tasks'; readonly member?: ProcessView }
  /** Another directory: its symlinks say where they lead. */
  | { readonly kind: 'plain' }
  /** It cannot be told, such as a bind mount of /proc/PID/fd: nothing is followed there. */
  | { readonly kind: 'unknown' };

/** Where following a symlink leads. */
export type Link =
  | { readonly text: ByteString }
  | { readonly to: 'cwd'; readonly of: ProcessView }
  | { readonly descriptor: number; readonly of: ProcessView }
  | number;

const TABLES: ReadonlySet<ByteString> = new Set(['fd', 'fdinfo', 'map_files', 'ns']);
/** Refused of every process: memory by another name. */
const MEMORY: ReadonlySet<ByteString> = new Set(['mem', 'map_files']);
/** Refused of processes outside of the sandbox. */
const FOREIGN: ReadonlySet<ByteString> = new Set(['fd', 'fdinfo', 'root', 'cwd', 'exe', 'environ', ...MEMORY]);

/** As procfs spells them: without zeros before. */
const isNumber = (name: ByteString): boolean => {
  if (name.length > 1 && name.startsWith('0')) return false;
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
    /** Whose call it is; undefined before there is a program. */
    private readonly visitor: () => ThreadView | undefined,
    /** Device of the host's /proc. Pids of another instance may be those of another namespace. */
    private readonly device: string | undefined,
  ) {}

  place(dir: number): Place {
    const fs = this.lookup.fileSystem(dir);
    if (typeof fs === 'number') return { kind: 'unknown' };
    if (fs.magic !== PROC_SUPER_MAGIC) return { kind: 'elsewhere', noLinks: (fs.flags & ST_NOSYMFOLLOW) !== 0 };
    if (typeof this.lookup.targetOf(dir, 'self') === 'string') return { kind: 'top', ours: this.isOurs(dir) };
    return this.process(dir) ?? this.inside(dir);
  }

  /** By its status file, whose Name line holds no newline of its own. */
  private process(dir: number): Place | undefined {
    const pid = this.leaderOf(dir, 'status');
    if (pid === undefined) return undefined;
    return { kind: 'process', member: this.isOurs(dir) ? this.sandbox?.process(pid) : undefined };
  }
  private leaderOf(dir: number, name: ByteString): number | undefined {
    const status = this.lookup.head(dir, name);
    const pid = typeof status === 'string' ? /^Tgid:\t(\d+)$/m.exec(status)?.[1] : undefined;
    return pid === undefined ? undefined : Number(pid);
  }
  private isOurs(dir: number): boolean {
    return this.device !== undefined && this.lookup.stat(dir) >= 0 && this.lookup.found.device === this.device;
  }
  private get sandbox(): SandboxView | undefined {
    return this.visitor()?.process.sandbox;
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
    if (parent.kind === 'process' && TABLES.has(name)) return { kind: 'table', member: parent.member, of: name };
    if (parent.kind === 'process' && name === 'task') return { kind: 'tasks', member: parent.member };
    if (parent.kind === 'elsewhere' || parent.kind === 'unknown' || isNumber(name)) return { kind: 'unknown' };
    return { kind: 'plain' };
  }

  /** May a delicate name be looked up there, in the directory `dir`? 0, or a negative errno. */
  refusal(place: Place, name: ByteString, dir: number): number {
    switch (place.kind) {
      case 'process':
        return (place.member === undefined ? FOREIGN : MEMORY).has(name) ? -ERRNO.EACCES : 0;
      case 'table':
        if (place.member === undefined || place.of === 'map_files') return -ERRNO.EACCES;
        return this.isHidden(place.member, place.of, name) ? -ERRNO.ENOENT : 0;
      case 'tasks':
        return place.member !== undefined && isNumber(name) && !livingThread(place.member, Number(name))
          ? -ERRNO.ENOENT
          : 0;
      case 'top':
        return place.ours && isNumber(name) && this.isPart(dir, name) ? -ERRNO.ENOENT : 0;
      case 'unknown':
        return -ERRNO.EACCES;
      default:
        return 0;
    }
  }
  private isHidden({ reserved, unborn }: ProcessView, table: ByteString, name: ByteString): boolean {
    if (table === 'ns' || !isNumber(name)) return false;
    return unborn || (Number(name) >= reserved.from && Number(name) < reserved.to);
  }
  /** The kernel also finds threads at the top, where they are not listed: is it one that the program does not know? */
  private isPart(dir: number, name: ByteString): boolean {
    const { sandbox } = this;
    const number = Number(name);
    if (sandbox === undefined || sandbox.process(number) !== undefined || sandbox.thread(number) !== undefined)
      return false;
    const leader = this.leaderOf(dir, `${name}/status`);
    return leader !== undefined && sandbox.process(leader) !== undefined;
  }

  /** By what name the host knows what the program calls `name` in a directory that the guest knows as `guest`. */
  hostName(place: Place, guest: ByteString, name: ByteString): ByteString {
    if (place.kind !== 'tasks' || place.member === undefined || !isNumber(name)) return name;
    const thread = guest === `/proc/${place.member.pid}/task` ? livingThread(place.member, Number(name)) : undefined;
    return thread === undefined ? name : String(hostNumber(thread));
  }

  /** Where a magic link of a member leads, without a look at it; undefined for other names. */
  magic(place: Place, name: ByteString): Link | undefined {
    if (place.kind === 'top') return place.ours && isNumber(name) ? this.threadLink(Number(name)) : undefined;
    if (place.kind !== 'process' && place.kind !== 'table') return undefined;
    const { member } = place;
    if (member === undefined) return undefined;
    if (place.kind === 'process') return this.processLink(member, name);
    const descriptor = place.of === 'fd' ? descriptorOf(name) : -1;
    return descriptor < 0 ? undefined : { descriptor, of: member };
  }
  private processLink(member: ProcessView, name: ByteString): Link | undefined {
    if (name === 'exe') return { text: member.exe };
    if (name === 'root') return { text: '/' };
    return name === 'cwd' ? { to: 'cwd', of: member } : undefined;
  }
  /** A thread by its id alone is where its process has it. */
  private threadLink(tid: number): Link | undefined {
    const { sandbox } = this;
    const thread = sandbox?.process(tid) === undefined ? sandbox?.thread(tid) : undefined;
    return thread && { text: `${thread.process.pid}/task/${tid}` };
  }

  /** Where a symlink with that text leads the program. */
  link(place: Place, name: ByteString, text: ByteString): Link {
    switch (place.kind) {
      case 'elsewhere':
        return place.noLinks ? -ERRNO.ELOOP : { text };
      case 'plain':
      case 'tasks':
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
    const thread = this.visitor();
    const pid = thread?.process.pid ?? 0;
    if (name === 'self') return String(pid);
    return name === 'thread-self' ? `${pid}/task/${thread?.tid ?? 0}` : undefined;
  }
}
