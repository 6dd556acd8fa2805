/** Small i386 ELF files, right or wrong on purpose. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, NOTE: 4, PHDR: 6, TLS: 7, GNU_STACK: 0x6474e551 } as const;
export const ET = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const;

export interface SegmentSpec {
  type?: number;
  offset: number;
  address: number;
  fileSize?: number;
  memorySize?: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  flags?: number;
  align?: number;
  /** Put at `offset`; gives `fileSize` and `memorySize` unless they are named. */
  bytes?: Uint8Array;
}

/** Header fields by name, with their offset and size in bytes. */
const FIELDS = {
  class: [4, 1],
  data: [5, 1],
  identVersion: [6, 1],
  type: [16, 2],
  machine: [18, 2],
  version: [20, 4],
  entry: [24, 4],
  phoff: [28, 4],
  shoff: [32, 4],
  ehsize: [40, 2],
  phentsize: [42, 2],
  phnum: [44, 2],
} as const satisfies Record<string, readonly [number, number]>;

export type HeaderFields = Partial<Record<keyof typeof FIELDS, number>>;

const HEADER_SIZE = 52;
const PHENT_SIZE = 32;

/** Program headers follow the ELF header; `header` overrides single fields afterwards; `size` cuts or pads. */
export function buildElf(segments: readonly SegmentSpec[], header: HeaderFields = {}, size?: number): Uint8Array {
  const tableEnd = HEADER_SIZE + segments.length * PHENT_SIZE;
  const length = Math.max(tableEnd, ...segments.map((s) => (s.bytes ? s.offset + s.bytes.length : 0)));
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  for (const { offset, bytes } of segments) if (bytes) file.set(bytes, offset);
  file.set([0x7f, 0x45, 0x4c, 0x46]);
  const defaults: HeaderFields = {
    class: 1,
    data: 1,
    identVersion: 1,
    type: ET.EXEC,
    machine: 3,
    version: 1,
    phoff: HEADER_SIZE,
    ehsize: HEADER_SIZE,
    phentsize: PHENT_SIZE,
    phnum: segments.length,
  };
  segments.forEach((segment, i) => writeSegment(view, HEADER_SIZE + i * PHENT_SIZE, segment));
  for (const [name, value] of Object.entries({ ...defaults, ...header }))
    writeField(view, name as keyof typeof FIELDS, value);
  return resized(file, size ?? length);
}

function writeField(view: DataView, name: keyof typeof FIELDS, value: number): void {
  const [offset, size] = FIELDS[name];
  if (size === 1) view.setUint8(offset, value);
  else if (size === 2) view.setUint16(offset, value, true);
  else view.setUint32(offset, value, true);
}

function writeSegment(view: DataView, at: number, s: SegmentSpec): void {
  const fileSize = s.fileSize ?? s.bytes?.length ?? 0;
  const words = [
    s.type ?? PT.LOAD,
    s.offset,
    s.address,
    s.address,
    fileSize,
    s.memorySize ?? fileSize,
    s.flags ?? 5,
    s.align ?? 0x1000,
  ];
  words.forEach((word, i) => view.setUint32(at + 4 * i, word, true));
}

function resized(file: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  result.set(file.subarray(0, size));
  return result;
}

/** Text with headers, read-only data, data with bss: what `ld` makes of a static program. */
export function staticProgram(header: HeaderFields = {}): Uint8Array {
  return buildElf(
    [
      { offset: 0, address: 0x08048000, fileSize: 0x1080, flags: 5 },
      { offset: 0x2000, address: 0x0804a000, fileSize: 0x200, flags: 4 },
      { offset: 0x2f00, address: 0x0804bf00, fileSize: 0x300, memorySize: 0x2500, flags: 6 },
      { type: PT.GNU_STACK, offset: 0, address: 0, flags: 6, align: 16 },
    ],
    { entry: 0x08049000, ...header },
    0x3400,
  );
}

/** A position-independent program with an interpreter. */
export function dynamicProgram(interpreter = '/lib/ld-linux.so.2\0', header: HeaderFields = {}): Uint8Array {
  const path = new TextEncoder().encode(interpreter);
  return buildElf(
    [
      { type: PT.PHDR, offset: 52, address: 52, fileSize: 6 * 32, flags: 4, align: 4 },
      { type: PT.INTERP, offset: 0x200, address: 0x200, bytes: path, flags: 4, align: 1 },
      { offset: 0, address: 0, fileSize: 0x400, flags: 4 },
      { offset: 0x1000, address: 0x1000, fileSize: 0x500, flags: 5 },
      { offset: 0x1e00, address: 0x2e00, fileSize: 0x180, memorySize: 0x184, flags: 6 },
      { type: PT.TLS, offset: 0x1e00, address: 0x2e00, fileSize: 4, memorySize: 8, flags: 4, align: 4 },
    ],
    { type: ET.DYN, entry: 0x1000, ...header },
    0x2100,
  );
}

/** The i386 Debian tree that the set-up unpacks. */
export function sysroot(): string {
  return resolve(process.env['SANDBOX_SYSROOT'] ?? '.sysroot/i386');
}

/** @throws Error naming the set-up, when the tree is missing */
export function readFromSysroot(path: string): Uint8Array {
  const file = join(sysroot(), path);
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(
      `${file} is needed by this test: run \`npm run setup\`, or set SANDBOX_SYSROOT to an unpacked i386 Debian tree`,
      { cause: error },
    );
  }
}

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
