/** What the kernel tells of one thread that runs the program, where no call can ask for another thread: by procfs. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ByteString } from '../abi/bytes.js';
import { rusage } from '../abi/structs-process.js';
import type { ThreadView } from './dsl.js';

/** A file of /proc/PID/task/TID of the untrustee, or while there is none of its trustee; undefined when both are gone. */
export function taskFile({ process, tid, hostTid }: ThreadView, name: string): ByteString | undefined {
  try {
    return readFileSync(`/proc/${process.pid}/task/${hostTid === 0 ? tid : hostTid}/${name}`, 'latin1');
  } catch {
    return undefined;
  }
}

/** proc(5) counts the fields of stat from 1; the second, a name, may hold anything and ends at the last parenthesis. */
const STAT = { minflt: 10, majflt: 12, utime: 14, stime: 15, processor: 39 } as const;
const BEHIND_NAME = 3;

function statOf(thread: ThreadView): ((field: keyof typeof STAT) => number) | undefined {
  const stat = taskFile(thread, 'stat');
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && ((name) => Number(fields[STAT[name] - BEHIND_NAME]));
}

export const nameOfThread = (thread: ThreadView): ByteString | undefined => taskFile(thread, 'comm')?.slice(0, -1);
export const processorOf = (thread: ThreadView): number | undefined => statOf(thread)?.('processor');

const nodes = new Map<number, number>();
/** The node of memory that a processor belongs to, 0 where there is but one. */
export function nodeOf(processor: number): number {
  const known = nodes.get(processor);
  if (known !== undefined) return known;
  let names: string[] = [];
  try {
    names = readdirSync(`/sys/devices/system/cpu/cpu${processor}`);
  } catch {
    // no such directory: a kernel without nodes
  }
  const node = Number(names.map((name) => /^node(\d+)$/.exec(name)?.[1]).find((n) => n !== undefined) ?? 0);
  nodes.set(processor, node);
  return node;
}

const NANOSECONDS = 1e9;
const TICKS = 100;
/** Seconds and microseconds. */
const split = (nanoseconds: number): readonly [number, number] => [
  Math.floor(nanoseconds / NANOSECONDS),
  Math.floor((nanoseconds % NANOSECONDS) / 1000),
];

/**
 * struct rusage of a thread (RUSAGE_THREAD of getrusage(2)): the scheduler's time, shared out as the ticks are, which is
 * how the kernel does it. Blocks in and out are not told by the thread, and 0. Undefined when the thread is gone.
 */
export function usageOf(thread: ThreadView): Uint8Array | undefined {
  const stat = statOf(thread);
  const status = taskFile(thread, 'status');
  if (stat === undefined || status === undefined) return undefined;
  const line = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const [user, system] = [stat('utime'), stat('stime')];
  const run = Number(taskFile(thread, 'schedstat')?.split(' ')[0] ?? 0) || (user + system) * (NANOSECONDS / TICKS);
  const inUser = user + system === 0 ? run : (run * user) / (user + system);
  const [utimeSec, utimeUsec] = split(inUser);
  const [stimeSec, stimeUsec] = split(run - inUser);
  return rusage.encode({
    ...{ utimeSec, utimeUsec, stimeSec, stimeUsec, maxrss: line('VmHWM'), minflt: stat('minflt') },
    ...{ majflt: stat('majflt'), nvcsw: line('voluntary_ctxt_switches'), nivcsw: line('nonvoluntary_ctxt_switches') },
  });
}
