import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import type { Consumption, StoredEvent } from '../../events/port.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { takeChangeMoment } from './change-clock.ts';

type StockEvent = StoredEvent<'inventory-changed.v1'>;

/** Keeps what products know of stock: which are available, and when that last changed. */
export interface SellableProjection {
  /** Applies events in one transaction. Older versions and repetitions change nothing. */
  apply(events: readonly StockEvent[]): Promise<void>;
  /** How the worker reads the events; it adds `onDead` and `signal`. Events that come together are applied together. */
  readonly consumption: Pick<Consumption<'inventory-changed.v1'>, 'group' | 'types' | 'handler' | 'concurrency'>;
}

/** How long the first of some events waits for others, in milliseconds. */
const GATHER_MILLIS = 10;
const MOST_TOGETHER = 500;
/** Stock above this counts as this: the column is a 32-bit integer, and nobody orders more. */
const MOST_AVAILABLE = 2_000_000_000;

export function createSellableProjection(deps: { knex: Knex; clock?: Clock }): SellableProjection {
  const clock = deps.clock ?? systemClock;
  const apply = (events: readonly StockEvent[]) =>
    inTransaction(deps.knex, (trx) => applyStock(trx, newestBySku(events), clock.now()));
  const gathered = new DataLoader<StockEvent, true>(
    async (events) => {
      await apply(events);
      return events.map(() => true as const);
    },
    {
      name: 'product.sellable',
      cache: false,
      maxBatchSize: MOST_TOGETHER,
      batchScheduleFn: (run) => setTimeout(run, GATHER_MILLIS),
    },
  );
  return {
    apply,
    consumption: {
      group: 'product.sellable',
      types: ['inventory-changed.v1'],
      handler: async (event) => {
        await gathered.load(event);
      },
      concurrency: 100,
    },
  };
}

function newestBySku(events: readonly StockEvent[]): StockEvent[] {
  const newest = new Map<string, StockEvent>();
  for (const event of events) {
    const known = newest.get(event.subject);
    if (!known || known.version < event.version) newest.set(event.subject, event);
  }
  return [...newest.values()];
}

async function applyStock(trx: Knex.Transaction, events: readonly StockEvent[], now: Date): Promise<void> {
  if (events.length === 0) return;
  const at = await takeChangeMoment(trx, now);
  const touched = await query<{ product_id: string }>(
    trx,
    `with former as materialized (
       select sku, available from product.sellable where sku = any(?::text[])
     ), written as (
       insert into product.sellable as known (sku, available, version, as_of)
       select * from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[])
       on conflict (sku) do update
       set available = excluded.available, version = excluded.version, as_of = excluded.as_of
       where known.version < excluded.version
       returning sku, available
     )
     select distinct variant.product_id
     from written
     left join former using (sku)
     join product.variant on variant.sku = written.sku and not variant.hidden
     where former.available is distinct from written.available`,
    [
      events.map((event) => event.data.sku),
      events.map((event) => event.data.sku),
      events.map((event) => Math.min(Math.max(event.data.available, 0), MOST_AVAILABLE)),
      events.map((event) => event.version),
      events.map((event) => event.data.asOf),
    ],
  );
  await change(
    trx,
    `update product.product_state
     set available = product.available_of(product_id), updated_at = ?
     where product_id = any(?::text[])`,
    [at, touched.map((row) => row.product_id)],
  );
}
