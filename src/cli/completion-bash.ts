/** The script for bash: it needs nothing of the package bash-completion, and uses it for the program's own words. */
import type { Model, OptionModel } from './completion.js';

const words = (list: readonly string[]): string => `__sandbox_words '${list.join(' ')}'`;

function valueOf({ completes }: OptionModel): string {
  if (completes === 'file') return '__sandbox_files -f';
  if (completes === 'directory') return '__sandbox_files -d';
  return completes === 'nothing' ? ':' : words(completes);
}

/** The `case` arms for the values of options; an optional one stands only behind "=". */
function values(options: readonly OptionModel[], indent: string): string {
  return options
    .filter(({ value }) => value !== 'none')
    .map((option) => {
      const patterns = option.names.flatMap((name) =>
        option.value === 'optional' ? [`${name}=`] : [name, `${name}=`],
      );
      return `${indent}${patterns.join(' | ')}) ${valueOf(option)} ;;\n`;
    })
    .join('');
}

function place(name: string, options: readonly OptionModel[], more: readonly string[]): string {
  const names = options.flatMap((option) => option.names);
  return `    ${name})
      case $before in
${values(options, '        ')}        *) ${words([...names, ...more])} ;;
      esac
      ;;
`;
}

export const bashScript = ({
  options,
  commands,
}: Model): string => `# bash completion of sandbox: source <(sandbox completion bash)

__sandbox_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
__sandbox_files() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
  compopt -o filenames 2>/dev/null
}
__sandbox_program() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif [[ $COMP_CWORD == "$1" && $cur != */* ]]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  else
    __sandbox_files -f
  fi
}

_sandbox() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command=run i
  COMPREPLY=()
  # "=" is a word of its own, unless it was taken out of COMP_WORDBREAKS.
  if [[ $cur == = ]]; then
    before=$before= cur=''
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}=
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --)
        __sandbox_program $((i + 1))
        return
        ;;
      ${commands.map(({ name }) => name).join(' | ')})
        if [[ $command == run ]]; then command=\${COMP_WORDS[i]}; fi
        ;;
    esac
  done
  case $command in
${place('run', options, [
  '--',
  ...commands.map(({ name }) => name),
])}${commands.map(({ name, options: own, words: behind }) => place(name, own, behind)).join('')}  esac
}
complete -F _sandbox sandbox
`;
