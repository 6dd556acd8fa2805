/**
 * Brings up an image: the loader is executed, sets itself up on order, maps the program, becomes the trustee. Until the
 * first untrustee starts, the process holds trusted code alone, and no byte of the program has been run. The same for
 * the first process of a sandbox and for every execve.
 */
import type { ByteString } from '../abi/bytes.js';
import * as L from '../abi/linux.js';
import { ProcessMemory } from '../memory/guest.js';
import { mappingsOf, type Mapping } from '../memory/maps.js';
import { Regions } from '../memory/regions.js';
import { credentialsOf } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { SpaceChannels } from '../referee/launcher.js';
import { ProcessState, Sandbox, Space, type FirstStack, type ThreadState } from '../referee/process.js';
import { Dispositions, kernelAction } from '../referee/signals.js';
import { trusteeLabels, type Slot, type StartState } from '../trustee/slot.js';
import { FORM, FRAMES, LANDING_SIZE, LOADER, RESERVED, reservedCount, resultFd, SLOT_SIZE } from '../wire/layout.js';
import { must, openChannels, openSpace, SetupError, trusteeText, type Channels } from './channels.js';
import { refuseFilter } from './filter.js';
import { Loader, type Conversation, type Hello, type LoaderCall } from './loader.js';

const NR = {
  close: 6,
  mprotect: 125,
  prctl: 172,
  rt_sigaction: 174,
  rt_sigprocmask: 175,
  mmap2: 192,
  mseal: 462,
} as const;
const PR_SET_PDEATHSIG = 1;
const PR_SET_NAME = 15;
const PR_SET_TSC = 26;
const PR_TSC_SIGSEGV = 2;
const PR_SET_NO_NEW_PRIVS = 38;
const TRAMPOLINES = 0x10000;
/** What the kernel maps below the strings of argv and environment (setup_arg_pages, fs/exec.c), and how far it grows at a touch. */
const STACK_AT_HAND = 0x1f000;
const STACK_STEP = 0x8000;
/** Milliseconds in which a message of the loader must come: it runs nothing but our own code. */
const PATIENCE = 10_000;

type Range = Pick<Mapping, 'start' | 'end'>;

function vdsoOf(pid: number): Range {
  const vdso = mappingsOf(pid).find(({ name }) => name === '[vdso]');
  if (vdso !== undefined) return vdso;
  throw new SetupError('the process has no vDSO: the kernel must offer one to i386 programs (vdso32=1)');
}

/** From the loader's first mapping to its last: text of hook and signal handler included. */
function loaderOf(pid: number): Range {
  const own = mappingsOf(pid).filter(({ name }) => name.includes('memfd:loader'));
  if (own.length === 0) throw new SetupError('the loader has no mapping: it ended');
  return { start: Math.min(...own.map((m) => m.start)), end: Math.max(...own.map((m) => m.end)) };
}

/** From the int $0x80 on: it, the landing pad, ret. */
const PAD = 'cd805d5a59c3';
const FAST_ENTRIES = [
  { form: FORM.sysenter, bytes: `51525589e50f34${PAD}` },
  { form: FORM.syscall, bytes: `51525589cd0f05${PAD}` },
];
/** Without a fast instruction the room for one is filled with no-operations, which differ between kernels. */
const INT80_ENTRY = new RegExp(`^515255(?:..){2,5}?${PAD}`);
const JUMP_LENGTH = 5;

/**
 * How the vDSO's entry reaches the kernel, from its own bytes (arch/x86/entry/vdso/vdso32/system_call.S): push ecx, edx,
 * ebp; one of three ways; pop them; ret. `skip`: where to go on behind the five bytes that are overwritten.
 * `int80`: leave the fast instruction out, which works on every kernel.
 */
export function vdsoForm(entry: Uint8Array, way: 'fast' | 'int80' = 'fast'): { form: number; skip: number } {
  const hex = Buffer.from(entry).toString('hex');
  const fast = FAST_ENTRIES.find(({ bytes }) => hex.startsWith(bytes));
  if (fast !== undefined && way === 'fast') return { form: fast.form, skip: JUMP_LENGTH };
  const slow = INT80_ENTRY.exec(hex);
  if (slow === null) throw new SetupError(`the vDSO's entry is of an unknown kind: ${hex}`);
  return { form: FORM.int80, skip: (slow[0].length - PAD.length) / 2 };
}

const jump = (from: number, to: number): Uint8Array => {
  const bytes = new Uint8Array(JUMP_LENGTH);
  bytes[0] = 0xe9;
  new DataView(bytes.buffer).setUint32(1, (to - from - JUMP_LENGTH) >>> 0, true);
  return bytes;
};
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const name16 = (name: ByteString): Uint8Array => {
  const bytes = new Uint8Array(16);
  bytes.set(Buffer.from(name, 'latin1').subarray(0, 15));
  return bytes;
};

