/** `./sandbox explain [OPTIONS] [ACLFILE...] QUESTION`: what a policy says, by which rule, without running anything. */
import { printable } from '../abi/bytes.js';
import { answer, isAllowed } from '../policy/answer.js';
import { every } from '../policy/every.js';
import type { From } from '../policy/layers.js';
import { Problem } from '../policy/problem.js';
import { FORMS, questionOfWords, verdictText, type Asked } from '../policy/question-text.js';
import { suggest } from '../policy/suggest.js';
import type { Decision } from '../questions.js';
import { describeQuestion, describeRule } from '../referee/describe.js';
import { rowOf } from '../syscalls/table.js';
import { asciiJson } from './ascii.js';
import type { FrontEnd } from './front-ends.js';

/** Words that stand for those of questions. */
const SYNONYMS: Readonly<Record<string, string>> = { open: 'read', exec: 'execute' };
/** What a question begins with. */
export const VERBS: ReadonlySet<string> = new Set([
  ...FORMS.flatMap((form) => form.split(' ')[0].split('|')),
  ...Object.keys(SYNONYMS),
]);

/** What was asked makes no sense; the message says what must be. */
export class ExplainError extends Error {}

export interface Explained {
  readonly text: string;
  readonly allowed: boolean;
}

/** Files stand before the question, which begins with the first of its words. @throws ExplainError */
export function split(words: readonly string[]): { readonly files: readonly string[]; readonly question: string[] } {
  const at = words.findIndex((word) => VERBS.has(word));
  if (at < 0) throw new ExplainError(`a question must follow the files: ${[...VERBS].join(', ')}`);
  const [verb, ...rest] = words.slice(at);
  return { files: words.slice(0, at), question: [SYNONYMS[verb] ?? verb, ...rest] };
}

function asked(words: readonly string[]): Asked {
  try {
    const question = questionOfWords(words);
    if (question.ask === 'syscall' && rowOf(question.name) === undefined)
      throw new ExplainError(`"${question.name}" must be the name of an i386 system call`);
    return question;
  } catch (error) {
    if (error instanceof Problem) throw new ExplainError(error.message);
    throw error;
  }
}

/** Of a call that no program gets. */
function refusedAlways(question: Asked): string | undefined {
  const row = question.ask === 'syscall' ? rowOf(question.name) : undefined;
  return row?.by === 'denied' ? `${row.errno}, whatever the policy says: ${row.why}` : undefined;
}

const OUTCOME: Readonly<Record<string, string>> = {
  log: 'allow, logged',
  warn: 'allow, with a warning',
  kill: 'kill: the program dies of SIGSYS',
  native: 'native: the program makes it itself',
};

function ruleOf(question: Asked, decision: Decision): string {
  if (decision.rule !== null || !isAllowed(decision)) return describeRule(decision.rule);
  return question.ask === 'syscall'
    ? 'default: a call that no rule names; its paths and addresses are asked about'
    : 'default';
}

const POINTS: Readonly<Record<From, string>> = {
  exec: 'in force from the start',
  entry: "in force from the program's entry",
  main: "in force from the program's main",
};

/** As the judges of a run are asked: the first that does not let it go on, else what all say together. */
function decided(fronts: readonly FrontEnd[], question: Asked): { decision: Decision; by: FrontEnd | undefined } {
  for (const front of fronts) {
    const decision = answer(front.judge, question);
    if (decision.verdict.verdict !== 'allow') return { decision, by: front };
  }
  const [first, ...rest] = fronts.map(({ judge }) => judge);
  return { decision: answer(every([first, ...rest]), question), by: undefined };
}

const argumentsIn = (question: Asked, words: readonly string[]): string =>
  'registers' in question ? `(${words.slice(2).map(printable).join(', ')})` : '';

/** @param fronts at least one, in the order in which they are asked @throws ExplainError */
export function explain(fronts: readonly FrontEnd[], words: readonly string[], json = false): Explained {
  const question = asked(words);
  const { decision, by } = decided(fronts, question);
  const what =
    question.ask === 'relabel'
      ? `name "${printable(question.from)}" "${printable(question.to)}"`
      : `${describeQuestion(question)}${argumentsIn(question, words)}`;
  const never = isAllowed(decision) ? refusedAlways(question) : undefined;
  const verdict = verdictText(decision);
  const allowed = never === undefined && isAllowed(decision);
  const would = allowed || by === undefined ? undefined : suggest(question, decision, by.judge);
  if (json) {
    const { file, line, column, text, why } = decision.rule ?? {};
    const rule = decision.rule === null ? null : { file, line, column, text, why };
    const layer = by === undefined ? null : { name: by.name, from: by.from };
    const document = {
      version: 1,
      question: words,
      allowed,
      verdict,
      never: never ?? null,
      rule,
      layer,
      allow: would ?? null,
    };
    return { text: `${asciiJson(document)}\n`, allowed };
  }
  if (never !== undefined) return { text: `${what}: ${never}\n`, allowed };
  const lines = [`${what}: ${OUTCOME[verdict] ?? verdict}`, `  by ${ruleOf(question, decision)}`];
  if (by !== undefined && (fronts.length > 1 || by.from !== 'exec'))
    lines.push(`  layer: ${by.name}, ${POINTS[by.from]}`);
  if (!allowed)
    lines.push(
      would === undefined
        ? '  no rule would allow it beside that'
        : `  would be allowed by ${would.section}: ${would.rule}`,
    );
  return { text: `${lines.join('\n')}\n`, allowed };
}
