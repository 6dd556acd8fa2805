/** Who ends when who else ends, what a sandbox leaves behind (nothing), and starts under conditions that are too tight. */
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { SHARED_MEMORY_PREFIX } from '../../src/launch/channels.js';
import { native } from '../../src/native/index.js';
import { seededRandom } from '../support/elf-builder.js';
import { inTerminal } from '../support/pty.js';
import { buildGuest, execute, makeTemporary, remove, SANDBOX, sandbox, type Ended } from '../support/run.js';
import { eventually, Running } from '../support/running.js';

const KILLS = 200;
const AT_ONCE = 4;
const SEED = 2011;
const HOWS = ['compute', 'read', 'sleep', 'calls'] as const;
const PYTHON = '/usr/bin/python3.11';
const BUSY_PYTHON = [
  PYTHON,
  '-S',
  '-c',
  'import os\nprint("ready>", flush=True)\nwhile True: os.stat("/"); open("/dev/null").close()',
];
/** Sums up what it reads; reports at its end. */
const BYSTANDER = [
  PYTHON,
  '-S',
  '-c',
  'import sys, os\nprint("ready>", flush=True)\nprint(sum(int(x) + os.getpid() * 0 for x in sys.stdin))',
];
const OPTIONS = ['--no-acl', '-d', 'ERROR'];

const leftovers = (): string[] => readdirSync('/dev/shm').filter((name) => name.startsWith(SHARED_MEMORY_PREFIX));
const inShell = (script: string): Promise<Ended> => execute(['bash', '-c', `exec 2>&1; ${script}`]);
/** Of open files, as far as the guest looks. */
function hardLimit(): number {
  const limit = new BigUint64Array(2);
  native.prlimit(0, 7, null, limit);
  return Math.min(20000, Number(limit[1]));
}
const SHELL_RUN = `${SANDBOX} ${OPTIONS.join(' ')} --`;

