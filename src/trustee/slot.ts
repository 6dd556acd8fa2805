/**
 * One thread's slot of the shared memory, from the helper's side: what the trustee is to do, what the new untrustee
 * starts with, and the arena of deep-copied arguments. Offsets are those of src/wire/layout.ts.
 */
import { native } from '../native/index.js';
import type { GuestMemory } from '../memory/guest.js';
import type { Action, Arrived, Order } from '../syscalls/dsl.js';
import {
  ACTION,
  ACTION_COUNT,
  ARENA,
  BATCH,
  CALL_SIZE,
  CONSTANT_COUNT,
  DISPOSITIONS,
  FRAME_EIP,
  FRAME_SIZE,
  FRAMES,
  fpuImageSize,
  KEY,
  LANDING_SIZE,
  SIGFRAME,
  SIGINFO_SIZE,
  SLOT,
  SLOT_SIZE,
  STATE,
  STATE_SIZE,
  TLS_COUNT,
  USER_DESC_SIZE,
  type Frame,
} from '../wire/layout.js';

/** What holds for every slot of a process. */
export interface SlotConstants {
  readonly form: number;
  readonly tail: number;
  readonly trusteeText: number;
  /** Offset of each frame's label in the trustee's text: the table at its start. */
  readonly labels: Uint32Array;
  readonly hintFd: number;
  readonly lifelineFd: number;
  /** The first slot's landing stack; the others follow. */
  readonly landing: number;
  /** Where the hook lets every new untrustee begin. */
  readonly started: number;
  /** XSAVE components of a signal frame, and their size. */
  readonly fpu: { readonly features: number; readonly size: number };
}

/** `hint`: what the trustee writes as its hint. `base`: address of the shared memory in the process. `result`: the helper's descriptor of the slot's result channel. */
export interface SlotPlace {
  readonly index: number;
  readonly hint: number;
  readonly base: number;
  readonly result: number;
}

/** One byte of ACTION for each number below ACTION_COUNT, and the results that they speak of. */
export interface HookActions {
  readonly actions: Uint8Array;
  readonly constants: readonly number[];
}

/** The registers with which an untrustee starts. */
export interface StartState {
  readonly eip: number;
  readonly esp: number;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
  readonly esi: number;
  readonly edi: number;
  readonly ebp: number;
  readonly eflags: number;
  readonly gs: number;
  /** The hook's key unless the program has loaded another. */
  readonly fs?: number;
}

/**
 * What a new untrustee takes over. `heir`: the slot whose thread's alternate stack it takes over; this one's if it is the same thread.
 * `fpu`: it begins with the FPU that the STATE of this slot holds.
 */
export interface Heritage {
  readonly heir?: Slot;
  readonly fpu?: boolean;
}

/** Segment selectors of a 64-bit kernel's compatibility mode, or of an i386 kernel; told apart by the loader's cs. */
export interface Segments {
  readonly code: number;
  readonly data: number;
  readonly hookKey: number;
}
const hookKeyOf = (cs: number): number => (cs === KEY.longModeCode ? KEY.longMode : KEY.legacy);
/** First GDT entry for TLS; the hook's key is the second. */
export const firstTlsEntry = (cs: number): number => (hookKeyOf(cs) >>> 3) - 1;
export const segmentsOf = (cs: number): Segments => ({
  code: cs,
  data: cs === KEY.longModeCode ? 0x2b : 0x7b,
  hookKey: hookKeyOf(cs),
});

const SC = [
  'gs',
  'fs',
  'es',
  'ds',
  'edi',
  'esi',
  'ebp',
  'esp',
  'ebx',
  'edx',
  'ecx',
  'eax',
  'trapno',
  'err',
  'eip',
  'cs',
  'eflags',
  'sp',
  'ss',
  'fpstate',
  'oldmask',
  'cr2',
] as const;
/** Word offsets of struct sigcontext_32's registers. */
export const SIGCONTEXT = Object.fromEntries(SC.map((name, i) => [name, i])) as Record<(typeof SC)[number], number>;

