import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import { inKeyOrder } from '../../platform/batch.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import { locationsById } from './locations.ts';
import type { Location, Lot, Position, Reservation, StockTotal } from './model.ts';
import {
  type Heard,
  positionsById,
  positionsBySku,
  questionKey,
  reservationsById,
  type StockQuestion,
  stockTotals,
  supplyByPosition,
} from './read.ts';

/** Most keys of one statement. A page of 100 products with 10 variants each is two. */
const MAX_BATCH = 500;

/** PostgreSQL refuses the null byte; nothing has such a name, so nothing is asked. */
const isStorable = (text: string) => !text.includes('\0');

/** Asks only for keys that can exist; all others are unknown. */
function known<Value>(read: (ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>) {
  return async (ids: readonly string[]) => inKeyOrder(ids, await read(ids.filter(isStorable)));
}

/** Fresh for every request: the cache must not outlive the caller's rights, nor the stock. */
export function createInventoryLoaders(knex: Knex, caller: Caller) {
  const asker = { channelCode: caller.channel?.code ?? null, safetyStock: caller.channel?.safetyStock ?? 0 };
  return {
    /** Stock over the nodes in question; null when the SKU or the location is unknown. */
    totals: new DataLoader<StockQuestion, Heard<StockTotal> | null, string>(
      async (questions) => {
        const askable = questions.filter(({ sku, locationId }) => isStorable(sku) && isStorable(locationId ?? ''));
        const found = await stockTotals(knex, askable, asker);
        return questions.map((question) => found.get(questionKey(question)) ?? null);
      },
      { name: 'inventory.totals', maxBatchSize: MAX_BATCH, cacheKeyFn: questionKey },
    ),
    positionsBySku: new DataLoader<string, Heard<Position>[]>(
      async (skus) => {
        const found = await positionsBySku(knex, skus.filter(isStorable));
        return skus.map((sku) => found.get(sku) ?? []);
      },
      { name: 'inventory.positionsBySku', maxBatchSize: MAX_BATCH },
    ),
    positions: new DataLoader<string, Heard<Position> | null>(
      known((ids) => positionsById(knex, ids)),
      { name: 'inventory.positionById', maxBatchSize: MAX_BATCH },
    ),
    supply: new DataLoader<string, Lot[]>(
      async (ids) => {
        const found = await supplyByPosition(knex, ids);
        return ids.map((id) => found.get(id) ?? []);
      },
      { name: 'inventory.supplyByPosition', maxBatchSize: MAX_BATCH },
    ),
    locations: new DataLoader<string, Location | null>(
      known((ids) => locationsById(knex, ids)),
      { name: 'inventory.locationById', maxBatchSize: MAX_BATCH },
    ),
    reservations: new DataLoader<string, Reservation | null>(
      async (ids) =>
        // Another channel's or customer's reservation answers exactly like one that does not exist.
        inKeyOrder(ids, await reservationsById(knex, ids.filter(isStorable))).map((reservation) =>
          reservation &&
          maySee(caller, {
            channelCode: reservation.channelCode ?? '',
            customerId: reservation.customerId,
            collected: false,
          })
            ? reservation
            : null,
        ),
      { name: 'inventory.reservationById', maxBatchSize: MAX_BATCH },
    ),
  };
}

export type InventoryLoaders = ReturnType<typeof createInventoryLoaders>;
