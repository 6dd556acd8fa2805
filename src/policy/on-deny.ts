/** What becomes of a refusal: an error, as the rules say; the end of the program; or nothing but a loud line in the log. */
import type { CallRule, Decision, Judge, Verdict } from '../questions.js';

export const ON_DENY = ['errno', 'log', 'kill'] as const;
export type OnDeny = (typeof ON_DENY)[number];

const KILL = Object.freeze({ verdict: 'kill' } as const);

function become(verdict: Verdict, how: OnDeny): Verdict {
  if (verdict.verdict === 'deny' && how === 'kill') return verdict.gentle ? verdict : KILL;
  if (verdict.verdict === 'deny') return { verdict: 'allow', log: true, instead: verdict };
  if (verdict.verdict === 'kill' && how === 'log')
    return { verdict: 'allow', log: true, alarm: true, instead: verdict };
  return verdict;
}
function changed(decision: Decision, how: OnDeny): Decision {
  const verdict = become(decision.verdict, how);
  return verdict === decision.verdict ? decision : { verdict, rule: decision.rule };
}

/** Answers that are no refusals (return, native) stay. Around all judges of a run, or one would refuse what another lets through. */
export function onDeny(judge: Judge, how: OnDeny): Judge {
  if (how === 'errno') return judge;
  const calls = new Map<string, CallRule>();
  for (const [name, rule] of judge.calls)
    calls.set(name, (registers, caller) => {
      const decision = rule(registers, caller);
      return decision && changed(decision, how);
    });
  const { passes } = judge;
  return {
    decide: (question, call) => changed(judge.decide(question, call), how),
    ...(passes === undefined ? {} : { passes: () => changed(passes.call(judge), how) }),
    mayRelabel: (from, to, directory) => changed(judge.mayRelabel(from, to, directory), how),
    calls,
  };
}
