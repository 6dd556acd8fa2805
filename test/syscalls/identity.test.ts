import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { capData, capHeader } from '../../src/abi/structs-process.js';
import { Credentials } from '../../src/native/credentials.js';
import { identity } from '../../src/syscalls/identity.js';
import { processes } from '../../src/syscalls/process.js';
import { FakeCall, MEMORY, NOBODY, PROTECTED, run } from './fake-process-call.js';

const OUT = MEMORY + 0x100;
const NONE = 0xffffffff;
const GET_SECUREBITS = 27;
const PRCTL = 172;

/** Somebody whose ids all differ. */
const someone = new Credentials(
  { real: 1, effective: 2, saved: 70_000, files: 4 },
  { real: 5, effective: 6, saved: 7, files: 8 },
  [9, 10],
  { inheritable: 0n, permitted: 2n, effective: 2n, bounding: 2n, ambient: 0n },
  0,
);

describe('identity', () => {
  let call: FakeCall;
  beforeEach(() => {
    call = new FakeCall();
    // what the kernel is asked about must be there
    call.process = { ...call.process, pid: process.pid, parent: process.ppid };
    call.thread = { ...call.thread, process: call.process, tid: process.pid };
  });

  it('is the thread’s', () => {
    call.thread.credentials = someone;
    expect(run(identity.getuid32, call, []).result).to.equal(1);
    expect(run(identity.geteuid, call, []).result).to.equal(2);
    expect(run(identity.getgid32, call, []).result).to.equal(5);
    run(identity.getresuid32, call, [OUT, OUT + 4, OUT + 8]);
    expect(new Uint32Array((call.get(OUT, 12) as Uint8Array).buffer)).to.deep.equal(Uint32Array.of(1, 2, 70_000));
    run(identity.getresuid, call, [OUT, OUT + 2, OUT + 4]);
    expect(new Uint16Array((call.get(OUT, 6) as Uint8Array).buffer)).to.deep.equal(Uint16Array.of(1, 2, 65534));
    expect(run(identity.getresuid32, call, [OUT, OUT + 4, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
  });
  it('is set by the kernel, with the program’s own words', () => {
    const { orders, result } = run(identity.setresuid, call, [NONE, 0xffff, 0x1ffff], [0, 0]);
    expect(orders[0]).to.deep.equal([164, NONE, 0xffff, 0x1ffff]);
    expect(orders[1].slice(0, 2)).to.deep.equal([PRCTL, GET_SECUREBITS]);
    expect(result, 'nothing changed').to.equal(0);
  });
  it('a refusal of the kernel is the end of it', () => {
    const { orders, result } = run(identity.setregid32, call, [NONE, NONE], [-ERRNO.EPERM]);
    expect(orders).to.have.length(1);
    expect(result).to.equal(-ERRNO.EPERM);
  });
  it('is read back: a thread that is somebody else starts anew', () => {
    call.thread.credentials = someone;
    const { result } = run(identity.setgroups32, call, [0, 0], [0, 0, 1]);
    expect(result).to.deep.equal({ outcome: 'respawn', result: 0 });
    const is = [process.getuid?.(), process.geteuid?.()];
    expect([call.thread.credentials.uid.real, call.thread.credentials.uid.effective]).to.deep.equal(is);
  });
  it('what ends with its helper still does, and is no more to be dumped', () => {
    call.process = { ...call.process, parent: process.pid };
    call.thread = { ...call.thread, process: call.process, credentials: someone };
    const { orders } = run(identity.setgroups32, call, [0, 0], [0, 0, 0, 0]);
    expect(orders.slice(2).map((order) => order.slice(1, 3))).to.deep.equal([[1, 9], [3, 0]]); // prettier-ignore
    expect(run(processes.prctl, call, [3]).result, 'PR_GET_DUMPABLE').to.equal(0);
  });
  it('setfsuid answers the id before, and what came of it is looked at', () => {
    const { orders, result } = run(identity.setfsuid32, call, [NONE], [7, 0]);
    expect(orders).to.have.length(2);
    expect(result).to.equal(7);
  });
  it('no list of groups is read from protected memory', () =>
    expect(run(identity.setgroups32, call, [3, PROTECTED - 8])).to.deep.equal({ orders: [], result: -ERRNO.EFAULT }));

  describe('capget', () => {
    const ask = (version: number, pid: number, data: number) => {
      call.put(OUT, capHeader.encode({ version, pid }));
      return run(identity.capget, call, [OUT, data]);
    };
    it('speaks of the program', () => {
      const { orders } = ask(0x20080522, process.pid, MEMORY);
      expect(orders[0][2]).to.equal(MEMORY);
      expect(capHeader.decode(call.inArena(orders[0][1]))).to.deep.equal({ version: 0x20080522, pid: 0 });
      expect(ask(0x20080522, 1, MEMORY)).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      expect(ask(0x20080522, NOBODY, MEMORY)).to.deep.equal({ orders: [], result: -ERRNO.ESRCH });
      expect(ask(0x20080522, -1, MEMORY)).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
    });
    it('checks as much as the version writes', () => {
      expect(ask(0x19980330, 0, PROTECTED - 12).orders).to.have.length(1);
      expect(ask(0x20080522, 0, PROTECTED - 12)).to.deep.equal({ orders: [], result: -ERRNO.EFAULT });
    });
    it('tells the version it prefers', () => {
      expect(ask(0, 0, 0).result).to.equal(0);
      expect(ask(0, 0, MEMORY).result).to.equal(-ERRNO.EINVAL);
      expect(capHeader.decode(call.get(OUT, 8) as Uint8Array).version).to.equal(0x20080522);
    });
  });

  describe('capset', () => {
    const set = (version: number, pid: number, results: number[] = [0, 0]) => {
      call.put(OUT, capHeader.encode({ version, pid }));
      call.put(MEMORY, capData.encode({ effective: 3, permitted: 2, inheritable: 1 }));
      call.put(MEMORY + capData.size, capData.encode({ effective: 4, permitted: 5, inheritable: 6 }));
      return run(identity.capset, call, [OUT, MEMORY], results);
    };
    it('is made by the trustee, with copies', () => {
      const { orders, result } = set(0x20080522, process.pid);
      expect(capHeader.decode(call.inArena(orders[0][1]))).to.deep.equal({ version: 0x20080522, pid: 0 });
      expect(call.inArena(orders[0][2])).to.deep.equal(call.get(MEMORY, 24));
      expect(result).to.equal(0);
    });
    it('an old version names half of them', () => {
      expect(call.inArena(set(0x19980330, 0).orders[0][2])).to.have.length(12);
    });
    it('is for the thread itself', () => {
      expect(set(0x20080522, 1)).to.deep.equal({ orders: [], result: -ERRNO.EPERM });
      expect(set(7, 0)).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
      call.put(OUT, capHeader.encode({ version: 0x20080522 }));
      expect(run(identity.capset, call, [OUT, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
      expect(run(identity.capset, call, [PROTECTED, MEMORY]).result).to.equal(-ERRNO.EFAULT);
    });
  });
});
