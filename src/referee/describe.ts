/** Questions and rules in words, for the log. */
import { printable } from '../abi/bytes.js';
import type { Question, RelabelQuestion, Rule } from '../questions.js';

export function describeQuestion(q: Question | RelabelQuestion): string {
  switch (q.ask) {
    case 'relabel':
      return `"${printable(q.to)}" would grant more than "${printable(q.from)}"`;
    case 'syscall':
      return q.name;
    case 'path':
      return `${q.access} "${printable(q.path)}"`;
    case 'socket':
      return `socket of family ${q.family}, type ${q.type}`;
    case 'unix':
      return `${q.action} to unix socket "${printable(q.path)}"`;
    case 'name':
      return `${q.space} name "${printable(q.name)}"`;
    default:
      return `${q.ask} ${q.family === 'inet6' ? `[${q.address}]` : q.address}:${q.port}`;
  }
}

/** `acl/demo.yaml:5:5`; of a rule that stands in no file, what the user gave: `--read-only`. */
export const placeOfRule = ({ file, line, column }: Rule): string => (line === 0 ? file : `${file}:${line}:${column}`);

export function describeRule(rule: Rule | null): string {
  if (rule === null) return 'default: no rule names it';
  const why = rule.why === undefined ? '' : ` (${rule.why})`;
  return `${placeOfRule(rule)}: ${rule.text}${why}`;
}
