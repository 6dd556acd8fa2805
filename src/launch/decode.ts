/**
 * The disassembler, behind one face: the rest of the patcher sees {@link Instruction} only.
 *
 * `movable`: means the same at another address (32-bit code has no other eip-relative operand than a branch's).
 * `ordinary`: a compiler or a hand-written system-call stub could have written it; data decoded as code rarely stays
 * ordinary for long.
 */

import { createRequire } from 'node:module';
import type * as X86 from 'iced-x86';

type Iced = X86.Instruction;

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly it: T } | undefined;
  return () => (made ??= { it: make() }).it;
};
/** Loaded for the first image that must be decoded: the wasm module takes tens of milliseconds to come up. */
const x86 = once(() => createRequire(import.meta.url)('iced-x86') as typeof X86);

export interface Instruction {
  readonly address: number;
  readonly length: number;
  readonly kind: 'int80' | 'mov-eax' | 'nop' | 'return' | 'invalid' | 'other';
  /** Value of a `mov $imm32,%eax`. */
  readonly immediate: number;
  /** Destination of a direct branch or call, else null. */
  readonly target: number | null;
  readonly movable: boolean;
  readonly ordinary: boolean;
}

/** A breakpoint, which has an instruction of its own as well. */
const INT3 = 3;

/** No x86 instruction is longer. */
export const MAX_INSTRUCTION = 15;

/** What only data, kernels or museums contain; `hlt`, `int3` and `ud2` stand behind noreturn calls. */
const odd = once(() => {
  const { Mnemonic } = x86();
  return new Set<X86.Mnemonic>([
    Mnemonic.Aaa,
    Mnemonic.Aad,
    Mnemonic.Aam,
    Mnemonic.Aas,
    Mnemonic.Daa,
    Mnemonic.Das,
    Mnemonic.Salc,
    Mnemonic.Arpl,
    Mnemonic.Bound,
    Mnemonic.Enter,
    Mnemonic.Into,
    Mnemonic.Iret,
    Mnemonic.Iretd,
    Mnemonic.In,
    Mnemonic.Out,
    Mnemonic.Insb,
    Mnemonic.Insd,
    Mnemonic.Insw,
    Mnemonic.Outsb,
    Mnemonic.Outsd,
    Mnemonic.Outsw,
    Mnemonic.Lds,
    Mnemonic.Les,
    Mnemonic.Lfs,
    Mnemonic.Lgs,
    Mnemonic.Lss,
    Mnemonic.Loope,
    Mnemonic.Loopne,
    Mnemonic.Pushad,
    Mnemonic.Popad,
    Mnemonic.Pusha,
    Mnemonic.Popa,
    Mnemonic.Retf,
    Mnemonic.Cli,
    Mnemonic.Sti,
    Mnemonic.Cmc,
    Mnemonic.Xlatb,
    Mnemonic.Clts,
    Mnemonic.Sahf,
    Mnemonic.Lahf,
    Mnemonic.Int1,
    Mnemonic.Jcxz,
  ]);
});

const oddSegments = once(() => {
  const { Register } = x86();
  return new Set<X86.Register>([Register.CS, Register.DS, Register.ES, Register.SS]);
});

/**
 * Linear sweep from bytes[offset] until an instruction begins at `stop` or behind it.
 * @returns the offset of that instruction, or -1 when something on the way is no instruction
 */
export function sweepTo(bytes: Uint8Array, offset: number, stop: number): number {
  return withDecoder(bytes, offset, stop + MAX_INSTRUCTION, (decoder) => {
    const iced = new (x86().Instruction)();
    let valid = true;
    while (valid && decoder.position + offset < stop && decoder.canDecode) {
      decoder.decodeOut(iced);
      valid = !iced.isInvalid;
    }
    iced.free();
    return valid ? decoder.position + offset : -1;
  });
}

/**
 * The instruction that would begin at every single byte of bytes[offset, end).
 * @param address where bytes[offset] is linked
 */
export function decodeEverywhere(bytes: Uint8Array, offset: number, end: number, address: number): Instruction[] {
  return withDecoder(bytes, offset, end, (decoder) => {
    const iced = new (x86().Instruction)();
    const all = Array.from({ length: Math.min(end, bytes.length) - offset }, (_, i) => {
      decoder.position = i;
      decoder.ip = BigInt(address + i);
      decoder.decodeOut(iced);
      return translate(iced, address + i);
    });
    iced.free();
    return all;
  });
}

/** wasm memory is not collected: what is made here is freed here. */
function withDecoder<T>(bytes: Uint8Array, offset: number, end: number, use: (decoder: X86.Decoder) => T): T {
  const decoder = new (x86().Decoder)(32, bytes.subarray(offset, end), 0);
  try {
    return use(decoder);
  } finally {
    decoder.free();
  }
}

function translate(iced: Iced, address: number): Instruction {
  const { FlowControl, OpKind } = x86();
  const kind = kindOf(iced);
  return {
    address,
    length: iced.length,
    kind,
    immediate: kind === 'mov-eax' ? iced.immediate32 : 0,
    target: iced.op0Kind === OpKind.NearBranch32 ? iced.nearBranch32 : null,
    movable: iced.flowControl === FlowControl.Next && kind !== 'invalid' && kind !== 'nop' && !iced.isPrivileged,
    ordinary: kind === 'nop' || isOrdinary(iced),
  };
}

function kindOf(iced: Iced): Instruction['kind'] {
  const { Code, Register } = x86();
  switch (iced.code) {
    case Code.INVALID:
      return 'invalid';
    case Code.Int_imm8:
      return iced.immediate8 === 0x80 && iced.length === 2 ? 'int80' : 'other';
    case Code.Mov_r32_imm32:
      return iced.op0Register === Register.EAX && iced.length === 5 ? 'mov-eax' : 'other';
    case Code.Retnd:
      return 'return';
    default:
      return isPadding(iced) ? 'nop' : 'other';
  }
}

/** What assemblers align with: nop in all lengths, int3, `lea 0(%esi),%esi`, `xchg %ax,%ax`, `mov %esi,%esi`. */
function isPadding(iced: Iced): boolean {
  const { Code, Mnemonic, Register } = x86();
  if (iced.mnemonic === Mnemonic.Nop || iced.mnemonic === Mnemonic.Int3) return true;
  if (iced.code === Code.Mov_r32_rm32 || iced.code === Code.Mov_rm32_r32) return iced.op0Register === iced.op1Register;
  return (
    iced.code === Code.Lea_r32_m &&
    iced.memoryDisplacement === 0n &&
    iced.op0Register === iced.memoryBase &&
    iced.memoryIndex === Register.None
  );
}

function isOrdinary(iced: Iced): boolean {
  const { Code, Mnemonic } = x86();
  if (iced.isInvalid || odd().has(iced.mnemonic)) return false;
  if (oddSegments().has(iced.segmentPrefix)) return false;
  if (iced.isPrivileged && iced.mnemonic !== Mnemonic.Hlt) return false;
  if (iced.code === Code.Int_imm8) return iced.immediate8 === 0x80 || iced.immediate8 === INT3; // as Go spells it
  if (isZeros(iced)) return false;
  return !(iced.isCallFar || iced.isJmpFar || iced.isCallFarIndirect || iced.isJmpFarIndirect);
}

/** 00 00, which reads as `add %al,(%eax)`. */
function isZeros(iced: Iced): boolean {
  const { Code, Register } = x86();
  return (
    iced.code === Code.Add_rm8_r8 &&
    iced.length === 2 &&
    iced.memoryBase === Register.EAX &&
    iced.op1Register === Register.AL
  );
}
