/**
 * Reserved numbers at which trustees hold what they are about to act on: no call of the program can put something else
 * there. The kernel gives no number above the soft limit of open files (RLIMIT_NOFILE, getrlimit(2)), where they are, not
 * even to dup3(2): for that moment the trustee raises the limit.
 */
import { ERRNO } from '../abi/errno.js';
import { rlimit64 } from '../abi/structs-process.js';
import { limitOf } from '../memory/limits.js';
import { RESERVED } from '../wire/layout.js';

export class Targets {
  private readonly free: number[];
  private users = 0;
  private soft = 0n;
  private hard = 0n;

  /** `base`: the first reserved number. */
  constructor(
    private readonly pid: number,
    private readonly base: number,
  ) {
    this.free = Array.from({ length: RESERVED.threads - RESERVED.targets }, (_, i) => base + RESERVED.targets + i);
  }

  /** A number for one thread alone, until it is given back: -EAGAIN when there is none. */
  take(): number {
    return this.free.pop() ?? -ERRNO.EAGAIN;
  }
  giveBack(target: number): void {
    this.free.push(target);
  }

  /** The limit (struct rlimit64) that lets all of them be given. Every raise() is followed by a restore(). */
  raise(): Uint8Array {
    const to = BigInt(this.base + RESERVED.threads);
    if (this.users++ === 0) ({ soft: this.soft, hard: this.hard } = limitOf(this.pid, 'Max open files'));
    return this.limit(this.soft < to ? to : this.soft);
  }
  /** The limit as it was, unless another thread still needs it raised. */
  restore(): Uint8Array | undefined {
    return --this.users === 0 ? this.limit(this.soft) : undefined;
  }
  private limit(cur: bigint): Uint8Array {
    return rlimit64.encode({ cur, max: this.hard });
  }
}
