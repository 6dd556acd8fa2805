import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { MAP, MREMAP, PROT } from '../../src/abi/flags-process.js';
import { memory } from '../../src/syscalls/memory.js';
import { FakeCall, MEMORY, PROTECTED, RESERVED, run, STACK } from './fake-process-call.js';

const { MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_HUGETLB, MAP_PRIVATE, MAP_SHARED } =
  MAP.values;
const { PROT_EXEC, PROT_READ } = PROT.values;
const PAGE = 0x1000;
const ANON = MAP_PRIVATE | MAP_ANONYMOUS;

describe('address space', () => {
  let call: FakeCall;
  beforeEach(() => (call = new FakeCall()));

  describe('mmap2', () => {
    const map = (registers: number[], results: number[] = [0x1000000]) => run(memory.mmap2, call, registers, results);

    it('passes an ordinary mapping as it is', () => {
      const { orders, result } = map([0, PAGE, PROT_READ, ANON, -1, 0]);
      expect(orders).to.deep.equal([[192, 0, PAGE, PROT_READ, ANON, 0xffffffff, 0]]);
      expect(result).to.equal(0x1000000);
    });
    for (const [name, at, length] of [
      ['on', PROTECTED, PAGE],
      ['spanning', PROTECTED - PAGE, 0x10000],
      ['wrapping to', 0xfffff000, PROTECTED + 2 * PAGE],
    ] as const)
      for (const flag of [MAP_FIXED, MAP_FIXED_NOREPLACE])
        it(`refuses a fixed one ${name} protected memory (0x${flag.toString(16)})`, () => {
          expect(map([at, length, PROT_READ, ANON | flag, -1, 0])).to.deep.equal({ orders: [], result: -ERRNO.EPERM });
        });
    it('takes an address there as a hint when it is not fixed', () => {
      expect(map([PROTECTED, PAGE, 0, ANON, -1, 0]).orders).to.have.length(1);
    });
    it('refuses huge pages', () => {
      expect(map([0, PAGE, 0, ANON | MAP_HUGETLB, -1, 0])).to.deep.equal({ orders: [], result: -ERRNO.EINVAL });
    });
    it('strips MAP_GROWSDOWN', () => {
      expect(map([0, PAGE, 0, ANON | MAP_GROWSDOWN, -1, 0]).orders[0][4]).to.equal(ANON);
    });
    it('refuses a reserved descriptor', () => {
      expect(map([0, PAGE, PROT_READ, MAP_PRIVATE, RESERVED.from, 0]).result).to.equal(-ERRNO.EBADF);
    });
    it('has private executable files patched before the reply, with the offset in bytes', () => {
      map([0, 3 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 5, 2]);
      expect(call.patches).to.deep.equal([[0x1000000, 3 * PAGE, 5, 2 * PAGE]]);
    });
    it('gives the patcher an unsigned address', () => {
      map([0, PAGE, PROT_EXEC, MAP_PRIVATE, 5, 0], [0xf7000000 | 0]);
      expect(call.patches[0][0]).to.equal(0xf7000000);
    });
    for (const [name, prot, flags, result] of [
      ['shared', PROT_EXEC, MAP_SHARED, 0x1000000],
      ['anonymous', PROT_EXEC, ANON, 0x1000000],
      ['not executable', PROT_READ, MAP_PRIVATE, 0x1000000],
      ['failed', PROT_EXEC, MAP_PRIVATE, -ERRNO.EACCES],
    ] as const)
      it(`patches nothing that is ${name}`, () => {
        map([0, PAGE, prot, flags, 5, 0], [result]);
        expect(call.patches).to.deep.equal([]);
      });
  });

  describe('mmap', () => {
    const at = MEMORY + 0x100;
    const store = (...words: number[]): number => call.put(at, new Uint8Array(Uint32Array.from(words).buffer));
    it('reads its arguments once and counts in pages', () => {
      store(0, PAGE, PROT_READ, MAP_PRIVATE, 5, 3 * PAGE);
      expect(run(memory.mmap, call, [at]).orders).to.deep.equal([[192, 0, PAGE, PROT_READ, MAP_PRIVATE, 5, 3]]);
    });
    it('refuses half pages and unreadable arguments', () => {
      store(0, PAGE, 0, ANON, -1, 12);
      expect(run(memory.mmap, call, [at]).result).to.equal(-ERRNO.EINVAL);
      expect(run(memory.mmap, call, [1]).result).to.equal(-ERRNO.EFAULT);
    });
    it('checks like mmap2', () => {
      store(PROTECTED, PAGE, 0, ANON | MAP_FIXED, -1, 0);
      expect(run(memory.mmap, call, [at])).to.deep.equal({ orders: [], result: -ERRNO.EPERM });
    });
  });

  for (const [name, registers] of [
    ['munmap', [PROTECTED, PAGE]],
    ['munmap', [0, 0xfffff000]],
    ['munmap', [0, 0xfffff001]],
    ['mprotect', [PROTECTED + PAGE, 1, 0]],
    ['mprotect', [PROTECTED - PAGE, PAGE + 1, 7]],
    ['pkey_mprotect', [PROTECTED, PAGE, 7, -1]],
    ['madvise', [PROTECTED, PAGE, 4]],
    ['madvise', [0, 0xfffff001, 4]],
    ['mseal', [PROTECTED, PAGE, 0]],
    ['mremap', [PROTECTED, 0, PAGE, 1, 0]],
    ['mremap', [PROTECTED, PAGE, PAGE, 1, 0]],
    ['mremap', [MEMORY, PAGE, PAGE, MREMAP.values.MREMAP_MAYMOVE | MREMAP.values.MREMAP_FIXED, PROTECTED]],
    ['mremap', [MEMORY, PAGE, 2 * PAGE, MREMAP.values.MREMAP_MAYMOVE | MREMAP.values.MREMAP_FIXED, PROTECTED - PAGE]],
    ['mremap', [MEMORY, PAGE, PAGE, MREMAP.values.MREMAP_MAYMOVE | MREMAP.values.MREMAP_DONTUNMAP, PROTECTED]],
  ] as const)
    it(`${name}(${registers.map((r) => `0x${r.toString(16)}`).join(', ')}) is refused: it meets protected memory`, () => {
      expect(run(memory[name], call, registers)).to.deep.equal({ orders: [], result: -ERRNO.EPERM });
    });

  for (const [name, registers, errno] of [
    ['munmap', [MEMORY, 0], 'EINVAL'],
    ['munmap', [MEMORY + 1, PAGE], 'EINVAL'],
    ['munmap', [0xfffff000, 2 * PAGE], 'EINVAL'],
    ['mprotect', [MEMORY + 1, PAGE, 1], 'EINVAL'],
    ['mprotect', [0xfffff000, PAGE, 1], 'ENOMEM'],
    ['pkey_mprotect', [MEMORY, PAGE, 1, 3], 'EINVAL'],
    ['madvise', [MEMORY + 1, PAGE, 4], 'EINVAL'],
    ['madvise', [MEMORY, PAGE, 100], 'EPERM'],
    ['mremap', [MEMORY, PAGE, 0, 0, 0], 'EINVAL'],
    ['mremap', [MEMORY, 0xfffff000, PAGE, 0, 0], 'EINVAL'],
    ['mremap', [MEMORY, PAGE, PAGE, 3, 0xfffff001], 'EINVAL'],
    ['mincore', [MEMORY, PAGE, PROTECTED], 'EFAULT'],
    ['membarrier', [128, 0, 0], 'EINVAL'],
  ] as const)
    it(`${name}(${registers.map((r) => `0x${r.toString(16)}`).join(', ')}) is ${errno}`, () => {
      expect(run(memory[name], call, registers)).to.deep.equal({ orders: [], result: -ERRNO[errno] });
    });

  it('munmap of the stack that the thread stands on waits until it is gone', () => {
    const page = STACK - (STACK % PAGE);
    expect(run(memory.munmap, call, [page, 1])).to.deep.equal({ orders: [], result: 0 });
    expect(call.thread.leaves).to.deep.equal([page, 1]);
    expect(run(memory.munmap, call, [page - PAGE, PAGE]).orders).to.deep.equal([[91, page - PAGE, PAGE]]);
    expect(run(memory.munmap, call, [page + PAGE, PAGE]).orders).to.deep.equal([[91, page + PAGE, PAGE]]);
  });

  it('passes what is the program’s', () => {
    expect(run(memory.munmap, call, [MEMORY, 10]).orders).to.deep.equal([[91, MEMORY, 10]]);
    expect(run(memory.mprotect, call, [MEMORY, 0, 1])).to.deep.equal({ orders: [], result: 0 });
    expect(run(memory.mremap, call, [MEMORY, PAGE, 2 * PAGE, 1, PROTECTED]).orders).to.deep.equal([
      [163, MEMORY, PAGE, 2 * PAGE, 1, PROTECTED],
    ]);
  });

  it('has what mprotect makes executable looked at', () => {
    run(memory.mprotect, call, [MEMORY, PAGE, PROT_READ]);
    run(memory.mprotect, call, [MEMORY, PAGE, PROT_READ | PROT_EXEC], [-ERRNO.EACCES]);
    expect(call.patches).to.deep.equal([]);
    run(memory.mprotect, call, [MEMORY, PAGE, PROT_READ | PROT_EXEC]);
    expect(call.patches).to.deep.equal([[MEMORY, PAGE, -1, 0]]);
  });

  describe('brk', () => {
    const now = PROTECTED - 4 * PAGE;
    it('answers the break', () => {
      expect(run(memory.brk, call, [0], [now])).to.deep.equal({ orders: [[45, 0]], result: now });
    });
    it('moves it', () => {
      expect(run(memory.brk, call, [now + PAGE], [now, now + PAGE]).orders).to.deep.equal([
        [45, 0],
        [45, now + PAGE],
      ]);
    });
    it('stays when protected memory is in the way, up or down', () => {
      expect(run(memory.brk, call, [PROTECTED + PAGE], [now])).to.deep.equal({ orders: [[45, 0]], result: now });
      const above = PROTECTED + 0x10000;
      call.process.break = above;
      expect(run(memory.brk, call, [now])).to.deep.equal({ orders: [], result: above });
    });
    it('is asked for once, then known by its moves', () => {
      run(memory.brk, call, [0], [now]);
      expect(run(memory.brk, call, [0])).to.deep.equal({ orders: [], result: now });
      expect(run(memory.brk, call, [now + PAGE], [now + PAGE])).to.deep.equal({
        orders: [[45, now + PAGE]],
        result: now + PAGE,
      });
      expect(run(memory.brk, call, [now + PAGE])).to.deep.equal({ orders: [], result: now + PAGE });
      expect(run(memory.brk, call, [now], [now + PAGE]).result).to.equal(now + PAGE); // refused by the kernel
      expect(run(memory.brk, call, [0])).to.deep.equal({ orders: [], result: now + PAGE });
    });
  });

  it('membarrier offers what is harmless', () => {
    expect(run(memory.membarrier, call, [0, 0, 0], [0x3ff]).result).to.equal(0x7f);
    expect(run(memory.membarrier, call, [8, 0, 0]).orders).to.deep.equal([[375, 8, 0, 0, 0, 0, 0]]);
  });
});
