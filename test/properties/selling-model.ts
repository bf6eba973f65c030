import fc from 'fast-check';

/** What stands on shelves, and what is sold: the kit is made of the others. */
export const PARTS = ['A', 'B', 'C'] as const;
export const SOLD = ['KIT', ...PARTS] as const;
export const NODES = ['EAST', 'WEST'] as const;
export type Part = (typeof PARTS)[number];
export type Sold = (typeof SOLD)[number];
export type Node = (typeof NODES)[number];
export type Recipe = Readonly<Partial<Record<Part, number>>>;

/** The kit changes its recipe now and then. */
export const RECIPES: readonly Recipe[] = [
  { A: 1, B: 2 },
  { A: 2, C: 1 },
];
/** Units of every SKU that each channel withholds, unless a rule says otherwise. */
export const CHANNELS = { WEB: 0, AMAZON: 1 } as const;
export type Channel = keyof typeof CHANNELS;
/** The rules under which all of it is sold, as in config/availability.yaml. */
export const RULES = { cap: { channel: 'AMAZON', sku: 'C', units: 3 }, waiting: { sku: 'B', units: 4 }, withheld: { channel: 'AMAZON', sku: 'KIT', units: 1 } } as const; // biome-ignore format: a table

export interface Line {
  readonly sku: Sold;
  readonly quantity: number;
}

/** What somebody does, as data. Numbers of orders, lines and holds go round what there is. */
export type Act =
  | { readonly do: 'place'; readonly channel: Channel; readonly lines: readonly Line[]; readonly backorder: boolean }
  | { readonly do: 'hold'; readonly lines: readonly Line[] }
  | { readonly do: 'placeHeld'; readonly hold: number }
  | { readonly do: 'endHold'; readonly hold: number }
  | { readonly do: 'release'; readonly line: number; readonly quantity: number }
  /** The node gives units back; with `loose`, after one piece of them left alone. */
  | { readonly do: 'giveBack'; readonly line: number; readonly node: Node; readonly loose: boolean }
  /** Units that wait are served from a node. */
  | { readonly do: 'serve'; readonly line: number; readonly node: Node; readonly units: number }
  | { readonly do: 'leave'; readonly line: number; readonly node: Node }
  | { readonly do: 'count'; readonly part: Part; readonly node: Node; readonly units: number }
  | { readonly do: 'recipe'; readonly number: number };

const index = fc.noBias(fc.nat({ max: 20 }));
const node = fc.constantFrom(...NODES);
const lines = fc.array(
  fc.record({ sku: fc.constantFrom<Sold>('KIT', 'B', ...SOLD), quantity: fc.integer({ min: 1, max: 6 }) }),
  { minLength: 1, maxLength: 3 },
);

export const sellingPlan: fc.Arbitrary<{ stock: Record<Part, Record<Node, number>>; acts: Act[] }> = fc.record({
  stock: fc.record(
    Object.fromEntries(PARTS.map((part) => [part, fc.record({ EAST: units(), WEST: units() })])) as Record<Part, fc.Arbitrary<Record<Node, number>>>, // biome-ignore format: one thought
  ),
  acts: fc.array(
    fc.oneof(
      { arbitrary: fc.record({ do: fc.constant('place' as const), channel: fc.constantFrom<Channel>('WEB', 'AMAZON'), lines, backorder: fc.boolean() }), weight: 6 },
      { arbitrary: fc.record({ do: fc.constant('hold' as const), lines }), weight: 3 },
      { arbitrary: fc.record({ do: fc.constantFrom('placeHeld' as const, 'endHold' as const), hold: index }), weight: 3 },
      { arbitrary: fc.record({ do: fc.constant('release' as const), line: index, quantity: fc.integer({ min: 1, max: 4 }) }), weight: 3 },
      { arbitrary: fc.record({ do: fc.constant('giveBack' as const), line: index, node, loose: fc.boolean() }), weight: 3 },
      { arbitrary: fc.record({ do: fc.constant('leave' as const), line: index, node }), weight: 3 },
      { arbitrary: fc.record({ do: fc.constant('serve' as const), line: index, node, units: fc.integer({ min: 1, max: 3 }) }), weight: 4 },
      { arbitrary: fc.record({ do: fc.constant('count' as const), part: fc.constantFrom(...PARTS), node, units: fc.integer({ min: 1, max: 6 }) }), weight: 2 },
      { arbitrary: fc.record({ do: fc.constant('recipe' as const), number: fc.nat({ max: 1 }) }), weight: 1 },
    ),
    { minLength: 12, maxLength: 20, size: 'max' },
  ),
}); // biome-ignore format: a table

function units(): fc.Arbitrary<number> {
  return fc.noBias(fc.integer({ min: 0, max: 8 }));
}

