/** `./sandbox learn`: evidence of runs and records → an ACL file, new or added to. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { printable, type ByteString } from '../abi/bytes.js';
import { learner } from '../observe/learner.js';
import { readRecord } from '../observe/record.js';
import { matchesPath, parseGlob } from '../policy/glob.js';
import { Evidence, type Place, type Sighting } from '../policy/learn/evidence.js';
import { learn, type Lesson, type Offer } from '../policy/learn/learn.js';
import { mergeText } from '../policy/learn/merge.js';
import { lint } from '../policy/lint.js';
import { loadLayers, loadPolicy, rulesOfLayer } from '../policy/load.js';
import { SHIPPED_ACL_DIRECTORY } from '../policy/prepared.js';
import { PolicyError, Problem } from '../policy/problem.js';
import type { AclRule } from '../policy/rules.js';
import { isPromise } from '../policy/schema.js';
import { valueOf, type Variable } from '../policy/variables.js';
import { ObserverFailed, type Observer } from '../referee/watch.js';
import { rowOf } from '../syscalls/table.js';

/** What is learned, and into what. */
export interface Learning {
  /** Absolute path of the ACL file. */
  readonly file: string;
  /** Exact paths, no includes. */
  readonly strict: boolean;
}

/** The file cannot be written, or cannot take what was learned. */
export class LearnError extends ObserverFailed {}

const STDERR = 2;
const knownSyscall = (name: string): boolean => rowOf(name) !== undefined;
/** Lines that are told of one lesson. */
const MOST_NOTES = 30;

const ran = (seen: readonly Sighting[], pattern: string): boolean => {
  const glob = parseGlob(pattern);
  return seen.some(({ programs }) => programs.some((program) => matchesPath(glob, program)));
};
const read = (seen: readonly Sighting[], ...paths: readonly string[]): boolean =>
  seen.some(({ question }) => question.ask === 'path' && question.access === 'read' && paths.includes(question.path));

/** Shipped files that are meant to be included, and what tells that a program is one of theirs. */
const OFFERS: readonly Omit<Offer, 'rules'>[] = [
  { name: 'glibc', suits: (seen) => read(seen, '/etc/ld.so.cache', '/lib/ld-musl-i386.so.1') },
  {
    name: 'cpython',
    suits: (seen) => ['/usr/bin/python*', '/usr/local/bin/python*'].some((pattern) => ran(seen, pattern)),
  },
];

/** The directories of a program, where a policy can name them. */
export function placeOf(cwd: ByteString, variables: Readonly<Partial<Record<Variable, string>>>): Place {
  const directory = (variable: Variable): ByteString | undefined => {
    if (variables[variable] === undefined) return undefined;
    try {
      // Both must be fit: what is written speaks of this environment.
      valueOf(variable);
      return Buffer.from(valueOf(variable, variables), 'utf8').toString('latin1');
    } catch (error) {
      if (error instanceof Problem) return undefined;
      throw error;
    }
  };
  return { home: directory('HOME'), temporary: directory('TMPDIR'), cwd };
}

interface Existing {
  readonly text: string;
  readonly rules: readonly AclRule[];
  readonly include: readonly string[];
}

/** What the file says so far; nothing when there is none. @throws PolicyError */
function existing(file: string): Existing {
  if (!existsSync(file)) return { text: '', rules: [], include: [] };
  const text = readFileSync(file, 'utf8');
  // What `touch` or the check of the command line has made.
  if (text.trim() === '') return { text: '', rules: [], include: [] };
  const layers = loadLayers([file], { knownSyscall });
  const [{ documents }] = layers;
  if (layers.length > 1 || isPromise(documents[0].acl))
    throw new LearnError(
      `${printable(file)}: several documents, or promises: must be one document of rules to learn into`,
    );
  return { text, rules: rulesOfLayer(documents), include: documents[0].acl.include ?? [] };
}

/** Said before anything is run. @throws PolicyError, LearnError */
export function checkTarget(file: string): void {
  try {
    accessSync(dirname(existsSync(file) ? realpathSync(file) : file), constants.W_OK);
    if (existsSync(file) && !statSync(file).isFile()) throw new LearnError(`${printable(file)} must be a file`);
  } catch (error) {
    if (error instanceof LearnError) throw error;
    throw new LearnError(`${printable(file)} cannot be written: ${(error as Error).message}`);
  }
  try {
    mergeText(existing(file).text, [], []);
  } catch (error) {
    if (error instanceof Problem) throw new LearnError(`${printable(file)}: ${error.message}`);
    throw error;
  }
}

const heading = (commands: readonly string[]): string =>
  `# Learned by ./sandbox learn from what was asked for by: ${commands.join('; ').slice(0, 200)}\n` +
  '# Read it: what a program did once is not yet what it should do.\n';

const shown = (command: readonly ByteString[]): string =>
  command
    .map(printable)
    .join(' ')
    .replace(/[^ -~]/g, '?');

/** The text with what was learned. `network: none` says that nothing was. */
function textOf({ text }: Existing, { include, entries }: Lesson, commands: readonly string[]): string {
  if (text !== '') return mergeText(text, include, entries);
  const learned = mergeText(heading(commands), include, entries);
  return entries.some(({ section }) => section === 'network') ? learned : `${learned}network: none\n`;
}

