/** What promises look at in a call's registers, each in words for the documentation. */
import { IOCTL, FCNTL } from '../../abi/flags.js';
import { CLONE, PR, PROT } from '../../abi/flags-process.js';
import type { ErrnoName } from '../../abi/errno.js';
import type { Caller } from '../../questions.js';

export interface Condition {
  /** Behind "when". */
  readonly text: string;
  readonly holds: (r: Uint32Array, caller: Caller | undefined) => boolean;
  /** What is answered where it does not hold and nothing else allows the call; left out, that is a violation. */
  readonly otherwise?: ErrnoName;
}

const named = (names: readonly string[], values: Readonly<Record<string, number>>): ReadonlySet<number> => {
  const unknown = names.filter((name) => values[name] === undefined);
  if (unknown.length > 0) throw new Error(`no such value: ${unknown.join(' ')}`);
  return new Set(names.map((name) => values[name] >>> 0));
};

/** The register holds one of these values of a table. */
function oneOf(what: string, register: number, values: Readonly<Record<string, number>>, list: string): Condition {
  const names = list.split(' ');
  const set = named(names, values);
  return { text: `${what} is ${names.join(', ')}`, holds: (r) => set.has(r[register]) };
}

export const ioctl = (list: string): Condition => oneOf('the request', 1, IOCTL.values, list);
export const fcntl = (list: string): Condition => oneOf('the command', 1, FCNTL.values, list);
export const prctl = (list: string): Condition => oneOf('the option', 0, PR.values, list);

export const notExecutable: Condition = {
  text: 'PROT_EXEC is not asked for',
  holds: (r) => (r[2] & PROT.values.PROT_EXEC) === 0,
};

/** clone(2) of a thread. */
export const newThread: Condition = {
  text: 'the flags have CLONE_THREAD',
  holds: (r) => (r[0] & CLONE.values.CLONE_THREAD) !== 0,
};
/** The flags of clone3(2) stand in memory: without it, C libraries use clone(2). */
export const asIfMissing: Condition = {
  text: 'proc is promised as well; ENOSYS without, for which C libraries take clone',
  holds: () => false,
  otherwise: 'ENOSYS',
};

/** The register holds the caller's own process, or `also`. */
const ownProcess = (register: number, also?: number): Condition => ({
  text: `the process is the caller${also === 0 ? ', or 0' : ''}`,
  holds: (r, caller) => r[register] === caller?.pid || (also !== undefined && r[register] === also),
});
export const toItself = ownProcess(0);
export const toItsGroup = ownProcess(0, 0);
export const toOwnThread: Condition = {
  text: "the thread is one of the caller's process",
  holds: (r, caller) => caller?.has(r[0]) ?? false,
};

/** prlimit64(2) that sets nothing. */
export const looksOnly: Condition = {
  text: 'no limit is set, and the process is the caller, or 0',
  holds: (r, caller) => r[2] === 0 && ownProcess(0, 0).holds(r, caller),
};

const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
/** Options of groups of receivers: IP_MULTICAST_IF to IP_MULTICAST_ALL, IPV6_MULTICAST_IF to IPV6_LEAVE_ANYCAST, MCAST_*. */
const isMulticast = (level: number, option: number): boolean =>
  (level === IPPROTO_IP && option >= 32 && option <= 49) ||
  (level === IPPROTO_IPV6 &&
    ((option >= 17 && option <= 21) || (option >= 27 && option <= 29) || (option >= 42 && option <= 48)));
export const multicast: Condition = {
  text: 'the option is one of multicast',
  holds: (r) => isMulticast(r[1], r[2]),
};
export const notMulticast: Condition = {
  text: 'the option is none of multicast',
  holds: (r) => !isMulticast(r[1], r[2]),
};
