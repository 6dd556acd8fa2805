import type { Access, ByteString, Decision } from '../questions.js';

/** Paths remembered per access; the oldest goes first. */
const MOST_PATHS = 4096;

/** Longer paths are decided anew each time, so that a program cannot fill the helper's memory with them. */
const LONGEST_PATH = 256;

/** A bounded memory of decisions about paths: (access, path) → Decision. */
export class Memo {
  readonly #maps = new Map<Access, Map<ByteString, Decision>>();

  /** The remembered decision, or the one `decide` gives, which is then remembered. */
  get(access: Access, path: ByteString, decide: () => Decision): Decision {
    const map = this.#mapOf(access);
    const known = map.get(path);
    if (known !== undefined) return known;
    const decision = decide();
    if (path.length > LONGEST_PATH) return decision;
    if (map.size >= MOST_PATHS) map.delete(map.keys().next().value as ByteString);
    map.set(path, decision);
    return decision;
  }

  /** How many decisions are remembered now. */
  get size(): number {
    return [...this.#maps.values()].reduce((sum, map) => sum + map.size, 0);
  }

  #mapOf(access: Access): Map<ByteString, Decision> {
    let map = this.#maps.get(access);
    if (map === undefined) this.#maps.set(access, (map = new Map()));
    return map;
  }
}
