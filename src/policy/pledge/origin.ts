/** Where promises were made: by an option, by a program, or in a file. */
import type { Rule } from '../../questions.js';

export type Origin = string | Pick<Rule, 'file' | 'line' | 'column'>;

export const ruleOf = (origin: Origin, text: string): Rule =>
  typeof origin === 'string' ? { file: origin, line: 0, column: 0, text } : { ...origin, text };
