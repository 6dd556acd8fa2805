/** The second tree's programs in two worlds: bare, with the tree as their root, and in the sandbox. */

import { dirname, resolve } from 'node:path';
import { ENVIRONMENT, SANDBOX } from '../support/run.js';

const TREE = resolve('.sysroot/programs');
const ENTER = resolve('test/programs/enter.sh');

/** What to execute so that a command runs in a directory of this world. */
export type World = (cwd: string, command: readonly string[]) => readonly string[];

export const bare: World = (cwd, command) => [ENTER, TREE, cwd, ...command];

/** `policy`: default, files of test/programs on top of it with + between, or none. */
export function inside(policy: string): World {
  const acl = (file: string): string[] => ['--acl', resolve(file)];
  const options =
    policy === 'none'
      ? ['--no-acl']
      : policy === 'default'
        ? []
        : [...acl('acl/default.yaml'), ...policy.split('+').flatMap((name) => acl(`test/programs/${name}.yaml`))];
  return (_, command) => [SANDBOX, '-d', 'ERROR', ...options, '--sysroot', TREE, '--', ...command];
}

/** What programs look at so that the same work gives the same bytes. `cache`: outside of the rows' directories. */
export const environment = (cwd: string, cache: string): Readonly<Record<string, string>> => ({
  ...ENVIRONMENT,
  PATH: `/usr/sbin:${ENVIRONMENT.PATH}:${dirname(process.execPath)}`,
  TERM: 'dumb',
  SOURCE_DATE_EPOCH: '1600000000',
  PYTHONHASHSEED: '0',
  HOME: cwd,
  PWD: cwd,
  XDG_CACHE_HOME: cache,
});

/** ROWS=REGEX runs some rows alone. */
export const wanted = new RegExp(process.env['ROWS'] ?? '');

/** Two at once: more do not help a small machine. */
export const LANES = 2;
