/** The trustee and its twin in C (twin.c) under the same cases. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as L from '../../src/abi/linux.js';
import { artifacts, native } from '../../src/native/index.js';
import { SIGCONTEXT, trusteeLabels } from '../../src/trustee/slot.js';
import { RESERVED, REPLY, SIGFRAME, SLOT, resultFd } from '../../src/wire/layout.js';
import { assemble, CODE, DATA, Sandboxed, seccompOf, STACK_TOP, statusOf } from '../support/process.js';
import { makeTemporary, remove } from '../support/run.js';

const NR = {
  ...{ exit: 1, read: 3, write: 4, close: 6, getpid: 20, brk: 45, clone: 120, mprotect: 125, prctl: 172 },
  ...{ mmap2: 192, getuid32: 199, gettid: 224, fcntl64: 221, futex: 240, openat: 295, exit_group: 252 },
} as const;
const ENOENT = 2;
const EBADF = 9;
const EFAULT = 14;
const O_WRONLY = 1;
const PAGE = 4096;

function twin(): Uint8Array {
  const directory = makeTemporary('twin');
  try {
    const file = (name: string): string => join(directory, name);
    const flags = ['-m32', '-march=i686', '-Os', '-ffreestanding', '-fno-stack-protector', '-fcf-protection=none'];
    const more = [
      '-fno-asynchronous-unwind-tables',
      '-fno-unwind-tables',
      '-fpie',
      '-mgeneral-regs-only',
      '-fno-builtin',
    ];
    const strict = ['-fno-toplevel-reorder', '-fomit-frame-pointer', '-Wall', '-Wextra', '-Werror'];
    execFileSync('gcc', [...flags, ...more, ...strict, '-c', 'test/trustee/twin.c', '-o', file('twin.o')]);
    const script = ['-T', 'trustee-asm/trustee.lds', '-e', '0', '--oformat', 'binary', '--no-warn-rwx-segments'];
    execFileSync('ld', ['-m', 'elf_i386', ...script, '-o', file('twin'), file('twin.o')]);
    return readFileSync(file('twin'));
  } finally {
    remove(directory);
  }
}

const TEXTS: [name: string, text: () => Uint8Array][] = [
  ['trustee.S', () => readFileSync(artifacts.trustee)],
  ['twin.c', twin],
];

interface Case {
  readonly call: readonly number[];
  readonly result: number;
}
/** Calls whose result the kernel alone decides. */
const CASES: Record<string, Case> = {
  'result 0': { call: [NR.mprotect, 0, 0, 0], result: 0 },
  '-EFAULT': { call: [NR.openat, L.AT_FDCWD, 0, 0], result: -EFAULT },
  '-EBADF': { call: [NR.close, 12345], result: -EBADF },
  'a word': { call: [NR.fcntl64, 0, 1], result: 0 },
  'no such call': { call: [9999], result: -38 },
};

/** `/proc/PID/maps` as it names one address. */
const mappingAt = (pid: number, address: number): string | undefined =>
  readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .find((line) => line.startsWith(`${(address >>> 0).toString(16).padStart(8, '0')}-`));

/** The thread that does not carry the process's number: the lifeline, as long as there is no untrustee. */
const threadsOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).map(Number);

