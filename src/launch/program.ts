/**
 * The program and its interpreter: found and read by the helper, judged, parsed from the helper's own copy, mapped into
 * the process by ordinary delegated calls, and given its first stack.
 */
import { ElfError, describeFile, parseElf, type ElfImage } from '../abi/elf.js';
import { fromBytes, printable, type ByteString } from '../abi/bytes.js';
import { errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import type { PathResolver } from '../referee/paths.js';
import type { ProcessState, ThreadState } from '../referee/process.js';
import { describeRule } from '../referee/describe.js';
import type { Judge } from '../referee/referee.js';
import type { Order } from '../syscalls/dsl.js';
import { SetupError } from './channels.js';
import { biasFor, buildStack, planImage, type ImagePlan } from './image.js';
import { readWhole } from './patcher.js';

/** Why the program cannot be run, and the status that says so: 126 found but not runnable, 127 not found. */
export class NotRunnable extends Error {
  override readonly name = 'NotRunnable';
  constructor(
    readonly status: 126 | 127,
    message: string,
  ) {
    super(message);
  }
}

export interface Program {
  readonly guest: ByteString;
  readonly host: ByteString;
  readonly file: Uint8Array;
  readonly elf: ElfImage;
  /** struct statx of what was read, for comparison with what is mapped. */
  readonly identity: Uint8Array;
}

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const STATX_BASIC = 0x7ff;
const AT_EMPTY_PATH = 0x1000;
const O_NOFOLLOW = 0o400000;

function identityOf(fd: number): Uint8Array {
  const out = new Uint8Array(256);
  native.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC, out);
  return out;
}
/** Inode, size, ctime, mtime and device of a struct statx: the same file with the same content as far as the kernel tells. */
function sameFile(a: Uint8Array, b: Uint8Array): boolean {
  const part = (x: Uint8Array): string =>
    Buffer.concat([x.subarray(0x20, 0x30), x.subarray(0x60, 0x80), x.subarray(0x88, 0x90)]).toString('hex');
  return part(a) === part(b);
}

/**
 * Finds, judges and reads an executable. `start` is a descriptor for relative paths.
 * @throws NotRunnable
 */
export function readProgram(resolver: PathResolver, judge: Judge, start: number, path: ByteString, what = ''): Program {
  const shown = `${what}${printable(path)}`;
  const found = resolver.resolve(start, path, { follow: true });
  if (typeof found === 'number')
    throw new NotRunnable(found === -2 || found === -20 ? 127 : 126, `${shown}: ${errnoName(-found)}`);
  if (!found.exists) throw new NotRunnable(127, `${shown}: not found`);
  if ((found.type & S_IFMT) === S_IFDIR)
    throw new NotRunnable(126, `${shown} is a directory, it must be an i386 ELF program`);
  if ((found.type & S_IFMT) !== S_IFREG)
    throw new NotRunnable(126, `${shown} is no regular file, it must be an i386 ELF program`);
  refuseDenied(judge, found.guest, shown, what === '' ? 'execute' : 'read');
  if (what === '' && native.faccessat(found.dir, found.name, 1, 0x200) < 0)
    throw new NotRunnable(126, `${shown} is not executable (chmod +x)`);
  const fd = native.openat(found.dir, found.name, O_NOFOLLOW | L.O_NONBLOCK, 0); // what was swapped for a FIFO must not block
  if (fd < 0) throw new NotRunnable(126, `${shown} cannot be read: ${errnoName(-fd)}`);
  try {
    const file = readWhole(fd);
    if (typeof file === 'number') throw new NotRunnable(126, `${shown} cannot be read: ${errnoName(-file)}`);
    return { guest: found.guest, host: found.host, file, elf: parse(file, shown), identity: identityOf(fd) };
  } finally {
    native.close(fd);
    resolver.release();
  }
}

/** The user named the program: what no rule names may be run, what a rule denies may not. */
function refuseDenied(judge: Judge, path: ByteString, shown: string, access: 'execute' | 'read'): void {
  const { verdict, rule } = judge.decide({ ask: 'path', access, path });
  if (verdict.verdict !== 'allow' && rule !== null)
    throw new NotRunnable(126, `${shown} may not be executed: ${describeRule(rule)}`);
}

function parse(file: Uint8Array, shown: string): ElfImage {
  try {
    return parseElf(file);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    if (error.kind === 'malformed') throw new NotRunnable(126, `${shown} is a malformed ELF file: ${error.message}`);
    throw new NotRunnable(126, `${shown} is ${describeFile(file)}`);
  }
}

export const interpreterOf = (program: Program): ByteString | null =>
  program.elf.interpreter === null ? null : fromBytes(program.elf.interpreter);

