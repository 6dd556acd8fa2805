/** SECCOMP_SYSCALL_ALLOW and its kin with real programs. */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  buildGuest,
  ENVIRONMENT,
  execute,
  makeTemporary,
  remove,
  sandbox,
  SANDBOX,
  type Ended,
} from '../support/run.js';

type Lists = Readonly<Partial<Record<'ALLOW' | 'DENY' | 'ACTION', string>>>;
const environmentOf = ({ ALLOW, DENY, ACTION }: Lists): Record<string, string> => ({
  ...ENVIRONMENT,
  ...(ALLOW === undefined ? {} : { SECCOMP_SYSCALL_ALLOW: ALLOW }),
  ...(DENY === undefined ? {} : { SECCOMP_SYSCALL_DENY: DENY }),
  ...(ACTION === undefined ? {} : { SECCOMP_DEFAULT_ACTION: ACTION }),
});

describe('SECCOMP_SYSCALL_ALLOW, SECCOMP_SYSCALL_DENY, SECCOMP_DEFAULT_ACTION', function () {
  this.timeout(90_000);
  const top = makeTemporary('lists');
  const hello = (kind: string): string => join(top, `hello-${kind}`);
  const early = join(top, 'early');
  before(() => {
    writeFileSync(join(top, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("Hello, world!"); return 0; }\n');
    for (const kind of ['glibc', 'glibc-static', 'musl']) buildGuest(kind, join(top, 'hello.c'), hello(kind));
    buildGuest('glibc', 'test/guests/early.c', early);
    writeFileSync(join(top, 'file'), 'content\n');
  });
  after(() => remove(top));

  const run = (
    command: readonly string[],
    lists: Lists,
    level = 'WARNING',
    options: readonly string[] = [],
  ): Promise<Ended> =>
    sandbox(command, { options: ['-d', level, ...options], env: environmentOf(lists), cwd: top, timeout: 30_000 });
  const bash = (script: string, lists: Lists): Promise<Ended> => run(['bash', '--norc', '-c', script], lists);

  /** What these programs need behind their start. */
  const NEEDS = {
    glibc: 'statx:fstat64:getrandom:brk:write:exit_group',
    // A static program's start counts: it has no loader.
    'glibc-static':
      'brk:set_thread_area:set_tid_address:set_robust_list:rseq:ugetrlimit:prlimit64:readlink:readlinkat:getrandom:mprotect:statx:fstat64:write:exit_group',
    musl: 'ioctl:writev:exit_group',
  };

  describe('ALLOW', () => {
    for (const [kind, list] of Object.entries(NEEDS))
      it(`a ${kind} program runs with what it needs behind its loader, and says what was added`, async () => {
        const { stdout, stderr, status } = await run([hello(kind)], { ALLOW: list });
        expect([stdout, status]).to.deep.equal(['Hello, world!\n', 0]);
        const added = list.split(':').map((name) => `adding ${name} to the process seccomp filter\n`);
        expect(stderr).to.contain(['initializing seccomp with default action (kill process)\n', ...added].join(''));
      });
    it('what is not listed ends the program by SIGSYS, and the sandbox says what a shell would', async () => {
      const { stdout, stderr, status } = await run([hello('glibc')], {
        ALLOW: 'statx:fstat64:getrandom:brk:exit_group',
      });
      expect([stdout, status]).to.deep.equal(['', 159]);
      expect(stderr).to.match(
        /ERROR: killed by policy: write\(1, "Hello, world!\\n", 14\), call 4 at 0x[0-9a-f]+ of thread \d+ by SECCOMP_SYSCALL_ALLOW: write is not listed\nBad system call\n$/,
      );
      expect(stderr).to.contain(
        "the program's own hook asks before read, write, exit, sigreturn: hostile code can make them past it\n",
      );
    });
    it('exit_group is not implied, and an empty list allows nothing', async () => {
      expect(await run([hello('glibc')], { ALLOW: NEEDS.glibc.replace(':exit_group', '') })).to.include({
        status: 159,
      });
      expect(await run([hello('glibc')], { ALLOW: '' })).to.include({ status: 159, stdout: '' });
    });
    it('wins over DENY', async () => {
      expect(await run([hello('glibc')], { ALLOW: NEEDS.glibc, DENY: 'write' })).to.include({ status: 0 });
    });
  });

  describe('DENY', () => {
    it('ends who makes the call; a shell in the sandbox says so of its child, and goes on', async () => {
      const { stdout, stderr, status } = await bash('mkdir made; echo $?', { DENY: 'mkdir' });
      expect([stdout, status]).to.deep.equal(['159\n', 0]);
      expect(stderr).to.match(/^bash:.*Bad system call +mkdir made$/m);
      expect(existsSync(join(top, 'made'))).to.equal(false);
    });
    it('of calls that a start needs does not hinder it', async () => {
      expect(await run([hello('glibc')], { DENY: 'openat:mmap2:mprotect:set_thread_area' })).to.include({ status: 0 });
    });
    it('holds behind execve for the start, too', async () => {
      const { stdout } = await bash('/bin/true; echo $?', { DENY: 'set_tid_address' });
      expect(stdout).to.equal('159\n');
    });
    it('a condition on arguments: files are read and not written', async () => {
      const { stdout } = await bash('cat file; (echo a >> file); echo $?; cat file', {
        DENY: 'openat(flags & O_WRONLY)',
      });
      expect(stdout).to.equal('content\n159\ncontent\n');
    });
    it('an errno in place of the end', async () => {
      const { stdout, stderr, status } = await bash('mkdir made', { DENY: 'mkdir=EROFS' });
      expect([stdout, status]).to.deep.equal(['', 1]);
      expect(stderr).to.contain('Read-only file system');
      expect(stderr).to.contain('denied mkdir = EROFS by SECCOMP_SYSCALL_DENY: mkdir=EROFS\n');
    });
    it('names what socketcall carries', async () => {
      const script = 'import ctypes; print(ctypes.CDLL(None).syscall(102, 1, (ctypes.c_long * 3)(2, 1, 0)))';
      expect(await run(['python3.11', '-c', script], { DENY: 'socket' })).to.include({ stdout: '', status: 159 });
      expect(await run(['python3.11', '-c', script], { DENY: 'socketcall' })).to.include({ stdout: '', status: 159 });
      expect(await run(['python3.11', '-c', script], { DENY: 'socketpair' })).to.include({ stdout: '3\n', status: 0 });
    });
  });

  describe('SECCOMP_DEFAULT_ACTION=log', () => {
    it('allows, and tells name, number, arguments and place of each call that is not listed', async () => {
      const { stdout, stderr, status } = await run([hello('glibc')], { ALLOW: '', ACTION: 'log' });
      expect([stdout, status]).to.deep.equal(['Hello, world!\n', 0]);
      expect(stderr).to.match(/^initializing seccomp with default action \(log\)$/m);
      const logged = [
        ...stderr.matchAll(
          /only logged: (\w+)\((.*)\), call (\d+) at 0x[0-9a-f]+ of thread \d+ by SECCOMP_SYSCALL_ALLOW: \1 is not listed/g,
        ),
      ];
      const calls = logged.map(([, name, args, nr]) => `${nr} ${name}(${args})`);
      expect(calls).to.include.members(['4 write(1, "Hello, world!\\n", 14)', '252 exit_group(0)']);
      expect(calls.join()).not.to.match(/mmap2|set_tid_address/);
    });
    it('shows nothing that a terminal would take for its own', async () => {
      const { stderr } = await bash("cat $'\\e[31m\\n' 2>/dev/null", { DENY: 'openat', ACTION: 'log' });
      expect(stderr).to.contain('openat(AT_FDCWD, "\\33[31m\\n", ');
      expect(stderr).not.to.contain('\u001b');
    });
  });

  it('the program does not see the variables', async () => {
    const { stdout } = await run(['env'], { DENY: 'mkdir', ALLOW: undefined, ACTION: 'kill' });
    expect(stdout).to.contain('LC_ALL=').and.not.to.contain('SECCOMP');
  });
  it('with --acl both must allow; without it nothing else is restricted', async () => {
    writeFileSync(
      join(top, 'a.yaml'),
      `include: [glibc]\nfiles:\n  - { deny: ["${top}/file"], errno: EIO }\n  - { read: ["/**"] }\n  - { execute: ["/**"] }\n`,
    );
    const both = await run(['cat', 'file'], { DENY: 'mkdir' }, 'WARNING', ['--acl', join(top, 'a.yaml')]);
    expect(both.stderr).to.contain('= EIO by');
    expect(await run(['cat', '/etc/group'], { DENY: 'mkdir' })).to.include({ status: 0 });
  });
  for (const [lists, message] of [
    [{ DENY: 'opne' }, 'SECCOMP_SYSCALL_DENY: "opne" must be an i386 system call'],
    [
      { ALLOW: 'openat(flag & 1)' },
      'SECCOMP_SYSCALL_ALLOW: bad condition (flag & 1) "flag" must be an argument (at, path, flags, mode)',
    ],
    [{ DENY: 'open', ACTION: 'trap' }, 'SECCOMP_DEFAULT_ACTION: "trap" must be log or kill'],
  ] as const)
    it(`${Object.values(lists).join(' ')} is an error of status 125`, async () => {
      const { stderr, status } = await run(['true'], lists);
      expect(stderr).to.contain(message);
      expect(status).to.equal(125);
    });

  describe('what runs before the first instruction', () => {
    const made = (): boolean => readdirSync(top).includes('made');
    it('is not bound, what comes then is', async () => {
      expect(await run([early, 'main', 'made'], { DENY: 'mkdir' })).to.include({ status: 159 });
      expect(made()).to.equal(false);
    });
    it('a child of it is bound when it comes there', async () => {
      expect(await run([early, 'fork', 'made'], { DENY: 'mkdir' })).to.include({ status: 159 });
      expect(made()).to.equal(false);
    });
    it('a program that it executes is bound from its start', async () => {
      expect(await run([early, 'exec', '/bin/mkdir', 'made'], { DENY: 'mkdir' })).to.include({ status: 159 });
      expect(await run([early, 'exec', '/bin/true'], { DENY: 'set_tid_address' })).to.include({ status: 159 });
      expect(made()).to.equal(false);
    });
  });

  describe('wrap', () => {
    const wrap = (args: readonly string[], lists: Lists): Promise<Ended> =>
      execute([SANDBOX, 'wrap', ...args], { env: environmentOf(lists), cwd: top });
    it('writes a script that holds the lists and runs the program', async () => {
      expect(await wrap(['./hello-glibc', '-o', 'wrapped'], { DENY: 'write' })).to.include({ status: 0, stderr: '' });
      expect(statSync(join(top, 'wrapped')).mode & 0o111).not.to.equal(0);
      const ended = await execute([join(top, 'wrapped')], { cwd: '/' });
      expect(ended).to.include({ stdout: '', status: 159 });
    });
    it('without lists, those of each start count; arguments are passed on', async () => {
      expect(await wrap(['bash', '-o', 'shell'], {})).to.include({ status: 0 });
      const args = ['--norc', '-c', 'echo "$0 $1"; mkdir made', 'a  b', "c'd"];
      const ended = await execute([join(top, 'shell'), ...args], {
        env: environmentOf({ DENY: 'mkdir=EPERM' }),
        cwd: top,
      });
      expect(ended).to.include({ stdout: "a  b c'd\n", status: 1 });
    });
    for (const [args, lists, message] of [
      [['hello-glibc', '-o', 'x'], { DENY: 'nosuch' }, '"nosuch" must be an i386 system call'],
      [['./nothing', '-o', 'x'], {}, '"./nothing" does not exist'],
      [['./hello-glibc', '-o', 'hello-glibc'], {}, 'is the program itself'],
      [['./hello-glibc', '-o', 'none/x'], {}, '"none/x" cannot be written'],
      [['./hello-glibc'], {}, "required option '-o, --output <file>' not specified"],
    ] as const)
      it(`wrap ${args.join(' ')} is an error`, async () => {
        const { stderr, status } = await wrap(args, lists);
        expect(stderr).to.contain(message);
        expect(status).to.equal(125);
      });
  });
});
