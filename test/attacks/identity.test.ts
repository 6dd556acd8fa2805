/** A program that was root and is somebody else now: the helper still is root, and must not lend it that. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { errno, killAll, place, withPuppet, type Cage, type Puppet, type Value } from './harness.js';
import type { SyscallName } from '../../src/abi/numbers.js';

const SOMEBODY = 65533;
const AT_FDCWD = -100;
const AT_EACCESS = 0x200;
const S_IFIFO = 0o010000;
const secret = join(place, 'secret');
const inside = (name: string): string => join(secret, name);
const BUFFER = new Uint8Array(512);

const unixAddress = (path: string): Uint8Array => {
  const bytes = new Uint8Array(110);
  bytes[0] = 1;
  bytes.set(Buffer.from(path), 2);
  return bytes;
};

/** Each is a success for root, in this order. */
const CALLS: readonly (readonly [name: SyscallName, ...args: Value[]])[] = [
  ['stat64', inside('f'), BUFFER],
  ['lstat64', inside('f'), BUFFER],
  ['fstatat64', AT_FDCWD, inside('f'), BUFFER, 0],
  ['statx', AT_FDCWD, inside('f'), 0, 0x7ff, BUFFER],
  ['statfs64', inside('f'), 84, BUFFER],
  ['faccessat2', AT_FDCWD, inside('f'), 4, AT_EACCESS],
  ['access', inside('f'), 4],
  ['readlink', inside('link'), BUFFER, 100],
  ['mkdir', inside('d'), 0o700],
  ['rmdir', inside('d')],
  ['mknod', inside('fifo'), S_IFIFO | 0o600, 0],
  ['unlink', inside('fifo')],
  ['symlink', 'x', inside('s')],
  ['link', inside('f'), inside('linked')],
  ['rename', inside('linked'), inside('renamed')],
  ['chmod', inside('f'), 0o666],
  ['chmod', secret, 0o777],
  ['chown32', inside('f'), SOMEBODY, SOMEBODY],
  ['utimensat', AT_FDCWD, inside('f'), 0, 0],
  ['truncate', inside('f'), 1],
  ['setxattr', inside('f'), 'user.a', 'v', 1, 0],
  ['getxattr', inside('f'), 'user.a', BUFFER, 9],
  ['listxattr', inside('f'), BUFFER, 99],
  ['removexattr', inside('f'), 'user.a'],
];

function prepare(): void {
  rmSync(secret, { recursive: true, force: true });
  mkdirSync(secret, { mode: 0o700 });
  writeFileSync(inside('f'), 'secret', { mode: 0o600 });
  chmodSync(place, 0o711);
  symlinkSync('f', inside('link'));
}

async function drop(p: Puppet): Promise<void> {
  expect(await p.call('setgroups32', 0, 0)).to.equal(0);
  expect(await p.call('setresgid32', SOMEBODY, SOMEBODY, SOMEBODY)).to.equal(0);
  expect(await p.call('setresuid32', SOMEBODY, SOMEBODY, SOMEBODY)).to.equal(0);
}

async function tries(cage: Cage): Promise<Record<string, number>> {
  prepare();
  const results: Record<string, number> = {};
  await withPuppet({ cage }, async (p) => {
    await drop(p);
    for (const [i, [name, ...args]] of CALLS.entries()) {
      p.reset();
      results[`${i} ${name}`] = await p.call(name, ...args);
    }
  });
  return results;
}

