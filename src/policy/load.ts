/** ACL files on disk → layers of documents, or one PolicyError that tells everything wrong with them. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type * as z from 'zod';
import { SHIPPED_ACL_DIRECTORY, shippedOr } from './prepared.js';
import { PolicyError, Problem } from './problem.js';
import { rulesOf, type AclRule, type Locate } from './rules.js';
import { aclSchema, isPlain, type Acl } from './schema.js';
import { parseYaml, readText, type YamlSource } from './source.js';

/** What the loader must be told about the world around it. */
export interface LoadOptions {
  /** Is this the name of an i386 system call? */
  readonly knownSyscall: (name: string) => boolean;
  /** Where included files are looked for that do not stand beside the including one. Default: the shipped acl/. */
  readonly shippedDirectory?: string;
}

/** One valid document of a file. */
export interface LoadedFile {
  /** The name to show. */
  readonly file: string;
  /** Of the whole file. */
  readonly text: string;
  readonly acl: Acl;
  readonly locate: Locate;
}

/** Documents whose rules count together, the ones that they include among them; or one that promises. */
export interface LoadedLayer {
  readonly documents: readonly LoadedFile[];
  /** The union of the files that have one plain document each. */
  readonly isUnion: boolean;
}

/**
 * Loads ACL files with what they include. Files of one plain document are one layer, each file once; every other
 * document is a layer by itself, with what it includes. All layers have to agree, so that a layer can only restrict.
 * @param files paths as the user gave them, which messages show, or names of shipped files
 * @returns in the order of the files; the union stands where its first file does
 * @throws PolicyError with every problem of every file
 */
export function loadLayers(files: readonly string[], options: LoadOptions): LoadedLayer[] {
  const run = new Loading(options);
  for (const file of files) run.load(shippedOr(file));
  if (run.problems.length > 0) throw new PolicyError([...new Set(run.problems)]);
  return run.layers;
}

/** The documents of a policy that is one union. @throws PolicyError */
export function loadFiles(files: readonly string[], options: LoadOptions): readonly LoadedFile[] {
  const layers = loadLayers(files, options);
  if (layers.length === 0) return [];
  if (layers.length === 1 && layers[0].isUnion) return layers[0].documents;
  throw new PolicyError([`${files.join(', ')}: several layers, must be plain files`]);
}

/** Its rules. @throws PolicyError */
export function loadPolicy(files: readonly string[], options: LoadOptions): AclRule[] {
  return rulesOfLayer(loadFiles(files, options));
}

export const rulesOfLayer = (documents: readonly LoadedFile[]): AclRule[] =>
  documents.flatMap(({ acl, file, locate }) => rulesOf(acl, file, locate));

type Path = readonly (string | number)[];

/** A layer on its way. */
class Growing implements LoadedLayer {
  readonly documents: LoadedFile[] = [];
  /** Included files by their absolute names: each counts once. */
  readonly included = new Set<string>();
  constructor(readonly isUnion: boolean) {}
}

class Loading {
  readonly layers: Growing[] = [];
  readonly problems: string[] = [];
  readonly #options: LoadOptions;
  readonly #named = new Set<string>();
  #union: Growing | null = null;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** A file that the user named. */
  load(file: string): void {
    const id = resolve(file);
    if (this.#named.has(id)) return;
    this.#named.add(id);
    const documents = this.#open(file, null);
    const isPart = documents.length === 1 && isPlain(documents[0].loaded.acl);
    for (const document of documents) this.#add(isPart ? this.#unionLayer() : this.#newLayer(false), document, id);
  }

  #unionLayer(): Growing {
    return (this.#union ??= this.#newLayer(true));
  }
  #newLayer(isUnion: boolean): Growing {
    const layer = new Growing(isUnion);
    this.layers.push(layer);
    return layer;
  }

  #add(layer: Growing, { source, loaded }: Opened, id: string): void {
    // Another one of the union may have included it.
    if (layer.included.has(id)) return;
    layer.included.add(id);
    layer.documents.push(loaded);
    loaded.acl.include?.forEach((name, index) => this.#include(layer, source, name, index));
  }

  #include(layer: Growing, source: YamlSource, name: string, index: number): void {
    const beside = source.file.slice(0, source.file.lastIndexOf('/') + 1) + `${name}.yaml`;
    const shipped = resolve(this.#options.shippedDirectory ?? SHIPPED_ACL_DIRECTORY, `${name}.yaml`);
    const at = source.at(['include', index]);
    const found = [beside, shipped].find((path) => existsSync(path));
    if (found === undefined) {
      const must = `must be a file beside this one or in ${dirname(shipped)}`;
      this.problems.push(`${at}: no such file to include (${name}.yaml), ${must}`);
      return;
    }
    const id = resolve(found);
    if (layer.included.has(id)) return;
    layer.included.add(id);
    for (const { loaded, source: inner } of this.#included(found, at)) {
      layer.documents.push(loaded);
      if (loaded.acl.include === undefined) continue;
      const what = `include in an included file (${loaded.acl.include.join(', ')})`;
      this.problems.push(`${inner.at(['include'])}: ${what}, must stand in the including file`);
    }
  }

  /** Its rules join those of the including document: it has no say about more. */
  #included(file: string, includer: string): Opened[] {
    const documents = this.#open(file, includer);
    if (documents.length <= 1 && documents.every(({ loaded }) => isPlain(loaded.acl))) return documents;
    const [first, second] = documents;
    const [at, what] =
      second === undefined
        ? [first.source.at([]), 'from, otherwise or promises in an included file']
        : [second.source.at([]), 'a second document in an included file'];
    this.problems.push(`${at}: ${what}, must stand in the including file (${includer})`);
    return [];
  }

  /** The documents of a file; none when it is unusable, which is then among the problems. */
  #open(file: string, includer: string | null): Opened[] {
    try {
      const text = readText(file);
      const { problems, documents } = parseYaml(file, text);
      this.problems.push(...problems);
      if (problems.length > 0) return [];
      const opened = documents.map((source): Opened | null => {
        const acl = this.#validate(source);
        return acl && { source, loaded: { file, text, acl, locate: (path) => source.locate(path) } };
      });
      return opened.every((one) => one !== null) ? opened : [];
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problems.push(`${includer ?? `${file}:1:1`}: ${error.message}`);
      return [];
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

interface Opened {
  readonly source: YamlSource;
  readonly loaded: LoadedFile;
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
