import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { AT_FDCWD } from '../../src/abi/flags.js';
import {
  asHelper,
  assume,
  CAP,
  Credentials,
  ownCredentials,
  parseStatus,
  withRights,
} from '../../src/native/credentials.js';
import { native } from '../../src/native/index.js';

const status = (groups: string): string =>
  `Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nFDSize:\t64\nGroups:\t${groups} \nNStgid:\t99\nCapInh:\t0000000000000000
CapPrm:\t0000010000000001\nCapEff:\t0000000000000001\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n`;

describe('credentials', () => {
  it('are told by a status file', () => {
    const { uid, gid, groups, capabilities, securebits } = parseStatus(status('9 10'), 16);
    expect(uid).to.deep.equal({ real: 1, effective: 2, saved: 3, files: 4 });
    expect(gid).to.deep.equal({ real: 5, effective: 6, saved: 7, files: 8 });
    expect(groups).to.deep.equal([9, 10]);
    expect(capabilities.permitted).to.equal(0x10000000001n);
    expect(securebits).to.equal(16);
    expect(parseStatus(status(''), 0).groups).to.deep.equal([]);
    expect(() => parseStatus('Uid:\t1\t2\t3\t4\n', 0)).to.throw('tells no');
  });
  it('access(2) looks with the real ids', () => {
    const { uid, gid, capabilities } = parseStatus(status(''), 0).forAccess;
    expect([uid.files, gid.files, capabilities.effective]).to.deep.equal([1, 5, 0n]);
    const root = new Credentials({ ...uid, real: 0 }, gid, [], { ...capabilities, permitted: 6n }, 0);
    expect(root.forAccess.capabilities.effective).to.equal(6n);
    const left = new Credentials({ ...uid, real: 1 }, gid, [], { ...capabilities, effective: 4n }, 1 << 2);
    expect(left.forAccess.capabilities.effective, 'SECBIT_NO_SETUID_FIXUP').to.equal(4n);
  });

  describe("the helper's thread", function () {
    const dir = join(tmpdir(), `nurse-credentials-${process.pid}`);
    const of = (uid: number, gid: number, groups: number[], effective = 0n): Credentials => {
      const ids = (id: number) => ({ real: id, effective: id, saved: id, files: id });
      const { capabilities } = ownCredentials();
      return new Credentials(ids(uid), ids(gid), groups, { ...capabilities, effective }, 0);
    };
    const now = () => parseStatus(readFileSync('/proc/thread-self/status', 'latin1'), 0);
    const search = (): number => native.faccessat(AT_FDCWD, `${dir}/x`, 0, 0x200);

    before(function () {
      if (process.geteuid?.() !== 0) this.skip();
      mkdirSync(dir, { mode: 0o700 });
    });
    afterEach(() => assume(ownCredentials()));
    after(() => rmSync(dir, { recursive: true, force: true }));

    it('has the rights of another, and its own again', () => {
      const before = now().same;
      expect(search()).to.equal(-ERRNO.ENOENT);
      assume(of(65533, 65532, [65531, 7]));
      expect(search()).to.equal(-ERRNO.EACCES);
      const { uid, gid, groups, capabilities } = now();
      expect([uid.real, uid.effective, uid.saved, uid.files]).to.deep.equal([0, 0, 0, 65533]);
      expect([gid.files, ...groups].sort()).to.deep.equal([65531, 65532, 7].sort());
      expect(capabilities.effective).to.equal(
        ((1n << BigInt(CAP.KILL)) | (1n << BigInt(CAP.SYS_PTRACE))) & capabilities.permitted,
      );
      expect(asHelper(search), 'its own work').to.equal(-ERRNO.ENOENT);
      expect(search()).to.equal(-ERRNO.EACCES);
      assume(ownCredentials());
      expect(now().same).to.equal(before);
      expect(search()).to.equal(-ERRNO.ENOENT);
    });
    it('from one to the next, down to capabilities alone', () => {
      assume(of(65533, 65532, [7]));
      assume(of(65530, 65532, []));
      expect([now().uid.files, now().groups.length]).to.deep.equal([65530, 0]);
      assume(of(0, 0, []));
      expect(now().uid.files).to.equal(0);
      expect(withRights(of(0, 0, [], 1n << 1n), search), 'CAP_DAC_OVERRIDE').to.equal(-ERRNO.ENOENT);
    });
    it('alone changes, not the other threads of the process', () => {
      assume(of(65533, 65532, [7]));
      const files = readdirSync('/proc/self/task').map(
        (tid) => parseStatus(readFileSync(`/proc/self/task/${tid}/status`, 'latin1'), 0).uid.files,
      );
      expect(files.filter((id) => id === 65533)).to.have.length(1);
      expect(files.filter((id) => id === 0)).to.have.length(files.length - 1);
      expect(files).to.have.length.above(1);
    });
    it('gives the rights back when the work fails', () => {
      expect(() =>
        withRights(of(65533, 65532, []), () => {
          throw new Error('failed');
        }),
      ).to.throw('failed');
      expect(search()).to.equal(-ERRNO.ENOENT);
    });
  });
});