/** What an order's failure means here: the program cannot be mapped. */
function mapped(result: number, program: Program, what: string): number {
  if (L.isError(result)) throw new NotRunnable(126, `${printable(program.guest)}: ${what}: ${errnoName(-result)}`);
  return result >>> 0;
}

const NR = { close: 6, mmap2: 192, munmap: 91, openat2: 437 } as const;
const RESOLVE_NO_SYMLINKS = 4;

/** Maps an image: the plan with its final addresses. The descriptor is closed again. */
export function* mapImage(
  process: ProcessState,
  thread: ThreadState,
  program: Program,
): Generator<Order, ImagePlan, number> {
  thread.memory.resetArena();
  const arena = (bytes: Uint8Array): number => thread.memory.copy(bytes);
  const how = new BigUint64Array([BigInt(L.O_CLOEXEC), 0n, BigInt(RESOLVE_NO_SYMLINKS)]);
  const path = arena(Buffer.from(program.host + '\0', 'latin1'));
  const fd = mapped(yield [NR.openat2, L.AT_FDCWD, path, arena(new Uint8Array(how.buffer)), 24], program, 'open');
  verify(process, fd, program);

  const flags = L.MAP_PRIVATE | L.MAP_ANONYMOUS | L.MAP_NORESERVE;
  let plan = planImage(program.elf);
  const { address, length } = plan.reserve;
  if (address !== 0) refuseProtected(process, program, address, length);
  const fixed = address !== 0 ? L.MAP_FIXED_NOREPLACE : 0;
  const base = mapped(
    yield [NR.mmap2, address, length, 0, flags | fixed, -1, 0],
    program,
    'reserving its address range',
  );
  if (address !== 0 && base !== address)
    throw new NotRunnable(126, `${printable(program.guest)}: its addresses are taken`);
  if (program.elf.kind === 'relocatable') plan = planImage(program.elf, biasFor(program.elf, base));

  for (const step of plan.steps) {
    if (step.do === 'zero') {
      if (process.memory.write(step.address, new Uint8Array(step.length), step.length) < 0)
        throw new NotRunnable(126, `${printable(program.guest)}: its data cannot be cleared`);
      continue;
    }
    const source =
      step.do === 'mapFile' ? [L.MAP_PRIVATE | L.MAP_FIXED, fd, step.offset / L.PAGE] : [flags | L.MAP_FIXED, -1, 0];
    mapped(yield [NR.mmap2, step.address, step.length, step.prot, ...source], program, 'mapping a segment');
  }
  yield [NR.close, fd];
  yield* trim(plan, base, length);
  return plan;
}

/** Gives back what an alignment larger than a page made reserve too much. */
function* trim(plan: ImagePlan, base: number, length: number): Generator<Order, void, number> {
  if (plan.span.start > base) yield [NR.munmap, base, plan.span.start - base];
  if (base + length > plan.span.end) yield [NR.munmap, plan.span.end, base + length - plan.span.end];
}

function verify(process: ProcessState, fd: number, program: Program): void {
  const pinned = native.pidfdGetfd(process.pidfd, fd);
  const same = pinned >= 0 && sameFile(identityOf(pinned), program.identity);
  native.close(pinned);
  if (!same) throw new NotRunnable(126, `${printable(program.guest)} changed while it was started`);
}

function refuseProtected(process: ProcessState, program: Program, address: number, length: number): void {
  const hit = process.regions.hit(address, length);
  if (hit) throw new NotRunnable(126, `${printable(program.guest)} wants addresses where ${hit.what} is`);
}

/** Rewrites the first stack: vectors and auxiliary vector for the program. Its new esp. */
export function writeStack(
  process: ProcessState,
  esp: number,
  plan: ImagePlan,
  interpreter: ImagePlan | null,
  hook: number,
  execfn: ByteString,
): number {
  const words = stackWords(process, esp);
  const stack = buildStack(
    words,
    esp,
    { phdr: plan.phdr, phnum: plan.phnum, entry: plan.entry, base: interpreter?.bias ?? 0, sysinfo: hook },
    Buffer.from(execfn, 'latin1'),
  );
  if (process.memory.write(stack.esp, stack.bytes, stack.bytes.length) < 0)
    throw new SetupError('the first stack cannot be written');
  return stack.esp;
}

/** The stack from esp up to the end of the auxiliary vector and beyond. */
function stackWords(process: ProcessState, esp: number): Uint32Array {
  const size = 8 * 1024 * 1024;
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const n = process.memory.read(esp + done, bytes.subarray(done), L.PAGE - ((esp + done) % L.PAGE));
    if (n <= 0) break;
    done += n;
  }
  return new Uint32Array(bytes.buffer, 0, Math.floor(done / 4));
}
