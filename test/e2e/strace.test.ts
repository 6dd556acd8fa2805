/**
 * The trace against strace's of the same program, bare: the same calls in the same order with the same arguments.
 * What differs must belong to a class that says why.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readFileSync, realpathSync } from 'node:fs';
import { expect } from 'chai';
import { readRecord } from '../../src/observe/record.js';
import { shownResult } from '../../src/referee/trace.js';
import { execute, makeTemporary, remove, sandbox } from '../support/run.js';
import { align, parseStrace, sameCall, sameValue, type TracedCall } from '../support/strace.js';
import { sysroot } from '../support/elf-builder.js';

const ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: '/' };

const PROGRAMS: readonly (readonly string[])[] = [
  ['ls', '-la', '/etc'],
  ['cat', '/etc/passwd', '/etc/nothing'],
  ['find', '/etc', '-name', '*.conf', '-newer', '/etc/passwd'],
  ['stat', '/etc/passwd', '/usr', '/lib'],
  ['tar', 'cf', '/dev/stdout', '/etc/ssl'],
  ['sort', '-u', '-r', '/etc/group'],
  ['grep', '-rc', 'root', '/etc/passwd', '/etc/group'],
  ['sqlite3', ':memory:', 'create table t(a); insert into t values(1),(2); select sum(a) from t'],
  ['sed', '-n', '2,4p', '/etc/services'],
  [
    'python3.11',
    '-c',
    `
import os, socket, select, fcntl, resource, mmap, struct
a, b = socket.socketpair()
a.sendall(b'hello'); print(b.recv(9))
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', 0)); s.listen(1)
try: socket.socket(socket.AF_UNIX).connect('/nowhere')
except OSError as e: print(e.errno)
select.select([b], [a], [], 0)
p = select.poll(); p.register(a, select.POLLIN | select.POLLOUT); p.poll(0)
e = select.epoll(); e.register(a.fileno(), select.EPOLLOUT); e.poll(0)
fcntl.fcntl(a, fcntl.F_SETFD, fcntl.FD_CLOEXEC); print(resource.getrlimit(resource.RLIMIT_CORE)[0] >= -1)
r, w = os.pipe(); os.writev(w, [b'one', b'two']); print(os.read(r, 9)); os.umask(0o27)
os.mkdir('/tmp/of-trace', 0o700); os.rename('/tmp/of-trace', '/tmp/of-trace2'); os.rmdir('/tmp/of-trace2')
print(os.readlink('/bin'), os.getcwd(), os.access('/etc/passwd', os.R_OK))
m = mmap.mmap(-1, 4096); m[0] = 1; m.close()
f = os.open('/etc/passwd', os.O_RDONLY); os.lseek(f, 3, os.SEEK_SET); os.pread(f, 4, 1); os.fstatvfs(f); os.close(f)
`,
  ],
];

/** Why a call stands on one side only, or is not the same on both. */
type Class = readonly [why: string, holds: (ours: TracedCall | undefined, theirs: TracedCall | undefined) => boolean];
const names =
  (...all: string[]) =>
  (ours: TracedCall | undefined, theirs: TracedCall | undefined): boolean =>
    all.includes((ours ?? theirs)?.name ?? '');
/** The same but for arguments whose place the function names. */
const except =
  (name: string, ...places: number[]) =>
  (ours: TracedCall | undefined, theirs: TracedCall | undefined): boolean =>
    ours?.name === name &&
    theirs?.name === name &&
    ours.args.every((arg, i) => places.includes(i) || sameValue(arg, theirs.args[i]));

const withoutRestorer = (call: TracedCall): TracedCall => ({
  ...call,
  args: call.args.map((arg) =>
    arg
      .replace(/\|?SA_RESTORER\|?/, (bars) => (bars.length > 12 ? '|' : ''))
      .replace('sa_flags=,', 'sa_flags=0,')
      .replace(/, sa_restorer=0x[0-9a-f]+/, ''),
  ),
});
/** Descriptors of /dev/urandom, in the run at hand. */
let random: ReadonlySet<string> = new Set();

