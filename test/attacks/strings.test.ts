/** Strings without end, counts and lengths beyond reason: the errno is the kernel's own, and the helper stays small. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { SyscallName } from '../../src/abi/numbers.js';
import { errnoName } from '../../src/abi/errno.js';
import { file, killAll, place, statusOf, withPuppet, type Cage, type Puppet, type Value } from './harness.js';

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const PAGE = 0x1000;
const AT_FDCWD = -100;
/** Megabytes. */
const ENOUGH = 400;

const shown = (result: number): string =>
  result < 0 && result >= -4095 ? (errnoName(-result) ?? String(result)) : 'ok';

type Made = [what: string, call: SyscallName, ...values: Value[]];

/** Where mapped memory ends: so many bytes before. */
async function edge(p: Puppet): Promise<number> {
  const at = (await p.call('mmap2', 0x60000000, 0x20000, 3, 0x32, -1, 0)) >>> 0;
  await p.call('munmap', at + 0x10000, 0x10000);
  p.poke(at, new Uint8Array(0x10000).fill(0x61));
  return at + 0x10000;
}

/** Calls that take a path, with that address in its place. */
const withPath = (at: number, inotify: number): Made[] => [
  ['open', 'open', at, 0],
  ['openat', 'openat', AT_FDCWD, at, 0, 0],
  ['stat64', 'stat64', at, new Uint8Array(96)],
  ['access', 'access', at, 0],
  ['readlink', 'readlink', at, new Uint8Array(64), 64],
  ['unlink', 'unlink', at],
  ['mkdir', 'mkdir', at, 0],
  ['rename', 'rename', at, 'nothing'],
  ['rename to', 'rename', 'strings', at],
  ['link', 'link', 'strings', at],
  ['symlink', 'symlink', 'x', at],
  ['symlink text', 'symlink', at, 'sl'],
  ['chdir', 'chdir', at],
  ['chmod', 'chmod', at, 0o644],
  ['truncate', 'truncate', at, 0],
  ['statx', 'statx', AT_FDCWD, at, 0, 0, new Uint8Array(256)],
  ['file_getattr', 'file_getattr', AT_FDCWD, at, new Uint8Array(24), 24, 0],
  ['getxattr', 'getxattr', at, 'user.x', 0, 0],
  ['utimensat', 'utimensat', AT_FDCWD, at, 0, 0],
  ['statfs64', 'statfs64', at, 84, new Uint8Array(84)],
  ['inotify_add_watch', 'inotify_add_watch', inotify, at, 1],
];
const LONG_PATH = `${'a/'.repeat(2047)}a`;

async function paths(p: Puppet): Promise<Made[]> {
  const end = await edge(p);
  const inotify = await p.call('inotify_init');
  const places: [string, number][] = [
    ['without end, at the end of memory', end - 10],
    ['of a whole page without end', end - PAGE],
    ['longer than 4096 bytes', end - 0x8000],
    ['nowhere', 0],
    ['at the last byte', 0xffffffff],
    ['on the last page', 0xfffff000],
    ['of 4095 bytes', p.hold(LONG_PATH)],
    ['of 4096 bytes', p.hold(`${LONG_PATH}/`)],
    ['with a name of 256 bytes', p.hold('n'.repeat(256))],
    ['that is empty', p.hold('')],
  ];
  return places.flatMap(([what, at]) =>
    withPath(at, inotify).map(([name, ...rest]): Made => [`${name}, a path ${what}`, ...rest]),
  );
}

