/** Units of one item that one source can give. */
export interface Offer {
  readonly item: string;
  readonly source: string;
  /** Lower goes first when sources are equally good. */
  readonly preference: number;
  /** 0 or more. */
  readonly units: number;
  /** Whether the source may have more than it is said to: nobody who is served here can want more. Default: it has not. */
  readonly mayHaveMore?: boolean;
}

/** Units of an item taken from a source. */
export interface Take {
  readonly item: string;
  readonly source: string;
  readonly units: number;
}

/** What is left at a source for one item. */
interface Rest {
  readonly source: string;
  readonly preference: number;
  units: number;
}

/**
 * Finds sources for a demand (units by item) in what is left of a supply, and takes nothing yet.
 * @param used sources that serve other parts of the same demand: the better among equals
 * @returns takes that add up to the demand, in the order in which they are to be used; null when there is not enough
 */
export type ChooseSources = (
  demand: ReadonlyMap<string, number>,
  supply: Supply,
  used?: ReadonlySet<string>,
) => Take[] | null;

/** A reading of what there is, from which one request after the other is served in memory. */
export class Supply {
  readonly #offers = new Map<string, Offer[]>();
  readonly #byItem = new Map<string, Rest[]>();
  readonly #awaited = new Map<string, number>();

  constructor(offers: Iterable<Offer>) {
    for (const offer of offers) {
      const known = this.#offers.get(offer.item);
      if (known) known.push(offer);
      else this.#offers.set(offer.item, [offer]);
    }
    for (const [item, known] of this.#offers) {
      this.#byItem.set(
        item,
        known.map(({ source, preference, units }) => ({ source, preference, units })),
      );
    }
  }

  /** These items as they were when the supply was read: nothing taken, nobody waiting. */
  asRead(items: Iterable<string>): Supply {
    return new Supply([...items].flatMap((item) => this.#offers.get(item) ?? []));
  }

  /** Whether any source lists the item. */
  lists(item: string): boolean {
    return this.#offers.has(item);
  }

  /** Whether the sources told all that they have of the item. */
  isExact(item: string): boolean {
    return this.#offers.get(item)?.every(({ mayHaveMore }) => !mayHaveMore) ?? false;
  }

  /** What is left of an item, per source. A source that has nothing left may still be listed, with 0 units. */
  of(item: string): readonly Readonly<Rest>[] {
    return this.#byItem.get(item) ?? [];
  }

  /** Units of an item that are left at all sources together. */
  total(item: string): number {
    return this.of(item).reduce((sum, rest) => sum + rest.units, 0);
  }

  /** @throws RangeError when there is less: the caller's plan is wrong */
  take(takes: readonly Take[]): void {
    for (const { item, source, units } of takes) this.#move(item, source, -units);
  }

  /** Undoes a `take`. */
  giveBack(takes: readonly Take[]): void {
    for (const { item, source, units } of takes) this.#move(item, source, units);
  }

  /** Units of an item, beyond what there is, that those who were served here wait for. */
  awaited(item: string): number {
    return this.#awaited.get(item) ?? 0;
  }

  /** Notes that somebody waits for what there is not. */
  await(units: ReadonlyMap<string, number>): void {
    for (const [item, more] of units) this.#awaited.set(item, this.awaited(item) + more);
  }

  #move(item: string, source: string, units: number): void {
    const rest = this.#byItem.get(item)?.find((candidate) => candidate.source === source);
    if (!rest || rest.units + units < 0) throw new RangeError(`${-units} units are not left at this source`);
    rest.units += units;
  }
}
