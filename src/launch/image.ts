/**
 * How an ELF image comes into the process, and what its first stack says. Pure: the steps are carried out elsewhere, as
 * ordinary delegated calls of the sandboxed process.
 *
 * Sources: load_elf_binary() and create_elf_tables() in fs/binfmt_elf.c; getauxval(3); i386 psABI 3.4.1.
 */

import { PAGE_SIZE, PF, type AddressRange, type ElfImage, type ElfSegment } from '../abi/elf.js';

/** PROT_* of mmap(2). */
export const PROT = { NONE: 0, READ: 1, WRITE: 2, EXEC: 4 } as const;

/** Addresses and lengths of `mapFile` and `mapAnon` are whole pages, and inside the reservation: MAP_FIXED | MAP_PRIVATE. */
export type ImageStep =
  | {
      readonly do: 'mapFile';
      readonly address: number;
      readonly length: number;
      readonly offset: number;
      readonly prot: number;
    }
  | { readonly do: 'mapAnon'; readonly address: number; readonly length: number; readonly prot: number }
  /** Bytes behind p_filesz on the last file page; always in writable memory. */
  | { readonly do: 'zero'; readonly address: number; readonly length: number };

export interface Reservation {
  /** Where, with MAP_FIXED_NOREPLACE; 0 for wherever the kernel likes. PROT_NONE, anonymous, private. */
  readonly address: number;
  readonly length: number;
}

export interface ImagePlan {
  readonly reserve: Reservation;
  /** What was added to every link-time address. */
  readonly bias: number;
  readonly steps: readonly ImageStep[];
  /** The pages of the image, gaps included; the heap of the main program may begin at its end. */
  readonly span: AddressRange;
  readonly entry: number;
  /** 0 when the headers are in no segment. */
  readonly phdr: number;
  readonly phnum: number;
  /** Segments that are writable and executable at once: allowed, worth a log line. */
  readonly writableCode: readonly AddressRange[];
}

export class ImageError extends Error {
  override readonly name = 'ImageError';
}

const pageFloor = (value: number): number => value - (value % PAGE_SIZE);
const pageCeil = (value: number): number => Math.ceil(value / PAGE_SIZE) * PAGE_SIZE;
const hex = (value: number): string => `0x${value.toString(16)}`;

/**
 * The mmap calls of one image. For ET_DYN plan once with bias 0, make the reservation, and plan again with
 * {@link biasFor} of the address it got.
 * @param bias bytes added to link-time addresses; 0 for ET_EXEC
 * @throws ImageError when the bias does not fit the image
 */
export function planImage(elf: ElfImage, bias = 0): ImagePlan {
  checkBias(elf, bias);
  const span = { start: elf.span.start + bias, end: elf.span.end + bias };
  const slack = elf.align - PAGE_SIZE;
  return {
    reserve:
      elf.kind === 'fixed'
        ? { address: span.start, length: span.end - span.start }
        : { address: 0, length: span.end - span.start + slack },
    bias,
    steps: elf.segments.flatMap((segment) => segmentSteps(segment, bias)),
    span,
    entry: elf.entry + bias,
    phdr: elf.phdrAddress === 0 ? 0 : elf.phdrAddress + bias,
    phnum: elf.phnum,
    writableCode: elf.segments
      .filter((s) => (s.flags & PF.W) !== 0 && (s.flags & PF.X) !== 0)
      .map((s) => ({ start: s.address + bias, end: s.address + bias + s.memorySize })),
  };
}

/**
 * The bias of an ET_DYN image whose reservation begins at `reserved`: the first multiple of the image's alignment.
 * @throws ImageError when `reserved` is not a page, or the image is not relocatable
 */
export function biasFor(elf: ElfImage, reserved: number): number {
  if (elf.kind !== 'relocatable') throw new ImageError('a fixed (ET_EXEC) image has no load bias');
  if (reserved % PAGE_SIZE !== 0) throw new ImageError(`the reservation at ${hex(reserved)} must begin at a page`);
  return Math.ceil((reserved - elf.span.start) / elf.align) * elf.align;
}

