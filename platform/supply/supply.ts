/** Units of one item that one source can give. */
export interface Offer {
  readonly item: string;
  readonly source: string;
  /** Lower goes first when sources are equally good. */
  readonly preference: number;
  /** 0 or more. */
  readonly units: number;
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
 * @returns takes that add up to the demand, in the order in which they are to be used; null when there is not enough
 */
export type ChooseSources = (demand: ReadonlyMap<string, number>, supply: Supply) => Take[] | null;

/** A reading of what there is, from which one request after the other is served in memory. */
export class Supply {
  readonly #byItem = new Map<string, Rest[]>();
  readonly #atFirst = new Map<string, number>();

  readonly #enough: number;

  /** @param enough what a source had beyond so many units may be missing in its offer */
  constructor(offers: Iterable<Offer>, enough = Number.POSITIVE_INFINITY) {
    this.#enough = enough;
    for (const { item, source, preference, units } of offers) {
      this.#atFirst.set(item, (this.#atFirst.get(item) ?? 0) + units);
      const rests = this.#byItem.get(item);
      if (rests) rests.push({ source, preference, units });
      else this.#byItem.set(item, [{ source, preference, units }]);
    }
  }

  /** What is left of an item, per source. A source that has nothing left may still be listed, with 0 units. */
  of(item: string): readonly Readonly<Rest>[] {
    return this.#byItem.get(item) ?? [];
  }

  /** Units of an item that are left at all sources together. */
  total(item: string): number {
    return this.of(item).reduce((sum, rest) => sum + rest.units, 0);
  }

  /**
   * The most units of an item that could be had when the supply was read, before anything was taken.
   * @param kept units to be left where they are
   * @param cap most units that may be asked for
   * @returns undefined when the reading does not tell: no source lists the item, or not all of it was read
   */
  most(item: string, kept: number, cap = Number.POSITIVE_INFINITY): number | undefined {
    const atFirst = this.#atFirst.get(item);
    if (atFirst === undefined) return undefined;
    const free = Math.max(0, atFirst - kept);
    if (cap <= free) return cap;
    return atFirst < this.#enough ? free : undefined;
  }

  /** @throws RangeError when there is less: the caller's plan is wrong */
  take(takes: readonly Take[]): void {
    for (const { item, source, units } of takes) {
      const rest = this.#byItem.get(item)?.find((candidate) => candidate.source === source);
      if (!rest || rest.units < units) throw new RangeError(`${units} units are not left at this source`);
      rest.units -= units;
    }
  }
}
