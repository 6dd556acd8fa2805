/** Names like one that is none. */

/** Levenshtein's distance: letters to insert, leave out or exchange. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

/** The names nearest to `word`, best first: few letters away, or holding it. Empty when nothing is like it. */
export function nearest(word: string, names: readonly string[], most = 3): string[] {
  const far = Math.max(1, Math.floor(word.length / 3));
  return [...new Set(names)]
    .map((name) => ({ name, away: distance(word, name), holds: word.length > 2 && name.includes(word) }))
    .filter(({ away, holds }) => away <= far || holds)
    .sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}
