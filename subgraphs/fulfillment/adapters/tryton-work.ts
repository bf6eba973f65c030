import type { TrytonShipment } from '../../../systems/tryton/shipments.ts';
import type { NodeEvent, NodeLine, NodeUnits, ShipmentConfirmation } from '../port.ts';

/** Work as the journal keeps it: Tryton's shipments name articles, not lines, and know no carrier. Holds no personal data. */
export interface KeptWork {
  readonly fulfillmentOrderId: string;
  readonly siteCode: string;
  /** The buyer fetches it. */
  readonly isCollected: boolean;
  readonly lines: readonly NodeLine[];
  /** What was confirmed from here, in this order. */
  readonly parts: readonly KeptPart[];
  /** Why it ends without its goods; null while it does not, or when staff ended it in Tryton. */
  readonly end: { readonly kind: 'REFUSED' | 'CANCELLED'; readonly reason: string | null } | null;
}

export interface KeptPart {
  readonly key: string;
  /** Reference of the shipment that it leaves with: the work's own with the last part, one with a number before. */
  readonly reference: string;
  readonly packages: ShipmentConfirmation['packages'];
  readonly lines: readonly NodeUnits[];
}

/** An event that is not numbered yet. The same key is the same event. */
export interface KeyedEvent {
  readonly key: string;
  readonly event: Omit<NodeEvent, 'position' | 'occurredAt'> & { readonly occurredAt: string };
}

const BEGUN = ['assigned', 'picked', 'packed', 'done'];

/** References of the shipments of work. */
export const referencesOf = (work: KeptWork): string[] => [...new Set([work.fulfillmentOrderId, ...work.parts.map(({ reference }) => reference)])]; // biome-ignore format: one thought

/** The shipment that holds what has not left: the newest that was not cancelled, or the last one there was. */
export function mainShipment(work: KeptWork, shipments: readonly TrytonShipment[]): TrytonShipment | undefined {
  const own = shipments.filter(({ reference }) => reference === work.fulfillmentOrderId);
  return own.findLast(({ state }) => state !== 'cancelled') ?? own.at(-1);
}

/** Units of lines that no confirmation names. */
export function unitsOpen({ lines, parts }: Pick<KeptWork, 'lines' | 'parts'>): NodeUnits[] {
  const told = parts.flatMap((part) => part.lines);
  return less(lines, told);
}

/**
 * Everything that happened to work, as far as its shipments tell, in order. Asked again later it tells the same and more: so an
 * event has a key, and who did it, the graph or staff in Tryton's own client, makes no difference.
 */
export function eventsOf(work: KeptWork, shipments: readonly TrytonShipment[]): KeyedEvent[] {
  const main = shipments.find(({ reference }) => reference === work.fulfillmentOrderId);
  if (!main) return [];
  const { fulfillmentOrderId } = work;
  const nodeReference = main.number;
  const told: KeyedEvent[] = [];
  const tell = (key: string, kind: NodeEvent['kind'], at: Date, more: Partial<KeyedEvent['event']> = {}) =>
    told.push({ key: `${fulfillmentOrderId} ${key}`, event: { reason: null, packages: [], issued: [], short: [], ...more, kind, fulfillmentOrderId, nodeReference, occurredAt: at.toISOString() } }); // biome-ignore format: one thought

  const placed = shipments.filter(({ state }) => state !== 'draft');
  if (placed.length === 0) return [];
  tell('received', 'RECEIVED', main.createdAt);
  const [begun] = placed.filter(({ state }) => BEGUN.includes(state));
  if (begun) tell('accepted', 'ACCEPTED', begun.changedAt);

  const isOver = shipments.every(({ state }) => state === 'done' || state === 'cancelled');
  const givesUp = shipments.some(({ state }) => state === 'cancelled');
  const left = placed.filter(({ state }) => state === 'done').sort((a, b) => a.changedAt.getTime() - b.changedAt.getTime() || b.id - a.id); // biome-ignore format: one thought
  let open: readonly NodeUnits[] = work.lines.map(({ lineRef, sku, quantity }) => ({ lineRef, sku, quantity }));
  for (const shipment of placed) {
    const { id, state, changedAt } = shipment;
    if (['picked', 'packed', 'done'].includes(state)) tell(`picking ${id}`, 'PICKING', changedAt);
    if (state === 'packed' || state === 'done') tell(`packed ${id}`, work.isCollected ? 'READY_FOR_PICKUP' : 'PACKED', changedAt); // biome-ignore format: one thought
  }
  for (const shipment of left) {
    const part = work.parts.find(({ reference }) => reference === shipment.reference);
    const { issued, packages } = unitsOf(shipment, part, open);
    open = less(open, issued);
    const short = isOver && !givesUp && shipment === left.at(-1) ? open : [];
    tell(`left ${shipment.id}`, work.isCollected ? 'PICKED_UP' : 'ISSUED', shipment.changedAt, { issued, packages, short }); // biome-ignore format: one thought
  }
  // Cancelled by staff in Tryton, without a word: the node will not do it.
  if (isOver && givesUp && open.length > 0)
    tell('over', work.end?.kind ?? 'REFUSED', shipments.at(-1)?.changedAt ?? main.changedAt, { reason: work.end ? work.end.reason : 'OTHER' }); // biome-ignore format: one thought
  return told;
}

/** What left with a shipment, by line: as it was confirmed, unless staff have changed it in Tryton; then as it is there. */
function unitsOf(shipment: TrytonShipment, part: KeptPart | undefined, open: readonly NodeUnits[]) {
  const moved = bySku(shipment.leaving);
  const confirmed = part ? bySku(part.lines) : null;
  const isAsConfirmed = confirmed !== null && confirmed.size === moved.size && [...moved].every(([sku, units]) => confirmed.get(sku) === units); // biome-ignore format: one thought
  if (part && isAsConfirmed) {
    const skuOf = new Map(part.lines.map(({ lineRef, sku }) => [lineRef, sku]));
    const packages = part.packages.map(({ carrier, trackingNumber, sscc, lines }) => ({ carrier, trackingNumber, sscc, lines: lines.map((line) => ({ ...line, sku: skuOf.get(line.lineRef) ?? '' })) })); // biome-ignore format: one thought
    return { issued: part.lines, packages };
  }
  const issued: NodeUnits[] = [];
  for (const { lineRef, sku, quantity } of [...(part?.lines ?? []), ...open]) {
    const taken = issued.find((units) => units.lineRef === lineRef)?.quantity ?? 0;
    const units = Math.min(quantity - taken, moved.get(sku) ?? 0);
    if (units <= 0) continue;
    moved.set(sku, (moved.get(sku) ?? 0) - units);
    issued.push({ lineRef, sku, quantity: units });
  }
  return { issued, packages: [] };
}

/** Units of lines without these. */
function less(
  lines: readonly NodeUnits[],
  gone: readonly { readonly lineRef: string; readonly quantity: number }[],
): NodeUnits[] {
  const units = new Map<string, number>();
  for (const { lineRef, quantity } of gone) units.set(lineRef, (units.get(lineRef) ?? 0) + quantity);
  return lines
    .map(({ lineRef, sku, quantity }) => ({ lineRef, sku, quantity: quantity - (units.get(lineRef) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
}

export function bySku(lines: readonly { readonly sku: string; readonly quantity: number }[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}
