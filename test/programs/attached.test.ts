/** Debuggers that are attached to a sandboxed program from outside: they see it as any other, and do it no harm. */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildGuest, ENVIRONMENT, execute, makeTemporary, remove, SANDBOX, type Ended } from '../support/run.js';

/** A guard against hanging. */
const PATIENCE = 60_000;
/** What mapped the program, the library with the call, and the hook must lead to. */
const WAITING_IN_POLL = /__kernel_vsyscall[\s\S]*\bis_over \(\)[\s\S]*\bmain \(\)/;

const has = (program: string): boolean =>
  ENVIRONMENT.PATH.split(':').some((directory) => existsSync(join(directory, program)));

/** The processes that a process began. */
const children = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );

/** A sandboxed test/guests/attached.c. */
class Counting {
  private printed = '';
  private readonly ended: Promise<number | null>;

  private constructor(private readonly helper: ChildProcess) {
    this.ended = new Promise((done) => helper.on('exit', done));
    helper.stdout?.on('data', (text: Buffer) => (this.printed += text.toString('latin1')));
  }

  static async start(program: string): Promise<Counting> {
    const run = [SANDBOX, '-d', 'ERROR', '--no-acl', '--', program];
    const counting = new Counting(
      spawn(run[0], run.slice(1), { env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'inherit'], timeout: PATIENCE }),
    );
    await counting.until(1);
    return counting;
  }

  get pid(): number {
    return children(this.helper.pid as number)[0];
  }
  get count(): number {
    return this.printed.split('\n').length - 1;
  }
  async until(count: number): Promise<void> {
    while (this.count < count && this.helper.exitCode === null) await new Promise((done) => setTimeout(done, 10));
    expect(this.count, 'counted').to.be.at.least(count);
  }

  /** Lets it go on, and end: nothing is missing, and nothing was done twice. */
  async finish(): Promise<void> {
    await this.until(this.count + 5);
    this.helper.stdin?.end();
    expect(await this.ended, 'status').to.equal(7);
    expect(this.printed).to.equal(Array.from({ length: this.count }, (_, i) => `${i + 1}\n`).join(''));
  }
}

describe('debuggers from outside', function () {
  this.timeout(2 * PATIENCE);
  const directory = makeTemporary('attached');
  const program = join(directory, 'attached');
  before(() => buildGuest('glibc', 'test/guests/attached.c', program, '-pthread'));
  after(() => remove(directory));

  /** Runs a debugger while the program counts. */
  async function attach(counting: Counting, debugger_: readonly string[], ends = 0): Promise<string> {
    const { stdout, stderr, status }: Ended = await execute(debugger_, { timeout: PATIENCE });
    expect(status, stderr).to.equal(ends);
    await counting.finish();
    return stdout;
  }

  describe('gdb -p', () => {
    before(function () {
      if (!has('gdb')) this.skip();
    });

    const gdb = (pid: number, ...commands: readonly string[]): string[] => [
      ...['gdb', '-nx', '-q', '-batch', '-p', String(pid), '-x', 'scripts/attach.py'],
      ...commands.flatMap((command) => ['-ex', command]),
    ];

    it('leads from a call that waits back into the program, in each thread', async () => {
      const counting = await Counting.start(program);
      const said = await attach(counting, gdb(counting.pid, 'thread apply all backtrace'));
      expect(said).to.match(WAITING_IN_POLL);
      expect(said).to.match(/__kernel_vsyscall[\s\S]*\bnap \(\)[\s\S]*\bnapper \(\)/);
    });

    it('stops at breakpoints, reads what the program has, steps, and lets it go', async () => {
      const counting = await Counting.start(program);
      const stops = ['break count_on', 'continue', 'backtrace', 'print *(int *)&counter', 'continue'];
      const said = await attach(
        counting,
        gdb(counting.pid, ...stops, 'print *(int *)&counter', 'finish', 'delete', 'stepi', 'detach'),
      );
      expect(said).to.match(/hit Breakpoint 1[\s\S]*#0 .*count_on \(\)[\s\S]*#1 .*main \(\)/);
      const [first, second] = [...said.matchAll(/^\$\d = (\d+)$/gm)].map(([, value]) => Number(value));
      expect(second).to.equal(first + 1);
    });
  });

  describe('strace -f -p', () => {
    before(function () {
      if (!has('strace')) this.skip();
    });

    const KEYS = 128 + constants.signals.SIGINT;
    const strace = (counting: Counting, calls: string): string[] => [
      'strace',
      '-f',
      '-o',
      calls,
      '-p',
      String(counting.pid),
    ];

    it('shows what the kernel is called for, and lets the program go', async () => {
      const counting = await Counting.start(program);
      const calls = join(directory, 'calls');
      const command = ['timeout', '--preserve-status', '-s', 'INT', '1', ...strace(counting, calls)];
      await attach(counting, command, KEYS);
      const seen = readFileSync(calls, 'latin1');
      expect(seen).to.match(/^\d+ +write\(1, "\d+\\n", \d\) *= \d$/m);
      // The door: a request, and the reply.
      expect(seen).to.match(/^\d+ +write\((\d+), .*\) *= 64$[\s\S]*^\d+ +(?:<\.\.\. read resumed>|read\(\1,).* = 16$/m);
    });

    it('stays to the end', async () => {
      const counting = await Counting.start(program);
      const calls = join(directory, 'all-calls');
      const watching = execute(strace(counting, calls), { timeout: PATIENCE });
      await counting.until(counting.count + 25);
      await counting.finish();
      await watching;
      expect(readFileSync(calls, 'latin1')).to.match(/^\d+ +\+\+\+ exited with 7 \+\+\+$/m);
    });
  });
});
