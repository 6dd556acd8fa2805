/** Programs and interpreters that are not what an ELF file must be: a reason, and not one instruction of them runs. */
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildElf, ET, PT } from '../support/elf-builder.js';
import { file, guest, killAll, place, run, several, type Cage, type Ended } from './harness.js';

const [RAN, NOT_RUNNABLE, NOT_FOUND] = [7, 126, 127];
const PAGE = 0x1000;
const HEADER = 52;
const PHENT = 32;

let count = 0;
/** Runs a file as a program, and says whether it got as far as its canary. */
async function attempt(cage: Cage, program: string): Promise<Ended & { ran: boolean }> {
  const canary = join(place, `elf-canary-${count++}`);
  const ended = await run({ cage, command: [program, canary] });
  const ran = existsSync(canary);
  if (ran) rmdirSync(canary);
  return { ...ended, ran };
}

const good = (): Uint8Array => new Uint8Array(readFileSync(guest('canary.c')));
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
/** Offsets in the program headers of `good`, by index. */
const loads = (bytes: Uint8Array): number[] =>
  Array.from({ length: view(bytes).getUint16(44, true) }, (_, i) => HEADER + i * PHENT).filter(
    (at) => view(bytes).getUint32(at, true) === PT.LOAD,
  );
const PH = { offset: 4, address: 8, fileSize: 16, memorySize: 20, flags: 24, align: 28 } as const;

type Mutation = (bytes: Uint8Array) => Uint8Array | undefined;
/** Sets words of the n-th loaded segment. */
const segment =
  (n: number, fields: Partial<Record<keyof typeof PH, number>>): Mutation =>
  (bytes) => {
    const at = loads(bytes).at(n) ?? 0;
    for (const [name, value] of Object.entries(fields))
      view(bytes).setUint32(at + PH[name as keyof typeof PH], value, true);
    return bytes;
  };
const header =
  (offset: number, size: 1 | 2 | 4, value: number): Mutation =>
  (bytes) => {
    if (size === 1) bytes[offset] = value;
    else if (size === 2) view(bytes).setUint16(offset, value, true);
    else view(bytes).setUint32(offset, value, true);
    return bytes;
  };

const WRONG: Readonly<Record<string, Mutation>> = {
  'a size that wraps the address space': segment(-1, { memorySize: 0xffffffff }),
  'a size that wraps to a small one': segment(-1, { memorySize: 0xf8000000 }),
  'an address at the end of memory': segment(-1, { address: 0xfffff000, offset: 0, memorySize: 2 * PAGE }),
  'a segment over the last pages': segment(-1, { address: 0xffffe000, offset: 0 }),
  'a segment over half of memory': segment(-1, { address: 0x80000000, offset: 0, fileSize: 0, memorySize: 0x7ffff000 }),
  'a segment where the stack, the hook and the vDSO are': segment(-1, {
    address: 0xf0000000,
    offset: 0,
    fileSize: 0,
    memorySize: 0x0ffff000,
  }),
  'a segment at address 0': segment(0, { address: 0 }),
  'segments one over the other': segment(-1, { address: 0x08048000, offset: 0 }),
  'segments out of order': segment(0, { address: 0x10000000 }),
  'more of the file than it has': segment(1, { fileSize: 0x7fffffff, memorySize: 0x7fffffff }),
  'more of the file than of memory': segment(1, { memorySize: 1 }),
  'an offset behind the end': segment(1, { offset: 0x7ffff000 }),
  'an offset that does not match its address': segment(1, { offset: 1 }),
  'an alignment that is none': segment(1, { align: 3 }),
  'an entry outside': header(24, 4, 0x70000000),
  'an entry at 0': header(24, 4, 0),
  'an entry in the kernel': header(24, 4, 0xffffffff),
  'program headers behind the end': header(28, 4, 0x7fffffff),
  'program headers that wrap': header(28, 4, 0xffffffe0),
  'no program headers': header(44, 2, 0),
  'program headers without number': header(44, 2, 0xffff),
  'program headers of another size': header(42, 2, 56),
  'another machine': header(18, 2, 62),
  'another class': header(4, 1, 2),
  'big endian': header(5, 1, 2),
  'an object file': header(16, 2, ET.REL),
  'a core': header(16, 2, ET.CORE),
  'another magic': header(0, 1, 0x7e),
  'the header cut': (bytes) => bytes.subarray(0, 40),
  'the headers cut': (bytes) => bytes.subarray(0, 70),
  'the segments cut': (bytes) => bytes.subarray(0, 0x1001),
  'nothing at all': () => new Uint8Array(0),
  'a text': () => Buffer.from('hello\n'),
};

