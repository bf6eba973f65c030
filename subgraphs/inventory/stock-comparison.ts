import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { Comparison, Difference } from '../../platform/reconcile/comparison.ts';
import { positionIdOf } from './locations.ts';
import type { StockAudit, StockLevel } from './port.ts';
import { applyLevels } from './projection.ts';
import { type Shortage, shortages } from './stock-ledger.ts';

const PAGE = 500;

interface Known {
  readonly id: string;
  readonly sku: string;
  readonly code: string;
  readonly on_hand: number;
  readonly source_sequence: string;
}

const REMEDY =
  'The warehouse is believed over us, but it did not take effect. Read the stock again (`commerce reconcile --system wms`) and count the shelf.';

/**
 * Stock per SKU and site with the warehouse's. Its balance is taken over where it differs, and what is short then is told as
 * with any booking. Bookings on their way are no difference: both sides name the last one they know.
 */
export function stockComparison(deps: {
  readonly knex: Knex;
  readonly source: StockAudit;
  readonly onShortage: (shortage: Shortage, trx: Knex.Transaction) => Promise<void>;
}): Comparison {
  const { knex, source } = deps;
  const keyOf = ({ siteCode, sku }: { siteCode: string; sku: string }) => positionIdOf(siteCode, sku);

  return {
    system: 'wms',
    subject: 'stock',

    async theirs(cursor, signal) {
      const { levels, next } = await source.levels(cursor, PAGE, signal);
      const known = await knownOf(knex, levels.map(keyOf));
      return {
        keys: levels.map(keyOf),
        differences: levels.flatMap((level) => differenceOf(keyOf(level), level, known.get(keyOf(level)))),
        next,
      };
    },

    async ours(cursor) {
      const rows = await query<{ id: string }>(
        knex,
        `select position.id from inventory.position join inventory.location on location.id = position.location_id
         where position.id > ? and on_hand > 0 and location.source is null order by position.id limit ?`,
        [cursor ?? '', PAGE],
      );
      return { keys: rows.map((row) => row.id), next: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null) };
    },

    async missing(keys, signal) {
      const known = await knownOf(knex, keys);
      const skus = [...new Set([...known.values()].map(({ sku }) => sku))];
      const there = new Set((await source.levelsOf(skus, signal)).map(keyOf));
      return [...known.values()]
        .filter(({ id, on_hand }) => on_hand > 0 && !there.has(id))
        .map(({ id, sku, code, on_hand }) => ({
          key: id,
          what: `${sku} at ${code}: ${on_hand} on hand here, unknown to the warehouse`,
          remedy:
            'The warehouse has no such position. Enter it there, or count the shelf: its next booking sets the balance.',
          correctable: false,
        }));
    },

    async correct(cursor, keys, signal) {
      const { levels } = await source.levels(cursor, PAGE, signal);
      const wanted = levels.filter((level) => keys.includes(keyOf(level)));
      await inTransaction(knex, async (trx) => {
        await applyLevels(trx, wanted);
        const skus = [...new Set(wanted.map(({ sku }) => sku))];
        for (const shortage of await shortages(trx, skus)) await deps.onShortage(shortage, trx);
      });
      const known = await knownOf(knex, keys);
      return wanted.filter((level) => known.get(keyOf(level))?.on_hand === level.onHand).map(keyOf);
    },
  };
}

function differenceOf(key: string, level: StockLevel, known: Known | undefined): Difference[] {
  if (level.onHand === (known?.on_hand ?? 0)) return [];
  const here = known ? `${known.on_hand} as of booking ${known.source_sequence}` : 'unknown';
  return [
    {
      key,
      what: `${level.sku} at ${level.siteCode}: warehouse has ${level.onHand} as of booking ${level.sequence}, here ${here}`,
      remedy: REMEDY,
      correctable: true,
    },
  ];
}

async function knownOf(knex: Knex, ids: readonly string[]): Promise<Map<string, Known>> {
  const rows = await query<Known>(
    knex,
    `select position.id, position.sku, location.code, position.on_hand, position.source_sequence
     from inventory.position join inventory.location on location.id = position.location_id where position.id = any (?::text[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}
