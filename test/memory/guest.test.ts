/** The program's memory, read and written both ways: by process_vm_*, and by the hook while it waits for a reply. */
import { expect } from 'chai';
import { HookSilent, ProcessMemory, SocketMemory, type GuestMemory } from '../../src/memory/guest.js';
import { native } from '../../src/native/index.js';
import { assemble, CODE, DATA, HOLE, Sandboxed, STACK } from '../support/process.js';

const EFAULT = -14;
const ENAMETOOLONG = -36;
const PAGE = 4096;
const KERNEL = 0xffffe000;
const ZERO = 0;

const WAYS: [name: string, memory: (p: Sandboxed) => GuestMemory][] = [
  ['vm', (p) => new ProcessMemory(p.pid)],
  ['socket', (p) => new SocketMemory(p.socket)],
];

for (const [name, open] of WAYS)
  describe(`memory by ${name}`, () => {
    let p: Sandboxed;
    let memory: GuestMemory;
    before(() => {
      p = new Sandboxed();
      p.load(assemble('1: HOOK; jmp 1b'));
      p.spawn();
      p.request();
      memory = open(p);
      fill();
    });
    after(() => p.destroy());
    /** All of the stack that the waiting hook does not use. */
    const fill = (): number => native.vmWrite(p.pid, STACK, new Uint8Array(0xf000).fill(0x61), 0xf000);
    const put = (address: number, text: string): number =>
      native.vmWrite(p.pid, address, Buffer.from(text, 'latin1'), text.length);

    const READS: [what: string, address: number, size: number, result: number][] = [
      ['nothing', ZERO, 0, 0],
      ['one byte', STACK, 1, 1],
      ['across pages', STACK + 4000, 200, 200],
      ['more than one message holds', STACK + 17, 0xe000, 0xe000],
      ['up to the last byte', HOLE - 5, 5, 5],
      ['across the end: what is there', HOLE - 5, 10, 5],
      ['pages across the end: what is there', CODE + 10, 3 * PAGE, 2 * PAGE - 10],
      ['code', CODE, 4, 4],
      ['a hole', HOLE, 1, EFAULT],
      ['the page at 0', ZERO, 4, EFAULT],
      ['the kernel', KERNEL, 4, EFAULT],
      ['across the end of the address space', 0xfffffffe, 4, EFAULT],
    ];
    for (const [what, address, size, result] of READS)
      it(`reads ${what}`, () => {
        const [got, expected] = [new Uint8Array(size), new Uint8Array(size)];
        expect(memory.read(address, got, size)).to.equal(result);
        if (result > 0) native.vmRead(p.pid, address, expected, result);
        expect(Buffer.compare(got, expected)).to.equal(0);
      });

    const WRITES: [what: string, address: number, size: number, result: number][] = [
      ['nothing', ZERO, 0, 0],
      ['one byte', DATA + 8, 1, 1],
      ['across pages', STACK + 4000, 200, 200],
      ['more than one message holds', STACK + 17, 0xe000, 0xe000],
      ['up to the last byte', HOLE - 5, 5, 5],
      ['a hole', HOLE, 1, EFAULT],
      ['across the end', HOLE - 5, 10, EFAULT],
      ['code', CODE, 4, EFAULT],
      ['into code from below nothing', CODE - 2, 4, EFAULT],
      ['the page at 0', ZERO, 4, EFAULT],
      ['the kernel', KERNEL, 4, EFAULT],
    ];
    for (const [what, address, size, result] of WRITES)
      it(`writes ${what}`, () => {
        const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 0xff);
        const got = new Uint8Array(size);
        expect(memory.write(address, bytes, size)).to.equal(result);
        if (result <= 0) return;
        native.vmRead(p.pid, address, got, size);
        expect(Buffer.compare(got, bytes)).to.equal(0);
      });
    it('does not write the slots, nor the trustee', () => {
      for (const address of [p.slot.address, p.slot.frameAddress('called') + 12]) {
        const before = new Uint8Array(4);
        native.vmRead(p.pid, address, before, 4);
        expect(memory.write(address, new Uint8Array(4).fill(0xcc), 4)).to.equal(EFAULT);
        const after = new Uint8Array(4);
        native.vmRead(p.pid, address, after, 4);
        expect(after).to.deep.equal(before);
      }
    });

    const STRINGS: [what: string, text: string, at: number, max: number, result: string | number][] = [
      ['a string', 'hello\0x', DATA + 16, 4096, 'hello'],
      ['an empty one', '\0', DATA + 16, 4096, ''],
      ['bytes that are no UTF-8', 'a\xff\x80\n\0', DATA + 16, 4096, 'a\xff\x80\n'],
      ['one that fits exactly', '1234567\0', DATA + 16, 8, '1234567'],
      ['one that ends with its page', 'end\0', HOLE - 4, 4096, 'end'],
      ['one that is one byte too long', '12345678\0', DATA + 16, 8, ENAMETOOLONG],
      ['one without an end before the hole', 'no end', HOLE - 6, 4096, EFAULT],
      ['one of which the last byte before the hole is the limit', 'no end', HOLE - 6, 6, ENAMETOOLONG],
    ];
    for (const [what, text, at, max, result] of STRINGS)
      it(`reads as a string ${what}`, () => {
        expect(put(at, text)).to.equal(text.length);
        expect(memory.readString(at, max)).to.equal(result);
      });
    it('reads strings across pages', () => {
      const text = 'x'.repeat(3000);
      put(STACK + 2000, `${text}\0`);
      expect(memory.readString(STACK + 2000, 4096)).to.equal(text);
      expect(memory.readString(STACK + 2000, 3000)).to.equal(ENAMETOOLONG);
    });
    it('reads no endless string to its end', () => {
      fill();
      expect(memory.readString(STACK, 4096)).to.equal(ENAMETOOLONG);
      expect(memory.readString(STACK + 1, 0x8000)).to.equal(ENAMETOOLONG);
    });
    for (const [what, address] of Object.entries({
      'a hole': HOLE,
      'the page at 0': ZERO,
      'the kernel': KERNEL,
      'the last byte': 0xffffffff,
    }))
      it(`reads as a string nothing from ${what}`, () => expect(memory.readString(address, 64)).to.equal(EFAULT));
  });

describe('memory by socket, of a thread that does not play along', () => {
  let p: Sandboxed;
  beforeEach(() => {
    p = new Sandboxed();
  });
  afterEach(() => p.destroy());
  const fdOf = (): number => p.started.channels.base + 16;

  it('gives up on one that is silent', () => {
    p.load(assemble('jmp .'));
    p.spawn();
    expect(() => new SocketMemory(p.socket, 50).read(DATA, new Uint8Array(4), 4)).to.throw(HookSilent);
  });
  it('gives up on one that says more than was asked', () => {
    p.load(assemble(`movl $4, %eax; movl $${fdOf()}, %ebx; movl $${CODE}, %ecx; movl $64, %edx; int $0x80; jmp .`));
    p.spawn();
    expect(() => new SocketMemory(p.socket).read(DATA, new Uint8Array(4), 4)).to.throw(HookSilent);
    expect(() => new SocketMemory(p.socket, 50).write(DATA, new Uint8Array(4), 4)).to.throw(HookSilent);
  });
});
