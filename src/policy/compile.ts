/**
 * Rules → one immutable Policy, arranged so that a question is answered by looking only at rules of its kind. Rules of
 * several files are one union: only their order, which decides between rules of equal rank, tells where they came from.
 */
import { ERRNO } from '../abi/errno.js';
import type { Access, Decision, NameQuestion, Rule } from '../questions.js';
import type { Endpoint } from './endpoint.js';
import type { Glob } from './glob.js';
import { Memo } from './memo.js';
import type { AclRule, InetAction } from './rules.js';
import { ACCESSES, NAME_SPACES } from './words.js';

/** A pattern and what to decide where it matches. */
export interface GlobRule {
  readonly glob: Glob;
  readonly decision: Decision;
}

/** An endpoint set and what to decide inside it. */
export interface EndpointRule {
  readonly endpoint: Endpoint;
  readonly decision: Decision;
}

/** What the policy says about one kind of access. */
export interface AccessRules {
  readonly denies: readonly GlobRule[];
  readonly grants: readonly GlobRule[];
}

/** Everything a policy allows and refuses. Built once, never changed; `memo` only remembers what would be decided again. */
export interface Policy {
  /** Set for the policy of --no-acl: the answer to every question. */
  readonly always: Decision | null;
  readonly paths: Readonly<Record<Access, AccessRules>>;
  readonly inet: Readonly<Record<InetAction, readonly EndpointRule[]>>;
  readonly unix: readonly GlobRule[];
  readonly families: ReadonlyMap<string, Decision>;
  readonly names: Readonly<Record<NameQuestion['space'], readonly GlobRule[]>>;
  /** What refuses network questions nothing allows: names the `network: none` that says so, if one does. */
  readonly noNetwork: Decision;
  readonly memo: Memo;
  /** The decision for every system call that a rule names; the rest is allowed with rule null. A new map each time. */
  syscallVerdicts(): Map<string, Decision>;
  /** The decision for one system call, or undefined where no rule names it. */
  syscallVerdict(name: string): Decision | undefined;
}

/** Refusals of what nothing lists. */
export const UNLISTED: Decision = decision({ verdict: 'deny', errno: ERRNO.EACCES }, null);

/** One policy of the rules of all files, as loadPolicy() gives them. */
export function compile(rules: readonly AclRule[]): Policy {
  const syscalls = compileSyscalls(rules);
  const none = rules.find((rule) => rule.kind === 'no-network');
  return Object.freeze({
    always: null,
    paths: record(ACCESSES, (access) => compileAccess(rules, access)),
    inet: record(['connect', 'bind', 'send'] as const, (action) => compileInet(rules, action)),
    unix: globRules(rules, (rule) => rule.kind === 'unix'),
    families: compileFamilies(rules),
    names: record(NAME_SPACES, (space) => globRules(rules, (rule) => rule.kind === 'name' && rule.space === space)),
    noNetwork: none === undefined || hasNetwork(rules) ? UNLISTED : decision(UNLISTED.verdict, none.rule),
    memo: new Memo(),
    syscallVerdicts: () => new Map(syscalls),
    syscallVerdict: (name: string) => syscalls.get(name),
  });
}

/** The policy of --no-acl: everything is allowed, and every answer asks for a log line. */
export function allowAll(): Policy {
  return Object.freeze({ ...compile([]), always: decision({ verdict: 'allow', log: true }, null) });
}

function compileAccess(rules: readonly AclRule[], access: Access): AccessRules {
  const denies = rules.flatMap((rule) =>
    rule.kind === 'deny' && rule.accesses.includes(access)
      ? [{ glob: rule.glob, decision: decision({ verdict: 'deny', errno: rule.errno }, rule.rule) }]
      : [],
  );
  // Whatever may be done to a path, its metadata may be read.
  const grants = globRules(rules, (rule) => rule.kind === 'grant' && (access === 'stat' || rule.access === access));
  return { denies, grants };
}

function compileInet(rules: readonly AclRule[], action: InetAction): EndpointRule[] {
  return rules.flatMap((rule) =>
    rule.kind === 'inet' && rule.action === action ? [{ endpoint: rule.endpoint, decision: allow(rule.rule) }] : [],
  );
}

function compileFamilies(rules: readonly AclRule[]): Map<string, Decision> {
  const families = new Map<string, Decision>();
  for (const rule of rules) {
    if (rule.kind === 'family' && !families.has(rule.family)) families.set(rule.family, allow(rule.rule));
  }
  return families;
}

/** How strict a verdict is, the strictest first: of several rules for one call the strictest wins. */
function strictness({ verdict }: Decision): number {
  if (verdict.verdict === 'allow') return verdict.log ? 3 : 4;
  return { kill: 0, deny: 1, return: 2, native: 5 }[verdict.verdict];
}

function compileSyscalls(rules: readonly AclRule[]): Map<string, Decision> {
  const verdicts = new Map<string, Decision>();
  for (const rule of rules) {
    if (rule.kind !== 'syscall') continue;
    const mine = decision(rule.verdict, rule.rule);
    const other = verdicts.get(rule.name);
    if (other === undefined || strictness(mine) < strictness(other)) verdicts.set(rule.name, mine);
  }
  return verdicts;
}

function hasNetwork(rules: readonly AclRule[]): boolean {
  return rules.some((rule) => rule.kind === 'inet' || rule.kind === 'unix' || rule.kind === 'family');
}

function globRules(rules: readonly AclRule[], wanted: (rule: AclRule) => boolean): GlobRule[] {
  return rules.flatMap((rule) =>
    'glob' in rule && wanted(rule) ? [{ glob: rule.glob, decision: allow(rule.rule) }] : [],
  );
}

function allow(rule: Rule): Decision {
  return decision({ verdict: 'allow' }, rule);
}

function decision(verdict: Decision['verdict'], rule: Rule | null): Decision {
  return Object.freeze({ verdict: Object.freeze(verdict), rule });
}

function record<K extends string, V>(keys: readonly K[], value: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, V>;
}
