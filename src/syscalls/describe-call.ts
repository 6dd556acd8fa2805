/** Every system call of the i386 table in words, sub-calls of socketcall(2) and ipc(2) included: made from the rows alone. */
import { NUMBERS, type SyscallName } from '../abi/numbers.js';
import { ALSO_ASKED, callsOf } from './calls-table.js';
import { type ArgumentDescription, describeArgument } from './describe-kind.js';
import type { Returns, Row } from './dsl.js';
import { IPC, SOCKETCALL } from './multiplexed.js';
import { families, rowOf } from './table.js';

export const MECHANISMS = {
  native: 'the program makes it itself, as strict mode allows',
  answered: 'the helper gives the answer; the process of the program makes no call',
  delegated: 'it is checked, then the trustee makes it in the process of the program',
  decided: 'refused, answered, or made as one or several calls: decided per call, by its arguments',
  carrier: 'it carries other calls; what it carries is judged as if it had been called by its own number',
  denied: 'refused always',
} as const;
export type Mechanism = keyof typeof MECHANISMS;

export type Argument = ArgumentDescription & { readonly name: string };

/** As `./sandbox syscalls --json` prints it: see FORMAT. */
export interface CallDescription {
  readonly name: string;
  /** In eax. */
  readonly number: number;
  /** Carried by another call: which, and by which number of its own. `number` is then the carrier's. */
  readonly carried?: { readonly by: SyscallName; readonly number: number; readonly runs: SyscallName };
  readonly family: string;
  readonly mechanism: Mechanism;
  readonly arguments: readonly Argument[];
  readonly returns: Returns;
  /** What the policy is asked beside the call's name. */
  readonly asks: readonly { readonly argument?: string; readonly what: string }[];
  /** Of a denied call. */
  readonly errno?: string;
  readonly why?: string;
}

/** Of the JSON document. It is raised when a field goes or changes its meaning; new fields come without. */
export const FORMAT = 1;

const CARRYING = 'multiplexed';
const homes = new Map(
  Object.entries(families).flatMap(([family, rows]) =>
    Object.values(rows).map((row): [number, string] => [row.nr, family]),
  ),
);

function asksOf(name: SyscallName, row: Row): CallDescription['asks'] {
  if (row.by === 'denied') return [];
  const also = ALSO_ASKED[name];
  const paths = callsOf(row).map(({ argument, asks }) => ({ argument, what: asks }));
  return also === undefined ? paths : [...paths, { what: also }];
}

function ofRow(name: SyscallName, row: Row): CallDescription {
  return {
    name,
    number: row.nr,
    family: homes.get(row.nr) ?? CARRYING,
    mechanism: row.by === 'odd' ? 'decided' : row.by,
    arguments: row.args.map(([argument, kind]) => ({ name: argument, ...describeArgument(kind, row.args) })),
    returns: row.returns,
    asks: asksOf(name, row),
    ...(row.by === 'denied' ? { errno: row.errno, why: row.why } : {}),
  };
}

/** A call without a row of its own. */
function carrier(name: SyscallName): CallDescription {
  return {
    name,
    number: NUMBERS[name],
    family: CARRYING,
    mechanism: 'carrier',
    arguments: [],
    returns: 'int',
    asks: [],
  };
}

const ofName = (name: SyscallName): CallDescription => {
  const row = rowOf(name);
  return row === undefined ? carrier(name) : ofRow(name, row);
};

interface Sub {
  readonly by: SyscallName;
  readonly number: number;
  readonly name: string;
  /** The call whose row it runs. */
  readonly runs: SyscallName;
  /** How many of the row's arguments it gives. */
  readonly count: number;
}

function ofSub({ by, number, name, runs, count }: Sub): CallDescription {
  const run = ofName(runs);
  return {
    ...run,
    name,
    number: NUMBERS[by],
    carried: { by, number, runs },
    arguments: run.arguments.slice(0, count),
    // send(2) has no address to ask about.
    asks: count < run.arguments.length ? [] : run.asks,
  };
}

const REGISTERS = 6;

const subCalls = (): Sub[] => [
  ...[...SOCKETCALL].map(([number, { row, name, count }]): Sub => ({
    by: 'socketcall',
    number,
    name,
    runs: row,
    count,
  })),
  // They come in an order of their own, but all of them.
  ...[...IPC].map(([number, { row, name }]): Sub => ({ by: 'ipc', number, name, runs: row, count: REGISTERS })),
];

/** By number; a carrier's sub-calls stand behind it. */
export function describeCalls(): readonly CallDescription[] {
  const subs = subCalls().map(ofSub);
  return (Object.keys(NUMBERS) as SyscallName[])
    .sort((a, b) => NUMBERS[a] - NUMBERS[b])
    .flatMap((name) => [ofName(name), ...subs.filter((sub) => sub.carried?.by === name)]);
}
