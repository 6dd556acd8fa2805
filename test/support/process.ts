/**
 * A sandboxed process without a program: the test is its referee. Code is a flat blob of a few instructions, mapped
 * at CODE with a page of data, whose first word is the hook's address, and a stack.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as L from '../../src/abi/linux.js';
import { callNow, startProcess, type Started, type StartOptions } from '../../src/launch/start.js';
import { native } from '../../src/native/index.js';
import type { StartState } from '../../src/trustee/slot.js';
import { REPLY_SIZE, REQ, REQUEST_SIZE } from '../../src/wire/layout.js';
import { makeTemporary } from './run.js';

export const CODE = 0x20000000;
export const DATA = CODE + 0x1000;
/** The pages before CODE and behind the stack are not mapped, nor is this one. */
export const HOLE = CODE + 0x2000;
export const STACK = CODE + 0x3000;
const STACK_SIZE = 0x10000;
export const STACK_TOP = STACK + STACK_SIZE;

const NR_CLONE = 120;
const NR_MMAP2 = 192;
const NR_MPROTECT = 125;
const PATIENCE = 10_000;

/** Assembles and links flat at CODE; in the source, HOOK makes a system call through the hook. */
export function assemble(source: string): Uint8Array {
  const directory = makeTemporary('blob');
  try {
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('x.S'), `#define HOOK call *${DATA}\n${source}\n`);
    execFileSync('gcc', ['-m32', '-c', '-I', 'vdso-hook', file('x.S'), '-o', file('x.o')]);
    execFileSync('ld', [
      '-m',
      'elf_i386',
      `-Ttext=${CODE}`,
      '-e',
      '0',
      '--oformat',
      'binary',
      '-o',
      file('x'),
      file('x.o'),
    ]);
    return readFileSync(file('x'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export type Request = Readonly<Record<keyof typeof REQ, number>>;

export const START: StartState = {
  ...{ eip: CODE, esp: STACK_TOP - 16, eflags: 0x202, gs: 0 },
  ...{ eax: 0, ebx: 0, ecx: 0, edx: 0, esi: 0, edi: 0, ebp: 0 },
};

export class Sandboxed {
  readonly started: Started;
  private readonly ends: Set<number>;

  constructor(options: Partial<StartOptions> = {}) {
    this.started = startProcess({
      ...{ argv: ['guest'], envp: [], comm: 'nurse-guest', exe: '/guest', keep: [], ignored: new Uint32Array(2) },
      ...options,
    });
    const { hint, lifeline, door } = this.started.channels;
    const { space, pidfd } = this.started.process;
    const ends = space.units.flatMap((unit) => (unit === undefined ? [] : [unit.socket, unit.result]));
    this.ends = new Set([...ends.filter((fd) => fd >= 0), hint, lifeline, door.socket, pidfd]);
  }

  get pid(): number {
    return this.started.process.pid;
  }
  get slot(): Started['process']['threads'][0]['memory'] {
    return this.started.process.threads[0].memory;
  }
  get socket(): number {
    return this.started.process.threads[0].socket;
  }

  /** One call by the trustee: its result. */
  order(...call: number[]): number {
    return callNow(this.started.channels, this.slot, call);
  }
  /** Puts bytes where the trustee can read them. */
  arena(bytes: Uint8Array | string): number {
    return this.slot.copy(typeof bytes === 'string' ? Buffer.from(`${bytes}\0`, 'latin1') : bytes);
  }

  /** Maps code, data and stack. */
  load(code: Uint8Array): void {
    const map = (at: number, size: number): void => {
      const flags = L.MAP_PRIVATE | L.MAP_ANONYMOUS | L.MAP_FIXED;
      if (this.order(NR_MMAP2, at, size, L.PROT_READ | L.PROT_WRITE, flags, -1, 0) !== at) throw new Error('mmap2');
    };
    map(CODE, 0x2000);
    map(STACK, STACK_SIZE);
    if (native.vmWrite(this.pid, CODE, code, code.length) !== code.length) throw new Error('writing the code');
    native.vmWrite(this.pid, DATA, Uint32Array.of(this.started.hello.hook), 4);
    if (this.order(NR_MPROTECT, CODE, 0x1000, L.PROT_READ | L.PROT_EXEC) !== 0) throw new Error('mprotect');
  }
  /** Starts an untrustee: its thread id. */
  spawn(state: Partial<StartState> = {}): number {
    this.slot.setStart({ ...START, ...state });
    return this.order(NR_CLONE, L.CLONE_THREAD_FLAGS, this.slot.frameAddress('untrusteeStart'));
  }

  /** The next message of the hook, whole. */
  receive(size = 0x10000): Uint8Array {
    const bytes = new Uint8Array(size);
    if (native.poll(this.socket, L.POLLIN, PATIENCE) <= 0) throw new Error('the hook says nothing');
    const n = native.receive(this.socket, bytes, size, L.MSG_DONTWAIT);
    if (n < 0) throw new Error(`receive: ${n}`);
    return bytes.subarray(0, n);
  }
  request(): Request {
    const bytes = this.receive();
    if (bytes.length !== REQUEST_SIZE) throw new Error(`a request of ${bytes.length} bytes`);
    const words = new Uint32Array(bytes.slice().buffer);
    return Object.fromEntries(Object.entries(REQ).map(([name, i]) => [name, words[i]])) as Request;
  }
  reply(command: number, a = 0, b = 0): void {
    native.send(this.socket, Uint32Array.of(command, a, b, 0), REPLY_SIZE, 0);
  }

  /** Closes one of the helper's ends. */
  close(fd: number): void {
    if (this.ends.delete(fd)) native.close(fd);
  }
  /** Waits until the process is gone: its exit code, or minus the signal. */
  ended(): number {
    const status = new Int32Array(1);
    if (native.poll(this.started.process.pidfd, L.POLLIN, PATIENCE) === 0) throw new Error('the process does not end');
    native.waitChild(this.pid, status);
    return status[0];
  }
  /** Kills what is left. */
  destroy(): void {
    const { pidfd } = this.started.process;
    native.pidfdKill(pidfd, L.SIGNAL.KILL);
    native.poll(pidfd, L.POLLIN, PATIENCE);
    native.waitChild(this.pid, new Int32Array(1));
    this.ends.forEach((fd) => this.close(fd));
  }
}

export const statusOf = (pid: number, tid = pid): string => readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
export const seccompOf = (pid: number, tid = pid): string => /^Seccomp:\s*(\d)/m.exec(statusOf(pid, tid))?.[1] ?? '';