/** user_desc flags: 32-bit, limit in pages, usable; and the pattern that clears an entry (LDT_empty). */
const DESC_DATA = 0x51;
const DESC_EMPTY = 0x28;

const ALL_SIGNALS = 0xffffffff;

const CALLED_ARG6 = (SLOT.frames + FRAME_SIZE * FRAMES.indexOf('called')) / 4;

export class Slot {
  private readonly words: Uint32Array;
  private readonly bytes: Uint8Array;
  private readonly wakeWord: Uint32Array;
  private readonly cancelled: Uint32Array;
  private readonly offset = new Uint32Array(2);
  private resultChannel: number;
  private sequence = 0;
  private used = ARENA;

  constructor(
    memory: ArrayBuffer,
    { index, hint, base, result }: SlotPlace,
    private readonly constants: SlotConstants,
    fds: { socket: number; result: number },
    private readonly segments: Segments,
    firstTls: number,
  ) {
    this.address = base + index * SLOT_SIZE;
    this.resultChannel = result;
    this.words = new Uint32Array(memory, 0, SLOT_SIZE / 4);
    this.bytes = new Uint8Array(memory, 0, SLOT_SIZE);
    this.wakeWord = this.words.subarray(SLOT.order / 4, SLOT.order / 4 + 1);
    this.cancelled = this.words.subarray(SLOT.cancel / 4, SLOT.cancel / 4 + 1);
    this.set(SLOT.resultFd, fds.result);
    this.set(SLOT.hintFd, constants.hintFd);
    this.set(SLOT.index, hint);
    this.set(SLOT.form, constants.form);
    this.set(SLOT.tail, constants.tail);
    this.set(SLOT.socketFd, fds.socket);
    this.set(SLOT.lifelineFd, constants.lifelineFd);
    const landing = constants.landing + index * LANDING_SIZE;
    this.words.set([landing, 0, LANDING_SIZE - STATE_SIZE], SLOT.altstack / 4);
    this.set(SLOT.state, landing + LANDING_SIZE - STATE_SIZE);
    this.set(SLOT.fpuFeatures, constants.fpu.features);
    this.set(SLOT.fpuSize, constants.fpu.size);
    this.useDispositionsOf(this);
    FRAMES.forEach((_, i) => {
      const frame = SLOT.frames + i * FRAME_SIZE;
      this.set(frame, 0);
      this.set(frame + FRAME_EIP, constants.trusteeText + constants.labels[i]);
    });
    for (let i = 0; i < TLS_COUNT; i++) this.clearTls(i, firstTls);
    this.tlsWords(1).set([firstTls + 1, this.address, 0xfffff, DESC_DATA]);
  }

  /** Address of the slot in the process. */
  readonly address: number;

  frameAddress(frame: Frame): number {
    return this.address + SLOT.frames + FRAMES.indexOf(frame) * FRAME_SIZE;
  }

  private set(offset: number, value: number): void {
    this.words[offset / 4] = value;
  }
  private tlsWords(i: number): Uint32Array {
    return this.words.subarray((SLOT.tls + i * USER_DESC_SIZE) / 4, (SLOT.tls + (i + 1) * USER_DESC_SIZE) / 4);
  }
  /** `first`: the number of entry 0. */
  clearTls(i: number, first: number): void {
    this.tlsWords(i).set([first + i, 0, 0, DESC_EMPTY]);
  }

