/** secfilter's options, and promises, in networks of the test's own: several hosts, IPv6, names, servers in the sandbox. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readlinkSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { attempting, results } from '../support/attempts.js';
import { sysroot } from '../support/elf-builder.js';
import { Network, noNetwork, type WithinOptions } from '../support/network.js';
import { dedent, ENVIRONMENT, makeTemporary, remove, SANDBOX, type Ended } from '../support/run.js';

/** Two of each kind; the second is the one that is refused. */
const HOSTS = ['10.99.0.1', '10.99.1.1', 'fd00:99::1', 'fd00:99:1::1'] as const;
const [V4, OTHER_V4, V6, OTHER_V6] = HOSTS;
/** In a network of its own, behind a link. */
const FAR = '10.99.2.1';
const SERVER = '10.99.3.1';
const SERVER_V6 = 'fd00:99:3::1';
const [TCP, UDP] = [80, 7];
const BAD_CALL = 159;

const at = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

describe('networks', function () {
  this.timeout(120_000);
  const top = makeTemporary('networks');
  let network: Network;
  let far: Network;
  before(async function () {
    const why = noNetwork();
    if (why !== undefined) {
      console.error(`    ${why}`);
      this.skip();
    }
    writeFileSync(join(top, 'resolv.conf'), `nameserver ${SERVER}\n`);
    writeFileSync(join(top, 'resolv6.conf'), `nameserver ${SERVER_V6}\n`);
    network = await Network.make({
      addresses: [...HOSTS.map((host) => `${host}/${host.includes(':') ? 64 : 24}`), `${SERVER}/24`, `${SERVER_V6}/64`],
      tcp: [...HOSTS, '127.0.0.1'].map((host) => at(host, TCP)),
      udp: HOSTS.map((host) => at(host, UDP)),
      servers: [SERVER, SERVER_V6, OTHER_V4],
      names: {
        'both.test': [V4, V6],
        'long.test': [V4],
        'other.test': [OTHER_V4],
        'two.test': [OTHER_V4, V4],
      },
    });
    far = await Network.make({ beside: network, addresses: [`${FAR}/24`], tcp: [at(FAR, TCP)] });
    network.link(far);
    network.ip(`route add ${FAR}/32 dev wire src ${V4}`);
    far.ip(`route add ${V4}/32 dev wire src ${FAR}`);
  });
  beforeEach(() => {
    network.heard.length = 0;
    network.asked.length = 0;
  });
  after(async () => {
    await network?.end();
    await far?.end();
    remove(top);
  });

  const run = (command: readonly string[], options: readonly string[], more: WithinOptions = {}): Promise<Ended> =>
    network.run(command, { cwd: top, ...more, options: ['-d', 'CRITICAL', ...options] });
  const tried = async (script: string, options: readonly string[], more?: WithinOptions) => {
    const ended = await run(attempting(script), options, more);
    expect(ended.stderr).to.equal('');
    return results(ended);
  };

  describe('addresses', () => {
    /** Each way to reach a host: lines `WAY-HOST result`. */
    const ways = `
      class iovec(ctypes.Structure): _fields_ = [('base', ctypes.c_char_p), ('len', ctypes.c_size_t)]
      class msghdr(ctypes.Structure):
          _fields_ = [('name', ctypes.c_char_p), ('namelen', ctypes.c_uint), ('iov', ctypes.POINTER(iovec)),
              ('iovlen', ctypes.c_size_t), ('control', ctypes.c_void_p), ('controllen', ctypes.c_size_t), ('flags', ctypes.c_int)]
      class mmsghdr(ctypes.Structure): _fields_ = [('hdr', msghdr), ('len', ctypes.c_uint)]
      FASTOPEN = 0x20000000
      def name(host, port):
          if ':' in host: return bytes([10, 0, port >> 8, port & 255]) + bytes(4) + socket.inet_pton(socket.AF_INET6, host) + bytes(4)
          return bytes([2, 0, port >> 8, port & 255]) + socket.inet_aton(host) + bytes(8)
      def answered(s, say):
          s.settimeout(5)
          assert s.recv(99) == say
      def hello(host):
          s = tcp(host)
          s.connect((host, ${TCP}))
          answered(s, b'hello')
      def fastopen(host, send):
          s = tcp(host)
          send(s, (host, ${TCP}))
          answered(s, b'hello')
      def many(host):
          s, at, vec = udp(host), name(host, ${UDP}), iovec(b'sendmmsg', 8)
          messages = (mmsghdr * 1)(mmsghdr(msghdr(at, len(at), ctypes.pointer(vec), 1, None, 0, 0), 0))
          check(libc.sendmmsg(s.fileno(), messages, 1, 0))
          answered(s, b'sendmmsg')
      def connected(host):
          s = udp(host)
          s.connect((host, ${UDP}))
          s.send(b'udp')
          answered(s, b'udp')
      def sent(host, how):
          s = udp(host)
          how(s, (host, ${UDP}))
          answered(s, b'sent')
      def family(host): return socket.AF_INET6 if ':' in host else socket.AF_INET
      def tcp(host): return socket.socket(family(host))
      def udp(host): return socket.socket(family(host), socket.SOCK_DGRAM)
      for host in sys.argv[1:]:
          attempt('connect-' + host, lambda: hello(host))
          attempt('fastopen-' + host, lambda: fastopen(host, lambda s, to: s.sendto(b'x', FASTOPEN, to)))
          attempt('fastopen-sendmsg-' + host, lambda: fastopen(host, lambda s, to: s.sendmsg([b'x'], [], FASTOPEN, to)))
          attempt('udp-' + host, lambda: connected(host))
          attempt('sendto-' + host, lambda: sent(host, lambda s, to: s.sendto(b'sent', to)))
          attempt('sendmsg-' + host, lambda: sent(host, lambda s, to: s.sendmsg([b'sent'], [], 0, to)))
          attempt('sendmmsg-' + host, lambda: many(host))
    `;
    const WAYS = ['connect', 'fastopen', 'fastopen-sendmsg', 'udp', 'sendto', 'sendmsg', 'sendmmsg'];
    const OF_TCP = WAYS.slice(0, 3);
    const those = (hosts: readonly string[], result: string, which = WAYS): Record<string, string> =>
      Object.fromEntries(hosts.flatMap((host) => which.map((way) => [`${way}-${host}`, result])));
    const mapped = (host: string): string => `::ffff:${host}`;
    const all = [...HOSTS, mapped(V4), mapped(OTHER_V4)];
    const reach = (options: readonly string[], hosts: readonly string[] = all) => {
      const [python, flag, script] = attempting(ways);
      return run([python, flag, script, ...hosts], options).then((ended) => {
        expect(ended.stderr).to.equal('');
        return results(ended);
      });
    };
    const heardAt = (host: string): string[] => network.heard.filter((line) => line.includes(` ${at(host, TCP)}`) || line.includes(` ${at(host, UDP)}`)); // prettier-ignore

    const rows: readonly [options: string[], reached: string[]][] = [
      [['--allowed-netmask=10.99.0.0/24'], [V4, mapped(V4)]],
      [[`--allowed-netmask=${V6}`], [V6]],
      [
        ['--allowed-netmask=fd00:99::/64', '--allowed-netmask=10.99.1.0/24'],
        [V6, OTHER_V4, mapped(OTHER_V4)],
      ],
      [['--allowed-netmask=::/0'], [V6, OTHER_V6]],
      [['--allowed-netmask=10.99.0.0/16', '--allowed-netmask=fd00:99::/32'], all],
      [['--no-outbound-network'], []],
      [['--no-outbound-network', '--allowed-netmask=10.99.0.0/16'], []],
    ];
    for (const [options, reached] of rows)
      it(`${options.join(' ')}: ${reached.join(', ') || 'none'}`, async () => {
        const others = all.filter((host) => !reached.includes(host));
        expect(await reach(options)).to.deep.equal({ ...those(reached, 'done'), ...those(others, 'EPERM') });
        const plain = reached.map((host) => host.replace('::ffff:', ''));
        for (const host of HOSTS) expect(heardAt(host).length > 0, host).to.equal(plain.includes(host));
      });
    it(`--allowed-port=${TCP}: TCP alone has it`, async () => {
      const got = await reach([`--allowed-port=${TCP}`]);
      const ofUdp = WAYS.filter((way) => !OF_TCP.includes(way));
      expect(got).to.deep.equal({ ...those(all, 'done', OF_TCP), ...those(all, 'EPERM', ofUdp) });
    });
    it('a host behind a link is one like others', async () => {
      const options = ['--allowed-netmask=10.99.0.0/24'];
      const script = `attempt('far', lambda: socket.create_connection(('${FAR}', ${TCP}), 5))`;
      expect(await tried(script, options)).to.deep.equal({ far: 'EPERM' });
      expect(far.heard).to.deep.equal([]);
      expect(await tried(script, [...options, `--allowed-netmask=${FAR}`])).to.deep.equal({ far: 'done' });
      expect(far.heard).to.deep.equal([`tcp ${at(FAR, TCP)}`]);
    });
    it('bash reaches what is allowed', async () => {
      const script = `for host in ${V4} ${OTHER_V4}; do { read -r line <&3; echo "$line"; } 3<>/dev/tcp/$host/${TCP}; done`;
      const ended = await run(['bash', '--norc', '-c', script], ['--allowed-netmask=10.99.0.0/24']);
      expect(ended.stdout).to.equal('hello\n');
      expect(ended.stderr).to.match(/10\.99\.1\.1\/80: Operation not permitted/);
    });
  });

  describe('servers', () => {
    it('bind what the networks hold: IPv4, IPv6, mapped addresses; the rest is refused, 0.0.0.0 and :: as well', async () => {
      const script = `
        def bound(host, port, kind=socket.SOCK_STREAM):
            s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ':' in host: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            s.bind((host, port))
            if kind == socket.SOCK_STREAM: s.listen()
        for host in '${V4}', '::ffff:${V4}', '${OTHER_V4}', '::ffff:${OTHER_V4}', '${V6}', '${OTHER_V6}', '0.0.0.0', '::':
            attempt(host, lambda: bound(host, 8080))
            attempt('dgram-' + host, lambda: bound(host, 8080, socket.SOCK_DGRAM))
        attempt('listen', lambda: socket.socket().listen())
        attempt('listen6', lambda: socket.socket(socket.AF_INET6).listen())
      `;
      const each = (hosts: readonly string[], result: string): Record<string, string> =>
        Object.fromEntries(hosts.flatMap((host) => [host, `dgram-${host}`].map((name) => [name, result])));
      const options = ['--allowed-netmask=10.99.0.0/24', '--allowed-netmask=fd00:99::/64'];
      expect(await tried(script, options)).to.deep.equal({
        ...each([V4, `::ffff:${V4}`, V6], 'done'),
        ...each([OTHER_V4, `::ffff:${OTHER_V4}`, OTHER_V6, '0.0.0.0', '::'], 'EPERM'),
        ...{ listen: 'EPERM', listen6: 'EPERM' },
      });
      const hosts = [V4, `::ffff:${V4}`, OTHER_V4, `::ffff:${OTHER_V4}`, V6, OTHER_V6, '0.0.0.0', '::'];
      const everything = await tried(script, ['--no-outbound-network']);
      expect(everything).to.deep.equal({ ...each(hosts, 'done'), listen: 'done', listen6: 'done' });
      const ports = await tried(script, ['--allowed-port=8081']);
      expect(ports).to.deep.equal({ ...each(hosts, 'EPERM'), listen: 'done', listen6: 'done' });
      expect(await tried(script, ['--allowed-port=8080'])).to.deep.equal(everything);
    });

    /** A server in the sandbox that answers one client of TCP and one of UDP. */
    async function serving<T>(options: readonly string[], act: () => Promise<T>): Promise<{ got: T; status: number }> {
      const script = dedent(`
        import socket
        s = socket.create_server(('${V4}', 8081))
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.bind(('${V4}', 8081))
        print('up', flush=True)
        client, who = s.accept()
        client.sendall(b'served ' + client.recv(9))
        client.close()
        data, who = u.recvfrom(9)
        try: u.sendto(b'served ' + data, who)
        except PermissionError: exit(3)
      `);
      const [program, ...words] = [...network.enter(), SANDBOX, '-d', 'CRITICAL', ...options, '--'];
      const child = spawn(program, [...words, 'python3.11', '-c', script], {
        env: ENVIRONMENT,
        cwd: top,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const ended = once(child, 'exit') as Promise<[number]>;
        await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
        const got = await act();
        return { got, status: (await ended)[0] };
      } finally {
        child.kill('SIGKILL');
      }
    }
    const client = (from: string): Promise<Ended> => {
      const script = dedent(`
        import socket
        s = socket.create_connection(('${V4}', 8081), 5, ('${from}', 0))
        s.sendall(b'tcp')
        print(s.recv(99))
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.settimeout(3)
        u.bind(('${from}', 0))
        u.sendto(b'udp', ('${V4}', 8081))
        try: print(u.recv(99))
        except TimeoutError: print('no answer')
      `);
      return network.run(['python3.11', '-c', script], { options: ['-d', 'CRITICAL', '--no-acl'], cwd: top });
    };
    it('answer whom the networks hold', async () => {
      const { got, status } = await serving(['--allowed-netmask=10.99.0.0/24'], () => client(V4));
      expect(got.stdout, got.stderr).to.equal("b'served tcp'\nb'served udp'\n");
      expect(status).to.equal(0);
    });
    it('have who comes in over TCP as their guest, whatever the address; a datagram to it is refused', async () => {
      for (const options of [['--no-outbound-network'], ['--allowed-netmask=10.99.0.0/24']]) {
        const { got, status } = await serving(options, () => client(OTHER_V4));
        expect(got.stdout, got.stderr).to.equal("b'served tcp'\nno answer\n");
        expect(status).to.equal(3);
      }
    });
  });

  describe('unix sockets', () => {
    const path = join(top, 'daemon');
    const daemon = createServer((client) => client.on('error', () => undefined).end());
    before(() => once(daemon.listen(path), 'listening'));
    after(() => daemon.close());
    const script = `
      def served():
          s, c = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
          s.bind('own'); s.listen()
          c.connect('own')
      a, b = socket.socketpair()
      attempt('abstract', lambda: socket.socket(socket.AF_UNIX).connect(b'\\0nurse-network'))
      attempt('path', lambda: socket.socket(socket.AF_UNIX).connect('${path}'))
      attempt('datagram', lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', '${path}'))
      attempt('pair', lambda: a.send(b'x'))
      attempt('own', served)
    `;
    beforeEach(() => remove(join(top, 'own')));
    for (const [options, own] of [
      [['--no-outbound-network'], 'EPERM'],
      [['--allowed-netmask=10.99.0.0/16'], 'EPERM'],
      [['--allowed-port=80'], 'EPERM'],
      [['--no-outbound-network', '--allow-write=own', '--read-only=0'], 'done'],
    ] as const)
      it(`${options.join(' ')}: no daemon is reached; its own socket: ${own}`, async () => {
        const others = { abstract: 'EPERM', path: 'EPERM', datagram: 'EPERM', pair: 'done' };
        expect(await tried(script, options)).to.deep.equal({ ...others, own });
      });
    it('--mainstream-network-families: they may be reached', async () => {
      expect(await tried(script, ['--mainstream-network-families'])).to.deep.equal({
        ...{ abstract: 'ECONNREFUSED', path: 'done', datagram: 'EPROTOTYPE', pair: 'done', own: 'done' },
      });
    });
  });

  describe('netlink', () => {
    const script = `
      attempt('netlink', lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE).bind((0, 0)))
      attempt('names', lambda: socket.if_nameindex())
    `;
    it('is refused to who may change routes, where addresses are restricted', async () => {
      for (const option of ['--no-outbound-network', '--allowed-netmask=10.99.0.0/16', '--allowed-port=80'])
        expect(await tried(script, [option]), option).to.include({ netlink: 'EPERM' });
      expect(await tried(script, ['--mainstream-network-families'])).to.deep.equal({ netlink: 'done', names: 'done' });
    });
    it('is left to who may not', async () => {
      const by = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-all'];
      expect(await tried(script, ['--no-outbound-network'], { by })).to.deep.equal({ netlink: 'done', names: 'done' });
    });
  });

  // Behind the sandbox's back nothing else is asked: no cache of names, no module but files and dns.
  describe('--allow-resolv', () => {
    const resolv = join(top, 'resolv.conf');
    const lookUp = (name: string, options: readonly string[], more: WithinOptions = { resolv }): Promise<Ended> =>
      run(['getent', 'ahosts', name], options, more);
    const RESTRICTING = ['--no-outbound-network', '--allowed-netmask=10.99.0.0/24', '--allowed-port=80'];
    for (const option of RESTRICTING) {
      it(`${option}: names are told`, async () => {
        const ended = await lookUp('both.test', [option, '--allow-resolv']);
        expect(ended.status).to.equal(0);
        for (const address of [V4, V6]) expect(ended.stdout).to.match(new RegExp(`^${address} +STREAM`, 'm'));
        expect(network.asked).to.deep.equal(['both.test udp', 'both.test udp']);
        expect((await lookUp('none.test', [option, '--allow-resolv'])).status).to.equal(2);
      });
      it(`${option}: without it no server is asked`, async () => {
        for (const off of [[], ['--allow-resolv=0']]) {
          const ended = await lookUp('both.test', [option, ...off]);
          expect(ended).to.include({ status: 2, stdout: '' });
        }
        expect(network.asked).to.deep.equal([]);
      });
    }
    it('by TCP as well, when the answer is long', async () => {
      const ended = await lookUp('long.test', ['--no-outbound-network', '--allow-resolv']);
      expect(ended.stdout).to.contain(`${V4} `);
      expect(new Set(network.asked)).to.deep.equal(new Set(['long.test udp', 'long.test tcp']));
    });
    it('from a server of IPv6', async () => {
      const options = ['--no-outbound-network', '--allow-resolv'];
      const ended = await lookUp('both.test', options, { resolv: join(top, 'resolv6.conf') });
      expect(ended.stdout).to.contain(`${V4} `);
    });
    it('nothing but port 53 of the servers is reached: no other server, port, or host that a name tells', async () => {
      const script = `
        def asks(server, port=53):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(5)
            s.sendto(bytes.fromhex('beef01000001000000000000046265737404746573740000010001'), (server, port))
            assert s.recv(512)[:2] == b'\\xbe\\xef'
        def reaches(name):
            infos = socket.getaddrinfo(name, ${TCP}, socket.AF_INET, socket.SOCK_STREAM)
            print('of', len(infos))
            socket.socket().connect(infos[0][4])
        attempt('server', lambda: asks('${SERVER}'))
        attempt('stream', lambda: socket.socket().connect(('${SERVER}', 53)))
        attempt('mapped', lambda: socket.socket(socket.AF_INET6).connect(('::ffff:${SERVER}', 53)))
        attempt('elsewhere', lambda: asks('${OTHER_V4}'))
        attempt('port', lambda: asks('${SERVER}', 54))
        attempt('allowed', lambda: reaches('both.test'))
        attempt('refused', lambda: reaches('other.test'))
        attempt('bind', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(('${SERVER}', 53)))
      `;
      const got = await tried(script, ['--allowed-netmask=10.99.0.0/24', '--allow-resolv'], { resolv });
      expect(got).to.deep.equal({
        ...{ server: 'done', stream: 'done', mapped: 'done', elsewhere: 'EPERM', port: 'EPERM', bind: 'EPERM' },
        ...{ allowed: 'done', refused: 'EPERM', of: '1' },
      });
      expect(network.heard).to.deep.equal([`tcp ${at(V4, TCP)}`]);
    });
    it('a name with several addresses is tried until one is allowed', async () => {
      const script = dedent(`
        import socket
        print(socket.create_connection(('two.test', ${TCP}), 5).recv(9))
      `);
      const options = ['--allowed-netmask=10.99.0.0/24', '--allow-resolv'];
      expect((await run(['python3.11', '-c', script], options, { resolv })).stdout).to.equal("b'hello'\n");
    });

    describe('the servers are those of the file that the program finds', () => {
      const tree = realpathSync(sysroot());
      const options = ['--no-outbound-network', '--allow-resolv', '--sysroot', tree];
      const root = (name: string): string => {
        const directory = join(top, name);
        mkdirSync(join(directory, 'etc'), { recursive: true });
        return directory;
      };
      it('below --root', async () => {
        const own = root('plain');
        writeFileSync(join(own, 'etc', 'resolv.conf'), `nameserver ${SERVER}\n`);
        const ended = await lookUp('both.test', [...options, '--root', own], {
          resolv: join(top, 'resolv6.conf'),
          cwd: '/',
        });
        expect(ended.stdout, ended.stderr).to.contain(`${V4} `);
        const there = `attempt('host', lambda: socket.socket(socket.AF_INET6).connect(('${SERVER_V6}', 53)))`;
        expect(
          await tried(there, [...options, '--root', own], { resolv: join(top, 'resolv6.conf'), cwd: '/' }),
        ).to.deep.equal({
          host: 'EPERM',
        });
      });
      it('through a symlink, which does not leave the root', async () => {
        const own = root('linked');
        mkdirSync(join(own, 'run'));
        writeFileSync(join(own, 'run', 'stub'), `nameserver ${SERVER}\n`);
        symlinkSync('/run/stub', join(own, 'etc', 'resolv.conf'));
        expect((await lookUp('both.test', [...options, '--root', own], { cwd: '/' })).stdout).to.contain(`${V4} `);
      });
      it('where there is none: the machine itself, and nobody else', async () => {
        const own = root('empty');
        const script = `
          attempt('itself', lambda: socket.socket().connect(('127.0.0.1', 53)))
          attempt('server', lambda: socket.socket().connect(('${SERVER}', 53)))
        `;
        const got = await tried(script, [...options, '--root', own], { resolv, cwd: '/' });
        expect(got).to.deep.equal({ itself: 'ECONNREFUSED', server: 'EPERM' });
      });
    });
  });

  describe('promises', () => {
    const resolv = join(top, 'resolv.conf');
    const pledged = (promises: string, command: readonly string[]): Promise<Ended> =>
      network.run(command, {
        options: ['-d', 'WARNING', '--pledge', promises],
        resolv,
        cwd: top,
        env: { ...ENVIRONMENT, HOME: '/dev/null' },
      });
    const python = (script: string): string[] => ['python3.11', '-c', dedent(script)];
    it('dns: names are told', async () => {
      const ended = await pledged('stdio dns', ['getent', 'ahosts', 'both.test']);
      expect(ended.status, ended.stderr).to.equal(0);
      expect(ended.stdout).to.contain(`${V4} `);
      expect(network.asked).not.to.deep.equal([]);
    });
    it('without dns they are not', async () => {
      const ended = await pledged('stdio', ['getent', 'ahosts', 'both.test']);
      expect(ended.status).to.equal(BAD_CALL);
      expect(ended.stderr).to.match(/without .*dns/);
      expect(network.asked).to.deep.equal([]);
    });
    it('dns: another port is a violation', async () => {
      const ended = await pledged(
        'stdio rpath dns',
        python(`
          import _socket
          _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM).connect(('${SERVER}', 53))
          _socket.socket().connect(('${V4}', ${TCP}))
        `),
      );
      expect(ended.status, ended.stderr).to.equal(BAD_CALL);
      expect(ended.stderr).to.match(/connect 10\.99\.0\.1:80: .*without inet/);
      expect(network.heard).to.deep.equal([]);
    });
    it('dns and inet: a host is reached by its name', async () => {
      const script = `import socket; print(socket.create_connection(('both.test', ${TCP}), 5).recv(9))`;
      const ended = await pledged('stdio rpath prot_exec dns inet', ['python3.11', '-c', script]);
      expect(ended.stdout, ended.stderr).to.equal("b'hello'\n");
    });
  });

  it('of a network nothing is left when its host is gone', async () => {
    const own = await Network.make({ tcp: ['127.0.0.1:80'] });
    const [program, ...words] = [...own.enter(), 'sh', '-c', 'readlink /proc/self/ns/net'];
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [name] = (await once(createInterface(child.stdout), 'line')) as [string];
    const holders = (): string[] =>
      readdirSync('/proc').filter((pid) => {
        try {
          return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === name;
        } catch {
          return false; // it ended meanwhile, or is somebody else's
        }
      });
    if (child.exitCode === null) await once(child, 'exit');
    // The host, and the compiler that it may have started, which ends behind it.
    const held = holders();
    await own.end();
    expect(held).to.not.deep.equal([]);
    for (const end = Date.now() + 10_000; Date.now() < end && holders().length > 0;) await pause(20);
    expect(holders()).to.deep.equal([]);
  });
});
