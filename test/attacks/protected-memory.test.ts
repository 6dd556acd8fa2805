/** Calls that would change or move the ranges that trusted code lives in. */
import { expect } from 'chai';
import type { SyscallName } from '../../src/abi/numbers.js';
import { LANDING_SIZE } from '../../src/wire/layout.js';
import { acl, errno, file, killAll, place, withPuppet, type Cage, type Puppet } from './harness.js';
import { bytesOf, KINDS, mapOf, protectedRegions, type Protected } from './regions.js';

const PAGE = 0x1000;
const END = 0x100000000;

type Attempt = readonly [what: string, call: SyscallName, ...args: (number | Uint8Array)[]];

const MAP = { PRIVATE_ANONYMOUS: 0x22, FIXED: 0x10, HUGETLB: 0x40000, GROWSDOWN: 0x100, NOREPLACE: 0x100000 };
const MADV = {
  DONTNEED: 4,
  FREE: 8,
  REMOVE: 9,
  DONTFORK: 10,
  HWPOISON: 100,
  GUARD_INSTALL: 102,
  DONTNEED_LOCKED: 24,
  PAGEOUT: 21,
};

/** Calls that touch what stands at `at` itself. */
const pointed = (at: number, own: number): Attempt[] => [
  ['mremap with old length 0', 'mremap', at, 0, PAGE, 1],
  ['mremap onto P', 'mremap', own, PAGE, PAGE, 3, at],
  ['mremap DONTUNMAP onto P', 'mremap', own, PAGE, PAGE, 7, at],
  ['FUTEX_WAKE', 'futex', at, 1, 1],
  ['FUTEX_REQUEUE', 'futex', at, 3, 0, 0x7fffffff, own],
  ['FUTEX_REQUEUE onto P', 'futex', own, 3, 0, 1, at],
  ['FUTEX_CMP_REQUEUE', 'futex', at, 4, 0, 0x7fffffff, own, 0],
  ['FUTEX_CMP_REQUEUE onto P', 'futex', own, 4, 0, 1, at, 0],
  // Sets the second word, if anything is woken or not.
  ['FUTEX_WAKE_OP', 'futex', own, 5, 1, 1, at, 0x11000],
  ['FUTEX_WAKE_OP of P', 'futex', at, 5, 1, 1, own, 0x11000],
  ['FUTEX_WAKE_BITSET', 'futex', at, 10, 1, 0, 0, -1],
  ['mseal', 'mseal', at, PAGE, 0],
];

/** Every way to change what is mapped at [at, at + length). `own` is memory of the guest. */
function spread(at: number, length: number, own: number): Attempt[] {
  const maps = [MAP.FIXED, MAP.FIXED | MAP.HUGETLB, MAP.FIXED | MAP.GROWSDOWN, MAP.NOREPLACE].map((flags): Attempt => [
    `mmap flags 0x${flags.toString(16)}`,
    'mmap2',
    at,
    length,
    7,
    MAP.PRIVATE_ANONYMOUS | flags,
    -1,
    0,
  ]);
  const old = new Uint8Array(Uint32Array.of(at, length, 7, MAP.PRIVATE_ANONYMOUS | MAP.FIXED, 0xffffffff, 0).buffer);
  const advice = Object.entries(MADV).map(([name, value]): Attempt => [
    `madvise ${name}`,
    'madvise',
    at,
    length,
    value,
  ]);
  return [
    ...maps,
    ['old mmap', 'mmap', old],
    ['munmap', 'munmap', at, length],
    ['mprotect to nothing', 'mprotect', at, length, 0],
    ['mprotect to all', 'mprotect', at, length, 7],
    ['mprotect growing down', 'mprotect', at, length, 0x01000007],
    ['pkey_mprotect', 'pkey_mprotect', at, length, 7, -1],
    ['mremap away', 'mremap', at, length, length, 1],
    ['mremap smaller', 'mremap', at, length, PAGE, 0],
    ['mremap of P elsewhere', 'mremap', at, length, length, 3, own + 0x40000],
    ['mremap onto P, grown', 'mremap', own, PAGE, length, 3, at],
    ['mremap DONTUNMAP', 'mremap', at, length, length, 5, 0],
    ...advice,
  ];
}

/** Ranges that meet a region without being it. */
function shapes(r: Protected): [what: string, start: number, length: number][] {
  const size = r.end - r.start;
  return [
    ['all of it', r.start, size],
    ['its last page', r.end - PAGE, PAGE],
    ['one byte of it', r.start, 1],
    ['a span around it', r.start - PAGE, size + 2 * PAGE],
    ['a span that ends in it', r.start - PAGE, PAGE + 1],
    ['a span up to the end of memory', r.start, END - r.start - 1],
    ['a span that wraps', r.end - PAGE, END - PAGE],
    ['the longest length', r.start - PAGE, 0xffffffff],
    ['unaligned', r.start + 1, size],
  ];
}

/** These fail on any memory of this kind: no huge pages, something is there, not private, not for programs. */
const CANNOT = [
  'mmap flags 0x40010',
  'mmap flags 0x100000',
  'mprotect growing down',
  'madvise FREE',
  'madvise HWPOISON',
];

const LOOKING: [SyscallName, ...number[]][] = [
  ['msync', 4],
  ['msync', 2],
  ['mlock'],
  ['mlock2', 1],
  ['munlock'],
  ['mincore', 0],
];

