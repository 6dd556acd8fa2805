/**
 * Questions in words, as `tests:` of ACL files, `./sandbox explain` and the examples of documents have them:
 * `read /etc/motd`, `connect 127.0.0.1:80`, `socket inet stream`, `syscall mkdir`, `name sysv shm:0x1`.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { errnoName } from '../abi/errno.js';
import type {
  ByteString,
  Decision,
  NameQuestion,
  Question,
  RelabelQuestion,
  SocketQuestion,
  SyscallQuestion,
} from '../questions.js';
import { rowOf } from '../syscalls/table.js';
import { Problem } from './problem.js';
import { namesOf } from './syscall-lists/names.js';
import { cutVariable, valueOf } from './variables.js';
import { ACCESSES, FAMILIES, NAME_SPACES, SOCKET_TYPES } from './words.js';

/** A call with the registers that it is made with. */
export interface CallQuestion extends SyscallQuestion {
  readonly registers: Uint32Array;
}
export type Asked = Question | RelabelQuestion | CallQuestion;

/** The words, by what they ask; `explain` prints them when one is unknown. */
export const FORMS = [
  `${ACCESSES.join('|')} PATH`,
  'connect|bind|send ADDRESS:PORT',
  'unix PATH',
  'socket FAMILY [TYPE]',
  'name SPACE NAME',
  'syscall NAME [ARGUMENT=VALUE]...',
  'relabel FROM TO',
] as const;

const isOneOf = <T extends string>(words: readonly T[], word: string): word is T =>
  (words as readonly string[]).includes(word);

const bad = (what: string, must: string): Problem => new Problem(what, must);
const toBytes = (text: string): ByteString => Buffer.from(text, 'utf8').toString('latin1');

/** A canonical path: what is judged has no symlink in it, either, but nobody looks. */
function path(given: string | undefined): ByteString {
  const cut = cutVariable(given ?? '');
  const text = cut === null ? given : valueOf(cut.variable) + cut.rest;
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

const NUMBER = /^-?(?:0x[0-9a-f]+|\d+)$/i;

/** `flags=O_WRONLY|O_CREAT`, `fd=-1`: arguments by their names, the others 0. */
function call(name: string | undefined, words: readonly string[]): SyscallQuestion | CallQuestion {
  if (!name) throw bad('missing name', 'must be as "syscall mkdir"');
  if (words.length === 0) return { ask: 'syscall', name };
  const row = rowOf(name);
  if (row === undefined) throw bad(`unknown name (${JSON.stringify(name)})`, 'must be the name of an i386 system call');
  const names = namesOf(row);
  const registers = new Uint32Array(6);
  for (const word of words) {
    const [, argument = '', value = ''] = /^(\w+)=(.+)$/.exec(word) ?? [];
    const index = names.argument(argument)?.index;
    if (index === undefined)
      throw bad(`bad argument (${JSON.stringify(word)})`, `must be NAME=VALUE, with one of ${names.all.join(', ')}`);
    registers[index] = value.split('|').reduce((all, one) => {
      const known = NUMBER.test(one)
        ? Number(one.replace('-', '')) * (one.startsWith('-') ? -1 : 1)
        : names.constant(one);
      if (known === undefined || !(known >= -(2 ** 31) && known < 2 ** 32))
        throw bad(`bad value (${JSON.stringify(one)})`, 'must be a number of 32 bits, or a constant of the kernel');
      return (all | known) >>> 0;
    }, 0);
  }
  return { ask: 'syscall', name, registers };
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
  if (word === 'syscall') return call(first, rest.slice(1));
  const [asked, most] = parsed(word, first, second);
  if (rest.length > most) throw bad(`stray word (${JSON.stringify(rest[most])})`, `must not follow "${word} ${first}"`);
  return asked;
}

/** The question, and how many words there may be. */
function parsed(word: string, first?: string, second?: string): [Asked, number] {
  if (isOneOf(ACCESSES, word)) return [{ ask: 'path', access: word, path: path(first) }, 1];
  switch (word) {
    case 'connect':
    case 'bind':
    case 'send':
      return [inet(word, first, second), 2];
    case 'socket':
      return [
        {
          ask: 'socket',
          family: oneOf(FAMILIES, first),
          type: oneOf<SocketQuestion['type']>(SOCKET_TYPES, second ?? 'stream'),
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
  if (verdict.verdict === 'allow') return verdict.alarm ? 'warn' : verdict.log ? 'log' : 'allow';
  return verdict.verdict;
}
