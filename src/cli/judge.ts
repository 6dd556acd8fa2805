/** The policy of a run as the referee's judge: ACL files, the shipped default, or none. */
import type { CallRule, Judge } from '../questions.js';
import { rowOf } from '../syscalls/table.js';
import { allowAll, compile } from '../policy/compile.js';
import { decide } from '../policy/decide.js';
import { DEFAULT_ACL, preparedRules } from '../policy/prepared.js';
import { mayRelabel } from '../policy/relabel.js';
import type { AclRule } from '../policy/rules.js';

/** The rules of these files; of none, of default.yaml. @throws PolicyError */
async function rulesOf(files: readonly string[]): Promise<readonly AclRule[]> {
  const prepared = files.length === 0 ? preparedRules() : undefined;
  if (prepared !== undefined) return prepared;
  // Loaded here: most runs do without.
  const { loadPolicy } = await import('../policy/load.js');
  return loadPolicy(files.length === 0 ? [DEFAULT_ACL] : files, { knownSyscall: (name) => rowOf(name) !== undefined });
}

/** null: no ACL, everything is allowed and logged; no files: default.yaml. @throws PolicyError */
export async function openJudge(files: readonly string[] | null): Promise<Judge> {
  const policy = files === null ? allowAll() : compile(await rulesOf(files));
  const calls = new Map(
    [...policy.syscallVerdicts()].map(([name, decision]): [string, CallRule] => [name, () => decision]),
  );
  return {
    decide: (question) => decide(policy, question),
    mayRelabel: (from, to, directory) => mayRelabel(policy, from, to, directory),
    calls,
  };
}
