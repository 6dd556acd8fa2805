/** Refusals of real programs: the log, --log-json, --on-deny. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { omitted, receipt } from '../../src/observe/receipt-schema.js';
import { buildGuest, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

describe('a refusal', function () {
  this.timeout(60_000);
  const top = makeTemporary('refusals');
  before(() => mkdirSync(join(top, 'more')));
  after(() => remove(top));
  const at = (name: string): string => join(top, name);
  const acl = (text: string): string => {
    writeFileSync(at('acl.yaml'), `include: [glibc, cpython]\n${text}`);
    return at('acl.yaml');
  };
  const receipts = () =>
    readFileSync(at('json'), 'utf8')
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => receipt.parse(JSON.parse(line)));
  const python = (script: string, text: string, ...options: string[]): Promise<Ended> =>
    sandbox(['python3', '-c', script], {
      options: ['--acl', acl(text), '--log-json', at('json'), ...options],
    });

  it('of a read, a write, a rename, a socket, an address, a name and a call is a line of JSON each', async () => {
    writeFileSync(at('old'), '');
    const { status, stderr } = await python(
      `
import os, socket
def attempt(what, *args):
    try: what(*args)
    except OSError as error: pass
    else: print("done", what)
attempt(open, "/root/none")
attempt(os.open, "${top}/old", os.O_WRONLY)
attempt(os.rename, "${top}/old", "${top}/more/new")
attempt(socket.socket, socket.AF_INET6)
attempt(socket.socket().connect, ("127.0.0.1", 9))
attempt(os.listdir, "/root")
attempt(os.mkdir, "/x")
attempt(socket.sethostname, "x")
`,
      `files:
  - { create: ["${top}/**"], write: ["${top}/more/**"] }
syscalls: { mkdir: { deny: EROFS, why: nothing new } }
network: [{ families: [inet] }]
`,
    );
    expect([status, stderr.match(/Error/g)]).to.deep.equal([0, null]);
    const all = receipts();
    const found = (call: string, ask: string) =>
      all.find(
        (one) => one.call === call && one.question.ask === ask && (ask !== 'path' || one.text.includes('/none')),
      );
    expect(found('openat', 'path')).to.deep.include({
      arguments: ['AT_FDCWD', '"/root/none"', 'O_RDONLY|O_LARGEFILE|O_CLOEXEC'],
      outcome: 'denied',
      error: 'EACCES',
      rule: null,
      allow: { section: 'files', rule: '- { stat: ["/root/none"] }' },
    });
    expect(all.map(({ allow }) => allow?.rule)).to.include.members([
      `- { write: ["${top}/old"] }`,
      '- { families: [inet6] }',
      '- { connect: ["127.0.0.1:9"] }',
      '- { read: ["/root"] }',
    ]);
    expect(found('rename', 'relabel')).to.deep.include({
      question: { ask: 'relabel', from: `${top}/old`, to: `${top}/more/new`, directory: false },
      allow: { section: 'files', rule: `- { write: ["${top}/old"] }` },
    });
    expect(found('mkdir', 'syscall')).to.deep.include({ error: 'EROFS', allow: null });
    expect(found('mkdir', 'syscall')?.rule).to.deep.include({ file: at('acl.yaml'), why: 'nothing new' });
    expect(found('sethostname', 'syscall')).to.deep.include({
      error: 'EPERM',
      reason: 'it concerns the whole machine',
    });
    for (const { pid, tid, program } of all) {
      expect([pid, program]).to.deep.equal([tid, all[0].program]);
      expect(program).to.match(/^\/usr\/bin\/python3/);
    }
  });

  it('of the same again is counted in the log, and a line of JSON each', async () => {
    const { stderr } = await python('import os\nfor i in range(50): os.access("/root/x", os.R_OK)', '');
    const lines = stderr.split('\n').filter((line) => line.includes('"/root/x"'));
    expect(lines).to.have.lengthOf(2);
    expect(lines[1]).to.match(/^sandbox: WARNING: denied \w+: .* by default: no rule names it \(49 more\)$/);
    expect(receipts().filter(({ question }) => question.ask === 'path' && question.path === '/root/x')).to.have.length(
      50,
    );
  });

  it('at INFO the call and the rule that would allow it follow, without a byte that speaks to a terminal', async () => {
    const { stderr } = await python('import os; os.access(b"/root/\\x1b[31m\\n", os.R_OK)', '', '-d', 'INFO');
    expect(stderr.split('\n').find((line) => /INFO: refused: .*\/root\//.test(line))).to.match(
      /^sandbox: INFO: refused: \w+\(.*"\/root\/\\33\[31m\\n", .*\) of \/usr\/bin\/python3\S*, process \d+, thread \d+; would be allowed by files: - \{ (stat|read): \["\/root\/\\u001b\\\\\[31m\\n"\] \}$/,
    );
    expect(stderr).not.to.contain('\x1b');
  });

  it('--on-deny=log lets it through, and says so', async () => {
    const { stdout, stderr } = await python(
      'import os; os.mkdir("' + top + '/made"); print(os.uname().sysname)',
      'syscalls: { mkdir: { deny: EROFS }, uname: kill }\n',
      '--on-deny=log',
    );
    expect(stdout).to.equal('Linux\n');
    expect(stderr).to.match(/WARNING: --on-deny=log: /);
    expect(stderr).to.match(/WARNING: let through, would be denied: mkdir = EROFS by .*acl\.yaml:2:\d+: /);
    expect(stderr).to.match(/let through, would be denied: mkdir: create "[^"]*\/made" = EACCES by default/);
    expect(stderr).to.match(/let through, would be denied: uname = kill by /);
    expect(receipts().map(({ outcome }) => outcome))
      .to.include('let through')
      .and.not.include('denied');
  });
  it('--on-deny=log opens nothing that no policy can', async () => {
    const { stdout } = await python(
      'import socket\ntry: socket.sethostname("x")\nexcept PermissionError: print("refused")',
      '',
      '--on-deny=log',
    );
    expect(stdout).to.equal('refused\n');
  });
  it('--on-deny=kill ends the program, and there is a receipt', async () => {
    writeFileSync(at('old'), '');
    for (const script of [
      'import os; os.listdir("/root")',
      'import os; os.rename("' + top + '/old", "' + top + '/more/new")',
    ]) {
      const { status, stderr } = await sandbox(['python3', '-S', '-E', '-c', script], {
        options: [
          ...['--acl', acl(`files: [{ stat: ["/**"] }, { create: ["${top}/**"], write: ["${top}/more/**"] }]\n`)],
          ...['--on-deny', 'kill', '--log-json', at('json')],
        ],
      });
      expect(status, stderr).to.equal(159);
      expect(receipts().at(-1)).to.deep.include({ outcome: 'killed', error: 'kill' });
    }
  });

  describe('of the program itself', () => {
    const start = (deny: string, ...options: string[]): Promise<Ended> =>
      sandbox(['/usr/bin/cat', at('old')], {
        options: [
          ...['--acl', acl(`files: [{ deny: ["${deny}"], why: not that }, { read: ["/**"] }]\n`)],
          ...['--log-json', at('json'), ...options],
        ],
      });
    const LOADER = '/usr/lib/**/ld-linux.so.2';
    before(() => writeFileSync(at('old'), ''));

    for (const [what, deny, access] of [
      ['it', '/usr/bin/cat', 'execute'],
      ['its interpreter', LOADER, 'read'],
    ] as const)
      it(`is told as all are: ${what}`, async () => {
        const { status, stderr } = await start(deny);
        expect(status).to.equal(126);
        const told = /^sandbox: WARNING: (denied execve: (\w+) "\S+" = EACCES by .*acl\.yaml:2:\d+: deny .*)$/m.exec(
          stderr,
        );
        expect(told?.[2], stderr).to.equal(access);
        const [one, ...more] = receipts();
        expect(more).to.deep.equal([]);
        expect(one).to.deep.include({
          program: '/usr/bin/cat',
          call: 'execve',
          arguments: ['"/usr/bin/cat"', `["/usr/bin/cat", "${at('old')}"]`],
          outcome: 'denied',
          allow: null,
          text: told?.[1],
        });
        expect([one.question.ask === 'path' && one.question.access, one.rule?.why]).to.deep.equal([access, 'not that']);
      });
    it('is one for each place where it was looked for', async () => {
      const { status } = await sandbox(['cat', at('old')], {
        options: ['--acl', acl('files: [{ deny: ["/usr/bin/cat"] }]\n'), '--log-json', at('json')],
      });
      expect(status).to.equal(126);
      expect(receipts().map(({ program }) => program)).to.include('/usr/bin/cat');
    });
    it('is told and let through with --on-deny=log, and no start with --on-deny=kill', async () => {
      expect((await start('/usr/bin/cat', '--on-deny=log')).status).to.equal(0);
      expect(receipts()[0]).to.deep.include({ call: 'execve', outcome: 'let through', error: 'EACCES' });
      expect((await start('/usr/bin/cat', '--on-deny=kill')).status).to.equal(126);
      expect(receipts()[0]).to.deep.include({ call: 'execve', outcome: 'killed', error: 'kill' });
    });
  });

  it('is a line of JSON each up to a bound, in a flood', async () => {
    const { status } = await python('import os\nfor i in range(4000): os.access("/root/x", os.R_OK)', '');
    expect(status).to.equal(0);
    const lines = readFileSync(at('json'), 'utf8').trimEnd().split('\n');
    const cut = lines.map((line) => omitted.safeParse(JSON.parse(line)).data?.omitted ?? 0);
    const sum = cut.reduce((all, n) => all + n, 0);
    expect(sum).to.be.greaterThan(0);
    expect(lines.length - cut.filter((n) => n > 0).length + sum).to.be.at.least(4000);
  });

  it('tells what was judged, whatever memory holds by then', async () => {
    buildGuest('glibc-static', 'test/guests/trace-liar.c', at('liar'));
    await sandbox([at('liar'), '/root/judged'], {
      options: ['--acl', acl('files: []\n'), '--log-json', at('json'), '-d', 'ERROR'],
    });
    const judged = receipts().filter(({ call, question }) => call === 'readlink' && question.ask === 'path');
    expect(judged.map(({ question }) => question)).to.deep.include({
      ask: 'path',
      access: 'stat',
      path: '/root/judged',
    });
  });
});
