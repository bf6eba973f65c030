import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { newId } from '../../../platform/ids.ts';
import { type lockOrder, writeTimeline } from '../change.ts';
import type { ReturnRequestErrorCode } from '../errors.ts';
import { lockReturn, moveReturn, type ReturnResult } from './found.ts';
import { freeUnits, kindOf, LOST_IN_TRANSIT, RETURNED_TO_SENDER } from './free-units.ts';
import { insertReturn, type ReturnRequestInput } from './insert.ts';
import type { ReturnPolicy } from './policy.ts';
import { creditUnits } from './refund.ts';
import type { StrandedParcels } from './stranded-parcels.ts';

/** What may decide about units that did not reach their buyer. */
const SCOPE = 'returns:process';

const WORDS = {
  [LOST_IN_TRANSIT]: {
    only: 'Only staff can say that units were lost on the way. Ask the support.',
    apart: 'Units that were lost on the way are a return of their own: ask for the others apart.',
    left: (sku: string, units: number) =>
      `Units of ${sku} that the carrier lost, that were not paid back and are in no other return: ${units}.`,
    what: 'lost units',
  },
  [RETURNED_TO_SENDER]: {
    only: 'Only staff can say that units come back from the carrier. Ask the support.',
    apart: 'Units that come back from the carrier are a return of their own: ask for the others apart.',
    left: (sku: string, units: number) =>
      `Units of ${sku} in parcels that go back, or whose label was cancelled, and in no other return: ${units}. What came back though its carrier does not say so: record the scan return_to_sender first (trackingEventRecord).`,
    what: 'units that did not reach the buyer',
  },
} as const;

export type UndeliveredReason = keyof typeof WORDS;

export const isUndelivered = (reason: string): reason is UndeliveredReason => kindOf(reason) !== 'delivered';

/**
 * A return of units that did not reach their buyer, made by staff. Request and permission are one transaction under the
 * order's lock, so that a unit is in one return. What the policy says of goods that buyers send back is not asked.
 *
 * Lost units are paid back at once: nothing comes back. Those that come back to a node are received, put where they belong
 * and paid back as with every return.
 */
export async function returnUndelivered(
  trx: Knex.Transaction,
  caller: Caller,
  policy: ReturnPolicy,
  parcels: StrandedParcels,
  { order, lines: orderLines }: NonNullable<Awaited<ReturnType<typeof lockOrder>>>,
  { lines: wishes }: ReturnRequestInput,
  reason: UndeliveredReason,
): Promise<ReturnResult<ReturnRequestErrorCode>> {
  const words = WORDS[reason];
  const ours = caller.channel === null && caller.scopes.includes(SCOPE);
  const lines = new Map(orderLines.map((line) => [line.id, line]));
  const free = await freeUnits(trx, parcels, order.id, orderLines, kindOf(reason));
  for (const [index, wish] of wishes.entries()) {
    const at = (field: string) => ['input', 'lines', String(index), field];
    if (!ours) return refuse('NOT_RETURNABLE', at('reason'), words.only);
    if (wish.reason !== reason) return refuse('NOT_RETURNABLE', at('reason'), words.apart);
    const line = lines.get(wish.orderLineId);
    if (!line) return refuse('NOT_FOUND', at('orderLineId'), 'The order has no such line.');
    if (wish.quantity < 1) return refuse('INVALID_QUANTITY', at('quantity'), 'Name at least one unit of a line.');
    const left = free.get(line.id) ?? 0;
    if (wish.quantity > left)
      return refuse('QUANTITY_EXCEEDS_DELIVERED', at('quantity'), words.left(line.sku, Math.max(0, left)));
    free.set(line.id, left - wish.quantity);
  }

  const returnId = newId('return');
  const isLost = reason === LOST_IN_TRANSIT;
  const refund = isLost ? 'AUTHORIZATION' : 'RECEIPT';
  const units = wishes.map((wish) => ({ ...wish, sku: lines.get(wish.orderLineId)?.sku ?? '', refund }) as const);
  const number = await insertReturn(trx, returnId, order.id, units, policy.expireAfterDays);
  const { traceId, clientId } = caller;
  const message = `Return ${number} of ${words.what} requested by ${clientId}`;
  await writeTimeline(trx, order.id, traceId, [{ type: 'RETURN_REQUESTED', system: 'commerce', message }]);
  const found = await lockReturn(trx, returnId);
  if (!found) throw new Error('a return that was just written is not there');
  await moveReturn(trx, found, 'AUTHORIZED', { traceId, message: `authorised by ${clientId}` });
  if (isLost) {
    await creditUnits(trx, found, found.lines.map(({ id, quantity }) => ({ returnLineId: id, quantity })), caller); // biome-ignore format: one thought
    await moveReturn(trx, found, 'IN_TRANSIT', { traceId, message: 'is of goods that never reached the buyer' });
    await moveReturn(trx, found, 'LOST', { traceId, message: 'was lost by the carrier on the way to the buyer', system: 'carrier' }); // biome-ignore format: one thought
  }
  await recordAction(trx, caller, { action: 'returnRequest', subject: returnId, reason });
  return { returnId, refusals: [] };
}

const refuse = (
  code: ReturnRequestErrorCode,
  field: readonly string[],
  message: string,
): ReturnResult<ReturnRequestErrorCode> => ({ returnId: null, refusals: [{ code, field, message }] });
