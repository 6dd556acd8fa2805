/** The way into other processes, and into the sandbox's own parts, by procfs, by name and by pid. */
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { SyscallName } from '../../src/abi/numbers.js';
import { SHARED_MEMORY_PREFIX } from '../../src/launch/channels.js';
import { errno, killAll, place, withPuppet, type Cage, type Puppet, type Value } from './harness.js';

const O = { RDONLY: 0, RDWR: 2, DIRECTORY: 0o200000, NOFOLLOW: 0o400000, PATH: 0o10000000 } as const;
const AT_FDCWD = -100;

/** What of another process reaches into it. */
const REACHING = [
  'mem',
  'environ',
  'fd',
  'fdinfo',
  'map_files',
  'cwd',
  'root',
  'exe',
  'fd/0',
  'fd/1',
  'root/etc/passwd',
  'cwd/..',
];

const toProc = join(place, 'to-proc');
symlinkSync('/proc', toProc);
/** Leads to the descriptors of the process at hand. */
const toDescriptors = join(place, 'to-descriptors');

/** One object by many paths. */
const spellings = (pid: number, what: string): string[] => [
  `/proc/${pid}/${what}`,
  `/proc//./${pid}/../${pid}/${what}`,
  `/proc/${pid}/task/${pid}/${what}`,
  `/proc/self/../${pid}/${what}`,
  `/proc/thread-self/../../../${pid}/${what}`,
  `/proc/self/root/proc/${pid}/${what}`,
  `/proc/self/cwd/${'../'.repeat(20)}proc/${pid}/${what}`,
  `${toProc}/${pid}/${what}`,
  `/dev/fd/../../${pid}/${what}`,
  ...(what.startsWith('fd') ? [`${toDescriptors}${what.slice(2)}`] : []),
];

const opened = (result: number): boolean => result >= 0;

/** Paths by which something of `pid` was opened. */
async function reach(p: Puppet, pid: number, names = REACHING): Promise<string[]> {
  const found: string[] = [];
  rmSync(toDescriptors, { force: true });
  symlinkSync(`/proc/${pid}/fd`, toDescriptors);
  const attempt = async (what: string, name: SyscallName, ...values: Value[]): Promise<void> => {
    const fd = await p.call(name, ...values);
    if (opened(fd)) found.push(what);
    if (opened(fd) && name.startsWith('open')) await p.call('close', fd);
    p.reset();
  };
  for (const what of names)
    for (const path of spellings(pid, what)) {
      await attempt(`open ${path}`, 'open', path, O.RDONLY);
      await attempt(`O_PATH ${path}`, 'open', path, O.PATH | (what === 'exe' ? O.NOFOLLOW : 0));
      if (what === 'mem') await attempt(`open ${path} for writing`, 'open', path, O.RDWR);
      await attempt(`chdir ${path}`, 'chdir', path);
      // a symlink of the test's own may be read, not followed
      if (path !== toDescriptors) await attempt(`readlink ${path}`, 'readlink', path, p.room(256), 256);
    }
  return [...found, ...(await relative(p, pid, names))];
}

/** The same from directories that are open or the working directory. */
async function relative(p: Puppet, pid: number, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const dirs = [await p.call('open', '/proc', O.DIRECTORY), await p.call('open', `/proc/${pid}`, O.DIRECTORY)];
  const [proc, process] = dirs;
  for (const what of names) {
    const results = [
      await p.call('openat', proc, `${pid}/${what}`, O.RDONLY, 0),
      process < 0 ? -1 : await p.call('openat', process, what, O.RDONLY, 0),
      process < 0 || (await p.call('fchdir', process)) !== 0 ? -1 : await p.call('openat', AT_FDCWD, what, O.RDONLY, 0),
      process < 0 ? -1 : await p.call('openat', process, `task/../${what}`, O.RDONLY, 0),
    ];
    if (results.some(opened)) found.push(`relative ${what}`);
    for (const fd of results.filter(opened)) await p.call('close', fd);
    p.reset();
  }
  await p.call('chdir', place);
  for (const fd of dirs.filter(opened)) await p.call('close', fd);
  return found;
}

