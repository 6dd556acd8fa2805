/** The tables of docs/pledge.md, made from the promises. */
import { compiled, type Compiled } from './compiled.js';
import { ALWAYS, PROMISES, STARTING, type Grants } from './promises.js';

const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(' ');

function paths({ paths: granted = [] }: Grants, own: Compiled): string[] {
  return granted.map(({ access, calls, at }) => {
    const where = at === undefined ? 'every path' : code(at);
    const by =
      calls === undefined || own.all.size === calls.split(' ').length ? '' : `, by ${code(calls.split(' '))} alone`;
    return `**${access.join(', ')}** of ${where}${by}`;
  });
}

function others({ sockets, ports, unix, names, gently, passes }: Grants): string[] {
  return [
    ...Object.entries(sockets ?? {}).map(([family, types]) => `**sockets** ${family}: ${types.join(', ')}`),
    ...(ports === undefined ? [] : [`**ports** ${ports === 'all' ? 'all' : ports.join(', ')}`]),
    ...(unix === undefined ? [] : [`**unix sockets** ${code(unix)}`]),
    ...Object.entries(names ?? {}).map(([space, list]) => `**${space}** ${list === 'all' ? 'all' : code(list)}`),
    ...Object.entries(gently ?? {}).map(
      ([space, list]) => `**${space}** ${list === 'all' ? 'all' : code(list)}: EACCES instead of a violation`,
    ),
    ...(passes ? ['**SCM_RIGHTS** may be sent'] : []),
  ];
}

function section(title: string, grants: Grants, own: Compiled): string {
  const conditions = Object.entries(grants.when ?? {}).map(([name, { text }]) => `- \`${name}\` when ${text}`);
  const more = [...paths(grants, own), ...others(grants)].map((line) => `- ${line}`);
  const lines = [
    `### ${title}`,
    `${grants.what[0].toUpperCase()}${grants.what.slice(1)}.`,
    ...(own.calls.size === 0 ? [] : [`Calls: ${code([...own.calls])}`]),
    ...(conditions.length === 0 ? [] : [conditions.join('\n')]),
    ...(more.length === 0 ? [] : [more.join('\n')]),
    ...(grants.linux === undefined ? [] : [`*On Linux:* ${grants.linux}.`]),
  ];
  return lines.join('\n\n');
}

/** A section for each promise, and for what goes without. */
export function markdownOfPromises(): string {
  const { promises, always, starting } = compiled();
  const sections = [...promises].map(([name, own]) => section(name, PROMISES[name], own));
  return `\n${[
    section('Always', ALWAYS, always),
    section('Until main, in programs that are executed', STARTING, starting),
    ...sections,
  ].join('\n\n')}\n\n`;
}
