/**
 * What of a file's name is another one each time: random letters, numbers of processes, versions. Names are byte strings;
 * what is given back are patterns.
 */
import type { ByteString } from '../../questions.js';
import { patternOf } from '../suggest.js';

/** Bytes of a name that mean nothing, and a pattern for their like. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly pattern: string;
}

/** Names that well-known makers of temporary files give: what stays, then what is random. */
const KNOWN: readonly RegExp[] = [
  /^(tmp)([a-z0-9_]{8})(?![A-Za-z0-9_])/, // Python
  /^(tmp\.)([A-Za-z0-9]{10})(?![A-Za-z0-9])/, // mktemp(1)
  /^(sh-thd[.-])([A-Za-z0-9]{6,})$/, // here-documents of bash
  /^(etilqs_)([a-z0-9]{15,16})(?![a-z0-9])/, // SQLite
  /^(cc)([A-Za-z0-9]{6})(?=\.)/, // GCC
  /^(sed)([A-Za-z0-9]{6})$/,
  /^(go-build)([0-9]{5,})$/,
  /^(sort)([A-Za-z0-9]{6})$/,
  /^(tmp_(?:obj|pack|idx)_)([A-Za-z0-9]{6})$/, // git
];
const UUID = /^(.*?)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/is;
const UUID_PATTERN = '????????-????-????-????-????????????';
const LONG_HEX = /^((?:.*?[^0-9a-z])?)((?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{12,})(?![0-9a-z])/is;

/** Behind a separator, before an extension: as long as what mkstemp(3) and its like make. */
const APART: readonly RegExp[] = [
  /^(.*[-._ ])([a-z0-9_]{8})$/s,
  /^(.*[-._ ])([A-Za-z0-9]{6}|[A-Za-z0-9]{8}|[A-Za-z0-9]{10}|[A-Za-z0-9]{12}|[A-Za-z0-9]{16})$/s,
];
/** Right behind letters, which stay. */
const JOINED: readonly RegExp[] = [/^([A-Za-z._-]{3,}?)([a-z0-9_]{8})$/, /^([A-Za-z._-]{3,}?)([A-Za-z0-9]{6})$/];
/** From the first byte on. */
const WHOLE = /^()([a-z0-9_]{8}|[A-Za-z0-9]{6}|[A-Za-z0-9]{10})$/;
const NUMBER = /^(.*[^0-9])([0-9]{5,})$/s;

const classOf = (c: string): string => (/[0-9]/.test(c) ? '0' : /[A-Z]/.test(c) ? 'A' : 'a');
/** How often kinds of characters change: in words never, in years once. */
const changesIn = (text: string): number =>
  [...text].filter((c, i) => i > 0 && classOf(c) !== classOf(text[i - 1])).length;

const spanOf = ([, before, random]: RegExpExecArray, pattern = '?'.repeat(random.length)): Span => ({
  start: before.length,
  end: before.length + random.length,
  pattern,
});
const DIGITS = '[0-9]*';

export interface Made {
  /** In a directory where everybody puts temporary files? */
  readonly inTemporary: boolean;
  readonly directory: boolean;
  /** Made so that it was new, and taken away again. */
  readonly passing: boolean;
  /** A file that was made so that it was new (O_EXCL). */
  readonly exclusive?: boolean;
}

/** The random part of a name that tells who made it. */
export function knownSpan(name: ByteString): Span | null {
  const known = KNOWN.map((form) => form.exec(name)).find((found) => found !== null);
  return known ? spanOf(known, known[1] === 'go-build' ? DIGITS : undefined) : null;
}

/** The random part of a name that the program made; null when all of it may have a meaning. */
export function randomSpan(
  name: ByteString,
  { inTemporary, directory, passing, exclusive = false }: Made,
): Span | null {
  const known = knownSpan(name);
  if (known !== null) return known;
  const unique = UUID.exec(name);
  if (unique !== null) return spanOf(unique, UUID_PATTERN);
  const long = LONG_HEX.exec(name);
  // Something must stay where a name of that length may be anybody's.
  if (long !== null && ((inTemporary && !directory) || name.length - long[2].length >= 3)) return spanOf(long);
  if (!inTemporary && (directory || !passing)) return null;
  const [, stem] = /^(.*?[^.])(?:\.[a-z][a-z0-9]{0,4})*$/s.exec(name) ?? ['', name];
  const random = (found: RegExpExecArray | null, changes: number): Span | null =>
    found !== null && changesIn(found[2]) >= changes ? spanOf(found) : null;
  // Python looks whether it can write by such a file.
  if (passing && inTemporary && !directory && /^[a-z0-9_]{8}$/.test(name))
    return { start: 0, end: 8, pattern: '?'.repeat(8) };
  for (const form of APART) {
    const found = random(form.exec(stem), inTemporary && (passing || exclusive) ? 0 : 2);
    if (found !== null) return found;
  }
  for (const form of JOINED) {
    const found = random(form.exec(stem), passing ? 1 : 2);
    if (found !== null) return found;
  }
  // Nothing of the name would stay: only of files, in places where nobody else's have a meaning.
  if (inTemporary && !directory) {
    const found = random(WHOLE.exec(name), passing ? 0 : 2);
    if (found !== null) return found;
  }
  const number = inTemporary ? NUMBER.exec(stem) : null;
  return number && spanOf(number, DIGITS);
}

/** The number of a process in a name that the program made, where it stands by itself or is long. */
export function idSpan(name: ByteString, ids: ReadonlySet<string>): Span | null {
  for (const { 0: number, index } of name.matchAll(/[0-9]+(?![A-Za-z0-9_])/g))
    if (ids.has(number) && (number.length >= 4 || !/[A-Za-z0-9_]$/.test(name.slice(0, index))))
      return { start: index, end: index + number.length, pattern: DIGITS };
  return null;
}

/** `python3.11`, `libx.so.1.2.3`: a pattern for other versions with the same first number; null for a name without. */
export function versionPattern(name: ByteString): string | null {
  const tagged = /^(.*\bcpython-)\d+(.*)$/s.exec(name);
  if (tagged !== null) return `${patternOf(tagged[1])}[0-9]*${patternOf(tagged[2])}`;
  const found = /^(.*?[^0-9])(\d+)(?:\.\d+)+(.*)$/s.exec(name);
  if (found === null) return null;
  const [, before, major, after] = found;
  return `${patternOf(before)}${major}.[0-9]*${patternOf(after)}`;
}
