import { createServer } from 'node:net';
import { mkdirSync, readdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromBytes, type ByteString } from '../../src/abi/bytes.js';
import { ERRNO } from '../../src/abi/errno.js';
import { AF, IP, IPPROTO, IPV6, MSG, SCM, SO, SOCK, SOL_SOCKET } from '../../src/abi/flags.js';
import { cmsghdr, iovec, mmsghdr, msghdr, socketName, unixAddress } from '../../src/abi/structs.js';
import type { Question } from '../../src/questions.js';
import type { Order, Resolved } from '../../src/syscalls/dsl.js';
import { NOBODY } from '../../src/syscalls/members.js';
import { SOCKETCALL } from '../../src/syscalls/multiplexed.js';
import { net } from '../../src/syscalls/net.js';
import { DOOR_PREFIX } from '../../src/wire/layout.js';
import { FakeCall, make, PROTECTED, RESERVED } from './fake-call.js';

const { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET } = AF.values;
const { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_CLOEXEC } = SOCK.values;

const sockaddrIn = (port: number, ...octets: number[]): Uint8Array =>
  new Uint8Array([AF_INET, 0, port >> 8, port & 0xff, ...octets, 0, 0, 0, 0, 0, 0, 0, 0]);
const sockaddrIn6 = (port: number, address: number[]): Uint8Array =>
  new Uint8Array([AF_INET6, 0, port >> 8, port & 0xff, 0, 0, 0, 0, ...address, 0, 0, 0, 0]);
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
const LOOPBACK6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

describe('socket addresses', () => {
  it('IPv4, IPv6 and IPv4-mapped', () => {
    expect(socketName(sockaddrIn(80, 127, 0, 0, 1), false)).to.deep.equal({
      family: 'inet',
      address: '127.0.0.1',
      port: 80,
    });
    expect(socketName(sockaddrIn6(443, LOOPBACK6), false)).to.deep.equal({
      family: 'inet6',
      address: '::1',
      port: 443,
    });
    expect(socketName(sockaddrIn6(443, MAPPED), false)).to.deep.equal({
      family: 'inet',
      address: '10.0.0.1',
      port: 443,
    });
    expect(socketName(sockaddrIn(80, 1, 2, 3, 4).subarray(0, 8), false)).to.deep.equal({ family: 'short' });
  });
  it('AF_UNSPEC is IPv4 to bind and send', () => {
    const address = sockaddrIn(53, 8, 8, 8, 8);
    address[0] = 0;
    expect(socketName(address, true)).to.deep.equal({ family: 'inet', address: '8.8.8.8', port: 53 });
    expect(socketName(address, false)).to.deep.equal({ family: 'unspec' });
  });
  it('unix paths end at a NUL, abstract names at their length', () => {
    expect(socketName(unixAddress('/run/x'), false)).to.deep.equal({ family: 'unix', path: '/run/x' });
    expect(socketName(new Uint8Array([1, 0, 0, 65, 0, 66]), false)).to.deep.equal({ family: 'abstract', name: 'A\0B' });
    expect(socketName(new Uint8Array([1, 0]), false)).to.deep.equal({ family: 'unnamed' });
  });
});