/** Threads of the sandboxed process that the program does not know: lifeline and untrustee. */
const parts = (p: Puppet): number[] =>
  readdirSync(`/proc/${p.pid}/task`)
    .map(Number)
    .filter((tid) => tid !== p.pid);

const inCage = <T>(cage: Cage, act: (p: Puppet) => Promise<T>): Promise<T> => withPuppet({ cage }, act);

/** Everything is allowed in these runs: what is refused, no policy could grant. */
describe('attacks: procfs and other processes', function () {
  this.timeout(120_000);
  after(killAll);

  it('nothing of the helper, of pid 1 or of a stranger can be opened, whatever the way', () =>
    inCage('product', async (p) => {
      for (const pid of [p.helper, 1, process.pid]) expect(await reach(p, pid), `pid ${pid}`).to.deep.equal([]);
    }));

  it('nor of its threads', () =>
    inCage('product', async (p) => {
      for (const tid of readdirSync(`/proc/${p.helper}/task`).slice(0, 3))
        for (const path of [
          `/proc/${p.helper}/task/${tid}/mem`,
          `/proc/${tid}/mem`,
          `/proc/${tid}/fd/0`,
          `/proc/${tid}/environ`,
        ])
          expect(await p.call('open', path, O.RDONLY), path).to.equal(errno('EACCES'));
    }));

  it('control: without the look at procfs the helper is open', () =>
    inCage('procfs', async (p) => {
      const found = await reach(p, p.helper, ['mem', 'environ', 'fd', 'root/etc/passwd']);
      expect(found).to.include.members([
        `open /proc/${p.helper}/mem for writing`,
        `open /proc/${p.helper}/environ`,
        `chdir /proc/${p.helper}/fd`,
        `open /proc/${p.helper}/root/etc/passwd`,
        'relative mem',
      ]);
    }));

  it('its own memory is not to be had as a file', () =>
    inCage('product', async (p) => {
      const ways = ['self', 'thread-self', String(p.pid), `self/task/${p.pid}`, 'self/../self'];
      for (const way of ways)
        for (const what of ['mem', 'map_files']) {
          expect(await p.call('open', `/proc/${way}/${what}`, O.RDONLY), `${way}/${what}`).to.equal(errno('EACCES'));
          p.reset();
        }
    }));

  it('control: without that look its own memory opens for writing', () =>
    inCage('procfs', async (p) => expect(await p.call('open', `/proc/${p.pid}/mem`, O.RDWR)).to.be.at.least(3)));

  it('what it may see of itself is its own, not the helper’s', () =>
    inCage('product', async (p) => {
      const room = p.room(256);
      const length = await p.call('readlink', '/proc/self', room, 256);
      expect((await p.peek(room, length)).toString()).to.equal(String(p.pid));
      const fd = await p.call('open', '/proc/self/stat', O.RDONLY);
      const n = await p.call('pread64', fd, room, 256, 0, 0);
      expect((await p.peek(room, n)).toString()).to.match(new RegExp(`^${p.pid} `));
    }));

  describe('names of the shared memory', () => {
    const object = `/dev/shm/${SHARED_MEMORY_PREFIX}attack-${process.pid}`;
    before(() => writeFileSync(object, 'M'));
    after(() => rmSync(object, { force: true }));
    const other = `/dev/shm/${SHARED_MEMORY_PREFIX}other`;

    it('are hidden, and cannot be made', () =>
      inCage('product', async (p) => {
        for (const path of [object, `/dev/./shm//${SHARED_MEMORY_PREFIX}attack-${process.pid}`]) {
          expect(await p.call('open', path, O.RDONLY)).to.equal(errno('ENOENT'));
          expect(await p.call('unlink', path)).to.equal(errno('ENOENT'));
          expect(await p.call('stat64', path, new Uint8Array(96))).to.equal(errno('ENOENT'));
        }
        const dir = await p.call('open', '/dev/shm', O.DIRECTORY);
        expect(await p.call('openat', dir, object.slice('/dev/shm/'.length), O.RDWR, 0)).to.equal(errno('ENOENT'));
        expect(await p.call('open', other, O.RDWR | 0o100, 0o600)).to.be.below(0);
        expect(await p.call('mkdir', other, 0o700)).to.be.below(0);
        expect(await p.call('symlink', '/etc/passwd', other)).to.be.below(0);
        expect(existsSync(other)).to.equal(false);
      }));

    it('control: with another prefix to hide they are open', () =>
      inCage('prefix', async (p) => expect(await p.call('open', object, O.RDWR)).to.be.at.least(3)));
  });

  const NEVER: [SyscallName, (pid: number) => Value[]][] = [
    ['ptrace', (pid) => [16, pid, 0, 0]],
    ['ptrace', (pid) => [0x4206, pid, 0, 0]],
    ['process_vm_readv', (pid) => [pid, new Uint8Array(8), 1, new Uint8Array(8), 1, 0]],
    ['process_vm_writev', (pid) => [pid, new Uint8Array(8), 1, new Uint8Array(8), 1, 0]],
    ['kcmp', (pid) => [pid, pid, 0, 0, 0]],
    ['pidfd_getfd', () => [1, 0, 0]],
    ['process_madvise', () => [1, 0, 0, 0, 0]],
    ['perf_event_open', (pid) => [new Uint8Array(128), pid, -1, -1, 0]],
    ['move_pages', (pid) => [pid, 0, 0, 0, 0, 0]],
    ['migrate_pages', (pid) => [pid, 0, 0, 0]],
    ['setns', () => [1, 0]],
    ['name_to_handle_at', () => [AT_FDCWD, '/', new Uint8Array(128), new Uint8Array(4), 0]],
    ['fanotify_init', () => [0, 0]],
    ['userfaultfd', () => [0]],
    ['io_uring_setup', () => [8, new Uint8Array(120)]],
    ['bpf', () => [0, new Uint8Array(128), 128]],
    ['modify_ldt', () => [1, new Uint8Array(16), 16]],
    ['seccomp', () => [1, 0, 0]],
  ];

  it('calls that rule, copy or watch other processes, or undo the confinement, are never made', () =>
    inCage('product', async (p) => {
      for (const pid of [p.helper, p.pid, 1])
        for (const [name, values] of NEVER) {
          p.reset();
          expect(await p.call(name, ...values(pid)), `${name} of ${pid}`).to.be.below(0);
        }
    }));

  const REACHING_BY_PID: [SyscallName, (pid: number) => Value[]][] = [
    ['kill', (pid) => [pid, 0]],
    ['kill', (pid) => [pid, 10]],
    ['kill', (pid) => [-pid, 10]],
    ['kill', () => [-1, 10]],
    ['tkill', (pid) => [pid, 10]],
    ['tgkill', (pid) => [pid, pid, 10]],
    ['rt_sigqueueinfo', (pid) => [pid, 10, new Uint8Array(128)]],
    ['rt_tgsigqueueinfo', (pid) => [pid, pid, 10, new Uint8Array(128)]],
    ['prlimit64', (pid) => [pid, 7, 0, new Uint8Array(16)]],
    ['prlimit64', (pid) => [pid, 4, new Uint8Array(16), 0]],
    ['setpriority', (pid) => [0, pid, 1]],
    ['setpriority', (pid) => [1, pid, 1]],
    ['pidfd_open', (pid) => [pid, 0]],
    ['pidfd_open', (pid) => [pid, 0x80]],
    ['getpgid', (pid) => [pid]],
    ['ioprio_get', (pid) => [1, pid]],
    ['sched_getaffinity', (pid) => [pid, 4, new Uint8Array(4)]],
    ['clock_gettime', (pid) => [(~pid << 3) | 2, new Uint8Array(8)]],
    ['clock_gettime', (pid) => [(~pid << 3) | 6, new Uint8Array(8)]],
    ['getpriority', (pid) => [0, pid]],
    ['ioprio_set', (pid) => [1, pid, 0x4007]],
    ['ioprio_set', (pid) => [2, pid, 0x4007]],
    ['ioctl', (pid) => [1, 0x8902, new Uint8Array(Int32Array.of(-pid).buffer)]],
    ['fcntl', (pid) => [1, 8, -pid]],
    ['fcntl64', (pid) => [1, 15, new Uint8Array(Uint32Array.of(0, pid).buffer)]],
    ['fcntl64', (pid) => [1, 15, new Uint8Array(Uint32Array.of(2, pid).buffer)]],
    ['sched_setaffinity', (pid) => [pid, 4, Uint8Array.of(1, 0, 0, 0)]],
    ['sched_setscheduler', (pid) => [pid, 0, new Uint8Array(4)]],
    ['sched_setparam', (pid) => [pid, new Uint8Array(4)]],
    ['sched_setattr', (pid) => [pid, new Uint8Array(56), 0]],
    ['sched_getattr', (pid) => [pid, new Uint8Array(56), 56, 0]],
    ['setpgid', (pid) => [pid, pid]],
    ['setpgid', (pid) => [0, pid]],
    ['getsid', (pid) => [pid]],
    ['get_robust_list', (pid) => [pid, new Uint8Array(4), new Uint8Array(4)]],
    ['fcntl', (pid) => [1, 8, pid]],
    ['fcntl64', (pid) => [1, 15, new Uint8Array(Uint32Array.of(1, pid).buffer)]],
    ['fcntl64', () => [1, 10, 9]],
    ['ioctl', (pid) => [1, 0x8901, new Uint8Array(Uint32Array.of(pid).buffer)]],
    ['ioctl', (pid) => [1, 0x8902, new Uint8Array(Uint32Array.of(pid).buffer)]],
    ['ioctl', (pid) => [1, 0x5410, new Uint8Array(Uint32Array.of(pid).buffer)]],
    ['timer_create', () => [1, new Uint8Array(64), new Uint8Array(4)]],
    ['mq_notify', () => [1, new Uint8Array(64)]],
  ];

  it('signals, limits and priorities go to nobody else', () =>
    inCage('product', async (p) => {
      const others = [p.helper, 1, process.pid, Number(readdirSync(`/proc/${p.helper}/task`).at(-1)), ...parts(p)];
      for (const pid of others)
        for (const [name, values] of REACHING_BY_PID) {
          p.reset();
          expect(await p.call(name, ...values(pid)), `${name} of ${pid}`).to.be.below(0);
        }
      expect(await p.call('getpid')).to.equal(p.pid);
    }));

  it('a group or user is the sandbox’s part of it: the helper’s own stays as it is', () =>
    inCage('product', async (p) => {
      const nice = (who: string): number => Number(readFileSync(`/proc/${who}/stat`, 'latin1').split(' ')[18]);
      const own = nice('self');
      for (const [kind, value] of [
        [1, own + 3],
        [2, own + 4],
      ]) {
        // prettier-ignore
        expect(await p.call('setpriority', kind, 0, value)).to.equal(0);
        expect(await p.call('getpriority', kind, 0)).to.equal(20 - value);
        // trustee and untrustee; the lifeline is nobody's
        expect(
          readdirSync(`/proc/${p.pid}/task`)
            .map((tid) => nice(`${p.pid}/task/${tid}`))
            .sort(),
        ).to.deep.equal([own, value, value].sort());
      }
      expect(readdirSync(`/proc/${p.helper}/task`).map((tid) => nice(`${p.helper}/task/${tid}`))).to.not.include(
        own + 3,
      );
      expect([nice('self'), nice(String(p.helper))]).to.deep.equal([own, own]);
    }));

  it('the sandbox’s own threads have no name: at the top of procfs, in task, nor listed', () =>
    inCage('product', async (p) => {
      const hidden = parts(p);
      expect(hidden).to.have.length(2);
      for (const tid of hidden)
        for (const way of [`/proc/${tid}`, `/proc/self/task/${tid}`, `/proc/${p.pid}/task/${tid}`])
          for (const what of ['', '/status', '/stat', '/mem', '/fd', '/comm'])
            for (const name of [`${way}${what}`, `${toProc}${`${way}${what}`.slice('/proc'.length)}`]) {
              expect(await p.call('open', name, O.PATH), name).to.equal(errno('ENOENT'));
              expect(await p.call('stat64', name, new Uint8Array(96)), name).to.equal(errno('ENOENT'));
              p.reset();
            }
      const dir = await p.call('open', '/proc/self/task', O.DIRECTORY);
      for (const tid of hidden)
        expect(await p.call('openat', dir, `${tid}/status`, O.RDONLY, 0)).to.equal(errno('ENOENT'));
      const room = p.room(1024);
      const names: string[] = [];
      for (let n = 1; n > 0;) {
        n = await p.call('getdents64', dir, room, 32); // one at a time: what is left out must not end the listing
        const record = await p.peek(room, 32);
        if (n > 0) names.push(record.toString('latin1', 19, record.indexOf(0, 19)));
      }
      expect(names.sort()).to.deep.equal(['.', '..', String(p.pid)]);
    }));

  it('control: without the look at procfs they have', () =>
    inCage('procfs', async (p) => {
      for (const tid of parts(p))
        expect(await p.call('open', `/proc/${tid}/status`, O.RDONLY), String(tid)).to.be.at.least(3);
    }));

  it('status and stat of the program and its thread speak of the untrustee, by the program’s numbers', () =>
    inCage('product', async (p) => {
      for (const way of ['self', 'thread-self', String(p.pid), `self/task/${p.pid}`]) {
        const room = p.room(4096);
        const read = async (file: string): Promise<string> => {
          const fd = await p.call('open', `/proc/${way}/${file}`, O.RDONLY);
          const n = await p.call('pread64', fd, room, 4096, 0, 0);
          for (const change of ['ftruncate', 'fchmod'] as const) await p.call(change, fd, 0);
          expect(await p.call('pwrite64', fd, room, 1, 0, 0)).to.be.below(0);
          await p.call('close', fd);
          return (await p.peek(room, n)).toString('latin1');
        };
        const status = await read('status');
        for (const [name, value] of [
          ['Pid', p.pid],
          ['Tgid', p.pid],
          ['Threads', 1],
          ['Seccomp', 1],
        ])
          // prettier-ignore
          expect(status, way).to.match(new RegExp(`^${name}:\t${value}$`, 'm'));
        const stat = (await read('stat')).split(' ');
        expect([stat[0], stat[2], stat[19]]).to.deep.equal([String(p.pid), 'R', '1']);
        for (const hidden of parts(p)) expect(`${status} ${stat.join(' ')}`).to.not.match(new RegExp(`\b${hidden}\b`));
        for (const flags of [O.RDWR, 1, O.RDWR | 0o1000])
          expect(await p.call('open', `/proc/${way}/status`, flags)).to.equal(errno('EACCES'));
        p.reset();
      }
    }));

  it('control: rows that ask nobody signal the helper, which ends', () =>
    withPuppet({ cage: 'delegate:kill' }, async (p) => {
      void p.call('kill', p.helper, 15).catch(() => undefined);
      await p.ended;
      expect(existsSync(`/proc/${p.helper}`)).to.equal(false);
    }));

  it('control: rows that ask nobody reach limits, priorities and memory', () =>
    inCage('delegate:prlimit64,sched_setaffinity,process_vm_readv,fcntl,getsid', async (p) => {
      const mine = p.hold(new Uint8Array(8));
      expect(await p.call('prlimit64', p.helper, 7, 0, mine)).to.equal(0);
      // 0 where the session's leader lives outside this pid namespace.
      expect(await p.call('getsid', p.helper)).to.be.at.least(0);
      expect(await p.call('fcntl', 0, 8, p.helper)).to.be.oneOf([0, errno('EPERM')]);
      const iov = new Uint8Array(Uint32Array.of(mine, 8).buffer);
      expect(await p.call('process_vm_readv', p.pid, iov, 1, iov, 1, 0)).to.equal(8);
    }));
});
