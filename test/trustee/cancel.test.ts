/** A futex wait of the trustee on two words, the second of them the slot's cancel word (src/syscalls/support-futex.ts). */
import { expect } from 'chai';
import { native } from '../../src/native/index.js';
import { futexWaiter } from '../../src/abi/structs-process.js';
import { NUMBERS } from '../../src/abi/numbers.js';
import * as L from '../../src/abi/linux.js';
import { SLOT } from '../../src/wire/layout.js';
import { Sandboxed } from '../support/process.js';

const EAGAIN = -11;
const FUTEX_32 = 2;

describe('the cancel word', function () {
  this.timeout(20_000);
  let p: Sandboxed;
  beforeEach(() => {
    p = new Sandboxed();
    p.slot.resetArena();
  });
  afterEach(() => p.destroy());

  /** Orders the wait; the word beside is another of the slot, which nobody wakes. */
  function wait(value: number): void {
    const cancel = futexWaiter.encode({ val: value, uaddr: p.slot.cancelAddress, flags: FUTEX_32 });
    const other = futexWaiter.encode({ val: 0, uaddr: p.slot.address + SLOT.index, flags: FUTEX_32 });
    p.slot.order(NUMBERS.futex_waitv, p.arena(Buffer.concat([cancel, other])), 2, 0, 0, 1, 0);
  }
  function result(): number {
    for (let i = 0; i < 100; i++) {
      const found = p.slot.result();
      if (found !== undefined) return found;
      native.poll(p.started.process.pidfd, L.POLLIN, 10);
    }
    throw new Error('the wait does not end');
  }

  it('wakes a trustee that sleeps', () => {
    wait(p.slot.cancels);
    native.poll(p.started.process.pidfd, L.POLLIN, 100);
    expect(p.slot.result()).to.equal(undefined);
    p.slot.cancel();
    expect(result()).to.equal(0);
  });
  it('keeps one from sleeping that comes later', () => {
    const before = p.slot.cancels;
    p.slot.cancel();
    wait(before);
    expect(result()).to.equal(EAGAIN);
  });
});
