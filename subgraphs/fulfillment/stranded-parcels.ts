import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { ReportUnusable } from './feeds.ts';
import { type LineOutcome, readOutcomes, readParcelUnits } from './parcel-units.ts';
import type { ShipmentStatus } from './states.ts';
import { isStranded, wordsOf } from './stranded-words.ts';

/** Closes exceptions in the transaction of what made up for them. */
export type SettleIn = (trx: Knex.Transaction, keys: readonly string[], by: string) => Promise<void>;

/**
 * Units of an order's lines, of those that were lost or are stranded, that are neither paid back nor in a return. Of none that
 * the order does not have.
 */
export type ReadUnclaimed = (
  trx: Knex.Transaction,
  orderId: string,
  units: readonly Pick<LineOutcome, 'lineId' | 'lost' | 'stranded'>[],
  kind: 'lost' | 'undelivered',
) => Promise<ReadonlyMap<string, number>>;

/** Parcels that one look takes. */
const BATCH = 100;

const keyOf = (packageId: string) => `parcel:${packageId}`;
/** The parcel that an exception of this key is about. */
export const parcelOf = (key: string) => key.replace(/^parcel:/, '');

/**
 * Tells of parcels that do not reach their buyers, each once, and closes what was told when one got there after all. Of one
 * that was lost, cancelled or taken in it is told once more when its carrier says that it delivered it, and of one that was
 * delivered when its carrier takes that back. By parcel, not by shipment: the others of a shipment may have arrived. What was
 * told of a parcel is closed when people said of all that was in it what became of it, or it is paid back. Any number of workers may look.
 * @returns how many parcels were told of, or closed
 */
export function tellOfStrandedParcels(deps: {
  readonly knex: Knex;
  readonly report: ReportUnusable;
  readonly settle: SettleIn;
  readonly unclaimed: ReadUnclaimed;
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
      const units = isAccounted ? [] : await readParcelUnits(trx, shipmentId, id);
      const sum = (of: (line: (typeof units)[number]) => number) => units.reduce((total, line) => total + of(line), 0);
      const free = isContradicted && isStranded(status) ? await unclaimedOf(trx, order.orderId, status, deps.unclaimed) : null; // biome-ignore format: one thought
      const known = {
        all: sum(({ quantity }) => quantity),
        left: sum(({ left }) => left),
        countable: sum(({ lineId, left }) => Math.min(left, free?.get(lineId) ?? 0)),
      };
      const words = isAccounted ? null : wordsOf(status, isContradicted, known);
      await deps.settle(trx, [keyOf(id)], isAccounted ? 'the goods were taken in, reached the buyer, or are paid back' : 'the carrier told of the parcel again'); // biome-ignore format: one thought
      if (words) {
        await deps.report(trx, {
          key: keyOf(id),
          cause: 'CONFLICT',
          system: 'carrier',
          operation: words.operation,
          // The number opens the carrier's page with the buyer's address: its end tells parcels apart.
          message: `The parcel …${trackingNumber.slice(-4)} of ${carrier} (${contents ?? 'contents unknown'}) ${words.what}. ${words.remedy}; then dismiss this.${words.unless ?? ''}`,
          ...(units.length > 0 ? { units: units.map(({ lineId, quantity }) => ({ lineId, quantity })) } : {}),
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

async function unclaimedOf(
  trx: Knex.Transaction,
  orderId: string,
  status: ShipmentStatus,
  read: ReadUnclaimed,
): Promise<ReadonlyMap<string, number>> {
  const shipments = await query<{ id: string }>(trx, 'select id from fulfillment.shipment where order_id = ?', [orderId]); // biome-ignore format: one thought
  const totals = new Map<string, { lineId: string; lost: number; stranded: number }>();
  for (const outcomes of (await readOutcomes(trx, shipments.map(({ id }) => id))).values()) // biome-ignore format: one thought
    for (const { lineId, lost, stranded } of outcomes) {
      const before = totals.get(lineId) ?? { lost: 0, stranded: 0 };
      totals.set(lineId, { lineId, lost: before.lost + lost, stranded: before.stranded + stranded });
    }
  return read(trx, orderId, [...totals.values()], status === 'LOST' ? 'lost' : 'undelivered');
}
