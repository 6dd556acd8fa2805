/**
 * May an object get another name? The policy judges names, so that a rename or a link would relabel: only a name that
 * grants nothing more may be given. What may be done is read, write, create, execute; stat tells nothing new to who
 * can already name the object.
 */
import type { Access, ByteString, Decision, Rule } from '../questions.js';
import { UNLISTED, type AccessRules, type GlobRule, type Policy } from './compile.js';
import { decide } from './decide.js';
import { coversAll, residual } from './glob.js';

const RELABELLING: readonly Access[] = ['read', 'write', 'create', 'execute'];

/**
 * Does `to` grant nothing that `from` does not? For a directory also for every name below it, conservatively: what
 * cannot be shown to grant no more is refused. An exchange of two names must be asked in both directions. Whether the
 * names may be made and removed at all is another question (`create`, of both).
 * @param from the canonical guest path of the object now
 * @param to the canonical guest path it is to have
 * @returns allow, or the errno of what nothing lists (EACCES where that is none) with the rule that would grant more
 */
export function mayRelabel(policy: Policy, from: ByteString, to: ByteString, isDirectory: boolean): Decision {
  if (policy.always !== null) return policy.always;
  for (const access of RELABELLING) {
    const more =
      grantsMore(policy, access, from, to) ?? (isDirectory ? grantsMoreBelow(policy.paths[access], from, to) : null);
    if (more !== null) return { verdict: refusing(policy.paths[access].otherwise), rule: more };
  }
  return { verdict: { verdict: 'allow' }, rule: null };
}

const refusing = ({ verdict }: Decision): Decision['verdict'] =>
  verdict.verdict === 'deny' ? verdict : UNLISTED.verdict;

function grantsMore(policy: Policy, access: Access, from: ByteString, to: ByteString): Rule | null {
  const granted = decide(policy, { ask: 'path', access, path: to });
  if (granted.verdict.verdict !== 'allow') return null;
  return decide(policy, { ask: 'path', access, path: from }).verdict.verdict === 'allow' ? null : granted.rule;
}

/** The first rule that may grant something below `to` which is not granted at the same place below `from`. */
function grantsMoreBelow({ denies, grants, otherwise }: AccessRules, from: ByteString, to: ByteString): Rule | null {
  if (denies.some((deny) => covers(deny, to))) return null;
  const lifted = denies.some((deny) => !keepsBelow(deny, to, from));
  // Everything is granted, then, but what is denied.
  if (otherwise.verdict.verdict === 'allow') return lifted ? otherwise.rule : null;
  const reaching = grants.filter(({ glob }) => residual(glob, to) !== 0);
  const beyond = reaching.find((grant) => !keepsBelow(grant, from, to) && !grants.some((other) => covers(other, from)));
  if (beyond !== undefined) return beyond.decision.rule;
  return lifted ? (reaching[0]?.decision.rule ?? null) : null;
}

/** Everything the rule matches below `there`, does it match at the same place below `here`? */
function keepsBelow({ glob }: GlobRule, here: ByteString, there: ByteString): boolean {
  return (residual(glob, there) & ~residual(glob, here)) === 0;
}

function covers({ glob }: GlobRule, path: ByteString): boolean {
  return coversAll(glob, residual(glob, path));
}
