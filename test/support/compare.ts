/** One command in two worlds: what it prints, how it ends and the files it leaves must be the same. */

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { remove, type Ended } from './run.js';

/** Words as sh has them: '…' as it stands, "…" and \ for single characters; nothing is expanded. */
export function words(line: string): string[] {
  const found = line.match(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/g) ?? [];
  return found.map((word) =>
    word.replace(
      /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
      (_, single?: string, double?: string, one?: string) => single ?? double?.replace(/\\(["\\])/g, '$1') ?? one ?? '',
    ),
  );
}

/** The fields of a table's rows; empty lines and # lines are none. */
export const rowsOf = (file: string): string[][] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));

export interface Outcome {
  /** Of each program, in order. */
  readonly ended: readonly Ended[];
  readonly files: readonly string[];
}

/** Runs in `place`/work, which `prepare` makes and fills; afterwards nothing is left of `place`. */
export async function outcomeIn(
  place: string,
  prepare: (cwd: string) => void,
  run: (cwd: string) => Promise<readonly Ended[]>,
  varies: readonly string[] = [],
): Promise<Outcome> {
  const cwd = join(place, 'work');
  mkdirSync(place, { recursive: true });
  try {
    prepare(cwd);
    const ended = await run(cwd);
    return { ended, files: listing(cwd, varies) };
  } finally {
    remove(place);
  }
}

/** Several at a time; each result is there to be waited for. */
export function inLanes<T, R>(lanes: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R>[] {
  const busy = Array.from({ length: lanes }, () => Promise.resolve<unknown>(undefined));
  return items.map((item, i) => {
    const result = busy[i % lanes].then(() => work(item));
    busy[i % lanes] = result.catch(() => undefined);
    return result;
  });
}

/** Times that a fixture has or a program set; what was made or changed now has none worth comparing. */
const SET_BEFORE = Date.parse('2022-01-01');

/**
 * Every name below a directory with what it is: kind and mode, links, time, content or target. Of files that are named
 * in `varies` the content is left out: keys, for instance, are new each time.
 */
export function listing(directory: string, varies: readonly string[] = [], prefix = ''): string[] {
  return readdirSync(join(directory, prefix))
    .sort()
    .flatMap((name) => {
      const path = join(prefix, name);
      const at = join(directory, path);
      const found = lstatSync(at);
      const time = found.mtimeMs < SET_BEFORE ? found.mtime.toISOString() : 'now';
      const line = (what: string): string => `${path} ${found.mode.toString(8)} ${found.nlink} ${time} ${what}`;
      if (found.isDirectory()) return [line(''), ...listing(directory, varies, path)];
      if (found.isSymbolicLink()) return [line(readlinkSync(at))];
      if (!found.isFile()) return [line('special')];
      if (varies.includes(path)) return [line('varies')];
      return [line(createHash('sha256').update(readFileSync(at)).digest('hex'))];
    });
}
