/**
 * What a run is judged by: layers in the order in which their words count, and from where on each does. The first refusal
 * gives errno and reason.
 */
import type { Judge } from '../questions.js';
import type { OnDeny } from './on-deny.js';
import type { Wish } from './pledge/state.js';

/**
 * Points of a program's start, the last one first. `exec`: before anything of it has run; `entry`: its own first instruction
 * (AT_ENTRY), behind the dynamic loader's work; `main`: that function, or the entry where it is not found.
 */
export const FROM = ['main', 'entry', 'exec'] as const;
export type From = (typeof FROM)[number];

/** Has a program that has come to `point` come to this one? */
export const isReached = (from: From, point: From): boolean => FROM.indexOf(from) >= FROM.indexOf(point);

export interface Layer {
  readonly judge: Judge;
  /** Of the run's first program. What is executed by it, before or after that, is judged from its first instruction on. */
  readonly from: From;
}

export interface Layers {
  /** Those whose words count before the promises': lists of calls. */
  readonly above: readonly Layer[];
  /** What is promised for the program; null: nothing. It may promise more by itself. */
  readonly wish: Wish | null;
  /** Those behind: options, ACL files. */
  readonly below: readonly Layer[];
  /** What becomes of a refusal by any of them. */
  readonly onDeny: OnDeny;
}

/** One judge from the start on. */
export const layersOf = (judge: Judge): Layers => ({
  above: [],
  wish: null,
  below: [{ judge, from: 'exec' }],
  onDeny: 'errno',
});
