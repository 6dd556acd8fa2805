/**
 * Which `int $0x80` of an image can be replaced, and how.
 *
 * ```
 *   A   mov $nr,%eax ; int $0x80                    7 bytes, the usual stub
 *   B   int $0x80 ; following instructions          5 bytes or more
 *   P   preceding instructions ; int $0x80          5 bytes or more
 *   R   int $0x80 ; ret ; padding                   5 bytes: the hook itself, whose ret is the function's
 *   T   int $0x80                                   2 bytes: ud2, the slow way that always works
 * ```
 * A, B and P make room for a 5-byte jump; what stood beside the call moves into a trampoline. So nothing may jump into
 * the middle of the claimed bytes, and only instructions that mean the same elsewhere move. Padding never moves: behind
 * it begins something that is entered from outside. R is glibc's `_dl_sysinfo_int80`, which every call of a glibc program
 * goes through when no vDSO is shown to it: nobody runs into the padding behind a ret, so a jump may cover it.
 *
 * The bytes CD 80 also occur inside instructions and in data (libcrypto has tables in .text; patching them corrupts
 * its results). A pair counts only when
 *   - the function around it, decoded from its start, has an instruction there; or, without a known function,
 *   - nearly all sweeps that begin shortly before it meet there (x86 code resynchronises within a few instructions);
 *   - and its neighbours look like code.
 * What is missed is not dangerous: a raw call in a strict thread ends the program, with an explanation.
 */

import {
  PF,
  executableOffset,
  readCodeMap,
  type AddressRange,
  type CodeMap,
  type ElfImage,
  type ElfSegment,
} from '../abi/elf.js';
import { MAX_INSTRUCTION, decodeEverywhere, sweepTo, type Instruction } from './decode.js';

/**
 * `syscall-object`: an image known to hold system calls (interpreter, libc, static main program): every confirmed site.
 * `other`: only sites whose number is known, `mov $0…511,%eax` directly before.
 */
export type Role = 'syscall-object' | 'other';

export type Technique = 'A' | 'B' | 'P' | 'R' | 'T';

/** One replacement. Addresses are link-time addresses, lengths bytes. */
export interface Site {
  /** File offset of the first claimed byte. */
  readonly fileOffset: number;
  /** Address of the first claimed byte. */
  readonly address: number;
  readonly technique: Technique;
  /** The claimed bytes as they are in the file. */
  readonly original: Uint8Array;
  readonly length: number;
  /** Where in the claimed bytes `int $0x80` stands. */
  readonly callOffset: number;
}

export const CALL_LENGTH = 2;
export const JUMP_LENGTH = 5;
const NUMBER_LIMIT = 512;
const EXIT = 1;
/** An image with more pairs than this is not what it says; the rest stays as it is. */
const MAX_CANDIDATES = 1024;
/** Bytes that segments may share beyond twice the file: each of up to 64 has two pages of rounding. */
const SHARED_BYTES = 0x80000;
/** Bytes decoded on either side; a short branch reaches 128. */
const REACH_BEFORE = 192;
const REACH_BEHIND = 160;
/** Functions longer than this are judged by their neighbourhood. */
const MAX_FUNCTION_SWEEP = 0x4000;
/** Distances before a candidate at which sweeps begin, and the share of them that must meet it. */
const SWEEP_STARTS = { from: 64, to: 16 };
const CONSENSUS = 0.75;
/** Bytes before and behind a call that must look like code. */
const ORDINARY_REACH = 24;
const FAR_READINGS = 4;
const NESTED_FUNCTIONS = 16;
/** Instructions before a call among which its number is looked for. */
const NUMBER_REACH = 6;
const MUNMAP = 91;

/**
 * The replacements for one image; pure, bounded in time, never throws on a hostile file that `parseElf` accepted.
 * @param file the whole file
 */
export function patchPlan(elf: ElfImage, file: Uint8Array, role: Role): Site[] {
  const candidates = findCandidates(elf, file, role);
  if (candidates.length === 0) return [];
  const map = readCodeMap(elf, file);
  const calls = candidates
    .flatMap((c) => withinCodeSection(map, c))
    .map((c) => confirm(file, map, c))
    .filter((c): c is Call => c !== null && (role === 'syscall-object' || hasKnownNumber(c)));
  return claimAll(calls, branchTargets(elf, file, map, calls)).map((claim) => toSite(elf, file, claim));
}

