import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import type { SaleName } from '../client.ts';
import type { SaleNotice } from '../wire.ts';

/** Which count of an item a notice adds to; the others count nothing. */
const COUNTS: Partial<Record<SaleNotice['kind'], 'shipped' | 'cancelled' | 'refunded'>> = {
  DISPATCHED: 'shipped',
  VOIDED: 'cancelled',
  VOID_ANSWER: 'cancelled',
  REFUNDED: 'refunded',
};

/**
 * Takes a notice once per marketplace and reference: all of it or nothing. A sale that the marketplace has not heard of
 * begins with its first notice: in this reference buyers do not come by themselves.
 *
 * @returns false when the notice was taken before
 * @throws Refusal 409 REFERENCE_REUSED, 422 MORE_THAN_BOUGHT, 422 OTHER_ARTICLE
 */
export function takeNotice(knex: Knex, name: SaleName, notice: SaleNotice): Promise<boolean> {
  return inTransaction(knex, async (trx) => {
    await lockSale(trx, name, notice.sellerRef);
    const print = fingerprint({ name, notice });
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `insert into channel.notice (marketplace, sale_no, notice_ref, kind, fingerprint, body)
       values (:marketplace, :saleNo, :ref, :kind, :print, :body::jsonb) on conflict do nothing`,
      { ...name, ref: notice.noticeRef, kind: notice.kind, print, body: JSON.stringify(notice) },
    );
    if (rowCount === 0) {
      await refuseReuse(trx, name, notice.noticeRef, print);
      return false;
    }
    await countItems(trx, name, notice);
    await noteOutcome(trx, name, notice);
    return true;
  });
}

/** Notes that the buyer wants the sale back. Asking again changes nothing. */
export async function askForVoid(knex: Knex, { marketplace, saleNo }: SaleName, requestRef: string): Promise<void> {
  await knex.raw(
    'insert into channel.void_request (marketplace, sale_no, request_ref) values (?, ?, ?) on conflict do nothing',
    [marketplace, saleNo, requestRef],
  );
}

async function lockSale(trx: Knex.Transaction, name: SaleName, sellerRef: string): Promise<void> {
  await trx.raw(
    `insert into channel.sale (marketplace, sale_no, seller_ref) values (:marketplace, :saleNo, :sellerRef) on conflict do nothing`,
    { ...name, sellerRef },
  );
  await trx.raw('select from channel.sale where marketplace = :marketplace and sale_no = :saleNo for update', {
    ...name,
  });
}

async function refuseReuse(trx: Knex.Transaction, name: SaleName, noticeRef: string, print: string): Promise<void> {
  const { rows } = await trx.raw<{ rows: { fingerprint: string }[] }>(
    'select fingerprint from channel.notice where marketplace = ? and notice_ref = ?',
    [name.marketplace, noticeRef],
  );
  if (rows[0]?.fingerprint !== print) throw referenceReused(noticeRef);
}

async function countItems(trx: Knex.Transaction, name: SaleName, notice: SaleNotice): Promise<void> {
  const column = COUNTS[notice.kind];
  for (const item of notice.items ?? []) {
    const { rows } = await trx.raw<{ rows: { sku: string; bought: number; used: number; refunded: number }[] }>(
      `insert into channel.item as i (marketplace, sale_no, item_ref, sku, bought) values (:marketplace, :saleNo, :itemRef, :sku, :bought)
       on conflict (marketplace, sale_no, item_ref) do update set sku = i.sku
       returning sku, bought, shipped + cancelled as used, refunded`,
      { ...name, itemRef: item.itemRef, sku: item.sku, bought: item.bought },
    );
    const known = rows[0];
    if (!known || known.sku !== item.sku || known.bought !== item.bought)
      throw new Refusal(422, 'OTHER_ARTICLE', `item ${item.itemRef} was sold otherwise`);
    if (!column) continue;
    const left = known.bought - (column === 'refunded' ? known.refunded : known.used);
    if (item.units > left) throw new Refusal(422, 'MORE_THAN_BOUGHT', `item ${item.itemRef} has less left`, { left });
    await trx.raw(
      `update channel.item set ${column} = ${column} + :units
       where marketplace = :marketplace and sale_no = :saleNo and item_ref = :itemRef`,
      { ...name, itemRef: item.itemRef, units: item.units },
    );
  }
}

async function noteOutcome(trx: Knex.Transaction, name: SaleName, notice: SaleNotice): Promise<void> {
  if (notice.kind === 'CONFIRMED' || notice.kind === 'DECLINED') {
    const column = notice.kind === 'CONFIRMED' ? 'confirmed_at' : 'declined_at';
    await trx.raw(`update channel.sale set ${column} = now() where marketplace = :marketplace and sale_no = :saleNo`, { ...name }); // biome-ignore format: one thought
  }
  if (notice.kind === 'VOID_ANSWER') {
    await trx.raw(
      `insert into channel.void_request (marketplace, sale_no, request_ref, decision, answered_at)
       values (:marketplace, :saleNo, :requestRef, :decision, now())
       on conflict (marketplace, sale_no, request_ref) do update set decision = excluded.decision, answered_at = now()`,
      { ...name, requestRef: notice.requestRef, decision: notice.decision },
    );
  }
}
