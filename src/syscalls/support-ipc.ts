/**
 * Whose System V objects a call may use. Ids are global on the host and easily guessed. One is good when an allowed call
 * of this sandbox got it, or when the policy allows the name of what stands behind it; all others are as if they did not
 * exist (EINVAL), so that nothing is told about the objects of others.
 */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { IPC_PRIVATE, SHMAT } from '../abi/flags-ipc.js';
import { syscallName } from '../abi/numbers.js';
import { asHelper } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { Call } from './dsl.js';

export type IpcKind = 'shm' | 'sem' | 'msg';

/** What is known of an object: ipc/util.h, struct kern_ipc_perm. */
export interface IpcObject {
  readonly id: number;
  readonly key: number;
  readonly creator: string;
  /** A segment that is gone when the last process detaches it: its key is 0 from then on. */
  readonly dying: boolean;
  /** Bytes of a segment. */
  readonly size: number;
  /** Semaphores of a set. */
  readonly semaphores: number;
}

const SHM_DEST = 0o1000;
const words = new Uint32Array(8);
const STATS: Readonly<Record<IpcKind, (id: number) => number>> = {
  shm: (id) => native.shmStat(id, words),
  sem: (id) => native.semStat(id, words),
  msg: (id) => native.msgStat(id, words),
};

/** The object that has the index of this id, or a negative errno. Its own id may be another: ids carry a generation. */
export function objectAt(kind: IpcKind, id: number): IpcObject | number {
  const found = STATS[kind](id);
  if (found < 0) return found;
  const [key, uid, gid, mode, pid, semaphores, low, high] = words;
  return {
    id: found,
    key,
    creator: `${uid}:${gid}:${pid}`,
    dying: kind === 'shm' && (mode & SHM_DEST) !== 0,
    size: high * 2 ** 32 + low,
    semaphores,
  };
}

/** The object of exactly this id; -EINVAL when there is none. */
export function objectOf(kind: IpcKind, id: number): IpcObject | number {
  const found = (id | 0) < 0 ? -ERRNO.EINVAL : objectAt(kind, id | 0);
  return typeof found === 'number' || found.id === (id | 0) ? found : -ERRNO.EINVAL;
}

interface Grant {
  readonly key: number;
  readonly creator: string;
}

/** Ids that allowed calls got. An id may come back for another object, after some millions: key and creator must agree. */
export class IpcGrants {
  private readonly granted = {
    shm: new Map<number, Grant>(),
    sem: new Map<number, Grant>(),
    msg: new Map<number, Grant>(),
  };

  constructor(private readonly most = 4096) {}

  /** What a child has of its parent's. */
  copy(): IpcGrants {
    const copy = new IpcGrants(this.most);
    for (const kind of ['shm', 'sem', 'msg'] as const)
      for (const [id, grant] of this.granted[kind]) copy.granted[kind].set(id, grant);
    return copy;
  }

  has(kind: IpcKind, object: IpcObject): boolean {
    const grant = this.granted[kind].get(object.id);
    return (
      grant !== undefined &&
      grant.creator === object.creator &&
      (grant.key === object.key || (object.dying && object.key === IPC_PRIVATE))
    );
  }

  /** False when there is no room: the caller has that many objects which all exist. */
  add(kind: IpcKind, { id, key, creator }: IpcObject): boolean {
    const ids = this.granted[kind];
    if (ids.size >= this.most && !ids.has(id)) this.sweep(kind);
    if (ids.size >= this.most && !ids.has(id)) return false;
    ids.set(id, { key, creator });
    return true;
  }

  /** To be called when an object was removed: forgets the id, unless it is a segment that is attached somewhere. */
  removed(kind: IpcKind, id: number): void {
    if (typeof objectOf(kind, id) === 'number') this.granted[kind].delete(id);
  }

  private sweep(kind: IpcKind): void {
    for (const id of [...this.granted[kind].keys()]) this.removed(kind, id);
  }
}

// ---- names ----

/** `shm:0x1234`, `sem:private`: what policies know an object by. */
export const ipcName = (kind: IpcKind, key: number): ByteString =>
  `${kind}:${key === IPC_PRIVATE ? 'private' : `0x${(key >>> 0).toString(16)}`}`;

/** Asks for a name of System V IPC: 0, or a negative errno. */
export const askIpc = (call: Call, kind: IpcKind, key: number): number =>
  call.ask({ ask: 'name', space: 'sysv', name: ipcName(kind, key) });

// ---- use ----

/** May the call use this object? 0, or -EINVAL with a log line. What is nobody's key was made for somebody else. */
export function mayUse(call: Call, kind: IpcKind, object: IpcObject): number {
  const { ipc } = call.process;
  if (ipc.has(kind, object)) return 0;
  if (object.key === IPC_PRIVATE) {
    call.log('warn', `denied ${syscallName(call.nr)}: ${kind} id ${object.id} is private, and not of this sandbox`);
    return -ERRNO.EINVAL;
  }
  if (askIpc(call, kind, object.key) !== 0) return -ERRNO.EINVAL;
  ipc.add(kind, object);
  return 0;
}

/** The object that a call names by id, if it may use it; else a negative errno. */
export function usable(call: Call, kind: IpcKind, id: number): IpcObject | number {
  const object = objectOf(kind, id);
  if (typeof object === 'number') return object;
  const refused = mayUse(call, kind, object);
  return refused === 0 ? object : refused;
}

/** The result of an allowed call that gets an object: notes its id. */
export function granted(call: Call, kind: IpcKind, key: number, result: number): number {
  if (result < 0) return result;
  const object = objectOf(kind, result);
  // Another process may have removed it meanwhile, and a third have made one: only what was asked for is granted.
  if (typeof object === 'object' && object.key === key >>> 0 && !call.process.ipc.add(kind, object))
    call.log('warn', `${syscallName(call.nr)}: too many ${kind} ids; ${result} will be known by its key only`);
  return result;
}

// ---- segments held ----

/** Attached, for reading, in the helper: as long as it is, its id means this segment and no other. */
export interface Held {
  readonly object: IpcObject;
  release(): void;
}

const PAGE = 0x1000;
const { SHM_RDONLY } = SHMAT.values;
const PROT_NONE = 0;

/**
 * 0 for pages of 4 KiB. Huge ones cannot be split, their first 4 KiB alone cannot be protected: -EINVAL with a log line.
 * With them in the process the kernel would round later requests beyond what was checked.
 */
function pagesAreSmall(call: Call, address: number): number {
  const result = native.mprotect(address, PAGE, PROT_NONE);
  if (result === -ERRNO.EINVAL) call.log('warn', `${syscallName(call.nr)}: huge pages are not offered`);
  return result;
}

/** Holds the segment of an id that the call may use, or a negative errno. */
export function hold(call: Call, id: number): Held | number {
  const judged = usable(call, 'shm', id);
  if (typeof judged === 'number') return judged;
  const at = asHelper(() => native.shmat(id | 0, SHM_RDONLY)); // whether the program may, the kernel tells its trustee
  if (at < 0) return at;
  const release = (): void => void native.shmdt(at);
  const refused = pagesAreSmall(call, at);
  const object = refused === 0 ? usable(call, 'shm', id) : refused; // what was judged before may be gone: it is held only now
  if (typeof object === 'object') return { object, release };
  release();
  return object;
}
