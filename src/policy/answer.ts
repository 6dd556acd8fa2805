/** One policy, or several as one, asked in words. */
import type { Decision, Judge } from '../questions.js';
import type { Asked } from './question-text.js';

const NO_REGISTERS = new Uint32Array(6);
const GOES_ON: Decision = { verdict: { verdict: 'allow' }, rule: null };

/** What a judge says. Calls are judged by their name and registers alone; those that are not told are 0. */
export function answer(judge: Judge, question: Asked): Decision {
  if (question.ask === 'relabel') return judge.mayRelabel(question.from, question.to, question.directory);
  if (question.ask === 'syscall') {
    const registers = 'registers' in question ? question.registers : NO_REGISTERS;
    return judge.calls.get(question.name)?.(registers) ?? GOES_ON;
  }
  return judge.decide(question);
}

/** No refusal: it is let run, or answered. */
export const isAllowed = ({ verdict }: Decision): boolean => verdict.verdict !== 'deny' && verdict.verdict !== 'kill';
