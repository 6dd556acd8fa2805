/** Rules as text of an ACL file. */
import type { ByteString } from '../../questions.js';
import { quoted } from '../suggest.js';
import type { Sighting } from './evidence.js';

export type Section = 'files' | 'network' | 'names';

/** One item of a section. */
export interface Entry {
  readonly section: Section;
  /** `space` has one word; all others have patterns or endpoints. */
  readonly keys: readonly (readonly [key: string, values: readonly string[]])[];
  readonly why: string;
}

/** Longer ones take a line for each pattern. */
const LINE = 160;

const scalar = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9 ./_()-]* [A-Za-z0-9./_()-]*[a-z0-9)]$/.test(text) ? text : quoted(text);
const list = (key: string, values: readonly string[]): string =>
  key === 'space' ? values[0] : `[${values.map((one) => (key === 'families' ? one : quoted(one))).join(', ')}]`;

/** In one line, as it stands in a list of brackets. */
export const inline = ({ keys, why }: Entry): string =>
  `{ ${keys.map(([key, values]) => `${key}: ${list(key, values)}`).join(', ')}, why: ${scalar(why)} }`;

/** As lines of a block. @param indent blanks before the dash */
export function block(entry: Entry, indent: number): string {
  const margin = ' '.repeat(indent);
  const line = `${margin}- ${inline(entry)}\n`;
  if (line.length <= LINE) return line;
  const keys = entry.keys.map(([key, values]) =>
    key === 'space' || values.length === 1
      ? `${margin}  ${key}: ${list(key, values)}\n`
      : `${margin}  ${key}:\n${values.map((one) => `${margin}    - ${key === 'families' ? one : quoted(one)}\n`).join('')}`,
  );
  return `${margin}- why: ${scalar(entry.why)}\n${keys.join('')}`;
}

const most = 3;

/** ` by /usr/bin/python3.11, /usr/bin/ls and others` */
export function byWhom(sightings: readonly Sighting[]): string {
  const all = new Set(sightings.flatMap(({ programs }) => programs));
  const named = [...all].slice(0, most).map(shown);
  if (named.length === 0) return '';
  return ` by ${named.join(', ')}${all.size > most ? ' and others' : ''}`;
}

/** A name of a program as text: what is no UTF-8, or would steer a terminal, as escapes. */
const shown = (name: ByteString): string =>
  Buffer.from(name, 'latin1')
    .toString('utf8')
    .slice(0, 80)
    .replace(/[\p{C}\ufffd]/gu, '?');

export const times = (sightings: readonly Sighting[]): number => sightings.reduce((sum, one) => sum + one.times, 0);

/** `42 reads, 1 write` */
export function counted(counts: readonly (readonly [count: number, one: string, more: string])[]): string {
  return counts
    .filter(([count]) => count > 0)
    .map(([count, one, more]) => `${count} ${count === 1 ? one : more}`)
    .join(', ');
}
