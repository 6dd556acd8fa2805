/** Writing of what observers have to say, to files, pipes and terminals alike. */
import { writeSync } from 'node:fs';
import { native } from '../native/index.js';
import { ObserverFailed } from '../referee/watch.js';

const POLLOUT = 4;

/**
 * Writes all of it. Standard error is the program's, too, which can make it non-blocking: then this waits for room as a
 * blocking one does.
 * @throws ObserverFailed when it cannot be written: a full disk, a reader that is gone
 */
export function writeAll(fd: number, bytes: Uint8Array, what: string): void {
  for (let at = 0; at < bytes.length;)
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') throw new ObserverFailed(`the ${what} cannot be written: ${message}`);
      native.poll(fd, POLLOUT, -1);
    }
}
