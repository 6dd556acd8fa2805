/**
 * The options of secfilter, from the command line and a file of `key=value` lines, as plain data. A key of the command
 * line takes the place of all that the file says of it.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { parseEndpoint } from '../endpoint.js';
import { PolicyError, Problem } from '../problem.js';

/** Where a setting stands: an option as it was typed, line 0, or a line of a file. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}
export interface Given<T> {
  readonly value: T;
  readonly origin: Origin;
}
/** One `key=value`, not looked at yet. */
export interface Entry extends Given<string> {
  readonly key: string;
}

const SWITCHES = [
  'read-only',
  'no-outbound-network',
  'allow-resolv',
  'mainstream-network-families',
  'verbose',
] as const;
const LISTS = ['allow-write', 'allowed-netmask', 'allowed-port'] as const;
type Switch = (typeof SWITCHES)[number];
type List = (typeof LISTS)[number];
type Key = Switch | List;

/** secfilter's own papers have two names for one key. */
const OTHER_NAMES: Readonly<Record<string, Key>> = { 'write-allow': 'allow-write' };

/** A switch that is not there was not given; it may be given as off. */
export interface Settings {
  readonly switches: Readonly<Partial<Record<Switch, Given<boolean>>>>;
  /** Paths as they were given, CIDRs, ports. */
  readonly lists: Readonly<Record<List, readonly Given<string>[]>>;
}

const ON = ['1', 'true', 'yes', 'on', ''];
const OFF = ['0', 'false', 'no', 'off'];

function switchOf(text: string): boolean {
  if (ON.includes(text)) return true;
  if (OFF.includes(text)) return false;
  throw new Problem(JSON.stringify(text), 'must be 1 or 0 (also true, yes, on; false, no, off)');
}

/** The endpoint of all ports of an address or `ADDRESS/BITS`. @throws Problem */
export function netmask(text: string): ReturnType<typeof parseEndpoint> {
  const [, address = ''] = /^([^/]*)(?:\/\d{1,3})?$/.exec(text) ?? [];
  if (!isIPv4(address) && !isIPv6(address))
    throw new Problem(JSON.stringify(text), 'must be a network such as 127.0.0.0/8 or fe80::/10, or an address');
  try {
    return parseEndpoint(isIPv4(address) ? `${text}:*` : `[${text}]:*`);
  } catch (error) {
    throw error instanceof Problem ? new Problem(JSON.stringify(text), error.must) : error;
  }
}

const MAX_PORT = 65535;
function checkPort(text: string): void {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > MAX_PORT)
    throw new Problem(JSON.stringify(text), `must be a port from 1 to ${MAX_PORT}`);
}
function checkPath(text: string): void {
  if (text === '' || text.includes('\0')) throw new Problem(JSON.stringify(text), 'must be a path');
}
const CHECKS: Readonly<Record<List, (text: string) => void>> = {
  'allow-write': checkPath,
  'allowed-netmask': netmask,
  'allowed-port': checkPort,
};

const isSwitch = (key: string): key is Switch => SWITCHES.some((one) => one === key);
const isList = (key: string): key is List => LISTS.some((one) => one === key);

/** `--read-only`, or `secfilter.conf:3: read-only`. */
const placeOf = (key: string, { file, line }: Origin): string => (line === 0 ? file : `${file}:${line}: ${key}`);

/** The lines of a file, empty ones and comments left out; `#` begins a comment wherever it stands. @throws PolicyError */
export function configEntries(text: string, file: string): Entry[] {
  const problems: string[] = [];
  const entries = text.split('\n').flatMap((whole, index): Entry[] => {
    const line = whole.replace(/#.*$/, '').trim();
    const found = /^([^=]*)=(.*)$/.exec(line);
    if (found !== null) return [{ key: found[1].trim(), value: found[2].trim(), origin: { file, line: index + 1 } }];
    if (line !== '') problems.push(`${file}:${index + 1}: ${JSON.stringify(line)} must be key=value`);
    return [];
  });
  if (problems.length > 0) throw new PolicyError(problems);
  return entries;
}

/** @throws PolicyError with every problem of every entry */
export function settingsOf(commandLine: readonly Entry[], config: readonly Entry[]): Settings {
  const named = (entry: Entry): Entry => ({ ...entry, key: OTHER_NAMES[entry.key] ?? entry.key });
  const given = commandLine.map(named);
  const overruled = new Set(given.map(({ key }) => key));
  const entries = [...config.map(named).filter(({ key }) => !overruled.has(key)), ...given];
  const switches: Partial<Record<Switch, Given<boolean>>> = {};
  const lists: Record<List, Given<string>[]> = { 'allow-write': [], 'allowed-netmask': [], 'allowed-port': [] };
  const problems: string[] = [];
  for (const { key, value, origin } of entries)
    try {
      if (isSwitch(key)) switches[key] = { value: switchOf(value), origin };
      else if (isList(key)) {
        CHECKS[key](value);
        lists[key].push({ value, origin });
      } else throw new Problem(JSON.stringify(key), `must be one of ${[...SWITCHES, ...LISTS].join(', ')}`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(`${placeOf(key, origin)}: ${error.what} ${error.must}`);
    }
  if (problems.length > 0) throw new PolicyError(problems);
  return { switches, lists };
}
