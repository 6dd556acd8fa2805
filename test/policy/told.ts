/** Examples of documents: ACL files in which a line `# => question: answer` tells what becomes of a question. */
import { answer as answerOf } from '../../src/policy/answer.js';
import type { Policy } from '../../src/policy/compile.js';
import { judgeOf } from '../../src/policy/judge-of.js';
import { questionOf } from '../../src/policy/question-text.js';
import type { Judge } from '../../src/questions.js';
import { say } from './helpers.js';

/** What a policy says to a question in words. */
export const answer = (policy: Policy | Judge, question: string): string =>
  say(answerOf('decide' in policy ? policy : judgeOf(policy), questionOf(question)));

/** The questions that an example tells the answers of. */
export const toldBy = (example: string): { readonly question: string; readonly expected: string }[] =>
  [...example.matchAll(/^# => (.*): ([\w -]+)$/gm)].map(([, question, expected]) => ({ question, expected }));
