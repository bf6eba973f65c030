import { type ChooseSources, Supply, type Take } from './supply.ts';

/** Units of one item, by the item. */
export type Units = ReadonlyMap<string, number>;

/** What may be asked of an item, by the one who asks. Units are whole, and those of sets are whole sets. */
export interface ItemTerms {
  /** Units to leave at the sources, of all of them together. Of sets: 0, their parts are left. */
  readonly kept: number;
  /** Whether somewhat more than `kept` may have to stay: then a shortage cannot be told from it. */
  readonly keepsRoughly: boolean;
  /** Most units of one demand; Infinity for any number. */
  readonly cap: number;
  /** Units beyond what there is that may be waited for, now; Infinity for any number. */
  readonly waitable: number;
  /** Whether units are given out at all; else they can only be waited for. */
  readonly isReleased: boolean;
  /** What a set is made of: units of each part. Null for what is no set. */
  readonly parts: Units | null;
}

/** How a demand is served. */
export interface Served {
  /** What is given, as it was asked for: sets count as sets. In the order in which it is to be used. */
  readonly given: readonly Take[];
  /** The same, as it leaves the sources: sets as their parts. */
  readonly taken: readonly Take[];
  /** Units of which there are too few, and that are waited for. */
  readonly waits: Units;
  /** Units to leave of what is taken or waited for, by what lies at the sources. */
  readonly kept: Units;
}

/** What can be had at most of the items of which there is too little. */
export interface Short {
  readonly most: Units;
}

export interface Demand {
  readonly units: Units;
  /** Whether to wait for what is not there, as far as the terms allow. */
  readonly mayWait: boolean;
  readonly termsOf: (item: string) => ItemTerms | undefined;
}

/**
 * Serves a demand from a supply from which others were served before: all of it or nothing. Sets come first, one kind
 * after the other, each set whole from one source; then everything else together. The same rule as the SQL functions
 * `inventory.take_stock` and `inventory.hold`.
 *
 * It is short only when the reading alone says so: at that instant, after it was asked for, the goods were not there. What
 * others took is no reason, for they may not get it. The supply is changed only when the demand is served; pure otherwise.
 *
 * @returns `crowded` when only those before it are in the way; `unclear` when the reading does not tell
 */
export function serve(demand: Demand, supply: Supply, choose: ChooseSources): Served | Short | 'crowded' | 'unclear' {
  const outcome = attempt(demand, supply, choose);
  if (isServed(outcome)) return outcome;
  const stocked = [...demand.units.keys()].flatMap((item) => [...(demand.termsOf(item)?.parts?.keys() ?? [item])]);
  const alone = attempt(demand, supply.asRead(new Set(stocked)), choose);
  return isServed(alone) ? 'crowded' : alone;
}

export function isServed(outcome: Served | Short | string): outcome is Served {
  return typeof outcome === 'object' && 'given' in outcome;
}

function attempt(demand: Demand, supply: Supply, choose: ChooseSources): Served | Short | 'unclear' {
  const tried = new Attempt(demand, supply, choose);
  const outcome = tried.run();
  if (!isServed(outcome)) supply.giveBack(tried.taken);
  return outcome;
}

class Attempt {
  readonly given: Take[] = [];
  readonly taken: Take[] = [];
  readonly #demand: Demand;
  readonly #supply: Supply;
  readonly #choose: ChooseSources;
  readonly #kept = new Map<string, number>();
  readonly #waits = new Map<string, number>();
  readonly #short = new Map<string, number>();
  readonly #used = new Set<string>();

  constructor(demand: Demand, supply: Supply, choose: ChooseSources) {
    this.#demand = demand;
    this.#supply = supply;
    this.#choose = choose;
  }

