/** Path questions → grants that allow them, as few and as narrow as can be read. */
import type { Access, ByteString, PathQuestion } from '../../questions.js';
import { coversGlob as covers, matchesPath, parseGlob } from '../glob.js';
import { Problem } from '../problem.js';
import { quoted } from '../suggest.js';
import type { Evidence, PathSighting } from './evidence.js';
import { real, type Draft, type Grant, type Kind } from './grants.js';
import { exactPattern, parentOf, Patterns } from './patterns.js';
import type { Places } from './places.js';
import { widen, type Leaf } from './widen.js';

/** Names of one directory that are listed one by one; more are refused. */
const MOST_NAMES = 500;
/** Kinds of temporary directories in one place. */
const MOST_OWN = 50;
const MOST_NAMES_STRICT = 5000;

export interface Learning {
  readonly evidence: Evidence;
  readonly places: Places;
  readonly strict: boolean;
  /** Tells the user what the file alone does not. */
  readonly note: (text: string) => void;
}

const CHANGES = ['read', 'write', 'create'] as const;
const isAbsent = ({ outcomes }: PathSighting): boolean => outcomes.has('absent') && !outcomes.has('done');

/** Equal patterns as one, each with what it stands for. Paths without a pattern are told. */
function leavesOf(
  sightings: readonly PathSighting[],
  access: Access,
  patterns: Patterns,
  note: Learning['note'],
): { readonly leaves: Leaf<PathSighting>[]; readonly own: Leaf<PathSighting>[] } {
  const [leaves, own] = [new Map<string, PathSighting[]>(), new Map<string, PathSighting[]>()];
  for (const one of sightings)
    try {
      const found = patterns.of(one.question.path, access);
      const into = found.own ? own : leaves;
      const items = into.get(found.pattern);
      if (items === undefined) into.set(found.pattern, [one]);
      else items.push(one);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      note(`not learned: ${access} ${quoted(one.question.path)}: no pattern can say it`);
    }
  const list = (map: Map<string, PathSighting[]>) => [...map].map(([pattern, items]) => ({ pattern, items }));
  return { leaves: list(leaves), own: list(own) };
}

/** The pattern of a directory; of one that has none, one that is none's. */
function exactOr(path: ByteString): string {
  try {
    return exactPattern(path);
  } catch (error) {
    if (error instanceof Problem) return '';
    throw error;
  }
}

export class FileLesson {
  private readonly dropped = new Set<PathSighting>();
  readonly patterns: Patterns;

  constructor(
    private readonly learning: Learning,
    private readonly draft: Draft,
    private readonly all: readonly PathSighting[],
  ) {
    this.patterns = new Patterns(learning.evidence, all, learning.places, learning.strict);
  }

  learn(): void {
    const of = (access: Access): PathSighting[] =>
      this.draft.lacks(this.all.filter((one) => one.question.access === access));
    this.takeOwn();
    this.take(of('execute'), 'execute');
    for (const access of CHANGES) this.take(of(access), access);
    if (!this.learning.strict) this.ways();
    // With what is granted come its metadata and the directories above it.
    this.take(of('stat'), 'stat');
    this.tidy();
  }

  /** What was asked is allowed by its own path, whatever was made of the patterns. */
  makeSure(): void {
    for (const one of this.draft.lacks(this.all.filter((each) => !this.dropped.has(each))))
      this.addExact(one.question, 'names', [one]);
  }

  addExact({ path, access }: PathQuestion, kind: Kind, sightings: Grant['sightings']): void {
    try {
      this.draft.add({ access, pattern: exactPattern(path), kind, sightings });
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // told before
    }
  }

  /** In directories that it made for itself a program may do what it likes, but for running what it finds there. */
  private takeOwn(): void {
    if (this.learning.strict) return;
    const found = CHANGES.map((access) => {
      const sightings = this.draft.lacks(this.all.filter(({ question }) => question.access === access));
      return { access, own: leavesOf(sightings, access, this.patterns, () => undefined).own };
    });
    const patterns = this.ownPatterns(found.flatMap(({ own }) => own));
    for (const { access, own } of found)
      for (const pattern of patterns)
        this.draft.add({
          access,
          pattern,
          kind: 'own',
          sightings: own.find((leaf) => leaf.pattern === pattern)?.items ?? [],
        });
  }

  /** One place has few kinds of them. */
  private ownPatterns(own: readonly Leaf<PathSighting>[]): readonly string[] {
    const kinds = new Map<string, Set<string>>();
    for (const { pattern } of own) {
      const place = parentOf(parentOf(pattern));
      kinds.set(place, (kinds.get(place) ?? new Set()).add(pattern));
    }
    return [...kinds].flatMap(([place, patterns]) => {
      if (patterns.size <= MOST_OWN) return [...patterns];
      for (const { pattern, items } of own) if (patterns.has(pattern)) for (const one of items) this.dropped.add(one);
      this.learning.note(
        `not learned: ${patterns.size} kinds of temporary directories in ${quoted(place || '/')}: too many to list`,
      );
      return [];
    });
  }