const CLASSES: readonly Class[] = [
  [
    'bare, handlers return through the vDSO, else through the C library',
    (ours, theirs) => ours?.name === 'rt_sigaction' && theirs !== undefined && sameCall(withoutRestorer(ours), theirs),
  ],
  [
    '/proc/self/maps',
    (ours, theirs) =>
      names('read')(ours, theirs) &&
      [ours, theirs].every((call) => call === undefined || /^"([0-9a-f]{8}-[0-9a-f]{8} .*)?"/.test(call.args[1])),
  ],
  [
    'bare, the clocks are in the vDSO, where strace sees no call',
    (ours, theirs) =>
      theirs === undefined && names('clock_gettime64', 'clock_gettime', 'gettimeofday', 'time')(ours, theirs),
  ],
  [
    'bare, ld.so makes room for what it knows of the vDSO',
    (ours, theirs) =>
      (ours ?? theirs)?.name === 'mmap2' &&
      (ours === undefined || theirs === undefined) &&
      (ours ?? theirs)?.args[1] === '8192',
  ],
  ['there are no restartable sequences', names('rseq')],
  ['set_thread_area starts a new thread; strace shows what the kernel wrote', except('set_thread_area', 0)],
  ['the sandbox has its own process', names('getpid', 'gettid', 'getppid', 'set_tid_address')],
  ['random bytes', except('getrandom', 0)],
  ['random bytes', (ours, theirs) => except('read', 1)(ours, theirs) && random.has(theirs?.args[0] ?? '')],
  ['another file system below', names('statfs64', 'fstatfs64', 'statfs', 'fstatfs')],
  ['how the machine is at the moment', except('sysinfo', 0)],
  ['another port each time', names('getsockname')],
];

const strace = spawnSync('strace', ['-V'], { encoding: 'utf8' });
const able = strace.status === 0 && process.getuid?.() === 0;

describe('the trace and strace', function () {
  const top = makeTemporary('strace');
  after(() => remove(top));
  const differences = new Map<string, number>();
  before(function () {
    // strace starts the bare program in the tree by chroot(8).
    if (!able) this.skip();
  });

  /** In a mount namespace of its own, so that the tree has /proc and /dev as the sandbox shows them. */
  const IN_TREE =
    'for d in proc dev sys; do mount --rbind /$d "$0/$d" || exit; done; exec strace -f -o "$1" /usr/sbin/chroot "$0" "${@:2}"';
  const bare = async (command: readonly string[]): Promise<TracedCall[]> => {
    const file = join(top, 'strace');
    const unshared = ['unshare', '--mount', 'bash', '-c', IN_TREE, realpathSync(sysroot()), file, ...command];
    await execute(unshared, { env: ENV, cwd: '/' });
    return parseStrace(readFileSync(file, 'latin1'));
  };
  const inside = async (command: readonly string[]): Promise<TracedCall[]> => {
    const file = join(top, 'record');
    await sandbox(command, {
      options: ['-d', 'ERROR', '--no-acl', '--root', sysroot(), '--record', file],
      env: { ...ENV, PATH: `${ENV.PATH}:${process.execPath.replace(/\/node$/, '')}` },
      cwd: sysroot(),
    });
    return readRecord(file).calls.map((call) => ({ ...call, result: shownResult(call) }));
  };

  for (const command of PROGRAMS)
    it(`agree about ${command[0]}`, async () => {
      const [theirs, ours] = [await bare(command), await inside(command)];
      expect(theirs.length).to.be.above(20);
      random = new Set(theirs.filter(({ args }) => args[1] === '"/dev/urandom"').map(({ result }) => result));
      const unexplained: string[] = [];
      const show = (call: TracedCall | undefined): string =>
        call === undefined ? 'nothing' : `${call.name}(${call.args.join(', ')}) = ${call.result}`;
      for (const [a, b] of align(ours, theirs)) {
        if (a !== undefined && b !== undefined && sameCall(a, b)) continue;
        const found = CLASSES.find(([, holds]) => holds(a, b));
        if (found === undefined) unexplained.push(`ours   ${show(a)}\nstrace ${show(b)}`);
        else differences.set(found[0], (differences.get(found[0]) ?? 0) + 1);
      }
      expect(unexplained.join('\n\n')).to.equal('');
    });

  after(() => {
    for (const [why, count] of differences) console.log(`    ${String(count).padStart(5)} ${why}`);
  });
});
