/**
 * Real programs, bare and in the sandbox, in equal surroundings: what they print, how they end and the files they leave
 * must be the same. One row of programs.tsv is one program.
 */

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { bare, buildGuest, ENVIRONMENT, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';
import { writeFixtures } from './programs-fixtures.js';

interface Row {
  readonly id: string;
  readonly policy: string;
  readonly stdin: string;
  readonly command: readonly string[];
}

interface Outcome extends Ended {
  readonly files: readonly string[];
}

/** Words as sh has them: '…' as it stands, "…" and \ for single characters; nothing is expanded. */
function words(line: string): string[] {
  const found = line.match(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/g) ?? [];
  return found.map((word) =>
    word.replace(
      /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
      (_, single?: string, double?: string, one?: string) => single ?? double?.replace(/\\(["\\])/g, '$1') ?? one ?? '',
    ),
  );
}

const rows: Row[] = readFileSync('test/e2e/programs.tsv', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'))
  .map(([id, policy, stdin, command]) => ({ id, policy, stdin, command: words(command) }));

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
    const lanes = Array.from({ length: LANES }, () => Promise.resolve<unknown>(undefined));
    chosen.forEach((row, i) => {
      const result = lanes[i % LANES].then(() => compare(row));
      lanes[i % LANES] = result.catch(() => undefined);
      results.set(row.id, result);
    });
  });
  after(() => remove(top));

  async function compare(row: Row): Promise<[bare: Outcome, inside: Outcome]> {
    const command = row.command.map((word, i) => (i === 0 ? word.replace(/^@/, `${top}/hello-`) : word));
    const stdin = row.stdin.startsWith('<') ? '' : row.stdin.replace(/\\n/g, '\n').replace(/^-$/, '');
    const once = async (run: typeof bare): Promise<Outcome> => {
      const place = join(top, 'rows', row.id);
      const cwd = join(place, 'work');
      mkdirSync(place, { recursive: true });
      try {
        writeFixtures(cwd);
        const input = row.stdin.startsWith('<') ? readFileSync(join(cwd, row.stdin.slice(1))) : stdin;
        const ended = await run(command, { cwd, stdin: input, env: { HOME: '/tmp', PWD: cwd, ...ENVIRONMENT } });
        return { ...ended, files: listing(cwd) };
      } finally {
        remove(place);
      }
    };
    const outside = await once(bare);
    const inside = await once((c, o) => sandbox(c, { ...o, options: ['-d', 'ERROR', ...POLICIES[row.policy]] }));
    return [outside, inside];
  }

  for (const row of chosen)
    it(`${row.id} (${row.policy})`, async () => {
      const [outside, inside] = (await results.get(row.id)) as [Outcome, Outcome];
      expect(inside).to.deep.equal(outside);
      expect(outside.stderr).not.to.contain('error while loading shared libraries');
    });
});

/** Times that a fixture has or a program set; what was made or changed now has none worth comparing. */
const SET_BEFORE = Date.parse('2022-01-01');

/** Every name below a directory with what it is: kind and mode, links, time, content or target. */
function listing(directory: string, prefix = ''): string[] {
  return readdirSync(join(directory, prefix))
    .sort()
    .flatMap((name) => {
      const path = join(prefix, name);
      const at = join(directory, path);
      const found = lstatSync(at);
      const time = found.mtimeMs < SET_BEFORE ? found.mtime.toISOString() : 'now';
      const line = (what: string): string => `${path} ${found.mode.toString(8)} ${found.nlink} ${time} ${what}`;
      if (found.isDirectory()) return [line(''), ...listing(directory, path)];
      if (found.isSymbolicLink()) return [line(readlinkSync(at))];
      if (!found.isFile()) return [line('special')];
      return [line(createHash('sha256').update(readFileSync(at)).digest('hex'))];
    });
}