function checkBias(elf: ElfImage, bias: number): void {
  if (elf.kind === 'fixed' && bias !== 0)
    throw new ImageError(`a fixed (ET_EXEC) image has bias ${hex(bias)}, it must be 0`);
  if (bias % elf.align !== 0)
    throw new ImageError(`the load bias ${hex(bias)} must be a multiple of ${hex(elf.align)}`);
  if (elf.span.start + bias < 0 || elf.span.end + bias > 0x1_0000_0000)
    throw new ImageError(`with bias ${hex(bias)} the image leaves the address space`);
}

function segmentSteps(segment: ElfSegment, bias: number): ImageStep[] {
  const start = segment.address + bias;
  const fileEnd = start + segment.fileSize;
  const end = pageCeil(start + segment.memorySize);
  const mapped = segment.fileSize === 0 ? pageFloor(start) : pageCeil(fileEnd);
  const prot = protOf(segment.flags);
  const steps: ImageStep[] = [];
  if (segment.fileSize > 0) {
    const address = pageFloor(start);
    steps.push({ do: 'mapFile', address, length: mapped - address, offset: pageFloor(segment.offset), prot });
  }
  const dirty = Math.min(mapped, start + segment.memorySize) - fileEnd;
  // The kernel too leaves the tail of a read-only page as it is in the file.
  if (segment.fileSize > 0 && dirty > 0 && (segment.flags & PF.W) !== 0) {
    steps.push({ do: 'zero', address: fileEnd, length: mapped - fileEnd });
  }
  if (end > mapped) steps.push({ do: 'mapAnon', address: mapped, length: end - mapped, prot });
  return steps;
}

function protOf(flags: number): number {
  return (
    ((flags & PF.R) !== 0 ? PROT.READ : 0) |
    ((flags & PF.W) !== 0 ? PROT.WRITE : 0) |
    ((flags & PF.X) !== 0 ? PROT.EXEC : 0)
  );
}

// ---------------------------------------------------------------------------------------------------------------
// The first stack: argc, argv…, 0, envp…, 0, (type, value)…, AT_NULL.

/** a_type values of <linux/auxvec.h> that the sandbox cares about. */
export const AT = {
  NULL: 0,
  IGNORE: 1,
  PHDR: 3,
  PHENT: 4,
  PHNUM: 5,
  BASE: 7,
  ENTRY: 9,
  SECURE: 23,
  RSEQ_FEATURE_SIZE: 27,
  RSEQ_ALIGN: 28,
  EXECFN: 31,
  SYSINFO: 32,
  SYSINFO_EHDR: 33,
} as const;

export type AuxPair = readonly [type: number, value: number];

export interface AuxReplacements {
  readonly phdr: number;
  readonly phnum: number;
  readonly entry: number;
  /** Load bias of the interpreter, 0 without one. */
  readonly base: number;
  /** Address of the hook. */
  readonly sysinfo: number;
}

/** The three parts of an initial stack; argv and envp are addresses of strings. */
export interface InitialStack {
  readonly argv: readonly number[];
  readonly envp: readonly number[];
  readonly auxv: readonly AuxPair[];
}

export interface NewStack {
  /** The auxiliary vector, its end included: pairs of words. */
  readonly auxv: Uint32Array;
  /** Multiple of 16, as process entry demands. */
  readonly esp: number;
  /** To be written at `esp`; ends at or below the old esp. */
  readonly bytes: Uint8Array;
  /** Where the execfn string will be. */
  readonly execfn: number;
}

const PHENT_SIZE = 32;
/** Linux's own limit for the strings is 6 MiB (3/4 of _STK_LIM); vectors beyond this are not from a kernel. */
const MAX_WORDS = 2 * 1024 * 1024;
const PATH_MAX = 4096;

/**
 * @param words the stack from esp up to AT_NULL or beyond
 * @throws ImageError saying what is wrong with it
 */
export function parseStack(words: Uint32Array): InitialStack {
  const argc = words.length === 0 ? 0 : words[0];
  if (argc < 1 || argc + 2 > words.length)
    throw new ImageError(`argc is ${argc}, it must be 1 to ${Math.max(words.length - 2, 1)}`);
  const argv = words.subarray(1, argc + 1);
  if (argv.includes(0) || words[argc + 1] !== 0)
    throw new ImageError(`argv must have ${argc} addresses and then a null`);
  const envStart = argc + 2;
  const envEnd = words.indexOf(0, envStart);
  if (envEnd < 0) throw new ImageError('the environment must end with a null');
  return {
    argv: [...argv],
    envp: [...words.subarray(envStart, envEnd)],
    auxv: parseAuxv(words.subarray(envEnd + 1)),
  };
}

