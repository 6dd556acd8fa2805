/** docs/syscalls.md, made from the rows. */
import { type CallDescription, describeCalls, FORMAT, MECHANISMS } from './describe-call.js';

const INTRO = `# System calls

Every call of the i386 table and what becomes of it, made from the rows in \`src/syscalls\` by \`npm run gen\`.
\`./sandbox syscalls NAME\` shows one call with all its flags, \`./sandbox syscalls --json\` all of this for programs.

A rule for the call's name in \`syscalls:\` of an ACL file comes before all of it. Then, as the column *how* says:
`;

const cell = (text: string): string => text.replaceAll('|', '\\\\|');

const ARROW = { in: '', out: ' ←', inout: ' ↔' } as const;
const NAMES_SHOWN = 3;

function argument({ name, direction, text, names }: CallDescription['arguments'][number]): string {
  const some =
    names === undefined ? '' : ` ${names.slice(0, NAMES_SHOWN).join(', ')}${names.length > NAMES_SHOWN ? ' …' : ''}`;
  return `\`${name}\`${ARROW[direction]} ${text}${some}`;
}

const asked = ({ asks }: CallDescription): string =>
  asks.map(({ argument: name, what }) => (name === undefined ? what : `\`${name}\`: ${what}`)).join('; ');

const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

function row(call: CallDescription): string {
  const { name, number, mechanism, errno, why } = call;
  const last = errno === undefined ? asked(call) : `${errno}: ${why}`;
  return line([String(number), `\`${name}\``, mechanism, call.arguments.map(argument).join('<br>'), last]);
}

const HEAD = '| number | call | how | arguments | asks, or why it is refused |\n|---|---|---|---|---|';

function section(title: string, calls: readonly CallDescription[]): string {
  return `\n## ${title}\n\n${HEAD}\n${calls.map(row).join('\n')}\n`;
}

const SUB_HEAD = '| number | call | judged and made as |\n|---|---|---|';

/** What a sub-call leaves out of the row that it runs is 0. */
function subRow({ name, carried, arguments: given }: CallDescription): string {
  const some = name === carried?.runs ? '' : ` of ${given.map((a) => `\`${a.name}\``).join(', ')}`;
  return line([String(carried?.number), `\`${name}\``, `\`${carried?.runs}\`${given.length === 0 ? '' : some}`]);
}

function subSection(name: string, calls: readonly CallDescription[]): string {
  return `\n## Sub-calls of ${name}\n\n${SUB_HEAD}\n${calls.map(subRow).join('\n')}\n`;
}

const JSON_FORM = `
## The JSON document

\`./sandbox syscalls --json\` prints \`{ "version": ${FORMAT}, "calls": [ … ] }\`. The version is raised when a field goes or changes
its meaning; new fields come without. Names, \`--by\` and \`--family\` choose calls as they do for text. Fields of a call:

| field | type | what |
|---|---|---|
| \`name\` | text | as the kernel has it; a sub-call by its own name (\`accept\`, \`send\` …) |
| \`number\` | number | in eax; of a sub-call the carrier's |
| \`carried\` | object, of sub-calls only | \`by\` (the carrier), \`number\` (of the sub-call), \`runs\` (the call that it is judged and made as) |
| \`family\` | text | a section of this page |
| \`mechanism\` | text | ${Object.keys(MECHANISMS)
  .map((name) => `\`${name}\``)
  .join(', ')} |
| \`arguments\` | list | in register order, see below |
| \`returns\` | text | \`int\`, \`fd\`, \`count\`, \`address\`, \`void\` |
| \`asks\` | list | of \`{ argument?, what }\`: what the policy is asked beside the call's name |
| \`errno\`, \`why\` | text, of denied calls only | the error and its reason |

Fields of an argument: \`name\`; \`kind\` (\`value\`, \`descriptor\`, \`path\`, \`text\`, \`bytes\`, \`struct\`, \`words\`, \`iovec\`, \`address\`,
\`message\`, \`descriptor set\`, \`signal set\`, \`choice\`, \`unused\`); \`direction\` (\`in\`, \`out\`, \`inout\`: who writes it); \`text\` (all of it in words); and where they apply \`length\` (\`bytes\`, or the value of \`argument\`
\`times\` so many bytes, \`most\` as the limit), \`struct\` (its name), \`from\` (the descriptor that a path starts at), \`names\`
(of bits and values), \`optional\` (null is allowed), and of a choice\n\`on\` (the argument that it depends on) and \`alternatives\` (\`when\`, names of that argument's values, and \`text\`).
`;

/** The whole page. Sub-calls stand in a section of their carrier. */
export function markdownOfCalls(): string {
  const calls = describeCalls();
  const legend = Object.entries(MECHANISMS).map(([name, text]) => `- *${name}*: ${text}.`);
  const families = [...new Set(calls.map(({ family }) => family))].sort();
  const carriers = [...new Set(calls.flatMap(({ carried }) => carried?.by ?? []))];
  return [
    INTRO,
    legend.join('\n'),
    '\nAn argument marked ← is written, one marked ↔ read and written; what stands without is read.\n',
    ...families.map((family) =>
      section(
        family,
        calls.filter((call) => call.family === family && call.carried === undefined),
      ),
    ),
    ...carriers.map((name) =>
      subSection(
        name,
        calls.filter(({ carried }) => carried?.by === name),
      ),
    ),
    JSON_FORM,
  ]
    .join('\n')
    .replace(/\n{3,}/g, '\n\n');
}
