import type { OrderLine } from '../../systems/sample-data/order-lines.ts';
import type { RefusalCode } from './refusals.ts';
import type { UserError } from './shop.ts';

/** What a line of the file became. */
export const DEEDS = ['ORDERED', 'CANCELLED', 'RETURNED', 'STOCK_FOUND', 'WRITTEN_OFF'] as const;
/** One of {@link DEEDS}. */
export type Deed = (typeof DEEDS)[number];

/** What became of one line of the file. */
export type Outcome =
  | { readonly kind: 'done'; readonly deed: Deed }
  /** `detail` is what the platform said. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly detail?: string }
  /** Neither done nor refused: a later run may finish it. */
  | { readonly kind: 'open'; readonly why: string };

/** The line was carried out. */
export const done = (deed: Deed): Outcome => ({ kind: 'done', deed });
/** The line cannot be carried out, for a reason of our own. */
export const refused = (code: RefusalCode): Outcome => ({ kind: 'refused', code });
/** The line is neither done nor refused yet. */
export const open = (why: string): Outcome => ({ kind: 'open', why });

/** A refusal in the platform's own words. */
export function refusedBy(errors: readonly UserError[]): Outcome {
  const detail = [...new Set(errors.map(({ code, message }) => `${code}: ${message}`))].join(' ');
  return { kind: 'refused', code: 'PLATFORM_REFUSED', detail };
}

/** The outcome of every line of the file: exactly one each. */
export class Outcomes {
  readonly #lines: readonly OrderLine[];
  readonly #byLine = new Map<number, Outcome>();
  readonly #known: ReadonlySet<number>;

  constructor(lines: readonly OrderLine[]) {
    this.#lines = lines;
    this.#known = new Set(lines.map((line) => line.lineNo));
  }

  /** @throws Error when the line is not of the file or has its outcome already: two parts of the replay both claim it */
  settle({ lineNo }: OrderLine, outcome: Outcome): void {
    if (!this.#known.has(lineNo) || this.#byLine.has(lineNo)) throw new Error(`line ${lineNo} cannot be settled twice`);
    this.#byLine.set(lineNo, outcome);
  }

  isSettled({ lineNo }: OrderLine): boolean {
    return this.#byLine.has(lineNo);
  }

  /** Every line in the order of the file. One that nobody settled is open. */
  all(): readonly { readonly line: OrderLine; readonly outcome: Outcome }[] {
    return this.#lines.map((line) => ({
      line,
      outcome: this.#byLine.get(line.lineNo) ?? open('the replay did not get that far'),
    }));
  }
}
