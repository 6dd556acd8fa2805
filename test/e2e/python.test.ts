/** Python's library, bare and in the sandbox: each script prints what it found, and must print the same in both. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { bare, dedent, ENVIRONMENT, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';
import { writeFixtures } from './programs-fixtures.js';

const ACL = `
include: [glibc, cpython]
files:
  - { read: ["/tmp/nurse-*/**"], write: ["/tmp/nurse-*/**"], create: ["/tmp/nurse-*/**"], why: what the test works on }
network:
  - { families: [unix], why: socketpair }
`;

const SCRIPTS: Readonly<Record<string, string>> = {
  json: `
    import json
    text = json.dumps({'b': [1, 2.5, None, True, 'é\\n'], 'a': {'x': 10**30}}, indent=1, sort_keys=True)
    print(text, json.loads(text)['a'])
    try: json.loads('{"a": ]')
    except json.JSONDecodeError as e: print(e)`,
  'ctypes, a call back into Python': `
    import ctypes, ctypes.util
    libc = ctypes.CDLL(None, use_errno=True)
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 7)(5, 3, 9, -1, 7, 0, 3)
    libc.qsort(numbers, len(numbers), 4, kind(lambda a, b: a[0] - b[0]))
    print(list(numbers))
    libc.snprintf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
    buffer = ctypes.create_string_buffer(64)
    print(libc.snprintf(buffer, 64, b'%d %s %.2f', 42, b'text', ctypes.c_double(2.5)), buffer.value)
    print(libc.open(b'missing', 0), ctypes.get_errno(), ctypes.sizeof(ctypes.c_void_p))
    many = [kind(lambda a, b, i=i: i) for i in range(500)]
    print(sum(f(None, None) for f in many))`,
  'ssl, a handshake in memory': `
    import ssl
    print(ssl.OPENSSL_VERSION)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); server.load_cert_chain('cert.pem', 'key.pem')
    client = ssl.create_default_context(cafile='cert.pem')
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    a, b = client.wrap_bio(down, up, server_hostname='localhost'), server.wrap_bio(up, down, server_side=True)
    done = set()
    while len(done) < 2:
        for end in (a, b):
            try: end.do_handshake(); done.add(end)
            except ssl.SSLWantReadError: pass
    a.write(b'over tls'); print(b.read(), a.version(), a.cipher(), a.getpeercert()['subject'])
    try: ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname='x').do_handshake()
    except ssl.SSLWantReadError as e: print(type(e))`,
  'hashlib, every algorithm': `
    import hashlib, hmac, zlib
    data = bytes(range(256)) * 300
    for name in sorted(hashlib.algorithms_available):
        try: h = hashlib.new(name, data)
        except ValueError: print(name, 'unsupported'); continue
        print(name, h.hexdigest(20) if 'shake' in name else h.hexdigest())
    print(hashlib.pbkdf2_hmac('sha256', b'p', b's', 1000).hex(), hashlib.scrypt(b'p', salt=b's', n=16, r=8, p=1).hex())
    print(hashlib.file_digest(open('large', 'rb'), 'sha1').hexdigest(), hmac.digest(b'k', data, 'md5').hex())`,
  'zlib, bz2, lzma': `
    import zlib, bz2, lzma, gzip, tarfile, zipfile
    data = open('large', 'rb').read()
    for m in (zlib, bz2, lzma, gzip):
        packed = m.compress(data)
        print(m.__name__, len(packed) < len(data), m.decompress(packed) == data)
    with bz2.open('l.bz2', 'wt') as f: f.write('text')
    with lzma.open('l.xz', 'wb', preset=9) as f: f.write(data)
    print(bz2.open('l.bz2', 'rt').read(), lzma.open('l.xz').read() == data)
    with tarfile.open('t.tar.xz', 'w:xz') as t: t.add('dir')
    with tarfile.open('t.tar.xz') as t: print(sorted(t.getnames())); t.extractall('out')
    with zipfile.ZipFile('z.zip', 'w', zipfile.ZIP_LZMA) as z: z.write('large')
    print(zipfile.ZipFile('z.zip').testzip())`,
  'decimal, fractions, math': `
    import decimal, fractions, math, statistics
    decimal.getcontext().prec = 60
    print(decimal.Decimal(2).sqrt(), decimal.Decimal(1) / 7, fractions.Fraction(1, 3) + fractions.Fraction(1, 6))
    print(math.factorial(200), math.sin(1e22), math.fsum([0.1] * 10), statistics.stdev(range(100)), 2.5 ** 0.5, float('1e308') * 10)`,
  'sqlite3 on a file': `
    import sqlite3, os
    for mode in ('delete', 'truncate', 'wal', 'memory'):
        name = mode + '.db'
        c = sqlite3.connect(name); print(c.execute(f'pragma journal_mode={mode}').fetchone())
        c.execute('create table t(a, b)'); c.executemany('insert into t values(?, ?)', ((i, str(i * 7 % 97)) for i in range(3000)))
        print(sorted(n for n in os.listdir() if n.startswith(mode))); c.commit()
        c.execute('delete from t'); c.rollback(); c.execute('create index i on t(b)'); c.commit(); c.close()
        d = sqlite3.connect(name); print(d.execute('select count(*), sum(a), max(b) from t').fetchone(), d.execute('pragma integrity_check').fetchone())
        other = sqlite3.connect(name, timeout=0); d.execute('begin exclusive')
        try: other.execute('insert into t values(1, 1)')
        except sqlite3.OperationalError as e: print(e)
        d.rollback(); print(sqlite3.connect('file:' + name + '?mode=ro', uri=True).execute('select 1').fetchone())`,
  directories: `
    import os, shutil, glob, pathlib, filecmp
    print([(p, sorted(d), sorted(f)) for p, d, f in sorted(os.walk('.'))])
    shutil.copytree('dir', 'copy', symlinks=True); print(sorted(glob.glob('copy/**', recursive=True)))
    print(filecmp.dircmp('dir', 'copy').common, shutil.disk_usage('.').total > 0)
    shutil.move('copy', 'moved'); shutil.rmtree('moved'); print(os.path.exists('moved'))
    os.makedirs('x/y/z'); os.removedirs('x/y/z'); print(sorted(e.name for e in os.scandir('dir') if e.is_symlink()))
    here = os.getcwd(); os.chdir('dir/sub'); print(os.path.relpath(os.getcwd(), here)); os.chdir('..')
    fd = os.open('.', os.O_RDONLY); os.chdir('/'); os.fchdir(fd); print(os.path.relpath(os.getcwd(), here), sorted(os.listdir(fd)))
    print(os.stat('a', dir_fd=fd).st_size, pathlib.Path('sub/deep/../b').resolve().relative_to(here))
    try: os.chdir('missing')
    except OSError as e: print(e)
    print(sorted(os.listdir(b'.')), shutil.which('no-such-program'))`,
  'every field of stat': `
    import os
    for path in ('text', 'dir', 'link', '.hidden', 'empty', '/tmp', '/dev/null', '/'):
        for follow in (True, False):
            s = os.stat(path, follow_symlinks=follow)
            if path == 'text': print(s.st_ino, s.st_dev, s.st_nlink, s.st_ctime_ns)
            if path in ('/tmp', '/'): print(path, oct(s.st_mode)) # the tree's, whoever unpacked it
            else: print(path, oct(s.st_mode), s.st_size, s.st_uid, s.st_gid, s.st_mtime_ns, s.st_blksize, s.st_rdev, s.st_nlink)
    with open('text') as f: print(os.fstat(f.fileno()).st_size, os.fstat(f.fileno()).st_ino == os.stat('text').st_ino)
    for path in ('dangling', 'loop', 'text/x', 'text/', 'dir/', 'x' * 300, ''):
        try: print(os.stat(path).st_size > 0)
        except OSError as e: print(e)
    print([os.access('text', m) for m in (os.F_OK, os.R_OK, os.W_OK, os.X_OK)], os.statvfs('.').f_namemax)`,
  'names and attributes of files': `
    import os, stat
    os.umask(0o027); open('made', 'w').close(); print(oct(os.stat('made').st_mode))
    os.chmod('made', 0o4711); os.link('made', 'hard'); os.symlink('made', 'soft'); print(os.readlink('soft'), os.stat('hard').st_nlink, oct(os.lstat('made').st_mode))
    os.utime('made', ns=(1, 1_500_000_000_123_456_789)); print(os.stat('made').st_mtime_ns); os.utime('soft', (5, 5), follow_symlinks=False); print(os.lstat('soft').st_mtime)
    os.rename('made', 'renamed'); os.replace('renamed', 'words'); os.unlink('hard'); os.truncate('large', 10); print(os.path.getsize('large'))
    os.chown('words', -1, -1); os.mkfifo('fifo', 0o600); print(stat.S_ISFIFO(os.stat('fifo').st_mode))
    for name in (b'\\xff\\xfe', 'é\\n\\x1b[1m'.encode(), b'-'):
        with open(name, 'w') as f: f.write('x')
        os.rename(name, name + b'2'); print(os.path.exists(name), os.stat(name + b'2').st_size)
    print(sorted(os.listdir(b'.')))
    for f in (lambda: os.mkdir('dir'), lambda: os.rmdir('dir'), lambda: os.unlink('missing'), lambda: os.rename('missing', 'x'), lambda: os.link('dir', 'x'), lambda: os.open('dir', os.O_WRONLY), lambda: os.open('link', os.O_NOFOLLOW), lambda: os.open('text', os.O_CREAT | os.O_EXCL), lambda: os.mkdir('a/b/c')):
        try: print(f())
        except OSError as e: print(e)`,
  descriptors: `
    import os, fcntl, errno
    fd = os.open('new', os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    print(fd, os.write(fd, b'0123456789'), os.pread(fd, 4, 3), os.pwrite(fd, b'XY', 2), os.lseek(fd, 0, os.SEEK_SET), os.read(fd, 100))
    print(os.writev(fd, [b'ab', b'', b'cd']), os.preadv(fd, [a := bytearray(3), b := bytearray(9)], 1), a, b, os.lseek(fd, 2**33, os.SEEK_SET))
    os.ftruncate(fd, 5); os.fsync(fd); os.fdatasync(fd); os.posix_fallocate(fd, 0, 100); print(os.fstat(fd).st_size, os.get_inheritable(fd))
    copy = os.dup(fd); os.dup2(fd, 20); print(copy, fcntl.fcntl(20, fcntl.F_GETFD), fcntl.fcntl(fd, fcntl.F_GETFL) & 3, fcntl.fcntl(fd, fcntl.F_DUPFD, 30))
    fcntl.flock(fd, fcntl.LOCK_EX); other = os.open('new', os.O_RDWR)
    try: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e: print(e)
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5); fcntl.lockf(fd, fcntl.LOCK_UN)
    os.close(fd); os.closerange(20, 40); print(os.sendfile(other, os.open('text', os.O_RDONLY), 0, 50), os.copy_file_range(os.open('text', os.O_RDONLY), other, 20))
    for bad in (fd, 20, 999, -1):
        try: os.fstat(bad)
        except OSError as e: print(bad, e)
    r, w = os.pipe2(os.O_NONBLOCK); print(fcntl.fcntl(w, fcntl.F_GETPIPE_SZ) if hasattr(fcntl, 'F_GETPIPE_SZ') else fcntl.fcntl(w, 1032))
    try: os.read(r, 1)
    except BlockingIOError as e: print(e)
    m = os.memfd_create('m'); print(os.write(m, b'x'), os.readlink(f'/proc/self/fd/{m}'), os.isatty(m), sorted(os.listdir('/proc/self/fd'))[:3])`,
  'temporary files': `
    import tempfile, os
    tempfile.tempdir = '.'
    with tempfile.TemporaryFile() as f: f.write(b'x' * 100_000); f.seek(0); print(len(f.read()))
    with tempfile.NamedTemporaryFile('w', delete=True) as f: f.write('y'); f.flush(); print(os.path.getsize(f.name), oct(os.stat(f.name).st_mode))
    with tempfile.TemporaryDirectory() as d: open(d + '/z', 'w').close(); print(os.listdir(d))
    print(os.path.exists(d), os.path.exists(f.name)); fd, name = tempfile.mkstemp(); os.close(fd); os.unlink(name)`,
  mmap: `
    import mmap, os
    with open('bytes', 'r+b') as f:
        with mmap.mmap(f.fileno(), 0) as m: print(len(m), m.find(b'\\x07'), m[10:20].hex()); m[0:4] = b'ABCD'; m.flush()
        f.seek(0); print(f.read(4))
        with mmap.mmap(f.fileno(), 4096, access=mmap.ACCESS_COPY) as m: m[0] = 0; print(m[0])
        f.seek(0); print(f.read(1))
        with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
            try: m[0] = 1
            except TypeError as e: print(e)
    with mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as m: m.resize(1 << 22); m[-1] = 7; m.madvise(mmap.MADV_DONTNEED); print(len(m))
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as m: m.write(b'\\xb8\\x2a\\0\\0\\0\\xc3'); import ctypes; print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(v := ctypes.c_char.from_buffer(m)))()); del v`,
  'select and poll on pipes': `
    import select, os, socket, selectors
    r, w = os.pipe()
    print(select.select([r], [w], [], 0) == ([], [w], [])); os.write(w, b'x'); print(select.select([r], [], [], 5) == ([r], [], []))
    p = select.poll(); p.register(r, select.POLLIN); print(p.poll(5000) == [(r, select.POLLIN)]); os.read(r, 1); print(p.poll(20))
    os.close(w); print(p.poll() == [(r, select.POLLHUP)])
    e = select.epoll(); a, b = socket.socketpair(); e.register(a, select.EPOLLIN | select.EPOLLET); b.send(b'12'); print([k for _, k in e.poll(5)], e.poll(0), a.recv(9))
    s = selectors.DefaultSelector(); s.register(b, selectors.EVENT_READ, 'b'); a.send(b'z'); print([k.data for k, _ in s.select(5)], b.recv(9))
    b.close(); print(a.recv(1), a.fileno() > 0)
    try: a.send(b'x')
    except BrokenPipeError as error: print(error)`,
  asyncio: `
    import asyncio
    async def main():
        order = []
        async def work(n): await asyncio.sleep(n / 50); order.append(n)
        await asyncio.gather(*(work(n) for n in (3, 1, 2))); q = asyncio.Queue(); await q.put(1)
        try: await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        except asyncio.TimeoutError: order.append('timeout')
        return order, await q.get()
    print(asyncio.run(main()))`,
  time: `
    import time, datetime, zoneinfo
    before = time.monotonic(); many = [time.monotonic() for _ in range(2000)]; print(many == sorted(many))
    time.sleep(0.05); print(time.monotonic() - before >= 0.05, time.perf_counter() > 0, time.process_time() >= 0, time.thread_time() >= 0)
    print(abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME_COARSE if hasattr(time, 'CLOCK_REALTIME_COARSE') else 5)) < 60, time.clock_getres(time.CLOCK_MONOTONIC), time.time_ns() > 1_600_000_000_000_000_000)
    print(time.strftime('%c', time.gmtime(2**31 - 1)), time.tzname, datetime.datetime.fromtimestamp(86400 * 365, zoneinfo.ZoneInfo('Europe/Berlin')).isoformat())
    try: time.sleep(-1)
    except ValueError as e: print(e)`,
  random: `
    import random, os, secrets, uuid
    print(random.Random(7).sample(range(1000), 5), len(os.urandom(100_000)), os.urandom(16) != os.urandom(16), len(secrets.token_hex()), random.random() != random.random(), uuid.uuid4().version)`,
  'signals are recorded': `
    import signal
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.signal(signal.SIGUSR1, print), signal.getsignal(signal.SIGUSR1) is print, signal.signal(signal.SIGUSR1, signal.SIG_IGN) is print)
    print(signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, 34}), sorted(signal.pthread_sigmask(signal.SIG_SETMASK, ())), signal.siginterrupt(signal.SIGUSR1, True), signal.set_wakeup_fd(-1))
    try: signal.signal(signal.SIGKILL, print)
    except OSError as e: print(e)`,
  'the process about itself': `
    import os, resource, sys, pwd, grp, platform
    print(os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), os.getresuid(), os.uname()[3:], os.cpu_count(), sorted(os.sched_getaffinity(0)), os.getppid() > 0, os.getpriority(os.PRIO_PROCESS, 0))
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 200, [resource.getrlimit(n) for n in (resource.RLIMIT_STACK, resource.RLIMIT_CORE, resource.RLIMIT_NPROC)], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0, os.times().user >= 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200)); print(resource.getrlimit(resource.RLIMIT_NOFILE))
    print(os.sysconf('SC_PAGESIZE'), os.sysconf('SC_OPEN_MAX'), os.sysconf('SC_CLK_TCK'), os.confstr('CS_PATH'), platform.libc_ver('/dev/null'), sys.byteorder, sys.getfilesystemencoding())
    print(pwd.getpwuid(0).pw_name, grp.getgrgid(0).gr_name, os.environ['PWD'], os.getpid() == int(open('/proc/self/stat').read().split()[0]), os.getpgid(0) == os.getpgrp(), os.getloadavg()[0] >= 0)`,
  memory: `
    import sys
    big = bytearray(150_000_000); big[::4096] = b'x' * len(big[::4096]); print(len(big)); del big
    try: bytearray(2**31 - 1 - 4096 * 4), bytearray(2**31 - 1 - 4096 * 4)
    except MemoryError as e: print('no memory')
    def deep(n): return n and deep(n - 1) + 1
    try: deep(10**6)
    except RecursionError as e: print(e)
    print(sum(len(str(i)) for i in [list(range(1000)) for _ in range(200)]), sys.intern('a') is sys.intern('a'))`,
  'text and data': `
    import re, unicodedata, locale, csv, io, struct, pickle, xml.etree.ElementTree as E, base64, email, configparser, html, urllib.parse, collections, itertools, textwrap, difflib, ast
    print(locale.setlocale(locale.LC_ALL, ''), locale.getpreferredencoding(), unicodedata.name('é'), re.sub(r'(\\w+) (\\w+)', r'\\2 \\1', 'a b c d'), struct.pack('<lqd', -1, 2, 3.5).hex())
    print(list(csv.DictReader(open('table.csv')))[3], pickle.loads(pickle.dumps({'a': {1, 2}}, 5)), E.fromstring('<a><b c="d">t</b></a>')[0].attrib, base64.b85encode(b'abc'), html.escape('<&'), urllib.parse.quote('a b/é'))
    print(email.message_from_string('Subject: x\\n\\nbody').get_payload(), ast.literal_eval('[1, (2,)]'), textwrap.fill('word ' * 30, 40), list(difflib.unified_diff('ab', 'ac')))`,
  'all modules of the library': `
    import sys, importlib, warnings
    warnings.simplefilter('ignore')
    packaged_apart = {'ensurepip', 'lib2to3', 'distutils', 'tkinter', '_tkinter', 'turtle', 'turtledemo', 'idlelib', '_gdbm'}
    for name in sorted(sys.stdlib_module_names - packaged_apart - {'antigravity', 'this'}):
        try: importlib.import_module(name)
        except BaseException as e: print(name, repr(e))`,
};

describe('python, bare and in the sandbox', function () {
  this.timeout(120_000);
  const top = makeTemporary('python');
  const acl = join(top, 'test.yaml');
  const results = new Map<string, Promise<[bare: Ended, inside: Ended, free: Ended]>>();
  const names = Object.keys(SCRIPTS).filter((name) => new RegExp(process.env['ROWS'] ?? '').test(name));
  let certificate: readonly [key: string, cert: string];

  before(async () => {
    writeFileSync(acl, ACL);
    certificate = await makeCertificate(top);
    const lanes = [Promise.resolve<unknown>(undefined), Promise.resolve<unknown>(undefined)];
    names.forEach((name, i) => {
      const result = lanes[i % lanes.length].then(() => compare(name));
      lanes[i % lanes.length] = result.catch(() => undefined);
      results.set(name, result);
    });
  });
  after(() => remove(top));

  async function compare(name: string): Promise<[bare: Ended, inside: Ended, free: Ended]> {
    const place = join(top, String(names.indexOf(name)));
    const cwd = join(place, 'work');
    const command = ['python3.11', '-c', dedent(SCRIPTS[name])];
    const once = async (run: () => Promise<Ended>): Promise<Ended> => {
      mkdirSync(place);
      try {
        writeFixtures(cwd);
        certificate.forEach((text, i) => writeFileSync(join(cwd, ['key.pem', 'cert.pem'][i]), text));
        const ended = await run();
        return { ...ended, stdout: plain(ended.stdout) };
      } finally {
        remove(place);
      }
    };
    const options = { cwd, env: { HOME: '/tmp', PWD: cwd, ...ENVIRONMENT } };
    const outside = await once(() => bare(command, options));
    const inside = await once(() => sandbox(command, { ...options, options: ['-d', 'ERROR', '--acl', acl] }));
    const free = await once(() => sandbox(command, { ...options, options: ['-d', 'ERROR', '--no-acl'] }));
    return [outside, inside, free];
  }

  for (const name of names)
    it(name, async () => {
      const [outside, inside, free] = (await results.get(name)) as [Ended, Ended, Ended];
      expect(outside.stderr).to.equal('');
      expect(outside.status).to.equal(0);
      expect(inside, 'with an ACL').to.deep.equal(outside);
      expect(free, 'with --no-acl').to.deep.equal(outside);
    });
});

/** Inodes and change times of files that were made anew are told apart from the rest by what prints them. */
const plain = (text: string): string => text.replace(/^\d+ (\d+ \d+) \d{19}$/gm, 'inode $1 ctime');

/** A self-signed certificate for localhost, by the tree's openssl. */
async function makeCertificate(directory: string): Promise<[key: string, cert: string]> {
  const [key, cert] = ['ca-key.pem', 'ca-cert.pem'].map((name) => join(directory, name));
  const made = await bare(
    [
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '36500',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
    ],
    { cwd: directory },
  );
  expect(made.status, made.stderr).to.equal(0);
  return [readFileSync(key, 'latin1'), readFileSync(cert, 'latin1')];
}
