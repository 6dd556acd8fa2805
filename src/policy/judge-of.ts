/** The policy of ACL files as a judge. */
import type { CallRule, Judge } from '../questions.js';
import type { Policy } from './compile.js';
import { decide } from './decide.js';
import { mayRelabel } from './relabel.js';

export const judgeOf = (policy: Policy): Judge => ({
  decide: (question) => decide(policy, question),
  mayRelabel: (from, to, directory) => mayRelabel(policy, from, to, directory),
  calls: new Map([...policy.syscallVerdicts()].map(([name, decision]): [string, CallRule] => [name, () => decision])),
});