const succeeded = (result: number): boolean => result >= 0 || result < -4095;
const OWN = 0x80000;
/** Far from everything, so that what stands beside P is not taken for P. */
const ownMemory = async (p: Puppet): Promise<number> =>
  (await p.call('mmap2', 0x50000000, OWN, 3, MAP.PRIVATE_ANONYMOUS | MAP.FIXED, -1, 0)) >>> 0;

/** The attempts that succeeded, each with fresh memory of the guest's own. */
async function attack(
  p: Puppet,
  attempts: (own: number) => Attempt[],
  before?: () => Promise<void>,
): Promise<string[]> {
  const won: string[] = [];
  const own = await ownMemory(p);
  for (const [what, call, ...args] of attempts(own)) {
    p.reset();
    await ownMemory(p);
    await before?.();
    if (succeeded(await p.call(call, ...args))) won.push(what);
  }
  return won;
}

/** By region and shape, what succeeded. */
async function attackRegion(p: Puppet, r: Protected): Promise<string[]> {
  const won: string[] = [];
  for (const [shape, at, length] of shapes(r)) {
    const inside = at >= r.start && at < r.end;
    const attempts = (own: number): Attempt[] => [...spread(at, length, own), ...(inside ? pointed(at, own) : [])];
    won.push(...(await attack(p, attempts)).map((what) => `${what}: ${shape} of the ${r.what}`));
  }
  return won;
}

const secret = file('secret', 'S');
const judging = acl('protected', [`{ deny: ["${secret}"], errno: EPERM }`, `{ read: ["${place}/**"] }`]);

describe('attacks: protected memory', function () {
  this.timeout(120_000);
  after(killAll);
  const inCage = <T>(cage: Cage, act: (p: Puppet) => Promise<T>): Promise<T> => withPuppet({ cage, acl: judging }, act);

  it('every region is found by its name or place', () =>
    inCage('product', async (p) => {
      expect((await protectedRegions(p)).map((r) => r.what)).to.have.members(KINDS);
    }));

  it('no call changes a protected range, and the sandbox goes on judging', () =>
    inCage('product', async (p) => {
      const regions = await protectedRegions(p);
      const [bytes, map] = [bytesOf(p, regions), mapOf(p, regions)];
      const won: string[] = [];
      for (const r of regions) won.push(...(await attackRegion(p, r)));
      expect(won).to.deep.equal([]);
      expect(mapOf(p, regions)).to.deep.equal(map);
      expect(bytesOf(p, regions)).to.deep.equal(bytes);
      expect(await p.call('open', secret, 0)).to.equal(errno('EPERM'));
    }));

  it('control: without protected ranges every one of these calls does its work', () =>
    inCage('regions', async (p) => {
      const r = (await protectedRegions(p)).find(({ what }) => what === 'landing stacks');
      if (r === undefined) throw new Error('no landing stack');
      const start = r.start + LANDING_SIZE; // on the first the hook keeps what it needs
      const whole = r.end - start;
      const all = (own: number): Attempt[] => [...spread(start, whole, own), ...pointed(start, own)];
      const fresh = async (): Promise<void> => {
        await p.call('mmap2', start, whole, 3, 0x21 | MAP.FIXED, -1, 0);
      };
      const won = await attack(p, all, fresh);
      const expected = all(0).map(([what]) => what);
      expect(expected.filter((what) => !won.includes(what))).to.deep.equal(CANNOT);
    }));

  for (const kind of ['trustee', 'vDSO', 'hook', 'shared memory'])
    it(`control: without protected ranges the ${kind} is lost, unless the kernel has sealed it`, () =>
      inCage('regions', async (p) => {
        const r = (await protectedRegions(p)).find(({ what }) => what === kind);
        if (r === undefined) throw new Error(`no ${kind}`);
        const end = p.call('munmap', r.start, r.end - r.start).catch(() => 0);
        const result = await Promise.race([end, p.ended.then(() => 0)]);
        expect(result).to.be.oneOf(kind === 'trustee' || kind === 'vDSO' ? [0, errno('EPERM')] : [0]);
        if (result === 0) expect(mapOf(p, [r])).to.deep.equal([]);
      }));

  it('brk does not reach them', () =>
    inCage('product', async (p) => {
      const regions = await protectedRegions(p);
      const map = mapOf(p, regions);
      const now = (await p.call('brk', 0)) >>> 0;
      for (const r of regions)
        for (const to of [r.start - 1, r.start, r.start + 1, r.end, r.end + PAGE, 0xffffffff, 1])
          expect((await p.call('brk', to)) >>> 0, `brk to 0x${to.toString(16)}`).to.equal(now);
      expect(mapOf(p, regions)).to.deep.equal(map);
    }));

  it('calls that may look at them, or keep them in memory, change nothing', () =>
    inCage('product', async (p) => {
      const regions = await protectedRegions(p);
      const [bytes, map] = [bytesOf(p, regions), mapOf(p, regions)];
      for (const { start, end } of regions)
        for (const [name, ...more] of LOOKING) await p.call(name, start, end - start, ...more);
      expect(mapOf(p, regions)).to.deep.equal(map);
      expect(bytesOf(p, regions)).to.deep.equal(bytes);
      expect(await p.call('open', secret, 0)).to.equal(errno('EPERM'));
    }));

  it('doors that are closed altogether', () =>
    inCage('product', async (p) => {
      for (const name of ['remap_file_pages', 'pkey_alloc', 'mbind', 'process_madvise'] as const)
        for (const { start, end } of await protectedRegions(p))
          expect(await p.call(name, start, end - start, 0, 0, 0), name).to.be.below(0);
    }));
});
