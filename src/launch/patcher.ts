/**
 * The patcher's work on a running process: finds the `int $0x80` sites of an image that was just mapped privately and
 * rewrites them through /proc/PID/mem, only inside the judged mapping and in its own trampoline area.
 */
import type { ElfImage } from '../abi/elf.js';
import { printable, type ByteString } from '../abi/bytes.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import type { Logger, Patcher } from '../referee/referee.js';
import { mappingsOf } from '../memory/maps.js';
import type { ProcessState } from '../referee/process.js';
import { SetupError, must } from './channels.js';
import type { ImageFile, ImageFiles } from './files.js';
import { applyPatches, type TargetMemory } from './patch.js';
import type { Role, Site } from './sites.js';
import { callOfStart } from './start-code.js';

function inodeOf(fd: number): number {
  const out = new Uint8Array(256);
  return native.statx(fd, '', 0x1000, 0x100, out) < 0 ? -1 : Number(new DataView(out.buffer).getBigUint64(0x20, true));
}

export class ImagePatcher implements Patcher {
  constructor(private readonly files: ImageFiles) {}

  /**
   * Only objects that are known to hold system calls are searched in full; elsewhere only calls with a plain number.
   * Beside libc these are libraries of GCC's that have futex or more of their own, its number in another register first.
   */
  static roleOf(path: ByteString): Role {
    return /(^|\/)(ld-[^/]*|ld\.so[^/]*|libc[.-][^/]*so[^/]*|lib(pthread|gomp|itm|asan|ubsan)[.-][^/]*)$/.test(path)
      ? 'syscall-object'
      : 'other';
  }

  /** Patches what the program itself has mapped: the file is read through its pinned descriptor. */
  patchDescriptor(
    process: ProcessState,
    fd: number,
    address: number,
    length: number,
    offset: number,
    log: Logger,
  ): void {
    const reopened = native.openat(L.AT_FDCWD, `/proc/self/fd/${fd}`, L.O_RDONLY, 0);
    if (reopened < 0) return;
    const file = this.files.open(reopened);
    const path = Buffer.alloc(4096);
    const n = native.readlinkat(L.AT_FDCWD, `/proc/self/fd/${fd}`, path, path.length);
    if (typeof file !== 'number')
      this.patchMapping(process, file, path.toString('latin1', 0, Math.max(n, 0)), address, length, offset, log);
    native.close(reopened);
  }

  /** What was made executable after it was mapped: the private mappings of files in the range, if they still are those files. */
  patchMapped(process: ProcessState, address: number, length: number, log: Logger): void {
    for (const m of mappingsOf(process.pid)) {
      if (m.end <= address || m.start >= address + length || !m.executable || m.shared || !m.name.startsWith('/'))
        continue;
      const fd = native.openat(L.AT_FDCWD, m.name, L.O_RDONLY | L.O_NONBLOCK, 0);
      if (fd < 0) continue;
      if (inodeOf(fd) === m.inode) this.patchDescriptor(process, fd, m.start, m.end - m.start, m.offset, log);
      native.close(fd);
    }
  }

  /** `address`, `length`: the executable mapping; `offset`: where in the file it begins. */
  private patchMapping(
    process: ProcessState,
    file: ImageFile,
    path: ByteString,
    address: number,
    length: number,
    offset: number,
    log: Logger,
  ): void {
    let elf: ElfImage;
    try {
      elf = file.elf('library');
    } catch {
      return; // no ELF object: nothing that could be decoded
    }
    const segment = elf.segments.find((s) => s.offset - (s.offset % L.PAGE) === offset);
    if (segment === undefined) return;
    const bias = address - (segment.address - (segment.address % L.PAGE));
    const within = { start: address, end: address + length };
    this.patch(process, file.sites(elf, ImagePatcher.roleOf(path)), path, bias, within, log);
  }

  callOfStart(process: ProcessState, entry: number): number | undefined {
    const memory = memoryOf(process);
    return callOfStart((address, length) => memory.readUpTo(address, length), entry);
  }
  replaceByte(process: ProcessState, address: number, byte: number): number {
    const memory = memoryOf(process);
    const [before] = memory.read(address, 1);
    memory.write(address, Uint8Array.of(byte));
    return before;
  }

  /** Patches the sites that lie in `within`; a whole image when it spans it. */
  patch(
    process: ProcessState,
    all: readonly Site[],
    path: ByteString,
    bias: number,
    within: { start: number; end: number },
    log: Logger,
  ): void {
    const sites = all.filter((s) => s.address + bias >= within.start && s.address + bias + s.length <= within.end);
    if (sites.length === 0) return;
    const { space } = process;
    const { trampolines, hook } = space.layout;
    const area = { base: trampolines.base + space.trampolinesUsed, size: trampolines.size - space.trampolinesUsed };
    const { patched, skipped, used } = applyPatches(sites, bias, memoryOf(process), hook, area);
    space.trampolinesUsed += used;
    for (const p of patched) if (p.trampoline === null) space.trapSites.add(p.address + p.site.callOffset);
    log('debug', `patched ${patched.length} int $0x80 sites of ${printable(path)}`);
    for (const s of skipped)
      log('warn', `int $0x80 at 0x${s.address.toString(16)} of ${printable(path)} left alone: ${s.reason}`);
  }
}

interface ProcessTarget extends TargetMemory {
  /** As much as there is. */
  readUpTo(address: number, length: number): Uint8Array;
}

function memoryOf({ space, pid }: ProcessState): ProcessTarget {
  if (space.patcherMemory < 0)
    space.patcherMemory = must(
      native.openat(L.AT_FDCWD, `/proc/${pid}/mem`, L.O_RDWR, 0),
      'opening the memory of the process',
    );
  const fd = space.patcherMemory;
  return {
    read(address, length) {
      const bytes = new Uint8Array(length);
      if (native.pread(fd, bytes, length, address) !== length) throw new SetupError('memory cannot be read');
      return bytes;
    },
    readUpTo(address, length) {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, Math.max(0, native.pread(fd, bytes, length, address)));
    },
    write(address, bytes) {
      if (native.pwrite(fd, bytes, bytes.length, address) !== bytes.length)
        throw new SetupError(`memory at 0x${address.toString(16)} cannot be patched`);
    },
  };
}
