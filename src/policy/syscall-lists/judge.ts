/** Lists of calls as rules, and as a judge that speaks of calls by name and registers, and allows whatever else is asked. */
import type { CallRule, Judge, Rule, Verdict } from '../../questions.js';
import { compile } from '../compile.js';
import { ALLOWING } from '../every.js';
import { runJudgeOf } from '../judge-of.js';
import type { AclRule, CallCase } from '../rules.js';
import { UNLISTED_CALLS } from '../words.js';
import type { Entry, Lists } from './lists.js';
import { ALLOW } from './variables.js';

const ALLOWED: Verdict = Object.freeze({ verdict: 'allow' });
const PUNISHED: Readonly<Record<Lists['action'], Verdict>> = {
  kill: { verdict: 'kill' },
  log: { verdict: 'allow', log: true, alarm: true },
};

const ruleIn = ({ variable }: Lists, text: string): Rule => Object.freeze({ file: variable, line: 0, column: 0, text });

/** What entry says when it is the one that counts. */
function said({ variable, action }: Lists, { errno }: Entry): Verdict {
  if (errno !== 0 && action === 'kill') return { verdict: 'deny', errno };
  return variable === ALLOW && errno === 0 ? ALLOWED : PUNISHED[action];
}

/** Of the entries for one call, in their order; what follows one without a condition is never reached. */
function casesOf(lists: Lists, name: string): CallCase[] {
  const entries = lists.entries.filter(({ calls }) => calls.some((each) => each === name));
  const last = entries.findIndex(({ when }) => when === null);
  return entries.slice(0, last < 0 ? undefined : last + 1).map((entry) => ({
    when: entry.when,
    verdict: said(lists, entry),
    rule: ruleIn(lists, entry.text),
  }));
}

/** As an ACL file says it: the first case that holds counts, then what is not listed. */
export function listRules(lists: Lists): AclRule[] {
  const names = new Set(lists.entries.flatMap(({ calls }) => calls));
  const rules = [...names].map((name): AclRule => {
    const cases = casesOf(lists, name);
    return { kind: 'syscall', name, cases, rule: cases[0].rule };
  });
  const rule = ruleIn(lists, 'is not listed');
  const unlisted: CallCase = { when: null, verdict: PUNISHED[lists.action], rule };
  return [
    ...(lists.variable === ALLOW
      ? [{ kind: 'syscall', name: UNLISTED_CALLS, cases: [unlisted], rule } satisfies AclRule]
      : []),
    ...rules,
    { kind: 'otherwise', of: 'else', verdict: ALLOWED, rule: ruleIn(lists, 'it speaks of calls alone') },
  ];
}

/** Of what goes on nothing is said. */
const silent =
  (rule: CallRule): CallRule =>
  (registers) => {
    const decision = rule(registers);
    const goesOn = decision?.verdict.verdict === 'allow' && decision.verdict.log !== true;
    return goesOn ? undefined : decision;
  };

export function listsJudge(lists: Lists): Judge {
  const { calls } = runJudgeOf(compile(listRules(lists)));
  return { ...ALLOWING, calls: new Map([...calls].map(([name, rule]) => [name, silent(rule)])) };
}

/** What is said of them at the start. */
export function introduction(lists: Lists): string[] {
  const action = lists.variable === ALLOW ? (lists.action === 'log' ? 'log' : 'kill process') : 'allow';
  return [
    `initializing seccomp with default action (${action})`,
    ...lists.entries.map(({ text }) => `adding ${text} to the process seccomp filter`),
  ];
}
