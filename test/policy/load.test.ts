import { expect } from 'chai';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadPolicy } from '../../src/policy/load.js';
import { PolicyError } from '../../src/policy/problem.js';
import { knownSyscall, problemsOf, rulesOfTexts, withFiles } from './helpers.js';

const FULL = `why: all keys
include: [glibc]
files:
  - { read: ["/a/**"], write: ["/a/**"], why: data }
  - deny:
      - /b/*
    errno: EPERM
    access: [read, write]
syscalls:
  access: { return: 0, why: yes man }
  socket: { deny: EACCES }
  read: native
  ptrace: kill
  uname: log
  open: allow
  time: { verdict: log, why: who asks }
network:
  - { connect: ["127.0.0.0/8:80"], bind: ["*:0"], send: ["[::1]:53"], families: [inet], unix: ["/run/x", "@y*"], why: net }
names:
  - { space: sysv, names: ["*"] }
`;

const WRONG: [what: string, text: string, ...problems: string[]][] = [
  [
    'an unknown key',
    'fles: []',
    'a.yaml:1:1: unknown key ("fles"), must be one of why, include, files, syscalls, network, names, otherwise, from, pledge, execpledge, unveil, tests',
  ],
  [
    'an unknown key of a rule',
    'files:\n  - { read: ["/a"], wy: x }',
    'a.yaml:2:21: unknown key ("wy"), must be one of read, write, create, execute, stat, deny, errno, access, why',
  ],
  [
    'no map',
    '- a',
    'a.yaml:1:1: bad value (["a"]), must be a map with keys of why, include, files, syscalls, network, names, otherwise, from, pledge, execpledge, unveil, tests',
  ],
  [
    'nothing',
    '',
    'a.yaml:1:1: bad value (null), must be a map with keys of why, include, files, syscalls, network, names, otherwise, from, pledge, execpledge, unveil, tests',
  ],
  ['an empty key', 'files:', 'a.yaml:1:7: bad value (null), must be a list of rules'],
  [
    'an unknown call',
    'syscalls:\n  opne: kill',
    'a.yaml:2:3: unknown name ("opne"), must be the name of an i386 system call, or "*"',
  ],
  [
    'a verdict word',
    'syscalls: { open: alow }',
    'a.yaml:1:19: bad value ("alow"), must be { return: N }, { deny: ERRNO } or one of allow, log, warn, native, kill',
  ],
  [
    'two verdicts',
    'syscalls: { open: { return: 1, deny: EPERM } }',
    'a.yaml:1:19: no single verdict, must have exactly one of return, deny, verdict',
  ],
  [
    'no verdict',
    'syscalls: { open: { why: x } }',
    'a.yaml:1:19: no single verdict, must have exactly one of return, deny, verdict',
  ],
  [
    'an errno',
    'files:\n- { deny: ["/a"], errno: EFOO }',
    'a.yaml:2:26: bad value ("EFOO"), must be an errno name such as EACCES',
  ],
  [
    'an errno by number',
    'syscalls: { open: { deny: 13 } }',
    'a.yaml:1:27: bad value (13), must be an errno name such as EACCES',
  ],
  [
    'a result too wide',
    'syscalls: { open: { return: 4294967296 } }',
    'a.yaml:1:29: bad value (4294967296), must be a whole number of 32 bits',
  ],
  [
    'a relative pattern',
    'files: [{ read: ["srv/**"] }]',
    'a.yaml:1:18: bad pattern ("srv/**"), must be an absolute path pattern starting with "/"',
  ],
  [
    'a pattern with ..',
    'files: [{ stat: [/a/../b] }]',
    'a.yaml:1:18: bad pattern ("/a/../b"), must not contain "." or ".." components',
  ],
  [
    'braces',
    'files: [{ read: ["/{a,b}"] }]',
    'a.yaml:1:18: bad pattern ("/{a,b}"), must not use braces (list both patterns, or write \\{)',
  ],
  [
    'a pattern without its list',
    'files: [{ read: /a }]',
    'a.yaml:1:17: bad value ("/a"), must be a list of path patterns, at least one',
  ],
  [
    'an empty list',
    'files: [{ read: [] }]',
    'a.yaml:1:17: bad value ([]), must be a list of path patterns, at least one',
  ],
  [
    'a rule without effect',
    'files: [{ why: x }]',
    'a.yaml:1:9: rule without effect, must have one of read, write, create, execute, stat, deny',
  ],
  [
    'errno without deny',
    'files: [{ read: ["/a"], errno: EPERM }]',
    'a.yaml:1:32: stray key (errno), must stand beside deny',
  ],
  [
    'deny and read',
    'files: [{ read: ["/a"], deny: ["/b"] }]',
    'a.yaml:1:17: stray key (read), must be a rule of its own, not beside deny',
  ],
  [
    'an access',
    'files: [{ deny: ["/a"], access: [reed] }]',
    'a.yaml:1:34: bad value ("reed"), must be one of read, write, create, execute, stat',
  ],
  [
    'a family',
    'network: [{ families: [local] }]',
    /a.yaml:1:24: bad value \("local"\), must be one of unspec, unix, inet, /.source,
  ],
  ['a network word', 'network: all', 'a.yaml:1:10: bad value ("all"), must be "none" or a list of rules'],
  [
    'an endpoint',
    'network: [{ connect: ["1.2.3.4"] }]',
    'a.yaml:1:23: bad endpoint ("1.2.3.4"), must be ADDRESS:PORT such as "127.0.0.0/8:80", "[::1]:*" or "*:1024-65535"',
  ],
  [
    'a name space',
    'names: [{ space: x, names: ["*"] }]',
    'a.yaml:1:18: bad value ("x"), must be one of abstract, netlink, vsock, keyring, sysv, mqueue, family',
  ],
  [
    'names missing',
    'names: [{ space: sysv }]',
    'a.yaml:1:9: missing key (names), must be a list of name patterns, at least one',
  ],
  [
    'an include by path',
    'include: [../x]',
    'a.yaml:1:11: bad value ("../x"), must be a name such as glibc, not a path (glibc.yaml beside this file or shipped)',
  ],
  ['an empty why', 'why: ""', 'a.yaml:1:6: bad value (""), must be a text that says why'],
  ['broken YAML', 'files: [', /a.yaml:1:9: not YAML \(.*\), must be valid YAML 1.2/.source],
  ['a tab', 'files:\n\t- x', /a.yaml:2:1: not YAML \(Tabs .*\), must be valid YAML 1.2/.source],
  ['an unknown tag', 'files: !foo []', /a.yaml:1:8: not YAML \(Unresolved tag.*\), must be valid YAML 1.2/.source],
  [
    'a duplicate key',
    'network: none\nfiles: []\nnetwork: none',
    'a.yaml:3:1: duplicate key (network), must stand once in its map',
  ],
  [
    'a duplicate call',
    'syscalls:\n  open: kill\n  "open": allow',
    'a.yaml:3:3: duplicate key (open), must stand once in its map',
  ],
  ['an alias', 'files: &f [{ read: ["/a"] }]\nnetwork: *f', 'a.yaml:2:10: alias (*f), must be written out'],
  ['a key that is a number', '1: x', 'a.yaml:1:1: bad key (1), must be a word'],
  ['a key that is a list', '? [a]\n: b', /a.yaml:1:3: bad key \(.*\), must be a word/.source],
  ['__proto__', 'syscalls: { __proto__: kill }', 'a.yaml:1:13: unknown key (__proto__), must be a known one'],
  ['a merge key', '<<: { files: [] }', /a.yaml:1:1: unknown key \("<<"\), must be one of .*/.source],
  ['nesting without end', '['.repeat(1 << 20), 'a.yaml:1:33: nested too deeply, must have at most 32 levels'],
  ['nesting of dashes', '- '.repeat(1000), 'a.yaml:1:65: nested too deeply, must have at most 32 levels'],
  [
    'nesting by indentation',
    Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
    'a.yaml:130:1: nested too deeply, must have at most 32 levels',
  ],
  [
    'several things',
    'fles: []\nfiles:\n  - { read: ["a"], why: 3 }\n  - { stat: ["/"], deny: ["/"], errno: EFOO }\nsyscalls: { nope: kill, open: maybe }\n',
    'a.yaml:1:1: unknown key ("fles"), must be one of why, include, files, syscalls, network, names, otherwise, from, pledge, execpledge, unveil, tests',
    'a.yaml:3:14: bad pattern ("a"), must be an absolute path pattern starting with "/"',
    'a.yaml:3:25: bad value (3), must be a text',
    'a.yaml:4:13: stray key (stat), must be a rule of its own, not beside deny',
    'a.yaml:4:40: bad value ("EFOO"), must be an errno name such as EACCES',
    'a.yaml:5:13: unknown name ("nope"), must be the name of an i386 system call, or "*"',
    'a.yaml:5:31: bad value ("maybe"), must be { return: N }, { deny: ERRNO } or one of allow, log, warn, native, kill',
  ],
];

