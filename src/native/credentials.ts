/**
 * Who a thread is to the kernel, and whose rights the helper's thread has at the moment. What the helper does for a
 * program it does with the program's rights (credentials(7): ids for files, groups, capabilities), its own work with
 * its own. They are switched when another thread's request comes, not with each request.
 */
import { readFileSync } from 'node:fs';
import { errnoName } from '../abi/errno.js';
import { native } from './index.js';

export interface Ids {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  readonly files: number;
}
/** Sets of capabilities, bit n for capability n, as proc(5) tells them. */
export interface Capabilities {
  readonly inheritable: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly bounding: bigint;
  readonly ambient: bigint;
}

/** include/uapi/linux/capability.h */
export const CAP = { KILL: 5, SETGID: 6, SETUID: 7, NET_ADMIN: 12, SYS_PTRACE: 19 } as const;
const bits = (...capabilities: readonly number[]): bigint =>
  capabilities.reduce((set, n) => set | (1n << BigInt(n)), 0n);
/** The helper's to keep, for memory, descriptors and end of the program. No file is opened by one of them. */
const KEPT = bits(CAP.KILL, CAP.SYS_PTRACE);
/** What it takes to go on with a program that became somebody else. */
const NEEDED = KEPT | bits(CAP.SETGID, CAP.SETUID);
/** securebits(7): root is nobody special to access(2). */
const SECBIT_NO_SETUID_FIXUP = 1 << 2;

/** Credentials never change: a thread that becomes somebody else gets others. */
export class Credentials {
  /** Equal for those with which the same files can be reached. */
  readonly key: string;
  private access?: Credentials;

  constructor(
    readonly uid: Ids,
    readonly gid: Ids,
    readonly groups: readonly number[],
    readonly capabilities: Capabilities,
    readonly securebits: number,
  ) {
    this.key = [uid.files, gid.files, capabilities.effective, ...groups].join();
  }

  get same(): string {
    const { uid, gid, capabilities: c, groups, securebits } = this;
    return [Object.values(uid), Object.values(gid), Object.values(c), securebits, groups].join(';');
  }

  /** Nothing is left that it could become. */
  get isSettled(): boolean {
    return this.capabilities.permitted === 0n && isOne(this.uid) && isOne(this.gid);
  }

  /** With what access(2) looks: the real ids, and what root may if they are root's. access_override_creds() of fs/open.c. */
  get forAccess(): Credentials {
    return (this.access ??= this.derive());
  }
  private derive(): Credentials {
    const { uid, gid, capabilities, securebits } = this;
    const { permitted, effective } = capabilities;
    const fixed = (securebits & SECBIT_NO_SETUID_FIXUP) !== 0 ? effective : uid.real === 0 ? permitted : 0n;
    return new Credentials(
      { ...uid, files: uid.real },
      { ...gid, files: gid.real },
      this.groups,
      { ...capabilities, effective: fixed },
      securebits,
    );
  }
}
const isOne = (ids: Ids): boolean => [ids.effective, ids.saved, ids.files].every((id) => id === ids.real);

/** Credentials as a status file of proc(5) tells them. @throws Error for another text */
export function parseStatus(status: string, securebits: number): Credentials {
  const line = (name: string): string => {
    const found = new RegExp(`^${name}:[\\t ]*(.*?)[\\t ]*$`, 'm').exec(status)?.[1];
    if (found === undefined) throw new Error(`the status of a thread tells no ${name}`);
    return found;
  };
  const ids = (name: string): Ids => {
    const [real, effective, saved, files] = line(name).split(/\s+/).map(Number);
    return { real, effective, saved, files };
  };
  const set = (name: string): bigint => BigInt(`0x${line(name)}`);
  const groups = line('Groups').split(/\s+/).filter((word) => word !== ''); // prettier-ignore
  const capabilities = {
    inheritable: set('CapInh'),
    permitted: set('CapPrm'),
    effective: set('CapEff'),
    bounding: set('CapBnd'),
    ambient: set('CapAmb'),
  };
  return new Credentials(ids('Uid'), ids('Gid'), groups.map(Number), capabilities, securebits);
}

/**
 * What the kernel knows of a thread. `securebits`: prctl(2) tells them, to the thread alone.
 * @throws Error when it is gone
 */
export const credentialsOf = (pid: number, tid: number, securebits = 0): Credentials =>
  parseStatus(readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1'), securebits);

// ---- the helper's thread ----

let own: Credentials | undefined;
let assumed: Credentials | undefined;

/** The helper's own, as they were before it ever took another's. */
export const ownCredentials = (): Credentials =>
  (own ??= parseStatus(readFileSync('/proc/thread-self/status', 'latin1'), 0));

/** Those that its thread has at the moment. */
export const assumedCredentials = (): Credentials => assumed ?? ownCredentials();

const words = new Uint32Array(4);

/**
 * From now on this thread reaches what a thread with these credentials reaches, and nothing more.
 * @throws Error when the kernel does not let it: nothing may be done for the program then
 */
export function assume(credentials: Credentials): void {
  const now = assumedCredentials();
  if (credentials.key === now.key) {
    assumed = credentials;
    return;
  }
  const mine = ownCredentials();
  const isOwn = credentials.key === mine.key;
  const effective = isOwn ? mine.capabilities.effective : credentials.capabilities.effective | KEPT;
  words[0] = credentials.uid.files;
  words[1] = credentials.gid.files;
  words[2] = Number(effective & 0xffffffffn);
  words[3] = Number(effective >> 32n);
  const others = credentials.groups.join() !== now.groups.join();
  const groups = others ? Uint32Array.from([...credentials.groups, 0]) : null;
  const result = native.assume(words, groups, credentials.groups.length);
  if (result < 0) throw new Error(`the helper cannot take the program's rights: ${errnoName(-result)}`);
  assumed = credentials;
}

/** Runs `work` with these rights. */
export function withRights<T>(credentials: Credentials, work: () => T): T {
  const before = assumedCredentials();
  if (before.key === credentials.key) return work();
  assume(credentials);
  try {
    return work();
  } finally {
    assume(before);
  }
}

/** Runs what is the helper's own work, with its own rights. */
export const asHelper = <T>(work: () => T): T => withRights(ownCredentials(), work);

/** Has the helper what it takes to go on with a program that became somebody else? */
export const canFollow = (): boolean => (ownCredentials().capabilities.effective & NEEDED) === NEEDED;
