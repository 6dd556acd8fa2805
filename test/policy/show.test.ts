/** A policy that was printed decides as the one that it was printed from, whatever is asked. */
import * as fc from 'fast-check';
import { expect } from 'chai';
import { answer } from '../../src/policy/answer.js';
import { compile, type Policy } from '../../src/policy/compile.js';
import { judgeOf } from '../../src/policy/judge-of.js';
import { policyText } from '../../src/policy/show.js';
import { quoted } from '../../src/policy/suggest.js';
import { ACCESSES, NAME_SPACES, VERDICT_WORDS } from '../../src/policy/words.js';
import type { Question, RelabelQuestion } from '../../src/questions.js';
import { rulesOfTexts } from './helpers.js';

/** Few names, so that rules and questions meet. */
const part = fc.constantFrom('a', 'b', 'é', '*', '**', '[!a]', '?x', '\\*', ' ', '#', "'", '\u202e');
const pattern = fc.array(part, { maxLength: 3 }).map((parts) => quoted(`/${parts.join('/')}`));
const endpoint = fc.constantFrom('*:53', '127.0.0.1:80', '127.0.0.0/8:*', '[::1]:1-99', '[fe80::/10]:*').map(quoted);
const why = fc.option(
  fc.string({ minLength: 1 }).map((text) => `, why: ${quoted(text)}`),
  { nil: '' },
);
const list = (item: fc.Arbitrary<string>) =>
  fc.array(item, { minLength: 1, maxLength: 3 }).map((all) => all.join(', '));
const access = fc.constantFrom(...ACCESSES);
const file = fc.oneof(
  fc.tuple(access, list(pattern), why).map(([key, globs, more]) => `{ ${key}: [${globs}]${more} }`),
  fc
    .tuple(list(pattern), fc.constantFrom('EPERM', 'ENOENT'), fc.uniqueArray(access, { minLength: 1 }), why)
    .map(
      ([globs, errno, kinds, more]) => `{ deny: [${globs}], errno: ${errno}, access: [${kinds.join(', ')}]${more} }`,
    ),
  list(pattern).map((globs) => `{ deny: [${globs}] }`),
);
const net = fc.oneof(
  fc
    .tuple(fc.constantFrom('connect', 'bind', 'send'), list(endpoint), why)
    .map(([key, ends, more]) => `{ ${key}: [${ends}]${more} }`),
  pattern.map((glob) => `{ unix: [${glob}] }`),
  fc.constantFrom('{ unix: ["@a*"] }', '{ families: [netlink, inet6] }'),
);
const name = fc
  .tuple(fc.constantFrom(...NAME_SPACES), fc.constantFrom('a', '**', 'inet', 'a*'))
  .map(([space, text]) => `{ space: ${space}, names: ["${text}"] }`);
const verdict = fc.oneof(
  fc.constantFrom(...VERDICT_WORDS),
  fc.constantFrom('{ return: -1 }', '{ deny: EROFS, why: "x # y" }', '{ verdict: kill, why: no }'),
);
const calls = fc.dictionary(fc.constantFrom('read', 'open', 'uname', 'time'), verdict, { noNullPrototype: true });
const acl = fc
  .record({ files: fc.array(file), net: fc.oneof(fc.constant(null), fc.array(net)), names: fc.array(name), calls })
  .map(
    ({ files, net, names, calls }) =>
      `files: [${files.join(', ')}]\nnetwork: ${net === null ? 'none' : `[${net.join(', ')}]`}\nnames: [${names.join(', ')}]\n` +
      `syscalls: { ${Object.entries(calls)
        .map(([key, value]) => `${key}: ${value}`)
        .join(', ')} }\n`,
  );

const path = fc
  .array(fc.constantFrom('a', 'b', '\xc3\xa9', '*', 'zx', ' ', '#', '\xe2\x80\xae'), { maxLength: 3 })
  .map((parts) => `/${parts.join('/')}`);
const question: fc.Arbitrary<Question | RelabelQuestion> = fc.oneof(
  fc.record({ ask: fc.constant('path' as const), access, path }),
  fc.record({ ask: fc.constant('unix' as const), action: fc.constant('send' as const), path }),
  fc.record({ ask: fc.constant('relabel' as const), from: path, to: path, directory: fc.boolean() }),
  fc.record({
    ask: fc.constantFrom('connect' as const, 'bind' as const, 'send' as const),
    family: fc.constant('inet' as const),
    address: fc.constantFrom('127.0.0.1', '192.0.2.1'),
    port: fc.constantFrom(53, 80),
  }),
  fc.record({
    ask: fc.constant('socket' as const),
    family: fc.constantFrom('inet', 'inet6', 'unix', 'netlink', 'packet'),
    type: fc.constantFrom('stream' as const, 'raw' as const),
    protocol: fc.constant(0),
  }),
  fc.record({
    ask: fc.constant('name' as const),
    space: fc.constantFrom(...NAME_SPACES),
    name: fc.constantFrom('a', 'ab', 'inet', 'c'),
  }),
  fc.record({ ask: fc.constant('syscall' as const), name: fc.constantFrom('read', 'open', 'uname', 'time', 'getpid') }),
);

const said = (policy: Policy, one: Question | RelabelQuestion) => {
  const { verdict, rule } = answer(judgeOf(policy), one);
  // Abstract names have one section when they are printed.
  return { verdict, text: rule?.text.replace(/^unix @/, 'abstract '), why: rule?.why };
};

describe('a policy that is printed', () => {
  it('decides as it did, with the same rules and reasons', () => {
    fc.assert(
      fc.property(acl, acl, fc.array(question, { minLength: 30, maxLength: 60 }), (one, other, questions) => {
        const rules = rulesOfTexts(one, other);
        const [before, after] = [compile(rules), compile(rulesOfTexts(policyText(rules)))];
        for (const asked of questions)
          expect(said(after, asked), JSON.stringify(asked)).to.deep.equal(said(before, asked));
      }),
      { numRuns: 300 },
    );
  });
  it('names the place of each rule, in ASCII', () => {
    const text = policyText(
      rulesOfTexts('files:\n  - { read: ["/é"], why: "a \\e[31m" }\nsyscalls: { uname: kill }\n'),
    );
    expect(text.replace(/\/\S*\//g, '')).to.equal(
      'files:\n  - { read: ["/\\u00e9"], why: "a \\u001b[31m" } # 0.yaml:2:5\nsyscalls:\n  uname: { verdict: kill } # 0.yaml:3:20\n',
    );
  });
  it('of nothing allows nothing, and loads', () => {
    expect(policyText(rulesOfTexts(policyText([])))).to.equal('{}\n');
  });
});
