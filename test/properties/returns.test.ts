import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { openReturnWorld, type ReturnWorld } from '../helpers/returns.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { budget, hold, patience } from './budget.ts';

const QUANTITIES = [6, 4];
const CONDITIONS = [undefined, 'SELLABLE', 'DEFECTIVE'];

let database: TestDatabase;
let world: ReturnWorld;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  world = await openReturnWorld(database.knex);
});
afterAll(() => database.drop());

/** What leads somewhere comes more often. */
const ACTIONS = [
  'request', 'request', 'returnAuthorize', 'returnDecline', 'returnCancel', 'returnReopen', 'returnReceive', 'returnReceive',
  'returnReceive', 'returnReceive', 'returnInspect', 'returnInspect', 'returnResolve', 'returnReject', 'returnRefund', 'returnRefund',
  'returnExchange', 'scan', 'lose', 'wait', 'settle',
] as const; // biome-ignore format: a table

interface Step {
  readonly action: (typeof ACTIONS)[number];
  /** Which return and which of its lines; of those there are. */
  readonly which: number;
  readonly line: number;
  readonly units: number;
  readonly condition: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(...ACTIONS),
  which: fc.nat(2),
  line: fc.nat(1),
  units: fc.integer({ min: 1, max: 4 }),
  condition: fc.nat(CONDITIONS.length - 1),
});

type Made = { id: string; lines: string[] };

/** Does what a step says. Refusals are answers: the table has a suite of its own. */
async function perform(order: { id: string; lineIds: string[] }, made: Made[], { action, ...at }: Step): Promise<void> {
  if (action === 'request') {
    const lines = [...new Set([at.line, at.which % 2])].map((line): [string, number] => [
      order.lineIds[line] ?? '',
      at.units,
    ]);
    const { return: asked } = await world.request(order.id, ...lines);
    if (!asked) return;
    if (at.condition > 0) await world.act('returnAuthorize', asked.id);
    made.push({ id: asked.id, lines: asked.lines.map((line: { id: string }) => line.id) });
    return;
  }
  if (action === 'settle') return void (await world.settle(1));
  const found = made[at.which % Math.max(1, made.length)];
  if (!found) return;
  const returnLineId = found.lines[at.line % found.lines.length] ?? '';
  const condition = CONDITIONS[at.condition];
  switch (action) {
    case 'wait':
      return void (await world.keep(at.units > 2 ? 29 : 15));
    case 'scan':
    case 'lose':
      return world.book.returnParcelMoved(found.id, action === 'scan' ? 'IN_TRANSIT' : 'LOST', world.effect());
    case 'returnDecline':
      return void (await world.act(action, found.id, { reason: 'OTHER' }));
    case 'returnReceive':
      return void (await world.act(action, found.id, world.receive([[returnLineId, at.units, condition]])));
    case 'returnInspect':
      return void (await world.act(
        action,
        found.id,
        world.receive([[returnLineId, at.units, condition ?? 'SELLABLE']]),
      ));
    case 'returnRefund':
      return void (await world.act(action, found.id, { lines: [{ returnLineId, quantity: at.units }] }));
    case 'returnExchange':
      return void (await world.act(action, found.id, { lines: [{ sku: 'CANDLE', quantity: at.units }] }, callerOf()));
    default:
      return void (await world.act(action, found.id));
  }
}

interface Books {
  readonly lineId: string;
  readonly delivered: number;
  readonly returned: number;
  readonly received: number;
  readonly kept: number;
  readonly credited: number;
  readonly refunded: number;
  readonly sellable: number;
  readonly accepted: number;
  readonly placed: number;
  readonly openEnds: number;
}

async function books(orderId: string): Promise<Books[]> {
  return query<Books>(
    database.knex,
    `select o.id as "lineId", o.delivered, o.returned, sum(l.received)::int as received,
       coalesce(sum(l.received) filter (where r.state <> 'REJECTED'), 0)::int as kept, sum(l.credited)::int as credited, sum(l.refunded)::int as refunded,
       coalesce(sum((select sum(accepted) from orders.return_condition c where c.return_line_id = l.id and disposition = 'SELLABLE')), 0)::int as sellable,
       coalesce(sum((select sum(accepted) from orders.return_condition c where c.return_line_id = l.id)), 0)::int as accepted,
       coalesce(sum((select sum(placed) from orders.return_condition c where c.return_line_id = l.id)), 0)::int as placed,
       count(*) filter (where r.state = 'RESOLVED' or (r.closing and r.state <> 'CLOSED'))::int as "openEnds"
     from orders.order_line o join orders.return_line l on l.order_line_id = o.id join orders.return r on r.id = l.return_id
     where o.order_id = ? group by o.id order by o.position`,
    [orderId],
  );
}

/** What was paid of a line, credit memo after credit memo: each begins where another ended. @returns units in all */
function paidInOneRow(lineId: string): number {
  const memos = world.effects.credits.filter((memo) => memo.lineId === lineId && memo.units > 0);
  let next = 0;
  for (const memo of memos.toSorted((a, b) => a.before - b.before)) {
    expect([lineId, memo.before]).toEqual([lineId, next]);
    next += memo.units;
  }
  return next;
}

it(
  'no unit is paid back twice or shelved unless it came and can be sold, whatever happens to returns in whatever order',
  async () => {
    const plan = fc.array(fc.array(step, { minLength: 1, maxLength: 2 }), { minLength: 12, maxLength: 20 });
    await hold(
      fc.asyncProperty(plan, async (rounds) => {
        const order = await world.delivered(...QUANTITIES);
        const made: Made[] = [];
        await perform(order, made, { action: 'request', which: 0, line: 1, units: 3, condition: 1 });
        for (const round of rounds) {
          // Side by side: the second may find what the first has not committed.
          await Promise.all(
            round.filter(({ action }) => action !== 'settle').map((each) => perform(order, made, each)),
          );
          for (const each of round.filter(({ action }) => action === 'settle')) await perform(order, made, each);
        }
        await world.settle();
        for (const line of await books(order.id)) {
          const { lineId, delivered } = line;
          const shelved = world.effects.shelved.get(lineId) ?? 0;
          const aside = world.effects.aside.get(lineId) ?? 0;
          expect(line.credited).toBeLessThanOrEqual(delivered);
          expect(line).toMatchObject({
            returned: line.kept,
            refunded: line.credited,
            placed: line.accepted,
            openEnds: 0,
          });
          expect([paidInOneRow(lineId), world.effects.paid.get(lineId) ?? 0]).toEqual([line.credited, line.credited]);
          expect([shelved, shelved + aside]).toEqual([line.sellable, line.accepted]);
          expect(line.accepted).toBeLessThanOrEqual(line.received);
          expect(line.returned).toBeLessThanOrEqual(delivered);
        }
      }),
      budget(6, 0.1),
    );
  },
  patience(0.1),
);