  run(): Served | Short | 'unclear' {
    const sets: [string, number][] = [];
    const plain: [string, number][] = [];
    for (const entry of this.#demand.units) (this.#demand.termsOf(entry[0])?.parts ? sets : plain).push(entry);
    sets.sort(([one], [other]) => (one < other ? -1 : 1));
    for (const part of [...sets.map((set) => [set]), plain]) {
      if (part.length > 0 && !this.#servePart(part)) return 'unclear';
    }
    if (this.#short.size > 0) return { most: this.#short };
    if (sets.length > 0 && this.#exceedsCapOfPart()) return 'unclear';
    this.#supply.await(this.#waits);
    return { given: this.given, taken: this.taken, waits: this.#waits, kept: this.#kept };
  }

  /** @returns whether the reading tells enough. What is short is noted, and nothing of its part is taken. */
  #servePart(part: readonly [string, number][]): boolean {
    const now = new Map<string, number>();
    let isShort = false;
    for (const [item, wanted] of part) {
      const terms = this.#demand.termsOf(item);
      if (!terms) return false;
      const stock = this.#stockOf(item, terms, wanted);
      if (!stock) return false;
      const units = Math.min(wanted, stock.units);
      if (units < wanted) {
        if (!stock.isExact || terms.keepsRoughly) return false;
        const more = this.#demand.mayWait ? Math.max(0, terms.waitable - this.#supply.awaited(item)) : 0;
        const most = Math.min(terms.cap, stock.units + more);
        if (wanted > most) {
          this.#short.set(item, most);
          isShort = true;
        }
        this.#waits.set(item, wanted - units);
      }
      if (units > 0) now.set(item, units);
    }
    return isShort || this.#take(now);
  }

  /** Units of an item that may be given now, and whether there are no more; undefined when the reading does not tell. */
  #stockOf(item: string, terms: ItemTerms, wanted: number): { units: number; isExact: boolean } | undefined {
    let free = Number.POSITIVE_INFINITY;
    let isExact = true;
    for (const [stocked, each] of terms.parts ?? new Map([[item, 1]])) {
      const own = terms.parts ? this.#demand.termsOf(stocked) : terms;
      // A part that no source lists is nowhere, and its set neither; something else may be unknown altogether.
      if (!own || (terms.parts ? own.keepsRoughly : !this.#supply.lists(stocked))) return undefined;
      this.#kept.set(stocked, own.kept);
      const units = own.isReleased ? Math.floor(Math.max(0, this.#supply.total(stocked) - own.kept) / each) : 0;
      if (own.isReleased && units < wanted && this.#supply.lists(stocked)) isExact &&= this.#supply.isExact(stocked);
      free = Math.min(free, units);
    }
    if (terms.parts) free = Math.min(free, this.#wholeSets(item, terms.parts).total(item));
    if (!terms.isReleased) return { units: 0, isExact: true };
    return { units: Math.min(terms.cap, free), isExact: isExact || free >= terms.cap };
  }

  /** Whether sets that share a part, and the part by itself, are more together than one demand may have of it. */
  #exceedsCapOfPart(): boolean {
    const total = new Map<string, number>();
    for (const [item, units] of this.#demand.units) {
      const parts = this.#demand.termsOf(item)?.parts ?? new Map([[item, 1]]);
      for (const [part, each] of parts) total.set(part, (total.get(part) ?? 0) + units * each);
    }
    return [...total].some(([item, units]) => units > (this.#demand.termsOf(item)?.cap ?? Number.POSITIVE_INFINITY));
  }

  #take(now: Units): boolean {
    if (now.size === 0) return true;
    const [[first] = ['']] = now;
    const parts = this.#demand.termsOf(first)?.parts;
    const given = this.#choose(now, parts ? this.#wholeSets(first, parts) : this.#supply, this.#used);
    if (!given) return false;
    const taken = parts
      ? given.flatMap(({ source, units }) => [...parts].map(([item, each]) => ({ item, source, units: units * each })))
      : given;
    this.#supply.take(taken);
    this.given.push(...given);
    this.taken.push(...taken);
    for (const { source } of given) this.#used.add(source);
    return true;
  }

  /** Sets that each source can give whole. */
  #wholeSets(item: string, parts: Units): Supply {
    const [[first] = ['']] = parts;
    return new Supply(
      this.#supply.of(first).map(({ source, preference }) => {
        const whole = [...parts].map(([part, each]) => {
          const left = this.#supply.of(part).find((rest) => rest.source === source)?.units ?? 0;
          return Math.floor(left / each);
        });
        return { item, source, preference, units: Math.min(...whole) };
      }),
    );
  }
}
