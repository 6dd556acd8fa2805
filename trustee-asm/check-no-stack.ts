/**
 * Proves from the trustee's object what its security rests on: no stack (push, pop, call, ret and their kin; esp
 * changes only by the documented lea onto a frame and back), no store to memory, no data, no relocations, no way into
 * the kernel of its own, less than a page. `tsx trustee-asm/check-no-stack.ts [OBJECT]`; exit 1 names each offence.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import iced from 'iced-x86';
import { FRAMES, FRAME_SIZE, SIGFRAME, SLOT } from '../src/wire/layout.js';

const {
  Code,
  Decoder,
  DecoderOptions,
  Formatter,
  FormatterSyntax,
  FlowControl,
  InstructionInfoFactory,
  Mnemonic,
  OpAccess,
  OpKind,
  Register,
} = iced;

const PAGE = 0x1000;
/** The address table at the start of the text: FRAMES and the entry. */
const TABLE = 4 * (FRAMES.length + 1);

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
  readonly size: number;
}

function sections(object: Uint8Array): Section[] {
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  if (view.getUint32(0, false) !== 0x7f454c46) throw new Error('not an ELF object');
  const table = view.getUint32(32, true);
  const count = view.getUint16(48, true);
  const header = (i: number, word: number): number => view.getUint32(table + 40 * i + 4 * word, true);
  const names = header(view.getUint16(50, true), 4);
  return Array.from({ length: count }, (_, i) => {
    const at = names + header(i, 0);
    const name = Buffer.from(object.subarray(at, object.indexOf(0, at))).toString('latin1');
    const [type, flags, offset, size] = [header(i, 1), header(i, 2), header(i, 4), header(i, 5)];
    return { name, type, flags, size, bytes: type === 8 ? new Uint8Array(0) : object.subarray(offset, offset + size) };
  });
}

/** How far `lea N(%esp), %esp` may move: onto a frame (or the start frame of sigreturn), and back behind one. */
function allowedMoves(): Set<number> {
  const moves = new Set<number>([SLOT.start + SIGFRAME.sc]);
  FRAMES.forEach((_, i) => {
    const frame = SLOT.frames + i * FRAME_SIZE;
    moves.add(frame).add(-(frame + FRAME_SIZE));
  });
  return moves;
}

const WRITES = new Set([OpAccess.Write, OpAccess.CondWrite, OpAccess.ReadWrite, OpAccess.ReadCondWrite]);
const FORBIDDEN_FLOW = new Map([
  [FlowControl.Call, 'calls'],
  [FlowControl.IndirectCall, 'calls'],
  [FlowControl.Return, 'returns'],
  [FlowControl.Interrupt, 'enters the kernel by itself'],
]);

/** Every offence in the object, in words; none means that it is proved. */
export function offences(object: Uint8Array): string[] {
  const found: string[] = [];
  const all = sections(object);
  for (const s of all) {
    if (['.data', '.bss', '.rodata'].some((n) => s.name === n || s.name.startsWith(`${n}.`)) && s.size > 0)
      found.push(`section ${s.name} has ${s.size} bytes`);
    if ((s.type === 4 || s.type === 9) && s.size > 0) found.push(`section ${s.name} holds relocations`);
  }
  const text = all.find((s) => s.name === '.text');
  if (text === undefined) return [...found, 'there is no .text'];
  if (text.size > PAGE) found.push(`the text has ${text.size} bytes, more than a page`);
  return [...found, ...instructionOffences(text.bytes.subarray(TABLE))];
}

function instructionOffences(code: Uint8Array): string[] {
  const found: string[] = [];
  const decoder = new Decoder(32, code, DecoderOptions.None);
  const factory = new InstructionInfoFactory();
  const formatter = new Formatter(FormatterSyntax.Gas);
  const moves = allowedMoves();
  while (decoder.canDecode) {
    const i = decoder.decode();
    const at = TABLE + Number(i.ip);
    const offence = (what: string): void => void found.push(`0x${at.toString(16)}: ${formatter.format(i)}: ${what}`);
    if (i.code === Code.INVALID) {
      offence('cannot be decoded');
      continue;
    }
    const entry = i.mnemonic === Mnemonic.Syscall || i.mnemonic === Mnemonic.Sysenter;
    const flow = entry ? 'enters the kernel by itself' : FORBIDDEN_FLOW.get(i.flowControl);
    if (flow !== undefined) offence(flow);
    else if (i.isStackInstruction) offence('uses the stack');
    const info = factory.info(i);
    for (const m of info.usedMemory()) if (WRITES.has(m.access)) offence('stores to memory');
    for (const r of info.usedRegisters()) {
      const esp = r.register === Register.ESP || r.register === Register.SP;
      if (!esp || !WRITES.has(r.access)) continue;
      const move =
        i.mnemonic === Mnemonic.Lea &&
        i.memoryBase === Register.ESP &&
        i.memoryIndex === Register.None &&
        i.op0Kind === OpKind.Register;
      if (!move || !moves.has(Number(BigInt.asIntN(32, i.memoryDisplacement)))) offence('changes esp');
    }
    for (const m of info.usedMemory())
      if (m.base !== Register.ESP && i.mnemonic !== Mnemonic.Lea) offence('reads memory that is not its slot');
    i.free();
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = process.argv[2] ?? fileURLToPath(new URL('../build/Release/trustee.o', import.meta.url));
  const found = offences(readFileSync(path));
  for (const line of found) console.error(`${path}: ${line}`);
  if (found.length > 0) process.exit(1);
  console.log('trustee: no stack, no stores, no data, no relocations, below one page');
}
