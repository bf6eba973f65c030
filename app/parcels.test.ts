import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { up as parcelOutcomes } from '../migrations/fulfillment/20261129053100_parcel_outcomes.ts';
import { query } from '../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { openParcelWorld, type ParcelWorld, type Sent } from '../test/helpers/parcels.ts';

let database: TestDatabase;
let world: ParcelWorld;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  world = await openParcelWorld(database.knex);
});
afterAll(() => database.drop());

/** The carrier says these things, one after another, and the order hears of them. */
async function scans(sent: Sent, ...told: readonly (readonly [parcel: number, status: string])[]): Promise<void> {
  for (const [parcel, status] of told) await world.scan(sent.numbers[parcel] ?? '', status);
  await world.listen();
  await world.look();
}
const lost = (id: string, units: readonly (readonly [string, number])[]) => world.ask(id, 'LOST_IN_TRANSIT', units);
const of = (delivered: number, gone: number, inTransit: number, returned = 0) => ({ delivered, lost: gone, inTransit, returned }); // biome-ignore format: one thought

const permutations = (all: readonly string[]): string[][] =>
  all.length === 0 ? [[]] : all.flatMap((first) => permutations(all.filter((each) => each !== first)).map((rest) => [first, ...rest])); // biome-ignore format: one thought

