/**
 * Starts one sandboxed process: the loader is executed, sets itself up on order, becomes the trustee; the lifeline
 * thread starts. After this the process holds trusted code alone, and no byte of the program has been read.
 */
import type { ByteString } from '../abi/bytes.js';
import * as L from '../abi/linux.js';
import { ProcessMemory } from '../memory/guest.js';
import { mappingsOf, type Mapping } from '../memory/maps.js';
import { Regions } from '../memory/regions.js';
import { native } from '../native/index.js';
import { ProcessState, Sandbox, ThreadState } from '../referee/process.js';
import { firstTlsEntry, segmentsOf, Slot, trusteeLabels, type SlotConstants } from '../trustee/slot.js';
import { FORM, FRAMES, LOADER, RESERVED, SLOT_COUNT, SLOT_SIZE, resultFd, socketFd } from '../wire/layout.js';
import { must, openChannels, SetupError, trusteeText, type Channels } from './channels.js';
import { refuseFilter } from './filter.js';
import { Loader, type Hello } from './loader.js';

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
const SA_RESTORER = 0x04000000;
const SA_ONSTACK = 0x08000000;
const SA_NODEFER = 0x40000000;
const ALTSTACK_SIZE = 0x10000;
const TRAMPOLINES = 0x10000;
/** What the kernel maps below the strings of argv and environment (setup_arg_pages, fs/exec.c), and how far it grows at a touch. */
const STACK_AT_HAND = 0x1f000;
const STACK_STEP = 0x8000;

export interface StartOptions {
  readonly argv: readonly ByteString[];
  readonly envp: readonly ByteString[];
  /** What comm shows: the program's base name. */
  readonly comm: ByteString;
  readonly exe: ByteString;
  readonly keep: readonly number[];
  /** Signals that were ignored when the sandbox was started: two words. */
  readonly ignored: Uint32Array;
  /** The program's soft limit of open files; -1, or left out, for the helper's own. */
  readonly openFiles?: number;
  /** Another text for the trustee than the one that was built: tests run its twin. */
  readonly trustee?: Uint8Array;
  /** `int80`: enter the kernel by int $0x80 although there is a faster way. */
  readonly entry?: 'fast' | 'int80';
}

export interface Started {
  readonly process: ProcessState;
  readonly hello: Hello;
  readonly trampolines: { base: number; size: number };
  readonly channels: Channels;
}

type Range = Pick<Mapping, 'start' | 'end'>;

function vdsoOf(pid: number): Range {
  const vdso = mappingsOf(pid).find(({ name }) => name === '[vdso]');
  if (vdso !== undefined) return vdso;
  throw new SetupError('the process has no vDSO: the kernel must offer one to i386 programs (vdso32=1)');
}

/** From the loader's first mapping to its last: text of hook and trap handlers included. */
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

interface Layout {
  readonly shared: number;
  readonly text: number;
  readonly altstack: number;
  readonly trampolines: number;
  readonly form: number;
  readonly tail: number;
}

/** All that the loader's process needs before it turns trustee; each step is one system call of its own. */
function setUp(loader: Loader, hello: Hello, pid: number, channels: Channels, options: StartOptions): Layout {
  const { base } = channels;
  const run = (what: string, ...call: (number | Uint8Array)[]): number => loader.run({ what, call });
  const map = (what: string, size: number, prot: number, flags: number, fd: number): number =>
    run(what, NR.mmap2, 0, size, prot, flags, fd, 0);
  const vdso = vdsoOf(pid);
  const entry = new Uint8Array(16);
  must(native.vmRead(pid, hello.sysinfo, entry, entry.length), 'reading the vDSO');
  const { form, skip } = vdsoForm(entry, options.entry);

  run('no_new_privs', NR.prctl, PR_SET_NO_NEW_PRIVS, 1);
  run('PR_SET_PDEATHSIG', NR.prctl, PR_SET_PDEATHSIG, L.SIGNAL.KILL); // reaches one that is stopped, as the lifeline cannot
  loader.run({ what: 'PR_SET_TSC', call: [NR.prctl, PR_SET_TSC, PR_TSC_SIGSEGV], mayFail: true });
  run('PR_SET_NAME', NR.prctl, PR_SET_NAME, name16(options.comm));
  const shared = map(
    'mapping the shared memory',
    SLOT_SIZE * SLOT_COUNT,
    L.PROT_READ,
    L.MAP_SHARED,
    base + RESERVED.sharedMemory,
  );
  const text = map('mapping the trustee', L.PAGE, L.PROT_READ | L.PROT_EXEC, L.MAP_SHARED, base + RESERVED.trusteeText);
  const altstack = map(
    'mapping the landing stack',
    ALTSTACK_SIZE,
    L.PROT_READ | L.PROT_WRITE,
    L.MAP_PRIVATE | L.MAP_ANONYMOUS,
    -1,
  );
  const trampolines = map(
    'mapping the trampolines',
    TRAMPOLINES,
    L.PROT_READ | L.PROT_EXEC,
    L.MAP_PRIVATE | L.MAP_ANONYMOUS,
    -1,
  );
  run('closing the shared memory', NR.close, base + RESERVED.sharedMemory);
  run('closing the trustee', NR.close, base + RESERVED.trusteeText);

  const size = vdso.end - vdso.start;
  run('opening the vDSO', NR.mprotect, vdso.start, size, L.PROT_READ | L.PROT_WRITE | L.PROT_EXEC);
  loader.run({
    what: 'rewriting the vDSO',
    call: [LOADER.copy, hello.sysinfo, jump(hello.sysinfo, hello.hook), JUMP_LENGTH],
  });
  run('closing the vDSO', NR.mprotect, vdso.start, size, L.PROT_READ | L.PROT_EXEC);
  const seal = (what: string, at: number, length: number): number =>
    loader.run({ what, call: [NR.mseal, at, length, 0], mayFail: true });
  seal('sealing the vDSO', vdso.start, size);
  seal('sealing the trustee', text, L.PAGE);

  const action = (handler: number): Uint8Array =>
    words(handler, SA_RESTORER | SA_ONSTACK | SA_NODEFER, hello.restorer, 0, 0);
  run('SIGILL handler', NR.rt_sigaction, L.SIGNAL.ILL, action(hello.illHandler), 0, 8);
  run('SIGSEGV handler', NR.rt_sigaction, L.SIGNAL.SEGV, action(hello.segvHandler), 0, 8);
  run('blocking signals', NR.rt_sigprocmask, 0, words(0xffffffff, 0xffffffff), 0, 8);
  reachStack(loader, hello, options);
  return { shared, text, altstack, trampolines, form, tail: hello.sysinfo + skip };
}

