/** Traces: one line per call, written when the call ends and before its reply, so that a line stands before what follows from it. */
import { writeSync } from 'node:fs';
import { traceLine } from '../referee/trace.js';
import type { Observer } from '../referee/watch.js';

/** Writes to a descriptor, in strace's notation and with the verdict. */
export const textTrace = (fd: number): Observer => ({
  call: (event) => void writeSync(fd, `${traceLine(event, true)}\n`),
});