/** False when {@link patchPlan} would be empty for want of a single byte pair; much cheaper. */
export function mayHaveSites(elf: ElfImage, file: Uint8Array, role: Role): boolean {
  return findCandidates(elf, file, role, 1).length > 0;
}

// ---------------------------------------------------------------------------------------------------------------
// Candidates: the byte pair in the file-backed part of executable segments.

interface Candidate {
  readonly address: number;
  readonly offset: number;
  /** Bounds of the segment's bytes in the file. */
  readonly low: number;
  readonly high: number;
}

function findCandidates(elf: ElfImage, file: Uint8Array, role: Role, limit = MAX_CANDIDATES): Candidate[] {
  const found: Candidate[] = [];
  if (mapsBytesAgain(elf, file)) return found;
  for (const segment of elf.segments.filter((s) => (s.flags & PF.X) !== 0)) {
    const bounds = { low: segment.offset, high: Math.min(segment.offset + segment.fileSize, file.length) };
    for (let at = nextPair(file, bounds.low, bounds.high); at >= 0; at = nextPair(file, at + 1, bounds.high)) {
      if (role === 'other' && !bytesSetNumber(file, at, bounds.low)) continue;
      found.push({ address: at - segment.offset + segment.address, offset: at, ...bounds });
      if (found.length === limit) return found;
    }
  }
  return found;
}

/** No linker maps a file's bytes many times over; judging them as often would take long. */
function mapsBytesAgain(elf: ElfImage, file: Uint8Array): boolean {
  return elf.segments.reduce((sum, s) => sum + s.fileSize, 0) > 2 * file.length + SHARED_BYTES;
}

function nextPair(file: Uint8Array, from: number, high: number): number {
  for (let at = file.indexOf(0xcd, from); at >= 0 && at + 1 < high; at = file.indexOf(0xcd, at + 1)) {
    if (file[at + 1] === 0x80) return at;
  }
  return -1;
}

/** The bytes of `mov $0…511,%eax` before `at`; whether they are an instruction is decided later. */
function bytesSetNumber(file: Uint8Array, at: number, low: number): boolean {
  return (
    at - 5 >= low &&
    file[at - 5] === 0xb8 &&
    file[at - 3] < NUMBER_LIMIT >> 8 &&
    file[at - 2] === 0 &&
    file[at - 1] === 0
  );
}

/** The candidate with the bounds of the code section around it; nothing when it lies in none although there are some. */
function withinCodeSection(map: CodeMap, candidate: Candidate): Candidate[] {
  if (map.codeSections.length === 0) return [candidate];
  const { address, offset, low, high } = candidate;
  return map.codeSections
    .filter((s) => address >= s.start && address + CALL_LENGTH <= s.end)
    .slice(0, 1)
    .map((s) => ({
      address,
      offset,
      low: Math.max(low, s.start - address + offset),
      high: Math.min(high, s.end - address + offset),
    }));
}

// ---------------------------------------------------------------------------------------------------------------
// Confirmation.

/** A confirmed call: the instructions around it in order, and which of them it is. */
interface Call {
  readonly stream: readonly Instruction[];
  readonly index: number;
  readonly address: number;
  /** Every reading of the neighbourhood that leads to the call. */
  readonly readings: readonly (readonly Instruction[])[];
}

/** What would begin at each byte around a candidate. */
interface Neighbourhood {
  readonly start: number;
  readonly end: number;
  readonly everywhere: readonly Instruction[];
}

function confirm(file: Uint8Array, map: CodeMap, candidate: Candidate): Call | null {
  const around = neighbourhood(file, candidate);
  const home = functionAround(map, candidate.address);
  const fromStart = home === null ? null : readingFromFunction(file, candidate, around, home);
  const fromNear = readingsNear(around, map, candidate.address);
  const stream = fromStart ?? consensus(around, candidate.address, fromNear);
  const index = stream === null ? -1 : indexOfCall(stream, candidate.address);
  if (stream === null || index < 0 || !looksLikeCode(stream, index)) return null;
  return { stream, index, address: candidate.address, readings: [stream, ...fromNear] };
}

