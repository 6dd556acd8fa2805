/** What the processes of an address space may do. It never changes: a narrower one takes its place. */
import type { CallRule, Judge } from '../questions.js';
import { ALLOWING, every, REFUSING } from '../policy/every.js';
import { isReached, layersOf, type From, type Layer, type Layers } from '../policy/layers.js';
import { onDeny } from '../policy/on-deny.js';
import { begun, executed, judgeOf, UNPLEDGED, type Pledge, type Wish } from '../policy/pledge/state.js';
import { rowOf } from '../syscalls/table.js';

/** Layers, and the wish, that are not in force yet. */
type Awaited = readonly (Layer | Wish)[];

export class Authority {
  readonly judge: Judge;
  private readonly rules: (CallRule | undefined)[] = [];

  private constructor(
    readonly layers: Layers,
    readonly pledge: Pledge,
    private readonly awaited: Awaited,
  ) {
    this.judge = this.composed([judgeOf(pledge)].filter((promised) => promised !== null));
    for (const [name, rule] of this.judge.calls) {
      const row = rowOf(name);
      if (row !== undefined) this.rules[row.nr] = rule;
    }
  }

  /** Of a run's first program, of which nothing has run. */
  static of(layers: Layers): Authority {
    const { above, wish, below } = layers;
    const all = [...above, ...(wish === null ? [] : [wish]), ...below];
    return new Authority(layers, UNPLEDGED, all).reached('exec');
  }

  /** Each is told what becomes of its refusals: what one answers is answered, though another's refusal is only logged. */
  private judges(promises: readonly Judge[]): Judge[] {
    const { above, below, onDeny: how } = this.layers;
    const inForce = (layers: readonly Layer[]): Judge[] =>
      layers.filter((layer) => !this.awaited.includes(layer)).map(({ judge }) => judge);
    return [...inForce(above), ...promises, ...inForce(below)].map((judge) => onDeny(judge, how));
  }
  private composed(promises: readonly Judge[]): Judge {
    const [first, ...more] = this.judges(promises);
    return first === undefined ? ALLOWING : every([first, ...more]);
  }

  /** What is said of a call by its number; undefined: nothing, and a hook need not ask for the policy's sake. */
  rule(nr: number): CallRule | undefined {
    return this.rules[nr];
  }

  /** What is allowed beside all promises. */
  get beside(): Judge {
    return this.composed([]);
  }
  /** Who says so, one by one. */
  get judgesBeside(): readonly Judge[] {
    return this.judges([]);
  }
  /** The program promised more. */
  pledged(pledge: Pledge): Authority {
    return new Authority(this.layers, pledge, this.awaited);
  }
  /** Of a program that is executed: it is held to everything, and to what was promised as far as its start goes. */
  executed(): Authority {
    const all = this.awaits === null ? this : this.reached('main');
    const pledge = executed(all.pledge);
    return pledge === all.pledge ? all : new Authority(this.layers, pledge, []);
  }

  /** The next point that a new program has to come to before it is held to more; null when it is held to all. */
  get awaits(): From | null {
    const points = this.awaited.map(({ from }) => from);
    if (this.pledge.starting) points.push(this.pledge.from);
    return points.reduce<From | null>((next, from) => (next === null || isReached(from, next) ? from : next), null);
  }
  /** It has come to it. */
  reached(point: From): Authority {
    const { wish } = this.layers;
    const isDue = ({ from }: { readonly from: From }): boolean => isReached(from, point);
    const wished = wish !== null && this.awaited.includes(wish) && isDue(wish);
    const pledge = wished ? begun(this.pledge, wish) : this.pledge;
    return new Authority(
      this.layers,
      isDue(pledge) ? { ...pledge, starting: false } : pledge,
      this.awaited.filter((one) => !isDue(one)),
    );
  }

  /** Of an address space that has not been given one. */
  static readonly none = Authority.of(layersOf(REFUSING));
}