/** The vectors will be written anew below the old ones: the stack must reach that far before a stranger writes to it. */
function reachStack(loader: Loader, hello: Hello, options: StartOptions): void {
  const vectors = 4 * (options.argv.length + options.envp.length + 128);
  const need = vectors + 2 * L.PAGE;
  if (vectors + need < STACK_AT_HAND) return; // the old vectors take of it too
  for (let down = STACK_STEP; down < need + STACK_STEP; down += STACK_STEP)
    loader.run({ what: 'growing the stack', call: [LOADER.copy, hello.esp - down, words(0), 1] });
}

/** Runs one call on the trustee and waits for it: for the start, when nothing else can happen. */
export function callNow(process: ProcessState, slot: Slot, order: readonly number[]): number {
  const [nr, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = order;
  slot.order(nr, a, b, c, d, e, f);
  return outcomeOf(process, () => slot.result());
}

function outcomeOf(process: ProcessState, look: () => number | undefined): number {
  const hint = new Uint32Array(4);
  for (;;) {
    const result = look();
    if (result !== undefined) return result;
    const ready = native.poll(process.hint, L.POLLIN, 5000);
    if (ready === 0) throw new SetupError('the trustee does not answer');
    if (ready & ~L.POLLIN) throw new SetupError('the trustee ended');
    native.read(process.hint, hint, 16);
  }
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

/** The kernel gives no descriptor from the soft limit up, so that none of the reserved numbers becomes the program's. */
function limitDescriptors(pid: number, base: number, wanted: number): void {
  const NOFILE = 7;
  const limit = new BigUint64Array(2);
  must(native.prlimit(pid, NOFILE, null, limit), 'the limit of open files');
  const soft = wanted < 0 ? limit[0] : BigInt(wanted);
  limit[0] = soft < BigInt(base) ? soft : BigInt(base);
  must(native.prlimit(pid, NOFILE, limit, null), 'limiting open files');
}

function complete(pid: number, channels: Channels, options: StartOptions): Started {
  const { base } = channels;
  const loader = new Loader(channels.socket);
  const hello = loader.hello();
  const layout = setUp(loader, hello, pid, channels, options);
  limitDescriptors(pid, base, options.openFiles ?? -1);
  const vdso = vdsoOf(pid);
  const image = loaderOf(pid);

  const text = options.trustee ?? trusteeText();
  const labels = trusteeLabels(text);
  const constants: SlotConstants = {
    form: layout.form,
    tail: layout.tail,
    trusteeText: layout.text,
    labels,
    hintFd: base + RESERVED.hint,
    lifelineFd: base + RESERVED.lifeline,
  };
  const firstTls = firstTlsEntry(hello.cs);
  const fds = { socket: socketFd(base, 0), result: resultFd(base, 0) };
  const slot = new Slot(
    channels.memory,
    0,
    layout.shared,
    channels.result,
    constants,
    fds,
    segmentsOf(hello.cs),
    firstTls,
  );
  slot.setAltstack(layout.altstack, ALTSTACK_SIZE);

  const regions = new Regions();
  regions.protect(vdso.start, vdso.end - vdso.start, 'the vDSO');
  regions.protect(layout.shared, SLOT_SIZE * SLOT_COUNT, 'the shared memory');
  regions.protect(layout.text, L.PAGE, 'the trustee');
  regions.protect(layout.altstack, ALTSTACK_SIZE, 'the landing stack');
  regions.protect(layout.trampolines, TRAMPOLINES, 'the trampolines');
  regions.protect(image.start, image.end - image.start, 'the hook');

  const process = new ProcessState({
    sandbox: new Sandbox(),
    pid,
    exe: options.exe,
    firstTls,
    reserved: { from: base, to: base + RESERVED.count },
    hint: channels.hint,
    regions,
    pidfd: must(native.pidfdOpen(pid, 0), 'pidfd_open'),
    memory: new ProcessMemory(pid),
  });
  process.threads.push(new ThreadState(process, 0, pid, slot, channels.socket));
  loader.become(layout.text + labels[FRAMES.length], slot.address);
  const lifeline = outcomeOf(process, () => slot.result() || undefined); // the trustee's own order 0
  must(lifeline, 'starting the lifeline thread');
  return { process, hello, trampolines: { base: layout.trampolines, size: TRAMPOLINES }, channels };
}