function neighbourhood(file: Uint8Array, { offset, address, low, high }: Candidate): Neighbourhood {
  const from = Math.max(low, offset - REACH_BEFORE);
  const to = Math.min(high, offset + CALL_LENGTH + REACH_BEHIND);
  const start = address - (offset - from);
  return { start, end: start + (to - from), everywhere: decodeEverywhere(file, from, to, start) };
}

/** Instructions one after the other from `address`; ends before the first that is none. */
function reading(around: Neighbourhood, address: number): Instruction[] {
  const instructions: Instruction[] = [];
  for (let at = address; at >= around.start && at < around.end;) {
    const instruction = around.everywhere[at - around.start];
    if (instruction.kind === 'invalid') break;
    instructions.push(instruction);
    at += instruction.length;
  }
  return instructions;
}

function indexOfCall(stream: readonly Instruction[], address: number): number {
  return stream.findIndex((i) => i.address === address && i.kind === 'int80');
}

/** The known function around an address that starts last. */
function functionAround(map: CodeMap, address: number): AddressRange | null {
  const behind = firstIndex(map.functions.length, (i) => map.functions[i].start > address);
  const nearest = map.functions.slice(Math.max(0, behind - NESTED_FUNCTIONS), behind);
  return nearest.reverse().find((range) => address < range.end) ?? null;
}

/** The first index of a sorted sequence at which `holds`, which then holds for all that follow; else its length. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Null when the function cannot be read to the end; then its neighbourhood decides. */
function readingFromFunction(
  file: Uint8Array,
  candidate: Candidate,
  around: Neighbourhood,
  home: AddressRange,
): Instruction[] | null {
  const distance = candidate.address - home.start;
  if (distance > MAX_FUNCTION_SWEEP || candidate.offset - distance < candidate.low) return null;
  if (home.start >= around.start) return upTo(reading(around, home.start), candidate.address);
  const delta = candidate.address - candidate.offset;
  const first = sweepTo(file, home.start - delta, around.start - delta);
  return first < 0 ? null : upTo(reading(around, first + delta), candidate.address);
}

/** A reading that got as far as `address`, else null. */
function upTo(stream: Instruction[], address: number): Instruction[] | null {
  const last = stream.at(-1);
  return last !== undefined && last.address + last.length > address ? stream : null;
}

/** Readings from starts said to be near the call, the nearest first, and a few from far before that lead to it. */
function readingsNear(around: Neighbourhood, map: CodeMap, address: number): Instruction[][] {
  const known = startsBetween(map, around.start, around.end).reverse();
  const before = Array.from(
    { length: Math.max(0, address - SWEEP_STARTS.to - around.start) },
    (_, i) => around.start + i,
  );
  const leading = before.map((start) => reading(around, start)).filter((s) => indexOfCall(s, address) >= 0);
  return [...known.map((start) => reading(around, start)), ...leading.slice(0, FAR_READINGS)];
}

function startsBetween({ starts }: CodeMap, low: number, high: number): number[] {
  const first = firstIndex(starts.length, (i) => starts[i] >= low);
  return starts.slice(
    first,
    firstIndex(starts.length, (i) => starts[i] >= high),
  );
}

/** The share of sweeps from just before the call that meet it; the longest of them when they are nearly all. */
function consensus(around: Neighbourhood, address: number, readings: Instruction[][]): readonly Instruction[] | null {
  let valid = 0;
  let meeting = 0;
  for (let start = Math.max(around.start, address - SWEEP_STARTS.from); start <= address - SWEEP_STARTS.to; start++) {
    const stream = upTo(reading(around, start), address);
    if (stream === null) continue;
    valid++;
    if (indexOfCall(stream, address) >= 0) meeting++;
  }
  if (valid > 0 && meeting / valid < CONSENSUS) return null;
  const leading = readings.filter((stream) => indexOfCall(stream, address) >= 0);
  return leading.at(0) ?? null;
}

/** Assembler programs keep strings right behind their last call: once its number is seen, that does not matter. */
function looksLikeCode(stream: readonly Instruction[], index: number): boolean {
  const { address } = stream[index];
  const before = stream.slice(0, index).filter((i) => i.address + i.length > address - ORDINARY_REACH);
  const behind = stream.slice(index).filter((i) => i.address < address + CALL_LENGTH + ORDINARY_REACH);
  const numbered = numbersBefore(stream, index).some((n) => n < NUMBER_LIMIT);
  return before.every((i) => i.ordinary) && (numbered || behind.every((i) => i.ordinary));
}

