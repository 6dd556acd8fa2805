import { expect } from 'chai';

import { ElfError, describeFile, parseElf, type ElfProblem } from '../../src/abi/elf.js';
import { planImage } from '../../src/launch/image.js';
import {
  ET,
  PT,
  buildElf,
  dynamicProgram,
  readFromSysroot,
  seededRandom,
  staticProgram,
  type HeaderFields,
  type SegmentSpec,
} from '../support/elf-builder.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

function failure(file: Uint8Array, size = file.length): ElfError {
  try {
    parseElf(file, size);
  } catch (error) {
    expect(error).to.be.instanceOf(ElfError);
    return error as ElfError;
  }
  throw new Error('the file was accepted');
}

const TEXT: SegmentSpec = { offset: 0, address: 0x08048000, fileSize: 0x1000, flags: 5 };
const ENTRY = 0x08048100;

/** One good text segment, then `segments`. */
function withText(segments: readonly SegmentSpec[], header: HeaderFields = {}): Uint8Array {
  return buildElf([TEXT, ...segments], { entry: ENTRY, ...header }, 0x3000);
}

function interp(bytes: string, spec: Partial<SegmentSpec> = {}): Uint8Array {
  return withText([{ type: PT.INTERP, offset: 0x200, address: 0, bytes: ascii(bytes), ...spec }]);
}

describe('abi/elf: programs that are accepted', () => {
  it('reads a static program', () => {
    const elf = parseElf(staticProgram());
    expect(elf.kind).to.equal('fixed');
    expect(elf.entry).to.equal(0x08049000);
    expect(elf.segments.map((s) => s.address)).to.deep.equal([0x08048000, 0x0804a000, 0x0804bf00]);
    expect(elf.span).to.deep.equal({ start: 0x08048000, end: 0x0804f000 });
    expect(elf.phdrAddress).to.equal(0x08048034);
    expect(elf.interpreter).to.equal(null);
    expect(elf.stack).to.equal('non-executable');
  });

  it('reads a position-independent program and its interpreter', () => {
    const elf = parseElf(dynamicProgram());
    expect(elf.kind).to.equal('relocatable');
    expect(Buffer.from(elf.interpreter ?? []).toString()).to.equal('/lib/ld-linux.so.2');
    expect(elf.stack).to.equal('unspecified');
    expect(elf.phnum).to.equal(6);
  });

  it('takes one RX segment as nasm and ld make it, without PT_GNU_STACK', () => {
    const elf = parseElf(buildElf([{ ...TEXT, fileSize: 0x91 }], { entry: 0x08048080 }, 0x91));
    expect(elf.segments).to.have.length(1);
  });

  it('takes p_align 0 and 1, empty segments, and segments without file bytes', () => {
    const elf = parseElf(
      withText([
        { offset: 0, address: 0, fileSize: 0, flags: 6, align: 0 },
        { offset: 0, address: 0x08050000, fileSize: 0, memorySize: 0x10, flags: 6, align: 1 },
      ]),
    );
    expect(elf.segments.map((s) => s.index)).to.deep.equal([0, 2]);
  });

  it('gives program header address 0 when no segment holds the table', () => {
    const elf = parseElf(
      buildElf([{ offset: 0x1000, address: 0x08049000, fileSize: 0x100, flags: 5 }], { entry: 0x08049000 }, 0x1100),
    );
    expect(elf.phdrAddress).to.equal(0);
  });

  it('does not look at the entry of a library', () => {
    const file = dynamicProgram(undefined, { entry: 0 });
    expect(failure(file).message).to.include('e_entry');
    expect(parseElf(file, file.length, 'library').entry).to.equal(0);
  });

  it('cuts the interpreter at its first NUL, as the kernel reads it', () => {
    expect(Buffer.from(parseElf(interp('/ld\0junk\0')).interpreter ?? []).toString()).to.equal('/ld');
  });

  for (const path of [
    'lib/i386-linux-gnu/libc.so.6',
    'lib/ld-linux.so.2',
    'bin/busybox',
    'usr/bin/python3.11',
    'usr/lib/i386-linux-musl/libc.so',
  ]) {
    it(`accepts Debian's ${path}`, () => {
      const file = readFromSysroot(path);
      const elf = parseElf(file);
      expect(elf.phdrAddress).to.be.greaterThan(0);
      expect(planImage(elf).steps).not.to.be.empty;
    });
  }
});

