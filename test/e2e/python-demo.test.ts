/** The facts of the demo, under its policy. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { dedent, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

const OPTIONS = ['-d', 'ERROR', '--acl', 'acl/demo.yaml'];
const python = (script: string, ...rest: string[]): Promise<Ended> =>
  sandbox(['/usr/bin/python3', '-c', dedent(script), ...rest], { options: OPTIONS });

describe("python under the demo's policy", function () {
  this.timeout(60_000);
  const top = makeTemporary('demo');
  after(() => remove(top));

  for (const path of [
    '/secret/password',
    '/var/log/../../secret/password',
    '/secret/no-such-file',
    '/secret',
    '/secret/../secret/x/y',
    '/proc/self/root/secret/password',
    '//secret//./password',
  ])
    it(`open('${path}') is PermissionError EPERM`, async () => {
      const { stdout } = await python(
        `
        import sys, errno
        try: open(sys.argv[1])
        except PermissionError as e: print(errno.errorcode[e.errno], e.errno, e)`,
        path,
      );
      expect(stdout).to.equal(`EPERM 1 [Errno 1] Operation not permitted: '${path}'\n`);
    });

  it('whatever the way to it', async () => {
    const { stdout, stderr } = await python(`
      import os, errno
      secret = '/secret/password'; link = '${top}/link'; os.symlink(secret, link); root = os.open('/', os.O_PATH)
      for way in (lambda: os.stat(secret), lambda: open(link), lambda: os.open('secret/password', os.O_RDONLY, dir_fd=root),
                  lambda: os.listdir('/secret'), lambda: os.open(secret, os.O_PATH), lambda: open(secret, 'w'), lambda: os.link(secret, '${top}/hard'),
                  lambda: os.rename(secret, '${top}/moved'), lambda: os.mkdir('/secret/new'), lambda: os.unlink(secret), lambda: os.chdir('/secret'),
                  lambda: os.truncate(secret, 0), lambda: os.readlink(secret), lambda: os.statvfs(secret), lambda: os.getxattr(secret, 'user.x')):
          try: print('got', way())
          except OSError as e: print(errno.errorcode[e.errno])`);
    expect(stderr).to.equal('');
    expect(stdout).to.equal('EPERM\n'.repeat(15));
  });
  it("os.access('/secret/password', os.R_OK) is True", async () => {
    const { stdout } = await python(
      "import os; print(os.access('/secret/password', os.R_OK), os.access('/none', os.R_OK))",
    );
    expect(stdout).to.equal('True True\n');
  });
  it('an allowed file reads and writes', async () => {
    const file = join(top, 'x');
    writeFileSync(file, 'allowed\n');
    const { stdout } = await python(
      "import sys; print(open(sys.argv[1]).read(), end=''); print(open(sys.argv[1], 'a').write('more'))",
      file,
    );
    expect(stdout).to.equal('allowed\n4\n');
    expect(readFileSync(file, 'latin1')).to.equal('allowed\nmore');
  });
  it('os.getpid() is the pid of the process as seen from outside', async () => {
    const [told, go] = ['pid', 'go'].map((name) => join(top, name));
    const running = python(
      `
      import os, sys, time
      with open(sys.argv[1] + '.new', 'w') as f: f.write(f'{os.getpid()} {os.getppid()}')
      os.rename(sys.argv[1] + '.new', sys.argv[1])
      while not os.path.exists(sys.argv[2]): time.sleep(0.02)`,
      told,
      go,
    );
    try {
      while (!existsSync(told))
        await Promise.race([sleep(20), running.then(() => expect(existsSync(told)).to.equal(true))]);
      const [pid, parent] = readFileSync(told, 'latin1').split(' ');
      const parentOf = (one: string): string =>
        /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${one}/status`, 'latin1'))?.[1] ?? '';
      const helper = parentOf(pid);
      expect(parent).to.equal(parentOf(helper)); // who started the sandbox, as bare
      expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')).to.include(told);
      expect(readFileSync(`/proc/${helper}/cmdline`, 'latin1')).to.contain('acl/demo.yaml');
    } finally {
      writeFileSync(go, '');
    }
    expect((await running).status).to.equal(0);
  });
  it('every refusal names rule, file, line and column', async () => {
    const { stderr } = await sandbox(['/usr/bin/python3', '-c', "open('/secret/password')"], {
      options: ['--acl', 'acl/demo.yaml'],
    });
    expect(stderr).to.match(
      /^sandbox: WARNING: denied open\w*: read "\/secret\/password" = EPERM by \S*acl\/demo\.yaml:\d+:\d+: .*\/secret\/\*\*.*what the demo is about/m,
    );
  });
});
