import type { Knex } from 'knex';
import { counted } from '../../platform/counted.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { isCommerceError } from '../../platform/errors.ts';
import type { DeskAudit, DeskRecord, OrderDesk, ReturnNotice } from './port.ts';
import { deskReturns, noteReturnTold } from './returns/desk-returns.ts';

/**
 * Tells the order desk what it lacks of an order's returned units: notices that it never heard, or forgot, under their own names.
 * A notice that would make it count more than came back is not told, so that what people entered there by hand is not doubled.
 *
 * @param kept units that came back and are kept, by line
 * @returns the desk's record afterwards
 * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE. What the desk refuses stays lacking.
 */
export async function tellReturnsAgain(
  { knex, desk, audit }: { readonly knex: Knex; readonly desk: OrderDesk; readonly audit: DeskAudit },
  orderId: string,
  kept: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<DeskRecord | null> {
  let record = await audit.record(orderId, signal);
  for (const notice of await deskReturns(knex, orderId)) {
    if (!record || !isLacking(record, kept)) break;
    if (!fits(notice, record, kept)) continue;
    try {
      await desk.noteReturn(notice, signal);
    } catch (error) {
      if (isCommerceError(error) && error.code === 'SYSTEM_REJECTED') break;
      throw error;
    }
    await inTransaction(knex, (trx) => noteReturnTold(trx, notice, { timeline: [toldBy(notice)] }));
    record = await audit.record(orderId, signal);
  }
  return record;
}

const toldBy = ({ lines }: ReturnNotice) => ({
  type: 'RETURN_REPORTED',
  system: 'oms',
  message: `The order desk was told of ${counted(lines.reduce((sum, { quantity }) => sum + quantity, 0), 'returned unit')} that it lacked`,
}); // biome-ignore format: one thought

function isLacking({ lines }: DeskRecord, kept: ReadonlyMap<string, number>): boolean {
  return lines.some(({ lineId, returned = 0 }) => returned < (kept.get(lineId) ?? 0));
}

function fits(notice: ReturnNotice, record: DeskRecord, kept: ReadonlyMap<string, number>): boolean {
  const there = new Map(record.lines.map(({ lineId, returned = 0 }) => [lineId, returned]));
  return notice.lines.every(({ lineId, quantity }) => (there.get(lineId) ?? 0) + quantity <= (kept.get(lineId) ?? 0));
}
