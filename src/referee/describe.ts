/** Questions and rules in words, for the log. */
import { printable } from '../abi/bytes.js';
import type { Question, Rule } from '../questions.js';

export function describeQuestion(q: Question): string {
  switch (q.ask) {
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

export function describeRule(rule: Rule | null): string {
  if (rule === null) return 'default: no rule names it';
  const why = rule.why === undefined ? '' : ` (${rule.why})`;
  return `${rule.file}:${rule.line}:${rule.column}: ${rule.text}${why}`;
}
