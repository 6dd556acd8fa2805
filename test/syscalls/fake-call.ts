/**
 * A call whose program is a block of memory: paths resolve on the real file system, orders are recorded and answered
 * by the test. What the referee does before the mechanism (src/referee/marshal.ts) is done as it does it.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fromBytes, toBytes, type ByteString } from '../../src/abi/bytes.js';
import { ERRNO } from '../../src/abi/errno.js';
import { AT_FDCWD, OPEN, STATX_BASIC_STATS } from '../../src/abi/flags.js';
import { statx } from '../../src/abi/structs.js';
import { ownCredentials } from '../../src/native/credentials.js';
import { native } from '../../src/native/index.js';
import type { Question } from '../../src/questions.js';
import { compile } from '../../src/referee/marshal.js';
import type { Request } from '../../src/referee/request.js';
import {
  isWait,
  type Call,
  type Order,
  type Resolved,
  type ResolveOptions,
  type Row,
  type Steps,
  type TemporaryMask,
  type Wait,
} from '../../src/syscalls/dsl.js';

const { O_PATH, O_NOFOLLOW } = OPEN.values;
const ARENA = 0x40000000;
const S_IFMT = 0o170000;

export const PROTECTED = { from: 0x50000000, to: 0x50010000 } as const;
export const RESERVED = { from: 900, to: 1000 } as const;

export class FakeCall {
  nr = 0;
  r = new Uint32Array(6);
  readonly process = {
    pid: process.pid,
    parent: process.ppid,
    firstGroup: process.ppid,
    umask: 0o022,
    exe: '/bin/true',
    firstTls: 12,
    sandbox: { process: (pid: number) => (pid === process.pid ? this.process : undefined) },
  };
  readonly thread = { slot: 0, tid: process.pid, credentials: ownCredentials() };
  readonly cancelWord = { address: 0x60000000, value: 7 };
  cancelled = false;
  /** What the call waited for, and how each wait ends: by default as if nothing came. */
  readonly waits: Wait[] = [];
  ended = ({ until }: Wait): number => (until === undefined ? -ERRNO.EINTR : -ERRNO.ETIMEDOUT);
  readonly reserved = RESERVED;
  readonly paths: (Resolved | undefined)[] = [];
  readonly asked: Question[] = [];
  readonly logged: string[] = [];
  /** Answers questions; allows all by default. */
  judge: (question: Question) => number = () => 0;
  /** Answers whether descriptors may be passed. */
  mayPass = 0;
  relabelled: [ByteString, ByteString, boolean][] = [];
  mayRelabel = 0;
  /** Replaces resolution: the race of a test. */
  resolver: (path: ByteString, options: ResolveOptions) => Resolved | number = (path, options) =>
    this.lookUp(path, options);
  readonly directory = mkdtempSync(join(realpathSync(tmpdir()), 'nurse-'));
  private readonly program = new Uint8Array(0x10000);
  private used = 16;
  private readonly copies: Uint8Array[] = [];
  private readonly arenas = new Map<number, Uint8Array>();
  private arenaUsed = 0;
  private readonly descriptors: number[] = [];

  dispose(): void {
    for (const fd of this.descriptors) native.close(fd);
    rmSync(this.directory, { recursive: true, force: true });
  }
  at(name: string): ByteString {
    return join(this.directory, name);
  }

  // ---- the program's memory ----

  /** Places bytes or a string in it: their address. */
  give(what: Uint8Array | string | number): number {
    const bytes =
      typeof what === 'number' ? new Uint8Array(what) : typeof what === 'string' ? toBytes(what + '\0') : what;
    const at = this.used;
    this.program.set(bytes, at);
    this.used += (bytes.length + 15) & ~15;
    return at;
  }
  view(at: number, size: number): Uint8Array {
    return this.program.subarray(at, at + size);
  }
  get(at: number, size: number): Uint8Array | number {
    return at + size > this.program.length || at === 0 ? -ERRNO.EFAULT : this.program.slice(at, at + size);
  }
  getString(at: number, max: number): ByteString | number {
    if (at === 0 || at >= this.program.length) return -ERRNO.EFAULT;
    const end = this.program.indexOf(0, at);
    return end - at >= max ? -ERRNO.ENAMETOOLONG : fromBytes(this.program.subarray(at, end));
  }
  put(at: number, bytes: Uint8Array): number {
    if (at === 0 || at + bytes.length > this.program.length) return -ERRNO.EFAULT;
    this.program.set(bytes, at);
    return 0;
  }
  putStruct(at: number, struct: { encode(values: never): Uint8Array }, values: never): number {
    return this.put(at, struct.encode(values));
  }
  arena(bytes: Uint8Array): number {
    const at = ARENA + this.arenaUsed;
    this.arenas.set(at, bytes.slice());
    this.arenaUsed += (bytes.length + 15) & ~15;
    return at;
  }
  forgotten = 0;
  forgetArena(): void {
    this.forgotten++;
  }
  /** What an order's word points at. */
  inArena(at: number): Uint8Array {
    const bytes = this.arenas.get(at);
    if (bytes === undefined) throw new Error(`0x${at.toString(16)} is not in the arena`);
    return bytes;
  }
  keep(i: number, bytes: Uint8Array): number {
    this.r[i] = this.arena(bytes);
    this.copies[i] = bytes;
    return 0;
  }
  copy(i: number, size: number): number {
    const bytes = this.get(this.r[i], size);
    return typeof bytes === 'number' ? bytes : this.keep(i, bytes);
  }
  bytes(i: number): Uint8Array {
    return this.copies[i] ?? new Uint8Array(0);
  }
  checkRange(at: number, length: number): number {
    return at < PROTECTED.to && at + length > PROTECTED.from ? -ERRNO.EFAULT : 0;
  }

  // ---- descriptors, paths, policy ----

  askToPass(): number {
    return this.mayPass;
  }
  checkFd(fd: number): number {
    return fd >= RESERVED.from && fd < RESERVED.to ? -ERRNO.EBADF : 0;
  }
  pin(fd: number): number {
    if (fd < 0 || this.checkFd(fd) !== 0) return -ERRNO.EBADF;
    return this.later(native.fcntl(fd, 1030, 0));
  }
  isStill(fd: number, pin: number): boolean {
    return native.compareFile(process.pid, fd, pin) === 0;
  }
  later(fd: number): number {
    if (fd >= 0) this.descriptors.push(fd);
    return fd;
  }
  /** All entries are its own. */
  ownEntries(_fd: number, _pin: number, entries: Uint8Array): Uint8Array {
    return entries;
  }
  hostPart(_where: Resolved): number | undefined {
    return this.part;
  }
  /** The host's part of a directory. */
  part: number | undefined;
  /** What the host's part of a directory adds. */
  further = new Uint8Array(0);
  furtherEntries(): Uint8Array {
    return this.further;
  }
  path(i: number): Resolved {
    return this.paths[i] as Resolved;
  }
  resolve(dir: number, path: ByteString, options: ResolveOptions): Resolved | number {
    if (path === '' && options.empty) return this.object(this.pin(dir));
    return path === '' ? -ERRNO.ENOENT : this.resolver(path, options);
  }
  guestPath(fd: number): ByteString | number {
    const out = new Uint8Array(4096);
    const n = native.readlinkat(AT_FDCWD, `/proc/self/fd/${fd}`, out, out.length);
    const name = n < 0 ? '' : fromBytes(out.subarray(0, n));
    return name.startsWith('/') && !name.endsWith(' (deleted)') ? name : -ERRNO.ENOENT;
  }
  private typeOf(fd: number): number {
    const out = new Uint8Array(statx.size);
    return native.statx(fd, '', 0x1000, STATX_BASIC_STATS, out) < 0 ? 0 : Number(statx.decode(out).stx_mode) & S_IFMT;
  }
  object(fd: number, descriptor?: number): Resolved | number {
    if (fd < 0) return fd;
    const guest = this.guestPath(fd);
    const name = typeof guest === 'string' ? guest : 'object:';
    return {
      guest: name,
      host: name,
      dir: fd,
      name: '',
      exists: true,
      type: this.typeOf(fd),
      object: fd,
      descriptor,
      anonymous: typeof guest !== 'string',
      held: true,
    };
  }
  lookUp(path: ByteString, { follow, make }: ResolveOptions): Resolved | number {
    const magic = /^\/proc\/self\/fd\/(\d+)$/.exec(path);
    if (magic !== null && follow) return this.object(this.pin(Number(magic[1])), Number(magic[1]));
    let full = path.startsWith('/') ? path : this.at(path);
    const trailingSlash = full.endsWith('/');
    try {
      full = follow ? realpathSync(full) : join(realpathSync(dirname(full)), basename(full));
    } catch {
      if (!make) return -ERRNO.ENOENT;
    }
    const dir = this.later(native.openat(AT_FDCWD, dirname(full), O_PATH, 0));
    if (dir < 0) return dir;
    const object = this.later(native.openat(dir, basename(full), O_PATH | O_NOFOLLOW, 0));
    if (object < 0 && !make) return object;
    const there = object >= 0 ? { exists: true, type: this.typeOf(object), object } : { exists: false, type: 0 };
    return { guest: full, host: full, dir, name: basename(full), layer: 'host', trailingSlash, ...there };
  }
  ask(question: Question): number {
    this.asked.push(question);
    return this.judge(question);
  }
  relabel(from: Resolved, to: Resolved, directory: boolean): number {
    this.relabelled.push([from.guest, to.guest, directory]);
    return this.mayRelabel;
  }
  cwd(): ByteString {
    return this.directory;
  }
  ownsGroup(group: number): boolean {
    return group === this.process.pid;
  }
  log(_level: string, message: string): void {
    this.logged.push(message);
  }

  /** Questions in short: `read NAME` below the test's directory. */
  get questions(): string[] {
    return this.asked.map((q) =>
      q.ask === 'path' ? `${q.access} ${q.path.replace(`${this.directory}/`, '')}` : JSON.stringify(Object.values(q)),
    );
  }
}