// ---- where everything goes ----

export interface Image {
  /** What comm shows: the program's base name. */
  readonly comm: ByteString;
  /** Words of argv, environment and auxiliary vector that the first stack will be given anew. */
  readonly vectors: number;
  /** Is it the first process of the sandbox, the helper's own child? */
  readonly first: boolean;
  /** Signals that are ignored from the start: two words; a later image has what the one before left. */
  readonly ignored?: Uint32Array;
  /** `int80`: enter the kernel by int $0x80 although there is a faster way. */
  readonly entry?: 'fast' | 'int80';
}

interface Places {
  readonly shared: number;
  readonly landing: number;
  readonly trampolines: number;
  readonly text: number;
}

/** One block as close below the loader as nothing else is: the vDSO can stand anywhere. */
function placesBelow(pid: number, below: number, slots: number): Places {
  const size = L.PAGE + TRAMPOLINES + (LANDING_SIZE + SLOT_SIZE) * slots;
  const maps = mappingsOf(pid);
  let end = below - (below % SLOT_SIZE);
  for (;;) {
    const start = end - size;
    const taken = maps.find((m) => m.start < end && m.end > start);
    if (start < SLOT_SIZE) throw new SetupError(`there are no ${size} bytes of address space below the loader`);
    if (taken === undefined) break;
    end = taken.start - (taken.start % SLOT_SIZE);
  }
  const shared = end - SLOT_SIZE * slots;
  const landing = shared - LANDING_SIZE * slots;
  const text = landing - L.PAGE;
  return { shared, landing, text, trampolines: text - TRAMPOLINES };
}

/** All that the loader's process needs before it turns trustee, as one message; its places. */
function* setUp(
  pid: number,
  hello: Hello,
  channels: Channels,
  space: SpaceChannels,
  image: Image,
): Conversation<Space['layout']> {
  const { base, slots } = channels;
  const vdso = vdsoOf(pid);
  const own = loaderOf(pid);
  const entry = new Uint8Array(16);
  must(native.vmRead(pid, hello.sysinfo, entry, entry.length), 'reading the vDSO');
  const { form, skip } = vdsoForm(entry, image.entry);
  const places = placesBelow(pid, own.start, slots);

  const calls: LoaderCall[] = [];
  const run = (what: string, ...call: (number | Uint8Array)[]): number => calls.push({ what, call });
  const try_ = (what: string, ...call: (number | Uint8Array)[]): number => calls.push({ what, call, mayFail: true });
  const map = (what: string, at: number, size: number, prot: number, flags: number, fd: number): number =>
    run(what, NR.mmap2, at, size, prot, flags | L.MAP_FIXED_NOREPLACE, fd, 0);
  const scratch = L.MAP_PRIVATE | L.MAP_ANONYMOUS | L.MAP_NORESERVE;

  run('placing the shared memory', LOADER.place, 0, base + RESERVED.sharedMemory, L.O_CLOEXEC);
  run('placing result channel 0', LOADER.place, 1, resultFd(base, 0), L.O_CLOEXEC);
  run('placing result channel 1', LOADER.place, 2, resultFd(base, 1), L.O_CLOEXEC);
  run('no_new_privs', NR.prctl, PR_SET_NO_NEW_PRIVS, 1);
  // reaches one that is stopped, as the lifeline cannot; of use to the helper's own child only
  if (image.first) run('PR_SET_PDEATHSIG', NR.prctl, PR_SET_PDEATHSIG, L.SIGNAL.KILL);
  try_('PR_SET_TSC', NR.prctl, PR_SET_TSC, PR_TSC_SIGSEGV);
  run('PR_SET_NAME', NR.prctl, PR_SET_NAME, name16(image.comm));
  map(
    'mapping the shared memory',
    places.shared,
    SLOT_SIZE * slots,
    L.PROT_READ,
    L.MAP_SHARED,
    base + RESERVED.sharedMemory,
  );
  map('mapping the trustee', places.text, L.PAGE, L.PROT_READ | L.PROT_EXEC, L.MAP_SHARED, base + RESERVED.trusteeText);
  map('mapping the landing stacks', places.landing, LANDING_SIZE * slots, L.PROT_READ | L.PROT_WRITE, scratch, -1);
  map('mapping the trampolines', places.trampolines, TRAMPOLINES, L.PROT_READ | L.PROT_EXEC, scratch, -1);
  run('closing the shared memory', NR.close, base + RESERVED.sharedMemory);

  const size = vdso.end - vdso.start;
  run('opening the vDSO', NR.mprotect, vdso.start, size, L.PROT_READ | L.PROT_WRITE | L.PROT_EXEC);
  run('rewriting the vDSO', LOADER.copy, hello.sysinfo, jump(hello.sysinfo, hello.hook), JUMP_LENGTH);
  run('closing the vDSO', NR.mprotect, vdso.start, size, L.PROT_READ | L.PROT_EXEC);
  try_('sealing the vDSO', NR.mseal, vdso.start, size, 0);
  try_('sealing the trustee', NR.mseal, places.text, L.PAGE, 0);

  for (const signal of [L.SIGNAL.ILL, L.SIGNAL.SEGV])
    run('signal handler', NR.rt_sigaction, signal, kernelAction(signal, hello), 0, 8);
  run('blocking signals', NR.rt_sigprocmask, 0, words(0xffffffff, 0xffffffff), 0, 8);
  yield { calls, descriptors: [space.readOnly, ...space.results] };
  native.close(space.readOnly);
  yield* reachStack(hello, image.vectors);

  const regions = new Regions();
  regions.protect(vdso.start, size, 'the vDSO');
  regions.protect(places.shared, SLOT_SIZE * slots, 'the shared memory');
  regions.protect(places.text, L.PAGE, 'the trustee');
  regions.protect(places.landing, LANDING_SIZE * slots, 'the landing stacks');
  regions.protect(places.trampolines, TRAMPOLINES, 'the trampolines');
  regions.protect(own.start, own.end - own.start, 'the hook');
  const text = channels.trustee;
  return {
    ...places,
    landingSize: LANDING_SIZE,
    hook: hello.hook,
    cs: hello.cs,
    slotCount: slots,
    trampolines: { base: places.trampolines, size: TRAMPOLINES },
    regions,
    slots: {
      form,
      tail: hello.sysinfo + skip,
      trusteeText: places.text,
      labels: trusteeLabels(text),
      hintFd: base + RESERVED.hint,
      lifelineFd: base + RESERVED.lifeline,
      landing: places.landing,
      started: hello.started,
      fpu: { features: hello.fpuFeatures, size: hello.fpuSize },
    },
  };
}

