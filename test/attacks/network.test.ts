/** Ways around the addresses that were allowed, in networks of the test's own: whoever listens elsewhere must hear nothing. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { Network, noNetwork } from '../support/network.js';
import { errno, killAll, place, withPuppet, type Cage, type Puppet } from './harness.js';
import type { Weakening } from './weaken.js';

const AF = { UNSPEC: 0, UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 };
const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, NONBLOCK: 0o4000 };
const LEVEL = { SOCKET: 1, IP: 0, IPV6: 41 };
const MSG_FASTOPEN = 0x20000000;
const IPPROTO_RAW = 255;
const SCM_RIGHTS = 1;

const [ALLOWED, REFUSED] = ['10.99.0.1', '10.99.1.1'];
/** Allowed addresses that another host behind the link has as well, or alone. */
const [TWICE, THERE] = ['10.99.0.9', '10.99.0.5'];
/** The other host's own. */
const FAR = '10.99.2.1';
const [UDP, TCP] = [7, 80];
const RESTRICTED = ['--allowed-netmask=10.99.0.0/24'];

const four = (address: string): number[] => address.split('.').map(Number);
const port = (n: number): number[] => [n >> 8, n & 0xff];
const zeros = (count: number): number[] => Array<number>(count).fill(0);
/** struct sockaddr_in, and the same with another family. */
const inet = (address: string, n = UDP, family = AF.INET): Buffer =>
  Buffer.from([family, 0, ...port(n), ...four(address), ...zeros(8)]);
/** struct sockaddr_in6 of the last bytes. */
const inet6 = (last: readonly number[], n = UDP): Buffer =>
  Buffer.from([AF.INET6, 0, ...port(n), ...zeros(4), ...zeros(16 - last.length), ...last, ...zeros(4)]);
const mapped = (address: string): Buffer => inet6([0xff, 0xff, ...four(address)]);
const words = (...all: number[]): Buffer => Buffer.from(Uint32Array.from(all, (n) => n >>> 0).buffer);
/** struct sockaddr_ll: whoever listens behind a device. */
const behind = (index: number): Buffer =>
  Buffer.concat([
    Buffer.from([AF.PACKET, 0, ...port(0x0800)]),
    words(index),
    Buffer.from([...zeros(3), 6, ...Array<number>(6).fill(0xff), 0, 0]),
  ]);

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
/** A datagram of UDP in a packet of its own making. */
function packet(to: string, payload: string): Buffer {
  const head = Buffer.from([
    0x45,
    0,
    ...port(28 + payload.length),
    0,
    1,
    0,
    0,
    64,
    17,
    0,
    0,
    ...four(ALLOWED),
    ...four(to),
  ]);
  head.writeUInt16BE(checksum(head), 10);
  return Buffer.concat([head, Buffer.from([...port(4444), ...port(UDP), ...port(8 + payload.length), 0, 0]), Buffer.from(payload)]); // prettier-ignore
}

/** struct cmsghdr and its data. */
const ancillary = (level: number, type: number, data: Buffer): Buffer =>
  Buffer.concat([words(12 + data.length, level, type), data, Buffer.alloc(-data.length & 3)]);

async function send(
  p: Puppet,
  fd: number,
  name: Buffer | null,
  text: string,
  control?: Buffer,
  flags = 0,
): Promise<number> {
  const data = Buffer.from(text);
  const header = words(
    name === null ? 0 : p.hold(name),
    name?.length ?? 0,
    p.hold(words(p.hold(data), data.length)),
    1,
    control === undefined ? 0 : p.hold(control),
    control?.length ?? 0,
    0,
  );
  return p.call('sendmsg', fd, header, flags);
}
/** The descriptor that came with a message. */
async function receive(p: Puppet, fd: number): Promise<number> {
  const control = p.hold(Buffer.alloc(16));
  const header = p.hold(words(0, 0, p.hold(words(p.room(16), 16)), 1, control, 16, 0));
  const result = await p.call('recvmsg', fd, header, 0);
  return result < 0 ? result : p.peekWord(control + 12);
}