export interface Ran {
  readonly result: unknown;
  readonly orders: Order[];
}

/** Makes a call with these registers; `obey` gives the results of orders. */
export function make(
  fake: FakeCall,
  row: Row | undefined,
  registers: readonly number[],
  obey: (order: Order) => number = () => 0,
): Ran {
  if (row === undefined) throw new Error('no such row');
  fake.nr = row.nr;
  fake.r = new Uint32Array(6);
  fake.r.set(registers.map((r) => r >>> 0));
  const orders: Order[] = [];
  for (const step of compile(row)) {
    const refused = step(fake as unknown as Request);
    if (refused !== 0) return { result: refused, orders };
  }
  const call = fake as unknown as Call;
  if (row.by === 'answered') return { result: row.answer(call), orders };
  if (row.by === 'native') return { result: 'native', orders };
  if (row.by === 'denied') return { result: -ERRNO[row.errno as keyof typeof ERRNO], orders };
  const give = (order: Order): number => {
    orders.push(order);
    return obey(order);
  };
  const wait = (one: Wait): number => {
    fake.waits.push(one);
    return fake.ended(one);
  };
  if (row.by === 'delegated' && row.waits === undefined) return { result: give([row.nr, ...fake.r]), orders };
  const steps = row.by === 'odd' ? row.steps(call) : (row.waits as (call: Call) => Steps)(call);
  if (typeof steps === 'number' || 'outcome' in steps) return { result: steps, orders };
  const made = (step: Order | Wait | TemporaryMask): number =>
    'mask' in step ? 0 : isWait(step) ? wait(step) : give(step);
  for (let next = steps.next(); ; next = steps.next(made(next.value)))
    if (next.done) return { result: next.value, orders };
}
