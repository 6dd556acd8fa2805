/**
 * Rules put into the text of an ACL file: every byte that stood there stays, comments and layout with it. Where things
 * stand is asked of the YAML parser.
 */
import { isMap, isScalar, isSeq, parseAllDocuments, type Document, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { Problem } from '../problem.js';
import { block, inline, type Entry, type Section } from './entry.js';

/** At this offset of the text these characters go, and this text comes. */
interface Change {
  readonly at: number;
  readonly removed: number;
  readonly text: string;
}
const inserted = (at: number, text: string): Change => ({ at, removed: 0, text });

const SECTIONS: readonly Section[] = ['files', 'network', 'names'];
const INDENT = 2;

/** What can stand in a list, in both layouts. */
interface Item {
  block(indent: number): string;
  readonly inline: string;
}
const itemOf = (entry: Entry): Item => ({ block: (indent) => block(entry, indent), inline: inline(entry) });
const wordOf = (word: string): Item => ({ block: (indent) => `${' '.repeat(indent)}- ${word}\n`, inline: word });

/** The offset behind the last character of a node that is more than layout. */
function endOf(node: Node): number {
  const inner = isSeq(node)
    ? node.items.at(-1)
    : isMap(node)
      ? (node.items.at(-1)?.value ?? node.items.at(-1)?.key)
      : null;
  const flow = (isSeq(node) || isMap(node)) && node.flow === true;
  return !flow && inner ? endOf(inner as Node) : (node.range?.[1] ?? 0);
}

class Merging {
  private readonly changes: Change[] = [];
  private readonly top: YAMLMap | null;

  constructor(private readonly text: string) {
    const documents = parseAllDocuments(text) as Document[];
    if (documents.length > 1 || /^\.\.\.(\s|$)/m.test(text))
      throw new Problem('several documents', 'must be one for rules to be added');
    const contents = documents[0]?.contents;
    this.top = isMap(contents) && contents.items.length > 0 ? contents : null;
  }

  add(key: string, items: readonly Item[], first = false): void {
    if (items.length === 0) return;
    const value = this.top?.get(key, true) as Node | undefined;
    if (value === undefined || value === null) this.addKey(key, items, first);
    else if (isSeq(value) && value.flow) this.addToFlow(value, items);
    else if (isSeq(value)) this.addToBlock(value, items);
    else if (isScalar(value)) this.replaceWord(value, items);
    else throw new Problem(`${key} is no list`, 'must be one');
  }

  /** @param line a whole key with its value */
  private addKey(key: string, items: readonly Item[], first: boolean): void {
    const { top } = this;
    if (top?.flow) {
      const all = `${key}: [${items.map(({ inline }) => inline).join(', ')}]`;
      return void this.changes.push(inserted((top.range?.[0] ?? 0) + 1, ` ${all},`));
    }
    const lines = first
      ? `${key}: [${items.map(({ inline }) => inline).join(', ')}]\n`
      : `${key}:\n${items.map((item) => item.block(INDENT)).join('')}`;
    if (first && top !== null) return void this.changes.push(inserted(this.lineAt(top.range?.[0] ?? 0), lines));
    this.changes.push(inserted(this.text.length, this.newline(this.text.length) + lines));
  }
  private addToFlow(list: YAMLSeq, items: readonly Item[]): void {
    const all = items.map(({ inline }) => inline).join(', ');
    const last = list.items.at(-1) as Node | undefined;
    const at = last === undefined ? (list.range?.[0] ?? 0) + 1 : endOf(last);
    this.changes.push(inserted(at, last === undefined ? all : `, ${all}`));
  }
  private addToBlock(list: YAMLSeq, items: readonly Item[]): void {
    const start = list.range?.[0] ?? 0;
    const at = this.nextLine(endOf(list));
    const all = items.map((item) => item.block(start - this.lineAt(start))).join('');
    this.changes.push(inserted(at, this.newline(at) + all));
  }
  /** `network: none` */
  private replaceWord(word: Node, items: readonly Item[]): void {
    const [start, end] = word.range ?? [0, 0];
    if (this.top?.flow)
      return void this.changes.push({
        at: start,
        removed: end - start,
        text: `[${items.map(({ inline }) => inline).join(', ')}]`,
      });
    this.changes.push({ at: start, removed: end - start, text: '' });
    const at = this.nextLine(end);
    this.changes.push(inserted(at, this.newline(at) + items.map((item) => item.block(INDENT)).join('')));
  }

  private lineAt(offset: number): number {
    return this.text.lastIndexOf('\n', offset - 1) + 1;
  }
  private nextLine(offset: number): number {
    if (this.text[offset - 1] === '\n') return offset;
    const end = this.text.indexOf('\n', offset);
    return end < 0 ? this.text.length : end + 1;
  }
  private newline(at: number): string {
    return at > 0 && this.text[at - 1] !== '\n' ? '\n' : '';
  }

  /** The text with all changes; of those at one place, in the order in which they came. */
  result(): string {
    let [text, at] = ['', 0];
    for (const change of this.changes.map((one, i) => ({ ...one, i })).sort((a, b) => a.at - b.at || a.i - b.i)) {
      text += this.text.slice(at, change.at);
      text += text.endsWith('\n') ? change.text.replace(/^\n/, '') : change.text;
      at = change.at + change.removed;
    }
    return text + this.text.slice(at);
  }
}

/**
 * @param text of the file as it is
 * @throws Problem for a file that cannot take them
 */
export function mergeText(text: string, include: readonly string[], entries: readonly Entry[]): string {
  const merging = new Merging(text);
  merging.add('include', include.map(wordOf), true);
  for (const section of SECTIONS)
    merging.add(section, entries.filter((entry) => entry.section === section).map(itemOf));
  return merging.result();
}
