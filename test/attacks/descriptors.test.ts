/** The reserved descriptors by every call that takes one, by number, nested, and by name. */
import { readdirSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { NUMBERS, syscallName, type SyscallName } from '../../src/abi/numbers.js';
import { rowOf, rows } from '../../src/syscalls/table.js';
import { RESERVED, reservedCount, SLOT, SLOT_COUNT } from '../../src/wire/layout.js';
import { acl, errno, file, killAll, place, withPuppet, type Cage, type Puppet, type Value } from './harness.js';

const SCHED_FIFO = 1;
const EBADF = errno('EBADF');
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

/** Every number that is the sandbox's and open, as the host sees it. */
async function reservedNumbers(p: Puppet): Promise<number[]> {
  const from = (await p.slot(SLOT.lifelineFd)) - RESERVED.lifeline;
  return readdirSync(`/proc/${p.pid}/fd`)
    .map(Number)
    .filter((n) => n >= from)
    .sort((a, b) => a - b);
}
const targets = (p: Puppet, fds: readonly number[]): string[] => fds.map((n) => readlinkSync(`/proc/${p.pid}/fd/${n}`));

interface Try {
  readonly call: SyscallName;
  readonly position: number;
}
/** Each descriptor argument of each row; about native ones nobody is asked. */
const tries: Try[] = rows.flatMap((row) =>
  row === undefined || row.by === 'denied' || row.by === 'native'
    ? []
    : row.args.flatMap(([, kind], position): Try[] =>
        kind.kind === 'fd' ? [{ call: syscallName(row.nr) as SyscallName, position }] : [],
      ),
);
const other = file('descriptors-other', 'O');
/** With other arguments that let the call get as far as this one: a descriptor that is open, a path. */
const registers = ({ call, position }: Try, fd: number): Value[] =>
  (rowOf(call)?.args ?? []).map(([, { kind }], i) => {
    if (i === position) return fd;
    return kind === 'fd' ? 2 : kind === 'path' || kind === 'string' ? other : 0;
  });

const secret = file('descriptors-secret', 'S');
const judging = acl(
  'descriptors',
  [`{ deny: ["${secret}"], errno: EPERM }`, '{ read: ["/**"] }', `{ write: ["${place}/**"], create: ["${place}/**"] }`],
  ['network:', '  - { families: [unix] }'],
);
const inCage = <T>(cage: Cage, act: (p: Puppet) => Promise<T>): Promise<T> => withPuppet({ cage, acl: judging }, act);

/** A message that passes descriptors. */
function passing(p: Puppet, fds: readonly number[]): Uint8Array {
  const control = p.hold(words(12 + 4 * fds.length, 1, 1, ...fds));
  const iov = p.hold(words(p.hold('x'), 1));
  return words(0, 0, iov, 1, control, 12 + 4 * fds.length, 0);
}

/** Calls that name a descriptor by more than an argument. */
async function nested(p: Puppet, fd: number): Promise<[what: string, result: number][]> {
  const pair = p.room(8);
  await p.call('socketpair', 1, 5, 0, pair);
  const [left, right] = [await p.peekWord(pair), await p.peekWord(pair + 4)];
  const epoll = await p.call('epoll_create1', 0);
  const bits = new Uint8Array(0x1000);
  bits[fd >> 3] |= 1 << (fd & 7);
  const message = passing(p, [1, fd]);
  const call = async (what: string, name: SyscallName, ...args: Value[]): Promise<[string, number]> => [
    what,
    await p.call(name, ...args),
  ];
  const results = [
    await call('poll', 'poll', words(fd, 1), 1, 0),
    await call('ppoll', 'ppoll', words(0, 1, fd, 1), 2, words(0, 0), 0, 8),
    await call('_newselect', '_newselect', fd + 1, bits, 0, 0, words(0, 0)),
    await call('pselect6', 'pselect6', fd + 1, 0, bits, 0, words(0, 0), 0),
    await call('old select', 'select', words(fd + 1, 0, 0, p.hold(bits), p.hold(words(0, 0)))),
    await call('epoll add', 'epoll_ctl', epoll, 1, fd, words(1, 0, 0)),
    await call('SCM_RIGHTS', 'sendmsg', left, message, 0),
    await call('SCM_RIGHTS by sendmmsg', 'sendmmsg', left, new Uint8Array([...message, 0, 0, 0, 0]), 1, 0),
    await call('SCM_RIGHTS by socketcall', 'socketcall', 16, words(left, p.hold(message), 0)),
    await call('dup by socketcall', 'socketcall', 13, words(fd, 2)),
    await call('mmap', 'mmap2', 0, 4096, 1, 1, fd, 0),
    await call('private mmap', 'mmap2', 0, 4096, 5, 2, fd, 0),
    await call('old mmap', 'mmap', words(0, 4096, 1, 1, fd, 0)),
    await call('F_DUPFD_QUERY', 'fcntl64', 1, 1027, fd),
    await call('waitid P_PIDFD', 'waitid', 3, fd, 0, 4, 0),
    await call('sendfile from', 'sendfile', right, fd, 0, 1),
    await call('FICLONE of', 'ioctl', left, 0x40049409, fd),
    await call('FICLONERANGE of', 'ioctl', left, 0x4020940d, words(fd, 0, 0, 0, 0, 0, 0, 0)),
    await call('FICLONERANGE of, high word set', 'ioctl', left, 0x4020940d, words(fd, 1, 0, 0, 0, 0, 0, 0)),
  ];
  for (const n of [left, right, epoll]) await p.call('close', n);
  return results;
}

/** Every fcntl(2) command and the ioctl(2) requests that act on any descriptor. */
async function commands(p: Puppet, fd: number): Promise<[what: string, result: number][]> {
  const results: [string, number][] = [];
  const room = p.room(64);
  for (const name of ['fcntl', 'fcntl64'] as const)
    for (const command of [...Array(17).keys(), ...Array.from({ length: 24 }, (_, i) => 1024 + i), 36, 37, 38])
      results.push([`${name} ${command}`, await p.call(name, fd, command, room)]);
  for (const request of [0x5401, 0x541b, 0x5421, 0x5450, 0x5451, 0x5452, 0x5460, 0x8901, 0x8902, 0x8903])
    results.push([`ioctl 0x${request.toString(16)}`, await p.call('ioctl', fd, request, room)]);
  return results;
}

const spellings = (p: Puppet, fd: number): string[] => [
  `/proc/self/fd/${fd}`,
  `/proc/./self//fd/${fd}`,
  `/proc/${p.pid}/fd/${fd}`,
  `/proc/self/task/${p.pid}/fd/${fd}`,
  `/proc/thread-self/fd/${fd}`,
  `/dev/fd/${fd}`,
  `/proc/self/fdinfo/${fd}`,
  `/proc/self/root/proc/self/fd/${fd}`,
  `/proc/self/cwd/../proc/self/fd/${fd}`.replace('/cwd/..', '/cwd/' + '../'.repeat(16)),
];

/** By name: what did not answer ENOENT. */
async function byName(p: Puppet, fd: number): Promise<string[]> {
  const found: string[] = [];
  const buffer = p.room(256);
  const say = (what: string, result: number): void => {
    if (result !== errno('ENOENT')) found.push(`${what} = ${result}`);
  };
  for (const path of spellings(p, fd)) {
    say(`open ${path}`, await p.call('open', path, 2));
    say(`open ${path} for reading`, await p.call('open', path, 0));
    say(`O_PATH ${path}`, await p.call('open', path, 0o10000000));
    say(`readlink ${path}`, await p.call('readlink', path, buffer, 256));
    say(`lstat64 ${path}`, await p.call('lstat64', path, buffer));
    say(`stat64 ${path}`, await p.call('stat64', path, buffer));
    say(`chdir ${path}`, await p.call('chdir', path));
  }
  const dir = await p.call('open', '/proc/self/fd', 0o200000);
  say('openat', await p.call('openat', dir, String(fd), 2, 0));
  say('statx', await p.call('statx', dir, String(fd), 0, 0x7ff, buffer));
  await p.call('fchdir', dir);
  say('relative', await p.call('open', String(fd), 0));
  say('relative with dot', await p.call('open', `./${fd}`, 0));
  await p.call('chdir', place);
  await p.call('close', dir);
  return found;
}

describe('attacks: reserved descriptors', function () {
  this.timeout(120_000);
  after(killAll);

  it('every call that takes a descriptor says EBADF for a reserved one', () =>
    inCage('product', async (p) => {
      const fds = await reservedNumbers(p);
      const before = targets(p, fds);
      expect(fds).to.have.length.of.at.least(4);
      const wrong: string[] = [];
      for (const fd of fds)
        for (const t of tries) {
          p.reset();
          const result = await p.call(t.call, ...registers(t, fd));
          if (result !== EBADF) wrong.push(`${t.call}, argument ${t.position} = ${result}`);
        }
      expect(wrong).to.deep.equal([]);
      expect(targets(p, fds)).to.deep.equal(before);
      expect(await p.call('open', secret, 0)).to.equal(errno('EPERM'));
    }));

  it('nested ones, all commands of fcntl and ioctl', () =>
    inCage('product', async (p) => {
      const fds = await reservedNumbers(p);
      for (const fd of fds) {
        p.reset();
        const wrong = [...(await nested(p, fd)), ...(await commands(p, fd))].filter(([, result]) => result !== EBADF);
        expect(wrong, `of ${fd}`).to.deep.equal([]);
      }
    }));

  it('control: without the check the calls reach them', () =>
    inCage('descriptors', async (p) => {
      const { result } = await p.reserved();
      const reached: string[] = [];
      for (const t of tries.filter(({ call }) => !['close', 'dup2', 'dup3', 'shutdown'].includes(call)))
        if ((await p.call(t.call, ...registers(t, result))) !== EBADF) reached.push(t.call);
      expect(reached).to.include.members([
        '_llseek',
        'lseek',
        'dup',
        'fstat64',
        'readv',
        'flock',
        'sendfile',
        'epoll_ctl',
        'fsync',
      ]);
      const found = (await nested(p, result)).filter(([, r]) => r !== EBADF).map(([what]) => what);
      expect(found).to.include.members([
        'poll',
        '_newselect',
        'SCM_RIGHTS',
        'SCM_RIGHTS by sendmmsg',
        'mmap',
        'old mmap',
      ]);
      expect(await byName(p, result)).to.have.length.above(20);
    }));

  it('by name there are none', () =>
    inCage('product', async (p) => {
      for (const fd of await reservedNumbers(p)) {
        p.reset();
        expect(await byName(p, fd), `of ${fd}`).to.deep.equal([]);
      }
    }));

  it('closing ranges leaves them open', () =>
    inCage('product', async (p) => {
      const fds = await reservedNumbers(p);
      const before = targets(p, fds);
      for (const [first, last, how] of [
        [3, 0xffffffff, 0],
        [3, 0xffffffff, 4],
        [3, 0xffffffff, 2],
        [fds[0], fds[0], 0],
        [fds[0] - 1, fds[fds.length - 1] + 1, 6],
      ])
        expect(await p.call('close_range', first, last, how)).to.equal(0);
      expect(targets(p, fds)).to.deep.equal(before);
      expect(await p.call('open', secret, 0)).to.equal(errno('EPERM'));
    }));

  it('control: without the detour close_range takes them', () =>
    inCage('descriptors', async (p) => {
      const fds = await reservedNumbers(p);
      const { lifeline } = await p.reserved();
      expect(await p.call('close_range', lifeline, lifeline, 0)).to.equal(0);
      expect(await reservedNumbers(p)).to.deep.equal(fds.filter((n) => n !== lifeline));
    }));

  it('what is opened is never given a reserved number, when all others are taken', () =>
    inCage('product', async (p) => {
      const from = (await p.slot(SLOT.lifelineFd)) - RESERVED.lifeline;
      const taken = await reservedNumbers(p);
      const limit = p.room(16);
      await p.call('prlimit64', 0, 7, 0, limit);
      const most = await p.peekWord(limit + 8);
      expect(await p.call('prlimit64', 0, 7, words(most, 0, most, 0), 0)).to.equal(0);
      expect(await p.call('setrlimit', 7, words(most, most))).to.equal(0);
      await p.repeat(from + reservedCount(SLOT_COUNT), 'dup', 1);
      expect(await p.call('dup', 1)).to.equal(errno('EMFILE'));
      for (const least of [from - 1, from, from + reservedCount(SLOT_COUNT)])
        expect(await p.call('fcntl64', 1, 0, least)).to.be.oneOf([errno('EMFILE'), errno('EINVAL')]);
      expect(await reservedNumbers(p)).to.deep.equal(taken);
    }));

  it('a stale or forged sequence on the result channel is never believed', () =>
    inCage('product', async (p) => {
      const { result } = await p.reserved();
      for (const high of [0, 1, 2, 0x7fffffff, 0xffffffff])
        expect(await p.call('_llseek', result, high, 7, p.room(8), 0)).to.equal(EBADF);
      expect(await p.raw('read', result, p.room(64), 64)).to.equal(0);
      expect(await p.raw('write', result, p.room(64), 64)).to.equal(EBADF);
      for (let i = 0; i < 200; i++) {
        const seen = await p.call('sched_get_priority_max', SCHED_FIFO);
        expect(seen).to.equal(99);
      }
    }));

  it('control: a result that is sought by another hand is believed', () =>
    inCage('descriptors', async (p) => {
      const { result } = await p.reserved();
      expect(await p.call('_llseek', result, 0x1234, 7, p.room(8), 0)).to.equal(0);
      expect(NUMBERS._llseek).to.equal(140);
    }));
});