describe('lifetime', function () {
  this.timeout(300_000);
  let directory: string;
  let hold: string;
  let hello: string;
  let descriptors: string;
  let family: string;
  const running = new Set<Running>();
  const run = (...parameters: ConstructorParameters<typeof Running>): Running => {
    const r = new Running(...parameters);
    running.add(r);
    return r;
  };
  before(() => {
    directory = makeTemporary('life');
    chmodSync(directory, 0o755);
    [hold, hello, descriptors, family] = ['hold', 'hello', 'descriptors', 'family'].map((name) => {
      const kind = ['hold', 'family'].includes(name) ? 'glibc-static' : 'glibc';
      buildGuest(kind, `test/guests/${name}.c`, join(directory, name), '-O1');
      return join(directory, name);
    });
  });
  afterEach(async () => {
    await Promise.all([...running].map((r) => r.destroy()));
    running.clear();
  });
  after(() => remove(directory));

  it(`nothing outlives its helper: kill -9 at ${KILLS} moments, two others undisturbed`, async () => {
    const bystanders = [run(BYSTANDER), run(BYSTANDER)];
    await Promise.all(bystanders.map((b) => b.said('ready>')));
    const begun = Date.now();
    const probe = run(BUSY_PYTHON);
    await probe.said('ready>');
    const whole = Date.now() - begun;
    await probe.destroy();

    const random = seededRandom(SEED);
    const moments = Array.from({ length: KILLS }, (_, i) => ({ at: random() * whole * 1.3, python: i % 2 === 0 }));
    const killer = async (): Promise<void> => {
      for (let next = moments.pop(); next !== undefined; next = moments.pop()) {
        const r = run(next.python ? BUSY_PYTHON : [hello, '0']);
        await pause(next.at);
        r.child.kill('SIGKILL');
        await r.status;
        await r.gone();
        running.delete(r);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, killer));
    expect(leftovers()).to.deep.equal([]);
    for (const [i, b] of bystanders.entries()) {
      b.child.stdin?.end(`${i}\n20\n300\n`);
      expect(await b.status).to.equal(0);
      expect(b.stdout).to.equal(`ready>\n${320 + i}\n`);
      await b.gone();
    }
  });

  for (const how of HOWS) {
    it(`the program ends with its helper while it does ${how}`, async () => {
      const r = run([hold, how]);
      await r.said('ready>');
      expect(r.living()).to.have.members([r.helper, await r.program()]);
      r.child.kill('SIGKILL');
      expect(await r.status).to.equal(137);
      await r.gone();
    });
    it(`the helper tells 137 when the program is killed while it does ${how}`, async () => {
      const r = run([hold, how]);
      await r.said('ready>');
      process.kill(await r.program(), 'SIGKILL');
      expect(await r.status).to.equal(137);
      expect(r.stderr).to.equal('');
      await r.gone();
    });
    it(`each of its threads may be the one that is killed while it does ${how}`, async () => {
      for (const seccomp of ['1', '0']) {
        const r = run([hold, how]);
        await r.said('ready>');
        const pid = await r.program();
        const thread = r.threads(pid).find((t) => t.seccomp === seccomp && t.tid !== pid);
        process.kill(thread?.tid ?? 0, 'SIGKILL');
        expect(await r.status).to.equal(137);
        await r.gone();
      }
    });
    it(`the helper hands SIGTERM on while the program does ${how}`, async () => {
      const r = run([hold, how]);
      await r.said('ready>');
      r.child.kill('SIGTERM');
      expect(await r.status).to.equal(143);
      await r.gone();
    });
    it(`Ctrl-C ends both while the program does ${how}, as bare`, async () => {
      const typing = { lines: ['\x03'], prompt: 'ready> ', patience: 60 };
      const native = await inTerminal(['linux32', hold, how], typing);
      const ended = await inTerminal([SANDBOX, ...OPTIONS, '--', hold, how], typing);
      for (const { status, stdout } of [native, ended]) {
        expect(status).to.equal(130);
        expect(stdout.trim()).to.equal('ready> ^C');
      }
    });
  }

  it('a stopped program ends with its helper', async () => {
    const r = run([hold, 'compute']);
    await r.said('ready>');
    process.kill(await r.program(), 'SIGSTOP');
    r.child.kill('SIGKILL');
    await r.status;
    await r.gone();
  });
  it('a helper that is told to stop before the program runs takes all along', async () => {
    const r = run([hold, 'calls']);
    await eventually('a process of its own', () => r.living().length > 1);
    r.child.kill('SIGTERM');
    expect(await r.status).to.be.oneOf([125, 137, 143]);
    await r.gone();
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`${signal} ends a helper that waits for the reader of its trace`, async () => {
      const fifo = join(directory, `fifo-${signal}`);
      await inShell(`mkfifo ${fifo}`);
      const { status } = await inShell(`timeout -k 5 -s ${signal} 1 ${SANDBOX} --no-acl --trace=${fifo} -- ${hello} 3`);
      expect(status).to.equal(124); // timeout's own, not that of its -k
    });

  describe('of many processes', () => {
    const MOMENT = 1000;
    it('the first one’s end ends them: daemons, those that wait, compute or are stopped', async () => {
      for (const mode of [['mixed'], ['mixed', 'stopped'], ['nested', '20']]) {
        const r = run([family, ...mode]);
        await r.said('ready>');
        expect(r.living().length).to.be.above(5);
        r.child.stdin?.end();
        expect(await r.status).to.equal(3);
        await r.gone();
        expect(r.stderr).to.equal('');
      }
    });
    it('the helper’s end ends them, 20 nested daemons within a second', async () => {
      for (const mode of [['mixed'], ['nested', '20']]) {
        const r = run([family, ...mode]);
        await r.said('ready>');
        const begun = Date.now();
        r.child.kill('SIGKILL');
        await r.gone();
        expect(Date.now() - begun).to.be.below(MOMENT);
      }
      expect(leftovers()).to.deep.equal([]);
    });
    it('the helper’s end ends those that are being born: kill -9 at 40 moments', async () => {
      for (let moment = 0; moment < 40; moment++) {
        const r = run([family, 'breed']);
        await r.said('ready>');
        await pause(moment);
        r.child.kill('SIGKILL');
        await r.gone();
      }
      expect(leftovers()).to.deep.equal([]);
    });
    it('the end of one is told to its parent, and to nobody else', async () => {
      const { stdout, stderr, status } = await sandbox([family, 'killed'], { options: OPTIONS });
      expect(stdout).to.equal('child: signal 9\nraw: signal 9\nafter: exit 5\nready>\n');
      expect(stderr).to.contain('killed by strict mode');
      expect(status).to.equal(3);
    });
    it('the helper keeps nothing of them: 500 processes and 500 threads', async () => {
      const r = run([family, 'many', '500']);
      await r.said('ready>');
      const open = (): number => readdirSync(`/proc/${r.helper}/fd`).length;
      const resident = (): number =>
        Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${r.helper}/status`, 'latin1'))?.[1]);
      const [fds, kilobytes] = [open(), resident()];
      r.child.stdin?.end();
      await r.said('done>');
      // It keeps a few slots for threads to come, and 16 at most of the processes that ended.
      await eventually('hardly more descriptors than before', () => open() <= fds + 40);
      expect(resident() - kilobytes).to.be.below(60_000);
      expect(r.living()).to.have.length(2);
    });
  });

  describe('too much', () => {
    it('threads: 64 are no matter, somewhere below 200 it is EAGAIN, and 1,000 come and go', async () => {
      const { stdout } = await sandbox([family, 'threads', '64']);
      expect(stdout).to.equal('alive 64, all\none by one\nready>\n');
      const more = await sandbox([family, 'threads', '200']);
      expect(more.stdout).to.match(/^alive 1[0-2]\d, EAGAIN\none by one\nready>\n$/);
    });
    it('processes of a user: EAGAIN, and all are gone', async () => {
      const user = process.getuid?.() === 0 ? 'setpriv --reuid=65533 --regid=65533 --clear-groups ' : '';
      const { stdout, status } = await inShell(
        `ulimit -u 200; timeout -s KILL 50 ${user}${SHELL_RUN} ${family} bomb 500 </dev/null`,
      );
      expect(stdout).to.match(/forked \d+, EAGAIN\nready>\n$/);
      expect(status).to.equal(3);
      expect(leftovers()).to.deep.equal([]);
    });
    it('processes, 200 of them, are no matter', async () => {
      const { stdout } = await sandbox([family, 'bomb', '200']);
      expect(stdout).to.equal('forked 200, all\nready>\n');
    });
    it('memory: what is left over is an errno, or enough', async () => {
      const { stdout, status } = await sandbox([family, 'memory']);
      expect(stdout).to.match(/^full 1, thread (EAGAIN|ENOMEM|made), child ((EAGAIN|ENOMEM) 0|made 4)\nready>\n$/);
      expect(status).to.equal(3);
    });
    it('files of the program: births need none of its own', async () => {
      const { stdout } = await inShell(`ulimit -Sn 100; ${SHELL_RUN} ${family} files </dev/null`);
      expect(stdout).to.equal('EMFILE, thread made, child made 4\nready>\n');
    });
    it('processes for the files that the helper may open: EAGAIN, and all are gone', async () => {
      const { stdout, stderr, status } = await inShell(`ulimit -n 128; ${SHELL_RUN} ${family} bomb 500 </dev/null`);
      expect(stdout).to.match(/^forked \d+, EAGAIN\nready>\n$/);
      expect([status, stderr]).to.deep.equal([3, '']);
      expect(leftovers()).to.deep.equal([]);
    });
  });

  it('leaves nothing behind at a normal end', async () => {
    const r = run([hello, '3']);
    expect(await r.status).to.equal(3);
    expect(r.living()).to.deep.equal([]);
    expect(leftovers()).to.deep.equal([]);
  });
  it('an end of input is one', async () => {
    const r = run([hold, 'read']);
    await r.said('ready>');
    r.child.stdin?.end();
    expect(await r.status).to.equal(3);
  });
  it('a slow reader loses nothing', async () => {
    const { stdout } = await inShell(`${SHELL_RUN} ${hold} write | (sleep 1; head -c 500000) | wc -c`);
    expect(stdout).to.equal('500000\n');
  });
  it('a closed output is SIGPIPE', async () => {
    const { status, stdout } = await inShell(`${SHELL_RUN} ${hold} write | head -c 20 | wc -c; exit \${PIPESTATUS[0]}`);
    expect({ status, stdout }).to.deep.equal({ status: 141, stdout: '20\n' });
  });

  describe('descriptors', () => {
    it('are 0, 1, 2 as far as the program can see', async () => {
      expect(await sandbox([descriptors])).to.deep.equal({ stdout: 'open: 0 1 2\n', stderr: '', status: 0 });
    });
    it('are kept as they are named', async () => {
      const script = `exec 5</etc/passwd 6</etc/group 9</dev/null; ${SANDBOX} ${OPTIONS.join(' ')} --keep-fd 9 --keep-fd 5 -- ${descriptors}`;
      expect(await inShell(script)).to.deep.equal({ stdout: 'open: 0 1 2 5 9\n', stderr: '', status: 0 });
    });
    it('are not kept for standing high', async () => {
      const high = hardLimit() - 1;
      const { stdout } = await inShell(`ulimit -n ${high + 1}; exec ${high}</etc/passwd; ${SHELL_RUN} ${descriptors}`);
      expect(stdout).to.equal('open: 0 1 2\n');
    });
    for (const closed of ['0<&-', '2>&-', '0<&- 1>&- 2>&-'])
      it(`may be closed at the start: ${closed}`, async () => {
        const { stdout, status } = await inShell(`${SHELL_RUN} ${hello} 3 ${closed}`);
        expect(status).to.equal(3);
        expect(stdout.includes('hello\n')).to.equal(!closed.includes('1>&-'));
      });
  });

  describe('limits', () => {
    const sane = async (script: string): Promise<Ended> => {
      const ended = await inShell(script);
      expect(ended.status, ended.stdout).to.not.equal(124);
      return ended;
    };
    it('20 open files are too few: 125, and why', async () => {
      const ended = await sane(`ulimit -n 20; ${SHELL_RUN} ${hello}`);
      expect(ended.status).to.equal(125);
      expect(ended.stdout).to.match(/the hard limit of open files is 20, the sandbox needs at least \d+/);
      expect(ended.stdout.trim().split('\n')).to.have.length(1);
    });
    it('64 are enough', async () => {
      expect((await sane(`ulimit -n 64; ${SHELL_RUN} ${descriptors}`)).stdout).to.equal('open: 0 1 2\n');
    });
    it('a soft limit is no matter', async () => {
      expect((await sane(`ulimit -Sn 30; ${SHELL_RUN} ${descriptors}`)).stdout).to.equal('open: 0 1 2\n');
    });
    for (const limit of ['-s unlimited', '-v unlimited', '-u unlimited', '-n $(ulimit -Hn)'])
      it(`ulimit ${limit}: runs`, async () => {
        const ended = await sane(`ulimit ${limit}; ${SHELL_RUN} ${family} killed </dev/null`);
        expect(ended.stdout).to.contain('after: exit 5\nready>\n');
        expect(ended.status).to.equal(3);
      });
    for (const limit of ['-v 200000', '-v 4000000', '-u 1', '-u 8', '-u 14', '-s 64', '-f 0', '-l 0', '-d 100000'])
      it(`ulimit ${limit}: runs or fails, and is over`, async () => {
        const ofRoot = process.getuid?.() === 0 && limit.startsWith('-u'); // which the limit does not bind
        const user = ofRoot ? 'setpriv --reuid=65533 --regid=65533 --clear-groups ' : '';
        const before = leftovers();
        const ended = await sane(`ulimit ${limit}; timeout -s KILL 50 ${user}${SHELL_RUN} ${hello} 3`);
        if (ended.status === 3) expect(ended.stdout).to.contain('hello\n');
        expect(ended.status).to.not.equal(0);
        expect(leftovers()).to.deep.equal(before);
      });
  });

  it('two in the same directory do not know of each other', async () => {
    const both = await Promise.all([sandbox([hello, '3']), sandbox([hello, '4'])]);
    expect(both.map((b) => b.status)).to.deep.equal([3, 4]);
  });
});
