/** The differences between bare and inside that are known, each with its reason. */

import { rowsOf } from '../support/compare.js';

export interface Difference {
  /** As unittest names it: test.test_os.ForkTests.test_fork. */
  readonly test: string;
  readonly bare: string;
  readonly inside: string;
}

export interface KnownDifference extends Difference {
  readonly reason: string;
}

export const knownDifferences = (): KnownDifference[] =>
  rowsOf('test/foreign/differences.tsv').map(([test, bare, inside, reason]) => ({ test, bare, inside, reason }));

/** The module and the seconds that one of its runs may take. */
export const modules = (): { readonly module: string; readonly seconds: number }[] =>
  rowsOf('test/foreign/modules.tsv').map(([module, seconds]) => ({ module, seconds: Number(seconds) }));
