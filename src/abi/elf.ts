/**
 * i386 ELF files, read as hostile input.
 *
 * Sources: System V gABI chapters 4 and 5, the i386 psABI, and what Linux's fs/binfmt_elf.c accepts. Where the
 * kernel is lenient and no toolchain needs it (wrapping sizes, overlapping segments), this parser refuses.
 * Addresses, offsets and sizes are bytes as unsigned numbers below 2^32.
 */

export const PAGE_SIZE = 0x1000;

/** The end of user space on an i386 kernel with the usual 3 GiB split. */
export const USER_SPACE_END = 0xc0000000;

/** Below the usual vm.mmap_min_addr (65536) nothing can be mapped. */
export const LOWEST_FIXED_ADDRESS = 0x10000;

/** p_flags of a segment. */
export const PF = { X: 1, W: 2, R: 4 } as const;

export type ElfProblem = 'not-elf' | 'wrong-arch' | 'malformed';

/** Why a file is not an i386 program that can be loaded; the message is complete as it is. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  constructor(
    readonly kind: ElfProblem,
    message: string,
  ) {
    super(message);
  }
}

/** One non-empty PT_LOAD. `index` is its place in the program header table. */
export interface ElfSegment {
  readonly index: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  /** Bits of {@link PF}. */
  readonly flags: number;
  /** A power of two, at least {@link PAGE_SIZE}. */
  readonly align: number;
}

/** A half-open range of link-time addresses. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

export interface ElfImage {
  readonly kind: 'fixed' | 'relocatable';
  /** Link-time address of the first instruction. */
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  /** From the first page of the first segment to the last page of the last. */
  readonly span: AddressRange;
  /** The largest p_align: the load bias must be a multiple of it. */
  readonly align: number;
  /** Link-time address of the program header table, 0 when no segment holds it. */
  readonly phdrAddress: number;
  readonly phnum: number;
  /** Path in PT_INTERP, raw bytes without the NUL. */
  readonly interpreter: Uint8Array | null;
  /** PT_GNU_STACK; a file without one gets READ_IMPLIES_EXEC from i386 Linux. */
  readonly stack: 'executable' | 'non-executable' | 'unspecified';
}

/** `library`: an object that ld.so maps; its entry point means nothing and is not checked. */
export type ElfUse = 'program' | 'library';

const HEADER_SIZE = 52;
const PHENT_SIZE = 32;
const MAX_PHNUM = 64;
const MAX_INTERPRETER = 4096;
const MAX_ALIGN = 0x1000_0000;
const ET = { EXEC: 2, DYN: 3 } as const;
const EM_386 = 3;
const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, GNU_EH_FRAME: 0x6474e550, GNU_STACK: 0x6474e551 } as const;

interface ProgramHeader {
  readonly index: number;
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly flags: number;
  readonly align: number;
}

/**
 * @param file the file's bytes from offset 0; at least the headers and PT_INTERP must be in it
 * @param fileSize the size of the whole file in bytes
 * @throws ElfError
 */
export function parseElf(file: Uint8Array, fileSize: number = file.length, use: ElfUse = 'program'): ElfImage {
  checkIdentity(file);
  const view = viewOf(file);
  const type = view.getUint16(16, true);
  if (type !== ET.EXEC && type !== ET.DYN) {
    throw malformed(
      `e_type is ${type}, it must be 2 (ET_EXEC) or 3 (ET_DYN): this is ${ELF_TYPES[type] ?? 'no program'}`,
    );
  }
  const headers = programHeaders(view, fileSize);
  const segments = headers.filter((h) => h.type === PT.LOAD && checkSegment(h, fileSize)).map(toSegment);
  checkOrder(segments);
  const span = spanOf(segments, type === ET.EXEC);
  const entry = view.getUint32(24, true);
  if (use === 'program') checkEntry(entry, segments);
  return {
    kind: type === ET.EXEC ? 'fixed' : 'relocatable',
    entry,
    segments,
    span,
    align: segments.reduce((most, s) => Math.max(most, s.align), PAGE_SIZE),
    phdrAddress: phdrAddress(view.getUint32(28, true), headers.length, segments),
    phnum: headers.length,
    interpreter: interpreterOf(headers, file, fileSize),
    stack: stackOf(headers),
  };
}

