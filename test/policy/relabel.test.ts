import { expect } from 'chai';
import fc from 'fast-check';
import { allowAll } from '../../src/policy/compile.js';
import { mayRelabel } from '../../src/policy/relabel.js';
import { ACCESSES } from '../../src/policy/words.js';
import { ask, policyOf, say } from './helpers.js';

const RW = '{ read: ["/tmp/**"], write: ["/tmp/**"], create: ["/tmp/**"] }';

const CASES: [
  what: string,
  files: string,
  from: string,
  to: string,
  directory: boolean,
  expected: string,
  rule?: string,
][] = [
  ['a file within one grant', RW, '/tmp/a', '/tmp/b', false, 'allow'],
  ['a directory within one grant', RW, '/tmp/a', '/tmp/b', true, 'allow'],
  ['into more', `${RW}, { execute: ["/tmp/bin/*"] }`, '/tmp/a', '/tmp/bin/a', false, 'EACCES', 'execute /tmp/bin/*'],
  ['into less', `${RW}, { execute: ["/tmp/bin/*"] }`, '/tmp/bin/a', '/tmp/a', false, 'allow'],
  ['out of a denied place', `${RW}, { deny: ["/tmp/s/**"] }`, '/tmp/s/a', '/tmp/a', false, 'EACCES', 'read /tmp/**'],
  ['into a denied place', `${RW}, { deny: ["/tmp/s/**"] }`, '/tmp/a', '/tmp/s/a', false, 'allow'],
  [
    'of the parent of a denied place',
    `${RW}, { deny: ["/tmp/d/s/**"] }`,
    '/tmp/d',
    '/tmp/e',
    true,
    'EACCES',
    'read /tmp/**',
  ],
  ['of its file sibling', `${RW}, { deny: ["/tmp/d/s/**"] }`, '/tmp/d/x', '/tmp/e', false, 'allow'],
  ['onto the parent of a denied place', `${RW}, { deny: ["/tmp/d/s/**"] }`, '/tmp/e', '/tmp/d', true, 'allow'],
  ['a directory, a deny that moves along', `${RW}, { deny: ["/**/.ssh/**"] }`, '/tmp/d', '/tmp/e', true, 'allow'],
  [
    'a directory out of the reach of a deny',
    `${RW}, { deny: ["/tmp/*/.ssh/**"] }`,
    '/tmp/d',
    '/tmp/e/f',
    true,
    'EACCES',
    'read /tmp/**',
  ],
  [
    'a directory above a grant',
    `${RW}, { execute: ["/tmp/e/bin/*"] }`,
    '/tmp/d',
    '/tmp/e',
    true,
    'EACCES',
    'execute /tmp/e/bin/*',
  ],
  [
    'a directory above a grant, one level up',
    `${RW}, { execute: ["/tmp/e/bin/*"] }`,
    '/tmp/d',
    '/tmp',
    true,
    'EACCES',
    'execute /tmp/e/bin/*',
  ],
  ['a file above a grant', `${RW}, { execute: ["/tmp/e/bin/*"] }`, '/tmp/d', '/tmp/e', false, 'allow'],
  ['a grant that moves along', `${RW}, { execute: ["/tmp/*/bin/*"] }`, '/tmp/d', '/tmp/e', true, 'allow'],
  ['stat alone', '{ stat: ["/b/**"] }', '/a', '/b/a', true, 'allow'],
  ['nothing granted on either side', '{ read: ["/x"] }', '/a', '/b', true, 'allow'],
];

describe('relabelling', () => {
  for (const [what, files, from, to, directory, expected, rule] of CASES) {
    it(`${what}: ${from} → ${to} ${expected}`, () => {
      const decision = mayRelabel(policyOf(`files: [${files}]`), from, to, directory);
      expect(say(decision)).to.equal(expected);
      expect(decision.rule?.text).to.equal(rule);
    });
  }

  it('is free where everything is allowed', () => {
    expect(say(mayRelabel(allowAll(), '/a', '/b', true))).to.equal('log');
  });

  it('never makes anything below reachable that was not', () => {
    const name = fc.constantFrom('a', 'b');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => '/' + names.join('/'));
    const glob = fc
      .array(fc.constantFrom('a', 'b', '*', '?', '**'), { minLength: 1, maxLength: 4 })
      .map((names) => '/' + names.join('/'));
    const access = fc.constantFrom('read', 'write');
    const rule = fc.oneof(
      fc.tuple(access, glob).map(([kind, text]) => `{ ${kind}: ["${text}"] }`),
      glob.map((text) => `{ deny: ["${text}"] }`),
      fc.tuple(access, glob).map(([kind, text]) => `{ deny: ["${text}"], access: [${kind}] }`),
    );
    const below = ['', '/a', '/b', '/a/a', '/a/b', '/b/a', '/b/b', '/a/b/a', '/b/b/b/a'];
    let allowed = 0;
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), path, path, (rules, from, to) => {
        const policy = policyOf(`files: [${rules.join(', ')}]`);
        if (say(mayRelabel(policy, from, to, true)) !== 'allow') return;
        allowed += 1;
        for (const each of ACCESSES.filter((kind) => kind !== 'stat')) {
          for (const rest of below) {
            if (ask(policy, each, to + rest) === 'allow')
              expect(ask(policy, each, from + rest), `${each} ${rest}`).to.equal('allow');
          }
        }
      }),
      { numRuns: 3000 },
    );
    expect(allowed).to.be.above(300);
  }).timeout(60_000);
});
