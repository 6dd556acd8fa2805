/** The rules of a valid ACL file, one per pattern, each knowing where it stands. */
import { errnoName, errnoNumber, ERRNO } from '../abi/errno.js';
import type { Access, NameQuestion, Rule, Verdict } from '../questions.js';
import { parseEndpoint, type Endpoint } from './endpoint.js';
import { parseGlob, parseNameGlob, parseUnixGlob, type Glob } from './glob.js';
import { printable } from './problem.js';
import type { Acl } from './schema.js';
import { ACCESSES, type VERDICT_WORDS } from './words.js';

/** One rule of an ACL file. */
export type AclRule = { readonly rule: Rule } & (
  | { readonly kind: 'grant'; readonly access: Access; readonly glob: Glob }
  | { readonly kind: 'deny'; readonly accesses: readonly Access[]; readonly glob: Glob; readonly errno: number }
  | { readonly kind: 'syscall'; readonly name: string; readonly verdict: Verdict }
  | { readonly kind: 'inet'; readonly action: InetAction; readonly endpoint: Endpoint }
  | { readonly kind: 'unix'; readonly glob: Glob }
  | { readonly kind: 'family'; readonly family: string }
  | { readonly kind: 'no-network' }
  | { readonly kind: 'name'; readonly space: NameQuestion['space']; readonly glob: Glob }
);

export type InetAction = 'connect' | 'bind' | 'send';

/** 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the value at this path of keys and indices stands in its file. */
export type Locate = (path: readonly (string | number)[]) => Position;

const INET_ACTIONS: readonly InetAction[] = ['connect', 'bind', 'send'];

/** All rules of one file, in its order. `file` is the name to show. */
export function rulesOf(acl: Acl, file: string, locate: Locate): AclRule[] {
  const ruleAt = (path: (string | number)[], text: string, why?: string): Rule =>
    Object.freeze({ file, ...locate(path), text: printable(text), ...(why === undefined ? {} : { why }) });
  return [
    ...syscallRules(acl, ruleAt),
    ...fileRules(acl, ruleAt),
    ...networkRules(acl, ruleAt),
    ...nameRules(acl, ruleAt),
  ];
}

type RuleAt = (path: (string | number)[], text: string, why?: string) => Rule;

function fileRules(acl: Acl, ruleAt: RuleAt): AclRule[] {
  return (acl.files ?? []).flatMap((entry, index) => {
    const rule = (text: string) => ruleAt(['files', index], text, entry.why);
    const errno = entry.errno === undefined ? ERRNO.EACCES : errnoOf(entry.errno);
    const denies = (entry.deny ?? []).map((text): AclRule => {
      const shown = entry.access === undefined ? 'deny' : `deny ${entry.access.join('+')}`;
      const accesses = entry.access ?? ACCESSES;
      return { kind: 'deny', accesses, glob: parseGlob(text), errno, rule: rule(`${shown} ${text}`) };
    });
    const grants = ACCESSES.flatMap((access) =>
      (entry[access] ?? []).map((text): AclRule => {
        return { kind: 'grant', access, glob: parseGlob(text), rule: rule(`${access} ${text}`) };
      }),
    );
    return [...denies, ...grants];
  });
}

function syscallRules(acl: Acl, ruleAt: RuleAt): AclRule[] {
  return Object.entries(acl.syscalls ?? {}).map(([name, entry]): AclRule => {
    const given = typeof entry === 'string' ? { verdict: entry } : entry;
    const verdict = Object.freeze(verdictOf(given));
    const rule = ruleAt(['syscalls', name], `${name}: ${verdictText(verdict)}`, given.why);
    return { kind: 'syscall', name, verdict, rule };
  });
}

interface GivenVerdict {
  return?: number;
  deny?: string;
  verdict?: (typeof VERDICT_WORDS)[number];
  why?: string;
}

function verdictOf(given: GivenVerdict): Verdict {
  if (given.return !== undefined) return { verdict: 'return', value: given.return };
  if (given.deny !== undefined) return { verdict: 'deny', errno: errnoOf(given.deny) };
  if (given.verdict === 'log') return { verdict: 'allow', log: true };
  return { verdict: given.verdict ?? 'kill' };
}

function verdictText(verdict: Verdict): string {
  if (verdict.verdict === 'return') return `return ${verdict.value}`;
  if (verdict.verdict === 'deny') return `deny ${errnoName(verdict.errno)}`;
  return verdict.verdict === 'allow' && verdict.log ? 'log' : verdict.verdict;
}

function networkRules(acl: Acl, ruleAt: RuleAt): AclRule[] {
  if (acl.network === undefined) return [];
  if (acl.network === 'none') return [{ kind: 'no-network', rule: ruleAt(['network'], 'network: none') }];
  return acl.network.flatMap((entry, index): AclRule[] => {
    const rule = (text: string) => ruleAt(['network', index], text, entry.why);
    return [
      ...INET_ACTIONS.flatMap((action) =>
        (entry[action] ?? []).map((text): AclRule => {
          return { kind: 'inet', action, endpoint: parseEndpoint(text), rule: rule(`${action} ${text}`) };
        }),
      ),
      ...(entry.unix ?? []).map((text) => unixRule(text, rule(`unix ${text}`))),
      ...(entry.families ?? []).map((family): AclRule => ({ kind: 'family', family, rule: rule(`family ${family}`) })),
    ];
  });
}

function unixRule(text: string, rule: Rule): AclRule {
  const glob = parseUnixGlob(text);
  return text.startsWith('@') ? { kind: 'name', space: 'abstract', glob, rule } : { kind: 'unix', glob, rule };
}

function nameRules(acl: Acl, ruleAt: RuleAt): AclRule[] {
  return (acl.names ?? []).flatMap((entry, index) =>
    entry.names.map((text): AclRule => {
      const rule = ruleAt(['names', index], `${entry.space} ${text}`, entry.why);
      return { kind: 'name', space: entry.space, glob: parseNameGlob(text), rule };
    }),
  );
}

/** A name the schema has let through. */
function errnoOf(name: string): number {
  return errnoNumber(name) ?? ERRNO.EACCES;
}
