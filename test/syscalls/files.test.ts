import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  truncateSync,
} from 'node:fs';
import { expect } from 'chai';
import { fromBytes } from '../../src/abi/bytes.js';
import { ERRNO } from '../../src/abi/errno.js';
import type { Values } from '../../src/abi/ctype.js';
import { AT, AT_FDCWD, OPEN } from '../../src/abi/flags.js';
import { StatxBuffer } from '../../src/abi/statx.js';
import { oldKernelStat, openHow, stat, stat64, statfs64, statx, timespec64 } from '../../src/abi/structs.js';
import { native } from '../../src/native/index.js';
import type { Order } from '../../src/syscalls/dsl.js';
import { accessesOf, asOpen, files, settled } from '../../src/syscalls/files.js';
import { newDevice, OLD_STAT, oldDevice, STAT, STAT64, type StatLayout } from '../../src/syscalls/support.js';
import { FakeCall, make, RESERVED } from './fake-call.js';

const {
  O_CREAT,
  O_EXCL,
  O_LARGEFILE,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  O_DIRECTORY,
  O_CLOEXEC,
  FASYNC,
  __O_TMPFILE,
} = OPEN.values;
const O_TMPFILE = O_DIRECTORY | __O_TMPFILE;

describe('calls that take a path', () => {
  let call: FakeCall;
  const run = (name: keyof typeof files, registers: readonly number[], obey?: (order: Order) => number) =>
    make(call, files[name], registers, obey);
  /** The order of an open, decoded, and made by the helper in the trustee's place. */
  const opened: { path: string; flags: number; mode: number; resolve: number }[] = [];
  const opening = (order: Order): number => {
    expect(order[0]).to.equal(437);
    expect(order[4]).to.equal(24);
    const { flags, mode, resolve } = openHow.decode(call.inArena(order[3] as number));
    const path = fromBytes(call.inArena(order[2] as number)).replace(/\0$/, '');
    opened.push({ path, flags: Number(flags), mode: Number(mode), resolve: Number(resolve) });
    return call.later(native.openat2(order[1] as number, path, Number(flags), Number(mode), Number(resolve)));
  };
  before(() => native.umask(0));
  beforeEach(() => {
    call = new FakeCall();
    opened.length = 0;
    writeFileSync(call.at('file'), 'hello');
    mkdirSync(call.at('dir'));
    symlinkSync('file', call.at('link'));
  });
  afterEach(() => call.dispose());

  describe('stat', () => {
    it('stat64 answers the 96-byte form', () => {
      const out = call.give(stat64.size);
      expect(run('stat64', [call.give(call.at('link')), out]).result).to.equal(0);
      const s = stat64.decode(call.view(out, stat64.size));
      const real = statSync(call.at('file'), { bigint: true });
      expect(s.st_ino).to.equal(real.ino);
      expect(s.st_size).to.equal(5n);
      expect(s.st_mode).to.equal(Number(real.mode));
      expect(s.st_dev).to.equal(real.dev);
      expect(s.st_mtime).to.equal(Number(real.mtimeMs / 1000n));
      expect(call.questions).to.deep.equal(['stat file']);
    });
    it('lstat64 does not follow', () => {
      const out = call.give(stat64.size);
      expect(run('lstat64', [call.give(call.at('link')), out]).result).to.equal(0);
      expect(Number(stat64.decode(call.view(out, stat64.size)).st_mode) & 0o170000).to.equal(0o120000);
    });
    it('fstatat64 and statx of a descriptor ask nothing', () => {
      const fd = call.later(native.openat(AT_FDCWD, call.at('file'), 0, 0));
      const out = call.give(statx.size);
      expect(run('fstatat64', [fd, call.give(''), out, AT.values.AT_EMPTY_PATH]).result).to.equal(0);
      expect(stat64.decode(call.view(out, stat64.size)).st_size).to.equal(5n);
      expect(run('statx', [fd, call.give(''), AT.values.AT_EMPTY_PATH, 0x7ff, out]).result).to.equal(0);
      expect(statx.decode(call.view(out, statx.size)).stx_size).to.equal(5n);
      expect(call.asked).to.deep.equal([]);
      expect(run('fstatat64', [RESERVED.from, call.give(''), out, AT.values.AT_EMPTY_PATH]).result).to.equal(
        -ERRNO.EBADF,
      );
    });
    it('refuses flags that the kernel refuses', () => {
      const out = call.give(statx.size);
      expect(run('fstatat64', [AT_FDCWD, call.give(call.at('file')), out, 1]).result).to.equal(-ERRNO.EINVAL);
      expect(run('statx', [AT_FDCWD, call.give(call.at('file')), 0x6000, 0, out]).result).to.equal(-ERRNO.EINVAL);
      expect(run('statx', [AT_FDCWD, call.give(call.at('file')), 0, 0x80000000, out]).result).to.equal(-ERRNO.EINVAL);
    });
    it('overflows where a field is too narrow', () => {
      const s = {
        stx_ino: 1n,
        stx_nlink: 1,
        stx_size: 0n,
        stx_blocks: 0n,
        stx_uid: 70000,
        stx_gid: 5,
        stx_dev_major: 8,
        stx_dev_minor: 300,
        stx_rdev_major: 0,
        stx_rdev_minor: 0,
        'stx_atime.tv_sec': -1n,
        'stx_mtime.tv_sec': 0n,
        'stx_ctime.tv_sec': 0n,
        'stx_atime.tv_nsec': 0,
        'stx_mtime.tv_nsec': 0,
        'stx_ctime.tv_nsec': 0,
        stx_mode: 0,
        stx_blksize: 0,
      };
      const filled = (layout: StatLayout, more: Values = {}): number => {
        const buffer = new StatxBuffer();
        statx.encode({ ...s, ...more }, buffer.bytes);
        return layout.fill(buffer);
      };
      expect(filled(STAT)).to.equal(0);
      const narrow = stat.decode(STAT.bytes);
      expect(narrow).to.include({ st_ino: 1, st_uid: 65534, st_gid: 5, st_dev: 0x10082c, st_atime: 0xffffffff });
      const wide: Values = { stx_ino: 1n << 40n, stx_size: 1n << 41n, stx_nlink: 1 << 20, stx_blocks: 1n << 32n };
      expect(filled(STAT64, wide)).to.equal(0);
      expect(stat64.decode(STAT64.bytes)).to.include({
        ...{ st_ino: 1n << 40n, __st_ino: 0, st_size: 1n << 41n, st_nlink: 1 << 20, st_blocks: 1n << 32n },
        ...{ st_uid: 70000, st_gid: 5, st_dev: 0x10082cn, st_rdev: 0n, st_atime: 0xffffffff },
      });
      expect(filled(STAT64)).to.equal(0);
      expect(stat64.decode(STAT64.bytes)).to.include({ st_ino: 1n, st_size: 0n, st_nlink: 1, st_blocks: 0n });
      expect(filled(STAT, { stx_ino: 1n << 32n })).to.equal(-ERRNO.EOVERFLOW);
      expect(filled(STAT, { stx_nlink: 65536 })).to.equal(-ERRNO.EOVERFLOW);
      expect(filled(STAT, { stx_size: 1n << 31n })).to.equal(-ERRNO.EOVERFLOW);
      expect(filled(OLD_STAT)).to.equal(0);
      expect(oldKernelStat.decode(OLD_STAT.bytes)).to.include({ st_uid: 65534, st_dev: oldDevice(8, 300) });
      expect(filled(OLD_STAT, { stx_ino: 65536n })).to.equal(-ERRNO.EOVERFLOW);
      expect(newDevice(8, 300)).to.equal(0x10082c);
      expect(oldDevice(8, 1)).to.equal(0x801);
    });
    it('statfs64 insists on its size', () => {
      const out = call.give(statfs64.size);
      expect(run('statfs64', [call.give(call.at('file')), 84, out]).result).to.equal(0);
      expect(statfs64.decode(call.view(out, 84)).f_bsize).to.be.above(0);
      expect(run('statfs64', [call.give(call.at('file')), 88, out]).result).to.equal(-ERRNO.EINVAL);
    });
  });

  it('access asks what an open would', () => {
    expect(run('access', [call.give(call.at('file')), 6]).result).to.equal(0);
    expect(run('access', [call.give(call.at('dir')), 3]).result).to.equal(0);
    expect(call.questions).to.deep.equal(['read file', 'write file', 'create dir', 'stat dir']);
    expect(run('access', [call.give(call.at('file')), 8]).result).to.equal(-ERRNO.EINVAL);
    expect(run('access', [call.give(call.at('none')), 0]).result).to.equal(-ERRNO.ENOENT);
  });

  it('readlink answers up to the room there is', () => {
    const out = call.give(16);
    expect(run('readlink', [call.give(call.at('link')), out, 3]).result).to.equal(3);
    expect(fromBytes(call.view(out, 4))).to.equal('fil\0');
    expect(run('readlink', [call.give(call.at('file')), out, 16]).result).to.equal(-ERRNO.EINVAL);
    expect(run('readlink', [call.give(call.at('link')), out, 0]).result).to.equal(-ERRNO.EINVAL);
  });

  describe('names', () => {
    it('makes directories, nodes and links under the umask', () => {
      expect(run('mkdir', [call.give(call.at('new')), 0o777]).result).to.equal(0);
      expect(statSync(call.at('new')).mode & 0o777).to.equal(0o755);
      expect(run('mknod', [call.give(call.at('fifo')), 0o10666, 0]).result).to.equal(0);
      expect(lstatSync(call.at('fifo')).isFIFO()).to.equal(true);
      expect(run('mknod', [call.give(call.at('disk')), 0o60666, 0x801]).result).to.equal(-ERRNO.EPERM);
      expect(run('symlink', [call.give('/etc/passwd'), call.give(call.at('sym'))]).result).to.equal(0);
      expect(readlinkSync(call.at('sym'))).to.equal('/etc/passwd');
      expect(run('mkdir', [call.give(call.at('dir')), 0o777]).result).to.equal(-ERRNO.EEXIST);
      expect(call.questions[0]).to.equal('create new');
    });
    it('removes them', () => {
      expect(run('unlink', [call.give(call.at('link'))]).result).to.equal(0);
      expect(readFileSync(call.at('file'), 'utf8')).to.equal('hello');
      expect(run('unlink', [call.give(call.at('dir'))]).result).to.equal(-ERRNO.EISDIR);
      expect(run('unlinkat', [AT_FDCWD, call.give(call.at('dir')), 0x200]).result).to.equal(0);
      expect(run('unlinkat', [AT_FDCWD, call.give(call.at('file')), 4]).result).to.equal(-ERRNO.EINVAL);
    });
    it('renames only where the new name grants no more', () => {
      expect(run('rename', [call.give(call.at('file')), call.give(call.at('moved'))]).result).to.equal(0);
      expect(call.relabelled).to.deep.equal([[call.at('file'), call.at('moved'), false]]);
      call.mayRelabel = -ERRNO.EACCES;
      expect(run('rename', [call.give(call.at('moved')), call.give(call.at('file'))]).result).to.equal(-ERRNO.EACCES);
      expect(statSync(call.at('moved')).size).to.equal(5);
    });
    it('an exchange is judged both ways', () => {
      expect(
        run('renameat2', [AT_FDCWD, call.give(call.at('file')), AT_FDCWD, call.give(call.at('dir')), 2]).result,
      ).to.equal(0);
      expect(call.relabelled.map(([, , directory]) => directory)).to.deep.equal([false, true]);
      expect(
        run('renameat2', [AT_FDCWD, call.give(call.at('file')), AT_FDCWD, call.give(call.at('dir')), 3]).result,
      ).to.equal(-ERRNO.EINVAL);
    });
    it('links the object, not what a symlink leads to', () => {
      expect(run('link', [call.give(call.at('link')), call.give(call.at('second'))]).result).to.equal(0);
      expect(lstatSync(call.at('second')).isSymbolicLink()).to.equal(true);
      expect(run('link', [call.give(call.at('file')), call.give(call.at('dir'))]).result).to.equal(-ERRNO.EEXIST);
    });
    it('a nameless object gets a name only from who holds it for reading and writing', () => {
      const both = call.later(native.openat(AT_FDCWD, call.directory, O_TMPFILE | O_RDWR, 0o600));
      const only = call.later(native.openat(AT_FDCWD, call.directory, O_TMPFILE | O_WRONLY, 0o600));
      const to = call.give(call.at('named'));
      expect(run('linkat', [AT_FDCWD, call.give(`/proc/self/fd/${only}`), AT_FDCWD, to, 0x400]).result).to.equal(
        -ERRNO.EACCES,
      );
      expect(run('linkat', [AT_FDCWD, call.give(`/proc/self/fd/${both}`), AT_FDCWD, to, 0x400]).result).to.equal(0);
    });
  });

  describe('metadata', () => {
    it('changes mode, owner and times, of a symlink itself too', () => {
      expect(run('chmod', [call.give(call.at('file')), 0o100640]).result).to.equal(0);
      expect(statSync(call.at('file')).mode & 0o7777).to.equal(0o640);
      const uid = process.getuid?.() ?? 0;
      expect(run('lchown32', [call.give(call.at('link')), uid, 0xffffffff]).result).to.equal(0);
      expect(run('chown', [call.give(call.at('file')), 0xffff, 0xffff]).result).to.equal(0);
      const times = new Uint8Array(32);
      times.set(timespec64.encode({ tv_sec: 1000000000n, tv_nsec: 5 }));
      times.set(timespec64.encode({ tv_sec: 5000000000n, tv_nsec: 7 }), 16);
      expect(run('utimensat_time64', [AT_FDCWD, call.give(call.at('link')), call.give(times), 0x100]).result).to.equal(
        0,
      );
      expect(lstatSync(call.at('link')).mtimeMs).to.equal(5000000000000);
      expect(statSync(call.at('file')).mtimeMs).to.be.below(5000000000000);
      expect(call.questions.every((q) => q.startsWith('write '))).to.equal(true);
    });
    it('the 16-bit owner -1 leaves it as it is', () => {
      const before = statSync(call.at('file'));
      expect(run('lchown', [call.give(call.at('file')), 0xffff, 0xffffffff]).result).to.equal(0);
      expect(statSync(call.at('file')).uid).to.equal(before.uid);
    });
    it('a read-only descriptor changes nothing that its name may not', () => {
      const fd = call.later(native.openat(AT_FDCWD, call.at('file'), 0, 0));
      call.judge = (q) => (q.ask === 'path' && q.access === 'write' ? -ERRNO.EACCES : 0);
      expect(run('utimensat', [fd, 0, 0, 0]).result).to.equal(-ERRNO.EACCES);
      const writable = call.later(native.openat(AT_FDCWD, call.at('file'), O_WRONLY, 0));
      expect(run('utimensat', [writable, 0, 0, 0]).result).to.equal(0);
    });
    it('truncates', () => {
      expect(run('truncate64', [call.give(call.at('file')), 2, 0]).result).to.equal(0);
      expect(statSync(call.at('file')).size).to.equal(2);
      expect(run('truncate', [call.give(call.at('file')), 0xffffffff]).result).to.equal(-ERRNO.EINVAL);
    });
    it('nothing in the sysroot changes', () => {
      call.resolver = (path, options) => {
        const where = call.lookUp(path, options);
        return typeof where === 'number' ? where : { ...where, layer: 'sysroot' };
      };
      const file = call.give(call.at('file'));
      expect(run('chmod', [file, 0]).result).to.equal(-ERRNO.EROFS);
      expect(run('unlink', [file]).result).to.equal(-ERRNO.EROFS);
      expect(run('access', [file, 2]).result).to.equal(-ERRNO.EROFS);
      const directory = call.give(call.at('.'));
      expect(run('access', [directory, 2]).result).to.equal(-ERRNO.EROFS);
      // Names are made in the host's part of it.
      call.part = call.later(native.openat(AT_FDCWD, call.at('.'), O_PATH, 0));
      expect(run('access', [directory, 2]).result).to.equal(0);
      call.part = undefined;
      expect(run('link', [file, call.give(call.at('out'))]).result).to.equal(-ERRNO.EXDEV);
      expect(run('open', [file, O_WRONLY, 0], opening).result).to.equal(-ERRNO.EROFS);
      expect(run('open', [file, 0, 0], opening).result).to.be.at.least(0);
    });
  });

  describe('open', () => {
    it('takes flags as open(2) does', () => {
      expect(asOpen(0x80000000 | O_WRONLY, 0o777)).to.deep.equal({ flags: O_WRONLY, mode: 0 });
      expect(asOpen(O_CREAT | O_RDWR, 0o170777)).to.deep.equal({ flags: O_CREAT | O_RDWR, mode: 0o777 });
      expect(asOpen(O_PATH | O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o777)).to.deep.equal({
        flags: O_PATH | O_NOFOLLOW | O_CLOEXEC,
        mode: 0,
      });
      expect(asOpen(FASYNC, 0).flags).to.equal(0);
    });
    it('asks by what is opened for', () => {
      expect(accessesOf(0, true)).to.deep.equal(['read']);
      expect(accessesOf(O_RDWR, true)).to.deep.equal(['read', 'write']);
      expect(accessesOf(3, true)).to.deep.equal(['read', 'write']);
      expect(accessesOf(O_TRUNC, true)).to.deep.equal(['read', 'write']);
      expect(accessesOf(O_CREAT | O_WRONLY, false)).to.deep.equal(['create', 'write']);
      expect(accessesOf(O_CREAT | O_WRONLY, true)).to.deep.equal(['write']);
      expect(accessesOf(O_PATH, true)).to.deep.equal(['stat']);
      expect(accessesOf(O_TMPFILE | O_RDWR, true)).to.deep.equal(['create', 'read', 'write']);
    });
    it('neither makes what was there nor opens what was not', () => {
      expect(settled({ flags: O_CREAT, mode: 0o600 }, true)).to.deep.equal({
        flags: 0,
        mode: 0,
        surprise: -ERRNO.ENOENT,
      });
      expect(settled({ flags: O_CREAT, mode: 0o600 }, false)).to.deep.equal({
        flags: O_CREAT | O_EXCL,
        mode: 0o600,
        surprise: -ERRNO.EEXIST,
      });
    });
    it('orders openat2 of the canonical path without symlinks', () => {
      expect(run('open', [call.give(call.at('link')), O_LARGEFILE, 0o777], opening).result).to.be.at.least(0);
      expect(opened).to.deep.equal([{ path: call.at('file'), flags: O_LARGEFILE, mode: 0, resolve: 4 }]);
      expect(run('open', [call.give(call.at('new')), O_CREAT | O_WRONLY, 0o666], opening).result).to.be.at.least(0);
      expect(statSync(call.at('new')).mode & 0o777).to.equal(0o644);
    });
    it('of a missing file needs no order', () => {
      const { result, orders } = run('open', [call.give(call.at('none')), 0, 0]);
      expect([result, orders.length]).to.deep.equal([-ERRNO.ENOENT, 0]);
    });
    it('O_NOFOLLOW on a symlink is ELOOP at once, O_PATH opens it', () => {
      const link = call.give(call.at('link'));
      expect(run('open', [link, O_NOFOLLOW, 0], opening).result).to.equal(-ERRNO.ELOOP);
      expect(opened.length).to.equal(1);
      const fd = run('open', [link, O_NOFOLLOW | O_PATH, 0], opening).result as number;
      expect(fd).to.be.at.least(0);
      expect(native.readlinkat(fd, '', new Uint8Array(10), 10)).to.equal(4);
    });
    it('resolves again when a symlink was put there', () => {
      let first = true;
      const racing = (order: Order): number => {
        if (first) {
          unlinkSync(call.at('file'));
          symlinkSync('other', call.at('file'));
          writeFileSync(call.at('other'), '');
        }
        first = false;
        return opening(order);
      };
      expect(run('open', [call.give(call.at('file')), 0, 0], racing).result).to.be.at.least(0);
      expect(call.questions).to.deep.equal(['read file', 'read other']);
    });
    it('resolves again when the file came or went meanwhile', () => {
      let first = true;
      const racing = (order: Order): number => {
        if (first) writeFileSync(call.at('new'), 'secret');
        first = false;
        return opening(order);
      };
      call.judge = (q) => (q.ask === 'path' && q.access === 'read' ? -ERRNO.EACCES : 0);
      expect(run('open', [call.give(call.at('new')), O_CREAT | O_WRONLY, 0o600], racing).result).to.be.at.least(0);
      expect(call.questions).to.deep.equal(['create new', 'write new', 'write new']);
    });
    it('gives up after eight tries', () => {
      const { result, orders } = run('open', [call.give(call.at('file')), 0, 0], () => -ERRNO.ELOOP);
      expect([result, orders.length]).to.deep.equal([-ERRNO.ELOOP, 8]);
    });
    it('O_CREAT of a directory, or with a slash behind, is EISDIR', () => {
      expect(run('open', [call.give(call.at('dir')), O_CREAT, 0]).result).to.equal(-ERRNO.EISDIR);
      expect(run('open', [call.give(call.at('none/')), O_CREAT, 0]).result).to.equal(-ERRNO.EISDIR);
    });
    it('without O_LARGEFILE a large file is EOVERFLOW', () => {
      truncateSync(call.at('file'), 2 ** 31);
      expect(run('open', [call.give(call.at('file')), 0, 0], opening).result).to.equal(-ERRNO.EOVERFLOW);
      expect(run('open', [call.give(call.at('file')), O_LARGEFILE, 0], opening).result).to.be.at.least(0);
    });
    it('a refusal orders nothing', () => {
      call.judge = () => -ERRNO.EACCES;
      const { result, orders } = run('openat', [AT_FDCWD, call.give(call.at('file')), 0, 0]);
      expect([result, orders.length]).to.deep.equal([-ERRNO.EACCES, 0]);
    });
  });

  describe('open through /proc/self/fd', () => {
    const magic = (fd: number): number => call.give(`/proc/self/fd/${fd}`);
    it('a file is judged by its name and opened through the helper', () => {
      const fd = call.later(native.openat(AT_FDCWD, call.at('file'), 0, 0));
      expect(run('open', [magic(fd), O_RDWR, 0], opening).result).to.be.at.least(0);
      expect(call.questions).to.deep.equal(['read file', 'write file']);
      expect(opened[0].path).to.match(new RegExp(`^/proc/${process.pid}/fd/\\d+$`));
      expect(opened[0].resolve).to.equal(0);
    });
    it('a pipe opens as it is held, no further', () => {
      const ends = new Int32Array(2);
      native.pipe2(0o2000000, ends);
      ends.forEach((fd) => call.later(fd));
      expect(run('open', [magic(ends[0]), 0, 0], opening).result).to.be.at.least(0);
      expect(run('open', [magic(ends[0]), O_WRONLY, 0], opening).result).to.equal(-ERRNO.EACCES);
      expect(call.asked).to.deep.equal([]);
    });
    it('a deleted file likewise', () => {
      const fd = call.later(native.openat(AT_FDCWD, call.at('file'), 0, 0));
      unlinkSync(call.at('file'));
      expect(run('open', [magic(fd), 0, 0], opening).result).to.be.at.least(0);
      expect(run('open', [magic(fd), O_RDWR, 0], opening).result).to.equal(-ERRNO.EACCES);
    });
  });

  it('openat2 is strict about flags, and hands on how to resolve', () => {
    const how = (flags: number, mode: number, resolve = 0) => call.give(openHow.encode({ flags, mode, resolve }));
    const path = call.give(call.at('file'));
    expect(run('openat2', [AT_FDCWD, path, how(0, 0), 24], opening).result).to.be.at.least(0);
    expect(run('openat2', [AT_FDCWD, path, how(0, 0o600), 24]).result).to.equal(-ERRNO.EINVAL);
    expect(run('openat2', [AT_FDCWD, path, how(0x40000000, 0), 24]).result).to.equal(-ERRNO.EINVAL);
    expect(run('openat2', [AT_FDCWD, path, how(0, 0), 16]).result).to.equal(-ERRNO.EINVAL);
    expect(run('openat2', [AT_FDCWD, path, how(0, 0, 0x40), 24]).result).to.equal(-ERRNO.EINVAL);
    expect(run('openat2', [AT_FDCWD, path, how(0, 0, 0x18), 24]).result).to.equal(-ERRNO.EINVAL);
    expect(run('openat2', [AT_FDCWD, path, how(0, 0, 0x20), 24]).result).to.equal(-ERRNO.EAGAIN);
    call.resolver = (_path, options) => -(options.resolve ?? 0);
    expect(run('openat2', [AT_FDCWD, path, how(0, 0, 8), 24]).result).to.equal(-8);
  });

  it('chdir goes by a descriptor of the canonical directory', () => {
    const obey = (order: Order): number => (order[0] === 437 ? opening(order) : 0);
    const { result, orders } = run('chdir', [call.give(call.at('dir'))], obey);
    expect(result).to.equal(0);
    expect(orders.map(([nr]) => nr)).to.deep.equal([437, 133, 6]);
    expect(orders[1][1]).to.equal(orders[2][1]);
    expect(run('chdir', [call.give(call.at('file'))]).result).to.equal(-ERRNO.ENOTDIR);
  });

  it('getcwd counts the NUL', () => {
    const out = call.give(256);
    expect(run('getcwd', [out, 256]).result).to.equal(call.directory.length + 1);
    expect(run('getcwd', [out, call.directory.length]).result).to.equal(-ERRNO.ERANGE);
  });

  it('keeps hard links and modes of others apart', () => {
    linkSync(call.at('file'), call.at('hard'));
    chmodSync(call.at('hard'), 0o600);
    expect(run('unlink', [call.give(call.at('hard'))]).result).to.equal(0);
    expect(statSync(call.at('file')).nlink).to.equal(1);
  });
});