describe('a shipment whose parcels end in different ways', () => {
  it('counts each when it ends: one arrived, one is paid back, one is taken in, and the order ends', async () => {
    const sent = await world.sent([{ 0: 2 }, { 0: 1, 1: 1 }, { 0: 1, 1: 1 }]);
    const { id, lineIds: [lantern = '', candle = ''], numbers: [, gone = '', back = ''] } = sent; // biome-ignore format: one thought
    await scans(sent, [0, 'delivered'], [1, 'in_transit'], [1, 'lost'], [2, 'in_transit'], [2, 'return_to_sender']);
    expect(await world.state(id)).toEqual({ status: 'PARTIALLY_DELIVERED', shipment: 'RETURN_TO_SENDER', lines: [of(2, 1, 1), of(0, 1, 1)] }); // biome-ignore format: one thought

    // What arrived can come back; what did not cannot.
    expect(await world.ask(id, 'DEFECTIVE', [[lantern, 3]])).toMatch(/^Only delivered units/);
    const wrong = await world.ask(id, 'DEFECTIVE', [[lantern, 2]]);
    if (typeof wrong === 'string') throw new Error(wrong);
    expect(await world.act('returnCancel', wrong.id)).toBeNull();

    // What is lost is paid back, once; then its carrier finds a part of it.
    expect(await lost(id, [[candle, 1]])).toMatchObject({ lines: [{}] });
    expect(await lost(id, [[candle, 1]])).toMatch(/: 0\.$/);
    await world.settle();
    await scans(sent, [1, 'delivered']);
    expect((await world.toldOf(gone)).message).toMatch(
      /is delivered, says the carrier now.* Of its 2 units 1 is paid back to the buyer already, .* If the 1 that is left arrived, correct this \(`arrived`: REST\)/,
    );
    expect(await world.arrived(gone, 'ALL')).toMatch(/say REST\.$/);
    expect(await world.arrived(gone, 'REST')).toBeNull();
    expect((await world.state(id)).lines).toEqual([of(3, 0, 1), of(0, 1, 1)]);

    // What comes back is taken in: its exception closes, and nothing is expected any more.
    expect((await world.toldOf(back)).operation).toBe('parcel:returned');
    expect(await world.takeIn(id, [lantern, 1], [candle, 1])).toBeNull();
    await world.look();
    expect((await world.toldOf(back)).operation).toBeUndefined();
    expect(await world.state(id)).toEqual({ status: 'DELIVERED', shipment: 'DELIVERED', lines: [of(3, 0, 1, 1), of(0, 1, 1, 1)] }); // biome-ignore format: one thought
    expect([world.effects.paid.get(lantern), world.effects.paid.get(candle)]).toEqual([1, 2]);
    const before = await world.state(id);
    await world.listenAgain();
    expect(await world.state(id)).toEqual(before);
  });

  it('closes the exception of a lost parcel when all of it is paid back, and says so when it is delivered after that', async () => {
    const sent = await world.sent([{ 0: 2 }, { 0: 1 }, { 1: 1 }]);
    const { id, lineIds: [lantern = '', candle = ''], numbers: [first = '', second = '', other = ''] } = sent; // biome-ignore format: one thought
    await scans(sent, [0, 'lost'], [1, 'lost'], [2, 'lost']);
    const open = async () => Promise.all([first, second, other].map(async (number) => (await world.toldOf(number)).operation ?? null)); // biome-ignore format: one thought
    // Two of three: which parcel they were in, nobody knows.
    expect(await lost(id, [[lantern, 2]])).toMatchObject({ lines: [{}] });
    await world.settle();
    await scans(sent);
    expect(await open()).toEqual(['parcel:lost', 'parcel:lost', 'parcel:lost']);
    expect(await lost(id, [[lantern, 1]])).toMatchObject({ lines: [{}] });
    await scans(sent);
    expect(await open()).toEqual(['parcel:lost', 'parcel:lost', 'parcel:lost']);
    await world.settle();
    await scans(sent);
    expect(await open()).toEqual([null, null, 'parcel:lost']);

    await scans(sent, [0, 'delivered']);
    expect((await world.toldOf(first)).message).toMatch(
      /which had said before that it is lost\. Of its 2 units 2 are paid back to the buyer already, or in a return\. Ask .* settle it with them.* Nothing of it is left to count as delivered; then dismiss this\.$/,
    );
    expect(await world.arrived(first, 'REST')).toMatch(/only 0 can/);
    // It stays, whatever else is paid back, until somebody has seen to it.
    expect(await lost(id, [[candle, 1]])).toMatchObject({ lines: [{}] });
    await world.settle();
    await scans(sent);
    expect(await open()).toEqual(['parcel:lost', null, null]);

    // One that is delivered before it is paid back closes with the payment, too.
    const late = await world.sent([{ 0: 1 }]);
    await scans(late, [0, 'lost'], [0, 'delivered']);
    expect((await world.toldOf(late.numbers[0] ?? '')).message).toMatch(/Do not pay the buyer back/);
    expect(await lost(late.id, [[late.lineIds[0] ?? '', 1]])).toMatchObject({ lines: [{}] });
    await world.settle();
    await scans(late);
    expect((await world.toldOf(late.numbers[0] ?? '')).operation).toBeUndefined();
  });

  it('comes to the same in whatever order its parcels end and are taken in, and the order hears of it', async () => {
    const steps = ['0 delivered', '1 lost', '2 return_to_sender', 'take in'];
    const orders = permutations(steps).filter((order) => order.indexOf(steps[2] ?? '') < order.indexOf('take in'));
    expect(orders).toHaveLength(12);
    for (const [index, order] of orders.entries()) {
      const sent = await world.sent([{ 0: 1 }, { 0: 2 }, { 0: 3 }]);
      const [line = ''] = sent.lineIds;
      for (const step of order) {
        const [parcel = '', status = ''] = step.split(' ');
        if (step === 'take in') expect(await world.takeIn(sent.id, [line, 3])).toBeNull();
        else await world.scan(sent.numbers[Number(parcel)] ?? '', status);
        if (index % 2 === 0) await world.listen();
        const [units] = (await world.state(sent.id)).lines;
        expect((units?.delivered ?? 0) + (units?.lost ?? 0) + (units?.inTransit ?? 0)).toBe(6);
      }
      await world.listen();
      expect([order, await lost(sent.id, [[line, 2]])]).toMatchObject([order, { lines: [{}] }]);
      await world.settle();
      await world.listen();
      expect([order, await world.state(sent.id)]).toEqual([order, { status: 'DELIVERED', shipment: 'DELIVERED', lines: [of(1, 2, 3, 3)] }]); // biome-ignore format: one thought
      expect(world.effects.paid.get(line)).toBe(5);
    }
  });

  it('ends the order when one arrived and the other is taken in, and CLOSED when one is taken in and the other paid back', async () => {
    const one = await world.sent([{ 0: 1 }, { 0: 1 }]);
    const [line = ''] = one.lineIds;
    await scans(one, [0, 'in_transit'], [0, 'delivered'], [1, 'in_transit'], [1, 'return_to_sender']);
    expect((await world.state(one.id)).lines).toEqual([of(1, 0, 1)]);
    expect(await world.takeIn(one.id, [line, 1])).toBeNull();
    expect(await world.state(one.id)).toMatchObject({ status: 'DELIVERED', shipment: 'DELIVERED' });
    expect(await world.ask(one.id, 'DEFECTIVE', [[line, 1]])).toMatchObject({ lines: [{}] });

    const other = await world.sent([{ 0: 1 }, { 0: 1 }]);
    const [its = ''] = other.lineIds;
    await scans(other, [0, 'return_to_sender'], [1, 'lost']);
    expect((await world.state(other.id)).lines).toEqual([of(0, 1, 1)]);
    expect(await lost(other.id, [[its, 1]])).toMatchObject({ lines: [{}] });
    await world.settle();
    expect(await world.takeIn(other.id, [its, 1])).toBeNull();
    expect(await world.state(other.id)).toMatchObject({ status: 'CLOSED', shipment: 'LOST' });
  });

  it('counts as lost what its carrier lost, and not what was under a cancelled label or goes back', async () => {
    for (const [end, shipment] of [['cancelled', 'LOST'], ['return_to_sender', 'RETURN_TO_SENDER']] as const) {
      const sent = await world.sent([{ 0: 1 }, { 0: 2 }]);
      await scans(sent, [1, end], [0, 'lost']);
      expect(await world.state(sent.id)).toMatchObject({ shipment, lines: [of(0, 1, 2)] });
      expect(await world.takeIn(sent.id, [sent.lineIds[0] ?? '', 3])).toMatch(/in no other return: 2\./);
      expect(await world.takeIn(sent.id, [sent.lineIds[0] ?? '', 2])).toBeNull();
    }
  }); // biome-ignore format: a table

  it('of a bundle counts it when all parts arrived, and takes it in with the part that goes back', async () => {
    const kits = { 0: { units: 2, parts: { BOLT: 2, NUT: 1 } } };
    const sent = await world.sent([{ '0/BOLT': 4 }, { '0/NUT': 1 }, { '0/NUT': 1 }], kits);
    await scans(sent, [0, 'delivered']);
    expect((await world.state(sent.id)).lines).toEqual([of(0, 0, 2)]);
    await scans(sent, [1, 'delivered'], [2, 'return_to_sender']);
    expect((await world.state(sent.id)).lines).toEqual([of(1, 0, 1)]);
    expect(await world.takeIn(sent.id, [sent.lineIds[0] ?? '', 2])).toMatch(/in no other return: 1\./);
    expect(await world.takeIn(sent.id, [sent.lineIds[0] ?? '', 1])).toBeNull();
    await world.look();
    expect((await world.toldOf(sent.numbers[2] ?? '')).operation).toBeUndefined();
    expect(await world.state(sent.id)).toMatchObject({ status: 'DELIVERED', shipment: 'DELIVERED' });
  });
});

