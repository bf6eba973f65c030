import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { openParcelWorld, type ParcelWorld, type Sent } from '../helpers/parcels.ts';
import { budget, hold, patience } from './budget.ts';

let database: TestDatabase;
let world: ParcelWorld;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  world = await openParcelWorld(database.knex);
});
afterAll(() => database.drop());

const SCANS = ['in_transit', 'out_for_delivery', 'failure', 'delivered', 'delivered', 'lost', 'return_to_sender', 'return_to_sender', 'cancelled']; // biome-ignore format: a table

type Step =
  | { readonly do: 'scan'; readonly parcel: number; readonly status: string }
  | { readonly do: 'takeIn' | 'payBack' | 'askOnly'; readonly line: number; readonly units: number }
  | { readonly do: 'arrived'; readonly parcel: number; readonly which: 'ALL' | 'REST' }
  | { readonly do: 'listen' | 'listenAgain' | 'settle' | 'look' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('scan' as const), parcel: fc.nat(3), status: fc.constantFrom(...SCANS) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('takeIn' as const, 'payBack' as const, 'askOnly' as const), line: fc.nat(1), units: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('arrived' as const), parcel: fc.nat(3), which: fc.constantFrom('ALL' as const, 'REST' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('listen' as const, 'listenAgain' as const, 'settle' as const, 'look' as const) }) },
); // biome-ignore format: a table

/** Units of a line, or of a bundle's two parts, over up to four parcels. */
const split = fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }).filter((units) => units.some((each) => each > 0));
const shipment = fc.oneof(
  fc.tuple(split, split).map(([one, other]) => ({ bundle: 0, contents: contentsOf({ 0: one, 1: other }) })),
  // As many bolts as nuts, each in parcels of their own order.
  fc.tuple(split, fc.nat(3), split).map(([bolts, turn, plain]) => {
    const nuts = [...bolts.slice(turn), ...bolts.slice(0, turn)];
    const units = bolts.reduce((sum, each) => sum + each, 0);
    return { bundle: units, contents: contentsOf({ '0/BOLT': bolts, '0/NUT': nuts, 1: plain }) };
  }),
);

function contentsOf(units: Readonly<Record<string, readonly number[]>>): Record<string, number>[] {
  const parcels = [0, 1, 2, 3].map((parcel) =>
    Object.fromEntries(Object.entries(units).flatMap(([ref, split]) => (split[parcel] ? [[ref, split[parcel]]] : []))),
  );
  return parcels.filter((parcel) => Object.keys(parcel).length > 0);
}

interface Waiting {
  readonly id: string;
  readonly line: string;
  readonly units: number;
}

/** Refusals are answers. @returns a return that was made and not carried out */
async function perform(sent: Sent, step: Step): Promise<Waiting | undefined> {
  const number = 'parcel' in step ? sent.numbers[step.parcel % sent.numbers.length] : undefined;
  const line = 'line' in step ? (sent.lineIds[step.line] ?? '') : '';
  switch (step.do) {
    case 'scan':
      return void (await world.scan(number ?? '', step.status));
    case 'arrived':
      await world.look();
      return void (await world.arrived(number ?? '', step.which));
    case 'takeIn':
      return void (await world.takeIn(sent.id, [line, step.units]));
    case 'payBack':
      return void (await world.ask(sent.id, 'LOST_IN_TRANSIT', [[line, step.units]]));
    case 'askOnly': {
      const made = await world.ask(sent.id, 'RETURNED_TO_SENDER', [[line, step.units]]);
      return typeof made === 'string' ? undefined : { id: made.id, line: made.lines[0]?.id ?? '', units: step.units };
    }
    default:
      await world[step.do]();
      return undefined;
  }
}

