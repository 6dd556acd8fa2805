/** Examples of documents: ACL files in which a line `# => question: answer` tells what becomes of a question. */
import type { Policy } from '../../src/policy/compile.js';
import { decide } from '../../src/policy/decide.js';
import type { Question } from '../../src/questions.js';
import { bytes, say } from './helpers.js';

/** `read /a/b`, `syscall open`, `connect ::1 80`, `socket inet stream`, `unix /a`, `name sysv 0x1` as a question. */
function questionOf(text: string): Question {
  const [word, first, second] = text.split(' ');
  switch (word) {
    case 'syscall':
      return { ask: 'syscall', name: first };
    case 'connect':
    case 'bind':
    case 'send':
      return { ask: word, family: first.includes(':') ? 'inet6' : 'inet', address: first, port: Number(second) };
    case 'socket':
      return { ask: 'socket', family: first, type: second as 'stream', protocol: 0 };
    case 'unix':
      return { ask: 'unix', action: 'connect', path: bytes(first) };
    case 'name':
      return { ask: 'name', space: first as 'sysv', name: bytes(second) };
    case 'read':
    case 'write':
    case 'create':
    case 'execute':
    case 'stat':
      return { ask: 'path', access: word, path: bytes(first) };
    default:
      throw new Error(`no question: ${text}`);
  }
}

/** What a policy says to a question in words. */
export function answer(policy: Policy, question: string): string {
  return say(decide(policy, questionOf(question)));
}

/** The questions that an example tells the answers of. */
export const toldBy = (example: string): { readonly question: string; readonly expected: string }[] =>
  [...example.matchAll(/^# => (.*): ([\w -]+)$/gm)].map(([, question, expected]) => ({ question, expected }));
