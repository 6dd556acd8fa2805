/** The robust futexes of a thread that ended (get_robust_list(2), exit_robust_list() of kernel/futex/core.c). */
import { robustListHead } from '../abi/structs-process.js';
import type { ThreadState } from './process.js';

const LIMIT = 2048;
const OWNER = 0x3fffffff;
const OWNER_DIED = 0x40000000;
const WAITERS = 0x80000000;
/** The lowest bit of a pointer says that its futex is one with priority inheritance; those are not offered. */
const PI = 1;

/** Marks those that the thread held, whatever its list says: it is the program's memory. Those to be woken. */
export function robustFutexes(thread: ThreadState): number[] {
  if (thread.robustList === 0) return [];
  const memory = thread.guestMemory;
  const word = (at: number): number | undefined => {
    const bytes = new Uint32Array(1);
    return memory.read(at >>> 0, new Uint8Array(bytes.buffer), 4) === 4 ? bytes[0] : undefined;
  };
  const head = new Uint8Array(robustListHead.size);
  if (memory.read(thread.robustList, head, head.length) !== head.length) return [];
  const view = new DataView(head.buffer);
  const [first, offset, pending] = [view.getUint32(0, true), view.getInt32(4, true), view.getUint32(8, true)];

  const woken: number[] = [];
  const release = (entry: number): void => {
    const at = ((entry & ~PI) + offset) >>> 0;
    const value = at % 4 === 0 && thread.process.regions.hit(at, 4) === undefined ? word(at) : undefined;
    if (value === undefined || (value & OWNER) !== thread.tid) return;
    memory.write(at, new Uint8Array(Uint32Array.of((value & WAITERS) | OWNER_DIED).buffer), 4);
    if ((value & WAITERS) !== 0) woken.push(at);
  };
  let entry: number | undefined = first;
  for (let i = 0; i < LIMIT && entry !== undefined && (entry & ~PI) >>> 0 !== thread.robustList; i++) {
    const next = word((entry & ~PI) >>> 0);
    if (entry !== pending) release(entry);
    entry = next;
  }
  if (pending !== 0) release(pending);
  return woken;
}
