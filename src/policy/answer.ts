/** One policy, or several as one, asked in words. */
import type { Decision, Judge, Question, RelabelQuestion } from '../questions.js';

const NO_REGISTERS = new Uint32Array(6);
const GOES_ON: Decision = { verdict: { verdict: 'allow' }, rule: null };

/** What a judge says: calls by what is said of their name, with arguments that are all 0. */
export function answer(judge: Judge, question: Question | RelabelQuestion): Decision {
  if (question.ask === 'relabel') return judge.mayRelabel(question.from, question.to, question.directory);
  if (question.ask === 'syscall') return judge.calls.get(question.name)?.(NO_REGISTERS) ?? GOES_ON;
  return judge.decide(question);
}

/** No refusal: it is let run, or answered. */
export const isAllowed = ({ verdict }: Decision): boolean => verdict.verdict !== 'deny' && verdict.verdict !== 'kill';
