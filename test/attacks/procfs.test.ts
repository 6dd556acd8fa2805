/** The way into other processes, and into the sandbox's own parts, by procfs, by name and by pid. */
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
    ['pidfd_open', (pid) => [pid, 0]],
    ['pidfd_getfd', () => [1, 0, 0]],
    ['pidfd_send_signal', () => [1, 0, 0, 0]],
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
    ['setpriority', () => [1, 0, 1]],
    ['setpriority', () => [2, 0, 1]],
    ['getpriority', (pid) => [0, pid]],
    ['ioprio_set', (pid) => [1, pid, 0x4007]],
    ['ioprio_set', () => [2, 0, 0x4007]],
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
      const others = [p.helper, 1, process.pid, Number(readdirSync(`/proc/${p.helper}/task`).at(-1))];
      for (const pid of others)
        for (const [name, values] of REACHING_BY_PID) {
          p.reset();
          expect(await p.call(name, ...values(pid)), `${name} of ${pid}`).to.be.below(0);
        }
      expect(await p.call('getpid')).to.equal(p.pid);
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
