/** chroot: a process's own root, which is one of walks and not of rights. */

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { bare, buildGuest, dedent, makeTemporary, remove, sandbox } from '../support/run.js';

const WALKS = dedent(`
  import ctypes, os, sys
  place = sys.argv[1]
  libc = ctypes.CDLL(None, use_errno=True)
  def told(name, call):
    try: print(name, call())
    except OSError as error: print(name, error.strerror)
  def getcwd():
    buffer = ctypes.create_string_buffer(4096)
    libc.syscall(183, buffer, 4096)
    return buffer.value.decode()
  def read(path, **more):
    with open(os.open(path, os.O_RDONLY, **more)) as file: return file.read()

  before = os.open(place, os.O_PATH | os.O_DIRECTORY)
  os.chdir(place)
  told('no directory', lambda: os.chroot('in/file'))
  told('nothing', lambda: os.chroot('in/none'))
  os.chroot('in')
  told('names', lambda: sorted(os.listdir('/')))
  told('names above', lambda: sorted(os.listdir('/../sub/../..')))
  told('the root above itself', lambda: os.stat('/').st_ino == os.stat('/..').st_ino)
  told('an absolute link', lambda: read('/link'))
  told('a link out', lambda: read('/out'))
  told('the old name', lambda: os.stat(place))
  told('from a directory outside', lambda: read('outside'))
  told('up from a directory outside', lambda: read('../' + os.path.basename(place) + '/outside'))
  told('by a descriptor from before', lambda: read('outside', dir_fd=before))
  told('in from outside, and up', lambda: read('in/sub/../../file'))
  told('where', getcwd)
  os.chdir('/sub')
  told('where', getcwd)
  told('made', lambda: os.mkdir('/sub/made') or os.listdir('/sub'))
  for run in (lambda: print('child', os.path.exists('/link')), lambda: os.execv('/hello', ['hello'])):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
      run()
      sys.stdout.flush()
      os._exit(3)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
  sys.stdout.flush()
  child = os.fork()
  if child == 0:
    os.chroot('/sub')
    told('deeper', lambda: os.listdir('/'))
    told('where', getcwd)
    sys.stdout.flush()
    os._exit(0)
  os.wait()
  told('not the parent', lambda: sorted(os.listdir('/')))
  os.setuid(65534)
  told('without the right', lambda: os.chroot('/'))
`);

describe('chroot', function () {
  this.timeout(60_000);
  const top = makeTemporary('chroot');
  before(function () {
    if (process.getuid?.() !== 0) this.skip();
    buildGuest('glibc-static', 'test/guests/hello.c', join(top, 'hello'));
  });
  after(() => remove(top));

  const run = ['python3.11', '-c', WALKS] as const;
  function place(): string {
    const directory = join(top, 'place');
    remove(directory);
    mkdirSync(join(directory, 'in/sub'), { recursive: true });
    for (const each of [top, directory]) chmodSync(each, 0o755);
    writeFileSync(join(directory, 'in/file'), 'a file');
    writeFileSync(join(directory, 'outside'), 'outside');
    symlinkSync('/file', join(directory, 'in/link'));
    symlinkSync('../outside', join(directory, 'in/out'));
    buildGuest('glibc-static', 'test/guests/hello.c', join(directory, 'in/hello'));
    return directory;
  }

  it('is where absolute paths start and where .. ends, for a process and its children', async () => {
    const outside = await bare([...run, place()]);
    const inside = await sandbox([...run, place()], { options: ['-d', 'ERROR', '--no-acl'] });
    expect(outside.status, outside.stderr).to.equal(0);
    expect(outside.stdout).to.match(/^names \['file', 'hello', 'link', 'out', 'sub'\]$/m);
    expect(inside).to.deep.equal(outside);
  });

  it('is judged by the names that it hides', async () => {
    const directory = place();
    const policy = join(top, 'policy.yaml');
    writeFileSync(policy, `files:\n  - { deny: ['${directory}/in/file'], why: secret }\n`);
    const { stdout, stderr } = await sandbox(
      ['python3.11', '-c', `import os; os.chroot('${directory}/in'); print(os.listdir('/sub')); open('/link')`],
      { options: ['-d', 'WARNING', '--acl', 'acl/default.yaml', '--acl', policy] },
    );
    expect(stdout).to.equal('[]\n');
    expect(stderr).to.contain(`denied openat: read "${directory}/in/file" = EACCES`);
  });
});
