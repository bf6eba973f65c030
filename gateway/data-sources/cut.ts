/** Whether somebody still waits. */
export interface Waited {
  readonly aborted: boolean;
}

/**
 * Ends the work on one request before its answer: by its deadline, or because its client went away. An AbortController for
 * each request of a plan would cost more than the request's signature: there is one only where somebody wants its signal.
 */
export class Cut implements Waited {
  #reason: Error | null = null;
  #listener: ((reason: Error) => void) | null = null;
  #controller: AbortController | null = null;

  get aborted(): boolean {
    return this.#reason !== null;
  }

  /** For work that knows signals. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Calls a function when the work is cut, at once if it was. The latest replaces the one before: a repeated request does. */
  onCut(listener: (reason: Error) => void): void {
    if (this.#reason) listener(this.#reason);
    else this.#listener = listener;
  }

  cut(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#listener?.(reason);
    this.#listener = null;
  }
}
