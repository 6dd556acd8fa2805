/**
 * Refusals in the log: one line for the first of its kind, then silence about the same for a while, then how often it
 * came. However many a program makes, the log grows slowly and the helper remembers few.
 */
import { printable } from '../abi/bytes.js';
import { refusalLine, type Refusal } from '../referee/refusal.js';
import { Bucket } from './bucket.js';
import { receiptOf } from './receipt.js';

/** Milliseconds for which the same refusal is only counted. */
const SILENCE = 5000;
/** Lines remembered; the oldest goes first. One may hold two paths of 4096 escaped bytes. */
const MOST = 256;
/** Lines that may come at once, and how many a second after that. */
const BURST = 200;
const RATE = 20;

interface Told {
  at: number;
  more: number;
}

export class RefusalLog {
  private readonly told = new Map<string, Told>();
  private readonly bucket: Bucket;
  private left = 0;

  /** @param log at `info`, or for an alarm, the call and the rule that would allow it follow */
  constructor(
    private readonly log: (level: 'info' | 'warn', message: string | (() => string)) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.bucket = new Bucket(BURST, RATE, now);
  }

  take(refusal: Refusal): void {
    if (refusal.decision.verdict.verdict === 'kill') return; // the line of its end says it all
    const line = refusalLine(refusal);
    const now = this.now();
    const known = this.told.get(line);
    if (known !== undefined && now - known.at < SILENCE) {
      known.more++;
      return;
    }
    this.told.delete(line);
    if (!this.bucket.take()) {
      this.left += 1 + (known?.more ?? 0);
      return;
    }
    this.tell(line, known?.more ?? 0);
    this.remember(line, now);
    const { verdict } = refusal.decision;
    this.log(verdict.verdict === 'allow' && verdict.alarm ? 'warn' : 'info', () => detail(refusal));
  }

  /** The run is over: says what was only counted. */
  end(): void {
    for (const [line, { more }] of this.told) if (more > 0) this.log('warn', `${line} (${more} more)`);
    if (this.left > 0) this.log('warn', `${this.left} more refusals were not shown`);
    this.told.clear();
    this.left = 0;
  }

  private tell(line: string, more: number): void {
    if (this.left > 0) this.log('warn', `${this.left} refusals were not shown: too many at once`);
    this.left = 0;
    this.log('warn', more === 0 ? line : `${line} (${more} more since it was last told)`);
  }

  private remember(line: string, at: number): void {
    if (this.told.size >= MOST) {
      const [oldest, { more }] = this.told.entries().next().value as [string, Told];
      this.told.delete(oldest);
      this.left += more;
    }
    this.told.set(line, { at, more: 0 });
  }
}

/** `  by /usr/bin/cat (process 7, thread 8): openat(…); files: - { read: ["/etc/motd"] } would allow it`. */
function detail(refusal: Refusal): string {
  const { allow, call, arguments: args, pid, tid, program } = receiptOf(refusal);
  const would = allow === null ? 'no rule would allow it' : `would be allowed by ${allow.section}: ${allow.rule}`;
  return `refused: ${call}(${args.join(', ')}) of ${printable(program)}, process ${pid}, thread ${tid}; ${would}`;
}
