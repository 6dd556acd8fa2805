/** Promises and veils as judges; docs/pledge.md is tested against the same data. */
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { NUMBERS } from '../../src/abi/numbers.js';
import { promiseJudge } from '../../src/policy/pledge/judge.js';
import { PROMISE_NAMES, promisesOf, unknownPromises, type Promises } from '../../src/policy/pledge/names.js';
import { PROMISES } from '../../src/policy/pledge/promises.js';
import { begun, executed, judgeOf, pledged, UNPLEDGED, unveiled, type Pledge } from '../../src/policy/pledge/state.js';
import { veilJudge, type Veil } from '../../src/policy/pledge/veil.js';
import type { Access, Decision, Judge, Question } from '../../src/questions.js';

const OWN = 1000;
const caller = { pid: OWN, has: (tid: number) => tid === OWN || tid === OWN + 1 };
const set = (text: string): Promises => {
  const promises = promisesOf(text);
  if (promises === undefined) throw new Error(`${text}: not all are promises`);
  return promises;
};
const judge = (text: string, starting = false): Judge =>
  promiseJudge({ promises: set(text), origin: '--pledge', starting });

const word = (decision: Decision | undefined): string => {
  if (decision === undefined) return 'allow';
  const { verdict } = decision;
  if (verdict.verdict !== 'deny') return verdict.verdict;
  return Object.entries(ERRNO).find(([, n]) => n === verdict.errno)?.[0] ?? String(verdict.errno);
};
const call = (text: string, name: string, ...r: number[]): string =>
  word(judge(text).calls.get(name)?.(Uint32Array.from([...r, 0, 0, 0, 0, 0, 0].slice(0, 6)), caller));
const path = (text: string, name: string, access: Access, where: string): string =>
  word(judge(text).decide({ ask: 'path', access, path: where }, name));
const ask = (text: string, question: Question, name: string): string => word(judge(text).decide(question, name));

