/** The promises as sets and globs, made of the data when they are needed first. */
import type { Access } from '../../questions.js';
import { isAncestor, matchesPath, parseGlob, type Glob } from '../glob.js';
import { PROMISE_NAMES, type PromiseName } from './names.js';
import { ALWAYS, PROMISES, STARTING, type Grants } from './promises.js';

export interface CompiledPaths {
  readonly access: readonly Access[];
  readonly calls: ReadonlySet<string>;
  /** Null: every path. */
  readonly globs: readonly Glob[] | null;
}

export interface Compiled {
  readonly grants: Grants;
  /** Allowed whatever their arguments. */
  readonly calls: ReadonlySet<string>;
  /** These and the conditional ones. */
  readonly all: ReadonlySet<string>;
  readonly paths: readonly CompiledPaths[];
  readonly unix: readonly Glob[];
}

const words = (text = ''): Set<string> => new Set(text.split(' ').filter(Boolean));

function compileGrants(grants: Grants): Compiled {
  const calls = words(grants.calls);
  const all = new Set([...calls, ...Object.keys(grants.when ?? {})]);
  const paths = (grants.paths ?? []).map(({ access, calls: only, at }) => ({
    access,
    calls: only === undefined ? all : words(only),
    globs: at === undefined ? null : at.map(parseGlob),
  }));
  return { grants, calls, all, paths, unix: (grants.unix ?? []).map(parseGlob) };
}

/** Does one of the globs match? What lies above a match may be looked at, for it is named with it. */
export const reaches = (globs: readonly Glob[] | null, access: Access, path: string): boolean =>
  globs === null || globs.some((glob) => matchesPath(glob, path) || (access === 'stat' && isAncestor(glob, path)));

export interface AllCompiled {
  readonly promises: ReadonlyMap<PromiseName, Compiled>;
  readonly always: Compiled;
  readonly starting: Compiled;
}
let made: AllCompiled | undefined;
export const compiled = (): AllCompiled =>
  (made ??= {
    promises: new Map(PROMISE_NAMES.map((name) => [name, compileGrants(PROMISES[name])])),
    always: compileGrants(ALWAYS),
    starting: compileGrants(STARTING),
  });
