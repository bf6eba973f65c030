import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { ReportUnusable } from './feeds.ts';
import { readMissingUnits } from './missing-units.ts';
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
    remedy: 'Find out what was wrong with the address, then send the goods again as a new order or pay the buyer back; have the node book them in when they arrive',
    unless: ' If the carrier delivers it after all, it is closed for you.',
  },
  CANCELLED: {
    operation: 'parcel:cancelled',
    what: 'left the node, but its label was cancelled before the carrier had it',
    before: 'never got it, because its label was cancelled',
    remedy: 'Find out at the node where the goods are, and have them sent under a new label or booked in again',
  },
}; // biome-ignore format: a table

/** What is said instead when the carrier delivered it after all, by its own word: nobody is to pay back blindly. */
const CONTRADICTED =
  'Do not pay the buyer back, nor send the goods again, before the buyer said what arrived; the order still counts the parcel as not delivered';

/** Closes exceptions in the transaction of what made up for them. */
export type SettleIn = (trx: Knex.Transaction, keys: readonly string[], by: string) => Promise<void>;

/** Parcels that one look takes. */
const BATCH = 100;

const keyOf = (packageId: string) => `parcel:${packageId}`;

/**
 * Tells of parcels that do not reach their buyers, each once, and closes what was told when one got there after all. Of one
 * that was lost or cancelled it is told once more when its carrier says that it delivered it: its state is final. By parcel,
 * not by shipment: the others of a shipment may have arrived. Any number of workers may look.
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
      status: ShipmentStatus;
      carrier: string;
      trackingNumber: string;
      orderId: string;
      channelCode: string;
      contents: string | null;
    }>(
      trx,
      `select p.id, p.shipment_id as "shipmentId", p.contradicted_at is not null as "isContradicted", p.status, p.carrier,
         p.tracking_number as "trackingNumber", s.order_id as "orderId", s.channel_code as "channelCode",
         (select string_agg(l.quantity || ' × ' || l.sku, ', ' order by l.position) from fulfillment.package_line l where l.package_id = p.id) as contents
       from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id
       where case when p.status in ('LOST', 'RETURN_TO_SENDER', 'CANCELLED') then p.status end is distinct from p.told
       order by p.id limit ? for update of p skip locked`,
      [BATCH],
    );
    for (const { id, shipmentId, isContradicted, status, carrier, trackingNumber, contents, ...order } of parcels) {
      const stranded = isStranded(status) ? STRANDED[status] : null;
      await deps.settle(trx, [keyOf(id)], 'the carrier told of the parcel again');
      if (stranded) {
        const [what, remedy] = isContradicted
          ? [`is delivered, says the carrier now, which had said before that it ${stranded.before}`, CONTRADICTED]
          : [stranded.what, stranded.remedy];
        const units = (await readMissingUnits(trx, shipmentId, id)).map(({ lineId, lost }) => ({ lineId, quantity: lost })); // biome-ignore format: one thought
        await deps.report(trx, {
          key: keyOf(id),
          cause: 'CONFLICT',
          system: 'carrier',
          operation: stranded.operation,
          // The number opens the carrier's page with the buyer's address: its end tells parcels apart.
          message: `The parcel …${trackingNumber.slice(-4)} of ${carrier} (${contents ?? 'contents unknown'}) ${what}. ${remedy}; then dismiss this.${(!isContradicted && stranded.unless) || ''}`,
          ...(units.length > 0 ? { units } : {}),
          ...order,
        });
      }
      await change(trx, 'update fulfillment.package set told = ? where id = ?', [stranded ? status : null, id]);
    }
    return parcels.length;
  });
}

const isStranded = (status: ShipmentStatus): status is Stranded => status in STRANDED;
