import { expect } from 'chai';
import { onDeny } from '../../src/policy/on-deny.js';
import { every } from '../../src/policy/every.js';
import type { Caller, CallRule, Decision, Judge, Verdict } from '../../src/questions.js';

const RULE = { file: 'a.yaml', line: 1, column: 1, text: 'x' };
const said = (verdict: Verdict): Decision => ({ verdict, rule: RULE });
const judgeOf = (verdict: Verdict): Judge => ({
  decide: () => said(verdict),
  mayRelabel: () => said(verdict),
  passes: () => said(verdict),
  calls: new Map<string, CallRule>([
    ['uname', () => said(verdict)],
    ['time', () => undefined],
  ]),
});
const DENY: Verdict = { verdict: 'deny', errno: 1 };
const KILL: Verdict = { verdict: 'kill' };
const GENTLE: Verdict = { verdict: 'deny', errno: 13, gentle: true };

describe('--on-deny', () => {
  const CASES: readonly [how: 'errno' | 'log' | 'kill', given: Verdict, becomes: Verdict][] = [
    ['errno', DENY, DENY],
    ['errno', KILL, KILL],
    ['kill', DENY, KILL],
    ['kill', KILL, KILL],
    ['log', DENY, { verdict: 'allow', log: true, instead: DENY }],
    ['log', KILL, { verdict: 'allow', log: true, alarm: true, instead: KILL }],
    ['errno', GENTLE, GENTLE],
    ['kill', GENTLE, GENTLE],
    ['log', GENTLE, { verdict: 'allow', log: true, instead: GENTLE }],
  ];
  const OTHERS: readonly Verdict[] = [
    { verdict: 'allow' },
    { verdict: 'allow', log: true },
    { verdict: 'return', value: 0 },
    { verdict: 'native' },
  ];
  for (const how of ['errno', 'log', 'kill'] as const)
    for (const [given, becomes] of [
      ...CASES.filter(([one]) => one === how).map(([, ...rest]) => rest),
      ...OTHERS.map((one) => [one, one] as const),
    ])
      it(`${how}: ${JSON.stringify(given)} becomes ${JSON.stringify(becomes)}, with its rule`, () => {
        const judge = onDeny(judgeOf(given), how);
        const registers = new Uint32Array(6);
        for (const decision of [
          judge.decide({ ask: 'syscall', name: 'x' }),
          judge.mayRelabel('/a', '/b', false),
          judge.passes?.(),
          judge.calls.get('uname')?.(registers),
        ])
          expect(decision).to.deep.equal(said(becomes));
        expect(judge.calls.get('time')?.(registers)).to.equal(undefined);
      });

  it('asks by the call and its caller, and passes descriptors without a word where the judge has none', () => {
    const asked: unknown[] = [];
    const caller: Caller = { pid: 7, has: () => true };
    const judge = onDeny(
      {
        decide: (_, call) => (asked.push(call), said(KILL)),
        mayRelabel: () => said(KILL),
        calls: new Map<string, CallRule>([['kill', (_, who) => (asked.push(who), said(KILL))]]),
      },
      'log',
    );
    judge.decide({ ask: 'path', access: 'read', path: '/x' }, 'execve');
    judge.calls.get('kill')?.(new Uint32Array(6), caller);
    expect(asked).to.deep.equal(['execve', caller]);
    expect(judge.passes).to.equal(undefined);
  });

  it('what was let through stays loud beside a judge that allows', () => {
    const allow = judgeOf({ verdict: 'allow' });
    for (const judges of [
      [onDeny(judgeOf(DENY), 'log'), allow],
      [allow, onDeny(judgeOf(DENY), 'log')],
    ] as const)
      expect(every(judges).decide({ ask: 'syscall', name: 'x' }).verdict).to.deep.include({ instead: DENY });
  });
});
