/** ./sandbox: options, then `--`, then the program and its arguments. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { handedOver } from './caller.js';
import { LEVELS, type Level } from './levels.js';
import { native } from '../native/index.js';
import { run } from './run.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const DEMO_TREE = here('../../.sysroot/i386');

const USAGE_STATUS = 1;
const OUR_FAILURE = 125;

interface Options {
  acl: string[] | false;
  sysroot?: string;
  root?: string;
  keepFd: number[];
  peek: 'vm' | 'socket';
  debug: Level;
}

function descriptor(value: string, before: number[]): number[] {
  const fd = Number(value);
  if (!/^\d+$/.test(value) || fd > 1023)
    throw new InvalidArgumentError(`"${value}" must be a descriptor number from 0 to 1023.`);
  if (!handedOver(fd)) throw new InvalidArgumentError(`${fd} is not open in the caller.`);
  return fd < 3 ? before : [...before, fd];
}

function directory(value: string): string {
  try {
    if (statSync(value).isDirectory()) return realpathSync(value);
  } catch {
    // said below
  }
  throw new InvalidArgumentError(`"${value}" must be a directory.`);
}

function level(value: string): Level {
  const found = LEVELS.find((l) => l === value.toUpperCase());
  if (found === undefined) throw new InvalidArgumentError(`"${value}" must be one of ${LEVELS.join(', ')}.`);
  return found;
}

const EXAMPLES = `
A program always follows "--". Without --acl the shipped default.yaml judges.

Examples:
  ./sandbox -- /usr/bin/python                     an i386 Python under strict mode
  ./sandbox --acl acl/demo.yaml -- /usr/bin/python the demo's policy: /secret is refused
  ./sandbox --no-acl -d INFO -- ls -l /            allow all, log every call

Exit status:
  the program's own; 128+n when signal n ended it (137: killed for a raw system call, 159: killed by the policy);
  1 no arguments; 125 the sandbox itself failed; 126 not runnable; 127 not found.`;

function commandLine(): Command {
  const version = (JSON.parse(readFileSync(here('../../package.json'), 'utf8')) as { version: string }).version;
  return new Command('sandbox')
    .description('Runs an unmodified i386 Linux program under SECCOMP strict mode, judged by ACL files.')
    .usage('[options] -- program [arguments]')
    .version(version)
    .option(
      '--acl <file>',
      'judge by this ACL file instead of the default (repeatable, union)',
      (v: string, all: string[] | boolean) => [...(Array.isArray(all) ? all : []), v],
    )
    .option('--no-acl', 'allow everything, logged')
    .option(
      '--sysroot <dir>',
      'look programs and libraries up below this i386 tree first, then on the host; / for the host alone',
      directory,
    )
    .option('--root <dir>', "make this directory the program's whole world", directory)
    .option('--keep-fd <n>', 'hand this descriptor over beside 0, 1 and 2 (repeatable)', descriptor, [])
    .addOption(
      new Option('--peek <how>', "how the helper reads the program's memory").choices(['vm', 'socket']).default('vm'),
    )
    .option('-d, --debug <level>', `log at this level: ${LEVELS.join(' ')}`, level, 'WARNING' as Level)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(true)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`sandbox: ${text}`) });
}

function sysrootOf(options: Options): string | null {
  if (options.sysroot !== undefined) return options.sysroot === '/' ? null : options.sysroot;
  if (options.root !== undefined) return null;
  return process.arch !== 'ia32' && existsSync(DEMO_TREE) ? realpathSync(DEMO_TREE) : null;
}

async function main(argv: readonly string[]): Promise<number> {
  const cut = argv.indexOf('--');
  const before = cut < 0 ? argv : argv.slice(0, cut);
  const command = cut < 0 ? [] : argv.slice(cut + 1);
  const line = commandLine();
  if (argv.length === 0) {
    line.outputHelp({ error: true });
    return USAGE_STATUS;
  }
  line.parse([...before], { from: 'user' });
  if (line.args.length > 0 || command.length === 0) {
    const what = line.args.length > 0 ? `"${line.args[0]}" must stand behind "--"` : 'a program must follow "--"';
    line.error(`error: ${what}: ./sandbox [options] -- program [arguments]`, { exitCode: OUR_FAILURE });
  }
  if (before.includes('--no-acl') && before.some((word) => word === '--acl' || word.startsWith('--acl=')))
    line.error('error: --acl and --no-acl exclude each other', { exitCode: OUR_FAILURE });
  const options = line.opts<Options>();
  return run({
    command,
    acl: options.acl === false ? null : Array.isArray(options.acl) ? options.acl : [],
    sysroot: sysrootOf(options),
    root: options.root ?? '/',
    keep: options.keepFd,
    peek: options.peek,
    level: options.debug,
  });
}

main(process.argv.slice(2)).then(
  (status) => native.exit(status),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : OUR_FAILURE);
    console.error('sandbox: CRITICAL: defect of the sandbox:', error);
    process.exit(OUR_FAILURE);
  },
);
