/** What becomes of a refusal: an error, as the rules say; the end of the program; or nothing but a loud line in the log. */
import type { CallRule, Decision, Judge } from '../questions.js';

export const ON_DENY = ['errno', 'log', 'kill'] as const;
export type OnDeny = (typeof ON_DENY)[number];

const KILL = Object.freeze({ verdict: 'kill' } as const);

function changed(decision: Decision, how: OnDeny): Decision {
  const { verdict, rule } = decision;
  if (verdict.verdict !== 'deny' && verdict.verdict !== 'kill') return decision;
  if (how === 'kill') return { verdict: KILL, rule };
  return { verdict: { verdict: 'allow', log: true, instead: verdict }, rule };
}

/** Answers that are no refusals (return, native) stay. Around all judges of a run, or one would refuse what another lets through. */
export function onDeny(judge: Judge, how: OnDeny): Judge {
  if (how === 'errno') return judge;
  const calls = new Map<string, CallRule>();
  for (const [name, rule] of judge.calls)
    calls.set(name, (registers) => {
      const decision = rule(registers);
      return decision && changed(decision, how);
    });
  return {
    decide: (question) => changed(judge.decide(question), how),
    mayRelabel: (from, to, directory) => changed(judge.mayRelabel(from, to, directory), how),
    calls,
  };
}
