import { symlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromBytes } from '../../src/abi/bytes.js';
import { ERRNO } from '../../src/abi/errno.js';
import { AT, AT_FDCWD, OPEN } from '../../src/abi/flags.js';
import { native } from '../../src/native/index.js';
import type { Order } from '../../src/syscalls/dsl.js';
import { files } from '../../src/syscalls/files.js';
import { FakeCall, make, PROTECTED } from './fake-call.js';

const { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } = AT.values;

describe('file_getattr', () => {
  let call: FakeCall;
  let seen: string[];
  /** The kernel, which refuses a size of 0, and at a real order sees what the name leads to. */
  const kernel = ([, at, path, , size, flags]: Order): number => {
    if (size === 0) return -ERRNO.EINVAL;
    expect([at, flags]).to.deep.equal([AT_FDCWD, 0]);
    const name = fromBytes(call.inArena(path as number)).replace(/\0$/, '');
    const out = new Uint8Array(4096);
    const length = native.readlinkat(AT_FDCWD, name, out, out.length);
    seen.push(fromBytes(out.subarray(0, length)));
    return 0;
  };
  const run = (registers: readonly number[], obey = kernel) => make(call, files.file_getattr, registers, obey);
  let out: number;
  let file: number;
  beforeEach(() => {
    call = new FakeCall();
    seen = [];
    writeFileSync(call.at('file'), 'x');
    symlinkSync('file', call.at('link'));
    out = call.give(64);
    file = call.give('file');
  });
  afterEach(() => call.dispose());

  it('is made on the object that was judged, through the helper', () => {
    expect(run([AT_FDCWD, file, out, 24, 0]).result).to.equal(0);
    expect(run([AT_FDCWD, call.give('link'), out, 64, 0]).result).to.equal(0);
    expect(run([AT_FDCWD, call.give('link'), out, 24, AT_SYMLINK_NOFOLLOW]).result).to.equal(0);
    expect(seen).to.deep.equal(['file', 'file', 'link'].map((name) => call.at(name)));
    expect(call.questions).to.deep.equal(['stat file', 'stat file', 'stat link']);
  });
  it('of what the program holds asks nothing', () => {
    const fd = call.later(native.openat(AT_FDCWD, call.at('file'), 0, 0));
    expect(run([fd, 0, out, 24, AT_EMPTY_PATH]).result).to.equal(0);
    expect(run([fd, call.give(''), out, 24, AT_EMPTY_PATH]).result).to.equal(0);
    expect([seen, call.questions]).to.deep.equal([[call.at('file'), call.at('file')], []]);
    const path = call.later(native.openat(AT_FDCWD, call.at('file'), OPEN.values.O_PATH, 0));
    expect(run([path, 0, out, 24, AT_EMPTY_PATH]).result).to.equal(-ERRNO.EBADF);
  });
  it('orders nothing when the policy refuses', () => {
    call.judge = () => -ERRNO.EACCES;
    expect(run([AT_FDCWD, file, out, 24, 0]).result).to.equal(-ERRNO.EACCES);
    expect(seen).to.deep.equal([]);
  });
  it('does not write to protected memory', () => {
    expect(run([AT_FDCWD, file, PROTECTED.from - 23, 24, 0]).result).to.equal(-ERRNO.EFAULT);
    expect(run([AT_FDCWD, file, PROTECTED.from - 4095, 4096, 0]).result).to.equal(-ERRNO.EFAULT);
    expect(seen).to.deep.equal([]);
  });
  it('has the errors of the kernel, in its order', () => {
    const none = call.give('none');
    expect(run([AT_FDCWD, none, out, 23, 1]).result).to.equal(-ERRNO.EINVAL);
    expect(run([AT_FDCWD, none, out, 4097, 0]).result).to.equal(-ERRNO.E2BIG);
    expect(run([AT_FDCWD, none, out, 23, 0]).result).to.equal(-ERRNO.EINVAL);
    expect(run([AT_FDCWD, none, 0, 24, 0]).result).to.equal(-ERRNO.ENOENT);
    expect(run([AT_FDCWD, 0, out, 24, 0]).result).to.equal(-ERRNO.EFAULT);
    expect(run([AT_FDCWD, none, out, 23, 1], () => -ERRNO.ENOSYS).result).to.equal(-ERRNO.ENOSYS);
  });
  it('tells what the file system says', () => {
    expect(make(call, files.file_getattr, [AT_FDCWD, file, out, 24, 0], () => -ERRNO.EOPNOTSUPP).result).to.equal(
      -ERRNO.EOPNOTSUPP,
    );
  });
});
