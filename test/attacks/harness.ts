/**
 * Hostile guests against the product, and against controls that show the attack would be noticed if it won: the same
 * helper with one check taken out (weaken.ts), or no sandbox at all.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ERRNO } from '../../src/abi/errno.js';
import { NUMBERS, type SyscallName } from '../../src/abi/numbers.js';
import { SLOT, TLS_COUNT, USER_DESC_SIZE } from '../../src/wire/layout.js';
import type { Weakening } from './weaken.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Another build of the product may be attacked instead of the checkout's. */
const SANDBOX = process.env.NURSE_SANDBOX ?? here('../../sandbox');
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const WEAKENED = [process.execPath, `--import=${TSX}`, here('weakened.ts')];

// ---- places ----

/** A directory of this run; gone with the process. */
export const place = realpathSync(mkdtempSync(join(tmpdir(), 'nurse-attacks-')));
process.on('exit', () => rmSync(place, { recursive: true, force: true }));

export const file = (name: string, content: string | Uint8Array, mode = 0o644): string => {
  const path = join(place, name);
  writeFileSync(path, content, { mode });
  return path;
};

const built = new Map<string, string>();

/** A guest of test/guests, compiled once. */
export function guest(name: string, kind = 'bare', ...flags: string[]): string {
  const known = built.get(name);
  if (known !== undefined) return known;
  const out = join(place, `${name}.${kind}`);
  const source = here(`../guests/attack-${name}`);
  const compiler = here('../../scripts/guest-cc.sh');
  execFileSync(compiler, [kind, source, '-o', out, '-O1', '-Wall', '-Wextra', '-Werror', '-I', here('.'), ...flags]);
  built.set(name, out);
  return out;
}

/** An ACL file that allows what the lines of its `files:` list say, and no network. */
export function acl(name: string, rules: readonly string[], rest: readonly string[] = []): string {
  const lines = ['include: [glibc]', 'files:', ...rules.map((rule) => `  - ${rule}`), ...rest];
  return file(`${name}.yaml`, `${lines.join('\n')}\n`);
}

// ---- runs ----

/** Where a guest runs: in the product, in a helper with a check taken out, or without a sandbox. */
export type Cage = 'product' | 'bare' | Weakening;

