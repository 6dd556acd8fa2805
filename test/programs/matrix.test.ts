/** Whole command lines in bash, bare and in the sandbox: the check of a row must hold in both worlds. */

import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { inLanes, rowsOf } from '../support/compare.js';
import { execute, makeTemporary, remove, type Ended } from '../support/run.js';
import { bare, environment, inside, LANES, wanted, type World } from './worlds.js';

interface Row {
  readonly id: string;
  readonly policy: string;
  readonly setup: string;
  readonly command: string;
  readonly check: string;
  /** Of the run in the sandbox. */
  readonly inside: string;
}

const rows = ['matrix', 'lines']
  .flatMap((name) => rowsOf(`test/programs/${name}.tsv`))
  .map(([id, , policy, setup, command, check, within]): Row => ({
    id,
    policy,
    setup,
    command,
    check,
    inside: within === '-' ? check : within,
  }))
  .filter(({ id }) => wanted.test(id));

const CACHE = join(makeTemporary('lines'), 'cache');
/** A guard against hanging. */
const PATIENCE = 120_000;

async function outcome(world: World, place: string, { setup, command }: Row): Promise<Ended> {
  const cwd = join(place, 'work');
  mkdirSync(cwd, { recursive: true });
  for (const directory of [place, cwd]) chmodSync(directory, 0o755);
  const env = { ...environment(cwd, CACHE), TMPDIR: cwd, TMUX_TMPDIR: cwd };
  const run = (line: string): Promise<Ended> =>
    execute(world(cwd, ['bash', '-c', line]), { cwd, env, timeout: PATIENCE, group: true });
  try {
    if (setup !== '-') await run(setup);
    return await run(command);
  } finally {
    remove(place);
  }
}

/** Throws, with all that was said, when a check does not hold. */
function expectCheck({ stdout, stderr, status }: Ended, check: string): void {
  const said = `stdout: ${stdout}\nstderr: ${stderr}`;
  const parts = check.split(' && ').map((part) => part.split(/=(.*)/s, 2) as [kind: string, value: string]);
  for (const [kind, value] of parts)
    if (kind === 'out') expect(stdout.trim(), said).to.equal(value.replaceAll('\\n', '\n'));
    else if (kind === 're') expect(stdout.trim(), said).to.match(new RegExp(value, 'm'));
    else if (kind !== 'rc') throw new Error(`${check}: ${kind} must be out, re or rc`);
  expect(status, said).to.equal(Number(parts.find(([kind]) => kind === 'rc')?.[1] ?? 0));
}

describe('command lines, bare and in the sandbox', function () {
  this.timeout(4 * PATIENCE);
  const top = dirname(CACHE);
  const results = new Map<string, Promise<[outside: Ended, within: Ended]>>();

  before(() =>
    inLanes(LANES, rows, async (row): Promise<[Ended, Ended]> => {
      const place = join(top, row.id);
      return [await outcome(bare, place, row), await outcome(inside(row.policy), place, row)];
    }).forEach((result, i) => results.set(rows[i].id, result)),
  );
  after(() => remove(top));

  for (const row of rows)
    it(`${row.id} (${row.policy})`, async () => {
      const [outside, within] = (await results.get(row.id)) as [Ended, Ended];
      expectCheck(outside, row.check);
      expectCheck(within, row.inside);
    });
});
