import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { type LineOutcome, type ParcelUnits, readOutcomes, readParcelUnits } from './parcel-units.ts';
import { isGoingBack, type ShipmentStatus } from './states.ts';
import { parcelOf } from './stranded-parcels.ts';
import { noteArrived } from './taken-in.ts';

/** Units of order lines in a parcel that was given up, or goes back. */
export interface GivenUpParcel {
  readonly orderId: string;
  readonly lines: readonly ParcelUnits[];
  /** What the order counts them as. */
  readonly countsAs: 'LOST' | 'IN_TRANSIT';
  /** Notes which of them reached the buyer. @returns what became of their shipment's units then */
  readonly noteArrived: (
    units: readonly { readonly lineId: string; readonly quantity: number }[],
  ) => Promise<{ readonly shipmentId: string; readonly outcomes: readonly LineOutcome[] }>;
}

/**
 * What a parcel took along that was lost, that goes back, or whose label was cancelled, for somebody who says that it arrived
 * all the same. The parcel stays what its carrier made it.
 * @param key names the parcel on the exception desk
 */
export async function readGivenUpParcel(
  trx: Knex.Transaction,
  key: string,
): Promise<({ readonly kind: 'found' } & GivenUpParcel) | { readonly kind: 'refused'; readonly message: string }> {
  const [parcel] = await query<{ id: string; status: ShipmentStatus; furthest: ShipmentStatus; shipmentId: string; orderId: string }>(
    trx,
    `select p.id, p.status, p.furthest, s.id as "shipmentId", s.order_id as "orderId"
     from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id where p.id = ?`,
    [parcelOf(key)],
  ); // biome-ignore format: one thought
  if (!parcel || !(parcel.status === 'LOST' || parcel.status === 'CANCELLED' || isGoingBack(parcel)))
    return refused('The parcel was not given up.');
  const { id, shipmentId, orderId, status } = parcel;
  const lines = await readParcelUnits(trx, shipmentId, id);
  if (lines.length === 0) return refused('The node did not tell what was in the parcel.');
  return {
    kind: 'found',
    orderId,
    lines,
    countsAs: status === 'LOST' ? 'LOST' : 'IN_TRANSIT',
    async noteArrived(units) {
      await noteArrived(trx, { id, shipmentId, status }, units);
      return { shipmentId, outcomes: (await readOutcomes(trx, [shipmentId])).get(shipmentId) ?? [] };
    },
  };
}

const refused = (message: string) => ({ kind: 'refused', message }) as const;
