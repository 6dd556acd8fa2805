/** The policy of a run as the referee's judge: options, ACL files, the shipped default, or none. */
import type { Judge } from '../questions.js';
import { rowOf } from '../syscalls/table.js';
import { allowAll, compile } from '../policy/compile.js';
import { ALLOWING, every } from '../policy/every.js';
import { judgeOf } from '../policy/judge-of.js';
import { DEFAULT_ACL, preparedRules } from '../policy/prepared.js';
import type { AclRule } from '../policy/rules.js';
import type { Settings } from '../policy/secfilter/settings.js';
import { areLists, type Variables } from '../policy/syscall-lists/variables.js';

/** The rules of these files; of none, of default.yaml. @throws PolicyError */
export async function rulesOf(files: readonly string[]): Promise<readonly AclRule[]> {
  const prepared = files.length === 0 ? preparedRules() : undefined;
  if (prepared !== undefined) return prepared;
  // Loaded here: most runs do without.
  const { loadPolicy } = await import('../policy/load.js');
  return loadPolicy(files.length === 0 ? [DEFAULT_ACL] : files, { knownSyscall: (name) => rowOf(name) !== undefined });
}

/** Where a run's policy comes from. */
export interface JudgeOptions {
  /** ACL files; empty: the default; null: none, everything is allowed and logged. */
  readonly acl: readonly string[] | null;
  readonly secfilter: Settings | null;
  /** SECCOMP_SYSCALL_ALLOW and its like. */
  readonly lists: Variables;
  /** The root of the program's view. */
  readonly root: string;
}

/** The judge of ACL files alone. @throws PolicyError */
export async function aclJudge(files: readonly string[] | null): Promise<Judge> {
  return judgeOf(files === null ? allowAll() : compile(await rulesOf(files)));
}

async function secfilter(settings: Settings, root: string): Promise<Judge | null> {
  const [{ secfilterJudge }, { surroundings }] = await Promise.all([
    import('../policy/secfilter/judge.js'),
    import('./secfilter.js'),
  ]);
  return secfilterJudge(settings, surroundings(root));
}

/** The judge that counts from the program's entry on: lists of calls. null: there are none. @throws PolicyError */
export async function openLater(variables: Variables): Promise<{ judge: Judge; says: readonly string[] } | null> {
  if (!areLists(variables)) return null;
  const [{ introduction, listsJudge, unbound }, { listsOf }] = await Promise.all([
    import('../policy/syscall-lists/judge.js'),
    import('../policy/syscall-lists/lists.js'),
  ]);
  const lists = listsOf(variables);
  if (lists === null) return null;
  const judge = listsJudge(lists);
  const free = unbound(judge);
  const warning = `the program's own hook asks before ${free.join(', ')}: hostile code can make them past it`;
  return { judge, says: [...introduction(lists), ...(free.length > 0 ? [warning] : [])] };
}

/**
 * What the options of all front ends and the ACL files allow; the default file only where none of them says anything.
 * @throws PolicyError
 */
export async function openJudge(o: JudgeOptions): Promise<Judge> {
  const front = [o.secfilter === null ? null : await secfilter(o.secfilter, o.root)].filter((judge) => judge !== null);
  const acl = o.acl === null || o.acl.length > 0 || front.length === 0 ? [await aclJudge(o.acl)] : [];
  if (front.length === 0 && o.acl?.length === 0 && areLists(o.lists)) return ALLOWING;
  const [first, ...more] = [...front, ...acl];
  return every([first, ...more]);
}