  /** What the hook does by itself from now on (src/trustee/actions.ts). A running thread must find its actions unchanged. */
  setActions({ actions, constants }: HookActions): void {
    if (actions.length !== ACTION_COUNT || constants.length > CONSTANT_COUNT)
      throw new Error(
        `${actions.length} actions and ${constants.length} constants: there must be ${ACTION_COUNT} and at most ${CONSTANT_COUNT}`,
      );
    this.words.set(constants, SLOT.constants / 4);
    this.bytes.set(actions, SLOT.actions);
  }
  /** It asks for these too from now on: a running thread finds each call as it was or as it is to be. */
  askAlso(isAsked: (nr: number) => boolean): void {
    for (let nr = 0; nr < ACTION_COUNT; nr++) {
      const at = SLOT.actions + nr;
      if (this.bytes[at] !== ACTION.keep && isAsked(nr)) this.bytes[at] = ACTION.ask; // keep asks too
    }
  }
  /** The program's descriptors of entries 0 and 2; entry 1 is the hook's key and stays. */
  setTls(i: 0 | 2, descriptor: Uint8Array): void {
    new Uint8Array(this.words.buffer, this.tlsWords(i).byteOffset, USER_DESC_SIZE).set(descriptor);
  }
  /** This thread's process keeps its dispositions in that slot, its leader's. */
  useDispositionsOf(leader: Slot): void {
    this.set(SLOT.dispositions, leader.address + SLOT.table);
  }
  /** What the hook does with a signal from now on. */
  setAction(signal: number, { handler, flags, restorer, mask }: Action): void {
    const table = SLOT.table / 4;
    const entry = table + (DISPOSITIONS.actions + DISPOSITIONS.entry * (signal - 1)) / 4;
    Atomics.add(this.words, table + DISPOSITIONS.sequence / 4, 1);
    this.words.set([handler, flags, restorer, Number(mask & 0xffffffffn), Number(mask >> 32n)], entry);
    Atomics.add(this.words, table + DISPOSITIONS.sequence / 4, 1);
  }

  /**
   * The registers and the signal mask of the program with which the next untrustee of this slot goes on. The kernel starts it in the
   * hook, with all signals blocked.
   */
  setStart(state: StartState, mask = 0n, { heir, fpu = false }: Heritage = {}): void {
    const frame = this.words.subarray(SLOT.start / 4, (SLOT.start + SIGFRAME.size) / 4);
    const { code, data, hookKey } = this.segments;
    frame.fill(0);
    const sc = frame.subarray(SIGFRAME.sc / 4);
    const values = {
      ...state,
      eip: this.constants.started,
      fs: hookKey,
      es: data,
      ds: data,
      ss: data,
      cs: code,
      sp: state.esp,
      oldmask: ALL_SIGNALS,
    };
    for (const [name, value] of Object.entries(values)) sc[SIGCONTEXT[name as keyof typeof SIGCONTEXT]] = value;
    frame[SIGFRAME.extramask / 4] = ALL_SIGNALS;
    this.set(SLOT.resume, state.eip);
    this.set(SLOT.fs, state.fs ?? hookKey);
    this.words.set([Number(mask & 0xffffffffn), Number(mask >> 32n)], SLOT.mask / 4);
    this.set(SLOT.heritage, heir === undefined ? 0 : heir.stateAddress);
    this.set(SLOT.fpuKept, fpu ? 1 : 0);
  }
  /** The signal that the hook hands on as the next untrustee starts; null for none. Nothing runs on the landing stack meanwhile. */
  setKept(memory: GuestMemory, kept: Arrived | null): void {
    const signal = new Uint8Array(Uint32Array.of(kept?.signal ?? 0).buffer);
    memory.write(this.stateAddress + STATE.stashed, signal, signal.length);
    if (kept !== null) memory.write(this.stateAddress + STATE.stash, kept.info, SIGINFO_SIZE);
  }
  /** The far end of the landing stack: handlers never come so deep. The program's own code can write there. */
  get scratch(): number {
    return this.words[SLOT.altstack / 4];
  }
  private get stateAddress(): number {
    return this.words[SLOT.state / 4];
  }
  /** Where the hook keeps the thread's FPU, in memory that the thread can write. */
  get fpu(): { readonly address: number; readonly size: number } {
    return { address: this.stateAddress + STATE.fpu, size: fpuImageSize(this.words[SLOT.fpuSize / 4]) };
  }

