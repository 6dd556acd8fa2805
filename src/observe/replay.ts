/**
 * What was asked in a recorded run, asked of another policy. Nothing is run: what a program would have done after another
 * answer nobody knows, and what was refused then was not asked further.
 */
import { printable } from '../abi/bytes.js';
import { syscallName } from '../abi/numbers.js';
import { answer, isAllowed } from '../policy/answer.js';
import { verdictText } from '../policy/question-text.js';
import type { Decision, Judge, Question, RelabelQuestion, Rule } from '../questions.js';
import { describeQuestion, describeRule } from '../referee/describe.js';
import type { CallEvent } from '../referee/watch.js';

/** One question of one call: the answer in the record, and that of the judge. */
export interface Replayed {
  readonly call: CallEvent;
  readonly question: Question | RelabelQuestion;
  readonly then: Decision;
  readonly now: Decision;
}

const UNNAMED: Decision = { verdict: { verdict: 'allow' }, rule: null };
const goesOn = ({ verdict }: Decision): boolean => verdict.verdict === 'allow';

function* replayCall(judge: Judge, call: CallEvent): Iterable<Replayed> {
  const name = syscallName(call.nr);
  const asked = call.asked.find(({ question }) => question.ask === 'syscall');
  const now = judge.calls.get(name)?.(Uint32Array.from(call.registers)) ?? UNNAMED;
  yield { call, question: { ask: 'syscall', name }, then: asked?.decision ?? UNNAMED, now };
  if (!goesOn(now)) return;
  for (const { question, decision } of call.asked)
    if (question.ask !== 'syscall') yield { call, question, then: decision, now: answer(judge, question) };
}

/** In the order of the record. A call of which the judge says all by its name is asked nothing more. */
export function* replay(judge: Judge, calls: readonly CallEvent[]): Iterable<Replayed> {
  for (const call of calls) yield* replayCall(judge, call);
}

/** Equal findings as one line, with how many there were. */
class Lines {
  private readonly counts = new Map<string, number>();
  add(line: string): void {
    this.counts.set(line, (this.counts.get(line) ?? 0) + 1);
  }
  toString(): string {
    return [...this.counts].map(([line, n]) => `${line}${n === 1 ? '' : ` (${n} times)`}\n`).join('');
  }
}

const what = ({ call, question }: Replayed): string =>
  question.ask === 'syscall' ? printable(call.name) : `${printable(call.name)}: ${describeQuestion(question)}`;

export interface Outcome {
  readonly text: string;
  /** Of `policy test`: would something be refused that was allowed? Of `policy diff`: does any verdict flip? */
  readonly differs: boolean;
}

/** What the judge refuses, and whether that was refused then. */
export function testText(judge: Judge, calls: readonly CallEvent[]): Outcome {
  const lines = new Lines();
  const sums = { questions: 0, denied: 0, fresh: 0 };
  for (const one of replay(judge, calls)) {
    sums.questions++;
    if (isAllowed(one.now)) continue;
    sums.denied++;
    if (isAllowed(one.then)) sums.fresh++;
    const before = isAllowed(one.then) ? '' : ', as it was';
    lines.add(`denied${before}: ${what(one)} = ${verdictText(one.now)} by ${describeRule(one.now.rule)}`);
  }
  const summary = `# ${sums.questions} questions, ${sums.denied} denied, ${sums.fresh} of them allowed in the record\n`;
  return { text: `${lines}${summary}`, differs: sums.fresh > 0 };
}

const shown = (decision: Decision): string => `${verdictText(decision)} (${shownRule(decision.rule)})`;
const shownRule = (rule: Rule | null): string => (rule === null ? 'default' : describeRule(rule));

/** Whose verdict flips between two judges. */
export function diffText(older: Judge, newer: Judge, calls: readonly CallEvent[]): Outcome {
  const lines = new Lines();
  const [before, after] = [older, newer].map((judge) => calls.map((call) => [...replayCall(judge, call)]));
  let flips = 0;
  before.forEach((questions, i) => {
    // The shorter list ends with a refusal of the whole call, which flips by itself.
    questions.slice(0, after[i].length).forEach((one, k) => {
      const other = after[i][k];
      if (verdictText(one.now) === verdictText(other.now)) return;
      flips++;
      lines.add(`${what(one)}: ${shown(one.now)} -> ${shown(other.now)}`);
    });
  });
  return { text: `${lines}# ${flips} flipped\n`, differs: flips > 0 };
}

/** `file:line:column` of the rules that decided something. */
export function rulesUsed(judge: Judge, calls: readonly CallEvent[]): Set<string> {
  const used = new Set<string>();
  for (const { now } of replay(judge, calls)) if (now.rule !== null) used.add(placeOf(now.rule));
  return used;
}

/** A rule's own: one entry of a file may have several patterns. */
export const placeOf = ({ file, line, column, text }: Rule): string => `${file}:${line}:${column}: ${text}`;
