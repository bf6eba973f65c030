import { AsyncLocalStorage } from 'node:async_hooks';
import type { Caller } from '../../platform/caller.ts';
import { type Knex, openDatabase } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';
import { memoryStockSource } from '../../subgraphs/inventory/adapters/memory.ts';
import { createFeedReader } from '../../subgraphs/inventory/feed-reader.ts';
import { createInventorySubgraph, createStock, locationIdOf } from '../../subgraphs/inventory/index.ts';
import type { StockChanges, StockPage, StockSource } from '../../subgraphs/inventory/port.ts';
import { createOrderBook, createOrderSubgraph } from '../../subgraphs/order/index.ts';
import type { PaymentTerms } from '../../subgraphs/order/payments/terms.ts';
import { stockCatalogue } from '../helpers/catalogue.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { callerOf, webChannel } from '../helpers/subgraph.ts';
import { type Action, CHANNELS, type ChannelCode, type Crash, type Plan, SITES, type Site, SKUS } from './actions.ts';
import { type Interposer, interpose } from './statements.ts';

/** What one client does at this moment: found again in whatever statement it causes. */
interface Attempt {
  readonly name: string;
  crash: Crash | null;
  /** Statements so far. */
  count: number;
  noise: Extract<Action, { do: 'readFeed' }>['noise'];
}

export const attempts = new AsyncLocalStorage<Attempt>();

/** Something planted before the processes start: wrong SQL in the database, or statements that are changed on the way. */
export interface Plant {
  /** Changes functions of this one copy of the database. */
  readonly sabotage?: (knex: Knex) => Promise<void>;
  /** Changes statements on their way. @param aside a connection outside of every transaction of the processes */
  readonly interposer?: (aside: Knex) => Interposer;
}

export type World = Awaited<ReturnType<typeof createWorld>>;
export type Process = World['processes'][number];

/** By when the shop's orders are to be paid. */
export const PAYMENT_TERMS: PaymentTerms = {
  ofChannel: new Map([['WEB', { withinHours: 1, holdUntilPaid: false }]]),
  otherwise: { withinHours: null, holdUntilPaid: false },
};
/** A moment at which none of them has time left. */
export const afterDeadline = () => new Date(Date.now() + 7_200_000);

const KINDS = { EAST: 'WAREHOUSE', WEST: 'WAREHOUSE', SHOP: 'STORE' } as const;
/** Tables that stay from run to run: what the migrations and the sites put there. */
const KEPT = ['migration', 'location'];
/** Units of A that are withheld at WEST from everybody. */
export const SAFETY = { sku: 'A', site: 'WEST', units: 1 } as const;
const QUIET = new AbortController().signal;

export const callers: Readonly<Record<ChannelCode, Caller>> = {
  WEB: callerOf({ clientId: 'web', channel: { ...webChannel, safetyStock: CHANNELS.WEB } }),
  AMAZON: callerOf({
    clientId: 'amazon',
    channel: { ...webChannel, code: 'AMAZON', kind: 'MARKETPLACE', priceList: 'AMAZON', safetyStock: CHANNELS.AMAZON },
  }),
};

