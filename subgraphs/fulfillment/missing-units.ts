import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import type { WorkComponent } from './model.ts';
import type { ShipmentStatus } from './states.ts';

/** Units of an order line that left and that no carrier delivered, though their shipment's way is over. */
export interface MissingUnits {
  readonly lineId: string;
  /** Units that the carrier lost. */
  readonly lost: number;
  /** Units under a label that was cancelled: they left the node, and are somewhere. */
  readonly stranded: number;
}

/** Units in a parcel, as its node names them. */
interface ParcelUnits {
  readonly status: ShipmentStatus;
  /** Null when nobody said of which line they are: then they are not known to be missing. */
  readonly lineRef: string | null;
  readonly quantity: number;
}

/**
 * Units of a shipment's lines that its parcels which were lost or cancelled took along. A bundle is missing when a part of it
 * is: of two parts that went lost it may be the same bundle, so that no more are missing than must be. Pure.
 * @param contents of all or of the missing parcels
 */
function missingUnits(
  lines: readonly { readonly lineId: string; readonly quantity: number }[],
  components: readonly Pick<WorkComponent, 'lineRef' | 'orderLineId' | 'perUnit'>[],
  contents: readonly ParcelUnits[],
): MissingUnits[] {
  const parts = groupBy(components, (component) => component.orderLineId);
  const lost = contents.filter(({ status }) => status === 'LOST');
  const gone = contents.filter(({ status }) => status === 'LOST' || status === 'CANCELLED');
  return lines.flatMap(({ lineId, quantity }) => {
    const refs = parts.get(lineId) ?? [{ lineRef: lineId, perUnit: 1 }];
    const within = (parcels: readonly ParcelUnits[]) =>
      Math.min(quantity, Math.max(...refs.map(({ lineRef, perUnit }) => Math.ceil(unitsOf(parcels, lineRef) / perUnit)))); // biome-ignore format: one thought
    const missing = { lineId, lost: within(lost), stranded: within(gone) - within(lost) };
    return missing.lost + missing.stranded > 0 ? [missing] : [];
  });
}

/**
 * Reads what {@link missingUnits} finds of a shipment.
 * @param packageId looks at this parcel alone, and as if it were lost: what is at stake with it
 */
export async function readMissingUnits(
  knex: Knex | Knex.Transaction,
  shipmentId: string,
  packageId: string | null = null,
): Promise<MissingUnits[]> {
  const contents = await query<ParcelUnits>(
    knex,
    `select case when ?::text is null then p.status else 'LOST' end as status, l.line_ref as "lineRef", l.quantity
     from fulfillment.package p join fulfillment.package_line l on l.package_id = p.id
     where p.shipment_id = ? and p.id = coalesce(?, p.id)`,
    [packageId, shipmentId, packageId],
  );
  const lines = await query<{ lineId: string; quantity: number }>(
    knex,
    'select order_line_id as "lineId", quantity from fulfillment.shipment_line where shipment_id = ? order by order_line_id',
    [shipmentId],
  );
  const components = await query<Pick<WorkComponent, 'lineRef' | 'orderLineId' | 'perUnit'>>(
    knex,
    `select c.line_ref as "lineRef", c.order_line_id as "orderLineId", c.per_unit as "perUnit"
     from fulfillment.work_component c join fulfillment.shipment s on s.fulfillment_order_id = c.fulfillment_order_id where s.id = ?`,
    [shipmentId],
  );
  return missingUnits(lines, components, contents);
}

function unitsOf(parcels: readonly ParcelUnits[], lineRef: string): number {
  return parcels.reduce((sum, parcel) => sum + (parcel.lineRef === lineRef ? parcel.quantity : 0), 0);
}