function counts(p: Puppet, fd: number, socket: number): Made[] {
  const buffer = p.room(PAGE);
  const vector = (...pairs: number[]): Uint8Array => words(...pairs);
  const full = vector(...Array.from({ length: 2048 }, () => [buffer, 1]).flat());
  const header = (
    fields: Partial<Record<'name' | 'nameLength' | 'iov' | 'iovs' | 'control' | 'controlLength', number>>,
  ): Uint8Array =>
    words(
      fields.name ?? 0,
      fields.nameLength ?? 0,
      fields.iov ?? 0,
      fields.iovs ?? 0,
      fields.control ?? 0,
      fields.controlLength ?? 0,
      0,
    );
  const vectors = (['readv', 'writev'] as const).flatMap((name): Made[] => [
    [`${name} of 1024`, name, fd, full, 1024],
    [`${name} of 1025`, name, fd, full, 1025],
    [`${name} of 2^31 - 1`, name, fd, full, 0x7fffffff],
    [`${name} of -1`, name, fd, full, -1],
    [`${name} of none`, name, fd, 0, 0],
    [`${name} nowhere`, name, fd, 0, 1],
    [`${name} whose sum overflows`, name, fd, vector(buffer, 0x7fffffff, buffer, 0x7fffffff), 2],
    [`${name} with a negative length`, name, fd, vector(buffer, 0x80000000), 1],
  ]);
  const messages = (['sendmsg', 'recvmsg'] as const).flatMap((name): Made[] => [
    [`${name} nowhere`, name, socket, 0, 0x40],
    [`${name} at the end of memory`, name, socket, 0xfffffff0, 0x40],
    [`${name} with a vector nowhere`, name, socket, header({ iov: 16, iovs: 1 }), 0x40],
    [`${name} with 1025 buffers`, name, socket, header({ iov: buffer, iovs: 1025 }), 0x40],
    [`${name} with 2^32 - 1 buffers`, name, socket, header({ iov: buffer, iovs: 0xffffffff }), 0x40],
  ]);
  return [
    ...vectors,
    ...messages,
    [
      'sendmsg with an address nowhere',
      'sendmsg',
      socket,
      header({ name: 16, nameLength: 16, iov: buffer, iovs: 0 }),
      0x40,
    ],
    [
      'sendmsg with an address of negative length',
      'sendmsg',
      socket,
      header({ name: buffer, nameLength: 0x80000000 }),
      0x40,
    ],
    ['sendmsg with much control data', 'sendmsg', socket, header({ control: buffer, controlLength: 0x7fffffff }), 0x40],
    ['sendmsg with control data nowhere', 'sendmsg', socket, header({ control: 16, controlLength: 16 }), 0x40],
    ['poll of 2^31', 'poll', buffer, 0x80000000, 0],
    ['poll of 2^32 - 1', 'poll', buffer, 0xffffffff, 0],
    ['poll of 2^29', 'poll', buffer, 0x20000000, 0],
    ['poll nowhere', 'poll', 16, 1, 0],
    ['select of -1', '_newselect', -1, 0, 0, 0, words(0, 0)],
    ['select of 2^31 - 1', '_newselect', 0x7fffffff, 0, 0, 0, words(0, 0)],
    ['select nowhere', '_newselect', 8, 16, 0, 0, words(0, 0)],
    ['epoll_wait for none', 'epoll_wait', fd, buffer, 0, 0],
    ['epoll_wait for -1', 'epoll_wait', fd, buffer, -1, 0],
    ['setsockopt of 2^31 - 1', 'setsockopt', socket, 1, 2, buffer, 0x7fffffff],
    ['setsockopt of -1', 'setsockopt', socket, 1, 2, buffer, -1],
    ['connect with a long address', 'connect', socket, buffer, 129],
    ['connect with a negative length', 'connect', socket, buffer, -1],
    ['bind with no address', 'bind', socket, 16, 8],
    ['setxattr of 2^32 - 1', 'setxattr', 'strings', 'user.x', buffer, 0xffffffff, 0],
    ['setxattr of 65537', 'setxattr', 'strings', 'user.x', buffer, 65537, 0],
    ['getcwd of 0', 'getcwd', buffer, 0],
    ['getcwd of 1', 'getcwd', buffer, 1],
    ['readlink of 0', 'readlink', 'strings', buffer, 0],
    ['readlink of -1', 'readlink', 'strings', buffer, -1],
    ['sched_getaffinity of 1', 'sched_getaffinity', 0, 1, buffer],
    ['sched_setaffinity nowhere', 'sched_setaffinity', 0, 4, 16],
    ['getgroups of -1', 'getgroups32', -1, buffer],
    ['rt_sigaction of another size', 'rt_sigaction', 10, 0, 0, 7],
    ['rt_sigprocmask of another size', 'rt_sigprocmask', 0, 0, 0, 16],
    ['nanosleep for too many nanoseconds', 'nanosleep', words(0, 1_000_000_000), 0],
    ['nanosleep for less than nothing', 'nanosleep', words(0xffffffff, 0), 0],
    ['mmap of nothing', 'mmap2', 0, 0, 3, 0x22, -1, 0],
    ['mmap of too much', 'mmap2', 0, 0xffffffff, 3, 0x22, -1, 0],
    ['mmap of no kind', 'mmap2', 0, PAGE, 3, 0x20, -1, 0],
    ['munmap of nothing', 'munmap', buffer, 0],
    ['munmap unaligned', 'munmap', buffer + 1, PAGE],
    ['pipe2 with other flags', 'pipe2', buffer, 1],
    ['dup3 onto itself', 'dup3', 1, 1, 0],
    ['dup2 of none', 'dup2', -1, 5],
    ['openat2 too small', 'openat2', AT_FDCWD, 'strings', words(0, 0, 0, 0), 16],
    ['openat2 too large', 'openat2', AT_FDCWD, 'strings', new Uint8Array(8192).fill(1), 8192],
    ['memfd_create with a long name', 'memfd_create', 'm'.repeat(250), 0],
    ['a call of no number', 600 as unknown as SyscallName],
    ['pread64 before the start', 'pread64', fd, buffer, 1, 0xffffffff, 0xffffffff],
    ['lseek nowhere', 'lseek', fd, 0, 9],
    ['_llseek nowhere', '_llseek', fd, 0, 0, 16, 0],
    ['getdents of a file', 'getdents64', fd, buffer, PAGE],
    ['futex nowhere', 'futex', 16, 1, 1],
    ['unknown clock', 'clock_gettime', 77, buffer],
    ['getrandom of 2^31 with other flags', 'getrandom', buffer, 16, 0x100],
    ['umask', 'umask', 0o22],
  ];
}

