/**
 * The program and its interpreter: found, judged and opened by the helper, parsed from what it read, mapped into the
 * process by the loader before it becomes the trustee, and given their first stack.
 */
import { ElfError, describeFile, type ElfImage } from '../abi/elf.js';
import { fromBytes, printable, type ByteString } from '../abi/bytes.js';
import { ERRNO, errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import type { FirstStack, ProcessState } from '../referee/process.js';
import type { Logger } from '../referee/referee.js';
import type { Resolved } from '../syscalls/dsl.js';
import { LOADER, RESERVED } from '../wire/layout.js';
import { identityOf, type ImageFile, type ImageFiles } from './files.js';
import { biasFor, buildStack, parseStack, planImage, type ImagePlan } from './image.js';
import type { Conversation, Hello, LoaderCall } from './loader.js';
import type { ImagePatcher } from './patcher.js';
import type { FirstState } from './start.js';

/** Why a program cannot be run. */
export class NotRunnable extends Error {
  override readonly name = 'NotRunnable';
  constructor(
    /** What execve(2) answers. */
    readonly errno: number,
    message: string,
  ) {
    super(message);
  }
  /** The status that says so: 126 found but not runnable, 127 not found. */
  get status(): 126 | 127 {
    return this.errno === ERRNO.ENOENT || this.errno === ERRNO.ENOTDIR ? 127 : 126;
  }
}

/** An executable that was found, judged and opened; its descriptor, the helper's, is what will be mapped. */
export interface Program {
  readonly guest: ByteString;
  readonly fd: number;
  readonly file: ImageFile;
  /** Of what was judged, for comparison with what is mapped. */
  readonly identity: string;
}

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const O_NOFOLLOW = 0o400000;
const X_OK = 1;
const AT_EACCESS = 0x200;

/** Asks whether the canonical path may be executed, or read: 0, or a negative errno; `reason` then says why. */
export interface Ask {
  (access: 'execute' | 'read', path: ByteString): number;
  reason?: string;
}

/**
 * Judges and opens what a path was resolved to: a program, or (`role`) an interpreter, which need not be executable.
 * The caller closes `fd`.
 * @throws NotRunnable
 */
export function openProgram(
  found: Resolved | number,
  files: ImageFiles,
  ask: Ask,
  shown: string,
  role: 'program' | 'interpreter' = 'program',
): Program {
  const refuse = (errno: number, why: string): never => {
    throw new NotRunnable(errno, `${shown}${why}`);
  };
  if (typeof found === 'number') return refuse(-found, `: ${errnoName(-found)}`);
  if (!found.exists) return refuse(ERRNO.ENOENT, ': not found');
  const type = found.type & S_IFMT;
  if (type === S_IFDIR) return refuse(ERRNO.EACCES, ' is a directory, it must be an i386 ELF program');
  if (type !== S_IFREG) return refuse(ERRNO.EACCES, ' is no regular file, it must be an i386 ELF program');
  const asked = ask(role === 'program' ? 'execute' : 'read', found.guest);
  if (asked !== 0) return refuse(-asked, ` may not be executed: ${ask.reason ?? errnoName(-asked)}`);
  if (role === 'program' && native.faccessat(...placeOf(found), X_OK, AT_EACCESS) < 0)
    return refuse(ERRNO.EACCES, ' is not executable (chmod +x)');
  const fd = open(found);
  if (fd < 0) return refuse(-fd, ` cannot be read: ${errnoName(-fd)}`);
  const file = files.open(fd);
  if (typeof file !== 'number') return { guest: found.guest, fd, file, identity: identityOf(fd) };
  native.close(fd);
  return refuse(-file, ` cannot be read: ${errnoName(-file)}`);
}

/** Where it is: what a descriptor holds has perhaps no name. */
const placeOf = ({ held, object, dir, name }: Resolved): [dir: number, name: ByteString] =>
  held === true && object !== undefined ? [L.AT_FDCWD, `/proc/self/fd/${object}`] : [dir, name];

/** What was swapped for a FIFO must not block. */
function open(found: Resolved): number {
  const nofollow = found.held === true ? 0 : O_NOFOLLOW;
  return native.openat(...placeOf(found), L.O_RDONLY | L.O_NONBLOCK | nofollow, 0);
}

/** @throws NotRunnable with ENOEXEC */
export function elfOf({ file }: Program, shown: string): ElfImage {
  try {
    return file.elf('program');
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    const what = error.kind === 'malformed' ? `a malformed ELF file: ${error.message}` : describeFile(file.head);
    throw new NotRunnable(ERRNO.ENOEXEC, `${shown} is ${what}`);
  }
}

export const interpreterOf = (elf: ElfImage): ByteString | null =>
  elf.interpreter === null ? null : fromBytes(elf.interpreter);

/** A program and its interpreter, ready to be mapped. */
export interface Executable {
  readonly program: Program;
  readonly elf: ElfImage;
  readonly interpreter: { readonly program: Program; readonly elf: ElfImage } | null;
  /** The path that it was called by: AT_EXECFN. */
  readonly path: ByteString;
}

export function closeExecutable({ program, interpreter }: Executable): void {
  native.close(program.fd);
  if (interpreter !== null) native.close(interpreter.program.fd);
}

// ---- mapping ----

const NR = { close: 6, munmap: 91, mmap2: 192 } as const;

interface Loaded {
  readonly program: Program;
  readonly elf: ElfImage;
  /** Its descriptor in the process. */
  readonly fd: number;
  plan: ImagePlan;
  base: number;
}

const RESERVATION = L.MAP_PRIVATE | L.MAP_ANONYMOUS | L.MAP_NORESERVE;

/** The call that keeps an image's address range free for it. */
function reservation({ plan, program }: Loaded): LoaderCall {
  const { address, length } = plan.reserve;
  const fixed = address !== 0 ? L.MAP_FIXED_NOREPLACE : 0;
  return {
    what: `${printable(program.guest)}: reserving its address range`,
    call: [NR.mmap2, address, length, 0, RESERVATION | fixed, -1, 0],
  };
}

/** The calls that map the segments, and give back what an alignment larger than a page made reserve too much. */
function segments({ plan, program, fd, base }: Loaded): LoaderCall[] {
  const what = `${printable(program.guest)}: mapping a segment`;
  const maps = plan.steps.flatMap((step): LoaderCall[] => {
    if (step.do === 'zero') return [];
    const source =
      step.do === 'mapFile'
        ? [L.MAP_PRIVATE | L.MAP_FIXED, fd, step.offset / L.PAGE]
        : [RESERVATION | L.MAP_FIXED, -1, 0];
    return [{ what, call: [NR.mmap2, step.address, step.length, step.prot, ...source] }];
  });
  const end = base + plan.reserve.length;
  const surplus = [
    [base, plan.span.start - base],
    [plan.span.end, end - plan.span.end],
  ].flatMap(([at, length]): LoaderCall[] => (length > 0 ? [{ what, call: [NR.munmap, at, length] }] : []));
  return [...maps, ...surplus];
}

/** Maps, patches and gives its first stack to an executable: the state in which its first thread starts. @throws NotRunnable */
export function* loadExecutable(
  process: ProcessState,
  hello: Hello,
  { program, elf, interpreter, path }: Executable,
  patcher: ImagePatcher,
  log: Logger,
): Conversation<FirstState> {
  const number = (i: number): number => process.reserved.from + RESERVED.images + i;
  const images = [{ program, elf }, ...(interpreter === null ? [] : [interpreter])].map((image, i): Loaded => ({
    ...image,
    fd: number(i),
    plan: planImage(image.elf),
    base: 0,
  }));
  for (const image of images) refuseProtected(process, image);
  const places = images.map((_, i): LoaderCall => ({
    what: 'placing an image',
    call: [LOADER.place, i, number(i), L.O_CLOEXEC],
  }));
  const bases = yield {
    calls: [...places, ...images.map(reservation)],
    descriptors: images.map(({ program }) => program.fd),
  };
  images.forEach((image, i) => {
    image.base = bases[places.length + i];
    const { address } = image.plan.reserve;
    if (address !== 0 && image.base !== address)
      throw new NotRunnable(ERRNO.ENOMEM, `${printable(image.program.guest)}: its addresses are taken`);
    if (image.elf.kind === 'relocatable') image.plan = planImage(image.elf, biasFor(image.elf, image.base));
  });
  const closes = images.map(({ fd }): LoaderCall => ({ what: 'closing an image', call: [NR.close, fd] }));
  yield { calls: [...images.flatMap(segments), ...closes] };
  for (const image of images) {
    if (identityOf(image.program.fd) !== image.program.identity)
      throw new NotRunnable(ERRNO.ETXTBSY, `${printable(image.program.guest)} changed while it was started`);
    clear(process, image);
  }
  images.forEach(({ program: { file, guest }, elf, plan }, i) => {
    const role = i > 0 || interpreter === null || isGo(file.head) ? 'syscall-object' : 'other';
    patcher.patch(process, file.sites(elf, role), guest, plan.bias, plan.span, log);
  });
  const [main, loader] = images.map(({ plan }) => plan);
  const stack = firstStack(process, hello.esp, main, loader ?? null, hello.hook, path);
  const start = { eip: (loader ?? main).entry, esp: stack.address, eflags: 0x202 };
  return { stack, state: { ...start, eax: 0, ebx: 0, ecx: 0, edx: 0, esi: 0, edi: 0, ebp: 0, gs: 0 } };
}

/** Go's programs make their calls themselves, dynamic ones too; its linker puts a note first (cmd/link, .note.go.buildid). */
const GO_NOTE = /\x04\0\0\0[^]{4}\x04\0\0\0Go\0\0/; // name size, text size, type, name
const isGo = (head: Uint8Array): boolean => GO_NOTE.test(fromBytes(head));

function clear(process: ProcessState, { program, plan }: Loaded): void {
  for (const step of plan.steps)
    if (step.do === 'zero' && process.memory.write(step.address, new Uint8Array(step.length), step.length) < 0)
      throw new NotRunnable(ERRNO.ENOMEM, `${printable(program.guest)}: its data cannot be cleared`);
}

function refuseProtected(process: ProcessState, { program, plan }: Loaded): void {
  const { address, length } = plan.reserve;
  const hit = address === 0 ? undefined : process.regions.hit(address, length);
  if (hit) throw new NotRunnable(ERRNO.ENOMEM, `${printable(program.guest)} wants addresses where ${hit.what} is`);
}

/** The first stack once more: vectors and auxiliary vector for the program. */
function firstStack(
  process: ProcessState,
  esp: number,
  plan: ImagePlan,
  interpreter: ImagePlan | null,
  hook: number,
  execfn: ByteString,
): FirstStack {
  const words = stackWords(process, esp);
  const { phdr, phnum, entry } = plan;
  const auxv = { phdr, phnum, entry, base: interpreter?.bias ?? 0, sysinfo: hook };
  const stack = buildStack(words, esp, auxv, Buffer.from(execfn, 'latin1'));
  process.auxv = stack.auxv;
  return { address: stack.esp, bytes: stack.bytes };
}

/** How many strings argv and the environment of a new process have. */
export function vectorsOf(process: ProcessState, esp: number): number {
  const { argv, envp } = parseStack(stackWords(process, esp));
  return argv.length + envp.length;
}

/** The stack from esp up to the end of the auxiliary vector and beyond. */
function stackWords(process: ProcessState, esp: number): Uint32Array {
  for (let size = FEW_WORDS; ; size *= 8) {
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const piece = Math.min(size - done, L.PAGE - ((esp + done) % L.PAGE));
      const n = process.memory.read(esp + done, bytes.subarray(done), piece);
      if (n <= 0) break;
      done += n;
    }
    const words = new Uint32Array(bytes.buffer, 0, Math.floor(done / 4));
    if (done < size || size >= MANY_WORDS || holdsVectors(words)) return words;
  }
}
const FEW_WORDS = 0x4000;
const MANY_WORDS = 0x800000;

function holdsVectors(words: Uint32Array): boolean {
  try {
    parseStack(words);
    return true;
  } catch {
    return false;
  }
}
