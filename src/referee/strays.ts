/**
 * Processes that nobody knows: a trustee cloned them and was killed before it could tell. Such a child has one thread, a
 * trustee that waits for its first order, and would wait for ever.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import type { Sandbox } from './process.js';

/** What a process runs, as device and inode; all of a sandbox run its loader, an unnamed file of its own. */
function imageOf(pid: number | string): string | undefined {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/exe`, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // gone, or not ours to look at
  }
}
function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch {
    return 0;
  }
}

export class Strays {
  private readonly image: string | undefined;

  constructor(
    private readonly sandbox: Sandbox,
    first: number,
  ) {
    this.image = imageOf(first);
  }

  /** Ends those that there are. A child whose parent lives is on its way, and none. */
  end(): void {
    if (this.image === undefined) return;
    const living = new Set([...this.sandbox.known].filter(({ ended }) => !ended).map(({ pid }) => pid));
    for (const name of readdirSync('/proc')) {
      const pid = Number(name);
      if (!(pid > 0) || living.has(pid) || imageOf(pid) !== this.image || living.has(parentOf(pid))) continue;
      const pidfd = native.pidfdOpen(pid, 0);
      if (pidfd < 0) continue;
      if (imageOf(pid) === this.image) native.pidfdKill(pidfd, L.SIGNAL.KILL);
      native.close(pidfd);
    }
  }
}