const udp = (p: Puppet, family = AF.INET): Promise<number> => p.call('socket', family, SOCK.DGRAM, 0);
const sendto = (p: Puppet, fd: number, name: Buffer, text: string | Buffer): Promise<number> =>
  p.call('sendto', fd, Buffer.from(text), text.length, 0, name, name.length);
const indexOf = async (p: Puppet, device: string): Promise<number> => {
  const request = p.hold(Buffer.from(device.padEnd(32, '\0')));
  const result = await p.call('ioctl', await udp(p), 0x8933, request);
  return result < 0 ? result : p.peekWord(request + 16);
};

interface Attack {
  readonly errno: Parameters<typeof errno>[0];
  /** What is taken out for the control, in which the attack wins. */
  readonly control: Weakening;
  /** `text` is to be heard where it must not; the result is the last call's. */
  readonly act: (p: Puppet, text: string) => Promise<number>;
  /** It wins already when the call is taken. */
  readonly taken?: true;
}

const option = (level: number, name: number, value: Buffer) => async (p: Puppet) =>
  p.call('setsockopt', await udp(p, level === LEVEL.IPV6 ? AF.INET6 : AF.INET), level, name, value, value.length);

const connected = (family: number, name: Buffer) => async (p: Puppet, text: string) => {
  const fd = await udp(p, family);
  const result = await p.call('connect', fd, name, name.length);
  return result < 0 ? result : p.call('write', fd, Buffer.from(text), text.length);
};
const sent = (family: number, name: Buffer) => async (p: Puppet, text: string) =>
  sendto(p, await udp(p, family), name, text);

