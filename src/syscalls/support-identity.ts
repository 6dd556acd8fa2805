/**
 * A thread that becomes somebody else. The kernel decides: the thread's trustee makes the call, and what came of it is
 * read back. A thread has its credentials for itself, so the untrustee is started anew from its trustee, who has them.
 */
import { PR } from '../abi/flags-process.js';
import { SIGNAL } from '../abi/linux.js';
import { canFollow, credentialsOf, type Credentials, type Ids } from '../native/credentials.js';
import type { Call, Order, Steps } from './dsl.js';
import { failed } from './support.js';
import { notes, refuseOnce } from './support-process.js';

const P = PR.values;
const PRCTL = 172;
const ask = (option: number, value = 0): Order => [PRCTL, option, value, 0, 0, 0];
const DUMPABLE = 1;

/** What the kernel has now; undefined when the thread is gone. */
function current({ process, thread }: Call, securebits: number): Credentials | undefined {
  try {
    return credentialsOf(process.pid, thread.tid, securebits);
  } catch {
    return undefined;
  }
}

/** Reads back what a call made of the thread, which starts anew if that is something else. */
export function* settle(call: Call, result: number): Steps {
  const { thread } = call;
  const now = current(call, yield ask(P.PR_GET_SECUREBITS));
  if (now === undefined) return { outcome: 'silent' };
  if (now.same === thread.credentials.same) return result;
  thread.credentials = now;
  // commit_creds() of kernel/cred.c takes both away. What stops with its helper is the helper's child.
  if (thread.tid === call.process.pid && call.process.isFirst) yield ask(P.PR_SET_PDEATHSIG, SIGNAL.KILL);
  const dumpable = yield ask(P.PR_GET_DUMPABLE);
  if (dumpable !== DUMPABLE) notes(call).dumpable = dumpable;
  return { outcome: 'respawn', result };
}

/** Has the trustee make a call that may change who the thread is. */
export function* change(call: Call, order: Order): Steps {
  const result = yield order;
  return failed(result) ? result : yield* settle(call, result);
}

const isOnly = (ids: Ids, id: number): boolean => Object.values(ids).every((own) => own === id);

/** 0 when a change of these ids can be followed, or is none: the kernel decides then. */
export function unfollowed(call: Call, kind: 'uid' | 'gid', wanted: readonly number[]): number {
  const { credentials } = call.thread;
  if (credentials.isSettled || wanted.every((id) => isOnly(credentials[kind], id)) || canFollow()) return 0;
  return refuseOnce(
    call,
    'EPERM',
    'the sandbox needs CAP_SYS_PTRACE, CAP_KILL, CAP_SETUID and CAP_SETGID to go on with a program that changes its ids',
  );
}