describe('attacks: a program that was root', function () {
  this.timeout(60_000);
  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
  });
  after(killAll);

  it('reaches nothing that is root’s alone, by no call with a path, as without a sandbox', async () => {
    const product = await tries('product');
    const left = [statSync(inside('f')).mode & 0o777, readFileSync(inside('f'), 'latin1'), existsSync(inside('s'))];
    expect(left).to.deep.equal([0o600, 'secret', false]);
    expect(Object.values(product).filter((result) => result >= 0)).to.deep.equal([]);
    expect(product).to.deep.equal(await tries('bare'));
  });
  it('control: by a helper that keeps its own rights it reaches all of it', async () => {
    const weakened = await tries('rights');
    expect(Object.entries(weakened).filter(([, result]) => result < 0)).to.deep.equal([]);
  });

  it('stays out with capabilities alone gone, and with a way back', async () => {
    prepare();
    await withPuppet({ cage: 'product' }, async (p) => {
      const stat = (): Promise<number> => p.call('stat64', inside('f'), BUFFER);
      const header = new Uint8Array(Uint32Array.of(0x20080522, 0).buffer);
      const caps = p.room(24);
      expect(await p.call('capget', header, caps)).to.equal(0);
      const all = await p.peek(caps, 24);
      const none = Uint8Array.from(all);
      none.fill(0, 0, 4).fill(0, 12, 16);
      writeFileSync(inside('f'), 'secret');
      chmodSync(secret, 0o000);
      expect(await p.call('capset', header, none)).to.equal(0);
      expect(await stat(), 'root without CAP_DAC_OVERRIDE').to.equal(errno('EACCES'));
      expect(await p.call('capset', header, all)).to.equal(0);
      expect(await stat()).to.equal(0);
      expect(await p.call('setresuid32', -1, SOMEBODY, -1)).to.equal(0);
      expect(await stat(), 'saved id 0').to.equal(errno('EACCES'));
      expect(await p.call('setresuid32', -1, 0, -1)).to.equal(0);
      expect(await stat()).to.equal(0);
      expect(await p.call('setfsuid32', SOMEBODY)).to.equal(0);
      expect(await stat(), 'the id for files').to.equal(errno('EACCES'));
    });
  });

  it('cannot exchange what its trustee is about to act on', async () => {
    await withPuppet({ cage: 'product' }, async (p) => {
      const { socket } = await p.reserved();
      const target = socket - 1; // the first that is taken
      await drop(p);
      expect(await p.call('dup2', 1, target)).to.equal(errno('EBADF'));
      expect(await p.call('dup3', 1, target, 0)).to.equal(errno('EBADF'));
      expect(await p.call('close', target)).to.equal(errno('EBADF'));
      expect(await p.call('open', `/proc/self/fd/${target}`, 0)).to.equal(errno('ENOENT'));
    });
  });
  it('reaches sockets through that number, and the limit of open files is as it was', async () => {
    const path = join(place, 'socket');
    await withPuppet({ cage: 'product' }, async (p) => {
      const server = await p.call('socket', 1, 1, 0);
      expect(await p.call('bind', server, unixAddress(path), 110)).to.equal(0);
      expect(await p.call('listen', server, 5)).to.equal(0);
      expect(await p.call('chmod', path, 0o666)).to.equal(0);
      await drop(p);
      const limit = p.room(16);
      await p.call('prlimit64', 0, 7, 0, limit);
      const before = await p.peek(limit, 16);
      const client = await p.call('socket', 1, 1, 0);
      expect(await p.call('connect', client, unixAddress(path), 110)).to.equal(0);
      await p.call('prlimit64', 0, 7, 0, limit);
      expect(await p.peek(limit, 16)).to.deep.equal(before);
    });
  });

  /** User that the kernel tells of a native write. */
  async function writer(cage: Cage): Promise<number> {
    return withPuppet({ cage }, async (p) => {
      const pair = p.room(8);
      expect(await p.call('socketpair', 1, 1, 0, pair)).to.equal(0);
      const [to, from] = [await p.peekWord(pair), await p.peekWord(pair + 4)];
      const on = p.hold(new Uint8Array(Uint32Array.of(1).buffer));
      expect(await p.call('setsockopt', from, 1, 16, on, 4)).to.equal(0); // SO_PASSCRED
      await drop(p);
      expect(await p.call('write', to, 'x', 1)).to.equal(1);
      const [data, control] = [p.room(4), p.room(24)];
      const vector = p.hold(new Uint8Array(Uint32Array.of(data, 4).buffer));
      const message = new Uint8Array(Uint32Array.of(0, 0, vector, 1, control, 24, 0).buffer);
      expect(await p.call('recvmsg', from, message, 0)).to.equal(1);
      return p.peekWord(control + 16);
    });
  }
  it('says so with every byte it writes, natively too', async () => {
    expect(await writer('product')).to.equal(SOMEBODY);
  });
  it('control: a thread that did not start anew still says it is root', async () => {
    expect(await writer('stale')).to.equal(0);
  });
});
