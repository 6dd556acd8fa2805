/** `./sandbox syscalls`: what becomes of each system call, from the rows. */
import { isatty } from 'node:tty';
import picocolors from 'picocolors';
import { type CallDescription, describeCalls, FORMAT, type Mechanism, MECHANISMS } from '../syscalls/describe-call.js';
import { nearest } from './nearest.js';

export interface SyscallsOptions {
  readonly json?: boolean;
  readonly by?: Mechanism;
  readonly family?: string;
}

/** A name that is no call; the message says which are like it. */
export class UnknownCall extends Error {}

type Colors = ReturnType<typeof picocolors.createColors>;

/** Numbers and names; `connect` is a call of its own and one of socketcall. @throws UnknownCall */
function named(calls: readonly CallDescription[], names: readonly string[]): CallDescription[] {
  return names.flatMap((name) => {
    const found = calls.filter((call) =>
      /^\d+$/.test(name) ? call.number === Number(name) && call.carried === undefined : call.name === name,
    );
    if (found.length > 0) return found;
    const like = nearest(
      name,
      calls.map((call) => call.name),
    );
    const hint = like.length === 0 ? '' : `; did you mean ${like.join(' or ')}?`;
    throw new UnknownCall(`"${name}" is no i386 system call${hint}`);
  });
}

export function select(names: readonly string[], { by, family }: SyscallsOptions): readonly CallDescription[] {
  const calls = names.length === 0 ? describeCalls() : named(describeCalls(), names);
  return calls.filter(
    (call) => (by === undefined || call.mechanism === by) && (family === undefined || call.family === family),
  );
}

// ---- as text ----

const COLOR: Readonly<Record<Mechanism, (c: Colors) => (text: string) => string>> = {
  native: (c) => c.green,
  answered: (c) => c.cyan,
  delegated: (c) => c.blue,
  decided: (c) => c.yellow,
  carrier: (c) => c.magenta,
  denied: (c) => c.red,
};

const numberOf = ({ number, carried }: CallDescription): string =>
  carried === undefined ? String(number) : `${number}.${carried.number}`;

const SIGN = { in: '', out: ' ←', inout: ' ↔' } as const;

/** One line a call, in columns. */
function list(calls: readonly CallDescription[], c: Colors): string {
  const widest = (of: (call: CallDescription) => string): number => Math.max(...calls.map((call) => of(call).length));
  const [numbers, names, families] = [widest(numberOf), widest((call) => call.name), widest((call) => call.family)];
  const line = (call: CallDescription): string => {
    const last =
      call.errno === undefined
        ? call.arguments.map(({ name, direction }) => name + SIGN[direction]).join(', ')
        : `${call.errno}: ${call.why}`;
    const how = COLOR[call.mechanism](c)(call.mechanism.padEnd(9));
    const columns = [numberOf(call).padStart(numbers), c.bold(call.name.padEnd(names)), call.family.padEnd(families)];
    return [...columns, how, last].join('  ').trimEnd();
  };
  return calls.map(line).join('\n') + '\n';
}

const WIDTH = 100;
/** Words in lines of WIDTH, the second and further ones indented. */
function wrap(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && indent + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n' + ' '.repeat(indent));
}

const RETURNS: Readonly<Record<CallDescription['returns'], string>> = {
  int: 'a number',
  fd: 'a descriptor',
  count: 'a count of bytes',
  address: 'an address',
  mode: 'permission bits',
  void: 'nothing: it does not return',
};

function told({ text, names, alternatives }: CallDescription['arguments'][number]): string {
  if (alternatives !== undefined)
    return `${text}: ${alternatives.map(({ when, text: what }) => `${what} (${when.join(' ')})`).join('; ')}`;
  return names === undefined ? text : `${text}: ${names.join(' ')}`;
}

function details(call: CallDescription, c: Colors): string {
  const { name, carried, family, mechanism } = call;
  const where =
    carried === undefined
      ? `system call ${call.number}`
      : `call ${carried.number} of ${carried.by} (${call.number}), run as ${carried.runs}`;
  const facts: [string, string][] = [];
  const reason = call.errno === undefined ? '' : `, ${call.errno}: ${call.why}`;
  facts.push([mechanism, MECHANISMS[mechanism] + reason]);
  for (const argument of call.arguments) facts.push([`  ${argument.name}${SIGN[argument.direction]}`, told(argument)]);
  if (call.errno === undefined && mechanism !== 'carrier') {
    facts.push(['returns', RETURNS[call.returns]]);
    facts.push(['asks', call.asks.map((a) => (a.argument === undefined ? '' : `${a.argument}: `) + a.what).join('; ')]);
  }
  const width = Math.max(...facts.map(([key]) => key.length));
  const lines = facts
    .filter(([, text]) => text !== '')
    .map(([key, text]) => {
      const shown = key === mechanism ? COLOR[mechanism](c)(key.padEnd(width)) : key.padEnd(width);
      return `  ${shown}  ${wrap(text, width + 4)}\n`;
    });
  return `${c.bold(name)}: ${where}, family ${family}\n${lines.join('')}`;
}

/** What is printed. @throws UnknownCall */
export function syscallsText(names: readonly string[], options: SyscallsOptions, color: boolean): string {
  const calls = select(names, options);
  if (options.json === true) return JSON.stringify({ version: FORMAT, calls }, null, 1) + '\n';
  const c = picocolors.createColors(color);
  if (calls.length === 0) return '';
  return names.length === 0 ? list(calls, c) : calls.map((call) => details(call, c)).join('\n');
}

export const colored = (): boolean => isatty(1) && !process.env.NO_COLOR;
