/** ./sandbox: options, then `--`, then the program and its arguments; or a command that explains. */
import { type Command, CommanderError } from 'commander';
import { native } from '../native/index.js';
import { commandLine, fail } from './command-line.js';
import type { RunOptions } from './options.js';
import { run } from './run.js';
import { aclOf, promisedOf, policySaid, secfilterOf, sysrootOf } from './said.js';
import { sameFile, unwritable } from './values.js';

const USAGE_STATUS = 1;
const SAYS_NO = 1;
const OUR_FAILURE = 125;

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

/** What a run is told that judges, and one that learns. */
const seenAndWatched = (program: readonly string[], options: RunOptions) => ({
  command: program,
  sysroot: sysrootOf(options),
  root: options.root ?? '/',
  keep: options.keepFd,
  peek: options.peek,
  level: options.debug,
  trace: options.trace ?? null,
  stats: options.stats ?? false,
  record: options.record ?? null,
  logJson: options.logJson ?? null,
});
const UNJUDGED = { promised: null, acl: null, secfilter: null, onDeny: 'errno' } as const;

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
  async explain(words, options, command) {
    const { explain, ExplainError, split } = await import('./explain.js');
    return told(command, ExplainError, async () => {
      const { files, question } = split(words);
      const { frontEnds } = await import('./front-ends.js');
      const { text, allowed } = explain(frontEnds(await policySaid(options, files, command)), question, options.json);
      return { text, differs: !allowed };
    });
  },
  async check(files, command) {
    const { checkText, PolicyUsage } = await import('./policy.js');
    return told(command, PolicyUsage, () => Promise.resolve(checkText(files)));
  },
  async policy(verb, files, options, command) {
    const { policy, PolicyUsage } = await import('./policy.js');
    return told(command, PolicyUsage, async () => {
      const given = command.options.find((each) => command.getOptionValueSource(each.attributeName()) === 'cli');
      if (verb !== 'show' && given !== undefined)
        throw new PolicyUsage(`${given.long} is of "policy show" alone, not of "policy ${verb}"`);
      if (verb !== 'show') return policy(verb, files);
      const { shown } = await import('./policy.js');
      const { frontEnds } = await import('./front-ends.js');
      return shown(frontEnds(await policySaid(options, files, command)), options.json);
    });
  },
  async learn(program, options, command) {
    const { checkTarget, LearnError, learnFromRecords } = await import('./learn.js');
    const learn = { file: options.output, strict: options.strict === true };
    const { from } = options;
    const prepared = await told(command, LearnError, () => {
      checkTarget(learn.file);
      if (from !== undefined) learnFromRecords(learn, from);
      return Promise.resolve({ text: '', differs: false });
    });
    if (from !== undefined) return prepared;
    checkOutputs(options, command);
    return run({
      ...seenAndWatched(program, options),
      ...UNJUDGED,
      learn,
    });
  },
  async run(program, options, command) {
    checkOutputs(options, command);
    const secfilter = await secfilterOf(options, command);
    const verbose = secfilter?.switches.verbose?.value === true && command.getOptionValueSource('debug') === 'default';
    return run({
      ...seenAndWatched(program, options),
      promised: promisedOf(options, command),
      acl: aclOf(options),
      secfilter,
      level: verbose ? 'INFO' : options.debug,
      onDeny: options.onDeny,
      learn: null,
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
