/** unveil(2): which names are left, and what may be done with them. */
import { ERRNO } from '../../abi/errno.js';
import type { Access, ByteString, Decision, Judge, Question } from '../../questions.js';
import { matchesPath, parseGlob, type Glob } from '../glob.js';
import { ruleOf, type Origin } from './origin.js';
import { LIBRARIES } from './promises.js';

/** A canonical guest path, and letters of `rwxc`. It stands for all that is below it, but what another one is nearer to. */
export interface Veil {
  readonly path: ByteString;
  readonly permissions: string;
}

const LETTER: Readonly<Record<Access, string>> = { read: 'r', write: 'w', create: 'c', execute: 'x', stat: '' };
const RELABELLING: readonly Access[] = ['read', 'write', 'create', 'execute'];

const isAtOrBelow = (path: ByteString, top: ByteString): boolean =>
  path === top || top === '/' || path.startsWith(`${top}/`);

/** The one that decides about a path. */
export function nearest(veils: readonly Veil[], path: ByteString): Veil | undefined {
  let best: Veil | undefined;
  for (const veil of veils)
    if (isAtOrBelow(path, veil.path) && (best === undefined || veil.path.length > best.path.length)) best = veil;
  return best;
}

const grants = (veil: Veil | undefined, access: Access): boolean =>
  veil !== undefined && (access === 'stat' ? veil.permissions !== '' : veil.permissions.includes(LETTER[access]));

const ALLOWED: Decision = Object.freeze({ verdict: Object.freeze({ verdict: 'allow' }), rule: null });
const LOADING: ReadonlySet<string> = new Set(['execve', 'execveat']);
let libraries: readonly Glob[] | undefined;
const isLibrary = (path: ByteString): boolean =>
  (libraries ??= LIBRARIES.map(parseGlob)).some((glob) => matchesPath(glob, path));

export interface Veiled {
  readonly veils: readonly Veil[];
  /** Where they were made, for the log: `--unveil`. */
  readonly origin: Origin;
  /** A program that was executed under them is on its way to its main. */
  readonly starting: boolean;
}

class VeilJudge implements Judge {
  readonly calls = new Map<never, never>();
  constructor(private readonly o: Veiled) {}

  decide(question: Question, call?: string): Decision {
    if (question.ask !== 'path') return ALLOWED;
    const { path, access } = question;
    const veil = nearest(this.o.veils, path);
    if (grants(veil, access)) return ALLOWED;
    if (
      access === 'stat' &&
      this.o.veils.some(({ path: below, permissions }) => permissions !== '' && isAtOrBelow(below, path))
    )
      return ALLOWED;
    // The interpreter, and what it loads, of a program that may be executed.
    if ((access === 'read' || access === 'stat') && (this.o.starting || LOADING.has(call ?? '')) && isLibrary(path))
      return ALLOWED;
    return this.refusal(veil, veil === undefined || veil.permissions === '' ? ERRNO.ENOENT : ERRNO.EACCES);
  }
  private refusal(veil: Veil | undefined, errno: number): Decision {
    const text = veil === undefined ? 'it is not unveiled' : `${veil.path}:${veil.permissions}`;
    return { verdict: { verdict: 'deny', errno }, rule: ruleOf(this.o.origin, text) };
  }

  mayRelabel(from: ByteString, to: ByteString, directory: boolean): Decision {
    const [old, next] = [nearest(this.o.veils, from), nearest(this.o.veils, to)];
    const more = RELABELLING.some((access) => grants(next, access) && !grants(old, access));
    const isBelow = ({ path }: Veil): boolean => [from, to].some((top) => path !== top && isAtOrBelow(path, top));
    return more || (directory && this.o.veils.some(isBelow)) ? this.refusal(next, ERRNO.EACCES) : ALLOWED;
  }
}

export const veilJudge = (veiled: Veiled): Judge => new VeilJudge(veiled);
