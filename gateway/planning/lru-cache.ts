/** The most recently used values: at most so many, with keys of at most so many characters together. */
export class LruCache<Value> {
  readonly #limit: number;
  readonly #maxKeyCharacters: number;
  // A Map iterates in insertion order: re-inserting on use keeps the least recently used first.
  readonly #entries = new Map<string, Value>();
  #keyCharacters = 0;

  /**
   * @param limit at least 1
   * @param maxKeyCharacters where keys are texts of clients and values grow with them: a count alone bounds no memory
   */
  constructor(limit: number, maxKeyCharacters = Number.POSITIVE_INFINITY) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`not a cache limit: ${limit}`);
    this.#limit = limit;
    this.#maxKeyCharacters = maxKeyCharacters;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** The value just set stays, whatever its size: the caller is about to use it. */
  set(key: string, value: Value): void {
    this.#remove(key);
    this.#entries.set(key, value);
    this.#keyCharacters += key.length;
    for (const oldest of this.#entries.keys()) {
      const fits = this.#entries.size <= this.#limit && this.#keyCharacters <= this.#maxKeyCharacters;
      if (fits || this.#entries.size === 1) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    if (this.#entries.delete(key)) this.#keyCharacters -= key.length;
  }
}
