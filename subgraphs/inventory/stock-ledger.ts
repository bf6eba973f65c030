import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';

/** The quantities of a position that its ledger explains. */
export const QUANTITIES = ['on_hand', 'reserved', 'committed', 'safety_stock', 'incoming'] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** A position that its ledger, or the lines of its reservations, do not explain. */
export interface LedgerDifference {
  readonly sku: string;
  readonly locationId: string;
  /** What the position says, what the ledger adds up to, and what the reservations' lines do (where they know it). */
  readonly quantities: readonly {
    readonly name: Quantity;
    readonly position: bigint;
    readonly ledger: bigint;
    readonly lines: bigint | null;
  }[];
}

export interface LedgerReport {
  readonly positions: number;
  readonly movements: number;
  readonly differences: readonly LedgerDifference[];
  /** Positions where less is on hand than was promised to orders: no fault of the books, but of the shelf. */
  readonly shortages: readonly SeenShortage[];
  /** Positions where less is on hand than is held for carts, besides what was promised to orders: those holds end. */
  readonly heldShortages: readonly SeenShortage[];
  /** How far bookings were read, and the newest that any balance contains: the feed is behind while it is further. */
  readonly feed: { readonly readUpTo: number; readonly knownUpTo: number };
}

export interface Shortage {
  readonly sku: string;
  readonly locationId: string;
  readonly missing: number;
}

export interface SeenShortage extends Shortage {
  /** Whether the balance is newer than the bookings that were read: the goods may have left for these very orders. */
  readonly mayHaveLeft: boolean;
}

/** Positions of these SKUs where less is on hand than was promised to orders. @param skus null for all */
export function shortages(knex: Knex, skus: readonly string[] | null): Promise<Shortage[]> {
  return query<Shortage>(
    knex,
    'select sku, location_id as "locationId", missing from inventory.shortages(?::text[]) order by sku, location_id',
    [skus],
  );
}

/** Shortages of all SKUs, those too that the bookings to come may explain. */
function seenShortages(trx: Knex.Transaction, readUpTo: number): Promise<SeenShortage[]> {
  return query<SeenShortage>(
    trx,
    `select sku, location_id as "locationId", committed - on_hand as missing, source_sequence > ? as "mayHaveLeft"
     from inventory.position where committed > on_hand order by sku, location_id`,
    [readUpTo],
  );
}

/** What is missing for holds that are alive now, orders first. */
function heldShortages(trx: Knex.Transaction, readUpTo: number): Promise<SeenShortage[]> {
  return query<SeenShortage>(
    trx,
    `select sku, location_id as "locationId", least(held, held + committed - on_hand)::int as missing, source_sequence > ? as "mayHaveLeft"
     from inventory.stock_at(array(select distinct sku from inventory.position where reserved > 0), null, clock_timestamp())
     where held > 0 and held + committed > on_hand
     order by sku, location_id`,
    [readUpTo],
  );
}

type DifferenceRow = { sku: string; location_id: string } & Record<string, string | number>;

/** Adds the whole ledger up and compares it with the positions, at one moment, while orders go on. */
export function verifyStockLedger(knex: Knex): Promise<LedgerReport> {
  return knex.transaction(
    async (trx) => {
      const [counts] = await query<Record<'positions' | 'movements' | 'readUpTo' | 'knownUpTo', string>>(
        trx,
        `select (select count(*) from inventory.position) as positions, (select count(*) from inventory.movement) as movements,
                coalesce(feed.read, known.newest) as "readUpTo", greatest(feed.read, known.newest) as "knownUpTo"
         from (select coalesce(max(source_sequence), 0) as newest from inventory.position) known,
              (select max(sequence) as read from inventory.source_feed) feed`,
      );
      const readUpTo = Number(counts?.readUpTo);
      return {
        positions: Number(counts?.positions),
        movements: Number(counts?.movements),
        differences: await differences(trx),
        shortages: await seenShortages(trx, readUpTo),
        heldShortages: await heldShortages(trx, readUpTo),
        feed: { readUpTo, knownUpTo: Number(counts?.knownUpTo) },
      };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

async function differences(trx: Knex.Transaction): Promise<LedgerDifference[]> {
  const rows = await query<DifferenceRow>(trx, 'select * from inventory.ledger_difference order by sku, location_id');
  return rows.map((row) => ({
    sku: row.sku,
    locationId: row.location_id,
    quantities: QUANTITIES.flatMap((name) => {
      const lines = row[`lines_${name === 'reserved' ? 'held' : name}`];
      const found = {
        name,
        position: BigInt(row[name] ?? 0),
        ledger: BigInt(row[`ledger_${name}`] ?? 0),
        lines: lines === undefined ? null : BigInt(lines),
      };
      const same = found.position === found.ledger && (found.lines === null || found.lines === found.ledger);
      return same ? [] : [found];
    }),
  }));
}

/**
 * Sets positions to what their ledger adds up to. Nobody moves stock meanwhile.
 * @returns the differences that were found, and that are left: those between the ledger and the reservations' lines,
 *   which no sum can decide
 * @throws CommerceError when the ledger of a position adds up to what no position may be, such as less than nothing
 */
export function rebuildPositions(
  knex: Knex,
): Promise<{ found: readonly LedgerDifference[]; left: readonly LedgerDifference[] }> {
  return inTransaction(knex, async (trx) => {
    await query(trx, 'lock table inventory.position, inventory.movement in share row exclusive mode');
    const found = await differences(trx);
    await change(
      trx,
      `update inventory.position
       set ${QUANTITIES.map((name) => `${name} = wrong.ledger_${name}`).join(', ')}
       from inventory.ledger_difference wrong
       where position.sku = wrong.sku and position.location_id = wrong.location_id`,
    );
    return { found, left: await differences(trx) };
  });
}
