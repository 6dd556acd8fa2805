/** What is odd in a policy that can be loaded: rules that do nothing, that say too much, or that give the sandbox away. */
import type { Access, Judge, Question, Rule } from '../questions.js';
import { compile, type Policy } from './compile.js';
import { DANGERS } from './dangers.js';
import { decide } from './decide.js';
import { coversGlob, mayMeet, parseGlob } from './glob.js';
import type { AclRule } from './rules.js';

export type Kind = 'shadowed' | 'unused' | 'too wide' | 'dangerous';

export interface Finding {
  readonly kind: Kind;
  readonly rule: Rule;
  readonly message: string;
}

type Grant = AclRule & { kind: 'grant' };
type Deny = AclRule & { kind: 'deny' };
const at = ({ file, line, column }: Rule): string => `${file}:${line}:${column}`;

/**
 * The rules of one layer.
 * @param own rules of the files that are looked at: included ones belong to somebody else, and count for what they do
 * @param others the other layers: what they refuse is no danger
 */
export function lint(
  rules: readonly AclRule[],
  own: (rule: Rule) => boolean,
  others: readonly Judge[] = [],
): Finding[] {
  const policy = compile(rules);
  const refused = (question: Question): boolean =>
    others.some((judge) => judge.decide(question).verdict.verdict !== 'allow');
  const findings = [
    ...shadowed(rules),
    ...tooWide(rules),
    ...open(policy, refused),
    ...dangerous(policy, refused),
    ...writtenAndExecuted(rules),
  ];
  return unique(findings.filter(({ rule }) => own(rule))).sort(
    (one, other) => one.rule.line - other.rule.line || one.rule.column - other.rule.column,
  );
}

const unique = (findings: readonly Finding[]): Finding[] => [
  ...new Map(findings.map((one) => [`${at(one.rule)} ${one.message}`, one])).values(),
];

/** Grants that a deny takes back whole, and rules that another one makes needless. */
function shadowed(rules: readonly AclRule[]): Finding[] {
  const grants = rules.filter((one): one is Grant => one.kind === 'grant');
  const denies = rules.filter((one): one is Deny => one.kind === 'deny');
  const found: Finding[] = [];
  const tell = (one: AclRule, what: string, other: AclRule): void =>
    void found.push({
      kind: 'shadowed',
      rule: one.rule,
      message: `${one.rule.text} ${what} ${at(other.rule)}: ${other.rule.text}`,
    });
  grants.forEach((one, index) => {
    const deny = denies.find((other) => other.accesses.includes(one.access) && coversGlob(other.glob, one.glob));
    if (deny !== undefined) return tell(one, 'never holds: it is denied by', deny);
    const same = grants.find((other, i) => covering(other, one) && (i < index || !covering(one, other)));
    if (same !== undefined && same !== one) tell(one, 'adds nothing to', same);
  });
  denies.forEach((one, index) => {
    const other = denies.find(
      (each, i) =>
        i !== index &&
        one.accesses.every((access) => each.accesses.includes(access)) &&
        coversGlob(each.glob, one.glob) &&
        (i < index || (each.errno === one.errno && !coversGlob(one.glob, each.glob))),
    );
    if (other !== undefined) tell(one, 'adds nothing to', other);
  });
  rules.forEach((one, index) => {
    if (one.kind === 'grant' || one.kind === 'deny' || one.kind === 'no-network' || one.kind === 'otherwise') return;
    const same = rules.slice(0, index).find((other) => other.kind === one.kind && other.rule.text === one.rule.text);
    if (same !== undefined) tell(one, 'adds nothing to', same);
  });
  return found;
}

/** stat comes with whatever else is granted. */
const covering = (other: Grant, one: Grant): boolean =>
  (other.access === one.access || one.access === 'stat') && coversGlob(other.glob, one.glob);

