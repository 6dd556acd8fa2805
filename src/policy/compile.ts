/**
 * Rules → one immutable Policy, arranged so that a question is answered by looking only at rules of its kind. Rules of
 * several files are one union: only their order, which decides between rules of equal rank, tells where they came from.
 */
import { ERRNO } from '../abi/errno.js';
import { syscallName } from '../abi/numbers.js';
import type { Access, CallRule, Decision, NameQuestion, Rule, SocketQuestion, Verdict } from '../questions.js';
import { rows } from '../syscalls/table.js';
import type { Endpoint } from './endpoint.js';
import type { Glob } from './glob.js';
import { Memo } from './memo.js';
import type { AclRule, CallCase, InetAction } from './rules.js';
import { ACCESSES, KINDS, NAME_SPACES, UNLISTED_CALLS, type Kind } from './words.js';

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
  /** Of what none of these matches. */
  readonly otherwise: Decision;
}

/** Sockets of a family that may be made. */
export interface FamilyRule {
  /** null: any. */
  readonly types: readonly SocketQuestion['type'][] | null;
  readonly decision: Decision;
}

/** Everything a policy allows and refuses. Built once, never changed; `memo` only remembers what would be decided again. */
export interface Policy {
  /** Set for the policy of --no-acl: the answer to every question. */
  readonly always: Decision | null;
  readonly paths: Readonly<Record<Access, AccessRules>>;
  readonly inet: Readonly<Record<InetAction, readonly EndpointRule[]>>;
  readonly unix: readonly GlobRule[];
  readonly families: ReadonlyMap<string, readonly FamilyRule[]>;
  readonly names: Readonly<Record<NameQuestion['space'], readonly GlobRule[]>>;
  /** What becomes of what nothing lists. Of sockets it names the `network: none` that says so, if one does. */
  readonly otherwise: Readonly<Record<Kind, Decision>>;
  readonly memo: Memo;
  /** What is said of calls by their names; a call that is not in it goes on. A new map each time. */
  calls(): Map<string, CallRule>;
  call(name: string): CallRule | undefined;
  /** Of these, those that go on whatever their arguments are, and that nobody wants to hear of. */
  readonly free: ReadonlySet<string>;
}

/** Refusals of what nothing lists. */
export const UNLISTED: Decision = decision({ verdict: 'deny', errno: ERRNO.EACCES }, null);

/** One policy of the rules of all files, as loadPolicy() gives them. */
export function compile(rules: readonly AclRule[]): Policy {
  const calls = compileCalls(rules);
  const otherwise = compileOtherwise(rules);
  return Object.freeze({
    always: null,
    paths: record(ACCESSES, (access) => compileAccess(rules, access, otherwise[access])),
    inet: record(['connect', 'bind', 'send'] as const, (action) => compileInet(rules, action)),
    unix: globRules(rules, (rule) => rule.kind === 'unix'),
    families: compileFamilies(rules),
    names: record(NAME_SPACES, (space) => globRules(rules, (rule) => rule.kind === 'name' && rule.space === space)),
    otherwise,
    memo: new Memo(),
    calls: () => new Map(calls),
    call: (name: string) => calls.get(name),
    free: freeCalls(rules),
  });
}

/** The policy of --no-acl: everything is allowed, and every answer asks for a log line. */
export function allowAll(): Policy {
  return Object.freeze({ ...compile([]), always: decision({ verdict: 'allow', log: true }, null) });
}

function compileAccess(rules: readonly AclRule[], access: Access, otherwise: Decision): AccessRules {
  const denies = rules.flatMap((rule) =>
    rule.kind === 'deny' && rule.accesses.includes(access)
      ? [{ glob: rule.glob, decision: decision({ verdict: 'deny', errno: rule.errno }, rule.rule) }]
      : [],
  );
  // Whatever may be done to a path, its metadata may be read.
  const grants = globRules(rules, (rule) => rule.kind === 'grant' && (access === 'stat' || rule.access === access));
  return { denies, grants, otherwise };
}

function compileInet(rules: readonly AclRule[], action: InetAction): EndpointRule[] {
  return rules.flatMap((rule) =>
    rule.kind === 'inet' && rule.action === action ? [{ endpoint: rule.endpoint, decision: allow(rule.rule) }] : [],
  );
}

