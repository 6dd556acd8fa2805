/** The pieces of strace(1)'s notation: numbers, names of flags, quoted bytes. All that a program chose is escaped. */
import { signalName } from '../abi/flags-process.js';
import type { Flags } from './dsl.js';

export const hex = (n: number | bigint): string => `0x${n.toString(16)}`;
export const pointer = (n: number): string => (n === 0 ? 'NULL' : hex(n));

/** Permission bits, as strace writes them. */
export const octal = (n: number): string => (n === 0 ? '000' : `0${n.toString(8)}`);

/** Bytes of data that a line shows; more is cut, as strace does it. */
const SHOWN = 32;
const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57;

/** Bytes between quotes; what is no printable ASCII as C escapes, in octal digits as few as the next byte allows. */
export function quoted(bytes: Uint8Array, max = SHOWN): string {
  let text = '';
  const shown = Math.min(bytes.length, max);
  for (let i = 0; i < shown; i++) {
    const byte = bytes[i];
    const named = ESCAPES[byte];
    if (named !== undefined) text += named;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\${isDigit(bytes[i + 1]) ? byte.toString(8).padStart(3, '0') : byte.toString(8)}`;
  }
  return bytes.length > max ? `"${text}"...` : `"${text}"`;
}

interface Names {
  readonly field: number;
  /** By value, those of the field. */
  readonly values: ReadonlyMap<number, string>;
  /** Bits outside the field; names of several bits first. */
  readonly bits: readonly (readonly [bit: number, name: string])[];
}
const known = new WeakMap<Flags, Names>();
const ones = (n: number): number => n.toString(2).replaceAll('0', '').length;

function namesOf(table: Flags): Names {
  const found = known.get(table);
  if (found !== undefined) return found;
  const field = (table.field ?? 0) >>> 0;
  const entries = Object.entries(table.values).map(([name, value]): [number, string] => [value >>> 0, name]);
  const values = new Map<number, string>();
  for (const [value, name] of entries) if ((value & ~field) >>> 0 === 0 && !values.has(value)) values.set(value, name);
  const bits = entries.filter(([value]) => (value & field) === 0 && value !== 0);
  bits.sort(([a], [b]) => ones(b) - ones(a));
  const names = { field, values, bits };
  known.set(table, names);
  return names;
}

/** `O_WRONLY|O_CREAT|0x40000000`: the field's name, then each bit's, then what has none. */
export function flagNames(table: Flags, value: number): string {
  const { field, values, bits } = namesOf(table);
  const parts: string[] = [];
  const inField = (value & field) >>> 0;
  const named = values.get(inField);
  if (field !== 0 && (named !== undefined || inField !== 0)) parts.push(named ?? hex(inField));
  let rest = (value & ~field) >>> 0;
  for (const [bit, name] of bits)
    if ((rest & bit) >>> 0 === bit) {
      parts.push(name);
      rest = (rest & ~bit) >>> 0;
    }
  if (rest !== 0) parts.push(hex(rest));
  return parts.length > 0 ? parts.join('|') : (values.get(0) ?? '0');
}

/** `[INT TERM]`; the complement, `~[…]`, of a set that holds most. */
export function signalSet(set: bigint): string {
  const all = Array.from({ length: 64 }, (_, i) => i + 1);
  const has = (sig: number): boolean => ((set >> BigInt(sig - 1)) & 1n) === 1n;
  const held = all.filter(has);
  const most = held.length > 32;
  const named = (most ? all.filter((sig) => !has(sig)) : held).map((sig) => signalName(sig).replace(/^SIG/, ''));
  return `${most ? '~' : ''}[${named.join(' ')}]`;
}
