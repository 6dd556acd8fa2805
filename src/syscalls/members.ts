/**
 * Who a number in a call means: the processes, threads and groups of the sandbox. All others do not exist for a program
 * (ESRCH), as in a pid namespace of its own; EPERM would tell which processes the host has. Nobody's either are the
 * sandbox's own parts: the helper, trustees other than by the thread they serve, lifelines, and the real ids of untrustees.
 */
import { syscallName } from '../abi/numbers.js';
import type { Call, Order, ProcessView, SandboxView, ThreadView } from './dsl.js';
import { fail, refuse } from './support-process.js';

/** Greater than PID_MAX_LIMIT: never a process. The kernel then says in its own order what is wrong with a call. */
export const NOBODY = 0x7fffffff;

/** The processes of one sandbox, as calls ask for them. */
export class Members {
  constructor(private readonly sandbox: SandboxView) {}

  all(): ProcessView[] {
    return [...this.sandbox.processes];
  }
  /** The process that has this pid, or a thread with this id. */
  process(id: number): ProcessView | undefined {
    return this.sandbox.process(id) ?? this.sandbox.thread(id)?.process;
  }
  thread(tid: number): ThreadView | undefined {
    return this.sandbox.thread(tid);
  }
  /** The members of a process group. Outsiders that are in it are not among them. */
  group(group: number): ProcessView[] {
    return group > 0 ? this.all().filter((process) => process.group === group) : [];
  }
  /** May the kernel be told to act on the whole group? Not on the first one, which the helper is in. */
  ownsGroup(group: number): boolean {
    return this.group(group).some(({ firstGroup }) => firstGroup !== group);
  }
}
export const membersOf = (call: Call): Members => new Members(call.process.sandbox);

/** The program's own process or thread, or 0 for it. */
export const isOwn = (call: Call, pid: number): boolean =>
  pid === 0 || pid >>> 0 === call.process.pid || pid >>> 0 === call.thread.tid;

/** A process, or with a negative number a group, that is not the sandbox's. */
export const refuseForeign = (call: Call, pid: number): number =>
  refuse(call, 'ESRCH', `process ${pid | 0} is none of the sandbox's`);

/** The process that a call names by its id or that of one of its threads; 0 is the caller's. */
export const processOf = (call: Call, id: number): ProcessView | undefined =>
  isOwn(call, id) ? call.process : membersOf(call).process(id >>> 0);

/** The thread that a call names; 0 is the caller, a pid the main one. */
export const threadOf = (call: Call, tid: number): ThreadView | undefined =>
  tid === 0 ? call.thread : membersOf(call).thread(tid >>> 0);

/** What stands for nobody in an order: negative numbers as they are, which the kernel knows what to say of. */
function nobody(call: Call, id: number): number {
  if ((id | 0) < 0) return id;
  refuseForeign(call, id);
  return NOBODY;
}

/** The number of a process in an order of the caller's trustee: 0 for the caller's own. */
export function orderedProcess(call: Call, id: number): number {
  const process = processOf(call, id);
  if (process === undefined) return nobody(call, id);
  return process === call.process ? 0 : process.pid;
}

/** Untrustee and trustee of a thread, by the numbers that orders of the caller's trustee have for them. */
export interface OrderedThread {
  /** The one that runs the program. */
  readonly runs: number;
  /** The one that its next untrustee inherits from; undefined when there is none, or they are the same. */
  readonly serves?: number;
}
const partsOf = (call: Call, { hostTid, tid }: ThreadView): OrderedThread => {
  const trustee = tid === call.thread.tid ? 0 : tid;
  return hostTid === 0 ? { runs: trustee } : { runs: hostTid, serves: trustee };
};
export function orderedThread(call: Call, tid: number): OrderedThread {
  const thread = threadOf(call, tid);
  if (thread !== undefined) return partsOf(call, thread);
  // A main thread that ended leaves its process, which the kernel knows by the leader.
  const process = membersOf(call).process(tid >>> 0);
  return { runs: process === undefined ? nobody(call, tid) : process.pid };
}

/** The threads of some processes; a process without any is known by its leader. */
export const orderedThreads = (call: Call, processes: readonly ProcessView[]): OrderedThread[] =>
  processes.flatMap((process) => {
    const threads = [...process.living].map((thread) => partsOf(call, thread));
    return threads.length > 0 ? threads : [{ runs: process.pid }];
  });

/**
 * What sets an attribute of a thread sets it for its untrustee, and for the trustee that later untrustees are clones of.
 * `order` makes the call for a thread's number.
 */
export function* setForThread(
  { runs, serves }: OrderedThread,
  order: (tid: number) => Order,
): Generator<Order, number, number> {
  const result = yield order(runs);
  if (result >= 0 && serves !== undefined) yield order(serves);
  return result;
}

/** The processes that a kind of target means, such as PRIO_PGRP; undefined for none. Of users there is one. */
export function targetsOf(call: Call, kind: 'group' | 'user', who: number): ProcessView[] | number {
  const members = membersOf(call);
  const found = kind === 'user' ? ofUser(members, who) : members.group(who === 0 ? call.process.group : who);
  if (found.length > 0) return found;
  call.log('warn', `${syscallName(call.nr)}: ${kind} ${who} has no process of the sandbox`);
  return fail('ESRCH');
}
const ofUser = (members: Members, who: number): ProcessView[] =>
  who === 0 || who === process.getuid?.() ? members.all() : [];
