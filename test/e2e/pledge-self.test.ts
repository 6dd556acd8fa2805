/** Programs that promise by themselves, with pledge.h and libpledge.a: what each promise allows, and what it does not. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { OWN_NUMBERS } from '../../src/abi/numbers.js';
import { PROMISE_NAMES } from '../../src/policy/pledge/names.js';
import { bare, buildGuest, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

const BAD_CALL = 159;
const LIBRARY = 'build/Release/libpledge.a';

/** A promise beside stdio, and what it allows that stdio alone does not. */
const ROWS: readonly [promise: string, ...acts: string[]][] = [
  ['rpath', 'open_read', 'stat'],
  ['wpath', 'open_write', 'truncate'],
  ['cpath', 'symlink', 'mkdir', 'rename'],
  ['dpath', 'fifo'],
  ['tmppath', 'temporary'],
  ['inet', 'inet', 'connect'],
  ['mcast', 'mcast'],
  ['fattr', 'chmod', 'times'],
  ['chown', 'chown'],
  ['flock', 'flock'],
  ['unix', 'unix'],
  ['dns', 'resolv'],
  ['getpw', 'getpw'],
  ['sendfd', 'sendfd'],
  ['tty', 'tty'],
  ['proc', 'fork', 'kill'],
  ['exec', 'exec'],
  ['prot_exec', 'executable'],
  ['settime', 'settime'],
  ['vminfo', 'meminfo'],
  ['id', 'setuid'],
  ['unveil', 'unveil'],
];
const STDIO = ['clock', 'read', 'memory', 'thread', 'raise', 'null', 'isatty'];
/** Promises whose calls this sandbox does not have, or that change no call. */
const WITHOUT_ACT = ['stdio', 'recvfd', 'tape', 'ps', 'pf', 'route', 'wroute', 'audio', 'video', 'bpf', 'error'];

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
  beforeEach(() => {
    execFileSync('rm', ['-rf', ...['new', 'fifo', 'dir', 'other'].map((name) => join(directory, name))]);
    writeFileSync(join(directory, 'file'), 'content\n');
  });
  after(() => remove(directory));
  const run = (...args: string[]): Promise<Ended> =>
    sandbox([program(), ...args], { options: ['--no-acl', '-d', 'ERROR'], cwd: directory });
  const isKilled = (ended: Ended): void => {
    expect(ended.status, ended.stdout + ended.stderr).to.equal(BAD_CALL);
    expect(ended.stdout).to.equal('');
    expect(ended.stderr).to.match(/killed by policy: .*pledge\(\)/);
  };

  it('has a row for every promise', () =>
    expect([...ROWS.map(([promise]) => promise), ...WITHOUT_ACT].sort()).to.deep.equal([...PROMISE_NAMES].sort()));

  it('stdio', async () => {
    const ended = await run('stdio', ...STDIO);
    expect(ended.stdout, ended.stderr).to.equal(STDIO.map((act) => `${act}: ok\n`).join(''));
    expect(ended.status).to.equal(0);
  });
  it('nothing promised: the clock, and the end', async () => {
    expect((await run('', 'read')).status).to.equal(BAD_CALL);
  });
  for (const [promise, ...acts] of ROWS)
    for (const act of acts) {
      it(`${promise}: ${act}`, async () => {
        const ended = await run(`stdio ${promise}`, act);
        expect(ended.stdout, ended.stderr).to.equal(act === 'exec' ? '' : `${act}: ok\n`);
        expect(ended.status, ended.stderr).to.equal(0);
      });
      it(`not ${promise}: not ${act}`, async () => {
        isKilled(await run('stdio', act));
      });
    }
  it('error: EPERM', async () => {
    expect((await run('stdio error', 'mkdir', 'clock')).stdout).to.equal('mkdir: EPERM\nclock: ok\n');
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
