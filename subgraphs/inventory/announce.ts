import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { query } from '../../platform/db/query.ts';

/** How many of the oldest changes one call looks at. Later changes of the same SKUs go with them. */
const ANNOUNCE_LIMIT = 1_000;

interface Due {
  sku: string;
  /** Null when several locations of the SKU changed. */
  location_id: string | null;
  version: number;
}

interface Total {
  sku: string;
  available: number;
  on_hand: number;
  as_of: Date;
}

/**
 * Writes an inventory-changed event for every SKU whose stock changed since the last one, and for the bundles made of it, whoever changed it: the
 * warehouse's feed, an order, a hold, an expiry. Several changes of a SKU become one event with the present figures, so
 * a hot SKU costs its orders one small row each and no event.
 *
 * @returns whether there may be more
 */
export async function announceChanges(trx: Knex.Transaction): Promise<boolean> {
  // The version row is locked before the figures are read, in a later statement: the later version has the later figures.
  const due = await query<Due & { changes: number }>(
    trx,
    `with picked as (
       select id from inventory.unannounced
       where sku in (select sku from inventory.unannounced order by id limit ?)
       for update skip locked
     ), due as (
       delete from inventory.unannounced using picked where unannounced.id = picked.id
       returning unannounced.sku, unannounced.location_id
     ), told as (
       -- A bundle changes with each of its components.
       select sku, location_id, 1 as changes from due
       union all
       select part.bundle_sku, due.location_id, 0 from due join inventory.bundle_component part on part.component_sku = due.sku
     ), changed as (
       select sku, sum(changes)::int as changes, case when count(distinct location_id) = 1 then min(location_id) end as location_id
       from told group by sku
     ), versioned as (
       insert into inventory.announcement (sku, version) select sku, 1 from changed order by sku
       on conflict (sku) do update set version = announcement.version + 1
       returning sku, version
     )
     select sku, location_id, version, changes from changed join versioned using (sku) order by sku`,
    [ANNOUNCE_LIMIT],
  );
  if (due.length === 0) return false;
  const totals = await query<Total>(
    trx,
    `with part as (
       select asked.sku, coalesce(made.component_sku, asked.sku) as component_sku, coalesce(made.quantity, 1) as quantity,
              count(*) over (partition by asked.sku) as parts
       from unnest(?::text[]) as asked (sku) left join inventory.bundle_component made on made.bundle_sku = asked.sku
     ), stock as (
       select stock.*, location.shippable
       from inventory.stock_at((select array_agg(distinct component_sku) from part), null, statement_timestamp()) stock
       join inventory.location on location.id = stock.location_id
     ), at_node as (
       -- A bundle is there as often as one node has all of it.
       select part.sku, min(stock.available / part.quantity) as available, min(stock.on_hand / part.quantity) as on_hand
       from part join stock on stock.sku = part.component_sku and stock.shippable
       group by part.sku, stock.location_id having count(*) = max(part.parts)
     ), total as (
       select sku, sum(available) as available, sum(on_hand) as on_hand from at_node group by sku
     ), measured as (
       select part.sku, max(stock.as_of) as as_of from part join stock on stock.sku = part.component_sku group by part.sku
     )
     select asked.sku, coalesce(total.available, 0)::int as available, coalesce(total.on_hand, 0)::int as on_hand,
            coalesce(measured.as_of, statement_timestamp()) as as_of
     from unnest(?::text[]) as asked (sku) left join total using (sku) left join measured using (sku)`,
    [due.map((row) => row.sku), due.map((row) => row.sku)],
  );
  const totalOf = new Map(totals.map((total) => [total.sku, total]));
  const traceId = randomBytes(16).toString('hex');
  await writeEvents(
    trx,
    due.flatMap(({ sku, location_id, version }) => {
      const total = totalOf.get(sku);
      if (!total) return [];
      return [
        {
          type: 'inventory-changed.v1' as const,
          subject: sku,
          version,
          channelCode: null,
          traceId,
          data: {
            sku,
            locationId: location_id,
            available: total.available,
            onHand: total.on_hand,
            asOf: total.as_of.toISOString(),
          },
        },
      ];
    }),
  );
  // The oldest rows may be many of few SKUs: what was told of is counted in rows, as the limit is.
  return due.reduce((sum, row) => sum + row.changes, 0) >= ANNOUNCE_LIMIT;
}

/** Has every SKU told of that orders can take: what channels may buy changed, though no stock moved. */
export async function announceAll(trx: Knex.Transaction): Promise<void> {
  await query(trx, 'select inventory.announce_all()');
}
