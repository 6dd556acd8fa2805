/** From a command to an ending: the whole life of one sandbox, in the referee's thread. */
import { printable, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import type { Layers } from '../policy/layers.js';
import { ruleOf } from '../policy/pledge/origin.js';
import type { Wish } from '../policy/pledge/state.js';
import type { Veil } from '../policy/pledge/veil.js';
import { Authority } from '../referee/authority.js';
import { placeOfRule } from '../referee/describe.js';
import { PathResolver } from '../referee/paths.js';
import { refusalLine, type RefusalSink } from '../referee/refusal.js';
import type { View } from '../referee/view.js';
import type { Ending } from '../referee/process.js';
import type { Observer } from '../referee/watch.js';
import { Referee, type Logger } from '../referee/referee.js';
import type { Resolved } from '../syscalls/dsl.js';
import { asker } from './asker.js';
import { SetupError, SHARED_MEMORY_PREFIX } from './channels.js';
import { ImageFiles } from './files.js';
import { findExecutable, ImageLauncher, type Found } from './launcher.js';
import { ImagePatcher } from './patcher.js';
import { closeExecutable, loadExecutable, NotRunnable } from './program.js';
import { startProcess, type StartOptions } from './start.js';
import { guestVeil } from './veils.js';

export interface RunOptions {
  readonly command: readonly ByteString[];
  readonly env: readonly ByteString[];
  readonly view: View;
  readonly layers: Layers;
  readonly keep: readonly number[];
  readonly peek: 'vm' | 'socket';
  readonly ignored: Uint32Array;
  /** Soft limit of open files; -1, or left out, for the helper's own. */
  readonly openFiles?: number;
  readonly log: Logger;
  /** Told of every call that comes to the referee. */
  readonly observer: Observer | null;
  /** Told of every refusal, before the program is; left out: a line of the log for each. */
  readonly refusals?: RefusalSink;
  readonly protocol: boolean;
  /** The hook asks for every call, also for those that it could make or answer by itself: a trace shows all. */
  readonly askAll: boolean;
  readonly stop: number;
  /** Told the pid as soon as the program is about to run. */
  readonly started: (pid: number) => void;
  /** Where it is counted how many processes live in the sandbox. */
  readonly living: Int32Array;
  /** What only tests choose. */
  readonly start?: Pick<StartOptions, 'trustee' | 'entry'>;
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** execvp(3): a name with a slash is a path, else each directory of PATH is tried. */
function findProgram(o: RunOptions, find: (path: ByteString) => Found): Found {
  const name = o.command[0];
  if (name.includes('/')) return find(name);
  const path = o.env.find((v) => v.startsWith('PATH='))?.slice(5) ?? DEFAULT_PATH;
  let last: NotRunnable | undefined;
  for (const dir of path.split(':')) {
    try {
      return find(`${dir === '' ? '.' : dir}/${name}`);
    } catch (error) {
      if (!(error instanceof NotRunnable)) throw error;
      if (error.status === 126) last ??= error;
    }
  }
  throw last ?? new NotRunnable(ERRNO.ENOENT, `${printable(name)}: no such command in PATH (${printable(path)})`);
}

const toLog =
  (log: Logger): RefusalSink =>
  (refusal) =>
    refusal.decision.verdict.verdict !== 'kill' && log('warn', refusalLine(refusal));

/** The names that the user gave as the program will find them, or make them. @throws SetupError */
function veilsOf({ veils, origins }: Wish, cwd: number, resolver: PathResolver): readonly Veil[] {
  return veils.map((veil) => {
    const found = guestVeil(veil, cwd, resolver);
    if (typeof found !== 'string') return found;
    throw new SetupError(`${placeOfRule(ruleOf(origins?.veils ?? '--unveil', ''))}: ${found}`);
  });
}

export function runSandbox(o: RunOptions): Ending {
  const resolver = new PathResolver(o.view, native, { sharedMemoryPrefix: SHARED_MEMORY_PREFIX });
  const files = new ImageFiles();
  const patcher = new ImagePatcher(files);
  const cwd = native.openat(L.AT_FDCWD, '.', L.O_PATH, 0);
  const { judgesBeside } = Authority.of(o.layers);
  const refusals = o.refusals ?? toLog(o.log);
  const resolve = (path: ByteString): Resolved | number => resolver.resolve(cwd, path, { follow: true });
  const found = findProgram(o, (path) => {
    const ask = asker(judgesBeside, refusals, path, o.command);
    try {
      return findExecutable(resolve(path), path, files, { resolve, ask, log: o.log });
    } finally {
      resolver.release();
    }
  });
  const { wish } = o.layers;
  const layers = wish === null ? o.layers : { ...o.layers, wish: { ...wish, veils: veilsOf(wish, cwd, resolver) } };
  native.close(cwd);

  const { channels, process } = startProcess({
    argv: found.prefix.length === 0 ? o.command : [...found.prefix, ...o.command.slice(1)],
    envp: o.env,
    comm: found.comm,
    exe: found.exe,
    keep: o.keep,
    ignored: o.ignored,
    openFiles: o.openFiles,
    load: (state, hello) => loadExecutable(state, hello, found.executable, patcher, o.log),
    ...o.start,
  });
  closeExecutable(found.executable);
  process.umask = native.umask(0); // the helper applies the program's mask itself; the child was born with it
  try {
    const referee = new Referee(process, {
      layers,
      resolver,
      patcher,
      log: o.log,
      observer: o.observer,
      refusals,
      protocol: o.protocol,
      askAll: o.askAll,
      stop: o.stop,
      living: o.living,
      peek: o.peek,
      launcher: new ImageLauncher(channels, files, patcher, o.log),
    });
    o.started(process.pid);
    return referee.run();
  } catch (error) {
    native.kill(process.pid, L.SIGNAL.KILL);
    throw error;
  } finally {
    channels.close();
  }
}
