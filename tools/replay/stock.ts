import { groupBy } from '../../platform/batch.ts';
import { inFlight } from './in-flight.ts';
import { done, type Outcomes, refused, refusedBy } from './outcomes.ts';
import type { StockBooking } from './plan.ts';
import type { PlannedOrder } from './planned-order.ts';
import type { Stage } from './progress.ts';
import type { Shop } from './shop.ts';

/** One booking may reveal that more is missing: the channel's safety stock hides the last units below it. */
const RECEIPT_ROUNDS = 3;

/**
 * Books what the clerks found and wrote off, at the first warehouse that has the units. Bookings of one article keep
 * their order; a refusal is stored under its key like an answer, so that a repetition decides the same.
 */
export async function bookStock(
  bookings: readonly StockBooking[],
  { shop, outcomes, stage, width }: { shop: Shop; outcomes: Outcomes; stage: Stage; width: number },
): Promise<void> {
  const warehouses = await shop.warehouses();
  await inFlight(width, [...groupBy(bookings, (booking) => booking.sku).values()], async (own) => {
    for (const booking of own) {
      outcomes.settle(booking.line, await book(booking));
      stage.advance(1);
    }
  });

  async function book({ line, sku, delta }: StockBooking) {
    for (const { id, code } of warehouses) {
      const errors = await shop.adjust({
        idempotencyKey: `replay:stock:${line.lineNo}:${code}`,
        sku,
        locationId: id,
        reason: delta < 0 ? 'DAMAGE' : 'CORRECTION',
        delta,
      });
      if (errors.length === 0) return done(delta < 0 ? 'WRITTEN_OFF' : 'STOCK_FOUND');
      if (errors.some((error) => error.code !== 'NEGATIVE_STOCK')) return refusedBy(errors);
    }
    return refused('NOT_IN_STOCK');
  }
}

/**
 * Receives at the main warehouse what the orders need beyond what the marketplace may sell from there.
 * The key holds need and stock: the same shortage is booked once, a new one again.
 *
 * @param orders those that are not placed yet; placed ones have their stock
 * @returns units received
 */
export async function receiveMissing(
  orders: readonly PlannedOrder[],
  { shop, stage, width }: { shop: Shop; stage: Stage; width: number },
): Promise<number> {
  const [main] = await shop.warehouses();
  if (!main) return 0;
  let needed = unitsBySku(orders);
  stage.grow(needed.size);
  let received = 0;
  for (let round = 1; round <= RECEIPT_ROUNDS && needed.size > 0; round += 1) {
    const sellable = await shop.sellable([...needed.keys()], main.id);
    const short = [...needed].filter(([sku, units]) => units > (sellable.get(sku) ?? 0));
    stage.advance(needed.size - short.length);
    await inFlight(width, short, async ([sku, units]) => {
      const there = sellable.get(sku) ?? 0;
      const delta = units - there;
      const errors = await shop.adjust({
        idempotencyKey: `replay:receipt:${sku}:${units}-of-${there}`,
        sku,
        locationId: main.id,
        reason: 'RECEIPT',
        delta,
      });
      // A refused receipt is no line of the file: the order will say that the units are missing.
      if (errors.length === 0) received += delta;
    });
    needed = new Map(short);
  }
  stage.advance(needed.size);
  return received;
}

function unitsBySku(orders: readonly PlannedOrder[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { line, sku } of orders.flatMap((order) => order.sales)) {
    units.set(sku, (units.get(sku) ?? 0) + line.quantity);
  }
  return units;
}