const ATTACKS: Readonly<Record<string, Attack>> = {
  connect: { errno: 'EPERM', control: 'delegate:connect', act: connected(AF.INET, inet(REFUSED)) },
  'connect of another kind of socket': {
    errno: 'EPERM',
    control: 'delegate:connect',
    act: connected(AF.INET6, inet(REFUSED)),
  },
  'an IPv4-mapped address': { errno: 'EPERM', control: 'delegate:connect', act: connected(AF.INET6, mapped(REFUSED)) },
  'an IPv4-mapped address of a datagram': {
    errno: 'EPERM',
    control: 'delegate:sendto',
    act: sent(AF.INET6, mapped(REFUSED)),
  },
  'an IPv4 address by a socket of IPv6': {
    errno: 'EPERM',
    control: 'delegate:sendto',
    act: sent(AF.INET6, inet(REFUSED)),
  },
  'AF_UNSPEC, which is taken for IPv4': {
    errno: 'EPERM',
    control: 'delegate:sendto',
    act: sent(AF.INET, inet(REFUSED, UDP, AF.UNSPEC)),
  },
  'AF_UNSPEC, which disconnects, and then another': {
    errno: 'EPERM',
    control: 'delegate:connect',
    async act(p, text) {
      const fd = await udp(p);
      await p.call('connect', fd, inet(ALLOWED), 16);
      await p.call('connect', fd, inet(REFUSED, UDP, AF.UNSPEC), 16);
      const result = await p.call('connect', fd, inet(REFUSED), 16);
      return result < 0 ? result : p.call('write', fd, Buffer.from(text), text.length);
    },
  },
  '0.0.0.0, which is this host': {
    errno: 'EPERM',
    control: 'delegate:connect',
    act: connected(AF.INET, inet('0.0.0.0')),
  },
  ':: as well': { errno: 'EPERM', control: 'delegate:connect', act: connected(AF.INET6, inet6([0])) },
  'sendmsg by a connected socket': {
    errno: 'EPERM',
    control: 'delegate:sendmsg',
    async act(p, text) {
      const fd = await udp(p);
      await p.call('connect', fd, inet(ALLOWED), 16);
      return send(p, fd, inet(REFUSED), text);
    },
  },
  'TCP fast open by sendto': {
    errno: 'EPERM',
    control: 'delegate:sendto',
    async act(p, text) {
      const fd = await p.call('socket', AF.INET, SOCK.STREAM, 0);
      return p.call('sendto', fd, Buffer.from(text), text.length, MSG_FASTOPEN, inet(REFUSED, TCP), 16);
    },
  },
  'TCP fast open by sendmsg': {
    errno: 'EPERM',
    control: 'delegate:sendmsg',
    act: async (p, text) =>
      send(p, await p.call('socket', AF.INET, SOCK.STREAM, 0), inet(REFUSED, TCP), text, undefined, MSG_FASTOPEN),
  },
  'splice to a socket that was refused': {
    errno: 'EDESTADDRREQ',
    control: 'delegate:connect',
    async act(p, text) {
      const [fd, ends] = [await udp(p), p.room(8)];
      await p.call('connect', fd, inet(REFUSED), 16);
      await p.call('pipe2', ends, 0);
      await p.call('write', await p.peekWord(ends + 4), Buffer.from(text), text.length);
      return p.call('splice', await p.peekWord(ends), 0, fd, 0, text.length, 0);
    },
  },
  'a packet of its own by a raw socket': {
    errno: 'EPERM',
    control: 'unasked:socket',
    async act(p, text) {
      const fd = await p.call('socket', AF.INET, SOCK.RAW, IPPROTO_RAW);
      return fd < 0 ? fd : sendto(p, fd, inet(ALLOWED, 0), packet(REFUSED, text));
    },
  },
  'a packet of its own by a packet socket': {
    errno: 'EPERM',
    control: 'unasked:name',
    async act(p, text) {
      const fd = await p.call('socket', AF.PACKET, SOCK.DGRAM, 0x0008);
      return fd < 0 ? fd : sendto(p, fd, behind(await indexOf(p, 'wire')), packet(FAR, text));
    },
  },
  'a route of its own, by netlink': {
    errno: 'EPERM',
    control: 'unasked:name',
    async act(p, text) {
      const fd = await p.call('socket', AF.NETLINK, SOCK.RAW, 0);
      if (fd < 0) return fd;
      // RTM_NEWROUTE of THERE/32 by the device: REQUEST, ACK, CREATE; table main, of a user, on the link, unicast.
      const route = Buffer.from([AF.INET, 32, 0, 0, 254, 4, 253, 1, ...zeros(4)]);
      const attributes = Buffer.concat([words(0x00010008), Buffer.from(four(THERE)), words(0x00040008, await indexOf(p, 'wire'))]); // prettier-ignore
      const length = 16 + route.length + attributes.length;
      const message = Buffer.concat([words(length, (0x405 << 16) | 24, 1, 0), route, attributes]);
      await p.call('write', fd, message, message.length);
      return sendto(p, await udp(p), inet(THERE), text);
    },
  },
  'a device of its own choice, by SO_BINDTODEVICE': {
    errno: 'EPERM',
    control: 'delegate:setsockopt',
    async act(p, text) {
      const fd = await udp(p);
      const result = await p.call('setsockopt', fd, LEVEL.SOCKET, 25, 'wire', 5);
      return result < 0 ? result : sendto(p, fd, inet(TWICE), text);
    },
  },
  'a device for IPv6, kept by the socket': {
    errno: 'EPERM',
    control: 'delegate:setsockopt',
    async act(p, text) {
      const fd = await udp(p, AF.INET6);
      const result = await p.call('setsockopt', fd, LEVEL.IPV6, 50, Buffer.concat([Buffer.alloc(16), words(await indexOf(p, 'wire'))]), 20); // prettier-ignore
      return result < 0 ? result : sendto(p, fd, mapped(TWICE), text);
    },
    taken: true,
  },
  'source routes: IP_OPTIONS': {
    errno: 'ENOPROTOOPT',
    control: 'delegate:setsockopt',
    act: option(LEVEL.IP, 4, Buffer.from([0x83, 7, 4, ...four(REFUSED), 0])),
    taken: true,
  },
  'source routes: ancillary data': {
    errno: 'EINVAL',
    control: 'delegate:sendmsg',
    act: async (p, text) =>
      send(
        p,
        await udp(p),
        inet(ALLOWED),
        text,
        ancillary(LEVEL.IP, 7, Buffer.from([0x83, 7, 4, ...four(REFUSED), 0])),
      ),
    taken: true,
  },
  'a mark that rules of routing know: SO_MARK': {
    errno: 'ENOPROTOOPT',
    control: 'delegate:setsockopt',
    act: option(LEVEL.SOCKET, 36, words(1)),
    taken: true,
  },
  "an address that is not this host's: IP_TRANSPARENT": {
    errno: 'ENOPROTOOPT',
    control: 'delegate:setsockopt',
    act: option(LEVEL.IP, 19, words(1)),
    taken: true,
  },
  'a port that nobody allowed, by listen without bind': {
    errno: 'EPERM',
    control: 'unasked:bind',
    act: async (p) => p.call('listen', await p.call('socket', AF.INET, SOCK.STREAM, 0), 1),
    taken: true,
  },
  'calls that nobody sees: io_uring': {
    errno: 'ENOSYS',
    control: 'delegate:io_uring_setup',
    act: (p) => p.call('io_uring_setup', 1, Buffer.alloc(120)),
    taken: true,
  },
};

