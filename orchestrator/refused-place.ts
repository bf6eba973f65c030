import type { BookedOrder, OrchestratorDeps } from './port.ts';
import { readSources } from './sourcing/settle-sources.ts';

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
 * Tells the exception desk of units of an order that nobody serves because their nodes gave them back. Of an order that
 * one location only may serve: all that wait, it is asked again when it has got more, which may be never. Of others:
 * those that a node which gave units back has on its shelf all the same, by the books; those that nobody has wait for
 * stock like any other.
 * @param refusedBy the one location as {@link placeInWords} has it; without it, the order may be served anywhere
 */
export async function tellOfRefusal(
  deps: Pick<OrchestratorDeps, 'orders' | 'exceptions' | 'stock' | 'fulfillment'>,
  { orderId, traceId }: { readonly orderId: string; readonly traceId: string },
  refusedBy?: string,
): Promise<void> {
  const booked = await deps.orders.read(orderId);
  if (!booked) return;
  const message = refusedBy === undefined ? await nodesInWords(deps, booked) : storeInWords(booked, refusedBy);
  if (message === null) return;
  await deps.exceptions.raise({
    key: keyOf(orderId),
    cause: 'CONFLICT',
    system: 'wms',
    operation: 'store:refused',
    message: `${message} This closes by itself when they are served or cancelled.`,
    orderId,
    channelCode: booked.order.channel.code,
    workflowId: null,
    traceId,
  });
  // Who cancelled them between the look and the telling found nothing to close.
  await closeRefusal(deps, orderId);
}

/** Closes what was told of an order whose nodes had refused it, when nothing of {@link tellOfRefusal} is left to tell. */
export async function closeRefusal(
  deps: Pick<OrchestratorDeps, 'orders' | 'exceptions' | 'stock' | 'fulfillment'>,
  orderId: string,
): Promise<void> {
  const booked = await deps.orders.read(orderId);
  if (!booked) return;
  const waiting = waitingUnits(booked);
  const refused = hasOnePlace(booked) ? waiting : (await refusedUnits(deps, booked)).units;
  if (refused.length > 0) return;
  const end = waiting.length === 0 ? 'its units were served, or cancelled' : 'what still waits, no node that refused has by the books'; // biome-ignore format: one thought
  await deps.exceptions.resolve(keyOf(orderId), end);
}

function storeInWords(booked: BookedOrder, place: string): string | null {
  const units = inWords(waitingUnits(booked));
  return units === ''
    ? null
    : `${place} gave back ${units}. They wait until it has got more of them; no other location may serve them. Offer the buyer another store (a new order there, and orderCancel here), or cancel them (orderCancel).`;
}

async function nodesInWords(
  deps: Pick<OrchestratorDeps, 'stock' | 'fulfillment'>,
  booked: BookedOrder,
): Promise<string | null> {
  const { units, codes } = await refusedUnits(deps, booked);
  if (units.length === 0) return null;
  return `${codes.join(' and ')} gave units of the order back and, by the books, can still sell what it waits for: ${inWords(units)}. Nobody is asked for them until the stock of one of these nodes grows, or another node that may serve the order has some. If they are not there, correct the stock of the node (else it is sold on), and bring goods in or cancel them (orderCancel); if they are there after all, have the node count its shelf.`;
}

/** Units that wait though a node which gave units of the order back has them by the books, and the codes of these nodes. */
async function refusedUnits(
  deps: Pick<OrchestratorDeps, 'stock' | 'fulfillment'>,
  booked: BookedOrder,
): Promise<{ units: WaitingUnits[]; codes: string[] }> {
  const waiting = waitingUnits(booked);
  if (waiting.length === 0) return { units: [], codes: [] };
  const { nodes, free, gaveBack } = await readSources(deps, booked.order.id, waiting.map(({ sku }) => sku)); // biome-ignore format: one thought
  const refusers = new Set(gaveBack.map(({ locationId }) => locationId));
  const there = free.filter(({ locationId, quantity }) => quantity > 0 && refusers.has(locationId));
  const skus = new Set(there.map(({ sku }) => sku));
  const having = new Set(there.map(({ locationId }) => locationId));
  return {
    units: waiting.filter(({ sku }) => skus.has(sku)),
    codes: nodes.flatMap(({ locationId, code }) => (having.has(locationId) ? [code] : [])).sort(),
  };
}

interface WaitingUnits {
  readonly sku: string;
  readonly quantity: number;
}

function waitingUnits({ lines }: BookedOrder): WaitingUnits[] {
  return lines.flatMap(({ sku, quantities: { backordered } }) => (backordered > 0 ? [{ sku, quantity: backordered }] : [])); // biome-ignore format: one thought
}

const inWords = (units: readonly WaitingUnits[]) => units.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ');
