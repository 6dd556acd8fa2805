/** The hook's side of the wire: what it asks, what each reply makes it do, in both ways into the kernel. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import * as L from '../../src/abi/linux.js';
import { native } from '../../src/native/index.js';
import { handleTrap, readContext } from '../../src/referee/faults.js';
import {
  ACTION,
  ACTION_COUNT,
  CONSTANT_COUNT,
  HANDLED,
  KIND,
  REPLY,
  REQUEST_ESP_BIAS,
  SLOT,
} from '../../src/wire/layout.js';
import { assemble, CODE, DATA, HOLE, Sandboxed, START, STACK_TOP, type Request } from '../support/process.js';
import { makeTemporary, remove } from '../support/run.js';

const NR = { read: 3, write: 4, lseek: 19, openat: 295, getpid: 20, rt_sigaction: 174 } as const;
const HOOK_LENGTH = 6;
const REGISTERS = {
  ...{ ebx: 0x21222324, ecx: 0xc1c2c3c4, edx: 0xd1d2d3d4, esi: 0x51525354, edi: 0xe1e2e3e4, ebp: 0xb1b2b3b4 },
  esp: STACK_TOP - 256,
};
/** Carry, parity, adjust, zero, sign, direction, overflow; interrupts and the bit that is always set. */
const ALL_FLAGS = 0xed7;
const NO_FLAGS = 0x202;

/** What another request of the same thread has that the one before had not. */
const next = ({ sequence }: Request, further = 1): Pick<Request, 'sequence'> => ({ sequence: sequence + further });
const espOf = (request: Request): number => (request.esp + REQUEST_ESP_BIAS) >>> 0;