/** The vectors will be written anew below the old ones: the stack must reach that far before a stranger writes to it. */
function* reachStack(hello: Hello, count: number): Conversation<void> {
  const vectors = 4 * (count + 128);
  const need = vectors + 2 * L.PAGE;
  if (vectors + need < STACK_AT_HAND) return; // the old vectors take of it too
  const steps = Math.ceil(need / STACK_STEP);
  const touch = (i: number): LoaderCall => ({
    what: 'growing the stack',
    call: [LOADER.copy, hello.esp - (i + 1) * STACK_STEP, hello.buffer, 1],
  });
  for (let i = 0; i < steps; i += TOUCHES)
    yield { calls: Array.from({ length: Math.min(TOUCHES, steps - i) }, (_, k) => touch(i + k)) };
}
const TOUCHES = 64;

/** The kernel gives no descriptor from the soft limit up, so that none of the reserved numbers becomes the program's. */
export function limitDescriptors(pid: number, base: number, wanted: number): void {
  const limit = new BigUint64Array(2);
  must(native.prlimit(pid, NOFILE, null, limit), 'the limit of open files');
  const soft = wanted < 0 ? limit[0] : BigInt(wanted);
  limit[0] = soft < BigInt(base) ? soft : BigInt(base);
  must(native.prlimit(pid, NOFILE, limit, null), 'limiting open files');
}
const NOFILE = 7;

// ---- bringing it up ----

/** How a program's first thread starts. */
export interface FirstState {
  readonly state: StartState;
  readonly stack: FirstStack;
}

/** What goes on in the loader before it becomes the trustee: the program's images. */
export type Load = (process: ProcessState, hello: Hello) => Conversation<FirstState | undefined>;

/**
 * From the loader's hello to its last order: the process gets a new address space with one thread, whose trustee has
 * been told to begin; its successor is the program's first untrustee. `socket`: the helper's end of the loader's.
 */
export function* bringUp(
  socket: number,
  hello: Hello,
  process: (layout: Space) => ProcessState,
  sandbox: Sandbox,
  pid: number,
  channels: Channels,
  image: Image,
  load: Load,
): Conversation<ThreadState> {
  const own = openSpace(channels.slots);
  const layout = yield* setUp(pid, hello, channels, own, image);
  const space = new Space(layout, own.memory, sandbox.units, channels.base);
  own.results.forEach((result, i) => space.unit(i, result));
  const unit = space.unit(0);
  unit.socket = socket;
  unit.trustee = pid;
  const state = process(space);
  state.signals = new Dispositions(hello, unit.slot, image.ignored ?? state.signals.ignored());
  const thread = state.join(unit, pid);
  thread.credentials = credentialsOf(pid, pid);
  const first = yield* load(state, hello);
  if (first !== undefined) [thread.successor, thread.firstStack] = [first.state, first.stack];
  return thread;
}

