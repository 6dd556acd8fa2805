/** Reads what strace(1) printed, and compares calls and arguments in its notation. */

export interface TracedCall {
  readonly name: string;
  readonly args: readonly string[];
  /** A number, an address, `-1 ENOENT` or `?`. */
  readonly result: string;
}

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/** Where a quoted string that begins at `from` ends, the dots behind it included. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return text.startsWith('...', at + 1) ? at + 4 : at + 1;
}

/** Parts between commas, outside strings and brackets. */
export function parts(text: string): string[] {
  const found: string[] = [];
  const open: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '"') at = endOfString(text, at) - 1;
    else if (CLOSING[c] !== undefined) open.push(CLOSING[c]);
    else if (c === open.at(-1)) open.pop();
    else if (c === ',' && open.length === 0) {
      found.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  const last = text.slice(from).trim();
  return last === '' && found.length === 0 ? [] : [...found, last];
}

/** The calls of the program that strace saw executed last: what stands behind its last execve. */
export function parseStrace(output: string): TracedCall[] {
  const lines = output.split('\n').map((line) => line.replace(/^\d+ +/, ''));
  const start = lines.map((line) => line.startsWith('execve(') && line.endsWith('= 0')).lastIndexOf(true);
  return lines.slice(start + 1).flatMap((line) => {
    const call = /^(\w+)\((.*)\)\s+= (\?|-?\w+(?: E[A-Z0-9]+)?)/.exec(line);
    return call === null ? [] : [{ name: call[1], args: parts(call[2].replace(/ \/\*.*?\*\//g, '')), result: call[3] }];
  });
}

// ---- comparing ----

const ADDRESS = /^0x[0-9a-f]{5,}$/;
/** What two runs cannot have in common: where things lie. */
const normal = (given: string): string => {
  const text = given.replace(/ \/\*.*?\*\/$/, '');
  return ADDRESS.test(text)
    ? 'ADDRESS'
    : /^[A-Z0-9_|x]+$/.test(text)
      ? text
          .replace(/^(FUTEX_\w+)_PRIVATE/, '$1|FUTEX_PRIVATE_FLAG')
          .split('|')
          .sort()
          .join('|')
      : text.replace(/\\0+(?=[0-7])/g, '\\');
};

const isList = (text: string): boolean => /^\[.*\]$/s.test(text);
const isStruct = (text: string): boolean => /^\{.*\}$/s.test(text);
const inner = (text: string): string[] => parts(text.slice(1, -1));

/** Fields by name, in structures that may be cut. */
function sameFields(ours: string[], theirs: string[]): boolean {
  const cut = ours.includes('...') || theirs.includes('...');
  const fields = (all: string[]): Map<string, string> =>
    new Map(
      all.filter((field) => field !== '...').map((field) => [field.split('=')[0], field.slice(field.indexOf('=') + 1)]),
    );
  const [a, b] = [fields(ours), fields(theirs)];
  const common = [...a.keys()].filter((name) => b.has(name));
  if (!cut && (common.length !== a.size || common.length !== b.size)) return false;
  return common.length > 0 && common.every((name) => sameValue(a.get(name) as string, b.get(name) as string));
}

/** Do two arguments say the same? Structures count by the fields that both show. */
/** Of one number there are several notations. */
const sameNumber = (a: string, b: string): boolean =>
  /^(0x[0-9a-f]+|\d+)$/.test(a) && /^(0x[0-9a-f]+|\d+)$/.test(b) && Number(a) === Number(b);

export function sameValue(ours: string, theirs: string): boolean {
  if (ours === theirs || sameNumber(ours, theirs) || normal(ours) === normal(theirs)) return true;
  if (isStruct(ours) && isStruct(theirs)) return sameFields(inner(ours), inner(theirs));
  if (!isList(ours) || !isList(theirs)) return false;
  const [a, b] = [inner(ours), inner(theirs)];
  return a.length === b.length && a.every((one, i) => sameValue(one, b[i]));
}

export const sameCall = (ours: TracedCall, theirs: TracedCall): boolean =>
  ours.name === theirs.name &&
  ours.args.length === theirs.args.length &&
  ours.args.every((arg, i) => sameValue(arg, theirs.args[i])) &&
  sameValue(ours.result, theirs.result);

/** Pairs of calls that stand for each other, in order; one side alone where the other has none. By name: the longest common sequence. */
export function align(
  ours: readonly TracedCall[],
  theirs: readonly TracedCall[],
): [ours: TracedCall | undefined, theirs: TracedCall | undefined][] {
  const width = theirs.length + 1;
  const length = new Uint32Array((ours.length + 1) * width);
  // The same arguments weigh more than the same name, so that like calls in a row find their like.
  const weight = (a: TracedCall, b: TracedCall): number => (a.name !== b.name ? 0 : sameCall(a, b) ? 3 : 2);
  for (let i = ours.length - 1; i >= 0; i--)
    for (let j = theirs.length - 1; j >= 0; j--) {
      const w = weight(ours[i], theirs[j]);
      const both = w === 0 ? 0 : w + length[(i + 1) * width + j + 1];
      length[i * width + j] = Math.max(both, length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  const pairs: [TracedCall | undefined, TracedCall | undefined][] = [];
  let [i, j] = [0, 0];
  while (i < ours.length || j < theirs.length) {
    const here = length[i * width + j];
    if (i < ours.length && here === length[(i + 1) * width + j]) pairs.push([ours[i++], undefined]);
    else if (j < theirs.length && here === length[i * width + j + 1]) pairs.push([undefined, theirs[j++]]);
    else pairs.push([ours[i++], theirs[j++]]);
  }
  return pairs;
}
