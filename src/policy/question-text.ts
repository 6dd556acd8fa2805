/**
 * Questions in words, as `tests:` of ACL files, `./sandbox explain` and the examples of documents have them:
 * `read /etc/motd`, `connect 127.0.0.1:80`, `socket inet stream`, `syscall mkdir`, `name sysv shm:0x1`.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { errnoName } from '../abi/errno.js';
import type { ByteString, Decision, NameQuestion, Question, RelabelQuestion, SocketQuestion } from '../questions.js';
import { Problem } from './problem.js';
import { ACCESSES, FAMILIES, NAME_SPACES } from './words.js';

type Asked = Question | RelabelQuestion;

const TYPES = ['stream', 'dgram', 'seqpacket', 'raw', 'other'] as const;

/** The words, by what they ask; `explain` prints them when one is unknown. */
export const FORMS = [
  `${ACCESSES.join('|')} PATH`,
  'connect|bind|send ADDRESS:PORT',
  'unix PATH',
  'socket FAMILY [TYPE]',
  'name SPACE NAME',
  'syscall NAME',
  'relabel FROM TO',
] as const;

const isOneOf = <T extends string>(words: readonly T[], word: string): word is T =>
  (words as readonly string[]).includes(word);

const bad = (what: string, must: string): Problem => new Problem(what, must);
const toBytes = (text: string): ByteString => Buffer.from(text, 'utf8').toString('latin1');

/** A canonical path: what is judged has no symlink in it, either, but nobody looks. */
function path(text: string | undefined): ByteString {
  if (text === undefined || !/^\/$|^(\/(?!\.{0,2}(\/|$))[^/\0]+)+$/.test(text))
    throw bad(`bad path (${JSON.stringify(text ?? '')})`, 'must be absolute, without ".", ".." and "//"');
  return toBytes(text);
}

function oneOf<T extends string>(words: readonly T[], word: string | undefined): T {
  if (word === undefined || !isOneOf(words, word))
    throw bad(`bad word (${JSON.stringify(word ?? '')})`, `must be one of ${words.join(', ')}`);
  return word;
}

/** `127.0.0.1:80`, `[::1]:80`, or address and port apart. */
function inet(ask: 'connect' | 'bind' | 'send', first = '', second?: string): Question {
  const joined = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(first);
  const address = second === undefined ? (joined?.[1] ?? joined?.[2] ?? '') : first.replace(/^\[(.*)\]$/, '$1');
  const port = second ?? joined?.[3] ?? '';
  const family = isIPv4(address) ? 'inet' : isIPv6(address) ? 'inet6' : undefined;
  if (family === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 0xffff)
    throw bad(
      `bad address (${JSON.stringify([first, second].join(' ').trim())})`,
      'must be as 127.0.0.1:80 or [::1]:80',
    );
  return { ask, family, address, port: Number(port) };
}

/** The words of a text; a name may have blanks in it. @throws Problem */
export function questionOf(text: string): Asked {
  const [word, ...rest] = text.trim().split(/ +/);
  const isName = isOneOf(ACCESSES, word) || word === 'unix';
  return questionOfWords(isName ? [word, text.trim().slice(word.length).trimStart()] : [word, ...rest]);
}

/** @throws Problem that says the bad word and what it must be */
export function questionOfWords([word = '', ...rest]: readonly string[]): Asked {
  const [first, second] = rest;
  const [asked, most] = parsed(word, first, second);
  if (rest.length > most) throw bad(`stray word (${JSON.stringify(rest[most])})`, `must not follow "${word} ${first}"`);
  return asked;
}

/** The question, and how many words there may be. */
function parsed(word: string, first?: string, second?: string): [Asked, number] {
  if (isOneOf(ACCESSES, word)) return [{ ask: 'path', access: word, path: path(first) }, 1];
  switch (word) {
    case 'syscall':
      if (!first) throw bad('missing name', 'must be as "syscall mkdir"');
      return [{ ask: 'syscall', name: first }, 1];
    case 'connect':
    case 'bind':
    case 'send':
      return [inet(word, first, second), 2];
    case 'socket':
      return [
        {
          ask: 'socket',
          family: oneOf(FAMILIES, first),
          type: oneOf<SocketQuestion['type']>(TYPES, second ?? 'stream'),
          protocol: 0,
        },
        2,
      ];
    case 'unix':
      return first?.startsWith('@')
        ? [{ ask: 'name', space: 'abstract', name: toBytes(first.slice(1)) }, 1]
        : [{ ask: 'unix', action: 'connect', path: path(first) }, 1];
    case 'name':
      if (second === undefined) throw bad('missing name', 'must be as "name sysv shm:0x1"');
      return [{ ask: 'name', space: oneOf<NameQuestion['space']>(NAME_SPACES, first), name: toBytes(second) }, 2];
    case 'relabel':
      return [{ ask: 'relabel', from: path(first), to: path(second), directory: false }, 2];
    default:
      throw bad(`bad question (${JSON.stringify(word)})`, `must be one of ${FORMS.join('; ')}`);
  }
}

/** A verdict in one word or two: `allow`, `log`, `EACCES`, `return 0`, `native`, `kill`. */
export function verdictText({ verdict }: Decision): string {
  if (verdict.verdict === 'deny') return errnoName(verdict.errno);
  if (verdict.verdict === 'return') return `return ${verdict.value}`;
  if (verdict.verdict === 'allow') return verdict.log ? 'log' : 'allow';
  return verdict.verdict;
}
