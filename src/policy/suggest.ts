/** The smallest rule that would allow what was refused, as a line of an ACL file. */
import type { Access, ByteString, Decision, Judge, Question, RelabelQuestion } from '../questions.js';
import { literalPattern, parseGlob, parseNameGlob } from './glob.js';
import { Problem } from './problem.js';
import { ACCESSES, FAMILIES } from './words.js';

/** `rule` belongs into the list `section` of an ACL file: `- { read: ["/etc/motd"] }`. */
export interface Suggestion {
  readonly section: 'files' | 'network' | 'names';
  readonly rule: string;
}

/** Text of a YAML flow scalar, in ASCII: what would steer a terminal is written as an escape. */
export const quoted = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A pattern that matches these bytes alone; what no UTF-8 can say stands by its numbers. */
export function patternOf(bytes: ByteString): string {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const numbers = (part: ByteString): string => part.replace(/[^]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
  // By the longest runs that are UTF-8: a byte that starts none stands for itself.
  return bytes.replace(
    /[\x01-\x7f]+|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[^]/g,
    (part) => {
      try {
        return part === '\0' ? '?' : literalPattern(text.decode(Buffer.from(part, 'latin1')));
      } catch {
        return numbers(part);
      }
    },
  );
}

/** undefined: no rule can (a rule refuses it, which no other can take back), or the language cannot say it. */
export function suggest(
  question: Question | RelabelQuestion,
  decision: Decision,
  judge: Judge,
): Suggestion | undefined {
  try {
    return isUnlisted(decision) || question.ask === 'relabel' ? ruleFor(question, judge) : undefined;
  } catch (error) {
    if (error instanceof Problem) return undefined; // such as a path of more components than a pattern has
    throw error;
  }
}

/** Nothing lists it; `network: none` and `otherwise` only say so. */
const isUnlisted = ({ rule }: Decision): boolean =>
  rule === null || rule.unlisted === true || rule.text === 'network: none';

function ruleFor(question: Question | RelabelQuestion, judge: Judge): Suggestion | undefined {
  switch (question.ask) {
    case 'syscall':
      return undefined;
    case 'path':
      return { section: 'files', rule: grant([question.access], question.path) };
    case 'relabel':
      return relabelling(question, judge);
    case 'socket':
      return family(question.family);
    case 'unix':
      return network('unix', pathPattern(question.path));
    case 'name':
      return question.space === 'family' && FAMILIES.includes(question.name)
        ? family(question.name)
        : { section: 'names', rule: `- { space: ${question.space}, names: [${quoted(namePattern(question.name))}] }` };
    default: {
      const address = question.address.replace(/%.*$/s, '');
      return network(question.ask, `${question.family === 'inet6' ? `[${address}]` : address}:${question.port}`);
    }
  }
}

const network = (key: string, value: string): Suggestion => ({
  section: 'network',
  rule: `- { ${key}: [${quoted(value)}] }`,
});
const family = (name: string): Suggestion | undefined =>
  FAMILIES.includes(name) ? { section: 'network', rule: `- { families: [${name}] }` } : undefined;

function grant(accesses: readonly Access[], path: ByteString): string {
  const pattern = quoted(pathPattern(path));
  return `- { ${accesses.map((access) => `${access}: [${pattern}]`).join(', ')} }`;
}

/** What the new name gives must be given to the old one. Of directories the policy cannot be asked for all below. */
function relabelling({ from, to, directory }: RelabelQuestion, judge: Judge): Suggestion | undefined {
  if (directory) return undefined;
  const said = (access: Access, path: ByteString): Decision => judge.decide({ ask: 'path', access, path });
  const more = ACCESSES.filter(
    (access) =>
      access !== 'stat' &&
      said(access, to).verdict.verdict === 'allow' &&
      said(access, from).verdict.verdict !== 'allow',
  );
  return more.length > 0 && more.every((access) => isUnlisted(said(access, from)))
    ? { section: 'files', rule: grant(more, from) }
    : undefined;
}

/** @throws Problem */
function pathPattern(path: ByteString): string {
  const pattern = patternOf(path);
  parseGlob(pattern);
  return pattern;
}

/** @throws Problem */
function namePattern(name: ByteString): string {
  const pattern = patternOf(name);
  parseNameGlob(pattern);
  return pattern;
}
