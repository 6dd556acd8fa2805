/** What would allow a refusal does allow it, whatever the name is made of, and speaks to no terminal. */
import * as fc from 'fast-check';
import { expect } from 'chai';
import { decide } from '../../src/policy/decide.js';
import { mayRelabel } from '../../src/policy/relabel.js';
import { patternOf, suggest } from '../../src/policy/suggest.js';
import type { Policy } from '../../src/policy/compile.js';
import type { Judge, Question, RelabelQuestion } from '../../src/questions.js';
import { ACCESSES, NAME_SPACES } from '../../src/policy/words.js';
import { policyOf } from './helpers.js';

const judgeOf = (policy: Policy): Judge => ({
  decide: (question) => decide(policy, question),
  mayRelabel: (from, to, directory) => mayRelabel(policy, from, to, directory),
  calls: new Map(),
});
const answer = (policy: Policy, q: Question | RelabelQuestion) =>
  q.ask === 'relabel' ? mayRelabel(policy, q.from, q.to, q.directory) : decide(policy, q);

/** What is suggested for a question under a policy of this text. */
function suggested(text: string, question: Question | RelabelQuestion) {
  const policy = policyOf(text);
  return suggest(question, answer(policy, question), judgeOf(policy));
}
function allowed(text: string, question: Question | RelabelQuestion): boolean {
  const rule = suggested(text, question);
  if (rule === undefined) return false;
  expect(rule.rule).to.match(/^[ -~]*$/);
  return answer(policyOf(text, `${rule.section}:\n  ${rule.rule}\n`), question).verdict.verdict === 'allow';
}

const component = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ minLength: 1 }),
  )
  .map((bytes) =>
    Buffer.from(bytes as string)
      .toString('latin1')
      .replace(/[\0/]/g, 'x'),
  )
  .filter((name) => name !== '.' && name !== '..');
const path = fc.array(component, { minLength: 1, maxLength: 8 }).map((parts) => `/${parts.join('/')}`);
const name = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const port = fc.integer({ min: 0, max: 65535 });
const inet = (family: 'inet' | 'inet6', address: fc.Arbitrary<string>): fc.Arbitrary<Question> =>
  fc.record({
    ask: fc.constantFrom('connect', 'bind', 'send'),
    family: fc.constant(family),
    address,
    port,
  });
const six = fc.ipV6().filter((address) => !/^[0:]*ffff:|\./i.test(address));
const question: fc.Arbitrary<Question> = fc.oneof(
  fc.record({ ask: fc.constant('path' as const), access: fc.constantFrom(...ACCESSES), path }),
  inet('inet', fc.ipV4()),
  inet('inet6', six),
  fc.record({ ask: fc.constant('unix' as const), action: fc.constant('connect' as const), path }),
  fc.record({ ask: fc.constant('name' as const), space: fc.constantFrom(...NAME_SPACES), name }),
  fc.record({
    ask: fc.constant('socket' as const),
    family: fc.constantFrom('inet', 'unix', 'netlink', 'packet'),
    type: fc.constantFrom('stream', 'raw'),
    protocol: fc.constant(0),
  }),
);

describe('what would allow a refusal', () => {
  it('allows it', () => {
    fc.assert(
      fc.property(question, (q) => allowed('network: none\n', q)),
      { numRuns: 500 },
    );
  });
  it('allows no other name', () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        const rule = suggested('files: []\n', { ask: 'path', access: 'read', path: one });
        const policy = policyOf(`files:\n  ${rule?.rule}\n`);
        return (
          one === other || decide(policy, { ask: 'path', access: 'read', path: other }).verdict.verdict !== 'allow'
        );
      }),
    );
  });

  for (const [path, expected] of [
    ['/etc/motd', '/etc/motd'],
    ['/a b/*?[x]{y}(z)\\', '/a b/\\*\\?\\[x\\]\\{y\\}\\(z\\)\\\\'],
    ['/caf\xc3\xa9/\xff', '/café/\\xff'],
    ['/\x1b[31m', '/\u001b\\[31m'],
  ])
    it(`${JSON.stringify(path)} is matched by ${JSON.stringify(expected)}`, () =>
      expect(patternOf(path)).to.equal(expected));

  it('is written without escapes for a terminal', () => {
    expect(suggested('files: []\n', { ask: 'path', access: 'read', path: '/\x1b]0;x\x07\xe2\x80\xae' })).to.deep.equal({
      section: 'files',
      rule: '- { read: ["/\\u001b\\\\]0;x\\u0007\\u202e"] }',
    });
  });
  it('of a name that would grant more gives what the new name has', () => {
    const text = 'files:\n  - { read: ["/tmp/**"], create: ["/tmp/**", "/srv/**"], execute: ["/tmp/**", "/srv/**"] }\n';
    const relabel: RelabelQuestion = { ask: 'relabel', from: '/srv/a', to: '/tmp/a', directory: false };
    expect(suggested(text, relabel)?.rule).to.equal('- { read: ["/srv/a"] }');
    expect(allowed(text, relabel)).to.equal(true);
    expect(suggested(text, { ...relabel, directory: true })).to.equal(undefined);
  });
  it('is not there for what a rule refuses, and what patterns cannot say', () => {
    const read = { ask: 'path', access: 'read', path: '/a' } as const;
    expect(suggested('files: [{ deny: ["/a"] }]\n', read)).to.equal(undefined);
    expect(suggested('files: []\n', { ...read, path: '/a'.repeat(31) })).to.equal(undefined);
    expect(suggested('syscalls: { uname: kill }\n', { ask: 'syscall', name: 'uname' })).to.equal(undefined);
  });
});
