import type { Knex } from 'knex';

/** Why stock changed: goods receipt, goods issue, adjustment, inventory count, customer return. */
export type MovementCode = 'GR' | 'GI' | 'AD' | 'IC' | 'RT';

/** A wanted change of stock. */
export interface Movement {
  readonly site: string;
  readonly articleNo: string;
  readonly movementCode: MovementCode;
  readonly quantityDelta: number;
  readonly documentRef: string;
  readonly lineRef: string | null;
}

/** A change of stock as booked. */
export interface LedgerEntry extends Movement {
  readonly ledgerNo: number;
  readonly balanceAfter: number;
  readonly bookedAt: Date;
}

/** Stock of one position at one moment, locked until the end of the transaction. */
export interface LockedPosition {
  readonly quantity: number;
  /** 0 when nothing was ever booked. */
  readonly lastLedgerNo: number;
}

const positionKey = (site: string, articleNo: string) => `${site}\n${articleNo}`;

export interface LockedStock {
  at(site: string, articleNo: string): LockedPosition;
}

/**
 * Locks positions, creating empty ones, always in the same order: two transactions over the same articles queue, they
 * never deadlock.
 */
export async function lockStock(
  trx: Knex.Transaction,
  positions: readonly { site: string; articleNo: string }[],
): Promise<LockedStock> {
  const wanted = [...new Map(positions.map((p) => [positionKey(p.site, p.articleNo), p])).values()];
  const binding = [wanted.map((p) => p.site), wanted.map((p) => p.articleNo)];
  await trx.raw(
    `insert into wms.stock (site, article_no, quantity, last_ledger_no)
     select site, article_no, 0, 0 from unnest(?::text[], ?::text[]) as wanted (site, article_no) order by 1, 2
     on conflict do nothing`,
    binding,
  );
  const { rows } = await trx.raw<{
    rows: { site: string; article_no: string; quantity: number; last_ledger_no: string }[];
  }>(
    `select site, article_no, quantity, last_ledger_no
     from wms.stock join unnest(?::text[], ?::text[]) as wanted (site, article_no) using (site, article_no)
     order by site, article_no for update of stock`,
    binding,
  );
  const found = new Map(
    rows.map((row) => [
      positionKey(row.site, row.article_no),
      { quantity: row.quantity, lastLedgerNo: Number(row.last_ledger_no) },
    ]),
  );
  return {
    at(site, articleNo) {
      const position = found.get(positionKey(site, articleNo));
      if (!position) throw new Error('position was not locked');
      return position;
    },
  };
}

/**
 * Books movements on locked stock, in the given order: one ledger row each, with the balance it leaves.
 * The caller has made sure that no balance falls below zero; the table refuses it otherwise.
 * Last statement of a transaction: it locks the ledger's counter, and every other booking waits until the commit.
 */
export async function bookMovements(
  trx: Knex.Transaction,
  stock: LockedStock,
  movements: readonly Movement[],
): Promise<LedgerEntry[]> {
  if (movements.length === 0) return [];
  const balances = new Map<string, number>();
  const entries = movements.map((movement, place) => {
    const key = positionKey(movement.site, movement.articleNo);
    const before = balances.get(key) ?? stock.at(movement.site, movement.articleNo).quantity;
    balances.set(key, before + movement.quantityDelta);
    return { ...movement, place, balanceAfter: before + movement.quantityDelta };
  });
  const { rows } = await trx.raw<{ rows: { first: string; booked_at: Date }[] }>(
    `with numbers as (
       select wms.take_feed_numbers('stock-ledger', ?) as first
     ), booked as (
       insert into wms.stock_ledger
         (ledger_no, site, article_no, movement_code, quantity_delta, balance_after, document_ref, line_ref)
       select first + place, site, "articleNo", "movementCode", "quantityDelta", "balanceAfter", "documentRef", "lineRef"
       from numbers, jsonb_to_recordset(?) as entry (place int, site text, "articleNo" text, "movementCode" text,
         "quantityDelta" int, "balanceAfter" int, "documentRef" text, "lineRef" text)
       returning ledger_no, site, article_no, balance_after
     ), last as (
       select distinct on (site, article_no) * from booked order by site, article_no, ledger_no desc
     ), moved as (
       update wms.stock set quantity = last.balance_after, last_ledger_no = last.ledger_no
       from last where stock.site = last.site and stock.article_no = last.article_no
     )
     select first, now() as booked_at from numbers`,
    [entries.length, JSON.stringify(entries)],
  );
  const numbers = rows[0];
  if (!numbers) throw new Error('nothing was booked');
  const first = Number(numbers.first);
  return entries.map(({ place, ...entry }) => ({ ...entry, ledgerNo: first + place, bookedAt: numbers.booked_at }));
}
