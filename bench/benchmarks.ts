/** What is measured: system calls, by rounds of bench/calls.c, and whole programs. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SyscallName } from '../src/abi/numbers.js';
import type { Place } from './place.js';

export interface CallBenchmark {
  readonly kind: 'call';
  /** Its name in bench/calls.c. */
  readonly id: string;
  readonly label: string;
  /** The calls of a round. */
  readonly calls: readonly SyscallName[];
}

export interface ProgramBenchmark {
  readonly kind: 'program';
  readonly id: string;
  readonly label: string;
  /** A program of the i386 tree, by its path there. */
  readonly program: string;
  readonly arguments: (place: Place) => readonly string[];
  /** Makes what the program works on, outside the time; before each run. */
  readonly prepare?: (place: Place) => void;
  /** Its round trips are counted too: it makes few enough calls for a log of all. */
  readonly counted?: true;
}

export type Benchmark = CallBenchmark | ProgramBenchmark;

const call = (id: string, label: string, ...calls: SyscallName[]): CallBenchmark => ({
  kind: 'call',
  id,
  label,
  calls,
});

export const calls: readonly CallBenchmark[] = [
  call('getpid', 'getpid', 'getpid'),
  call('getppid', 'getppid', 'getppid'),
  call('stat', 'stat', 'stat64'),
  call('fstat', 'fstat', 'fstat64'),
  call('open-close', 'open, close', 'openat', 'close'),
  call('open-read-close', 'open, read 4 KiB, close', 'openat', 'read', 'close'),
  call('read', 'read 4 KiB', 'read'),
  call('write', 'write 1 byte', 'write'),
  call('pipe', 'write, read 1 byte (pipe)', 'write', 'read'),
  call('mmap-munmap', 'mmap, munmap 4 KiB', 'mmap2', 'munmap'),
  call('brk', 'brk, up and down 4 KiB', 'brk'),
  call('clock', 'clock_gettime', 'clock_gettime64'),
  call('clock-libc', 'clock_gettime by libc', 'clock_gettime64'),
  call('poll', 'poll, no timeout', 'poll'),
  call('socketpair', 'send, receive (unix)', 'sendto', 'recvfrom'),
  call('udp', 'send, receive (UDP loopback)', 'sendto', 'recvfrom'),
  call('fork', 'fork, exit, wait', 'clone', 'exit_group', 'wait4'),
  call('fork-exec', 'fork, exec, wait', 'clone', 'execve', 'wait4'),
  call('spawn', 'posix_spawn, wait', 'clone3', 'execve', 'wait4'),
  call('thread', 'pthread create, join', 'clone3', 'exit'),
  call('pipe-processes', 'a byte there and back (two processes)', 'write', 'read'),
  call('futex-threads', 'a futex there and back (two threads)', 'futex'),
  call('signal', 'kill, handler', 'kill'),
  ...[1, 4, 16, 64].map((n) => call(`stat-${n}`, `stat, each of ${n} threads' calls`, 'stat64')),
];

const ROWS = 2000;
const COMMITS = 50;
const database = (place: Place): string => join(place.work, 'bench.db');

/** Without synchronous writes: the disk's time is the same for all, and would hide what differs. */
function prepareDatabase(place: Place): void {
  const insert = (n: number): string => `insert into t values (${n}, 'row ${n}');\n`;
  const inserts = (count: number): string => Array.from({ length: count }, (_, n) => insert(n)).join('');
  const start = 'pragma synchronous = off;\ncreate table t (n integer primary key, text);\n';
  for (const file of readdirSync(place.work)) if (file.startsWith('bench.db')) rmSync(join(place.work, file));
  writeFileSync(join(place.work, 'transaction.sql'), `${start}begin;\n${inserts(ROWS)}commit;\n`);
  writeFileSync(join(place.work, 'autocommit.sql'), `${start}${inserts(COMMITS)}`);
}
const sqlite = (id: string, label: string, script: string): ProgramBenchmark => ({
  kind: 'program',
  id,
  label,
  program: '/usr/bin/sqlite3',
  arguments: (place) => ['-batch', database(place), `.read ${join(place.work, script)}`],
  prepare: prepareDatabase,
  counted: true,
});

export const programs: readonly ProgramBenchmark[] = [
  { kind: 'program', id: 'true', label: 'true', program: '/usr/bin/true', arguments: () => [] },
  {
    ...{ kind: 'program', id: 'python', label: 'python3 -c 1', program: '/usr/bin/python3', counted: true },
    arguments: () => ['-c', '1'],
  },
  {
    ...{ kind: 'program', id: 'find', label: 'find in usr/share', program: '/usr/bin/find' },
    arguments: (place) => [join(place.tree, 'usr/share'), '-name', 'nothing-has-this-name'],
  },
  {
    ...{ kind: 'program', id: 'tar', label: 'tar of usr/share/zoneinfo', program: '/usr/bin/tar' },
    arguments: (place) => ['-c', '-f', join(place.work, 'bench.tar'), '-C', join(place.tree, 'usr/share'), 'zoneinfo'],
  },
  sqlite('sqlite-transaction', `sqlite3, ${ROWS} inserts in a transaction`, 'transaction.sql'),
  sqlite('sqlite-autocommit', `sqlite3, ${COMMITS} inserts by themselves`, 'autocommit.sql'),
];

export const benchmarks: readonly Benchmark[] = [...calls, ...programs];
