/** The tables of test/programs, for docs/compatibility.md. */
import { rowsOf } from '../test/support/compare.js';

type Row = readonly string[];

/** Columns of the files, by place. */
const [ID, PACKAGES, NEEDS, POLICY, WHY] = [0, 1, 2, 3, 6];

const table = (head: readonly string[], rows: readonly Row[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');

const runs = (row: Row): string => (row[POLICY] === '-' ? 'not yet' : row[NEEDS] === 'nothing' ? 'yes' : 'in part');

export function markdownOfPrograms(): string {
  const matrix = rowsOf('test/programs/matrix.tsv');
  const more = rowsOf('test/programs/programs.tsv');
  return [
    '\n',
    table(
      ['row', 'needs', 'runs', ''],
      matrix.map((row) => [row[ID], row[NEEDS], runs(row), row[WHY]]),
    ),
    `\nAnd these ${more.length}, which need nothing that is missing:\n\n`,
    table(
      ['packages', 'row', ''],
      more.map((row) => [row[PACKAGES], row[ID], row[WHY]]),
    ),
    '\n',
  ].join('');
}
