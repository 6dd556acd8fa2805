import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { FUTEX, PR } from '../../src/abi/flags-process.js';
import {
  futexWaiter,
  newUtsname,
  oldoldUtsname,
  rlimit,
  rlimit64,
  rusage,
  timespec64,
  userDesc,
  USER_DESC,
} from '../../src/abi/structs-process.js';
import type { Values } from '../../src/abi/ctype.js';
import type { Call, Row, Steps, ThreadView, Wait } from '../../src/syscalls/dsl.js';
import { membersOf } from '../../src/syscalls/members.js';
import { processes } from '../../src/syscalls/process.js';
import { deathSignals } from '../../src/syscalls/support-process.js';
import {
  FakeCall,
  FIRST_TLS,
  MEMORY,
  NOBODY,
  PARENT,
  PID,
  PROTECTED,
  RESERVED,
  run,
  UNTRUSTEE,
} from './fake-process-call.js';

const AT = MEMORY + 0x200;
const text = (bytes: unknown): string =>
  Buffer.from(bytes as Uint8Array)
    .toString('latin1')
    .replace(/\0.*$/s, '');

describe('processes', () => {
  let call: FakeCall;
  beforeEach(() => (call = new FakeCall()));

  it('waitid refuses a reserved descriptor', () => {
    expect(run(processes.waitid, call, [3, RESERVED.from, 0, 4, 0])).to.deep.equal({
      orders: [],
      result: -ERRNO.EBADF,
    });
    expect(run(processes.waitid, call, [0, 0, PROTECTED, 4, 0])).to.deep.equal({ orders: [], result: -ERRNO.EFAULT });
    expect(run(processes.waitid, call, [0, RESERVED.from, 0, 4, 0], [-ERRNO.ECHILD]).result).to.equal(-ERRNO.ECHILD);
  });

  it('a child that ends while it is looked for ends the wait for it', () => {
    const sandbox: { ends: number } = call.sandbox;
    const row = processes.wait4 as Extract<Row, { by: 'delegated' }>;
    call.nr = row.nr;
    const steps = row.waits?.(call as unknown as Call);
    expect(steps?.next().value).to.deep.equal([row.nr, 0, 0, 1, 0]);
    sandbox.ends++;
    const wait = steps?.next(0).value as Wait;
    expect(wait.processes?.()).to.equal(true);
    expect(steps?.next(0).value).to.deep.equal([row.nr, 0, 0, 1, 0]);
    expect((steps?.next(0).value as Wait).processes?.()).to.equal(false);
  });

  describe('set_thread_area', () => {
    const DATA = USER_DESC.seg32 | USER_DESC.limitInPages | USER_DESC.usable;
    const store = (values: Values): number => call.put(AT, userDesc.encode(values));
    const set = () => run(processes.set_thread_area, call, [AT]);

    it('records the first free entry, tells it to the program and starts the thread anew', () => {
      store({ entry: 0xffffffff, base: 0x1234, limit: 0xfffff, flags: DATA });
      expect(set()).to.deep.equal({ orders: [], result: { outcome: 'respawn', result: 0 } });
      expect(userDesc.decode(call.thread.tls[0])).to.deep.equal({
        entry: FIRST_TLS,
        base: 0x1234,
        limit: 0xfffff,
        flags: DATA,
      });
      expect(userDesc.decode(call.get(AT, 16) as Uint8Array).entry).to.equal(FIRST_TLS);
      store({ entry: 0xffffffff, base: 0x5678, limit: 1, flags: DATA });
      set();
      expect(userDesc.decode(call.thread.tls[2]).entry).to.equal(FIRST_TLS + 2);
      store({ entry: 0xffffffff, base: 0x9abc, limit: 1, flags: DATA });
      expect(set().result).to.equal(-ERRNO.ESRCH);
    });
    it('answers at once what is set already', () => {
      store({ entry: FIRST_TLS, base: 8, limit: 1, flags: DATA });
      set();
      expect(set().result).to.equal(0);
    });
    it('clears an entry', () => {
      store({ entry: FIRST_TLS, base: 8, limit: 1, flags: DATA });
      set();
      store({ entry: FIRST_TLS });
      expect(set().result).to.deep.equal({ outcome: 'respawn', result: 0 });
      expect(userDesc.decode(call.thread.tls[0])).to.deep.equal({ entry: FIRST_TLS, base: 0, limit: 0, flags: 0x28 });
    });
    for (const [what, values] of [
      ['the hook’s entry', { entry: FIRST_TLS + 1, limit: 1, flags: DATA }],
      ['an entry below', { entry: FIRST_TLS - 1, limit: 1, flags: DATA }],
      ['an entry above', { entry: FIRST_TLS + 3, limit: 1, flags: DATA }],
      ['16-bit segments', { entry: FIRST_TLS, limit: 1, flags: USER_DESC.usable }],
      ['code segments', { entry: FIRST_TLS, limit: 1, flags: DATA | 4 }],
      ['absent segments', { entry: FIRST_TLS, limit: 1, flags: DATA | USER_DESC.notPresent }],
    ] as const)
      it(`refuses ${what}`, () => {
        store(values);
        expect(set()).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
        expect(call.thread.tls).to.deep.equal([]);
      });
    it('is read back by get_thread_area, empty entries too', () => {
      store({ entry: FIRST_TLS + 2, base: 8, limit: 1, flags: DATA | 0x80 });
      set();
      call.put(AT, userDesc.encode({ entry: FIRST_TLS + 2 }));
      expect(run(processes.get_thread_area, call, [AT]).result).to.equal(0);
      expect(userDesc.decode(call.get(AT, 16) as Uint8Array)).to.deep.equal({
        entry: FIRST_TLS + 2,
        base: 8,
        limit: 1,
        flags: DATA,
      });
      call.put(AT, userDesc.encode({ entry: FIRST_TLS }));
      run(processes.get_thread_area, call, [AT]);
      expect(userDesc.decode(call.get(AT, 16) as Uint8Array).flags).to.equal(0x28);
      call.put(AT, userDesc.encode({ entry: FIRST_TLS + 1 }));
      expect(run(processes.get_thread_area, call, [AT]).result).to.equal(-ERRNO.EINVAL);
    });
  });

  describe('futex', () => {
    const F = FUTEX.values;
    const futex = (...registers: number[]) => run(processes.futex, call, registers);
    const NUMBERS = { futex_time64: 422, futex_waitv: 449 };
    const WOKEN = 1;
    const waiters = (order: readonly number[]): Record<string, unknown>[] => {
      const bytes = call.inArena(order[1]);
      return [0, 24].map((at) => futexWaiter.decode(bytes.subarray(at)));
    };
    const wait = (results: number[], ...registers: number[]) => run(processes.futex, call, registers, results);
    it('waits on the cancel word too, which comes first', () => {
      const { orders, result } = wait([WOKEN], MEMORY, F.FUTEX_WAIT | F.FUTEX_PRIVATE_FLAG, 7, 0);
      expect(result).to.equal(0);
      expect([orders[0][0], ...orders[0].slice(2)]).to.deep.equal([NUMBERS.futex_waitv, 2, 0, 0, 1]);
      const { address, value } = call.cancelWord;
      expect(waiters(orders[0])).to.deep.equal([
        { val: BigInt(value), uaddr: BigInt(address), flags: 2, __reserved: 0 },
        { val: 7n, uaddr: BigInt(MEMORY), flags: 2 | F.FUTEX_PRIVATE_FLAG, __reserved: 0 },
      ]);
    });
    it('has an absolute time, whatever the width', () => {
      call.put(AT, Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0));
      const now = performance.now() / 1000;
      const { orders } = wait([-ERRNO.ETIMEDOUT], MEMORY, F.FUTEX_WAIT, 7, AT);
      const { sec } = timespec64.decode(call.inArena(orders[0][4]));
      expect(Number(sec)).to.be.above(now);
      call.put(AT, timespec64.encode({ sec: 5n, nsec: 6n }));
      const absolute = F.FUTEX_WAIT_BITSET | F.FUTEX_CLOCK_REALTIME;
      const wide = run(processes.futex_time64, call, [MEMORY, absolute, 7, AT, 0, 0xffffffff], [-ERRNO.ETIMEDOUT]);
      expect(timespec64.decode(call.inArena(wide.orders[0][4]))).to.deep.equal({ sec: 5n, nsec: 6n });
      expect(wide.orders[0][5], 'the clock').to.equal(0);
    });
    it('a cancel that came first, or woke it, is EINTR; the program’s own wake is not lost to it', () => {
      call.cancelled = true;
      for (const [woken, result] of [
        [0, -ERRNO.EINTR],
        [-ERRNO.EAGAIN, -ERRNO.EINTR],
        [WOKEN, 0],
        [-ERRNO.ETIMEDOUT, -ERRNO.ETIMEDOUT],
      ])
        expect(wait([woken], MEMORY, F.FUTEX_WAIT, 7, 0).result).to.equal(result);
      call.cancelled = false;
      expect(wait([-ERRNO.EAGAIN], MEMORY, F.FUTEX_WAIT, 7, 0).result).to.equal(-ERRNO.EAGAIN);
      expect(wait([0, -ERRNO.EINTR, WOKEN], MEMORY, F.FUTEX_WAIT, 7, 0).orders).to.have.length(3);
    });
    it('with a bitset waits in slices, between which it can be cancelled', () => {
      const registers = [MEMORY, F.FUTEX_WAIT_BITSET, 7, 0, 0, 5];
      const { orders, result } = wait([-ERRNO.ETIMEDOUT, -ERRNO.ETIMEDOUT, 0], ...registers);
      expect([orders.length, result]).to.deep.equal([3, 0]);
      expect([...orders[0].slice(0, 4), ...orders[0].slice(5)]).to.deep.equal([422, MEMORY, 9, 7, 0, 5]);
      call.cancelled = true;
      expect(wait([], ...registers).result).to.equal(-ERRNO.EINTR);
      expect(wait([], MEMORY, F.FUTEX_WAIT_BITSET, 7, 0, 0, 0).result).to.equal(-ERRNO.EINVAL);
    });
    it('futex_waitv has one word less, none of them protected', () => {
      const any = (count: number, uaddr: number | bigint, results: number[] = []) => {
        call.put(AT, futexWaiter.encode({ val: 1, uaddr, flags: 2 }));
        return run(processes.futex_waitv, call, [AT, count, 0, 0, 1], results);
      };
      expect(any(1, MEMORY, [WOKEN])).to.deep.include({ result: 0 });
      expect(any(1, PROTECTED).result).to.equal(-ERRNO.EFAULT);
      expect(any(1, (1n << 32n) | BigInt(MEMORY)).result).to.equal(-ERRNO.EFAULT);
      for (const count of [0, 128]) expect(any(count, MEMORY).result).to.equal(-ERRNO.EINVAL);
    });
    it('passes counts where a wait has its time', () => {
      expect(futex(MEMORY, F.FUTEX_CMP_REQUEUE, 1, 5, AT, 3).orders).to.deep.equal([[240, MEMORY, 4, 1, 5, AT, 3]]);
    });
    for (const [op, first, second] of [
      [F.FUTEX_WAIT, PROTECTED, 0],
      [F.FUTEX_WAKE, PROTECTED, 0],
      [F.FUTEX_WAKE, PROTECTED - 2, 0],
      [F.FUTEX_WAIT_BITSET, PROTECTED, 0],
      [F.FUTEX_REQUEUE, MEMORY, PROTECTED],
      [F.FUTEX_REQUEUE, PROTECTED, MEMORY],
      [F.FUTEX_CMP_REQUEUE, MEMORY, PROTECTED],
      [F.FUTEX_WAKE_OP, MEMORY, PROTECTED],
    ] as const)
      for (const flag of [0, F.FUTEX_PRIVATE_FLAG])
        it(`refuses ${op | flag} on 0x${first.toString(16)}, 0x${second.toString(16)}`, () => {
          expect(futex(first, op | flag, 1, 0, second, 0)).to.deep.equal({ orders: [], result: -ERRNO.EFAULT });
        });
    for (const op of [
      F.FUTEX_FD,
      F.FUTEX_LOCK_PI,
      F.FUTEX_UNLOCK_PI,
      F.FUTEX_TRYLOCK_PI,
      F.FUTEX_WAIT_REQUEUE_PI,
      12,
      13,
      77,
    ])
      it(`does not have operation ${op}`, () => expect(futex(MEMORY, op).result).to.equal(-ERRNO.ENOSYS));
  });

  it('robust list and thread id are recorded', () => {
    expect(run(processes.set_robust_list, call, [AT, 13]).result).to.equal(-ERRNO.EINVAL);
    expect(run(processes.set_robust_list, call, [AT, 12]).result).to.equal(0);
    expect(run(processes.get_robust_list, call, [0, MEMORY, MEMORY + 4]).result).to.equal(0);
    expect(new DataView((call.get(MEMORY, 8) as Uint8Array).buffer).getUint32(0, true)).to.equal(AT);
    expect(run(processes.set_tid_address, call, [AT]).result).to.equal(PID);
    expect(call.thread).to.include({ robustList: AT, clearTid: AT });
  });

  it('uname shows a 32-bit machine', () => {
    run(processes.uname, call, [AT]);
    const names = newUtsname.decode(call.get(AT, newUtsname.size) as Uint8Array);
    expect([text(names.sysname), text(names.machine)]).to.deep.equal(['Linux', 'i686']);
    run(processes.oldolduname, call, [AT]);
    const old = oldoldUtsname.decode(call.get(AT, oldoldUtsname.size) as Uint8Array);
    expect([text(old.sysname), text(old.machine)]).to.deep.equal(['Linux', 'i686']);
    expect(text(names.release).startsWith(text(old.release))).to.equal(true);
  });

  it('umask is kept for the helper and set in the kernel', () => {
    expect(run(processes.umask, call, [0o7027], [0o22])).to.deep.equal({ orders: [[60, 0o027]], result: 0o22 });
    expect(call.process.umask).to.equal(0o027);
  });

  it('personality is the default one', () => {
    expect(run(processes.personality, call, [0xffffffff]).orders).to.deep.equal([[136, 0xffffffff]]);
    expect(run(processes.personality, call, [8]).orders).to.deep.equal([[136, 8]]);
    expect(run(processes.personality, call, [0x0040000]).result).to.equal(-ERRNO.EINVAL);
  });

  describe('what names a process', () => {
    /** The program's other thread, another process with two, and one whose main thread ended. */
    const [SECOND, OTHER, OTHERS, HEADLESS, HEADLESSES] = [4800, 5000, 5001, 5100, 5101];
    beforeEach(() => {
      (call.process.living as ThreadView[]).push({ ...call.thread, tid: SECOND, hostTid: SECOND + UNTRUSTEE });
      call.join(OTHER, {}, [OTHER, OTHERS]);
      call.join(HEADLESS, {}, [HEADLESSES]);
    });
    /** The helper, init, trustees and untrustees by their real ids, an idle trustee, a lifeline. */
    const OUTSIDE = [PARENT, 1, PID + UNTRUSTEE, SECOND + UNTRUSTEE, OTHERS + UNTRUSTEE, PID + 1, SECOND + 1];

    const MINE = PID + UNTRUSTEE;
    const BY_THREAD = [
      ['sched_getscheduler', (who: number) => [who], 1],
      ['sched_getaffinity', (who: number) => [who, 4, AT], 1],
      ['sched_getparam', (who: number) => [who, AT], 1],
      ['sched_getattr', (who: number) => [who, AT, 48, 0], 1],
      ['sched_rr_get_interval', (who: number) => [who, AT], 1],
      ['getpriority', (who: number) => [0, who], 2],
      ['ioprio_get', (who: number) => [1, who], 2],
    ] as const;
    for (const [name, registers, at] of BY_THREAD)
      it(`${name} asks the untrustee of a thread, and of others nobody`, () => {
        const asked = (who: number): number[] => run(processes[name], call, registers(who)).orders.map((o) => o[at]);
        expect(asked(0)).to.deep.equal([MINE]);
        expect(asked(PID)).to.deep.equal([MINE]);
        expect(asked(SECOND)).to.deep.equal([SECOND + UNTRUSTEE]);
        expect(asked(OTHERS)).to.deep.equal([OTHERS + UNTRUSTEE]);
        expect(asked(HEADLESS)).to.deep.equal([HEADLESS]);
        for (const who of OUTSIDE) expect(asked(who), String(who)).to.deep.equal([NOBODY]);
        expect(call.logs.at(-1)).to.equal(`${name}: process ${OUTSIDE.at(-1)} is none of the sandbox's`);
      });

    const SETTERS = [
      ['sched_setaffinity', (who: number) => [who, 4, AT], 1],
      ['sched_setscheduler', (who: number) => [who, 0, AT], 1],
      ['sched_setparam', (who: number) => [who, AT], 1],
      ['sched_setattr', (who: number) => [who, AT, 0], 1],
      ['setpriority', (who: number) => [0, who, 5], 2],
      ['ioprio_set', (who: number) => [1, who, 0x4007], 2],
    ] as const;
    for (const [name, registers, at] of SETTERS)
      it(`${name} sets the untrustee, and the trustee that later ones come from`, () => {
        const set = (who: number, results: number[] = []): number[] =>
          run(processes[name], call, registers(who), results).orders.map((o) => o[at]);
        expect(set(0)).to.deep.equal([MINE, 0]);
        expect(set(SECOND)).to.deep.equal([SECOND + UNTRUSTEE, SECOND]);
        expect(set(OTHER)).to.deep.equal([OTHER + UNTRUSTEE, OTHER]);
        expect(set(OTHER, [-ERRNO.EPERM])).to.deep.equal([OTHER + UNTRUSTEE]);
        for (const who of OUTSIDE) expect(set(who, [-ERRNO.ESRCH]), String(who)).to.deep.equal([NOBODY]);
      });
    it('that has no untrustee at the moment is its trustee', () => {
      (call.thread as { hostTid: number }).hostTid = 0;
      expect(run(processes.sched_setaffinity, call, [0, 4, AT]).orders.map((o) => o[1])).to.deep.equal([0]);
    });
    it('nice changes both to the same', () => {
      expect(run(processes.nice, call, [3], [0, 13, 0]).orders).to.deep.equal([
        [34, 3],
        [96, 0, 0],
        [97, 0, MINE, 7],
      ]);
      expect(run(processes.nice, call, [-3], [-ERRNO.EPERM])).to.deep.equal({
        orders: [[34, 0xfffffffd]],
        result: -ERRNO.EPERM,
      });
    });

    for (const [name, registers, at] of [
      ['prlimit64', (who: number) => [who, 7, 0, AT], 1],
      ['getpgid', (who: number) => [who], 1],
      ['getsid', (who: number) => [who], 1],
    ] as const)
      it(`${name} takes members, and others as nobody`, () => {
        const asked = (who: number): number => run(processes[name], call, registers(who)).orders[0][at];
        for (const own of [0, PID, SECOND]) expect(asked(own)).to.equal(0);
        for (const who of [OTHER, OTHERS]) expect(asked(who)).to.equal(OTHER);
        for (const who of OUTSIDE) expect(asked(who), String(who)).to.equal(NOBODY);
      });
    it('prlimit64 leaves another’s reserved descriptors to the sandbox', () => {
      call.join(6000, { reserved: { from: 500, to: 548 } });
      call.put(AT, rlimit64.encode({ cur: 1024n, max: 4096n }));
      const limit = (who: number): unknown =>
        rlimit64.decode(call.inArena(run(processes.prlimit64, call, [who, 7, AT, 0]).orders[0][3]));
      expect(limit(6000)).to.deep.equal({ cur: 500n, max: 4096n });
      expect(limit(0)).to.deep.equal({ cur: BigInt(RESERVED.from), max: 4096n });
    });
    it('get_robust_list tells that of any thread', () => {
      for (const { living } of call.members) for (const thread of living) thread.robustList = thread.tid * 2;
      for (const tid of [PID, SECOND, OTHERS]) {
        expect(run(processes.get_robust_list, call, [tid, MEMORY, MEMORY + 4]).result).to.equal(0);
        expect(new DataView((call.get(MEMORY, 4) as Uint8Array).buffer).getUint32(0, true)).to.equal(tid * 2);
      }
      for (const who of OUTSIDE)
        expect(run(processes.get_robust_list, call, [who, MEMORY, MEMORY + 4]).result).to.equal(-ERRNO.ESRCH);
    });
    it('pidfd_open takes members, and lets go what took their number meanwhile', () => {
      expect(run(processes.pidfd_open, call, [OTHER, 0], [7])).to.deep.equal({ orders: [[434, OTHER, 0]], result: 7 });
      for (const who of OUTSIDE)
        expect(run(processes.pidfd_open, call, [who, 0])).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      for (const [who, how] of [
        [OTHERS, 0],
        [OTHER, 0x80],
        [0, 0],
        [0xffffffff, 0],
      ])
        // prettier-ignore
        expect(run(processes.pidfd_open, call, [who, how])).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
      const open = processes.pidfd_open as Extract<Row, { by: 'odd' }>;
      call.r = Uint32Array.of(OTHER, 0, 0, 0, 0, 0);
      const steps = open.steps(call as unknown as Call) as Steps;
      steps.next();
      call.members.splice(1, 1);
      expect(steps.next(7).value).to.deep.equal([6, 7]);
      expect(steps.next(0).value).to.equal(-ERRNO.ESRCH);
    });

    it('of nobody is asked in the name of nobody, so that no new process can be meant', () => {
      const gone = 0x3fffff; // the last pid that there can be
      const asked = run(processes.sched_getscheduler, call, [gone], [-ERRNO.ESRCH]);
      expect(asked).to.deep.equal({ orders: [[157, NOBODY]], result: -ERRNO.ESRCH });
      expect(run(processes.prlimit64, call, [gone, 7, 0, AT]).orders[0][1]).to.equal(NOBODY);
      expect(run(processes.getpgid, call, [gone]).orders).to.deep.equal([[132, NOBODY]]);
      expect(run(processes.setpgid, call, [gone, 0])).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
    });
    it('sched_getaffinity: the kernel writes as much as it has processors', () => {
      expect(run(processes.sched_getaffinity, call, [0, 0xfffffffc, MEMORY]).orders).to.have.length(1);
      expect(run(processes.sched_getaffinity, call, [0, 64, PROTECTED - 32]).result).to.equal(-ERRNO.EFAULT);
    });
    it('a group or user is what the sandbox has of it', () => {
      const [A, B] = [call.join(7000, { group: PID }, [7000, 7001]), call.join(7002, { group: PARENT })];
      const set = (kind: number, who: number): number[] =>
        run(processes.setpriority, call, [kind, who, 5]).orders.map((o) => o[2]);
      const both = (...tids: number[]): number[] => tids.flatMap((tid) => [tid + UNTRUSTEE, tid]);
      const mine = [MINE, 0, ...both(SECOND)];
      expect(set(1, 0)).to.deep.equal([...mine, ...both(7000, 7001)]);
      expect(set(1, A.group)).to.deep.equal(set(1, 0));
      expect(set(1, B.group)).to.deep.equal(both(7002));
      const uid = process.getuid?.() ?? 0;
      expect(set(2, 0))
        .to.have.length(2 * 8)
        .and.to.deep.equal(set(2, uid));
      for (const [kind, who] of [
        [1, 1],
        [1, 77],
        [1, 0xffffffff],
        [2, uid + 1],
      ])
        // prettier-ignore
        expect(run(processes.setpriority, call, [kind, who, 5])).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      for (const name of ['setpriority', 'getpriority'] as const)
        expect(run(processes[name], call, [3, 0]).result).to.equal(-ERRNO.EINVAL);
      expect(run(processes.ioprio_get, call, [0, 0]).result).to.equal(-ERRNO.EINVAL);
    });
    it('the best priority of a group counts', () => {
      call.join(7000, { group: PID });
      expect(run(processes.getpriority, call, [1, PID], [20, 25, -ERRNO.ESRCH]).result).to.equal(25);
      expect(run(processes.getpriority, call, [1, PID], Array(3).fill(-ERRNO.ESRCH)).result).to.equal(-ERRNO.ESRCH);
      expect(run(processes.ioprio_get, call, [2, PID], [0x6000, 0x4002, 0]).result).to.equal(0x4002);
    });
    it('prlimit64 copies the new limit and checks where the old one goes', () => {
      call.put(AT, rlimit64.encode({ cur: 64n, max: 128n }));
      const { orders } = run(processes.prlimit64, call, [0, 7, AT, MEMORY]);
      expect(rlimit64.decode(call.inArena(orders[0][3]))).to.deep.equal({ cur: 64n, max: BigInt(RESERVED.to) });
      expect(call.process.hardOpenFiles).to.equal(128n);
      expect(run(processes.prlimit64, call, [0, 7, 0, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
    });
    it('a limit is remembered as the kernel got it, whatever stands there meanwhile', () => {
      for (const [row, registers, bytes] of [
        [processes.prlimit64, [0, 7, AT, 0], (max: bigint) => rlimit64.encode({ cur: 64n, max })],
        [processes.setrlimit, [7, AT], (max: bigint) => rlimit.encode({ cur: 64, max: Number(max) })],
      ] as const) {
        call.put(AT, bytes(128n));
        call.ordered = () => call.put(AT, bytes(64n)); // by another thread
        expect(run(row, call, registers).result).to.equal(0);
        expect(call.process.hardOpenFiles).to.equal(128n);
        call.process.hardOpenFiles = null;
      }
    });
    it('setpgid moves itself and children, to groups of the sandbox in the session, or the first one', () => {
      const set = (who: number, group: number) => run(processes.setpgid, call, [who, group]);
      expect(set(0, 0).orders).to.deep.equal([[57, 0, 0]]);
      expect(set(PID, PID).orders).to.deep.equal([[57, 0, PID]]);
      call.join(7000, { group: 7100 });
      call.join(7200, { group: 7200, session: 7200 });
      for (const group of [0, 7000, 7100, call.process.firstGroup]) {
        expect(set(0, group === 7000 ? 0 : group).orders).to.deep.equal([[57, 0, group === 7000 ? 0 : group]]);
        expect(set(7000, group).orders).to.deep.equal([[57, 7000, group]]);
      }
      for (const group of [1, 55, 7200, ...OUTSIDE.slice(1)]) expect(set(0, group).result).to.equal(-ERRNO.EPERM);
      for (const who of OUTSIDE) expect(set(who, 0)).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      expect(set(0, -5)).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
    });
    it('a group is known by its members, and the first one is not the sandbox’s', () => {
      const members = membersOf(call as unknown as Call);
      const other = call.join(7000, { group: 7100 });
      call.join(7001, { group: PARENT });
      expect(members.all()).to.deep.equal(call.members);
      expect(members.group(7100)).to.deep.equal([other]);
      expect([7100, PID, PARENT, 1, 0, -1, 7000].map((group) => members.ownsGroup(group))).to.deep.equal([
        ...[true, true, false, false, false, false, false],
      ]);
    });
    it('the end of a parent is told to the children that want to know', () => {
      const child = call.join(7000, { parent: PID });
      call.join(7001, { parent: PID });
      const fake = new FakeCall();
      Object.assign(fake, { process: child });
      run(processes.prctl, fake, [PR.values.PR_SET_PDEATHSIG, 9]);
      expect(deathSignals(call.sandbox, PID)).to.deep.equal([{ process: child, signal: 9 }]);
      expect(deathSignals(call.sandbox, child.pid)).to.deep.equal([]);
    });
  });

  it('getcpu and RUSAGE_THREAD speak of the untrustee', () => {
    const me = call.join(process.pid, {}, [process.pid]);
    Object.assign([...me.living][0], { hostTid: process.pid });
    Object.assign(call, { process: me, thread: [...me.living][0] });
    expect(run(processes.getcpu, call, [AT, AT + 4, PROTECTED]).result).to.equal(0);
    const [processor, node] = new Uint32Array((call.get(AT, 8) as Uint8Array).buffer);
    expect(existsSync(`/sys/devices/system/cpu/cpu${processor}`)).to.equal(true);
    expect(node).to.be.below(64);
    expect(run(processes.getrusage, call, [1, AT])).to.deep.equal({ orders: [], result: 0 });
    const usage = rusage.decode(call.get(AT, rusage.size) as Uint8Array) as Record<string, number>;
    const { user, system } = process.cpuUsage();
    const told = (usage.utimeSec + usage.stimeSec) * 1e6 + usage.utimeUsec + usage.stimeUsec;
    expect(told).to.be.within(1, user + system);
    expect(usage.maxrss).to.be.above(10_000);
    expect(usage.utimeUsec).to.be.within(0, 999_999);
    expect(run(processes.getrusage, call, [1, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
    expect(run(processes.getrusage, call, [0, AT]).orders).to.deep.equal([[77, 0, AT]]);
  });

  describe('prctl', () => {
    const P = PR.values;
    const prctl = (...registers: number[]) => run(processes.prctl, call, registers);
    it('sets the name of the leader, cut like the kernel cuts', () => {
      call.put(AT, Buffer.from('a name of more than sixteen bytes\0'));
      const { orders } = prctl(P.PR_SET_NAME, AT);
      expect(text(call.inArena(orders[0][2]))).to.equal('a name of more ');
      call.put(AT, Buffer.from('short\0'));
      expect(text(call.inArena(prctl(P.PR_SET_NAME, AT).orders[0][2]))).to.equal('short');
    });
    it('sets that of the untrustee, by a file that only its process can write', () => {
      call.put(AT, Buffer.from('short\0'));
      const { orders, result } = run(processes.prctl, call, [P.PR_SET_NAME, AT], [0, 5, 5, 0]);
      expect([result, ...orders.slice(1).map(([nr]) => nr)]).to.deep.equal([0, 5, 4, 6]);
      expect(text(call.inArena(orders[1][1]))).to.equal(`/proc/self/task/${PID + UNTRUSTEE}/comm`);
      expect(orders[2].slice(1)).to.deep.equal([5, orders[0][2], 5]);
      expect(run(processes.prctl, call, [P.PR_SET_NAME, AT], [0, -ERRNO.EMFILE])).to.have.property('result', 0);
    });
    it('reads it into memory that is the program’s', () => {
      expect(prctl(P.PR_GET_NAME, AT).orders).to.deep.equal([[172, P.PR_GET_NAME, AT]]);
      expect(prctl(P.PR_GET_NAME, PROTECTED - 4).result).to.equal(-ERRNO.EFAULT);
    });
    it('remembers what it does not apply', () => {
      expect(prctl(P.PR_SET_DUMPABLE, 0)).to.deep.equal({ orders: [], result: 0 });
      expect(prctl(P.PR_GET_DUMPABLE).result).to.equal(0);
      expect(prctl(P.PR_SET_PDEATHSIG, 9)).to.deep.equal({ orders: [], result: 0 });
      prctl(P.PR_GET_PDEATHSIG, AT);
      expect(call.get(AT, 4)).to.deep.equal(Uint8Array.of(9, 0, 0, 0));
    });
    it('knows of no_new_privs', () => {
      expect(prctl(P.PR_GET_NO_NEW_PRIVS).result).to.equal(1);
      expect(prctl(P.PR_SET_NO_NEW_PRIVS, 1).result).to.equal(0);
      expect(prctl(P.PR_SET_NO_NEW_PRIVS, 0).result).to.equal(-ERRNO.EINVAL);
    });
    for (const [name, errno] of [
      ['PR_SET_SECCOMP', 'EINVAL'],
      ['PR_SET_MM', 'EPERM'],
      ['PR_SET_SYSCALL_USER_DISPATCH', 'EINVAL'],
      ['PR_SET_MDWE', 'EINVAL'],
      ['PR_SET_PTRACER', 'EINVAL'],
      ['PR_SET_IO_FLUSHER', 'EPERM'],
      ['PR_GET_AUXV', 'EINVAL'],
    ] as const)
      it(`${name} never reaches the trustee`, () => {
        expect(prctl(P[name], 1)).to.deep.equal({ orders: [], result: -ERRNO[errno] });
        expect(call.logs).to.have.length(1);
      });
    it('ambient capabilities may be asked', () => {
      expect(prctl(P.PR_CAP_AMBIENT, 1, 3).orders).to.deep.equal([[172, P.PR_CAP_AMBIENT, 1, 3, 0, 0]]);
    });
    for (const name of ['PR_SET_KEEPCAPS', 'PR_CAPBSET_DROP', 'PR_SET_SECUREBITS', 'PR_CAP_AMBIENT'] as const)
      it(`${name} is the kernel's to decide`, () => {
        const order = [172, P[name], 2, 3, 0, 0];
        expect(run(processes.prctl, call, order.slice(1), [-ERRNO.EPERM])).to.deep.equal({
          orders: [order],
          result: -ERRNO.EPERM,
        });
        expect(run(processes.prctl, call, order.slice(1)).orders[1][1], 'what came of it').to.equal(
          P.PR_GET_SECUREBITS,
        );
      });
    it('tells the recorded address that is cleared at the end', () => {
      call.thread.clearTid = 0x1234;
      expect(prctl(P.PR_GET_TID_ADDRESS, AT)).to.deep.equal({ orders: [], result: 0 });
      expect(call.get(AT, 4)).to.deep.equal(Uint8Array.of(0x34, 0x12, 0, 0));
    });
    it('the TSC stays as it is', () => {
      expect(prctl(P.PR_SET_TSC, 2)).to.deep.equal({ orders: [], result: -ERRNO.EPERM });
      expect(prctl(P.PR_SET_TSC, 1)).to.deep.equal({ orders: [], result: 0 });
    });
    it('knows no other option', () => expect(prctl(0x12345)).to.deep.equal({ orders: [], result: -ERRNO.EINVAL }));
  });
});
