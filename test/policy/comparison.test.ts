/** What docs/comparison.md claims for the sandbox. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { compile } from '../../src/policy/compile.js';
import { loadPolicy } from '../../src/policy/load.js';
import { rowOf } from '../../src/syscalls/table.js';
import { examplesIn } from './documented.js';
import { withFiles } from './helpers.js';
import { answer, toldBy } from './told.js';

const TEXT = readFileSync(new URL('../../docs/comparison.md', import.meta.url), 'utf8');
const [EXAMPLE, ...more] = examplesIn(TEXT);
/** Rows of the tables by their first cell. */
const ROWS = new Map(
  [...TEXT.matchAll(/^\| (?!\| )([^|]+) \| ([^|]+) \|.*$/gm)].map(([, statement, ours]) => [statement, ours]),
);

describe('docs/comparison.md', () => {
  it('has one policy, and each answer that it tells holds', () => {
    expect(more).to.deep.equal([]);
    const told = toldBy(EXAMPLE);
    expect(told.length)
      .to.equal(EXAMPLE.split('# =>').length - 1)
      .and.to.be.above(10);
    const policy = withFiles({ 'a.yaml': EXAMPLE }, (at) =>
      compile(loadPolicy([`${at}/a.yaml`], { knownSyscall: (name) => rowOf(name) !== undefined })),
    );
    for (const { question, expected } of told) expect(answer(policy, question), question).to.equal(expected);
  });
  it('takes our words for files, addresses and calls from it', () => {
    for (const statement of [
      'only below this directory may be written',
      'deny one file in an allowed tree',
      'deny names by a pattern, also those that come later',
      'no connection but to 127.0.0.1:80 of this machine',
      'serve this port alone',
      'this unix socket, by path or abstract name',
      'this call with this argument',
      'another answer, not an error',
    ]) {
      const words = [...(ROWS.get(statement) ?? '').matchAll(/`([^`]+)`/g)].flatMap(
        ([, text]) => text.match(/"[^"]+"|\breturn: \d/g) ?? [],
      );
      expect(words, statement).not.to.deep.equal([]);
      for (const word of words) expect(EXAMPLE, statement).to.contain(word);
    }
  });
  it('has the same number of cells in each row of a table', () => {
    for (const table of TEXT.match(/(?:^\|.*\n)+/gm) ?? []) {
      const counts = table
        .trimEnd()
        .split('\n')
        .map((row) => row.split(/(?<!\\)\|/).length);
      expect(new Set(counts).size, table).to.equal(1);
    }
  });
});