/** File offset of `length` bytes at a link-time address in the file-backed part of one executable segment, or -1. */
export function executableOffset(elf: ElfImage, address: number, length: number): number {
  const home = elf.segments.find(
    (s) => (s.flags & PF.X) !== 0 && address >= s.address && address + length <= s.address + s.fileSize,
  );
  return home === undefined ? -1 : address - home.address + home.offset;
}

function malformed(message: string): ElfError {
  return new ElfError('malformed', message);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
const pageFloor = (value: number): number => value - (value % PAGE_SIZE);
const pageCeil = (value: number): number => Math.ceil(value / PAGE_SIZE) * PAGE_SIZE;

function isElf(file: Uint8Array): boolean {
  return file.length >= 4 && file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;
}

function checkIdentity(file: Uint8Array): void {
  if (!isElf(file)) throw new ElfError('not-elf', describeFile(file));
  if (foreignElf(file) !== null) throw new ElfError('wrong-arch', describeFile(file));
  if (file.length < HEADER_SIZE) {
    throw malformed(`the ELF header is cut off: ${file.length} bytes, it must have ${HEADER_SIZE}`);
  }
  if (file[4] !== 1) throw malformed(`e_ident[EI_CLASS] is ${file[4]}, it must be 1 (32-bit)`);
  if (file[5] !== 1) throw malformed(`e_ident[EI_DATA] is ${file[5]}, it must be 1 (little-endian)`);
  const view = viewOf(file);
  const versions: [string, number][] = [
    ['e_ident[EI_VERSION]', file[6]],
    ['e_version', view.getUint32(20, true)],
  ];
  for (const [field, value] of versions) {
    if (value !== 1) throw malformed(`${field} is ${value}, it must be 1 (EV_CURRENT)`);
  }
}

function programHeaders(view: DataView, fileSize: number): ProgramHeader[] {
  const offset = view.getUint32(28, true);
  const size = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (size !== PHENT_SIZE) throw malformed(`e_phentsize is ${size}, it must be ${PHENT_SIZE}`);
  if (count === 0xffff) throw malformed('e_phnum is 65535 (PN_XNUM, the real count is elsewhere), it must be 1 to 64');
  if (count < 1 || count > MAX_PHNUM) throw malformed(`e_phnum is ${count}, it must be 1 to ${MAX_PHNUM}`);
  const end = offset + count * PHENT_SIZE;
  if (offset < HEADER_SIZE || end > fileSize) {
    throw malformed(
      `e_phoff ${hex(offset)} with ${count} program headers must lie behind the ELF header and inside the file (${fileSize} bytes)`,
    );
  }
  if (end > view.byteLength)
    throw malformed(`the program headers end at ${end}, but only ${view.byteLength} bytes were read`);
  return Array.from({ length: count }, (_, index) => programHeader(view, offset + index * PHENT_SIZE, index));
}

function programHeader(view: DataView, at: number, index: number): ProgramHeader {
  const word = (n: number): number => view.getUint32(at + 4 * n, true);
  return {
    index,
    type: word(0),
    offset: word(1),
    address: word(2),
    fileSize: word(4),
    memorySize: word(5),
    flags: word(6),
    align: word(7),
  };
}

/** False for an empty segment, which maps nothing. */
function checkSegment(h: ProgramHeader, fileSize: number): boolean {
  const name = `segment ${h.index}`;
  if (h.fileSize > h.memorySize) {
    throw malformed(`p_filesz of ${name} (${hex(h.fileSize)}) must not exceed its p_memsz (${hex(h.memorySize)})`);
  }
  if (h.memorySize === 0) return false;
  if (pageCeil(h.address + h.memorySize) > 0x1_0000_0000) {
    throw malformed(`p_memsz of ${name} (${hex(h.memorySize)} at ${hex(h.address)}) wraps around the address space`);
  }
  if (h.offset + h.fileSize > fileSize) {
    throw malformed(
      `${name} needs the file bytes ${hex(h.offset)} + ${hex(h.fileSize)}, but the file has ${fileSize} bytes`,
    );
  }
  checkAlignment(h, name);
  return true;
}

/** 0 and 1 mean "no alignment" (gABI); pages of the file can only be mapped where both agree modulo the page size. */
function checkAlignment(h: ProgramHeader, name: string): void {
  if ((h.align & (h.align - 1)) !== 0 || h.align > MAX_ALIGN) {
    throw malformed(`p_align of ${name} is ${hex(h.align)}, it must be a power of two up to ${hex(MAX_ALIGN)}`);
  }
  if (h.address % PAGE_SIZE !== h.offset % PAGE_SIZE) {
    throw malformed(
      `p_vaddr ${hex(h.address)} and p_offset ${hex(h.offset)} of ${name} must agree in their low 12 bits`,
    );
  }
}

function toSegment(h: ProgramHeader): ElfSegment {
  const { index, offset, address, fileSize, memorySize, flags } = h;
  return { index, offset, address, fileSize, memorySize, flags: flags & 7, align: Math.max(h.align, PAGE_SIZE) };
}

function checkOrder(segments: readonly ElfSegment[]): void {
  if (segments.length === 0) throw malformed('there is no PT_LOAD segment with a size: nothing to run');
  for (let i = 1; i < segments.length; i++) {
    const before = segments[i - 1];
    const here = segments[i];
    if (here.address < before.address) {
      throw malformed(
        `segment ${here.index} (${hex(here.address)}) must come after segment ${before.index} (${hex(before.address)})`,
      );
    }
    if (pageFloor(here.address) < pageCeil(before.address + before.memorySize)) {
      throw malformed(
        `segment ${here.index} (${hex(here.address)}) overlaps a page of segment ${before.index}, which ends at ${hex(before.address + before.memorySize)}`,
      );
    }
  }
}

function spanOf(segments: readonly ElfSegment[], fixed: boolean): AddressRange {
  const last = segments[segments.length - 1];
  const start = pageFloor(segments[0].address);
  const end = pageCeil(last.address + last.memorySize);
  if (end - start > USER_SPACE_END) {
    throw malformed(`the segments span ${hex(end - start)} bytes, it must be at most ${hex(USER_SPACE_END)}`);
  }
  if (fixed && start < LOWEST_FIXED_ADDRESS) {
    throw malformed(
      `the lowest segment of this fixed program is at ${hex(start)}, it must be at ${hex(LOWEST_FIXED_ADDRESS)} or above`,
    );
  }
  if (fixed && end > USER_SPACE_END) {
    throw malformed(`the segments of this fixed program end at ${hex(end)}, it must be at most ${hex(USER_SPACE_END)}`);
  }
  return { start, end };
}

function checkEntry(entry: number, segments: readonly ElfSegment[]): void {
  const inside = segments.some((s) => (s.flags & PF.X) !== 0 && entry >= s.address && entry < s.address + s.memorySize);
  if (!inside) throw malformed(`e_entry ${hex(entry)} must lie inside an executable segment`);
}

/** As binfmt_elf.c: where the segment that holds the table puts it. PT_PHDR is not asked. */
function phdrAddress(offset: number, count: number, segments: readonly ElfSegment[]): number {
  const home = segments.find((s) => offset >= s.offset && offset + count * PHENT_SIZE <= s.offset + s.fileSize);
  return home === undefined ? 0 : offset - home.offset + home.address;
}

function interpreterOf(headers: readonly ProgramHeader[], file: Uint8Array, fileSize: number): Uint8Array | null {
  const found = headers.filter((h) => h.type === PT.INTERP);
  if (found.length === 0) return null;
  if (found.length > 1) throw malformed(`there are ${found.length} PT_INTERP headers, there must be at most one`);
  const [{ offset, fileSize: size }] = found;
  if (size < 2 || size > MAX_INTERPRETER) {
    throw malformed(`the PT_INTERP path has ${size} bytes, it must have 2 to ${MAX_INTERPRETER}`);
  }
  if (offset + size > fileSize || offset + size > file.length) {
    throw malformed(`the PT_INTERP path (${hex(offset)} + ${size}) must lie inside the file (${fileSize} bytes)`);
  }
  const field = file.slice(offset, offset + size);
  if (field[size - 1] !== 0) throw malformed('the PT_INTERP path must end with a NUL byte');
  const path = field.subarray(0, field.indexOf(0));
  if (path[0] !== 0x2f) throw malformed(`the PT_INTERP path must be absolute, it is "${printable(path)}"`);
  return path;
}

/** Linux obeys the last PT_GNU_STACK. */
function stackOf(headers: readonly ProgramHeader[]): ElfImage['stack'] {
  const header = headers.filter((h) => h.type === PT.GNU_STACK).at(-1);
  if (header === undefined) return 'unspecified';
  return (header.flags & PF.X) !== 0 ? 'executable' : 'non-executable';
}

// ---------------------------------------------------------------------------------------------------------------
// What is this file? One line for exit status 126.

const ELF_TYPES: Readonly<Record<number, string>> = {
  1: 'an object file (.o), link it first',
  4: 'a core dump',
};

/** e_machine, gABI registry; 32-bit and 64-bit names where they differ. */
const MACHINES: Readonly<Record<number, string>> = {
  2: 'a SPARC',
  4: 'a Motorola 68000',
  8: 'a MIPS',
  15: 'an HP PA-RISC',
  20: 'a PowerPC',
  21: 'a 64-bit PowerPC',
  22: 'an IBM S/390',
  40: 'an ARM',
  42: 'a SuperH',
  43: 'a 64-bit SPARC',
  50: 'an Itanium',
  62: 'an x86-64',
  183: 'a 64-bit ARM (AArch64)',
  243: 'a RISC-V',
  247: 'a BPF',
  258: 'a LoongArch',
};

const I386_ADVICE = 'only i386 (32-bit x86) programs run here: use its i386 build (on Debian NAME:i386, or gcc -m32)';

/** What an ELF file for another machine is for, or null. */
function foreignElf(file: Uint8Array): string | null {
  if (file.length < 20) return null;
  const view = viewOf(file);
  const machine = view.getUint16(18, file[5] !== 2);
  if (machine === EM_386) return null;
  if (machine === 62) return file[4] === 2 ? 'a 64-bit x86-64' : 'an x32 (x86-64 with 32-bit pointers)';
  return MACHINES[machine] ?? `an unknown (e_machine ${machine})`;
}

/** First bytes of other well-known formats. */
const MAGIC: readonly (readonly [string, string])[] = [
  ['MZ', 'a DOS or Windows program'],
  ['\xfe\xed\xfa', 'a macOS program'],
  ['\xce\xfa\xed\xfe', 'a macOS program'],
  ['\xcf\xfa\xed\xfe', 'a macOS program'],
  ['\xca\xfe\xba\xbe', 'a Java class or macOS program'],
  ['\0asm', 'a WebAssembly module'],
  ['!<arch>\n', 'a static library or Debian package'],
  ['PK\x03\x04', 'a ZIP or JAR archive'],
  ['\x1f\x8b', 'a gzip file'],
];

export type FileType = 'file' | 'directory' | 'fifo' | 'socket' | 'device';

/**
 * One line for "not i386" (exit status 126): what the file is, and what to do instead.
 * @param file its first bytes (256 are enough)
 * @param type what stat said; for anything but a regular file the bytes are not looked at
 */
export function describeFile(file: Uint8Array, type: FileType = 'file'): string {
  if (type !== 'file') return `a ${type}, not a program: name an i386 program`;
  if (file.length === 0) return 'an empty file: name an i386 program';
  if (file[0] === 0x23 && file[1] === 0x21) return describeScript(file);
  const foreign = isElf(file) ? foreignElf(file) : null;
  if (foreign !== null) return `${foreign} ELF program: ${I386_ADVICE}`;
  if (isElf(file)) return 'an i386 ELF file';
  const start = String.fromCharCode(...file.subarray(0, 16));
  const known = MAGIC.find(([magic]) => start.startsWith(magic));
  if (known !== undefined) return `${known[1]}: ${I386_ADVICE}`;
  const text = file.subarray(0, 256).every((byte) => byte >= 0x20 || (byte >= 0x07 && byte <= 0x0d));
  return text
    ? 'a text file without a #! line: run it through its interpreter, such as /bin/sh FILE'
    : `data of an unknown format, not an ELF program: ${I386_ADVICE}`;
}

function describeScript(file: Uint8Array): string {
  const line = file.subarray(2, 256);
  const end = line.indexOf(0x0a);
  const [path = '', ...rest] = printable(end < 0 ? line : line.subarray(0, end))
    .trim()
    .split(/\s+/);
  const command = [path, ...rest].join(' ');
  const shell = /(^|\/|\s)(ba|da|k|z|a)?sh(\s|$)/.test(command) ? 'a shell script' : 'a script';
  if (path === '') return `${shell} with an empty #! line: run it through its interpreter, such as /bin/sh FILE`;
  return `${shell} (#!${command}): run it through its interpreter: ${command} FILE`;
}

/** Bytes as ASCII, everything else as \\xNN, so that a file cannot write to the terminal. */
function printable(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

// ---------------------------------------------------------------------------------------------------------------
// Where functions are. Hints from an untrusted file: what does not parse is left out, nothing throws.

export interface CodeMap {
  /** Functions with a known size, sorted by start (FDEs of .eh_frame, sized symbols). */
  readonly functions: readonly AddressRange[];
  /** Every address at which code is said to start (functions, sections, the entry point), sorted. */
  readonly starts: readonly number[];
  /** Sections with SHF_EXECINSTR; empty when the file has no section headers. */
  readonly codeSections: readonly AddressRange[];
  /** _GLOBAL_OFFSET_TABLE_, which the jump tables of position-independent code count from; 0 without one. */
  readonly globalOffsetTable: number;
}

interface Section {
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

const SHENT_SIZE = 40;
const SHT = { SYMTAB: 2, NOBITS: 8, DYNSYM: 11 } as const;
const SHF_EXECINSTR = 4;
const SYMBOL_SIZE = 16;
const STT = { FUNC: 2, GNU_IFUNC: 10 } as const;
const DT_PLTGOT = 3;
/** Hostile files can name the same table thousands of times. */
const MAX_FUNCTIONS = 200_000;
const MAX_TABLES = 4;
const MAX_CODE_SECTIONS = 64;

/** Function addresses from .symtab, .dynsym and .eh_frame; all link-time addresses inside executable segments. */
export function readCodeMap(elf: ElfImage, file: Uint8Array): CodeMap {
  const sections = readSections(file);
  const symbols = sections.filter((s) => s.type === SHT.SYMTAB || s.type === SHT.DYNSYM).slice(0, MAX_TABLES);
  const found = [...symbols.flatMap((section) => functionSymbols(file, section)), ...unwindFunctions(elf, file)].filter(
    (range) => executableOffset(elf, range.start, range.end - range.start) >= 0,
  );
  found.sort((a, b) => a.start - b.start || a.end - b.end);
  const codeSections = sections
    .filter((s) => (s.flags & SHF_EXECINSTR) !== 0 && s.type !== SHT.NOBITS)
    .slice(0, MAX_CODE_SECTIONS)
    .map((s) => ({ start: s.address, end: s.address + s.size }));
  const starts = [elf.entry, ...codeSections.map((s) => s.start), ...found.map((range) => range.start)];
  return {
    functions: found.filter((range) => range.end > range.start),
    starts: [...new Set(starts)].sort((a, b) => a - b),
    codeSections,
    globalOffsetTable: globalOffsetTable(file),
  };
}

/** DT_PLTGOT of PT_DYNAMIC. */
function globalOffsetTable(file: Uint8Array): number {
  const view = viewOf(file);
  const dynamic = programHeaders(view, file.length).find((h) => h.type === PT.DYNAMIC);
  if (dynamic === undefined || dynamic.offset + dynamic.fileSize > file.length) return 0;
  for (let at = dynamic.offset; at + 8 <= dynamic.offset + dynamic.fileSize; at += 8) {
    const tag = view.getUint32(at, true);
    if (tag === DT_PLTGOT) return view.getUint32(at + 4, true);
    if (tag === 0) break;
  }
  return 0;
}

function readSections(file: Uint8Array): Section[] {
  const view = viewOf(file);
  const offset = view.getUint32(32, true);
  const count = view.getUint16(48, true);
  if (view.getUint16(46, true) !== SHENT_SIZE || offset + count * SHENT_SIZE > file.length) return [];
  const sections: Section[] = [];
  for (let i = 0; i < count; i++) {
    const word = (n: number): number => view.getUint32(offset + i * SHENT_SIZE + 4 * n, true);
    const section = { type: word(1), flags: word(2), address: word(3), offset: word(4), size: word(5) };
    if (section.type === SHT.NOBITS || section.offset + section.size <= file.length) sections.push(section);
  }
  return sections;
}

function functionSymbols(file: Uint8Array, section: Section): AddressRange[] {
  const view = viewOf(file);
  const ranges: AddressRange[] = [];
  const count = Math.min(Math.floor(section.size / SYMBOL_SIZE), MAX_FUNCTIONS);
  for (let at = section.offset; at < section.offset + count * SYMBOL_SIZE; at += SYMBOL_SIZE) {
    const type = file[at + 12] & 15;
    const defined = view.getUint16(at + 14, true) !== 0;
    if (!defined || (type !== STT.FUNC && type !== STT.GNU_IFUNC)) continue;
    const start = view.getUint32(at + 4, true);
    ranges.push({ start, end: start + view.getUint32(at + 8, true) });
  }
  return ranges;
}

/** PT_GNU_EH_FRAME names .eh_frame also in stripped files; a static program without it has the section. */
function unwindFunctions(elf: ElfImage, file: Uint8Array): AddressRange[] {
  const table = ehFrameAddress(file);
  if (table === null) return [];
  const home = elf.segments.find((s) => table >= s.address && table < s.address + s.fileSize);
  if (home === undefined) return [];
  const start = table - home.address + home.offset;
  return walkEhFrame(
    viewOf(file),
    start,
    Math.min(home.offset + home.fileSize, file.length),
    home.address - home.offset,
  );
}

function ehFrameAddress(file: Uint8Array): number | null {
  const view = viewOf(file);
  const header = programHeaders(view, file.length).find((h) => h.type === PT.GNU_EH_FRAME);
  if (header !== undefined && header.offset + 8 <= file.length) {
    const pcrelSigned32 = view.getUint8(header.offset) === 1 && view.getUint8(header.offset + 1) === 0x1b;
    if (pcrelSigned32) return (header.address + 4 + view.getInt32(header.offset + 4, true)) >>> 0;
  }
  return ehFrameSection(file);
}

/** The section called ".eh_frame", by name. */
function ehFrameSection(file: Uint8Array): number | null {
  const view = viewOf(file);
  const offset = view.getUint32(32, true);
  const count = view.getUint16(48, true);
  const nameTable = view.getUint16(50, true);
  if (view.getUint16(46, true) !== SHENT_SIZE || offset + count * SHENT_SIZE > file.length || nameTable >= count)
    return null;
  const names = view.getUint32(offset + nameTable * SHENT_SIZE + 16, true);
  for (let at = offset; at < offset + count * SHENT_SIZE; at += SHENT_SIZE) {
    const name = names + view.getUint32(at, true);
    if (asciiAt(file, name, 10) === '.eh_frame\0') return view.getUint32(at + 12, true);
  }
  return null;
}

function asciiAt(file: Uint8Array, at: number, length: number): string {
  return at + length <= file.length ? String.fromCharCode(...file.subarray(at, at + length)) : '';
}

/**
 * FDE ranges of an .eh_frame (LSB 10.6): records of {length, CIE pointer, pc begin, pc range}, ended by length 0.
 * Only the pointer encodings that GNU tools write for i386 (absolute and pc-relative, 4 bytes) are understood.
 */
function walkEhFrame(view: DataView, start: number, end: number, addressMinusOffset: number): AddressRange[] {
  const ranges: AddressRange[] = [];
  const encodings = new Map<number, number>();
  let at = start;
  while (at + 16 <= end && ranges.length < MAX_FUNCTIONS) {
    const length = view.getUint32(at, true);
    const next = at + 4 + length;
    if (length < 12 || next > end) break;
    const back = view.getUint32(at + 4, true);
    if (back === 0) {
      encodings.set(at, pointerEncoding(view, at + 8, next));
    } else {
      const encoding = encodings.get(at + 4 - back);
      const base = encoding === 0x1b ? addressMinusOffset + at + 8 : 0;
      const begin = (base + view.getInt32(at + 8, true)) >>> 0;
      if (encoding === 0x1b || encoding === 0)
        ranges.push({ start: begin, end: begin + view.getUint32(at + 12, true) });
    }
    at = next;
  }
  return ranges;
}

/** The 'R' byte of a CIE's augmentation data, 0 (absolute) without one, -1 when it is not understood. */
function pointerEncoding(view: DataView, at: number, end: number): number {
  let position = at + 1;
  const byte = (): number => (position < end ? view.getUint8(position++) : 0);
  const leb = (): void => {
    while ((byte() & 0x80) !== 0);
  };
  let augmentation = '';
  for (let c = byte(); c !== 0; c = byte()) augmentation += String.fromCharCode(c);
  if (augmentation === '') return 0;
  if (!augmentation.startsWith('z')) return -1;
  for (let field = 0; field < 4; field++) leb(); // code alignment, data alignment, return column, length
  for (const letter of augmentation.slice(1)) {
    if (letter === 'R') return byte();
    if (letter === 'L') byte();
    else if (letter === 'P')
      position += 5; // encoding and a 4-byte pointer
    else if (letter !== 'S') return -1;
  }
  return 0;
}