describe('units of RETURNED_TO_SENDER', () => {
  it('are those in parcels that go back, each once: not of others, nor of a label without a scan', async () => {
    const sent = await world.sent([{ 0: 1 }, { 0: 2 }]);
    const [line = ''] = sent.lineIds;
    expect(await world.takeIn(sent.id, [line, 1])).toMatch(/^Units of LANTERN in parcels that go back.*: 0\. .*return_to_sender/);
    await scans(sent, [0, 'delivered'], [1, 'in_transit']);
    expect(await world.takeIn(sent.id, [line, 1])).toMatch(/: 0\. /);
    await scans(sent, [1, 'return_to_sender']);
    expect(await world.takeIn(sent.id, [line, 3])).toMatch(/: 2\. /);
    expect(await world.takeIn(sent.id, [line, 1])).toBeNull();
    expect(await world.takeIn(sent.id, [line, 2])).toMatch(/: 1\. /);

    // A part of it is taken in; its carrier delivers it all the same.
    await scans(sent, [1, 'delivered']);
    const { message } = await world.toldOf(sent.numbers[1] ?? '');
    expect(message).toMatch(/is delivered, says the carrier now, though a node took in/);
    expect((await world.state(sent.id)).lines).toEqual([of(1, 0, 2, 1)]);
    expect(await world.arrived(sent.numbers[1] ?? '', 'ALL')).toMatch(/only 1 can .* say REST/);
    expect(await world.arrived(sent.numbers[1] ?? '', 'REST')).toBeNull();
    expect(await world.state(sent.id)).toMatchObject({ status: 'DELIVERED', lines: [of(2, 0, 1, 1)] });
    await scans(sent, [1, 'delivered']);
    expect((await world.toldOf(sent.numbers[1] ?? '')).operation).toBeUndefined();
    expect(world.effects.paid.get(line)).toBe(1);
  }); // biome-ignore format: a story

  it('that are taken in stay so when their carrier delivers them later, and the desk is told', async () => {
    const sent = await world.sent([{ 0: 2 }]);
    const [line = ''] = sent.lineIds;
    await scans(sent, [0, 'return_to_sender']);
    expect(await world.takeIn(sent.id, [line, 2])).toBeNull();
    await world.look();
    expect([await world.toldOf(sent.numbers[0] ?? ''), await world.state(sent.id)]).toMatchObject([{}, { status: 'CLOSED', lines: [of(0, 0, 2, 2)] }]);
    await scans(sent, [0, 'delivered']);
    expect((await world.toldOf(sent.numbers[0] ?? '')).message).toMatch(/though a node took in what was in it/);
    expect(await world.state(sent.id)).toMatchObject({ status: 'CLOSED', lines: [of(0, 0, 2, 2)] });
    expect(await world.arrived(sent.numbers[0] ?? '', 'REST')).toMatch(/only 0 can .* dismiss this/);
  }); // biome-ignore format: a story

  it('that are taken in just after their carrier delivered a part of them close what was told of the parcel', async () => {
    const sent = await world.sent([{ 0: 2 }]);
    const [line = ''] = sent.lineIds;
    await scans(sent, [0, 'return_to_sender']);
    expect(await world.takeIn(sent.id, [line, 1])).toBeNull();
    await world.scan(sent.numbers[0] ?? '', 'delivered');
    expect(await world.takeIn(sent.id, [line, 1])).toBeNull();
    await world.look();
    expect((await world.toldOf(sent.numbers[0] ?? '')).operation).toBeUndefined();
  }); // biome-ignore format: a story

  it('that are lost on their way back are paid back once', async () => {
    const sent = await world.sent([{ 0: 1 }, { 0: 1 }]);
    const [line = ''] = sent.lineIds;
    await scans(sent, [0, 'delivered'], [1, 'return_to_sender']);
    const asked = await world.ask(sent.id, 'RETURNED_TO_SENDER', [[line, 1]]);
    if (typeof asked === 'string') throw new Error(asked);
    await scans(sent, [1, 'lost']);
    const receive = world.receive([[asked.lines[0]?.id ?? '', 1, 'SELLABLE']]);
    expect((await world.act('returnReceive', asked.id, receive))?.message).toMatch(/^No parcel that goes back holds these units any more/);
    expect(await lost(sent.id, [[line, 1]])).toMatch(/in no other return: 0\.$/);
    expect(await world.act('returnCancel', asked.id)).toBeNull();
    expect(await lost(sent.id, [[line, 1]])).toMatchObject({ lines: [{}] });
    await world.settle();
    expect(await lost(sent.id, [[line, 1]])).toMatch(/: 0\.$/);
    expect(await world.takeIn(sent.id, [line, 1])).toMatch(/: 0\. /);
    expect(await world.state(sent.id)).toMatchObject({ status: 'DELIVERED', lines: [of(1, 1, 0)] });
    expect(world.effects.paid.get(line)).toBe(1);
  }); // biome-ignore format: a story

  it('that reached the buyer though no carrier says so are counted by a person’s word, and not again by the carrier’s', async () => {
    const sent = await world.sent([{ 0: 2 }, { 0: 1 }]);
    await scans(sent, [0, 'return_to_sender'], [1, 'in_transit']);
    expect(await world.arrived(sent.numbers[0] ?? '', 'ALL')).toBeNull();
    expect(await world.arrived(sent.numbers[0] ?? '', 'ALL')).not.toBeNull();
    await scans(sent, [0, 'delivered'], [1, 'delivered']);
    expect(await world.state(sent.id)).toMatchObject({ status: 'DELIVERED', shipment: 'DELIVERED', lines: [of(3, 0, 0)] });
    for (const number of sent.numbers) expect((await world.toldOf(number)).operation).toBeUndefined();
  }); // biome-ignore format: a story
});

