/**
 * A thread has the descriptors of its process for itself: while its trustee works with numbers that calls of the program
 * could name, and while the limit of open files is raised, no other thread's call is begun or gone on with. What
 * untrustees make natively gives nobody a descriptor.
 */
import { NUMBERS } from '../abi/numbers.js';
import type { Wait } from '../syscalls/dsl.js';
import type { ProcessState, ThreadState } from './process.js';

interface Held {
  readonly owner: ThreadState;
  readonly calls: (() => void)[];
}

/** Milliseconds until it is looked whether the others' orders are done. */
const LOOK = 1;
/** Trustees sleep in these for as long as the program likes, and touch no descriptor. */
const FUTEXES: ReadonlySet<number> = new Set([NUMBERS.futex, NUMBERS.futex_time64, NUMBERS.futex_waitv]);

/** Is its trustee at a call that may give, take or name a descriptor? */
const isAtWork = (thread: ThreadState): boolean =>
  thread.phase === 'delegating' &&
  thread.lost === 0 &&
  !FUTEXES.has(thread.request?.nr ?? 0) &&
  thread.memory.result() === undefined;

export class Solitudes {
  private readonly held = new Map<ProcessState, Held>();
  private due: (() => void)[] = [];

  /** `resume`: looks at the result of a thread's order, which nobody has looked at meanwhile. */
  constructor(private readonly resume: (thread: ThreadState) => void) {}

  /** From when it ends to end() the thread is alone. */
  *begin(owner: ThreadState): Generator<Wait, void, number> {
    const { process } = owner;
    if (this.held.has(process)) throw new Error(`two threads of process ${process.pid} would be alone`);
    this.held.set(process, { owner, calls: [] });
    while (process.threads.some((thread) => thread !== owner && isAtWork(thread))) yield { again: LOOK, deaf: true };
  }

  /** What was held goes on when the event at hand is dealt with. */
  end(owner: ThreadState): void {
    const { process } = owner;
    const held = this.held.get(process);
    if (held?.owner !== owner) return;
    this.held.delete(process);
    this.due.push(...held.calls, () => process.threads.slice().forEach(this.resume));
  }

  isHeld(thread: ThreadState): boolean {
    if (this.held.size === 0) return false;
    const held = this.held.get(thread.process);
    return held !== undefined && held.owner !== thread;
  }
  /** To be called for a thread that is held. */
  hold({ process }: ThreadState, go: () => void): void {
    this.held.get(process)?.calls.push(go);
  }

  /** Goes on with what was held. It may be held again. */
  run(): void {
    while (this.due.length > 0) {
      const { due } = this;
      this.due = [];
      for (const go of due) go();
    }
  }
}