describe('attacks: networks', function () {
  this.timeout(120_000);
  let network: Network;
  let other: Network;
  before(async function () {
    const why = noNetwork();
    if (why !== undefined) {
      console.error(`    ${why}`);
      this.skip();
    }
    const here = [`${ALLOWED}/24`, `${REFUSED}/24`, `${TWICE}/32`];
    network = await Network.make({
      addresses: here,
      udp: [ALLOWED, REFUSED, TWICE, '127.0.0.1', '[::1]'].map((host) => `${host}:${UDP}`),
      tcp: [`${ALLOWED}:${TCP}`, `${REFUSED}:${TCP}`],
    });
    other = await Network.make({
      beside: network,
      addresses: [FAR, TWICE, THERE].map((host) => `${host}/32`),
      udp: [FAR, TWICE, THERE].map((host) => `${host}:${UDP}`),
    });
    network.link(other);
    other.ip(`route add ${ALLOWED}/32 dev wire`);
  });
  after(async () => {
    killAll();
    await network?.end();
    await other?.end();
  });

  const allowed = [ALLOWED, TWICE].map((host) => ` ${host}:`);
  /** What was heard by whom nothing may be sent to. */
  const heard = (): string[] => [
    ...network.heard.filter((line) => !allowed.some((host) => line.includes(host))),
    ...other.heard,
  ];
  async function hears(most: number): Promise<boolean> {
    for (const end = Date.now() + most; Date.now() < end && heard().length === 0;) await pause(20);
    return heard().length > 0;
  }
  beforeEach(() => {
    network.heard.length = other.heard.length = 0;
  });
  const caged = <T>(cage: Cage, act: (p: Puppet) => Promise<T>, options: readonly string[] = RESTRICTED): Promise<T> =>
    withPuppet({ cage, options, enter: network.enter() }, act);
  const [SHORT, LONG] = [150, 3000];

  for (const [what, { errno: name, control, act, taken }] of Object.entries(ATTACKS)) {
    it(`${what}: ${name}`, () =>
      caged('product', async (p) => {
        expect(await act(p, 'PRIZE')).to.equal(errno(name));
        expect(await hears(SHORT)).to.equal(false);
      }));
    it(`control: ${what}, with ${control}`, () =>
      caged(control, async (p) => {
        const result = await act(p, 'PRIZE');
        expect(result).to.be.at.least(0);
        if (!taken) expect(await hears(LONG)).to.equal(true);
      }));
  }

  describe('a device of its own choice, by ancillary data', () => {
    const act = async (p: Puppet): Promise<number> => {
      const info = ancillary(LEVEL.IP, 8, Buffer.concat([words(await indexOf(p, 'wire')), Buffer.alloc(8)]));
      return send(p, await udp(p), inet(TWICE), 'PRIZE', info);
    };
    it('is not heeded: the routes decide', () =>
      caged('product', async (p) => {
        expect(await act(p)).to.equal('PRIZE'.length);
        expect(await hears(SHORT)).to.equal(false);
        expect(network.heard).to.deep.equal([`udp ${TWICE}:${UDP} PRIZE`]);
      }));
    it('control', () =>
      caged('delegate:sendmsg', async (p) => {
        expect(await act(p)).to.equal('PRIZE'.length);
        expect(await hears(LONG)).to.equal(true);
      }));
  });

  it('of several messages those before the refused one are sent', () =>
    caged('product', async (p) => {
      const message = (to: string): Buffer =>
        Buffer.concat([words(p.hold(inet(to)), 16, p.hold(words(p.hold('PRIZE'), 5)), 1, 0, 0, 0, 0)]);
      const both = Buffer.concat([message(ALLOWED), message(REFUSED)]);
      expect(await p.call('sendmmsg', await udp(p), both, 2, 0)).to.equal(1);
      expect(await hears(SHORT)).to.equal(false);
      expect(network.heard).to.deep.equal([`udp ${ALLOWED}:${UDP} PRIZE`]);
    }));
  it('control: several messages', () =>
    caged('delegate:sendmmsg', async (p) => {
      const message = (to: string): Buffer =>
        words(p.hold(inet(to)), 16, p.hold(words(p.hold('PRIZE'), 5)), 1, 0, 0, 0, 0);
      expect(
        await p.call('sendmmsg', await udp(p), Buffer.concat([message(ALLOWED), message(REFUSED)]), 2, 0),
      ).to.equal(2);
      expect(await hears(LONG)).to.equal(true);
    }));

  describe('sockets of somebody freer', () => {
    let number = 0;
    /** With a sibling that hands over, to who connects, the sockets that `give` makes. */
    async function beside<T>(
      give: (sibling: Puppet) => Promise<number>,
      cage: Cage,
      options: (path: string) => readonly string[],
      act: (p: Puppet, connect: () => Promise<number>, take: () => Promise<number>) => Promise<T>,
    ): Promise<T> {
      const path = join(place, `free-${number++}`);
      const name = Buffer.from(`\x01\0${path}\0`, 'latin1');
      return withPuppet({ cage: 'product', enter: network.enter() }, async (sibling) => {
        const listening = await sibling.call('socket', AF.UNIX, SOCK.STREAM, 0);
        expect(await sibling.call('bind', listening, name, name.length)).to.equal(0);
        expect(await sibling.call('listen', listening, 1)).to.equal(0);
        return caged(
          cage,
          async (p) => {
            const fd = await p.call('socket', AF.UNIX, SOCK.STREAM, 0);
            const connect = (): Promise<number> => p.call('connect', fd, name, name.length);
            const take = async (): Promise<number> => {
              const client = await sibling.call('accept4', listening, 0, 0, 0);
              const given = ancillary(LEVEL.SOCKET, SCM_RIGHTS, words(await give(sibling)));
              expect(await send(sibling, client, null, 'x', given)).to.equal(1);
              return receive(p, fd);
            };
            return act(p, connect, take);
          },
          options(path),
        );
      });
    }
    const toRefused = async (sibling: Puppet): Promise<number> => {
      const fd = await udp(sibling);
      expect(await sibling.call('connect', fd, inet(REFUSED), 16)).to.equal(0);
      return fd;
    };
    it('cannot be asked for', () =>
      beside(
        toRefused,
        'product',
        () => RESTRICTED,
        async (_, connect) => {
          expect(await connect()).to.equal(errno('EPERM'));
        },
      ));
    it('control: one that is connected is as good as an address', () =>
      beside(
        toRefused,
        'unasked:unix',
        () => RESTRICTED,
        async (p, connect, take) => {
          expect(await connect()).to.equal(0);
          expect(await p.call('write', await take(), Buffer.from('PRIZE'), 5)).to.equal(5);
          expect(await hears(LONG)).to.equal(true);
        },
      ));

    const LET = (path: string): string[] => [...RESTRICTED, '--read-only=0', `--allow-write=${path}`];
    it('where that is allowed: one that is not connected reaches no more than one of its own', () =>
      beside(udp, 'product', LET, async (p, connect, take) => {
        expect(await connect()).to.equal(0);
        const fd = await take();
        expect(fd).to.be.at.least(0);
        expect(await sendto(p, fd, inet(REFUSED), 'PRIZE')).to.equal(errno('EPERM'));
        expect(await p.call('connect', fd, inet(REFUSED), 16)).to.equal(errno('EPERM'));
        expect(await sendto(p, fd, inet(ALLOWED), 'fine')).to.equal(4);
        expect(await hears(SHORT)).to.equal(false);
      }));
    const ofPackets = (sibling: Puppet): Promise<number> => sibling.call('socket', AF.PACKET, SOCK.DGRAM, 0x0008);
    it('one of packets takes no address', () =>
      beside(ofPackets, 'product', LET, async (p, connect, take) => {
        expect(await connect()).to.equal(0);
        const fd = await take();
        const wire = behind(await indexOf(p, 'wire'));
        expect(await sendto(p, fd, wire, packet(FAR, 'PRIZE'))).to.equal(errno('EPERM'));
        expect(await p.call('bind', fd, wire, wire.length)).to.equal(errno('EPERM'));
        expect(await hears(SHORT)).to.equal(false);
      }));
    it('control: one of packets', () =>
      beside(ofPackets, 'unasked:name,unix', LET, async (p, connect, take) => {
        expect(await connect()).to.equal(0);
        expect(await sendto(p, await take(), behind(await indexOf(p, 'wire')), packet(FAR, 'PRIZE'))).to.be.at.least(0);
        expect(await hears(LONG)).to.equal(true);
      }));
  });

  describe('--no-outbound-network: who comes in is a guest', () => {
    it('and the socket that it came by reaches nobody else', () =>
      caged(
        'product',
        async (p) => {
          const listening = await p.call('socket', AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0);
          expect(await p.call('bind', listening, inet(ALLOWED, 8080), 16)).to.equal(0);
          expect(await p.call('listen', listening, 1)).to.equal(0);
          await caged(
            'product',
            async (client) => {
              expect(await client.call('connect', await client.call('socket', AF.INET, SOCK.STREAM, 0), inet(ALLOWED, 8080), 16)).to.equal(0); // prettier-ignore
              const guest = await p.call('accept4', listening, 0, 0, 0);
              expect(guest).to.be.at.least(0);
              expect(await p.call('write', guest, 'hello', 5)).to.equal(5);
              for (const fd of [guest, listening])
                for (const name of [inet(REFUSED, TCP), inet(ALLOWED, TCP)])
                  expect(await p.call('connect', fd, name, 16)).to.equal(errno('EPERM'));
              // What AF_UNSPEC leaves of it is as good as new, and no better.
              expect(await p.call('connect', guest, inet('0.0.0.0', 0, AF.UNSPEC), 16)).to.equal(0);
              expect(await p.call('connect', guest, inet(REFUSED, TCP), 16)).to.equal(errno('EPERM'));
            },
            ['--allowed-netmask=10.99.0.0/24'],
          );
          expect(network.heard).to.deep.equal([]);
        },
        ['--no-outbound-network=1'],
      ));
  });

  describe('a device of its own: /dev/net/tun', () => {
    const act = async (p: Puppet): Promise<number> => {
      const fd = await p.call('open', '/dev/net/tun', 2);
      const device = Buffer.concat([Buffer.from('own'.padEnd(16, '\0')), words(0x1001), Buffer.alloc(12)]);
      return fd < 0 ? fd : p.call('ioctl', fd, 0x400454ca, device);
    };
    before(function () {
      // Who made a user namespace for the network is nobody to a device that is root's alone.
      try {
        accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
      } catch {
        this.skip();
      }
    });
    it('is none', () => caged('product', async (p) => expect(await act(p)).to.equal(errno('ENOTTY'))));
    it('control', () => caged('delegate:ioctl', async (p) => expect(await act(p)).to.equal(0)));
  });
});
