/** scripts/demo.sh: alone, where it checks itself, and in a terminal, where it ends with an interactive Python. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { inTerminal } from '../support/pty.js';
import { ENVIRONMENT, execute, type Ended } from '../support/run.js';

const DEMO = 'scripts/demo.sh';
const REFUSED = /^PermissionError: \[Errno 1\] Operation not permitted: '(.*)'$/gm;

/** What the helper logs comes when it comes, also behind a prompt. */
const LOG = /(?:\u001b\[\d+m)*sandbox: [A-Z]+: .*\n/g;

const errors = (text: string): string[] => [...text.matchAll(REFUSED)].map(([, path]) => path);
/** The lines that were shown behind a prompt, up to the next one. */
const answer = (text: string, typed: string): string => {
  const [, rest = ''] = text.split(`>>> ${typed}\n`);
  return rest.split('\n>>> ')[0];
};

describe('scripts/demo.sh', function () {
  this.timeout(180_000);

  describe('non-interactive', () => {
    let demo: Ended;
    before(async () => {
      demo = await execute([DEMO], { timeout: 120_000 });
    });

    it('holds all its facts and says so', () => {
      expect(demo.stdout).not.to.contain('FAILED');
      expect(demo.stdout).to.match(/^All facts held\.$/m);
      expect(demo.status).to.equal(0);
      expect(demo.stderr).to.equal('');
    });
    it('shows both refusals, the access that is answered, and the allowed file', () => {
      const section = demo.stdout.replace(/^ {2}/gm, '');
      expect(errors(section)).to.deep.equal(['/secret/password', '/var/log/../../secret/password']);
      expect(answer(section, "os.access('/secret/password', os.R_OK)")).to.equal('True');
      expect(answer(section, 'os.getpid()')).to.match(/^\d+$/);
      expect(demo.stdout).to.contain('Hello. The policy lets you read this file.');
    });
    it('shows one thread in strict mode and two that are not', () => {
      const states = [...demo.stdout.matchAll(/status:Seccomp: (\d) {3}(\w+)$/gm)].map(
        ([, state, role]) => `${role} ${state}`,
      );
      expect(states).to.have.members(['trustee 0', 'lifeline 0', 'untrustee 1']);
    });
    it('shows a hidden int 0x80 dying with status 137 and an explanation', () => {
      expect(demo.stdout).to.match(/echo \$\?\n +137\n/);
      expect(demo.stdout).to.match(/sandbox: ERROR: thread/);
    });
    it('shows the stations of two requests in order', () => {
      const stations = [...demo.stdout.matchAll(/^ {2}(request|question|rule|mechanism|result|reply) /gm)].map(
        ([, name]) => name,
      );
      expect(stations.join(' ')).to.equal(
        'request question rule mechanism result reply request question mechanism reply',
      );
    });
    it('has no colour outside a terminal', () => {
      expect(demo.stdout).not.to.contain('\u001b');
    });
  });

  it('runs from any directory', async () => {
    const demo = await execute([`${process.cwd()}/${DEMO}`], { cwd: '/', timeout: 120_000 });
    expect(demo.status, demo.stdout).to.equal(0);
  });

  describe('in a terminal', () => {
    const lines = [
      "open('/secret/password')",
      "open('/var/log/../../secret/password')",
      'import os',
      "os.access('/secret/password', os.R_OK)",
      'os.getpid() == int(os.readlink("/proc/self")), os.getpid() > 1',
      "print(open('/srv/demo/hello.txt').read())",
    ];
    let typed: Ended;
    let repl: string;
    before(async () => {
      typed = await inTerminal([DEMO], { lines, prompt: '>>> ', patience: 120 });
      [, repl = ''] = typed.stdout.replace(LOG, '').split('Now it is your turn.');
    });

    it('refuses the secret both ways', () => {
      expect(errors(repl), typed.stdout).to.deep.equal(['/secret/password', '/var/log/../../secret/password']);
    });
    it('answers access, getpid and the allowed file', () => {
      expect(answer(repl, lines[3])).to.equal('True');
      expect(answer(repl, lines[4])).to.equal('(True, True)');
      expect(answer(repl, lines[5])).to.contain('Hello. The policy lets you read this file.');
    });
    it('ends with status 0 at Ctrl-D', () => {
      expect(typed.status).to.equal(0);
    });
    it('is coloured, but not with NO_COLOR', async () => {
      expect(typed.stdout).to.contain('\u001b[32mok');
      const plain = await inTerminal([DEMO], { lines: [], prompt: '>>> ', patience: 120, env: { NO_COLOR: '1' } });
      expect(plain.stdout).not.to.contain('\u001b');
      expect(plain.status).to.equal(0);
    });
  });
});

/** Numbers that differ from run to run. */
const stable = (line: string): string =>
  line.replace(/0x[0-9a-f]+|\d+/g, 'N').replace(/nurse-demo\.\w+/g, 'nurse-demo.X');

/** Where the links and the file names of a document lead, from the top. */
function mentioned(document: string): string[] {
  const text = readFileSync(document, 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, path]) =>
    join(dirname(document), path),
  );
  const names = [...text.matchAll(/`((?:src|test|docs|scripts|acl|vdso-hook|trustee-asm)\/[\w./-]*\w)`/g)].map(
    ([, path]) => path,
  );
  return [...links, ...names];
}

describe('the documents', function () {
  this.timeout(180_000);

  for (const document of [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    ...readdirSync('docs').map((name) => `docs/${name}`),
  ])
    if (document.endsWith('.md'))
      it(`${document} names only files that are there`, () => {
        expect(mentioned(document).filter((path) => !existsSync(path))).to.deep.equal([]);
      });

  it('README.md and docs/demo.txt agree with a run, numbers aside', async () => {
    const demo = await execute([DEMO], { env: ENVIRONMENT, timeout: 120_000 });
    const shown = new Set(demo.stdout.split('\n').map((line) => stable(line.trim())));
    const readme = readFileSync('README.md', 'utf8');
    const [, transcript = ''] = /<!-- demo:begin -->\n```\n(.*?)```\n<!-- demo:end -->/s.exec(readme) ?? [];
    const told = transcript.split('\n').filter((line) => line !== '' && line !== '[...]');
    expect(told).to.have.lengthOf.above(10);
    for (const line of told) expect(shown, line).to.include(stable(line.trim()));
    // Registers, addresses and how they are wrapped are a run's own; the script's own lines are not.
    const recorded = readFileSync('docs/demo.txt', 'utf8').split('Now it is your turn.')[0];
    const facts = (text: string): string[] => [...text.matchAll(/^ {2}(?:ok|FAILED) +(.*)$/gm)].map(([, fact]) => fact);
    expect(facts(recorded)).to.deep.equal(facts(demo.stdout));
  });
});
