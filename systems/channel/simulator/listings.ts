import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { referenceReused, unknownRecord } from '../../kit/refusal.ts';
import type { Listing, ListingUpdate, UpdateResult } from '../wire.ts';

/** Takes an update once per marketplace and reference; it is applied later. @throws Refusal 409 REFERENCE_REUSED */
export async function takeUpdate(knex: Knex, marketplace: string, update: ListingUpdate): Promise<string> {
  const print = fingerprint(update);
  await knex.raw(
    `insert into channel.listing_update (marketplace, update_ref, fingerprint, items) values (?, ?, ?, ?::jsonb) on conflict do nothing`,
    [marketplace, update.updateRef, print, JSON.stringify(update.items)],
  );
  const { rows } = await knex.raw<{ rows: { no: string; fingerprint: string }[] }>(
    'select update_no::text as no, fingerprint from channel.listing_update where marketplace = ? and update_ref = ?',
    [marketplace, update.updateRef],
  );
  if (rows[0]?.fingerprint !== print) throw referenceReused(update.updateRef);
  return rows[0].no;
}

/**
 * What became of an update. It is applied when it is old enough, item by item, each as of its update: one that is looked at late
 * overwrites what later ones said, as real marketplaces do whose queues overtake each other.
 * @throws Refusal 404 UNKNOWN_UPDATE
 */
export function updateResult(knex: Knex, marketplace: string, updateNo: string, paceMillis: number): Promise<UpdateResult> {
  return inTransaction(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: { items: ListingUpdate['items']; results: UpdateResult['results'] | null; ripe: boolean }[] }>(
      `select items, results, received_at <= clock_timestamp() - ? * interval '1 millisecond' as ripe
       from channel.listing_update where marketplace = ? and update_no::text = ? for update`,
      [paceMillis, marketplace, updateNo],
    );
    const [update] = rows;
    if (!update) throw unknownRecord('UPDATE', updateNo);
    if (update.results) return { updateNo, state: 'DONE', results: update.results };
    if (!update.ripe) return { updateNo, state: 'WAITING', results: [] };
    const results: UpdateResult['results'] = [];
    for (const item of update.items) results.push(await apply(trx, marketplace, item));
    await trx.raw('update channel.listing_update set results = ?::jsonb where marketplace = ? and update_no::text = ?', [JSON.stringify(results), marketplace, updateNo]);
    return { updateNo, state: 'DONE', results };
  });
} // biome-ignore format: one thought

async function apply(trx: Knex, marketplace: string, { itemNo, units, price }: ListingUpdate['items'][number]) {
  await trx.raw('insert into channel.listing (marketplace, item_no) values (?, ?) on conflict do nothing', [marketplace, itemNo]); // biome-ignore format: one statement
  const { rows } = await trx.raw<{ rows: { blocked: string | null }[] }>(
    `update channel.listing set units = case when blocked is null then coalesce(:units, units) else units end,
       amount = case when blocked is null then coalesce(:amount, amount) else amount end,
       currency = case when blocked is null then coalesce(:currency, currency) else currency end
     where marketplace = :marketplace and item_no = :itemNo returning blocked`,
    { marketplace, itemNo, units: units ?? null, amount: price?.amount ?? null, currency: price?.currency ?? null },
  );
  const reasonCode = rows[0]?.blocked ?? null;
  return { itemNo, applied: reasonCode === null, reasonCode };
}

/** What the seller lists, in the order of the names. */
export async function readListings(knex: Knex, marketplace: string, after: string): Promise<{ listings: Listing[]; next: string | null }> {
  const { rows } = await knex.raw<{ rows: { itemNo: string; units: number; amount: string | null; currency: string | null }[] }>(
    'select item_no as "itemNo", units, amount, currency from channel.listing where marketplace = ? and item_no > ? order by item_no limit 200',
    [marketplace, after],
  );
  const listings = rows.map(({ itemNo, units, amount, currency }) => ({ itemNo, units, price: amount === null || currency === null ? null : { amount, currency } }));
  return { listings, next: rows.length < 200 ? null : (rows.at(-1)?.itemNo ?? null) };
} // biome-ignore format: one thought

/** The marketplace lets an item no longer be changed, or again. */
export async function block(knex: Knex, marketplace: string, itemNo: string, reasonCode: string | null): Promise<void> {
  await knex.raw(
    `insert into channel.listing (marketplace, item_no, blocked) values (:marketplace, :itemNo, :reasonCode)
     on conflict (marketplace, item_no) do update set blocked = excluded.blocked`,
    { marketplace, itemNo, reasonCode },
  );
}
