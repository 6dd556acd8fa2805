/** Events as lines for people. -d INFO logs one line per call; -d DEBUG adds the protocol: request, order, result, reply. */
import { getSystemErrorMap } from 'node:util';
import { errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { syscallName } from '../abi/numbers.js';
import { hex, octal } from '../syscalls/notation.js';
import { KIND, REPLY, REQ, REQUEST_FIELDS } from '../wire/layout.js';
import { describeRule, placeOfRule } from './describe.js';
import type { ThreadState } from './process.js';
import type { CallEvent } from './watch.js';

/** What came back: `3`, `0xf7d4a000`, `022`, `-1 ENOENT`, or `?` of a call that did not come back. */
export function shownResult({ result, returns }: Pick<CallEvent, 'result' | 'returns'>): string {
  if (result === null) return '?';
  if (L.isError(result)) return `-1 ${errnoName(-result)}`;
  if (returns === 'address') return hex(result >>> 0);
  return returns === 'mode' ? octal(result) : String(result);
}

/** Why it failed, or the note. */
function remark({ result, note }: CallEvent): string {
  const meaning = result === null || !L.isError(result) ? undefined : getSystemErrorMap().get(result)?.[1];
  return meaning === undefined ? note : ` (${meaning})`;
}

/** How it was carried out, and the rule that decided: the one that refused, else the first that allowed. */
function settlement({ mechanism, asked, why }: CallEvent): string {
  if (why !== undefined) return `${mechanism}: ${why}`;
  const refused = asked.find(({ decision }) => ['deny', 'kill'].includes(decision.verdict.verdict));
  if (refused !== undefined) return `${mechanism} by ${describeRule(refused.decision.rule)}`;
  const rule = asked.find(({ decision }) => decision.rule !== null)?.decision.rule;
  return rule === null || rule === undefined ? mechanism : `${mechanism}, allowed by ${placeOfRule(rule)}`;
}

/** `openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3 <0.000040> [delegated, allowed by acl/glibc.yaml:9:5]`; without the duration if not `timed`. */
export function traceLine(event: CallEvent, timed: boolean): string {
  const duration = timed ? ` <${(event.micros / 1e6).toFixed(6)}>` : '';
  return `${event.name}(${event.args.join(', ')}) = ${shownResult(event)}${remark(event)}${duration} [${settlement(event)}]`;
}

const nameIn = (table: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(table).find((name) => table[name] === value) ?? String(value);

export function requestLine(thread: ThreadState, message: Uint32Array): string {
  const registers = REQUEST_FIELDS.slice(1).map((name) => `${name}=${hex(message[REQ[name]])}`);
  const what = message[REQ.kind] === KIND.call ? ` (${syscallName(message[REQ.eax])})` : '';
  return `request of thread ${thread.tid}: ${nameIn(KIND, message[REQ.kind])}${what} ${registers.join(' ')}`;
}

export const orderLine = (thread: ThreadState, [nr, ...args]: readonly number[]): string =>
  `order to the trustee of thread ${thread.tid}: ${syscallName(nr)}(${args.map((a) => hex(a >>> 0)).join(', ')})`;

export const replyLine = (thread: ThreadState, command: number, a: number): string =>
  `reply to thread ${thread.tid}: ${nameIn(REPLY, command)} ${a} (${hex(a >>> 0)})`;
