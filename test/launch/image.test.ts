import { expect } from 'chai';
import fc from 'fast-check';

import { parseElf, type ElfImage } from '../../src/abi/elf.js';
import {
  AT,
  ImageError,
  PROT,
  biasFor,
  buildStack,
  parseStack,
  planImage,
  rewriteAuxv,
  type AuxPair,
  type AuxReplacements,
  type ImagePlan,
} from '../../src/launch/image.js';
import { ET, buildElf, dynamicProgram, staticProgram, type SegmentSpec } from '../support/elf-builder.js';

const PAGE = 0x1000;

/** What the steps leave in memory, byte by byte; file mappings read zero behind the end of the file. */
function carryOut(plan: ImagePlan, file: Uint8Array): Map<number, number> {
  const memory = new Map<number, number>();
  for (const step of plan.steps) {
    for (let i = 0; i < step.length; i++) {
      memory.set(step.address + i, step.do === 'mapFile' ? (file[step.offset + i] ?? 0) : 0);
    }
  }
  return memory;
}

/** What the ELF specification says must be there. */
function expectImage(elf: ElfImage, plan: ImagePlan, file: Uint8Array): void {
  const memory = carryOut(plan, file);
  for (const s of elf.segments) {
    for (let i = 0; i < s.memorySize; i++) {
      const wanted = i < s.fileSize ? file[s.offset + i] : 0;
      const writable = (s.flags & 2) !== 0;
      if (i < s.fileSize || writable) expect(memory.get(s.address + plan.bias + i)).to.equal(wanted);
    }
  }
}

function expectSound(plan: ImagePlan): void {
  let end = plan.span.start;
  for (const step of plan.steps) {
    expect(step.length).to.be.greaterThan(0);
    if (step.do === 'zero') {
      expect(step.address + step.length).to.equal(end);
      continue;
    }
    expect([step.address % PAGE, step.length % PAGE]).to.deep.equal([0, 0]);
    if (step.do === 'mapFile') expect(step.offset % PAGE).to.equal(0);
    expect(step.address).to.be.at.least(end);
    end = step.address + step.length;
  }
  expect(end).to.be.at.most(plan.span.end);
}

describe('launch/image: the plan', () => {
  it('puts a fixed program where it was linked', () => {
    const plan = planImage(parseElf(staticProgram()));
    expect(plan.reserve).to.deep.equal({ address: 0x08048000, length: 0x7000 });
    expect(plan.steps).to.deep.equal([
      { do: 'mapFile', address: 0x08048000, length: 0x2000, offset: 0, prot: PROT.READ | PROT.EXEC },
      { do: 'mapFile', address: 0x0804a000, length: 0x1000, offset: 0x2000, prot: PROT.READ },
      { do: 'mapFile', address: 0x0804b000, length: 0x2000, offset: 0x2000, prot: PROT.READ | PROT.WRITE },
      { do: 'zero', address: 0x0804c200, length: 0xe00 },
      { do: 'mapAnon', address: 0x0804d000, length: 0x2000, prot: PROT.READ | PROT.WRITE },
    ]);
    expect([plan.entry, plan.phdr, plan.phnum]).to.deep.equal([0x08049000, 0x08048034, 4]);
    expect(plan.writableCode).to.be.empty;
  });

  it('lets the kernel choose for a relocatable one, and adds the bias everywhere', () => {
    const elf = parseElf(dynamicProgram());
    expect(planImage(elf).reserve).to.deep.equal({ address: 0, length: 0x3000 });
    const bias = biasFor(elf, 0x56555000);
    const plan = planImage(elf, bias);
    expect(plan.span).to.deep.equal({ start: 0x56555000, end: 0x56558000 });
    expect([plan.entry, plan.phdr]).to.deep.equal([0x56556000, 0x56555034]);
    expect(plan.steps.map((s) => s.address)).to.deep.equal([0x56555000, 0x56556000, 0x56557000, 0x56557f80]);
  });

  it('finds an aligned place inside a larger reservation when p_align asks for it', () => {
    const file = buildElf(
      [{ offset: 0, address: 0, fileSize: PAGE, align: 0x10000 }],
      { type: ET.DYN, entry: 0x100 },
      PAGE,
    );
    const elf = parseElf(file);
    expect(planImage(elf).reserve.length).to.equal(PAGE + 0x10000 - PAGE);
    expect(biasFor(elf, 0x56551000)).to.equal(0x56560000);
    expect(() => planImage(elf, 0x56551000)).to.throw(ImageError, 'must be a multiple of 0x10000');
  });

  it('takes off the address a relocatable image was linked at', () => {
    const file = buildElf(
      [{ offset: 0, address: 0x40000000, fileSize: PAGE }],
      { type: ET.DYN, entry: 0x40000100 },
      PAGE,
    );
    const elf = parseElf(file);
    expect(biasFor(elf, 0x30000000)).to.equal(-0x10000000);
    expect(planImage(elf, biasFor(elf, 0x30000000)).entry).to.equal(0x30000100);
  });

  it('reports segments that are writable and executable', () => {
    const plan = planImage(
      parseElf(buildElf([{ offset: 0, address: 0x08048000, fileSize: 0x80, flags: 7 }], { entry: 0x08048060 }, 0x80)),
    );
    expect(plan.writableCode).to.deep.equal([{ start: 0x08048000, end: 0x08048080 }]);
    expect(plan.steps[0]).to.include({ prot: 7 });
  });

  it('refuses a bias for a fixed image, and one that leaves the address space', () => {
    expect(() => planImage(parseElf(staticProgram()), PAGE)).to.throw(ImageError, 'bias 0x1000, it must be 0');
    expect(() => biasFor(parseElf(staticProgram()), PAGE)).to.throw(ImageError, 'no load bias');
    const elf = parseElf(dynamicProgram());
    expect(() => planImage(elf, 0xfffff000)).to.throw(ImageError, 'leaves the address space');
    expect(() => biasFor(elf, 0x56555010)).to.throw(ImageError, 'must begin at a page');
  });

  it('holds what the specification says, for any layout', () => {
    const shape = fc.record({
      gap: fc.nat(3),
      into: fc.nat(PAGE - 1),
      fileSize: fc.nat(2 * PAGE),
      bss: fc.oneof(fc.constant(0), fc.nat(2 * PAGE)),
      flags: fc.integer({ min: 4, max: 7 }),
    });
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 4 }), fc.boolean(), (shapes, relocatable) => {
        const { file, elf } = layOut(shapes, relocatable);
        const plan = planImage(elf, relocatable ? biasFor(elf, 0x56555000) : 0);
        expectSound(plan);
        expectImage(elf, plan, file);
      }),
      { numRuns: 60, seed: 7 },
    );
  }).timeout(30_000);
});

