import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { FUTEX, PR } from '../../src/abi/flags-process.js';
import { newUtsname, oldoldUtsname, rlimit64, userDesc, USER_DESC } from '../../src/abi/structs-process.js';
import type { Values } from '../../src/abi/ctype.js';
import { processes } from '../../src/syscalls/process.js';
import { FakeCall, FIRST_TLS, MEMORY, NOBODY, PID, PROTECTED, RESERVED, run } from './fake-process-call.js';

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
    it('copies the time of a wait', () => {
      call.put(AT, Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0));
      const { orders } = futex(MEMORY, F.FUTEX_WAIT | F.FUTEX_PRIVATE_FLAG, 7, AT, 0, 0);
      expect(call.inArena(orders[0][4])).to.deep.equal(Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0));
      expect(orders[0].slice(0, 4)).to.deep.equal([240, MEMORY, F.FUTEX_PRIVATE_FLAG, 7]);
    });
    it('copies sixteen bytes of time for futex_time64', () => {
      const { orders } = run(processes.futex_time64, call, [MEMORY, F.FUTEX_WAIT_BITSET, 7, AT, 0, 1]);
      expect(call.inArena(orders[0][4])).to.have.length(16);
    });
    it('waits for ever without a time', () => {
      expect(futex(MEMORY, F.FUTEX_WAIT, 7, 0).orders).to.deep.equal([[240, MEMORY, 0, 7, 0, 0, 0]]);
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
    for (const [name, registers, at] of [
      ['sched_getscheduler', [PID], 1],
      ['sched_getaffinity', [PID, 4, AT], 1],
      ['prlimit64', [PID, 7, 0, AT], 1],
      ['getpriority', [0, PID], 2],
      ['ioprio_get', [1, PID], 2],
    ] as const)
      it(`${name} takes the program’s own as 0, and others as nobody`, () => {
        expect(run(processes[name], call, registers).orders[0][at]).to.equal(0);
        const other = registers.map((r) => (r === PID ? 1 : r));
        expect(run(processes[name], call, other).orders[0][at]).to.equal(NOBODY);
        expect(call.logs.at(-1)).to.equal(`${name}: process 1 is none of the sandbox's`);
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
    it('reaches no groups and users', () => {
      expect(run(processes.setpriority, call, [1, 0, 5]).result).to.equal(-ERRNO.EPERM);
      expect(run(processes.getpriority, call, [2, 0]).result).to.equal(-ERRNO.EPERM);
      expect(run(processes.ioprio_set, call, [2, 0, 5]).result).to.equal(-ERRNO.EPERM);
      expect(run(processes.getpriority, call, [3, 0]).result).to.equal(-ERRNO.EINVAL);
      expect(run(processes.ioprio_get, call, [0, 0]).result).to.equal(-ERRNO.EINVAL);
    });
    it('prlimit64 copies the new limit and checks where the old one goes', () => {
      call.put(AT, rlimit64.encode({ cur: 64n, max: 128n }));
      const { orders } = run(processes.prlimit64, call, [0, 7, AT, MEMORY]);
      expect(rlimit64.decode(call.inArena(orders[0][3]))).to.deep.equal({ cur: 64n, max: 128n });
      expect(run(processes.prlimit64, call, [0, 7, 0, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
    });
    it('setpgid joins only its own group', () => {
      expect(run(processes.setpgid, call, [0, 0]).orders).to.deep.equal([[57, 0, 0]]);
      expect(run(processes.setpgid, call, [PID, PID]).orders).to.deep.equal([[57, 0, PID]]);
      expect(run(processes.setpgid, call, [0, 55], [55]).orders).to.deep.equal([
        [132, 0],
        [57, 0, 55],
      ]);
      expect(run(processes.setpgid, call, [0, call.process.firstGroup]).orders).to.deep.equal([
        [57, 0, call.process.firstGroup],
      ]);
      expect(run(processes.setpgid, call, [0, 55], [54]).result).to.equal(-ERRNO.EPERM);
      expect(run(processes.setpgid, call, [1, 0]).result).to.equal(-ERRNO.ESRCH);
    });
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
    it('reads it into memory that is the program’s', () => {
      expect(prctl(P.PR_GET_NAME, AT).orders).to.deep.equal([[172, P.PR_GET_NAME, AT, 0, 0, 0]]);
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
      ['PR_CAPBSET_DROP', 'EPERM'],
      ['PR_SET_IO_FLUSHER', 'EPERM'],
      ['PR_GET_AUXV', 'EINVAL'],
    ] as const)
      it(`${name} never reaches the trustee`, () => {
        expect(prctl(P[name], 1)).to.deep.equal({ orders: [], result: -ERRNO[errno] });
        expect(call.logs).to.have.length(1);
      });
    it('ambient capabilities may be asked', () => {
      expect(prctl(P.PR_CAP_AMBIENT, 1, 3).orders).to.deep.equal([[172, P.PR_CAP_AMBIENT, 1, 3, 0, 0]]);
      for (const change of [2, 3, 4])
        expect(prctl(P.PR_CAP_AMBIENT, change, 3)).to.deep.equal({ orders: [], result: -ERRNO.EPERM });
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
