/**
 * Globs over byte strings. A glob is cut at its slashes; `**` alone between slashes stands for any number of
 * components, none included, and every other component is matched whole by picomatch. Cutting first means that no
 * regular expression ever sees a slash, and that one walk answers three questions: does the glob match this path, could
 * it match something below this path, and does it match everything below this path.
 */
import picomatch from 'picomatch';
import type { ByteString } from '../questions.js';
import { Problem } from './problem.js';
import { cutVariable, valueOf } from './variables.js';

const GLOBSTAR = Symbol('**');

/** A component: its literal bytes, a test for it, or `**`. */
type Part = ByteString | RegExp | typeof GLOBSTAR;

/** A parsed glob. `prefix` is what every match starts with; `shape` names the two forms matched without a walk. */
export interface Glob {
  /** As the author wrote it. */
  readonly text: string;
  readonly parts: readonly Part[];
  readonly prefix: ByteString;
  readonly shape: 'literal' | 'tree' | 'general';
}

/** Positions in `Glob.parts` a walk may stand at, one bit each; bit `parts.length` is the end. 0: dead. */
export type States = number;

/** A set of positions is one number of 31 bits. */
const MAX_PARTS = 30;

/** More stars in one component would let a chosen file name keep a backtracking matcher busy for seconds. */
const MAX_STARS = 3;

const PICOMATCH = {
  dot: true,
  nobrace: true,
  noextglob: true,
  nonegate: true,
  fastpaths: false,
  // "[ab]" is a class only, never also the text "[ab]".
  literalBrackets: false,
  // A file name may hold a newline; "." must match it.
  flags: 's',
  // Throw on a pattern that gives no regular expression, instead of matching nothing.
  debug: true,
} as const;

/**
 * Parses a glob over paths.
 * @param text UTF-8 text: absolute or behind a variable, no empty, `.` or `..` component, no braces, no extglob.
 * @throws Problem
 */
export function parseGlob(text: string): Glob {
  const whole = expanded(text);
  if (!whole.startsWith('/')) throw bad(text, 'must be an absolute path pattern starting with "/"');
  const bytes = toBytes(whole);
  const components = bytes === '/' ? [] : bytes.slice(1).split('/');
  for (const component of components) {
    if (component === '') throw bad(text, 'must not contain "//" nor end in "/"');
    const name = unescape(component);
    if (name === '.' || name === '..') throw bad(text, 'must not contain "." or ".." components');
  }
  const parts = parseParts(components, text);
  return { text, parts, prefix: literalPrefix(parts), shape: shapeOf(parts) };
}

/** With the value of a variable in its place, as a pattern that matches that alone. */
function expanded(text: string): string {
  const cut = cutVariable(text);
  return cut === null ? text : literalPattern(valueOf(cut.variable)) + cut.rest;
}

/** A pattern that matches this text alone. */
export const literalPattern = (text: string): string => text.replace(/[\\*?[\]{}()!^+@]/g, '\\$&');

/**
 * Parses a glob over names that are not paths (abstract sockets, keyrings, …). `*` stops at a slash here too.
 * @throws Problem
 */
export function parseNameGlob(text: string): Glob {
  const parts = parseParts(toBytes(text).split('/'), text);
  return { text, parts, prefix: '', shape: 'general' };
}

/**
 * Parses a `unix:` entry: a path pattern, or `@` and a pattern for abstract names.
 * @throws Problem
 */
export function parseUnixGlob(text: string): Glob {
  return text.startsWith('@') ? parseNameGlob(text.slice(1)) : parseGlob(text);
}

/** Does the glob match this canonical path? */
export function matchesPath(glob: Glob, path: ByteString): boolean {
  if (glob.shape === 'literal') return path === glob.prefix;
  if (glob.shape === 'tree') return isAtOrBelow(path, glob.prefix);
  return path.startsWith(glob.prefix) && accepts(glob, walk(glob, pathComponents(path)));
}

/** Is this canonical path above something the glob can match? A path the glob matches may be both. */
export function isAncestor(glob: Glob, path: ByteString): boolean {
  if (glob.shape !== 'general') {
    return isStrictlyAbove(path, glob.prefix) || (glob.shape === 'tree' && isAtOrBelow(path, glob.prefix));
  }
  const near = path.startsWith(glob.prefix) || isStrictlyAbove(path, glob.prefix);
  return near && canGoOn(glob, walk(glob, pathComponents(path)));
}

/** Does the glob match this name? */
export function matchesName(glob: Glob, name: ByteString): boolean {
  return accepts(glob, walk(glob, name.split('/')));
}