/** Units of one sale at one node, with what they were made of when they were taken. */
export interface Lot {
  readonly node: Node;
  readonly recipe: Recipe;
  units: number;
}

export interface ModelLine {
  readonly id: string;
  readonly orderId: string;
  readonly sku: Sold;
  readonly channel: Channel;
  /** First taken first. */
  readonly lots: Lot[];
  waiting: number;
}

/** Units that wait, by their channel. */
export type Waits = Readonly<Record<Channel, number>>;

export interface ModelHold {
  readonly id: string;
  readonly lines: readonly Line[];
  readonly recipe: Recipe;
  readonly lots: readonly Lot[];
  alive: boolean;
}

/** The shelves and promises in plain arithmetic. At which node units are promised, the system says. */
export class SellingModel {
  readonly onHand = new Map<string, number>();
  readonly lines: ModelLine[] = [];
  readonly holds: ModelHold[] = [];
  /** Pieces that left alone and whose booking was not heard of. */
  readonly loose = new Map<string, number>();
  recipe: Recipe = RECIPES[0] ?? {};

  recipeOf(sku: Sold): Recipe {
    return sku === 'KIT' ? this.recipe : { [sku]: 1 };
  }

  committed(part: Part, at: Node): number {
    const lots = this.lines.flatMap((line) => line.lots);
    return pieces(lots, part, at) + (this.loose.get(`${part}@${at}`) ?? 0);
  }

  reserved(part: Part, at: Node): number {
    return pieces(this.holds.filter((hold) => hold.alive).flatMap((hold) => hold.lots), part, at); // biome-ignore format: one thought
  }

  free(part: Part, at: Node): number {
    return Math.max(0, (this.onHand.get(`${part}@${at}`) ?? 0) - this.committed(part, at) - this.reserved(part, at));
  }

  /** How often one node has all of it, over the nodes. */
  whole(sku: Sold, nodes: readonly Node[] = NODES): number {
    return total(nodes, (at) => Math.min(...entries(this.recipeOf(sku)).map(([part, per]) => Math.floor(this.free(part, at) / per)))); // biome-ignore format: one thought
  }

  waits(sku: Sold): Waits {
    const of = (channel: Channel) => total(this.lines, (line) => (line.sku === sku && line.channel === channel ? line.waiting : 0)); // biome-ignore format: one thought
    return { WEB: of('WEB'), AMAZON: of('AMAZON') };
  }

  waiting(sku: Sold): number {
    return all(this.waits(sku));
  }

  /** Units that are there, and how many of them are kept from a channel. @param gone pieces that are as good as taken */
  kept(sku: Sold, channel: Channel, gone: Recipe = {}): { there: number; kept: number } {
    const there = (part: Part) => total(NODES, (at) => this.free(part, at)) - (gone[part] ?? 0);
    if (sku !== 'KIT') return { there: there(sku), kept: CHANNELS[channel] };
    const parts = entries(this.recipe);
    const [[first, each] = ['A', 1] as const] = parts;
    const whole = this.whole('KIT') - (gone[first] ?? 0) / each;
    const made = parts.map(([part, per]) => Math.floor(Math.max(0, there(part) - CHANNELS[channel]) / per));
    return { there: Math.min(whole, ...made), kept: channel === RULES.withheld.channel ? RULES.withheld.units : 0 };
  }

  /** How much of what is there those who wait may have. */
  servable(sku: Sold, waits: Waits, gone: Recipe = {}): number {
    return total(Object.keys(CHANNELS) as Channel[], (channel) => {
      const { there, kept } = this.kept(sku, channel, gone);
      return Math.min(waits[channel], Math.max(0, there - kept));
    });
  }

  /** Pieces that belong to who waits and may have them; kits keep their components as far as they can be made of what is there. */
  claimed(part: Part, kits: Waits, gone: Recipe): number {
    const there = (one: Part) => total(NODES, (at) => this.free(one, at)) - (gone[one] ?? 0);
    const served = this.servable('KIT', kits, gone);
    const made = Math.min(served, ...entries(this.recipe).map(([one, per]) => Math.floor(there(one) / per)));
    return this.servable(part, this.waits(part), gone) + made * (this.recipe[part] ?? 0);
  }

  /** Whether somebody who waits for it, by itself or in a kit, may have some. */
  isServable(sku: Sold): boolean {
    const inKits = sku !== 'KIT' && this.recipe[sku] !== undefined;
    return this.servable(sku, this.waits(sku)) > 0 || (inKits && this.servable('KIT', this.waits('KIT')) > 0);
  }