/** What is loaded into eax shortly before a call. */
function numbersBefore(stream: readonly Instruction[], index: number): number[] {
  const before = stream.slice(Math.max(0, index - NUMBER_REACH), index);
  return before.filter((i) => i.kind === 'mov-eax').map((i) => i.immediate);
}

function hasKnownNumber({ stream, index }: Call): boolean {
  const before = stream[index - 1];
  return before?.kind === 'mov-eax' && before.immediate < NUMBER_LIMIT;
}

// ---------------------------------------------------------------------------------------------------------------
// Who jumps where.

/**
 * Addresses near the calls that something may jump to: branches of every reading, function starts, and, where the
 * call's own reading has an instruction, every four bytes of code that would be a near branch to it and every word of
 * data that would be its entry in a jump table. Too many rather than too few.
 */
function branchTargets(elf: ElfImage, file: Uint8Array, map: CodeMap, calls: readonly Call[]): Set<number> {
  const targets = new Set<number>(map.starts);
  for (const { target } of calls.flatMap((call) => call.readings.flat())) {
    if (target !== null) targets.add(target);
  }
  const near = new Set(calls.flatMap(instructionsNear));
  addNearBranches(elf, file, near, targets);
  addTableEntries(elf, file, map, near, targets);
  return targets;
}

/** Where the instructions begin that a claim could take. */
function instructionsNear({ stream, address }: Call): number[] {
  return stream.map((i) => i.address).filter((at) => Math.abs(at - address) < 2 * MAX_INSTRUCTION);
}

function addNearBranches(elf: ElfImage, file: Uint8Array, near: ReadonlySet<number>, targets: Set<number>): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (const segment of elf.segments.filter((s) => (s.flags & PF.X) !== 0)) {
    const end = Math.min(segment.offset + segment.fileSize, file.length) - 4;
    for (let at = segment.offset + 2; at <= end; at++) {
      if (!isNearBranch(file[at - 2], file[at - 1])) continue;
      const target = (at + 4 - segment.offset + segment.address + view.getInt32(at, true)) >>> 0;
      if (near.has(target)) targets.add(target);
    }
  }
}

/** call, jmp (E8, E9) or a condition (0F 8x), each with a 4-byte distance. */
function isNearBranch(first: number, second: number): boolean {
  return second === 0xe8 || second === 0xe9 || (first === 0x0f && (second & 0xf0) === 0x80);
}

/** Jump tables hold addresses, or in position-independent code distances from the global offset table. */
function addTableEntries(
  elf: ElfImage,
  file: Uint8Array,
  map: CodeMap,
  near: ReadonlySet<number>,
  targets: Set<number>,
): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const table = map.globalOffsetTable;
  for (const { start, end } of elf.segments.flatMap((s) => dataOf(s, file, map))) {
    for (let at = Math.ceil(start / 4) * 4; at + 4 <= end; at += 4) {
      const word = view.getUint32(at, true);
      if (near.has(word)) targets.add(word);
      const relative = (word + table) >>> 0;
      if (table !== 0 && near.has(relative)) targets.add(relative);
    }
  }
}

/** File offsets of a segment's bytes outside the code sections. */
function dataOf(segment: ElfSegment, file: Uint8Array, map: CodeMap): AddressRange[] {
  const delta = segment.offset - segment.address;
  let from = segment.offset;
  const end = Math.min(segment.offset + segment.fileSize, file.length);
  const data: AddressRange[] = [];
  for (const code of [...map.codeSections].sort((a, b) => a.start - b.start)) {
    data.push({ start: from, end: Math.min(end, code.start + delta) });
    from = Math.max(from, code.end + delta);
  }
  return [...data, { start: from, end }];
}

// ---------------------------------------------------------------------------------------------------------------
// Classification.

interface Claim {
  readonly start: number;
  readonly end: number;
  readonly call: number;
  readonly technique: Technique;
}

type Attempt = (call: Call, targets: ReadonlySet<number>) => Claim | null;

