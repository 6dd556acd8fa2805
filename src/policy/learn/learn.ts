/** Evidence → rules that allow it: what ./sandbox learn writes. Pure: it knows files and programs by what it is given. */
import type { Access, ByteString, Decision, RelabelQuestion } from '../../questions.js';
import { decide } from '../decide.js';
import { residual } from '../glob.js';
import { mayRelabel } from '../relabel.js';
import type { AclRule } from '../rules.js';
import { quoted } from '../suggest.js';
import { byWhom, counted, times, type Entry } from './entry.js';
import type { Evidence, PathSighting, Sighting } from './evidence.js';
import { FileLesson } from './files.js';
import { Draft, real, type Grant, type Kind } from './grants.js';
import { learnNetwork } from './network.js';
import { Places } from './places.js';

/** A file to include, and who it is for. */
export interface Offer {
  readonly name: string;
  readonly rules: readonly AclRule[];
  readonly suits: (seen: readonly Sighting[]) => boolean;
}

export interface Given {
  readonly evidence: Evidence;
  /** Exact paths, no includes. */
  readonly strict: boolean;
  /** What holds already. */
  readonly known: readonly AclRule[];
  readonly offers: readonly Offer[];
}

export interface Lesson {
  readonly include: readonly string[];
  readonly entries: readonly Entry[];
  /** One line each: what was widened, kept, and not learned. */
  readonly notes: readonly string[];
}

const RELABELLING: readonly Access[] = ['read', 'write', 'create', 'execute'];
const allows = ({ verdict }: Decision): boolean => verdict.verdict === 'allow';
const isRefused = ({ outcomes }: Sighting): boolean => outcomes.has('refused') && outcomes.size === 1;
const textOf = (question: Sighting['question']): string =>
  quoted('path' in question ? question.path : 'name' in question ? question.name : JSON.stringify(question));

const MOST_LISTED = 20;
const listed = (patterns: readonly string[]): string =>
  patterns.slice(0, MOST_LISTED).map(quoted).join(', ') +
  (patterns.length > MOST_LISTED ? ` and ${patterns.length - MOST_LISTED} more` : '');

class Learner {
  readonly notes: string[] = [];
  private readonly draft: Draft;
  private readonly files: FileLesson;
  private readonly places = new Places();
  private readonly seen: readonly Sighting[];

  constructor(
    private readonly given: Given,
    known: readonly AclRule[],
  ) {
    this.draft = new Draft(known);
    this.seen = given.evidence.all.filter((one) => this.isToLearn(one));
    const paths = this.seen.filter((one): one is PathSighting => one.question.ask === 'path');
    this.files = new FileLesson({ ...given, places: this.places, note: this.note }, this.draft, paths);
  }
  readonly note = (text: string): void => void this.notes.push(text);

  /** What the system refused was of no use, and what a rule denies no other can give. */
  private isToLearn(one: Sighting): boolean {
    const { question } = one;
    if (question.ask === 'syscall') return false;
    if (isRefused(one)) {
      if (question.ask !== 'relabel' && !this.draft.allows(question))
        this.note(
          `not learned: ${question.ask === 'path' ? question.access : question.ask} ${textOf(question)}: the system itself refused it`,
        );
      return false;
    }
    if (question.ask === 'relabel') return true;
    const { verdict, rule } = this.draft.says(question);
    if (verdict.verdict === 'allow' || rule === null || rule.unlisted === true || rule.text === 'network: none')
      return true;
    this.note(
      `stays refused: ${question.ask === 'path' ? question.access : question.ask} ${textOf(question)} by ${rule.file}:${rule.line}:${rule.column}: ${rule.text}`,
    );
    return false;
  }

  learn(): Entry[] {
    this.files.learn();
    this.files.makeSure();
    const network = learnNetwork(this.seen, this.draft, this.files.patterns, { ...this.given, note: this.note });
    const renames = this.seen.filter((one): one is Sighting<RelabelQuestion> => one.question.ask === 'relabel');
    // What one name gets another may need that becomes it.
    for (let pass = 0; pass < 4 && renames.filter((one) => this.mayBeCalled(one)).length < renames.length; pass++)
      for (const one of renames) this.learnRename(one);
    for (const one of renames)
      if (!this.mayBeCalled(one))
        this.note(
          `not learned: to name ${quoted(one.question.from)} ${quoted(one.question.to)}: the new name would grant more`,
        );
    const { wider } = this.files.patterns;
    const others = [...new Set(this.draft.grants.map(({ pattern }) => pattern))].filter((pattern) =>
      wider.has(pattern),
    );
    if (others.length > 0) this.note(`for others of their kind: ${listed(others)}`);
    return [...entriesOf(this.draft.grants), ...network];
  }

  private said({ question }: Sighting<RelabelQuestion>): Decision {
    return mayRelabel(this.draft.policy, real(question.from), real(question.to), question.directory);
  }
  private mayBeCalled = (one: Sighting<RelabelQuestion>): boolean => allows(this.said(one));