export interface RunOptions {
  readonly cage: Cage;
  readonly command: readonly string[];
  /** ACL file; without one everything is allowed. */
  readonly acl?: string;
  readonly options?: readonly string[];
  /** Words before all: those of a network of the test's own. */
  readonly enter?: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Ended {
  /** As a shell has it: 128 + n for a signal. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function commandLine({ cage, command, acl, options = [], enter = [] }: RunOptions): string[] {
  if (cage === 'bare') return [...enter, ...command];
  const judged = acl === undefined ? '--no-acl' : ['--acl', acl];
  const product = [SANDBOX, '--sysroot', '/'];
  const runner = cage === 'product' ? product : [...WEAKENED, cage];
  return [...enter, ...runner, ...[judged].flat(), ...options, '--', ...command];
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGBUS: 7,
  SIGSYS: 31,
};
const children = new Set<ChildProcess>();

/** Ends what a failed test left behind. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function launch(options: RunOptions): Started {
  const [program, ...args] = commandLine(options);
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd ?? place,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
  children.add(child);
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
  child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => {
      children.delete(child);
      const status = code ?? 128 + (SIGNALS[signal ?? ''] ?? 0);
      resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('latin1') });
    }),
  );
  return { child, ended };
}

/** Runs a guest to its end. */
export function run(options: RunOptions): Promise<Ended> {
  const { child, ended } = launch(options);
  child.stdin?.end();
  return ended;
}

/** A host process beside a sandbox, ended by the caller. */
export function beside(command: readonly string[]): () => Promise<void> {
  const child = spawn(command[0], command.slice(1), { stdio: 'ignore' });
  children.add(child);
  const gone = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return () => {
    child.kill('SIGKILL');
    children.delete(child);
    return gone;
  };
}

/** Does what is to be done with each item, a few at a time. */
export async function several<T>(items: readonly T[], act: (item: T) => Promise<void>, lanes = 4): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

// ---- the puppet ----

const OP = { call: 1, raw: 2, poke: 3, peek: 4, slot: 5, flood: 6, repeat: 7, run: 8 } as const;
const HELLO = 0x50555050;
const REQUEST_WORDS = 8;

/** A number, a text that becomes a C string, or bytes that the guest holds. */
export type Value = number | string | Uint8Array;

/** The puppet ended while it was spoken to. */
export class Gone extends Error {}

export interface Region {
  readonly start: number;
  readonly end: number;
  readonly perms: string;
  readonly name: string;
}

/** The guest attack-puppet.c: it does what the test says. */
export class Puppet {
  private input: Buffer = Buffer.alloc(0);
  private waiting: (() => void) | undefined;
  private closed = false;
  private heap = 0;
  private used = 0;
  heapSize = 0;
  /** Address of the hook, or of the vDSO's entry without a sandbox. */
  entry = 0;
  pid = 0;

  private constructor(private readonly started: Started) {
    const { stdout } = started.child;
    stdout?.on('data', (piece: Buffer) => {
      this.input = Buffer.concat([this.input, piece]);
      this.waiting?.();
    });
    stdout?.on('close', () => {
      this.closed = true;
      this.waiting?.();
    });
  }

  /** The helper's process, or the guest's without a sandbox. */
  get helper(): number {
    return this.started.child.pid ?? 0;
  }
  get ended(): Promise<Ended> {
    return this.started.ended;
  }

  static async start(options: Omit<RunOptions, 'command'>): Promise<Puppet> {
    const puppet = new Puppet(launch({ ...options, command: [guest('puppet.c')] }));
    const hello = await puppet.take(16).catch(async (error: unknown) => {
      throw error instanceof Gone ? new Error((await puppet.ended).stderr) : error;
    });
    if (hello.readUInt32LE(0) !== HELLO) throw new Error('the puppet says something else');
    puppet.heap = hello.readUInt32LE(4);
    puppet.heapSize = hello.readUInt32LE(8);
    puppet.entry = hello.readUInt32LE(12);
    puppet.pid = await puppet.call('getpid');
    return puppet;
  }

  private async take(size: number): Promise<Buffer> {
    while (this.input.length < size) {
      if (this.closed) throw new Gone();
      await new Promise<void>((resolve) => (this.waiting = resolve));
    }
    const taken = this.input.subarray(0, size);
    this.input = this.input.subarray(size);
    return taken;
  }
  private send(op: number, words: readonly number[], data: Uint8Array = new Uint8Array(0)): void {
    const request = new Uint32Array(REQUEST_WORDS);
    request.set([op, ...words]);
    this.started.child.stdin?.write(Buffer.concat([Buffer.from(request.buffer), data]));
  }
  private async word(): Promise<number> {
    return (await this.take(4)).readInt32LE(0);
  }

  // ---- memory ----

  poke(address: number, bytes: Uint8Array): void {
    this.send(OP.poke, [address, bytes.length], bytes);
  }
  async peek(address: number, size: number): Promise<Buffer> {
    this.send(OP.peek, [address, size]);
    return this.take(size);
  }
  async peekWord(address: number): Promise<number> {
    return (await this.peek(address, 4)).readUInt32LE(0);
  }
  /** Room in the guest, until reset(). */
  room(size: number): number {
    const at = this.heap + this.used;
    this.used += Math.ceil(size / 16) * 16;
    if (this.used > this.heapSize) throw new Error('the puppet has no room');
    return at;
  }
  /** Bytes that the guest holds, until reset(). */
  hold(value: string | Uint8Array): number {
    const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`, 'latin1') : value;
    const at = this.room(bytes.length);
    this.poke(at, bytes);
    return at;
  }
  reset(): void {
    this.used = 0;
  }
  private words(values: readonly Value[]): number[] {
    return values.map((v) => (typeof v === 'number' ? v >>> 0 : this.hold(v)));
  }

  // ---- calls ----

  /** A system call as libc makes it: the result, negative errnos included. */
  async call(name: SyscallName | number, ...values: Value[]): Promise<number> {
    const nr = typeof name === 'number' ? name : NUMBERS[name];
    this.send(OP.call, [nr, ...this.words(values)]);
    return this.word();
  }
  /** `int $0x80` where the patcher does not find it. */
  async raw(name: SyscallName | number, ...values: Value[]): Promise<number> {
    const nr = typeof name === 'number' ? name : NUMBERS[name];
    this.send(OP.raw, [nr, ...this.words(values)]);
    return this.word();
  }
  /** How many of `count` native writes were taken. */
  async flood(fd: number, bytes: Uint8Array, count: number): Promise<number> {
    const at = this.hold(bytes);
    this.send(OP.flood, [fd, at, bytes.length, count]);
    return this.word();
  }
  /** The same call `count` times: how often each result came. At most five arguments. */
  async repeat(count: number, name: SyscallName, ...values: Value[]): Promise<Map<number, number>> {
    this.send(OP.repeat, [count, NUMBERS[name], ...this.words(values)]);
    const seen = new Map<number, number>();
    for (let n = await this.word(); n > 0; n--) seen.set(await this.word(), await this.word());
    return seen;
  }
  /** Calls machine code in memory of the guest's own; its eax. */
  async execute(code: (at: number) => Uint8Array): Promise<number> {
    const at = (await this.call('mmap2', 0, 0x1000, 7, 0x22, -1, 0)) >>> 0;
    this.poke(at, code(at));
    this.send(OP.run, [at]);
    return this.word();
  }

  // ---- what the sandbox keeps in the process ----

  /** A word of the thread's slot. */
  async slot(offset: number): Promise<number> {
    this.send(OP.slot, [offset]);
    return this.word();
  }
  /** Address of the thread's slot: the base of the hook's key. */
  slotAddress(): Promise<number> {
    return this.slot(SLOT.tls + Math.floor(TLS_COUNT / 2) * USER_DESC_SIZE + 4).then((n) => n >>> 0);
  }
  /** The descriptors that are the sandbox's, as the slot names them. */
  async reserved(): Promise<Record<'socket' | 'result' | 'hint' | 'lifeline', number>> {
    return {
      socket: await this.slot(SLOT.socketFd),
      result: await this.slot(SLOT.resultFd),
      hint: await this.slot(SLOT.hintFd),
      lifeline: await this.slot(SLOT.lifelineFd),
    };
  }
  /** Empty when the guest is gone. */
  maps(): Region[] {
    const path = `/proc/${this.pid}/maps`;
    const lines = existsSync(path) ? readFileSync(path, 'latin1').split('\n') : [];
    return lines.flatMap((line) => {
      const m = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
      return m ? [{ start: parseInt(m[1], 16), end: parseInt(m[2], 16), perms: m[3], name: m[4] }] : [];
    });
  }

  /** Ends the guest as a program ends, and what is left of it. */
  async end(): Promise<Ended> {
    this.started.child.stdin?.end();
    return this.ended;
  }
  kill(): void {
    this.started.child.kill('SIGKILL');
  }
}

/** How a puppet ends that something is done to, which may answer before. */
export async function fate(
  options: Omit<RunOptions, 'command'>,
  act: (puppet: Puppet) => Promise<unknown>,
): Promise<Ended> {
  const puppet = await Puppet.start(options);
  await act(puppet).catch((error: unknown) => {
    if (!(error instanceof Gone)) throw error;
  });
  return puppet.end();
}

/** With a puppet in a cage; it is gone afterwards. */
export async function withPuppet<T>(
  options: Omit<RunOptions, 'command'>,
  act: (puppet: Puppet) => Promise<T>,
): Promise<T> {
  const puppet = await Puppet.start(options);
  try {
    return await act(puppet);
  } finally {
    puppet.kill();
    await puppet.ended;
  }
}

/** Errno names for expectations: `denied('EPERM')` is what a call returns. */
export const errno = (name: keyof typeof ERRNO): number => -ERRNO[name];

// ---- the host's view ----

/** Kilobytes of a line of /proc/PID/status such as VmHWM. */
export function statusOf(pid: number, key: string): number {
  const line = new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return line === null ? 0 : Number(line[1]);
}

/** Bytes of a process's memory; it is our child's child, so that no privilege is needed. */
export function memoryOf(pid: number, start: number, end: number): Buffer {
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const bytes = Buffer.alloc(end - start);
    const n = readSync(fd, bytes, 0, bytes.length, start);
    return bytes.subarray(0, n);
  } finally {
    closeSync(fd);
  }
}

/** What is mapped twice a name's length away stays readable: the base name of a mapping, without "(deleted)". */
export const shortName = (region: Region): string => basename(region.name.replace(' (deleted)', ''));