describe('pledge: promises', () => {
  it('name calls of the table', () => {
    for (const name of PROMISE_NAMES) {
      const { calls = '', when = {}, paths = [] } = PROMISES[name];
      const named = [calls, ...paths.map((grant) => grant.calls ?? '')].flatMap((text) => text.split(' '));
      for (const one of [...named, ...Object.keys(when)].filter(Boolean))
        if (!['pledge', 'unveil'].includes(one)) expect(NUMBERS, `${name}: ${one}`).to.have.property(one);
    }
  });

  it('always allow to end, to read the clock, to come back from a handler', () => {
    for (const name of ['exit', 'exit_group', 'clock_gettime64', 'gettimeofday', 'time', 'sigreturn', 'rt_sigreturn'])
      expect(call('', name), name).to.equal('allow');
    for (const name of ['read', 'write', 'getpid', 'mmap2', 'open']) expect(call('', name), name).to.equal('kill');
  });

  const rows: readonly [promise: string, call: string, ...r: number[]][] = [
    ['stdio', 'read'],
    ['stdio', 'pipe2'],
    ['rpath', 'stat64'],
    ['rpath', 'readlink'],
    ['wpath', 'truncate64'],
    ['cpath', 'mkdir'],
    ['cpath', 'renameat2'],
    ['dpath', 'mknod'],
    ['tmppath', 'unlink'],
    ['inet', 'socket'],
    ['inet', 'setsockopt', 3, 6, 1],
    ['mcast', 'setsockopt', 3, 0, 35],
    ['fattr', 'chmod'],
    ['fattr', 'utimensat_time64'],
    ['chown', 'fchownat'],
    ['flock', 'flock'],
    ['flock', 'fcntl64', 3, 13],
    ['unix', 'bind'],
    ['dns', 'connect'],
    ['getpw', 'connect'],
    ['tty', 'ioctl', 0, 0x5402],
    ['proc', 'fork'],
    ['proc', 'clone', 17],
    ['proc', 'kill', 1],
    ['proc', 'prlimit64', 0, 7, 0x1000],
    ['exec', 'execve'],
    ['prot_exec', 'mmap2', 0, 4096, 5],
    ['prot_exec', 'mprotect', 0, 4096, 4],
    ['settime', 'clock_settime64'],
    ['id', 'setuid32'],
    ['route', 'ioctl', 3, 0x8912],
    ['wroute', 'socket'],
  ];
  for (const [promise, name, ...r] of rows)
    it(`${promise}: ${name}(${r.join(', ')}) with it, a violation without`, () => {
      expect(call(promise, name, ...r)).to.equal('allow');
      const others = PROMISE_NAMES.filter((other) => call(other, name, ...r) !== 'allow' && other !== 'error');
      expect(call(others.join(' '), name, ...r)).to.be.oneOf(['kill', 'ENOSYS']);
    });

  it('look at arguments: memory, threads, signals, requests', () => {
    expect(call('stdio', 'mmap2', 0, 4096, 3)).to.equal('allow');
    expect(call('stdio', 'mmap2', 0, 4096, 7)).to.equal('kill');
    expect(call('stdio', 'mprotect', 0, 4096, 5)).to.equal('kill');
    expect(call('stdio', 'mmap')).to.equal('kill');
    expect(call('stdio', 'clone', 0x3d0f00)).to.equal('allow');
    expect(call('stdio', 'clone', 17)).to.equal('kill');
    expect(call('stdio', 'clone3')).to.equal('ENOSYS');
    expect(call('stdio', 'kill', OWN, 9)).to.equal('allow');
    expect(call('stdio', 'kill', OWN + 5, 9)).to.equal('kill');
    expect(call('stdio', 'tgkill', OWN, OWN, 6)).to.equal('allow');
    expect(call('stdio', 'tgkill', OWN + 5, OWN, 6)).to.equal('kill');
    expect(call('stdio', 'tkill', OWN + 1, 6)).to.equal('allow');
    expect(call('stdio', 'tkill', OWN + 5, 6)).to.equal('kill');
    expect(call('stdio', 'ioctl', 1, 0x5401)).to.equal('allow');
    expect(call('stdio', 'ioctl', 1, 0x5412)).to.equal('kill');
    expect(call('tty', 'ioctl', 1, 0x5412)).to.equal('kill');
    expect(call('stdio', 'fcntl64', 1, 8, 5)).to.equal('kill');
    expect(call('stdio', 'prlimit64', 0, 7, 0)).to.equal('allow');
    expect(call('stdio', 'prlimit64', OWN + 5, 7, 0)).to.equal('kill');
    expect(call('stdio', 'prlimit64', 0, 7, 64)).to.equal('kill');
    expect(call('inet', 'setsockopt', 3, 0, 35)).to.equal('kill');
    expect(call('stdio', 'prctl', 15)).to.equal('allow');
    expect(call('stdio', 'prctl', 1)).to.equal('kill');
  });

  it('without a caller no signal is to itself', () => {
    const rule = judge('stdio').calls.get('kill');
    expect(word(rule?.(Uint32Array.of(OWN, 9, 0, 0, 0, 0)))).to.equal('kill');
  });

  it('give paths to their own calls alone', () => {
    expect(path('stdio rpath', 'openat', 'read', '/etc/x')).to.equal('allow');
    expect(path('stdio rpath', 'openat', 'write', '/etc/x')).to.equal('kill');
    expect(path('stdio rpath', 'access', 'write', '/etc/x')).to.equal('allow');
    expect(path('stdio wpath', 'openat', 'write', '/etc/x')).to.equal('allow');
    expect(path('stdio wpath', 'openat', 'read', '/etc/x')).to.equal('kill');
    expect(path('stdio wpath', 'openat2', 'create', '/etc/x')).to.equal('kill');
    expect(path('stdio dpath', 'openat2', 'create', '/etc/x')).to.equal('kill');
    expect(path('stdio dpath', 'mknod', 'create', '/etc/x')).to.equal('allow');
    expect(path('stdio fattr', 'chmod', 'write', '/etc/x')).to.equal('allow');
    expect(path('stdio fattr', 'openat2', 'write', '/etc/x')).to.equal('kill');
    expect(path('stdio exec', 'execve', 'read', '/lib/ld-linux.so.2')).to.equal('allow');
    expect(path('stdio exec', 'openat', 'read', '/lib/ld-linux.so.2')).to.equal('kill');
    expect(path('stdio', 'openat', 'write', '/dev/null')).to.equal('allow');
    expect(path('stdio', 'openat', 'read', '/usr/share/zoneinfo/UTC')).to.equal('allow');
    expect(path('stdio', 'openat', 'read', '/etc/passwd')).to.equal('kill');
    expect(path('stdio getpw', 'openat', 'read', '/etc/passwd')).to.equal('allow');
    expect(path('stdio tmppath', 'openat', 'create', '/tmp/a/b')).to.equal('allow');
    expect(path('stdio tmppath', 'openat', 'create', '/tmpx')).to.equal('kill');
    expect(path('stdio tty', 'openat', 'write', '/dev/tty')).to.equal('allow');
    expect(path('stdio vminfo', 'openat', 'read', '/proc/meminfo')).to.equal('allow');
    expect(path('stdio ps', 'openat', 'read', '/proc/PID/stat')).to.equal('allow');
  });

  it('give sockets, ports and names', () => {
    const tcp: Question = { ask: 'socket', family: 'inet', type: 'stream', protocol: 0 };
    const raw: Question = { ask: 'socket', family: 'inet', type: 'raw', protocol: 1 };
    const route: Question = { ask: 'name', space: 'netlink', name: 'route' };
    const to = (port: number): Question => ({ ask: 'connect', family: 'inet', address: '192.0.2.1', port });
    expect(ask('inet', tcp, 'socket')).to.equal('allow');
    expect(ask('inet', raw, 'socket')).to.equal('kill');
    expect(ask('unix', tcp, 'socket')).to.equal('kill');
    expect(ask('inet', to(80), 'connect')).to.equal('allow');
    expect(ask('dns', to(53), 'connect')).to.equal('allow');
    expect(ask('dns', to(80), 'connect')).to.equal('kill');
    expect(ask('unix', to(80), 'connect')).to.equal('kill');
    // dns connects, unix listens: neither listens to the internet
    expect(ask('dns unix', { ask: 'bind', family: 'inet', address: '0.0.0.0', port: 0 }, 'listen')).to.equal('kill');
    expect(ask('inet', route, 'socket')).to.equal('EACCES');
    expect(ask('route', route, 'socket')).to.equal('allow');
    expect(ask('stdio', route, 'socket')).to.equal('kill');
    expect(ask('unix', { ask: 'name', space: 'abstract', name: 'x' }, 'connect')).to.equal('allow');
    expect(ask('unix', { ask: 'unix', action: 'connect', path: '/run/x' }, 'connect')).to.equal('allow');
    expect(ask('getpw', { ask: 'unix', action: 'connect', path: '/run/x' }, 'connect')).to.equal('kill');
    expect(ask('stdio', { ask: 'name', space: 'sysv', name: 'shm:private' }, 'shmget')).to.equal('kill');
    expect(word(judge('stdio').passes?.())).to.equal('kill');
    expect(word(judge('sendfd').passes?.())).to.equal('allow');
  });

  it('make a violation an error under the promise error, and say what would allow it', () => {
    expect(call('stdio error', 'mkdir')).to.equal('EPERM');
    expect(path('stdio error', 'openat', 'write', '/x')).to.equal('EPERM');
    const { rule } = judge('stdio rpath').decide({ ask: 'path', access: 'write', path: '/x' }, 'openat');
    expect(rule).to.include({ file: '--pledge', text: '"stdio rpath", without wpath' });
    expect(judge('stdio').calls.get('shmget')?.(new Uint32Array(6))?.rule?.text).to.contain('no promise allows it');
  });

  it('let no name be changed for one that allows more', () => {
    const some = judge('stdio cpath getpw');
    expect(word(some.mayRelabel('/home/secret', '/etc/passwd', false))).to.equal('EACCES');
    expect(word(some.mayRelabel('/home/a', '/home/b', false))).to.equal('allow');
    expect(word(some.mayRelabel('/home/a', '/etc', true))).to.equal('EACCES');
    expect(word(judge('stdio cpath rpath getpw').mayRelabel('/home/secret', '/etc/passwd', false))).to.equal('allow');
  });

  it('let the loader do its work before main, and no more', () => {
    const starting = judge('stdio exec', true);
    expect(word(starting.calls.get('mmap2')?.(Uint32Array.of(0, 4096, 5, 0, 0, 0)))).to.equal('allow');
    expect(word(starting.decide({ ask: 'path', access: 'read', path: '/usr/lib/libx.so' }, 'openat'))).to.equal(
      'allow',
    );
    expect(word(starting.decide({ ask: 'path', access: 'read', path: '/etc/passwd' }, 'openat'))).to.equal('kill');
    expect(word(starting.decide({ ask: 'path', access: 'write', path: '/usr/lib/x' }, 'openat'))).to.equal('kill');
  });
});

