/** The command line as a tree of commands, without what they do: that is handed in. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Argument, Command, type Option } from 'commander';
import {
  CHECK_HELP,
  COMPLETION_HELP,
  EXPLAIN_HELP,
  formatHelp,
  LEARN_HELP,
  POLICY_HELP,
  RUN_HELP,
  SHOW_HELP,
  SYSCALLS_HELP,
  WRAP_HELP,
} from './help.js';
import {
  bareSwitches,
  learnOptions,
  type LearnOptions,
  policyOptions,
  type PolicyOptions,
  runOptions,
  type RunOptions,
  showOptions,
  syscallsOptions,
  wrapOptions,
} from './options.js';
import { POLICY_VERBS, type PolicyVerb } from './policy-verbs.js';
import { type Shell, SHELLS } from './shells.js';
import type { ShowOptions } from './show.js';
import type { SyscallsOptions } from './syscalls.js';

const version = (): string =>
  (
    JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as {
      version: string;
    }
  ).version;

const OUR_FAILURE = 125;

/** What the commands do; each gives the status to exit with. */
export interface Actions {
  run(program: readonly string[], options: RunOptions, command: Command): Promise<number>;
  syscalls(names: readonly string[], options: SyscallsOptions, command: Command): Promise<number>;
  show(file: string, options: ShowOptions, command: Command): Promise<number>;
  wrap(program: string, file: string, command: Command): Promise<number>;
  explain(words: readonly string[], options: PolicyOptions, command: Command): Promise<number>;
  check(files: readonly string[], command: Command): Promise<number>;
  policy(verb: PolicyVerb, files: readonly string[], options: PolicyOptions, command: Command): Promise<number>;
  learn(program: readonly string[], options: LearnOptions, command: Command): Promise<number>;
  completion(shell: Shell, root: Command): Promise<number>;
}

export interface CommandLine {
  readonly command: Command;
  /** Parses the words behind `./sandbox`, acts, and gives the status. @throws CommanderError for help and for errors */
  act(words: readonly string[]): Promise<number>;
}

/** Ends with a message and the status of our failures. */
export function fail(command: Command, message: string): never {
  return command.error(`error: ${message}`, { exitCode: OUR_FAILURE });
}

/** `--trace x`: x is a forgotten program rather than a file to be overwritten, so the value must be joined by "=". */
function refuseDetachedValues(command: Command, words: readonly string[]): void {
  const flags = command.options.filter((o: Option) => o.optional).map((o) => o.long);
  words.forEach((word, i) => {
    const next = words[i + 1];
    if (flags.includes(word) && next !== undefined && !next.startsWith('-'))
      fail(command, `"${next}" must stand behind "--", or right behind ${word}= when it is the file`);
  });
}

/** The one command that runs a program. */
const LEARN = 'learn';

function checkLearn(
  command: Command,
  { from }: LearnOptions,
  words: readonly string[],
  program: readonly string[],
): void {
  if (words.length > 0) fail(command, `"${words[0]}" must stand behind "--"`);
  if (from === undefined && program.length === 0)
    fail(command, 'a program must follow "--", or --from must name a record');
  if (from !== undefined && program.length > 0) fail(command, '--from runs no program: nothing may follow "--"');
}

function checkRun(command: Command, words: readonly string[], program: readonly string[]): void {
  if (command.args.length > 0 || program.length === 0) {
    const what = command.args.length > 0 ? `"${command.args[0]}" must stand behind "--"` : 'a program must follow "--"';
    fail(command, `${what}: ./sandbox [options] -- program [arguments]`);
  }
  checkAcl(command, words);
}

function checkAcl(command: Command, words: readonly string[]): void {
  if (words.includes('--no-acl') && words.some((word) => word === '--acl' || word.startsWith('--acl=')))
    fail(command, '--acl and --no-acl exclude each other');
}

/** Commands whose words are questions or files: a switch takes none of them as its value. */
const WITH_WORDS = ['explain', 'policy'];
function withPlainSwitches(words: readonly string[]): readonly string[] {
  if (!WITH_WORDS.includes(words[0])) return words;
  const switches = bareSwitches();
  return words.map((word) => (switches.includes(word) ? `${word}=1` : word));
}

/** A command that runs nothing has no use for a program, nor for the options of a run. */
function checkCommand(root: Command, command: Command, program: readonly string[]): void {
  const isGiven = (o: Option): boolean => root.getOptionValueSource(o.attributeName()) === 'cli';
  // --acl and --no-acl have one value, which --no-acl makes false.
  const given = root.options.find((o) => isGiven(o) && o.negate === (root.getOptionValue(o.attributeName()) === false));
  if (given !== undefined) fail(command, `${given.long} is an option of a run, not of "${command.name()}"`);
  if (program.length > 0 && command.name() !== LEARN)
    fail(command, `"${command.name()}" runs no program: nothing may follow "--"`);
}

