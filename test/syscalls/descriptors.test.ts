import { statSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromBytes } from '../../src/abi/bytes.js';
import { ERRNO } from '../../src/abi/errno.js';
import { AT_FDCWD, FCNTL, INOTIFY, IOCTL } from '../../src/abi/flags.js';
import { fileCloneRange, iovec, oldKernelStat, pollfd, selArg, stat, stat64 } from '../../src/abi/structs.js';
import { native } from '../../src/native/index.js';
import { descriptors } from '../../src/syscalls/descriptors.js';
import type { Order } from '../../src/syscalls/dsl.js';
import { FakeCall, make, PROTECTED, RESERVED } from './fake-call.js';

const F = FCNTL.values;
const I = IOCTL.values;
const R = RESERVED.from;
const P = PROTECTED.from;

describe('calls that take a descriptor', () => {
  let call: FakeCall;
  const run = (name: keyof typeof descriptors, registers: readonly number[], obey?: (order: Order) => number) =>
    make(call, descriptors[name], registers, obey);
  const refused = (name: keyof typeof descriptors, registers: readonly number[], errno: number): void => {
    const { result, orders } = run(name, registers);
    expect([name, result, orders.length]).to.deep.equal([name, -errno, 0]);
  };
  const ordered = (name: keyof typeof descriptors, registers: readonly number[], order: readonly number[]): void => {
    expect(run(name, registers).orders).to.deep.equal([order]);
  };
  beforeEach(() => {
    call = new FakeCall();
  });
  afterEach(() => call.dispose());

  it('reserved ones are closed to every one of them', () => {
    for (const [name, row] of Object.entries(descriptors))
      row.args.forEach(([, kind], i) => {
        if (kind.kind !== 'fd') return;
        const registers = [0, 0, 0, 0, 0, 0].map((_, k) => (k === i ? R : 1));
        expect([name, make(call, row, registers).result]).to.deep.equal([name, -ERRNO.EBADF]);
      });
  });

  const NOWAIT = 8;
  it('vectors are copied and checked', () => {
    const iov = new Uint8Array(16);
    iov.set(iovec.encode({ iov_base: 64, iov_len: 8 }));
    iov.set(iovec.encode({ iov_base: P - 4, iov_len: 8 }), 8);
    const at = call.give(iov);
    refused('readv', [0, at, 2], ERRNO.EFAULT);
    const pipe = new Int32Array(2);
    native.pipe2(0o2000000, pipe);
    pipe.forEach((fd) => call.later(fd));
    const [order] = run('writev', [pipe[1], at, 1]).orders;
    expect([...order.slice(0, 2), ...order.slice(3)]).to.deep.equal([379, pipe[1], 1, 0xffffffff, 0xffffffff, NOWAIT]);
    expect(call.inArena(order[2] as number)).to.deep.equal(iov.slice(0, 8));
    refused('preadv', [0, at, 1025, 0, 0], ERRNO.EINVAL);
  });

  describe('what is found on a duplicate', () => {
    let fd: number;
    const answered = (name: keyof typeof descriptors, ...registers: number[]): number => {
      const { result, orders } = run(name, [fd, ...registers]);
      expect(orders).to.deep.equal([]);
      return result as number;
    };
    const open = (path: string): void => {
      fd = native.openat(AT_FDCWD, path, 0, 0);
    };
    beforeEach(() => {
      writeFileSync(call.at('ten'), '0123456789');
      open(call.at('ten'));
    });
    afterEach(() => native.close(fd));

    it('positions are those of the program’s file', () => {
      const [SET, CUR, END] = [0, 1, 2];
      expect([answered('lseek', 7, SET), native.lseek(fd, 0, CUR)]).to.deep.equal([7, 7]);
      expect([answered('lseek', -3, END), answered('lseek', 0, CUR)]).to.deep.equal([7, 7]);
      expect(answered('lseek', -1, SET)).to.equal(-ERRNO.EINVAL);
      expect(answered('lseek', 0, 99)).to.equal(-ERRNO.EINVAL);
    });
    it('positions beyond 31 and beyond 53 bits are exact, or refused as the kernel at hand does', () => {
      const out = call.give(8);
      const at = (): bigint => new DataView(call.view(out, 8).slice().buffer).getBigInt64(0, true);
      expect([answered('_llseek', 0x123, 0x89abcdef, out, 0), at()]).to.deep.equal([0, 0x12389abcdefn]);
      expect(answered('lseek', 0, 1)).to.equal(0x89abcdef | 0);
      call.process.firstTls = 6;
      expect(answered('lseek', 0, 1)).to.equal(-ERRNO.EOVERFLOW);
      const huge = native.memfdCreate('huge', 0);
      native.dup3(huge, fd, 0);
      native.close(huge);
      expect([answered('_llseek', 0x7fffffff, 0xfffffffd, out, 0), at()]).to.deep.equal([0, 2n ** 63n - 3n]);
      expect([answered('_llseek', 0xffffffff, 0xfffffffe, out, 1), at()]).to.deep.equal([0, 2n ** 63n - 5n]);
      expect(answered('_llseek', 0x80000000, 0, out, 0)).to.equal(-ERRNO.EINVAL);
      expect(answered('_llseek', 0, 0, 0, 0)).to.equal(-ERRNO.EFAULT);
      expect(answered('_llseek', 0, 0, P, 0)).to.equal(-ERRNO.EFAULT);
    });
    it('stat has the three forms', () => {
      const out = call.give(stat64.size);
      const { ino, mode, size } = statSync(call.at('ten'));
      expect(answered('fstat64', out)).to.equal(0);
      expect(stat64.decode(call.view(out, stat64.size))).to.include({ st_ino: BigInt(ino), st_size: BigInt(size) });
      expect(answered('fstat', out)).to.equal(0);
      expect(stat.decode(call.view(out, stat.size))).to.include({ st_size: size, st_mode: mode });
      if (answered('oldfstat', out) === 0)
        expect(oldKernelStat.decode(call.view(out, 32))).to.include({ st_size: size });
      else expect(ino).to.be.above(0xffff);
      expect(answered('fstat64', P)).to.equal(-ERRNO.EFAULT);
      expect(make(call, descriptors.fstat64, [-1, out]).result).to.equal(-ERRNO.EBADF);
    });
    it('flags are the open file’s', () => {
      native.fcntl(fd, F.F_SETFL, 0o2000);
      expect(answered('fcntl64', F.F_GETFL, 0) & 0o2003).to.equal(0o2000);
      expect(answered('fcntl', F.F_GETFL, 0)).to.equal(native.fcntl(fd, F.F_GETFL, 0));
    });
    it('entries are listed once, then what the host adds', () => {
      native.close(fd);
      open(call.directory);
      const out = call.give(0x1000);
      call.further = Uint8Array.of(1, 2, 3);
      const size = answered('getdents64', out, 0x1000);
      expect(Buffer.from(call.view(out, size)).toString('latin1')).to.contain('ten\0');
      expect(answered('getdents64', out, 0x1000)).to.equal(3);
      expect([...call.view(out, 3)]).to.deep.equal([1, 2, 3]);
      call.further = new Uint8Array(0);
      expect(answered('getdents64', out, 0x1000)).to.equal(0);
      expect(answered('getdents64', P, 0x1000)).to.equal(-ERRNO.EFAULT);
      answered('lseek', 0, 0);
      expect(answered('getdents64', out, 8)).to.equal(-ERRNO.EINVAL); // no room for one
    });
    it('directory offsets have 32 bits, as an i386 kernel gives them', () => {
      native.close(fd);
      open('/tmp'); // of a file system that has longer ones, when it is on a disk
      const out = call.give(0x8000);
      const size = answered('getdents64', out, 0x8000);
      const view = new DataView(call.view(out, size).slice().buffer);
      const offsets: bigint[] = [];
      for (let at = 0; at < size; at += view.getUint16(at + 16, true)) offsets.push(view.getBigInt64(at + 8, true));
      expect(offsets).not.to.be.empty;
      expect(offsets.filter((offset) => offset > 0x7fffffffn)).to.deep.equal([]);
    });
    it('is refused for what is no file of that kind', () => {
      expect(answered('getdents64', call.give(64), 64)).to.equal(-ERRNO.ENOTDIR);
      const pipe = new Int32Array(2);
      native.pipe2(0o2000000, pipe);
      native.dup3(pipe[0], fd, 0);
      pipe.forEach((n) => native.close(n));
      expect(answered('lseek', 0, 0)).to.equal(-ERRNO.ESPIPE);
      expect(answered('_llseek', 0, 0, call.give(8), 0)).to.equal(-ERRNO.ESPIPE);
    });
  });

  describe('fcntl', () => {
    it('orders what is known', () => {
      ordered('fcntl64', [3, F.F_GETFD, 0], [221, 3, F.F_GETFD, 0]);
      ordered('fcntl64', [3, F.F_DUPFD_CLOEXEC, 10], [221, 3, F.F_DUPFD_CLOEXEC, 10]);
      ordered('fcntl64', [3, F.F_SETLK64, 64], [221, 3, F.F_SETLK64, 64]);
    });
    it('refuses signals, protected memory and the unknown', () => {
      for (const command of [F.F_SETSIG, F.F_NOTIFY, F.F_SETLEASE]) refused('fcntl64', [3, command, 1], ERRNO.EPERM);
      refused('fcntl64', [3, F.F_SETFL, 0o20000], ERRNO.EPERM);
      refused('fcntl64', [3, F.F_DUPFD, R], ERRNO.EINVAL);
      refused('fcntl64', [3, F.F_GETLK64, P], ERRNO.EFAULT);
      refused('fcntl64', [3, 4711, 0], ERRNO.EINVAL);
      refused('fcntl64', [3, F.F_DUPFD_QUERY, R], ERRNO.EBADF);
    });
    it('the old number knows no 64-bit locks', () => {
      refused('fcntl', [3, F.F_SETLK64, 64], ERRNO.EINVAL);
      ordered('fcntl', [3, F.F_SETLK, 64], [55, 3, F.F_SETLK, 64]);
    });
  });

  describe('ioctl', () => {
    it('knows terminals', () => {
      ordered('ioctl', [0, I.TCGETS, 64], [54, 0, I.TCGETS, 64]);
      refused('ioctl', [0, I.TIOCGWINSZ, P], ERRNO.EFAULT);
    });
    it('types nothing into them, signals nobody, and knows no more', () => {
      for (const request of [I.TIOCSTI, I.TIOCLINUX, I.TIOCSETD]) refused('ioctl', [0, request, 64], ERRNO.EPERM);
      refused('ioctl', [0, 0xdeadbeef, 0], ERRNO.ENOTTY);
    });
    it('takes a request as the kernel does: all its 32 bits count', () => {
      for (const request of [I.TIOCSTI, I.TIOCLINUX, I.TIOCCONS])
        for (let bit = 0; bit < 32; bit++) {
          const other = (request ^ (1 << bit)) >>> 0;
          if (!Object.values(I).includes(other as never)) refused('ioctl', [0, other, 64], ERRNO.ENOTTY);
        }
    });
    it('a clone copies from no reserved descriptor, by a copy of its range', () => {
      const range = (source: bigint) => fileCloneRange.encode({ src_fd: source });
      refused('ioctl', [3, I.FICLONE, R], ERRNO.EBADF);
      refused('ioctl', [3, I.FICLONERANGE, call.give(range(BigInt(R)))], ERRNO.EBADF);
      refused('ioctl', [3, I.FICLONERANGE, call.give(range((1n << 32n) | BigInt(R)))], ERRNO.EBADF);
      ordered('ioctl', [3, I.FICLONE, 4], [54, 3, I.FICLONE, 4]);
      const [order] = run('ioctl', [3, I.FICLONERANGE, call.give(range(4n))]).orders;
      expect(call.inArena(order[3] as number)).to.deep.equal(range(4n));
    });
    it('the foreground goes to groups of the sandbox, by a copy', () => {
      const bytesOf = (group: number): Uint8Array => new Uint8Array(new Int32Array([group]).buffer);
      for (const group of [process.pid, call.process.firstGroup]) {
        const [order] = run('ioctl', [0, I.TIOCSPGRP, call.give(bytesOf(group))]).orders;
        expect(call.inArena(order[3] as number)).to.deep.equal(bytesOf(group));
      }
    });
    it('for another group the kernel is asked only whether the terminal is ours', () => {
      call.process.firstGroup = 0; // outside of our pid namespace
      for (const group of [0, 1])
        for (const [answer, result] of [
          [-ERRNO.ESRCH, -ERRNO.EPERM],
          [-ERRNO.ENOTTY, -ERRNO.ENOTTY],
        ]) {
          const given = call.give(new Uint8Array([group, 0, 0, 0]));
          const asked = run('ioctl', [0, I.TIOCSPGRP, given], () => answer);
          expect(asked.result).to.equal(result);
          expect([...call.inArena(asked.orders[0][3] as number)]).to.deep.equal([0xff, 0xff, 0xff, 0x7f]);
        }
    });
  });

  describe('waiting', () => {
    const TIME = 0x40000000; // the arena's first copy: no time
    it('poll of a reserved descriptor is EBADF', () => {
      const fds = new Uint8Array(16);
      fds.set(pollfd.encode({ fd: -1, events: 1 }));
      const good = call.give(fds);
      ordered('poll', [good, 2, 0], [168, good, 2, 0]);
      fds.set(pollfd.encode({ fd: R, events: 1 }), 8);
      refused('poll', [call.give(fds), 2, 5], ERRNO.EBADF);
      refused('ppoll', [call.give(fds), 2, 0, 0, 0], ERRNO.EBADF);
    });
    it('ppoll and pselect6 get no signal mask', () => {
      refused('ppoll', [0, 0, 64, 128, 4], ERRNO.EINVAL);
      refused('ppoll', [0, 0, 64, 0xfffff000, 8], ERRNO.EFAULT);
      refused('epoll_pwait', [3, 64, 4, 7, 128, 9], ERRNO.EINVAL);
      refused('pselect6', [0, 0, 0, 0, 64, 0xfffff000], ERRNO.EFAULT);
      ordered('ppoll', [0, 0, 64, 128, 8], [168, 0, 0, 0]);
      ordered('ppoll_time64', [0, 0, 64, 128, 8], [168, 0, 0, 0]);
      expect(run('pselect6', [0, 0, 0, 0, 64, 128]).orders).to.deep.equal([[142, 0, 0, 0, 0, TIME]]);
      ordered('epoll_pwait', [3, 64, 4, 0, 128, 8], [256, 3, 64, 4, 0]);
      ordered('epoll_pwait2', [3, 64, 4, 16, 128, 8], [256, 3, 64, 4, 0]);
    });
    it('select looks at the reserved bits', () => {
      const set = new Uint8Array(128);
      const empty = call.give(set);
      const none = call.give(8);
      expect(run('_newselect', [1024, empty, 0, 0, none]).orders).to.deep.equal([[142, 1024, empty, 0, 0, TIME]]);
      set[R >> 3] |= 1 << (R & 7);
      refused('_newselect', [1024, 0, call.give(set), 0, 0], ERRNO.EBADF);
      const low = call.give(set);
      expect(run('_newselect', [10, low, 0, 0, none]).orders[0].slice(0, 3)).to.deep.equal([142, 10, low]);
      const old = call.give(selArg.encode({ n: 3, inp: empty, tvp: none }));
      expect(run('select', [old]).orders[0].slice(0, 5)).to.deep.equal([142, 3, empty, 0, 0]);
      refused('_newselect', [-1, 0, 0, 0, 0], ERRNO.EINVAL);
    });
    it('nothing ready: the helper waits on what was pinned, once, and then looks again', () => {
      const pipe = new Int32Array(2);
      native.pipe2(0o2000000, pipe);
      pipe.forEach((fd) => call.later(fd));
      const fds = call.give(pollfd.encode({ fd: pipe[0], events: 1 }));
      call.ended = () => 0;
      let looks = 0;
      expect(run('poll', [fds, 1, -1], () => Number(++looks > 3)).result).to.equal(1);
      const [first, second, third] = call.waits;
      expect(second, 'it was told and was nothing').to.deep.equal({ again: 1, until: undefined });
      expect(third.fds).to.deep.equal(first.fds);
      expect(first.fds?.map(({ events }) => events)).to.deep.equal([1]);
      expect(native.compareFile(process.pid, first.fds?.[0].fd ?? -1, pipe[0])).to.equal(0);
      expect(first.until).to.equal(undefined);
    });
    it('what cannot be pinned is looked at every 10 ms', () => {
      const fds = call.give(pollfd.encode({ fd: 800, events: 1 }));
      call.ended = () => -ERRNO.EINTR;
      expect(run('poll', [fds, 1, 100]).result).to.equal(-ERRNO.EINTR);
      expect(call.waits[0].again).to.be.at.most(10);
    });
    it('at the end of the time it looks once more', () => {
      const fds = call.give(pollfd.encode({ fd: 0, events: 1 }));
      let looks = 0;
      call.ended = () => -ERRNO.ETIMEDOUT;
      expect(run('poll', [fds, 1, 30], () => Number(++looks === 2)).result).to.equal(1);
    });
    it('select that is interrupted leaves the sets, at the end of the time they are empty', () => {
      const set = new Uint8Array(4).fill(1, 0, 1);
      for (const [end, result, left] of [
        [-ERRNO.EINTR, -ERRNO.EINTR, 1],
        [-ERRNO.ETIMEDOUT, 0, 0],
      ]) {
        const at = call.give(set);
        const time = call.give(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
        call.ended = () => end;
        const obey = (): number => call.put(at, new Uint8Array(4));
        expect(run('_newselect', [1, at, 0, 0, time], obey).result).to.equal(result);
        expect(call.view(at, 1)[0]).to.equal(left);
        const rest = new DataView(call.view(time, 8).slice().buffer);
        expect(rest.getInt32(0, true) * 1e6 + rest.getInt32(4, true)).to.be.within(500_000, 999_999);
      }
    });
    it('a lock is tried for, and looked at ever less often', () => {
      let tries = 0;
      call.ended = () => 0;
      const { orders, result } = run('flock', [0, 2], () => (++tries > 8 ? 0 : -ERRNO.EAGAIN));
      expect(result).to.equal(0);
      expect(new Set(orders.map(String))).to.deep.equal(new Set(['143,0,6']));
      expect(call.waits.map(({ again }) => again)).to.deep.equal([1, 2, 4, 8, 16, 32, 50, 50]);
    });
    it('a lock whose descriptor became another is EBADF', () => {
      const pipe = new Int32Array(2);
      native.pipe2(0o2000000, pipe);
      pipe.forEach((fd) => call.later(fd));
      call.ended = () => (native.dup3(pipe[1], pipe[0], 0) < 0 ? -1 : 0);
      expect(run('flock', [pipe[0], 1], () => -ERRNO.EAGAIN).result).to.equal(-ERRNO.EBADF);
    });
    it('a write that was cut off goes on behind what was written', () => {
      const pipe = new Int32Array(2);
      native.pipe2(0o2000000, pipe);
      pipe.forEach((fd) => call.later(fd));
      const iov = new Uint8Array(16);
      iov.set(iovec.encode({ iov_base: 64, iov_len: 8 }));
      iov.set(iovec.encode({ iov_base: 128, iov_len: 8 }), 8);
      const results = [5, -ERRNO.EAGAIN, 6, 5];
      call.ended = () => 0;
      const { orders, result } = run('writev', [pipe[1], call.give(iov), 2], () => results.shift() ?? 0);
      expect(result).to.equal(16);
      expect(orders.map((order) => order[3])).to.deep.equal([2, 2, 2, 1]);
      expect(orders.map((order) => (order[2] as number) - (orders[0][2] as number))).to.deep.equal([0, 0, 0, 8]);
    });
    it('a write that is interrupted tells what was written', () => {
      const pipe = new Int32Array(2);
      native.pipe2(0o2000000, pipe);
      pipe.forEach((fd) => call.later(fd));
      const at = call.give(iovec.encode({ iov_base: 64, iov_len: 8 }));
      const results = [5, -ERRNO.EAGAIN];
      expect(run('writev', [pipe[1], at, 1], () => results.shift() ?? 0).result).to.equal(5);
      expect(run('writev', [pipe[1], at, 1], () => -ERRNO.EAGAIN).result).to.equal(-ERRNO.EINTR);
    });
  });

  it('close_range leaves the reserved ones out', () => {
    expect(run('close_range', [3, 0xffffffff, 0]).orders).to.deep.equal([
      [436, 3, R - 1, 0],
      [436, RESERVED.to, 0xffffffff, 0],
    ]);
    ordered('close_range', [3, 5, 4], [436, 3, 5, 4]);
    expect(run('close_range', [R, RESERVED.to - 1, 0]).orders).to.deep.equal([]);
    refused('close_range', [5, 3, 0], ERRNO.EINVAL);
  });

  it('memfd_create copies the name and refuses huge pages', () => {
    const [order] = run('memfd_create', [call.give('name'), 1]).orders;
    expect(fromBytes(call.inArena(order[1] as number))).to.equal('name\0');
    refused('memfd_create', [call.give('name'), 4], ERRNO.EINVAL);
  });

  it('inotify watches through the helper what may be read', () => {
    writeFileSync(call.at('file'), '');
    const path = call.give(call.at('file'));
    const [order] = run('inotify_add_watch', [
      3,
      path,
      INOTIFY.values.IN_MODIFY | INOTIFY.values.IN_DONT_FOLLOW,
    ]).orders;
    expect(order.slice(0, 2)).to.deep.equal([292, 3]);
    expect(order[3]).to.equal(INOTIFY.values.IN_MODIFY);
    expect(fromBytes(call.inArena(order[2] as number))).to.match(new RegExp(`^/proc/${process.pid}/fd/\\d+\0$`));
    expect(call.questions).to.deep.equal(['read file']);
  });

  it('a descriptor for reading changes mode and owner only where the name may be written', () => {
    writeFileSync(call.at('file'), '');
    const reading = call.later(native.openat(AT_FDCWD, call.at('file'), 0, 0));
    const writing = call.later(native.openat(AT_FDCWD, call.at('file'), 1, 0));
    const path = call.later(native.openat(AT_FDCWD, call.at('file'), 0o10000000, 0));
    call.judge = () => -ERRNO.EACCES;
    refused('fchmod', [reading, 0o600], ERRNO.EACCES);
    refused('fchown32', [reading, 0, 0], ERRNO.EACCES);
    refused('fchmod', [path, 0o600], ERRNO.EBADF);
    expect(run('fchmod', [writing, 0o100640]).result).to.equal(0);
    expect(statSync(call.at('file')).mode & 0o7777).to.equal(0o640);
    expect(run('fchown', [writing, 0xffff, 0xffff]).result).to.equal(0);
    expect(call.questions).to.deep.equal(['write file', 'write file']);
  });
});
