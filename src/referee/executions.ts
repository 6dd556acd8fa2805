/**
 * execve: a process becomes another program. The trustee executes the sealed loader and nothing else; the loader
 * connects to the door, and is brought up as the first process was. What was judged and opened before is what it maps.
 */
import { ERRNO } from '../abi/errno.js';
import { toBytes, type ByteString } from '../abi/bytes.js';
import { NUMBERS } from '../abi/numbers.js';
import type { Execution } from '../syscalls/dsl.js';
import { RESERVED } from '../wire/layout.js';
import type { Launcher, Prepared } from './launcher.js';
import type { ProcessState, ThreadState } from './process.js';
import { requestOf, type Referee, type RefereeOptions, type Work } from './referee.js';

const AT_EMPTY_PATH = 0x1000;
const KILLED = 137;
/** Pointers of argv that are looked at for a script; the arena has no room for more. */
const MOST_ARGUMENTS = 12_000;

export class Executions {
  private readonly launcher: Launcher;

  constructor(
    private readonly referee: Referee,
    private readonly o: RefereeOptions,
  ) {
    this.launcher = o.launcher;
  }

  queue(thread: ThreadState, execution: Execution): void {
    this.referee.births.turn(thread, () => this.referee.begin(thread, this.execute(thread, execution)));
  }

  private *execute(thread: ThreadState, execution: Execution): Work {
    const { process } = thread;
    const request = requestOf(thread);
    const prepared = this.launcher.prepare(request, execution);
    const argv =
      typeof prepared === 'number' || prepared.prefix.length === 0
        ? execution.argv
        : this.withPrefix(thread, execution.argv, prepared.prefix);
    if (typeof prepared === 'number' || argv < 0) {
      if (typeof prepared !== 'number') prepared.close();
      this.referee.births.done(process);
      return typeof prepared === 'number' ? prepared : argv;
    }
    const empty = request.arena(new Uint8Array(1));
    let handed = false;
    const loader = process.reserved.from + RESERVED.loader;
    try {
      yield* this.referee.solitudes.begin(thread);
      if (!(yield* this.referee.births.openLimit(thread))) return this.failed(thread, -ERRNO.EAGAIN);
      this.launcher.door.expect(process.pid, (socket) => {
        handed = true;
        this.executed(thread, prepared, socket);
      });
      process.executing = thread;
      const result = yield [NUMBERS.execveat, loader, empty, argv, execution.envp, AT_EMPTY_PATH];
      process.executing = null;
      this.launcher.door.forget(process.pid);
      yield* this.referee.births.closeLimit(thread);
      return this.failed(thread, result);
    } finally {
      this.referee.solitudes.end(thread);
      if (!handed) prepared.close(); // also when it is killed on its way
    }
  }

  /** The old program goes on, and the next birth of the process. */
  private failed(thread: ThreadState, result: number): number {
    this.referee.solitudes.end(thread);
    this.referee.births.done(thread.process);
    return result;
  }

  /** argv of a script: what the #! line says in place of the first. An address, or a negative errno. */
  private withPrefix(thread: ThreadState, argv: number, prefix: readonly ByteString[]): number {
    const request = requestOf(thread);
    const pointers: number[] = [];
    for (let at = argv; at !== 0; at += 4) {
      const word = request.get(at, 4);
      if (typeof word === 'number') return word;
      const pointer = new DataView(word.buffer, word.byteOffset).getUint32(0, true);
      if (pointer === 0) break;
      if (pointers.length === MOST_ARGUMENTS) return -ERRNO.E2BIG;
      pointers.push(pointer);
    }
    const strings = prefix.map((text) => request.arena(toBytes(`${text}\0`)));
    return request.arena(new Uint8Array(Uint32Array.from([...strings, ...pointers.slice(1), 0]).buffer));
  }

  /** The process has executed the loader: all its threads but one are gone, and its memory is new. */
  private executed(thread: ThreadState, prepared: Prepared, socket: number): void {
    const { process } = thread;
    const { mask } = thread;
    process.executing = null;
    this.referee.leaveSpace(process);
    process.released?.();
    process.released = null;
    process.timers.clear();
    process.main = 0;
    process.status = null;
    process.inheritedMask = mask;
    process.starting = this.launcher.start(process, prepared, socket);
    this.referee.watchLoader(process, socket);
  }

  /** The loader of a new image has said something. */
  turn(process: ProcessState): void {
    const { starting } = process;
    if (starting === null) return;
    let thread: ThreadState | undefined;
    try {
      thread = starting.turn();
    } catch (error) {
      this.o.log('error', `process ${process.pid}: ${error instanceof Error ? error.message : String(error)}`);
      this.abandon(process);
      this.referee.fail(process, 'a program that could not be started ends the process', KILLED);
      return;
    }
    if (thread === undefined) return;
    process.starting = null;
    thread.mask = process.inheritedMask;
    this.referee.unwatch(thread.socket);
    this.referee.attach(thread);
    this.referee.startMain(thread);
  }

  /** The process is gone, or is to be. */
  abandon(process: ProcessState): void {
    process.starting?.close();
    process.starting = null;
  }
}
