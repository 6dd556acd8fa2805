/** The tables of test/programs, for docs/compatibility.md. */
import { rowsOf } from '../test/support/compare.js';

type Row = readonly string[];

const table = (head: readonly string[], rows: readonly Row[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');

/** Of a table of command lines: id, packages, policy, setup, command, check, inside, why. */
const line = ([id, , policy, , , , inside, why]: Row): Row => [id, policy, inside === '-' ? 'yes' : 'differs', why];

export function markdownOfPrograms(): string {
  const lines = (name: string): string =>
    table(['row', 'policy', 'as bare', ''], rowsOf(`test/programs/${name}.tsv`).map(line));
  const direct = rowsOf('test/programs/programs.tsv').map(([id, packages, policy, , , why]) => [
    packages,
    id,
    policy,
    why,
  ]);
  return [
    `\nA list that users named:\n\n${lines('matrix')}`,
    `\nMore command lines:\n\n${lines('lines')}`,
    `\nAnd these ${direct.length}, each program directly, without a shell; files compared as well:\n\n`,
    table(['packages', 'row', 'policy', ''], direct),
    '\n',
  ].join('');
}
