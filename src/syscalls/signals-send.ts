/**
 * Calls that send a signal: to the sandbox's own processes and threads, which the caller's trustee names one by one; for the
 * program there are no others. A thread's signal goes to its untrustee. si_pid is right because the trustee is of the process.
 */
import { NUMBERS } from '../abi/numbers.js';
import { siginfo } from '../abi/structs-process.js';
import type { Call, ProcessView, Steps, ThreadView } from './dsl.js';
import { membersOf, refuseForeign } from './members.js';
import { fixed, valid } from './signals-support.js';
import { fail } from './support-process.js';

const { kill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo } = NUMBERS;
const ESRCH = fail('ESRCH');

/** The processes that kill(2) means by 0, -1 or a negative number: -1 are all but the caller. */
function namedBy(call: Call, target: number): ProcessView[] {
  const members = membersOf(call);
  if (target === -1) return members.all().filter(({ pid }) => pid !== call.process.pid);
  return members.group(target === 0 ? call.process.group : -target);
}

/** To each of them: 0 if one could be sent to. */
function* sendToMembers(call: Call, target: number, sig: number): Steps {
  const members = namedBy(call, target);
  if (members.length === 0) return refuseForeign(call, target);
  let result = ESRCH;
  for (const { pid } of members) {
    const sent = yield [kill, pid, sig];
    if (result !== 0) result = sent;
  }
  return result;
}

export function* send(call: Call, target: number, sig: number): Steps {
  if (target <= 0) return yield* sendToMembers(call, target, sig);
  const process = membersOf(call).process(target);
  return process === undefined ? refuseForeign(call, target) : yield [kill, process.pid, sig];
}

/** The thread of that id; `group` 0 is any process. */
function threadNamed(call: Call, group: number, tid: number): ThreadView | undefined {
  const thread = membersOf(call).thread(tid);
  return thread !== undefined && (group === 0 || thread.process.pid === group) ? thread : undefined;
}

/** A thread of the caller's process that starts anew gets it when it has: nobody needs a permission for that. */
const isOwed = (call: Call, thread: ThreadView, sig: number): boolean =>
  thread.startsAnew && thread.process === call.process && valid(sig) && !fixed(sig);
function owe(thread: ThreadView, signal: number, info: Uint8Array): number {
  thread.owe({ signal, info });
  return 0;
}
const SI_TKILL = -6;
function ownInfo({ process, thread }: Call, signo: number): Uint8Array {
  const fields = new Uint8Array(Uint32Array.of(process.pid, thread.credentials.uid.real).buffer);
  return siginfo.encode({ signo, code: SI_TKILL, fields });
}

/** tkill(2), tgkill(2): `group` 0 is any process. */
export function* sendToThread(call: Call, group: number, tid: number, sig: number): Steps {
  if (group < 0 || tid <= 0) return fail('EINVAL');
  const thread = threadNamed(call, group, tid);
  if (thread === undefined) return refuseForeign(call, tid);
  const { pid } = thread.process;
  if (isOwed(call, thread, sig)) return owe(thread, sig, ownInfo(call, sig));
  // Between two untrustees there is none to name; its process is as near as it gets.
  return thread.hostTid === 0 ? yield [kill, pid, sig] : yield [tgkill, pid, thread.hostTid, sig];
}

/** sigqueue(3), pthread_sigqueue(3): with a siginfo of the sender's. `tid` 0: to the process. */
export function* queue(call: Call, pid: number, tid: number, sig: number, info: number): Steps {
  const bytes = call.get(info, siginfo.size);
  if (typeof bytes === 'number') return bytes;
  if (tid === 0) {
    const process = membersOf(call).process(pid);
    if (process === undefined) return refuseForeign(call, pid);
    return yield [rt_sigqueueinfo, process.pid, sig, call.arena(bytes)];
  }
  const thread = threadNamed(call, pid, tid);
  if (thread === undefined) return refuseForeign(call, tid);
  if (isOwed(call, thread, sig)) return owe(thread, sig, bytes);
  return yield [rt_tgsigqueueinfo, pid, thread.hostTid, sig, call.arena(bytes)];
}
