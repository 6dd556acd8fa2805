/** ${HOME} and ${TMPDIR} in patterns: their values, strictly; bytes by their numbers. */
import { expect } from 'chai';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseGlob, matchesPath } from '../../src/policy/glob.js';
import { Problem } from '../../src/policy/problem.js';
import { questionOf } from '../../src/policy/question-text.js';
import { SOMEBODY, valueOf, withEnvironment, type Variable } from '../../src/policy/variables.js';
import { ask, bytes, policyOf, problemsOf } from './helpers.js';

/** With the environment changed while `use` runs. */
function withVariable<T>(name: Variable, value: string | undefined, use: () => T): T {
  const before = process.env[name];
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env[name];
    else process.env[name] = to;
  };
  set(value);
  try {
    return use();
  } finally {
    set(before);
  }
}

describe('variables of patterns', () => {
  it('stand for the directory, whatever it is called, and nothing beside it', () => {
    for (const home of [
      '/nobody/a',
      '/nobody/a*',
      '/nobody/[x]{y}\\',
      '/nobody/caf\u00e9',
      '/nobody/$HOME',
      '/nobody/a/',
    ])
      withVariable('HOME', home, () => {
        const policy = policyOf('files:\n  - { read: ["${HOME}/.config/**"] }\n');
        const real = bytes(home.replace(/\/$/, ''));
        expect(ask(policy, 'read', `${real}/.config/x`), home).to.equal('allow');
        for (const other of [real, `${real}/x`, `${real}b/.config/x`, '/nobody/ab/.config/x', '/nobody/x/.config/x'])
          expect(ask(policy, 'read', other), `${home} ${other}`).to.equal('EACCES');
      });
  });
  it('TMPDIR is /tmp where it is not set', () => {
    expect(valueOf('TMPDIR', {})).to.equal(realpathSync('/tmp'));
    expect(valueOf('TMPDIR', { TMPDIR: '/dev/shm/x' })).to.equal('/dev/shm/x');
  });
  it('PWD is where we are, whatever the environment says', () => {
    withVariable('PWD', '/nobody', () => expect(valueOf('PWD')).to.equal(realpathSync(process.cwd())));
    expect(() => valueOf('PWD', { PWD: '/' })).to.throw(Problem, '${PWD} is "/"');
    expect(() => valueOf('PWD', {})).to.throw(Problem, '${PWD} is ""');
  });
  it('are those of somebody else while that is asked for', () => {
    const names = ['HOME', 'PWD', 'TMPDIR'] as const;
    const before = names.map((name) => valueOf(name));
    const read = (): string[] =>
      names.map((name) => ask(policyOf(`files: [{ read: ["\${${name}}/x"] }]\n`), 'read', `${SOMEBODY[name]}/x`));
    expect(withEnvironment(SOMEBODY, read)).to.deep.equal(['allow', 'allow', 'allow']);
    expect(() =>
      withEnvironment({}, () => {
        throw new Error('x');
      }),
    ).to.throw('x');
    expect(names.map((name) => valueOf(name))).to.deep.equal(before);
  });
  it('symlinks in them are resolved, as in the paths that are judged', () => {
    const top = realpathSync(mkdtempSync(join(tmpdir(), 'variables-')));
    try {
      mkdirSync(join(top, 'real'));
      symlinkSync('real', join(top, 'link'));
      symlinkSync('/etc', join(top, 'etc'));
      expect(valueOf('HOME', { HOME: join(top, 'link') })).to.equal(join(top, 'real'));
      expect(() => valueOf('HOME', { HOME: join(top, 'etc') })).to.throw(Problem, /\$\{HOME\} is "\/etc"/);
    } finally {
      rmSync(top, { recursive: true });
    }
  });
  for (const value of [
    undefined,
    '',
    'home',
    '/',
    '//',
    '/home',
    '/home/',
    '/etc',
    '/etc/x',
    '/usr/sbin',
    '/dev',
    '/proc/self',
    '/a/../b',
    '/a/./b',
    '/a//b',
    '/a/..',
    '/a\ufffd',
    '/var',
    '/lib/x',
  ])
    it(`HOME ${JSON.stringify(value)} is refused where it is used`, () =>
      withVariable('HOME', value, () => {
        expect(problemsOf('files:\n  - { read: ["${HOME}/x"] }\n').join('\n')).to.match(
          /^a\.yaml:2:\d+: \$\{HOME\} is ".*", must be an absolute path of a directory of its own/,
        );
        expect(problemsOf('files:\n  - { read: ["/x"] }\n')).to.deep.equal([]);
      }));
  for (const text of [
    '${HOME}x',
    '${home}/x',
    '${PATH}/x',
    '${}/x',
    '${HOME/x',
    '$HOME/x',
    'x${HOME}',
    '${HOME}${HOME}',
    '/${HOME}',
  ])
    it(`${text} is no pattern`, () => {
      expect(problemsOf(`files:\n  - { read: ["${text}"] }\n`)).to.have.lengthOf(1);
    });
  it('are known in tests', () => {
    withVariable('HOME', '/nobody/a*', () =>
      expect(questionOf('read ${HOME}/x y')).to.deep.equal({ ask: 'path', access: 'read', path: '/nobody/a*/x y' }),
    );
    expect(() => questionOf('read ${PATH}/x')).to.throw(Problem);
  });
});

describe('bytes of patterns', () => {
  it('match themselves alone', () => {
    const glob = parseGlob('/a\\xff/\\x80*');
    expect(matchesPath(glob, '/a\xff/\x80b')).to.equal(true);
    for (const path of ['/a\xfe/\x80b', '/axff/\x80b', '/a\xff/b', '/aff/\x80b', '/a\xc3\xbf/\x80b'])
      expect(matchesPath(glob, path), JSON.stringify(path)).to.equal(false);
  });
  it('are none that mean something, and none in capitals', () => {
    for (const text of ['/\\x2e\\x2e', '/a\\x2fb', '/\\x00', '/\\x7f', '/\\xFF', '/[\\xff]'])
      expect(() => parseGlob(text), text).to.throw(Problem);
    expect(matchesPath(parseGlob('/\\xylem'), '/xylem')).to.equal(true);
  });
});
