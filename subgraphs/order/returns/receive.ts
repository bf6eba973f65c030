import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { counted } from '../../../platform/counted.ts';
import { query } from '../../../platform/db/query.ts';
import { changeOrder, lockOrder } from '../change.ts';
import type { OrderRefusal, ReturnReceiveErrorCode } from '../errors.ts';
import type { Disposition } from '../model.ts';
import { type AcceptedUnits, acceptUnits, addInspected } from './accept.ts';
import { type FoundReturn, type ReturnResult, saveRefundStatus, stepOf } from './found.ts';
import { freeUnits, kindOf, takenInUnits } from './free-units.ts';
import type { StrandedParcels } from './stranded-parcels.ts';
import { tellTakenIn } from './taken-in.ts';

export interface ReturnReceiveInput {
  readonly locationId: string;
  readonly lines: readonly {
    readonly returnLineId: string;
    readonly quantity: number;
    /** Null: the units wait for their inspection. */
    readonly disposition?: Disposition | null;
  }[];
}

/**
 * Records units that arrived. Those that come with their condition are inspected and accepted with it: restocking,
 * credit memo and refund follow from the event. The others wait for `returnInspect`.
 */
export function receiveReturn(
  trx: Knex.Transaction,
  caller: Caller,
  parcels: StrandedParcels,
  returnId: string,
  input: ReturnReceiveInput,
): Promise<ReturnResult<ReturnReceiveErrorCode>> {
  return stepOf<'NOT_FOUND' | 'INVALID_QUANTITY' | 'QUANTITY_EXCEEDS_AUTHORIZED'>(
    trx,
    caller,
    returnId,
    'RECEIVE',
    async (found) => {
      const received = new Map(found.lines.map((line) => [line.id, line.received]));
      if (input.lines.length === 0)
        return [{ code: 'INVALID_QUANTITY', field: ['input', 'lines'], message: 'Name at least one line.' }];
      for (const [index, arrival] of input.lines.entries()) {
        const line = found.lines.find((candidate) => candidate.id === arrival.returnLineId);
        const at = (field: string) => ['input', 'lines', String(index), field];
        if (!line) return [{ code: 'NOT_FOUND', field: at('returnLineId'), message: 'The return has no such line.' }];
        if (arrival.quantity < 1)
          return [{ code: 'INVALID_QUANTITY', field: at('quantity'), message: 'A line has at least one unit.' }];
        const total = (received.get(line.id) ?? 0) + arrival.quantity;
        received.set(line.id, total);
        if (total > line.quantity) {
          const message = `Permitted of this line: ${counted(line.quantity, 'unit')} at most.`;
          return [{ code: 'QUANTITY_EXCEEDS_AUTHORIZED', field: at('quantity'), message }];
        }
      }
      const gone = (await goneSince(trx, parcels, found, input.lines)) ?? (await claimedSince(trx, parcels, found));
      if (gone) return [gone];
      const complete = found.lines.every((line) => received.get(line.id) === line.quantity);
      await saveArrivals(trx, caller, found, input, complete);
      if (isUndelivered(found)) await tellTakenIn(trx, parcels, found.return.orderId);
      const inspected = input.lines.flatMap(({ disposition, ...units }): AcceptedUnits[] =>
        disposition ? [{ ...units, disposition, locationId: input.locationId }] : [],
      );
      await addInspected(trx, inspected);
      await acceptUnits(trx, found, inspected, { complete, traceId: caller.traceId });
      await saveRefundStatus(trx, returnId);
      // Money is given back for what somebody says has arrived: who said so, and in what state it was.
      const conditions = [...new Set(input.lines.map(({ disposition }) => disposition ?? 'not inspected'))].sort();
      await recordAction(trx, caller, { action: 'returnReceive', subject: returnId, reason: conditions.join(', ') });
      return [];
    },
  );
}

const isUndelivered = ({ lines }: FoundReturn) => lines.some(({ reason }) => kindOf(reason) === 'undelivered');

