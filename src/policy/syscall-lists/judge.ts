/** Lists of calls as a judge: it speaks of calls by name and registers, and allows whatever else is asked. */
import { syscallName } from '../../abi/numbers.js';
import type { CallRule, Decision, Judge, Rule, Verdict } from '../../questions.js';
import { rows } from '../../syscalls/table.js';
import { ALLOWING } from '../every.js';
import type { Entry, Lists } from './lists.js';
import { ALLOW } from './variables.js';

const PUNISHED: Readonly<Record<Lists['action'], Verdict>> = {
  kill: { verdict: 'kill' },
  log: { verdict: 'allow', log: true, alarm: true },
};

const decision = (verdict: Verdict, file: string, text: string): Decision => {
  const rule: Rule = Object.freeze({ file, line: 0, column: 0, text });
  return Object.freeze({ verdict: Object.freeze(verdict), rule });
};

/** What entry says when it is the one that counts; undefined: the call goes on. */
function said({ variable, action }: Lists, { text, errno }: Entry): Decision | undefined {
  if (errno !== 0 && action === 'kill') return decision({ verdict: 'deny', errno }, variable, text);
  return variable === ALLOW && errno === 0 ? undefined : decision(PUNISHED[action], variable, text);
}

/** The rule of one call: the first entry whose condition holds counts, then what is done without one. undefined: it is free. */
function ruleOf(lists: Lists, name: string): CallRule | undefined {
  const entries = lists.entries.filter(({ calls }) => calls.some((each) => each === name));
  const unlisted =
    lists.variable === ALLOW ? decision(PUNISHED[lists.action], lists.variable, `${name} is not listed`) : undefined;
  const outcomes = entries.map((entry) => ({ condition: entry.condition, outcome: said(lists, entry) }));
  const settled = outcomes.findIndex(({ condition }) => condition === null);
  // The hook need not ask for what is free whatever its arguments are.
  if (
    settled < 0 ? unlisted === undefined && outcomes.length === 0 : settled === 0 && outcomes[0].outcome === undefined
  )
    return undefined;
  return (registers) => {
    for (const { condition, outcome } of outcomes) if (condition === null || condition(registers)) return outcome;
    return unlisted;
  };
}

const present = rows.filter((row) => row !== undefined);

export function listsJudge(lists: Lists): Judge {
  const calls = new Map<string, CallRule>();
  for (const { nr } of present) {
    const name = syscallName(nr);
    const rule = ruleOf(lists, name);
    if (rule !== undefined) calls.set(name, rule);
  }
  return { ...ALLOWING, calls };
}

/** arch/x86: seccomp_mode1_syscalls of a 32-bit thread. */
const STRICT = ['read', 'write', 'exit', 'sigreturn'];
/** The restricted calls that strict mode allows: who goes past the hook makes them all the same. */
export const unbound = ({ calls }: Judge): string[] => STRICT.filter((name) => calls.has(name));

/** What is said of them at the start. */
export function introduction(lists: Lists): string[] {
  const action = lists.variable === ALLOW ? (lists.action === 'log' ? 'log' : 'kill process') : 'allow';
  return [
    `initializing seccomp with default action (${action})`,
    ...lists.entries.map(({ text }) => `adding ${text} to the process seccomp filter`),
  ];
}