describe('loading ACL files', () => {
  it('gives each rule its place, its text and its reason', () => {
    withFiles({ 'a.yaml': FULL, 'glibc.yaml': 'files: []' }, (directory) => {
      const rules = loadPolicy([`${directory}/a.yaml`], { knownSyscall });
      const shown = rules.map(
        ({ rule }) => `${rule.line}:${rule.column} ${rule.text}${rule.why ? ` (${rule.why})` : ''}`,
      );
      expect(shown).to.deep.equal([
        '10:11 access: return 0 (yes man)',
        '11:11 socket: deny EACCES',
        '12:9 read: native',
        '13:11 ptrace: kill',
        '14:10 uname: log',
        '15:9 open: allow',
        '16:9 time: log (who asks)',
        '4:5 read /a/** (data)',
        '4:5 write /a/** (data)',
        '5:5 deny read+write /b/*',
        '18:5 connect 127.0.0.0/8:80 (net)',
        '18:5 bind *:0 (net)',
        '18:5 send [::1]:53 (net)',
        '18:5 unix /run/x (net)',
        '18:5 unix @y* (net)',
        '18:5 family inet (net)',
        '20:5 sysv *',
      ]);
      expect(rules.every(({ rule }) => rule.file === `${directory}/a.yaml`)).to.equal(true);
      expect(rules.every(({ rule }) => Object.isFrozen(rule))).to.equal(true);
    });
  });

  for (const [what, text, ...problems] of WRONG) {
    it(`tells where ${what} is wrong`, () => {
      const told = problemsOf(text);
      expect(told).to.have.lengthOf(problems.length);
      told.forEach((line, index) => {
        if (line !== problems[index]) expect(line).to.match(new RegExp(`^${problems[index]}`));
      });
    });
  }

  it('counts lines behind CRLF, and takes a byte order mark', () => {
    expect(problemsOf('why: x\r\nfles: []\r\n')[0]).to.match(/^a.yaml:2:1: unknown key/);
    expect(problemsOf('\ufefffles: []')[0]).to.match(/^a.yaml:1:1: unknown key/);
  });

  it('brackets in comments and strings nest nothing', () => {
    expect(problemsOf(`# ${'['.repeat(100)}\nwhy: "${'{'.repeat(100)}"`)).to.deep.equal([]);
  });

  it('tells at most 100 problems of text that is no YAML', () => {
    expect(problemsOf('!a '.repeat(10_000))).to.have.lengthOf(100);
  });

  it('writes nothing on a terminal that was not text', () => {
    expect(problemsOf('"\\e[31m\\n": x')[0]).to.match(/^a.yaml:1:1: unknown key \("[^\x00-\x1f]*"\), /);
    expect(rulesOfTexts('files: [{ read: ["/\\e]31m\\n"] }]')[0].rule.text).to.equal('read /\\x1b]31m\\x0a');
  });

  it('refuses what is not UTF-8, too large, missing or a directory', () => {
    expect(problemsOf(Buffer.from([0xff, 0xfe, 0x20]))).to.deep.equal([
      'a.yaml:1:1: not UTF-8 (a.yaml), must be YAML in UTF-8',
    ]);
    expect(problemsOf('#'.repeat(1024 * 1024 + 1))).to.deep.equal([
      'a.yaml:1:1: too large (a.yaml), must have at most 1048576 bytes',
    ]);
    expect(problemsOf(`{}\n#${'#'.repeat(1024 * 1024 - 4)}`)).to.deep.equal([]);
    for (const [file, code] of [
      ['/nonexistent.yaml', 'ENOENT'],
      ['/', 'EISDIR'],
    ]) {
      expect(() => loadPolicy([file], { knownSyscall })).to.throw(
        PolicyError,
        `${file}:1:1: cannot read ${file} (${code})`,
      );
    }
  });

  it('stays quick with many keys', () => {
    const start = Date.now();
    problemsOf(`syscalls:\n${Array.from({ length: 50_000 }, (_, index) => `  a${index}: kill\n`).join('')}`);
    expect(Date.now() - start).to.be.below(10_000);
  }).timeout(20_000);

  it('tells the problems of every file', () => {
    withFiles({ 'a.yaml': 'x: 1', 'b.yaml': 'y: 1' }, (directory) => {
      const files = [`${directory}/a.yaml`, `${directory}/b.yaml`];
      expect(() => loadPolicy(files, { knownSyscall }))
        .to.throw(PolicyError)
        .with.property('problems')
        .lengthOf(2);
    });
  });

  it('shows paths as the user gave them', () => {
    withFiles(
      { 'a.yaml': 'include: [b]\nfiles: [{ read: ["/a"] }]', 'b.yaml': 'files: [{ read: ["/b"] }]' },
      (directory) => {
        const before = process.cwd();
        process.chdir(directory);
        try {
          const shown = (file: string) => loadPolicy([file], { knownSyscall }).map(({ rule }) => rule.file);
          expect(shown('a.yaml')).to.deep.equal(['a.yaml', 'b.yaml']);
          expect(shown('./a.yaml')).to.deep.equal(['./a.yaml', './b.yaml']);
          expect(shown(`../${directory.split('/').pop()}/a.yaml`)[1]).to.match(/^\.\.\/.*\/b\.yaml$/);
        } finally {
          process.chdir(before);
        }
      },
    );
  });
});

