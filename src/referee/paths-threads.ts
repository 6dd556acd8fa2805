/**
 * /proc/PID/task of a process of the sandbox has two names for a thread: the program knows it by its virtual id, the
 * host by the untrustee's. What else is in there, trustees, lifelines and threads that ended, has no name in the guest.
 */
import type { ByteString } from '../abi/bytes.js';
import type { ProcessView, ThreadView } from '../syscalls/dsl.js';

const PREFIX = '/proc/';
const TASK = /^\/proc\/([1-9]\d*)\/task\/([1-9]\d*)(?=\/|$)/;

/** The thread of a process that the program knows by this id. */
export function livingThread(process: ProcessView, tid: number): ThreadView | undefined {
  for (const thread of process.living) if (thread.tid === tid) return thread;
  return undefined;
}
/** The number by which the host knows a thread; its trustee's while it has no untrustee. */
export const hostNumber = ({ hostTid, tid }: ThreadView): number => (hostTid === 0 ? tid : hostTid);

export class ThreadNames {
  /** @param visitor on whose behalf names are translated; nobody's stay as they are */
  constructor(private readonly visitor: () => ThreadView | undefined) {}

  /** The host's name of a canonical path below /proc. */
  toHost(path: ByteString): ByteString {
    return this.renamed(path, (process, tid) => {
      const thread = livingThread(process, tid);
      return thread && hostNumber(thread);
    });
  }
  /** The guest's name of a canonical path below /proc. */
  toGuest(path: ByteString): ByteString {
    return this.renamed(path, (process, host) => {
      for (const thread of process.living) if (hostNumber(thread) === host) return thread.tid;
      return undefined;
    });
  }

  private renamed(path: ByteString, other: (process: ProcessView, number: number) => number | undefined): ByteString {
    const parts = path.startsWith(PREFIX) ? TASK.exec(path) : null;
    const process = parts === null ? undefined : this.visitor()?.process.sandbox.process(Number(parts[1]));
    if (parts === null || process === undefined) return path;
    const number = other(process, Number(parts[2]));
    return number === undefined ? path : `/proc/${parts[1]}/task/${number}${path.slice(parts[0].length)}`;
  }
}
