import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { changeOrder } from '../change.ts';
import type { Disposition } from '../model.ts';
import { writeDeskReturn } from './desk-returns.ts';
import type { FoundReturn } from './found.ts';
import { creditedUnits } from './free-units.ts';
import { addCredited, type LineUnits } from './refund.ts';

/** Units in one condition at one location. */
export interface AcceptedUnits extends LineUnits {
  readonly disposition: Disposition;
  readonly locationId: string;
}

/** Notes in which condition units are. */
export async function addInspected(trx: Knex.Transaction, units: readonly AcceptedUnits[]): Promise<void> {
  if (units.length === 0) return;
  const columns = columnsOf(units);
  await query(
    trx,
    `insert into orders.return_condition (return_line_id, location_id, disposition, inspected)
     select id, location_id, disposition, sum(quantity)::int
     from unnest(?::text[], ?::text[], ?::text[], ?::int[]) as n(id, location_id, disposition, quantity) group by 1, 2, 3
     on conflict (return_line_id, location_id, disposition) do update set inspected = return_condition.inspected + excluded.inspected`,
    columns,
  );
  await query(
    trx,
    `update orders.return_line l set disposition = n.disposition
     from (select id, (array_agg(disposition order by position desc))[1] as disposition
           from unnest(?::text[], ?::text[]) with ordinality as u(id, disposition, position) group by id) n
     where l.id = n.id`,
    [units.map((one) => one.returnLineId), units.map((one) => one.disposition)],
  );
}

/**
 * Keeps inspected units: one event per location has them put on the shelf or aside, and credits those that were not paid
 * back before.
 * @param found the return as it was before any of these units were credited
 */
export async function acceptUnits(
  trx: Knex.Transaction,
  found: FoundReturn,
  units: readonly AcceptedUnits[],
  { complete, traceId }: { readonly complete: boolean; readonly traceId: string },
): Promise<void> {
  if (units.length === 0) return;
  await query(
    trx,
    `update orders.return_condition c set accepted = c.accepted + n.quantity
     from (select id, location_id, disposition, sum(quantity)::int as quantity
           from unnest(?::text[], ?::text[], ?::text[], ?::int[]) as u(id, location_id, disposition, quantity) group by 1, 2, 3) n
     where c.return_line_id = n.id and c.location_id = n.location_id and c.disposition = n.disposition`,
    columnsOf(units),
  );
  const { id: returnId, orderId } = found.return;
  const before = await creditedUnits(trx, orderId);
  const owed = owedUnits(found);
  const lineOf = new Map(found.lines.map((line) => [line.id, line]));
  const credits: LineUnits[] = [];
  const lines = units.map(({ returnLineId, quantity, disposition, locationId }) => {
    const { orderLineId = '', sku = '' } = lineOf.get(returnLineId) ?? {};
    const credited = owed(returnLineId, quantity);
    const returnedBefore = before.get(orderLineId) ?? 0;
    before.set(orderLineId, returnedBefore + credited);
    credits.push({ returnLineId, quantity: credited });
    return { locationId, line: { lineId: orderLineId, sku, quantity, disposition, returnedBefore, credited } };
  });
  await addCredited(trx, credits);
  await writeDeskReturn(trx, orderId, lines.map(({ line }) => line)); // biome-ignore format: one thought
  await changeOrder(trx, orderId, {
    key: null,
    events: [...new Set(lines.map(({ locationId }) => locationId))].map((locationId) => ({
      type: 'return-received.v1',
      data: {
        returnId,
        orderId,
        locationId,
        complete,
        lines: lines.flatMap((each) => (each.locationId === locationId ? [each.line] : [])),
      },
    })),
    traceId,
  });
}

/** How many of the units that are accepted one after the other were not paid back before they came. */
function owedUnits(found: FoundReturn): (returnLineId: string, quantity: number) => number {
  const ahead = new Map(found.lines.map((line) => [line.id, line.credited]));
  for (const { returnLineId, accepted } of found.conditions)
    ahead.set(returnLineId, (ahead.get(returnLineId) ?? 0) - accepted);
  return (returnLineId, quantity) => {
    const paid = Math.min(Math.max(0, ahead.get(returnLineId) ?? 0), quantity);
    ahead.set(returnLineId, (ahead.get(returnLineId) ?? 0) - paid);
    return quantity - paid;
  };
}

function columnsOf(units: readonly AcceptedUnits[]) {
  return [
    units.map((one) => one.returnLineId),
    units.map((one) => one.locationId),
    units.map((one) => one.disposition),
    units.map((one) => one.quantity),
  ];
}