describe('including', () => {
  it('prefers the file beside, then the shipped one', () => {
    withFiles({ 'a.yaml': 'include: [one, two]', 'one.yaml': 'files: [{ read: ["/beside"] }]' }, (directory) => {
      const shippedDirectory = `${directory}/shipped`;
      mkdirSync(shippedDirectory);
      writeFileSync(`${shippedDirectory}/one.yaml`, 'files: [{ read: ["/shipped1"] }]');
      writeFileSync(`${shippedDirectory}/two.yaml`, 'files: [{ read: ["/shipped2"] }]');
      const rules = loadPolicy([`${directory}/a.yaml`], { knownSyscall, shippedDirectory });
      expect(rules.map(({ rule }) => rule.text)).to.deep.equal(['read /beside', 'read /shipped2']);
    });
  });

  it('is one level deep', () => {
    withFiles({ 'a.yaml': 'include: [b]', 'b.yaml': 'why: x\ninclude: [c]', 'c.yaml': '{}' }, (directory) => {
      expect(() => loadPolicy([`${directory}/a.yaml`], { knownSyscall })).to.throw(
        PolicyError,
        `${directory}/b.yaml:2:10: include in an included file (c), must stand in the including file`,
      );
    });
  });

  it('of oneself or of the same file twice adds nothing', () => {
    withFiles({ 'a.yaml': 'include: [a, b, b]', 'b.yaml': 'files: [{ read: ["/b"] }]' }, (directory) => {
      expect(loadPolicy([`${directory}/a.yaml`, `${directory}/b.yaml`], { knownSyscall })).to.have.lengthOf(1);
    });
  });

  it('tells where the missing file is asked for', () => {
    expect(problemsOf('include:\n  - nope')[0]).to.match(
      /^a.yaml:2:5: no such file to include \(nope.yaml\), must be a file beside this one or in \/.*\/acl$/,
    );
  });

  it('tells the problems of the included file', () => {
    withFiles({ 'a.yaml': 'include: [b]', 'b.yaml': 'x: 1' }, (directory) => {
      expect(() => loadPolicy([`${directory}/a.yaml`], { knownSyscall })).to.throw(
        PolicyError,
        'b.yaml:1:1: unknown key ("x")',
      );
    });
  });
});
