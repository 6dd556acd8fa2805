/** `./sandbox explain [ACLFILE...] QUESTION`: what a policy says, by which rule, without running anything. */
import { printable } from '../abi/bytes.js';
import { answer, isAllowed } from '../policy/answer.js';
import { Problem } from '../policy/problem.js';
import { FORMS, questionOfWords, verdictText } from '../policy/question-text.js';
import { suggest } from '../policy/suggest.js';
import type { Decision, Judge, Question, RelabelQuestion } from '../questions.js';
import { describeQuestion, describeRule } from '../referee/describe.js';
import { rowOf } from '../syscalls/table.js';

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

function asked(words: readonly string[]): Question | RelabelQuestion {
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
function refusedAlways(question: Question | RelabelQuestion): string | undefined {
  const row = question.ask === 'syscall' ? rowOf(question.name) : undefined;
  return row?.by === 'denied' ? `${row.errno}, whatever the policy says: ${row.why}` : undefined;
}

const OUTCOME: Readonly<Record<string, string>> = {
  log: 'allow, logged',
  kill: 'kill: the program dies of SIGSYS',
  native: 'native: the program makes it itself',
};

function ruleOf(question: Question | RelabelQuestion, decision: Decision): string {
  if (decision.rule !== null || !isAllowed(decision)) return describeRule(decision.rule);
  return question.ask === 'syscall'
    ? 'default: a call that no rule names; its paths and addresses are asked about'
    : 'default';
}

/** @throws ExplainError */
export function explain(judge: Judge, words: readonly string[]): Explained {
  const question = asked(words);
  const decision = answer(judge, question);
  const what =
    question.ask === 'relabel'
      ? `name "${printable(question.from)}" "${printable(question.to)}"`
      : describeQuestion(question);
  const never = isAllowed(decision) ? refusedAlways(question) : undefined;
  if (never !== undefined) return { text: `${what}: ${never}\n`, allowed: false };
  const verdict = verdictText(decision);
  const lines = [`${what}: ${OUTCOME[verdict] ?? verdict}`, `  by ${ruleOf(question, decision)}`];
  if (!isAllowed(decision)) {
    const would = suggest(question, decision, judge);
    lines.push(
      would === undefined
        ? '  no rule would allow it beside that'
        : `  would be allowed by ${would.section}: ${would.rule}`,
    );
  }
  return { text: `${lines.join('\n')}\n`, allowed: isAllowed(decision) };
}
