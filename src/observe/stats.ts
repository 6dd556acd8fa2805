/** Statistics: what was called how often, how it was carried out and how long it took, as a table. */
import type { CallEvent, Mechanism, Observer } from '../referee/watch.js';
import { isError } from '../abi/linux.js';
import { isSyscall } from '../abi/numbers.js';

interface Sum {
  calls: number;
  errors: number;
  micros: number;
  orders: number;
}

const MECHANISMS: readonly Mechanism[] = ['native', 'answered', 'delegated', 'denied', 'killed'];
const nothing = (): Sum => ({ calls: 0, errors: 0, micros: 0, orders: 0 });

/** Adds up events; `table` is the text, ready to be printed. */
export class Stats implements Observer {
  private readonly sums = new Map<string, Sum>();

  call({ nr, name, mechanism, result, micros, orders }: CallEvent): void {
    const key = `${isSyscall(nr) ? name : 'unknown'} ${mechanism}`;
    let sum = this.sums.get(key);
    if (sum === undefined) this.sums.set(key, (sum = nothing()));
    sum.calls++;
    if (result !== null && isError(result)) sum.errors++;
    sum.micros += micros;
    sum.orders += orders;
  }

  private row(label: string, { calls, errors, micros, orders }: Sum, all: number): string {
    const share = all === 0 ? 0 : (100 * micros) / all;
    const trips = calls === 0 ? 0 : 1 + orders / calls;
    const cells = [
      share.toFixed(2).padStart(6),
      (micros / 1e6).toFixed(6).padStart(11),
      (calls === 0 ? 0 : micros / calls).toFixed(1).padStart(10),
      String(calls).padStart(9),
      String(errors === 0 ? '' : errors).padStart(8),
      trips.toFixed(2).padStart(6),
    ];
    return `${cells.join(' ')} ${label}`;
  }

  /** Calls by the time they took, then sums by mechanism. Calls that the hook answers by itself are not among them. */
  table(): string {
    const sums = [...this.sums].sort(([, a], [, b]) => b.micros - a.micros);
    const total = nothing();
    const by = new Map(MECHANISMS.map((mechanism) => [mechanism as string, nothing()]));
    for (const [key, sum] of sums)
      for (const into of [total, by.get(key.split(' ')[1]) ?? nothing()]) {
        into.calls += sum.calls;
        into.errors += sum.errors;
        into.micros += sum.micros;
        into.orders += sum.orders;
      }
    const ruler = '------ ----------- ---------- --------- -------- ------ --------------------';
    const heading = '% time     seconds usecs/call     calls   errors  trips system call';
    return [
      heading,
      ruler,
      ...sums.map(([key, sum]) => this.row(key.replace(' ', ' (') + ')', sum, total.micros)),
      ruler,
      ...[...by].filter(([, sum]) => sum.calls > 0).map(([name, sum]) => this.row(name, sum, total.micros)),
      this.row('total', total, total.micros),
      '',
    ].join('\n');
  }
}
