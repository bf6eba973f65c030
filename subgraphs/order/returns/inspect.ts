import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { counted } from '../../../platform/counted.ts';
import { query } from '../../../platform/db/query.ts';
import { changeOrder, writeTimeline } from '../change.ts';
import type { ReturnInspectErrorCode, ReturnRejectErrorCode, ReturnResolveErrorCode } from '../errors.ts';
import type { Disposition } from '../model.ts';
import { acceptUnits, addInspected } from './accept.ts';
import { type FoundReturn, lockReturn, moveReturn, type ReturnResult, saveRefundStatus, stepOf } from './found.ts';
import { kindOf } from './free-units.ts';
import { isSettled } from './model.ts';
import type { StrandedParcels } from './stranded-parcels.ts';
import { tellTakenIn } from './taken-in.ts';

export interface ReturnInspectInput {
  readonly locationId: string;
  readonly lines: readonly {
    readonly returnLineId: string;
    readonly quantity: number;
    readonly disposition: Disposition;
  }[];
}

/** Says in which condition units are that were received without one. Nothing follows until the return is resolved. */
export function inspectReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
  input: ReturnInspectInput,
): Promise<ReturnResult<ReturnInspectErrorCode>> {
  return stepOf<'NOT_FOUND' | 'INVALID_QUANTITY' | 'QUANTITY_EXCEEDS_RECEIVED'>(
    trx,
    caller,
    returnId,
    'INSPECT',
    async (found) => {
      const waiting = new Map(found.lines.map((line) => [line.id, line.received]));
      for (const { returnLineId, inspected } of found.conditions)
        waiting.set(returnLineId, (waiting.get(returnLineId) ?? 0) - inspected);
      if (input.lines.length === 0)
        return [{ code: 'INVALID_QUANTITY', field: ['input', 'lines'], message: 'Name at least one line.' }];
      for (const [index, { returnLineId, quantity }] of input.lines.entries()) {
        const at = (field: string) => ['input', 'lines', String(index), field];
        const units = waiting.get(returnLineId);
        if (units === undefined)
          return [{ code: 'NOT_FOUND', field: at('returnLineId'), message: 'The return has no such line.' }];
        if (quantity < 1)
          return [{ code: 'INVALID_QUANTITY', field: at('quantity'), message: 'A line has at least one unit.' }];
        if (quantity > units) {
          const message = `Waiting for inspection of this line: ${counted(units, 'unit')}.`;
          return [{ code: 'QUANTITY_EXCEEDS_RECEIVED', field: at('quantity'), message }];
        }
        waiting.set(returnLineId, units - quantity);
      }
      await addInspected(trx, input.lines.map((line) => ({ ...line, locationId: input.locationId }))); // biome-ignore format: one thought
      const all = [...waiting.values()].every((units) => units === 0);
      const message = `${counted(
        input.lines.reduce((sum, line) => sum + line.quantity, 0),
        'unit',
      )} inspected by ${caller.clientId}`;
      if (all && found.return.state === 'RECEIVED') {
        await moveReturn(trx, found, 'INSPECTED', { traceId: caller.traceId, message: `inspected: ${message}` });
      } else {
        await writeTimeline(trx, found.return.orderId, caller.traceId, [
          { type: 'RETURN_UNITS_INSPECTED', system: 'commerce', message: `Return ${found.return.number}: ${message}` },
        ]);
      }
      const conditions = [...new Set(input.lines.map(({ disposition }) => disposition))].sort().join(', ');
      await recordAction(trx, caller, { action: 'returnInspect', subject: returnId, reason: conditions });
      return [];
    },
  );
}

/** Keeps what was inspected. Of a return that came in part, nothing more is expected from then on. */
export function resolveReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
): Promise<ReturnResult<ReturnResolveErrorCode>> {
  return stepOf<never>(trx, caller, returnId, 'RESOLVE', async (found) => {
    await keepInspected(trx, found, caller);
    await recordAction(trx, caller, { action: 'returnResolve', subject: returnId, reason: null });
    return [];
  });
}

/** Sends what was inspected back to the buyer: it counts as delivered again, and nothing is paid for it. */
export function rejectReturn(
  trx: Knex.Transaction,
  caller: Caller,
  parcels: Pick<StrandedParcels, 'takeIn'>,
  returnId: string,
  { note }: { readonly note?: string | null },
): Promise<ReturnResult<ReturnRejectErrorCode>> {
  return stepOf<never>(trx, caller, returnId, 'REJECT', async (found) => {
    await query(trx, 'update orders.return set decline_note = ? where id = ?', [note ?? null, returnId]);
    await changeOrder(trx, found.return.orderId, {
      key: null,
      returned: found.lines.map((line) => ({ lineId: line.orderLineId, quantity: -line.received })),
      traceId: caller.traceId,
    });
    const message = `rejected by ${caller.clientId}: ${counted(found.units.received, 'unit')} to go back to the buyer${note ? `, ${note}` : ''}`;
    await moveReturn(trx, found, 'REJECTED', { traceId: caller.traceId, message });
    if (found.lines.some((line) => kindOf(line.reason) === 'undelivered')) await tellTakenIn(trx, parcels, found.return.orderId); // biome-ignore format: one thought
    await saveRefundStatus(trx, returnId);
    await recordAction(trx, caller, { action: 'returnReject', subject: returnId, reason: null });
    return [];
  });
}

/**
 * Accepts all inspected units that were not accepted, and closes the return when nothing is left to do.
 * @param asked `clientId` is who decided so; left out where the time did
 */
export async function keepInspected(
  trx: Knex.Transaction,
  found: FoundReturn,
  asked: Pick<Caller, 'traceId'> & Partial<Pick<Caller, 'clientId'>>,
): Promise<void> {
  const { traceId, clientId } = asked;
  const by = clientId === undefined ? '' : ` by ${clientId}`;
  const kept = found.conditions
    .map(({ inspected, accepted, ...at }) => ({ ...at, quantity: inspected - accepted }))
    .filter(({ quantity }) => quantity > 0);
  await acceptUnits(trx, found, kept, { complete: true, traceId });
  if (found.return.state === 'INSPECTED') {
    await moveReturn(trx, found, 'RESOLVED', { traceId, message: `resolved${by}: the goods are kept` });
  } else {
    await query(trx, 'update orders.return set closing = true where id = ?', [found.return.id]);
    await writeTimeline(trx, found.return.orderId, traceId, [
      {
        type: 'RETURN_CLOSING',
        system: 'commerce',
        message: `Return ${found.return.number}: the rest is not waited for${by && `, decided${by}`}`,
      },
    ]);
  }
  await closeSettled(trx, found.return.id, traceId);
}

/** Closes a return whose goods and money are where they belong, and brings its refund's status in line. */
export async function closeSettled(trx: Knex.Transaction, returnId: string, traceId: string): Promise<void> {
  const found = await lockReturn(trx, returnId);
  if (!found) return;
  const { state, closing } = found.return;
  const decided = state === 'RESOLVED' || (state === 'PARTIALLY_RECEIVED' && closing);
  if (decided && isSettled(found.units)) await moveReturn(trx, found, 'CLOSED', { traceId, message: 'closed' });
  await saveRefundStatus(trx, returnId);
}
