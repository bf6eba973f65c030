import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { counted } from '../../../platform/counted.ts';
import { query } from '../../../platform/db/query.ts';
import { changeOrder } from '../change.ts';
import type { ReturnRefundErrorCode } from '../errors.ts';
import { type FoundReturn, type ReturnResult, saveRefundStatus, stepOf } from './found.ts';
import { creditedUnits } from './free-units.ts';
import type { RefundMoment } from './model.ts';

/** Units of a return line. */
export interface LineUnits {
  readonly returnLineId: string;
  readonly quantity: number;
}

export interface ReturnRefundInput {
  /** Null for all units that were not paid back. */
  readonly lines?: readonly LineUnits[] | null;
}

/** Pays back units before they arrived, or whatever became of them. Their arrival does not pay them back again. */
export function refundReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
  input: ReturnRefundInput,
): Promise<ReturnResult<ReturnRefundErrorCode>> {
  return stepOf<'NOT_FOUND' | 'INVALID_QUANTITY' | 'QUANTITY_EXCEEDS_AUTHORIZED'>(
    trx,
    caller,
    returnId,
    'REFUND',
    async (found) => {
      const left = new Map(found.lines.map((line) => [line.id, line.quantity - line.credited]));
      const wanted = input.lines ?? [...left].map(([returnLineId, quantity]) => ({ returnLineId, quantity }));
      const at = (index: number, field: string) => ['input', 'lines', String(index), field];
      if (wanted.length === 0)
        return [{ code: 'INVALID_QUANTITY', field: ['input', 'lines'], message: 'Name at least one line.' }];
      for (const [index, { returnLineId, quantity }] of wanted.entries()) {
        const units = left.get(returnLineId);
        if (units === undefined)
          return [{ code: 'NOT_FOUND', field: at(index, 'returnLineId'), message: 'The return has no such line.' }];
        if (input.lines && quantity < 1)
          return [{ code: 'INVALID_QUANTITY', field: at(index, 'quantity'), message: 'A line has at least one unit.' }];
        if (input.lines && quantity > units) {
          const message = `Not paid back yet of this line: ${counted(units, 'unit')}.`;
          return [{ code: 'QUANTITY_EXCEEDS_AUTHORIZED', field: at(index, 'quantity'), message }];
        }
        left.set(returnLineId, units - quantity);
      }
      await creditUnits(trx, found, wanted, caller);
      await recordAction(trx, caller, { action: 'returnRefund', subject: returnId, reason: found.return.state });
      return [];
    },
  );
}

/** Pays back the lines whose policy says that it is time. */
export async function refundLinesOn(
  trx: Knex.Transaction,
  found: FoundReturn,
  moment: RefundMoment,
  traceId: string,
): Promise<void> {
  const units = found.lines
    .filter((line) => line.refundOn === moment)
    .map((line) => ({ returnLineId: line.id, quantity: line.quantity - line.credited }));
  await creditUnits(trx, found, units, { traceId });
}

/**
 * Decides that units are to be paid back, whose goods are not part of the decision. The event has them credited.
 * @param asked `clientId` is who decided so; left out where the policy did
 */
export async function creditUnits(
  trx: Knex.Transaction,
  found: FoundReturn,
  units: readonly LineUnits[],
  { traceId, clientId }: Pick<Caller, 'traceId'> & Partial<Pick<Caller, 'clientId'>>,
): Promise<void> {
  const wanted = units.filter(({ quantity }) => quantity > 0);
  if (wanted.length === 0) return;
  const { id: returnId, orderId, number } = found.return;
  const before = await creditedUnits(trx, orderId);
  const lineOf = new Map(found.lines.map((line) => [line.id, line]));
  const lines = wanted.map(({ returnLineId, quantity }) => {
    const { orderLineId = '', sku = '' } = lineOf.get(returnLineId) ?? {};
    const creditedBefore = before.get(orderLineId) ?? 0;
    before.set(orderLineId, creditedBefore + quantity);
    return { lineId: orderLineId, sku, quantity, creditedBefore };
  });
  await addCredited(trx, wanted);
  await changeOrder(trx, orderId, {
    key: null,
    timeline: [
      {
        type: 'RETURN_REFUND_REQUESTED',
        system: 'commerce',
        message: `Return ${number}: ${counted(
          wanted.reduce((sum, line) => sum + line.quantity, 0),
          'unit',
        )} paid back without waiting for the goods${clientId === undefined ? '' : `, asked by ${clientId}`}`,
      },
    ],
    events: [{ type: 'return-refund-requested.v1', data: { returnId, orderId, lines } }],
    traceId,
  });
  await saveRefundStatus(trx, returnId);
}

/** Notes units as credited. The table refuses more than the return has. */
export async function addCredited(trx: Knex.Transaction, units: readonly LineUnits[]): Promise<void> {
  await query(
    trx,
    `update orders.return_line l set credited = l.credited + n.quantity
     from (select id, sum(quantity)::int as quantity from unnest(?::text[], ?::int[]) as u(id, quantity) group by id) n
     where l.id = n.id`,
    [units.map((line) => line.returnLineId), units.map((line) => line.quantity)],
  );
}
