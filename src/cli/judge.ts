/** The policy of a run as the referee's judge: ACL files, the shipped default, or none. */
import { rowOf } from '../syscalls/table.js';
import { allowAll, compile } from '../policy/compile.js';
import { decide } from '../policy/decide.js';
import { loadPolicy, SHIPPED_ACL_DIRECTORY } from '../policy/load.js';
import { mayRelabel } from '../policy/relabel.js';
import type { Judge } from '../referee/referee.js';

/** null: no ACL, everything is allowed and logged; no files: default.yaml. @throws PolicyError */
export function openJudge(files: readonly string[] | null): Judge {
  const chosen = files !== null && files.length === 0 ? [`${SHIPPED_ACL_DIRECTORY}/default.yaml`] : files;
  const policy =
    chosen === null ? allowAll() : compile(loadPolicy(chosen, { knownSyscall: (name) => rowOf(name) !== undefined }));
  const verdicts = policy.syscallVerdicts();
  return {
    decide: (question) => decide(policy, question),
    mayRelabel: (from, to, directory) => mayRelabel(policy, from, to, directory),
    syscallVerdicts: () => verdicts,
  };
}
