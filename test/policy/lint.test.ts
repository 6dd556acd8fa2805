import { expect } from 'chai';
import { DANGERS } from '../../src/policy/dangers.js';
import { coversGlob, matchesPath, mayMeet, parseGlob, type Glob } from '../../src/policy/glob.js';
import { lint } from '../../src/policy/lint.js';
import { rulesOfTexts } from './helpers.js';

const found = (text: string): string[] =>
  lint(rulesOfTexts(text), () => true).map(
    ({ kind, rule, message }) => `${rule.line}: ${kind}: ${message.replaceAll(rule.file, 'a')}`,
  );

describe('odd rules', () => {
  const CASES: Readonly<Record<string, readonly [text: string, says: readonly RegExp[]]>> = {
    'a grant that is denied': [
      'files:\n  - { read: ["/srv/a/**", "/srv/b"] }\n  - { deny: ["/srv/a/**"], access: [read] }\n',
      [/^2: shadowed: read \/srv\/a\/\*\* never holds: it is denied by a:3:5: deny read \/srv\/a\/\*\*$/],
    ],
    'a grant inside another': [
      'files:\n  - { read: ["/srv/**"] }\n  - { read: ["/srv/a/*"] }\n  - { stat: ["/srv/b"] }\n',
      [/^3: shadowed: read \/srv\/a\/\* adds nothing to a:2:5/, /^4: shadowed: stat \/srv\/b adds nothing to a:2:5/],
    ],
    'the same twice is told once': [
      'files:\n  - { read: ["/srv/a"] }\n  - { read: ["/srv/a"] }\nnetwork:\n  - { send: ["*:53"] }\n  - { send: ["*:53"] }\n',
      [/^3: shadowed: read \/srv\/a adds/, /^6: shadowed: send \*:53 adds/],
    ],
    'a deny inside another': [
      'files:\n  - { deny: ["/srv/**"] }\n  - { deny: ["/srv/a"], errno: EPERM }\n',
      [/^3: shadowed: deny \/srv\/a adds nothing to a:2:5/],
    ],
    everything: ['files: [{ read: ["/**"] }]\n', [/^1: too wide: read \/\*\* opens every file there is$/]],
    'all but the top': ['files: [{ write: ["/*/**"] }]\n', [/^1: too wide: write .* opens every file/]],
    'all homes': ['files: [{ read: ["/home/**"] }]\n', [/^1: too wide: .* opens what belongs to people/]],
    'every address': ['network: [{ connect: ["*:*"] }]\n', [/^1: too wide: .* opens every address and port$/]],
    'every name': ['names: [{ space: sysv, names: ["**"] }]\n', [/^1: too wide: .* opens every name/]],
    'written and executed': [
      'files:\n  - { write: ["/srv/*/bin/x"] }\n  - { execute: ["/srv/a/**"] }\n',
      [/^2: dangerous: write .* and execute .* \(a:3:5\) meet: what is written can be executed$/],
    ],
    'the docker socket': [
      'files: [{ write: ["/run/*"] }]\n',
      [/dangerous: .* allows to write \/run\/docker\.sock: whoever speaks to it is root on the host$/],
    ],
    keys: [
      'files: [{ read: ["/home/*/.ssh/*"] }]\n',
      [/dangerous: .* allows to read \/home\/user\/\.ssh\/id_ed25519: keys/],
    ],
    'memory of others': ['files: [{ read: ["/proc/*/mem"] }]\n', [/dangerous: .* \/proc\/1\/mem: memory/]],
  };
  for (const [what, [text, says]] of Object.entries(CASES))
    it(what, () => {
      const findings = found(text).filter((line) => says.length > 1 || !/dangerous/.test(line) || says[0].test(line));
      says.forEach((pattern, i) => expect(findings[i]).to.match(pattern));
      expect(found(text).filter((line) => /shadowed/.test(line))).to.have.length(
        says.filter((p) => p.source.includes('shadowed')).length,
      );
    });
  for (const [what, text] of Object.entries({
    'separate rules': 'files:\n  - { read: ["/srv/a/**"], write: ["/srv/b"] }\n  - { execute: ["/srv/c/*"] }\n',
    'a danger that is denied': 'files: [{ write: ["/run/d*"] }, { deny: ["/run/docker.sock"] }]\n',
    'written and executed, but denied':
      'files: [{ write: ["/srv/a/x"] }, { execute: ["/srv/a/*"] }, { deny: ["/srv/a/x"], access: [execute] }]\n',
    'one call, one address': 'syscalls: { uname: kill }\nnetwork: [{ connect: ["127.0.0.1:80"] }]\n',
  }))
    it(`nothing is odd about ${what}`, () => expect(found(text)).to.deep.equal([]));
  it('included files are not judged for themselves', () => {
    const rules = rulesOfTexts('files: [{ read: ["/**"] }]\n');
    expect(lint(rules, () => false)).to.deep.equal([]);
  });
  it('each danger is found by the rule that names it', () => {
    for (const { paths, accesses, why } of DANGERS)
      for (const path of paths)
        for (const access of accesses)
          expect(found(`files: [{ ${access}: ["${path}"] }]\n`).join('\n')).to.contain(
            `allows to ${access} ${path}: ${why}`,
          );
  });
});

describe('patterns', () => {
  const PATTERNS = [
    '/',
    '/**',
    '/a',
    '/a/**',
    '/a/*',
    '/*/b',
    '/**/b',
    '/a/**/b',
    '/a/?',
    '/[!a]',
    '/a/b/**',
    '/*/**',
    '/é',
  ];
  const ALL = ['/', '/a', '/b', '/a/b', '/b/b', '/a/b/b', '/a/c/b', '/c', '/a/bb', '/\xc3\xa9', '/a/b/c/b'];
  const PATHS = (glob: Glob): string[] => ALL.filter((path) => matchesPath(glob, path));
  it('that cover one another match all that it matches; those that cannot meet share no path', () => {
    let [covered, apart] = [0, 0];
    for (const one of PATTERNS.map(parseGlob))
      for (const other of PATTERNS.map(parseGlob)) {
        const both = PATHS(one).filter((path) => PATHS(other).includes(path));
        if (coversGlob(one, other)) {
          covered++;
          expect(both, `${one.text} covers ${other.text}`).to.deep.equal(PATHS(other));
        }
        if (!mayMeet(one, other)) {
          apart++;
          expect(both, `${one.text} meets ${other.text}`).to.deep.equal([]);
        }
        expect(mayMeet(one, other)).to.equal(mayMeet(other, one));
      }
    expect(covered).to.be.above(PATTERNS.length * 2);
    expect(apart).to.be.above(PATTERNS.length);
  });
});