describe('abi/elf: malformed files', () => {
  const table: [name: string, file: Uint8Array, reason: RegExp, kind?: ElfProblem][] = [
    ['empty', new Uint8Array(0), /^an empty file/, 'not-elf'],
    ['header cut off', staticProgram().slice(0, 40), /header is cut off: 40 bytes, it must have 52/],
    ['magic only', ascii('\x7fELF'), /header is cut off: 4 bytes/],
    ['class 64 for EM_386', staticProgram({ class: 2 }), /EI_CLASS\] is 2, it must be 1/],
    ['big-endian class', staticProgram({ data: 3 }), /EI_DATA\] is 3, it must be 1/],
    ['e_ident version', staticProgram({ identVersion: 0 }), /EI_VERSION\] is 0, it must be 1/],
    ['e_version', staticProgram({ version: 7 }), /e_version is 7, it must be 1/],
    ['object file', staticProgram({ type: ET.REL }), /e_type is 1, it must be 2 .* object file/],
    ['core dump', staticProgram({ type: ET.CORE }), /e_type is 4.*core dump/],
    ['odd type', staticProgram({ type: 0xfe00 }), /e_type is 65024.*no program/],
    ['e_phentsize', staticProgram({ phentsize: 56 }), /e_phentsize is 56, it must be 32/],
    ['no headers', staticProgram({ phnum: 0 }), /e_phnum is 0, it must be 1 to 64/],
    ['65 headers', staticProgram({ phnum: 65 }), /e_phnum is 65, it must be 1 to 64/],
    ['PN_XNUM', staticProgram({ phnum: 65535 }), /e_phnum is 65535 \(PN_XNUM/],
    ['table behind the end', staticProgram({ phoff: 0x33ff }), /e_phoff 0x000033ff with 4 program headers/],
    ['table wraps', staticProgram({ phoff: 0xffffffe0 }), /e_phoff 0xffffffe0 with 4/],
    ['table inside the header', staticProgram({ phoff: 4 }), /e_phoff 0x00000004 .* behind the ELF header/],
    ['no PT_LOAD', buildElf([{ type: PT.NOTE, offset: 0, address: 0 }]), /no PT_LOAD segment/],
    [
      'p_memsz wraps',
      withText([{ offset: 0, address: 0x08049000, fileSize: 0, memorySize: 0xfffff000 }]),
      /p_memsz of segment 1 \(0xfffff000 at 0x08049000\) wraps around the address space/,
    ],
    [
      'p_memsz wraps when rounded',
      withText([
        { offset: 0xfff, address: 0xffffefff, fileSize: 0, memorySize: 0x1001, flags: 6 },
        { offset: 0, address: 0xfffff000, fileSize: 0, memorySize: 0x1001 },
      ]),
      /p_memsz of segment 2 .* wraps/,
    ],
    [
      'p_memsz < p_filesz',
      withText([{ offset: 0x1000, address: 0x08050000, fileSize: 0x100, memorySize: 0xff }]),
      /p_filesz of segment 1 \(0x00000100\) must not exceed its p_memsz \(0x000000ff\)/,
    ],
    [
      'bytes behind the end',
      withText([{ offset: 0x2000, address: 0x08050000, fileSize: 0x1001 }]),
      /segment 1 needs the file bytes 0x00002000 \+ 0x00001001, but the file has 12288/,
    ],
    [
      'p_offset wraps',
      withText([{ offset: 0xfffff000, address: 0x08050000, fileSize: 0x2000 }]),
      /segment 1 needs the file bytes 0xfffff000/,
    ],
    [
      'offset and address disagree',
      withText([{ offset: 0x1001, address: 0x08050000, fileSize: 1 }]),
      /p_vaddr 0x08050000 and p_offset 0x00001001 of segment 1 must agree/,
    ],
    [
      'p_align 3',
      withText([{ offset: 0x1000, address: 0x08050000, fileSize: 1, align: 3 }]),
      /p_align of segment 1 is 0x00000003, it must be a power of two/,
    ],
    [
      'p_align 2 GiB',
      withText([{ offset: 0x1000, address: 0x08050000, fileSize: 1, align: 0x80000000 }]),
      /p_align of segment 1 is 0x80000000/,
    ],
    [
      'overlap',
      withText([{ offset: 0x1000, address: 0x08048000, fileSize: 0x10 }]),
      /segment 1 .* overlaps a page of segment 0/,
    ],
    [
      'overlap by rounding',
      withText([
        { offset: 0x1010, address: 0x08050010, fileSize: 0x10 },
        { offset: 0x1800, address: 0x08050800, fileSize: 0x10 },
      ]),
      /segment 2 .* overlaps a page of segment 1/,
    ],
    [
      'overlap of bss',
      withText([
        { offset: 0x1000, address: 0x08050000, fileSize: 0x10, memorySize: 0x5000 },
        { offset: 0x2000, address: 0x08054000, fileSize: 0x10 },
      ]),
      /segment 2 .* overlaps a page of segment 1/,
    ],
    [
      'descending',
      withText([{ offset: 0x1000, address: 0x08040000, fileSize: 0x10 }]),
      /segment 1 \(0x08040000\) must come after segment 0/,
    ],
    [
      'too large',
      buildElf(
        [TEXT, { offset: 0, address: 0xc8049000, fileSize: 0, memorySize: 1 }],
        { entry: ENTRY, type: ET.DYN },
        0x1000,
      ),
      /span 0xc0002000 bytes, it must be at most 0xc0000000/,
    ],
    [
      'kernel address',
      withText([{ offset: 0, address: 0xbffff000, fileSize: 0, memorySize: 0x1001 }]),
      /end at 0xc0001000, it must be at most 0xc0000000/,
    ],
    [
      'null page',
      buildElf([{ ...TEXT, address: 0 }], { entry: 0x100 }, 0x1000),
      /lowest segment of this fixed program is at 0x00000000, it must be at 0x00010000/,
    ],
    ['entry outside', staticProgram({ entry: 0x0804a000 }), /e_entry 0x0804a000 must lie inside an executable segment/],
    [
      'two interpreters',
      withText([0, 1].map(() => ({ type: PT.INTERP, offset: 0x200, address: 0, bytes: ascii('/ld\0') }))),
      /2 PT_INTERP headers, there must be at most one/,
    ],
    ['interpreter not terminated', interp('/lib/ld.so'), /PT_INTERP path must end with a NUL/],
    ['interpreter empty', interp('\0\0'), /must be absolute, it is ""/],
    ['interpreter of one byte', interp('\0'), /has 1 bytes, it must have 2 to 4096/],
    ['interpreter too long', interp('/' + 'x'.repeat(4095) + '\0'), /has 4097 bytes/],
    ['interpreter relative', interp('li\x1bb/ld.so\0'), /must be absolute, it is "li\\x1bb\/ld.so"/],
    [
      'interpreter outside',
      interp('/ld\0', { offset: 0x2fff, fileSize: 16 }),
      /PT_INTERP path \(0x00002fff \+ 16\) must lie inside the file/,
    ],
    [
      'interpreter wraps',
      withText([{ type: PT.INTERP, offset: 0xffffffff, address: 0, fileSize: 16 }]),
      /PT_INTERP path \(0xffffffff \+ 16\)/,
    ],
  ];
  for (const [name, file, reason, kind] of table) {
    it(`${name}`, () => {
      const error = failure(file);
      expect(error.message).to.match(reason);
      expect(error.kind).to.equal(kind ?? 'malformed');
    });
  }

  it('says so when only part of the headers was read', () => {
    expect(failure(staticProgram().slice(0, 100), 0x3400).message).to.match(/end at 180, but only 100 bytes were read/);
  });
});

