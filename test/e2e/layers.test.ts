/** Several layers at once: whose word counts first, from where on each does, and what --on-deny makes of all of them. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { receipt } from '../../src/observe/receipt-schema.js';
import { buildGuest, ENVIRONMENT, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

const BAD_CALL = 159;

describe('layers', function () {
  this.timeout(120_000);
  const top = makeTemporary('layers');
  const at = (name: string): string => join(top, name);
  before(() => {
    for (const kind of ['glibc', 'glibc-static', 'musl', 'musl-static-pie'])
      buildGuest(kind, 'test/guests/pledge-start.c', at(kind));
    buildGuest('glibc', 'test/guests/early.c', at('early'));
    buildGuest('glibc', 'test/guests/pledge-self.c', at('self'), '-D_GNU_SOURCE', 'build/Release/libpledge.a');
    writeFileSync(at('file'), 'what pledge-self.c opens before it promises');
    const files = 'files: [{ read: ["/**"] }, { execute: ["/**"] }, { create: ["/**"] }]';
    writeFileSync(at('refusing.yaml'), `syscalls: { mkdir: { deny: EROFS } }\n${files}\n`);
  });
  beforeEach(() => ['made-early', 'dir'].forEach((name) => rmSync(at(name), { recursive: true, force: true })));
  after(() => remove(top));

  /** @param deny SECCOMP_SYSCALL_DENY */
  const run = (deny: string | null, options: readonly string[], ...command: string[]): Promise<Ended> =>
    sandbox(command, {
      options: [...options, '-d', 'WARNING'],
      cwd: top,
      env: { ...ENVIRONMENT, HOME: '/dev/null', ...(deny === null ? {} : { SECCOMP_SYSCALL_DENY: deny }) },
    });
  const killers = ({ stderr }: Ended): string[] =>
    [...stderr.matchAll(/killed by policy: (\w+).* by ([\w()-]+): /g)].map(([, call, who]) => `${call} ${who}`);

  describe('several points in one start', () => {
    for (const kind of ['glibc', 'glibc-static', 'musl'])
      it(`a list from the entry, promises from main: ${kind}`, async () => {
        const ended = await run('rmdir=EPERM', ['--pledge', 'stdio'], at(kind));
        expect(ended.stdout).to.equal('constructor: made\nmain\n');
        expect(ended.stderr).to.contain('denied rmdir = EPERM by SECCOMP_SYSCALL_DENY: rmdir=EPERM\n');
        expect([ended.status, killers(ended)]).to.deep.equal([BAD_CALL, ['mkdir --pledge']]);
        expect(existsSync(at('made-early'))).to.equal(true);
      });
    it('both from the entry where main is not found: musl-static-pie', async () => {
      const ended = await run('rmdir=EPERM', ['--pledge', 'stdio'], at('musl-static-pie'));
      expect([ended.stdout, ended.status, killers(ended)]).to.deep.equal(['', BAD_CALL, ['mkdir --pledge']]);
      expect(ended.stderr).to.match(/main of .* was not found/);
    });
    it('both from the entry, when asked', async () => {
      const ended = await run('rmdir=EPERM', ['--pledge', 'stdio', '--pledge-from=entry'], at('glibc'));
      expect([ended.stdout, killers(ended)]).to.deep.equal(['', ['mkdir --pledge']]);
      expect(ended.stderr).not.to.contain('not found');
    });
    it('promises from the first instruction, a list from the entry', async () => {
      const options = ['--pledge', 'stdio rpath prot_exec cpath', '--pledge-from=exec'];
      const ended = await run('rmdir', options, at('glibc'));
      expect([ended.stdout, killers(ended)]).to.deep.equal(['', ['rmdir SECCOMP_SYSCALL_DENY']]);
    });
    it('what a program executes before it came there is held at once', async () => {
      const command = [at('early'), 'exec', at('early'), 'main', 'made'];
      for (const [deny, options, killer] of [
        [null, ['--pledge', 'stdio exec'], 'mkdir --pledge'],
        ['mkdir', [], 'mkdir SECCOMP_SYSCALL_DENY'],
        ['mkdir', ['--pledge', 'stdio exec'], 'mkdir SECCOMP_SYSCALL_DENY'],
      ] as const) {
        const ended = await run(deny, options, ...command);
        expect([ended.status, killers(ended)]).to.deep.equal([BAD_CALL, [killer]]);
        expect(ended.stderr).to.contain('mkdir("before", ');
      }
    });
  });

  describe('the first refusal is the one that counts', () => {
    for (const [deny, options, expected] of [
      ['mkdir', ['--pledge', 'stdio'], /killed by policy: mkdir.* by SECCOMP_SYSCALL_DENY: mkdir\n/],
      ['mkdir=EXDEV', ['--pledge', 'stdio', '--read-only'], /denied mkdir = EXDEV by SECCOMP_SYSCALL_DENY/],
      [null, ['--pledge', 'stdio', '--read-only'], /killed by policy: mkdir.* by --pledge: /],
      [null, ['--pledge', 'stdio error', '--acl', 'refusing.yaml'], /denied mkdir = EPERM by --pledge: /],
      [null, ['--pledge', 'stdio cpath', '--acl', 'refusing.yaml'], /denied mkdir = EROFS by .*refusing.yaml:1/],
    ] as const)
      it(`${deny === null ? '' : `${deny} beside `}${options.join(' ')}`, async () => {
        const { stderr } = await run(deny, options, '/bin/mkdir', 'made-early');
        expect(stderr).to.match(expected);
        expect(existsSync(at('made-early'))).to.equal(false);
      });
  });

  describe('--on-deny', () => {
    it('log: a violation is told with the call, and let through; those of a list and a file, too', async () => {
      for (const [deny, options, who, error] of [
        [null, ['--pledge', 'stdio rpath'], '--pledge: "stdio rpath", without cpath', 'kill'],
        ['mkdir', [], 'SECCOMP_SYSCALL_DENY: mkdir', 'kill'],
        ['mkdir=EPERM', [], 'SECCOMP_SYSCALL_DENY: mkdir=EPERM', 'EPERM'],
      ] as const) {
        rmSync(at('made-early'), { recursive: true, force: true });
        const log = ['--on-deny=log', '--log-json', at('json')];
        const { status, stderr } = await run(deny, [...log, ...options], '/bin/mkdir', 'made-early');
        expect(status, stderr).to.equal(0);
        expect(existsSync(at('made-early'))).to.equal(true);
        expect(stderr).to.contain(`WARNING: let through, would be denied: mkdir = ${error} by ${who}\n`);
        if (error === 'kill') expect(stderr).to.match(/WARNING: refused: mkdir\("made-early", 0777\) of \/\S*mkdir/);
        const told = readFileSync(at('json'), 'utf8').trimEnd().split('\n');
        const { outcome, rule } = receipt.parse(JSON.parse(told[0]));
        expect([outcome, rule?.file]).to.deep.equal(['let through', who.split(':')[0]]);
      }
    });
    it('log: a program that is executed, too', async () => {
      const { status, stderr } = await run(
        null,
        ['--on-deny=log', '--pledge', 'stdio rpath exec proc'],
        '/usr/bin/env',
        '/bin/mkdir',
        'made-early',
      );
      expect(status, stderr).to.equal(0);
      expect(stderr).to.match(/would be denied: mkdir = kill by --pledge: /);
    });
    it('log, kill: what pledge() answers is no refusal', async () => {
      for (const how of ['log', 'kill']) {
        const { status, stdout } = await run(null, ['--no-acl', `--on-deny=${how}`], at('self'), 'stdio everything');
        expect([status, stdout]).to.deep.equal([1, 'pledge: EINVAL\n']);
      }
      const { status, stdout, stderr } = await run(null, ['--no-acl', '--on-deny=log'], at('self'), 'stdio', 'mkdir');
      expect([status, stdout], stderr).to.deep.equal([0, 'mkdir: ok\n']);
      expect(stderr).to.match(/let through, would be denied: mkdir = kill by pledge\(\): "stdio", without cpath/);
    });
    it('kill: an error of a list, of the promise error, or of a file is the end', async () => {
      for (const [deny, options] of [
        ['mkdir=EPERM', []],
        [null, ['--pledge', 'stdio rpath error']],
        [null, ['--read-only']],
        [null, ['--acl', 'refusing.yaml']],
      ] as const) {
        const { status, stderr } = await run(deny, ['--on-deny=kill', ...options], '/bin/mkdir', 'made-early');
        expect(status, stderr).to.equal(BAD_CALL);
        expect(existsSync(at('made-early'))).to.equal(false);
      }
    });
    it('kill: what C libraries do without under promises stays an error: threads, names of hosts', async () => {
      const thread = 'import threading as t; x = t.Thread(target=print); x.start(); x.join()';
      const options = ['--on-deny=kill', '--pledge', 'stdio rpath'];
      const { status, stderr } = await run(null, options, '/usr/bin/python3', '-c', thread);
      expect(status, stderr).to.equal(0);
    });
  });
});
