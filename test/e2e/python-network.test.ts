/** Sockets of Python in the sandbox, towards servers in this process: where an ACL allows it, and where none does. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { dedent, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

/** Answers each client's line in capitals, then closes. */
const shouting = (): Server =>
  createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', (data) => client.end(data.toString('latin1').toUpperCase()));
  });

const PRELUDE = `
import socket, errno, sys
def attempt(f):
    try: print(f())
    except OSError as e: print(type(e).__name__, errno.errorcode.get(e.errno, e.errno))
`;

describe('python and sockets', function () {
  this.timeout(60_000);
  const top = makeTemporary('network');
  const path = join(top, 'socket');
  const tcp = shouting();
  const unix = shouting();
  const udp = createSocket('udp4', (data, from) => udp.send(`got ${data.toString('latin1')}`, from.port, from.address));
  let port: number;
  let udpPort: number;

  before(async () => {
    tcp.listen(0, '127.0.0.1');
    unix.listen(path);
    udp.bind(0, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(unix, 'listening'), once(udp, 'listening')]);
    port = (tcp.address() as AddressInfo).port;
    udpPort = udp.address().port;
  });
  after(() => {
    tcp.close();
    unix.close();
    udp.close();
    remove(top);
  });

  /** What the script printed under an ACL with these network rules; undefined: --no-acl. */
  async function python(script: string, network?: string, files = ''): Promise<Ended> {
    const acl = join(top, 'test.yaml');
    writeFileSync(
      acl,
      `include: [glibc, cpython]\nfiles:\n  - { read: ["${top}/**"] }\n${files}network: ${network ?? 'none'}\n`,
    );
    const options = network === undefined ? ['--no-acl'] : ['--acl', acl];
    const ended = await sandbox(['python3.11', '-c', PRELUDE + dedent(script)], {
      options: ['-d', 'ERROR', ...options],
      cwd: top,
    });
    expect(ended.stderr).to.equal('');
    expect(ended.status).to.equal(0);
    return ended;
  }

  const talk = (address: string): string => `
    def talk():
        with socket.create_connection(${address}, timeout=20) as s: s.sendall(b'hello'); return s.recv(99), s.getpeername()[0]
    attempt(talk)`;

  it('a TCP client where a rule allows address and port', async () => {
    const { stdout } = await python(talk(`('127.0.0.1', ${port})`), `\n  - { connect: ["127.0.0.0/8:${port}"] }`);
    expect(stdout).to.equal("(b'HELLO', '127.0.0.1')\n");
  });
  it('a TCP client with --no-acl, by name', async () => {
    const { stdout } = await python(talk(`('localhost', ${port})`));
    expect(stdout).to.equal("(b'HELLO', '127.0.0.1')\n");
  });
  it('EACCES where the port or the address is another', async () => {
    for (const rule of [`127.0.0.0/8:${port === 1 ? 2 : port - 1}`, `192.0.2.0/24:${port}`]) {
      const { stdout } = await python(talk(`('127.0.0.1', ${port})`), `\n  - { connect: ["${rule}"] }`);
      expect(stdout, rule).to.equal('PermissionError EACCES\n');
    }
  });
  it('EACCES where there is no network', async () => {
    const { stdout } = await python(talk(`('127.0.0.1', ${port})`), 'none');
    expect(stdout).to.equal('PermissionError EACCES\n');
  });
  it('the same addresses by a mapped one and without blocking', async () => {
    const { stdout } = await python(
      `
      import select
      s = socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0); s.settimeout(20)
      attempt(lambda: s.connect(('::ffff:127.0.0.1', ${port}))); s.send(b'x'); print(s.recv(9))
      s = socket.socket(); s.setblocking(False); print(s.connect_ex(('127.0.0.1', ${port})) in (0, errno.EINPROGRESS))
      print(select.select([], [s], [], 20)[1] == [s], s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)); s.send(b'y')
      print(select.select([s], [], [], 20)[0] == [s], s.recv(9)); s.close()
      t = socket.socket(socket.AF_INET6); attempt(lambda: t.connect(('::1', ${port})))`,
      `\n  - { connect: ["127.0.0.0/8:${port}"] }\n  - { families: [inet6] }`,
    );
    expect(stdout).to.equal("None\nb'X'\nTrue\nTrue 0\nTrue b'Y'\nPermissionError EACCES\n");
  });
  it('a TCP server and its client in one program', async () => {
    const script = `
      server = socket.create_server(('127.0.0.1', 0)); port = server.getsockname()[1]
      client = socket.create_connection(('127.0.0.1', port), 20); there, address = server.accept(); print(address == client.getsockname())
      there.sendmsg([b'ab', b'cd']); print(client.recvmsg(99)[0], client.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))
      client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1); client.sendall(b'x' * 50_000); client.shutdown(socket.SHUT_WR)
      n = 0
      while data := there.recv(8192): n += len(data)
      print(n); attempt(lambda: socket.create_server(('127.0.0.1', port)))`;
    const expected = "True\nb'abcd' 1\n50000\nOSError EADDRINUSE\n";
    expect((await python(script)).stdout).to.equal(expected);
    const rules = '\n  - { bind: ["127.0.0.1:*"], connect: ["127.0.0.1:*"] }';
    expect((await python(script, rules)).stdout).to.equal(expected);
  });
  it('binding: EACCES without a rule', async () => {
    const { stdout } = await python(
      `
      attempt(lambda: socket.create_server(('127.0.0.1', 0)))
      s = socket.socket(); attempt(lambda: s.bind(('0.0.0.0', 0)))`,
      '\n  - { connect: ["127.0.0.1:*"] }',
    );
    expect(stdout).to.equal('PermissionError EACCES\nPermissionError EACCES\n');
  });
  it('UDP, connected and not', async () => {
    const script = `
      s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(20); to = ('127.0.0.1', ${udpPort})
      attempt(lambda: s.sendto(b'one', to)); attempt(lambda: s.recvfrom(99) == (b'got one', to))
      attempt(lambda: s.sendmsg([b't', b'wo'], [], 0, to)); attempt(lambda: s.recvmsg(99)[0])
      attempt(lambda: s.connect(to)); attempt(lambda: s.send(b'three')); attempt(lambda: s.recv(99))`;
    const expected = "3\nTrue\n3\nb'got two'\nNone\n5\nb'got three'\n";
    expect((await python(script)).stdout).to.equal(expected);
    const rules = `\n  - { send: ["127.0.0.1:${udpPort}"], connect: ["127.0.0.1:${udpPort}"] }`;
    expect((await python(script, rules)).stdout).to.equal(expected);
    const { stdout } = await python(
      `
      s = socket.socket(type=socket.SOCK_DGRAM); to = ('127.0.0.1', ${udpPort})
      attempt(lambda: s.sendto(b'one', to)); attempt(lambda: s.sendmsg([b'two'], [], 0, to)); attempt(lambda: s.connect(to))`,
      '\n  - { send: ["127.0.0.1:1"] }',
    );
    expect(stdout).to.equal('PermissionError EACCES\n'.repeat(3));
  });
  it('a unix socket that rules name, and one that they do not', async () => {
    const script = `
      s = socket.socket(socket.AF_UNIX); s.settimeout(20)
      def talk(): s.connect('${path}'); s.sendall(b'unix'); return s.recv(99)
      attempt(talk)`;
    const files = `  - { read: ["${path}"], write: ["${path}"] }\n`;
    expect((await python(script)).stdout).to.equal("b'UNIX'\n");
    expect((await python(script, `\n  - { unix: ["${path}"] }`, files)).stdout).to.equal("b'UNIX'\n");
    expect((await python(script, '\n  - { families: [unix] }')).stdout).to.equal('PermissionError EACCES\n');
    expect((await python(script, '\n  - { unix: ["/run/other"] }')).stdout).to.equal('PermissionError EACCES\n');
  });
  it('unix sockets of its own: paths, abstract names, descriptors', async () => {
    const own = join(top, 'own');
    const script = `
      import os, array
      a, b = socket.socketpair(); socket.send_fds(a, [b'fds'], [os.open('/etc/passwd', os.O_RDONLY)]); data, fds, _, _ = socket.recv_fds(b, 9, 4); print(data, os.read(fds[0], 4))
      server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); attempt(lambda: server.bind('${own}')); server.listen(1)
      c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); attempt(lambda: c.connect('${own}')); d, _ = server.accept(); d.send(b'packet'); print(c.recv(99), c.getpeername() == '${own}')
      e = socket.socket(socket.AF_UNIX); attempt(lambda: e.bind(b'\\0nurse-test-%d' % os.getpid())); e.listen(); print(e.getsockname()[:12])
      f = socket.socket(socket.AF_UNIX); attempt(lambda: f.connect(e.getsockname())); os.unlink('${own}')`;
    const expected = "b'fds' b'root'\nNone\nNone\nb'packet' True\nNone\nb'\\x00nurse-test-'\nNone\n";
    expect((await python(script)).stdout).to.equal(expected);
    const rules = `\n  - { unix: ["${own}", "@nurse-test-*"] }`;
    const files = `  - { create: ["${own}"], write: ["${own}"] }\n`;
    expect((await python(script, rules, files)).stdout).to.equal(expected);
  });
  it('other families: EACCES', async () => {
    const { stdout } = await python(
      `
      for family, kind in ((16, 3), (17, 3), (38, 5), (2, 3), (40, 1)): attempt(lambda: socket.socket(family, kind) and 'made')`,
      '\n  - { connect: ["127.0.0.1:*"] }',
    );
    expect(stdout).to.equal('PermissionError EACCES\n'.repeat(5));
  });
});
