/** ./sandbox learn with real programs: a rerun is not refused, what has nothing to do with it is. */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { dedent, ENVIRONMENT, execute, makeTemporary, remove, SANDBOX, sandbox, type Ended } from '../support/run.js';

const PYTHON = dedent(`
  import os, sqlite3, subprocess, sys, tempfile
  with tempfile.TemporaryDirectory() as directory:
      open(os.path.join(directory, 'x.txt'), 'w').write('x')
      base = sqlite3.connect(os.path.join(directory, 'x.db'))
      base.execute('create table t(c)'); base.execute('insert into t values (1)'); base.commit()
      print(base.execute('select * from t').fetchall()); base.close()
  with tempfile.NamedTemporaryFile(suffix='.db') as file:
      base = sqlite3.connect(file.name); base.execute('create table t(c)'); base.commit(); base.close()
  state = os.path.expanduser('~/.cache/app/state')
  os.makedirs(os.path.dirname(state), exist_ok=True)
  open(state + '.new', 'w').write('s'); os.rename(state + '.new', state); print(open(state).read())
  open('/tmp/nurse-pid.%d' % os.getpid(), 'w').close(); os.unlink('/tmp/nurse-pid.%d' % os.getpid())
  print(subprocess.run(['sh', '-c', 'ls /etc/hostname; exit 3'], stdout=subprocess.PIPE).returncode)
  if len(sys.argv) > 1:
      try: open(sys.argv[1]).close(); print('opened')
      except OSError as error: print(error.strerror)
`);
const SHELL = dedent(`
  #!/bin/bash
  file=$(mktemp) directory=$(mktemp -d)
  cat >"$directory/x" <<EOF
  hello $$
  EOF
  head -c 100000 /dev/zero | tr '\\0' a >"$directory/big"
  wc -c <<EOF
  $(cat "$directory/big")
  EOF
  sed -i s/hello/bye/ "$directory/x"; cut -d ' ' -f 1 "$directory/x"
  cp -r "$directory" "$directory.copy"; mv "$directory.copy" "$directory.moved"; ls "$directory.moved"
  echo x >"/tmp/nurse-out.$$"
  rm -rf "$file" "$directory" "$directory.moved" "/tmp/nurse-out.$$"
  if [[ $1 ]]; then cat "$1"; fi
`);
const SOCKETS = dedent(`
  import os, socket, threading
  server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen()
  def serve():
      client, _ = server.accept(); client.sendall(b'hi'); client.close()
  thread = threading.Thread(target=serve); thread.start()
  print(socket.create_connection(server.getsockname()).recv(9)); thread.join()
  name = '/tmp/nurse-socket-%d' % os.getpid()
  one = socket.socket(socket.AF_UNIX); one.bind(name); one.listen()
  other = socket.socket(socket.AF_UNIX); other.connect(name); os.unlink(name)
  abstract = socket.socket(socket.AF_UNIX); abstract.bind('\\0nurse-%d' % os.getpid())
  datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); datagram.sendto(b'x', ('127.0.0.1', 9))
  try: socket.socket().connect(('127.0.0.1', 9))
  except ConnectionRefusedError: print('refused')
  if os.environ.get('MORE'):
      try: socket.socket().connect(('127.0.0.1', 10))
      except OSError as error: print(error.strerror)
`);

