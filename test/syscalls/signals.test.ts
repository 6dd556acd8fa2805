import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { SIGNAL } from '../../src/abi/flags-process.js';
import { oldSigaction, sigaction, siginfo, timespec32 } from '../../src/abi/structs-process.js';
import type { Values } from '../../src/abi/ctype.js';
import { NUMBERS } from '../../src/abi/numbers.js';
import { restarts } from '../../src/syscalls/signals-support.js';
import { signals } from '../../src/syscalls/signals.js';
import { FakeCall, NOBODY, UNTRUSTEE, MEMORY, PID, PROTECTED, run } from './fake-process-call.js';

const NEW = MEMORY + 0x100;
const OLD = MEMORY + 0x200;
const { SIGABRT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1 } = SIGNAL;

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
    it('a handler is in the table before the kernel learns of it', () => {
      const { orders, result } = action(SIGUSR1, { handler: 0x8048000, flags: 0x04000004 });
      expect(result).to.equal(0);
      expect(orders.map((order) => order.slice(0, 2))).to.deep.equal([[174, SIGUSR1]]);
      expect(kernel(orders[0])).to.include({ handler: 0x8048000 });
      expect(action(SIGTERM, { handler: 0x1000 }, [-ERRNO.EFAULT]).result).to.equal(-ERRNO.EFAULT);
      expect(call.process.signals.of(SIGTERM).handler).to.equal(0x1000);
    });
    it('the default is not before the kernel has it', () => {
      action(SIGUSR1, { handler: 0x8048000 });
      action(SIGUSR1, { handler: 0 }, [-ERRNO.EFAULT]);
      expect(call.process.signals.of(SIGUSR1).handler).to.equal(0x8048000);
    });
    it('with SA_RESETHAND are the default once the kernel has no handler', () => {
      action(SIGUSR1, { handler: 0x8048000, flags: 0x80000000 });
      call.caught = 1n << BigInt(SIGUSR1 - 1);
      action(SIGUSR1, { handler: 0x8048000, flags: 0x80000000 });
      expect(old().handler).to.equal(0x8048000);
      call.caught = 0n;
      action(SIGUSR1, {});
      expect(old().handler).to.equal(0);
    });
    for (const sig of [0, 65, SIGKILL, SIGSTOP])
      it(`signal ${sig} cannot be changed`, () => {
        expect(action(sig, { handler: 1 })).to.deep.include({ orders: [], result: -ERRNO.EINVAL });
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

  it('are the hook’s to mask, to give a stack and to return from', () => {
    const names = ['rt_sigprocmask', 'sigprocmask', 'sgetmask', 'ssetmask', 'sigaltstack', 'sigreturn', 'rt_sigreturn'];
    for (const name of names) expect(signals[name as keyof typeof signals]?.by, name).to.equal('native');
  });

  describe('sending', () => {
    const HOST = PID + UNTRUSTEE;
    it('a thread is its untrustee', () => {
      expect(run(signals.tgkill, call, [PID, PID, SIGABRT]).orders).to.deep.equal([[270, PID, HOST, SIGABRT]]);
      expect(run(signals.tkill, call, [PID, SIGABRT]).orders).to.deep.equal([[270, PID, HOST, SIGABRT]]);
      expect(run(signals.kill, call, [PID, SIGABRT]).orders).to.deep.equal([[37, PID, SIGABRT]]);
    });
    it('a group is its members in the sandbox', () => {
      const sibling = call.join(PID + 10, { group: PID });
      call.join(PID + 20);
      const orders = (target: number) => run(signals.kill, call, [target, SIGABRT]).orders.map(([, pid]) => pid);
      expect(orders(0)).to.deep.equal([PID, sibling.pid]);
      expect(orders(-PID)).to.deep.equal([PID, sibling.pid]);
      expect(orders(-(PID + 20))).to.deep.equal([PID + 20]);
      expect(orders(-1)).to.deep.equal([sibling.pid, PID + 20]);
    });
    it('nobody else is reached', () => {
      for (const target of [1, -1, process.ppid]) {
        expect(run(signals.kill, call, [target, SIGKILL])).to.deep.include({ orders: [], result: -ERRNO.ESRCH });
        expect(run(signals.kill, call, [target, 0]).result).to.equal(-ERRNO.ESRCH);
      }
      const none = { orders: [], result: -ERRNO.ESRCH };
      expect(run(signals.tgkill, call, [1, PID, SIGKILL])).to.deep.include(none);
      expect(run(signals.tgkill, call, [PID, 1, SIGKILL])).to.deep.include(none);
      expect(run(signals.tgkill, call, [PID, HOST, SIGKILL])).to.deep.include(none);
      expect(run(signals.rt_sigqueueinfo, call, [1, SIGKILL, NEW])).to.deep.include(none);
      expect(run(signals.rt_tgsigqueueinfo, call, [1, PID, SIGKILL, NEW])).to.deep.include(none);
    });
    it('who exists is not told', () => {
      const answers = [1, -1, process.ppid, NOBODY, -NOBODY, 0x80000000].map(
        (target) => run(signals.kill, call, [target, 0]).result,
      );
      expect(new Set(answers)).to.deep.equal(new Set([-ERRNO.ESRCH]));
      expect(run(signals.tgkill, call, [PID, NOBODY, 0]).result).to.equal(-ERRNO.ESRCH);
    });
    it('no thread is no target', () => {
      expect(run(signals.tgkill, call, [PID, 0, SIGKILL]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.tkill, call, [-1, SIGKILL]).result).to.equal(-ERRNO.EINVAL);
    });
    it('whether it is a signal the kernel says', () => {
      expect(run(signals.kill, call, [PID, 65], [-ERRNO.EINVAL]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.kill, call, [1, 65]).result).to.equal(-ERRNO.ESRCH);
    });
    it('a siginfo is copied', () => {
      call.put(NEW, siginfo.encode({ code: -1 }));
      const { orders } = run(signals.rt_tgsigqueueinfo, call, [PID, PID, SIGUSR1, NEW]);
      expect(orders[0].slice(0, 4)).to.deep.equal([335, PID, HOST, SIGUSR1]);
      expect(siginfo.decode(call.inArena(orders[0][4]))).to.include({ code: -1 });
      expect(run(signals.rt_sigqueueinfo, call, [PID, SIGUSR1, 4]).result).to.equal(-ERRNO.EFAULT);
    });
  });

  describe('waiting', () => {
    const EINTR = -ERRNO.EINTR;
    /** How the waits end, in turn. */
    const ends = (...results: number[]): void => void (call.ended = () => results.shift() ?? 0);
    it('pause waits until a signal comes, whatever else wakes it', () => {
      ends(0, 0, EINTR);
      expect(run(signals.pause, call, [])).to.deep.equal({ orders: [], result: EINTR });
      expect(call.waits).to.deep.equal([{}, {}, {}]);
    });
    it('sigsuspend waits under its mask', () => {
      call.put(NEW, Uint8Array.of(0, 2, 0, 0, 0, 0, 0, 0x80));
      expect(run(signals.rt_sigsuspend, call, [NEW, 8]).result).to.equal(EINTR);
      expect(call.masks).to.deep.equal([0x8000000000000200n]);
      expect(call.waits).to.deep.equal([{}]);
      run(signals.sigsuspend, call, [0, 0, 0xffffffff]);
      expect(call.masks[1]).to.equal(0xffffffffn);
      expect(run(signals.rt_sigsuspend, call, [NEW, 4]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.rt_sigsuspend, call, [4, 8]).result).to.equal(-ERRNO.EFAULT);
    });
    describe('sigtimedwait', () => {
      const wait = (set: bigint, seconds: number | null, results: number[], arrived: number | null = null) => {
        call.put(OLD, new Uint8Array(BigUint64Array.of(set).buffer));
        if (seconds !== null) call.put(NEW, timespec32.encode({ sec: seconds }));
        (call.thread as { arrived: unknown }).arrived =
          arrived === null ? null : { signal: arrived, info: siginfo.encode({ signo: arrived }) };
        ends(...results);
        return run(signals.rt_sigtimedwait, call, [OLD, NEW + 64, seconds === null ? 0 : NEW, 8]);
      };
      const USR1 = 1n << BigInt(SIGUSR1 - 1);
      it('takes what came, which was not blocked and had the hook’s handler meanwhile', () => {
        (call.thread as { mask: bigint }).mask = 0x3ffn;
        const { orders, result } = wait(USR1, null, [EINTR], SIGUSR1);
        expect(orders.map((order) => order.slice(0, 2))).to.deep.equal([[174, SIGUSR1]]);
        expect(call.masks).to.deep.equal([0x1ffn]);
        expect(call.waits).to.deep.equal([{ until: Infinity }]);
        expect(result).to.deep.equal({ outcome: 'taken', result: SIGUSR1 });
        expect(siginfo.decode(call.get(NEW + 64, 128) as Uint8Array)).to.include({ signo: SIGUSR1 });
        expect(wait(USR1, null, [EINTR], SIGUSR1).orders, 'once').to.deep.equal([]);
      });
      it('is ended by another', () => {
        expect(wait(USR1, null, [EINTR], SIGTERM).result).to.equal(EINTR);
      });
      it('ends with the time, unless one comes just then', () => {
        const { result } = wait(USR1, 1, [-ERRNO.ETIMEDOUT]);
        expect(result).to.include({ outcome: 'unless', result: -ERRNO.EAGAIN });
        const { arrived } = result as { arrived: (signal: object) => unknown };
        const late = (signal: number) => arrived({ signal, info: siginfo.encode({ signo: signal }) });
        expect(late(SIGUSR1)).to.deep.equal({ outcome: 'taken', result: SIGUSR1 });
        expect(late(SIGTERM)).to.equal(EINTR);
      });
      it('does not wait for no time where nothing is pending', () => {
        expect(wait(USR1, 0, [])).to.deep.equal({ orders: [], result: -ERRNO.EAGAIN });
        call.pending = USR1;
        expect(wait(USR1, 0, [EINTR], SIGUSR1).result).to.deep.equal({ outcome: 'taken', result: SIGUSR1 });
      });
    });
    it('pending is what is blocked', () => {
      call.pending = 0x0f00n;
      (call.thread as { mask: bigint }).mask = 0x0600n;
      expect(run(signals.rt_sigpending, call, [NEW, 8]).result).to.equal(0);
      expect(call.get(NEW, 8)).to.deep.equal(Uint8Array.of(0, 6, 0, 0, 0, 0, 0, 0));
      expect(run(signals.rt_sigpending, call, [NEW, 9]).result).to.equal(-ERRNO.EINVAL);
      expect(run(signals.rt_sigpending, call, [PROTECTED, 8]).result).to.equal(-ERRNO.EFAULT);
    });
  });

  describe('calls that a handler came into', () => {
    const r = (...words: number[]): Uint32Array => Uint32Array.of(...words, 0, 0, 0, 0, 0, 0);
    for (const name of ['wait4', 'accept4', 'recvfrom', 'flock', 'readv', 'mq_timedreceive'] as const)
      it(`${name} is made again`, () => expect(restarts(NUMBERS[name], r())).to.equal(true));
    for (const name of [
      'pause',
      'ppoll',
      '_newselect',
      'nanosleep',
      'epoll_wait',
      'rt_sigtimedwait',
      'msgrcv',
    ] as const)
      it(`${name} is not`, () => expect(restarts(NUMBERS[name], r())).to.equal(false));
    it('futex is, without a time', () => {
      expect(restarts(NUMBERS.futex, r(0, 0x80, 1, 0))).to.equal(true);
      expect(restarts(NUMBERS.futex, r(0, 0x80, 1, 5))).to.equal(false);
    });
  });
});
