/** The tables of docs/acl.md, made from the rows: what each path-taking call asks of the policy. */
import { syscallName, type SyscallName } from '../abi/numbers.js';
import type { Kind, PathAccess, Resolved, Row } from './dsl.js';
import { rows } from './table.js';

type PathKind = Extract<Kind, { kind: 'path' }>;

const OPENS = 'read and write as it is opened, create when it is to be made, stat with O_PATH';
const CHECKS =
  'read, write, execute as they are asked for (create for writing to a directory, stat for searching one), else stat';
const NOT_YET = 'execute (refused until programs can be started)';
const SENDS = 'write, when the address is a path';

/** Odd rows ask for themselves, and what an access function asks depends on the arguments: that is said here. */
export const ASKED: Readonly<Partial<Record<SyscallName, string>>> = {
  open: OPENS,
  openat: OPENS,
  openat2: OPENS,
  creat: 'write, and create when it is to be made',
  chdir: 'stat',
  chroot: 'stat',
  unveil: 'stat',
  access: CHECKS,
  faccessat: CHECKS,
  faccessat2: CHECKS,
  futimesat: 'write',
  utimensat: 'write',
  utimensat_time64: 'write',
  file_getattr: 'stat',
  setxattrat: 'write',
  getxattrat: 'stat',
  listxattrat: 'stat',
  removexattrat: 'write',
  inotify_add_watch: 'read',
  execve: NOT_YET,
  execveat: NOT_YET,
  bind: 'create, when the address is a path',
  connect: SENDS,
  sendto: SENDS,
  sendmsg: SENDS,
  sendmmsg: SENDS,
};

const ADDRESS = 'an address and port; an abstract, vsock or foreign address as a name';
const HELD = "write on the descriptor's name, unless it was opened for writing";
const NEW_NAME = 'that the new name grants no more than the old one';
const KEY = 'the kind and key, as a name';
const BY_ID = 'the kind and key, as a name, unless an allowed call got the id';
const QUEUE = 'the name of the queue';

/** What is asked beside, or instead of, an access to a path argument. */
export const ALSO_ASKED: Readonly<Partial<Record<SyscallName, string>>> = {
  socket: 'the family, type and protocol; netlink and foreign families as a name',
  bind: ADDRESS,
  connect: ADDRESS,
  sendto: ADDRESS,
  sendmsg: ADDRESS,
  sendmmsg: ADDRESS,
  listen: 'bind to 0.0.0.0:0, when the socket was not bound after a question',
  link: NEW_NAME,
  linkat: NEW_NAME,
  rename: NEW_NAME,
  renameat: NEW_NAME,
  renameat2: NEW_NAME,
  fchmod: HELD,
  fchown: HELD,
  fchown32: HELD,
  fsetxattr: HELD,
  fremovexattr: HELD,
  semget: KEY,
  msgget: KEY,
  shmget: KEY,
  semctl: BY_ID,
  semtimedop_time64: BY_ID,
  msgctl: BY_ID,
  msgsnd: BY_ID,
  msgrcv: BY_ID,
  shmctl: BY_ID,
  shmat: BY_ID,
  mq_open: QUEUE,
  mq_unlink: QUEUE,
};

/** Calls whose path stands in a socket address. */
const ADDRESSED: ReadonlySet<string> = new Set(['bind', 'connect', 'sendto', 'sendmsg', 'sendmmsg']);

export interface PathCall {
  readonly name: string;
  readonly argument: string;
  /** Accesses in words; empty when nothing says what is asked. */
  readonly asks: string;
}

const NONE = new Uint32Array(6);
const S_IFREG = 0o100000;
const A_FILE: Resolved = { guest: '/a', host: '/a', dir: -1, name: 'a', exists: true, type: S_IFREG };

/** What a fixed access, or an access function for a file that is there, asks. */
function asksOf(access: PathAccess): string {
  return typeof access === 'string' ? access : access(NONE, A_FILE).join(', ');
}

const pathArguments = (row: Row): [string, PathKind][] =>
  row.args.flatMap(([name, kind]): [string, PathKind][] => (kind.kind === 'path' ? [[name, kind]] : []));

/** The accesses that a row asks, by path argument. */
export function callsOf(row: Row): PathCall[] {
  const name = syscallName(row.nr);
  const said = ASKED[name as SyscallName];
  const found = pathArguments(row).map(([argument, kind]) => ({ name, argument, asks: said ?? asksOf(kind.access) }));
  return found.length === 0 && said !== undefined
    ? [{ name, argument: ADDRESSED.has(name) ? 'address' : 'path', asks: said }]
    : found;
}

/** Every path argument of every call, by name of the call. */
export const pathCalls = (): PathCall[] =>
  rows
    .flatMap((row) => (row === undefined ? [] : callsOf(row)))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

/** A markdown table: call, argument, access. */
export function markdownOfPathCalls(): string {
  const lines = pathCalls().map(({ name, argument, asks }) => `| ${name} | ${argument} | ${asks} |`);
  return ['| call | argument | access |', '|---|---|---|', ...lines, ''].join('\n');
}
