/** A bound for lines: so many at once, and so many a second after that. */
export class Bucket {
  private room: number;
  private last: number;

  constructor(
    private readonly burst: number,
    private readonly rate: number,
    private readonly now: () => number,
  ) {
    this.room = burst;
    this.last = now();
  }

  /** Takes room for a line; false when there is none. */
  take(): boolean {
    const now = this.now();
    this.room = Math.min(this.burst, this.room + ((now - this.last) * this.rate) / 1000);
    this.last = now;
    if (this.room < 1) return false;
    this.room--;
    return true;
  }
}
