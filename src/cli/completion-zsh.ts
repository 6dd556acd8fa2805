/** The script for zsh, by its _arguments. */
import type { Model, OptionModel } from './completion.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

function valueOf({ completes }: OptionModel): string {
  if (completes === 'file') return 'file:_files';
  if (completes === 'directory') return 'directory:_files -/';
  return completes === 'nothing' ? 'value: ' : `value:(${completes.join(' ')})`;
}

function specs(option: OptionModel): string[] {
  const text = `[${escaped(option.description)}]`;
  return option.names.map((name) => {
    if (option.value === 'none') return quoted(`*${name}${text}`);
    if (option.value === 'optional') return quoted(`*${name}=-${text}::${valueOf(option)}`);
    return quoted(`*${name}${name.startsWith('--') ? '=' : '+'}${text}:${valueOf(option)}`);
  });
}

const listed = (lines: readonly string[]): string => lines.map((line) => ` \\\n        ${line}`).join('');

export const zshScript = ({ options, commands }: Model): string => `#compdef sandbox
# zsh completion of sandbox: source <(sandbox completion zsh), or put it into a directory of fpath as _sandbox

_sandbox() {
  local dashes=\${words[(i)--]} command=\${words[(r)(${commands.map(({ name }) => name).join('|')})]}
  if ((dashes < CURRENT)); then
    shift $dashes words
    ((CURRENT -= dashes))
    _normal
    return
  fi
  # The word at hand is no command yet.
  if [[ $command == \${words[CURRENT]} ]]; then command=; fi
  case $command in
${commands
  .map(
    ({ name, options: own, words }) => `    ${name})
      _arguments${listed([...own.flatMap(specs), quoted(`*:word:(${[name, ...words].join(' ')})`)])}
      ;;
`,
  )
  .join('')}    *)
      local -a commands=(${listed([
        quoted('--:a program follows'),
        ...commands.map(({ name, summary }) => quoted(`${name}:${escaped(summary)}`)),
      ])}
      )
      _arguments${listed([...options.flatMap(specs), quoted('*: :->command')])}
      if [[ $state == command ]]; then _describe -t commands command commands; fi
      ;;
  esac
}

if [[ $funcstack[1] == _sandbox ]]; then
  _sandbox "$@"
else
  compdef _sandbox sandbox
fi
`;
