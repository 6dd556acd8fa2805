/** `./sandbox completion SHELL`: a script, made from the declared options. */
import type { Command, Option } from 'commander';
import { describeCalls } from '../syscalls/describe-call.js';
import { bashScript } from './completion-bash.js';
import { fishScript } from './completion-fish.js';
import { zshScript } from './completion-zsh.js';
import { VERBS } from './explain.js';
import { type Completes, DeclaredOption } from './options.js';
import type { Shell } from './shells.js';

export interface OptionModel {
  /** As typed: `-d`, `--debug`. */
  readonly names: readonly string[];
  readonly description: string;
  /** optional: only behind "=". */
  readonly value: 'none' | 'required' | 'optional';
  readonly completes: Completes;
}
export interface CommandModel {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionModel[];
  /** What may stand behind it. */
  readonly words: readonly string[];
}
export interface Model {
  readonly options: readonly OptionModel[];
  readonly commands: readonly CommandModel[];
}

const optionModel = (option: Option): OptionModel => ({
  names: [option.short, option.long].flatMap((name) => name ?? []),
  description: option.description,
  value: option.required ? 'required' : option.optional ? 'optional' : 'none',
  completes: option.argChoices ?? (option instanceof DeclaredOption ? option.completes : 'nothing'),
});

const optionsOf = (command: Command): OptionModel[] => command.createHelp().visibleOptions(command).map(optionModel);

/** What a command's own declaration does not list. */
const WORDS: Readonly<Record<string, (root: Command) => readonly string[]>> = {
  syscalls: () => [...new Set(describeCalls().map(({ name }) => name))].sort(),
  explain: () => [...VERBS],
  help: (root) => root.commands.map((command) => command.name()),
};

export function modelOf(root: Command): Model {
  const commands = root.createHelp().visibleCommands(root);
  return {
    options: optionsOf(root),
    commands: commands.map((command) => ({
      name: command.name(),
      summary: command.summary() || command.description(),
      options: optionsOf(command),
      words: WORDS[command.name()]?.(root) ?? command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    })),
  };
}

const SCRIPTS: Readonly<Record<Shell, (model: Model) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const completionScript = (shell: Shell, root: Command): string => SCRIPTS[shell](modelOf(root));