/** Where the glob stands after a path: what it can still match at and below it. The empty set matches nothing there. */
export function residual(glob: Glob, path: ByteString): States {
  return walk(glob, pathComponents(path));
}

/** Does the glob, standing there, match the path itself and every path below it? */
export function coversAll(glob: Glob, states: States): boolean {
  const last = glob.parts.length - 1;
  return last >= 0 && glob.parts[last] === GLOBSTAR && (states & (1 << last)) !== 0;
}

/** Does the glob match all that the other matches? `false` may also mean that it cannot be shown. */
export function coversGlob(glob: Glob, other: Glob): boolean {
  if (glob.text === other.text) return true;
  if (other.shape === 'literal') return matchesPath(glob, other.prefix);
  return coversAll(glob, residual(glob, other.prefix));
}

/** May both match one path? Two components with wildcards are taken to do so. */
export function mayMeet(one: Glob, other: Glob): boolean {
  const known = new Map<number, boolean>();
  const meet = (i: number, j: number): boolean => {
    const at = i * (MAX_PARTS + 1) + j;
    let found = known.get(at);
    if (found === undefined) known.set(at, (found = meetAt(one.parts[i], other.parts[j], i, j)));
    return found;
  };
  const meetAt = (a: Part | undefined, b: Part | undefined, i: number, j: number): boolean => {
    if (a === GLOBSTAR) return meet(i + 1, j) || (b !== undefined && meet(i, j + 1));
    if (b === GLOBSTAR) return meet(i, j + 1) || (a !== undefined && meet(i + 1, j));
    if (a === undefined || b === undefined) return a === b;
    return componentsMeet(a, b) && meet(i + 1, j + 1);
  };
  return meet(0, 0);
}

function componentsMeet(a: ByteString | RegExp, b: ByteString | RegExp): boolean {
  if (typeof a === 'string') return typeof b === 'string' ? a === b : b.test(a);
  return typeof b === 'string' ? a.test(b) : true;
}

function pathComponents(path: ByteString): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

function isAtOrBelow(path: ByteString, top: ByteString): boolean {
  if (top === '/') return true;
  return path.startsWith(top) && (path.length === top.length || path[top.length] === '/');
}

function isStrictlyAbove(path: ByteString, below: ByteString): boolean {
  return path.length < below.length && isAtOrBelow(below, path);
}

function accepts(glob: Glob, states: States): boolean {
  return (states & (1 << glob.parts.length)) !== 0;
}

function canGoOn(glob: Glob, states: States): boolean {
  return (states & ~(1 << glob.parts.length)) !== 0;
}

function walk(glob: Glob, components: readonly string[]): States {
  let states = withSkips(glob, 1);
  for (let index = 0; index < components.length && states !== 0; index++) {
    states = withSkips(glob, step(glob, states, components[index]));
  }
  return states;
}

function step(glob: Glob, states: States, component: string): States {
  let next = 0;
  for (let position = 0; position < glob.parts.length; position++) {
    if ((states & (1 << position)) === 0) continue;
    const part = glob.parts[position];
    if (part === GLOBSTAR) next |= 1 << position;
    else if (typeof part === 'string' ? part === component : part.test(component)) next |= 1 << (position + 1);
  }
  return next;
}

/** `**` may stand for nothing: whoever stands before it stands behind it too. */
function withSkips(glob: Glob, states: States): States {
  let all = states;
  for (let position = 0; position < glob.parts.length; position++) {
    if (glob.parts[position] === GLOBSTAR && (all & (1 << position)) !== 0) all |= 1 << (position + 1);
  }
  return all;
}

function literalPrefix(parts: readonly Part[]): ByteString {
  const wild = parts.findIndex((part) => typeof part !== 'string');
  return '/' + (wild < 0 ? parts : parts.slice(0, wild)).join('/');
}

function shapeOf(parts: readonly Part[]): Glob['shape'] {
  const wild = parts.findIndex((part) => typeof part !== 'string');
  if (wild < 0) return 'literal';
  return wild === parts.length - 1 && parts[wild] === GLOBSTAR ? 'tree' : 'general';
}

function bad(text: string, must: string): Problem {
  return new Problem(`bad pattern (${JSON.stringify(text)})`, must);
}