for (const entry of ['fast', 'int80'] as const)
  describe(`the hook, kernel entered the ${entry} way`, () => {
    let p: Sandboxed;
    let directory: string;
    before(() => {
      directory = makeTemporary('hook');
    });
    after(() => remove(directory));
    beforeEach(() => {
      p = new Sandboxed({ entry });
    });
    afterEach(() => p.destroy());

    /** Runs a blob up to its first request. */
    function begin(source: string, state: Partial<typeof START> = {}): Request {
      p.load(assemble(source));
      p.spawn({ ...REGISTERS, ...state });
      return p.request();
    }
    /** What the hook does by itself; all else is asked. */
    function act(actions: Readonly<Record<number, number>>, constants: readonly number[] = []): void {
      const bytes = Uint8Array.from({ length: ACTION_COUNT }, (_, nr) => actions[nr] ?? ACTION.ask);
      p.slot.setActions({ actions: bytes, constants });
    }
    const threads = (): number => readdirSync(`/proc/${p.pid}/task`).length;
    function waitForThreads(count: number): void {
      const deadline = Date.now() + 10_000;
      while (threads() !== count && Date.now() < deadline);
      expect(threads()).to.equal(count);
    }
    /** A descriptor of the process for a file with content, and its path. */
    function file(content: string): { fd: number; content: () => string } {
      const path = join(directory, String(p.pid));
      p.slot.resetArena();
      const fd = p.order(NR.openat, L.AT_FDCWD, p.arena(path), L.O_CREAT | L.O_RDWR, 0o600);
      native.write(native.pidfdGetfd(p.started.process.pidfd, fd), Buffer.from(content), content.length);
      return { fd, content: () => readFileSync(path, 'latin1') };
    }

    /** Back to the start of the file, which the process reads from where the test has written to. */
    const rewind = (fd: number): number => p.order(NR.lseek, fd, 0, 0);
    function memory(address: number, size: number): string {
      const bytes = Buffer.alloc(size);
      native.vmRead(p.pid, address, bytes, size);
      return bytes.toString('latin1');
    }

    for (const eflags of [ALL_FLAGS, NO_FLAGS])
      it(`keeps all registers and the flags ${eflags.toString(16)}; tells them, esp and the address behind the call`, () => {
        const first = begin('HOOK; HOOK; hlt', { eax: NR.getpid, eflags });
        expect(first).to.deep.include({ ...REGISTERS, esp: first.esp, eax: NR.getpid, eflags, kind: KIND.call });
        expect(espOf(first)).to.equal(REGISTERS.esp);
        expect(first.eip).to.equal(CODE + HOOK_LENGTH);
        p.reply(REPLY.value, -22);
        const second = p.request();
        expect(second).to.deep.equal({ ...first, ...next(first), eax: -22 >>> 0, eip: CODE + 2 * HOOK_LENGTH });
      });
    it('makes a call natively when it is told to, and keeps all else', () => {
      const { fd, content } = file('');
      const registers = { ebx: fd, ecx: CODE, edx: 4 };
      const first = begin('HOOK; HOOK; hlt', { ...registers, eax: NR.write, eflags: ALL_FLAGS });
      expect(first.eax).to.equal(NR.write);
      p.reply(REPLY.native);
      const second = p.request();
      expect(second).to.deep.equal({ ...first, ...next(first), eax: 4, eip: CODE + 2 * HOOK_LENGTH });
      expect(content()).to.have.length(4);
    });
    for (const eflags of [ALL_FLAGS, NO_FLAGS])
      it(`makes a call natively, tells its result, and returns what it is told, flags ${eflags.toString(16)}`, () => {
        const { fd } = file('abcdef');
        rewind(fd);
        const registers = { ebx: fd, ecx: DATA + 64, edx: 5 };
        const first = begin('HOOK; HOOK; hlt', { ...registers, eax: NR.read, eflags });
        p.reply(REPLY.report);
        expect(p.request()).to.deep.equal({ ...first, ...next(first), kind: KIND.result, eax: 5 });
        expect(memory(DATA + 64, 6)).to.equal('abcde\0'); // before the reply
        p.reply(REPLY.value, 4711);
        expect(p.request()).to.deep.equal({ ...first, ...next(first, 2), eax: 4711, eip: CODE + 2 * HOOK_LENGTH });
      });
    it('tells a call that failed, and serves the helper before it goes on', () => {
      const first = begin('HOOK; HOOK; hlt', { eax: NR.read, ebx: 0xffffffff, ecx: DATA + 64, edx: 5 });
      p.reply(REPLY.report);
      expect(p.request()).to.deep.include({ kind: KIND.result, eax: -ERRNO.EBADF >>> 0 });
      p.reply(REPLY.poke, DATA + 64, 3);
      native.send(p.socket, Buffer.from('new'), 3, 0);
      expect(p.receive()).to.deep.equal(new Uint8Array(Uint32Array.of(3).buffer));
      p.reply(REPLY.peek, DATA + 64, 4);
      expect(Buffer.from(p.receive()).toString('latin1')).to.equal('new\0');
      p.reply(REPLY.value, -4);
      expect(p.request()).to.deep.equal({ ...first, ...next(first, 2), eax: -4 >>> 0, eip: CODE + 2 * HOOK_LENGTH });
    });
    it('tells the result of a call at a two-byte site as of any other', () => {
      const { fd, content } = file('');
      const registers = { ebx: fd, ecx: CODE, edx: 2 };
      begin('ud2; HOOK; hlt', { ...registers, eax: NR.write, eflags: ALL_FLAGS });
      p.reply(REPLY.value, HANDLED);
      const call = p.request();
      p.reply(REPLY.report);
      expect(p.request()).to.deep.equal({ ...call, ...next(call), kind: KIND.result, eax: 2 });
      expect(content()).to.equal('\x0f\x0b');
      p.reply(REPLY.value, 99);
      const behind = p.request();
      expect(behind).to.deep.include({ ...REGISTERS, ...registers, esp: behind.esp, eflags: ALL_FLAGS });
      expect(behind).to.deep.include({ kind: KIND.call, eax: 99, eip: CODE + 2 + HOOK_LENGTH });
      expect(espOf(behind)).to.equal(REGISTERS.esp);
    });
    it('exits instead of returning a result when it is told to', () => {
      begin('HOOK; hlt', { eax: NR.write, ebx: 0xffffffff });
      p.reply(REPLY.report);
      expect(p.request().kind).to.equal(KIND.result);
      p.reply(REPLY.exit, 5);
      waitForThreads(2);
    });
    it('makes calls natively without asking', () => {
      const { fd, content } = file('abcdef');
      act({ [NR.read]: ACTION.native, [NR.write]: ACTION.native });
      const state = { eax: NR.write, ebx: fd, ecx: CODE, edx: 2, eflags: ALL_FLAGS };
      const request = begin(
        'HOOK; movl $3, %eax; movl $1, %edx; leal -64(%esp), %ecx; HOOK; movl $20, %eax; HOOK',
        state,
      );
      expect(request).to.deep.include({ eax: NR.getpid, ebx: fd, ecx: REGISTERS.esp - 64, edx: 1, eflags: ALL_FLAGS });
      expect(content()).to.equal('abcdef\xff\x15');
    });
    for (const [nr, index, eflags] of [
      [0, 0, ALL_FLAGS],
      [NR.getpid, 1, NO_FLAGS],
      [ACTION_COUNT - 1, CONSTANT_COUNT - 1, ALL_FLAGS],
    ])
      it(`answers call ${nr} with constant ${index} without asking, and keeps all else`, () => {
        const constants = Array.from({ length: CONSTANT_COUNT }, (_, i) => (0xfffffff0 + 300 * i) >>> 0);
        act({ [nr]: ACTION.constant + index }, constants);
        const request = begin('HOOK; HOOK; hlt', { eax: nr, eflags }); // the answer is a number that is asked for
        expect(request).to.deep.include({
          ...{ ...REGISTERS, esp: request.esp, eflags, gs: request.gs },
          ...{ kind: KIND.call, eax: constants[index], eip: CODE + 2 * HOOK_LENGTH },
        });
        expect(espOf(request)).to.equal(REGISTERS.esp);
      });
    it('answers with the constant as it is now', () => {
      act({ [NR.getpid]: ACTION.constant }, [1000]);
      expect(begin(`1: movl $${NR.getpid}, %eax; HOOK; HOOK; jmp 1b`).eax).to.equal(1000);
      act({ [NR.getpid]: ACTION.constant }, [2000]);
      p.reply(REPLY.value);
      expect(p.request().eax).to.equal(2000);
    });
    it('asks for more from now on, and still keeps the FPU where it did', () => {
      act({ [NR.getpid]: ACTION.constant, [NR.lseek]: ACTION.keep, [NR.read]: ACTION.native }, [1000]);
      p.slot.askAlso((nr) => nr !== NR.read);
      const actionOf = (nr: number): number => p.slot.view(p.slot.address + SLOT.actions + nr, 1)[0];
      expect([NR.getpid, NR.lseek, NR.read].map(actionOf)).to.deep.equal([ACTION.ask, ACTION.keep, ACTION.native]);
      expect(begin('HOOK; hlt', { eax: NR.getpid }).eax).to.equal(NR.getpid);
    });
    it('is given no more actions and constants than its tables hold', () => {
      expect(() => act({}, new Array<number>(CONSTANT_COUNT + 1).fill(0))).to.throw('at most 64');
      expect(() => p.slot.setActions({ actions: new Uint8Array(ACTION_COUNT + 1), constants: [] })).to.throw(
        `${ACTION_COUNT + 1} actions`,
      );
    });
    for (const nr of [0, 255, 256, 257, 0x7fffffff, 0x80000000, 0xffffffff])
      it(`asks for call 0x${nr.toString(16)} when the table does not say otherwise`, () => {
        act({ 1: ACTION.native, 254: ACTION.native });
        expect(begin('HOOK; hlt', { eax: nr }).eax).to.equal(nr);
      });
    it('exits the thread alone', () => {
      begin('HOOK; hlt');
      expect(threads()).to.equal(3);
      p.reply(REPLY.exit, 5);
      waitForThreads(2);
      expect(p.order(NR.getpid)).to.equal(p.pid);
    });
    it('traps for a debugger: SIGTRAP where there is none', () => {
      begin('HOOK; hlt');
      p.reply(REPLY.trap, 1);
      expect(p.ended()).to.equal(-L.SIGNAL.TRAP);
    });

    for (const [what, reply] of [
      ['no reply there is', (): void => p.reply(99)],
      ['a short reply', (): unknown => native.send(p.socket, new Uint8Array(8), 8, 0)],
      ['the end of the socket', (): void => p.close(p.socket)],
    ] as const)
      it(`leaves at ${what}`, () => {
        begin('HOOK; hlt');
        reply();
        waitForThreads(2);
      });

    it('asks whether SIGILL is a site, whose call then comes as any other', () => {
      const trap = begin('ud2; HOOK; hlt', { eax: NR.getpid, eflags: ALL_FLAGS });
      expect(trap).to.deep.include({ kind: KIND.trap, eax: L.SIGNAL.ILL, eip: CODE });
      expect(readContext(p.started.process.memory, trap.ebx)).to.deep.include({ eip: CODE });
      p.reply(REPLY.value, HANDLED);
      const call = p.request();
      const registers = { ...REGISTERS, esp: call.esp, eflags: ALL_FLAGS, gs: trap.gs };
      expect(call).to.deep.include({ ...registers, kind: KIND.call, eax: NR.getpid, eip: CODE + 2 });
      expect(espOf(call)).to.equal(REGISTERS.esp);
      p.reply(REPLY.value, 1234);
      const behind = p.request();
      expect(behind).to.deep.equal({ ...call, ...next(call), eax: 1234, eip: CODE + 2 + HOOK_LENGTH });
    });
    it('asks whether a general protection fault is the time-stamp counter; the helper may change the context', () => {
      const fault = begin('rdtsc; HOOK; hlt', { eflags: ALL_FLAGS });
      expect(fault).to.deep.include({ kind: KIND.fault, eax: L.SIGNAL.SEGV });
      const context = readContext(p.started.process.memory, fault.ebx);
      expect(context).to.deep.include({ eip: CODE, trap: 13 });
      if (context === undefined) return;
      expect(handleTrap(p.started.process.memory, context)).to.equal(true);
      p.reply(REPLY.value, HANDLED);
      const request = p.request();
      const { ebx, esi, edi, ebp } = REGISTERS;
      expect(request).to.deep.include({ ebx, esi, edi, ebp, eflags: ALL_FLAGS, kind: KIND.call });
      expect(espOf(request)).to.equal(REGISTERS.esp);
    });
    for (const [what, source, address] of [
      ['memory that is not there', `movl ${HOLE}, %eax`, HOLE],
      ['the end of the stack', `movl $${HOLE + 8 + 4096}, %esp; HOOK; HOOK; HOOK`, null],
    ] as const)
      it(`has the kernel act on ${what}, and faults again`, () => {
        const fault = begin(`${source}; hlt`);
        expect(fault).to.deep.include({ kind: KIND.act, eax: L.SIGNAL.SEGV });
        const cr2 = readContext(p.started.process.memory, fault.ebx)?.cr2 ?? 0;
        if (address !== null) expect(cr2).to.equal(address);
        else expect(cr2).to.be.within(HOLE, HOLE + 4095);
        expect(p.order(NR.rt_sigaction, L.SIGNAL.SEGV, p.arena(new Uint8Array(20)), 0, 8)).to.equal(0);
        p.reply(REPLY.value);
        expect(p.ended()).to.equal(-L.SIGNAL.SEGV);
      });
  });
