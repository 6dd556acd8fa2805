/**
 * Real programs, bare and in the sandbox, in equal surroundings: what they print, how they end and the files they leave
 * must be the same. One row of programs.tsv is one program.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { inLanes, outcomeIn, rowsOf, words, type Outcome } from '../support/compare.js';
import { bare, buildGuest, ENVIRONMENT, makeTemporary, remove, sandbox } from '../support/run.js';
import { writeFixtures } from './programs-fixtures.js';

interface Row {
  readonly id: string;
  readonly policy: string;
  readonly stdin: string;
  readonly command: readonly string[];
}

const rows: Row[] = rowsOf('test/e2e/programs.tsv').map(([id, policy, stdin, command]) => ({
  id,
  policy,
  stdin,
  command: words(command),
}));

/** ROWS=REGEX runs some rows alone. */
const wanted = new RegExp(process.env['ROWS'] ?? '');
const chosen = rows.filter(({ id }) => wanted.test(id));

const POLICIES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  none: ['--no-acl'],
  peek: ['--no-acl', '--peek', 'socket'],
};

/** Two at once: more do not help a small machine. */
const LANES = 2;

describe('programs, bare and in the sandbox', () => {
  const top = makeTemporary('programs');
  const results = new Map<string, Promise<[bare: Outcome, inside: Outcome]>>();

  before(function () {
    this.timeout(120_000);
    for (const kind of new Set(chosen.map(({ command }) => command[0]).filter((name) => name.startsWith('@'))))
      buildGuest(kind.slice(1), 'test/guests/hello.c', join(top, `hello-${kind.slice(1)}`));
    inLanes(LANES, chosen, compare).forEach((result, i) => results.set(chosen[i].id, result));
  });
  after(() => remove(top));

  async function compare(row: Row): Promise<[bare: Outcome, inside: Outcome]> {
    const command = row.command.map((word, i) => (i === 0 ? word.replace(/^@/, `${top}/hello-`) : word));
    const stdin = row.stdin.startsWith('<') ? '' : row.stdin.replace(/\\n/g, '\n').replace(/^-$/, '');
    const once = (run: typeof bare): Promise<Outcome> =>
      outcomeIn(join(top, 'rows', row.id), writeFixtures, async (cwd) => {
        const input = row.stdin.startsWith('<') ? readFileSync(join(cwd, row.stdin.slice(1))) : stdin;
        return [await run(command, { cwd, stdin: input, env: { HOME: '/tmp', PWD: cwd, ...ENVIRONMENT } })];
      });
    const outside = await once(bare);
    const inside = await once((c, o) => sandbox(c, { ...o, options: ['-d', 'ERROR', ...POLICIES[row.policy]] }));
    return [outside, inside];
  }

  for (const row of chosen)
    it(`${row.id} (${row.policy})`, async () => {
      const [outside, inside] = (await results.get(row.id)) as [Outcome, Outcome];
      expect(inside).to.deep.equal(outside);
      expect(outside.ended[0].stderr).not.to.contain('error while loading shared libraries');
    });
});
