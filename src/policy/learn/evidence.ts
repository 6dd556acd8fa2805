/**
 * What programs asked for while everything was allowed: each question once, with how often, by whom, and what came of it.
 * The programs choose what stands here, so that it is bounded: what is too much is counted and forgotten.
 */
import type { ByteString, PathQuestion, Question, RelabelQuestion } from '../../questions.js';

/** What came of a call that asked. absent: there was no such name. refused: the system itself did not let it. */
export type Outcome = 'done' | 'absent' | 'refused';

export interface Occurrence {
  /** Path of the program. */
  readonly program: ByteString;
  readonly outcome: Outcome;
  /** It made the name: exclusively (O_EXCL, mkdir), or whatever was there before. */
  readonly made?: 'exclusively' | 'somehow' | 'directory';
  /** It took the name away. */
  readonly gone?: boolean;
}

export interface Sighting<Q = Question | RelabelQuestion> {
  /** Paths may begin with `${HOME}` or `${TMPDIR}`: see Place. */
  readonly question: Q;
  times: number;
  /** Some of them, in the order of their first time. */
  readonly programs: ByteString[];
  readonly outcomes: Set<Outcome>;
  made?: Occurrence['made'];
  gone: boolean;
}
export type PathSighting = Sighting<PathQuestion>;

/** Where a program ran: its own directories. undefined: it has none, or none that a policy can name. */
export interface Place {
  readonly home?: ByteString;
  readonly temporary?: ByteString;
  readonly cwd: ByteString;
}

const MOST_QUESTIONS = 20_000;
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_PROGRAMS = 4;
const MOST_IDS = 10_000;

const isBelow = (path: ByteString, top: ByteString): boolean =>
  path.startsWith(top) && (path.length === top.length || path[top.length] === '/');

/** A path by the innermost of the program's own directories: no path begins with "$". */
export function spelled(path: ByteString, { home, temporary }: Place): ByteString {
  const own = [
    [home, '${HOME}'],
    [temporary, '${TMPDIR}'],
  ] as const;
  const [top, name] = own
    .filter(([top]) => top !== undefined && isBelow(path, top))
    .sort(([a = ''], [b = '']) => b.length - a.length)[0] ?? ['', ''];
  return name + path.slice(top?.length);
}

function spelledQuestion(question: Question | RelabelQuestion, place: Place): Question | RelabelQuestion {
  if (question.ask === 'relabel')
    return { ...question, from: spelled(question.from, place), to: spelled(question.to, place) };
  return question.ask === 'path' || question.ask === 'unix'
    ? { ...question, path: spelled(question.path, place) }
    : question;
}

/** What tells most comes first: a name that was once made exclusively may be a temporary one. */
const MADE = ['directory', 'exclusively', 'somehow', undefined] as const;

export class Evidence {
  /** Questions that were not kept. */
  forgotten = 0;
  /** Questions that a policy refused, in the recorded run: nobody knows what came after. */
  denied = 0;
  readonly cwds = new Set<ByteString>();
  /** Of processes and threads: numbers in names that mean one. */
  readonly ids = new Set<string>();
  private readonly sightings = new Map<string, Sighting>();
  private bytes = 0;

  see(asked: Question | RelabelQuestion, place: Place, { program, outcome, made, gone }: Occurrence): void {
    const question = spelledQuestion(asked, place);
    const key = JSON.stringify(question);
    let sighting = this.sightings.get(key);
    if (sighting === undefined) {
      if (this.sightings.size >= MOST_QUESTIONS || this.bytes + key.length > MOST_BYTES) return void this.forgotten++;
      this.bytes += key.length;
      sighting = { question, times: 0, programs: [], outcomes: new Set(), gone: false };
      this.sightings.set(key, sighting);
    }
    sighting.times++;
    sighting.outcomes.add(outcome);
    if (program !== '' && sighting.programs.length < MOST_PROGRAMS && !sighting.programs.includes(program))
      sighting.programs.push(program);
    if (MADE.indexOf(made) < MADE.indexOf(sighting.made)) sighting.made = made;
    if (gone) sighting.gone = true;
  }
  ranAs(id: number): void {
    if (this.ids.size < MOST_IDS) this.ids.add(String(id));
  }
  ranIn(place: Place): void {
    this.cwds.add(spelled(place.cwd, place));
  }
  get all(): readonly Sighting[] {
    return [...this.sightings.values()];
  }
  /** The name is gone: by a rename, which asks about both. */
  take(path: ByteString, place: Place): void {
    const key = JSON.stringify({ ask: 'path', access: 'create', path: spelled(path, place) } satisfies PathQuestion);
    const sighting = this.sightings.get(key);
    if (sighting !== undefined) sighting.gone = true;
  }
}
