import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { change, query } from '../../../platform/db/query.ts';
import { changeOrder, lockOrder, writeTimeline } from '../change.ts';
import type { ReturnIssueLabelErrorCode } from '../errors.ts';
import { mayMove, RETURN_TRANSITIONS, type ReturnState } from '../states.ts';
import { type FoundReturn, lockReturn, moveReturn, type ReturnResult, stepOf } from './found.ts';
import { parcelWords } from './parcel-words.ts';
import { refundLinesOn } from './refund.ts';

/** Names an effect, so that a repetition changes nothing. */
interface Effect {
  readonly key: string;
  readonly traceId: string;
}

/** Asks a carrier for the label of a permitted return. It comes a moment later; a carrier that does not answer is asked again. */
export function requestLabel(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
): Promise<ReturnResult<ReturnIssueLabelErrorCode>> {
  return stepOf<never>(trx, caller, returnId, 'ISSUE_LABEL', async (found) => {
    const { orderId, number } = found.return;
    const order = await lockOrder(trx, orderId);
    const originCountry = order?.order.shippingAddress?.countryCode ?? null;
    await query(trx, 'update orders.return set label_asked_at = now() where id = ?', [returnId]);
    await changeOrder(trx, orderId, {
      key: null,
      timeline: [{ type: 'RETURN_LABEL_REQUESTED', system: 'commerce', message: `Return ${number}: label requested` }],
      events: [{ type: 'return-label-requested.v1', data: { returnId, orderId, number, originCountry } }],
      traceId: caller.traceId,
    });
    return [];
  });
}

/** Notes the label that a carrier issued. A return that went on meanwhile keeps its state. */
export async function recordReturnLabel(
  trx: Knex.Transaction,
  returnId: string,
  label: { readonly carrier: string; readonly trackingNumber: string },
  effect: Effect,
): Promise<void> {
  const found = await once(trx, returnId, effect);
  if (!found) return;
  await query(
    trx,
    'update orders.return set carrier = ?, tracking_number = ?, label_issued_at = clock_timestamp() where id = ?',
    [label.carrier, label.trackingNumber, returnId],
  );
  if (mayMove(RETURN_TRANSITIONS, found.return.state, 'LABEL_ISSUED')) {
    const message = `got its label: ${label.carrier} ${label.trackingNumber}`;
    await moveReturn(trx, found, 'LABEL_ISSUED', { traceId: effect.traceId, message, system: 'carrier' });
  }
}

/** What the carrier's news mean for the return. Of the rest its timeline tells. */
const MEANS: Readonly<Record<string, ReturnState>> = {
  CARRIER_ACCEPTED: 'IN_TRANSIT',
  IN_TRANSIT: 'IN_TRANSIT',
  OUT_FOR_DELIVERY: 'IN_TRANSIT',
  DELIVERY_ATTEMPTED: 'IN_TRANSIT',
  AVAILABLE_FOR_PICKUP: 'IN_TRANSIT',
  DELIVERED: 'IN_TRANSIT',
  LOST: 'LOST',
};

/** A carrier moved the parcel: the return is on its way, or lost. Its arrival counts when the node receives it. */
export async function returnParcelMoved(
  trx: Knex.Transaction,
  returnId: string,
  status: string,
  effect: Effect & { readonly occurredAt?: Date },
): Promise<void> {
  const found = await once(trx, returnId, effect);
  if (!found) return;
  const { traceId, occurredAt } = effect;
  // A carrier that dates its news before the label has a wrong clock: when it was heard is what we know.
  const issuedAt = found.return.label?.issuedAt;
  const at = occurredAt && issuedAt && occurredAt < issuedAt ? undefined : occurredAt;
  await writeTimeline(trx, found.return.orderId, traceId, [
    {
      type: `RETURN_PARCEL_${status}`,
      system: 'carrier',
      message: `The parcel of return ${found.return.number} ${parcelWords(status)}`,
      ...(at === undefined ? {} : { occurredAt: at }),
    },
  ]);
  const to = MEANS[status];
  if (to === undefined) return;
  const { state } = found.return;
  if (mayMove(RETURN_TRANSITIONS, state, 'IN_TRANSIT')) {
    await moveReturn(trx, found, 'IN_TRANSIT', { traceId, message: 'is on its way', system: 'carrier' });
    await refundLinesOn(trx, found, 'FIRST_SCAN', traceId);
  } else if (state !== 'IN_TRANSIT') return;
  if (to === 'LOST')
    await moveReturn(trx, found, 'LOST', { traceId, message: 'was lost by the carrier', system: 'carrier' });
}

/** The return, locked, if it does not have the effect of this key yet. */
async function once(trx: Knex.Transaction, returnId: string, effect: Effect): Promise<FoundReturn | null> {
  const found = await lockReturn(trx, returnId);
  if (!found) return null;
  const claimed = await change(
    trx,
    'insert into orders.applied_effect (order_id, key) values (?, ?) on conflict do nothing',
    [found.return.orderId, effect.key],
  );
  return claimed === 1 ? found : null;
}