/**
 * munmap and then exit without a stack, as musl's __unmapself does with its own: neither may push a return address.
 * A trap is handled on the alternate stack.
 */
function losesStack({ stream, index }: Call): boolean {
  const calls = [...stream.keys()].filter((i) => stream[i].kind === 'int80');
  return calls.some((exit, i) => {
    const unmap = calls[i - 1];
    const follows = exit - unmap <= 3 && setsExit(stream[exit - 1]);
    return follows && numbersBefore(stream, unmap).includes(MUNMAP) && (index === exit || index === unmap);
  });
}

function setsExit(instruction: Instruction | undefined): boolean {
  return instruction?.kind === 'mov-eax' && instruction.immediate === EXIT;
}

/** A first everywhere: a neighbour must not eat the `mov` of the next call. */
function claimAll(calls: readonly Call[], targets: ReadonlySet<number>): Claim[] {
  const claims: Claim[] = [];
  const isFree = (claim: Claim): boolean =>
    !claims.some((other) => claim.start < other.end && other.start < claim.end) &&
    !calls.some(({ address }) => address !== claim.call && claim.start < address + CALL_LENGTH && address < claim.end);
  for (const attempts of [[claimNumber], [claimReturn, claimBehind, claimBefore, claimTrap]] as Attempt[][]) {
    for (const call of calls) {
      if (claims.some((claim) => claim.call === call.address)) continue;
      const possible = losesStack(call) ? [claimTrap] : attempts;
      const claim = possible.map((attempt) => attempt(call, targets)).find((c) => c !== null && isFree(c));
      if (claim) claims.push(claim);
    }
  }
  return claims.sort((a, b) => a.start - b.start);
}

/** `start` itself may be jumped to, nothing behind it. */
function isEnteredInside(start: number, end: number, targets: ReadonlySet<number>): boolean {
  for (let at = start + 1; at < end; at++) if (targets.has(at)) return true;
  return false;
}

function claimOf(
  technique: Technique,
  start: number,
  end: number,
  call: number,
  targets: ReadonlySet<number>,
): Claim | null {
  return isEnteredInside(start, end, targets) ? null : { technique, start, end, call };
}

function claimNumber({ stream, index, address }: Call, targets: ReadonlySet<number>): Claim | null {
  const before = stream[index - 1];
  if (before?.kind !== 'mov-eax') return null;
  return claimOf('A', before.address, address + CALL_LENGTH, address, targets);
}

function claimReturn({ stream, index, address }: Call, targets: ReadonlySet<number>): Claim | null {
  if (stream[index + 1]?.kind !== 'return') return null;
  let end = address + CALL_LENGTH + stream[index + 1].length;
  for (let i = index + 2; end < address + JUMP_LENGTH; i++) {
    if (stream[i]?.kind !== 'nop') return null;
    end += stream[i].length;
  }
  return claimOf('R', address, address + JUMP_LENGTH, address, targets);
}

function claimBehind({ stream, index, address }: Call, targets: ReadonlySet<number>): Claim | null {
  let end = address + CALL_LENGTH;
  for (let i = index + 1; end < address + JUMP_LENGTH; i++) {
    if (i >= stream.length || !stream[i].movable) return null;
    end += stream[i].length;
  }
  return claimOf('B', address, end, address, targets);
}

function claimBefore({ stream, index, address }: Call, targets: ReadonlySet<number>): Claim | null {
  const end = address + CALL_LENGTH;
  let start = address;
  for (let i = index - 1; end - start < JUMP_LENGTH; i--) {
    if (i < 0 || !stream[i].movable) return null;
    start = stream[i].address;
  }
  return claimOf('P', start, end, address, targets);
}

/** Replaces the call alone, so that it does not matter who jumps there. */
function claimTrap({ address }: Call): Claim {
  return { technique: 'T', start: address, end: address + CALL_LENGTH, call: address };
}

function toSite(elf: ElfImage, file: Uint8Array, { start, end, call, technique }: Claim): Site {
  const fileOffset = executableOffset(elf, start, end - start);
  return {
    fileOffset,
    address: start,
    technique,
    original: file.slice(fileOffset, fileOffset + (end - start)),
    length: end - start,
    callOffset: call - start,
  };
}
