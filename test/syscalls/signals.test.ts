import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { SIGNAL } from '../../src/abi/flags-process.js';
import { oldSigaction, sigaction, sigaltstack } from '../../src/abi/structs-process.js';
import type { Values } from '../../src/abi/ctype.js';
import { signals } from '../../src/syscalls/signals.js';
import { FakeCall, NOBODY, MEMORY, PID, PROTECTED, run } from './fake-process-call.js';

const NEW = MEMORY + 0x100;
const OLD = MEMORY + 0x200;
const { SIGABRT, SIGILL, SIGKILL, SIGPIPE, SIGSEGV, SIGSTOP, SIGTERM, SIGUSR1 } = SIGNAL;

describe('signals', () => {
  let call: FakeCall;
  beforeEach(() => (call = new FakeCall()));
  const action = (sig: number, values: Values, results: number[] = []) => {
    call.put(NEW, sigaction.encode(values));
    return run(signals.rt_sigaction, call, [sig, NEW, OLD, 8], results);
  };
  const old = (): Values => sigaction.decode(call.get(OLD, 20) as Uint8Array);
  const kernel = (order: readonly number[]): Values => sigaction.decode(call.inArena(order[2]));

  describe('dispositions', () => {
    it('are recorded and answered', () => {
      action(SIGUSR1, { handler: 0x8048000, flags: 0x04000004, restorer: 0x1234, mask: 0x8000000000000003n });
      action(SIGUSR1, {});
      expect(old()).to.deep.equal({
        handler: 0x8048000,
        flags: 0x04000004,
        restorer: 0x1234,
        mask: 0x8000000000000003n,
      });
    });
    it('a handler leaves the default in the kernel', () => {
      const { orders, result } = action(SIGUSR1, { handler: 0x8048000, flags: 0x04000004 });
      expect(result).to.equal(0);
      expect(orders[0].slice(0, 2)).to.deep.equal([174, SIGUSR1]);
      expect(kernel(orders[0])).to.deep.equal({ handler: 0, flags: 0, restorer: 0, mask: 0n });
    });
    it('ignoring reaches the kernel', () => {
      expect(kernel(action(SIGPIPE, { handler: 1, flags: 0x10000000 }).orders[0])).to.include({ handler: 1, flags: 0 });
    });
    for (const sig of [SIGILL, SIGSEGV])
      it(`signal ${sig} keeps the sandbox’s handler`, () => {
        expect(action(sig, { handler: 1 })).to.deep.equal({ orders: [], result: 0 });
      });
    for (const sig of [0, 65, SIGKILL, SIGSTOP])
      it(`signal ${sig} cannot be changed`, () => {
        expect(action(sig, { handler: 1 })).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
      });
    it('SIGKILL can be asked', () => {
      expect(run(signals.rt_sigaction, call, [SIGKILL, 0, OLD, 8]).result).to.equal(0);
    });
    it('drop unknown flags, and KILL and STOP from the mask', () => {
      action(SIGTERM, { handler: 2, flags: 0x400, mask: 0xffffffffffffffffn });
      action(SIGTERM, {});
      expect(old()).to.include({ flags: 0, mask: 0xfffffffffffbfeffn });
    });
    it('want sets of 8 bytes, and memory of the program', () => {
      expect(run(signals.rt_sigaction, call, [SIGTERM, 0, OLD, 4]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.rt_sigaction, call, [SIGTERM, 0, PROTECTED, 8]).result).to.equal(-ERRNO.EFAULT);
      expect(run(signals.rt_sigaction, call, [SIGTERM, 1, 0, 8]).result).to.equal(-ERRNO.EFAULT);
    });
    it('have an old layout', () => {
      call.put(NEW, oldSigaction.encode({ handler: 0x1000, mask: 0xff, flags: 4, restorer: 9 }));
      run(signals.sigaction, call, [SIGTERM, NEW, 0]);
      run(signals.sigaction, call, [SIGTERM, 0, OLD]);
      expect(oldSigaction.decode(call.get(OLD, 16) as Uint8Array)).to.deep.equal({
        handler: 0x1000,
        mask: 0xff,
        flags: 4,
        restorer: 9,
      });
    });
    it('signal(2) answers the handler before', () => {
      expect(run(signals.signal, call, [SIGTERM, 0x1000]).result).to.equal(0);
      expect(run(signals.signal, call, [SIGTERM, 1]).result).to.equal(0x1000);
      expect(run(signals.signal, call, [SIGKILL, 1]).result).to.equal(-ERRNO.EINVAL);
    });
  });

  describe('masks', () => {
    const set = (how: number, mask: bigint, size = 8) => {
      call.put(NEW, new Uint8Array(BigUint64Array.of(mask).buffer));
      return run(size === 8 ? signals.rt_sigprocmask : signals.sigprocmask, call, [how, NEW, OLD, size]).result;
    };
    it('block, unblock, set, without KILL and STOP', () => {
      expect(set(0, 0xffffffffffffffffn)).to.equal(0);
      expect(call.thread.mask).to.equal(0xfffffffffffbfeffn);
      set(1, 0xffffffffffffff00n);
      expect(call.thread.mask).to.equal(0xffn);
      set(2, 3n);
      expect(call.thread.mask).to.equal(3n);
      expect(call.get(OLD, 8)).to.deep.equal(Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0));
      expect(set(3, 0n)).to.equal(-ERRNO.EINVAL);
    });
    it('of four bytes leave the upper half', () => {
      call.thread.mask = 0xf00000000n;
      set(2, 0xffffffff00000001n, 4);
      expect(call.thread.mask).to.equal(0xf00000001n);
    });
    it('want sets of 8 bytes', () => {
      expect(run(signals.rt_sigprocmask, call, [0, 0, 0, 4]).result).to.equal(-ERRNO.EINVAL);
    });
  });

  it('sigaltstack is recorded', () => {
    const stack = (values: Values) => {
      call.put(NEW, sigaltstack.encode(values));
      return run(signals.sigaltstack, call, [NEW, OLD]).result;
    };
    expect(stack({ sp: 0x1000, size: 0x2000 })).to.equal(0);
    expect(sigaltstack.decode(call.get(OLD, 12) as Uint8Array)).to.deep.equal({ sp: 0, flags: 2, size: 0 });
    expect(stack({ flags: 2, sp: 5, size: 5 })).to.equal(0);
    expect(sigaltstack.decode(call.get(OLD, 12) as Uint8Array)).to.deep.equal({ sp: 0x1000, flags: 0, size: 0x2000 });
    expect(sigaltstack.decode(call.thread.altstack)).to.deep.equal({ sp: 0, flags: 2, size: 0 });
    expect(stack({ sp: 0x1000, size: 100 })).to.equal(-ERRNO.ENOMEM);
    expect(stack({ flags: 4, sp: 0x1000, size: 0x2000 })).to.equal(-ERRNO.EINVAL);
  });

  describe('sending', () => {
    it('abort reaches the process by its pid', () => {
      expect(run(signals.tgkill, call, [PID, PID, SIGABRT]).orders).to.deep.equal([[37, PID, SIGABRT]]);
      expect(run(signals.tkill, call, [PID, SIGABRT]).orders).to.deep.equal([[37, PID, SIGABRT]]);
      expect(run(signals.kill, call, [0, SIGABRT]).orders).to.deep.equal([[37, PID, SIGABRT]]);
    });
    it('nobody else is reached', () => {
      for (const target of [1, -1, process.ppid]) {
        expect(run(signals.kill, call, [target, SIGKILL])).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
        expect(run(signals.kill, call, [target, 0]).result).to.equal(-ERRNO.ESRCH);
      }
      expect(run(signals.tgkill, call, [1, PID, SIGKILL])).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      expect(run(signals.tgkill, call, [PID, 1, SIGKILL])).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      expect(run(signals.rt_sigqueueinfo, call, [1, SIGKILL, NEW])).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      expect(run(signals.rt_tgsigqueueinfo, call, [1, PID, SIGKILL, NEW])).to.deep.equal({
        orders: [],
        result: -ERRNO.ESRCH,
      });
    });
    it('who exists is not told', () => {
      const answers = [1, -1, process.ppid, NOBODY, -NOBODY].map(
        (target) => run(signals.kill, call, [target, 0]).result,
      );
      expect(new Set(answers)).to.deep.equal(new Set([-ERRNO.ESRCH]));
      expect(run(signals.tgkill, call, [PID, NOBODY, 0]).result).to.equal(-ERRNO.ESRCH);
    });
    it('no thread is no target', () => {
      expect(run(signals.tgkill, call, [PID, 0, SIGKILL]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.tkill, call, [-1, SIGKILL]).result).to.equal(-ERRNO.EINVAL);
    });
    it('0 asks, 65 is no signal', () => {
      expect(run(signals.kill, call, [PID, 0])).to.deep.equal({ orders: [], result: 0 });
      expect(run(signals.kill, call, [PID, 65])).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
    });
    it('a signal with a handler is dropped with one line', () => {
      action(SIGUSR1, { handler: 0x1000 });
      for (let i = 0; i < 2; i++)
        expect(run(signals.kill, call, [PID, SIGUSR1])).to.deep.equal({ orders: [], result: 0 });
      expect(call.logs).to.have.length(1);
      expect(call.logs[0]).to.contain('SIGUSR1');
    });
    it('an ignored one is dropped silently', () => {
      action(SIGTERM, { handler: 1 });
      expect(run(signals.kill, call, [PID, SIGTERM])).to.deep.equal({ orders: [], result: 0 });
      expect(call.logs).to.deep.equal([]);
    });
    it('SIGSEGV loses the sandbox’s handler first', () => {
      const { orders } = run(signals.kill, call, [PID, SIGSEGV]);
      expect(orders.map(([nr, a]) => [nr, a])).to.deep.equal([
        [174, SIGSEGV],
        [37, PID],
      ]);
      expect(kernel(orders[0]).handler).to.equal(0);
    });
  });

  describe('waiting', () => {
    it('rt_sigtimedwait lets the time pass', () => {
      call.put(NEW, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
      const { orders, result } = run(signals.rt_sigtimedwait, call, [OLD, 0, NEW, 8]);
      expect(orders[0][0]).to.equal(162);
      expect(result).to.equal(-ERRNO.EAGAIN);
      expect(run(signals.rt_sigtimedwait, call, [OLD, 0, NEW, 8], [-ERRNO.EINVAL]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.rt_sigtimedwait_time64, call, [OLD, 0, NEW, 8]).orders[0].slice(0, 3)).to.deep.equal([
        407, 1, 0,
      ]);
    });
    it('pause, suspend and a wait without time wait', () => {
      expect(run(signals.pause, call, []).orders).to.deep.equal([[29]]);
      expect(run(signals.rt_sigsuspend, call, [NEW, 8]).orders).to.deep.equal([[29]]);
      expect(run(signals.rt_sigtimedwait, call, [OLD, 0, 0, 8]).orders).to.deep.equal([[29]]);
    });
    it('nothing is pending', () => {
      call.put(NEW, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
      expect(run(signals.rt_sigpending, call, [NEW, 8]).result).to.equal(0);
      expect(call.get(NEW, 8)).to.deep.equal(new Uint8Array(8));
      expect(run(signals.rt_sigpending, call, [NEW, 9]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.rt_sigpending, call, [PROTECTED, 8]).result).to.equal(-ERRNO.EFAULT);
    });
    it('no handler can return', () => {
      for (const name of ['sigreturn', 'rt_sigreturn'] as const)
        expect(run(signals[name], call, [])).to.deep.equal({ orders: [], result: -ERRNO.ENOSYS });
    });
  });
});
