/** Documents of ACL files: which of them count together, what each can say, and what is wrong with one. */
import { expect } from 'chai';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadLayers } from '../../src/policy/load.js';
import { PolicyError } from '../../src/policy/problem.js';
import { fromOf } from '../../src/policy/sheet.js';
import { answer } from './told.js';
import { judgeOfTexts, knownSyscall, problemsOf, sheetsOf, withFiles } from './helpers.js';

const READS = (path: string): string => `files: [{ read: ["${path}"] }]\n`;
const said = (texts: string | readonly string[], ...questions: string[]): string[] =>
  questions.map((question) => answer(judgeOfTexts(...[texts].flat()), question));

describe('layers of ACL files', () => {
  it('files of one plain document are one union, in which each adds to the others', () => {
    expect(said([READS('/a'), READS('/b')], 'read /a', 'read /b')).to.deep.equal(['allow', 'allow']);
    expect(sheetsOf(READS('/a'), READS('/b'))).to.have.lengthOf(1);
  });
  it('documents of one file have to agree', () => {
    const both = `files: [{ read: ["/a", "/b"] }]\n---\n${READS('/b')}`;
    expect(said(both, 'read /a', 'read /b')).to.deep.equal(['EACCES', 'allow']);
  });
  it('a file of several documents adds nothing to others, nor do those to it', () => {
    const wide = `${READS('/**')}---\n${READS('/**')}`;
    expect(said([READS('/a'), wide], 'read /a', 'read /b')).to.deep.equal(['allow', 'EACCES']);
    expect(said([wide, READS('/a')], 'read /a', 'read /b')).to.deep.equal(['allow', 'EACCES']);
    expect(sheetsOf(READS('/a'), wide, READS('/b'))).to.have.lengthOf(3);
  });
  for (const text of [
    'from: exec\n',
    'otherwise: allow\n',
    'otherwise: { read: allow }\n',
    'pledge: stdio rpath error\n',
  ])
    it(`a document with ${text.trim()} opens nothing that the union does not`, () => {
      expect(said([text, READS('/a')], 'read /b').filter((one) => one === 'allow')).to.deep.equal([]);
      expect(said([READS('/a'), text], 'read /b').filter((one) => one === 'allow')).to.deep.equal([]);
    });
  it('the first refusal counts, in the order of the command line; the union stands where its first file does', () => {
    const layer = (errno: string) => `otherwise: ${errno}\n`;
    const [deny] = ['files: [{ deny: ["/**"], errno: ENOENT }]\n'];
    expect(said([layer('EPERM'), deny, layer('EROFS')], 'read /a')).to.deep.equal(['EPERM']);
    expect(said([deny, layer('EPERM')], 'read /a')).to.deep.equal(['ENOENT']);
    expect(said(`${layer('EROFS')}---\n${layer('EPERM')}`, 'read /a')).to.deep.equal(['EROFS']);
  });
  it('tell from which point on they count', () => {
    const sheets = sheetsOf('from: main\n---\nfrom: entry\npledge: stdio\n---\n{}\n');
    expect(sheets.map(fromOf)).to.deep.equal(['main', 'entry', 'exec']);
  });
  it('each document has its own includes, and rules their own lines', () => {
    withFiles(
      {
        'a.yaml': 'include: [b]\n---\ninclude: [b, c]\nfrom: main\n---\n# none\nfiles: []\n',
        'b.yaml': READS('/b'),
        'c.yaml': READS('/c'),
      },
      (directory) => {
        const layers = loadLayers([join(directory, 'a.yaml')], { knownSyscall });
        const files = layers.map(({ documents }) => documents.map(({ file }) => file.slice(directory.length + 1)));
        expect(files).to.deep.equal([['a.yaml', 'b.yaml'], ['a.yaml', 'b.yaml', 'c.yaml'], ['a.yaml']]);
        expect(layers[1].documents[0].locate(['include', 1])).to.deep.equal({ line: 3, column: 14 });
        expect(layers[2].documents[0].locate(['files'])).to.deep.equal({ line: 7, column: 8 });
      },
    );
  });
  for (const [text, problem] of [
    [
      'otherwise: EPERM\n',
      /^a\.yaml:1:1?\d*: from, otherwise or promises in an included file, must stand in the including/,
    ],
    ['pledge: stdio\n', /from, otherwise or promises in an included file/],
    [
      'files: []\n---\nfiles: []\n',
      /^inc\.yaml:3:1: a second document in an included file, must stand in the including file \(/,
    ],
  ] as const)
    it(`what is included cannot be a layer: ${text.replaceAll('\n', ' ')}`, () => {
      withFiles({ 'a.yaml': 'include: [inc]\n', 'inc.yaml': text }, (directory) => {
        expect(() => loadLayers([join(directory, 'a.yaml')], { knownSyscall }))
          .to.throw(PolicyError)
          .with.property('message')
          .that.matches(new RegExp(problem.source.replace(/^\^(?:a|inc)/, 'inc')));
      });
    });
  it('a file is a layer once, however often it is named', () => {
    withFiles({ 'a.yaml': 'from: main\n' }, (directory) => {
      mkdirSync(join(directory, 'd'));
      const file = join(directory, 'a.yaml');
      expect(loadLayers([file, join(directory, 'd', '..', 'a.yaml')], { knownSyscall })).to.have.lengthOf(1);
      writeFileSync(file, '');
    });
  });
});

describe('what a document cannot say', () => {
  for (const [what, text, problem] of [
    ['a point that is none', 'from: start', /^a.yaml:1:7: bad value \("start"\), must be one of main, entry, exec$/],
    [
      'an errno that is none',
      'otherwise: EFOO',
      /^a.yaml:1:12: bad value \("EFOO"\), must be an errno name such as EPERM, or one of allow/,
    ],
    [
      'a kind that is none',
      'otherwise: { reed: EPERM }',
      /^a.yaml:1:14: unknown key \("reed"\), must be one of read, write/,
    ],
    [
      'native of what is not listed',
      'syscalls: { "*": native }',
      /^a.yaml:1:18: bad verdict \(native\), must stand beside a call by name$/,
    ],
    ['several of what is not listed', 'syscalls: { "*": [{ verdict: kill }] }', /several verdicts, must be one for \*/],
    [
      'a condition of what is not listed',
      'syscalls: { "*": { verdict: kill, when: "fd" } }',
      /^a.yaml:1:41: stray key \(when\), must stand beside a call/,
    ],
    [
      'a condition that is none',
      'syscalls:\n  open: { deny: EPERM, when: "flags &" }',
      /^a.yaml:2:30: bad condition \(flags &\), must go on$/,
    ],
    [
      'an argument that is none',
      'syscalls:\n  open: { deny: EPERM, when: "fd == 1" }',
      /"fd" must be an argument \(path, flags, mode\) or a constant/,
    ],
    [
      'a mask that is never true',
      'syscalls:\n  open:\n    - { deny: EPERM, when: "flags & O_RDONLY" }',
      /^a.yaml:3:28: .*O_RDONLY is 0/,
    ],
    [
      'a verdict behind the last',
      'syscalls:\n  open:\n    - { deny: EPERM }\n    - { verdict: kill, when: flags }',
      /^a.yaml:3:7: verdict without a condition, must be the last one/,
    ],
    [
      'types without families',
      'network: [{ connect: ["*:80"], types: [raw] }]',
      /stray key \(types\), must stand beside families/,
    ],
    [
      'a type that is none',
      'network: [{ families: [inet], types: [tcp] }]',
      /bad value \("tcp"\), must be one of stream/,
    ],
    ['a promise that is none', 'pledge: stdio rpaht', /^a.yaml:1:9: bad promise \(rpaht\), must be one of stdio rpath/],
    [
      'rules beside promises',
      'pledge: stdio\nfiles: []',
      /^a.yaml:2:8: stray key \(files\), must stand in another document: beside pledge may be why, from, tests/,
    ],
    ['otherwise beside promises', 'otherwise: EPERM\nunveil: ["/:r"]', /^a.yaml:1:12: stray key \(otherwise\)/],
    ['a relative path to unveil', 'unveil: ["a:r"]', /^a.yaml:1:10: bad path \(a:r\), must be absolute$/],
    [
      'letters that are none',
      'unveil: ["/a:rz"]',
      /bad path \("\/a:rz"\), must be a path, a colon, and letters of rwxc$/,
    ],
    ['nothing to unveil', 'unveil: []', /must be a list of paths with letters of rwxc, at least one/],
    ['an error in a later document', 'files: []\n---\n---\nfles: []', /^a.yaml:2:4: bad value \(null\), must be a map/],
    ['too many documents', '{}\n---\n'.repeat(40), /^a.yaml:\d+:\d+: too many documents, must be at most 32$/],
  ] as const)
    it(what, () => expect(problemsOf(text)[0]).to.match(problem));
  it('several documents’ problems are told at once', () => {
    expect(problemsOf('fles: []\n---\nfrom: now\n').map((line) => line.split(':')[1])).to.deep.equal(['1', '3']);
  });
});

describe('otherwise', () => {
  it('speaks of what nothing lists alone', () => {
    const text =
      'otherwise: kill\nfiles: [{ read: ["/a"] }, { deny: ["/b"], errno: EROFS }]\nnames: [{ space: sysv, names: ["x"] }]\n';
    expect(
      said(text, 'read /a', 'read /b', 'read /c', 'stat /', 'name sysv x', 'name sysv y', 'socket inet'),
    ).to.deep.equal(['allow', 'EROFS', 'kill', 'allow', 'allow', 'kill', 'kill']);
    expect(said(text, 'syscall mkdir')).to.deep.equal(['allow']);
  });
  it('of a map without else leaves the rest refused', () => {
    expect(said('otherwise: { read: allow }\n', 'read /a', 'write /a', 'connect 127.0.0.1:1')).to.deep.equal([
      'allow',
      'EACCES',
      'EACCES',
    ]);
  });
  it('opens no network that is none', () => {
    const text = 'otherwise: allow\nnetwork: none\n';
    expect(said(text, 'read /a', 'connect 127.0.0.1:1', 'socket inet', 'unix /a')).to.deep.equal([
      'allow',
      'EACCES',
      'EACCES',
      'EACCES',
    ]);
  });
  it('lets no denied file have a name that is not', () => {
    const text = 'otherwise: allow\nfiles: [{ deny: ["/keys/**"], access: [read] }]\n';
    expect(said(text, 'relabel /keys/a /b', 'relabel /a /keys/b', 'relabel /a /b')).to.deep.equal([
      'EACCES',
      'allow',
      'allow',
    ]);
    const judge = judgeOfTexts(text);
    expect(judge.mayRelabel('/', '/x', true).verdict.verdict).to.equal('deny');
    expect(judge.mayRelabel('/x', '/keys', true).verdict.verdict).to.equal('allow');
  });
  it('gives the reason of the document, and its place', () => {
    const { rule } = judgeOfTexts('why: nobody\notherwise:\n  else: EPERM\n').decide({
      ask: 'path',
      access: 'read',
      path: '/a',
    });
    expect(rule).to.deep.include({ line: 3, column: 9, text: 'otherwise EPERM', why: 'nobody', unlisted: true });
  });
});

describe('conditions on calls', () => {
  const text =
    'syscalls:\n  openat:\n    - { deny: EROFS, when: "flags & O_WRONLY" }\n    - { verdict: log, when: "flags & O_CREAT" }\n';
  const of = (...flags: string[]): string[] => flags.map((one) => `syscall openat flags=${one}`);
  it('the first that holds counts, and none goes on', () => {
    expect(said(text, ...of('O_WRONLY|O_CREAT', 'O_CREAT', '0'))).to.deep.equal(['EROFS', 'log', 'allow']);
  });
  it('of several files the strictest that speaks counts, and * only where none does', () => {
    const other = 'syscalls: { openat: { verdict: kill, when: "mode == 7" }, "*": { deny: ENOSYS } }\n';
    const asked = [...of('O_WRONLY', '0'), 'syscall openat flags=O_WRONLY mode=7', 'syscall mkdir', 'syscall getpid'];
    const expected = ['EROFS', 'ENOSYS', 'kill', 'ENOSYS', 'ENOSYS'];
    expect(said([text, other], ...asked)).to.deep.equal(expected);
    expect(said([other, text], ...asked)).to.deep.equal(expected);
  });
  it('the strictest * of several files counts', () => {
    const star = (verdict: string) => `syscalls: { "*": ${verdict} }\n`;
    expect(said([star('log'), star('kill'), star('warn')], 'syscall mkdir')).to.deep.equal(['kill']);
  });
  it('a rule names its place in the list', () => {
    const decision = judgeOfTexts(text).calls.get('openat')?.(Uint32Array.of(0, 0, 0o100, 0, 0, 0));
    expect(decision?.rule).to.deep.include({ line: 4, column: 7, text: 'openat: log when flags & O_CREAT' });
  });
});
