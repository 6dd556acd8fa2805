/** Every option, declared once: parsing, help, the check of the man page and shell completion are made from this. */
import { Option } from 'commander';
import { ON_DENY, type OnDeny } from '../policy/on-deny.js';
import type { Entry } from '../policy/secfilter/settings.js';
import { LEVELS, type Level } from './levels.js';
import { FROM, type From } from '../policy/layers.js';
import { PROMISE_NAMES } from '../policy/pledge/names.js';
import type { Veil } from '../policy/pledge/veil.js';
import { descriptor, directory, level, outputFile, promises, unveil } from './values.js';

/** What a shell offers as the value, where there are no choices: files, or these words. */
export type Completes = 'file' | 'directory' | 'nothing' | readonly string[];

export class DeclaredOption extends Option {
  completes: Completes = 'nothing';
  constructor(
    /** The heading that it stands under in the help. */
    readonly group: string,
    flags: string,
    description: string,
  ) {
    super(flags, description);
  }
  completing(what: Completes): this {
    this.completes = what;
    return this;
  }
}

const POLICY = 'Policy';
const SECFILTER = 'Policy in a few words, as secfilter has it';
const PROMISES = 'Promises (pledge, unveil)';
const VIEW = 'What the program sees';
const OBSERVE = 'Watching a run';
const SHOWN = 'What is printed';
/** Of --help and --version too, which commander declares. */
export const OTHERS = 'Other options';

const option = (group: string, flags: string, description: string): DeclaredOption =>
  new DeclaredOption(group, flags, description);

/** What commander makes of the options of a run. */
export interface RunOptions {
  readonly acl: readonly string[] | boolean;
  /** A file of secfilter's options; for those of the command line see secfilterEntries(). */
  readonly config?: string;
  readonly pledge?: string;
  readonly execpledge?: string;
  readonly pledgeFrom?: From;
  readonly unveil?: readonly Veil[];
  readonly sysroot?: string;
  readonly root?: string;
  readonly keepFd: readonly number[];
  readonly peek: 'vm' | 'socket';
  readonly debug: Level;
  readonly trace?: string | true;
  readonly stats?: boolean;
  readonly record?: string;
  readonly logJson?: string;
  readonly onDeny: OnDeny;
}

const gathered = (value: string, all: unknown): string[] => [...(Array.isArray(all) ? (all as string[]) : []), value];

/** An option that is an entry of secfilter's settings each time it is given. */
const entry = (flags: string, description: string): DeclaredOption => {
  const declared = option(SECFILTER, flags, description);
  declared.negate = false; // --no-outbound-network is a name
  const key = declared.name();
  return declared.argParser((value: string, all: unknown): Entry[] => [
    ...(Array.isArray(all) ? (all as Entry[]) : []),
    { key, value, origin: { file: `--${key}`, line: 0 } },
  ]);
};
/** `--x`, `--x=1`, `--x=0`. */
const entrySwitch = (name: string, description: string): DeclaredOption =>
  entry(`--${name} [switch]`, description).preset('1').completing(['1', '0']);

const secfilterOptions = (): DeclaredOption[] => [
  entrySwitch('read-only', 'nothing may be written'),
  entry('--allow-write <path>', 'nothing may be written but this and what is below it (repeatable)').completing('file'),
  entry('--write-allow <path>', 'the same').completing('file'),
  entrySwitch('no-outbound-network', 'no address may be reached'),
  entry('--allowed-netmask <cidr>', 'no address but those of this network (repeatable)'),
  entry('--allowed-port <port>', 'no port but this (repeatable)'),
  entrySwitch('allow-resolv', 'port 53 of the name servers of /etc/resolv.conf all the same'),
  entrySwitch('mainstream-network-families', 'no sockets but unix, inet, inet6, netlink'),
  entrySwitch('verbose', 'say what is in force, and log at level INFO'),
];
/** What was given of them. */
export const secfilterEntries = (options: object): Entry[] =>
  secfilterOptions().flatMap((each) => (options as Record<string, Entry[] | undefined>)[each.attributeName()] ?? []);

