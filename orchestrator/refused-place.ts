import type { BookedOrder, OrchestratorDeps } from './port.ts';

/** Whether one location only may serve an order: the store at which it is picked up. */
export const hasOnePlace = ({ order }: BookedOrder): boolean => order.deliveryMethod !== 'SHIPPING';

/** That location in words, as the beginning of a sentence. */
export async function placeInWords(
  { stock }: Pick<OrchestratorDeps, 'stock'>,
  { order }: BookedOrder,
  locationId: string,
): Promise<string> {
  const code = await stock.codeOf(locationId);
  return order.deliveryMethod === 'PICK_UP'
    ? `${code}, where it is to be picked up,`
    : `${code}, which alone may serve it,`;
}

const keyOf = (orderId: string) => `store:refused:${orderId}`;

/**
 * Tells the exception desk that the only location which may serve an order gave units of it back: it is asked again when
 * it has got more, which may be never, and nobody else may step in. Not when nothing of the order waits any more.
 * @param place as {@link placeInWords} has it
 */
export async function tellOfRefusedPlace(
  deps: Pick<OrchestratorDeps, 'orders' | 'exceptions'>,
  { orderId, traceId }: { readonly orderId: string; readonly traceId: string },
  place: string,
): Promise<void> {
  const booked = await deps.orders.read(orderId);
  const units = booked ? waitingUnits(booked) : [];
  if (!booked || units.length === 0) return;
  await deps.exceptions.raise({
    key: keyOf(orderId),
    cause: 'CONFLICT',
    system: 'wms',
    operation: 'store:refused',
    message: `${place} gave back ${units.join(', ')}. They wait until it has got more of them; no other location may serve them. Offer the buyer another store (a new order there, and orderCancel here), or cancel them (orderCancel). This closes by itself when they are served or cancelled.`,
    orderId,
    channelCode: booked.order.channel.code,
    workflowId: null,
    traceId,
  });
  // Who cancelled them between the look and the telling found nothing to close.
  await closeRefusedPlace(deps, orderId);
}

/** Closes what was told of an order whose one location had refused it, when none of its units wait any more. */
export async function closeRefusedPlace(
  { orders, exceptions }: Pick<OrchestratorDeps, 'orders' | 'exceptions'>,
  orderId: string,
): Promise<void> {
  const booked = await orders.read(orderId);
  if (!booked || !hasOnePlace(booked) || waitingUnits(booked).length > 0) return;
  await exceptions.resolve(keyOf(orderId), 'its units were served, or cancelled');
}

function waitingUnits({ lines }: BookedOrder): string[] {
  return lines.flatMap(({ sku, quantities: { backordered } }) => (backordered > 0 ? [`${backordered} × ${sku}`] : []));
}
