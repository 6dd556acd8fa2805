/**
 * The shipped default policy as the build has parsed it, so that a run without --acl needs no YAML. It is kept beside the
 * text of its files, and counts only while these stand in acl/ as they were.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedFile } from './load.js';
import { rulesOf, type AclRule, type Position } from './rules.js';
import type { Acl } from './schema.js';

const top = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The acl/ directory of this package, from src/policy/ and from dist/cli/ alike. */
export const SHIPPED_ACL_DIRECTORY = top('acl');
export const DEFAULT_ACL = join(SHIPPED_ACL_DIRECTORY, 'default.yaml');
/** What a user may write for a shipped file: no dot, no slash. */
const SHIPPED_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

/**
 * The file that a user means: of `git` the shipped git.yaml, which counts before a file of that name. Else whoever fills the
 * directory that a sandbox is started in would choose its policy. `./git` is the file.
 */
export function shippedOr(file: string): string {
  const shipped = join(SHIPPED_ACL_DIRECTORY, `${file}.yaml`);
  return SHIPPED_NAME.test(file) && existsSync(shipped) ? shipped : file;
}

/** Where the build puts the default policy. */
export const PREPARED = top('dist/default-acl.json');

interface PreparedFile {
  /** In acl/. */
  readonly name: string;
  readonly text: string;
  readonly acl: Acl;
  /** Where the rules stand, by their path of keys and indices. */
  readonly places: Readonly<Record<string, Position>>;
}

const keyOf = (path: readonly (string | number)[]): string => path.join('/');

/** Loaded files, all of acl/, as the text that preparedRules() reads. */
export function prepare(files: readonly LoadedFile[]): string {
  const prepared = files.map(({ file, text, acl, locate }): PreparedFile => {
    const places: Record<string, Position> = {};
    rulesOf(acl, file, (path) => (places[keyOf(path)] = locate(path)));
    return { name: basename(file), text, acl, places };
  });
  return JSON.stringify(prepared);
}

/** The rules that loadPolicy() gives for DEFAULT_ACL; undefined when that has to be asked. */
export function preparedRules(from = PREPARED): AclRule[] | undefined {
  if (!existsSync(from)) return undefined;
  const files = JSON.parse(readFileSync(from, 'utf8')) as PreparedFile[];
  if (!files.every(isAsItWas)) return undefined;
  return files.flatMap(({ name, acl, places }) => rulesOf(acl, fileOf(name), (path) => places[keyOf(path)]));
}

const fileOf = (name: string): string => join(SHIPPED_ACL_DIRECTORY, name);

function isAsItWas({ name, text }: PreparedFile): boolean {
  try {
    return readFileSync(fileOf(name), 'utf8') === text;
  } catch {
    return false; // whoever loads it says why
  }
}
