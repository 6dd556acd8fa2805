/** The `tests:` of an ACL file, asked of the policy that the file and what it includes make. */
import { printable } from '../abi/bytes.js';
import { answer, isAllowed } from './answer.js';
import { every } from './every.js';
import { loadLayers, type LoadedFile, type LoadOptions } from './load.js';
import { questionOf, verdictText } from './question-text.js';
import { judgeOfSheet, sheetOf } from './sheet.js';
import type { Decision, Judge } from '../questions.js';

export interface Checked {
  readonly tests: number;
  /** `file:line:column: …`, one for each test that does not hold. */
  readonly failures: readonly string[];
}

const listOf = (given: string | string[] | undefined): readonly string[] =>
  given === undefined ? [] : typeof given === 'string' ? [given] : given;

const by = ({ rule }: Decision): string =>
  rule === null ? 'by default' : `by ${rule.file}:${rule.line}:${rule.column}: ${rule.text}`;

/** Those of the file itself: an included one is no policy by itself, and is checked on its own. */
function checkTests({ file, acl, locate }: LoadedFile, judge: Judge): Checked {
  const failures: string[] = [];
  let tests = 0;
  for (const [index, test] of (acl.tests ?? []).entries())
    for (const key of ['allow', 'deny'] as const)
      for (const text of listOf(test[key])) {
        tests++;
        const decision = answer(judge, questionOf(text));
        const must = key === 'allow' ? 'allow' : (test.errno ?? 'deny');
        const holds =
          isAllowed(decision) === (key === 'allow') &&
          (key === 'allow' || (test.errno ?? verdictText(decision)) === verdictText(decision));
        if (holds) continue;
        const { line, column } = locate(['tests', index, key]);
        failures.push(
          `${file}:${line}:${column}: ${printable(text)} is ${verdictText(decision)} ${by(decision)}, must be ${must}`,
        );
      }
  return { tests, failures };
}

/** The tests of each document, asked of all of them together. Paths to unveil count as they are written. @throws PolicyError */
export function check(file: string, options: LoadOptions): Checked {
  const layers = loadLayers([file], options);
  const [first, ...rest] = layers.map((layer) => judgeOfSheet(sheetOf(layer, (veil) => veil)));
  const judge = every([first, ...rest]);
  const checked = layers.map(({ documents }) => checkTests(documents[0], judge));
  return {
    tests: checked.reduce((sum, { tests }) => sum + tests, 0),
    failures: checked.flatMap(({ failures }) => failures),
  };
}
