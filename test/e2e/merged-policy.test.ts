/** `policy show` and `explain` with the options of a run, and runs by what was shown. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
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

type Variables = Readonly<Record<string, string>>;
const env = (variables: Variables): Record<string, string> => ({ ...ENVIRONMENT, ...variables });

describe('the policy of all front ends', function () {
  this.timeout(90_000);
  const top = makeTemporary('merged');
  const hello = join(top, 'hello');
  const root = ['--root', '/'];
  before(() => {
    writeFileSync(join(top, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("Hello, world!"); return 0; }\n');
    buildGuest('glibc', join(top, 'hello.c'), hello);
    mkdirSync(join(top, 'in'));
    writeFileSync(join(top, 'file'), 'content\n');
  });
  after(() => remove(top));

  const ask = (args: readonly string[], variables: Variables = {}): Promise<Ended> =>
    execute([SANDBOX, ...args], { env: env(variables), cwd: top });
  async function shown(options: readonly string[], variables: Variables = {}): Promise<string> {
    const { stdout, stderr, status } = await ask(['policy', 'show', ...options], variables);
    expect([status, stderr]).to.deep.equal([0, '']);
    const file = join(top, 'shown.yaml');
    writeFileSync(file, stdout);
    return file;
  }
  const program = ({ stdout, stderr, status }: Ended): object => ({
    stdout,
    // Said of lists of calls alone.
    stderr: stderr.replace(/^Bad system call\n/gm, ''),
    status,
  });

  const sh = (script: string): readonly string[] => ['sh', '-c', script];
  const writes = `echo a >${top}/in/a; echo b >${top}/b; cat ${top}/in/a; ln ${top}/file ${top}/in/link; chmod 777 ${top}/file`;
  const RUNS: Readonly<
    Record<string, readonly [options: readonly string[], command: readonly string[], variables?: Variables]>
  > = {
    "secfilter's files": [['--read-only', `--allow-write=${top}/in`, '--allow-write=/dev/null'], sh(writes)],
    "secfilter's file beside an ACL": [
      ['--config', 'secfilter.conf', '--acl', 'own.yaml'],
      sh(`cat ${top}/file; cat ${top}/shown.yaml; ${writes}`),
    ],
    'a list that begins behind the loader': [
      [],
      [hello],
      { SECCOMP_SYSCALL_ALLOW: 'statx:fstat64:getrandom:brk:write:exit_group' },
    ],
    'a list with conditions': [
      [],
      sh(`mkdir ${top}/d; cat ${top}/file; echo x >${top}/in/c`),
      { SECCOMP_SYSCALL_DENY: 'mkdir=EPERM:openat(flags & O_CREAT)=EROFS' },
    ],
    'a list that kills': [[], sh('echo a; mkdir x; echo b'), { SECCOMP_SYSCALL_DENY: 'mkdir' }],
    promises: [
      ['--pledge', 'stdio rpath'],
      ['mkdir', `${top}/new`],
    ],
    'promises from the entry on': [
      ['--pledge', 'stdio rpath prot_exec', '--pledge-from', 'entry'],
      ['cat', `${top}/file`],
    ],
    'promises for what is executed': [
      ['--pledge', 'stdio exec rpath', '--execpledge', 'stdio error'],
      ['env', 'cat', `${top}/file`],
    ],
    'unveiled paths': [
      ['--unveil', `${top}/file:r`, '--unveil', '/usr/lib:r', '--unveil', '/lib:r'],
      ['cat', `${top}/file`, '/etc/passwd'],
    ],
    'all at once': [
      [
        '--pledge',
        'stdio rpath wpath cpath proc exec error',
        '--unveil',
        '/:rwxc',
        '--read-only',
        `--allow-write=${top}/in`,
        '--acl',
        'own.yaml',
      ],
      sh(`${writes}; mkdir ${top}/in/d; touch /var/x`),
      { SECCOMP_SYSCALL_DENY: 'mkdir=ENOSPC' },
    ],
  };
  before(() => {
    writeFileSync(join(top, 'secfilter.conf'), `allow-write=${top}/in # here alone\nread-only=\n`);
    writeFileSync(
      join(top, 'own.yaml'),
      `include: [glibc]\nfiles:\n  - { execute: ["/usr/**", "/bin/*"], read: ["/usr/**", "${top}/file", "${top}/in/**"] }\n` +
        `  - { write: ["${top}/**"], create: ["${top}/**"] }\n`,
    );
  });
  for (const [what, [options, command, variables]] of Object.entries(RUNS))
    it(`a run by the file that is shown does the same: ${what}`, async () => {
      const settings = { env: env(variables ?? {}), cwd: top };
      const clean = (): Promise<Ended> =>
        execute([
          'rm',
          '-rf',
          `${top}/in/a`,
          `${top}/in/c`,
          `${top}/in/d`,
          `${top}/in/link`,
          `${top}/b`,
          `${top}/new`,
          `${top}/d`,
        ]);
      const file = await shown(options, variables);
      await clean();
      const before = await sandbox(command, { ...settings, options: ['-d', 'CRITICAL', ...options] });
      await clean();
      const after = await sandbox(command, { ...settings, env: env({}), options: ['-d', 'CRITICAL', '--acl', file] });
      expect(program(after)).to.deep.equal(program(before));
      await clean();
    });

  it('the program that was named may be run where nothing lists it, and not where any layer denies it', async () => {
    const [unlisted, denied] = ['unlisted.yaml', 'denied.yaml'].map((name) => join(top, name));
    const open = `otherwise: EPERM\nfiles: [{ read: ["/**"], write: ["/**"] }]\n`;
    writeFileSync(unlisted, open);
    writeFileSync(denied, `${open}---\notherwise: allow\nfiles: [{ deny: ["${hello}"], errno: ENOENT, why: never }]\n`);
    expect((await sandbox([hello], { options: ['--acl', unlisted] })).stdout).to.equal('Hello, world!\n');
    const { status, stderr } = await sandbox([hello], { options: ['--acl', denied] });
    expect(stderr).to.match(/denied\.yaml:5:9: deny \S* \(never\)/);
    expect(status).to.equal(127);
  });

  it('a run warns of rules that hostile code gets around', async () => {
    const file = join(top, 'reads.yaml');
    const run = async (text: string): Promise<string> => {
      writeFileSync(file, `otherwise: allow\nsyscalls: ${text}\n`);
      return (await sandbox(['true'], { options: ['--acl', file, '-d', 'WARNING'] })).stderr;
    };
    expect(await run('{ read: { deny: EIO, when: fd == 77 }, mkdir: kill }')).to.match(
      /WARNING: the program's own hook asks before read: hostile code can make them past it$/m,
    );
    expect(await run('{ read: native, write: allow, mkdir: kill }')).to.equal('');
  });

  it('show names where each rule comes from', async () => {
    const file = await shown(
      ['--config', 'secfilter.conf', '--allowed-port=80', '--pledge', 'stdio', '--acl', 'own.yaml', ...root],
      { SECCOMP_SYSCALL_DENY: 'mkdir=EPERM' },
    );
    const text = readFileSync(file, 'utf8');
    for (const line of [
      'from: entry # SECCOMP_SYSCALL_DENY',
      '  mkdir: { deny: EPERM } # SECCOMP_SYSCALL_DENY',
      'pledge: "stdio" # --pledge',
      '  write: EPERM # secfilter.conf:2:1',
      `  - { write: ["${top}/in/**"] } # secfilter.conf:1:1`,
      '  - { connect: ["*:80"] } # --allowed-port',
      '  - { read: ["/usr/**"] } # own.yaml:3:5',
    ])
      expect(text.split('\n')).to.include(line);
    expect(text.match(/^---$/gm)).to.have.lengthOf(4);
    const json = await ask(['policy', 'show', '--json', '--read-only']);
    const { version, layers } = JSON.parse(json.stdout) as {
      version: number;
      layers: { layer: string; rules: object[] }[];
    };
    expect([version, layers.map(({ layer }) => layer)]).to.deep.equal([1, ['--read-only']]);
  });

  const EXPLAINED: readonly [args: readonly string[], status: number, says: RegExp, variables?: Variables][] = [
    [
      ['--read-only', 'write', '/etc/x'],
      1,
      /^write "\/etc\/x": EPERM\n {2}by --read-only: nothing may be written\n {2}no rule/,
    ],
    [['--read-only=0', 'connect', '192.0.2.1:80'], 1, /: EACCES\n {2}by \S*acl\/default\.yaml/],
    [['--config', 'secfilter.conf', 'write', '/etc/x'], 1, /by secfilter\.conf:2:1: nothing may be written but /],
    [
      ['--pledge', 'stdio', '--read-only', 'write', '/etc/x'],
      1,
      /: kill: .*\n {2}by --pledge: "stdio", without .*\n {2}layer: --pledge, in force from the program's main\n/,
    ],
    [
      ['--acl', 'own.yaml', '--read-only', 'read', '/root/x'],
      1,
      /by default: no rule names it\n {2}layer: .*own\.yaml.*, in force from the start\n {2}would be allowed by files/,
    ],
    [['--unveil', '/usr:r', 'read', '/etc/passwd'], 1, /: ENOENT\n {2}by --unveil: it is not unveiled/],
    [['--no-acl', 'write', '/etc/x'], 0, /: allow, logged\n/],
    [
      ['syscall', 'openat', 'flags=O_RDWR|O_CREAT'],
      1,
      /^openat\(flags=O_RDWR\|O_CREAT\): EROFS\n {2}by SECCOMP_SYSCALL_DENY: /,
      { SECCOMP_SYSCALL_DENY: 'openat(flags & O_CREAT)=EROFS' },
    ],
    [['syscall', 'openat', 'flags=O_RDWR'], 0, /: allow\n/, { SECCOMP_SYSCALL_DENY: 'openat(flags & O_CREAT)=EROFS' }],
  ];
  for (const [args, status, says, variables] of EXPLAINED)
    it(`explain ${args.join(' ')}`, async () => {
      const ended = await ask(['explain', ...args], variables);
      expect(ended.stdout).to.match(says);
      expect([ended.status, ended.stderr]).to.deep.equal([status, '']);
    });
  it('explain --json names rule and layer', async () => {
    const { stdout, status } = await ask(['explain', '--json', '--read-only', 'write', '/etc/x']);
    expect([status, JSON.parse(stdout)]).to.deep.equal([
      1,
      {
        version: 1,
        question: ['write', '/etc/x'],
        allowed: false,
        verdict: 'EPERM',
        never: null,
        rule: { file: '--read-only', line: 0, column: 0, text: 'nothing may be written' },
        layer: { name: "secfilter's options", from: 'exec' },
        allow: null,
      },
    ]);
  });

  describe('tools and files of several documents', () => {
    const file = join(top, 'two.yaml');
    const record = join(top, 'run.rec');
    before(async () => {
      writeFileSync(
        file,
        `files:\n  - { read: ["/**"], write: ["/**"], execute: ["/**"] }\n  - { read: ["/usr/**"] }\n---\n` +
          `otherwise: { write: EROFS, create: EROFS, else: allow }\nfiles: [{ deny: ["${top}/file"], errno: EPERM }]\ntests: [{ deny: write /x, errno: EROFS }]\n`,
      );
      await sandbox(['cat', `${top}/file`], { options: ['--no-acl', '-d', 'CRITICAL', '--record', record] });
    });
    it('check asks all documents together', async () => {
      expect((await ask(['check', file])).stdout).to.equal(`${file}: 1 tests hold\n`);
    });
    it('test and diff take every layer into account', async () => {
      const { stdout, status } = await ask(['policy', 'test', file, record]);
      expect(stdout).to.match(/^denied: openat: read ".*\/file" = EPERM by .*two\.yaml:6:9: deny /m);
      expect(status).to.equal(1);
      const all = join(top, 'all.yaml');
      writeFileSync(all, 'otherwise: allow\n');
      expect((await ask(['policy', 'diff', all, file, record])).stdout).to.match(
        /\/file": allow \(.*all\.yaml.*\) -> EPERM \(.*two\.yaml:6:9/,
      );
    });
    it('lint judges each document by itself, and sees what others refuse', async () => {
      const { stdout } = await ask(['policy', 'lint', file]);
      expect(stdout).to.match(/two\.yaml:3:5: shadowed: read \/usr\/\*\* adds nothing to .*:2:5/);
      expect(stdout).not.to.match(/shadowed: deny|never holds/);
      expect(stdout).not.to.contain('docker.sock');
      const open = join(top, 'open.yaml');
      writeFileSync(open, 'otherwise: allow\n');
      expect((await ask(['policy', 'lint', open])).stdout).to.equal(
        `${open}:1:12: too wide: otherwise allow opens whatever no rule denies\n`,
      );
    });
  });

  const WRONG: Readonly<Record<string, readonly [args: readonly string[], says: RegExp]>> = {
    'promises twice': [
      ['--pledge', 'stdio', '--acl', 'promise.yaml', '--', 'true'],
      /promise\.yaml:2:9: promises, which stand by options already, must stand once/,
    ],
    'promises in two documents': [
      ['explain', 'promise.yaml', 'promise2.yaml', 'read', '/a'],
      /promise2\.yaml:1:9: promises, which stand in promise\.yaml already/,
    ],
    'an option of show for another verb': [
      ['policy', 'test', '--read-only', 'own.yaml', 'x'],
      /--read-only is of "policy show" alone/,
    ],
    'both of --acl and --no-acl': [['explain', '--no-acl', '--acl', 'own.yaml', 'read', '/a'], /exclude each other/],
    'a file beside --no-acl': [
      ['explain', '--no-acl', 'own.yaml', 'read', '/a'],
      /--no-acl and "own\.yaml" exclude each other/,
    ],
    'a promise that is none': [['explain', '--pledge', 'stdoi', 'read', '/a'], /"stdoi" must be a promise/],
    'a point without promises': [['policy', 'show', '--pledge-from', 'exec'], /--pledge-from must stand beside/],
    'a setting that is none': [['explain', '--allowed-port', 'x', 'read', '/a'], /"x" must be a port/],
  };
  before(() => {
    writeFileSync(join(top, 'promise.yaml'), 'from: main\npledge: stdio\n');
    writeFileSync(join(top, 'promise2.yaml'), 'pledge: stdio\n');
  });
  for (const [what, [args, says]] of Object.entries(WRONG))
    it(`125 for ${what}`, async () => {
      const { status, stdout, stderr } = await ask(args);
      expect(stderr).to.match(says);
      expect([status, stdout]).to.deep.equal([125, '']);
    });
});