/** What each call said, by its description. */
async function answers(cage: Cage): Promise<string[]> {
  rmSync(join(place, 'sl'), { force: true });
  return withPuppet({ cage }, async (p) => {
    const fd = await p.call('open', 'strings', 2);
    const pair = p.room(8);
    await p.call('socketpair', 1, 1, 0, pair);
    const socket = await p.peekWord(pair);
    const made = [...(await paths(p)), ...counts(p, fd, socket)];
    const said: string[] = [];
    for (const [what, call, ...values] of made) said.push(`${what}: ${shown(await p.call(call, ...values))}`);
    if (cage !== 'bare') expect(statusOf(p.helper, 'VmHWM')).to.be.below(ENOUGH * 1024);
    return said;
  });
}

/** A range over all of memory is refused before its length is looked at; another order of the same refusals. */
const SOONER = ['sendmsg with much control data: ENOBUFS, not EINVAL', 'setxattr of 2^32 - 1: EFAULT, not E2BIG'];

describe('attacks: endless strings and huge counts', function () {
  this.timeout(120_000);
  after(killAll);
  before(() => file('strings', 'S'));

  it('everything is answered as the kernel answers', async () => {
    const [product, bare] = [await answers('product'), await answers('bare')];
    const differences = product.flatMap((line, i) =>
      line === bare[i] ? [] : [`${line}, not ${bare[i].split(': ').at(-1)}`],
    );
    expect(differences).to.deep.equal(SOONER);
    expect(product).to.have.length.above(250);
  });
});