/** Units that were on their way back may have been lost since, or have reached the buyer: the order counts them as that. */
async function goneSince(
  trx: Knex.Transaction,
  parcels: StrandedParcels,
  found: FoundReturn,
  arrivals: ReturnReceiveInput['lines'],
): Promise<OrderRefusal<'QUANTITY_EXCEEDS_AUTHORIZED'> | null> {
  if (!isUndelivered(found)) return null;
  const { orderId } = found.return;
  const lineOf = new Map(found.lines.map((line) => [line.id, line.orderLineId]));
  const [stranded, taken] = [await parcels.units(trx, orderId), await takenInUnits(trx, orderId)];
  const room = new Map([...stranded].map(([lineId, units]) => [lineId, units - (taken.get(lineId) ?? 0)]));
  for (const [index, { returnLineId, quantity }] of arrivals.entries()) {
    const lineId = lineOf.get(returnLineId) ?? '';
    room.set(lineId, (room.get(lineId) ?? 0) - quantity);
    if ((room.get(lineId) ?? 0) >= 0) continue;
    const message =
      'No parcel that goes back holds these units any more: the carrier lost or delivered it since. Give this return up (returnCancel). Lost units are paid back as such (LOST_IN_TRANSIT), goods that are here all the same are booked in with inventoryAdjust.';
    return { code: 'QUANTITY_EXCEEDS_AUTHORIZED', field: ['input', 'lines', String(index), 'quantity'], message };
  }
  return null;
}

/** Units of a lost return that were not paid back may be in another one by now: they come back with that. */
async function claimedSince(
  trx: Knex.Transaction,
  parcels: StrandedParcels,
  { return: { id, state, orderId }, lines }: FoundReturn,
): Promise<OrderRefusal<'QUANTITY_EXCEEDS_AUTHORIZED'> | null> {
  if (state !== 'LOST') return null;
  const order = await lockOrder(trx, orderId);
  const free = await freeUnits(trx, parcels, orderId, order?.lines ?? [], kindOf(lines[0]?.reason ?? ''), id);
  for (const { orderLineId, quantity } of lines) free.set(orderLineId, (free.get(orderLineId) ?? 0) - quantity);
  if ([...free.values()].every((units) => units >= 0)) return null;
  const message = 'Some of its units are in another return by now. Receive the goods with that one.';
  return { code: 'QUANTITY_EXCEEDS_AUTHORIZED', field: ['returnId'], message };
}

async function saveArrivals(
  trx: Knex.Transaction,
  caller: Caller,
  found: FoundReturn,
  input: ReturnReceiveInput,
  complete: boolean,
): Promise<void> {
  const { id, number, orderId } = found.return;
  await query(
    trx,
    `update orders.return_line l set received = l.received + n.quantity
     from (select id, sum(quantity)::int as quantity from unnest(?::text[], ?::int[]) as u(id, quantity) group by id) n
     where l.id = n.id`,
    [input.lines.map((line) => line.returnLineId), input.lines.map((line) => line.quantity)],
  );
  await query(trx, 'update orders.return set state = ?, location_id = ?, last_arrival_at = now() where id = ?', [
    complete ? 'RECEIVED' : 'PARTIALLY_RECEIVED',
    input.locationId,
    id,
  ]);
  const lineOf = new Map(found.lines.map((line) => [line.id, line.orderLineId]));
  await changeOrder(trx, orderId, {
    key: null,
    returned: input.lines.map(({ returnLineId, quantity }) => ({ lineId: lineOf.get(returnLineId) ?? '', quantity })),
    timeline: [
      {
        type: 'RETURN_RECEIVED',
        system: 'commerce',
        message: `Return ${number}: ${counted(
          input.lines.reduce((sum, line) => sum + line.quantity, 0),
          'unit',
        )} received by ${caller.clientId}`,
      },
    ],
    traceId: caller.traceId,
  });
}
