import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { capData, capHeader } from '../../src/abi/structs-process.js';
import { identity } from '../../src/syscalls/identity.js';
import { FakeCall, MEMORY, NOBODY, PID, PROTECTED, run } from './fake-process-call.js';

const OUT = MEMORY + 0x100;
const uid = process.getuid?.() as number;
const other = uid + 1;
const NONE = 0xffffffff;

describe('identity', () => {
  let call: FakeCall;
  beforeEach(() => (call = new FakeCall()));

  it('is the helper’s', () => {
    expect(run(identity.getuid32, call, []).result).to.equal(uid);
    expect(run(identity.getgid32, call, []).result).to.equal(process.getgid?.());
    run(identity.getresuid32, call, [OUT, OUT + 4, OUT + 8]);
    expect(new Uint32Array((call.get(OUT, 12) as Uint8Array).buffer)).to.deep.equal(Uint32Array.of(uid, uid, uid));
    expect(run(identity.getresuid32, call, [OUT, OUT + 4, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
  });
  it('can be set to what it is', () => {
    expect(run(identity.setuid32, call, [uid]).result).to.equal(0);
    expect(run(identity.setreuid32, call, [NONE, uid]).result).to.equal(0);
    expect(run(identity.setresuid32, call, [uid, NONE, NONE]).result).to.equal(0);
    expect(run(identity.setresuid, call, [0xffff, 0xffff, 0xffff]).result).to.equal(0);
  });
  it('cannot be changed yet, and says so once', () => {
    for (let i = 0; i < 2; i++) expect(run(identity.setuid32, call, [other]).result).to.equal(-ERRNO.EPERM);
    expect(call.logs).to.have.length(1);
    expect(run(identity.setreuid32, call, [uid, other]).result).to.equal(-ERRNO.EPERM);
    expect(run(identity.setresuid32, call, [NONE, NONE, other]).result).to.equal(-ERRNO.EPERM);
    expect(run(identity.setgroups32, call, [0, 0]).result).to.equal(-ERRNO.EPERM);
  });
  it('setuid has no "unchanged"', () => expect(run(identity.setuid32, call, [NONE]).result).to.equal(-ERRNO.EINVAL));
  it('setfsuid answers the id before', () => {
    expect(run(identity.setfsuid32, call, [other]).result).to.equal(uid);
    expect(run(identity.setfsuid32, call, [NONE]).result).to.equal(uid);
    expect(call.logs).to.have.length(1);
  });

  describe('capget', () => {
    const ask = (version: number, pid: number, data: number) => {
      call.put(OUT, capHeader.encode({ version, pid }));
      return run(identity.capget, call, [OUT, data]);
    };
    it('speaks of the program', () => {
      const { orders } = ask(0x20080522, PID, MEMORY);
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
    const set = (version: number, pid: number, ...sets: Record<string, number>[]) => {
      call.put(OUT, capHeader.encode({ version, pid }));
      sets.forEach((values, i) => call.put(MEMORY + i * capData.size, capData.encode(values)));
      return run(identity.capset, call, [OUT, MEMORY]).result;
    };
    const own = (name: string, half: number): number => {
      const [, digits] =
        new RegExp(`^Cap${name}:\\s*(\\w{16})$`, 'm').exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
      return parseInt(digits.slice(8 - half * 8, 16 - half * 8), 16);
    };
    const half = (i: number) => ({ effective: own('Eff', i), permitted: own('Prm', i), inheritable: own('Inh', i) });

    it('may set what is', () => {
      expect(set(0x20080522, 0, half(0), half(1))).to.equal(0);
      expect(set(0x20071026, PID, half(0), half(1))).to.equal(0);
    });
    it('changes nothing yet, and says so once', () => {
      for (const name of ['effective', 'permitted', 'inheritable'] as const)
        for (const i of [0, 1]) {
          const changed = [half(0), half(1)];
          changed[i] = { ...changed[i], [name]: (changed[i][name] ^ 2) >>> 0 };
          expect(set(0x20080522, 0, ...changed)).to.equal(-ERRNO.EPERM);
        }
      expect(call.logs).to.have.length(1);
    });
    it('an old version names half of them', () => {
      const upper = Object.values(half(1)).some((bits) => bits !== 0);
      expect(set(0x19980330, 0, half(0))).to.equal(upper ? -ERRNO.EPERM : 0);
    });
    it('is for the program itself', () => {
      expect(set(0x20080522, 1, half(0), half(1))).to.equal(-ERRNO.EPERM);
      expect(set(7, 0)).to.equal(-ERRNO.EINVAL);
      call.put(OUT, capHeader.encode({ version: 0x20080522 }));
      expect(run(identity.capset, call, [OUT, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
      expect(run(identity.capset, call, [PROTECTED, MEMORY]).result).to.equal(-ERRNO.EFAULT);
    });
  });
});
