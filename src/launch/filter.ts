/**
 * A thread under a seccomp filter cannot enter strict mode (seccomp(2): EINVAL), and every child inherits the filter.
 * Containers put one on by default; so do snaps, systemd units with SystemCallFilter= and some CI runners.
 */
import { readFileSync } from 'node:fs';
import { SetupError } from './channels.js';

const FILTERED = '2';

/** `status`: the text of /proc/self/status. @throws SetupError when a filter is on */
export function refuseFilter(status: string = readFileSync('/proc/self/status', 'latin1')): void {
  if (/^Seccomp:\s*(\d+)$/m.exec(status)?.[1] !== FILTERED) return;
  throw new SetupError(
    'a seccomp filter is on already (Seccomp: 2 in /proc/self/status) and forbids strict mode: ' +
      'in a container, start it with --security-opt seccomp=unconfined; elsewhere, run the sandbox outside the filter',
  );
}
