/** Paths of evidence → patterns: exact, but for what is another one each time. */
import type { Access, ByteString } from '../../questions.js';
import { parseGlob } from '../glob.js';
import { patternOf } from '../suggest.js';
import type { Evidence, PathSighting } from './evidence.js';
import { idSpan, knownSpan, randomSpan, versionPattern, type Span } from './names.js';
import type { Places } from './places.js';

/** More components no pattern has, with one for `**`. */
const MOST_PARTS = 29;

export interface Pattern {
  readonly pattern: string;
  /** Everything below a directory that the program made for itself. */
  readonly own: boolean;
}

interface Token {
  readonly span: Span;
  readonly directory: boolean;
}

const cut = (path: ByteString): string[] => (path === '/' ? [] : path.replace(/^\//, '').split('/'));
const joined = (directory: string, name: string): string =>
  directory === '' && name.startsWith('${') ? name : `${directory}/${name}`;
export const parentOf = (path: ByteString): ByteString => path.slice(0, path.lastIndexOf('/'));
const lastOf = (path: ByteString): ByteString => path.slice(path.lastIndexOf('/') + 1);

/** The pattern of a path alone. @throws Problem when the language has none */
export function exactPattern(path: ByteString): string {
  const variable = /^\$\{[A-Z]+\}/.exec(path)?.[0] ?? '';
  const pattern = variable + patternOf(path.slice(variable.length));
  parseGlob(pattern);
  return pattern;
}

/** Files of /proc that tell no secrets of other processes. */
const OPEN_OF_PROCESSES = /^(?:stat|statm|status|cmdline|comm|cgroup|task|loginuid|sessionid)$/;

/** What of a path of /proc is a number of a process, a thread or a descriptor. */
function procPattern(parts: readonly string[]): (string | null)[] {
  const [, process, what] = parts;
  const number = (text: string | undefined): boolean => text !== undefined && /^[0-9]+$/.test(text);
  return parts.map((part, i) => {
    if (!number(part)) return null;
    if (i === 1) return what === undefined || OPEN_OF_PROCESSES.test(what) ? '[0-9]*' : null;
    const own = process === 'self' || process === 'PID' || number(process);
    return i === 3 && own && (what === 'task' || (process === 'self' && /^fd(?:info)?$/.test(what))) ? '*' : null;
  });
}

export class Patterns {
  /** Those that match more than was asked. */
  readonly wider = new Set<string>();
  private readonly tokens = new Map<string, Token>();
  /** Names that the program changed: versions of its own files are not for others. */
  private readonly changed = new Set<ByteString>();

  constructor(
    evidence: Evidence,
    paths: readonly PathSighting[],
    private readonly places: Places,
    private readonly strict: boolean,
  ) {
    if (strict) return;
    for (const { question, made, gone } of paths) {
      const { access, path } = question;
      if (access !== 'write' && access !== 'create') continue;
      this.changed.add(path);
      if (made === undefined || cut(path).length > MOST_PARTS) continue;
      const [parent, name, directory] = [parentOf(path), lastOf(path), made === 'directory'];
      const inTemporary = this.places.isTemporary(exactPattern(path));
      const passing = gone && made !== 'somehow';
      const how = { inTemporary, directory, passing, exclusive: made === 'exclusively' };
      const span = knownSpan(name) ?? idSpan(name, evidence.ids) ?? randomSpan(name, how);
      if (span === null) continue;
      const key = `${parent}/${name.slice(0, span.end)}`;
      this.tokens.set(key, { span, directory: directory || this.tokens.get(key)?.directory === true });
    }
  }

  /** @throws Problem when the language has none */
  of(path: ByteString, access: Access): Pattern {
    const found = this.find(path, access);
    if (found.own || found.pattern !== exactPattern(path)) this.wider.add(found.pattern);
    return found;
  }

  private find(path: ByteString, access: Access): Pattern {
    if (this.strict || cut(path).length > MOST_PARTS) return { pattern: exactPattern(path), own: false };
    const parts = cut(path);
    const numbers = parts[0] === 'proc' ? procPattern(parts) : [];
    const versioned = access !== 'write' && access !== 'create' && this.places.isVersioned(exactPattern(path));
    let [raw, pattern] = ['', ''];
    for (const [i, name] of parts.entries()) {
      const token = this.tokenOf(raw, name);
      raw = joined(raw, name);
      if (token !== null) {
        const { span, directory } = token;
        const [before, after] = [name.slice(0, span.start), name.slice(span.end)];
        pattern = joined(pattern, patternOf(before) + span.pattern + patternOf(after));
        if (directory && access !== 'execute') return { pattern: `${pattern}/**`, own: true };
        continue;
      }
      const version = versioned && !this.changed.has(raw) ? versionPattern(name) : null;
      const plain = i === 0 && name.startsWith('${') ? name : patternOf(name);
      pattern = joined(pattern, numbers[i] ?? version ?? plain);
    }
    return this.harmless(pattern === '' ? '/' : pattern, path, access);
  }

  /** Its longest start that is a temporary name. */
  private tokenOf(parent: ByteString, name: ByteString): Token | null {
    if (this.tokens.size === 0) return null;
    for (let end = name.length; end > 0; end--) {
      const token = this.tokens.get(`${parent}/${name.slice(0, end)}`);
      if (token !== undefined) return token;
    }
    return null;
  }
  private harmless(pattern: string, path: ByteString, access: Access): Pattern {
    const exact = exactPattern(path);
    const danger = pattern === exact ? undefined : this.places.danger(parseGlob(pattern), access);
    return { pattern: danger === undefined ? pattern : exact, own: false };
  }
}
