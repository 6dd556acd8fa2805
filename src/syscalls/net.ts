/**
 * Sockets, by their own numbers and through socketcall(2) (multiplexed.ts). Addresses are read once; what was judged
 * is what the trustee gets. A unix socket with a path is reached through the helper's descriptor of it.
 */
import { type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import {
  AF,
  AT_FDCWD,
  IP,
  IPPROTO,
  IPV6,
  LEVEL,
  MODE,
  MSG,
  NETLINK,
  NETLINK_OPTION,
  SCM,
  SHUT,
  SO,
  SOCK,
  SOL_NETLINK,
  SOL_SOCKET,
  TCP,
  UDP,
} from '../abi/flags.js';
import {
  cmsghdr,
  iovec,
  mmsghdr,
  msghdr,
  socketName,
  timespec32,
  timespec64,
  unixAddress,
  type SocketName,
} from '../abi/structs.js';
import type { InetQuestion, SocketQuestion } from '../questions.js';
import { DOOR_PREFIX } from '../wire/layout.js';
import {
  bytesIn,
  bytesOut,
  choice,
  delegated,
  fd,
  family,
  flags,
  hex,
  int,
  message,
  odd,
  size,
  sockaddr,
  structInOut,
  uint,
  words,
  type Call,
  type Doing,
  type Flags,
  type Kind,
  type Order,
  type Steps,
} from './dsl.js';
import { NOBODY } from './members.js';
import { anyNamed, bindAt, ownNameOf, retell } from './net-names.js';
import { accepting, connecting, receiveAll, sendAll } from './net-waiting.js';
import { askAll, atTarget, frozen, isHeld, statxOfFd, throughHelper, within } from './support.js';
import { now, timeAt, timeOf } from './waiting.js';

type Action = InetQuestion['ask'];

// ---- socket(2) ----

const { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK } = AF.values;
const { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_CLOEXEC, SOCK_NONBLOCK } = SOCK.values;
const { IPPROTO_TCP, IPPROTO_UDP } = IPPROTO.values;
const SOCK_TYPE = 0xf;
/** One past the last type and the last family: net/socket.c refuses what is not below. */
const SOCK_MAX = 11;
const AF_MAX = 46;

/** The name of a value without its prefix, in lower case, as policies write it; the number where there is none. */
function plainName(values: Readonly<Record<string, number>>, value: number, prefix: string): string {
  const name = Object.entries(values).find(([, v]) => v === value)?.[0];
  return name === undefined ? String(value) : name.slice(prefix.length).toLowerCase();
}
const familyName = (domain: number): string => plainName(AF.values, domain, 'AF_');

/** Plain TCP and UDP are stream and dgram; ICMP, MPTCP, SCTP … are `other`, which no address rule implies. */
function inetType(type: number, protocol: number): SocketQuestion['type'] {
  if (type === SOCK_RAW) return 'raw';
  if (type === SOCK_STREAM && (protocol === 0 || protocol === IPPROTO_TCP)) return 'stream';
  return type === SOCK_DGRAM && (protocol === 0 || protocol === IPPROTO_UDP) ? 'dgram' : 'other';
}
const unixType = (type: number): SocketQuestion['type'] =>
  type === SOCK_STREAM
    ? 'stream'
    : type === SOCK_DGRAM || type === SOCK_RAW
      ? 'dgram'
      : type === SOCK_SEQPACKET
        ? 'seqpacket'
        : 'other';

function socketRefusal(call: Call): number {
  const [domain, how, protocol] = call.r;
  const type = how & SOCK_TYPE;
  if (domain === AF_UNIX) return call.ask({ ask: 'socket', family: 'unix', type: unixType(type), protocol });
  if (domain === AF_INET || domain === AF_INET6)
    return call.ask({ ask: 'socket', family: familyName(domain), type: inetType(type, protocol), protocol });
  if (domain === AF_NETLINK)
    return call.ask({ ask: 'name', space: 'netlink', name: plainName(NETLINK.values, protocol, 'NETLINK_') });
  return call.ask({ ask: 'name', space: 'family', name: familyName(domain) });
}

function* socket(call: Call): Steps {
  const refused = socketRefusal(call);
  return refused !== 0 ? refused : yield [call.nr, call.r[0], call.r[1], call.r[2]];
}

/** No family but this one has pairs that an address rule could be about; there is one more, TIPC, which is not offered. */
function* socketpair(call: Call): Steps {
  const [domain, how, protocol, fds] = call.r;
  if (domain === AF_UNIX) return within(call, [fds, 8]) || (yield [call.nr, domain, how, protocol, fds]);
  if ((how & ~(SOCK_TYPE | SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -ERRNO.EINVAL;
  if (domain >= AF_MAX) return -ERRNO.EAFNOSUPPORT;
  return (how & SOCK_TYPE) >= SOCK_MAX ? -ERRNO.EINVAL : -ERRNO.EOPNOTSUPP;
}

// ---- addresses ----

const SOCKADDR_MAX = 128;
const SOCKADDR_UN = 110;
/** How a call goes on with the address: where it stands in the arena, and its length. */
type With = (at: number, length: number) => Doing;

/** Reads an address of the program once. */
function readAddress(call: Call, at: number, length: number): Uint8Array | number {
  if (length > SOCKADDR_MAX) return -ERRNO.EINVAL;
  return length === 0 ? new Uint8Array(0) : call.get(at, length);
}

/** The door of a sandbox, this one or another, is as if it were not there. */
function doorRefusal(call: Call, action: Action): number {
  call.log('warn', `${action}: @${DOOR_PREFIX}… is a name for sandboxes alone`);
  return action === 'bind' ? -ERRNO.EACCES : -ERRNO.ECONNREFUSED;
}

/** Asks about an address that is no path: 0, or a negative errno. */
function addressRefusal(call: Call, action: Action, name: SocketName): number {
  switch (name.family) {
    case 'inet':
    case 'inet6':
      return call.ask({ ask: action, family: name.family, address: name.address, port: name.port });
    case 'abstract':
      if (name.name.startsWith(DOOR_PREFIX)) return doorRefusal(call, action);
      return call.ask({ ask: 'name', space: 'abstract', name: name.name });
    case 'vsock':
      return call.ask({ ask: 'name', space: 'vsock', name: `${name.cid}:${name.port}` });
    case 'other':
      return call.ask({ ask: 'name', space: 'family', name: familyName(name.number) });
    default:
      return 0; // short (see toAddress), unnamed, unspec, and netlink, whose socket was asked about
  }
}

/** Judges the address at `at` and goes on with a copy of it. */
function* toAddress(call: Call, action: Action, at: number, length: number, then: With): Doing {
  const bytes = readAddress(call, at, length);
  if (typeof bytes === 'number') return bytes;
  const name = socketName(bytes, action !== 'connect');
  if (name.family === 'unix' && bytes.length > SOCKADDR_UN) return -ERRNO.EINVAL;
  if (name.family === 'unix')
    return yield* action === 'bind' ? bindPath(call, name.path, then) : reachPath(call, action, name.path, then);
  // Too short for its family: which errno that is depends on the socket, so the kernel says. Nothing but the family is passed.
  if (name.family === 'short') return yield* then(call.arena(bytes.fill(0, 2)), length);
  const refused = addressRefusal(call, action, name) || rawRefusal(call, action, bytes);
  return refused !== 0 ? refused : yield* then(call.arena(bytes), bytes.length);
}

/** A raw socket of IPv6 takes AF_UNSPEC for its own family, where all others take it for IPv4 or for nothing. */
function rawRefusal(call: Call, action: Action, bytes: Uint8Array): number {
  if (action === 'connect' || bytes.length < SOCKADDR_IN6 || bytes[0] !== 0 || bytes[1] !== 0) return 0;
  const six = Uint8Array.from(bytes);
  six[0] = AF_INET6;
  return addressRefusal(call, action, socketName(six, true));
}
const SOCKADDR_IN6 = 24;

/** connect or send to a unix socket: what is there when it is judged, by the helper's descriptor. */
function* reachPath(call: Call, action: 'connect' | 'send', path: ByteString, then: With): Doing {
  const where = call.resolve(AT_FDCWD, path, { follow: true });
  if (typeof where === 'number') return where;
  const refused = call.ask({ ask: 'unix', action, path: where.guest }) || askAll(call, ['write'], where.guest);
  if (refused !== 0) return refused;
  return yield* throughHelper(call, where, function* (name) {
    const to = unixAddress(name);
    return yield* then(call.arena(to), to.length);
  });
}

function* bindPath(call: Call, path: ByteString, then: With): Doing {
  const where = call.resolve(AT_FDCWD, path, { follow: false, make: true });
  if (typeof where === 'number') return where;
  const refused = call.ask({ ask: 'unix', action: 'bind', path: where.guest }) || askAll(call, ['create'], where.guest);
  if (refused !== 0) return refused;
  if (where.exists || isHeld(where)) return -ERRNO.EADDRINUSE;
  if (where.trailingSlash) return -ERRNO.ENOENT;
  return frozen(where) || (yield* bindAt(call, where, path, then));
}

// ---- bind(2), listen(2), connect(2) ----

/** Sockets, by inode, that were bound after a question: listen(2) on any other takes a port that nobody allowed. */
const bound = new Set<string>();
const BOUND_MAX = 4096;

function socketKey(pin: number): string | undefined {
  const s = pin < 0 ? pin : statxOfFd(pin);
  return typeof s === 'number' || s.type !== MODE.values.S_IFSOCK ? undefined : String(s.inode);
}

function noteBound(call: Call, n: number): void {
  const key = socketKey(call.pin(n));
  if (key === undefined) return;
  bound.delete(key);
  bound.add(key);
  for (const oldest of bound) {
    if (bound.size <= BOUND_MAX) break;
    bound.delete(oldest);
  }
}

function* bind(call: Call): Steps {
  const [n, at, length] = call.r;
  const result = yield* toAddress(call, 'bind', at, length, function* (to, toLength) {
    return yield [call.nr, n, to, toLength];
  });
  if (result === 0) noteBound(call, n | 0);
  return result;
}

function* listen(call: Call): Steps {
  const [n, backlog] = call.r;
  const pin = call.pin(n | 0);
  if (pin < 0) return pin;
  const key = socketKey(pin);
  if (key !== undefined && !bound.has(key)) {
    const refused = call.ask({ ask: 'bind', family: 'inet', address: '0.0.0.0', port: 0 });
    if (refused !== 0) return refused;
  }
  // Another thread may put another socket under the number.
  return yield* atTarget(call, pin, { descriptor: n | 0 }, function* (target) {
    return yield [call.nr, target, backlog];
  });
}

function* connect(call: Call): Steps {
  const [n, at, length] = call.r;
  return yield* toAddress(call, 'connect', at, length, (to, toLength) =>
    connecting(call, n, function* () {
      return yield [call.nr, n, to, toLength];
    }),
  );
}

// ---- send(2), sendto(2), sendmsg(2), sendmmsg(2) ----

const SENDMSG = 370;
const UIO_MAXIOV = 1024;
const CONTROL_MAX = 20480;
const sending = (how: number): Action => ((how & MSG.values.MSG_FASTOPEN) !== 0 ? 'connect' : 'send');

function* sendto(call: Call): Steps {
  const [n, buffer, length, how, at, atLength] = call.r;
  const refused = within(call, [buffer, length]);
  if (refused !== 0) return refused;
  const toName: With = (to, toLength) =>
    sendAll(call, how, length, function* (sent, flags) {
      const name = sent === 0 ? [to, toLength] : [0, 0];
      return yield [call.nr, n, buffer + sent, length - sent, flags, ...name];
    });
  return yield* at === 0 ? toName(0, 0) : toAddress(call, sending(how), at, atLength, toName);
}

const key = (level: number, type: number): string => `${level}:${type}`;
/** Ancillary data that may be sent. Not among it: options that route around the address that was asked about. */
const CONTROL: ReadonlySet<string> = new Set([
  key(SOL_SOCKET, SCM.SCM_RIGHTS),
  key(SOL_SOCKET, SCM.SCM_CREDENTIALS),
  key(SOL_SOCKET, SO.values.SO_TIMESTAMPING_OLD),
  key(IPPROTO.values.IPPROTO_IP, IP.values.IP_PKTINFO),
  key(IPPROTO.values.IPPROTO_IP, IP.values.IP_TTL),
  key(IPPROTO.values.IPPROTO_IP, IP.values.IP_TOS),
  key(IPPROTO.values.IPPROTO_IPV6, IPV6.values.IPV6_PKTINFO),
  key(IPPROTO.values.IPPROTO_IPV6, IPV6.values.IPV6_HOPLIMIT),
  key(IPPROTO.values.IPPROTO_IPV6, IPV6.values.IPV6_TCLASS),
  key(IPPROTO.values.IPPROTO_IPV6, IPV6.values.IPV6_DONTFRAG),
  key(IPPROTO_UDP, UDP.values.UDP_SEGMENT),
]);

/** Root may say that it is anybody: who is none of the sandbox's is nobody, of whom the kernel knows what to say. */
function nameSender(call: Call, control: DataView, at: number): void {
  if (call.process.sandbox.process(control.getInt32(at, true)) === undefined) control.setInt32(at, NOBODY, true);
}

/** Where ancillary data names an interface, which would send past the routes: an allowed address would be somebody else's there. */
const INTERFACE_AT: ReadonlyMap<string, number> = new Map([
  [key(IPPROTO.values.IPPROTO_IP, IP.values.IP_PKTINFO), 0],
  [key(IPPROTO.values.IPPROTO_IPV6, IPV6.values.IPV6_PKTINFO), 16],
]);
function leaveToRoutes(control: DataView, what: string, at: number, end: number): void {
  const where = INTERFACE_AT.get(what);
  if (where !== undefined && at + where + 4 <= end) control.setUint32(at + where, 0, true);
}

/** cmsg(3): every entry known, no reserved descriptor among those it passes. */
function controlRefusal(call: Call, control: Uint8Array): number {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  for (let at = 0; at + cmsghdr.size <= control.length;) {
    const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.decode(control.subarray(at)) as Record<string, number>;
    if (cmsg_len < cmsghdr.size || at + cmsg_len > control.length) return -ERRNO.EINVAL;
    if (!CONTROL.has(key(cmsg_level, cmsg_type))) {
      call.log('warn', `sendmsg: control data of level ${cmsg_level}, type ${cmsg_type} is not offered`);
      return -ERRNO.EINVAL;
    }
    if (cmsg_level === SOL_SOCKET && cmsg_type === SCM.SCM_RIGHTS) {
      const refused = call.askToPass();
      if (refused !== 0) return refused;
      for (let i = at + cmsghdr.size; i + 4 <= at + cmsg_len; i += 4)
        if (call.checkFd(view.getInt32(i, true)) !== 0) return -ERRNO.EBADF;
    }
    if (cmsg_level === SOL_SOCKET && cmsg_type === SCM.SCM_CREDENTIALS && cmsg_len >= cmsghdr.size + 4)
      nameSender(call, view, at + cmsghdr.size);
    leaveToRoutes(view, key(cmsg_level, cmsg_type), at + cmsghdr.size, at + cmsg_len);
    at += (cmsg_len + 3) & ~3;
  }
  return 0;
}

/** The vector of a message, copied, its buffers checked. */
function vector(call: Call, at: number, count: number): Uint8Array | number {
  if (count > UIO_MAXIOV) return -ERRNO.EMSGSIZE;
  if (count === 0) return new Uint8Array(0);
  const bytes = call.get(at, count * iovec.size);
  if (typeof bytes === 'number') return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < bytes.length; i += iovec.size) {
    const length = view.getInt32(i + 4, true);
    const refused = length < 0 ? -ERRNO.EINVAL : within(call, [view.getUint32(i, true), length]);
    if (refused !== 0) return refused;
  }
  return bytes;
}

/** Bytes that a vector names. */
const lengthOf = (iov: Uint8Array): number => {
  const view = new DataView(iov.buffer, iov.byteOffset, iov.byteLength);
  let length = 0;
  for (let i = 0; i < iov.length; i += iovec.size) length += view.getUint32(i + 4, true);
  return length;
};
/** What is left of a vector behind the first `done` bytes, in a buffer of its own. */
function behind(iov: Uint8Array, done: number): Uint8Array {
  const rest = new Uint8Array(iov);
  const view = new DataView(rest.buffer);
  let at = 0;
  for (let left = done; at < rest.length; at += iovec.size) {
    const length = view.getUint32(at + 4, true);
    if (left < length) {
      view.setUint32(at, view.getUint32(at, true) + left, true);
      view.setUint32(at + 4, length - left, true);
      break;
    }
    left -= length;
  }
  return rest.slice(at);
}

/** Judges and sends the message whose header stands at `at`; everything but the data is copied. */
function* sendOne(call: Call, at: number, how: number): Doing {
  const header = call.get(at, msghdr.size);
  if (typeof header === 'number') return header;
  const m = msghdr.decode(header) as Record<string, number>;
  if (m.msg_namelen < 0) return -ERRNO.EINVAL;
  const iov = vector(call, m.msg_iov, m.msg_iovlen);
  if (typeof iov === 'number') return iov;
  if (m.msg_controllen > CONTROL_MAX) return -ERRNO.ENOBUFS;
  const control =
    m.msg_controllen === 0 || m.msg_control === 0 ? new Uint8Array(0) : call.get(m.msg_control, m.msg_controllen);
  if (typeof control === 'number') return control;
  const refused = controlRefusal(call, control);
  if (refused !== 0) return refused;
  const place = (bytes: Uint8Array): number => (bytes.length === 0 ? 0 : call.arena(bytes));
  const toName: With = (to, toLength) => {
    let whole: number | undefined;
    return sendAll(call, how, lengthOf(iov), function* (sent, flags) {
      if (sent === 0) {
        const names = { msg_name: to, msg_namelen: toLength };
        whole ??= call.arena(msghdr.encode({ ...m, ...names, msg_iov: place(iov), msg_control: place(control) }));
        return yield [SENDMSG, call.r[0], whole, flags];
      }
      // The rest of a stream, without the name and what went along with the first part.
      call.forgetArena();
      const rest = behind(iov, sent);
      const copy = { ...m, msg_name: 0, msg_namelen: 0, msg_iov: place(rest), msg_iovlen: rest.length / iovec.size };
      return yield [
        SENDMSG,
        call.r[0],
        call.arena(msghdr.encode({ ...copy, msg_control: 0, msg_controllen: 0 })),
        flags,
      ];
    });
  };
  if (m.msg_name === 0 || m.msg_namelen === 0) return yield* toName(0, 0);
  return yield* toAddress(call, sending(how), m.msg_name, Math.min(m.msg_namelen, SOCKADDR_MAX), toName);
}

/** sendmmsg(2): one message after the other, each judged when its turn comes. The kernel, too, stops at the first error. */
function* sendmmsg(call: Call): Steps {
  const [, vec, count, how] = call.r;
  const most = Math.min(count, UIO_MAXIOV);
  if (most === 0) return yield [call.nr, call.r[0], 0, 0, how];
  const length = new DataView(new ArrayBuffer(4));
  for (let i = 0; i < most; i++) {
    const at = vec + i * mmsghdr.size;
    call.forgetArena();
    const sent = yield* sendOne(call, at, how);
    if (sent < 0) return i > 0 ? i : sent;
    length.setUint32(0, sent, true);
    const refused = call.put(at + msghdr.size, new Uint8Array(length.buffer));
    if (refused !== 0) return i > 0 ? i : refused;
  }
  return most;
}

// ---- results that carry an address ----

/** The range of an address that the kernel writes: its room stands at `lengthAt`. */
function outRefusal(call: Call, at: number, lengthAt: number): number {
  if (at === 0) return 0;
  const room = call.get(lengthAt, 4);
  if (typeof room === 'number') return room;
  const length = new DataView(room.buffer, room.byteOffset).getInt32(0, true);
  return length < 0 ? -ERRNO.EINVAL : within(call, [lengthAt, 4], [at, length]);
}

const ACCEPT4 = 364;
const GETSOCKNAME = 367;

function* asked(order: Order): Doing {
  return yield order;
}

/** accept4, getsockname, getpeername: registers 1 and 2 say where the address goes. */
function* named(call: Call): Steps {
  const [n, at, lengthAt, how] = call.r;
  const refused = outRefusal(call, at, lengthAt);
  if (refused !== 0) return refused;
  const room = roomAt(call, at, lengthAt);
  const result = yield* call.nr === ACCEPT4
    ? accepting(call, n, function* () {
        return yield [call.nr, n, at, lengthAt, how];
      })
    : asked([call.nr, n, at, lengthAt]);
  if (result < 0 || room === 0) return result;
  const own = ownNameOf(call, call.nr === ACCEPT4 ? result : n | 0, call.nr !== GETSOCKNAME);
  if (own === undefined) return result;
  call.put(at, own.subarray(0, room));
  putLength(call, lengthAt, own.length);
  return result;
}

/** How much of an address the program takes; 0 where no name has to be told otherwise than the kernel does. */
function roomAt(call: Call, at: number, lengthAt: number): number {
  const bytes = at === 0 || !anyNamed() ? 0 : call.get(lengthAt, 4);
  return typeof bytes === 'number' ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
const putLength = (call: Call, at: number, length: number): number =>
  call.put(at, new Uint8Array(Uint32Array.of(length).buffer));

function* recvfrom(call: Call): Steps {
  const [n, buffer, length, how, at, lengthAt] = call.r;
  const refused = within(call, [buffer, length]) || outRefusal(call, at, lengthAt);
  if (refused !== 0) return refused;
  const room = roomAt(call, at, lengthAt);
  const result = yield* receiveAll(call, how, length, function* (got, flags) {
    const name = got === 0 ? [at, lengthAt] : [0, 0];
    return yield [call.nr, n, buffer + got, length - got, flags, ...name];
  });
  if (result >= 0 && room > 0) retellAt(call, at, room, lengthAt);
  return result;
}

/** Tells the program's own name for one of ours; the length that the kernel told stands at `lengthAt`. */
function retellAt(call: Call, at: number, room: number, lengthAt: number): void {
  const length = roomAt(call, at, lengthAt);
  const told = retell(call, at, room, length);
  if (told !== length) putLength(call, lengthAt, told);
}

/** Where `count` messages at `at` want names, and how long these may be; nothing where no name is told otherwise. */
function wantedNames(call: Call, at: number, count: number, size: number): readonly Record<string, number>[] {
  const bytes = anyNamed() ? call.get(at, count * size) : 0;
  if (typeof bytes === 'number') return [];
  return Array.from({ length: count }, (_, i) => msghdr.decode(bytes.subarray(i * size)) as Record<string, number>);
}
const NAMELEN = 4;

/** The vector of a message that is received, as far as it is good; the kernel says what is not. */
function vectorOf(call: Call, at: number): Uint8Array {
  const header = call.get(at, msghdr.size);
  if (typeof header === 'number') return new Uint8Array(0);
  const { msg_iov, msg_iovlen } = msghdr.decode(header) as Record<string, number>;
  const iov = vector(call, msg_iov, msg_iovlen);
  return typeof iov === 'number' ? new Uint8Array(0) : iov;
}
const RECVFROM = 371;

/** The message in the program's memory: the kernel refuses every buffer that the program could not write itself. */
function* recvmsg(call: Call): Steps {
  const [n, at, how] = call.r;
  const refused = within(call, [at, msghdr.size]);
  if (refused !== 0) return refused;
  const wanted = wantedNames(call, at, 1, msghdr.size);
  const iov = (how & MSG.values.MSG_WAITALL) === 0 ? new Uint8Array(0) : vectorOf(call, at);
  const result = yield* receiveAll(call, how, lengthOf(iov), function* (got, flags) {
    if (got === 0) return yield [call.nr, n, at, flags];
    const first = new DataView(behind(iov, got).buffer);
    return yield [RECVFROM, n, first.getUint32(0, true), first.getUint32(4, true), flags, 0, 0];
  });
  if (result >= 0) for (const m of wanted) retellAt(call, m.msg_name, m.msg_namelen, at + NAMELEN);
  return result;
}

interface Many {
  readonly n: number;
  readonly at: number;
  readonly most: number;
  readonly how: number;
  readonly time: number;
  readonly timeout: number;
}
/** recvmmsg(2) looks at its time behind each message only, as the kernel does, and tells what was left of it then. */
function* receiveMany(call: Call, { n, at, most, how, time, timeout }: Many): Doing {
  const { MSG_WAITFORONE, MSG_DONTWAIT } = MSG.values;
  let flags = how;
  const began = now();
  const allowed = time === 0 ? Infinity : timeAt(call, time, timeout);
  if (allowed < 0) return allowed;
  if (most === 0) return yield [RECVMMSG, n, at, 0, how, 0];
  let got = 0;
  let left = allowed;
  while (got < most) {
    const result = yield* receiveAll(call, flags & ~MSG_WAITFORONE, 0, function* (_, by) {
      // One after the other where the time counts, otherwise as many as there are.
      return yield [RECVMMSG, n, at + got * mmsghdr.size, time === 0 ? most - got : 1, by, 0];
    });
    if (result <= 0) {
      if (got === 0) return result;
      break;
    }
    got += result;
    left = Math.max(0, allowed - (now() - began));
    if (left === 0) break;
    if ((flags & MSG_WAITFORONE) !== 0) flags |= MSG_DONTWAIT;
  }
  return time === 0 ? got : call.put(time, timeOf(left, timeout)) || got;
}
const RECVMMSG = 337;

function* recvmmsg(call: Call, timeout: number): Steps {
  const [n, at, count, how, time] = call.r;
  const most = Math.min(count, UIO_MAXIOV);
  const refused = within(call, [at, most * mmsghdr.size], [time, timeout]);
  if (refused !== 0) return refused;
  const wanted = wantedNames(call, at, most, mmsghdr.size);
  const result = yield* receiveMany(call, { n, at, most, how, time, timeout });
  for (const [i, m] of wanted.slice(0, Math.max(result, 0)).entries())
    retellAt(call, m.msg_name, m.msg_namelen, at + i * mmsghdr.size + NAMELEN);
  return result;
}

// ---- getsockopt(2), setsockopt(2) ----

/** Options by level: what is not here does not exist for the program. */
const LEVELS: ReadonlyMap<number, Flags> = new Map<number, Flags>([
  [SOL_SOCKET, SO],
  [IPPROTO.values.IPPROTO_IP, IP],
  [IPPROTO_TCP, TCP],
  [IPPROTO_UDP, UDP],
  [IPPROTO.values.IPPROTO_IPV6, IPV6],
  [SOL_NETLINK, NETLINK_OPTION],
]);
const isNamed = (names: Flags | undefined, value: number): boolean =>
  names !== undefined && Object.values(names.values).includes(value);
function optionKind(r: Uint32Array): Kind {
  const names = LEVELS.get(r[1]);
  return names === undefined ? hex() : flags(names);
}
/** Programs in the kernel, and a way around the routing that was judged. */
const OPTIONS_REFUSED: ReadonlySet<string> = new Set([
  key(SOL_SOCKET, SO.values.SO_ATTACH_FILTER),
  key(SOL_SOCKET, SO.values.SO_ATTACH_BPF),
  key(SOL_SOCKET, SO.values.SO_ATTACH_REUSEPORT_CBPF),
  key(SOL_SOCKET, SO.values.SO_ATTACH_REUSEPORT_EBPF),
  key(SOL_SOCKET, SO.values.SO_BINDTODEVICE),
  key(SOL_SOCKET, SO.values.SO_BINDTOIFINDEX),
  key(SOL_SOCKET, SO.values.SO_DEBUG),
  key(IPPROTO.values.IPPROTO_IPV6, IPV6.values.IPV6_PKTINFO),
]);

function optionRefusal(call: Call, set: boolean): number {
  const [, level, option] = call.r;
  if (set && OPTIONS_REFUSED.has(key(level, option))) return -ERRNO.EPERM;
  if (isNamed(LEVELS.get(level), option)) return 0;
  call.log('info', `${set ? 'setsockopt' : 'getsockopt'}: level ${level}, option ${option} is not known, ENOPROTOOPT`);
  return -ERRNO.ENOPROTOOPT;
}

function* setsockopt(call: Call): Steps {
  const [n, level, option, at, length] = call.r;
  const refused = optionRefusal(call, true) || ((length | 0) < 0 ? -ERRNO.EINVAL : within(call, [at, length]));
  return refused !== 0 ? refused : yield [call.nr, n, level, option, at, length];
}

function* getsockopt(call: Call): Steps {
  const [n, level, option, at, lengthAt] = call.r;
  const refused = optionRefusal(call, false) || outRefusal(call, at, lengthAt);
  if (refused !== 0) return refused;
  const room = level === SOL_SOCKET && option === SO.values.SO_PEERNAME ? roomAt(call, at, lengthAt) : 0;
  const result = yield [call.nr, n, level, option, at, lengthAt];
  if (result === 0 && room > 0) retellAt(call, at, room, lengthAt);
  return result;
}

// ---- the table ----

const via = (socketcall: number) => ({ via: { socketcall } });
const io = (socketcall: number) => ({ ...via(socketcall), returns: 'count' }) as const;
const newFd = (socketcall: number) => ({ ...via(socketcall), returns: 'fd' }) as const;
const msg = () => flags(MSG);
const peer = () => ({ socket: fd(), address: sockaddr('out', 'length'), length: words('inout') });
const destination = () => ({ to: sockaddr('in', 'toLength'), toLength: size() });
const protocol = () =>
  choice('family', ([domain]) => (domain === AF_INET || domain === AF_INET6 ? flags(IPPROTO) : uint()));
const option = () => ({ socket: fd(), level: flags(LEVEL), option: choice('level', optionKind) });

const received = { socket: fd(), messages: message('out', 'count'), count: size(), flags: msg() };

export const net = family({
  socket: odd(359, { family: flags(AF), type: flags(SOCK), protocol: protocol() }, socket, newFd(1)),
  socketpair: odd(
    360,
    { family: flags(AF), type: flags(SOCK), protocol: protocol(), fds: words('out', 'fd', 2) },
    socketpair,
    via(8),
  ),
  bind: odd(361, { socket: fd(), ...destination() }, bind, via(2)),
  connect: odd(362, { socket: fd(), ...destination() }, connect, via(3)),
  listen: odd(363, { socket: fd(), backlog: int() }, listen, via(4)),
  accept4: odd(364, { ...peer(), flags: flags(SOCK) }, named, newFd(18)),
  getsockname: odd(367, peer(), named, via(6)),
  getpeername: odd(368, peer(), named, via(7)),
  shutdown: delegated(373, { socket: fd(), how: flags(SHUT) }, via(13)),
  getsockopt: odd(365, { ...option(), value: words('out'), length: words('inout') }, getsockopt, via(15)),
  setsockopt: odd(
    366,
    { ...option(), value: choice('length', (r) => (r[4] === 4 ? words('in') : bytesIn('length'))), length: size() },
    setsockopt,
    via(14),
  ),
  sendto: odd(
    369,
    { socket: fd(), buffer: bytesIn('count'), count: size(), flags: msg(), ...destination() },
    sendto,
    io(11),
  ),
  sendmsg: odd(370, { socket: fd(), message: message('in'), flags: msg() }, (c) => sendOne(c, c.r[1], c.r[2]), io(16)),
  sendmmsg: odd(
    345,
    { socket: fd(), messages: message('in', 'count'), count: size(), flags: msg() },
    sendmmsg,
    via(20),
  ),
  recvfrom: odd(
    371,
    {
      socket: fd(),
      buffer: bytesOut('count'),
      count: size(),
      flags: msg(),
      address: sockaddr('out', 'length'),
      length: words('inout'),
    },
    recvfrom,
    io(12),
  ),
  recvmsg: odd(372, { socket: fd(), message: message('out'), flags: msg() }, recvmsg, io(17)),
  recvmmsg: odd(
    337,
    { ...received, timeout: structInOut(timespec32, true) },
    (c) => recvmmsg(c, timespec32.size),
    via(19),
  ),
  recvmmsg_time64: odd(417, { ...received, timeout: structInOut(timespec64, true) }, (c) =>
    recvmmsg(c, timespec64.size),
  ),
});