describe('learn', function () {
  this.timeout(90_000);
  const top = makeTemporary('learn');
  after(() => remove(top));
  const at = (name: string): string => join(top, name);
  let homes = 0;
  const home = (): string => {
    const directory = at(`home${homes++}`);
    mkdirSync(directory);
    return directory;
  };
  const env = (more: Record<string, string> = {}): Record<string, string> => ({
    ...ENVIRONMENT,
    HOME: home(),
    ...more,
  });
  const learn = (file: string, command: readonly string[], more: readonly string[] = [], environment = env()) =>
    execute([SANDBOX, 'learn', '-d', 'ERROR', '-o', file, ...more, '--', ...command], { env: environment });
  const rerun = (file: string, command: readonly string[], environment = env()): Promise<Ended> =>
    sandbox(command, { options: ['--acl', file], env: environment });
  const write = (name: string, text: string, mode = 0o755): string => {
    writeFileSync(at(name), text, { mode });
    return at(name);
  };
  const lint = async (file: string): Promise<string> => (await execute([SANDBOX, 'policy', 'lint', file])).stdout;

  const PROGRAMS: Readonly<Record<string, { command: () => string[]; status: number; includes: string }>> = {
    'python with temporary files, SQLite and children': {
      command: () => ['/usr/bin/python3', write('app.py', PYTHON)],
      status: 0,
      includes: '[glibc, cpython]',
    },
    'bash with here-documents and mktemp': {
      command: () => [write('app.sh', SHELL)],
      status: 0,
      includes: '[glibc]',
    },
    'a server and its client': {
      command: () => ['/usr/bin/python3', write('net.py', SOCKETS)],
      status: 0,
      includes: '[glibc, cpython]',
    },
  };
  for (const [what, { command, status, includes }] of Object.entries(PROGRAMS))
    it(`${what}: a rerun in another home has no denial`, async () => {
      const [words, file] = [command(), at(`${homes}.yaml`)];
      const first = await learn(file, words);
      expect(first.status, first.stderr).to.equal(status);
      expect(first.stderr).to.match(/^sandbox: learn: \S+: \d+ rules from \d+ questions, include glibc/m);
      const text = readFileSync(file, 'utf8');
      expect(text)
        .to.contain(`include: ${includes}\n`)
        .and.to.match(/why: ["\d].* by \/usr\/bin\//);
      expect(text).not.to.match(/\["\/\*\*"|"\/"\]|\$\{HOME\}\/\*/);
      const again = await rerun(file, words);
      expect(again.stderr, text).to.equal('');
      expect([again.status, again.stdout.replace(/\d+/g, 'N')]).to.deep.equal([
        status,
        first.stdout.replace(/\d+/g, 'N'),
      ]);
      expect(await lint(file)).to.equal('');
    });

  it('what has nothing to do with the program stays refused', async () => {
    const secret = write('secret', 'secret');
    const words = ['/usr/bin/python3', write('other.py', PYTHON)];
    await learn(at('refused.yaml'), words);
    const { stdout, stderr } = await rerun(at('refused.yaml'), [...words, secret]);
    expect(stdout).to.match(/Permission denied\n$/);
    expect(stderr).to.match(/^sandbox: WARNING: denied openat: read "\S+\/secret" = EACCES/m);
    const script = write('other.sh', SHELL);
    await learn(at('refused-shell.yaml'), [script]);
    const shell = await rerun(at('refused-shell.yaml'), [script, '/etc/motd']);
    expect(shell.stderr).to.match(/cat: .*Permission denied/);
    await learn(at('refused-net.yaml'), ['/usr/bin/python3', at('net.py')]);
    const net = await rerun(at('refused-net.yaml'), ['/usr/bin/python3', at('net.py')], env({ MORE: '1' }));
    expect(net.stdout).to.match(/refused\nPermission denied\n$/);
  });

  it('runs merge, and what stood in the file stays', async () => {
    const file = write('merge.yaml', '# mine\nfiles:\n  - { read: ["/etc/hostname"], why: mine } # keep\n', 0o640);
    const first = await learn(file, ['cat', '/etc/hostname']);
    expect(first.stderr).to.match(/merge\.yaml: \d+ rules? added from \d+ questions, include glibc/);
    const second = await learn(file, ['cat', '/etc/hostname', '/etc/debian_version']);
    expect(second.stderr).to.match(/merge\.yaml: 1 rule added from/);
    const third = await learn(file, ['cat', '/etc/hostname', '/etc/debian_version']);
    expect(third.stderr).to.match(/merge\.yaml: nothing to add: \d+ questions, all allowed/);
    const text = readFileSync(file, 'utf8');
    expect(text)
      .to.match(/^# mine\n/)
      .and.to.contain('  - { read: ["/etc/hostname"], why: mine } # keep\n');
    expect(text.match(/\/etc\/debian_version/g)).to.have.length(1);
    expect(lstatSync(file).mode & 0o777).to.equal(0o640);
    expect((await rerun(file, ['cat', '/etc/hostname', '/etc/debian_version'])).stderr).to.equal('');
  });

  it('records teach as runs do', async () => {
    const words = ['/usr/bin/python3', write('recorded.py', PYTHON)];
    for (const name of ['a.rec', 'b.rec'])
      await sandbox(words, { options: ['-d', 'ERROR', '--no-acl', '--record', at(name)], env: env() });
    const environment = env();
    const from = ['a.rec', 'b.rec'].flatMap((name) => ['--from', at(name)]);
    const { status, stderr } = await execute([SANDBOX, 'learn', '-o', at('records.yaml'), ...from], {
      env: environment,
    });
    expect(status, stderr).to.equal(0);
    expect((await rerun(at('records.yaml'), words)).stderr).to.equal('');
    const tested = await execute([SANDBOX, 'policy', 'test', at('records.yaml'), at('a.rec')], { env: environment });
    expect(tested.stdout).to.match(/home\d+\/\.cache/); // of another home
  });

  it('strict: paths as they were, nothing included', async () => {
    const file = at('strict.yaml');
    await learn(file, [write('strict.sh', SHELL)], ['--strict']);
    const text = readFileSync(file, 'utf8');
    expect(text).not.to.match(/include|\$\{HOME\}|\/\*|\?\?/);
    expect(text).to.contain('/etc/ld.so.cache');
    expect((await rerun(file, ['cat', '/etc/debian_version'])).status).to.equal(1);
  });

  it("the status is the program's, and what was learned is written when a signal ends it", async () => {
    expect((await learn(at('7.yaml'), ['sh', '-c', 'cat /etc/hostname; exit 7'])).status).to.equal(7);
    expect((await learn(at('9.yaml'), ['sh', '-c', 'cat /etc/hostname; kill -9 $$'])).status).to.equal(137);
    expect((await learn(at('none.yaml'), ['/nonexistent'])).status).to.equal(127);
    for (const name of ['7.yaml', '9.yaml']) expect(readFileSync(at(name), 'utf8')).to.contain('/etc/hostname');
    expect(existsSync(at('none.yaml'))).to.equal(false);
    expect(readdirSync(top).filter((name) => /^\..*yaml$/.test(name))).to.deep.equal([]);
  });
  it('and when ./sandbox is told to end', async () => {
    const learning = [
      SANDBOX,
      'learn',
      '-d',
      'ERROR',
      '-o',
      at('term.yaml'),
      '--',
      'sh',
      '-c',
      'cat /etc/hostname; sleep 60',
    ];
    const { status } = await execute(['timeout', '--preserve-status', '-s', 'TERM', '5', ...learning], { env: env() });
    expect(status).to.equal(143);
    expect(readFileSync(at('term.yaml'), 'utf8')).to.contain('/etc/hostname');
  });
  it('a link to the file stays one', async () => {
    write('target.yaml', 'files: []\n');
    symlinkSync('target.yaml', at('link.yaml'));
    await learn(at('link.yaml'), ['cat', '/etc/hostname']);
    expect(lstatSync(at('link.yaml')).isSymbolicLink()).to.equal(true);
    expect(readFileSync(at('target.yaml'), 'utf8')).to.contain('/etc/hostname');
  });

  it('thousands of files in a home open none of it', async () => {
    const environment = env();
    const script = dedent(`
      import os, random
      for i in range(10000):
          os.stat(os.path.expanduser('~'))
          open(os.path.expanduser('~/%x' % random.getrandbits(60)), 'w').close()
    `);
    const { stderr } = await learn(at('poison.yaml'), ['/usr/bin/python3', '-c', script], [], environment);
    expect(stderr).to.match(/not learned: create of \d+ names in "\$\{HOME\}": too many to list/);
    expect(readFileSync(at('poison.yaml'), 'utf8')).not.to.match(/\$\{HOME\}\/[*?]/);
    const probe = await rerun(
      at('poison.yaml'),
      ['/usr/bin/python3', '-c', `open("${environment['HOME']}/x", "w")`],
      environment,
    );
    expect(probe.stderr).to.match(/PermissionError/);
  });
  it('names of files that are patterns open none but themselves', async () => {
    const directory = at('names');
    mkdirSync(directory);
    const names = ['*', '[a-z]', `a"b'c`, 'e\\nf', '{x,y}', '?'];
    for (const name of [...names, 'q', 'plain']) writeFileSync(join(directory, name), name);
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff])]), 'bytes');
    const script = dedent(`
      import os, sys
      for name in sys.argv[1:]:
          try: print(open(os.fsencode(name), 'rb').read())
          except OSError as error: print(error.strerror)
      print(open(b'${directory}/\\xff').read())
    `);
    const paths = names.map((name) => join(directory, name));
    const first = await learn(at('names.yaml'), ['/usr/bin/python3', '-c', script, ...paths]);
    const again = await rerun(at('names.yaml'), ['/usr/bin/python3', '-c', script, ...paths]);
    expect(again).to.deep.equal({ ...first, stderr: '' });
    const others = await rerun(at('names.yaml'), [
      '/usr/bin/python3',
      '-c',
      script,
      join(directory, 'q'),
      join(directory, 'plain'),
    ]);
    expect(others.stdout).to.equal('Permission denied\nPermission denied\nbytes\n');
    expect(readFileSync(at('names.yaml'), 'utf8')).to.match(/^[ -~\n]*$/);
  });

  const WRONG: Readonly<Record<string, readonly [words: () => readonly string[], says: RegExp]>> = {
    'no file': [() => ['--', 'true'], /required option '-o, --output <file>' not specified/],
    'no program': [() => ['-o', at('x.yaml')], /a program must follow "--", or --from must name a record/],
    'both a program and a record': [
      () => ['-o', at('x.yaml'), '--from', at('a.rec'), '--', 'true'],
      /--from runs no program/,
    ],
    'a program without "--"': [() => ['-o', at('x.yaml'), 'true'], /"true" must stand behind "--"/],
    'a policy': [() => ['--acl', 'x', '-o', at('x.yaml'), '--', 'true'], /unknown option '--acl'/],
    'a file that is no policy': [
      () => ['-o', write('bad.yaml', 'fles: []\n'), '--', 'true'],
      /bad\.yaml:1:1: unknown key \("fles"\)/,
    ],
    'a directory that is not there': [
      () => ['-o', at('none/x.yaml'), '--', 'true'],
      /none\/x\.yaml cannot be written: ENOENT/,
    ],
    'a directory': [() => ['-o', top, '--', 'true'], /must be a file/],
    'a record that is none': [
      () => ['-o', at('x.yaml'), '--from', 'README.md'],
      /README\.md (must be a record|cannot be read)/,
    ],
  };
  for (const [what, [words, says]] of Object.entries(WRONG))
    it(`125 for ${what}`, async () => {
      const { status, stderr } = await execute([SANDBOX, 'learn', ...words()]);
      expect(stderr).to.match(says);
      expect(status).to.equal(125);
      expect(existsSync(at('x.yaml')), basename(at('x.yaml'))).to.equal(false);
    });
});