describe('pledge: unveil', () => {
  const veils: Veil[] = [
    { path: '/home/me', permissions: 'r' },
    { path: '/home/me/out', permissions: 'rwc' },
    { path: '/home/me/keys', permissions: '' },
    { path: '/usr/bin/ls', permissions: 'x' },
  ];
  const one = veilJudge({ veils, origin: '--unveil', starting: false });
  const may = (access: Access, where: string): string =>
    word(one.decide({ ask: 'path', access, path: where }, 'openat'));

  it('has the nearest name decide', () => {
    expect(may('read', '/home/me/a')).to.equal('allow');
    expect(may('write', '/home/me/a')).to.equal('EACCES');
    expect(may('write', '/home/me/out/a')).to.equal('allow');
    expect(may('create', '/home/me/out')).to.equal('allow');
    expect(may('read', '/home/me/keys/id')).to.equal('ENOENT');
    expect(may('stat', '/home/me/keys')).to.equal('ENOENT');
    expect(may('read', '/home/mean')).to.equal('ENOENT');
    expect(may('execute', '/usr/bin/ls')).to.equal('allow');
    expect(may('read', '/usr/bin/ls')).to.equal('EACCES');
  });
  it('shows what leads to a name, and hides the rest', () => {
    for (const above of ['/', '/home', '/usr/bin']) expect(may('stat', above), above).to.equal('allow');
    for (const other of ['/etc', '/usr/bin/cat']) expect(may('stat', other), other).to.equal('ENOENT');
    expect(may('read', '/home')).to.equal('ENOENT');
  });
  it('lets execve open an interpreter, and nothing else read it', () => {
    expect(word(one.decide({ ask: 'path', access: 'read', path: '/lib/ld-linux.so.2' }, 'execve'))).to.equal('allow');
    expect(may('read', '/lib/ld-linux.so.2')).to.equal('ENOENT');
  });
  it('lets no name be changed for one that allows more', () => {
    expect(word(one.mayRelabel('/home/me/out/a', '/home/me/a', false))).to.equal('allow');
    expect(word(one.mayRelabel('/home/me/a', '/home/me/out/a', false))).to.equal('EACCES');
    expect(word(one.mayRelabel('/home/me', '/home/you', true))).to.equal('EACCES');
  });
});

