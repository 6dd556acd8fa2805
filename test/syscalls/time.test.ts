import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { timespec32, timespec64, timeval, timex32, timex64 } from '../../src/abi/structs-process.js';
import { time } from '../../src/syscalls/time.js';
import { FakeCall, MEMORY, PARENT, PID, PROTECTED, run, UNTRUSTEE } from './fake-process-call.js';

const OUT = MEMORY + 0x100;
/** make_process_cpuclock() and make_thread_cpuclock() of include/linux/posix-timers.h. */
const cpuClock = (pid: number, thread = 0): number => (~pid << 3) | thread | 2;

describe('time', () => {
  let call: FakeCall;
  beforeEach(() => (call = new FakeCall()));
  const near = (seconds: number): void => {
    expect(Math.abs(seconds - Date.now() / 1000)).to.be.lessThan(5);
  };

  it('is answered in both widths', () => {
    expect(run(time.clock_gettime, call, [0, OUT])).to.deep.equal({ orders: [], result: 0 });
    near(Number(timespec32.decode(call.get(OUT, 8) as Uint8Array).sec));
    expect(run(time.clock_gettime64, call, [0, OUT])).to.deep.equal({ orders: [], result: 0 });
    near(Number(timespec64.decode(call.get(OUT, 16) as Uint8Array).sec));
    run(time.gettimeofday, call, [OUT, 0]);
    const { sec, usec } = timeval.decode(call.get(OUT, 8) as Uint8Array);
    near(Number(sec));
    expect(Number(usec)).to.be.within(0, 999_999);
    near(Number(run(time.time, call, [0]).result));
  });
  it('is written to the program’s memory only', () => {
    for (const name of ['clock_gettime', 'clock_gettime64', 'clock_getres'] as const)
      expect(run(time[name], call, [0, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
    expect(run(time.clock_gettime, call, [2, PROTECTED])).to.deep.equal({ orders: [], result: -ERRNO.EFAULT });
    expect(run(time.clock_gettime, call, [0, 0]).result).to.equal(-ERRNO.EFAULT);
  });
  it('of the CPU is the process’s or the untrustee’s, asked by the trustee', () => {
    const asked = (clock: number): number => {
      const { orders } = run(time.clock_gettime, call, [clock, OUT]);
      expect(orders).to.deep.equal([[265, orders[0][1], OUT]]);
      return orders[0][1];
    };
    for (const clock of [2, cpuClock(0), cpuClock(PID)]) expect(asked(clock), String(clock)).to.equal(2);
    for (const clock of [3, cpuClock(0, 4), cpuClock(PID, 4)])
      expect(asked(clock), String(clock)).to.equal(cpuClock(PID + UNTRUSTEE, 4));
    for (const clock of [cpuClock(PID) ^ 2, cpuClock(0) ^ 3]) expect(asked(clock)).to.equal(-8 | (clock & 3));
    expect(asked(cpuClock(PID, 4) ^ 2)).to.equal(cpuClock(PID + UNTRUSTEE, 4) ^ 2);
    for (const clock of [3, cpuClock(PID), cpuClock(PID, 4) ^ 2])
      expect(run(time.clock_getres, call, [clock, OUT]).result, String(clock)).to.equal(0);
  });
  it('of the CPU can be a member’s, but of its threads those of the program only', () => {
    call.join(5000, {}, [5000, 5001]);
    expect(run(time.clock_gettime, call, [cpuClock(5000), OUT]).orders[0][1]).to.equal(cpuClock(5000));
    const refused = [
      cpuClock(5001),
      cpuClock(5001, 4),
      cpuClock(5000, 4),
      cpuClock(PID + UNTRUSTEE, 4),
      cpuClock(1, 4),
    ];
    for (const clock of [...refused, cpuClock(PARENT), cpuClock(5000 + UNTRUSTEE), cpuClock(PID + UNTRUSTEE)])
      expect(run(time.clock_gettime, call, [clock, OUT]), String(clock)).to.deep.equal({
        orders: [],
        result: -ERRNO.EINVAL,
      });
  });
  it('has no other clocks', () => {
    const ofDescriptor = (~5 << 3) | 3;
    for (const clock of [10, 12, 99, cpuClock(1), ofDescriptor])
      for (const name of ['clock_gettime', 'clock_getres', 'clock_nanosleep'] as const)
        expect(run(time[name], call, [clock, OUT, OUT, 0], [-ERRNO.EINVAL]).result, `${name} ${clock}`).to.equal(
          -ERRNO.EINVAL,
        );
  });
  it('clock_getres takes no out-pointer for a question', () => {
    expect(run(time.clock_getres, call, [1, 0]).result).to.equal(0);
    run(time.clock_getres, call, [1, OUT]);
    expect(timespec32.decode(call.get(OUT, 8) as Uint8Array)).to.include({ sec: 0 });
  });
  it('a sleep that is interrupted tells what was left, an absolute one does not', () => {
    const rest = OUT + 0x20;
    call.put(OUT, timespec64.encode({ sec: 0x7fffffffffn, nsec: 2n }));
    call.ended = () => -ERRNO.EINTR;
    for (const [how, told] of [
      [0, true],
      [1, false],
    ] as const) {
      call.put(rest, new Uint8Array(16));
      expect(run(time.clock_nanosleep_time64, call, [1, how, OUT, rest]).result).to.equal(-ERRNO.EINTR);
      const { sec } = timespec64.decode(call.get(rest, 16) as Uint8Array);
      expect(Number(sec) > 0).to.equal(told);
    }
  });
  it('clock_nanosleep copies the time and checks the rest', () => {
    call.put(OUT, timespec64.encode({ sec: 1n, nsec: 2n }));
    expect(run(time.clock_nanosleep_time64, call, [1, 0, OUT, 0])).to.deep.equal({ orders: [], result: 0 });
    expect((call.waits[0].until as number) - performance.now()).to.be.within(900, 1001);
    expect(run(time.clock_nanosleep, call, [1, 0, OUT, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
    expect(run(time.clock_nanosleep, call, [1, 0, 0, 0]).result).to.equal(-ERRNO.EFAULT);
    expect(run(time.clock_nanosleep, call, [3, 0, OUT, 0], [-ERRNO.EOPNOTSUPP]).result).to.equal(-ERRNO.EOPNOTSUPP);
  });
  it('tells the state of a clock to who changes nothing', () => {
    call.put(OUT, new Uint8Array(timex64.size));
    expect(run(time.clock_adjtime64, call, [0, OUT]).result).to.be.within(0, 5);
    const wide = timex64.decode(call.get(OUT, timex64.size) as Uint8Array);
    expect(Number(wide.tick)).to.be.within(9000, 11000);
    call.put(OUT, new Uint8Array(timex32.size));
    expect(run(time.adjtimex, call, [OUT]).result).to.be.within(0, 5);
    const narrow = timex32.decode(call.get(OUT, timex32.size) as Uint8Array);
    expect(narrow.tick).to.equal(Number(wide.tick));
    near(Number(narrow['time.tv_sec']));
    expect(run(time.clock_adjtime, call, [99, OUT]).result).to.equal(-ERRNO.EINVAL);
    expect(run(time.clock_adjtime, call, [(~5 << 3) | 3, OUT]).result).to.equal(-ERRNO.EINVAL);
    expect(run(time.adjtimex, call, [PROTECTED]).result).to.equal(-ERRNO.EFAULT);
  });
  it('is not set', () => {
    call.put(OUT, Uint8Array.of(1, 0, 0, 0));
    for (const [name, registers] of [
      ['adjtimex', [OUT]],
      ['clock_adjtime', [0, OUT]],
      ['clock_adjtime64', [0, OUT]],
    ] as const)
      expect(run(time[name], call, registers)).to.deep.equal({ orders: [], result: -ERRNO.EPERM });
    for (const name of ['clock_settime', 'settimeofday', 'stime'] as const)
      expect(run(time[name], call, []).result).to.equal(-ERRNO.EPERM);
  });
});
