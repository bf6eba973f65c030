/**
 * Serves many callers with few runs of the same work: a caller never gets the result of a run that began before it
 * asked, and callers who ask while a run is under way share the next one.
 */
export class Coalesced<T> {
  readonly #work: () => Promise<T>;
  #current: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  run(): Promise<T> {
    if (this.#next) return this.#next;
    if (!this.#current) return this.#start();
    const ignore = () => {};
    this.#next = this.#current.then(ignore, ignore).then(() => {
      this.#next = null;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<T> {
    const run = this.#work().finally(() => {
      if (this.#current === run) this.#current = null;
    });
    this.#current = run;
    return run;
  }
}
