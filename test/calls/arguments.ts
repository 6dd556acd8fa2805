/** Arguments that guests get from the project's tables, so that a new entry of a table is tested without a new guest. */
import { IP, IPPROTO, IPV6, SO, SOL_SOCKET, TCP, UDP } from '../../src/abi/flags.js';
import { families } from '../../src/syscalls/table.js';

export interface Given {
  readonly arguments: readonly string[];
  /** What it must print, where it is not run bare. */
  readonly output?: string;
}

/** Refused, and what they would do bare is not wanted: programs in the kernel, other routes, the kernel's log. */
const OPTIONS_DENIED = /^(SO_(ATTACH_|BINDTO|DEBUG$)|IPV6_PKTINFO$)/;
/** Values that differ from run to run. */
const OPTIONS_VAGUE = /^SO_(COOKIE|INCOMING_CPU)$/;

/** Level, number, and 1 where only the length of the value can be compared. */
function options(): Given {
  const levels = [
    [SOL_SOCKET, SO],
    [IPPROTO.values.IPPROTO_IP, IP],
    [IPPROTO.values.IPPROTO_TCP, TCP],
    [IPPROTO.values.IPPROTO_UDP, UDP],
    [IPPROTO.values.IPPROTO_IPV6, IPV6],
  ] as const;
  const words = levels.flatMap(([level, table]) =>
    Object.entries(table.values)
      .filter(([name]) => !OPTIONS_DENIED.test(name))
      .flatMap(([name, option]) => [level, option, Number(OPTIONS_VAGUE.test(name))]),
  );
  return { arguments: words.map(String) };
}

/** Name and number of each denied call; the row says what it must answer. */
function denied(): Given {
  const rows = Object.values(families)
    .flatMap((family) => Object.entries(family))
    .flatMap(([name, row]) => (row.by === 'denied' ? [{ name, nr: row.nr, errno: row.errno }] : []));
  return {
    arguments: rows.flatMap(({ name, nr }) => [name, String(nr)]),
    output: rows.map(({ name, errno }) => `${name}(...) = -1 ${errno}\n`).join(''),
  };
}

export const GIVEN: Readonly<Record<string, () => Given>> = { denied, options };
