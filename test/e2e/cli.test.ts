/** ./sandbox as its user meets it: options, messages, exit statuses. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { buildElf, dynamicProgram, staticProgram } from '../support/elf-builder.js';
import { inTerminal } from '../support/pty.js';
import {
  buildGuest,
  ENVIRONMENT,
  execute,
  makeTemporary,
  remove,
  SANDBOX,
  sandbox,
  type Ended,
} from '../support/run.js';

const run = (...args: string[]): Promise<Ended> => execute([SANDBOX, ...args]);

describe('./sandbox', function () {
  this.timeout(60_000);
  const top = makeTemporary('cli');
  const at = (name: string): string => join(top, name);
  const write = (name: string, content: string | Uint8Array, mode = 0o755): string => {
    writeFileSync(at(name), content);
    chmodSync(at(name), mode);
    return at(name);
  };
  before(function () {
    this.timeout(120_000);
    buildGuest('musl-static', 'test/guests/hello.c', at('hello'));
  });
  after(() => remove(top));

  describe('its options', () => {
    it('shows the usage when there is nothing to do', async () => {
      const { status, stdout, stderr } = await run();
      expect(status).to.equal(1);
      expect(stdout).to.equal('');
      expect(stderr).to.contain('Usage: sandbox [options] -- program [arguments]');
    });
    it('--help teaches: every option, examples, exit statuses', async () => {
      const { status, stdout, stderr } = await run('--help');
      expect([status, stderr]).to.deep.equal([0, '']);
      for (const word of [
        '--acl',
        '--no-acl',
        '--sysroot',
        '--root',
        '--keep-fd',
        '--debug',
        '--trace[=file]',
        '--stats',
        '--record',
        '--version',
        'Examples:',
        'Exit status:',
        '125',
        '126',
        '127',
        '128+n',
        'default.yaml',
      ])
        expect(stdout).to.contain(word);
    });
    it('--version', async () => {
      const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
      expect(await run('--version')).to.deep.equal({ status: 0, stdout: `${version}\n`, stderr: '' });
    });

    const WRONG: Readonly<Record<string, readonly [args: readonly string[], says: RegExp]>> = {
      'an unknown option': [['--no-such', '--', 'true'], /unknown option '--no-such'/],
      'a program without --': [['true'], /"true" must stand behind "--"/],
      'a word before --': [['true', '--', 'true'], /"true" must stand behind "--"/],
      'nothing behind --': [['--'], /a program must follow "--"/],
      'options alone': [['-d', 'INFO'], /a program must follow "--"/],
      'an unknown level': [['-d', 'LOUD', '--', 'true'], /"LOUD" must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL/],
      'a --sysroot that is none': [['--sysroot', '/no/such', '--', 'true'], /"\/no\/such" must be a directory/],
      'a --root that is a file': [['--root', '/etc/passwd', '--', 'true'], /"\/etc\/passwd" must be a directory/],
      'a --keep-fd that is no number': [['--keep-fd', 'x', '--', 'true'], /"x" must be a descriptor number/],
      'a --keep-fd that is not open': [['--keep-fd', '77', '--', 'true'], /77 is not open/],
      'a --trace without a file behind =': [['--trace=', '--', 'true'], /A file name must follow "="/],
      'a forgotten -- behind --trace': [['--trace', 'true'], /"true" must stand behind "--", or right behind --trace=/],
      'a --trace in no directory': [
        ['--trace=/no/such', '--', 'true'],
        /--trace: "\/no\/such" cannot be written: no such file or directory/,
      ],
      'a --record that is a directory': [
        ['--record', '/tmp', '--', 'true'],
        /--record: "\/tmp" cannot be written: it is a directory/,
      ],
      'a missing argument': [['--acl'], /'--acl <file>' argument missing/],
    };
    for (const [what, [args, says]] of Object.entries(WRONG))
      it(`125 for ${what}`, async () => {
        const { status, stdout, stderr } = await run(...args);
        expect(stderr)
          .to.match(says)
          .and.to.match(/^sandbox: /);
        expect([status, stdout]).to.deep.equal([125, '']);
      });

    it('125 for one file for both --trace and --record', async () => {
      const { status, stderr } = await run(`--trace=${at('both')}`, '--record', at('both'), '--', 'true');
      expect([status, stderr]).to.deep.equal([
        125,
        `sandbox: error: --trace and --record must name different files, not both "${at('both')}"\n`,
      ]);
    });
    it('files of --trace and --record are relative to the caller, and wrong options make none', async () => {
      const wrong = await execute([SANDBOX, '--trace=t1', '--record', 'r1', '-d', 'LOUD', '--', 'true'], { cwd: top });
      expect(wrong.status).to.equal(125);
      const right = await execute([SANDBOX, '-d', 'ERROR', '--trace=t2', '--record', 'r2', '--', 'true'], { cwd: top });
      expect(right).to.deep.include({ status: 0, stdout: '' });
      expect(['t1', 'r1', 't2', 'r2'].filter((name) => existsSync(at(name)))).to.deep.equal(['t2', 'r2']);
    });
    it("what stands behind -- is the program's, options included", async () => {
      const { stdout, status } = await run('--no-acl', '-d', 'ERROR', '--', 'echo', '--', '-d', '--help', '');
      expect([stdout, status]).to.deep.equal(['-- -d --help \n', 0]);
    });
    it('is found through a link, from any directory', async () => {
      symlinkSync(SANDBOX, at('link'));
      const { stdout, status } = await execute(['./link', '--', 'pwd'], { cwd: top });
      expect([stdout, status]).to.deep.equal([`${top}\n`, 0]);
    });
  });

  describe('its commands', () => {
    it('syscalls prints a call: plain into a pipe, coloured on a terminal without NO_COLOR', async () => {
      const { status, stdout, stderr } = await run('syscalls', 'mount');
      expect([status, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.match(/^mount: system call 21, family denied\n {2}denied {2}refused always, EPERM: /);
      const shown = async (env: Record<string, string>): Promise<string> =>
        (await inTerminal([SANDBOX, 'syscalls', 'mount'], { lines: [], prompt: '', patience: 30, env })).stdout;
      expect(await shown({})).to.contain('\u001b[31mdenied');
      expect(await shown({ NO_COLOR: '1' }))
        .to.contain('denied')
        .and.not.to.contain('\u001b[3');
    });
    it('syscalls | head is no error', async () => {
      const { stdout, stderr } = await execute([
        '/bin/bash',
        '-c',
        '"$0" syscalls --json | head -c 1; echo " ${PIPESTATUS[0]}"',
        SANDBOX,
      ]);
      expect([stdout, stderr]).to.deep.equal(['{ 0\n', '']);
    });
    it('completion prints a script that its shell takes', async () => {
      const { status, stdout } = await execute([
        '/bin/bash',
        '-c',
        'source <("$0" completion bash); complete -p sandbox',
        SANDBOX,
      ]);
      expect([status, stdout]).to.deep.equal([0, 'complete -F _sandbox sandbox\n']);
    });
    it('help of a command', async () => {
      const { status, stdout } = await run('syscalls', '--help');
      expect([status, (await run('help', 'syscalls')).stdout]).to.deep.equal([0, stdout]);
      expect(stdout).to.contain('Usage: sandbox syscalls [options] [name...]').and.to.contain('Examples:');
    });
    const WRONG: Readonly<Record<string, readonly [args: readonly string[], says: RegExp]>> = {
      'a call that is none': [['syscalls', 'opnat'], /"opnat" is no i386 system call; did you mean openat\?/],
      'a shell that is none': [['completion', 'tcsh'], /'tcsh' is invalid .* Allowed choices are bash, zsh, fish/],
      'a mechanism that is none': [['syscalls', '--by', 'magic'], /'magic' is invalid\. Allowed choices are native, /],
      'a program behind a command': [['syscalls', '--', 'true'], /"syscalls" runs no program/],
      'an option of a run before a command': [['--no-acl', 'syscalls'], /--no-acl is an option of a run/],
    };
    for (const [what, [args, says]] of Object.entries(WRONG))
      it(`125 for ${what}`, async () => {
        const { status, stdout, stderr } = await run(...args);
        expect(stderr).to.match(says);
        expect([status, stdout]).to.deep.equal([125, '']);
      });
  });

  describe('what cannot be run', () => {
    const cannot = (what: string, status: number, says: RegExp, program: () => string, ...options: string[]): void => {
      it(`${status} for ${what}`, async () => {
        const ended = await sandbox([program()], { options: ['-d', 'WARNING', ...options], cwd: top });
        expect(ended.stderr).to.match(says);
        // Beside the policy's refusal, which is told as all are.
        const lines = ended.stderr
          .trimEnd()
          .split('\n')
          .filter((line) => !line.includes(' denied execve: '));
        expect(lines, 'one line').to.have.lengthOf(1);
        expect([ended.status, ended.stdout]).to.deep.equal([status, '']);
      });
    };
    cannot(
      'a name that no directory of PATH has',
      127,
      /no-such-program: no such command in PATH/,
      () => 'no-such-program',
    );
    cannot('a path where nothing is', 127, /\.\/none: /, () => './none');
    cannot('a path below a file', 127, /\/etc\/passwd\/x: /, () => '/etc/passwd/x');
    cannot('a file that is not executable', 126, /is not executable/, () => write('plain', 'text', 0o644));
    cannot('a directory', 126, /is a directory/, () => top);
    cannot('a device', 126, /no regular file/, () => '/dev/null');
    cannot('a script whose interpreter is missing', 127, /interpreter \/no\/such/, () =>
      write('script', '#!/no/such\n'),
    );
    cannot('a script without an interpreter', 126, /#! line/, () => write('bare', '#! \necho no\n'));
    cannot('a text', 126, /text file/, () => write('text', 'echo no\n'));
    cannot('an empty file', 126, /empty/, () => write('empty', ''));
    cannot('a 64-bit program', 126, /64-bit x86-64 ELF.*i386/, () => {
      const elf = staticProgram({ machine: 62 });
      elf[4] = 2;
      return write('x86-64', elf);
    });
    cannot('a program of another processor', 126, /ARM|machine|i386/i, () =>
      write('arm', staticProgram({ machine: 40 })),
    );
    cannot('a malformed ELF file', 126, /malformed ELF.*e_phoff/, () => write('cut', staticProgram().subarray(0, 80)));
    cannot('a segment that wraps', 126, /malformed|segment/, () =>
      write(
        'wraps',
        buildElf(
          [{ offset: 0, address: 0xfffff000, fileSize: 0x100, memorySize: 0x2000 }],
          { entry: 0xfffff000 },
          0x200,
        ),
      ),
    );
    cannot('an interpreter that is missing', 127, /interpreter of .*\/lib\/no-such\.so/, () =>
      write('lost', dynamicProgram('/lib/no-such.so\0')),
    );
    cannot(
      'what the policy denies to execute',
      126,
      /may not be executed: .*acl\.yaml:3:5: .*not this one/,
      () => at('hello'),
      '--acl',
      write('acl.yaml', `include: [glibc]\nfiles:\n  - { deny: ["${top}/hello"], why: not this one }\n`),
    );
  });

  describe('trees', () => {
    it('--root: a static program sees nothing else', async () => {
      const root = at('root');
      mkdirSync(join(root, 'sub'), { recursive: true });
      copyFileSync(at('hello'), join(root, 'sub/hello'));
      const inside = await sandbox(['/sub/hello', '5'], {
        options: ['-d', 'ERROR', '--no-acl', '--root', root],
        cwd: root,
      });
      expect([inside.status, inside.stdout.split('\n')[0]]).to.deep.equal([5, 'hello']);
      const outside = await sandbox(['/usr/bin/env'], { options: ['--no-acl', '--root', root], cwd: root });
      expect(outside.status).to.equal(127);
    });
    it('--sysroot /: the host alone', async () => {
      const { status, stdout } = await sandbox([at('hello')], {
        options: ['-d', 'ERROR', '--no-acl', '--sysroot', '/'],
      });
      expect([status, stdout.split('\n')[0]]).to.deep.equal([0, 'hello']);
    });
    it('--sysroot DIR: DIR first, then the host', async () => {
      const tree = at('tree');
      mkdirSync(join(tree, 'etc'), { recursive: true });
      writeFileSync(join(tree, 'etc/hostname'), 'of the tree\n');
      copyFileSync(at('hello'), join(tree, 'etc/hello'));
      const { status } = await sandbox(['/etc/hello', '4'], {
        options: ['-d', 'ERROR', '--no-acl', '--sysroot', tree],
      });
      expect(status).to.equal(4);
    });
    it('a directory of both may be written where the host’s may, for names are made there', async () => {
      const { stdout } = await sandbox(['/bin/bash', '-c', 'test -w /tmp && test -d /tmp && echo yes'], {
        options: ['-d', 'ERROR', '--no-acl'],
      });
      expect(stdout).to.equal('yes\n');
    });
  });

  describe('policies', () => {
    const acl = (name: string, text: string): string => write(name, text, 0o644);

    it('125 and file:line:column for each error of an ACL file', async () => {
      const bad = acl('bad.yaml', 'files:\n  - { raed: ["/x"] }\nnetwrk: none\n');
      const { status, stderr } = await run('--acl', bad, '--', 'true');
      expect(status).to.equal(125);
      expect(stderr)
        .to.contain(`${bad}:2:7: unknown key ("raed")`)
        .and.to.match(/bad\.yaml:3:1: unknown key \("netwrk"\)/);
    });
    it('125 for an ACL file that is missing', async () => {
      const { status, stderr } = await run('--acl', at('none.yaml'), '--', 'true');
      expect([status, stderr.includes('none.yaml')]).to.deep.equal([125, true]);
    });
    it('a denied call names question, error, file, line, column and rule', async () => {
      const file = acl(
        'deny.yaml',
        `include: [glibc]\nfiles:\n  - { deny: ["${top}/text*"], errno: EPERM, why: a reason }\n`,
      );
      write('text1', 'x');
      const { status, stderr } = await sandbox(['cat', 'text1'], { options: ['--acl', file], cwd: top });
      expect(status).to.equal(1);
      expect(stderr).to.contain('cat: text1').and.to.contain(': Operation not permitted\n');
      expect(stderr).to.match(
        /sandbox: WARNING: denied openat: read ".*\/text1" = EPERM by .*deny\.yaml:3:5: .*text\*.*\(a reason\)$/m,
      );
    });
    it('what no rule names is EACCES by default, several files are one union', async () => {
      const one = acl('one.yaml', 'include: [glibc]\n');
      const two = acl('two.yaml', `files:\n  - { read: ["${top}/text2"] }\n`);
      write('text2', 'two\n');
      const alone = await sandbox(['cat', at('text2')], { options: ['--acl', one] });
      expect(alone.stderr)
        .to.contain('Permission denied')
        .and.to.match(/= EACCES by default: no rule names it$/m);
      const both = await sandbox(['cat', at('text2')], { options: ['--acl', one, '--acl', two] });
      expect(both).to.deep.equal({ status: 0, stdout: 'two\n', stderr: '' });
    });
    it('--no-acl says loudly what it does', async () => {
      const { stderr } = await sandbox(['true'], { options: ['--no-acl'] });
      expect(stderr).to.match(/^sandbox: WARNING: --no-acl: every file, address and call is allowed$/m);
    });
    it('verdicts on calls: kill is 159, an error and a value reach the program', async () => {
      const calls = (text: string): string =>
        acl('calls.yaml', `include: [glibc]\nfiles:\n  - { read: ["/**"] }\nsyscalls:\n${text}`);
      const killed = await sandbox(['uname'], {
        options: ['--acl', calls('  uname: { verdict: kill, why: a secret }\n')],
      });
      expect(killed.status).to.equal(159);
      expect(killed.stderr).to.match(
        /killed by policy: uname\(.*\), call 122 at 0x[0-9a-f]+ of thread \d+ by .*calls\.yaml:5:\d+: .*a secret/,
      );
      const parent = await sandbox(['bash', '-c', 'trap "" SYS; mkdir /new; echo $?'], {
        options: [
          '--acl',
          acl('child.yaml', 'files:\n  - { read: ["/**"], execute: ["/**"] }\nsyscalls: { mkdir: kill }\n'),
        ],
      });
      expect(parent.stderr).to.match(/^.*Bad system call.*$/m);
      expect(parent.stdout).to.equal('159\n');
      const denied = await sandbox(['mkdir', at('new')], { options: ['--acl', calls('  mkdir: { deny: EROFS }\n')] });
      expect(denied.stderr)
        .to.contain('Read-only file system')
        .and.to.match(/denied mkdir = EROFS by .*calls\.yaml:5:\d+: /);
      const value = await sandbox(['id', '-u'], {
        options: ['-d', 'ERROR', '--acl', calls('  geteuid32: { return: 4711 }\n')],
      });
      expect(value.stdout).to.equal('4711\n');
    });
  });

  describe('its log', () => {
    const lines = async (level: string): Promise<string[]> =>
      (await sandbox(['cat', '/root/none'], { options: ['--acl', 'acl/glibc.yaml', '-d', level] })).stderr
        .split('\n')
        .filter((line) => line.startsWith('sandbox: '))
        .map((line) => line.split(' ')[1]);

    it('shows what the level asks for', async () => {
      expect(new Set(await lines('ERROR'))).to.deep.equal(new Set());
      expect(new Set(await lines('warning'))).to.deep.equal(new Set(['WARNING:']));
      expect(new Set(await lines('INFO'))).to.deep.equal(new Set(['INFO:', 'WARNING:']));
      expect(new Set(await lines('DEBUG'))).to.deep.equal(new Set(['DEBUG:', 'INFO:', 'WARNING:']));
    });
    it('INFO shows each call with its arguments, result and mechanism', async () => {
      const { stderr } = await sandbox(['cat', '/etc/nsswitch.conf'], {
        options: ['--acl', 'acl/glibc.yaml', '-d', 'INFO'],
      });
      expect(stderr).to.match(
        /^sandbox: INFO: openat\(AT_FDCWD, "\/etc\/nsswitch\.conf", O_RDONLY\|O_LARGEFILE\) = \d+ \[delegated, allowed by \S*acl\/glibc\.yaml:\d+:\d+\]$/m,
      );
      expect(stderr).to.match(/^sandbox: INFO: close\(\d+\) = 0 \[delegated\]$/m);
    });
    it('is coloured on a terminal, but not with NO_COLOR, nor elsewhere', async () => {
      const shown = async (env: Record<string, string>): Promise<string> =>
        (await inTerminal([SANDBOX, '--no-acl', '--', 'true'], { lines: [], prompt: '', patience: 30, env })).stdout;
      expect(await shown({})).to.contain('\u001b[');
      expect(await shown({ NO_COLOR: '1' }))
        .to.contain('--no-acl')
        .and.not.to.contain('\u001b[');
      expect((await sandbox(['true'], { options: ['--no-acl'] })).stderr).not.to.contain('\u001b[');
    });
  });

  describe('descriptors and signals', () => {
    /** Runs a command of the sandbox with a file open as descriptor 5. */
    const withFile = (options: readonly string[], script: string): Promise<Ended> =>
      execute([
        '/bin/sh',
        '-c',
        `exec "$@" 5<${write('five', 'five\n')}`,
        'sh',
        SANDBOX,
        '-d',
        'ERROR',
        '--no-acl',
        ...options,
        '--',
        'dash',
        '-c',
        script,
      ]);

    it('--keep-fd hands a descriptor over', async () => {
      expect(await withFile(['--keep-fd', '5'], 'read x <&5; echo $x')).to.deep.equal({
        status: 0,
        stdout: 'five\n',
        stderr: '',
      });
    });
    it('none enters without it', async () => {
      const { stdout, stderr } = await withFile([], 'read x <&5; echo $x');
      expect(stderr).to.match(/5: Bad file descriptor/);
      expect(stdout).to.equal('\n');
    });
    it("a full disk or a closed pipe on standard output is the program's error", async () => {
      const full = await execute([
        '/bin/sh',
        '-c',
        'exec "$@" >/dev/full',
        'sh',
        SANDBOX,
        '-d',
        'ERROR',
        '--no-acl',
        '--',
        'echo',
        'x',
      ]);
      expect(full).to.deep.equal({ status: 1, stdout: '', stderr: 'echo: write error: No space left on device\n' });
      const closed = await execute([
        '/bin/sh',
        '-c',
        '("$@"; echo $? >&2) | true',
        'sh',
        SANDBOX,
        '-d',
        'ERROR',
        '--no-acl',
        '--',
        'busybox',
        'yes',
      ]);
      expect(closed.stderr).to.equal('141\n');
    });
    it('128+n when signal n ended the program', async () => {
      for (const [signal, status] of [
        ['TERM', 143],
        ['KILL', 137],
        ['USR1', 138],
      ] as const) {
        const { status: got } = await sandbox(['dash', '-c', `kill -${signal} $$`], {
          options: ['-d', 'ERROR', '--no-acl'],
        });
        expect(got, signal).to.equal(status);
      }
    });
    it('hands SIGTERM on to the program', async () => {
      const script = "print('up', flush=True); import time; time.sleep(50)";
      const child = spawn(SANDBOX, ['--no-acl', '--', 'python3.11', '-c', script], {
        env: ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).to.deep.equal([143, null]);
    });
    it('names itself after the program in ps', async () => {
      const { stdout } = await sandbox([at('hello')], { options: ['-d', 'ERROR', '--no-acl'] });
      expect(stdout).to.contain('hello');
      const comm = await sandbox(['cat', '/proc/self/comm'], { options: ['-d', 'ERROR'] });
      expect(comm.stdout).to.equal(`${basename('cat')}\n`);
    });
  });
});
