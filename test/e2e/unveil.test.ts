/** --unveil on unmodified programs: each letter, what is hidden, and each way from one name to another. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attempting, results } from '../support/attempts.js';
import { buildGuest, dedent, makeTemporary, remove, sandbox } from '../support/run.js';

/** What Python needs for itself. */
const PYTHON = ['/usr:rx', '/lib:r', '/etc:r', '/dev:rw'];

/** Each act on a directory `d`, by the letter that lets it. */
const ACTS: Readonly<Record<'r' | 'w' | 'x' | 'c', Readonly<Record<string, string>>>> = {
  r: {
    open: "open(d + '/file')",
    list: 'os.listdir(d)',
  },
  w: {
    write: "os.open(d + '/file', os.O_WRONLY)",
    append: "os.open(d + '/file', os.O_WRONLY | os.O_APPEND)",
    truncate: "os.truncate(d + '/file', 1)",
    chmod: "os.chmod(d + '/file', 0o644)",
    chown: "os.chown(d + '/file', -1, -1)",
    utime: "os.utime(d + '/file')",
    setxattr: "lenient(lambda: os.setxattr(d + '/file', 'user.x', b'x'))",
  },
  x: { exec: "os.posix_spawn(d + '/program', ['program'], {}, file_actions=[(os.POSIX_SPAWN_CLOSE, 1)])" },
  c: {
    mkdir: "os.mkdir(d + '/made')",
    rmdir: "os.rmdir(d + '/empty')",
    symlink: "os.symlink('x', d + '/new')",
    fifo: "os.mkfifo(d + '/fifo')",
    rename: "os.rename(d + '/old', d + '/renamed')",
    link: "os.link(d + '/file', d + '/linked')",
    unlink: "os.unlink(d + '/gone')",
  },
};
/** Looking at a name takes one letter, whichever. */
const LOOKS: Readonly<Record<string, string>> = {
  stat: "os.stat(d + '/file')",
  readlink: "os.readlink(d + '/link')",
  getxattr: "lenient(lambda: os.getxattr(d + '/file', 'user.x'))",
};
const LETTERS = Object.keys(ACTS) as (keyof typeof ACTS)[];
const NAMES = LETTERS.flatMap((letter) => Object.keys(ACTS[letter]));

/** File systems may be without attributes. */
const LENIENT = `
  def lenient(f):
      try: f()
      except OSError as e:
          if e.errno not in (errno.ENOTSUP, errno.ENODATA): raise
`;

