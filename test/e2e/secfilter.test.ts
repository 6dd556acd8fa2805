/** secfilter's options with real programs: its own examples, each way to write, each way to send, each way to go on. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { attempting, results } from '../support/attempts.js';
import { makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

const bash = (script: string, options: readonly string[], cwd: string, level = 'CRITICAL'): Promise<Ended> =>
  sandbox(['bash', '--norc', '-c', script], { options: ['-d', level, ...options], cwd, timeout: 30_000 });

const python = (script: string, options: readonly string[], cwd: string): Promise<Ended> =>
  sandbox(attempting(script), {
    options: ['-d', 'CRITICAL', ...options],
    cwd,
    timeout: 30_000,
  });

describe('secfilter options', function () {
  this.timeout(90_000);
  const top = makeTemporary('secfilter');
  after(() => remove(top));
  let number = 0;
  /** A directory with a file, a directory and a symlink that leads out of it. */
  function place(): string {
    const directory = join(top, String(number++));
    mkdirSync(join(directory, 'dir'), { recursive: true });
    mkdirSync(join(directory, 'open'));
    writeFileSync(join(directory, 'file'), 'content');
    chmodSync(join(directory, 'file'), 0o644);
    symlinkSync('..', join(directory, 'open', 'out'));
    return directory;
  }

  describe('the examples of its manual', () => {
    it('--read-only=1 --write-allow=/dev/null bash; echo a > b', async () => {
      const cwd = place();
      const ended = await bash(
        'echo a > b; echo a > /dev/null && echo but there',
        ['--read-only=1', '--write-allow=/dev/null'],
        cwd,
      );
      expect(ended.stderr).to.match(/^bash:( line \d+:)? b: Operation not permitted$/m);
      expect(ended.stdout).to.equal('but there\n');
      expect(readdirSync(cwd)).not.to.include('b');
    });
    it('without the option the file is written', async () => {
      const cwd = place();
      expect(await bash('echo a > b', ['--read-only=0', '--allow-write=/'], cwd)).to.include({ status: 0, stderr: '' });
      expect(readdirSync(cwd)).to.include('b');
    });
    it('--no-outbound-network=1 bash', async () => {
      const ended = await bash('exec 3<>/dev/tcp/127.0.0.1/9', ['--no-outbound-network=1'], place());
      expect(ended.stderr).to.match(/^bash:.* Operation not permitted$/m);
      const without = await bash('exec 3<>/dev/tcp/127.0.0.1/9', ['--no-outbound-network=0', '--no-acl'], place());
      expect(without.stderr).to.match(/^bash:.* Connection refused$/m);
    });
  });

  /** Each way to change something here, by name and by a descriptor that is only read. */
  const CHANGES = `
    d = sys.argv[1] if len(sys.argv) > 1 else '.'
    n = lambda x: os.path.join(d, x)
    reading = os.open(n('file'), os.O_RDONLY)
    def bound():
        s = socket.socket(socket.AF_UNIX)
        os.chdir(d)
        s.bind('socket')
    attempt('open', lambda: os.open(n('file'), os.O_WRONLY))
    attempt('append', lambda: os.open(n('file'), os.O_RDWR | os.O_APPEND))
    attempt('create', lambda: os.open(n('made1'), os.O_CREAT | os.O_RDONLY))
    attempt('creat', lambda: check(libc.creat(n('made2').encode(), 0o644)))
    attempt('tmpfile', lambda: os.open(d, os.O_TMPFILE | os.O_RDWR))
    attempt('opentrunc', lambda: os.open(n('file'), os.O_RDONLY | os.O_TRUNC))
    attempt('reopen', lambda: os.open('/proc/self/fd/%d' % reading, os.O_WRONLY))
    attempt('truncate', lambda: os.truncate(n('file'), 7))
    attempt('mkdir', lambda: os.mkdir(n('made3')))
    attempt('mknod', lambda: os.mknod(n('made4')))
    attempt('mkfifo', lambda: os.mkfifo(n('made5')))
    attempt('symlink', lambda: os.symlink('x', n('made6')))
    attempt('link', lambda: os.link(n('file'), n('made7')))
    attempt('linkat', lambda: os.link('/proc/self/fd/%d' % reading, n('made8'), follow_symlinks=True))
    attempt('chmod', lambda: os.chmod(n('file'), 0o600))
    attempt('fchmod', lambda: os.fchmod(reading, 0o600))
    attempt('chown', lambda: os.chown(n('file'), -1, -1))
    attempt('fchown', lambda: os.fchown(reading, os.getuid(), os.getgid()))
    attempt('lchown', lambda: os.lchown(n('file'), os.getuid(), os.getgid()))
    attempt('utimes', lambda: os.utime(n('file')))
    attempt('futimes', lambda: os.utime(reading))
    attempt('setxattr', lambda: os.setxattr(n('file'), 'user.x', b'x'))
    attempt('fsetxattr', lambda: os.setxattr(reading, 'user.x', b'x'))
    attempt('removexattr', lambda: os.removexattr(n('file'), 'user.x'))
    attempt('fremovexattr', lambda: os.removexattr(reading, 'user.x'))
    attempt('bind', bound)
    attempt('mq_open', lambda: check(libc.mq_open(b'/nurse-secfilter', os.O_CREAT | os.O_RDWR, 0o600, None)))
    attempt('rename', lambda: os.rename(n('file'), n('renamed')))
    attempt('renamedir', lambda: os.rename(n('dir'), n('dir2')))
    attempt('unlink', lambda: os.unlink(n('file')))
    attempt('rmdir', lambda: os.rmdir(n('dir')))
  `;
  const CALLS = [...CHANGES.matchAll(/attempt\('(\w+)'/g)].map(([, name]) => name);

  describe('--read-only', () => {
    it('refuses every call that changes a file, a name or metadata', async () => {
      const cwd = place();
      const before = statSync(join(cwd, 'file'));
      const ended = await python(CHANGES, ['--read-only'], cwd);
      expect(ended.stderr).to.equal('');
      expect(results(ended)).to.deep.equal(Object.fromEntries(CALLS.map((name) => [name, 'EPERM'])));
      const { mode, mtimeMs, ctimeMs, size, nlink } = statSync(join(cwd, 'file'));
      expect({ mode, mtimeMs, ctimeMs, size, nlink }).to.deep.equal({
        mode: before.mode,
        mtimeMs: before.mtimeMs,
        ctimeMs: before.ctimeMs,
        size: before.size,
        nlink: before.nlink,
      });
      expect(readdirSync(cwd).sort()).to.deep.equal(['dir', 'file', 'open']);
    });
    it('without it, none of them is refused so', async () => {
      const ended = await python(CHANGES, ['--allow-write=/', '--mainstream-network-families'], place());
      const refused = Object.entries(results(ended)).filter(([, result]) => result === 'EPERM');
      expect(refused).to.deep.equal([]);
    });
    it('holds for children by fork, vfork and exec, for threads, and for what they start', async () => {
      const ended = await python(
        `
        attempt('here', lambda: open('a', 'w'))
        thread = threading.Thread(target=lambda: attempt('thread', lambda: open('a', 'w')))
        thread.start(); thread.join()
        sys.stdout.flush()
        if os.fork() == 0:
            attempt('fork', lambda: open('a', 'w'))
            sys.stdout.flush()
            os.execv(sys.executable, [sys.executable, '-c', """
try: open('a', 'w')
except PermissionError: print('exec EPERM', flush=True)
"""])
        os.wait()
        print('vfork', 'EPERM' if subprocess.run(['touch', 'a'], stderr=subprocess.DEVNULL).returncode else 'done', flush=True)
        print('shell', 'EPERM' if os.system('(exec 2>&-; (echo a > a))') else 'done')
        `,
        ['--read-only', '--allow-write=/dev/null'],
        place(),
      );
      expect(ended.stderr).to.equal('');
      expect(results(ended)).to.deep.equal({
        ...{ here: 'EPERM', thread: 'EPERM', fork: 'EPERM', exec: 'EPERM', vfork: 'EPERM', shell: 'EPERM' },
      });
    });
  });

  describe('--allow-write', () => {
    it('lets a directory be written, by whatever name, and nothing that a link leads to out of it', async () => {
      const cwd = place();
      const ended = await python(
        `
        attempt('below', lambda: open('open/x', 'w'))
        attempt('round', lambda: open('dir/../open/y', 'w'))
        attempt('beside', lambda: open('openx', 'w'))
        attempt('out', lambda: open('open/out/z', 'w'))
        attempt('up', lambda: open('open/../z', 'w'))
        attempt('link', lambda: os.link('file', 'open/file'))
        attempt('in', lambda: os.rename('file', 'open/file'))
        attempt('away', lambda: os.rename('open/x', 'x'))
        attempt('itself', lambda: os.rename('open', 'other'))
        attempt('there', lambda: os.rename('open/x', 'open/z'))
        os.symlink('../file', 'open/s')
        attempt('through', lambda: open('open/s', 'w'))
        `,
        [`--allow-write=${cwd}/dir/../open`],
        cwd,
      );
      expect(ended.stderr).to.equal('');
      expect(results(ended)).to.deep.equal({
        ...{ below: 'done', round: 'done', there: 'done' },
        ...{ beside: 'EPERM', out: 'EPERM', up: 'EPERM', link: 'EPERM', in: 'EPERM', away: 'EPERM' },
        ...{ through: 'EPERM', itself: 'EPERM' },
      });
      expect(readdirSync(cwd).sort()).to.deep.equal(['dir', 'file', 'open']);
    });
    it('is the canonical path: a symlink on the command line is followed, a missing end is not', async () => {
      const cwd = place();
      symlinkSync('open', join(cwd, 'alias'));
      const ended = await bash(
        'echo a > open/a && mkdir made && echo a > made/a && ls made; echo a > x',
        ['--allow-write=alias', '--allow-write=made'],
        cwd,
      );
      expect(ended.stdout).to.equal('a\n');
      expect(ended.status).to.equal(1);
    });
  });

  describe('addresses', () => {
    const [allowed, refused] = ['127.0.0.1', '127.0.0.2'];
    const tcp = [allowed, refused].map(() =>
      createServer((client) => client.on('error', () => undefined).end('hello')),
    );
    const udp = [allowed, refused].map(() => createSocket('udp4'));
    const unix = createServer((client) => client.on('error', () => undefined).end('hello'));
    let [port, udpPort] = [0, 0];
    let received: string[] = [];
    before(async () => {
      tcp[0].listen(0, allowed);
      await once(tcp[0], 'listening');
      port = (tcp[0].address() as AddressInfo).port;
      tcp[1].listen(port, refused);
      udp[0].bind(0, allowed);
      unix.listen(join(top, 'daemon'));
      await Promise.all([once(tcp[1], 'listening'), once(udp[0], 'listening'), once(unix, 'listening')]);
      udpPort = udp[0].address().port;
      udp[1].bind(udpPort, refused);
      await once(udp[1], 'listening');
      [allowed, refused].forEach((address, i) =>
        udp[i].on('message', (data) => received.push(`${address} ${data.toString('latin1')}`)),
      );
    });
    after(() => [...tcp, ...udp, unix].forEach((server) => server.close()));

    /** Each way to reach an address: lines `WAY-HOST result`. */
    const sending = (): string => `
      class iovec(ctypes.Structure): _fields_ = [('base', ctypes.c_char_p), ('len', ctypes.c_size_t)]
      class msghdr(ctypes.Structure):
          _fields_ = [('name', ctypes.c_char_p), ('namelen', ctypes.c_uint), ('iov', ctypes.POINTER(iovec)),
              ('iovlen', ctypes.c_size_t), ('control', ctypes.c_void_p), ('controllen', ctypes.c_size_t), ('flags', ctypes.c_int)]
      class mmsghdr(ctypes.Structure): _fields_ = [('hdr', msghdr), ('len', ctypes.c_uint)]
      def name(host, port): return bytes([2, 0, port >> 8, port & 255]) + socket.inet_aton(host) + bytes(8)
      def tcp(): return socket.socket()
      def udp(): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      def many(host):
          vec = iovec(b'many', 4)
          messages = (mmsghdr * 1)(mmsghdr(msghdr(name(host, ${udpPort}), 16, ctypes.pointer(vec), 1, None, 0, 0), 0))
          s = udp()
          check(libc.sendmmsg(s.fileno(), messages, 1, 0))
      def received(host):
          s = tcp()
          s.connect((host, ${port}))
          assert s.recv(9) == b'hello'
      def mapped(host):
          s = socket.socket(socket.AF_INET6)
          s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
          s.connect(('::ffff:' + host, ${port}))
      def connected(host):
          s = udp()
          s.connect((host, ${udpPort}))
          s.send(b'connected')
      def unspec(host):
          at = bytes([0, 0]) + name(host, ${udpPort})[2:]
          s = udp()
          check(libc.sendto(s.fileno(), b'unspec', 6, 0, at, 16))
      def carried(host): # socketcall(SYS_CONNECT)
          at = ctypes.create_string_buffer(name(host, ${port}), 16)
          s = tcp()
          check(libc.syscall(102, 3, (ctypes.c_ulong * 3)(s.fileno(), ctypes.addressof(at), 16)))
      for host in '${allowed}', '${refused}':
          attempt('connect-' + host, lambda: received(host))
          attempt('mapped-' + host, lambda: mapped(host))
          attempt('socketcall-' + host, lambda: carried(host))
          attempt('fastopen-' + host, lambda: tcp().sendto(b'x', 0x20000000, (host, ${port})))
          attempt('udp-' + host, lambda: connected(host))
          attempt('sendto-' + host, lambda: udp().sendto(b'sendto', (host, ${udpPort})))
          attempt('sendmsg-' + host, lambda: udp().sendmsg([b'sendmsg'], [], 0, (host, ${udpPort})))
          attempt('sendmmsg-' + host, lambda: many(host))
          attempt('unspec-' + host, lambda: unspec(host))
          attempt('bind-' + host, lambda: tcp().bind((host, 0)))
      attempt('any-bind', lambda: tcp().bind(('0.0.0.0', 0)))
      attempt('any-listen', lambda: tcp().listen())
      attempt('any-connect', lambda: tcp().connect(('0.0.0.0', ${port})))
      attempt('unix-daemon', lambda: socket.socket(socket.AF_UNIX).connect('${join(top, 'daemon')}'))
    `;
    const WAYS = [
      'connect',
      'mapped',
      'socketcall',
      'fastopen',
      'udp',
      'sendto',
      'sendmsg',
      'sendmmsg',
      'unspec',
      'bind',
    ];
    const those = (host: string, result: string): Record<string, string> =>
      Object.fromEntries(WAYS.map((way) => [`${way}-${host}`, result]));

    it('--allowed-netmask lets the one be reached by every call, and the other by none', async () => {
      received = [];
      const ended = await python(sending(), [`--allowed-netmask=${allowed}/32`], place());
      expect(ended.stderr).to.equal('');
      expect(results(ended)).to.deep.equal({
        ...those(allowed, 'done'),
        ...those(refused, 'EPERM'),
        ...{ 'any-bind': 'EPERM', 'any-listen': 'EPERM', 'any-connect': 'EPERM', 'unix-daemon': 'EPERM' },
      });
      expect(received.sort()).to.deep.equal(
        ['connected', 'many', 'sendmsg', 'sendto', 'unspec'].map((text) => `${allowed} ${text}`),
      );
    });
    it('a network that holds both lets both be reached', async () => {
      received = [];
      const ended = await python(sending(), ['--allowed-netmask=127.0.0.0/8'], place());
      expect(results(ended)).to.include({ ...those(allowed, 'done'), ...those(refused, 'done') });
      expect(received).to.have.lengthOf(10);
    });
    it('--no-outbound-network lets none be reached, and clients come in', async () => {
      received = [];
      const ended = await python(sending(), ['--no-outbound-network'], place());
      expect(results(ended)).to.deep.equal({
        ...those(allowed, 'EPERM'),
        ...those(refused, 'EPERM'),
        ...{ 'any-connect': 'EPERM', 'unix-daemon': 'EPERM', 'any-bind': 'done', 'any-listen': 'done' },
        ...{ [`bind-${allowed}`]: 'done', [`bind-${refused}`]: 'done' },
      });
      expect(received).to.deep.equal([]);
    });
    it('--allowed-port lets one port be reached', async () => {
      const ended = await python(sending(), [`--allowed-port=${port}`], place());
      const got = results(ended);
      for (const host of [allowed, refused]) {
        for (const way of ['connect', 'mapped', 'socketcall', 'fastopen', 'bind'])
          expect(got[`${way}-${host}`], way).to.equal('done');
        for (const way of ['udp', 'sendto', 'sendmsg', 'sendmmsg', 'unspec'])
          expect(got[`${way}-${host}`], way).to.equal('EPERM');
      }
    });
    it('--mainstream-network-families', async () => {
      const script = `
        for family in 'UNIX', 'INET', 'INET6', 'NETLINK', 'PACKET', 'ALG', 'VSOCK':
            attempt(family, lambda: socket.socket(getattr(socket, 'AF_' + family), socket.SOCK_RAW if family in ('NETLINK', 'PACKET') else
                socket.SOCK_SEQPACKET if family == 'ALG' else socket.SOCK_STREAM))
      `;
      const ended = await python(script, ['--mainstream-network-families'], place());
      expect(results(ended)).to.deep.equal({
        ...{ UNIX: 'done', INET: 'done', INET6: 'done', NETLINK: 'done', PACKET: 'EPERM', ALG: 'EPERM' },
        VSOCK: 'EPERM',
      });
    });
  });

  describe('beside other policies', () => {
    it('with --acl both must agree, and each tells its reason', async () => {
      const cwd = place();
      const acl = join(cwd, 'a.yaml');
      writeFileSync(acl, `include: [glibc]\nfiles:\n  - { read: ["/**"] }\n  - { write: ["${cwd}/**", /dev/tty] }\n`);
      const ended = await bash('echo a > file; echo a > new', ['--acl', acl, '--read-only'], cwd, 'WARNING');
      expect(ended.stderr).to.contain(`write "${cwd}/file" = EPERM by --read-only: nothing may be written`);
      const without = await bash('echo a > file && echo a > new', ['--acl', acl], cwd, 'WARNING');
      expect(without.stderr).to.contain(`create "${cwd}/new" = EACCES`);
    });
    it('an option that restricts nothing leaves the default policy in force', async () => {
      const ended = await bash(
        'cat /etc/shadow',
        ['--verbose=0', '--allow-resolv', '--read-only=0'],
        place(),
        'WARNING',
      );
      expect(ended.stderr).to.contain('/etc/shadow" = EACCES by');
    });
    it('--config, and --verbose tells what is in force', async () => {
      const cwd = place();
      writeFileSync(join(cwd, 'c.conf'), 'read-only=1 # all\nallow-write=/dev/null\nverbose=1\n');
      const ended = await sandbox(['bash', '--norc', '-c', 'echo a > b'], { options: ['--config', 'c.conf'], cwd });
      expect(ended.stderr).to.contain('sandbox: INFO: read-only=1 (c.conf:1)\n');
      expect(ended.stderr).to.contain('sandbox: INFO: allow-write=/dev/null (c.conf:2)\n');
      expect(ended.stderr).to.contain(`/b" = EPERM by c.conf:1:1: nothing may be written but /dev/null\n`);
    });
    for (const [options, message] of [
      [['--read-only=maybe'], '--read-only: "maybe" must be 1 or 0'],
      [['--allowed-port', 'ssh'], '--allowed-port: "ssh" must be a port from 1 to 65535'],
      [['--config', '/nowhere'], '--config: "/nowhere" cannot be read'],
      [['--root', '/tmp', '--allow-write=x'], '--allow-write: "x" must begin with "/" beside --root'],
    ] as const)
      it(`${options.join(' ')} is an error of status 125`, async () => {
        const ended = await sandbox(['true'], { options });
        expect(ended.stderr).to.contain(message);
        expect(ended.status).to.equal(125);
      });
  });
});
