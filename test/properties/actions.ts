import fc from 'fast-check';

export const SKUS = ['A', 'B', 'C'] as const;
export const SITES = ['EAST', 'WEST', 'SHOP'] as const;
export type Sku = (typeof SKUS)[number];
export type Site = (typeof SITES)[number];
/** Channels with the units of every SKU that each withholds. */
export const CHANNELS = { WEB: 0, AMAZON: 2 } as const;
export type ChannelCode = keyof typeof CHANNELS;

export interface Line {
  readonly sku: Sku;
  readonly quantity: number;
}

/**
 * What somebody does, as data: it can be printed, shrunk and replayed. `hold`, `order` and `call` count what there is by
 * then, modulo its number, so that nearly every action finds something to act on.
 */
export type Act =
  | { readonly do: 'hold'; readonly channel: ChannelCode; readonly lines: readonly Line[]; readonly atShop: boolean }
  | { readonly do: 'extend'; readonly hold: number }
  | { readonly do: 'release'; readonly hold: number }
  /** The time of a hold passes. */
  | { readonly do: 'timeOut'; readonly hold: number }
  | { readonly do: 'sweep' }
  | {
      readonly do: 'place';
      readonly channel: ChannelCode;
      readonly lines: readonly Line[];
      readonly atShop: boolean;
      readonly backorder: boolean;
      /** Whether its payment is to come later. Marketplaces pay us themselves: their orders have no deadline. */
      readonly unpaid: boolean;
      /** The marketplace's own number of the order; a small one comes again. */
      readonly channelOrder: number | null;
    }
  | { readonly do: 'placeHeld'; readonly channel: ChannelCode; readonly hold: number }
  | { readonly do: 'cancel'; readonly order: number; readonly line: number; readonly quantity: number | null }
  /** The payment of an order comes. */
  | { readonly do: 'pay'; readonly order: number }
  /** The deadline of every order passes that was not paid, and a worker looks. */
  | { readonly do: 'overdue' }
  /** The warehouse hands out units of one line: sourced, picked, booked as goods issue. The feed is not read yet. */
  | { readonly do: 'ship'; readonly order: number; readonly line: number; readonly quantity: number }
  /** Shipped units arrive, come back and go on the shelf. */
  | { readonly do: 'giveBack'; readonly order: number; readonly line: number; readonly site: Site }
  /** The warehouse books units in (or, negative, out). */
  | { readonly do: 'count'; readonly sku: Sku; readonly site: Site; readonly delta: number }
  | { readonly do: 'readFeed'; readonly noise: 'none' | 'twice' | 'reversed' | 'hole' }
  /** A snapshot is taken now and arrives with the next `deliverSnapshot`. */
  | { readonly do: 'takeSnapshot' }
  | { readonly do: 'deliverSnapshot' }
  /** The same request under the same key again. */
  | { readonly do: 'repeat'; readonly call: number }
  /** Another request under a key that was used. */
  | { readonly do: 'reuseKey'; readonly call: number };

/** Where the connection breaks during the first attempt. `side`: before the statement, or after it and before the answer. */
export interface Crash {
  readonly at: number | 'commit';
  readonly side: 'before' | 'after';
}

export type Action = Act & {
  /** Which of the processes is asked. */
  readonly process: 0 | 1;
  readonly crash: Crash | null;
  /** Whether two clients send it at once under one key. */
  readonly twins: boolean;
};

export interface Plan {
  /** Units per SKU and site at the start. */
  readonly stock: Readonly<Record<Sku, Readonly<Record<Site, number>>>>;
  readonly actions: readonly Action[];
}

const sku = fc.constantFrom(...SKUS);
const site = fc.constantFrom(...SITES);
const channel = fc.constantFrom<ChannelCode>('WEB', 'WEB', 'AMAZON');
/** Without fast-check's bias to small numbers: it would nearly always be the first. */
const index = fc.noBias(fc.nat({ max: 20 }));
const lines = fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 2 });
const rarely = fc.constantFrom(false, false, false, true);

const hold = fc.record({ do: fc.constant('hold' as const), channel, lines, atShop: rarely });
const placeHeld = fc.record({ do: fc.constant('placeHeld' as const), channel, hold: index });
const release = fc.record({ do: fc.constant('release' as const), hold: index });
const timeOut = fc.record({ do: fc.constant('timeOut' as const), hold: index });
const sweep = fc.constant({ do: 'sweep' as const });
const ship = fc.record({
  do: fc.constant('ship' as const),
  order: index,
  line: fc.nat({ max: 2 }),
  quantity: fc.integer({ min: 1, max: 3 }),
});
const place = (backorder: fc.Arbitrary<boolean>) =>
  fc.record({
    do: fc.constant('place' as const),
    channel,
    lines,
    atShop: rarely,
    backorder,
    unpaid: fc.boolean(),
    channelOrder: fc.option(fc.nat({ max: 1 }), { freq: 3 }),
  });
