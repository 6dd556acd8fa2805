/** The policy of ACL files as a judge. */
import type { Judge } from '../questions.js';
import type { Policy } from './compile.js';
import { decide } from './decide.js';
import { mayRelabel } from './relabel.js';

export const judgeOf = (policy: Policy): Judge => ({
  decide: (question) => decide(policy, question),
  mayRelabel: (from, to, directory) => mayRelabel(policy, from, to, directory),
  calls: policy.calls(),
});

/** The same for a run, whose hook need not ask about what is free. */
export const runJudgeOf = (policy: Policy): Judge => ({
  ...judgeOf(policy),
  calls: new Map([...policy.calls()].filter(([name]) => !policy.free.has(name))),
});
