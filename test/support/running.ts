/** Sandboxes that run while a test looks at them. All that a run starts carries its mark in the environment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { ENVIRONMENT, SANDBOX } from './run.js';

const MARK = 'NURSE_TEST_MARK';
/** Milliseconds that anything may take: a guard against hanging, not a measure. */
export const PATIENCE = 30_000;

/** What `look` gives as soon as it gives something that counts. */
export async function eventually<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${PATIENCE} ms: ${what}`);
    await pause(5);
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // gone meanwhile, or not ours to read
  }
}

/** Processes whose environment has the entry; a zombie has none. */
const marked = (entry: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && contentOf(`/proc/${name}/environ`).split('\0').includes(entry))
    .map(Number);

function imageOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}

/** What each thread of some processes does, for who finds them stuck. */
export function threadStates(pids: readonly number[]): string {
  const FIELDS = /^(?:State|Seccomp|SigPnd|ShdPnd|SigBlk):.*$/gm;
  const ofTask = (pid: number, tid: string): string => {
    const at = `/proc/${pid}/task/${tid}`;
    const [call, channel, status] = ['syscall', 'wchan', 'status'].map((name) => contentOf(`${at}/${name}`));
    const shown = [...status.matchAll(FIELDS)].map(([field]) => field.replaceAll('\t', ' '));
    return `  ${tid}: ${call.trim()} in ${channel}; ${shown.join('; ')}`;
  };
  return pids
    .flatMap((pid) => [`process ${pid}, ${imageOf(pid)}`, ...tasksOf(pid).map((tid) => ofTask(pid, tid))])
    .join('\n');
}
function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // gone meanwhile
  }
}

export interface Thread {
  readonly tid: number;
  readonly seccomp: string;
  readonly noNewPrivs: string;
}

export class Running {
  readonly child: ChildProcess;
  readonly mark = `${MARK}=${randomBytes(8).toString('hex')}`;
  stdout = '';
  stderr = '';
  /** As a shell tells it, when all that held its streams is gone too. */
  readonly status: Promise<number>;

  /** `wrapper`: a command that runs the sandbox. */
  constructor(
    command: readonly string[],
    options: readonly string[] = ['--no-acl', '-d', 'ERROR'],
    wrapper: readonly string[] = [],
  ) {
    const [name, ...rest] = [...wrapper, SANDBOX, ...options, '--', ...command];
    const [variable, value] = this.mark.split('=');
    this.child = spawn(name, rest, { env: { ...ENVIRONMENT, [variable]: value }, stdio: 'pipe' });
    this.child.stdout?.setEncoding('latin1').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('latin1').on('data', (text: string) => (this.stderr += text));
    this.child.stdin?.on('error', () => undefined);
    this.status = new Promise((done) =>
      this.child.on('close', (code, signal) => done(code ?? 128 + constants.signals[signal as NodeJS.Signals])),
    );
  }

  get helper(): number {
    return this.child.pid ?? 0;
  }
  /** Helper and sandboxed processes, as long as they live. */
  living(): number[] {
    return marked(this.mark);
  }
  /** The sandboxed process: what runs the loader's image. */
  program(): Promise<number> {
    return eventually('the program runs', () => this.living().find((pid) => imageOf(pid).startsWith('/memfd:loader')));
  }
  said(text: string): Promise<boolean> {
    return eventually(`"${text}" from the program`, () => this.stdout.includes(text));
  }
  async gone(): Promise<void> {
    await eventually('everything dead', () => this.living().length === 0);
  }
  threads(pid: number): Thread[] {
    return readdirSync(`/proc/${pid}/task`).map((tid) => {
      const status = contentOf(`/proc/${pid}/task/${tid}/status`);
      const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
      return { tid: Number(tid), seccomp: field('Seccomp'), noNewPrivs: field('NoNewPrivs') };
    });
  }
  /** Kills what the test left behind. */
  async destroy(): Promise<void> {
    this.living().forEach((pid) => process.kill(pid, 'SIGKILL'));
    await this.status;
  }
}
