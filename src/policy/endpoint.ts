/** Internet endpoints of ACL rules: `127.0.0.0/8:80`, `[::1]:*`, `[fe80::/10]:1024-65535`, `*:53`. */
import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import { Problem } from './problem.js';

export type InetFamily = 'inet' | 'inet6';

/** A set of addresses and a port range, both ends included. */
export interface Endpoint {
  /** As the author wrote it. */
  readonly text: string;
  /** Families it speaks of: both for `*`. */
  readonly families: readonly InetFamily[];
  /** null: every address of these families. */
  readonly addresses: BlockList | null;
  readonly low: number;
  readonly high: number;
}

const FORM = 'must be ADDRESS:PORT such as "127.0.0.0/8:80", "[::1]:*" or "*:1024-65535"';
const MAX_PORT = 65535;

/** @throws Problem */
export function parseEndpoint(text: string): Endpoint {
  const form = /^(?:(\*)|\[([^\]/]+)(?:\/(\d{1,3}))?\]|([^:[\]/]+)(?:\/(\d{1,3}))?):([^:]+)$/.exec(text);
  if (!form) throw bad(text, FORM);
  const [, any, six, sixBits, four, fourBits, port] = form;
  const range = parsePorts(port, text);
  if (any) return { text, families: ['inet', 'inet6'], addresses: null, ...range };
  return six !== undefined
    ? { text, families: ['inet6'], addresses: sixRange(six, sixBits, text), ...range }
    : { text, families: ['inet'], addresses: fourRange(four, fourBits, text), ...range };
}

/**
 * Does the endpoint hold this address and port? An IPv4-mapped IPv6 address counts as IPv4; text that is no
 * address is in no endpoint.
 */
export function endpointHolds(endpoint: Endpoint, family: InetFamily, address: string, port: number): boolean {
  const plain = plainAddress(family, address);
  if (plain === null || !endpoint.families.includes(plain.family)) return false;
  if (!(port >= endpoint.low && port <= endpoint.high)) return false;
  return endpoint.addresses === null || endpoint.addresses.check(plain.address, ipVersion(plain.family));
}

function plainAddress(family: InetFamily, address: string): { family: InetFamily; address: string } | null {
  if (family === 'inet') return isIPv4(address) ? { family, address } : null;
  const unscoped = address.replace(/%.*$/s, '');
  if (!isIPv6(unscoped)) return null;
  const mapped = mappedIPv4(unscoped);
  return mapped === null ? { family, address: unscoped } : { family: 'inet', address: mapped };
}

/** The IPv4 address inside ::ffff:0:0/96, or null. */
function mappedIPv4(address: string): string | null {
  const usual = new SocketAddress({ address, family: 'ipv6' }).address;
  const tail = usual.startsWith('::ffff:') ? usual.slice('::ffff:'.length) : '';
  return isIPv4(tail) ? tail : null;
}

function ipVersion(family: InetFamily): 'ipv4' | 'ipv6' {
  return family === 'inet' ? 'ipv4' : 'ipv6';
}

function fourRange(address: string, bits: string | undefined, text: string): BlockList {
  if (!isIPv4(address)) throw bad(text, FORM);
  return subnet(address, bits, 'ipv4', text);
}

function sixRange(address: string, bits: string | undefined, text: string): BlockList {
  if (!isIPv6(address) || address.includes('%')) throw bad(text, FORM);
  if (mappedIPv4(address) !== null) throw bad(text, 'must be written as the IPv4 address it maps');
  return subnet(address, bits, 'ipv6', text);
}

function subnet(address: string, bits: string | undefined, version: 'ipv4' | 'ipv6', text: string): BlockList {
  const most = version === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (prefix > most) throw bad(text, `must have a prefix length of at most ${most}`);
  const list = new BlockList();
  list.addSubnet(address, prefix, version);
  return list;
}

function parsePorts(text: string, whole: string): { low: number; high: number } {
  if (text === '*') return { low: 0, high: MAX_PORT };
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const low = Number(range?.[1]);
  const high = range?.[2] === undefined ? low : Number(range[2]);
  if (!range || high > MAX_PORT || low > high) {
    throw bad(whole, `must have a port of 0 to ${MAX_PORT}, a range such as 1024-2048, or "*"`);
  }
  return { low, high };
}

function bad(text: string, must: string): Problem {
  return new Problem(`bad endpoint (${JSON.stringify(text)})`, must);
}
