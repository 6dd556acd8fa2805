/**
 * Threads whose calls wait, in the helper: for descriptors, for a time, for the end of a process. No trustee blocks, so
 * that every wait can be ended, and none keeps another thread waiting. One epoll holds all descriptors, one timer all
 * times: both are the loop's to watch.
 *
 * A wait ends once, and nothing of it stays behind: that is why every way out is end().
 */
import { ERRNO } from '../abi/errno.js';
import type { Native } from '../native/index.js';
import type { Wait } from '../syscalls/dsl.js';

/** What is watched and what time it is: the addon's functions, or a test's. */
export interface Watcher extends Pick<Native, 'epollWatch' | 'epollRemove' | 'timerSet'> {
  /** Milliseconds, as performance.now(). */
  now(): number;
}

export interface WaitsOptions {
  readonly watcher: Watcher;
  readonly epoll: number;
  /** A timer descriptor (timerCreate) that the loop watches: when it is readable, expire() is due. */
  readonly timer: number;
  /** The tag that the loop's epoll gives back for what is ready: ready(fd) is due then. */
  readonly tag: (fd: number) => number;
}

/** How a wait ended: 0 worth to look again, -ETIMEDOUT, -EINTR. */
export type Resume = (result: number) => void;

interface Waiting<T> {
  readonly thread: T;
  readonly wait: Wait;
  readonly resume: Resume;
  /** Descriptors that are watched, once each. */
  readonly watched: Map<number, number>;
  /** When it ends by itself, and with what. */
  due: number;
  late: number;
}

interface Watched<T> {
  readonly by: Set<Waiting<T>>;
  events: number;
}

/** Milliseconds between looks at what cannot be watched, such as a set of more descriptors than the helper may have. */
const UNWATCHED = 10;
/** poll(2) tells these whether they were asked for or not. */
const ALWAYS = 0x8 | 0x10 | 0x20;
/** The longest time that the timer is set for; who waits longer is looked at then. */
const LONGEST = 3_600_000;

export class Waits<T> {
  private readonly waiting = new Map<T, Waiting<T>>();
  private readonly watched = new Map<number, Watched<T>>();
  private timed = Infinity;

  constructor(private readonly o: WaitsOptions) {}

  get size(): number {
    return this.waiting.size;
  }

  /**
   * The thread waits; `resume` is called later, never from here. One wait per thread.
   * `cancelled`: a signal came already, while the call was at work otherwise.
   */
  begin(thread: T, wait: Wait, resume: Resume, cancelled = false): void {
    if (this.waiting.has(thread)) throw new Error('a thread waits for one thing at a time');
    const entry: Waiting<T> = { thread, wait, resume, watched: new Map(), due: 0, late: -ERRNO.EINTR };
    this.waiting.set(thread, entry);
    const now = this.o.watcher.now();
    if (wait.processes?.() === true) entry.late = 0;
    else if (!cancelled || wait.deaf === true) {
      const again = now + Math.min(wait.again ?? Infinity, this.watchAll(entry));
      const until = wait.until ?? Infinity;
      entry.due = Math.min(again, until);
      entry.late = until <= again ? -ERRNO.ETIMEDOUT : 0;
    }
    this.setTimer(now);
  }

  /** A signal came: the wait ends with -EINTR, later. False when the thread does not wait, or hears none. */
  cancel(thread: T): boolean {
    const entry = this.waiting.get(thread);
    if (entry === undefined || entry.wait.deaf === true) return false;
    this.end(entry);
    this.begin(thread, entry.wait, entry.resume, true);
    return true;
  }

  /** The thread is gone: its wait ends without a word. */
  forget(thread: T): void {
    const entry = this.waiting.get(thread);
    if (entry !== undefined) this.end(entry);
  }

  /** The loop found a descriptor ready. */
  ready(fd: number): void {
    // Who is resumed may begin to wait for the same: only those that waited before are.
    for (const entry of [...(this.watched.get(fd)?.by ?? [])]) this.finish(entry, 0);
  }

  /** A process of the sandbox ended. */
  processEnded(): void {
    for (const entry of [...this.waiting.values()]) if (entry.wait.processes?.() === true) this.finish(entry, 0);
  }

  /** The timer is up, or may be: ends what is due. */
  expire(): void {
    this.timed = Infinity;
    this.o.watcher.timerSet(this.o.timer, 0); // it would stay readable
    const now = this.o.watcher.now();
    for (const entry of [...this.waiting.values()]) if (entry.due <= now) this.finish(entry, entry.late);
    this.setTimer(this.o.watcher.now());
  }

  // ---- one wait ----

  private finish(entry: Waiting<T>, result: number): void {
    if (this.waiting.get(entry.thread) !== entry) return; // one that was resumed before it ended this one
    this.end(entry);
    entry.resume(result);
  }

  private end(entry: Waiting<T>): void {
    this.waiting.delete(entry.thread);
    for (const fd of entry.watched.keys()) this.unwatch(entry, fd);
  }

  /** In how many milliseconds to look again, because of what could not be watched. */
  private watchAll(entry: Waiting<T>): number {
    const { watched, wait } = entry;
    let again = Infinity;
    for (const { fd, events } of wait.fds ?? []) watched.set(fd, (watched.get(fd) ?? 0) | events | ALWAYS);
    for (const [fd, events] of watched) {
      const failure = this.watch(entry, fd, events);
      if (failure === 0) continue;
      watched.delete(fd);
      // What epoll does not take, a regular file, is always ready. All else is a limit of the helper's.
      again = Math.min(again, failure === -ERRNO.EPERM ? 0 : UNWATCHED);
    }
    return again;
  }

  private watch(entry: Waiting<T>, fd: number, events: number): number {
    const known = this.watched.get(fd);
    if (known !== undefined && (known.events | events) === known.events) {
      known.by.add(entry);
      return 0;
    }
    const all = (known?.events ?? 0) | events;
    const failure = this.o.watcher.epollWatch(this.o.epoll, fd, all, this.o.tag(fd), known === undefined ? 0 : 1);
    if (failure !== 0) return failure;
    if (known === undefined) this.watched.set(fd, { by: new Set([entry]), events: all });
    else {
      known.by.add(entry);
      known.events = all;
    }
    return 0;
  }

  private unwatch(entry: Waiting<T>, fd: number): void {
    const known = this.watched.get(fd);
    if (known === undefined) return;
    known.by.delete(entry);
    if (known.by.size === 0) {
      // Before the descriptor is closed: an epoll keeps the open file of a number that is gone.
      this.o.watcher.epollRemove(this.o.epoll, fd);
      this.watched.delete(fd);
      return;
    }
    let events = 0;
    for (const other of known.by) events |= other.watched.get(fd) ?? 0;
    if (events === known.events) return;
    known.events = events;
    this.o.watcher.epollWatch(this.o.epoll, fd, events, this.o.tag(fd), 1);
  }

  // ---- time ----

  private setTimer(now: number): void {
    let first = Infinity;
    for (const { due } of this.waiting.values()) first = Math.min(first, due);
    if (first >= this.timed) return; // one that is up too early does no harm
    this.timed = first;
    const milliseconds = Math.min(Math.max(first - now, 0), LONGEST);
    this.o.watcher.timerSet(this.o.timer, Math.max(1, Math.ceil(milliseconds * 1e6)));
  }
}