it('counts after an upgrade what the release before left uncounted, and closes what was taken in then', async () => {
  const sent = await world.sent([{ 0: 2 }, { 0: 1 }, { 0: 1 }]);
  const { id, lineIds: [line = ''], numbers: [arrived = '', gone = '', back = ''] } = sent; // biome-ignore format: one thought
  for (const [number, status] of [[arrived, 'delivered'], [gone, 'lost'], [back, 'return_to_sender']] as const) await world.scan(number, status); // biome-ignore format: one thought
  await world.look();
  const asked = await world.ask(id, 'RETURNED_TO_SENDER', [[line, 1]]);
  if (typeof asked === 'string') throw new Error(asked);
  expect(await world.act('returnReceive', asked.id, world.receive([[asked.lines[0]?.id ?? '', 1, 'SELLABLE']]))).toBeNull(); // biome-ignore format: one thought
  await world.settle();
  // As the release before left it: it told of no parcel, and kept nothing of what was taken in or counted.
  const [{ shipment = '' } = {}] = await query<{ shipment: string }>(database.knex, 'select id as shipment from fulfillment.shipment where order_id = ?', [id]); // biome-ignore format: one thought
  await query(database.knex, 'delete from integration.outbox where subject = ? and version > 2', [shipment]);
  await query(database.knex, "update fulfillment.shipment set status = 'RETURN_TO_SENDER', delivered_at = null where id = ?", [shipment]); // biome-ignore format: one thought
  await database.knex.raw(
    `alter table fulfillment.package_line drop column taken_in, drop column arrived; alter table fulfillment.package drop column accounted_at;
     create index package_to_tell on fulfillment.package (id) where told is null; delete from orders.shipment_units`,
  );
  expect(await world.state(id)).toMatchObject({ status: 'SHIPPED', lines: [of(0, 0, 4, 1)] });

  await database.knex.transaction((trx) => parcelOutcomes(trx));
  await world.listen();
  await world.look();
  expect(await world.state(id)).toEqual({ status: 'PARTIALLY_DELIVERED', shipment: 'DELIVERED', lines: [of(2, 1, 1, 1)] }); // biome-ignore format: one thought
  expect([(await world.toldOf(back)).operation, (await world.toldOf(gone)).operation]).toEqual([undefined, 'parcel:lost']); // biome-ignore format: one thought
  expect(await lost(id, [[line, 1]])).toMatchObject({ lines: [{}] });
  await world.settle();
  expect((await world.state(id)).status).toBe('DELIVERED');
});