/** What must hold whenever the order has heard the news. */
async function check(sent: Sent, ordered: readonly number[]): Promise<void> {
  await world.listen();
  const { lines } = await world.state(sent.id);
  for (const [index, { delivered, lost, inTransit, returned }] of lines.entries()) {
    const lineId = sent.lineIds[index] ?? '';
    expect([index, delivered + lost + inTransit]).toEqual([index, ordered[index]]);
    expect(returned).toBeLessThanOrEqual(inTransit);
    // Nobody is paid back for what they have, nor twice.
    const [{ credited } = { credited: 0 }] = await query<{ credited: number }>(database.knex, 'select coalesce(sum(credited), 0)::int as credited from orders.return_line where order_line_id = ?', [lineId]); // biome-ignore format: one thought
    expect([index, credited <= lost + returned]).toEqual([index, true]);
  }
  // Of lines that are no bundles: what was counted bit by bit is what the parcels hold now.
  const parcels = await query<{ lineId: string; delivered: number; lost: number }>(
    database.knex,
    `select l.line_ref as "lineId", coalesce(sum(case p.status when 'DELIVERED' then l.quantity - l.taken_in else l.arrived end), 0)::int as delivered,
       coalesce(sum(l.quantity - l.taken_in - l.arrived) filter (where p.status = 'LOST'), 0)::int as lost
     from fulfillment.package p join fulfillment.package_line l on l.package_id = p.id
     join fulfillment.shipment s on s.id = p.shipment_id where s.order_id = ? group by 1`,
    [sent.id],
  );
  for (const { lineId, ...units } of parcels) {
    const line = lines[sent.lineIds.indexOf(lineId)];
    if (line) expect({ delivered: line.delivered, lost: line.lost }).toEqual(units);
  }
}

/** Everything that is still out comes to its end: the order must end with it. */
async function finish(sent: Sent, waiting: readonly Waiting[]): Promise<void> {
  for (const number of sent.numbers) await world.scan(number, 'delivered');
  await world.listen();
  for (const { id, line, units } of waiting) {
    if ((await world.act('returnReceive', id, world.receive([[line, units, 'SELLABLE']]))) === null) continue;
    expect(await world.act('returnCancel', id)).toBeNull();
  }
  await world.settle();
  const left = (message: string) => Number(/other return: (\d+)\./.exec(message)?.[1]);
  for (const line of sent.lineIds) {
    const lost = left(String(await world.ask(sent.id, 'LOST_IN_TRANSIT', [[line, 1_000]])));
    if (lost > 0) expect(await world.ask(sent.id, 'LOST_IN_TRANSIT', [[line, lost]])).toMatchObject({ lines: [{}] });
    const back = left(String(await world.takeIn(sent.id, [line, 1_000])));
    if (back > 0) expect(await world.takeIn(sent.id, [line, back])).toBeNull();
  }
  await world.settle();
  await world.look();
  // What was told of parcels that go back is closed: all of it is taken in. Their carriers may say something else since.
  for (const number of sent.numbers) {
    const { operation, message } = await world.toldOf(number);
    if (operation === 'parcel:returned') expect(message).toMatch(/is delivered, says the carrier now/);
  }
  const { status, lines } = await world.state(sent.id);
  expect(status).toBe(lines.some(({ delivered }) => delivered > 0) ? 'DELIVERED' : 'CLOSED');
  const before = await world.state(sent.id);
  for (const number of sent.numbers) for (const late of ['in_transit', 'delivered']) await world.scan(number, late);
  await world.listen();
  expect(await world.state(sent.id)).toEqual(before);
}

it(
  'every unit is delivered, lost and paid back, taken in, or on its way, whatever carriers and people say in whatever order, and the order ends',
  async () => {
    const plan = fc.array(step, { minLength: 4, maxLength: 16 });
    const runs = await hold(
      fc.asyncProperty(shipment, plan, async ({ bundle, contents }, steps) => {
        const bundles = bundle > 0 ? { 0: { units: bundle, parts: { BOLT: 1, NUT: 1 } } } : {};
        const sent = await world.sent(contents, bundles);
        const ordered = (await world.book.read(sent.id))?.lines.map(({ quantities }) => quantities.ordered) ?? [];
        const waiting: Waiting[] = [];
        for (const step of steps) {
          const made = await perform(sent, step);
          if (made) waiting.push(made);
          await check(sent, ordered);
        }
        await finish(sent, waiting);
        await check(sent, ordered);
      }),
      budget(1_000, 0.1),
    );
    expect(runs).toBeGreaterThan(0);
  },
  patience(0.1),
);
