/**
 * A policy as one ACL file, a document for each layer, each rule with the place that it comes from: what it decides when it
 * is loaded is what they decide.
 */
import { errnoName } from '../abi/errno.js';
import type { Rule, Verdict } from '../questions.js';
import { strictest } from './compile.js';
import type { Veil } from './pledge/veil.js';
import { PolicyError, printable } from './problem.js';
import { callText, type AclRule, type CallCase } from './rules.js';
import type { Place, PromiseSheet, Sheet, Stated } from './sheet.js';
import { quoted } from './suggest.js';
import { KINDS, UNLISTED_CALLS } from './words.js';

const origin = ({ file, line, column }: Place): string =>
  `# ${quoted(file).slice(1, -1)}${line === 0 ? '' : `:${line}:${column}`}`;
const why = (rule: Rule): string => (rule.why === undefined ? '' : `, why: ${quoted(rule.why)}`);

/** An entry of `files`, `network` or `names`; undefined for what stands elsewhere. */
function entryOf(rule: AclRule): string | undefined {
  switch (rule.kind) {
    case 'grant':
      return `${rule.access}: [${quoted(rule.glob.text)}]`;
    case 'deny': {
      const access = rule.rule.text.startsWith('deny /') ? '' : `, access: [${rule.accesses.join(', ')}]`;
      return `deny: [${quoted(rule.glob.text)}], errno: ${errnoName(rule.errno)}${access}`;
    }
    case 'inet':
      return `${rule.action}: [${quoted(rule.endpoint.text)}]`;
    case 'unix':
      return `unix: [${quoted(rule.glob.text)}]`;
    case 'family':
      return `families: [${rule.family}]${rule.types === null ? '' : `, types: [${rule.types.join(', ')}]`}`;
    case 'name':
      return `space: ${rule.space}, names: [${quoted(rule.glob.text)}]`;
    case 'syscall':
    case 'otherwise':
    case 'no-network':
      return undefined;
  }
}

const SECTIONS: Readonly<Record<'files' | 'network' | 'names', readonly AclRule['kind'][]>> = {
  files: ['deny', 'grant'],
  network: ['inet', 'unix', 'family'],
  names: ['name'],
};

function section(rules: readonly AclRule[], name: keyof typeof SECTIONS): string[] {
  const lines = rules
    .filter(({ kind }) => SECTIONS[name].includes(kind))
    .map((one) => `  - { ${entryOf(one)}${why(one.rule)} } ${origin(one.rule)}`);
  return lines.length === 0 ? [] : [`${name}:`, ...lines];
}

/** What one case says, in the order of the files that have one. */
interface Joined {
  readonly when: readonly string[];
  readonly best: CallCase;
}

/** Several files may speak of one call: of each the first case that holds, and of these the strictest. */
function joined(files: readonly (readonly CallCase[])[]): Joined[] {
  let all: { when: string[]; cases: CallCase[] }[] = [{ when: [], cases: [] }];
  for (const cases of files) {
    const settled = cases.some(({ when }) => when === null);
    all = all.flatMap((before) => [
      ...cases.map((one) => ({
        when: one.when === null ? before.when : [...before.when, one.when.text],
        cases: [...before.cases, one],
      })),
      // None of its cases holds.
      ...(settled ? [] : [before]),
    ]);
  }
  return all.flatMap(({ when, cases }): Joined[] => {
    const best = strictest(cases);
    return best === undefined ? [] : [{ when, best }];
  });
}

const verdictEntry = (verdict: Verdict): string =>
  verdict.verdict === 'deny'
    ? `deny: ${errnoName(verdict.errno)}`
    : verdict.verdict === 'return'
      ? `return: ${verdict.value}`
      : `verdict: ${callText(verdict)}`;

