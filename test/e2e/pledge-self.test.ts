/** Programs that promise by themselves, with pledge.h and libpledge.a: what each promise allows, and what it does not. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { OWN_NUMBERS } from '../../src/abi/numbers.js';
import { PROMISE_NAMES, type PromiseName } from '../../src/policy/pledge/names.js';
import { PROMISES } from '../../src/policy/pledge/promises.js';
import { bare, buildGuest, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

const BAD_CALL = 159;
const LIBRARY = 'build/Release/libpledge.a';

/** What a promise beside stdio does, by acts of the guest; each list has at least one that stands for all its calls. */
interface Row {
  /** Allowed with the promise, a violation without it. */
  readonly allows?: readonly string[];
  /** A violation in spite of the promise: what lies just behind it, or what it has no match for. */
  readonly not: readonly string[];
  /** Allowed with the promise and without: what is not narrowed, as docs/pledge.md says. */
  readonly anyhow?: readonly string[];
}
const ROWS: Readonly<Record<Exclude<PromiseName, 'stdio' | 'error'>, Row>> = {
  rpath: {
    allows: ['open_read', 'stat', 'list', 'chdir', 'readlink', 'statfs'],
    not: ['open_write', 'mkdir', 'chmod', 'xattr'],
  },
  wpath: { allows: ['open_write', 'truncate'], not: ['open_read', 'create', 'mkdir', 'chmod'] },
  cpath: { allows: ['symlink', 'mkdir', 'rename', 'link'], not: ['open_write', 'fifo', 'chown'] },
  dpath: { allows: ['fifo'], not: ['mkdir', 'create'] },
  tmppath: { allows: ['temporary', 'chmod'], not: ['hostname', 'mkdir', 'symlink'] },
  inet: {
    allows: ['inet', 'inet6', 'connect', 'name_server'],
    not: ['unix', 'raw', 'packet', 'mcast', 'interfaces', 'resolv'],
  },
  mcast: { allows: ['mcast'], not: ['inet'] },
  fattr: { allows: ['chmod', 'fchmod', 'times', 'xattr'], not: ['chown', 'fchown', 'truncate'] },
  chown: { allows: ['chown', 'fchown'], not: ['chmod', 'times'] },
  flock: { allows: ['flock', 'lock'], not: ['open_read'] },
  unix: { allows: ['unix', 'local'], not: ['inet', 'routes'] },
  dns: { allows: ['resolv', 'name_server', 'name_server_stream'], not: ['connect', 'raw', 'hostname'] },
  getpw: { allows: ['getpw', 'getgr'], not: ['shadow', 'hostname', 'inet'] },
  sendfd: { allows: ['sendfd'], not: ['unix'] },
  recvfd: { anyhow: ['recvfd'], not: ['sendfd', 'unix'] },
  tape: { not: ['tape'] },
  tty: { allows: ['tty', 'winsize'], not: ['inject', 'hostname', 'setsid'] },
  proc: { allows: ['fork', 'kill', 'setsid', 'nice', 'limit'], not: ['exec', 'setuid'] },
  exec: { allows: ['exec'], not: ['fork', 'open_read'] },
  prot_exec: { allows: ['executable', 'mprotect'], not: ['exec', 'open_read'] },
  settime: { allows: ['settime'], not: ['nice'] },
  ps: { allows: ['processes'], not: ['version', 'hostname', 'kill'] },
  vminfo: { allows: ['meminfo'], not: ['version', 'processes'] },
  id: { allows: ['setuid', 'setgid', 'chroot', 'nice', 'limit'], not: ['chown', 'fork'] },
  pf: { not: ['firewall'] },
  route: { allows: ['routes', 'interfaces'], not: ['firewall', 'inet', 'connect'] },
  wroute: { allows: ['routes'], not: ['firewall', 'interfaces'] },
  audio: { not: ['audio'] },
  video: { not: ['video'] },
  bpf: { not: ['bpf'] },
  unveil: { allows: ['unveil'], not: ['open_read'] },
};
const STDIO = ['clock', 'read', 'memory', 'thread', 'raise', 'null', 'isatty'];
/** Violations of several kinds, which `error` makes EPERM: paths, sockets, names, requests, flags, descriptors. */
const ERRORS = [
  'open_read',
  'mkdir',
  'chmod',
  'inet',
  'routes',
  'tty',
  'executable',
  'fork',
  'sendfd',
  'exec',
  'unveil',
];