/** Trees that nobody means as a whole, by what is granted on them. */
const WIDE: readonly {
  readonly accesses: readonly Access[];
  readonly trees: readonly string[];
  readonly what: string;
}[] = [
  { accesses: ['read', 'write', 'create', 'execute', 'stat'], trees: ['/**'], what: 'every file there is' },
  {
    accesses: ['read', 'write', 'create'],
    trees: ['/home/**', '/root/**', '/proc/**'],
    what: 'what belongs to people and processes',
  },
  {
    accesses: ['write', 'create'],
    trees: ['/etc/**', '/usr/**', '/var/**', '/dev/**', '/sys/**'],
    what: 'what the system is made of',
  },
];
/** A pattern as wide as the tree but for the top, or wider. */
function isAsWide({ glob }: Grant, tree: string): boolean {
  return [tree, tree.replace(/\*\*$/, '*/**')].some((one) => coversGlob(glob, parseGlob(one)));
}

function tooWide(rules: readonly AclRule[]): Finding[] {
  return rules.flatMap((one): Finding[] => {
    const wide = (what: string): Finding[] => [
      { kind: 'too wide', rule: one.rule, message: `${one.rule.text} opens ${what}` },
    ];
    if (one.kind === 'grant') {
      const found = WIDE.find(
        ({ accesses, trees }) => accesses.includes(one.access) && trees.some((tree) => isAsWide(one, tree)),
      );
      return found === undefined ? [] : wide(found.what);
    }
    if (one.kind === 'inet' && /^(\*|0\.0\.0\.0\/0|\[::\/0\]):\*$/.test(one.endpoint.text))
      return wide('every address and port');
    if (one.kind === 'family' && one.family === 'packet') return wide('raw frames of every interface');
    if ((one.kind === 'name' || one.kind === 'unix') && /^(\/?\*\*)$/.test(one.glob.text))
      return wide('every name there is');
    return [];
  });
}

/** Names that nobody has a rule for. */
const ANY_PATH = '/no/such/path';
const ANYTHING: readonly Question[] = [
  ...(['read', 'write', 'create', 'execute'] as const).map(
    (access) => ({ ask: 'path', access, path: ANY_PATH }) as const,
  ),
  { ask: 'connect', family: 'inet', address: '192.0.2.1', port: 1 },
];

/** `otherwise: allow` where no other layer restricts the same. */
function open(policy: Policy, refused: (question: Question) => boolean): Finding[] {
  return ANYTHING.flatMap((question): Finding[] => {
    const { verdict, rule } = decide(policy, question);
    if (verdict.verdict !== 'allow' || rule?.unlisted !== true || refused(question)) return [];
    return [{ kind: 'too wide', rule, message: `${rule.text} opens whatever no rule denies` }];
  });
}

/** Well-known names, asked one by one: what a deny takes back is no danger. */
function dangerous(policy: Policy, refused: (question: Question) => boolean): Finding[] {
  return DANGERS.flatMap(({ paths, accesses, why }) =>
    paths.flatMap((path) =>
      accesses.flatMap((access): Finding[] => {
        const question = { ask: 'path', access, path } as const;
        const { verdict, rule } = decide(policy, question);
        if (verdict.verdict !== 'allow' || rule === null || rule.unlisted === true || refused(question)) return [];
        return [{ kind: 'dangerous', rule, message: `${rule.text} allows to ${access} ${path}: ${why}` }];
      }),
    ),
  );
}

/** What a program may write and then run is any program. */
function writtenAndExecuted(rules: readonly AclRule[]): Finding[] {
  const grants = rules.filter((one): one is Grant => one.kind === 'grant');
  const denies = rules.filter((one): one is Deny => one.kind === 'deny');
  const executes = grants.filter(({ access }) => access === 'execute');
  const held = (one: Grant, other: Grant): boolean =>
    denies.some(
      ({ accesses, glob }) =>
        [one, other].some(({ access }) => accesses.includes(access)) &&
        [one, other].some((each) => coversGlob(glob, each.glob)),
    );
  return grants
    .filter(({ access }) => access === 'write' || access === 'create')
    .flatMap((one) =>
      executes
        .filter((other) => mayMeet(one.glob, other.glob) && !held(one, other))
        .slice(0, 1)
        .map((other): Finding => {
          const message = `${one.rule.text} and ${other.rule.text} (${at(other.rule)}) meet: what is written can be executed`;
          return { kind: 'dangerous', rule: one.rule, message };
        }),
    );
}