describe('abi/elf: what is this file?', () => {
  const machine = (fields: HeaderFields): Uint8Array => staticProgram(fields);
  const table: [Uint8Array, RegExp, ElfProblem][] = [
    [machine({ class: 2, machine: 62 }), /^a 64-bit x86-64 ELF program: only i386 .* use its i386 build/, 'wrong-arch'],
    [machine({ machine: 62 }), /^an x32 \(x86-64 with 32-bit pointers\) ELF program/, 'wrong-arch'],
    [machine({ machine: 40 }), /^an ARM ELF program/, 'wrong-arch'],
    [machine({ class: 2, machine: 183 }), /^a 64-bit ARM \(AArch64\) ELF program/, 'wrong-arch'],
    [machine({ machine: 4242 }), /^an unknown \(e_machine 4242\) ELF program/, 'wrong-arch'],
    [machine({ data: 2, machine: 0x0800 }), /^a MIPS ELF program/, 'wrong-arch'],
    [
      ascii('#!/bin/sh -e\necho'),
      /^a shell script \(#!\/bin\/sh -e\): run it through its interpreter: \/bin\/sh -e FILE$/,
      'not-elf',
    ],
    [ascii('#! /usr/bin/env bash\n'), /^a shell script \(#!\/usr\/bin\/env bash\)/, 'not-elf'],
    [ascii('#!/usr/bin/python3\n'), /^a script \(#!\/usr\/bin\/python3\): run .*\/usr\/bin\/python3 FILE/, 'not-elf'],
    [ascii('#!/bin/\x1b[31m\n'), /\\x1b\[31m/, 'not-elf'],
    [ascii('#!\n'), /empty #! line/, 'not-elf'],
    [ascii('echo hello\n'), /^a text file without a #! line/, 'not-elf'],
    [ascii('MZ\x90\0'), /^a DOS or Windows program/, 'not-elf'],
    [ascii('\x01\x02\x03'), /^data of an unknown format/, 'not-elf'],
  ];
  for (const [file, text, kind] of table) {
    it(`${text.source}`, () => {
      const error = failure(file);
      expect(error.message).to.match(text).and.not.include('\n');
      expect(error.message).to.equal(describeFile(file));
      expect(error.kind).to.equal(kind);
    });
  }

  it('takes the word of stat for what is no regular file', () => {
    expect(describeFile(new Uint8Array(0), 'directory')).to.match(/^a directory, not a program/);
  });
});

describe('abi/elf: 10,000 damaged files', function () {
  this.timeout(60_000);

  const INTERESTING = [
    0, 1, 2, 0xff, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xbfffffff, 0xc0000000, 0xfffff000, 0xfffffffc, 0xffffffff,
  ];

  function damage(file: Uint8Array, headers: number, random: () => number): Uint8Array {
    const copy = file.slice();
    const view = new DataView(copy.buffer);
    for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
      const at = Math.floor(random() * (headers - 4));
      const choice = random();
      if (choice < 0.3) copy[at] = Math.floor(random() * 256);
      else if (choice < 0.5) copy[at] ^= 1 << Math.floor(random() * 8);
      else if (choice < 0.8) view.setUint32(at & ~3, INTERESTING[Math.floor(random() * INTERESTING.length)], true);
      else if (choice < 0.95)
        view.setUint32(at & ~3, view.getUint32(at & ~3, true) + Math.floor(random() * 0x4000) - 0x2000, true);
      else return copy.slice(0, Math.floor(random() * copy.length));
    }
    return copy;
  }

  function checkPlan(file: Uint8Array): void {
    const elf = parseElf(file);
    const plan = planImage(elf);
    expect(plan.span.start).to.be.lessThan(plan.span.end);
    expect(plan.span.end).to.be.at.most(0x1_0000_0000);
    expect(plan.span.end - plan.span.start).to.be.at.most(0xc0000000);
    let end = plan.span.start;
    for (const step of plan.steps.filter((s) => s.do !== 'zero')) {
      expect(step.length).to.be.greaterThan(0);
      expect(step.address).to.be.at.least(end);
      end = step.address + step.length;
      if (step.do === 'mapFile') expect(step.offset).to.be.lessThan(file.length);
    }
    expect(end).to.be.at.most(plan.span.end);
  }

  it('each is refused with a reason or planned inside its span', () => {
    const random = seededRandom(20110628);
    const files = [staticProgram(), dynamicProgram(), readFromSysroot('lib/ld-linux.so.2')];
    let accepted = 0;
    for (let i = 0; i < 10_000; i++) {
      const original = files[i % files.length];
      const file = damage(original, 52 + 32 * (original[44] ?? 0), random);
      try {
        checkPlan(file);
        accepted++;
      } catch (error) {
        if (!(error instanceof ElfError)) throw error;
        expect(error.message).to.have.length.greaterThan(10);
      }
    }
    expect(accepted).to.be.within(500, 9_500);
  });
});
