/**
 * Timers that signal one thread (SIGEV_THREAD_ID). The kernel knows the thread's untrustee; when another takes its place,
 * a timer of the same kind is made for that one. The program goes on with the number that it was given.
 */
import { NUMBERS } from '../abi/numbers.js';
import { itimerspec32 } from '../abi/structs.js';
import { sigevent } from '../abi/structs-ipc.js';
import type { GuestMemory } from '../memory/guest.js';
import type { Order } from './dsl.js';

interface ThreadTimer {
  /** The kernel's number of it now. */
  kernel: number;
  /** The id that gettid answers in the thread. */
  readonly tid: number;
  readonly clock: number;
  /** struct sigevent with the host id of an untrustee. */
  readonly event: Uint8Array;
  /** struct itimerspec: what is left and the interval, while there is no untrustee. */
  left?: Uint8Array;
}

/** Words of memory that the trustee may write and nobody looks at: the program can write there, and spoils its own timers. */
export interface Scratch {
  readonly memory: GuestMemory;
  readonly address: number;
  /** Copies bytes to where the trustee reads them. */
  copy(bytes: Uint8Array): number;
}

type Orders = Generator<Order, void, number>;

/** Those of a process, by the program's numbers. */
export class ThreadTimers {
  private readonly known = new Map<number, ThreadTimer>();

  note(id: number, timer: ThreadTimer): void {
    this.known.set(id, timer);
  }
  forget(id: number): void {
    this.known.delete(id);
  }
  /** The kernel's number for the program's. */
  kernel(id: number): number {
    return this.known.get(id)?.kernel ?? id;
  }
  /** The program executes another: there are none any more. */
  clear(): void {
    this.known.clear();
  }

  /** Before the untrustee of a thread goes. */
  *save(tid: number, { memory, address }: Scratch): Orders {
    for (const timer of this.of(tid)) {
      timer.left = undefined;
      if ((yield [NUMBERS.timer_gettime, timer.kernel, address]) !== 0) continue;
      const left = new Uint8Array(itimerspec32.size);
      if (memory.read(address, left, left.length) === left.length) timer.left = left;
    }
  }

  /** For the next one, `hostTid`. */
  *restore(tid: number, hostTid: number, { memory, address, copy }: Scratch): Orders {
    for (const timer of this.of(tid)) {
      const { left, clock, kernel } = timer;
      if (left === undefined) continue;
      const event = copy(sigevent.encode({ ...sigevent.decode(timer.event), sigev_notify_thread_id: hostTid }));
      if ((yield [NUMBERS.timer_create, clock, event, address]) !== 0) continue;
      const id = new Int32Array(1);
      if (memory.read(address, new Uint8Array(id.buffer), 4) !== 4) continue;
      yield [NUMBERS.timer_settime, id[0], 0, copy(left), 0];
      yield [NUMBERS.timer_delete, kernel];
      timer.kernel = id[0];
    }
  }

  private of(tid: number): ThreadTimer[] {
    return [...this.known.values()].filter((timer) => timer.tid === tid);
  }
}
