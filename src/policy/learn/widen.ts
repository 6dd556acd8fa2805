/** Many names in one directory as one pattern: `/x/*`, or `/x/**` for a tree. */

/** A pattern for paths, and what it stands for. */
export interface Leaf<T> {
  readonly pattern: string;
  readonly items: readonly T[];
}
export interface Widened<T> {
  readonly leaves: readonly Leaf<T>[];
  /** Directories whose names would be taken together, were that allowed; with their number. */
  readonly kept: readonly { readonly directory: string; readonly names: number }[];
}
export interface Rules {
  /** May this pattern, of all names in a directory or below it, take the place of those? */
  mayBe(pattern: string, directory: string): boolean;
  /** Was the directory listed, or does the program work in it? It uses whatever is there. */
  isOpen(directory: string): boolean;
}

/** Names in one directory. Fewer where the program looked what there is. */
const NAMES = { else: 8, open: 4 } as const;
/** Names below, and directories that they are in. */
const TREE = { else: { names: 12, directories: 3 }, open: { names: 6, directories: 2 } } as const;

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  leaf: T[];
}
const node = <T>(): Node<T> => ({ children: new Map(), leaf: [] });

/** Components; of `${HOME}/x` the first is `${HOME}`. */
const cut = (pattern: string): string[] => (pattern === '/' ? [] : pattern.replace(/^\//, '').split('/'));
const joined = (directory: string, name: string): string =>
  directory === '' && name.startsWith('${') ? name : `${directory === '/' ? '' : directory}/${name}`;

class Widening<T> {
  readonly kept: { directory: string; names: number }[] = [];
  constructor(private readonly rules: Rules) {}

  /** What stays of a directory. */
  collapse(directory: string, { children, leaf }: Node<T>): Leaf<T>[] {
    const own: Leaf<T>[] = leaf.length > 0 ? [{ pattern: directory === '' ? '/' : directory, items: leaf }] : [];
    if (children.size === 0) return own;
    const parts = [...children].map(([name, child]) => this.collapse(joined(directory, name), child));
    const found = parts.flat();
    const deep = [...children.values()].filter(({ children }) => children.size > 0).length;
    const how = this.rules.isOpen(directory) ? 'open' : 'else';
    const names = new Set(found.flatMap(({ items }) => items)).size;
    if (deep >= TREE[how].directories && names >= TREE[how].names) {
      const tree = this.instead(directory, '**', [...own, ...found]);
      if (tree !== null) return [tree];
    }
    const direct = [...children].flatMap(([name, child], i) =>
      child.leaf.length > 0 ? parts[i].filter(({ pattern }) => pattern === joined(directory, name)) : [],
    );
    if (direct.length < NAMES[how]) return [...own, ...found];
    const all = this.instead(directory, '*', direct);
    return all === null ? [...own, ...found] : [...own, all, ...found.filter((one) => !direct.includes(one))];
  }

  private instead(directory: string, all: '*' | '**', leaves: readonly Leaf<T>[]): Leaf<T> | null {
    const pattern = joined(directory === '' ? '/' : directory, all);
    if (this.rules.mayBe(pattern, directory === '' ? '/' : directory))
      return { pattern, items: leaves.flatMap(({ items }) => items) };
    if (leaves.length >= NAMES.else)
      this.kept.push({ directory: directory === '' ? '/' : directory, names: leaves.length });
    return null;
  }
}

/** @param leaves each pattern at most once */
export function widen<T>(leaves: readonly Leaf<T>[], rules: Rules): Widened<T> {
  const root = node<T>();
  for (const { pattern, items } of leaves) {
    let at = root;
    for (const name of cut(pattern)) {
      let next = at.children.get(name);
      if (next === undefined) at.children.set(name, (next = node()));
      at = next;
    }
    at.leaf.push(...items);
  }
  const widening = new Widening<T>(rules);
  return { leaves: widening.collapse('', root), kept: widening.kept };
}
