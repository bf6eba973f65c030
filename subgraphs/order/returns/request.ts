import type { Knex } from 'knex';
import { type Caller, maySee } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import { lockOrder, writeTimeline } from '../change.ts';
import type { ReturnRequestErrorCode } from '../errors.ts';
import { type OrderLine, ownershipOf } from '../model.ts';
import type { ReturnResult } from './found.ts';
import { freeUnits } from './free-units.ts';
import { insertReturn, type ReturnRequestInput, type Wish } from './insert.ts';
import { judge, type ReturnPolicy, type Verdict } from './policy.ts';
import type { StrandedParcels } from './stranded-parcels.ts';
import { isUndelivered, returnUndelivered } from './undelivered.ts';

const MAX_LINES = 1_000;

/** Asks for permission to send delivered units back. Units that another return lays claim to do not count again. */
export async function requestReturn(
  trx: Knex.Transaction,
  caller: Caller,
  policy: ReturnPolicy,
  parcels: StrandedParcels,
  orderId: string,
  input: ReturnRequestInput,
  now: Date,
): Promise<ReturnResult<ReturnRequestErrorCode>> {
  const found = await lockOrder(trx, orderId);
  if (!found || !maySee(caller, ownershipOf(found.order)))
    return refuse('NOT_FOUND', ['orderId'], 'There is no such order.');
  if (input.lines.length === 0 || input.lines.length > MAX_LINES)
    return refuse('INVALID_QUANTITY', ['input', 'lines'], 'A return has 1 to 1,000 lines.');

  const reason = input.lines.map((wish) => wish.reason).find(isUndelivered);
  if (reason !== undefined) return returnUndelivered(trx, caller, policy, parcels, found, input, reason);

  const lines = new Map(found.lines.map((line) => [line.id, line]));
  const categories = await categoriesOf(trx, found.lines);
  const free = await freeUnits(trx, parcels, orderId, found.lines, 'delivered');
  const order = { channelCode: found.order.channel.code, deliveredAt: found.order.deliveredAt };
  const wishes: Wish[] = [];
  for (const [index, wish] of input.lines.entries()) {
    const line = lines.get(wish.orderLineId);
    const at = (field: string) => ['input', 'lines', String(index), field];
    if (!line) return refuse('NOT_FOUND', at('orderLineId'), 'The order has no such line.');
    if (wish.quantity < 1) return refuse('INVALID_QUANTITY', at('quantity'), 'At least one unit of a line comes back.');
    const verdict = judge(policy, { sku: line.sku, categories: categories.get(line.sku) ?? [] }, order, now);
    if (verdict.kind !== 'returnable') return refuse(...refusalOf(verdict, line.sku, at('orderLineId')));
    const left = (free.get(line.id) ?? 0) - wish.quantity;
    free.set(line.id, left);
    if (left < 0) {
      const message = 'Only delivered units that are in no other return can come back.';
      return refuse('QUANTITY_EXCEEDS_DELIVERED', at('quantity'), message);
    }
    wishes.push({ ...wish, sku: line.sku, refund: verdict.refund });
  }

  const returnId = newId('return');
  const number = await insertReturn(trx, returnId, orderId, wishes, policy.expireAfterDays);
  await writeTimeline(trx, orderId, caller.traceId, [
    { type: 'RETURN_REQUESTED', system: 'commerce', message: `Return ${number} requested by ${caller.clientId}` },
  ]);
  return { returnId, refusals: [] };
}

/** Names of the categories of each SKU, from the product owner's published function. */
async function categoriesOf(
  trx: Knex.Transaction,
  lines: readonly Pick<OrderLine, 'sku'>[],
): Promise<Map<string, string[]>> {
  const rows = await query<{ sku: string; names: string[] }>(
    trx,
    'select sku, array_agg(category) as names from product.categories_of(?::text[]) group by sku',
    [[...new Set(lines.map((line) => line.sku))]],
  );
  return new Map(rows.map(({ sku, names }) => [sku, names]));
}

type Refusal = readonly [ReturnRequestErrorCode, readonly string[], string];

function refusalOf(verdict: Exclude<Verdict, { kind: 'returnable' }>, sku: string, field: readonly string[]): Refusal {
  if (verdict.kind === 'finalSale') return ['NOT_RETURNABLE', field, `${sku} was sold for good: it cannot come back.`];
  return ['RETURN_PERIOD_ENDED', field, `${sku} can come back for ${verdict.windowDays} days after its delivery.`];
}

function refuse(...[code, field, message]: Refusal): ReturnResult<ReturnRequestErrorCode> {
  return { returnId: null, refusals: [{ code, field, message }] };
}