const cancel = fc.record({
  do: fc.constant('cancel' as const),
  order: index,
  line: fc.nat({ max: 2 }),
  quantity: fc.option(fc.integer({ min: 1, max: 3 })),
});
const pay = fc.record({ do: fc.constant('pay' as const), order: index });
const overdue = fc.constant({ do: 'overdue' as const });
const giveBack = fc.record({ do: fc.constant('giveBack' as const), order: index, line: fc.nat({ max: 2 }), site });
const readFeed = fc.record({
  do: fc.constant('readFeed' as const),
  noise: fc.constantFrom('none' as const, 'twice' as const, 'reversed' as const, 'hole' as const),
});
const snapshots = fc.constantFrom({ do: 'takeSnapshot' as const }, { do: 'deliverSnapshot' as const });
const count = (delta: fc.Arbitrary<number>) => fc.record({ do: fc.constant('count' as const), sku, site, delta });
const again = fc.record({ do: fc.constantFrom('repeat' as const, 'reuseKey' as const), call: index });

function plan(act: fc.Arbitrary<Act>, crash: fc.Arbitrary<Crash | null>, length: number): fc.Arbitrary<Plan> {
  const action = fc
    .tuple(act, fc.record({ process: fc.constantFrom(0 as const, 1 as const), crash, twins: rarely }))
    .map(([what, how]) => ({ ...what, ...how }));
  const units = fc.noBias(fc.integer({ min: 0, max: 12 }));
  const bySite = fc.record({ EAST: units, WEST: units, SHOP: units });
  return fc.record({
    stock: fc.record({ A: bySite, B: bySite, C: bySite }),
    // Long sequences find most: without `size` they would rarely be longer than ten.
    actions: fc.array(action, { minLength: Math.ceil(length / 2), maxLength: length, size: 'max' }),
  });
}

/** Not too often: a new connection costs more than what it is used for. */
const crash = fc.oneof(
  { arbitrary: fc.constant(null), weight: 7 },
  {
    arbitrary: fc.record({
      at: fc.oneof(fc.constant('commit' as const), fc.integer({ min: 1, max: 9 })),
      side: fc.constantFrom('before' as const, 'after' as const),
    }),
    weight: 1,
  },
);

/** Everything there is, one after the other: what each must do is known. */
export const sequentialPlan = (length: number): fc.Arbitrary<Plan> =>
  plan(
    fc.oneof(
      { arbitrary: place(rarely), weight: 5 },
      { arbitrary: hold, weight: 4 },
      { arbitrary: placeHeld, weight: 3 },
      { arbitrary: cancel, weight: 3 },
      { arbitrary: pay, weight: 2 },
      { arbitrary: overdue, weight: 2 },
      { arbitrary: ship, weight: 4 },
      { arbitrary: readFeed, weight: 4 },
      { arbitrary: again, weight: 3 },
      { arbitrary: fc.oneof(release, timeOut, sweep), weight: 5 },
      { arbitrary: fc.record({ do: fc.constant('extend' as const), hold: index }), weight: 1 },
      { arbitrary: giveBack, weight: 2 },
      { arbitrary: snapshots, weight: 3 },
      { arbitrary: count(fc.integer({ min: -3, max: 6 })), weight: 2 },
    ),
    crash,
    length,
  );

/** What is done at once. Nothing is lost in the warehouse and nothing is backordered: then no unit may be missing. */
export const concurrentPlan = (length: number): fc.Arbitrary<Plan> =>
  plan(
    fc.oneof(
      { arbitrary: place(fc.constant(false)), weight: 8 },
      { arbitrary: hold, weight: 4 },
      { arbitrary: placeHeld, weight: 3 },
      { arbitrary: cancel, weight: 3 },
      { arbitrary: pay, weight: 3 },
      { arbitrary: overdue, weight: 2 },
      { arbitrary: ship, weight: 3 },
      { arbitrary: readFeed, weight: 2 },
      { arbitrary: fc.oneof(release, timeOut, sweep), weight: 4 },
      { arbitrary: giveBack, weight: 1 },
      { arbitrary: snapshots, weight: 2 },
      { arbitrary: count(fc.integer({ min: 1, max: 4 })), weight: 1 },
    ),
    crash,
    length,
  );
