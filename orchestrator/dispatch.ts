import { counted } from '../platform/counted.ts';
import type { Effect, OrchestratorDeps } from './port.ts';
import type { FulfillmentBook, LineUnits } from './ports/work.ts';

type ShipmentRecord = NonNullable<Awaited<ReturnType<FulfillmentBook['readShipment']>>>;

/** The order lines' units that a shipment took along. */
export function shippedUnits(shipment: ShipmentRecord): LineUnits[] {
  return shipment.lines.map(({ lineId, quantity }) => ({ lineId, quantity }));
}

/** Goes on after "is delivered": what is not. Empty when all is. */
export function missingInWords({ outcomes }: ShipmentRecord): string {
  const lost = outcomes.reduce((sum, line) => sum + line.lost, 0);
  const stranded = outcomes.reduce((sum, line) => sum + line.stranded, 0);
  const parts = [
    ...(lost > 0 ? [`${counted(lost, 'unit')} that ${lost === 1 ? 'is' : 'are'} lost`] : []),
    ...(stranded > 0 ? [`${counted(stranded, 'unit')} that went back, or whose label was cancelled`] : []),
  ];
  return parts.length > 0 ? `, except ${parts.join(' and ')}` : '';
}

/**
 * The one effect of goods leaving a node. Both the dispatch and the first news from the carrier may come first;
 * whichever does has this effect, and the other one finds it there.
 */
export async function dispatchEffect(
  { stock }: Pick<OrchestratorDeps, 'stock'>,
  shipment: ShipmentRecord,
  traceId: string,
): Promise<Effect> {
  const units = shipment.lines.reduce((sum, line) => sum + line.quantity, 0);
  const node = await stock.codeOf(shipment.locationId);
  const how =
    shipment.packages.length === 0
      ? `handed over at ${node}`
      : `left ${node} in ${counted(shipment.packages.length, 'package')}`;
  return {
    key: `ship:${shipment.shipmentId}`,
    traceId,
    timeline: [
      {
        type: 'GOODS_ISSUED',
        system: 'wms',
        message: `${counted(units, 'unit')} ${how}`,
        occurredAt: shipment.shippedAt,
      },
    ],
  };
}
