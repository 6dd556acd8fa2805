/** As much of a name server as getaddrinfo(3) asks for: A and AAAA of a table, RFC 1035 and 3596. */
import { isIPv6 } from 'node:net';

/** Addresses by name. A name that begins with `long.` is told by TCP alone: by UDP its answer says that it was cut off. */
export type Names = Readonly<Record<string, readonly string[]>>;

const HEADER = 12;
const TYPE = { A: 1, AAAA: 28 };
const CLASS_IN = 1;
const FLAGS = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  available: 0x0080,
};
const NO_SUCH_NAME = 3;
const TTL = 60;
/** A pointer to the name of the question. */
const SAME_NAME = 0xc000 | HEADER;

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where it ends. */
  readonly end: number;
}

/** The one question of a message. */
export function questionOf(message: Buffer): Question {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = message[at]; length > 0; length = message[at]) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** The 16 bytes of an IPv6 address without a zone. */
function bytesOf6(text: string): number[] {
  const [head, tail] = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups =
    tail === undefined ? head : [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return groups.map((group) => parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff]);
}
const bytesOf = (address: string): number[] => (isIPv6(address) ? bytesOf6(address) : address.split('.').map(Number));

function record(address: string): Buffer {
  const data = bytesOf(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(SAME_NAME, 0);
  head.writeUInt16BE(isIPv6(address) ? TYPE.AAAA : TYPE.A, 2);
  head.writeUInt16BE(CLASS_IN, 4);
  head.writeUInt32BE(TTL, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, Buffer.from(data)]);
}

export function answerTo(message: Buffer, names: Names, by: 'udp' | 'tcp'): Buffer {
  const { name, type, end } = questionOf(message);
  const known = names[name] as readonly string[] | undefined;
  const cut = by === 'udp' && name.startsWith('long.');
  const wanted = (known ?? []).filter((address) => type === (isIPv6(address) ? TYPE.AAAA : TYPE.A));
  const answers = cut ? [] : wanted.map(record);
  const head = Buffer.alloc(HEADER);
  const { response, authoritative, truncated, recursionDesired, available } = FLAGS;
  head.writeUInt16BE(message.readUInt16BE(0), 0);
  head.writeUInt16BE(
    response |
      authoritative |
      recursionDesired |
      available |
      (cut ? truncated : 0) |
      (known === undefined ? NO_SUCH_NAME : 0),
    2,
  );
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  return Buffer.concat([head, message.subarray(HEADER, end), ...answers]);
}