/** Each act with sets of promises that allow it, and with sets that do not: the behaviours that seccomp-scopes promises, and around. */
const TOGETHER: Readonly<Record<string, { readonly ok: readonly string[]; readonly killed: readonly string[] }>> = {
  day: { ok: ['', 'stdio', 'rpath'], killed: [] },
  clock: { ok: ['', 'stdio', 'inet'], killed: [] },
  print: { ok: ['stdio'], killed: ['', 'rpath wpath'] },
  allocate: { ok: ['stdio'], killed: ['', 'inet'] },
  advise: { ok: ['stdio'], killed: ['', 'rpath'] },
  sendfile: { ok: ['stdio'], killed: ['', 'wpath'] },
  open_read: {
    ok: ['stdio rpath', 'rpath', 'stdio rpath wpath cpath'],
    killed: ['stdio', 'stdio wpath', 'stdio wpath cpath', ''],
  },
  openat: { ok: ['stdio rpath'], killed: ['stdio', 'stdio wpath'] },
  fopen_read: { ok: ['stdio rpath'], killed: ['stdio', 'stdio wpath'] },
  open_truncate: { ok: ['stdio wpath', 'stdio rpath wpath'], killed: ['stdio', 'stdio rpath', 'stdio cpath'] },
  open_append: { ok: ['stdio wpath'], killed: ['stdio', 'stdio rpath', 'stdio cpath'] },
  open_both: { ok: ['stdio rpath wpath'], killed: ['stdio', 'stdio wpath', 'stdio rpath'] },
  open_create: {
    ok: ['stdio wpath cpath'],
    killed: ['stdio', 'stdio wpath', 'stdio rpath', 'stdio cpath', 'stdio rpath cpath'],
  },
  fopen_write: { ok: ['stdio wpath cpath'], killed: ['stdio', 'stdio wpath', 'stdio rpath'] },
  inet: { ok: ['stdio inet', 'stdio dns'], killed: ['stdio', 'stdio unix'] },
  inet_udp: { ok: ['stdio inet', 'stdio route'], killed: ['stdio'] },
  inet6: { ok: ['stdio inet'], killed: ['stdio'] },
  inet6_udp: { ok: ['stdio inet'], killed: ['stdio'] },
  x25: { ok: [], killed: ['stdio', 'stdio inet', 'stdio inet dns unix'] },
  raw: { ok: [], killed: ['stdio', 'stdio inet', 'stdio inet dns unix'] },
  look_up: { ok: [], killed: ['stdio', 'stdio inet', 'inet'] }, // with dns: network.test.ts
};

