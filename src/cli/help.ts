/** The help: options under the headings that they were declared with, then examples. */
import { type Command, Help, type Option } from 'commander';
import { DeclaredOption, OTHERS } from './options.js';

function byGroup(options: readonly Option[]): [name: string, options: Option[]][] {
  const groups = new Map<string, Option[]>();
  for (const option of options) {
    const name = option instanceof DeclaredOption ? option.group : OTHERS;
    groups.set(name, [...(groups.get(name) ?? []), option]);
  }
  return [...groups].sort(([a], [b]) => Number(a === OTHERS) - Number(b === OTHERS));
}

/** A value that may be left out must be joined by "=". */
const optionTerm = (option: Option): string => option.flags.replace(/ \[(.*)\]$/, '[=$1]');

/** commander's help has one list of options; it is cut into one a group. */
export function formatHelp(command: Command, helper: Help): string {
  const width = helper.padWidth(command, helper);
  const item = (option: Option): string =>
    helper.formatItem(optionTerm(option), width, helper.optionDescription(option), helper);
  const groups = byGroup(helper.visibleOptions(command));
  const listed = groups.map(([name, options]) => `${name}:\n${options.map(item).join('\n')}\n`).join('\n');
  const rest = Object.assign(Object.create(helper) as Help, { visibleOptions: () => [] });
  const whole = Help.prototype.formatHelp.call(rest, command, rest);
  const commands = whole.search(/^Commands:$/m);
  return commands < 0 ? `${whole}\n${listed}` : `${whole.slice(0, commands)}${listed}\n${whole.slice(commands)}`;
}

export const RUN_HELP = `
A program always follows "--". Without --acl the shipped default.yaml judges.

Examples:
  ./sandbox -- /usr/bin/python                     an i386 Python under strict mode
  ./sandbox --acl acl/demo.yaml -- /usr/bin/python the demo's policy: /secret is refused
  ./sandbox --no-acl -d INFO -- ls -l /            allow all, log every call
  ./sandbox --trace=calls.txt --stats -- ls        each call in calls.txt, a table at the end
  ./sandbox syscalls openat                        what becomes of a call, and what it asks
  ./sandbox explain acl/demo.yaml open /secret/x   what a policy says, and by which rule

Exit status:
  the program's own; 128+n when signal n ended it (137: killed for a raw system call, 159: killed by the policy);
  1 no arguments, or a command says no; 125 the sandbox itself failed, or was called wrongly; 126 not runnable; 127 not found.

More: man docs/man/sandbox.1, man docs/man/sandbox-acl.5`;

export const SYSCALLS_HELP = `
Without a name: a line a call. A call in another (socketcall, ipc) has two numbers: 102.3 is connect.
native     the program makes it itself            decided  refused, answered or made, by its arguments
answered   the helper gives the answer            carrier  it carries other calls, which are judged
delegated  checked, then made in the process      denied   refused always, with an error and a reason

Examples:
  ./sandbox syscalls openat connect     all about these two
  ./sandbox syscalls --by denied        what no program gets, and why
  ./sandbox syscalls --json | jq '.calls[] | select(.family == "net") | .name'`;

export const SHOW_HELP = `
A line a call, as --trace has it, between two lines that say what was run and how it ended.

Examples:
  ./sandbox --record=run.rec -- ls        record a run
  ./sandbox show run.rec                  its calls, with verdicts and times
  ./sandbox show --json run.rec | jq 'select(.is == "call" and .mechanism == "denied") | .name'`;

export const WRAP_HELP = `
SECCOMP_SYSCALL_ALLOW, SECCOMP_SYSCALL_DENY and SECCOMP_DEFAULT_ACTION are written into the script if they are set.

Examples:
  SECCOMP_SYSCALL_DENY=execve ./sandbox wrap /usr/bin/python -o python    a Python that executes nothing
  ./python -c 'print(1)'                                                  runs it`;

export const EXPLAIN_HELP = `
A question is one of
  read|write|create|execute|stat PATH     open PATH is read, exec PATH is execute
  connect|bind|send ADDRESS:PORT          127.0.0.1:80, [::1]:80
  unix PATH|@NAME, socket FAMILY [TYPE], name SPACE NAME, relabel FROM TO
  syscall NAME [ARGUMENT=VALUE]...        syscall openat flags=O_WRONLY; arguments that are not told are 0
Options are those of a run; SECCOMP_SYSCALL_ALLOW and its like count as well. Paths are judged as they are written: nobody looks whether one is a symlink.

Examples:
  ./sandbox explain acl/demo.yaml open /secret/password
  ./sandbox explain a.yaml b.yaml connect 192.0.2.1:443
  ./sandbox explain --read-only --allow-write /tmp write /etc/motd
  ./sandbox explain syscall mount

Exit status: 0 it is allowed (or answered), 1 it is refused, 125 the question or a file is wrong.`;

export const CHECK_HELP = `
Examples:
  ./sandbox check acl/*.yaml

Exit status: 0 all files load and their tests hold, 1 they do not.`;

export const POLICY_HELP = `
show [OPTION] [FILE...]  the policy of a run with these options as one ACL file, each rule with where it comes from
test FILE RECORD...      what FILE would refuse of what was asked in recorded runs; nothing is run
diff OLD NEW RECORD...   the questions of recorded runs whose verdict flips
lint FILE [RECORD...]    rules that are shadowed, too wide or dangerous; with records also those that were not used
schema                   the JSON schema of ACL files, for editors

Examples:
  ./sandbox --record=run.rec --acl old.yaml -- ls && ./sandbox policy test new.yaml run.rec
  ./sandbox policy show --acl acl/demo.yaml --read-only --pledge "stdio rpath" >merged.yaml

Exit status: 0 nothing found; 1 test: what was allowed would be refused, diff: a verdict flips, lint: a warning;
125 a file is wrong.`;

export const LEARN_HELP = `
An ACL file that is there is added to: what stands in it stays, and what it allows is not learned again.

Examples:
  ./sandbox learn -o prog.yaml -- /usr/bin/python3 prog.py       learn, then read prog.yaml
  ./sandbox --acl prog.yaml -- /usr/bin/python3 prog.py          run with it
  ./sandbox learn -o prog.yaml --from a.rec --from b.rec         learn from what --record wrote

Exit status: that of the program; 125 when the file cannot be written.`;

export const COMPLETION_HELP = `
Examples:
  source <(./sandbox completion bash)                                      in bash, for this session
  ./sandbox completion zsh >~/.zfunc/_sandbox                              in zsh, with ~/.zfunc in fpath
  ./sandbox completion fish >~/.config/fish/completions/sandbox.fish       in fish`;
