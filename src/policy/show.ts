/** Rules as one ACL file, each with the place that it comes from: what it decides when it is loaded is what they decide. */
import { errnoName } from '../abi/errno.js';
import type { Rule } from '../questions.js';
import { compile } from './compile.js';
import { verdictText } from './question-text.js';
import type { AclRule } from './rules.js';
import { quoted } from './suggest.js';

const origin = ({ file, line, column }: Rule): string => `# ${quoted(file).slice(1, -1)}:${line}:${column}`;
const why = (rule: Rule): string => (rule.why === undefined ? '' : `, why: ${quoted(rule.why)}`);

/** An entry of `files`, `network` or `names`; undefined for what stands elsewhere. */
function entryOf(rule: AclRule): string | undefined {
  switch (rule.kind) {
    case 'grant':
      return `${rule.access}: [${quoted(rule.glob.text)}]`;
    case 'deny': {
      const access = rule.rule.text.startsWith('deny /') ? '' : `, access: [${rule.accesses.join(', ')}]`;
      return `deny: [${quoted(rule.glob.text)}], errno: ${errnoName(rule.errno)}${access}`;
    }
    case 'inet':
      return `${rule.action}: [${quoted(rule.endpoint.text)}]`;
    case 'unix':
      return `unix: [${quoted(rule.glob.text)}]`;
    case 'family':
      return `families: [${rule.family}]`;
    case 'name':
      return `space: ${rule.space}, names: [${quoted(rule.glob.text)}]`;
    case 'syscall':
    case 'no-network':
      return undefined;
  }
}

const SECTIONS: Readonly<Record<'files' | 'network' | 'names', readonly AclRule['kind'][]>> = {
  files: ['deny', 'grant'],
  network: ['inet', 'unix', 'family'],
  names: ['name'],
};

function section(rules: readonly AclRule[], name: keyof typeof SECTIONS): string[] {
  const lines = rules
    .filter(({ kind }) => SECTIONS[name].includes(kind))
    .map((one) => `  - { ${entryOf(one)}${why(one.rule)} } ${origin(one.rule)}`);
  return lines.length === 0 ? [] : [`${name}:`, ...lines];
}

/** Of several rules for one call, the one that holds. */
function syscalls(rules: readonly AclRule[]): string[] {
  const lines = [...compile(rules).syscallVerdicts()].map(([name, decision]) => {
    const { verdict, rule } = decision;
    const said =
      verdict.verdict === 'deny'
        ? `deny: ${errnoName(verdict.errno)}`
        : verdict.verdict === 'return'
          ? `return: ${verdict.value}`
          : `verdict: ${verdictText(decision)}`;
    return rule === null ? `  ${name}: { ${said} }` : `  ${name}: { ${said}${why(rule)} } ${origin(rule)}`;
  });
  return lines.length === 0 ? [] : ['syscalls:', ...lines];
}

/** An ACL file without includes, in ASCII. */
export function policyText(rules: readonly AclRule[]): string {
  const network = section(rules, 'network');
  const none = rules.find(({ kind }) => kind === 'no-network');
  const lines = [
    ...section(rules, 'files'),
    ...syscalls(rules),
    ...(network.length === 0 && none !== undefined ? [`network: none ${origin(none.rule)}`] : network),
    ...section(rules, 'names'),
  ];
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`;
}
