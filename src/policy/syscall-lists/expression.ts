/**
 * Conditions on the arguments of a call: `flags & O_WRONLY`, `(mode & 0o111) != 0 && fd == AT_FDCWD`. Names are those
 * of the call's row and of the kernel's constants. & and | bind closer than comparisons, which bind closer than !, && and ||.
 */
import { Problem } from '../problem.js';

/** An argument as conditions see it. */
export interface Argument {
  readonly index: number;
  /** Is the register a signed number? */
  readonly signed: boolean;
}
/** What names mean in the conditions of one call. */
export interface Names {
  argument(name: string): Argument | undefined;
  /** @throws Problem for a name that has several values */
  constant(name: string): number | undefined;
  /** All names of arguments, for messages. */
  readonly all: readonly string[];
}
export type Condition = (registers: Uint32Array) => boolean;
type Value = (registers: Uint32Array) => number;

const TOKEN = /\s*(?:(0[xX][0-9a-fA-F]+|0o?[0-7]+|\d+)|([A-Za-z_]\w*)|(&&|\|\||==|!=|<=|>=|[-()!<>&|]))/y;
const NUMBER_END = /\b/y;
/** Deeper than anybody writes. What stands in parentheses may be looked at twice. */
const DEPTH = 8;

const words = (value: number): number => value >>> 0;
const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  // An address above 2 GiB is the same number signed or not.
  '==': (a, b) => words(a) === words(b),
  '!=': (a, b) => words(a) !== words(b),
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; text.slice(at).trim() !== '';) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null)
      throw bad(text, `${JSON.stringify(text.slice(at).trim()[0])} must be a name, a number or an operator`);
    at = TOKEN.lastIndex;
    NUMBER_END.lastIndex = at;
    if (found[1] !== undefined && at < text.length && !NUMBER_END.test(text))
      throw bad(text, 'a number must be decimal, 0x… or 0o…');
    tokens.push(found[0].trim());
  }
  return tokens;
}

const bad = (text: string, must: string): Problem => new Problem(`bad condition (${text})`, must);

function numberOf(text: string, whole: string): number {
  const value = Number(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text);
  if (!(value <= 0xffffffff)) throw bad(whole, `${text} must fit 32 bits`);
  return value;
}

class Parser {
  private readonly tokens: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly names: Names,
  ) {
    this.tokens = tokensOf(text);
  }

  parse(): Condition {
    if (this.tokens.length === 0) throw bad(this.text, 'must not be empty');
    const condition = this.either();
    if (this.at < this.tokens.length) throw bad(this.text, `must end before "${this.tokens[this.at]}"`);
    return condition;
  }

  private take(...wanted: readonly string[]): string | undefined {
    const token = this.tokens[this.at];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.at++;
    return token;
  }

  private either(): Condition {
    let left = this.both();
    while (this.take('||') !== undefined) {
      const [a, b] = [left, this.both()];
      left = (r) => a(r) || b(r);
    }
    return left;
  }
  private both(): Condition {
    let left = this.single();
    while (this.take('&&') !== undefined) {
      const [a, b] = [left, this.single()];
      left = (r) => a(r) && b(r);
    }
    return left;
  }

  private single(): Condition {
    if (this.take('!') !== undefined) {
      const negated = this.nested(() => this.single());
      return (r) => !negated(r);
    }
    // A parenthesis may hold a condition or a value: what stands behind it tells.
    const start = this.at;
    if (this.take('(') !== undefined) {
      const inner = this.nested(() => this.either());
      const closed = this.take(')') !== undefined;
      const next = this.tokens[this.at];
      if (closed && (next === undefined || ['&&', '||', ')'].includes(next))) return inner;
      this.at = start;
    }
    return this.comparison();
  }

  private comparison(): Condition {
    const left = this.value();
    const operator = this.take(...Object.keys(COMPARISONS));
    if (operator === undefined) return (r) => left(r) !== 0;
    const right = this.value();
    const compare = COMPARISONS[operator];
    return (r) => compare(left(r), right(r));
  }

  private value(): Value {
    let left = this.masked();
    while (this.take('|') !== undefined) {
      const [a, b] = [left, this.masked()];
      left = (r) => words(a(r) | b(r));
    }
    return left;
  }
  private masked(): Value {
    const operands = [this.operand()];
    while (this.take('&') !== undefined) operands.push(this.operand());
    if (operands.length === 1) return operands[0].value;
    const zero = operands.find(({ constant }) => constant === 0);
    if (zero !== undefined)
      throw bad(this.text, `${zero.shown} is 0, and "& 0" is never true: compare a mask with == instead`);
    return (r) => words(operands.reduce((all, { value }) => all & value(r), -1));
  }

  private operand(): { value: Value; shown: string; constant?: number } {
    if (this.take('-') !== undefined) {
      const { value, shown } = this.nested(() => this.operand());
      return { value: (r) => -value(r), shown: `-${shown}` };
    }
    if (this.take('(') !== undefined) {
      const value = this.nested(() => this.value());
      if (this.take(')') === undefined) throw bad(this.text, 'a parenthesis must hold a value here, and be closed');
      return { value, shown: '(…)' };
    }
    const token = this.tokens[this.at++];
    if (token === undefined) throw bad(this.text, 'must go on');
    if (/^\d/.test(token)) return constant(numberOf(token, this.text), token);
    if (!/^\w/.test(token)) throw bad(this.text, `must have a name or a number in place of "${token}"`);
    const argument = this.names.argument(token);
    if (argument !== undefined) {
      const { index, signed } = argument;
      return { value: signed ? (r) => r[index] | 0 : (r) => r[index], shown: token };
    }
    const known = this.names.constant(token);
    if (known !== undefined) return constant(known, token);
    throw bad(this.text, `"${token}" must be an argument (${this.names.all.join(', ')}) or a constant of the kernel`);
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > DEPTH) throw bad(this.text, `must not be nested deeper than ${DEPTH}`);
    try {
      return parse();
    } finally {
      this.depth--;
    }
  }
}

const constant = (value: number, shown: string): { value: Value; shown: string; constant: number } => ({
  value: () => value,
  shown,
  constant: value,
});

/** @throws Problem */
export const conditionOf = (text: string, names: Names): Condition => new Parser(text, names).parse();