export function commandLine(actions: Actions): CommandLine {
  let words: readonly string[] = [];
  let program: readonly string[] = [];
  let status = 0;
  const root = new Command('sandbox')
    .description('Runs an unmodified i386 Linux program under SECCOMP strict mode, judged by ACL files.')
    .usage('[options] -- program [arguments]')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .configureHelp({ formatHelp, subcommandTerm: (command) => command.name() })
    .addHelpText('after', RUN_HELP)
    .allowExcessArguments(true)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`sandbox: ${text}`) })
    .action(async () => {
      checkRun(root, words, program);
      status = await actions.run(program, root.opts<RunOptions>(), root);
    });
  for (const option of runOptions()) root.addOption(option);
  root.helpCommand('help [command]', 'print the help of a command');
  root.hook('preSubcommand', (_, command) => checkCommand(root, command, program));
  const syscalls = root
    .command('syscalls')
    .description('Prints what becomes of each i386 system call, or of those named.')
    .summary('print what becomes of each system call')
    .addArgument(new Argument('[name...]', 'names or numbers of calls').default([], 'all of them'))
    .addHelpText('after', SYSCALLS_HELP)
    .action(async (names: string[], options: SyscallsOptions) => {
      status = await actions.syscalls(names, options, syscalls);
    });
  for (const option of syscallsOptions()) syscalls.addOption(option);
  const show = root
    .command('show')
    .description('Prints what a run recorded with --record.')
    .summary('print a record')
    .addArgument(new Argument('<file>', 'what --record wrote'))
    .addHelpText('after', SHOW_HELP)
    .action(async (file: string, options: ShowOptions) => {
      status = await actions.show(file, options, show);
    });
  for (const option of showOptions()) show.addOption(option);
  const wrap = root
    .command('wrap')
    .description('Writes a script that runs a program in the sandbox.')
    .summary('write a script that runs a program in the sandbox')
    .addArgument(new Argument('<program>', 'a path, or a name that is looked up in PATH at each start'))
    .addHelpText('after', WRAP_HELP)
    .action(async (name: string, { output }: { output: string }) => {
      status = await actions.wrap(name, output, wrap);
    });
  for (const option of wrapOptions()) wrap.addOption(option);
  const explain = root
    .command('explain')
    .description(
      'Prints what the policy of a run says to a question, by which rule, and which layer refuses. Without an option or a file the default policy is asked.',
    )
    .summary('ask a policy, without running anything')
    .addArgument(new Argument('<words...>', 'ACL files, then a question'))
    .addHelpText('after', EXPLAIN_HELP)
    .action(async (asked: string[], options: PolicyOptions) => {
      checkAcl(explain, words);
      status = await actions.explain(asked, options, explain);
    });
  for (const option of policyOptions()) explain.addOption(option);
  const check = root
    .command('check')
    .description('Loads ACL files, each as a policy of its own with what it includes, and runs their tests.')
    .summary('load ACL files and run their tests')
    .addArgument(new Argument('<file...>', 'ACL files'))
    .addHelpText('after', CHECK_HELP)
    .action(async (files: string[]) => {
      status = await actions.check(files, check);
    });
  const policy = root
    .command('policy')
    .description('Prints, compares and judges policies.')
    .summary('print, replay, compare, lint policies')
    .addArgument(new Argument('<what>', 'what to do').choices(POLICY_VERBS))
    .addArgument(new Argument('[file...]', 'ACL files and records').default([], 'none'))
    .addHelpText('after', POLICY_HELP)
    .action(async (verb: PolicyVerb, files: string[], options: PolicyOptions) => {
      checkAcl(policy, words);
      status = await actions.policy(verb, files, options, policy);
    });
  for (const option of policyOptions()) policy.addOption(option);
  const learn = root
    .command(LEARN)
    .usage('-o file [options] -- program [arguments]')
    .description('Runs a program with everything allowed, and writes an ACL file that allows what it asked for.')
    .summary('write an ACL file from what a program does')
    .allowExcessArguments(true)
    .addHelpText('after', LEARN_HELP)
    .action(async (options: LearnOptions) => {
      checkLearn(learn, options, learn.args, program);
      status = await actions.learn(program, options, learn);
    });
  for (const option of learnOptions()) learn.addOption(option);
  root
    .command('completion')
    .description('Prints a script that completes options, commands and the names of calls.')
    .summary('print a completion script')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .addHelpText('after', COMPLETION_HELP)
    .action(async (shell: Shell) => {
      status = await actions.completion(shell, root);
    });
  return {
    command: root,
    async act(all) {
      const cut = all.indexOf('--');
      words = withPlainSwitches(cut < 0 ? all : all.slice(0, cut));
      program = cut < 0 ? [] : all.slice(cut + 1);
      refuseDetachedValues(root, words);
      refuseDetachedValues(learn, words);
      await root.parseAsync([...words], { from: 'user' });
      return status;
    },
  };
}