function compileFamilies(rules: readonly AclRule[]): Map<string, FamilyRule[]> {
  const families = new Map<string, FamilyRule[]>();
  for (const rule of rules) {
    if (rule.kind !== 'family') continue;
    const all = families.get(rule.family) ?? [];
    families.set(rule.family, [...all, { types: rule.types, decision: allow(rule.rule) }]);
  }
  return families;
}

/** The questions that `network: none` speaks of. */
const NETWORK: readonly Kind[] = ['socket', 'connect', 'bind', 'send', 'unix', 'unix-bind'];

function compileOtherwise(rules: readonly AclRule[]): Record<Kind, Decision> {
  const said = rules.filter((rule) => rule.kind === 'otherwise');
  const none = hasNetwork(rules) ? undefined : rules.find((rule) => rule.kind === 'no-network');
  return record(KINDS, (kind) => {
    const rule = said.find(({ of }) => of === kind) ?? said.find(({ of }) => of === 'else');
    const decided = rule === undefined ? UNLISTED : decision(rule.verdict, rule.rule);
    if (none === undefined || !NETWORK.includes(kind)) return decided;
    // Who says none means it, whatever becomes of the rest.
    return decision(decided.verdict.verdict === 'allow' ? UNLISTED.verdict : decided.verdict, none.rule);
  });
}

/** How strict a verdict is, the strictest first: of several rules for one call the strictest wins. */
function strictness({ verdict }: { readonly verdict: Verdict }): number {
  if (verdict.verdict === 'allow') return verdict.alarm ? 3 : verdict.log ? 4 : 5;
  return { kill: 0, deny: 1, return: 2, native: 6 }[verdict.verdict];
}

/** The strictest, of equal ones the first; undefined of none. */
export function strictest<T extends { readonly verdict: Verdict }>(all: readonly T[]): T | undefined {
  return all.reduce<T | undefined>(
    (best, one) => (best === undefined || strictness(one) < strictness(best) ? one : best),
    undefined,
  );
}

const isFree = ({ when, verdict }: CallCase): boolean =>
  when === null && verdict.verdict === 'allow' && verdict.log !== true;

function freeCalls(rules: readonly AclRule[]): Set<string> {
  const named = rules.flatMap((rule) => (rule.kind === 'syscall' && rule.name !== UNLISTED_CALLS ? [rule] : []));
  const bound = new Set(named.filter(({ cases }) => !isFree(cases[0])).map(({ name }) => name));
  return new Set(named.map(({ name }) => name).filter((name) => !bound.has(name)));
}

const caseOf = (cases: readonly CallCase[], registers: Uint32Array): CallCase | undefined =>
  cases.find(({ when }) => when === null || when.holds(registers));

/** What `*` says of a call by its name. */
function unlistedCase(rules: readonly AclRule[]): ((name: string) => Decision) | undefined {
  const star = strictest(
    rules.flatMap((rule) => (rule.kind === 'syscall' && rule.name === UNLISTED_CALLS ? rule.cases : [])),
  );
  if (star === undefined) return undefined;
  return (name) => {
    const text = `${name} ${star.rule.text}`;
    return decision(star.verdict, Object.freeze({ ...star.rule, text, unlisted: true as const }));
  };
}

function compileCalls(rules: readonly AclRule[]): Map<string, CallRule> {
  const byName = new Map<string, (readonly CallCase[])[]>();
  for (const rule of rules)
    if (rule.kind === 'syscall' && rule.name !== UNLISTED_CALLS)
      byName.set(rule.name, [...(byName.get(rule.name) ?? []), rule.cases]);
  const unlisted = unlistedCase(rules);
  const calls = new Map([...byName].map(([name, all]) => [name, callRule(all, unlisted?.(name))]));
  for (const row of unlisted === undefined ? [] : rows) {
    const name = row && syscallName(row.nr);
    if (name === undefined || calls.has(name)) continue;
    const decided = unlisted?.(name);
    calls.set(name, () => decided);
  }
  return calls;
}

/** Of each file the first case that holds speaks, and of these the strictest counts. */
function callRule(files: readonly (readonly CallCase[])[], unlisted: Decision | undefined): CallRule {
  const decided = new Map(files.flat().map((one) => [one, decision(one.verdict, one.rule)]));
  const [only] = files;
  if (files.length === 1)
    return (registers) => {
      const found = caseOf(only, registers);
      return found === undefined ? unlisted : decided.get(found);
    };
  return (registers) => {
    const speaking = files.map((cases) => caseOf(cases, registers)).filter((one) => one !== undefined);
    const found = strictest(speaking);
    return found === undefined ? unlisted : decided.get(found);
  };
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
