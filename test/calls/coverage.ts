/**
 * What the guests reached, told by the sandbox's own record of calls and their registers. What the C library calls for
 * itself does not count: the guest must have printed the call.
 */
import { syscallName } from '../../src/abi/numbers.js';
import type { CallEvent } from '../../src/referee/watch.js';
import type { Family, Flags, Row } from '../../src/syscalls/dsl.js';
import { rowOf } from '../../src/syscalls/table.js';

const PRINTED = /^ *(\w+)\(/gm;

export class Coverage {
  private readonly reached = new Set<string>();
  /** Values that were given for a table of flags, by its name. */
  private readonly given = new Map<string, Set<number>>();

  constructor(private readonly families: Readonly<Record<string, Family>>) {}

  /** Takes in what was recorded of a guest whose output is as it must be. Without its output all calls count as its own. */
  add(calls: readonly CallEvent[], stdout?: string): void {
    const printed = stdout === undefined ? undefined : new Set([...stdout.matchAll(PRINTED)].map((found) => found[1]));
    for (const { nr, name: called, registers } of calls) {
      if (printed?.has(called) === false) continue;
      const name = syscallName(nr); // a sub-call runs the row of a call of another name
      this.reached.add(name);
      rowOf(name)?.args.forEach(([, kind], i) => {
        if (kind.kind === 'value' && kind.flags !== undefined) this.give(kind.flags, registers[i] >>> 0);
      });
    }
  }
  private give({ name }: Flags, value: number): void {
    this.given.set(name, (this.given.get(name) ?? new Set()).add(value));
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
