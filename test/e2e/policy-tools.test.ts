/** ./sandbox explain, check and policy, as their user meets them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execute, makeTemporary, remove, SANDBOX, sandbox, type Ended } from '../support/run.js';

const run = (...args: string[]): Promise<Ended> => execute([SANDBOX, ...args]);

describe('tools for policies', function () {
  this.timeout(60_000);
  const top = makeTemporary('policy');
  after(() => remove(top));
  const write = (name: string, text: string): string => {
    writeFileSync(join(top, name), text);
    return join(top, name);
  };

  describe('explain', () => {
    const ANSWERS: readonly [words: readonly string[], status: number, says: RegExp][] = [
      [
        ['acl/demo.yaml', 'open', '/secret/x'],
        1,
        /^read "\/secret\/x": EPERM\n {2}by acl\/demo\.yaml:\d+:5: deny \/secret\/\*\* \(what the demo is about\)\n {2}no rule/,
      ],
      [
        ['acl/demo.yaml', 'acl/glibc.yaml', 'exec', '/usr/bin/ls'],
        0,
        /^execute "\/usr\/bin\/ls": allow\n {2}by acl\/demo\.yaml:/,
      ],
      [
        ['acl/glibc.yaml', 'read', '/etc/motd'],
        1,
        /^read "\/etc\/motd": EACCES\n {2}by default: no rule names it\n {2}would be allowed by files: - \{ read: \["\/etc\/motd"\] \}\n$/,
      ],
      [
        ['connect', '[2001:db8::1]:443'],
        1,
        /would be allowed by network: - \{ connect: \["\[2001:db8::1\]:443"\] \}\n$/,
      ],
      [['syscall', 'mount'], 1, /^mount: EPERM, whatever the policy says: /],
      [
        ['syscall', 'mkdir'],
        0,
        /^mkdir: allow\n {2}by default: a call that no rule names; its paths and addresses are asked about\n$/,
      ],
      [['acl/demo.yaml', 'syscall', 'access'], 0, /^access: return 0\n {2}by acl\/demo\.yaml:/],
    ];
    for (const [words, status, says] of ANSWERS)
      it(words.join(' '), async () => {
        const ended = await run('explain', ...words);
        expect(ended.stdout).to.match(says);
        expect([ended.status, ended.stderr]).to.deep.equal([status, '']);
      });
    it('nothing is run, and a name with escapes speaks to no terminal', async () => {
      const { stdout } = await run('explain', 'acl/glibc.yaml', 'read', '/\x1b[31m');
      expect(stdout).to.match(/^[ -~\n]*$/);
    });
  });

  describe('policy', () => {
    const record = join(top, 'run.rec');
    before(async () => {
      const { status } = await sandbox(['cat', '/etc/hostname', '/nothing'], {
        options: ['-d', 'CRITICAL', '--no-acl', '--record', record],
      });
      expect(status).to.equal(1);
    });

    it('show prints a file that decides as the policy did', async () => {
      const { status, stdout } = await run('policy', 'show', '--acl', 'acl/demo.yaml');
      expect(status).to.equal(0);
      expect(stdout).to.match(
        /^ {2}- \{ deny: \["\/secret\/\*\*"\], errno: EPERM, why: "what the demo is about" \} # acl\/demo\.yaml:\d+:5$/m,
      );
      const merged = write('merged.yaml', stdout);
      for (const path of ['/secret/x', '/etc/ld.so.cache', '/etc/motd', '/usr/bin/python3']) {
        const [one, other] = await Promise.all(
          ['acl/demo.yaml', merged].map((file) => run('explain', file, 'read', path)),
        );
        expect([other.status, other.stdout.split('\n')[0]]).to.deep.equal([one.status, one.stdout.split('\n')[0]]);
      }
      expect((await run('policy', 'show')).stdout).to.contain('acl/default.yaml:');
    });
    it('test replays a record: 1 and what would be refused, 0 when nothing is that was not', async () => {
      const narrow = await run('policy', 'test', 'acl/glibc.yaml', record);
      expect(narrow.stdout).to.match(/^denied: openat: read "\/etc\/hostname" = EACCES by default: no rule names it$/m);
      expect(narrow.stdout).to.match(/^# \d+ questions, \d+ denied, [1-9]\d* of them allowed in the record$/m);
      expect(narrow.status).to.equal(1);
      const all = write('all.yaml', 'files: [{ read: ["/**"], write: ["/**"], create: ["/**"], execute: ["/**"] }]\n');
      const wide = await run('policy', 'test', all, record);
      expect(wide.stdout).to.match(/^# \d+ questions, 0 denied, 0 of them/);
      expect(wide.status, wide.stdout).to.equal(0);
    });
    it('what it says would be refused is what a run refuses', async () => {
      const { stdout } = await run('policy', 'test', 'acl/glibc.yaml', record);
      const { stderr } = await sandbox(['cat', '/etc/hostname', '/nothing'], { options: ['--acl', 'acl/glibc.yaml'] });
      const refused = [...stderr.matchAll(/WARNING: (denied .*: no rule names it)$/gm)].map(([, line]) => line);
      expect(refused).to.include('denied openat: read "/etc/hostname" = EACCES by default: no rule names it');
      for (const line of refused) expect(stdout).to.contain(line.replace('denied ', 'denied: '));
    });
    it('diff lists what flips', async () => {
      const other = write(
        'other.yaml',
        'include: [glibc]\nfiles: [{ deny: ["/etc/hostname"], errno: EPERM, why: no }]\n',
      );
      const { status, stdout } = await run('policy', 'diff', 'acl/glibc.yaml', other, record);
      expect(stdout).to.match(
        /^openat: read "\/etc\/hostname": EACCES \(default\) -> EPERM \(\S*other\.yaml:2:9: deny \/etc\/hostname \(no\)\)$/m,
      );
      expect([status, (await run('policy', 'diff', other, other, record)).status]).to.deep.equal([1, 0]);
    });
    it('lint warns, with records also of what is not used', async () => {
      const odd = write(
        'odd.yaml',
        'include: [glibc]\nfiles:\n  - { read: ["/etc/hostname", "/srv/x"] }\n  - { write: ["/run/*"] }\n',
      );
      const plain = await run('policy', 'lint', odd);
      expect([plain.status, plain.stdout]).to.deep.equal([
        1,
        `${odd}:4:5: dangerous: write /run/* allows to write /run/docker.sock: whoever speaks to it is root on the host\n`,
      ]);
      const { stdout } = await run('policy', 'lint', odd, record);
      expect(stdout)
        .to.contain(`${odd}:3:5: unused: read /srv/x decided nothing in these records\n`)
        .and.not.contain('unused: read /etc/hostname');
      expect(await run('policy', 'lint', 'acl/glibc.yaml')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    });
    it('schema prints what acl/schema.json holds', async () => {
      expect((await run('policy', 'schema')).stdout).to.equal(readFileSync('acl/schema.json', 'utf8'));
    });
  });

  it('check runs the tests of each file, and tells all that is wrong', async () => {
    const good = write('good.yaml', 'files: [{ read: ["/a"] }]\ntests: [{ allow: read /a }, { deny: read /b }]\n');
    const bad = write('bad.yaml', 'files: [{ read: ["/a"] }]\ntests: [{ allow: read /b }]\n');
    const broken = write('broken.yaml', 'fles: []\n');
    expect(await run('check', good)).to.deep.equal({ status: 0, stdout: `${good}: 2 tests hold\n`, stderr: '' });
    const { status, stdout } = await run('check', good, bad, broken);
    expect(status).to.equal(1);
    expect(stdout.split('\n')).to.include.members([
      `${good}: 2 tests hold`,
      `${bad}:2:18: read /b is EACCES by default, must be allow`,
      `${bad}: 1 of 1 tests do not hold`,
    ]);
    expect(stdout).to.match(/broken\.yaml:1:1: unknown key \("fles"\)/);
    const shipped = ['default', 'demo', 'glibc', 'python'].map((name) => `acl/${name}.yaml`);
    expect((await run('check', ...shipped)).status).to.equal(0);
  });

  const WRONG: Readonly<Record<string, readonly [args: readonly string[], says: RegExp]>> = {
    'no question': [['explain', 'acl/demo.yaml'], /a question must follow the files: read, /],
    'a relative path': [['explain', 'open', 'x'], /bad path \("x"\), must be absolute/],
    'a call that is none': [['explain', 'syscall', 'opnat'], /"opnat" must be the name of an i386 system call/],
    'a file that is none': [['explain', 'none.yaml', 'read', '/x'], /cannot read none\.yaml \(ENOENT\)/],
    'a verb that is none': [
      ['policy', 'frob'],
      /'frob' is invalid .* Allowed choices are show, test, diff, lint, schema/,
    ],
    'a test without a record': [
      ['policy', 'test', 'acl/demo.yaml'],
      /"policy test" must be followed by FILE RECORD\.\.\./,
    ],
    'a schema with a file': [['policy', 'schema', 'x'], /"policy schema" must be followed by nothing/],
    'a record that is none': [
      ['policy', 'test', 'acl/demo.yaml', 'README.md'],
      /README\.md (must be a record|cannot be read)/,
    ],
    '--acl of another verb': [['policy', 'lint', 'x', '--acl', 'y'], /--acl is of "policy show" alone/],
    'an option of a run': [['--no-acl', 'policy', 'show'], /--no-acl is an option of a run/],
  };
  for (const [what, [args, says]] of Object.entries(WRONG))
    it(`125 for ${what}`, async () => {
      const { status, stdout, stderr } = await run(...args);
      expect(stderr).to.match(says);
      expect([status, stdout]).to.deep.equal([125, '']);
    });
});
