/** --pledge, --execpledge and --unveil on unmodified programs: what they may do, from where on, and what comes after. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildGuest, ENVIRONMENT, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

const BAD_CALL = 159;
/** Kinds of programs whose main is found. */
const FOUND = ['glibc', 'glibc-nopie', 'glibc-static', 'glibc-static-pie', 'musl', 'musl-static'];

describe('pledge', function () {
  this.timeout(120_000);
  let directory: string;
  const at = (name: string): string => join(directory, name);
  before(() => {
    directory = makeTemporary('pledge');
    writeFileSync(at('file'), 'content\n');
    for (const kind of [...FOUND, 'musl-static-pie']) buildGuest(kind, 'test/guests/pledge-start.c', at(kind));
  });
  after(() => remove(directory));

  // Without HOME Python asks for the user's entry of the password file, which is getpw; bash does always.
  const env = { ...ENVIRONMENT, HOME: '/dev/null' };
  const run = (options: readonly string[], ...command: string[]): Promise<Ended> =>
    sandbox(command, { options: [...options, '-d', 'WARNING'], cwd: directory, env });

  const expectAllowed = (ended: Ended): void => expect(ended.status, ended.stderr).to.equal(0) as unknown as void;
  const expectKilled = (ended: Ended, why: RegExp): void => {
    expect(ended.status, ended.stderr).to.equal(BAD_CALL);
    expect(ended.stderr)
      .to.match(/killed by policy/)
      .and.to.match(why);
  };

  describe('is in force', () => {
    for (const kind of FOUND)
      it(`from main: ${kind}`, async () => {
        const ended = await run(['--pledge', 'stdio'], at(kind), directory);
        expect(ended.stdout).to.equal('constructor: made\nmain\n');
        expectKilled(ended, /mkdir.*--pledge: "stdio", without cpath/s);
      });
    it('from the entry, where main is not found, which is said: musl-static-pie', async () => {
      const ended = await run(['--pledge', 'stdio'], at('musl-static-pie'), directory);
      expect(ended.stdout).to.equal('');
      expect(ended.stderr).to.match(/the main of .* was not found: what waits for it is in force from its entry point/);
      expectKilled(ended, /mkdir/);
    });
    it('from the entry, when asked: behind the dynamic loader, before constructors', async () => {
      const ended = await run(['--pledge', 'stdio', '--pledge-from=entry'], at('glibc'), directory);
      expect(ended.stdout).to.equal('');
      expectKilled(ended, /mkdir/);
      expect(ended.stderr).not.to.match(/not found/);
    });
    it('from the first instruction, when asked: the dynamic loader needs rpath and prot_exec', async () => {
      expectKilled(await run(['--pledge', 'stdio', '--pledge-from=exec'], '/bin/true'), /without rpath/);
      expectKilled(
        await run(['--pledge', 'stdio rpath', '--pledge-from=exec'], '/bin/true'),
        /mmap2.*without prot_exec/,
      );
      expectAllowed(await run(['--pledge', 'stdio rpath prot_exec', '--pledge-from=exec'], '/bin/true'));
    });
  });

  describe('unmodified programs', () => {
    const allowed: readonly [promises: string, ...command: string[]][] = [
      ['stdio rpath', '/bin/cat', 'file'],
      ['stdio rpath getpw', '/bin/ls', '-l', '.'],
      ['stdio rpath', '/usr/bin/python3', '-c', 'print(open("file").read())'],
      ['stdio rpath cpath', '/bin/mkdir', 'made'],
      ['stdio rpath wpath cpath', '/usr/bin/python3', '-c', 'open("out", "w").write("x")'],
      ['stdio rpath fattr', '/bin/chmod', '600', 'file'],
      ['stdio rpath dpath', '/usr/bin/mkfifo', 'fifo'],
      ['stdio rpath inet', '/usr/bin/python3', '-c', 'import _socket; _socket.socket().close()'],
      [
        'stdio rpath flock prot_exec',
        '/usr/bin/python3',
        '-c',
        'import fcntl; fcntl.flock(open("file"), fcntl.LOCK_EX)',
      ],
      ['stdio rpath proc', '/usr/bin/python3', '-c', 'import os; os.waitpid(os.fork() or os._exit(0), 0)'],
      ['stdio rpath', '/usr/bin/python3', '-c', 'import threading as t; x=t.Thread(target=print); x.start(); x.join()'],
      ['stdio rpath tty proc exec getpw', '/bin/bash', '-c', 'cat file; /bin/ls file'],
      ['stdio rpath', '/usr/bin/python3', '-c', 'import os; os.kill(os.getpid(), 0)'],
    ];
    for (const [promises, ...command] of allowed)
      it(`${promises}: ${command.join(' ')}`, async () => expectAllowed(await run(['--pledge', promises], ...command)));

    const refused: readonly [promises: string, why: RegExp, ...command: string[]][] = [
      ['stdio', /read ".*\/file": .*without rpath/, '/bin/cat', 'file'],
      ['stdio rpath', /mkdir.*without cpath/, '/bin/mkdir', 'no'],
      ['stdio rpath', /create ".*\/no".*without cpath/, '/usr/bin/python3', '-c', 'open("no", "w")'],
      ['stdio rpath cpath', /write ".*\/file".*without wpath/, '/usr/bin/python3', '-c', 'open("file", "w")'],
      ['stdio rpath wpath cpath', /fchmodat.*without .*fattr/, '/bin/chmod', '644', 'file'],
      ['stdio rpath cpath', /mknod.*without dpath/, '/usr/bin/mkfifo', 'no'],
      ['stdio rpath', /socket.*without inet/, '/usr/bin/python3', '-c', 'import _socket; _socket.socket()'],
      ['stdio rpath unix', /family inet.*without inet/, '/usr/bin/python3', '-c', 'import _socket; _socket.socket()'],
      ['stdio rpath', /clone.*without proc/, '/usr/bin/python3', '-c', 'import os; os.fork()'],
      ['stdio rpath', /kill.*without proc/, '/usr/bin/python3', '-c', 'import os; os.kill(1, 0)'],
      ['stdio rpath tty proc getpw', /execve.*without exec/, '/bin/bash', '-c', 'exec /bin/true'],
      ['stdio rpath', /ioctl.*without/, '/usr/bin/python3', '-c', 'import os; os.tcsetpgrp(0, 1)'],
    ];
    for (const [promises, why, ...command] of refused)
      it(`${promises}: not ${command.join(' ')}`, async () => {
        expectKilled(await run(['--pledge', promises], ...command), why);
        expect(existsSync(at('no'))).to.equal(false);
      });

    it('get EPERM under the promise error', async () => {
      const ended = await run(['--pledge', 'stdio rpath error'], '/bin/mkdir', 'no');
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.match(/Operation not permitted/);
    });
    it('are ended by SIGSYS, as their parent sees', async () => {
      const ended = await run(
        ['--pledge', 'stdio rpath tty proc exec getpw'],
        '/bin/bash',
        '-c',
        '/bin/mkdir no; echo $?',
      );
      expect(ended.stdout).to.equal(`${BAD_CALL}\n`);
      expect(ended.stderr).to.match(/Bad system call/);
    });
  });

  describe('with programs that are executed', () => {
    it('keeps the promises, and lets the loader do its work', async () => {
      expectAllowed(await run(['--pledge', 'stdio exec'], '/usr/bin/env', '/bin/true'));
      expectKilled(await run(['--pledge', 'stdio exec'], '/usr/bin/env', '/bin/cat', 'file'), /without rpath/);
    });
    it('holds them to the execpromises', async () => {
      const options = ['--pledge', 'stdio exec', '--execpledge', 'stdio rpath'];
      const ended = await run(options, '/usr/bin/env', '/bin/cat', 'file');
      expectAllowed(ended);
      expect(ended.stdout).to.equal('content\n');
      expectKilled(await run(options, '/usr/bin/env', '/usr/bin/env', '/bin/true'), /execve.*without exec/);
    });
    it('gives the loader no file beside libraries', async () => {
      const ended = await sandbox(['/usr/bin/env', 'LD_PRELOAD=/etc/passwd', '/bin/true'], {
        options: ['--pledge', 'stdio exec', '-d', 'WARNING'],
        env,
      });
      expectKilled(ended, /read "\/etc\/passwd"/);
    });
  });

  describe('unveil', () => {
    it('leaves what it names, and hides the rest', async () => {
      const options = ['--unveil', `${at('file')}:r`, '--unveil', '/usr/lib:r'];
      const ended = await run(options, '/bin/cat', at('file'), '/etc/passwd');
      expect(ended.stdout).to.equal('content\n');
      expect(ended.stderr).to.match(/passwd.*No such file or directory/s);
    });
    it('says what may be done there', async () => {
      const script = 'echo x >out && echo y >file';
      const options = ['--unveil', `${directory}:rwc`, '--unveil', `${at('file')}:r`, '--unveil', '/dev:rw'];
      const ended = await run(options, '/bin/bash', '-c', script);
      expect(ended.stderr).to.match(/file: Permission denied/);
      expect(existsSync(at('out'))).to.equal(true);
    });
    it('goes on in programs that are executed', async () => {
      const options = ['--unveil', '/bin/cat:x', '--unveil', '/usr/bin/cat:x', '--unveil', '/usr/lib:r'];
      const ended = await run(options, '/usr/bin/env', '/bin/cat', at('file'));
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.match(/No such file or directory/);
    });
  });

  describe('docs/pledge.md', () => {
    const text = readFileSync('docs/pledge.md', 'utf8');
    const examples = [...text.matchAll(/^\.\/sandbox (.*) -- (.*)\n# => (\d+)$/gm)];
    it('has examples', () => expect(examples).to.have.lengthOf(5));
    for (const [, options, command, status] of examples)
      it(`${options} -- ${command}`, async () => {
        const words = [...options.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
        const ended = await sandbox(command.split(' '), { options: [...words, '-d', 'ERROR'], env });
        expect(ended.status, ended.stderr).to.equal(Number(status));
      });
  });

  describe('refuses', () => {
    const wrong: readonly [message: RegExp, ...options: string[]][] = [
      [/"everything" must be a promise: stdio rpath/, '--pledge', 'stdio everything'],
      [/"x" must be a promise/, '--execpledge', 'x'],
      [/must be a path, a colon, and letters of rwxc/, '--unveil', '/etc:rq'],
      [/must be a path, a colon, and letters of rwxc/, '--unveil', '/etc'],
      [/"\/none\/x" must be a path whose directory exists: ENOENT/, '--unveil', '/none/x:r'],
      [/--pledge-from must stand beside/, '--pledge-from', 'main'],
      [/Allowed choices are main, entry, exec/, '--pledge', 'stdio', '--pledge-from', 'later'],
    ];
    for (const [message, ...options] of wrong)
      it(options.join(' '), async () => {
        const ended = await run(options, '/bin/true');
        expect(ended.status).to.equal(125);
        expect(ended.stderr).to.match(message);
      });
  });
});
