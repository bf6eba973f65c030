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
  /** First taken first. */
  readonly lots: Lot[];
}

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
  readonly waiting = new Map<Sold, number>();
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

  /** Pieces that belong to who waits; kits keep their components as far as they can be made of what is there. */
  claimed(part: Part, kits: number, gone: Recipe): number {
    const there = (one: Part) => total(NODES, (at) => this.free(one, at)) - (gone[one] ?? 0);
    const made = Math.min(kits, ...entries(this.recipe).map(([one, per]) => Math.floor(there(one) / per)));
    return (this.waiting.get(part) ?? 0) + made * (this.recipe[part] ?? 0);
  }

  /** What a channel may sell to who comes new. @param kits that wait @param gone pieces that an earlier part of the same order takes */
  sellable(sku: Sold, channel: Channel, kits = this.waiting.get('KIT') ?? 0, gone: Recipe = {}): number {
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
      part === waiting.sku ? Math.max(0, waiting.units - (this.waiting.get(part) ?? 0) - kits * pieces) : Number.POSITIVE_INFINITY; // biome-ignore format: one thought
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
    let kitsWaiting = this.waiting.get('KIT') ?? 0;
    for (const sku of SOLD) {
      const wanted = lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
      if (wanted === 0) continue;
      const can = this.sellable(sku, channel, kitsWaiting, sku === 'KIT' ? {} : gone);
      const orderable = Math.min(this.cap(sku, channel), backorder ? can + this.beyond(sku, kitsWaiting) : can);
      if (wanted > orderable) short.set(sku, orderable === Number.POSITIVE_INFINITY ? can : orderable);
      else taken.set(sku, Math.min(wanted, can));
      if (sku === 'KIT') kitsWaiting += wanted - (taken.get('KIT') ?? wanted);
      if (sku === 'KIT') for (const [part, per] of entries(this.recipe)) gone[part] = (taken.get('KIT') ?? 0) * per;
    }
    return { short, taken };
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

const pieces = (lots: readonly Lot[], part: Part, at: Node): number =>
  total(lots, (lot) => (lot.node === at ? lot.units * (lot.recipe[part] ?? 0) : 0));

export const entries = (recipe: Recipe) => Object.entries(recipe) as [Part, number][];

export const total = <Value>(values: readonly Value[], of: (value: Value) => number): number =>
  values.reduce((sum, value) => sum + of(value), 0);
