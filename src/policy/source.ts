/** The YAML documents of one file: the problems of their syntax, their values, and where each part of a value stands. */
import { closeSync, openSync, readSync } from 'node:fs';
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { Problem } from './problem.js';

/** No ACL file is longer; what is, is something else. */
const MAX_BYTES = 1024 * 1024;

/** Brackets open at once, or dashes on one line. The parser recurses per level, and no rule needs more than four. */
const MAX_DEPTH = 32;

/** Spaces a line may start with, which bounds the nesting that indentation can express. */
const MAX_INDENT = 128;

/** What the lexer puts between tokens; none is text of the file (CST.BOM, DOCUMENT, FLOW_END and SCALAR of `yaml`). */
const [BOM_TOKEN, DOCUMENT_TOKEN, FLOW_ERROR_TOKEN, SCALAR_TOKEN] = ['\u{FEFF}', '\x02', '\x18', '\x1F'];

/**
 * Reads a file of at most 1 MiB of UTF-8.
 * @throws Problem
 */
export function readText(file: string): string {
  const bytes = readBounded(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(`not UTF-8 (${file})`, 'must be YAML in UTF-8');
  }
}

function readBounded(file: string): Buffer {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  try {
    const fd = openSync(file, 'r');
    try {
      for (let got = -1; got !== 0 && length < buffer.length; length += got) {
        got = readSync(fd, buffer, length, buffer.length - length, null);
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new Problem(`cannot read ${file} (${(error as NodeJS.ErrnoException).code})`, 'must be a readable file');
  }
  if (length > MAX_BYTES) throw new Problem(`too large (${file})`, `must have at most ${MAX_BYTES} bytes`);
  return buffer.subarray(0, length);
}

/** Syntax problems told per document: a file that is not YAML at all has one per character. */
const MAX_PROBLEMS = 100;

/** Each is a layer, and every question is asked of all layers. */
const MAX_DOCUMENTS = 32;

type Path = readonly (string | number)[];

/** A YAML file. When `problems` is not empty its documents must not be used. */
export interface YamlFile {
  /** `file:line:column: …`, in the order of the file. */
  readonly problems: readonly string[];
  /** At least one, unless there are problems. */
  readonly documents: readonly YamlSource[];
}

/** @param file the name to show */
export function parseYaml(file: string, text: string): YamlFile {
  const deep = tooDeep(text);
  if (deep !== null) {
    const problem = `${file}:${deep.line}:${deep.column}: nested too deeply, must have at most ${MAX_DEPTH} levels`;
    return { problems: [problem], documents: [] };
  }
  const lines = new LineCounter();
  const documents = parse(text, lines).map((document) => new YamlSource(file, text, document, lines));
  if (documents.length > MAX_DOCUMENTS) {
    const problem = `${documents[MAX_DOCUMENTS].at([])}: too many documents, must be at most ${MAX_DOCUMENTS}`;
    return { problems: [problem], documents: [] };
  }
  return { problems: documents.flatMap(({ problems }) => problems), documents };
}

/** One document. */
export class YamlSource {
  readonly problems: readonly string[];
  /** The pairs of each map by key: a search per problem would take time quadratic in the keys. */
  readonly #pairs = new WeakMap<YAMLMap, Map<string, Pair>>();

  /** @param text of the whole file, in which `lines` counts */
  constructor(
    readonly file: string,
    readonly text: string,
    private readonly document: Document,
    private readonly lines: LineCounter,
  ) {
    this.problems = this.#problemsOf(document);
  }

  /** The plain value: maps, lists, strings, numbers, booleans, null. */
  value(): unknown {
    return this.document.toJS();
  }

  /** Line and column, both 1-based, of the value at this path, or of the nearest thing around it. */
  locate(path: Path, atKey = false): { line: number; column: number } {
    const offset = this.#offset(path, atKey);
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** `file:line:column` of the value, or of its key. */
  at(path: Path, atKey = false): string {
    const { line, column } = this.locate(path, atKey);
    return `${this.file}:${line}:${column}`;
  }

  /** Where the value at the path starts, or the innermost thing on the way to it that is there. */
  #offset(path: Path, atKey: boolean): number {
    let node: unknown = this.document.contents;
    let start = startOf(node) ?? this.document.range?.[0] ?? 0;
    for (const [depth, step] of path.entries()) {
      const pair = isMap(node) ? this.#pairOf(node, String(step)) : undefined;
      const last = depth === path.length - 1;
      node = isSeq(node) ? node.items[Number(step)] : last && atKey ? pair?.key : pair?.value;
      const here = startOf(node) ?? startOf(pair?.key);
      if (here === undefined) break;
      start = here;
    }
    return start;
  }

  #pairOf(map: YAMLMap, key: string): Pair | undefined {
    let pairs = this.#pairs.get(map);
    if (pairs === undefined) {
      pairs = new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]));
      this.#pairs.set(map, pairs);
    }
    return pairs.get(key);
  }

  #problemsOf(document: Document): string[] {
    const syntax = [...document.errors, ...document.warnings].map((error): [number, string] => [
      error.pos[0],
      told(error),
    ]);
    const foreign = foreignNodes(document).map(([node, what]): [number, string] => [node.range?.[0] ?? 0, what]);
    return [...syntax, ...foreign]
      .sort(([one], [other]) => one - other)
      .slice(0, MAX_PROBLEMS)
      .map(([offset, what]) => {
        const { line, col } = this.lines.linePos(offset);
        return `${this.file}:${line}:${col}: ${what}`;
      });
  }
}

