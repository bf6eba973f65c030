import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { ReportUnusable } from './feeds.ts';
import { followPackages } from './move-packages.ts';
import type { SettleIn } from './stranded-parcels.ts';

/** What becomes of goods that left without a tracking number, once they are away for so many hours. */
export interface UntrackedRule {
  readonly hours: number;
  /** ASK: a person says that they arrived. ASSUME: they count as delivered. */
  readonly outcome: 'ASK' | 'ASSUME';
}

/** Shipments that one look takes. */
const BATCH = 100;

const keyOf = (shipmentId: string) => `untracked:${shipmentId}`;

/**
 * Goods that left without a tracking number, as staff send them by hand: no carrier will ever say that they arrived. Once
 * they are away for long enough, a person is asked, once; or they count as delivered. Any number of workers may look.
 * @returns how many shipments were told of, or count as delivered now
 */
export function settleUntracked(deps: {
  readonly knex: Knex;
  readonly report: ReportUnusable;
  readonly settle: SettleIn;
  readonly rule: UntrackedRule;
}): Promise<number> {
  const { hours, outcome } = deps.rule;
  return inTransaction(deps.knex, async (trx) => {
    const due = await query<{ id: string; orderId: string; channelCode: string; contents: string }>(
      trx,
      `select s.id, s.order_id as "orderId", s.channel_code as "channelCode",
         (select string_agg(l.quantity || ' × ' || l.sku, ', ' order by l.order_line_id) from fulfillment.shipment_line l where l.shipment_id = s.id) as contents
       from fulfillment.shipment s where s.untracked = any(?::text[]) and s.shipped_at <= now() - make_interval(hours => ?)
       order by s.shipped_at limit ? for update skip locked`,
      [outcome === 'ASSUME' ? ['WAITING', 'TOLD'] : ['WAITING'], hours, BATCH],
    );
    const ids = due.map(({ id }) => id);
    if (outcome === 'ASSUME') {
      await arrive(trx, ids);
      await deps.settle(trx, ids.map(keyOf), `${hours} hours without a word, and UNTRACKED_THEN=ASSUME`);
      return due.length;
    }
    for (const { id, contents, ...order } of due)
      await deps.report(trx, {
        key: keyOf(id),
        cause: 'CONFLICT',
        system: 'wms',
        operation: 'shipment:untracked',
        message: `${contents} left without a tracking number, so no carrier says when they arrive. Ask the buyer, or whoever took them there, and correct this (\`arrived\`: ALL): the order counts them as delivered then. Units that never arrive are paid back afterwards by a return (returnRequest, returnAuthorize, returnRefund). If that goes for all such goods, set UNTRACKED_THEN=ASSUME`,
        ...order,
      });
    await change(trx, `update fulfillment.shipment set untracked = 'TOLD' where id = any(?::text[])`, [ids]);
    return due.length;
  });
}

/**
 * Somebody says that goods without a tracking number reached their buyer.
 * @param key names the shipment on the exception desk
 * @returns the units, or null when nobody waits for that word any more
 */
export async function confirmArrival(trx: Knex.Transaction, key: string): Promise<number | null> {
  const id = key.replace(/^untracked:/, '');
  const [found] = await query<{ units: number }>(
    trx,
    `select (select sum(l.quantity)::int from fulfillment.shipment_line l where l.shipment_id = s.id) as units
     from fulfillment.shipment s where s.id = ? and s.untracked is not null for update`,
    [id],
  );
  if (!found) return null;
  await arrive(trx, [id]);
  return found.units;
}

/** Without parcels that something is expected of, a shipment is delivered. */
async function arrive(trx: Knex.Transaction, ids: readonly string[]): Promise<void> {
  await followPackages(trx, ids);
  await change(trx, 'update fulfillment.shipment set untracked = null where id = any(?::text[])', [ids]);
}
