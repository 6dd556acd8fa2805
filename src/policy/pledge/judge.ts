/** A set of promises as a judge: what one of them allows is allowed, everything else is a violation. */
import { ERRNO, errnoNumber } from '../../abi/errno.js';
import type { Access, ByteString, CallRule, Decision, Judge, Question, Rule, Verdict } from '../../questions.js';
import { rows } from '../../syscalls/table.js';
import { syscallName } from '../../abi/numbers.js';
import { matchesPath, residual } from '../glob.js';
import { compiled, reaches, type Compiled } from './compiled.js';
import { PROMISE_NAMES, type Promises } from './names.js';
import { ruleOf, type Origin } from './origin.js';

const ALLOWED: Decision = Object.freeze({ verdict: Object.freeze({ verdict: 'allow' }), rule: null });
const deny = (errno: number): Verdict => ({ verdict: 'deny', errno });
const gently = (errno: number): Verdict => ({ verdict: 'deny', errno, gentle: true });
const RELABELLING: readonly (readonly [Access, call: string])[] = [
  ['read', 'openat'],
  ['write', 'openat'],
  ['create', 'openat'],
  ['execute', 'execve'],
];

type Allows = (promise: Compiled) => boolean;
const has = (list: 'all' | readonly string[] | undefined, name: string): boolean =>
  list === 'all' || (list?.includes(name) ?? false);

/** Does a promise allow what is asked by this call? Undefined: by any call. */
function allowing(question: Question, call: string | undefined): Allows {
  const isOwn = (calls: ReadonlySet<string>): boolean => call === undefined || calls.has(call);
  switch (question.ask) {
    case 'syscall':
      return ({ calls }) => calls.has(question.name);
    case 'path':
      return ({ paths }) =>
        paths.some(
          ({ access, calls, globs }) =>
            access.includes(question.access) && isOwn(calls) && reaches(globs, question.access, question.path),
        );
    case 'socket':
      return ({ grants, all }) => isOwn(all) && (grants.sockets?.[question.family]?.includes(question.type) ?? false);
    case 'connect':
    case 'bind':
    case 'send':
      return ({ grants: { ports }, all }) =>
        isOwn(all) && (ports === 'all' || (ports?.includes(question.port) ?? false));
    case 'unix':
      return ({ unix, all }) => isOwn(all) && unix.some((glob) => matchesPath(glob, question.path));
    case 'name':
      return ({ grants, all }) => isOwn(all) && has(grants.names?.[question.space], question.name);
  }
}

export interface Promised {
  readonly promises: Promises;
  /** Where they were made, for the log: `--pledge`. */
  readonly origin: Origin;
  /** A program that was executed under them is on its way to its main. */
  readonly starting: boolean;
}

class PledgeJudge implements Judge {
  readonly calls: ReadonlyMap<string, CallRule>;
  private readonly held: readonly Compiled[];
  private readonly violation: Verdict;
  private readonly text: string;

  constructor(private readonly promised: Promised) {
    const { promises, always, starting } = compiled();
    const mine = [...promised.promises].map((name) => promises.get(name) as Compiled);
    this.held = [always, ...(promised.starting ? [starting] : []), ...mine];
    this.violation = promised.promises.has('error') ? deny(ERRNO.EPERM) : { verdict: 'kill' };
    this.text = `"${[...promised.promises].join(' ')}"`;
    this.calls = this.rules();
  }

  /** Every call that is not allowed whatever its arguments. What the kernel does not have is no violation. */
  private rules(): Map<string, CallRule> {
    const rules = new Map<string, CallRule>();
    for (const row of rows) {
      if (row === undefined || (row.by === 'denied' && row.errno === 'ENOSYS')) continue;
      const name = syscallName(row.nr);
      if (!this.held.some(({ calls }) => calls.has(name))) rules.set(name, this.ruleOf(name));
    }
    return rules;
  }
  private ruleOf(name: string): CallRule {
    const conditions = this.held
      .flatMap(({ grants }) => Object.entries(grants.when ?? {}))
      .filter(([call]) => call === name)
      .map(([, condition]) => condition);
    const gentle = conditions.find(({ otherwise }) => otherwise !== undefined)?.otherwise;
    let refusal: Decision | undefined;
    return (r, caller) => {
      if (conditions.some(({ holds }) => holds(r, caller))) return undefined;
      return (refusal ??= this.refusal(
        ({ all }) => all.has(name),
        gentle === undefined ? this.violation : gently(errnoNumber(gentle) ?? ERRNO.EPERM),
      ));
    };
  }

  /** `would`: which promises would allow it. */
  private refusal(would: Allows, verdict: Verdict = this.violation): Decision {
    const { promises } = compiled();
    const wanted = PROMISE_NAMES.filter(
      (name) => !this.promised.promises.has(name) && would(promises.get(name) as Compiled),
    );
    const text =
      wanted.length === 0 ? `${this.text}, and no promise allows it` : `${this.text}, without ${wanted.join(' or ')}`;
    return { verdict, rule: this.rule(text) };
  }
  private rule(text: string): Rule {
    return ruleOf(this.promised.origin, text);
  }

  decide(question: Question, call?: string): Decision {
    if (question.ask === 'syscall') return this.calls.get(question.name)?.(new Uint32Array(6)) ?? ALLOWED;
    const allows = allowing(question, call);
    if (this.held.some(allows)) return ALLOWED;
    return this.refusal(allows, this.isGentle(question) ? gently(ERRNO.EACCES) : this.violation);
  }
  private isGentle(question: Question): boolean {
    return (
      question.ask === 'name' && this.held.some(({ grants }) => has(grants.gently?.[question.space], question.name))
    );
  }

  passes(): Decision {
    const allows: Allows = ({ grants }) => grants.passes === true;
    return this.held.some(allows) ? ALLOWED : this.refusal(allows);
  }

  /** A name may be given that allows nothing more than the old one; below a directory, as far as that can be told. */
  mayRelabel(from: ByteString, to: ByteString, directory: boolean): Decision {
    const more = RELABELLING.find(
      ([access, call]) =>
        (this.grants(access, call, to) && !this.grants(access, call, from)) ||
        (directory && this.grantsBelow(access, call, to) && !this.grantsAll(access, call)),
    );
    if (more === undefined) return ALLOWED;
    return { verdict: deny(ERRNO.EACCES), rule: this.rule(`${this.text} would allow ${more[0]} by the new name`) };
  }
  private grants(access: Access, call: string, path: ByteString): boolean {
    return this.held.some(allowing({ ask: 'path', access, path }, call));
  }
  private *globs(access: Access, call: string): Generator<Compiled['paths'][number]['globs']> {
    for (const { paths } of this.held)
      for (const { access: granted, calls, globs } of paths)
        if (granted.includes(access) && calls.has(call)) yield globs;
  }
  private grantsAll(access: Access, call: string): boolean {
    return [...this.globs(access, call)].includes(null);
  }
  private grantsBelow(access: Access, call: string, path: ByteString): boolean {
    return [...this.globs(access, call)].some((globs) => globs?.some((glob) => residual(glob, path) !== 0));
  }
}

export const promiseJudge = (promised: Promised): Judge => new PledgeJudge(promised);