interface Shape {
  gap: number;
  into: number;
  fileSize: number;
  bss: number;
  flags: number;
}

/** A text segment and segments of the given shapes behind it, every file byte different from its neighbour. */
function layOut(shapes: readonly Shape[], relocatable: boolean): { file: Uint8Array; elf: ElfImage } {
  const base = relocatable ? 0 : 0x08048000;
  const segments: SegmentSpec[] = [{ offset: 0, address: base, fileSize: PAGE, flags: 5 }];
  let [offset, address] = [PAGE, base + PAGE];
  for (const { gap, into, fileSize, bss, flags } of shapes) {
    address += gap * PAGE;
    segments.push({
      offset: offset + into,
      address: address + into,
      bytes: Uint8Array.from({ length: fileSize }, (_, i) => 1 + ((i * 7 + flags) % 255)),
      memorySize: fileSize + bss,
      flags,
    });
    offset = Math.ceil((offset + into + fileSize) / PAGE) * PAGE;
    address = Math.ceil((address + into + fileSize + bss) / PAGE) * PAGE;
  }
  const file = buildElf(
    segments,
    { type: relocatable ? ET.DYN : ET.EXEC, entry: base + 0x800 },
    Math.max(offset, PAGE) + PAGE,
  );
  return { file, elf: parseElf(file) };
}

const REPLACEMENTS: AuxReplacements = {
  phdr: 0x56555034,
  phnum: 9,
  entry: 0x56556000,
  base: 0xf7f00000,
  sysinfo: 0xf7e00010,
};

const KERNEL_AUXV: AuxPair[] = [
  [AT.SYSINFO, 0xf7fc0570],
  [AT.SYSINFO_EHDR, 0xf7fc0000],
  [51, 1440],
  [16, 0x178bfbff],
  [6, 4096],
  [17, 100],
  [AT.PHDR, 0x40000034],
  [AT.PHENT, 32],
  [AT.PHNUM, 5],
  [AT.BASE, 0],
  [8, 0],
  [AT.ENTRY, 0x40001000],
  [11, 1000],
  [AT.SECURE, 0],
  [25, 0xffffd4ab],
  [26, 2],
  [AT.RSEQ_FEATURE_SIZE, 28],
  [AT.RSEQ_ALIGN, 32],
  [AT.EXECFN, 0xffffdff0],
  [15, 0xffffd4bb],
];

const ESP = 0xffffd2a0;
const EXECFN = Buffer.from('/usr/bin/python3.11');

function kernelStack(
  auxv: readonly AuxPair[] = KERNEL_AUXV,
  argv = [0xffffd600, 0xffffd610],
  envp = [0xffffd700],
): Uint32Array {
  return Uint32Array.from([argv.length, ...argv, 0, ...envp, 0, ...auxv.flat(), 0, 0, 0xdeadbeef]);
}

