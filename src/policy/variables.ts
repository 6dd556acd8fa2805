/**
 * `${HOME}`, `${PWD}` and `${TMPDIR}` at the start of a path pattern: the directories of whoever loads the policy. A value
 * must be a directory of its own, and not one that the system or everybody has, or a rule about it would open that.
 */
import { realpathSync } from 'node:fs';
import { Problem } from './problem.js';

export const VARIABLES = ['HOME', 'PWD', 'TMPDIR'] as const;
export type Variable = (typeof VARIABLES)[number];
export type Environment = Readonly<Record<string, string | undefined>>;

/** Of nobody, for what a file is judged by wherever it lies: its tests, and lint, which knows this user's dangers. */
export const SOMEBODY: Environment = { HOME: '/home/user', PWD: '/home/user/project', TMPDIR: '/tmp' };

/** PWD of the environment may be stale. */
function workDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined; // it has been removed
  }
}

export const ours = (): Environment => ({
  HOME: process.env['HOME'],
  PWD: workDirectory(),
  TMPDIR: process.env['TMPDIR'],
});
let here = ours;

/** What is loaded and asked by `work`, before it returns, has these variables. */
export function withEnvironment<T>(environment: Environment, work: () => T): T {
  const before = here;
  here = () => environment;
  try {
    return work();
  } finally {
    here = before;
  }
}

/** Places of all, none of which is anybody's directory. */
const COMMON = new Set(['/', '/home', '/media', '/mnt', '/opt', '/run', '/run/user', '/srv', '/var', '/var/lib']);
/** What the system is made of, down to its last file; in memory there is room for all. */
const SYSTEM = /^\/(?:bin|boot|dev(?!\/shm(?:\/|$))|etc|lib(?:32|64|x32)?|proc|sbin|sys|usr)(?:\/|$)/;

/** `${HOME}/x` cut behind the variable; null for a text that begins with none. @throws Problem for an unknown one */
export function cutVariable(text: string): { readonly variable: Variable; readonly rest: string } | null {
  if (!text.startsWith('${')) return null;
  const form = /^\$\{([A-Z]+)\}(?=\/|$)/.exec(text);
  const variable = VARIABLES.find((name) => name === form?.[1]);
  if (form === null || variable === undefined)
    throw new Problem(`bad pattern (${JSON.stringify(text)})`, 'must begin with "/", ${HOME}, ${PWD} or ${TMPDIR}');
  return { variable, rest: text.slice(form[0].length) };
}

const resolved = new Map<string, string>();
/** Without symlinks, as policies see paths; what is not there is taken as it stands. */
function real(path: string): string {
  let found = resolved.get(path);
  if (found === undefined) {
    try {
      found = realpathSync(path);
    } catch {
      found = path;
    }
    resolved.set(path, found);
  }
  return found;
}

/**
 * The directory that a variable stands for: absolute, canonical, of UTF-8. Without TMPDIR it is /tmp.
 * @throws Problem when it is not fit to be one
 */
export function valueOf(variable: Variable, environment: Environment = here()): string {
  const given = environment[variable] ?? (variable === 'TMPDIR' ? '/tmp' : '');
  const trimmed = given.replace(/(?<=[^/])\/+$/, '');
  const bad = (value: string): Problem =>
    new Problem(
      `\${${variable}} is ${JSON.stringify(value)}`,
      'must be an absolute path of a directory of its own, not one of the system',
    );
  if (!/^(?:\/(?!\.{0,2}(?:\/|$))[^/\0\ufffd]+)+$/.test(trimmed)) throw bad(given);
  const value = real(trimmed);
  if (COMMON.has(value) || SYSTEM.test(value) || value.includes('\ufffd')) throw bad(value);
  return value;
}