function toBytes(text: string): ByteString {
  if (/\p{Surrogate}/u.test(text)) throw bad(text, 'must be text that UTF-8 can express');
  if (text.includes('\0')) throw bad(text, 'must not contain a NUL byte, as no path does');
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** A byte of 128 or more by its number, which text in UTF-8 need not have; what is special is ASCII. */
const BYTE = /^\\x([89a-f][0-9a-f])/;

function unescape(component: string): string {
  return component.replace(/\\(.)/gs, '$1');
}

function parseParts(components: readonly string[], text: string): Part[] {
  if (components.length > MAX_PARTS) throw bad(text, `must have at most ${MAX_PARTS} components`);
  return components.map((component) => parsePart(component, text));
}

function parsePart(component: string, text: string): Part {
  if (component === '**') return GLOBSTAR;
  const { pattern, literal, stars } = translate(component, text);
  if (literal !== null) return literal;
  if (stars > MAX_STARS) throw bad(text, `must have at most ${MAX_STARS} stars between two slashes`);
  return picomatch.makeRe(pattern, PICOMATCH);
}

interface Translation {
  /** For picomatch: only `*`, `?`, classes, and every other byte as \xHH, which it hands on untouched. */
  pattern: string;
  /** The bytes themselves when nothing in the component is special. */
  literal: string | null;
  stars: number;
}

function translate(component: string, text: string): Translation {
  const out: Translation = { pattern: '', literal: '', stars: 0 };
  for (let at = 0; at < component.length;) at = translateOne(component, at, text, out);
  return out;
}

/** Translates what stands at `at`; answers where to go on. */
function translateOne(component: string, at: number, text: string, out: Translation): number {
  const char = component[at];
  refuseForeignSyntax(component, at, text);
  if (char === '*' || char === '?') {
    if (char === '*') out.stars += 1;
    out.pattern += char;
    out.literal = null;
    return at + 1;
  }
  if (char === '[') {
    const end = translateClass(component, at, text, out);
    out.literal = null;
    return end;
  }
  const [byte, next] = oneByte(component, at, text);
  out.pattern += hex(byte);
  if (out.literal !== null) out.literal += byte;
  return next;
}

function refuseForeignSyntax(component: string, at: number, text: string): void {
  const char = component[at];
  if (char === '{' || char === '}') throw bad(text, 'must not use braces (list both patterns, or write \\{)');
  if (component[at + 1] === '(' && '?*+@!'.includes(char)) {
    throw bad(text, 'must not use extended globs (list both patterns, or write \\()');
  }
  if (char === '*' && component[at + 1] === '*') throw bad(text, 'must have "**" only alone between slashes');
}

function translateClass(component: string, open: number, text: string, out: Translation): number {
  let at = open + 1;
  const negated = component[at] === '!' || component[at] === '^';
  if (negated) at += 1;
  let items = '';
  while (component[at] !== ']') {
    const [low, afterLow] = classByte(component, at, text);
    const isRange = component[afterLow] === '-' && component[afterLow + 1] !== ']';
    const [high, afterHigh] = isRange ? classByte(component, afterLow + 1, text) : [low, afterLow];
    if (high < low) throw bad(text, `must have its range "${low}-${high}" the other way round`);
    items += isRange ? `${hex(low)}-${hex(high)}` : hex(low);
    at = afterHigh;
  }
  if (items === '') throw bad(text, 'must have something between "[" and "]" (a plain bracket is \\[)');
  out.pattern += `[${negated ? '^' : ''}${items}]`;
  return at + 1;
}

function classByte(component: string, at: number, text: string): [string, number] {
  if (at >= component.length) throw bad(text, 'must close "[" with "]" before the next slash (a plain bracket is \\[)');
  if (component[at] === '[') throw bad(text, 'must not have "[" inside "[…]" (write \\[)');
  const [byte, next] = oneByte(component, at, text);
  if (byte > '\x7f') throw bad(text, 'must have only ASCII characters between "[" and "]": patterns match bytes');
  return [byte, next];
}

/** The byte at `at`, a backslash taken away, and the position after it. */
function oneByte(component: string, at: number, text: string): [string, number] {
  if (component[at] !== '\\') return [component[at], at + 1];
  if (at + 1 >= component.length) throw bad(text, 'must have a character after "\\"');
  const byte = BYTE.exec(component.slice(at, at + 4));
  if (byte !== null) return [String.fromCharCode(parseInt(byte[1], 16)), at + 4];
  if (/^\\x[0-9a-f]{2}/i.test(component.slice(at, at + 4)))
    throw bad(text, 'must have \\x80 to \\xff, in lower case: what is ASCII stands for itself');
  return [component[at + 1], at + 2];
}

function hex(byte: string): string {
  return '\\x' + byte.charCodeAt(0).toString(16).padStart(2, '0');
}
