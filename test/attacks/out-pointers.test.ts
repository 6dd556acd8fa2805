/** Every pointer through which a call would write, aimed at protected memory: generated from the table of calls. */
import { expect } from 'chai';
import { syscallName, type SyscallName } from '../../src/abi/numbers.js';
import type { Kind, Row } from '../../src/syscalls/dsl.js';
import { rows } from '../../src/syscalls/table.js';
import { acl, errno, file, killAll, place, withPuppet, type Cage, type Puppet, type Value } from './harness.js';
import { bytesOf, KINDS, protectedRegions, type Protected } from './regions.js';

const EFAULT = errno('EFAULT');
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

/** Which argument of which row writes. */
interface Out {
  readonly call: SyscallName;
  readonly row: Row;
  readonly position: number;
}
const writes = (kind: Kind): boolean =>
  (kind.kind === 'bytes' && kind.way === 'out') ||
  ((kind.kind === 'struct' || kind.kind === 'words') && kind.way !== 'in') ||
  (kind.kind === 'iovec' && kind.way === 'out');

const declared: Out[] = rows.flatMap((row) =>
  row === undefined || row.by === 'denied' || row.by === 'native'
    ? []
    : row.args.flatMap(([name, kind], position): Out[] =>
        // A time out of protected memory could be a long one, where the weakened control takes it: see byHand.
        writes(kind) && name !== 'timeout' ? [{ call: syscallName(row.nr) as SyscallName, row, position }] : [],
      ),
);

/** Arguments by name that let a call get as far as its pointer. */
const SENSIBLE: Readonly<Record<string, number>> = {
  count: 64,
  size: 64,
  length: 64,
  signal: 10,
  family: 1,
  type: 1,
  mask: 0x7ff,
};
const SPECIAL: Readonly<Partial<Record<SyscallName, Readonly<Record<string, number>>>>> = {
  rt_sigaction: { size: 8 },
  rt_sigprocmask: { size: 8 },
  rt_sigtimedwait: { size: 8 },
  rt_sigtimedwait_time64: { size: 8 },
  statfs64: { size: 84 },
  fstatfs64: { size: 84 },
  getgroups: { count: 16 },
  getgroups32: { count: 16 },
  readv: { count: 1 },
  preadv: { count: 1 },
  preadv2: { count: 1 },
  getcwd: { size: 4096 },
  getrandom: { count: 64 },
};
const AT_FDCWD = -100;

interface Things {
  readonly file: number;
  readonly dir: number;
}

/** The registers of a call whose argument `position` is `at`. */
function registers({ call, row, position }: Out, at: number, { file, dir }: Things): Value[] {
  return row.args.map(([name, kind], i): Value => {
    if (i === position) return kind.kind === 'iovec' ? words(at, 64) : at;
    switch (kind.kind) {
      case 'fd':
        return kind.dir ? AT_FDCWD : call.startsWith('getdents') ? dir : file;
      case 'path':
        return call.startsWith('readlink') ? '/proc/self/exe' : `${place}/out-file`;
      case 'string':
        return 'user.nothing';
      case 'struct':
        if (name === 'header') return words(0x20080522, 0);
        return name === 'limit' ? 0 : new Uint8Array(kind.struct.size);
      case 'bytes':
      case 'iovec':
        return kind.kind === 'bytes' && kind.way === 'in' ? new Uint8Array(64) : 0;
      case 'value':
        return SPECIAL[call]?.[name] ?? SENSIBLE[name] ?? 0;
      case 'words':
        return kind.way === 'in' ? new Uint8Array(64) : 0;
      default:
        return 0;
    }
  });
}

/** Calls whose pointers their rows check by code of their own. */
const byHand = (p: Puppet, at: number, { file }: Things): [SyscallName, ...Value[]][] => {
  const time = words(0, 0);
  const eight = p.hold(words(8));
  return [
    ['getxattr', `${place}/out-file`, 'user.x', at, 64],
    ['listxattr', `${place}/out-file`, at, 64],
    ['file_getattr', AT_FDCWD, `${place}/out-file`, at, 64, 0],
    ['rt_sigpending', at, 8],
    ['get_thread_area', at],
    ['set_thread_area', at],
    ['prctl', 16, at],
    ['prctl', 37, at],
    ['prctl', 25, at],
    ['prctl', 2, at],
    ['capget', at, 0],
    ['capset', at, 0],
    ['capset', words(0x20080522, 0), at],
    ['capget', words(0x20080522, 0), at],
    ['fcntl64', file, 12, at],
    ['fcntl64', file, 16, at],
    ['fcntl', file, 5, at],
    ['ioctl', file, 0x541b, at],
    ['ioctl', file, 0x5401, at],
    ['poll', at, 1, 0],
    ['_newselect', 8, at, 0, 0, time],
    ['_newselect', 8, 0, at, 0, time],
    ['pselect6', 8, 0, 0, at, time, 0],
    ['_newselect', 0, 0, 0, 0, at],
    ['mincore', at - (at % 4096), 64, at],
    ['recvfrom', file, at, 64, 0, 0, 0],
    ['getsockname', file, at, eight],
    ['getpeername', file, p.hold(time), at],
    ['accept4', file, at, eight, 0],
    ['getsockopt', file, 1, 3, at, eight],
    ['recvmsg', file, at, 0],
    ['recvmmsg', file, at, 1, 0, 0],
    ['socketcall', 8, words(1, 1, 0, at)],
    ['socketcall', 12, words(file, at, 64, 0, 0, 0)],
    ['socketcall', 6, words(file, at, eight)],
    ['waitid', 0, 0, at, 4, 0],
    ['waitid', 0, 0, 0, 4, at],
    ['get_robust_list', 0, at, p.hold(time)],
    ['prlimit64', 0, 7, 0, at],
    ['clock_nanosleep', 1, 0, time, at],
  ];
};