  /** What a channel may sell to who comes new. @param kits that wait @param gone pieces that an earlier part of the same order takes */
  sellable(sku: Sold, channel: Channel, kits = this.waits('KIT'), gone: Recipe = {}): number {
    const left = (part: Part) => {
      const there = total(NODES, (at) => this.free(part, at)) - (gone[part] ?? 0);
      return Math.max(0, there - this.claimed(part, kits, gone) - CHANNELS[channel]);
    };
    if (sku !== 'KIT') return Math.min(this.cap(sku, channel), left(sku));
    const { withheld } = RULES;
    const limited = Math.min(...entries(this.recipe).map(([part, per]) => Math.floor(left(part) / per)));
    const over = Math.min(this.whole('KIT'), limited) - (channel === withheld.channel ? withheld.units : 0);
    return Math.min(this.cap('KIT', channel), Math.max(0, over));
  }

  /** What one order of a channel may have of it at most; a kit no more than its components may be had. */
  cap(sku: Sold, channel: Channel): number {
    if (sku !== 'KIT') return capOf(sku, channel);
    return Math.min(...entries(this.recipe).map(([part, per]) => Math.floor(capOf(part, channel) / per)));
  }

  /** How many more may wait: who waits for kits waits for their components. @param kits that wait */
  beyond(sku: Sold, kits: number): number {
    const { waiting } = RULES;
    const ofPart = (part: Sold, pieces: number) =>
      part === waiting.sku ? Math.max(0, waiting.units - this.waiting(part) - kits * pieces) : Number.POSITIVE_INFINITY; // biome-ignore format: one thought
    if (sku !== 'KIT') return ofPart(sku, this.recipe[sku] ?? 0);
    return Math.min(...entries(this.recipe).map(([part, per]) => Math.floor(ofPart(part, per) / per)));
  }

  /**
   * What an order or hold of these lines comes to: per line what is taken now and what waits, or per SKU that is short
   * what could be had. Kits are taken first; who comes after finds less.
   */
  outcome(
    lines: readonly Line[],
    channel: Channel,
    backorder: boolean,
  ): { short: Map<Sold, number>; taken: Map<Sold, number> } {
    const short = new Map<Sold, number>();
    const taken = new Map<Sold, number>();
    const gone: Partial<Record<Part, number>> = {};
    let kitsWaiting = this.waits('KIT');
    for (const sku of SOLD) {
      const wanted = lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
      if (wanted === 0) continue;
      const can = this.sellable(sku, channel, kitsWaiting, sku === 'KIT' ? {} : gone);
      const orderable = Math.min(this.cap(sku, channel), backorder ? can + this.beyond(sku, all(kitsWaiting)) : can);
      if (wanted > orderable) short.set(sku, orderable === Number.POSITIVE_INFINITY ? can : orderable);
      else taken.set(sku, Math.min(wanted, can));
      if (sku === 'KIT') kitsWaiting = { ...kitsWaiting, [channel]: kitsWaiting[channel] + wanted - (taken.get('KIT') ?? wanted) }; // biome-ignore format: one thought
      if (sku === 'KIT') for (const [part, per] of entries(this.recipe)) gone[part] = (taken.get('KIT') ?? 0) * per;
    }
    return { short, taken };
  }

  /** Units of a line that its order may take anew: all that is kept from its channel stays, or as much of it as there was. */
  mayTake({ sku, channel }: ModelLine, before: ReadonlyMap<Sold, number>): number {
    const rows: [Sold, number][] = sku === 'KIT' ? [['KIT', 1], ...entries(this.recipe)] : [[sku, 1]];
    return Math.min(
      ...rows.map(([one, per]) => {
        const { there, kept } = this.kept(one, channel);
        if (one === 'KIT' && kept === 0) return Number.POSITIVE_INFINITY;
        return Math.floor((there - Math.min(before.get(one) ?? 0, kept)) / per);
      }),
    );
  } // biome-ignore format: a table

  /** What is there for a channel of everything. */
  thereFor(channel: Channel): Map<Sold, number> {
    return new Map(SOLD.map((sku) => [sku, this.kept(sku, channel).there]));
  }

  /** Takes units off a line's lots at a node, last taken first. */
  giveBack(line: ModelLine, at: Node, given: number): void {
    let left = given;
    for (const lot of line.lots.toReversed()) {
      if (lot.node !== at) continue;
      const units = Math.min(left, lot.units);
      lot.units -= units;
      left -= units;
    }
  }
}

function capOf(sku: Sold, channel: Channel): number {
  const { cap } = RULES;
  return sku === cap.sku && channel === cap.channel ? cap.units : Number.POSITIVE_INFINITY;
}

const all = (waits: Waits): number => waits.WEB + waits.AMAZON;

const pieces = (lots: readonly Lot[], part: Part, at: Node): number =>
  total(lots, (lot) => (lot.node === at ? lot.units * (lot.recipe[part] ?? 0) : 0));

export const entries = (recipe: Recipe) => Object.entries(recipe) as [Part, number][];

export const total = <Value>(values: readonly Value[], of: (value: Value) => number): number =>
  values.reduce((sum, value) => sum + of(value), 0);