/** Sends the loader on to be the trustee of the thread. */
export function becomeTrustee(loader: Loader, { process, memory }: ThreadState): void {
  const { slots } = process.space.layout;
  loader.become(slots.trusteeText + slots.labels[FRAMES.length], memory.address);
}

// ---- the first process, while nothing else can happen ----

export interface StartOptions {
  readonly argv: readonly ByteString[];
  readonly envp: readonly ByteString[];
  readonly comm: ByteString;
  readonly exe: ByteString;
  readonly keep: readonly number[];
  /** Signals that were ignored when the sandbox was started: two words. */
  readonly ignored: Uint32Array;
  /** The program's soft limit of open files; -1, or left out, for the helper's own. */
  readonly openFiles?: number;
  readonly load?: Load;
  /** Another text for the trustee than the one that was built: tests run its twin. */
  readonly trustee?: Uint8Array;
  readonly entry?: 'fast' | 'int80';
}

export interface Started {
  readonly process: ProcessState;
  readonly hello: Hello;
  readonly channels: Channels;
}

/** Runs one call on a trustee and waits for it. */
export function callNow(channels: Channels, slot: Slot, order: readonly number[]): number {
  const [nr, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = order;
  slot.order(nr, a, b, c, d, e, f);
  return outcomeOf(channels, slot);
}

function outcomeOf({ hint }: Channels, slot: Slot): number {
  const hints = new Uint32Array(4);
  for (;;) {
    const result = slot.result();
    if (result !== undefined) return result;
    const ready = native.poll(hint, L.POLLIN, PATIENCE);
    if (ready === 0) throw new SetupError('the trustee does not answer');
    if (ready & ~L.POLLIN) throw new SetupError('the trustee ended');
    native.read(hint, hints, 16);
  }
}

/** Carries on a conversation to its end. */
function converse<T>(loader: Loader, socket: number, conversation: Conversation<T>): T {
  let next = conversation.next();
  while (!next.done) {
    loader.send(next.value);
    await_(socket, next.value.calls[0]?.what ?? 'the loader');
    next = conversation.next(loader.answer(next.value));
  }
  return next.value;
}
function await_(socket: number, what: string): void {
  if (native.poll(socket, L.POLLIN, PATIENCE) <= 0) throw new SetupError(`${what}: no answer from the loader`);
}

export function startProcess(options: StartOptions): Started {
  refuseFilter();
  const channels = openChannels(options.keep, options.trustee ?? trusteeText());
  const pid = native.launch(
    channels.loaderImage,
    [...options.argv],
    [...options.envp],
    channels.descriptors,
    options.ignored,
  );
  channels.handedOver();
  try {
    must(pid, 'starting the loader');
    return complete(pid, channels, options);
  } catch (error) {
    channels.close();
    if (pid > 0) native.kill(pid, L.SIGNAL.KILL);
    throw error;
  }
}

function complete(pid: number, channels: Channels, options: StartOptions): Started {
  const socket = channels.door.awaitNow(pid, PATIENCE);
  if (socket === undefined) throw new SetupError('the loader does not come');
  const loader = new Loader(socket);
  await_(socket, 'hello');
  const hello = loader.hello();
  const sandbox = new Sandbox();
  const { base, slots } = channels;
  const make = (space: Space): ProcessState =>
    new ProcessState({
      sandbox,
      pid,
      parent: process.ppid,
      isFirst: true,
      exe: options.exe,
      reserved: { from: base, to: base + reservedCount(slots) },
      pidfd: must(native.pidfdOpen(pid, 0), 'pidfd_open'),
      memory: new ProcessMemory(pid),
      space,
    });
  const image: Image = {
    comm: options.comm,
    vectors: options.argv.length + options.envp.length,
    first: true,
    ignored: options.ignored,
    entry: options.entry,
  };
  const load = options.load ?? nothing;
  const thread = converse(loader, socket, bringUp(socket, hello, make, sandbox, pid, channels, image, load));
  limitDescriptors(pid, base, options.openFiles ?? -1);
  becomeTrustee(loader, thread);
  must(outcomeOf(channels, thread.memory), 'starting the lifeline thread'); // the trustee's own order 0
  return { process: thread.process, hello, channels };
}
function* nothing(): Conversation<undefined> {
  return undefined;
}
