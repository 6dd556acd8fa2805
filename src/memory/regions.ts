/** Ranges of the program's 32-bit address space that it may not touch: P of docs/threat-model.md. */

const PAGE = 0x1000;
const END = 0x100000000;

export interface Region {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

export class Regions {
  private readonly list: Region[] = [];

  /** Protects [start, start + length), rounded out to pages. */
  protect(start: number, length: number, what: string): void {
    this.list.push({ start: start - (start % PAGE), end: Math.ceil((start + length) / PAGE) * PAGE, what });
  }

  /**
   * The protected region that [start, start + length) meets, both rounded out to pages as mmap(2) and its kin do; a
   * range that runs over the end of the address space meets everything from its start. Zero length touches its page.
   */
  hit(start: number, length: number): Region | undefined {
    const from = start - (start % PAGE);
    const end = Math.ceil((start + Math.max(length, 1)) / PAGE) * PAGE;
    const wraps = end > END ? end - END : 0;
    for (const r of this.list) if ((from < r.end && r.start < end) || r.start < wraps) return r;
    return undefined;
  }

  /** What stands at an address, if it is protected. */
  at(address: number): Region | undefined {
    return this.list.find((r) => address >= r.start && address < r.end);
  }
}
