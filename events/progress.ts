/**
 * Up to where everything is settled, when events are settled in any order.
 * This is the position a group may save: after a crash it begins there and repeats at most what was settled behind it.
 */
export class Progress {
  #settledUpTo: string | null;
  readonly #open: { sequence: string; settled: boolean }[] = [];

  /** @param start position the group begins with; null is the oldest event */
  constructor(start: string | null) {
    this.#settledUpTo = start;
  }

  get settledUpTo(): string | null {
    return this.#settledUpTo;
  }

  /** Events begun and not yet passed by the position. */
  get size(): number {
    return this.#open.length;
  }

  /** Takes note of the next event of the log. @returns call it when the event is settled */
  begin(sequence: string): () => void {
    const entry = { sequence, settled: false };
    this.#open.push(entry);
    return () => {
      entry.settled = true;
      this.#advance();
    };
  }

  /** Takes note that nothing up to here concerns the group beyond what was begun. */
  passed(sequence: string): void {
    this.begin(sequence)();
  }

  #advance(): void {
    let count = 0;
    for (const entry of this.#open) {
      if (!entry.settled) break;
      this.#settledUpTo = entry.sequence;
      count += 1;
    }
    if (count > 0) this.#open.splice(0, count);
  }
}
