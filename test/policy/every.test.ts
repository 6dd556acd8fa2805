import { expect } from 'chai';
import { every, REFUSING } from '../../src/policy/every.js';
import type { CallRule, Decision, Judge, Question } from '../../src/questions.js';

const REGISTERS = new Uint32Array(6);
const question: Question = { ask: 'path', access: 'read', path: '/x' };
const allow: Decision = { verdict: { verdict: 'allow' }, rule: null };
const logged: Decision = { verdict: { verdict: 'allow', log: true }, rule: null };
const alarm: Decision = { verdict: { verdict: 'allow', log: true, alarm: true }, rule: null };
const instead: Decision = { verdict: { verdict: 'allow', instead: { verdict: 'kill' } }, rule: null };
const deny = (errno: number): Decision => ({ verdict: { verdict: 'deny', errno }, rule: null });
const kill: Decision = { verdict: { verdict: 'kill' }, rule: null };

const saying = (decision: Decision, calls: Record<string, CallRule> = {}): Judge => ({
  decide: () => decision,
  mayRelabel: () => decision,
  calls: new Map(Object.entries(calls)),
});

describe('several judges', () => {
  for (const [what, said, result] of [
    ['what all allow is allowed', [allow, allow], allow],
    ['the first refusal counts', [allow, deny(1), kill], deny(1)],
    ['an allowance that wants a log line is the one that counts', [allow, logged, allow], logged],
    ['one that the log tells all about counts before that', [logged, alarm, allow], alarm],
    ['one that would be a refusal counts before both', [logged, alarm, instead, alarm], instead],
    ['a refusal counts before all', [logged, instead, deny(2)], deny(2)],
  ] as const)
    it(what, () => {
      const [one, ...more] = said.map((decision) => saying(decision));
      expect(every([one, ...more]).decide(question)).to.deep.equal(result);
      expect(every([one, ...more]).mayRelabel('/a', '/b', false)).to.deep.equal(result);
    });

  it('one is itself', () => {
    const one = saying(allow);
    expect(every([one])).to.equal(one);
  });

  it('each may name calls, and may say nothing of some arguments', () => {
    const flagged: CallRule = (r) => (r[1] === 0 ? undefined : deny(13));
    const both = every([saying(allow, { openat: flagged }), saying(allow, { openat: () => allow, mkdir: () => kill })]);
    expect([...both.calls.keys()].sort()).to.deep.equal(['mkdir', 'openat']);
    expect(both.calls.get('mkdir')?.(REGISTERS)).to.equal(kill);
    expect(both.calls.get('openat')?.(REGISTERS)).to.equal(allow);
    expect(both.calls.get('openat')?.(Uint32Array.of(0, 1, 0, 0, 0, 0))).to.deep.equal(deny(13));
    const silent = every([saying(allow, { openat: flagged }), saying(allow)]);
    expect(silent.calls.get('openat')?.(REGISTERS)).to.equal(undefined);
  });

  it('who has none may do nothing', () => {
    expect(REFUSING.decide(question).verdict).to.deep.equal({ verdict: 'deny', errno: 13 });
    expect(every([saying(allow), REFUSING]).decide(question).verdict).to.deep.equal({ verdict: 'deny', errno: 13 });
  });
});
