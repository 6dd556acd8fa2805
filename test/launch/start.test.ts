/** How a sandboxed process is started: the vDSO's entry, a filter in the way, the shared memory, reserved numbers. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as L from '../../src/abi/linux.js';
import {
  namedObject,
  openChannels,
  sharedMemory,
  SHARED_MEMORY_PREFIX,
  unnamedObject,
} from '../../src/launch/channels.js';
import { refuseFilter } from '../../src/launch/filter.js';
import { vdsoForm } from '../../src/launch/start.js';
import { native } from '../../src/native/index.js';
import { FORM, RESERVED } from '../../src/wire/layout.js';
import { Sandboxed, statusOf } from '../support/process.js';
import { buildGuest, execute, makeTemporary, remove, sandbox } from '../support/run.js';

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe("the vDSO's entry", () => {
  const PAD = 'cd80 5d5a59c3';
  const FORMS: [name: string, entry: string, form: number, skip: number][] = [
    ['syscall', `515255 89cd 0f05 ${PAD} 9090`, FORM.syscall, 5],
    ['sysenter', `515255 89e5 0f34 ${PAD} 9090`, FORM.sysenter, 5],
    ['int80 behind four nops', `515255 90909090 ${PAD} 9090`, FORM.int80, 7],
    ['int80 behind one long nop', `515255 0f1f4000 ${PAD} 9090`, FORM.int80, 7],
    ['int80 behind a lea that does nothing', `515255 8d742600 ${PAD} 9090`, FORM.int80, 7],
  ];
  for (const [name, entry, form, skip] of FORMS)
    it(`knows ${name}`, () => {
      expect(vdsoForm(bytes(entry))).to.deep.equal({ form, skip });
      expect(vdsoForm(bytes(entry), 'int80')).to.deep.equal({ form: FORM.int80, skip: 7 });
    });
  const UNKNOWN: Record<string, string> = {
    'nothing at all': '00000000 00000000 00000000 00000000',
    'int80 and ret alone': 'cd80 c3 909090909090 9090909090',
    'room for less than a jump': `515255 90 ${PAD} 9090909090`,
    'another order of pushes': `525155 89cd 0f05 ${PAD} 9090`,
    'another landing pad': '515255 89cd 0f05 cd80 595a5dc3 9090',
    'the bytes of int80 across two bytes': '515255 0c d805d5a59c3 0909090909090',
    'no kernel entry': '515255 89cd 0f05 9090 5d5a59c3 9090',
  };
  for (const [name, entry] of Object.entries(UNKNOWN))
    it(`refuses ${name}`, () => {
      for (const way of ['fast', 'int80'] as const)
        expect(() => vdsoForm(bytes(entry), way)).to.throw("the vDSO's entry is of an unknown kind: ");
    });
});

describe('a seccomp filter', function () {
  this.timeout(60_000);
  it('is told by Seccomp: 2 alone', () => {
    for (const state of [0, 1]) refuseFilter(`Name:\tx\nSeccomp:\t${state}\nSeccomp_filters:\t2\n`);
    refuseFilter('Name:\tSeccomp:\t2\n');
    expect(() => refuseFilter('Name:\tx\nSeccomp:\t2\n')).to.throw('--security-opt seccomp=unconfined');
  });
  it('on the helper is refused before anything starts', async () => {
    const directory = makeTemporary('filter');
    try {
      const [filter, hello] = ['filter', 'hello'].map((name) => join(directory, name));
      execFileSync(process.env.CC ?? 'gcc', ['-Wall', '-Werror', '-o', filter, 'test/guests/filter.c']);
      buildGuest('glibc', 'test/guests/hello.c', hello);
      const SANDBOX = process.env.NURSE_SANDBOX ?? './sandbox';
      const ended = await execute([filter, SANDBOX, '--no-acl', '-d', 'ERROR', '--', hello]);
      expect(ended).to.deep.include({ status: 125, stdout: '' });
      expect(ended.stderr.trim().split('\n')).to.have.length(1);
      expect(ended.stderr).to.contain('Seccomp: 2').and.to.contain('--security-opt seccomp=unconfined');
      expect(await sandbox([hello])).to.deep.include({ status: 0 });
    } finally {
      remove(directory);
    }
  });
});

describe('the shared memory', () => {
  const named = (): string[] => readdirSync('/dev/shm').filter((name) => name.startsWith(SHARED_MEMORY_PREFIX));
  for (const [name, way] of [
    ['that never has a name', unnamedObject],
    ['that had one for a moment', namedObject],
  ] as const)
    it(`${name} is written here and read there`, () => {
      const before = named();
      const { memory, readOnly } = sharedMemory(8192, [() => -1, way]);
      expect(named()).to.deep.equal(before);
      const mapped = native.map(memory, 4096, 4096) as ArrayBuffer;
      new Uint8Array(mapped).set([1, 2, 3]);
      native.close(memory);
      const read = new Uint8Array(3);
      expect(native.pread(readOnly, read, 3, 4096)).to.equal(3);
      expect([...read]).to.deep.equal([1, 2, 3]);
      const stat = statSync(`/proc/self/fd/${readOnly}`);
      expect([stat.mode & 0o777, stat.nlink, stat.size]).to.deep.equal([0o400, 0, 8192]);
      expect(native.pwrite(readOnly, read, 3, 0)).to.equal(-9);
      native.close(readOnly);
    });
  it('cannot be given a name, nor be sealed', () => {
    const [FOLLOW, ENOENT, EPERM] = [0x400, 2, 1];
    const fd = unnamedObject();
    const name = `/dev/shm/${SHARED_MEMORY_PREFIX}test`;
    expect(native.linkat(L.AT_FDCWD, `/proc/self/fd/${fd}`, L.AT_FDCWD, name, FOLLOW)).to.equal(-ENOENT);
    expect(native.fcntl(fd, L.F_ADD_SEALS, L.F_SEAL.WRITE)).to.equal(-EPERM);
    native.close(fd);
  });
  it('is mapped by the process read-only and by no descriptor', () => {
    const p = new Sandboxed();
    try {
      const maps = readFileSync(`/proc/${p.pid}/maps`, 'latin1').split('\n');
      const shared = maps.filter((line) => line.includes('/dev/shm/') || line.includes('/memfd:trustee'));
      expect(shared.map((line) => line.split(' ')[1])).to.have.members(['r--s', 'r-xs']);
      const { reserved, pidfd } = p.started.process;
      expect(native.pidfdGetfd(pidfd, reserved.from + RESERVED.sharedMemory)).to.equal(-9);
      expect(statusOf(p.pid)).to.match(/^Seccomp:\t0$/m);
    } finally {
      p.destroy();
    }
  });
});

describe('reserved descriptors', () => {
  it('are above every kept one', () => {
    const channels = openChannels([], new Uint8Array(4));
    channels.handedOver();
    channels.close();
    expect(() => openChannels([channels.base], new Uint8Array(4))).to.throw(
      `descriptor ${channels.base} cannot be kept: it must be below ${channels.base}`,
    );
  });
  it('are all there is beside the kept ones', () => {
    const fd = native.openat(L.AT_FDCWD, '/dev/null', L.O_RDONLY, 0);
    const p = new Sandboxed({ keep: [fd] });
    try {
      const open = readdirSync(`/proc/${p.pid}/fd`)
        .map(Number)
        .sort((a, b) => a - b);
      const { from } = p.started.process.reserved;
      const { lifeline, hint, trusteeText, loader, threads } = RESERVED;
      const reserved = [lifeline, hint, trusteeText, loader, threads, threads + 1, threads + 3];
      expect(open).to.deep.equal([0, 1, 2, fd, ...reserved.map((n) => from + n)]);
    } finally {
      p.destroy();
      native.close(fd);
    }
  });
});
