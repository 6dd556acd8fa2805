/**
 * Files of procfs whose text is made when they are opened: the kernel's would speak of the trustee, which leads each
 * process, and of the loader. They tell what the kernel says of the untrustee, in the numbers that the program knows.
 */
import { SIGNAL_MAX } from '../abi/flags-process.js';
import { readFileSync } from 'node:fs';
import { toBytes, type ByteString } from '../abi/bytes.js';
import type { ProcessView, ThreadView } from '../syscalls/dsl.js';
import { taskFile } from '../syscalls/task-files.js';
import { livingThread } from './paths-threads.js';

const FILE = /^\/proc\/(\d+)\/(?:task\/(\d+)\/)?(status|stat|auxv|children)$/;

/**
 * Makes the bytes of a file by its canonical guest path; undefined for files that are the kernel's. Who asks is running,
 * though its untrustee waits for the answer.
 */
export function procfsText(path: ByteString, visitor: ThreadView): (() => Uint8Array | undefined) | undefined {
  const parts = FILE.exec(path);
  const process = parts === null ? undefined : visitor.process.sandbox.process(Number(parts[1]));
  if (parts === null || process === undefined) return undefined;
  if (parts[3] === 'auxv') return () => auxvOf(process);
  const tid = parts[2] as string | undefined;
  const thread = tid === undefined ? mainThread(process) : livingThread(process, Number(tid));
  if (thread === undefined) return undefined; // it ended: the kernel says what is left
  const pid = tid === undefined ? process.pid : thread.tid;
  const runs = thread === visitor;
  if (parts[3] === 'children') return tid === undefined ? undefined : () => bytesOf(childrenOf(thread));
  if (parts[3] === 'status') return () => bytesOf(statusOf(thread, pid, runs));
  return () => bytesOf(tid === undefined ? statOfProcess(thread, runs) : statOfThread(thread, pid, runs));
}

const bytesOf = (text: ByteString | undefined): Uint8Array | undefined => (text === undefined ? text : toBytes(text));

/** The main thread, or where that ended another one. */
function mainThread(process: ProcessView): ThreadView | undefined {
  const [first] = process.living;
  return livingThread(process, process.pid) ?? (first as ThreadView | undefined);
}

function auxvOf({ auxv }: ProcessView): Uint8Array | undefined {
  return auxv.length === 0 ? undefined : new Uint8Array(auxv.slice().buffer);
}

/** Those that its trustee has cloned for it: in the kernel's eyes it is that one's. */
function childrenOf({ process, tid }: ThreadView): ByteString | undefined {
  try {
    return readFileSync(`/proc/${process.pid}/task/${tid}/children`, 'latin1');
  } catch {
    return undefined; // it ended, or the kernel has no such file (CONFIG_PROC_CHILDREN)
  }
}

// ---- signals ----

const SIG_DFL = 0;
const SIG_IGN = 1;

interface Sets {
  readonly blocked: bigint;
  readonly ignored: bigint;
  readonly caught: bigint;
}
/** The program's sets: `ignored` are those that the kernel ignores, the sandbox's own handlers do not count. */
function setsOf(thread: ThreadView, ignored: bigint): Sets {
  let caught = 0n;
  for (let signal = 1; signal <= SIGNAL_MAX; signal++) {
    const bit = 1n << BigInt(signal - 1);
    const { handler } = thread.process.signals.of(signal);
    ignored = handler === SIG_IGN ? ignored | bit : ignored & ~bit;
    if (handler !== SIG_IGN && handler !== SIG_DFL) caught |= bit;
  }
  return { blocked: thread.mask, ignored, caught };
}

// ---- status ----

const STRICT = 1;
const set = (signals: bigint): string => signals.toString(16).padStart(16, '0');
const count = (items: Iterable<unknown>): number => [...items].length;

/** proc_pid_status(5) of an untrustee, which goes by the id `pid`. */
function statusOf(thread: ThreadView, pid: number, runs: boolean): ByteString | undefined {
  const status = taskFile(thread, 'status');
  if (status === undefined) return undefined;
  const ignored = BigInt(`0x${/^SigIgn:\t(\w+)$/m.exec(status)?.[1] ?? '0'}`);
  const sets = setsOf(thread, ignored);
  const lines: Record<string, (value: string) => string | number> = {
    State: (value) => (runs ? 'R (running)' : value),
    Pid: () => pid,
    PPid: () => thread.process.parent,
    NSpid: (value) => value.replace(/\d+$/, String(pid)),
    Threads: () => count(thread.process.living),
    SigBlk: () => set(sets.blocked),
    SigIgn: () => set(sets.ignored),
    SigCgt: () => set(sets.caught),
    Seccomp: () => STRICT,
  };
  return status.replace(/^(\w+):\t(.*)$/gm, (line, name: string, value: string) =>
    name in lines ? `${name}:\t${lines[name](value)}` : line,
  );
}

// ---- stat ----

/** proc_pid_stat(5) counts from 1; behind the name, which may hold anything, comes the third. */
const FIELD = {
  state: 3,
  parent: 4,
  minflt: 10,
  cstime: 17,
  threads: 20,
  start: 22,
  blocked: 32,
  ignored: 33,
  caught: 34,
} as const;
const BEHIND_NAME = 3;
/** The fields that hold sets have room for the first 31 signals. */
const FIRST_SIGNALS = 0x7fffffffn;

const fieldsOf = (stat: ByteString): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

function statOfThread(
  thread: ThreadView,
  pid: number,
  runs: boolean,
  wholeProcess?: readonly string[],
): ByteString | undefined {
  const stat = taskFile(thread, 'stat');
  if (stat === undefined) return undefined;
  const fields = fieldsOf(stat);
  const put = (field: number, value: unknown): void => void (fields[field - BEHIND_NAME] = String(value));
  if (runs) put(FIELD.state, 'R');
  put(FIELD.parent, thread.process.parent);
  for (let field: number = FIELD.minflt; wholeProcess !== undefined && field <= FIELD.cstime; field++)
    put(field, wholeProcess[field - BEHIND_NAME]);
  if (wholeProcess !== undefined) put(FIELD.start, wholeProcess[FIELD.start - BEHIND_NAME]);
  const sets = setsOf(thread, BigInt(fields[FIELD.ignored - BEHIND_NAME]));
  put(FIELD.threads, count(thread.process.living));
  put(FIELD.blocked, sets.blocked & FIRST_SIGNALS);
  put(FIELD.ignored, sets.ignored & FIRST_SIGNALS);
  put(FIELD.caught, sets.caught & FIRST_SIGNALS);
  return `${pid} ${stat.slice(stat.indexOf('('), stat.lastIndexOf(')') + 1)} ${fields.join(' ')}`;
}

/** Time, faults and start are the whole process's, all else the thread's. */
function statOfProcess(thread: ThreadView, runs: boolean): ByteString | undefined {
  const { pid } = thread.process;
  try {
    return statOfThread(thread, pid, runs, fieldsOf(readFileSync(`/proc/${pid}/stat`, 'latin1')));
  } catch {
    return undefined;
  }
}
