/** Programs found, judged and opened for execve, and their images brought up: what the referee needs of src/launch. */
import { printable, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { rlimit64 } from '../abi/structs-process.js';
import { limitOf } from '../memory/limits.js';
import { asHelper } from '../native/credentials.js';
import { native } from '../native/index.js';
import type { Launcher, Prepared, SpaceChannels } from '../referee/launcher.js';
import type { Door } from '../referee/door.js';
import type { ProcessState, Space, Starting, ThreadState } from '../referee/process.js';
import type { Logger } from '../referee/referee.js';
import type { Call, Execution, Resolved } from '../syscalls/dsl.js';
import { openSpace, resultChannel, type Channels } from './channels.js';
import type { ImageFiles } from './files.js';
import { Loader, type Conversation, type Turn } from './loader.js';
import type { ImagePatcher } from './patcher.js';
import {
  closeExecutable,
  elfOf,
  interpreterOf,
  loadExecutable,
  NotRunnable,
  openProgram,
  vectorsOf,
  type Ask,
  type Executable,
  type Program,
} from './program.js';
import { shebangOf } from './script.js';
import { becomeTrustee, bringUp } from './start.js';

/** Scripts whose interpreter is a script (fs/exec.c, exec_binprm). */
const MOST_SCRIPTS = 5;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o10;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const NOFILE = 7;
const MOST_SAID = 1024;

export interface Found {
  readonly executable: Executable;
  /** What stands in place of argv[0]. */
  readonly prefix: readonly ByteString[];
  /** Guest path of the ELF file: /proc/self/exe. */
  readonly exe: ByteString;
  readonly comm: ByteString;
}

/** How paths are looked up and judged. */
export interface Finder {
  /** An absolute or relative path, as the program says it. */
  resolve(path: ByteString): Resolved | number;
  readonly ask: Ask;
  readonly log: Logger;
}

const baseName = (path: ByteString): ByteString => path.slice(path.lastIndexOf('/') + 1);

/**
 * The ELF program behind a path: of a script, the one that its first line names. `path` is how it was called.
 * @throws NotRunnable
 */
export function findExecutable(first: Resolved | number, path: ByteString, files: ImageFiles, finder: Finder): Found {
  const opened: Program[] = [];
  try {
    let prefix: ByteString[] = [];
    let shown = printable(path);
    let name = path;
    let program = openProgram(first, files, finder.ask, shown);
    opened.push(program);
    for (let depth = 0; ; depth++) {
      const line = shebangOf(program.file.head);
      if (line === undefined) break;
      if (line === null) throw new NotRunnable(ERRNO.ENOEXEC, `${shown} has a #! line without an interpreter`);
      if (depth === MOST_SCRIPTS) throw new NotRunnable(ERRNO.ELOOP, `${shown}: more than ${MOST_SCRIPTS} scripts`);
      prefix = [line.interpreter, ...(line.argument === undefined ? [] : [line.argument]), name, ...prefix.slice(1)];
      name = line.interpreter;
      shown = `interpreter ${printable(name)} of ${printable(path)}`;
      program = openProgram(finder.resolve(name), files, finder.ask, shown);
      opened.push(program);
    }
    tellOfSetId(program, finder.log);
    const elf = elfOf(program, shown);
    const wanted = interpreterOf(elf);
    const interpreter = wanted === null ? null : openInterpreter(wanted, files, finder, printable(path));
    opened.splice(opened.indexOf(program), 1);
    const executable = { program, elf, interpreter, path };
    return { executable, prefix, exe: program.guest, comm: baseName(path) };
  } finally {
    for (const { fd } of opened) native.close(fd);
  }
}

function openInterpreter(path: ByteString, files: ImageFiles, finder: Finder, of: string): Executable['interpreter'] {
  const shown = `interpreter of ${of}: ${printable(path)}`;
  const program = openProgram(finder.resolve(path), files, finder.ask, shown, 'interpreter');
  try {
    return { program, elf: elfOf(program, shown) };
  } catch (error) {
    native.close(program.fd);
    throw error;
  }
}

/** execve(2) under no_new_privs. */
function tellOfSetId({ fd, guest }: Program, log: Logger): void {
  const x = new Uint8Array(256);
  native.statx(fd, '', AT_EMPTY_PATH, 2, x);
  const mode = new DataView(x.buffer).getUint16(0x1c, true);
  if ((mode & S_ISUID) !== 0 || ((mode & S_ISGID) !== 0 && (mode & S_IXGRP) !== 0))
    log('warn', `${printable(guest)} is set-id: it runs with the rights of its caller`);
}

interface PreparedProgram extends Prepared, Found {}

export class ImageLauncher implements Launcher {
  readonly door: Door;
  readonly hint: number;
  /** The soft limits of those that may use reserved numbers now. */
  private readonly opened = new Map<number, bigint>();
  private readonly said = new Set<string>();

  constructor(
    private readonly channels: Channels,
    private readonly files: ImageFiles,
    private readonly patcher: ImagePatcher,
    private readonly log: Logger,
  ) {
    this.door = channels.door;
    this.hint = channels.hint;
  }

  openSpace(): SpaceChannels {
    return asHelper(() => openSpace(this.channels.slots));
  }
  openResultChannel(): number {
    return asHelper(resultChannel);
  }

  openLimit(process: ProcessState): boolean {
    return asHelper(() => this.openLimitOf(process));
  }
  closeLimit(process: ProcessState): void {
    asHelper(() => this.closeLimitOf(process));
  }
  private openLimitOf({ pid, reserved }: ProcessState): boolean {
    const limit = new BigUint64Array(2);
    if (native.prlimit(pid, NOFILE, null, limit) < 0) return false;
    const [soft, hard] = limit;
    if (hard < BigInt(reserved.to)) return false;
    limit[0] = BigInt(reserved.to);
    if (native.prlimit(pid, NOFILE, limit, null) < 0) return false;
    if (soft !== BigInt(reserved.to)) this.opened.set(pid, soft);
    return true;
  }
  private closeLimitOf({ pid, reserved }: ProcessState): void {
    const limit = new BigUint64Array(2);
    const from = BigInt(reserved.from);
    const soft = this.opened.get(pid) ?? from;
    this.opened.delete(pid);
    if (native.prlimit(pid, NOFILE, null, limit) < 0) return; // it is gone
    if (limit[0] <= from) return; // the program has set it meanwhile
    limit[0] = soft < from ? soft : from;
    native.prlimit(pid, NOFILE, limit, null);
  }

  prepare(call: Call, { dir, path, flags }: Execution): Prepared | number {
    const at = (start: number, name: ByteString, follow: boolean, empty: boolean): Resolved | number =>
      call.resolve(start, name, { follow, empty });
    const ask: Ask = (access, canonical) => call.ask({ ask: 'path', access, path: canonical });
    const finder: Finder = { resolve: (name) => at(L.AT_FDCWD, name, true, false), ask, log: this.log };
    try {
      const empty = path === '' && (flags & AT_EMPTY_PATH) !== 0;
      const follow = (flags & AT_SYMLINK_NOFOLLOW) === 0;
      const first = at(dir, path, follow, (flags & AT_EMPTY_PATH) !== 0);
      if (!follow && typeof first !== 'number' && (first.type & 0o170000) === 0o120000) return -ERRNO.ELOOP;
      const name = empty
        ? `/dev/fd/${dir}`
        : dir === L.AT_FDCWD || path.startsWith('/')
          ? path
          : `/dev/fd/${dir}/${path}`;
      const found: PreparedProgram = {
        ...findExecutable(first, name, this.files, finder),
        close: () => closeExecutable(found.executable),
      };
      return found;
    } catch (error) {
      if (!(error instanceof NotRunnable)) throw error;
      if (error.errno === ERRNO.ENOEXEC) this.sayOnce(error.message);
      return -error.errno;
    }
  }

  private sayOnce(message: string): void {
    if (this.said.has(message)) return;
    if (this.said.size < MOST_SAID) this.said.add(message);
    this.log('warn', message);
  }

  start(process: ProcessState, prepared: Prepared, socket: number): Starting {
    return new ImageStart(process, prepared as PreparedProgram, socket, this.channels, this.patcher, this.log, () =>
      this.closeLimit(process),
    );
  }
}

/** Where the process has raised its limit of open files itself, it lowers it again as the last thing. */
function* lowered(process: ProcessState, bringing: Conversation<ThreadState>): Conversation<ThreadState> {
  const thread = yield* bringing;
  const { softOpenFiles: cur, pid } = process;
  if (cur === null) return thread;
  process.softOpenFiles = null;
  const limit = rlimit64.encode({ cur, max: limitOf(pid, 'Max open files').hard });
  yield { calls: [{ what: 'lowering the limit of open files', call: [PRLIMIT64, 0, NOFILE, limit, 0] }] };
  return thread;
}
const PRLIMIT64 = 340;

/** From the loader's hello to its last order, a message at a time. */
class ImageStart implements Starting {
  private readonly loader: Loader;
  private conversation: Conversation<ThreadState> | null = null;
  private sent: Turn = { calls: [] };

  constructor(
    private readonly process: ProcessState,
    private readonly prepared: PreparedProgram,
    private readonly socket: number,
    private readonly channels: Channels,
    private readonly patcher: ImagePatcher,
    private readonly log: Logger,
    private readonly done: () => void,
  ) {
    this.loader = new Loader(socket);
  }

  turn(): ThreadState | undefined {
    return asHelper(() => this.next());
  }
  private next(): ThreadState | undefined {
    const next =
      this.conversation === null
        ? (this.conversation = this.begin()).next()
        : this.conversation.next(this.loader.answer(this.sent));
    if (!next.done) {
      this.sent = next.value;
      this.loader.send(next.value);
      return undefined;
    }
    this.done();
    becomeTrustee(this.loader, next.value);
    closeExecutable(this.prepared.executable);
    return next.value;
  }

  private begin(): Conversation<ThreadState> {
    const hello = this.loader.hello();
    const { process, channels, prepared } = this;
    const adopt = (space: Space): ProcessState => {
      space.authority = process.space.authority.executed();
      process.space = space;
      process.exe = prepared.exe;
      return process;
    };
    const image = { comm: prepared.comm, vectors: vectorsOf(process, hello.esp), first: false };
    const conversation = bringUp(this.socket, hello, adopt, process.sandbox, process.pid, channels, image, (_, said) =>
      loadExecutable(process, said, prepared.executable, this.patcher, this.log),
    );
    return lowered(process, conversation);
  }

  close(): void {
    this.conversation?.return(undefined as never);
    native.close(this.socket);
    closeExecutable(this.prepared.executable);
  }
}
