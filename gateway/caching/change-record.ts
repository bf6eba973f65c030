/** Changes that are remembered one by one. An older one counts for everything. */
const MAX_TAGS = 100_000;

/**
 * When what has changed last, as this process heard it. What was kept is good as long as nothing that it depends on
 * changed after it was asked for: so nothing has to be looked for and deleted, here or in a cache that others share, and an
 * answer that was under way when the change came is not believed either.
 */
export class ChangeRecord {
  readonly #at = new Map<string, number>();
  readonly #maxTags: number;
  readonly #now: () => number;
  /** Nothing that was asked for up to here is good. */
  #floor: number;

  /** @param now milliseconds since 1970: entries of other processes are compared with it */
  constructor(now: () => number = Date.now, maxTags = MAX_TAGS) {
    this.#now = now;
    this.#maxTags = maxTags;
    this.#floor = now(); // what changed before this process listened is not known to it
  }

  note(tags: readonly string[]): void {
    const at = this.#now();
    for (const tag of tags) {
      this.#at.delete(tag);
      this.#at.set(tag, at);
    }
    for (const [oldest, since] of this.#at) {
      if (this.#at.size <= this.#maxTags) break;
      this.#at.delete(oldest);
      this.#floor = Math.max(this.#floor, since);
    }
  }

  /** Something may have changed without a word. */
  noteAll(): void {
    this.#floor = this.#now();
    this.#at.clear();
  }

  /**
   * @param askedAt when the answer was asked for, milliseconds since 1970
   * @param skewMillis how far the clock that said so may be ahead
   */
  isUnchanged(tags: readonly string[], askedAt: number, skewMillis: number): boolean {
    const since = askedAt - skewMillis;
    return since > this.#floor && tags.every((tag) => (this.#at.get(tag) ?? Number.NEGATIVE_INFINITY) < since);
  }
}
