/** ACL files on disk → rules, or one PolicyError that tells everything wrong with them. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type * as z from 'zod';
import { SHIPPED_ACL_DIRECTORY } from './prepared.js';
import { PolicyError, Problem } from './problem.js';
import { rulesOf, type AclRule, type Locate } from './rules.js';
import { aclSchema, type Acl } from './schema.js';
import { readText, YamlSource } from './source.js';

/** What the loader must be told about the world around it. */
export interface LoadOptions {
  /** Is this the name of an i386 system call? */
  readonly knownSyscall: (name: string) => boolean;
  /** Where included files are looked for that do not stand beside the including one. Default: the shipped acl/. */
  readonly shippedDirectory?: string;
}

/** One valid file. */
export interface LoadedFile {
  /** The name to show. */
  readonly file: string;
  readonly text: string;
  readonly acl: Acl;
  readonly locate: Locate;
}

/**
 * Loads ACL files with what they include, each file once, as one list of rules.
 * @param files paths as the user gave them; messages show them so
 * @throws PolicyError with every problem of every file
 */
export function loadPolicy(files: readonly string[], options: LoadOptions): AclRule[] {
  return loadFiles(files, options).flatMap(({ acl, file, locate }) => rulesOf(acl, file, locate));
}

/** The same, file by file. @throws PolicyError */
export function loadFiles(files: readonly string[], options: LoadOptions): LoadedFile[] {
  const run = new Loading(options);
  for (const file of files) run.load(file, null);
  if (run.problems.length > 0) throw new PolicyError(run.problems);
  return run.files;
}

type Path = readonly (string | number)[];

class Loading {
  readonly files: LoadedFile[] = [];
  readonly problems: string[] = [];
  readonly #options: LoadOptions;
  readonly #loaded = new Set<string>();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** @param includer `file:line:column` of the include that asks for it; null for a file the user named */
  load(file: string, includer: string | null): void {
    const source = this.#open(file, includer);
    if (source === null) return;
    const acl = this.#validate(source);
    if (acl === null) return;
    this.files.push({ file, text: source.text, acl, locate: (path) => source.locate(path) });
    if (acl.include === undefined) return;
    if (includer !== null) {
      const what = `include in an included file (${acl.include.join(', ')})`;
      this.problems.push(`${source.at(['include'])}: ${what}, must stand in the including file`);
      return;
    }
    acl.include.forEach((name, index) => this.#include(source, name, index));
  }

  #include(source: YamlSource, name: string, index: number): void {
    const beside = source.file.slice(0, source.file.lastIndexOf('/') + 1) + `${name}.yaml`;
    const shipped = resolve(this.#options.shippedDirectory ?? SHIPPED_ACL_DIRECTORY, `${name}.yaml`);
    const found = [beside, shipped].find((path) => existsSync(path));
    if (found !== undefined) return this.load(found, source.at(['include', index]));
    const must = `must be a file beside this one or in ${dirname(shipped)}`;
    this.problems.push(`${source.at(['include', index])}: no such file to include (${name}.yaml), ${must}`);
  }

  /** null when the file is unusable, which is then among the problems, or has been loaded. */
  #open(file: string, includer: string | null): YamlSource | null {
    const id = resolve(file);
    if (this.#loaded.has(id)) return null;
    this.#loaded.add(id);
    try {
      const source = new YamlSource(file, readText(file));
      this.problems.push(...source.problems);
      return source.problems.length === 0 ? source : null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problems.push(`${includer ?? `${file}:1:1`}: ${error.message}`);
      return null;
    }
  }

  #validate(source: YamlSource): Acl | null {
    const value = source.value();
    const result = aclSchema(this.#options.knownSyscall).safeParse(value);
    if (result.success) return result.data;
    const found: Found[] = [];
    for (const issue of result.error.issues) collect(issue, [], value, found);
    for (const { text } of placed(found, source)) this.problems.push(text);
    return null;
  }
}

/** A problem of the value at a path, or of its key. */
interface Found {
  readonly path: Path;
  readonly atKey: boolean;
  readonly what: string;
  readonly must: string;
}

/** Schema issues as problems; of a union, those of the branch the author meant. */
function collect(issue: z.core.$ZodIssue, base: Path, value: unknown, into: Found[]): void {
  const path = [...base, ...(issue.path as Path)];
  const must = issue.message;
  const meant = issue.code === 'invalid_union' ? branchMeant(issue.errors) : null;
  if (meant !== null) {
    for (const inner of meant) collect(inner, path, value, into);
  } else if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys)
      into.push({ path: [...path, key], atKey: true, what: `unknown key (${show(key)})`, must });
  } else if (issue.code === 'invalid_key') {
    const what = `unknown name (${show(path[path.length - 1])})`;
    into.push({ path, atKey: true, what, must: issue.issues[0]?.message ?? must });
  } else {
    into.push({ path, atKey: false, what: whatIsWrong(issue, valueAt(value, path), path), must });
  }
}

/** Problems with their place in front, in the order of the file. */
function placed(found: readonly Found[], source: YamlSource): { text: string }[] {
  return found
    .map(({ path, atKey, what, must }) => {
      const { line, column } = source.locate(path, atKey);
      return { line, column, text: `${source.file}:${line}:${column}: ${what}, ${must}` };
    })
    .sort((one, other) => one.line - other.line || one.column - other.column);
}

/** The branch of a union whose outer shape fits the value; null when none does. */
function branchMeant(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const shapeFits = (issue: z.core.$ZodIssue) =>
    issue.path.length > 0 || (issue.code !== 'invalid_type' && issue.code !== 'invalid_value');
  return branches.find((issues) => issues.length > 0 && issues.every(shapeFits)) ?? null;
}

function whatIsWrong(issue: z.core.$ZodIssue, bad: unknown, path: Path): string {
  if (issue.code === 'custom' && typeof issue.params?.what === 'string') return issue.params.what;
  if (bad === undefined) return `missing key (${path[path.length - 1]})`;
  return `bad value (${show(bad)})`;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );
}

/** A value as JSON, cut to a length that fits a line. */
function show(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}