describe('sockets', () => {
  let call: FakeCall;
  const run = (name: keyof typeof net, registers: readonly number[], obey?: (order: Order) => number) =>
    make(call, net[name], registers, obey);
  const refused = (name: keyof typeof net, registers: readonly number[], errno: number): void => {
    const { result, orders } = run(name, registers);
    expect([name, result, orders.length]).to.deep.equal([name, -errno, 0]);
  };
  const deny = (ask: Question['ask']) => (call.judge = (q) => (q.ask === ask ? -ERRNO.EACCES : 0));
  beforeEach(() => {
    call = new FakeCall();
  });
  afterEach(() => call.dispose());

  it('socket asks for family, type and protocol', () => {
    run('socket', [AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0]);
    run('socket', [AF_INET6, SOCK_DGRAM, 17]);
    run('socket', [AF_INET, SOCK_STREAM, 262]);
    run('socket', [AF_INET, SOCK_RAW, 1]);
    run('socket', [AF_UNIX, SOCK_STREAM, 0]);
    expect(call.asked).to.deep.equal([
      { ask: 'socket', family: 'inet', type: 'stream', protocol: 0 },
      { ask: 'socket', family: 'inet6', type: 'dgram', protocol: 17 },
      { ask: 'socket', family: 'inet', type: 'other', protocol: 262 },
      { ask: 'socket', family: 'inet', type: 'raw', protocol: 1 },
      { ask: 'socket', family: 'unix', type: 'stream', protocol: 0 },
    ]);
  });
  it('other families are names', () => {
    run('socket', [AF_NETLINK, SOCK_RAW, 0]);
    run('socket', [AF_PACKET, SOCK_RAW, 0]);
    run('socket', [99, SOCK_RAW, 0]);
    expect(call.asked).to.deep.equal([
      { ask: 'name', space: 'netlink', name: 'route' },
      { ask: 'name', space: 'family', name: 'packet' },
      { ask: 'name', space: 'family', name: '99' },
    ]);
    refused('socketpair', [AF_INET, SOCK_STREAM, 0, 64], ERRNO.EOPNOTSUPP);
    refused('socketpair', [30, SOCK_SEQPACKET, 0, 64], ERRNO.EOPNOTSUPP);
    refused('socketpair', [4711, SOCK_STREAM, 0, 64], ERRNO.EAFNOSUPPORT);
    refused('socketpair', [AF_INET, 14, 0, 64], ERRNO.EINVAL);
  });

  it('connect passes a copy of what was judged', () => {
    const address = sockaddrIn(80, 127, 0, 0, 1);
    const at = call.give(address);
    call.judge = () => (call.view(at, 8).fill(9), 0);
    const [order] = run('connect', [3, at, 16]).orders;
    expect(order.slice(0, 2)).to.deep.equal([362, 3]);
    expect(call.inArena(order[2] as number)).to.deep.equal(address);
    expect(call.asked).to.deep.equal([{ ask: 'connect', family: 'inet', address: '127.0.0.1', port: 80 }]);
    refused('connect', [3, at, 129], ERRNO.EINVAL);
    const [short] = run('connect', [3, call.give(address), 8]).orders;
    expect(call.inArena(short[2] as number)).to.deep.equal(Uint8Array.of(AF_INET, 0, 0, 0, 0, 0, 0, 0));
    refused('connect', [RESERVED.from, at, 16], ERRNO.EBADF);
  });
  it('connect to a unix socket goes to the object that was judged', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(call.at('sock'), done));
    symlinkSync('sock', call.at('link'));
    const to = unixAddress(call.at('link'));
    const [order] = run('connect', [3, call.give(to), to.length]).orders;
    const name = socketName(call.inArena(order[2] as number), false);
    expect(name.family === 'unix' && name.path).to.match(new RegExp(`^/proc/${process.pid}/fd/\\d+$`));
    expect(call.asked).to.deep.equal([
      { ask: 'unix', action: 'connect', path: call.at('sock') },
      { ask: 'path', access: 'write', path: call.at('sock') },
    ]);
    deny('unix');
    refused('connect', [3, call.give(to), to.length], ERRNO.EACCES);
    server.close();
  });
  describe('names of unix sockets', () => {
    /** Makes what bind(2) makes, and tells the address that was ordered. */
    const bind = (name: ByteString, errno = 0): { result: unknown; kernel: ByteString } => {
      const to = unixAddress(name);
      let kernel = '';
      const { result } = run('bind', [3, call.give(to), to.length], (order) => {
        kernel = fromBytes(call.inArena(order[2] as number).subarray(2, -1));
        if (errno === 0) writeFileSync(kernel, '');
        return -errno;
      });
      return { result, kernel };
    };
    /** What is told for a name that the kernel tells. */
    const told = (kernel: ByteString, room = 110): { name: string; length: number } => {
      const at = call.give(room);
      const size = call.give(Uint8Array.of(room, 0, 0, 0));
      run('recvfrom', [3, 64, 4, 0, at, size], () => {
        const address = unixAddress(kernel);
        call.put(at, address.subarray(0, room));
        call.put(size, Uint8Array.of(address.length, 0, 0, 0));
        return 4;
      });
      const length = call.view(size, 1)[0];
      return { name: fromBytes(call.view(at + 2, Math.min(room, length) - 2)), length };
    };

    it('are made below the helper’s descriptor of the directory that was judged', () => {
      symlinkSync('.', call.at('here'));
      const { result, kernel } = bind(call.at('here/new'));
      expect(kernel).to.match(new RegExp(`^/proc/${process.pid}/fd/\\d+/new$`));
      expect(call.questions).to.deep.equal([`["unix","bind","${call.at('new')}"]`, 'create new']);
      expect(result).to.equal(0);
      expect(readdirSync(call.directory).sort()).to.deep.equal(['here', 'new']);
    });
    it('the directory is the one that was judged, whatever has its name now', () => {
      mkdirSync(call.at('x'));
      mkdirSync(call.at('secret'));
      const resolve = call.resolver;
      call.resolver = (path, options) => {
        const where = resolve(path, options);
        renameSync(call.at('x'), call.at('y'));
        symlinkSync('secret', call.at('x'));
        return where;
      };
      expect(bind(call.at('x/new')).result).to.equal(0);
      expect(readdirSync(call.at('secret'))).to.deep.equal([]);
      expect(readdirSync(call.at('y'))).to.deep.equal(['new']);
    });
    it('are told as they were given', () => {
      const name = call.at('./told');
      const { kernel } = bind(name);
      expect(told(kernel)).to.deep.equal({ name: `${name}\0`, length: name.length + 3 });
      expect(told(kernel, kernel.length + 3).length).to.equal(name.length + 3);
      expect(told('/run/other')).to.deep.equal({ name: '/run/other\0', length: 13 });
      expect(told(kernel, 5).name.length).to.equal(3);
    });
    it('that the kernel refused are not remembered', () => {
      const { result, kernel } = bind(call.at('refused'), ERRNO.EINVAL);
      expect(result).to.equal(-ERRNO.EINVAL);
      expect(told(kernel).name).to.equal(`${kernel}\0`);
    });
    it('that do not fit the kernel’s path get one that does, and are renamed', () => {
      const name = 'p'.repeat(100);
      const lookUp = call.resolver;
      call.resolver = (path, options) => lookUp(call.at(path), options);
      const { result, kernel } = bind(name);
      expect(result).to.equal(0);
      expect(kernel.length).to.be.lessThan(108);
      expect(readdirSync(call.directory)).to.deep.equal([name]);
      expect(told(kernel).name).to.equal(`${name}\0`);
    });
    it('of sockets are told by the sockets themselves', async () => {
      const { kernel } = bind(call.at('listens'));
      unlinkSync(kernel);
      const server = createServer();
      await new Promise<void>((done) => server.listen(kernel, done));
      const fd = (server as unknown as { _handle: { fd: number } })._handle.fd;
      const at = call.give(110);
      const size = call.give(Uint8Array.of(110, 0, 0, 0));
      run('getsockname', [fd, at, size]);
      expect(call.view(size, 1)[0]).to.equal(call.at('listens').length + 3);
      expect(fromBytes(call.view(at + 2, call.at('listens').length))).to.equal(call.at('listens'));
      server.close();
    });
    it('are not made where something is, nor with a slash, nor in the sysroot', () => {
      writeFileSync(call.at('file'), '');
      for (const [name, errno] of [
        ['file', ERRNO.EADDRINUSE],
        ['new/', ERRNO.ENOENT],
      ] as const) {
        const to = unixAddress(call.at(name));
        refused('bind', [3, call.give(to), to.length], errno);
      }
      const lookUp = call.resolver;
      call.resolver = (path, options) => ({ ...(lookUp(path, options) as Resolved), layer: 'sysroot' });
      const to = unixAddress(call.at('new'));
      refused('bind', [3, call.give(to), to.length], ERRNO.EROFS);
      refused('bind', [3, call.give(new Uint8Array([1, 0, 120])), 111], ERRNO.EINVAL);
    });
  });
  it('abstract names are names; AF_UNSPEC dissolves', () => {
    const abstract = new Uint8Array([1, 0, 0, 120]);
    run('connect', [3, call.give(abstract), 4]);
    expect(call.asked).to.deep.equal([{ ask: 'name', space: 'abstract', name: 'x' }]);
    run('connect', [3, call.give(new Uint8Array(16)), 16]);
    expect(call.asked.length).to.equal(1);
    run('bind', [3, call.give(new Uint8Array(16)), 16]);
    expect(call.asked[1]).to.deep.equal({ ask: 'bind', family: 'inet', address: '0.0.0.0', port: 0 });
  });
  it("the door of a sandbox is nobody's, whatever a policy says", () => {
    const door = Buffer.from(`\x01\0\0${DOOR_PREFIX}0123`, 'latin1');
    const at = call.give(door);
    const header = call.give(
      msghdr.encode({
        msg_name: at,
        msg_namelen: door.length,
        msg_iov: 0,
        msg_iovlen: 0,
        msg_control: 0,
        msg_controllen: 0,
        msg_flags: 0,
      }),
    );
    for (const [errno, name, ...args] of [
      [ERRNO.ECONNREFUSED, 'connect', 3, at, door.length],
      [ERRNO.EACCES, 'bind', 3, at, door.length],
      [ERRNO.ECONNREFUSED, 'sendto', 3, 64, 4, 0, at, door.length],
      [ERRNO.ECONNREFUSED, 'sendmsg', 3, header, 0],
      [ERRNO.ECONNREFUSED, 'sendmmsg', 3, header, 1, 0],
    ] as const)
      refused(name, [...args], errno);
    expect(call.asked).to.deep.equal([]);
  });
  it('what a raw socket of IPv6 takes for its own family is asked about as both', () => {
    const six = sockaddrIn6(7, LOOPBACK6);
    six[0] = 0;
    run('sendto', [3, 64, 4, 0, call.give(six), 28]);
    expect(call.asked).to.deep.equal([
      { ask: 'send', family: 'inet', address: '0.0.0.0', port: 7 },
      { ask: 'send', family: 'inet6', address: '::1', port: 7 },
    ]);
  });

  describe('sending', () => {
    const vector = (base: number, length: number): number =>
      call.give(iovec.encode({ iov_base: base, iov_len: length }));
    const control = (type: number, words: number[], level = SOL_SOCKET): Uint8Array => {
      const bytes = new Uint8Array(12 + 4 * words.length);
      bytes.set(cmsghdr.encode({ cmsg_len: bytes.length, cmsg_level: level, cmsg_type: type }));
      bytes.set(new Uint8Array(new Int32Array(words).buffer), 12);
      return bytes;
    };
    const message = (fields: Record<string, number>): number =>
      call.give(msghdr.encode({ msg_iov: vector(64, 4), msg_iovlen: 1, ...fields }));
    const withControl = (bytes: Uint8Array): number =>
      message({ msg_control: call.give(bytes), msg_controllen: bytes.length });

    it('sendto asks for its destination; TCP fast open is a connect', () => {
      const at = call.give(sockaddrIn(53, 8, 8, 8, 8));
      run('sendto', [3, 64, 4, 0, at, 16]);
      run('sendto', [3, 64, 4, MSG.values.MSG_FASTOPEN, at, 16]);
      expect(call.asked.map((q) => q.ask)).to.deep.equal(['send', 'connect']);
      expect(run('sendto', [3, 64, 4, 0x40, 0, 0]).orders).to.deep.equal([[369, 3, 64, 4, 0x40, 0, 0]]);
      refused('sendto', [3, PROTECTED.from, 4, 0, 0, 0], ERRNO.EFAULT);
    });
    it('sendmsg copies header, address, vector and control data', () => {
      const to = sockaddrIn(53, 8, 8, 8, 8);
      const rights = control(SCM.SCM_RIGHTS, [0, 1]);
      const at = message({
        msg_name: call.give(to),
        msg_namelen: 16,
        msg_control: call.give(rights),
        msg_controllen: rights.length,
      });
      const [order] = run('sendmsg', [3, at, 0x40]).orders;
      expect([order[0], order[1], order[3]]).to.deep.equal([370, 3, 0x40]);
      const m = msghdr.decode(call.inArena(order[2] as number)) as Record<string, number>;
      expect(call.inArena(m.msg_name)).to.deep.equal(to);
      expect(call.inArena(m.msg_control)).to.deep.equal(rights);
      expect(iovec.decode(call.inArena(m.msg_iov))).to.deep.equal({ iov_base: 64, iov_len: 4 });
    });
    it('no reserved descriptor leaves, no unknown control data, no protected memory', () => {
      refused('sendmsg', [3, withControl(control(SCM.SCM_RIGHTS, [0, RESERVED.from])), 0], ERRNO.EBADF);
      refused('sendmsg', [3, withControl(control(7, [0], 0)), 0], ERRNO.EINVAL);
      refused('sendmsg', [3, withControl(control(SCM.SCM_RIGHTS, [0]).fill(0xff, 0, 4)), 0], ERRNO.EINVAL);
      refused('sendmsg', [3, message({ msg_iov: vector(PROTECTED.from, 4) }), 0], ERRNO.EFAULT);
      refused('sendmsg', [3, message({ msg_iovlen: 1025 }), 0], ERRNO.EMSGSIZE);
      refused('sendmsg', [3, message({ msg_iov: vector(64, 0xffffffff) }), 0], ERRNO.EINVAL);
    });
    it('the sender is a process of the sandbox, or nobody', () => {
      for (const [pid, expected] of [
        [process.pid, process.pid],
        [1, NOBODY],
        [process.ppid, NOBODY],
      ]) {
        const { orders } = run('sendmsg', [3, withControl(control(SCM.SCM_CREDENTIALS, [pid, 0, 0])), 0]);
        const sent = msghdr.decode(call.inArena(orders[0][2])) as Record<string, number>;
        expect(control(SCM.SCM_CREDENTIALS, [expected, 0, 0])).to.deep.equal(call.inArena(sent.msg_control));
      }
    });
    it('no interface is chosen by what is sent along; the source address is', () => {
      const IN = [IP.values.IP_PKTINFO, IPPROTO.values.IPPROTO_IP] as const;
      const IN6 = [IPV6.values.IPV6_PKTINFO, IPPROTO.values.IPPROTO_IPV6] as const;
      for (const [[type, level], given, expected] of [
        [IN, [2, 0x0100007f, 0], [0, 0x0100007f, 0]],
        [IN6, [1, 2, 3, 4, 5], [1, 2, 3, 4, 0]],
        [IN6, [1, 2, 3, 4], [1, 2, 3, 4]],
      ] as const) {
        const { orders } = run('sendmsg', [3, withControl(control(type, [...given], level)), 0]);
        const sent = msghdr.decode(call.inArena(orders[0][2])) as Record<string, number>;
        expect(call.inArena(sent.msg_control)).to.deep.equal(control(type, [...expected], level));
      }
    });
    it('a second control message hides behind the first in vain', () => {
      const both = new Uint8Array(32);
      both.set(control(SCM.SCM_CREDENTIALS, []), 0);
      both.set(control(SCM.SCM_RIGHTS, [RESERVED.from]), 12);
      refused('sendmsg', [3, withControl(both.slice(0, 28)), 0], ERRNO.EBADF);
    });
    const MSG_DONTWAIT = 0x40;
    it('sendmmsg tells how many, and each length', () => {
      const messages = new Uint8Array(2 * mmsghdr.size);
      const header = msghdr.encode({ msg_iov: vector(64, 4), msg_iovlen: 1 });
      messages.set(header);
      messages.set(header, mmsghdr.size);
      const at = call.give(messages);
      expect(run('sendmmsg', [3, at, 2, 0], () => 4).result).to.equal(2);
      expect(mmsghdr.decode(call.view(at + mmsghdr.size, mmsghdr.size)).msg_len).to.equal(4);
      let calls = 0;
      expect(run('sendmmsg', [3, at, 2, 0], () => (calls++ === 0 ? 4 : -11)).result).to.equal(1);
      expect(run('sendmmsg', [3, at, 2, MSG_DONTWAIT], () => -11).result).to.equal(-11);
    });
    it('sendmmsg sends up to 1024, each with the arena to itself', () => {
      const messages = new Uint8Array(1100 * mmsghdr.size);
      for (let i = 0; i < 1100; i++) messages.set(msghdr.encode({ msg_iov: 64, msg_iovlen: 1 }), i * mmsghdr.size);
      const at = call.give(messages);
      expect(run('sendmmsg', [3, at, 1100, 0], () => 0).result).to.equal(1024);
      expect(call.forgotten).to.equal(1024);
      expect(run('sendmmsg', [77, at, 0, 0], () => -ERRNO.EBADF).result).to.equal(-ERRNO.EBADF);
    });
  });

  it('addresses are received where the program may write', () => {
    const room = (n: number): number => call.give(new Uint8Array([n, 0, 0, 0]));
    const at = room(16);
    expect(run('getsockname', [3, 64, at]).orders).to.deep.equal([[367, 3, 64, at]]);
    expect(run('accept4', [3, 0, 0, SOCK_CLOEXEC]).orders).to.deep.equal([[364, 3, 0, 0, SOCK_CLOEXEC]]);
    refused('getpeername', [3, PROTECTED.from - 4, room(16)], ERRNO.EFAULT);
    refused('recvfrom', [3, PROTECTED.from, 4, 0, 0, 0], ERRNO.EFAULT);
    refused('recvmsg', [3, PROTECTED.from, 0], ERRNO.EFAULT);
  });

  it('options are a table of known ones', () => {
    expect(run('setsockopt', [3, SOL_SOCKET, SO.values.SO_REUSEADDR, 64, 4]).orders.length).to.equal(1);
    refused('setsockopt', [3, SOL_SOCKET, SO.values.SO_ATTACH_FILTER, 64, 8], ERRNO.EPERM);
    refused('setsockopt', [3, SOL_SOCKET, SO.values.SO_ATTACH_BPF, 64, 4], ERRNO.EPERM);
    refused('setsockopt', [3, IPPROTO.values.IPPROTO_IPV6, IPV6.values.IPV6_PKTINFO, 64, 20], ERRNO.EPERM);
    refused('setsockopt', [3, 0, 4, 64, 4], ERRNO.ENOPROTOOPT); // IP_OPTIONS: source routes
    refused('setsockopt', [3, 6, 31, 64, 4], ERRNO.ENOPROTOOPT); // TCP_ULP
    refused('getsockopt', [3, 4711, 1, 64, 64], ERRNO.ENOPROTOOPT);
  });

  it('every sub-call of socketcall has its row', () => {
    for (const [number, { row, count }] of SOCKETCALL) {
      const target = net[row];
      expect(target, row).to.not.equal(undefined);
      expect(target!.args.length, row).to.be.at.least(count);
      expect(number).to.be.within(1, 20);
    }
    const via = Object.values(net).flatMap((row) => (row.via?.socketcall === undefined ? [] : [row.via.socketcall]));
    expect(via.every((n) => net[SOCKETCALL.get(n)!.row]?.via?.socketcall === n)).to.equal(true);
  });
});
