import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { ReportUnusable } from './feeds.ts';
import { readParcelUnits } from './parcel-units.ts';
import type { ShipmentStatus } from './states.ts';

/** A state in which a parcel does not reach its buyer by itself. */
type Stranded = Extract<ShipmentStatus, 'LOST' | 'RETURN_TO_SENDER' | 'CANCELLED'>;

/** As the exception's operation has it; what it says; what the carrier had said, once it says something else; what to do. */
const STRANDED: Readonly<Record<Stranded, { readonly operation: string; readonly what: string; readonly before: string; readonly remedy: string; readonly unless?: string }>> = {
  LOST: {
    operation: 'parcel:lost',
    what: 'is lost, says the carrier',
    before: 'is lost',
    remedy: 'Claim it from the carrier, and pay the buyer back (returnRequest by staff with the reason LOST_IN_TRANSIT) or send the goods again as a new order',
  },
  RETURN_TO_SENDER: {
    operation: 'parcel:returned',
    what: 'goes back to the node, says the carrier',
    before: 'goes back to the node',
    remedy: 'Find out what was wrong with the address, and have the node tell when the goods are back. Take them in then (returnRequest by staff with the reason RETURNED_TO_SENDER, then returnReceive), which pays the buyer back, and send them again as a new order if the buyer wants them',
    unless: ' It is closed for you when all of it is taken in, or when the carrier delivers it after all. If the buyer has it though no carrier says so, correct this (`arrived`: ALL).',
  },
  CANCELLED: {
    operation: 'parcel:cancelled',
    what: 'left the node, but its label was cancelled before the carrier had it',
    before: 'never got it, because its label was cancelled',
    remedy: 'Find out at the node where the goods are. What is still there is taken in (returnRequest by staff with the reason RETURNED_TO_SENDER, then returnReceive), which pays the buyer back',
  },
}; // biome-ignore format: a table

/** What is said instead when the carrier delivered it after all, by its own word: nobody is to pay back blindly. */
const CONTRADICTED =
  'Do not pay the buyer back, nor send the goods again, before the buyer said what arrived. If everything did, correct this (`arrived`: ALL), and the order counts it as delivered. Otherwise act as before';

/** What is said when the carrier delivered what a node had taken in, all of it or a part. */
const DELIVERED_AFTER = {
  what: 'is delivered, says the carrier now, though a node took in what was in it, or a part of that',
  remedy:
    'Ask the buyer what arrived, and count what lies at the node. What was taken in stays paid back: if the buyer has it too, settle it with them, and correct the stock there (inventoryAdjust). If the buyer has what was not taken in, correct this (`arrived`: REST), and the order counts that as delivered',
};

/** What is said when the carrier takes back that it delivered one. */
const DISPUTED = {
  operation: 'parcel:disputed',
  what: 'is lost, or goes back to the node, says the carrier now, which had said before that it was delivered; the order counts it as delivered',
  remedy:
    'Ask the buyer what arrived. If nothing did, claim it from the carrier and pay the buyer back by a return (returnRequest, returnAuthorize, returnRefund)',
};

/** Closes exceptions in the transaction of what made up for them. */
export type SettleIn = (trx: Knex.Transaction, keys: readonly string[], by: string) => Promise<void>;

/** Parcels that one look takes. */
const BATCH = 100;

const keyOf = (packageId: string) => `parcel:${packageId}`;
/** The parcel that an exception of this key is about. */
export const parcelOf = (key: string) => key.replace(/^parcel:/, '');

/**
 * Tells of parcels that do not reach their buyers, each once, and closes what was told when one got there after all. Of one
 * that was lost, cancelled or taken in it is told once more when its carrier says that it delivered it, and of one that was
 * delivered when its carrier takes that back. By parcel, not by shipment: the others of a shipment may have arrived. What was
 * told of a parcel is closed when people said of all that was in it what became of it. Any number of workers may look.
 * @returns how many parcels were told of, or closed
 */
export function tellOfStrandedParcels(deps: {
  readonly knex: Knex;
  readonly report: ReportUnusable;
  readonly settle: SettleIn;
}): Promise<number> {
  return inTransaction(deps.knex, async (trx) => {
    const parcels = await query<{
      id: string;
      shipmentId: string;
      isContradicted: boolean;
      isAccounted: boolean;
      status: ShipmentStatus;
      carrier: string;
      trackingNumber: string;
      orderId: string;
      channelCode: string;
      contents: string | null;
    }>(
      trx,
      `select p.id, p.shipment_id as "shipmentId", p.contradicted_at is not null as "isContradicted",
         p.accounted_at is not null and coalesce(p.contradicted_at <= p.accounted_at, true) as "isAccounted", p.status, p.carrier,
         p.tracking_number as "trackingNumber", s.order_id as "orderId", s.channel_code as "channelCode",
         (select string_agg(l.quantity || ' × ' || l.sku, ', ' order by l.position) from fulfillment.package_line l where l.package_id = p.id) as contents
       from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id
       where case when p.status in ('LOST', 'RETURN_TO_SENDER', 'CANCELLED') and (p.accounted_at is null or p.contradicted_at > p.accounted_at) then p.status end is distinct from p.told
         or p.status = 'DELIVERED' and p.contradicted_at is not null and p.dispute_told_at is null
       order by p.id limit ? for update of p skip locked`,
      [BATCH],
    );
    for (const {
      id,
      shipmentId,
      isContradicted,
      isAccounted,
      status,
      carrier,
      trackingNumber,
      contents,
      ...order
    } of parcels) {
      const words = isAccounted ? null : wordsOf(status, isContradicted);
      await deps.settle(trx, [keyOf(id)], isAccounted ? 'the goods were taken in, or reached the buyer' : 'the carrier told of the parcel again'); // biome-ignore format: one thought
      if (words) {
        const units = (await readParcelUnits(trx, shipmentId, id)).map(({ lineId, quantity }) => ({ lineId, quantity })); // biome-ignore format: one thought
        await deps.report(trx, {
          key: keyOf(id),
          cause: 'CONFLICT',
          system: 'carrier',
          operation: words.operation,
          // The number opens the carrier's page with the buyer's address: its end tells parcels apart.
          message: `The parcel …${trackingNumber.slice(-4)} of ${carrier} (${contents ?? 'contents unknown'}) ${words.what}. ${words.remedy}; then dismiss this.${words.unless ?? ''}`,
          ...(units.length > 0 ? { units } : {}),
          ...order,
        });
      }
      await change(
        trx,
        `update fulfillment.package set told = ?, dispute_told_at = case when ? then now() else dispute_told_at end where id = ?`,
        [words && isStranded(status) ? status : null, status === 'DELIVERED' && isContradicted, id],
      );
    }
    return parcels.length;
  });
}

const isStranded = (status: ShipmentStatus): status is Stranded => status in STRANDED;

/** What is said of a parcel in this state. Null when it needs nobody. */
function wordsOf(status: ShipmentStatus, isContradicted: boolean) {
  if (!isStranded(status)) return status === 'DELIVERED' && isContradicted ? { ...DISPUTED, unless: undefined } : null;
  const { operation, what, before, remedy, unless } = STRANDED[status];
  if (!isContradicted) return { operation, what, remedy, unless };
  if (status === 'RETURN_TO_SENDER') return { operation, ...DELIVERED_AFTER, unless: undefined };
  const now = `is delivered, says the carrier now, which had said before that it ${before}`;
  return { operation, what: now, remedy: CONTRADICTED, unless: undefined };
}
