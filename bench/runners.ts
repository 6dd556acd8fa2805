/** The ways to run an i386 program: bare, in the sandbox, and under what it is compared with. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TOP, type Place } from './place.js';

export const RUNNERS = ['native', 'ours', 'ours-no-acl', 'bwrap', 'notif', 'strace', 'proot'] as const;
export type RunnerId = (typeof RUNNERS)[number];

export interface Runner {
  readonly id: RunnerId;
  readonly label: string;
  /** What it is and its version, for the report; throws when it is not there. */
  readonly version: (place: Place) => string;
  /** The command that runs a command. */
  readonly wrap: (place: Place, command: readonly string[]) => string[];
  /** It finds i386 programs and libraries by itself. All others start a dynamic program by the tree's own loader. */
  readonly view?: true;
  /** Debian's package of it. */
  readonly package?: string;
}

/** As strict mode has it: what the sandbox leaves alone is not traced either. */
const UNTRACED = 'trace=!read,write,exit,sigreturn';

const firstVersion = (program: string, option: string): string => {
  const text = execFileSync(program, [option], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0] ?? 'of unknown version';
};

function ourVersion(): string {
  const { version } = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as { version: string };
  try {
    const commit = execFileSync('git', ['-C', TOP, 'describe', '--always', '--dirty', '--exclude=*'], {
      stdio: 'pipe',
    });
    return `${version} (${commit.toString().trim()})`;
  } catch {
    return version; // no checkout
  }
}

const sandbox = (policy: readonly string[], command: readonly string[]): string[] => [
  ...[join(TOP, 'sandbox'), '-d', 'ERROR', ...policy, '--'],
  ...command,
];
export const byPolicy = (place: Place): string[] => ['--acl', join(TOP, 'acl/default.yaml'), '--acl', place.policy];

export const runners: readonly Runner[] = [
  { id: 'native', label: 'bare', version: () => 'no supervision', wrap: (_, command) => [...command] },
  {
    ...{ id: 'ours', label: 'sandbox', version: ourVersion, view: true },
    wrap: (place, command) => sandbox(byPolicy(place), command),
  },
  {
    ...{ id: 'ours-no-acl', label: 'sandbox --no-acl', version: ourVersion, view: true },
    wrap: (_, command) => sandbox(['--no-acl'], command),
  },
  {
    ...{ id: 'bwrap', label: 'bubblewrap', package: 'bubblewrap', version: () => firstVersion('bwrap', '--version') },
    wrap: ({ work }, command) => [
      ...['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--bind', work, work],
      ...['--unshare-all', '--die-with-parent', ...command],
    ],
  },
  {
    ...{ id: 'notif', label: 'USER_NOTIF' },
    version: ({ notif }) => {
      if (notif === undefined) throw new Error('bench/notif.c cannot be compiled here');
      return 'bench/notif.c';
    },
    wrap: ({ notif }, command) => [notif ?? 'notif', ...command],
  },
  {
    ...{ id: 'strace', label: 'strace', package: 'strace', version: () => firstVersion('strace', '-V') },
    wrap: (_, command) => ['strace', '-f', '--seccomp-bpf', '-qq', '-e', UNTRACED, '-o', '/dev/null', ...command],
  },
  {
    ...{ id: 'proot', label: 'PRoot', package: 'proot', version: () => firstVersion('proot', '--version') },
    wrap: (_, command) => ['proot', ...command],
  },
];

const PATH = `/usr/bin:/bin:/usr/local/bin:${dirname(process.execPath)}`;
const ENVIRONMENT = { PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC' };

/** A program of the tree as a runner starts it. */
export function programCommand(
  runner: Runner,
  place: Place,
  program: string,
  rest: readonly string[],
): { command: string[]; env: Record<string, string> } {
  if (runner.view || place.tree === '/') return { command: runner.wrap(place, [program, ...rest]), env: ENVIRONMENT };
  const libraries = ['lib/i386-linux-gnu', 'usr/lib/i386-linux-gnu'].map((path) => join(place.tree, path)).join(':');
  const loader = [join(place.tree, 'lib/ld-linux.so.2'), '--library-path', libraries, '--argv0', program];
  return {
    command: runner.wrap(place, [...loader, join(place.tree, program), ...rest]),
    env: { ...ENVIRONMENT, PYTHONHOME: join(place.tree, 'usr') },
  };
}

export interface Run {
  /** Milliseconds from before the start to the end. */
  readonly took: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Process groups of what runs now. */
const running = new Set<number>();
const end = (group: number): void => {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // gone already
  }
};
/** Ends what runs now: nothing of a bench that is interrupted stays behind. */
export const endRunning = (): void => running.forEach(end);

/** Runs to the end. @throws Error with the status, or after `limit` milliseconds; nothing it started is left then. */
export function run(
  command: readonly string[],
  { env = ENVIRONMENT, limit }: { env?: Record<string, string>; limit: number },
): Promise<Run> {
  return new Promise((done, failed) => {
    const start = process.hrtime.bigint();
    let took = 0;
    const child = spawn(command[0], command.slice(1), {
      env,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('latin1').on('data', (part: string) => (text[stream] += part));
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const timer = setTimeout(() => pid !== undefined && end(pid), limit);
    child.on('error', failed);
    child.on('exit', () => (took = Number(process.hrtime.bigint() - start) / 1e6));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      if (code === 0) return done({ took, ...text });
      const why = took > limit ? `not over after ${limit} ms` : `status ${code ?? signal}`;
      failed(new Error(`${why}: ${text.stderr.trim().split('\n')[0] || command.join(' ')}`));
    });
  });
}

/** Why a runner cannot be used, or its version. */
export async function probe(runner: Runner, place: Place): Promise<{ version: string } | { missing: string }> {
  try {
    const version = runner.version(place);
    await run(runner.wrap(place, [place.calls, 'stat', 'count', '1', place.file]), { limit: 20_000 });
    return { version };
  } catch (error) {
    // EACCES: a directory of PATH that is not this user's to search
    const absent = ['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
    const reason = error instanceof Error ? error.message : String(error);
    return { missing: absent && runner.package ? `not installed (apt-get install ${runner.package})` : reason };
  }
}

/** Not built, nothing can be measured. */
export const isBuilt = (): boolean => existsSync(join(TOP, 'dist/cli/main.js'));