export const runOptions = (): DeclaredOption[] => [
  option(
    POLICY,
    '--acl <file>',
    'judge by this ACL file, or shipped policy such as git, not by the default (repeatable)',
  )
    .argParser(gathered)
    .completing('file'),
  option(POLICY, '--no-acl', 'allow everything, logged'),
  option(POLICY, '--on-deny <how>', 'a refusal is an error, ends the program (SIGSYS), or is only logged: permissive')
    .choices(ON_DENY)
    .default('errno'),

  ...secfilterOptions(),
  option(SECFILTER, '--config <file>', 'read these options from key=value lines').completing('file'),

  option(PROMISES, '--pledge <promises>', 'what the program promises from its main on: "stdio rpath", ""')
    .argParser(promises)
    .completing(PROMISE_NAMES),
  option(PROMISES, '--execpledge <promises>', 'what programs promise that it executes; the same, without it')
    .argParser(promises)
    .completing(PROMISE_NAMES),
  option(PROMISES, '--pledge-from <point>', 'in force from its main, its entry, or the first instruction').choices(
    FROM,
  ),
  option(PROMISES, '--unveil <path:rwxc>', 'hide all paths but these; what is allowed there (repeatable)')
    .argParser(unveil)
    .completing('file'),

  option(VIEW, '--sysroot <dir>', 'look names up below this i386 tree first, then on the host; / for the host alone')
    .argParser(directory)
    .completing('directory'),
  option(VIEW, '--root <dir>', "make this directory the program's whole world")
    .argParser(directory)
    .completing('directory'),
  option(VIEW, '--keep-fd <n>', 'hand this descriptor over beside 0, 1 and 2 (repeatable)')
    .argParser(descriptor)
    .default([], 'none'),

  option(OBSERVE, '-d, --debug <level>', `log at this level: ${LEVELS.join(' ')}`)
    .argParser(level)
    .completing(LEVELS)
    .default('WARNING'),
  option(OBSERVE, '--trace [file]', 'one line a call as strace has it, on standard error or, with --trace=FILE, there')
    .argParser(outputFile)
    .completing('file'),
  option(OBSERVE, '--stats', 'a table of calls, results and times when the program has ended'),
  option(OBSERVE, '--record <file>', 'write each question, verdict and result to a file (msgpack)')
    .argParser(outputFile)
    .completing('file'),
  option(OBSERVE, '--log-json <file>', 'a line of JSON for each refusal: call, rule, and what would allow it')
    .argParser(outputFile)
    .completing('file'),
  option(OTHERS, '--peek <how>', "how the helper reads the program's memory").choices(['vm', 'socket']).default('vm'),
];

/** What says something about a run's policy, of the options of a run. */
export type PolicyOptions = Pick<
  RunOptions,
  'acl' | 'config' | 'pledge' | 'execpledge' | 'pledgeFrom' | 'unveil' | 'sysroot' | 'root'
> & { readonly json?: boolean };

/** Options of a run that say nothing about what is allowed. */
const NO_POLICY = ['on-deny', 'verbose', 'keep-fd'];

/** For commands that look at the policy of a run. */
export const policyOptions = (): DeclaredOption[] => [
  ...runOptions().filter(
    (each) => [POLICY, SECFILTER, PROMISES, VIEW].includes(each.group) && !NO_POLICY.includes(each.name()),
  ),
  option(SHOWN, '--json', 'for programs: a document with a version; docs/policy-tools.md says its fields'),
];
/** Switches that may stand without a value. */
export const bareSwitches = (): string[] =>
  runOptions().flatMap((each) => (each.optional && each.presetArg !== undefined ? [each.long as string] : []));

/** The shapes of a record that is shown. */
export const showOptions = (): DeclaredOption[] => [
  option(SHOWN, '--stats', 'the table that --stats of a run prints'),
  option(SHOWN, '--json', 'for programs: a line of JSON for each entry'),
];

/** What learning is told; `from`: records instead of a run. */
export interface LearnOptions extends RunOptions {
  readonly output: string;
  readonly strict?: true;
  readonly from?: readonly string[];
}

const LEARNING = 'Learning';
/** Of a run those that choose no policy: while it is learned everything is allowed. */
export const learnOptions = (): DeclaredOption[] => [
  option(LEARNING, '-o, --output <file>', 'the ACL file to be written, or added to')
    .argParser(outputFile)
    .completing('file')
    .makeOptionMandatory() as DeclaredOption,
  option(LEARNING, '--from <record>', 'learn from what --record wrote, and run nothing (repeatable)')
    .argParser(gathered)
    .completing('file'),
  option(LEARNING, '--strict', 'keep exact paths, include nothing'),
  ...runOptions().filter(({ group }) => [VIEW, OBSERVE, OTHERS].includes(group)),
];

export const wrapOptions = (): DeclaredOption[] => [
  option(OTHERS, '-o, --output <file>', 'the script to be written')
    .completing('file')
    .makeOptionMandatory() as DeclaredOption,
];

/** The shapes of a listing of calls. The families are those of src/syscalls/table.ts, which a run need not load. */
export const syscallsOptions = (): DeclaredOption[] => [
  option(SHOWN, '--by <mechanism>', 'only calls that are dealt with so').choices([
    'native',
    'answered',
    'delegated',
    'decided',
    'carrier',
    'denied',
  ]),
  option(SHOWN, '--family <family>', 'only calls of this family').choices([
    'births',
    'denied',
    'descriptors',
    'files',
    'identity',
    'ipc',
    'memory',
    'mqueue',
    'multiplexed',
    'net',
    'own',
    'processes',
    'signals',
    'time',
    'timers',
    'xattrs',
  ]),
  option(SHOWN, '--json', 'for programs: a document with a version; docs/syscalls.md says its fields'),
];
