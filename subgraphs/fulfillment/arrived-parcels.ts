import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { readMissingUnits } from './missing-units.ts';
import { parcelOf } from './stranded-parcels.ts';

/** Units of order lines in a parcel that was given up. */
export interface GivenUpParcel {
  readonly orderId: string;
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[];
  /** What the order counts them as. */
  readonly countsAs: 'LOST' | 'IN_TRANSIT';
}

/**
 * What a parcel took along that was lost, or whose label was cancelled, for somebody who says that it arrived all the same.
 * The parcel stays what its carrier made it; the others of its shipment must have come to their end, because the order
 * counts its units with theirs.
 * @param key names the parcel on the exception desk
 */
export async function readGivenUpParcel(
  trx: Knex.Transaction,
  key: string,
): Promise<({ readonly kind: 'found' } & GivenUpParcel) | { readonly kind: 'refused'; readonly message: string }> {
  const [parcel] = await query<{ id: string; status: string; shipmentId: string; isOver: boolean; orderId: string }>(
    trx,
    `select p.id, p.status, s.id as "shipmentId", s.order_id as "orderId", s.status in ('DELIVERED', 'LOST', 'CANCELLED') as "isOver"
     from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id where p.id = ?`,
    [parcelOf(key)],
  );
  if (!parcel || (parcel.status !== 'LOST' && parcel.status !== 'CANCELLED'))
    return refused('The parcel was not given up.');
  if (!parcel.isOver)
    return refused('Other parcels of its shipment are on their way: the order counts them all when the last has come to its end. Say it then.'); // biome-ignore format: one thought
  const units = await readMissingUnits(trx, parcel.shipmentId, parcel.id);
  if (units.length === 0) return refused('The node did not tell what was in the parcel.');
  return {
    kind: 'found',
    orderId: parcel.orderId,
    lines: units.map(({ lineId, lost }) => ({ lineId, quantity: lost })),
    countsAs: parcel.status === 'LOST' ? 'LOST' : 'IN_TRANSIT',
  };
}

const refused = (message: string) => ({ kind: 'refused', message }) as const;