/** In one step: who reads it meanwhile sees all of it or what was there. @throws LearnError */
function replaceFile(file: string, text: string, check: (file: string) => void): void {
  const target = existsSync(file) ? realpathSync(file) : file;
  const beside = join(dirname(target), `.${basename(target)}.${process.pid}.yaml`);
  try {
    const fd = openSync(beside, 'wx', 0o666);
    try {
      for (let at = 0, bytes = Buffer.from(text); at < bytes.length;) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    check(beside);
    if (existsSync(target)) chmodSync(beside, statSync(target).mode & 0o777);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    if (error instanceof PolicyError) throw error;
    throw new LearnError(`${printable(file)} cannot be written: ${(error as Error).message}`);
  }
}

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

function summary(file: string, was: Existing, { include, entries }: Lesson, evidence: Evidence): string {
  const asked = plural(
    evidence.all.reduce((sum, { times }) => sum + times, 0),
    'question',
  );
  const included = include.length === 0 ? '' : `, include ${include.join(', ')}`;
  if (was.text === '') return `${file}: ${plural(entries.length, 'rule')} from ${asked}${included}`;
  if (entries.length + include.length === 0) return `${file}: nothing to add: ${asked}, all allowed`;
  return `${file}: ${plural(entries.length, 'rule')} added from ${asked}${included}`;
}

/**
 * Writes what the evidence says into the file, and gives the lines to be told about it.
 * @throws PolicyError, LearnError
 */
function write(
  { file, strict }: Learning,
  was: Existing,
  evidence: Evidence,
  commands: readonly string[],
): { readonly text: string; readonly lines: readonly string[] } {
  if (evidence.all.length === 0) return { text: was.text, lines: [`${file} is left alone: nothing was asked for`] };
  const offers = OFFERS.filter(({ name }) => !was.include.includes(name)).map(({ name, suits }): Offer => {
    const beside = join(dirname(file), `${name}.yaml`);
    const found = existsSync(beside) ? beside : join(SHIPPED_ACL_DIRECTORY, `${name}.yaml`);
    return { name, suits, rules: loadPolicy([found], { knownSyscall }) };
  });
  const lesson = learn({ evidence, strict, known: was.rules, offers });
  const warnings: string[] = [];
  const check = (written: string): void => {
    const rules = loadPolicy([written], { knownSyscall });
    for (const { rule, kind, message } of lint(rules, (rule) => rule.file === written))
      warnings.push(`lint: line ${rule.line}: ${kind}: ${message.replaceAll(written, file)}`);
  };
  const isNew = was.text === '' || lesson.entries.length + lesson.include.length > 0;
  const text = isNew ? textOf(was, lesson, commands) : was.text;
  if (isNew) replaceFile(file, text, check);
  const { notes } = lesson;
  const more = notes.length > MOST_NOTES ? [`and ${notes.length - MOST_NOTES} more of these`] : [];
  return { text, lines: [summary(file, was, lesson, evidence), ...notes.slice(0, MOST_NOTES), ...more, ...warnings] };
}

const tell = (lines: readonly string[]): void => {
  for (const line of lines) writeSync(STDERR, `sandbox: learn: ${printable(Buffer.from(line).toString('latin1'))}\n`);
};

/** Milliseconds between two writings of a run that goes on, at least. */
const CHECKPOINT = 10_000;

/** Evidence of one run, written when it is over, and now and then before: a helper that is killed has told most. */
export class Lessons {
  readonly observer: Observer;
  private readonly evidence = new Evidence();
  private next = Date.now() + CHECKPOINT;
  private was: Existing;
  /** As this wrote it, or found it. */
  private text: string;

  constructor(
    private readonly learning: Learning,
    private readonly command: readonly ByteString[],
    place: Place,
  ) {
    this.was = existing(learning.file);
    this.text = this.was.text;
    const observer = learner(this.evidence, learning.strict ? { cwd: place.cwd } : place);
    this.observer = {
      call: (event) => {
        observer.call(event);
        if (Date.now() > this.next) this.checkpoint();
      },
    };
  }
  private checkpoint(): void {
    const began = Date.now();
    this.write();
    this.next = Date.now() + Math.max(CHECKPOINT, 20 * (Date.now() - began));
  }
  /** To what was there when it began; what somebody else has written meanwhile is added to, too. */
  private write(): readonly string[] {
    const now = existing(this.learning.file);
    if (now.text !== this.text) this.was = now;
    const { text, lines } = write(this.learning, this.was, this.evidence, [shown(this.command)]);
    this.text = text;
    return lines;
  }
  /** @throws PolicyError, LearnError */
  end(): void {
    tell(this.write());
  }
}

/** Learns from what --record wrote; nothing is run. @throws RecordError, PolicyError, LearnError */
export function learnFromRecords(learning: Learning, records: readonly string[]): void {
  const evidence = new Evidence();
  const commands = new Set<string>();
  for (const record of records) {
    const { header, calls } = readRecord(record);
    const place = learning.strict
      ? { cwd: header.cwd }
      : placeOf(header.cwd, { HOME: header.home, TMPDIR: header.temporary });
    const observer = learner(evidence, place);
    for (const call of calls) observer.call(call);
    commands.add(shown(header.command));
  }
  tell(write(learning, existing(learning.file), evidence, [...commands]).lines);
}