/** A program whose interpreter is named by raw bytes. */
const withInterpreter = (name: Uint8Array, more: readonly Parameters<typeof buildElf>[0][number][] = []): Uint8Array =>
  buildElf(
    [
      { type: PT.INTERP, offset: 0x200, address: 0x10000200, bytes: name },
      ...more,
      { offset: 0, address: 0x10000000, fileSize: 0x400, memorySize: 0x400, flags: 5 },
    ],
    { entry: 0x10000300 },
    0x400,
  );
const named = (path: string): Uint8Array => Buffer.from(`${path}\0`, 'latin1');

const executable = (name: string, bytes: Uint8Array): string => file(name, bytes, 0o755);

function expectRefused({ status, stderr, ran }: Ended & { ran: boolean }, program: string): void {
  expect(ran, 'it ran').to.equal(false);
  expect(status, stderr).to.be.oneOf([NOT_RUNNABLE, NOT_FOUND]);
  expect(stderr).to.contain(program).and.not.contain('defect');
}

/** Repeatable numbers below a limit. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 0x100000000) * limit);
  };
}
const EXTREMES = [0, 1, 0xff, 0x7f, 0x80, 0x10, 0x40];
/** Some bytes of the headers are others. */
function mutated(seed: number): Uint8Array {
  const bytes = good();
  const next = numbers(seed);
  const end = HEADER + PHENT * view(bytes).getUint16(44, true);
  for (let i = 0; i <= next(4); i++)
    bytes[4 + next(end - 4)] = next(2) === 0 ? EXTREMES[next(EXTREMES.length)] : next(256);
  return bytes;
}

describe('attacks: malformed ELF files', function () {
  this.timeout(120_000);
  after(killAll);

  for (const cage of ['product', 'bare'] as const)
    it(`control: the file as it is runs, ${cage}`, async () => {
      expect(await attempt(cage, guest('canary.c'))).to.include({ status: RAN, ran: true });
    });

  it('control: the kernel itself runs some of the wrong ones', async () => {
    const ran: string[] = [];
    await several(Object.entries(WRONG), async ([what, mutation]) => {
      const program = executable(`bare-${what.replaceAll(' ', '-')}`, mutation(good()) ?? good());
      const ended = await attempt('bare', program).catch(() => undefined);
      if (ended?.ran) ran.push(what);
    });
    expect(ran).to.not.deep.equal([]);
  });

  it('as a program: 126 and a reason', () =>
    several(Object.entries(WRONG), async ([what, mutation]) => {
      const program = executable(what.replaceAll(' ', '-'), mutation(good()) ?? good());
      expectRefused(await attempt('product', program), program);
    }));

  it('as an interpreter: 126 and a reason', () =>
    several(Object.entries(WRONG), async ([what, mutation]) => {
      const interpreter = executable(`interpreter-${what.replaceAll(' ', '-')}`, mutation(good()) ?? good());
      const program = executable(`with-${what.replaceAll(' ', '-')}`, withInterpreter(named(interpreter)));
      expectRefused(await attempt('product', program), program);
    }));

  it('control: a good interpreter runs', async () => {
    const program = executable('with-good', withInterpreter(named(guest('canary.c'))));
    for (const cage of ['product', 'bare'] as const)
      expect(await attempt(cage, program), cage).to.include({ ran: true });
  });

  for (const [what, name] of [
    ['is not terminated', Buffer.from('/lib/ld-linux.so.2')],
    ['is empty', named('')],
    ['holds control bytes', named('/lib/\x1b[2J\n\x07\xff')],
    ['is not there', named('/nowhere/ld.so')],
    ['is a directory', named('/')],
    ['is a device', named('/dev/null')],
    ['is memory of the helper', named('/proc/1/exe')],
    ['is a 64-bit program', named(process.execPath)],
    ['is relative', named('ld.so')],
  ] as const)
    it(`an interpreter whose name ${what}`, async () => {
      const program = executable(`named-${count}`, withInterpreter(name));
      const ended = await attempt('product', program);
      expectRefused(ended, program);

      expect(ended.stderr).to.not.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    });

  it('a hundred files with other bytes in their headers: run as they say, or refused with a reason', () =>
    several(
      Array.from({ length: 100 }, (_, i) => i + 1),
      async (seed) => {
        const program = executable(`mutated-${seed}`, mutated(seed));
        const { status, stderr, ran } = await attempt('product', program);
        expect(stderr, `seed ${seed}`).to.not.contain('defect');
        expect(status, `seed ${seed}: ${stderr}`).to.not.equal(125);
        if (status === NOT_RUNNABLE || status === NOT_FOUND) expect(ran, `seed ${seed}`).to.equal(false);
        if (!ran) expect(status === RAN ? '' : stderr, `seed ${seed}`).to.not.equal('');
      },
    ));
});
