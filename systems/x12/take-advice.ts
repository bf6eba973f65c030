import { createHash } from 'node:crypto';
import type { JournalWriter } from '../../platform/observed/journal.ts';
import type { TransactionSet } from './interchange.ts';
import { codesOf, ourSku, type X12Partner } from './partners.ts';
import { type KeptEvent, type KeptLine, type KeptOrder, type KeptUnits, STREAMS } from './records.ts';
import { problemAt } from './segment.ts';
import { bookNews, type ShelfNews } from './shelves.ts';
import { type AdvisedLine, readShippingAdvice, type ShippingAdvice } from './shipping-advice.ts';

/** Units that one W12 is about, of a line of the order. */
interface Advised {
  readonly line: KeptLine;
  readonly advised: AdvisedLine;
  readonly isComplete: boolean;
}

/**
 * Takes a shipping advice: what left is an event of the order and a booking of the shelf; what was asked for and will not come is
 * short. The same shipment again changes nothing.
 * @param now what is said to have left later than this left now
 * @throws X12Problem when it is none of our orders, says more than was asked for, or another thing of a shipment than before
 */
export async function takeAdvice(
  writer: JournalWriter,
  partner: X12Partner,
  set: TransactionSet,
  now: Date,
): Promise<void> {
  const advice = readShippingAdvice(set, codesOf(partner));
  const { orderNumber, shipmentNumber, head } = advice;
  const [found] = await writer.find<KeptOrder>(STREAMS.orders, [orderNumber]);
  if (found?.body.partner !== partner.name) throw problemAt(head, 2, 'no order of ours has this number', 'NOT_A_CODE');
  const order = found.body;
  const key = JSON.stringify([orderNumber, shipmentNumber]);
  const print = printOf(set);
  const [before] = await writer.find<{ print: string }>(STREAMS.shipments, [key]);
  if (before?.body.print === print) return;
  if (before) throw problemAt(head, 4, 'another thing was told of the shipment of this number before');
  if (order.state === 'REFUSED' || order.state === 'OVER') throw problemAt(head, 2, `the order is ${order.state.toLowerCase()}: nothing of it was to leave any more`); // biome-ignore format: one thought

  const packages = advice.packages.map((one) => ({
    ...one,
    lines: one.lines.map((line) => resolve(partner, order, line)),
  }));
  const lines = afterAdvice(order, packages.flatMap((one) => one.lines)); // biome-ignore format: one thought
  const occurredAt = advice.shippedAt > now ? now : advice.shippedAt;
  const event = toEvent(partner, order, advice, packages, lines, occurredAt);
  const isOver = lines.every(({ quantity, shipped, short }) => shipped + short === quantity);
  await writer.put(STREAMS.shipments, new Map([[key, { print }]]));
  await writer.put(STREAMS.orders, new Map([[orderNumber, { ...order, state: event.kind === 'REFUSED' ? 'REFUSED' : isOver ? 'OVER' : 'ACCEPTED', lines } satisfies KeptOrder]])); // biome-ignore format: one thought
  await writer.put(STREAMS.events, new Map([[`shipment ${key}`, event]]));
  const news = event.issued.map((units, index): [string, ShelfNews] => [
    `shipment ${key} ${index}`,
    { siteCode: partner.site.code, sku: units.sku, at: occurredAt, reference: order.workId, left: units.quantity, lineRef: units.lineRef },
  ]); // biome-ignore format: one thought
  await bookNews(writer, new Map(news));
}

/** What a set says, whatever control numbers it has. */
export function printOf({ segments }: TransactionSet): string {
  return createHash('sha256').update(JSON.stringify(segments.map(({ id, elements }) => [id, ...elements]))).digest('hex'); // biome-ignore format: one thought
}

/** The line of the order that is meant; by its article where the warehouse says no number and only one line has it. */
function resolve(partner: X12Partner, order: KeptOrder, advised: AdvisedLine): Advised {
  const { segment, lineNumber, sku, status } = advised;
  const meaning = partner.advice.lineStatuses[status];
  if (meaning === undefined) throw problemAt(segment, 1, 'the status has no meaning in lineStatuses of config/x12.yaml', 'NOT_A_CODE'); // biome-ignore format: one thought
  const ours = ourSku(partner, sku);
  const fitting = order.lines.filter((line) => line.sku === ours && (lineNumber === null || line.lineNumber === lineNumber)); // biome-ignore format: one thought
  const [line, second] = fitting;
  if (!line) throw problemAt(segment, 8, lineNumber === null ? 'the order has no such article' : 'the line of this number has another article, or there is none', 'NOT_A_CODE'); // biome-ignore format: one thought
  if (second) throw problemAt(segment, 8, 'several lines of the order have this article, and no N9 says which is meant', 'MISSING'); // biome-ignore format: one thought
  return { line, advised, isComplete: meaning === 'COMPLETE' };
}

/** The order's lines with what left of them and what will not come. */
function afterAdvice(order: KeptOrder, advised: readonly Advised[]): KeptLine[] {
  const left = new Map(order.lines.map((line) => [line.lineNumber, line.shipped]));
  for (const { line, advised: told } of advised) {
    const shipped = (left.get(line.lineNumber) ?? 0) + told.shipped;
    if (shipped + line.short > line.quantity) throw problemAt(told.segment, 3, 'more left than was asked for', 'NOT_A_NUMBER'); // biome-ignore format: one thought
    left.set(line.lineNumber, shipped);
  }
  const complete = new Set(advised.filter(({ isComplete }) => isComplete).map(({ line }) => line.lineNumber));
  return order.lines.map((line) => {
    const shipped = left.get(line.lineNumber) ?? line.shipped;
    return { ...line, shipped, short: complete.has(line.lineNumber) ? line.quantity - shipped : line.short };
  });
}

function toEvent(
  partner: X12Partner,
  order: KeptOrder,
  { orderNumber, carrier, packages }: ShippingAdvice,
  resolved: readonly { readonly lines: readonly Advised[] }[],
  after: readonly KeptLine[],
  occurredAt: Date,
): KeptEvent {
  const unitsOf = (lines: readonly Advised[]): KeptUnits[] => lines.filter(({ advised }) => advised.shipped > 0).map(({ line, advised }) => ({ lineRef: line.lineRef, sku: line.sku, quantity: advised.shipped })); // biome-ignore format: one thought
  const issued = unitsOf(resolved.flatMap(({ lines }) => lines));
  const short = after.flatMap(({ lineRef, sku, short: units }, index) => {
    const quantity = units - (order.lines[index]?.short ?? 0);
    return quantity > 0 ? [{ lineRef, sku, quantity }] : [];
  });
  const base = { workId: order.workId, orderNumber, occurredAt: occurredAt.toISOString() };
  // Nothing of it ever left, and nothing will: the warehouse gives it back.
  if (after.every(({ shipped, short: units, quantity }) => shipped === 0 && units === quantity))
    return { ...base, kind: 'REFUSED', reason: 'OUT_OF_STOCK', packages: [], issued: [], short: [] };
  const left = packages.flatMap(({ trackingNumber, sscc }, index) => {
    const lines = unitsOf(resolved[index]?.lines ?? []);
    if (trackingNumber === null || lines.length === 0) return [];
    return [{ carrier: partner.carriers[carrier] ?? carrier, trackingNumber, sscc, lines }];
  });
  return { ...base, kind: 'ISSUED', reason: null, packages: left, issued, short };
}
