/**
 * What the guests reached, told by the sandbox's own log: calls by the line that each leaves, commands and flags by the
 * registers of its request. What the C library calls for itself does not count: the guest must have printed the call.
 */
import type { Family, Flags, Row } from '../../src/syscalls/dsl.js';
import { rowOf } from '../../src/syscalls/table.js';

const REGISTERS = ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp'];
const TRACED = /^sandbox: INFO: (\w+)\(.*\[\w+\]$/gm;
const REQUEST = /^sandbox: DEBUG: request of thread \d+: call \((\w+)\) (.*)$/gm;
const PRINTED = /^ *(\w+)\(/gm;

const each = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((found) => found[1]);

export class Coverage {
  private readonly reached = new Set<string>();
  /** Values that were given for a table of flags, by its name. */
  private readonly given = new Map<string, Set<number>>();

  constructor(private readonly families: Readonly<Record<string, Family>>) {}

  /** Takes in the log (-d DEBUG) and the output of a guest whose output is as it must be. */
  add(log: string, stdout: string): void {
    const printed = new Set(each(stdout, PRINTED));
    const made = [...each(log, TRACED), ...[...printed].filter((name) => isUnlogged(rowOf(name)))];
    for (const name of made) if (printed.has(name)) this.reached.add(name);
    for (const [, name, registers] of log.matchAll(REQUEST)) {
      const row = rowOf(name);
      if (row !== undefined && printed.has(name)) this.addFlags(row, new Map(registers.split(' ').map(pair)));
    }
  }

  private addFlags(row: Row, registers: ReadonlyMap<string, number>): void {
    row.args.forEach(([, kind], i) => {
      const value = registers.get(REGISTERS[i]);
      if (kind.kind !== 'value' || kind.flags === undefined || value === undefined) return;
      const seen = this.given.get(kind.flags.name) ?? new Set();
      this.given.set(kind.flags.name, seen.add(value));
    });
  }

  /** Names of rows that no guest reached, without the families that are awaited; `denied` stands for all denied rows. */
  missingCalls(awaited: ReadonlySet<string>): string[] {
    return this.rows(awaited)
      .filter(([name]) => !this.reached.has(name))
      .map(([name]) => name);
  }

  /** Names of flags and commands, of the tables that these rows use, that no guest gave. */
  missingFlags(awaited: ReadonlySet<string>): string[] {
    const tables = this.rows(awaited).flatMap(([, row]) =>
      row.args.flatMap(([, kind]) => (kind.kind === 'value' && kind.flags !== undefined ? [kind.flags] : [])),
    );
    return [...new Set(tables)].flatMap((table) =>
      Object.entries(table.values)
        .filter(([, value]) => !this.wasGiven(table, value))
        .map(([name]) => `${table.name}: ${name}`),
    );
  }

  private rows(awaited: ReadonlySet<string>): [string, Row][] {
    return Object.entries(this.families)
      .filter(([family]) => !awaited.has(family))
      .flatMap(([, rows]) => Object.entries(rows))
      .filter(([, row]) => row.by !== 'denied' || !awaited.has('denied'));
  }

  private wasGiven({ name, field = 0 }: Flags, value: number): boolean {
    const seen = [...(this.given.get(name) ?? [])];
    const [want, within] = [value >>> 0, field >>> 0];
    return seen.some((v) =>
      within !== 0 && (want & ~within) === 0 ? (v & within) >>> 0 === want : (v & value) >>> 0 === want,
    );
  }
}

/** What the hook does by itself leaves no line: that the guest printed it has to do. */
const isUnlogged = (row: Row | undefined): boolean =>
  row?.by === 'native' || (row?.by === 'answered' && row.constant !== undefined);

function pair(text: string): [string, number] {
  const [name, value] = text.split('=');
  return [name, Number(value)];
}
