/** What the processes of an address space may do. It never changes: a narrower one takes its place. */
import type { CallRule, Judge } from '../questions.js';
import { every, REFUSING } from '../policy/every.js';
import type { From } from '../policy/pledge/names.js';
import { begun, executed, judgeOf, UNPLEDGED, type Pledge, type Wish } from '../policy/pledge/state.js';
import { rowOf } from '../syscalls/table.js';

export class Authority {
  readonly judge: Judge;
  private readonly rules: (CallRule | undefined)[] = [];

  /**
   * @param base what is allowed beside all promises
   * @param wish what the command line promised for the program, until that has begun
   */
  constructor(
    readonly base: Judge,
    readonly pledge: Pledge = UNPLEDGED,
    private readonly wish: Wish | null = null,
  ) {
    const promised = judgeOf(pledge);
    this.judge = promised === null ? base : every([promised, base]);
    for (const [name, rule] of this.judge.calls) {
      const row = rowOf(name);
      if (row !== undefined) this.rules[row.nr] = rule;
    }
  }

  /** What is said of a call by its number; undefined: nothing, and a hook need not ask for the policy's sake. */
  rule(nr: number): CallRule | undefined {
    return this.rules[nr];
  }

  /** What both allow. The new judge's word counts first. */
  narrowedBy(judge: Judge): Authority {
    return new Authority(every([judge, this.base]), this.pledge, this.wish);
  }
  /** The program promised more. */
  pledged(pledge: Pledge): Authority {
    return new Authority(this.base, pledge, this.wish);
  }
  /** Of a program that is executed. */
  executed(): Authority {
    const pledge = executed(this.pledge);
    return pledge === this.pledge ? this : new Authority(this.base, pledge, this.wish);
  }

  /** The point that a new program has to reach before it is held to all that was promised; null when it is already. */
  get awaits(): From | null {
    if (this.wish !== null) return this.wish.from;
    return this.pledge.starting ? this.pledge.from : null;
  }
  /** It has reached it. */
  begun(): Authority {
    const pledge = this.wish === null ? this.pledge : begun(this.pledge, this.wish);
    return new Authority(this.base, { ...pledge, starting: false });
  }

  /** Of an address space that has not been given one. */
  static readonly none = new Authority(REFUSING);
}