describe('the trustee', function () {
  this.timeout(60_000);
  for (const [name, text] of TEXTS)
    describe(name, () => {
      let trustee: Uint8Array;
      let p: Sandboxed;
      before(() => {
        trustee = text();
      });
      beforeEach(() => {
        p = new Sandboxed({ trustee });
      });
      afterEach(() => p.destroy());

      it('starts as the leader, with its lifeline, unconfined, under no_new_privs', () => {
        const threads = threadsOf(p.pid);
        expect(threads).to.have.length(2).and.to.include(p.pid);
        for (const tid of threads) {
          expect(seccompOf(p.pid, tid)).to.equal('0');
          expect(statusOf(p.pid, tid)).to.match(/^NoNewPrivs:\s1$/m);
          expect(statusOf(p.pid, tid)).to.match(/^SigBlk:\tfffffffffffbfeff$/m);
        }
      });

      it('carries out getpid and gettid as the leader', () => {
        expect(p.order(NR.getpid)).to.equal(p.pid);
        expect(p.order(NR.gettid)).to.equal(p.pid);
      });
      for (const [what, { call, result }] of Object.entries(CASES))
        it(`gives back ${what}`, () => expect(p.order(...call)).to.equal(result));
      it('gives back -ENOENT for a path in the arena', () => {
        p.slot.resetArena();
        expect(p.order(NR.openat, L.AT_FDCWD, p.arena('/nowhere/at/all'), 0)).to.equal(-ENOENT);
      });

      it('passes six arguments: mmap2 at an offset', () => {
        p.slot.resetArena();
        const fd = p.order(NR.openat, L.AT_FDCWD, p.arena('/proc/self/exe'), 0);
        expect(fd).to.be.at.least(0);
        for (const page of [1, 0]) {
          const at = p.order(NR.mmap2, 0, PAGE, L.PROT_READ, L.MAP_PRIVATE, fd, page) >>> 0;
          expect(mappingAt(p.pid, at)).to.contain(` ${(page * PAGE).toString(16).padStart(8, '0')} `);
        }
      });
      it('gives back addresses above 0x80000000', () => {
        for (const at of [0x80000000, 0xa0000000, 0xbffff000]) {
          const flags = L.MAP_PRIVATE | L.MAP_ANONYMOUS | L.MAP_FIXED_NOREPLACE;
          expect(p.order(NR.mmap2, at, PAGE, L.PROT_READ, flags, -1, 0) >>> 0).to.equal(at);
        }
      });
      it('carries out a thousand orders in a row', () => {
        for (let i = 0; i < 1000; i++) expect(p.order(NR.fcntl64, i & 1 ? 12345 : 0, 1)).to.equal(i & 1 ? -EBADF : 0);
      });

      it('goes on where the sequence wraps', () => {
        const numbered = p.slot as unknown as { sequence: number };
        numbered.sequence = 0x7ffffffb;
        for (let i = 0; i < 10; i++) expect(p.order(NR.getpid)).to.equal(p.pid);
        expect(numbered.sequence).to.equal(6);
      });

      it('does nothing when it is woken without an order', () => {
        const word = new Uint32Array(p.started.process.threads[0].unit.memory, SLOT.order, 1);
        const brk = p.order(NR.brk, 0);
        const offset = new Uint32Array(2);
        const before = new Uint32Array(2);
        native.offsetOf(p.started.process.threads[0].unit.result, before);
        // A call stands ready in the slot: only its number is not given yet.
        new Uint32Array(p.started.process.threads[0].unit.memory, SLOT.calls, 2).set([NR.exit_group, 77]);
        let woken = 0;
        for (let i = 0; i < 100_000 && woken < 200; i++) woken += native.futexWake(word);
        expect(woken).to.equal(200);
        native.offsetOf(p.started.process.threads[0].unit.result, offset);
        expect([...offset]).to.deep.equal([...before]);
        expect(p.order(NR.brk, 0)).to.equal(brk);
      });

      it('is not disturbed by forged hints', () => {
        const { process } = p.started;
        const end = native.pidfdGetfd(process.pidfd, process.reserved.from + RESERVED.hint);
        const writer = native.openat(L.AT_FDCWD, `/proc/self/fd/${end}`, O_WRONLY | L.O_NONBLOCK, 0);
        let written = 0;
        for (let i = 0; i < 300; i++) {
          if (native.write(writer, Uint32Array.of(i, 0xffffffff, 0x7fffffff), 12) === 12) written++;
          expect(p.order(NR.getpid)).to.equal(p.pid);
        }
        expect(written).to.be.above(15);
        native.close(writer);
        native.close(end);
      });

      it('has a result channel that a strict thread cannot write, and nothing to steal in it', () => {
        const fd = resultFd(p.started.process.reserved.from, 0);
        p.load(
          assemble(`
            1: movl $3, %eax; movl $${fd}, %ebx; movl $${DATA + 16}, %ecx; movl $64, %edx; int $0x80
            movl %eax, ${DATA + 4}
            movl $4, %eax; movl $${fd}, %ebx; movl $${DATA}, %ecx; movl $8, %edx; int $0x80
            movl %eax, ${DATA + 8}
            incl ${DATA + 12}
            jmp 1b`),
        );
        p.spawn();
        for (let i = 0; i < 500; i++) expect(p.order(NR.getpid)).to.equal(p.pid);
        const seen = new Int32Array(3);
        const deadline = Date.now() + 10_000;
        do native.vmRead(p.pid, DATA + 4, seen, 12);
        while (seen[2] < 100 && Date.now() < deadline);
        expect([...seen.subarray(0, 2)]).to.deep.equal([0, -EBADF]);
        expect(seen[2]).to.be.at.least(100);
        expect(p.order(NR.getuid32)).to.equal(process.getuid?.());
      });
      it('does not count a result of another order', () => {
        const { result } = p.started.process.threads[0].unit;
        const forged = native.pidfdGetfd(p.started.process.pidfd, resultFd(p.started.process.reserved.from, 0));
        p.order(NR.getpid);
        const numbered = p.slot as unknown as { sequence: number };
        numbered.sequence += 5;
        expect(p.slot.result(), 'stale').to.equal(undefined);
        native.lseek(forged, 0x1234, 0);
        expect(p.slot.result(), 'an offset with another number').to.equal(undefined);
        expect(p.order(NR.getpid)).to.equal(p.pid);
        expect(native.lseek(result, 0, 1) % 2 ** 32).to.equal(p.pid);
        native.close(forged);
      });

      describe('a new untrustee', () => {
        const REGISTERS = {
          ...{ eax: 0x11111111, ebx: 0x22222222, ecx: 0x33333333, edx: 0x84444444, esi: 0x95555555 },
          ...{ edi: 0xa6666666, ebp: 0xb7777777, eflags: 0xed7 },
        };
        const USABLE_DATA = 0x51;

        it('begins with the registers, flags and segments of its slot, in strict mode', () => {
          p.load(assemble('HOOK; hlt'));
          const gs = (p.started.process.firstTls << 3) | 3;
          const descriptor = Uint32Array.of(p.started.process.firstTls, DATA, 0xfffff, USABLE_DATA);
          p.slot.setTls(0, new Uint8Array(descriptor.buffer));
          const tid = p.spawn({ ...REGISTERS, gs, esp: STACK_TOP - 64 });
          expect(tid).to.be.above(0).and.not.equal(p.pid);
          const request = p.request();
          expect(request)
            .to.deep.include(REGISTERS)
            .and.to.deep.include({ kind: 0, eip: CODE + 6 });
          expect(request.gs & 0xffff).to.equal(gs);
          expect(seccompOf(p.pid, tid)).to.equal('1');
          expect(seccompOf(p.pid)).to.equal('0');
          expect(threadsOf(p.pid)).to.have.length(3);
        });
        it('has the mask of its slot', () => {
          p.load(assemble('1: jmp 1b'));
          p.slot.setStart({ ...REGISTERS, eip: CODE, esp: STACK_TOP - 16, gs: 0 }, 0x8000_0001_0000_1002n);
          const tid = p.order(NR.clone, L.CLONE_THREAD_FLAGS, p.slot.frameAddress('untrusteeStart'));
          expect(tid).to.be.above(0);
          const deadline = Date.now() + 10_000;
          while (seccompOf(p.pid, tid) !== '1' && Date.now() < deadline);
          let status = '';
          do status = statusOf(p.pid, tid);
          while (!status.includes('SigBlk:\t8000000100001002') && Date.now() < deadline);
          expect(status).to.contain('SigBlk:\t8000000100001002');
        });
        it('reads through its own gs', () => {
          p.load(assemble(`movl %gs:4, %ebx; HOOK; hlt`));
          native.vmWrite(p.pid, DATA + 4, Uint32Array.of(0xfeedbeef), 4);
          const descriptor = Uint32Array.of(p.started.process.firstTls, DATA, 0xfffff, USABLE_DATA);
          p.slot.setTls(0, new Uint8Array(descriptor.buffer));
          p.spawn({ gs: (p.started.process.firstTls << 3) | 3 });
          expect(p.request().ebx).to.equal(0xfeedbeef);
        });
        it('can be followed by another', () => {
          p.load(assemble('HOOK; incl %edi; jmp .'));
          for (let edi = 1; edi <= 20; edi++) {
            const tid = p.spawn({ edi });
            expect(p.request().edi).to.equal(edi);
            p.reply(REPLY.exit, 0);
            const deadline = Date.now() + 10_000;
            while (threadsOf(p.pid).includes(tid) && Date.now() < deadline);
            expect(threadsOf(p.pid)).to.have.length(2);
          }
        });
        it('dies alone of a call that strict mode forbids', () => {
          p.load(assemble('movl $20, %eax; int $0x80; jmp .'));
          const tid = p.spawn();
          const deadline = Date.now() + 10_000;
          while (threadsOf(p.pid).includes(tid) && Date.now() < deadline);
          expect(threadsOf(p.pid)).to.have.length(2);
          expect(p.order(NR.getpid)).to.equal(p.pid);
        });
        it('cannot start under a filter: the process ends with 125', () => {
          p.slot.resetArena();
          const RET_ALLOW = [0x00000006, 0x7fff0000];
          const program = p.arena(new Uint8Array(Uint32Array.from(RET_ALLOW).buffer));
          const header = p.arena(new Uint8Array(Uint32Array.of(1, program).buffer));
          const [SET_SECCOMP, FILTER] = [22, 2];
          expect(p.order(NR.prctl, SET_SECCOMP, FILTER, header)).to.equal(0);
          expect(seccompOf(p.pid)).to.equal('2');
          p.load(assemble('HOOK; hlt'));
          p.slot.setStart({ ...REGISTERS, eip: CODE, esp: STACK_TOP - 16, gs: 0 });
          p.slot.order(NR.clone, L.CLONE_THREAD_FLAGS, p.slot.frameAddress('untrusteeStart'), 0, 0, 0, 0);
          expect(p.ended()).to.equal(125);
          expect(native.poll(p.socket, L.POLLIN, 0) & L.POLLIN, 'its end').to.equal(L.POLLIN);
          expect(native.receive(p.socket, new Uint8Array(8), 8, L.MSG_DONTWAIT), 'no request').to.equal(0);
        });
        it('cannot start with a descriptor that the kernel refuses', () => {
          p.load(assemble('HOOK; hlt'));
          p.slot.setTls(2, new Uint8Array(Uint32Array.of(9999, 0, 0, USABLE_DATA).buffer));
          p.slot.setStart({ ...REGISTERS, eip: CODE, esp: STACK_TOP - 16, gs: 0 });
          p.slot.order(NR.clone, L.CLONE_THREAD_FLAGS, p.slot.frameAddress('untrusteeStart'), 0, 0, 0, 0);
          expect(p.ended()).to.equal(125);
        });
      });

      describe('the lifeline', () => {
        it('ends the process when the helper closes its end', () => {
          p.close(p.started.channels.lifeline);
          expect(p.ended()).to.equal(125);
        });
        it('ends it while the trustee is blocked in a call and the untrustee computes', () => {
          p.load(assemble('jmp .'));
          p.spawn();
          const word = new Uint32Array(p.started.process.threads[0].unit.memory, SLOT.order, 1);
          p.slot.order(NR.futex, p.slot.address + SLOT.index, 0, 0, 0, 0, 0); // never woken
          expect(word[0]).to.be.above(0);
          p.close(p.started.channels.lifeline);
          expect(p.ended()).to.equal(125);
        });
      });

      it('has labels within its page, and a start frame that sigreturn can read', () => {
        const labels = trusteeLabels(trustee);
        for (const label of labels)
          expect(label)
            .to.be.at.least(4 * labels.length)
            .and.below(trustee.length);
        expect(trustee.length).to.be.at.most(PAGE);
        expect(SIGFRAME.sc + 4 * SIGCONTEXT.cr2).to.be.below(SIGFRAME.size);
      });
    });
});
