/** Receipts: what was refused, by which rule, and what would allow it; one line of JSON each. */
import { suggest } from '../policy/suggest.js';
import { refusalLine, refusingOf, shownRefusal, type Refusal } from '../referee/refusal.js';
import { Bucket } from './bucket.js';
import type { Omitted, Receipt } from './receipt-schema.js';
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

/** Lines that may come at once, and how many a second after that. One may hold some paths of 4096 escaped bytes. */
const BURST = 2000;
const RATE = 200;

/** Writes a line for each refusal, and where there were too many, one that says how many it left out. */
export class JsonReceipts {
  private readonly bucket: Bucket;
  private omitted = 0;

  constructor(
    private readonly fd: number,
    now: () => number = () => performance.now(),
  ) {
    this.bucket = new Bucket(BURST, RATE, now);
  }

  /** @throws ObserverFailed */
  take(refusal: Refusal): void {
    if (!this.bucket.take()) {
      this.omitted++;
      return;
    }
    this.tellOmitted();
    this.write(receiptOf(refusal));
  }
  /** The run is over. @throws ObserverFailed */
  end(): void {
    this.tellOmitted();
  }

  private tellOmitted(): void {
    const { omitted } = this;
    if (omitted === 0) return;
    this.omitted = 0;
    this.write({ version: RECEIPT_VERSION, time: Date.now(), omitted });
  }
  private write(line: Receipt | Omitted): void {
    writeAll(this.fd, Buffer.from(`${jsonLine(line)}\n`), 'log of refusals');
  }
}