/** Two processes of the order and inventory domains on one real database, with a warehouse and its feed. */
export async function createWorld(plant: Plant = {}) {
  const database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  const { knex } = database;
  const prices = { WEB: { GBP: 100 }, AMAZON: { GBP: 100 } };
  await stockCatalogue(knex, SKUS.map((sku) => ({ sku, title: sku, prices }))); // biome-ignore format: one thought
  // As the product finds them: what is kept from a channel is asked for where no caller is.
  for (const { channel } of Object.values(callers))
    if (channel)
      await query(
        knex,
        'insert into integration.channel (code, kind, name, price_list, currency_code, safety_stock) values (?, ?, ?, ?, ?, ?)',
        [channel.code, channel.kind, channel.name, channel.priceList, channel.currencyCode, channel.safetyStock],
      );
  await plant.sabotage?.(knex);
  const planted = plant.interposer?.(knex);
  const tables = (
    await query<{ name: string }>(
      knex,
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where (schemaname in ('inventory', 'orders', 'fulfillment') and tablename <> all (?::text[]))
          or (schemaname = 'integration' and tablename in ('outbox', 'idempotency_key'))`,
      [KEPT],
    )
  ).map((table) => table.name);

  let warehouse = memoryStockSource({ sites: [], skus: [], stock: [] });
  let photograph: StockPage[] = [];
  let hole = false;
  /** Lets statements through one by one, in an order that somebody chooses; null: at once. */
  let gate: ((label: string) => Promise<void>) | null = null;
  let afterStatement = () => {};

  const source: StockSource = {
    sites: (signal) => warehouse.sites(signal),
    changes: async (after, options, signal) => spoil(await warehouse.changes(after, options, signal)),
    snapshot: async function* () {
      yield* photograph;
    },
    supply: (signal) => warehouse.supply(signal),
    adjust: (adjustment, signal) => warehouse.adjust(adjustment, signal),
    receiveReturn: (goods, signal) => warehouse.receiveReturn(goods, signal),
    putAside: (goods, signal) => warehouse.putAside(goods, signal),
  };

  /** As a feed over a network may deliver: again, in the wrong order, not all of it yet. */
  function spoil(answer: StockChanges): StockChanges {
    const noise = attempts.getStore()?.noise ?? 'none';
    if (noise === 'hole') return { ...answer, changes: answer.changes.slice(1) };
    if (noise === 'twice') return { ...answer, changes: answer.changes.flatMap((change) => [change, change]) };
    return noise === 'reversed' ? { ...answer, changes: answer.changes.toReversed() } : answer;
  }

  const breakConnection = (backend: number) => query(knex, 'select pg_terminate_backend(?, 5000)', [backend]);

  const interposer: Interposer = async (statement, send) => {
    const attempt = attempts.getStore();
    if (gate && attempt && !statement.text.startsWith('BEGIN'))
      await gate(`${attempt.name} ${statement.text.slice(0, 60)}`);
    try {
      const isCommit = statement.text.startsWith('COMMIT');
      if (attempt) attempt.count += 1;
      const crash = attempt?.crash;
      const here = crash && (crash.at === 'commit' ? isCommit : crash.at === attempt?.count);
      if (here) attempt.crash = null;
      if (here && crash.side === 'before') await breakConnection(statement.backend);
      const answer = planted ? await planted(statement, send) : await send();
      if (!here || crash.side === 'before') return answer;
      await breakConnection(statement.backend);
      throw new Error('Connection terminated: the answer was lost');
    } finally {
      afterStatement();
    }
  };

  const processes = [0, 1].map((index) => {
    const handle = openDatabase(database.url, { poolMax: 12, applicationName: `process-${index}` });
    interpose(handle, interposer);
    return {
      knex: handle,
      orders: createOrderSubgraph({ knex: handle }),
      inventory: createInventorySubgraph({ knex: handle, source }),
      book: createOrderBook(handle),
      stock: createStock({ knex: handle, source }),
      reader: createFeedReader({
        knex: handle,
        source,
        name: 'wms',
        onRejected: async () => {},
        onGap: async () => {},
      }),
    };
  });

  return {
    /** For looking, not for acting: nothing stands between. */
    knex,
    processes,
    get warehouse() {
      return warehouse;
    },
    /** Once per reading. A number that is missing three times counts as lost: here it is late, and never lost. */
    noiseFor(wanted: Attempt['noise']): Attempt['noise'] {
      hole = wanted === 'hole' && !hole;
      return wanted === 'hole' && !hole ? 'none' : wanted;
    },
    async takeSnapshot() {
      photograph = [];
      for await (const page of warehouse.snapshot(QUIET)) photograph.push(page);
    },
    /** @param pass called before each statement, and waited for. @param after called when one has ended */
    async gated<Result>(pass: (label: string) => Promise<void>, after: () => void, work: () => Promise<Result>) {
      gate = pass;
      afterStatement = after;
      try {
        return await work();
      } finally {
        gate = null;
        afterStatement = () => {};
      }
    },
    /** Takes everything away and begins with this stock. */
    async reset(stock: Plan['stock']) {
      warehouse = memoryStockSource({
        sites: SITES.map((code) => ({ code, name: code, kind: KINDS[code] })),
        skus: SKUS,
        stock: SKUS.flatMap((sku) => SITES.map((siteCode) => ({ siteCode, sku, onHand: stock[sku][siteCode] }))),
      });
      hole = false;
      await query(knex, 'alter table inventory.movement disable trigger movement_append_only');
      await query(knex, `truncate ${tables.join()} cascade`);
      await query(knex, 'alter table inventory.movement enable trigger movement_append_only');
      await this.takeSnapshot();
      await processes[0]?.reader.readNext(0, QUIET);
      await query(knex, 'select inventory.set_safety_stock(?, ?, ?)', [SAFETY.sku, at(SAFETY.site), SAFETY.units]);
    },
    async stop() {
      await Promise.all(processes.map((process) => process.knex.destroy()));
      await database.drop();
    },
  };
}

export const at = (site: Site): string => locationIdOf(site);
