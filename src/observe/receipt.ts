/** Receipts: what was refused, by which rule, and what would allow it; one line of JSON each. */
import { suggest } from '../policy/suggest.js';
import { refusalLine, refusingOf, shownRefusal, type Refusal } from '../referee/refusal.js';
import type { Receipt } from './receipt-schema.js';
import { writeAll } from './write.js';

/** Raised by every change that an older reader would misunderstand. */
export const RECEIPT_VERSION = 1;

const OUTCOME = { allow: 'let through', deny: 'denied', kill: 'killed', return: 'denied', native: 'denied' } as const;

/** Decodes the arguments: while the call is at work. */
export function receiptOf(refusal: Refusal, time = Date.now()): Receipt {
  const { pid, tid, program, call, question: asked, decision, why, judge } = refusal;
  const suggestion = why === undefined && refusingOf(decision) ? suggest(asked, decision, judge) : undefined;
  return {
    version: RECEIPT_VERSION,
    time,
    pid,
    tid,
    program,
    call,
    arguments: [...refusal.arguments()],
    outcome: OUTCOME[decision.verdict.verdict],
    error: shownRefusal(decision),
    question: asked,
    rule: decision.rule,
    ...(why === undefined ? {} : { reason: why }),
    allow: suggestion ?? null,
    text: refusalLine(refusal),
  };
}

/** A receipt as one line, in ASCII. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Writes a line for each refusal. @throws ObserverFailed */
export const jsonReceipts =
  (fd: number) =>
  (refusal: Refusal): void =>
    writeAll(fd, Buffer.from(`${jsonLine(receiptOf(refusal))}\n`), 'log of refusals');
