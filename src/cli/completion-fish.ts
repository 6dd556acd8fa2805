/** The script for fish. */
import type { Model, OptionModel } from './completion.js';

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

/** -r: a value must follow; -x: and it is no file. */
function valueOf({ value, completes }: OptionModel): string {
  if (value === 'none') return '';
  if (completes === 'file') return value === 'required' ? ' -r -F' : ' -F';
  if (completes === 'directory') return " -x -a '(__fish_complete_directories)'";
  return completes === 'nothing' ? ' -x' : ` -x -a ${quoted(completes.join(' '))}`;
}

function option(model: OptionModel, condition: string): string {
  const names = model.names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return `complete -c sandbox -n ${quoted(condition)} ${names.join(' ')}${valueOf(model)} -d ${quoted(model.description)}\n`;
}

const RUN = '__sandbox_at run';

export const fishScript = ({
  options,
  commands,
}: Model): string => `# fish completion of sandbox: sandbox completion fish | source

function __sandbox_place
    set -l words (commandline -opc)
    if contains -- -- $words
        echo program
        return
    end
    for word in $words[2..-1]
        if contains -- $word ${commands.map(({ name }) => name).join(' ')}
            echo $word
            return
        end
    end
    echo run
end
function __sandbox_at
    test (__sandbox_place) = $argv[1]
end
function __sandbox_program
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join -- ' ' (string escape -- $words) (commandline -ct))
end

complete -c sandbox -f
complete -c sandbox -n '__sandbox_at program' -a '(__sandbox_program)'
complete -c sandbox -n ${quoted(RUN)} -a -- -d 'a program follows'
${options.map((model) => option(model, RUN)).join('')}${commands
  .map(({ name, summary, options: own, words }) => {
    const here = `__sandbox_at ${name}`;
    const behind = words.length === 0 ? '' : `complete -c sandbox -n ${quoted(here)} -a ${quoted(words.join(' '))}\n`;
    return [
      `\ncomplete -c sandbox -n ${quoted(RUN)} -a ${name} -d ${quoted(summary)}\n`,
      ...own.map((model) => option(model, here)),
      behind,
    ].join('');
  })
  .join('')}`;