describe('unveil', function () {
  this.timeout(90_000);
  const top = makeTemporary('unveil');
  after(() => remove(top));
  before(() => buildGuest('glibc-static', 'test/guests/hello.c', join(top, 'program')));

  let number = 0;
  /** Directories with the same in each. */
  function place(...names: string[]): string {
    const here = join(top, String(number++));
    for (const name of names) {
      const directory = join(here, name);
      mkdirSync(join(directory, 'empty'), { recursive: true });
      for (const file of ['file', 'old', 'gone']) writeFileSync(join(directory, file), name);
      copyFileSync(join(top, 'program'), join(directory, 'program'));
      chmodSync(join(directory, 'program'), 0o755);
      symlinkSync('file', join(directory, 'link'));
    }
    return here;
  }
  const run = async (cwd: string, veils: readonly string[], script: string): Promise<Record<string, string>> => {
    const options = [...PYTHON, ...veils].flatMap((veil) => ['--unveil', veil]);
    const ended = await sandbox(attempting(LENIENT, script), { options: ['-d', 'CRITICAL', ...options], cwd });
    expect(ended.stderr).to.equal('');
    return results(ended);
  };
  const each = (result: string, names: readonly string[] = NAMES): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, result]));
  const looks = (result: string): Record<string, string> => each(result, Object.keys(LOOKS));
  const all = (d: string): string =>
    [
      `d = '${d}'`,
      ...[...LETTERS.map((letter) => ACTS[letter]), LOOKS]
        .flatMap((acts) => Object.entries(acts))
        .map(([name, act]) => `attempt('${name}', lambda: ${act})`),
    ].join('\n');

  describe('letters', () => {
    for (const letter of LETTERS)
      it(`${letter}: ${Object.keys(ACTS[letter]).join(', ')}, and nothing else`, async () => {
        const here = place('d');
        const allowed = each('done', Object.keys(ACTS[letter]));
        expect(await run(here, [`${here}/d:${letter}`], all(`${here}/d`))).to.deep.equal({
          ...each('EACCES'),
          ...allowed,
          ...looks('done'),
        });
      });
    it('rwxc: everything', async () => {
      const here = place('d');
      expect(await run(here, [`${here}/d:rwxc`], all(`${here}/d`))).to.deep.equal({
        ...each('done'),
        ...looks('done'),
      });
    });
    it('creating a file for writing takes w and c', async () => {
      const here = place('wc', 'w', 'c');
      const script = `for d in 'wc', 'w', 'c': attempt(d, lambda: os.open(d + '/new', os.O_CREAT | os.O_WRONLY))`;
      const veils = ['wc', 'w', 'c'].map((name) => `${here}/${name}:${name}`);
      expect(await run(here, veils, script)).to.deep.equal({ wc: 'done', w: 'EACCES', c: 'EACCES' });
    });
    it('none hides it, as what is not named at all is hidden: ENOENT', async () => {
      const here = place('d');
      expect(await run(here, [`${here}/d:`], all(`${here}/d`))).to.deep.equal({
        ...each('ENOENT'),
        ...looks('ENOENT'),
      });
      expect(await run(here, [], all(`${here}/d`))).to.deep.equal({ ...each('ENOENT'), ...looks('ENOENT') });
    });
  });

  describe('names', () => {
    it('the nearest decides; what leads to one may be looked at, and nothing more', async () => {
      const here = place('a', 'a/open', 'a/hidden', 'b');
      const script = `
        attempt('a', lambda: open('a/file'))
        attempt('a-write', lambda: open('a/file', 'r+'))
        attempt('open-write', lambda: open('a/open/file', 'r+'))
        attempt('open-list', lambda: os.listdir('a/open'))
        attempt('hidden', lambda: open('a/hidden/file'))
        attempt('hidden-stat', lambda: os.stat('a/hidden'))
        attempt('b', lambda: open('b/file'))
        attempt('b-sibling', lambda: open('b/old'))
        attempt('b-stat', lambda: os.stat('b'))
        attempt('b-list', lambda: os.listdir('b'))
        attempt('above-list', lambda: os.listdir('..'))
      `;
      const veils = [`${here}/a:r`, `${here}/a/open:rw`, `${here}/a/hidden:`, `${here}/b/file:r`];
      expect(await run(here, veils, script)).to.deep.equal({
        ...{ a: 'done', 'a-write': 'EACCES', 'open-write': 'done', 'open-list': 'done' },
        ...{ hidden: 'ENOENT', 'hidden-stat': 'ENOENT' },
        ...{ b: 'done', 'b-sibling': 'ENOENT', 'b-stat': 'done', 'b-list': 'ENOENT', 'above-list': 'ENOENT' },
      });
    });
    it('one whose end is not there yet may be made', async () => {
      const here = place('d');
      const script = `
        attempt('other', lambda: os.mkdir('other'))
        attempt('later', lambda: os.mkdir('later'))
        attempt('in', lambda: open('later/x', 'w'))
      `;
      expect(await run(here, [`${here}/later:rwc`], script)).to.deep.equal({
        ...{ other: 'ENOENT', later: 'done', in: 'done' },
      });
    });
    it('symlinks: where they lead decides, not where they stand', async () => {
      const here = place('a', 'b', 'hidden');
      symlinkSync('../hidden/file', join(here, 'a', 'in'));
      symlinkSync('../hidden', join(here, 'a', 'tree'));
      symlinkSync('../b/file', join(here, 'a', 'read'));
      symlinkSync('../a/file', join(here, 'hidden', 'out'));
      const script = `
        attempt('in', lambda: open('a/in'))
        attempt('in-stat', lambda: os.stat('a/in'))
        attempt('in-create', lambda: os.open('a/in', os.O_CREAT | os.O_WRONLY))
        attempt('in-itself', lambda: os.readlink('a/in'))
        attempt('tree', lambda: open('a/tree/file'))
        attempt('tree-list', lambda: os.listdir('a/tree'))
        attempt('read', lambda: open('a/read'))
        attempt('read-write', lambda: open('a/read', 'r+'))
        attempt('out', lambda: open('hidden/out'))
        attempt('dots', lambda: open('a/../hidden/file'))
        os.symlink('${here}/hidden/file', 'a/made')
        attempt('made', lambda: open('a/made'))
        attempt('root', lambda: open('/proc/self/root${here}/hidden/file'))
        attempt('cwd', lambda: open('/proc/self/cwd/hidden/file'))
        attempt('cwd-a', lambda: open('/proc/self/cwd/a/file'))
      `;
      const got = await run(here, [`${here}/a:rwc`, `${here}/b:r`, '/proc:r'], script);
      expect(got).to.deep.equal({
        ...{ in: 'ENOENT', 'in-stat': 'ENOENT', 'in-create': 'ENOENT', 'in-itself': 'done' },
        ...{ tree: 'ENOENT', 'tree-list': 'ENOENT', made: 'ENOENT', dots: 'ENOENT', root: 'ENOENT', cwd: 'ENOENT' },
        ...{ read: 'done', 'read-write': 'EACCES', out: 'ENOENT', 'cwd-a': 'done' },
      });
    });

    /** From a directory that may be written to one that may not, the other way, and what is hidden. */
    const MOVES = `
      attempt('more', lambda: move('less/file', 'full/x'))
      attempt('more-directory', lambda: move('less/empty', 'full/y'))
      attempt('over', lambda: move('less/old', 'full/old'))
      attempt('out-of-hidden', lambda: move('hidden/file', 'full/z'))
      attempt('into-hidden', lambda: move('full/gone', 'hidden/x'))
      attempt('fewer', lambda: move('full/file', 'less/x'))
      attempt('same', lambda: move('less/x', 'less/y'))
    `;
    const SAME = { 'out-of-hidden': 'ENOENT', 'into-hidden': 'ENOENT', fewer: 'done', same: 'done' };
    const veils = (here: string): string[] => [`${here}/full:rwc`, `${here}/less:rc`];
    it('rename: no file gets a name that allows more', async () => {
      const here = place('full', 'less', 'hidden');
      expect(await run(here, veils(here), `move = os.rename\n${dedent(MOVES)}`)).to.deep.equal({
        ...{ more: 'EACCES', 'more-directory': 'EACCES', over: 'EACCES', ...SAME },
      });
    });
    it('link: neither', async () => {
      const here = place('full', 'less', 'hidden');
      const got = await run(here, veils(here), `move = os.link\n${dedent(MOVES)}`);
      expect(got).to.deep.equal({ more: 'EACCES', 'more-directory': 'EPERM', over: 'EEXIST', ...SAME });
    });
    it('a directory that holds names of its own cannot be moved away from above them', async () => {
      const here = place('full', 'full/inner', 'other');
      const script = `
        attempt('holder', lambda: os.rename('full/inner', 'full/elsewhere'))
        attempt('plain', lambda: os.rename('full/empty', 'full/elsewhere'))
      `;
      const got = await run(here, [`${here}/full:rwc`, `${here}/full/inner/file:r`], script);
      expect(got).to.deep.equal({ holder: 'EACCES', plain: 'done' });
    });
    it('a hard link from before is judged by the name that is used', async () => {
      const here = place('full', 'hidden');
      linkSync(join(here, 'hidden', 'file'), join(here, 'full', 'twin'));
      const script = `
        attempt('twin', lambda: open('full/twin', 'r+'))
        attempt('itself', lambda: open('hidden/file'))
      `;
      expect(await run(here, veils(here).slice(0, 1), script)).to.deep.equal({ twin: 'done', itself: 'ENOENT' });
    });
    it('a descriptor says no more than its name: reopened, executed', async () => {
      const here = place('d');
      const script = `
        reading = os.open('d/file', os.O_RDONLY)
        program = os.open('d/program', os.O_RDONLY)
        attempt('read', lambda: open('/proc/self/fd/%d' % reading))
        attempt('write', lambda: os.open('/proc/self/fd/%d' % reading, os.O_WRONLY))
        attempt('chmod', lambda: os.fchmod(reading, 0o600))
        attempt('exec', lambda: os.execve(program, ['x'], {}))
      `;
      const got = await run(here, [`${here}/d:r`, '/proc:r'], script);
      expect(got).to.deep.equal({ read: 'done', write: 'EACCES', chmod: 'EACCES', exec: 'EACCES' });
    });
    it('unix sockets are files that are written', async () => {
      const here = place('full', 'less', 'hidden');
      const script = `
        def served(name):
            s = socket.socket(socket.AF_UNIX)
            s.bind(name); s.listen()
            socket.socket(socket.AF_UNIX).connect(name)
        for name in 'full', 'less', 'hidden': attempt(name, lambda: served(name + '/socket'))
      `;
      expect(await run(here, veils(here), script)).to.deep.equal({ full: 'done', less: 'EACCES', hidden: 'ENOENT' });
    });
  });

  it('the rows are about what they say: without --unveil each act is done', async () => {
    const here = place('d');
    const ended = await sandbox(attempting(LENIENT, all(`${here}/d`)), {
      options: ['-d', 'CRITICAL', '--no-acl'],
      cwd: here,
    });
    expect(Object.values(results(ended)).filter((result) => result !== 'done' && result !== 'ENOTSUP')).to.deep.equal(
      [],
    );
    execFileSync('test', ['-d', join(here, 'd', 'made')]);
  });
});