  private take(sightings: readonly PathSighting[], access: Access): void {
    const { leaves } = leavesOf(sightings, access, this.patterns, this.learning.note);
    const wide = access === 'execute' || this.learning.strict ? leaves : this.widened(leaves, access);
    for (const { pattern, items } of this.readable(wide, access))
      this.draft.add({ access, pattern, kind: items.every(isAbsent) ? 'absent' : 'names', sightings: items });
  }

  /** The patterns of one directory are not more than a reader can look through. */
  private readable(leaves: readonly Leaf<PathSighting>[], access: Access): readonly Leaf<PathSighting>[] {
    const { strict, note } = this.learning;
    const groups = new Map<string, Leaf<PathSighting>[]>();
    for (const leaf of leaves) {
      const directory = parentOf(leaf.pattern);
      groups.set(directory, groups.get(directory) ?? []);
      groups.get(directory)?.push(leaf);
    }
    return [...groups].flatMap(([directory, group]) => {
      if (group.length <= (strict ? MOST_NAMES_STRICT : MOST_NAMES)) return group;
      for (const { items } of group) for (const one of items) this.dropped.add(one);
      note(
        `not learned: ${access} of ${group.length} names in ${quoted(directory || '/')}: too many to list, and no pattern for all of them is safe`,
      );
      return [];
    });
  }

  /** Files that it read and never changed: a pattern for others must not let it. */
  private onlyRead(): readonly ByteString[] {
    const changed = new Set<ByteString>();
    const directories = new Set<ByteString>();
    for (const { question } of this.all) {
      directories.add(parentOf(question.path));
      if (question.access === 'write' || question.access === 'create') changed.add(question.path);
    }
    return this.all
      .filter(({ question: { access, path } }) => access === 'read' && !changed.has(path) && !directories.has(path))
      .map(({ question }) => real(question.path));
  }

  private widened(leaves: readonly Leaf<PathSighting>[], access: Access): readonly Leaf<PathSighting>[] {
    const { places, evidence, note } = this.learning;
    const { grants } = this.draft;
    const executed = grants.filter((one) => one.access === 'execute').map(({ pattern }) => parseGlob(pattern));
    const open = new Set(grants.filter((one) => one.access === 'read').map(({ pattern }) => pattern));
    for (const { pattern } of access === 'read' ? leaves : []) open.add(pattern);
    for (const cwd of evidence.cwds) open.add(exactOr(cwd));
    const spared = access === 'write' || access === 'create' ? this.onlyRead() : [];
    const { leaves: wide, kept } = widen(leaves, {
      isOpen: (directory) => open.has(directory),
      mayBe: (pattern, directory) => {
        const glob = parseGlob(pattern);
        const isSafe = places.mayWiden(directory, access, executed) && places.danger(glob, access) === undefined;
        return isSafe && !spared.some((path) => matchesPath(glob, path));
      },
    });
    for (const { directory, names } of access === 'stat' ? [] : kept)
      note(
        `kept exact: ${access} of ${names} names in or below ${quoted(directory)}: no pattern for all of them is safe`,
      );
    const before = new Set(leaves.map(({ pattern }) => pattern));
    for (const { pattern, items } of wide)
      if (!before.has(pattern)) note(`widened: ${access} ${quoted(pattern)} for ${items.length} names`);
    return wide;
  }

  /** Another home has not what this one had: the directories in which the program makes something. */
  private ways(): void {
    for (const { access, pattern, sightings } of [...this.draft.grants]) {
      if (access !== 'create') continue;
      for (let up = parentOf(pattern); /^\$\{[A-Z]+\}\/./.test(up); up = parentOf(up))
        if (!/[*?[]/.test(up)) this.draft.add({ access, pattern: up, kind: 'way', sightings });
    }
  }

  /** Without what another grant gives: patterns that were found after it. */
  private tidy(): void {
    const { grants } = this.draft;
    const all = grants.map((grant) => ({ grant, glob: parseGlob(grant.pattern) }));
    const wide = all.filter(({ glob }) => glob.shape !== 'literal');
    const gives = (other: Grant, one: Grant): boolean => other.access === one.access || one.access === 'stat';
    this.draft.replace(
      all
        .filter(
          ({ grant, glob }, i) =>
            !wide.some(
              (other) =>
                other.grant !== grant &&
                gives(other.grant, grant) &&
                covers(other.glob, glob) &&
                !(gives(grant, other.grant) && covers(glob, other.glob) && all.indexOf(other) > i),
            ),
        )
        .map(({ grant }) => grant),
    );
  }
}