describe('launch/image: the first stack', () => {
  const built = buildStack(kernelStack(), ESP, REPLACEMENTS, EXECFN);
  const words = new Uint32Array(built.bytes.buffer, 0, Math.floor(built.bytes.length / 4));
  const auxv = new Map(parseStack(words).auxv);

  it('is aligned to 16 bytes, below the old one and ends at it', () => {
    expect(built.esp % 16).to.equal(0);
    expect(built.esp + built.bytes.length).to.equal(ESP);
  });

  it('keeps the arguments and the environment', () => {
    expect(parseStack(words).argv).to.deep.equal([0xffffd600, 0xffffd610]);
    expect(parseStack(words).envp).to.deep.equal([0xffffd700]);
  });

  it('speaks of the program, not of the loader', () => {
    expect(auxv.get(AT.PHDR)).to.equal(REPLACEMENTS.phdr);
    expect(auxv.get(AT.PHENT)).to.equal(32);
    expect(auxv.get(AT.PHNUM)).to.equal(9);
    expect(auxv.get(AT.ENTRY)).to.equal(REPLACEMENTS.entry);
    expect(auxv.get(AT.BASE)).to.equal(REPLACEMENTS.base);
    expect(auxv.get(AT.SYSINFO)).to.equal(REPLACEMENTS.sysinfo);
  });

  it('holds the path of the program with its NUL', () => {
    expect(auxv.get(AT.EXECFN)).to.equal(built.execfn);
    const at = built.execfn - built.esp;
    expect(Buffer.from(built.bytes.subarray(at)).toString()).to.equal('/usr/bin/python3.11\0');
  });

  it('hides the vDSO and rseq, and leaves everything else', () => {
    expect([AT.SYSINFO_EHDR, AT.RSEQ_FEATURE_SIZE, AT.RSEQ_ALIGN].some((type) => auxv.has(type))).to.equal(false);
    expect(auxv.get(AT.IGNORE)).to.equal(0);
    for (const type of [51, 16, 6, 17, 8, 11, AT.SECURE, 25, 26, 15]) {
      expect(auxv.get(type)).to.equal(new Map(KERNEL_AUXV).get(type));
    }
    expect(auxv.size).to.equal(KERNEL_AUXV.length - 2);
  });

  it('adds what the kernel left out', () => {
    const pairs = new Map(rewriteAuxv([[6, 4096]], REPLACEMENTS, 0x1234));
    expect(pairs.get(AT.SYSINFO)).to.equal(REPLACEMENTS.sysinfo);
    expect(pairs.get(AT.EXECFN)).to.equal(0x1234);
    expect(pairs.get(6)).to.equal(4096);
  });

  it('fits any number of arguments', () => {
    const addresses = fc.array(fc.integer({ min: 1, max: 0xffffffff }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(addresses, addresses, fc.integer({ min: 1, max: 300 }), fc.nat(3), (argv, envp, length, shift) => {
        const esp = ESP + 4 * shift;
        const stack = buildStack(
          kernelStack(KERNEL_AUXV, argv, envp),
          esp,
          REPLACEMENTS,
          new Uint8Array(length).fill(0x61),
        );
        const parsed = parseStack(new Uint32Array(stack.bytes.buffer, 0, Math.floor(stack.bytes.length / 4)));
        expect(stack.esp % 16).to.equal(0);
        expect(stack.esp + stack.bytes.length).to.equal(esp);
        expect(parsed.argv).to.deep.equal(argv);
        expect(parsed.envp).to.deep.equal(envp);
      }),
    );
  });

  const wrong: [string, () => unknown, RegExp][] = [
    ['no words', () => parseStack(new Uint32Array(0)), /argc is 0/],
    ['argc 0', () => parseStack(Uint32Array.of(0, 0, 0, 0, 0)), /argc is 0, it must be 1 to 3/],
    ['argc too large', () => parseStack(Uint32Array.of(9, 1, 0)), /argc is 9/],
    [
      'argv not ended',
      () => parseStack(Uint32Array.of(1, 5, 5, 0, 0, 0)),
      /argv must have 1 addresses and then a null/,
    ],
    ['null in argv', () => parseStack(Uint32Array.of(2, 5, 0, 0, 0, 0, 0)), /argv must have 2/],
    ['environment not ended', () => parseStack(Uint32Array.of(1, 5, 0, 7, 7)), /environment must end with a null/],
    ['auxv not ended', () => parseStack(Uint32Array.of(1, 5, 0, 0, 6, 4096)), /must end with AT_NULL/],
    ['set-id', () => rewriteAuxv([[AT.SECURE, 1]], REPLACEMENTS, 0), /AT_SECURE is set/],
    [
      'odd esp',
      () => buildStack(kernelStack(), ESP + 2, REPLACEMENTS, EXECFN),
      /esp is 0xffffd2a2, it must be a multiple of 4/,
    ],
    ['no room', () => buildStack(kernelStack(), 0x1010, REPLACEMENTS, EXECFN), /leaves no room/],
    ['empty path', () => buildStack(kernelStack(), ESP, REPLACEMENTS, new Uint8Array(0)), /path has 0 bytes/],
    ['NUL in path', () => buildStack(kernelStack(), ESP, REPLACEMENTS, Buffer.from('/a\0b')), /no NUL/],
  ];
  for (const [name, act, reason] of wrong) {
    it(`refuses: ${name}`, () => {
      expect(act).to.throw(ImageError, reason);
    });
  }
});
