/** Several judges as one: what one refuses is refused, and the first one that does gives the reason. */
import type { Caller, CallRule, Decision, Judge } from '../questions.js';
import { UNLISTED } from './compile.js';

/** How much the log has to tell of an allowance: that it would be a refusal, all, a line, nothing. */
const loudness = ({ verdict }: Decision): number =>
  verdict.verdict !== 'allow' ? 0 : verdict.instead ? 3 : verdict.alarm ? 2 : verdict.log ? 1 : 0;

/** The first refusal (or answer: everything that is not allowing); else the first of the loudest allowances. */
function first(decisions: Iterable<Decision>): Decision | undefined {
  let allowed: Decision | undefined;
  for (const decision of decisions) {
    if (decision.verdict.verdict !== 'allow') return decision;
    if (allowed === undefined || loudness(decision) > loudness(allowed)) allowed = decision;
  }
  return allowed;
}

function* asked(judges: readonly Judge[], ask: (judge: Judge) => Decision): Iterable<Decision> {
  for (const judge of judges) yield ask(judge);
}

function* ruled(rules: readonly CallRule[], registers: Uint32Array, caller?: Caller): Iterable<Decision> {
  for (const rule of rules) {
    const decision = rule(registers, caller);
    if (decision !== undefined) yield decision;
  }
}

const ALLOWED: Decision = Object.freeze({ verdict: Object.freeze({ verdict: 'allow' }), rule: null });

/** @param judges at least one, the one whose word counts first in front */
export function every(judges: readonly [Judge, ...Judge[]]): Judge {
  if (judges.length === 1) return judges[0];
  const decided = (ask: (judge: Judge) => Decision): Decision => first(asked(judges, ask)) as Decision;
  const named = new Set(judges.flatMap(({ calls }) => [...calls.keys()]));
  const calls = new Map<string, CallRule>();
  for (const name of named) {
    const rules = judges.map((judge) => judge.calls.get(name)).filter((rule) => rule !== undefined);
    calls.set(name, (registers, caller) => first(ruled(rules, registers, caller)));
  }
  return {
    decide: (question, call) => decided((judge) => judge.decide(question, call)),
    passes: () => decided((judge) => judge.passes?.() ?? ALLOWED),
    mayRelabel: (from, to, directory) => decided((judge) => judge.mayRelabel(from, to, directory)),
    calls,
  };
}

/** The judge that restricts nothing. */
export const ALLOWING: Judge = { decide: () => ALLOWED, mayRelabel: () => ALLOWED, calls: new Map() };

/** The judge of who has none. */
export const REFUSING: Judge = {
  decide: () => UNLISTED,
  passes: () => UNLISTED,
  mayRelabel: () => UNLISTED,
  calls: new Map(),
};
