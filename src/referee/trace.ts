/** One line per call, from its row, is what -d INFO logs; -d DEBUG adds the protocol: request, order, result, reply. */
import { printable } from '../abi/bytes.js';
import { errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { syscallName } from '../abi/numbers.js';
import type { Kind, Row } from '../syscalls/dsl.js';
import { KIND, REPLY, REQ, REQUEST_FIELDS } from '../wire/layout.js';
import type { ThreadState } from './process.js';
import type { Request } from './request.js';

const hex = (n: number): string => `0x${n.toString(16)}`;

/** The string that the call was found to have there, else the address. */
function stringAt(request: Request, address: number): string {
  const text = request.strings.get(address);
  return text === undefined ? hex(address) : `"${printable(text)}"`;
}

function show(request: Request, kind: Kind, i: number): string {
  const raw = request.asked[i];
  switch (kind.kind) {
    case 'fd':
      return kind.dir && (raw | 0) === L.AT_FDCWD ? 'AT_FDCWD' : String(raw | 0);
    case 'path':
    case 'string':
      return stringAt(request, raw);
    case 'value':
      if (kind.show === 'octal') return `0${raw.toString(8)}`;
      if (kind.show === 'int' || kind.show === 'pid' || kind.show === 'signal') return String(raw | 0);
      return kind.show === 'uint' ? String(raw) : hex(raw);
    default:
      return raw === 0 ? 'NULL' : hex(raw);
  }
}

export function traceLine(request: Request, row: Row, result: number): string {
  const args = row.args.map(([, kind], i) => show(request, kind, i)).join(', ');
  const outcome = L.isError(result)
    ? `-1 ${errnoName(-result)}`
    : row.returns === 'address'
      ? hex(result >>> 0)
      : String(result);
  return `${syscallName(row.nr)}(${args}) = ${outcome} [${row.by}]`;
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
