/**
 * Refusals, as they are told to whoever keeps account of them. What costs something, such as the arguments of the call,
 * is looked at when somebody asks for it: while the call is still at work, or never.
 */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO, errnoName } from '../abi/errno.js';
import type { Decision, Judge, Question, RelabelQuestion, Refusing } from '../questions.js';
import { describeQuestion, describeRule } from './describe.js';

export interface Refusal {
  readonly pid: number;
  readonly tid: number;
  /** The guest path of the program. */
  readonly program: ByteString;
  /** The kernel's name of the call; that of the sub-call for socketcall(2) and ipc(2). */
  readonly call: string;
  readonly question: Question | RelabelQuestion;
  readonly decision: Decision;
  /** Why no program gets the call, whatever the policy. */
  readonly why?: string;
  /** Who refused: it can be asked what it would say of something else. */
  readonly judge: Judge;
  /** In strace's notation, as memory holds them now. What was judged is in the question. */
  arguments(): readonly string[];
}

export type RefusalSink = (refusal: Refusal) => void;

/** What was refused, or would have been; undefined when nothing was. */
export function refusingOf({ verdict }: Decision): Refusing | undefined {
  if (verdict.verdict === 'allow') return verdict.instead;
  return verdict.verdict === 'deny' || verdict.verdict === 'kill' ? verdict : undefined;
}

/** `EACCES`, or `kill`. What only answers with a value where a path was asked about refuses it with EACCES. */
export function shownRefusal(decision: Decision): string {
  const refusing = refusingOf(decision) ?? { verdict: 'deny', errno: ERRNO.EACCES };
  return refusing.verdict === 'kill' ? 'kill' : errnoName(refusing.errno);
}

/** `denied openat: read "/secret" = EPERM by acl/demo.yaml:5:5: deny /secret/**`, one line without control bytes. */
export function refusalLine({ call, question, decision, why }: Refusal): string {
  const what = question.ask === 'syscall' ? call : `${call}: ${describeQuestion(question)}`;
  if (why !== undefined) return `denied ${what} = ${shownRefusal(decision)}: ${why}`;
  const how = decision.verdict.verdict === 'allow' ? 'let through, would be denied:' : 'denied';
  return `${how} ${what} = ${shownRefusal(decision)} by ${describeRule(decision.rule)}`;
}