describe('programs that pledge', function () {
  this.timeout(120_000);
  let directory: string;
  const program = (kind = 'glibc'): string => join(directory, kind);
  before(() => {
    directory = makeTemporary('pledge-self');
    for (const kind of ['glibc', 'glibc-static', 'glibc-static-pie'])
      buildGuest(
        kind,
        'test/guests/pledge-self.c',
        program(kind),
        '-D_GNU_SOURCE',
        ...(kind === 'glibc' ? [] : ['-DSTATIC']),
        LIBRARY,
      );
  });
  const clean = (): void => {
    for (const name of ['new', 'fifo', 'dir', 'other', 'socket']) remove(join(directory, name));
    writeFileSync(join(directory, 'file'), 'content\n');
  };
  beforeEach(clean);
  after(() => remove(directory));
  const run = (...args: string[]): Promise<Ended> =>
    sandbox([program(), ...args], { options: ['--no-acl', '-d', 'ERROR'], cwd: directory });
  const isKilled = (ended: Ended): void => {
    expect(ended.status, ended.stdout + ended.stderr).to.equal(BAD_CALL);
    expect(ended.stdout).to.equal('');
    expect(ended.stderr).to.match(/killed by policy: .*pledge\(\)/);
  };

  it('stdio', async () => {
    const ended = await run('stdio', ...STDIO);
    expect(ended.stdout, ended.stderr).to.equal(STDIO.map((act) => `${act}: ok\n`).join(''));
    expect(ended.status).to.equal(0);
  });
  it('nothing promised: the clock, and the end', async () => {
    expect((await run('', 'read')).status).to.equal(BAD_CALL);
  });
  describe('each promise', () => {
    it('has a row, with what is allowed and what is not', () => {
      expect([...Object.keys(ROWS), 'stdio', 'error'].sort()).to.deep.equal([...PROMISE_NAMES].sort());
      for (const [promise, { allows = [], not, anyhow = [] }] of Object.entries(ROWS)) {
        expect(not, promise).not.to.deep.equal([]);
        if (allows.length > 0) continue;
        // Nothing it would allow: then its part of the documentation has to say so.
        const { calls, when, linux } = PROMISES[promise as PromiseName];
        expect({ calls, when }, promise).to.deep.equal({ calls: undefined, when: undefined });
        expect(linux, promise).to.match(anyhow.length > 0 ? /not narrowed/ : /allows nothing|no request of/);
      }
    });
    for (const [promise, { allows = [], not, anyhow = [] }] of Object.entries(ROWS)) {
      const isDone = async (promises: string, act: string): Promise<void> => {
        const ended = await run(promises, act);
        expect(ended.stdout, `${promises}: ${act}: ${ended.stderr}`).to.equal(act === 'exec' ? '' : `${act}: ok\n`);
        expect(ended.status, ended.stderr).to.equal(0);
      };
      it(`${promise}: ${[...allows, ...anyhow, ...not.map((act) => `not ${act}`)].join(', ')}`, async () => {
        for (const act of [...allows, ...anyhow]) {
          clean();
          await isDone(`stdio ${promise}`, act);
        }
        for (const act of not) isKilled(await run(`stdio ${promise}`, act));
      });
      const never = allows.length > 0 ? allows : not;
      it(`without ${promise}: ${[...anyhow, ...never.map((act) => `not ${act}`)].join(', ')}`, async () => {
        for (const act of anyhow) await isDone('stdio', act);
        for (const act of never) isKilled(await run('stdio', act));
      });
    }
  });
  describe('promises together', () => {
    const shown = (sets: readonly string[]): string => sets.map((set) => `"${set}"`).join(', ') || 'none';
    for (const [act, { ok, killed }] of Object.entries(TOGETHER))
      it(`${act}: ${shown(ok)}; not ${shown(killed)}`, async () => {
        for (const promises of ok) {
          clean();
          const ended = await run(promises, act);
          expect(ended.status, `${promises}: ${ended.stderr}`).to.equal(0);
          const told = act === 'print' ? 'printed, print: ok\n' : `${act}: ok\n`;
          expect(ended.stdout).to.equal(promises.includes('stdio') ? told : '');
        }
        for (const promises of killed) {
          clean();
          isKilled(await run(promises, act));
        }
      });
  });
  it('error: EPERM, and on it goes', async () => {
    const ended = await run('stdio error', ...ERRORS, 'clock');
    expect(ended.stdout, ended.stderr).to.equal([...ERRORS.map((act) => `${act}: EPERM\n`), 'clock: ok\n'].join(''));
    for (const act of ERRORS) isKilled(await run('stdio', act));
  });
  it('no such promise: EINVAL', async () => {
    expect((await run('stdio all')).stdout).to.equal('pledge: EINVAL\n');
  });
  it('statically linked, at any address', async () => {
    for (const kind of ['glibc-static', 'glibc-static-pie']) {
      const ended = await sandbox([program(kind), 'stdio', 'clock', 'mkdir'], {
        options: ['--no-acl', '-d', 'ERROR'],
        cwd: directory,
      });
      expect(ended.status, kind).to.equal(BAD_CALL);
      expect(ended.stdout).to.equal('clock: ok\n');
    }
  });
  it('outside of the sandbox: ENOSYS', async () => {
    expect((await bare([program(), 'stdio'], { cwd: directory })).stdout).to.equal('pledge: ENOSYS\n');
  });
  it('an ACL still counts, and --pledge as well', async () => {
    const options = ['--pledge', 'stdio cpath', '-d', 'ERROR'];
    const grown = await sandbox([program(), 'stdio rpath'], { options, cwd: directory });
    expect(grown.stdout).to.equal('');
    expect(grown.status, 'open() before pledge()').to.equal(BAD_CALL);
  });
  it('the library has the numbers of the sandbox', () => {
    const source = readFileSync('pledge/pledge.c', 'utf8');
    expect(source).to.contain(`NR_PLEDGE = ${OWN_NUMBERS.pledge}, NR_UNVEIL = ${OWN_NUMBERS.unveil}`);
  });
  it('the header is C++ as well', () => {
    const out = execFileSync('g++', [
      '-x',
      'c++',
      '-fsyntax-only',
      '-Wall',
      '-Werror',
      'pledge/pledge.h',
      '-o',
      '/dev/null',
    ]);
    expect(out.length).to.equal(0);
  });
});