/** Offset of a node in its file; undefined for what is no node. */
function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function parse(text: string, lineCounter: LineCounter): Document[] {
  const options = { lineCounter, prettyErrors: false, uniqueKeys: false, strict: true, version: '1.2' } as const;
  const all = parseAllDocuments(text, options);
  // No text at all is no document; it has a value all the same, null.
  return all.length > 0 ? [...all] : [parseDocument(text, options)];
}

function told(error: YAMLError): string {
  return `not YAML (${error.message}), must be valid YAML 1.2`;
}

/**
 * What YAML or its parser allows and a policy does not: aliases (a few lines can stand for gigabytes), keys that are no
 * words, and keys that stand twice (the parser's own check takes time quadratic in the keys).
 */
function foreignNodes(document: Document): [Node, string][] {
  const found: [Node, string][] = [];
  visit(document, {
    Map(_, map) {
      found.push(...doubles(map));
    },
    Node(key, node) {
      if (isAlias(node)) found.push([node, `alias (*${node.source}), must be written out`]);
      else if (key === 'key' && !(isScalar(node) && typeof node.value === 'string')) {
        found.push([node, `bad key (${String(node)}), must be a word`]);
      } else if (key === 'key' && isScalar(node) && node.value === '__proto__') {
        found.push([node, 'unknown key (__proto__), must be a known one']);
      }
    },
  });
  return found;
}

function doubles(map: YAMLMap): [Node, string][] {
  const seen = new Set<unknown>();
  return map.items.flatMap(({ key }): [Node, string][] => {
    if (!isScalar(key)) return [];
    if (seen.has(key.value)) return [[key, `duplicate key (${String(key.value)}), must stand once in its map`]];
    seen.add(key.value);
    return [];
  });
}

/**
 * Where the text first nests deeper than any policy does; null when it never does. Lexed, not parsed: the lexer does not
 * recurse, and a bracket in a comment or a string does not count.
 */
function tooDeep(text: string): { line: number; column: number } | null {
  const markers = new Set([BOM_TOKEN, DOCUMENT_TOKEN, FLOW_ERROR_TOKEN, SCALAR_TOKEN]);
  let open = 0;
  let onLine = 0;
  let [line, column] = [1, 1];
  for (const token of new Lexer().lex(text)) {
    if (markers.has(token)) continue;
    if (token === '[' || token === '{') open += 1;
    if (token === ']' || token === '}') open = Math.max(0, open - 1);
    if (token === '-' || token === '?') onLine += 1;
    const indented = column === 1 && /^ +$/.test(token) ? token.length : 0;
    if (open > MAX_DEPTH || onLine > MAX_DEPTH || indented > MAX_INDENT) return { line, column };
    const breaks = token.split('\n');
    if (breaks.length > 1) [line, column, onLine] = [line + breaks.length - 1, 1, 0];
    column += breaks[breaks.length - 1].length;
  }
  return null;
}
