/** What the processes of an address space may do. It never changes: a narrower one takes its place. */
import type { CallRule, Judge } from '../questions.js';
import { every, REFUSING } from '../policy/every.js';
import { rowOf } from '../syscalls/table.js';

export class Authority {
  private readonly rules: (CallRule | undefined)[] = [];

  constructor(readonly judge: Judge) {
    for (const [name, rule] of judge.calls) {
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
    return new Authority(every([judge, this.judge]));
  }

  /** Of an address space that has not been given one. */
  static readonly none = new Authority(REFUSING);
}
