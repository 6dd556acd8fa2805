/** What names mean in a condition: the arguments of a call's row, and the constants that its flags have, or any flags. */
import * as files from '../../abi/flags.js';
import * as ipc from '../../abi/flags-ipc.js';
import * as processes from '../../abi/flags-process.js';
import type { Flags, Kind, Row } from '../../syscalls/dsl.js';
import { Problem } from '../problem.js';
import type { Names } from './expression.js';

const isTable = (value: unknown): value is Flags =>
  typeof value === 'object' && value !== null && 'values' in value && typeof value.values === 'object';

let every: ReadonlyMap<string, ReadonlySet<number>> | undefined;
/** All constants that there are, with their values: some names mean several things. */
function constants(): ReadonlyMap<string, ReadonlySet<number>> {
  if (every !== undefined) return every;
  const all = new Map<string, Set<number>>([['AT_FDCWD', new Set([files.AT_FDCWD])]]);
  for (const table of [files, ipc, processes].flatMap((module) => Object.values(module) as unknown[]).filter(isTable))
    for (const [name, value] of Object.entries(table.values)) all.set(name, (all.get(name) ?? new Set()).add(value));
  for (let signal = 1; signal <= processes.SIGNAL_MAX; signal++)
    all.set(processes.signalName(signal), new Set([signal]));
  return (every = all);
}

const tableOf = (kind: Kind): readonly Flags[] =>
  kind.kind === 'value' && kind.flags !== undefined ? [kind.flags] : [];

const SIGNED = ['int', 'pid', 'signal'];
const isSigned = (kind: Kind): boolean =>
  kind.kind === 'fd' || (kind.kind === 'value' && kind.flags === undefined && SIGNED.includes(kind.show));

export function namesOf({ args }: Row): Names {
  const own = args.flatMap(([, kind]) => tableOf(kind));
  return {
    all: args.map(([name]) => name),
    argument(name) {
      const index = args.findIndex(([each]) => each === name);
      return index < 0 ? undefined : { index, signed: isSigned(args[index][1]) };
    },
    constant(name) {
      const table = own.find(({ values }) => Object.hasOwn(values, name));
      if (table !== undefined) return table.values[name];
      const values = [...(constants().get(name) ?? [])];
      if (values.length > 1)
        throw new Problem(`"${name}" has the values ${values.join(' and ')}`, 'must be given as a number');
      return values[0];
    },
  };
}
