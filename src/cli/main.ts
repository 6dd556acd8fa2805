/** ./sandbox: options, then `--`, then the program and its arguments; or a command that explains. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Command, CommanderError } from 'commander';
import { native } from '../native/index.js';
import type { Settings } from '../policy/secfilter/settings.js';
import { commandLine, fail } from './command-line.js';
import { secfilterEntries, type RunOptions } from './options.js';
import { promisedBy, type Promised } from './promised.js';
import { run } from './run.js';
import { sameFile, unwritable } from './values.js';

const DEMO_TREE = fileURLToPath(new URL('../../.sysroot/i386', import.meta.url));

const USAGE_STATUS = 1;
const SAYS_NO = 1;
const OUR_FAILURE = 125;

function sysrootOf(options: RunOptions): string | null {
  if (options.sysroot !== undefined) return options.sysroot === '/' ? null : options.sysroot;
  if (options.root !== undefined) return null;
  return process.arch !== 'ia32' && existsSync(DEMO_TREE) ? realpathSync(DEMO_TREE) : null;
}

/** Said before anything starts: a run whose trace is lost at its end is run for nothing. */
function checkOutputs({ trace, record, logJson }: RunOptions, command: Command): void {
  for (const [option, file] of Object.entries({ trace, record, 'log-json': logJson })) {
    const why = typeof file === 'string' ? unwritable(file) : undefined;
    if (why !== undefined) fail(command, `--${option}: "${String(file)}" cannot be written: ${why}`);
  }
  const files = Object.entries({ trace, record, 'log-json': logJson }).filter((pair) => typeof pair[1] === 'string');
  for (const [i, [one, file]] of files.entries())
    for (const [other, same] of files.slice(i + 1))
      if (sameFile(String(file), String(same)))
        fail(command, `--${one} and --${other} must name different files, not both "${String(same)}"`);
}

/** null when none of secfilter's options was given. */
async function secfilterOf(options: RunOptions, command: Command): Promise<Settings | null> {
  const entries = secfilterEntries(options);
  if (entries.length === 0 && options.config === undefined) return null;
  // Loaded here: most runs do without.
  const { loadSecfilter } = await import('./secfilter.js');
  const { PolicyError } = await import('../policy/problem.js');
  try {
    return loadSecfilter(entries, options.config);
  } catch (error) {
    if (error instanceof PolicyError) fail(command, error.message);
    throw error;
  }
}

/** A reader that has enough, such as head(1), ends it quietly. */
function print(text: string): Promise<number> {
  return new Promise((done, failed) => {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? done(0) : failed(error)));
    process.stdout.write(text, (error) => (error ? undefined : done(0)));
  });
}

/** What a command found, and 1 when it says no; what is wrong with its words or its files is said. */
async function told(
  command: Command,
  misuse: new (message: string) => Error,
  find: () => Promise<{ readonly text: string; readonly differs: boolean }>,
): Promise<number> {
  const { PolicyError } = await import('../policy/problem.js');
  const { RecordError } = await import('../observe/record.js');
  try {
    const { text, differs } = await find();
    const failed = await print(text);
    return differs ? SAYS_NO : failed;
  } catch (error) {
    if ([misuse, PolicyError, RecordError].some((known) => error instanceof known))
      fail(command, (error as Error).message);
    throw error;
  }
}

function promisedOf(options: RunOptions, command: Command): Promised | null {
  const promised = promisedBy(options);
  if (promised === null && options.pledgeFrom !== undefined)
    fail(command, '--pledge-from must stand beside --pledge, --execpledge or --unveil');
  return promised;
}

const line = commandLine({
  async completion(shell, root) {
    const { completionScript } = await import('./completion.js');
    return print(completionScript(shell, root));
  },
  async syscalls(names, options, command) {
    // Loaded here: a run does without.
    const { colored, syscallsText, UnknownCall } = await import('./syscalls.js');
    try {
      return await print(syscallsText(names, options, colored()));
    } catch (error) {
      if (error instanceof UnknownCall) fail(command, error.message);
      throw error;
    }
  },
  async show(file, options, command) {
    const { recordText } = await import('./show.js');
    const { RecordError } = await import('../observe/record.js');
    try {
      return await print(recordText(file, options));
    } catch (error) {
      if (error instanceof RecordError) fail(command, error.message);
      throw error;
    }
  },
  async wrap(program, file, command) {
    const { wrap, WrapError } = await import('./wrap.js');
    const { PolicyError } = await import('../policy/problem.js');
    try {
      wrap(program, file);
      return 0;
    } catch (error) {
      if (error instanceof WrapError || error instanceof PolicyError) fail(command, error.message);
      throw error;
    }
  },
  async explain(words, command) {
    const { explain, ExplainError, split } = await import('./explain.js');
    return told(command, ExplainError, async () => {
      const { files, question } = split(words);
      const { text, allowed } = explain(await (await import('./judge.js')).aclJudge(files), question);
      return { text, differs: !allowed };
    });
  },
  async check(files, command) {
    const { checkText, PolicyUsage } = await import('./policy.js');
    return told(command, PolicyUsage, () => Promise.resolve(checkText(files)));
  },
  async policy(verb, files, options, command) {
    const { policy, PolicyUsage } = await import('./policy.js');
    return told(command, PolicyUsage, () => policy(verb, files, options));
  },
  async run(program, options, command) {
    checkOutputs(options, command);
    const secfilter = await secfilterOf(options, command);
    const verbose = secfilter?.switches.verbose?.value === true && command.getOptionValueSource('debug') === 'default';
    return run({
      command: program,
      promised: promisedOf(options, command),
      acl: options.acl === false ? null : Array.isArray(options.acl) ? (options.acl as readonly string[]) : [],
      secfilter,
      sysroot: sysrootOf(options),
      root: options.root ?? '/',
      keep: options.keepFd,
      peek: options.peek,
      level: verbose ? 'INFO' : options.debug,
      trace: options.trace ?? null,
      stats: options.stats ?? false,
      record: options.record ?? null,
      logJson: options.logJson ?? null,
      onDeny: options.onDeny,
    });
  },
});

async function main(words: readonly string[]): Promise<number> {
  if (words.length > 0) return line.act(words);
  line.command.outputHelp({ error: true });
  return USAGE_STATUS;
}

main(process.argv.slice(2)).then(
  (status) => native.exit(status),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : OUR_FAILURE);
    console.error('sandbox: CRITICAL: defect of the sandbox:', error);
    process.exit(OUR_FAILURE);
  },
);
