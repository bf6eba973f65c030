import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { newId } from '../../../platform/ids.ts';
import { type lockOrder, writeTimeline } from '../change.ts';
import type { ReturnRequestErrorCode } from '../errors.ts';
import { lockReturn, moveReturn, type ReturnResult } from './found.ts';
import { claimedUnits, LOST_IN_TRANSIT } from './free-units.ts';
import { insertReturn, type ReturnRequestInput } from './insert.ts';
import type { ReturnPolicy } from './policy.ts';
import { creditUnits } from './refund.ts';

/** What may decide that lost units are paid back. */
const SCOPE = 'returns:process';

/**
 * Pays back units that a carrier lost on the way to the buyer: a return that is LOST from the start, of which nothing comes
 * back. Request, permission and credit are one transaction under the order's lock, so that a unit is paid back once. What the
 * policy says of goods that come back is not asked: these never came.
 */
export async function payBackLost(
  trx: Knex.Transaction,
  caller: Caller,
  policy: ReturnPolicy,
  { order, lines: orderLines }: NonNullable<Awaited<ReturnType<typeof lockOrder>>>,
  { lines: wishes }: ReturnRequestInput,
): Promise<ReturnResult<ReturnRequestErrorCode>> {
  const ours = caller.channel === null && caller.scopes.includes(SCOPE);
  const lines = new Map(orderLines.map((line) => [line.id, line]));
  const claimed = await claimedUnits(trx, order.id, null, 'lost');
  for (const [index, { orderLineId, quantity, reason }] of wishes.entries()) {
    const at = (field: string) => ['input', 'lines', String(index), field];
    if (!ours) return refuse('NOT_RETURNABLE', at('reason'), 'Only staff can say that units were lost on the way. Ask the support.'); // biome-ignore format: one thought
    if (reason !== LOST_IN_TRANSIT) return refuse('NOT_RETURNABLE', at('reason'), 'Units that were lost on the way are a return of their own: ask for the others apart.'); // biome-ignore format: one thought
    const line = lines.get(orderLineId);
    if (!line) return refuse('NOT_FOUND', at('orderLineId'), 'The order has no such line.');
    if (quantity < 1) return refuse('INVALID_QUANTITY', at('quantity'), 'At least one unit of a line was lost.');
    const taken = (claimed.get(line.id) ?? 0) + quantity;
    claimed.set(line.id, taken);
    if (taken > line.quantities.lost) {
      const left = Math.max(0, line.quantities.lost - taken + quantity);
      return refuse('QUANTITY_EXCEEDS_DELIVERED', at('quantity'), `Units of ${line.sku} that the carrier lost and that were not paid back: ${left}.`); // biome-ignore format: one thought
    }
  }

  const returnId = newId('return');
  const units = wishes.map((wish) => ({ ...wish, sku: lines.get(wish.orderLineId)?.sku ?? '', refund: 'AUTHORIZATION' as const })); // biome-ignore format: one thought
  const number = await insertReturn(trx, returnId, order.id, units, policy.expireAfterDays);
  const { traceId, clientId } = caller;
  await writeTimeline(trx, order.id, traceId, [
    {
      type: 'RETURN_REQUESTED',
      system: 'commerce',
      message: `Return ${number} of lost units requested by ${clientId}`,
    },
  ]);
  const found = await lockReturn(trx, returnId);
  if (!found) throw new Error('a return that was just written is not there');
  await moveReturn(trx, found, 'AUTHORIZED', { traceId, message: `authorised by ${clientId}` });
  await creditUnits(trx, found, found.lines.map(({ id, quantity }) => ({ returnLineId: id, quantity })), caller); // biome-ignore format: one thought
  await moveReturn(trx, found, 'IN_TRANSIT', { traceId, message: 'is of goods that never reached the buyer' });
  await moveReturn(trx, found, 'LOST', { traceId, message: 'was lost by the carrier on the way to the buyer', system: 'carrier' }); // biome-ignore format: one thought
  await recordAction(trx, caller, { action: 'returnRequest', subject: returnId, reason: LOST_IN_TRANSIT });
  return { returnId, refusals: [] };
}

const refuse = (
  code: ReturnRequestErrorCode,
  field: readonly string[],
  message: string,
): ReturnResult<ReturnRequestErrorCode> => ({ returnId: null, refusals: [{ code, field, message }] });