file('out-file', 'F'.repeat(256));
const judging = acl(
  'out',
  ['{ read: ["/**"] }', `{ write: ["${place}/**"] }`],
  ['network:', '  - { families: [unix] }'],
);

/** What each call said, by name. */
async function attack(p: Puppet, r: Protected): Promise<Map<string, number[]>> {
  const said = new Map<string, number[]>();
  const things = { file: await p.call('open', `${place}/out-file`, 2), dir: await p.call('open', place, 0o200000) };
  const note = async (name: SyscallName, values: readonly Value[]): Promise<void> => {
    said.set(name, [...(said.get(name) ?? []), await p.call(name, ...values)]);
  };
  for (const at of [r.start + 64, r.end - 32])
    for (const out of declared) {
      p.reset();
      await note(out.call, registers(out, at, things));
    }
  for (const [name, ...values] of byHand(p, r.start + 128, things)) await note(name, values);
  p.reset();
  return said;
}

const inCage = <T>(cage: Cage, act: (p: Puppet, regions: Protected[]) => Promise<T>): Promise<T> =>
  withPuppet({ cage, acl: judging }, async (p) => act(p, await protectedRegions(p)));

/** What must say EFAULT at least; many others fail earlier for want of a socket, a terminal or a child. */
const CERTAIN: SyscallName[] = [
  ...(['stat64', 'lstat64', 'fstat64', 'fstatat64', 'statx', 'statfs64', 'fstatfs', 'stat', 'oldstat'] as const),
  ...([
    'readv',
    'preadv',
    'pread64',
    'getdents',
    'getdents64',
    'readlink',
    'readlinkat',
    'getcwd',
    'getrandom',
  ] as const),
  ...([
    'pipe',
    'pipe2',
    'socketpair',
    'socketcall',
    'clock_gettime',
    'clock_gettime64',
    'gettimeofday',
    'time',
  ] as const),
  ...([
    'uname',
    'olduname',
    'sysinfo',
    'times',
    'getrusage',
    'getrlimit',
    'getresuid32',
    'capget',
    'getitimer',
  ] as const),
  ...(['_llseek', 'sched_getaffinity', 'rt_sigaction'] as const),
];

describe('attacks: pointers to protected memory', function () {
  this.timeout(120_000);
  after(killAll);

  for (const kind of KINDS)
    it(`no call writes to the ${kind}`, () =>
      inCage('product', async (p, regions) => {
        const r = regions.find(({ what }) => what === kind);
        if (r === undefined) throw new Error(`no ${kind}`);
        const before = bytesOf(p, [r]);
        const said = await attack(p, r);
        expect(bytesOf(p, [r])).to.deep.equal(before);
        const wrong = CERTAIN.filter((name) => !said.get(name)?.every((result) => result === EFAULT));
        expect(wrong.map((name) => `${name}: ${said.get(name)?.join()}`)).to.deep.equal([]);
      }));

  it('control: a helper that writes without asking changes the trampolines', () =>
    inCage('memory', async (p, regions) => {
      const r = regions.find(({ what }) => what === 'trampolines');
      if (r === undefined) throw new Error('no trampolines');
      for (const name of ['uname', 'clock_gettime', 'stat64'] as const) {
        const before = bytesOf(p, [r]);
        await p.call(name, ...(name === 'uname' ? [] : name === 'stat64' ? [place] : [0]), r.end - 0x400);
        expect(bytesOf(p, [r]), name).to.not.deep.equal(before);
      }
    }));

  it('control: without protected ranges the landing stack is written', () =>
    inCage('regions', async (p, regions) => {
      const r = regions.filter(({ what }) => what === 'landing stacks');
      const before = bytesOf(p, r);
      const said = await attack(p, r[0]);
      expect(bytesOf(p, r)).to.not.deep.equal(before);
      expect(CERTAIN.filter((name) => said.get(name)?.every((result) => result === EFAULT))).to.deep.equal([]);
    }));
});