describe('pledge: what was promised', () => {
  const ok = (pledge: Pledge | number): Pledge => {
    if (typeof pledge === 'number') throw new Error(`refused: ${pledge}`);
    return pledge;
  };
  const names = ({ promises }: Pledge): string => [...(promises ?? ['all'])].join(' ');

  it('only shrinks', () => {
    const first = ok(pledged(UNPLEDGED, 'stdio rpath', null));
    expect(names(first)).to.equal('stdio rpath');
    expect(pledged(first, 'stdio wpath', null)).to.equal(-ERRNO.EPERM);
    expect(pledged(first, 'stdio rpath error', null)).to.equal(-ERRNO.EPERM);
    expect(names(ok(pledged(first, 'stdio', null)))).to.equal('stdio');
    expect(names(ok(pledged(first, '', null)))).to.equal('');
    expect(names(ok(pledged(first, null, null)))).to.equal('stdio rpath');
  });
  it('leaves out what is not held, under the promise error', () => {
    const first = ok(pledged(UNPLEDGED, 'stdio error', null));
    expect(names(ok(pledged(first, 'stdio rpath', null)))).to.equal('stdio');
  });
  it('knows no other words', () => {
    expect(pledged(UNPLEDGED, 'stdio everything', null)).to.equal(-ERRNO.EINVAL);
    expect(pledged(UNPLEDGED, 'stdio', 'toString')).to.equal(-ERRNO.EINVAL);
    expect(unknownPromises(' stdio  constructor rpath ')).to.deep.equal(['constructor']);
  });
  it('goes on in programs that are executed, as the execpromises have it', () => {
    const kept = executed(ok(pledged(UNPLEDGED, 'stdio exec', null)));
    expect(names(kept)).to.equal('stdio exec');
    expect(kept.starting).to.equal(true);
    expect(pledged(kept, null, 'stdio rpath')).to.equal(-ERRNO.EPERM);
    const wider = ok(pledged(UNPLEDGED, 'stdio exec', 'stdio rpath'));
    expect(names(wider)).to.equal('stdio exec');
    expect(names(executed(wider))).to.equal('stdio rpath');
    expect(pledged(wider, null, 'stdio rpath wpath')).to.equal(-ERRNO.EPERM);
    expect(executed(UNPLEDGED)).to.equal(UNPLEDGED);
  });
  it('fixes names at execve, and at the lock', () => {
    const veil: Veil = { path: '/a', permissions: 'rw' };
    const first = ok(unveiled(UNPLEDGED, veil));
    expect(unveiled(first, { path: '/a', permissions: 'rx' })).to.equal(-ERRNO.EPERM);
    expect(unveiled(first, { path: '/b', permissions: 'rq' })).to.equal(-ERRNO.EINVAL);
    expect(ok(unveiled(first, { path: '/a', permissions: 'r' })).veils).to.deep.equal([
      { path: '/a', permissions: 'r' },
    ]);
    expect(unveiled(ok(unveiled(first, null)), { path: '/b', permissions: 'r' })).to.equal(-ERRNO.EPERM);
    const next = ok(unveiled(executed(first), { path: '/etc', permissions: 'r' }));
    const of = (where: string): string =>
      word(judgeOf(next)?.decide({ ask: 'path', access: 'read', path: where }, 'openat'));
    expect(of('/etc/passwd'), 'the first names still count').to.equal('ENOENT');
    expect(of('/a/x'), 'the second names count as well').to.equal('ENOENT');
  });
  it("takes the command line's wish beside what the program promised", () => {
    const held = ok(pledged(UNPLEDGED, 'stdio rpath', null));
    const wish = { promises: set('stdio wpath'), exec: null, veils: [], from: 'main' as const };
    expect(names(begun(held, wish))).to.equal('stdio');
    expect(names(begun(UNPLEDGED, wish))).to.equal('stdio wpath');
    expect(judgeOf(UNPLEDGED)).to.equal(null);
  });
  it('takes 128 names', () => {
    let held: Pledge | number = UNPLEDGED;
    for (let i = 0; i < 128; i++) held = unveiled(ok(held), { path: `/${i}`, permissions: 'r' });
    expect(unveiled(ok(held), { path: '/more', permissions: 'r' })).to.equal(-ERRNO.E2BIG);
  });
});