function caseText({ when, best }: Joined): string {
  const condition = when.length > 1 ? when.map((one) => `(${one})`).join(' && ') : when[0];
  const said = condition === undefined ? '' : `, when: ${quoted(condition)}`;
  return `{ ${verdictEntry(best.verdict)}${said}${why(best.rule)} } ${origin(best.rule)}`;
}

function syscalls(rules: readonly AclRule[]): string[] {
  const files = new Map<string, (readonly CallCase[])[]>();
  for (const rule of rules)
    if (rule.kind === 'syscall') files.set(rule.name, [...(files.get(rule.name) ?? []), rule.cases]);
  const lines = [...files].flatMap(([name, all]) => {
    const key = name === UNLISTED_CALLS ? quoted(name) : name;
    const cases = joined(all).map(caseText);
    return cases.length === 1 ? [`  ${key}: ${cases[0]}`] : [`  ${key}:`, ...cases.map((one) => `    - ${one}`)];
  });
  return lines.length === 0 ? [] : ['syscalls:', ...lines];
}

const otherwiseText = (verdict: Verdict): string =>
  verdict.verdict === 'deny' ? errnoName(verdict.errno) : callText(verdict);

/** With the reason of the document, which is that of its refusals. */
function otherwise(rules: readonly AclRule[]): string[] {
  const said = rules.filter((rule) => rule.kind === 'otherwise');
  if (said.length === 0) return [];
  const [{ rule, of, verdict }] = said;
  const reason = rule.why === undefined ? [] : [`why: ${quoted(rule.why)}`];
  if (said.length === 1 && of === 'else') return [...reason, `otherwise: ${otherwiseText(verdict)} ${origin(rule)}`];
  const ordered = [...KINDS, 'else'].flatMap((kind) => said.filter((one) => one.of === kind));
  const lines = ordered.map((one) => `  ${one.of}: ${otherwiseText(one.verdict)} ${origin(one.rule)}`);
  return [...reason, 'otherwise:', ...lines];
}

function rulesLines(rules: readonly AclRule[]): string[] {
  const network = section(rules, 'network');
  const none = rules.find(({ kind }) => kind === 'no-network');
  return [
    ...otherwise(rules),
    ...section(rules, 'files'),
    ...syscalls(rules),
    ...(network.length === 0 && none !== undefined ? [`network: none ${origin(none.rule)}`] : network),
    ...section(rules, 'names'),
  ];
}

/** @throws PolicyError for what is no UTF-8 */
function veilText({ path, permissions }: Veil): string {
  const bytes = Buffer.from(path, 'latin1');
  try {
    return quoted(`${new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)}:${permissions}`);
  } catch {
    throw new PolicyError([`"${printable(path)}" must be UTF-8 to stand in an ACL file`]);
  }
}

function promiseLines({ pledge, execpledge, unveil }: PromiseSheet): string[] {
  const line = (key: string, said: Stated<string> | null): string[] =>
    said === null ? [] : [`${key}: ${quoted(said.value)} ${origin(said.place)}`];
  const veils = unveil.map(({ value, place }) => `  - ${veilText(value)} ${origin(place)}`);
  return [
    ...line('pledge', pledge),
    ...line('execpledge', execpledge),
    ...(veils.length === 0 ? [] : ['unveil:', ...veils]),
  ];
}

/** One document, without includes, in ASCII. @throws PolicyError for what no ACL file can say */
export function sheetText(sheet: Sheet): string {
  const from = sheet.from === null ? [] : [`from: ${sheet.from.value} ${origin(sheet.from.place)}`];
  const lines = [...from, ...(sheet.kind === 'rules' ? rulesLines(sheet.rules) : promiseLines(sheet))];
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`;
}

/** A document for each layer, in the order in which they are asked. @throws PolicyError */
export const sheetsText = (sheets: readonly Sheet[]): string => sheets.map(sheetText).join('---\n');

/** Rules as one document. */
export const policyText = (rules: readonly AclRule[]): string =>
  sheetText({ kind: 'rules', name: '', from: null, rules });
