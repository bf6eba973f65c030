import { type CommerceError, isCommerceError } from '../../platform/errors.ts';
import { subgraphFailure } from './subgraph-failure.ts';

export interface SubgraphGateOptions {
  readonly subgraph: string;
  /** Requests that may be under way at the same time. */
  readonly width: number;
  /** Nobody is turned away because others have had no answer yet: a crowd of orders is settled in its time, and is no hang. */
  readonly isPatient?: boolean;
  /** Told when the subgraph is given up on, and when it is back. */
  readonly onChange?: (isOpen: boolean) => void;
  /** Milliseconds, from any origin, never going back. */
  readonly now?: () => number;
}

/** Failures in a row after which a subgraph is not asked any more. */
const FAILURES = 5;
/** How often one that is given up on is tried, in milliseconds. */
const TRY_MILLIS = 1_000;
/** How long a subgraph whose every place is taken may answer nothing before nobody waits for a place, in milliseconds. */
const SILENT_MILLIS = 250;
/** One that answers nobody of so many, for so long, hangs: its deadline need not be awaited to know it. */
const UNANSWERED = 8;
const HUNG_MILLIS = 2_000;
/** Failures that say something of the subgraph, not of a request. */
const COUNTED: readonly string[] = ['SUBGRAPH_TIMEOUT', 'SUBGRAPH_UNREACHABLE'];

/** Ends work that is under way: its answer is not awaited any more. */
type End = (failure: CommerceError) => void;

/** Work that can be ended hands over how, at once. */
export type Work<T> = (letEnd: (end: End) => void) => Promise<T>;

/**
 * Keeps a subgraph that hangs or fails from taking what others need: it has a number of places, nobody waits for one while it
 * is silent, and after some failures in a row, or when it answers nobody, it is asked once a second only, until it answers.
 * Who was let in before it was known to hang, and who tries it, is let go as soon. A patient one goes by failures alone.
 */
export class SubgraphGate {
  readonly #options: SubgraphGateOptions;
  readonly #now: () => number;
  readonly #waiting = new Set<{ enter(): void; refuse(): void }>();
  readonly #ends = new Set<End>();
  #watching: NodeJS.Timeout | null = null;
  #working = 0;
  #failures = 0;
  #triedAt = 0;
  /** When it answered last, began to be asked, or all places were taken. */
  #heardAt = 0;

  constructor(options: SubgraphGateOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** @throws CommerceError SUBGRAPH_UNREACHABLE before it was asked; otherwise what the work throws */
  async pass<T>(work: Work<T>): Promise<T> {
    const isTry = this.#isGivenUp;
    if (!this.#mayAsk()) throw this.#refusal();
    if (this.#working >= this.#options.width) await this.#place();
    this.#working++;
    if (this.#working === 1 || this.#working === this.#options.width) this.#heardAt = this.#now();
    let end: End | undefined;
    const letEnd = (given: End) => {
      end = given;
      this.#ends.add(given);
    };
    const timer = isTry && !this.#options.isPatient ? setTimeout(() => end?.(this.#silence()), HUNG_MILLIS) : undefined;
    try {
      const working = work(letEnd);
      this.#watch();
      const result = await working;
      this.#succeeded();
      return result;
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      clearTimeout(timer);
      if (end) this.#ends.delete(end);
      this.#working--;
      const [next] = this.#waiting;
      next?.enter();
    }
  }

  get #isHung(): boolean {
    return !this.#options.isPatient && this.#working >= UNANSWERED && this.#now() - this.#heardAt >= HUNG_MILLIS;
  }

  get #isGivenUp(): boolean {
    return this.#failures >= FAILURES || this.#isHung;
  }

  /** While so many are under way that their silence says something, looks whether they still are; then lets them go. */
  #watch(): void {
    if (this.#watching || this.#options.isPatient || this.#working < UNANSWERED) return;
    this.#watching = setInterval(() => {
      if (this.#isHung) for (const end of [...this.#ends]) end(this.#silence());
      else if (this.#working >= UNANSWERED) return;
      clearInterval(this.#watching ?? undefined);
      this.#watching = null;
    }, SILENT_MILLIS);
    this.#watching.unref();
  }

  #mayAsk(): boolean {
    if (!this.#isGivenUp) return true;
    if (this.#now() - this.#triedAt < TRY_MILLIS) return false;
    this.#triedAt = this.#now();
    return true;
  }

  #place(): Promise<void> {
    const silent = () => !this.#options.isPatient && this.#now() - this.#heardAt >= SILENT_MILLIS;
    if (silent()) throw this.#refusal();
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearInterval(timer);
        this.#waiting.delete(place);
      };
      const place = {
        enter: () => {
          leave();
          resolve();
        },
        refuse: () => {
          leave();
          reject(this.#refusal());
        },
      };
      const timer = setInterval(() => silent() && place.refuse(), SILENT_MILLIS);
      this.#waiting.add(place);
    });
  }

  #succeeded(): void {
    this.#heardAt = this.#now();
    if (this.#failures >= FAILURES) this.#options.onChange?.(true);
    this.#failures = 0;
  }

  #failed(error: unknown): void {
    const code = isCommerceError(error) ? error.code : 'SUBGRAPH_UNREACHABLE';
    if (!COUNTED.includes(code)) return;
    this.#failures++;
    if (this.#failures !== FAILURES) return;
    this.#triedAt = this.#now();
    this.#options.onChange?.(false);
    for (const place of this.#waiting) place.refuse();
  }

  #silence(): CommerceError {
    return subgraphFailure('SUBGRAPH_TIMEOUT', { subgraph: this.#options.subgraph, silentMillis: HUNG_MILLIS });
  }

  #refusal(): CommerceError {
    const { subgraph } = this.#options;
    return subgraphFailure('SUBGRAPH_UNREACHABLE', { subgraph, reason: NOT_ASKED, retryAfterSeconds: 1 });
  }
}

/** Of requests that were not sent: one log entry said why. */
export const NOT_ASKED = 'not asked';
