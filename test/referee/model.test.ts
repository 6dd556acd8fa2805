/**
 * What the helper makes a program believe about processes, against what the kernel knows: a random sequence of births,
 * descriptors, directories, groups, threads and ends by several processes, compared with the host's /proc after each step.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { seededRandom } from '../support/elf-builder.js';
import { buildGuest, makeTemporary, remove } from '../support/run.js';
import { eventually, Running } from '../support/running.js';

const SEED = Number(process.env['NURSE_SEED'] ?? 7);
const STEPS = 150;
const MOST_PROCESSES = 6;
const MOST_THREADS = 5;
const CONTROL = 100;
/** Those that the i386 tree does not have. */
const DIRECTORIES = ['/proc', '/dev/shm', '/sys/kernel'];
const ECHILD = -10;

interface Member {
  readonly name: string;
  readonly pid: number;
  /** Its children that have not been waited for: their codes once they have ended. */
  readonly children: Map<number, number | null>;
  threads: number;
  descriptors: Set<number>;
}

const status = (pid: number, tid = pid): string => readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
const field = (text: string, name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1] ?? '';
const numbers = (names: readonly string[]): number[] => names.map(Number).sort((a, b) => a - b);

/** What the host says of a process, as the program would say it of itself. */
function onHost(pid: number, helper: number, members: ReadonlySet<number>): unknown {
  const text = status(pid);
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const reservedFrom = Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1]);
  const parent = Number(field(text, 'PPid'));
  return {
    parent: parent === helper ? process.pid : members.has(parent) ? parent : 1, // the helper’s parent runs this test
    group: Number(group),
    session: Number(session),
    umask: parseInt(field(text, 'Umask'), 8),
    cwd: readlinkSync(`/proc/${pid}/cwd`),
    descriptors: numbers(readdirSync(`/proc/${pid}/fd`)).filter((fd) => fd < reservedFrom),
  };
}