  private learnRename(one: Sighting<RelabelQuestion>): void {
    const { from, to, directory } = one.question;
    const may = (access: Access, path: ByteString): boolean =>
      allows(decide(this.draft.policy, { ask: 'path', access, path: real(path) }));
    for (const access of RELABELLING) {
      if (may(access, to) && !may(access, from)) this.grant(from, access, one);
      if (!directory) continue;
      const { grants } = this.draft.policy.paths[access];
      const { pattern } = this.files.patterns.of(from, access);
      if (this.mayBeCalled(one) || !grants.some(({ glob }) => residual(glob, real(to)) !== 0)) continue;
      if (
        access === 'execute' ||
        this.given.strict ||
        !this.places.mayWiden(pattern.replace(/\/\*\*$/, ''), access, [])
      )
        continue;
      this.draft.add({ access, pattern: `${pattern.replace(/\/\*\*$/, '')}/**`, kind: 'moved', sightings: [one] });
    }
  }
  private grant(path: ByteString, access: Access, one: Sighting): void {
    const { pattern } = this.files.patterns.of(path, access);
    this.draft.add({ access, pattern, kind: 'moved', sightings: [one] });
  }
}

const NOUNS: readonly (readonly [Access, string, string])[] = [
  ['read', 'read', 'reads'],
  ['write', 'write', 'writes'],
  ['create', 'creation', 'creations'],
  ['execute', 'execution', 'executions'],
  ['stat', 'look', 'looks'],
];

/** Rules are apart by these. */
interface Row {
  readonly pattern: string;
  readonly kind: Kind;
  readonly grants: Grant[];
}

/** Patterns of a rule at most. */
const MOST_PATTERNS = 50;
const ORDER: readonly Kind[] = ['names', 'own', 'moved', 'way', 'absent'];

const accessesOf = ({ grants }: Row): Access[] =>
  NOUNS.map(([access]) => access).filter((each) => grants.some(({ access }) => access === each));
/** Where it stands: its first two directories, so that a reader finds together what is together. */
const areaOf = ({ pattern, kind }: Row): string => (kind === 'names' ? pattern.split('/').slice(0, 3).join('/') : '');

function rowsOf(grants: readonly Grant[]): Row[] {
  const rows = new Map<string, Row>();
  for (const grant of grants) {
    const row = rows.get(grant.pattern);
    if (row === undefined) rows.set(grant.pattern, { pattern: grant.pattern, kind: grant.kind, grants: [grant] });
    else if (grant.access !== 'stat') row.grants.push(grant);
  }
  return [...rows.values()];
}

function whyOf(kind: Kind, rows: readonly Row[]): string {
  const grants = rows.flatMap((row) => row.grants);
  const sightings = grants.flatMap((grant) => grant.sightings);
  const counts = counted(
    NOUNS.map(([access, one, more]) => [
      times(grants.filter((grant) => grant.access === access).flatMap((grant) => grant.sightings)),
      one,
      more,
    ]),
  );
  const whom = byWhom(sightings);
  switch (kind) {
    case 'absent':
      return `looked for and not there: ${counts}${whom}`;
    case 'own':
      return `temporary directories of its own: ${counts}${whom}`;
    case 'way':
      return 'directories in which it makes something, which another home may lack';
    case 'moved':
      return `gets a name with these rights${whom}`;
    case 'names':
      return `${counts}${whom}`;
  }
}

function entriesOf(grants: readonly Grant[]): Entry[] {
  const groups = new Map<string, Row[]>();
  const rows = rowsOf(grants).sort(
    (a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.pattern < b.pattern ? -1 : 1),
  );
  for (const row of rows) {
    const accesses = accessesOf(row);
    const area = accesses.includes('execute') ? '' : areaOf(row);
    for (let n = 0; ; n++) {
      const key = [row.kind, accesses.join('+'), area, n].join(' ');
      const group = groups.get(key) ?? [];
      if (group.length >= MOST_PATTERNS) continue;
      groups.set(key, [...group, row]);
      break;
    }
  }
  return [...groups.values()].map((group): Entry => {
    const patterns = group.map(({ pattern }) => pattern);
    return {
      section: 'files',
      keys: accessesOf(group[0]).map((access) => [access, patterns]),
      why: whyOf(group[0].kind, group),
    };
  });
}

export function learn(given: Given): Lesson {
  const include = given.strict ? [] : given.offers.filter(({ suits }) => suits(given.evidence.all));
  const learner = new Learner(given, [...given.known, ...include.flatMap(({ rules }) => rules)]);
  const entries = learner.learn();
  const { forgotten, denied } = given.evidence;
  if (forgotten > 0) learner.note(`not learned: ${forgotten} questions beyond what is kept; learn in several runs`);
  if (denied > 0) learner.note(`not learned: ${denied} questions that a policy refused when they were recorded`);
  return { include: include.map(({ name }) => name), entries, notes: learner.notes };
}
