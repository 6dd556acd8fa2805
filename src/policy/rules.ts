/** The rules of a valid document of an ACL file, one per pattern, each knowing where it stands. */
import { errnoName, errnoNumber, ERRNO } from '../abi/errno.js';
import type { Access, NameQuestion, Rule, SocketQuestion, Verdict } from '../questions.js';
import { parseEndpoint, type Endpoint } from './endpoint.js';
import { parseGlob, parseNameGlob, parseUnixGlob, type Glob } from './glob.js';
import { printable } from './problem.js';
import type { Acl } from './schema.js';
import { callCondition } from './syscall-lists/call-condition.js';
import type { Condition } from './syscall-lists/expression.js';
import { ACCESSES, UNLISTED_CALLS, type Kind, type VERDICT_WORDS } from './words.js';

/** What is said of a call where the condition holds; without one, always. */
export interface CallCase {
  readonly when: { readonly text: string; readonly holds: Condition } | null;
  readonly verdict: Verdict;
  readonly rule: Rule;
}

/** One rule of an ACL file. */
export type AclRule = { readonly rule: Rule } & (
  | { readonly kind: 'grant'; readonly access: Access; readonly glob: Glob }
  | { readonly kind: 'deny'; readonly accesses: readonly Access[]; readonly glob: Glob; readonly errno: number }
  /** The first case that holds counts. A name of `*` is every call that no other rule speaks of. */
  | { readonly kind: 'syscall'; readonly name: string; readonly cases: readonly CallCase[] }
  | { readonly kind: 'inet'; readonly action: InetAction; readonly endpoint: Endpoint }
  | { readonly kind: 'unix'; readonly glob: Glob }
  /** `types`: of sockets; null: any. */
  | { readonly kind: 'family'; readonly family: string; readonly types: readonly SocketQuestion['type'][] | null }
  | { readonly kind: 'no-network' }
  | { readonly kind: 'name'; readonly space: NameQuestion['space']; readonly glob: Glob }
  | { readonly kind: 'otherwise'; readonly of: Kind | 'else'; readonly verdict: Verdict }
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

/** All rules of one document, in its order. `file` is the name to show. */
export function rulesOf(acl: Acl, file: string, locate: Locate): AclRule[] {
  const ruleAt = (path: (string | number)[], text: string, why?: string): Rule =>
    Object.freeze({ file, ...locate(path), text: printable(text), ...(why === undefined ? {} : { why }) });
  return [
    ...syscallRules(acl, ruleAt),
    ...fileRules(acl, ruleAt),
    ...networkRules(acl, ruleAt),
    ...nameRules(acl, ruleAt),
    ...otherwiseRules(acl, ruleAt),
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
    const many = Array.isArray(entry);
    const cases = (many ? entry : [typeof entry === 'string' ? { verdict: entry } : entry]).map(
      (given: GivenVerdict, index): CallCase => {
        const verdict = Object.freeze(verdictOf(given));
        const said = `${callText(verdict)}${given.when === undefined ? '' : ` when ${given.when}`}`;
        const text = name === UNLISTED_CALLS ? `is not listed: ${said}` : `${name}: ${said}`;
        const rule = ruleAt(many ? ['syscalls', name, index] : ['syscalls', name], text, given.why);
        const when = given.when === undefined ? null : { text: given.when, holds: callCondition(name, given.when) };
        return { when, verdict, rule };
      },
    );
    return { kind: 'syscall', name, cases, rule: cases[0].rule };
  });
}

interface GivenVerdict {
  return?: number;
  deny?: string;
  verdict?: (typeof VERDICT_WORDS)[number];
  when?: string;
  why?: string;
}

function verdictOf(given: GivenVerdict): Verdict {
  if (given.return !== undefined) return { verdict: 'return', value: given.return };
  if (given.deny !== undefined) return { verdict: 'deny', errno: errnoOf(given.deny) };
  if (given.verdict === 'log') return { verdict: 'allow', log: true };
  if (given.verdict === 'warn') return { verdict: 'allow', log: true, alarm: true };
  return { verdict: given.verdict ?? 'kill' };
}

/** A verdict in the words of a rule. */
export function callText(verdict: Verdict): string {
  if (verdict.verdict === 'return') return `return ${verdict.value}`;
  if (verdict.verdict === 'deny') return `deny ${errnoName(verdict.errno)}`;
  return verdict.verdict === 'allow' && verdict.log ? (verdict.alarm ? 'warn' : 'log') : verdict.verdict;
}

/** What nothing lists, by what is asked. The reason is the document's. */
function otherwiseRules({ otherwise, why }: Acl, ruleAt: RuleAt): AclRule[] {
  if (otherwise === undefined) return [];
  const said = typeof otherwise === 'string' ? { else: otherwise } : otherwise;
  return Object.entries(said).map(([of, word]): AclRule => {
    const path = typeof otherwise === 'string' ? ['otherwise'] : ['otherwise', of];
    const rule = ruleAt(path, `otherwise ${of === 'else' ? '' : `${of}: `}${word}`, why);
    return {
      kind: 'otherwise',
      of: of as Kind | 'else',
      verdict: Object.freeze(otherwiseVerdict(word)),
      rule: Object.freeze({ ...rule, unlisted: true as const }),
    };
  });
}

function otherwiseVerdict(word: string): Verdict {
  if (word === 'allow' || word === 'kill') return { verdict: word };
  return word === 'log' ? { verdict: 'allow', log: true } : { verdict: 'deny', errno: errnoOf(word) };
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
      ...(entry.families ?? []).map((family): AclRule => {
        const types = entry.types ?? null;
        const text = `family ${family}${types === null ? '' : ` ${types.join('+')}`}`;
        return { kind: 'family', family, types, rule: rule(text) };
      }),
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