describe('the model of processes, against /proc', function () {
  this.timeout(300_000);
  let directory: string;
  let run: Running;
  let heard = 0;
  const fifos = new Map<string, number>();
  const members: Member[] = [];

  before(() => {
    directory = makeTemporary('model');
    chmodSync(directory, 0o755);
    buildGuest('glibc-static', 'test/guests/model.c', join(directory, 'model'), '-D_GNU_SOURCE');
  });
  after(async () => {
    await run.destroy();
    fifos.forEach((fd) => closeSync(fd));
    remove(directory);
  });

  /** A FIFO for a process that is to be. */
  function prepare(name: string): void {
    execFileSync('mkfifo', [join(directory, name)]);
    fifos.set(name, openSync(join(directory, name), 'r+'));
  }
  /** One command, and the line that comes back. */
  async function tell({ name }: Pick<Member, 'name'>, command: string): Promise<string[]> {
    writeSync(fifos.get(name) as number, command);
    const line = await eventually(`an answer of ${name} to ${command}`, () => {
      const lines = run.stdout.split('\n');
      return lines.length - 1 > heard ? lines[heard] : undefined;
    });
    heard++;
    expect(line.slice(0, name.length + 2)).to.equal(`${name}: `);
    return line.slice(name.length + 2).split(' ');
  }
  const told = async (member: Member, command: string): Promise<number> => Number((await tell(member, command))[0]);

  async function compare(member: Member): Promise<void> {
    const [pid, parent, group, session, umask, cwd, fds, tasks] = await tell(member, 'q');
    const list = (text: string): number[] => numbers(text.split(',').filter((one) => one !== ''));
    const said = {
      parent: Number(parent),
      group: Number(group),
      session: Number(session),
      umask: parseInt(umask, 8),
      cwd,
      descriptors: list(fds),
    };
    expect(Number(pid)).to.equal(member.pid);
    expect(JSON.stringify(said), 'what it says, and the host').to.equal(
      JSON.stringify(onHost(member.pid, run.helper, new Set(members.map((one) => one.pid)))),
    );
    expect(said.descriptors).to.deep.equal([...member.descriptors].sort((a, b) => a - b));
    await compareThreads(member, list(tasks));
  }

  const modesOf = (pid: number): Map<number, string> =>
    new Map(readdirSync(`/proc/${pid}/task`).map((tid) => [Number(tid), field(status(pid, Number(tid)), 'Seccomp')]));

  /** Each thread has an untrustee in strict mode, and its id is its trustee's, which ends with it; there is a lifeline. */
  async function compareThreads({ pid, threads }: Member, tasks: readonly number[]): Promise<void> {
    const modes = await eventually(`${threads} untrustees, their trustees and a lifeline`, () => {
      const now = modesOf(pid);
      const strict = [...now.values()].filter((mode) => mode === '1').length;
      return now.size === 2 * threads + 1 && strict === threads && now;
    });
    const inMode = (mode: string): number[] => [...modes].filter(([, own]) => own === mode).map(([tid]) => tid);
    const [trusted, confined] = [inMode('0'), inMode('1')];
    expect(trusted.length + confined.length).to.equal(modes.size);
    expect(confined).to.have.length(threads);
    expect(tasks).to.have.length(threads);
    expect(trusted).to.include.members([...tasks]);
    expect(tasks).to.include(pid);
  }

  it(`${STEPS} steps, seed ${SEED}`, async () => {
    const random = seededRandom(SEED);
    const below = (n: number): number => Math.floor(random() * n);
    const one = <T>(of: readonly T[]): T => of[below(of.length)];
    const trail: string[] = [];
    prepare('0');
    run = new Running([join(directory, 'model'), directory, '0']);
    const [pid] = await tell({ name: '0' }, 'q');
    const first = { name: '0', children: new Map<number, number | null>(), threads: 1 };
    members.push({ ...first, pid: Number(pid), descriptors: new Set([0, 1, 2, CONTROL]) });
    let names = 0;

    const open = async (member: Member, command: string): Promise<void> => {
      const fd = await told(member, command);
      expect(member.descriptors.has(fd) || fd < 0).to.equal(false);
      member.descriptors.add(fd);
    };
    const STEPS_OF: Readonly<Record<string, (member: Member) => Promise<void>>> = {
      birth: async (member) => {
        if (members.length === MOST_PROCESSES) return;
        const name = String(++names);
        prepare(name);
        // Two answers, in whatever order: the parent's, and the child's, which has its parent's line.
        writeSync(fifos.get(member.name) as number, `f${name}`);
        const lines = await eventually('two answers', () => {
          const all = run.stdout.split('\n');
          return all.length - 1 >= heard + 2 ? all.slice(heard, heard + 2) : undefined;
        });
        heard += 2;
        const ours = lines.find((line) => line.startsWith(`${member.name}: `)) ?? '';
        expect(lines.map((line) => line.split(':')[0])).to.have.members([member.name, name]);
        const child = Number(ours.split(' ')[1]);
        const descriptors = new Set(member.descriptors);
        members.push({ ...{ name, pid: child, children: new Map(), threads: 1 }, descriptors });
        member.children.set(child, null);
      },
      thread: async (member) => {
        if (member.threads === MOST_THREADS) return;
        expect(await told(member, 't')).to.equal(0);
        member.threads++;
      },
      join: async (member) => {
        if (member.threads === 1) return;
        expect(await told(member, 'j')).to.equal(0);
        member.threads--;
      },
      open: (member) => open(member, 'o'),
      duplicate: (member) => open(member, `d${one([...member.descriptors])}`),
      'duplicate from': (member) => open(member, `e${below(300)}`),
      close: async (member) => {
        const fd = below(120);
        if (fd < 3 || fd === CONTROL) return;
        expect(await told(member, `c${fd}`)).to.equal(member.descriptors.delete(fd) ? 0 : -9);
      },
      pipe: async (member) => {
        expect(await told(member, 'p')).to.equal(0);
        for (let i = 0, fd = 0; i < 2; fd++)
          if (!member.descriptors.has(fd)) {
            member.descriptors.add(fd);
            i++;
          }
      },
      umask: async (member) => void (await tell(member, `m${below(0o1000).toString(8)}`)),
      chdir: async (member) => void (await tell(member, `h${one([directory, ...DIRECTORIES])}`)),
      setsid: async (member) => void (await tell(member, 's')),
      setpgid: async (member) => void (await tell(member, `g${one([0, ...members.map((other) => other.pid)])}`)),
      wait: async (member) => {
        const child = one([...member.children.keys(), one(members).pid]);
        const [result, how] = (await tell(member, `w${child}`)).map(Number);
        const code = member.children.get(child);
        if (code === undefined) expect(result).to.equal(ECHILD);
        else if (code === null) expect(result).to.equal(0);
        else expect([result, how]).to.deep.equal([child, code << 8]);
        if (typeof code === 'number') member.children.delete(child);
      },
      exit: async (member) => {
        if (member === members[0]) return;
        const code = below(100);
        members.splice(members.indexOf(member), 1);
        const parent = members.find(({ children }) => children.has(member.pid));
        parent?.children.set(member.pid, code);
        writeSync(fifos.get(member.name) as number, `x${code}`);
        await eventually(`the end of ${member.pid}`, () => {
          try {
            return field(status(member.pid), 'State') === 'Z';
          } catch {
            return true; // an orphan, which init has seen
          }
        });
      },
    };
    for (let step = 0; step < STEPS; step++) {
      const member = one(members);
      const what = one(Object.keys(STEPS_OF));
      trail.push(`${member.name}: ${what}`);
      try {
        await STEPS_OF[what](member);
        for (const other of members) await compare(other);
      } catch (error) {
        throw new Error(`after ${trail.slice(-20).join(', ')}`, { cause: error });
      }
    }
    await tell(members[0], 'o');
    writeSync(fifos.get('0') as number, 'x42');
    expect(await run.status).to.equal(42);
    expect(run.stderr).to.equal('');
    await run.gone();
  });
});