  /** Gives the trustee a call: it runs as soon as it wakes. One at a time; result() tells when it is done. */
  order(nr: number, a: number, b: number, c: number, d: number, e: number, f: number): void {
    this.call(0, nr, a, b, c, d, e, f);
    this.go(1);
  }
  /** Gives it several, BATCH at most: made in turn until one fails; result() is that one's, or the last one's. Argument six is 0. */
  orderAll(calls: readonly Order[]): void {
    this.write(calls);
    this.go(calls.length);
  }
  /**
   * The same, of which one replaces this slot's memory by that of `next`, at the same address: there the trustee finds
   * the rest of the order, and there it is given the following ones.
   */
  orderAcross(calls: readonly Order[], next: Slot): void {
    this.write(calls);
    next.write(calls);
    next.sequence = this.following();
    next.words[SLOT.last / 4] = (calls.length - 1) * CALL_SIZE;
    next.words[SLOT.order / 4] = next.sequence;
    this.go(calls.length);
  }
  private write(calls: readonly Order[]): void {
    if (calls.length === 0 || calls.length > BATCH) throw new Error(`${calls.length} calls in an order: 1 to ${BATCH}`);
    calls.forEach(([nr, a = 0, b = 0, c = 0, d = 0, e = 0], i) => this.call(i, nr, a, b, c, d, e, 0));
  }
  private call(i: number, nr: number, a: number, b: number, c: number, d: number, e: number, f: number): void {
    const w = this.words;
    const at = (SLOT.calls + i * CALL_SIZE) / 4;
    w[at] = nr;
    w[at + 1] = a;
    w[at + 2] = b;
    w[at + 3] = c;
    w[at + 4] = d;
    w[at + 5] = e;
    w[at + 6] = f;
    w[CALLED_ARG6] = f; // where the kernel and the landing pad find argument six
  }
  private following(): number {
    return this.sequence === 0x7fffffff ? 1 : this.sequence + 1;
  }
  private go(count: number): void {
    this.words[SLOT.last / 4] = (count - 1) * CALL_SIZE;
    this.sequence = this.following();
    Atomics.store(this.words, SLOT.order / 4, this.sequence);
    native.futexWake(this.wakeWord);
  }

  /** Another trustee is about to begin here: all orders up to now are done. */
  beginTrustee(): void {
    this.set(SLOT.done, this.sequence);
  }
  /** Results come through another descriptor of the helper from now on. */
  setResultChannel(fd: number): void {
    this.resultChannel = fd;
  }

  /** The result of the newest order as a signed word, or undefined while the trustee is at it. */
  result(): number | undefined {
    native.offsetOf(this.resultChannel, this.offset);
    const [order, result] = this.offset;
    return order === this.sequence && (order !== 0 || result !== 0) ? result | 0 : undefined; // order 0 makes a thread
  }

  // ---- cancelling ----

  get cancelAddress(): number {
    return this.address + SLOT.cancel;
  }
  get cancels(): number {
    return this.cancelled[0];
  }
  /** Wakes an order that sleeps on the cancel word too; one that has yet to begin finds it changed. */
  cancel(): void {
    Atomics.add(this.cancelled, 0, 1);
    native.futexWake(this.cancelled);
  }

  // ---- arena ----

  resetArena(): void {
    this.used = ARENA;
  }
  /** Copies to the arena, 8-aligned: the address in the process, or 0 when it does not fit. */
  copy(bytes: Uint8Array): number {
    const at = (this.used + 7) & ~7;
    if (at + bytes.length > SLOT_SIZE) return 0;
    this.bytes.set(bytes, at);
    this.used = at + bytes.length;
    return this.address + at;
  }
  /** The helper's view of what stands at an arena address. */
  view(address: number, size: number): Uint8Array {
    const at = address - this.address;
    return this.bytes.subarray(at, at + size);
  }
}

/** Offsets of the trustee's labels, FRAMES first, then its entry: the table that its text starts with. */
export function trusteeLabels(text: Uint8Array): Uint32Array {
  return new Uint32Array(text.buffer.slice(text.byteOffset, text.byteOffset + 4 * (FRAMES.length + 1)));
}
