import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { Comparison, Difference } from '../../platform/reconcile/comparison.ts';
import { locationIdOf } from './locations.ts';
import type { StockAudit, UnsellableStock } from './port.ts';

interface Units {
  readonly locationId: string;
  readonly sku: string;
  readonly condition: string;
  readonly quantity: number;
}

/** Counts goods that the warehouse has put aside for us. Once per `key`. */
export function countPutAside(knex: Knex, key: string, units: readonly Units[]): Promise<void> {
  return inTransaction(knex, async (trx) => {
    const isNew = await change(trx, 'insert into inventory.put_aside (key) values (?) on conflict do nothing', [key]);
    if (isNew === 0) return;
    await query(
      trx,
      `insert into inventory.unsellable as known (location_id, sku, condition, quantity)
       select location_id, sku, condition, sum(quantity)::int from unnest(?::text[], ?::text[], ?::text[], ?::int[]) as n (location_id, sku, condition, quantity)
       group by 1, 2, 3 order by 1, 2, 3
       on conflict (location_id, sku, condition) do update set quantity = known.quantity + excluded.quantity, updated_at = clock_timestamp()`,
      columns(units),
    );
  });
}

/**
 * Goods that are not for sale, per site, SKU and what is wrong with them, with the warehouse's. It owns the figure: what it
 * scrapped, or blocked by itself, is taken over, and told as a difference. It lists all of them at once.
 */
export function unsellableComparison({
  knex,
  source,
}: {
  readonly knex: Knex;
  readonly source: Pick<StockAudit, 'unsellable'>;
}): Comparison {
  return {
    system: 'wms',
    subject: 'unsellable',

    async theirs(_cursor, signal) {
      const theirs = new Map((await source.unsellable(signal)).map((stock) => [keyOf(stock), stock]));
      const ours = await known(knex);
      const keys = [...new Set([...theirs.keys(), ...ours.keys()])].sort();
      return {
        keys,
        differences: keys.flatMap((key) => differenceOf(key, theirs.get(key)?.quantity ?? 0, ours.get(key) ?? 0)),
        next: null,
      };
    },

    // Theirs names ours too: the list is whole.
    ours: async () => ({ keys: [], next: null }),
    missing: async () => [],

    async correct(_cursor, keys, signal) {
      const theirs = new Map((await source.unsellable(signal)).map((stock) => [keyOf(stock), stock.quantity]));
      const units = keys.map((key) => {
        const [siteCode = '', sku = '', condition = ''] = JSON.parse(key) as string[];
        return { locationId: locationIdOf(siteCode), sku, condition, quantity: theirs.get(key) ?? 0 };
      });
      await query(
        knex,
        `insert into inventory.unsellable (location_id, sku, condition, quantity)
         select * from unnest(?::text[], ?::text[], ?::text[], ?::int[])
         on conflict (location_id, sku, condition) do update set quantity = excluded.quantity, updated_at = clock_timestamp()`,
        columns(units),
      );
      return keys;
    },
  };
}

const columns = (units: readonly Units[]) => [
  units.map((one) => one.locationId),
  units.map((one) => one.sku),
  units.map((one) => one.condition),
  units.map((one) => one.quantity),
];

const keyOf = ({ siteCode, sku, condition }: Omit<UnsellableStock, 'quantity'>) =>
  JSON.stringify([siteCode, sku, condition]);

/** Units by key. */
async function known(knex: Knex): Promise<Map<string, number>> {
  const rows = await query<UnsellableStock>(
    knex,
    `select location.code as "siteCode", unsellable.sku, unsellable.condition, unsellable.quantity
     from inventory.unsellable join inventory.location on location.id = unsellable.location_id where unsellable.quantity > 0`,
  );
  return new Map(rows.map((row) => [keyOf(row), row.quantity]));
}

function differenceOf(key: string, theirs: number, ours: number): Difference[] {
  if (theirs === ours) return [];
  const [siteCode, sku, condition] = JSON.parse(key) as string[];
  return [
    {
      key,
      what: `${sku} at ${siteCode}, not for sale (${condition}): warehouse has ${theirs}, here ${ours}`,
      remedy:
        'The warehouse is believed over us, but it did not take effect. Compare again (`commerce reconcile --system wms`).',
      correctable: true,
    },
  ];
}
