/** Traces: one line per call, written when the call ends and before its reply, so that a line stands before what follows from it. */
import { traceLine } from '../referee/trace.js';
import type { Observer } from '../referee/watch.js';
import { writeAll } from './write.js';

/** Writes to a descriptor, in strace's notation and with the verdict. */
export const textTrace = (fd: number): Observer => ({
  call: (event) => writeAll(fd, Buffer.from(`${traceLine(event, true)}\n`), 'trace'),
});