/** Pairs up to AT_NULL, without it. */
function parseAuxv(words: Uint32Array): AuxPair[] {
  const pairs: AuxPair[] = [];
  for (let i = 0; i + 1 < words.length; i += 2) {
    if (words[i] === AT.NULL) return pairs;
    pairs.push([words[i], words[i + 1]]);
  }
  throw new ImageError('the auxiliary vector must end with AT_NULL');
}

/**
 * The auxiliary vector of the loader turned into the program's: its own headers and entry, the hook instead of the
 * vDSO's entry, the vDSO itself hidden (its clocks use rdtsc), no rseq (it is refused).
 * @param execfn address of the program's path
 * @throws ImageError when the kernel says AT_SECURE
 */
export function rewriteAuxv(auxv: readonly AuxPair[], replacements: AuxReplacements, execfn: number): AuxPair[] {
  if (auxv.some(([type, value]) => type === AT.SECURE && value !== 0)) {
    throw new ImageError('AT_SECURE is set: a set-id start is refused');
  }
  const values = new Map<number, number>([
    [AT.PHDR, replacements.phdr],
    [AT.PHENT, PHENT_SIZE],
    [AT.PHNUM, replacements.phnum],
    [AT.BASE, replacements.base],
    [AT.ENTRY, replacements.entry],
    [AT.EXECFN, execfn],
    [AT.SYSINFO, replacements.sysinfo],
  ]);
  const kept = auxv.filter(([type]) => type !== AT.RSEQ_FEATURE_SIZE && type !== AT.RSEQ_ALIGN);
  const present = new Set(kept.map(([type]) => type));
  const missing = [...values].filter(([type]) => !present.has(type));
  return [...missing, ...kept.map(([type, value]): AuxPair => replacePair(type, value, values))];
}

function replacePair(type: number, value: number, values: ReadonlyMap<number, number>): AuxPair {
  if (type === AT.SYSINFO_EHDR) return [AT.IGNORE, 0];
  return [type, values.get(type) ?? value];
}

/**
 * A copy of the vectors below the old ones, and the path of the program between the two; the strings stay where they
 * are. The caller makes sure that the stack reaches down to the result's esp (the kernel leaves 128 KiB below its own).
 * @param words the stack from `esp` on, as {@link parseStack} takes it
 * @param execfn the program's path, raw bytes without NUL
 * @throws ImageError
 */
export function buildStack(
  words: Uint32Array,
  esp: number,
  replacements: AuxReplacements,
  execfn: Uint8Array,
): NewStack {
  checkStackInput(esp, execfn);
  const { argv, envp, auxv } = parseStack(words);
  const execfnAddress = esp - (execfn.length + 1);
  const pairs = rewriteAuxv(auxv, replacements, execfnAddress);
  const content = [argv.length, ...argv, 0, ...envp, 0, ...pairs.flat(), AT.NULL, 0];
  if (content.length > MAX_WORDS)
    throw new ImageError(`the initial stack has ${content.length} words, at most ${MAX_WORDS} are possible`);
  const newEsp = Math.floor((execfnAddress - 4 * content.length) / 16) * 16;
  if (newEsp < PAGE_SIZE) throw new ImageError(`esp ${hex(esp)} leaves no room for ${content.length} words below it`);
  return {
    esp: newEsp,
    bytes: stackBytes(content, execfn, execfnAddress - newEsp),
    execfn: execfnAddress,
    auxv: Uint32Array.from([...pairs.flat(), AT.NULL, 0]),
  };
}

function checkStackInput(esp: number, execfn: Uint8Array): void {
  if (esp % 4 !== 0 || esp <= 0 || esp >= 0x1_0000_0000)
    throw new ImageError(`esp is ${hex(esp)}, it must be a multiple of 4 below 4 GiB`);
  if (execfn.length === 0 || execfn.length >= PATH_MAX || execfn.includes(0)) {
    throw new ImageError(`the program's path has ${execfn.length} bytes, it must have 1 to ${PATH_MAX - 1} and no NUL`);
  }
}

function stackBytes(words: readonly number[], execfn: Uint8Array, execfnOffset: number): Uint8Array {
  const bytes = new Uint8Array(execfnOffset + execfn.length + 1);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  bytes.set(execfn, execfnOffset);
  return bytes;
}
