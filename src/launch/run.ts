/** From a command to an ending: the whole life of one sandbox, in the referee's thread. */
import { printable, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { syscallName } from '../abi/numbers.js';
import { SocketMemory } from '../memory/guest.js';
import { native } from '../native/index.js';
import { PathResolver } from '../referee/paths.js';
import type { View } from '../referee/view.js';
import type { ProcessState } from '../referee/process.js';
import type { Observer } from '../referee/watch.js';
import { Referee, type Ending, type Judge, type Logger } from '../referee/referee.js';
import type { Order } from '../syscalls/dsl.js';
import { hookActions } from '../trustee/actions.js';
import { SHARED_MEMORY_PREFIX } from './channels.js';
import type { ImagePlan } from './image.js';
import { ImagePatcher } from './patcher.js';
import { interpreterOf, mapImage, NotRunnable, readProgram, writeStack, type Program } from './program.js';
import { callNow, startProcess, type StartOptions } from './start.js';

export interface RunOptions {
  readonly command: readonly ByteString[];
  readonly env: readonly ByteString[];
  readonly view: View;
  readonly judge: Judge;
  readonly keep: readonly number[];
  readonly peek: 'vm' | 'socket';
  readonly ignored: Uint32Array;
  /** Soft limit of open files; -1, or left out, for the helper's own. */
  readonly openFiles?: number;
  readonly log: Logger;
  /** Told of every call that comes to the referee. */
  readonly observer: Observer | null;
  readonly protocol: boolean;
  /** The hook asks for every call, also for those that it could make or answer by itself: a trace shows all. */
  readonly askAll: boolean;
  readonly stop: number;
  /** Told the pid as soon as the program is about to run. */
  readonly started: (pid: number) => void;
  /** What only tests choose. */
  readonly start?: Pick<StartOptions, 'trustee' | 'entry'>;
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** execvp(3): a name with a slash is a path, else each directory of PATH is tried. */
function findProgram(o: RunOptions, resolver: PathResolver, cwd: number): { program: Program; path: ByteString } {
  const name = o.command[0];
  if (name.includes('/')) return { program: readProgram(resolver, o.judge, cwd, name), path: name };
  const path = o.env.find((v) => v.startsWith('PATH='))?.slice(5) ?? DEFAULT_PATH;
  let last: NotRunnable | undefined;
  for (const dir of path.split(':')) {
    const candidate = `${dir === '' ? '.' : dir}/${name}`;
    try {
      return { program: readProgram(resolver, o.judge, cwd, candidate), path: candidate };
    } catch (error) {
      if (!(error instanceof NotRunnable)) throw error;
      if (error.status === 126) last ??= error;
    }
  }
  throw last ?? new NotRunnable(127, `${printable(name)}: no such command in PATH (${printable(path)})`);
}

/** Runs a generator of orders to its end while nothing else can happen. */
function driveNow<T>(process: ProcessState, steps: Generator<Order, T, number>): T {
  let next = steps.next();
  while (!next.done) next = steps.next(callNow(process, process.threads[0].memory, next.value));
  return next.value;
}

export function runSandbox(o: RunOptions): Ending {
  const cwd = native.openat(L.AT_FDCWD, '.', L.O_PATH, 0);
  const running: { process?: ProcessState } = {}; // there is none before the program is found
  const resolver = new PathResolver(o.view, native, {
    pid: () => running.process?.pid ?? 0,
    pin: (fd) => (running.process === undefined ? -ERRNO.EBADF : native.pidfdGetfd(running.process.pidfd, fd)),
    isReserved: (fd) =>
      running.process !== undefined && fd >= running.process.reserved.from && fd < running.process.reserved.to,
    exe: () => running.process?.exe ?? '/',
    sharedMemoryPrefix: SHARED_MEMORY_PREFIX,
  });
  const { program, path } = findProgram(o, resolver, cwd);
  const wanted = interpreterOf(program);
  const interpreter =
    wanted === null ? null : readProgram(resolver, o.judge, cwd, wanted, `interpreter of ${printable(path)}: `);
  native.close(cwd);

  const base = path.slice(path.lastIndexOf('/') + 1);
  const started = startProcess({
    argv: o.command,
    envp: o.env,
    comm: base,
    exe: program.guest,
    keep: o.keep,
    ignored: o.ignored,
    openFiles: o.openFiles,
    ...o.start,
  });
  const process = (running.process = started.process);
  process.umask = native.umask(0); // the helper applies the program's mask itself; the child was born with it
  try {
    const patcher = new ImagePatcher(started.hello.hook, started.trampolines);
    const thread = process.threads[0];
    const plan = driveNow(process, mapImage(process, thread, program));
    const interpreterPlan = interpreter === null ? null : driveNow(process, mapImage(process, thread, interpreter));
    patchImage(patcher, process, program, plan, interpreter === null, o.log);
    if (interpreter !== null && interpreterPlan !== null)
      patchImage(patcher, process, interpreter, interpreterPlan, true, o.log);
    const esp = writeStack(process, started.hello.esp, plan, interpreterPlan, started.hello.hook, path);
    const eip = (interpreterPlan ?? plan).entry;
    thread.memory.setStart({ eip, esp, eax: 0, ebx: 0, ecx: 0, edx: 0, esi: 0, edi: 0, ebp: 0, eflags: 0x202, gs: 0 });
    const verdicts = o.judge.syscallVerdicts();
    thread.memory.setActions(hookActions(process, thread, (nr) => o.askAll || verdicts.has(syscallName(nr))));
    const referee = new Referee(process, {
      judge: o.judge,
      resolver,
      patcher,
      log: o.log,
      observer: o.observer,
      protocol: o.protocol,
      stop: o.stop,
    });
    if (o.peek === 'socket') process.memory = new SocketMemory(thread.socket);
    o.started(process.pid);
    referee.start(thread);
    return referee.run();
  } catch (error) {
    native.kill(process.pid, L.SIGNAL.KILL);
    throw error;
  } finally {
    started.channels.close();
  }
}

function patchImage(
  patcher: ImagePatcher,
  process: ProcessState,
  program: Program,
  plan: ImagePlan,
  known: boolean,
  log: Logger,
): void {
  patcher.patch(
    process,
    program.elf,
    program.file,
    program.guest,
    known ? 'syscall-object' : 'other',
    plan.bias,
    plan.span,
    log,
  );
}
