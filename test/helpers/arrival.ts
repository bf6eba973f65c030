import { randomUUID } from 'node:crypto';

/** What fulfillment tells of a shipment of its own that arrived: all of it, unless told that some got lost. */
export const arrival = (
  units: readonly { readonly lineId: string; readonly quantity: number }[],
  lost: readonly { readonly lineId: string; readonly quantity: number }[] = [],
) => ({
  shipmentId: `shp_${randomUUID()}`,
  outcomes: units.map(({ lineId, quantity }) => {
    const gone = lost.find((each) => each.lineId === lineId)?.quantity ?? 0;
    return { lineId, quantity: quantity + gone, delivered: quantity, lost: gone };
  }),
});
