import type { Waited } from './cut.ts';

/** What the one who asked first was told; null when he gave up before. */
type Outcome = { readonly value: unknown } | { readonly error: unknown } | null;

/** A read that is under way. */
interface Flight {
  readonly beganAt: number;
  readonly followers: ((outcome: Outcome) => void)[];
}

/** Who asks, and how. */
export interface SharedRead<T> {
  /** What is asked and for whom: equal keys must be allowed to see equal answers. */
  readonly key: string;
  /** Of the one who asks: aborted when he does not wait any more. */
  readonly signal: Waited;
  readonly start: () => Promise<T>;
  /** When he asked, if that is longer ago. In milliseconds of the clock. */
  readonly askedAt?: number;
  /** Called when the read is under way already, and only its answer is waited for. */
  readonly onJoin?: () => void;
  /** For those who get an answer that another asked for; the first keeps the original, and may change it. */
  readonly copy: (value: T) => T;
}

/**
 * How long before somebody asks a read may have begun that he joins, in milliseconds: nobody is told what was true longer than
 * that before he asked, whichever process or system of record changed it since.
 */
export const JOIN_MILLIS = 25;

/** Lets equal reads that come at the same time be done once. Nothing is kept: what comes when a read is done starts another. */
export class SharedReads {
  readonly #flights = new Map<string, Flight>();
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @throws what `start` throws, whoever called it */
  async read<T>(asked: SharedRead<T>): Promise<T> {
    const askedAt = asked.askedAt ?? this.#now();
    for (;;) {
      const flight = this.#flights.get(asked.key);
      if (!flight || askedAt - flight.beganAt > JOIN_MILLIS) return this.#lead(asked);
      const joined = new Promise<Outcome>((resolve) => flight.followers.push(resolve));
      asked.onJoin?.();
      const outcome = await joined;
      if (outcome && 'error' in outcome) throw outcome.error;
      if (outcome) return asked.copy(outcome.value as T);
      // The first gave up, and his read with him: somebody who still waits asks again.
    }
  }

  /** Reads that began before this are joined no more: called when something was written, before anybody is told so. */
  endJoining(): void {
    this.#flights.clear();
  }

  async #lead<T>({ key, signal, start, copy }: SharedRead<T>): Promise<T> {
    const flight: Flight = { beganAt: this.#now(), followers: [] };
    this.#flights.set(key, flight);
    const settle = (outcome: Outcome) => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      for (const tell of flight.followers) tell(signal.aborted ? null : outcome);
    };
    try {
      const value = await start();
      // Copied before the first goes on with it.
      settle({ value: flight.followers.length > 0 ? copy(value) : undefined });
      return value;
    } catch (error) {
      settle({ error });
      throw error;
    }
  }
}
