/** Runs programs in the sandbox, and bare (without it) for comparison. */

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { sysroot } from './elf-builder.js';

export const SANDBOX = resolve(process.env['NURSE_SANDBOX'] ?? 'sandbox');
const I386_HOST = process.arch === 'ia32';

export interface RunOptions {
  /** Bytes on standard input; without them it is empty. */
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which it is killed and the run fails: a guard against hanging, not a measure. */
  readonly timeout?: number;
  /** When this comes it is killed, which is no failure. */
  readonly until?: AbortSignal;
  /** It leads a process group, which does not outlive it. */
  readonly group?: boolean;
}

export interface SandboxOptions extends RunOptions {
  /** Options before `--`; `-d ERROR` without. */
  readonly options?: readonly string[];
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** As a shell tells it: 128+n after signal n. */
  readonly status: number;
}

/** What every run has in its environment, with Node's directory in PATH: the sandbox needs it. */
export const ENVIRONMENT = {
  PATH: `/usr/bin:/bin:/usr/local/bin:${dirname(process.execPath)}`,
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
} as const;

/** A new directory below /tmp, whatever TMPDIR says: policies name /tmp. */
export const makeTemporary = (name = 'run'): string => mkdtempSync(`/tmp/nurse-${name}.`);
/** Who was killed a moment ago may still be at work below it. */
export const remove = (path: string): void =>
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/** Standard streams are plain files: Node's pipes are sockets, which programs can tell from pipes. */
export async function execute(command: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const directory = makeTemporary('streams');
  const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((name) => join(directory, name));
  writeFileSync(stdin, options.stdin ?? '');
  const stdio = [openSync(stdin, 'r'), openSync(stdout, 'a'), openSync(stderr, 'a')];
  try {
    const child = spawn(command[0], command.slice(1), {
      cwd: options.cwd,
      env: { ...(options.env ?? ENVIRONMENT) },
      stdio,
      detached: options.group,
    });
    const stop = (): unknown => child.kill('SIGKILL');
    options.until?.addEventListener('abort', stop);
    const status = await ending(child, command, options.timeout ?? 60_000);
    options.until?.removeEventListener('abort', stop);
    if (options.group) killGroup(child.pid);
    return { stdout: readFileSync(stdout, 'latin1'), stderr: readFileSync(stderr, 'latin1'), status };
  } finally {
    stdio.forEach(closeSync);
    remove(directory);
  }
}

/** Who is left of it, if anybody is. */
function killGroup(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL');
  } catch {
    // nobody
  }
}

function ending(child: ReturnType<typeof spawn>, command: readonly string[], timeout: number): Promise<number> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      failed(new Error(`not over after ${timeout} ms: ${command.join(' ')}`));
    }, timeout);
    child.on('error', failed);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      done(code ?? 128 + constants.signals[signal as NodeJS.Signals]);
    });
  });
}

export const sandbox = (
  command: readonly string[],
  { options = ['-d', 'ERROR'], ...rest }: SandboxOptions = {},
): Promise<Ended> => execute([SANDBOX, ...options, '--', ...command], rest);

const tree = (path: string): string => join(sysroot(), path);

/** What programs find at fixed places where the tree is the root. */
const OUT_OF_TREE: readonly [program: RegExp, environment: () => Record<string, string>][] = [
  [/^python/, () => ({ PYTHONHOME: tree('usr') })],
  [
    /^perl/,
    () => ({
      PERL5LIB: ['usr/lib/i386-linux-gnu/perl-base', 'usr/share/perl/5.36', 'usr/lib/i386-linux-gnu/perl/5.36']
        .map(tree)
        .join(':'),
    }),
  ],
  [/^iconv$/, () => ({ GCONV_PATH: tree('usr/lib/i386-linux-gnu/gconv') })],
  [/^file$/, () => ({ MAGIC: tree('usr/share/misc/magic.mgc') })],
  [
    /^openssl$/,
    () => ({
      OPENSSL_CONF: tree('usr/lib/ssl/openssl.cnf'),
      OPENSSL_MODULES: tree('usr/lib/i386-linux-gnu/ossl-modules'),
    }),
  ],
];

function interpreterOf(file: string): string | undefined {
  const start = readFileSync(file).subarray(0, 4096).toString('latin1');
  return /\/lib\/ld-[a-z0-9.-]+/.exec(start)?.[0];
}

/** The program's file: a path as it stands, a name among the tree's programs. */
const fileOf = (name: string): string =>
  name.includes('/') || I386_HOST
    ? name
    : (['usr/bin', 'usr/sbin'].map((d) => tree(`${d}/${name}`)).find(existsSync) ?? name);

/** The same program without the sandbox: the tree's loader starts it, with the tree's libraries. It can start no children. */
export function bare(command: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const [name, ...rest] = command;
  if (I386_HOST) return execute(command, options);
  const file = fileOf(name);
  const env = {
    ...(options.env ?? ENVIRONMENT),
    ...OUT_OF_TREE.find(([program]) => program.test(basename(name)))?.[1](),
  };
  const interpreter = interpreterOf(file);
  const libraries = interpreter?.includes('musl')
    ? ['usr/lib/i386-linux-musl']
    : ['lib/i386-linux-gnu', 'usr/lib/i386-linux-gnu'];
  const loader =
    interpreter === undefined
      ? []
      : [tree(interpreter), '--library-path', libraries.map(tree).join(':'), '--argv0', name];
  return execute(['linux32', ...loader, file, ...rest], { ...options, env });
}

/** Builds one of test/guests (or another source) with scripts/guest-cc.sh. */
export function buildGuest(kind: string, source: string, out: string, ...flags: string[]): void {
  execFileSync('scripts/guest-cc.sh', [kind, source, '-o', out, ...flags], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** A script without the indentation of its first line. */
export function dedent(script: string): string {
  const [, indentation = ''] = /^\n( *)/.exec(script) ?? [];
  return script.replaceAll(`\n${indentation}`, '\n').trimStart() + '\n';
}
