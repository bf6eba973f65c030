import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newDelivery, startWarehouse, type Warehouse } from '../../test/helpers/warehouse.ts';

let warehouse: Warehouse;
/** A pace that never comes: what is not done by the test does not happen. */
let still: Warehouse;
beforeAll(async () => {
  [warehouse, still] = await Promise.all([startWarehouse(), startWarehouse({ paceMillis: 3_600_000 })]);
});
afterAll(() => Promise.all([warehouse.stop(), still.stop()]));

const refusal = (systemCode: string) => ({ code: 'SYSTEM_REJECTED', details: expect.objectContaining({ systemCode }) });
const ledgerOf = async (house: Warehouse, documentRef: string) =>
  (await house.wms.stockLedger({ after: 0, limit: 1_000 })).entries.filter(
    (entry) => entry.documentRef === documentRef,
  );

describe('goods that nobody collects', () => {
  it('go back into the stock they came from, once, and are not handed over any more', async () => {
    const order = newDelivery({ site: 'ST1', collect: true, shipTo: null, lines: [{ lineRef: 'l1', articleNo: 'ART-A', quantity: 2 }] }); // biome-ignore format: a table
    const { deliveryNo } = await still.wms.createDelivery(order);
    await expect(still.wms.unstageDelivery(deliveryNo)).rejects.toMatchObject(refusal('WRONG_STATUS'));
    await still.wms.acceptDelivery(deliveryNo);
    await still.wms.stageDelivery(deliveryNo);
    expect(await still.wms.unstageDelivery(deliveryNo)).toMatchObject({
      status: 'CANCELLED',
      reasonCode: 'NOT_COLLECTED',
    });
    await still.wms.unstageDelivery(deliveryNo);
    const booked = (await ledgerOf(still, order.externalRef)).map(({ movementCode, quantityDelta }) => [movementCode, quantityDelta]); // biome-ignore format: one thought
    expect(booked).toEqual([['GI', -2], ['RT', 2]]); // biome-ignore format: a table
    await expect(still.wms.collectDelivery(deliveryNo)).rejects.toMatchObject(refusal('WRONG_STATUS'));
  });
});

describe('ordering', () => {
  it('takes a delivery once per reference', async () => {
    const order = newDelivery();
    const first = await still.wms.createDelivery(order);
    expect(first).toMatchObject({ externalRef: order.externalRef, status: 'RECEIVED', site: 'DC1', collect: false });
    expect(await still.wms.createDelivery(order)).toEqual(first);
    expect((await still.events(first.deliveryNo)).map((event) => event.event)).toEqual(['RECEIVED']);
  });

  it('takes it once when it is ordered eight times at once', async () => {
    const order = newDelivery();
    const answers = await Promise.all(Array.from({ length: 8 }, () => still.wms.createDelivery(order)));
    expect(new Set(answers.map((answer) => answer.deliveryNo)).size).toBe(1);
    expect((await still.wms.deliveries({ externalRef: order.externalRef })).deliveries).toHaveLength(1);
  });

  it('refuses the same reference with another content', async () => {
    const order = newDelivery();
    await still.wms.createDelivery(order);
    await expect(still.wms.createDelivery({ ...order, service: 'EXPRESS' })).rejects.toMatchObject(
      refusal('REFERENCE_REUSED'),
    );
  });

  it('refuses what it does not know and keeps nothing of it', async () => {
    const order = newDelivery({ lines: [{ lineRef: '1', articleNo: 'ART-X', quantity: 1 }] });
    await expect(still.wms.createDelivery(order)).rejects.toMatchObject(refusal('UNKNOWN_ARTICLE'));
    await expect(still.wms.createDelivery({ ...order, site: 'NOPE' })).rejects.toMatchObject(refusal('UNKNOWN_SITE'));
    expect((await still.wms.deliveries({ externalRef: order.externalRef })).deliveries).toEqual([]);
  });

  it('refuses shipping without an address', async () => {
    await expect(still.wms.createDelivery(newDelivery({ shipTo: null }))).rejects.toMatchObject(refusal('INVALID'));
  });

  it('answers null for a number it does not know', async () => {
    expect(await still.wms.delivery('0099999999')).toBeNull();
  });

  it('pages through deliveries of a site and status', async () => {
    const orders = await Promise.all([1, 2, 3].map(() => still.wms.createDelivery(newDelivery({ site: 'ST2' }))));
    const first = await still.wms.deliveries({ site: 'ST2', status: 'RECEIVED', limit: 2 });
    const second = await still.wms.deliveries({ site: 'ST2', status: 'RECEIVED', limit: 2, page: first.nextPage! });
    const numbers = [...first.deliveries, ...second.deliveries].map((delivery) => delivery.deliveryNo);
    expect(numbers).toEqual(orders.map((order) => order.deliveryNo).sort());
    expect(second.nextPage).toBeNull();
  });
});

describe('the floor', () => {
  it('moves a delivery through every stage, books the issue and packs a parcel', async () => {
    const order = newDelivery({
      lines: [
        { lineRef: 'l1', articleNo: 'ART-A', quantity: 2 },
        { lineRef: 'l2', articleNo: 'ART-A', quantity: 3 },
      ],
    });
    const { deliveryNo } = await warehouse.wms.createDelivery(order);
    const done = await warehouse.settled(deliveryNo, 'GOODS_ISSUED');
    const contents = [
      { lineRef: 'l1', articleNo: 'ART-A', quantity: 2 },
      { lineRef: 'l2', articleNo: 'ART-A', quantity: 3 },
    ];
    expect(done.lines).toEqual([
      { ...contents[0], issued: 2, short: 0 },
      { ...contents[1], issued: 3, short: 0 },
    ]);
    expect(done.parcels).toEqual([
      {
        carrierCode: 'NORTHLINE',
        trackingNo: expect.stringMatching(/^NL\d{10}$/),
        sscc: expect.stringMatching(/^\d{18}$/),
        contents,
      },
    ]);
    const events = await warehouse.events(deliveryNo);
    expect(events.map((event) => event.event)).toEqual(['RECEIVED', 'ACCEPTED', 'PICKING', 'PACKED', 'GOODS_ISSUED']);
    expect(events.at(-1)).toMatchObject({
      externalRef: order.externalRef,
      site: 'DC1',
      parcels: done.parcels,
      issued: contents,
      shorts: [],
    });
    const [one, two] = await ledgerOf(warehouse, order.externalRef);
    expect([one, two]).toMatchObject([
      { movementCode: 'GI', lineRef: 'l1', quantityDelta: -2 },
      { movementCode: 'GI', lineRef: 'l2', quantityDelta: -3, balanceAfter: one!.balanceAfter - 3 },
    ]);
  });

  it('issues whole sets only, and reports the rest of every line of them short', async () => {
    const set = (lineRef: string, articleNo: string, sets: number, perSet: number) => ({ lineRef, articleNo, quantity: sets * perSet, setRef: 's', perSet }); // biome-ignore format: one thought
    await warehouse.wms.receive({
      reference: 'for-sets',
      site: 'ST2',
      kind: 'GR',
      lines: [{ lineRef: '1', articleNo: 'ART-C', quantity: 7 }],
    });
    const { deliveryNo, externalRef } = await warehouse.wms.createDelivery(
      newDelivery({
        site: 'ST2',
        lines: [set('a', 'ART-A', 4, 5), set('c', 'ART-C', 4, 3), { lineRef: 'x', articleNo: 'ART-C', quantity: 2 }],
      }),
    );
    await warehouse.settled(deliveryNo, 'GOODS_ISSUED');
    // Seven pieces are two sets of three; the one that is left is for the line without a set.
    expect((await warehouse.events(deliveryNo)).at(-1)).toMatchObject({
      issued: [
        { lineRef: 'a', quantity: 10 },
        { lineRef: 'c', quantity: 6 },
        { lineRef: 'x', quantity: 1 },
      ],
      shorts: [
        { lineRef: 'a', quantity: 10 },
        { lineRef: 'c', quantity: 6 },
        { lineRef: 'x', quantity: 1 },
      ],
    });
    expect(await ledgerOf(warehouse, externalRef)).toHaveLength(3);
  });

  it('completes the sets of which staff confirmed parts', async () => {
    const lines = [
      { lineRef: 'a', articleNo: 'ART-A', quantity: 6, setRef: 's', perSet: 2 },
      { lineRef: 'b', articleNo: 'ART-B', quantity: 3, setRef: 's', perSet: 1 },
    ];
    const { deliveryNo } = await warehouse.wms.createDelivery(newDelivery({ site: 'ST2', collect: true, shipTo: null, lines })); // biome-ignore format: one thought
    await warehouse.settled(deliveryNo, 'PACKED');
    await warehouse.database.knex.raw(
      "update wms.delivery_line set issued = 5 where delivery_no = ? and line_ref = 'a'",
      [deliveryNo],
    );
    await warehouse.wms.adjust({ reference: 'two-left', site: 'ST2', articleNo: 'ART-B', change: { countedQuantity: 2 }, reasonCode: 'COUNT' }); // biome-ignore format: one thought
    await warehouse.wms.stageDelivery(deliveryNo);
    // Five pieces are out, for two sets and a half: nothing more of them, and two sets of the other.
    expect((await warehouse.wms.delivery(deliveryNo))?.lines).toMatchObject([
      { issued: 5, short: 1 },
      { issued: 2, short: 1 },
    ]);
  });

  it.each([
    ['a number that is no whole sets', { quantity: 5 }],
    ['lines of unequally many sets', { quantity: 8 }],
    ['an article twice in a set', { articleNo: 'ART-B' }],
  ])('refuses %s', async (_, wrong) => {
    const lines = [
      { lineRef: 'a', articleNo: 'ART-A', quantity: 6, setRef: 's', perSet: 2, ...wrong },
      { lineRef: 'b', articleNo: 'ART-B', quantity: 3, setRef: 's', perSet: 1 },
    ];
    await expect(still.wms.createDelivery(newDelivery({ lines }))).rejects.toMatchObject(refusal('INVALID'));
  });

  it('issues what is there, first come first served, and reports the rest short', async () => {
    const order = (quantity: number) => newDelivery({ lines: [{ lineRef: '1', articleNo: 'ART-B', quantity }] });
    const first = await warehouse.wms.createDelivery(order(3));
    const second = await warehouse.wms.createDelivery(order(3));
    const third = await warehouse.wms.createDelivery(order(1));
    await warehouse.settled(first.deliveryNo, 'GOODS_ISSUED');
    const short = await warehouse.settled(second.deliveryNo, 'GOODS_ISSUED');
    expect(short.lines).toMatchObject([{ quantity: 3, issued: 2, short: 1 }]);
    expect((await warehouse.events(second.deliveryNo)).at(-1)).toMatchObject({
      event: 'GOODS_ISSUED',
      issued: [{ lineRef: '1', articleNo: 'ART-B', quantity: 2 }],
      shorts: [{ lineRef: '1', articleNo: 'ART-B', quantity: 1 }],
    });
    const refused = await warehouse.settled(third.deliveryNo, 'REFUSED');
    expect(refused).toMatchObject({ reasonCode: 'NO_STOCK', parcels: [], lines: [{ issued: 0, short: 1 }] });
    expect((await warehouse.events(third.deliveryNo)).at(-1)).toMatchObject({
      event: 'REFUSED',
      reasonCode: 'NO_STOCK',
      issued: [],
    });
  });

  it('splits a delivery of 593 lines over parcels without losing a piece', async () => {
    const lines = Array.from({ length: 593 }, (_, index) => ({
      lineRef: `l${index}`,
      articleNo: 'ART-C',
      quantity: 1,
    }));
    await warehouse.wms.receive({
      reference: 'c',
      site: 'DC1',
      kind: 'GR',
      lines: [{ lineRef: '1', articleNo: 'ART-C', quantity: 593 }],
    });
    const { deliveryNo } = await warehouse.wms.createDelivery(newDelivery({ lines }));
    const { parcels } = await warehouse.settled(deliveryNo, 'GOODS_ISSUED');
    expect(parcels).toHaveLength(12);
    expect(new Set(parcels.map((parcel) => parcel.trackingNo)).size).toBe(12);
    expect(parcels.flatMap((parcel) => parcel.contents)).toEqual(lines);
  });

  it('leaves the deliveries of a manual site alone', async () => {
    const manual = await warehouse.wms.createDelivery(newDelivery({ site: 'ST1' }));
    const automatic = await warehouse.wms.createDelivery(newDelivery());
    await warehouse.settled(automatic.deliveryNo, 'GOODS_ISSUED');
    expect(await warehouse.wms.delivery(manual.deliveryNo)).toMatchObject({ status: 'RECEIVED' });
  });

  it('stages a collect delivery by itself, or packs it for staff to stage', async () => {
    const collect = { collect: true, shipTo: null };
    const byFloor = await warehouse.wms.createDelivery(newDelivery(collect));
    const byStaff = await warehouse.wms.createDelivery(newDelivery({ ...collect, site: 'ST2' }));
    expect((await warehouse.settled(byFloor.deliveryNo, 'STAGED')).parcels).toEqual([]);
    await warehouse.settled(byStaff.deliveryNo, 'PACKED');
    expect(await warehouse.wms.stageDelivery(byStaff.deliveryNo)).toMatchObject({ status: 'STAGED' });
  });
});

describe('staff', () => {
  const store = (overrides = {}) => still.wms.createDelivery(newDelivery({ site: 'ST1', ...overrides }));
  const twoLines = {
    lines: [
      { lineRef: '1', articleNo: 'ART-A', quantity: 3 },
      { lineRef: '2', articleNo: 'ART-B', quantity: 1 },
    ],
  };
  let tracking = 0;
  const parcel = (...contents: { lineRef: string; quantity: number }[]) => {
    tracking += 1;
    return { carrierCode: 'UPS', trackingNo: `1Z${tracking}`, contents };
  };

  it('accept once', async () => {
    const { deliveryNo } = await store();
    await still.wms.acceptDelivery(deliveryNo);
    expect(await still.wms.acceptDelivery(deliveryNo)).toMatchObject({ status: 'ACCEPTED' });
    expect((await still.events(deliveryNo)).map((event) => event.event)).toEqual(['RECEIVED', 'ACCEPTED']);
  });

  it('refuse with a reason, and nothing can be done with it afterwards', async () => {
    const { deliveryNo } = await store();
    expect(await still.wms.refuseDelivery(deliveryNo, 'BIN_EMPTY')).toMatchObject({
      status: 'REFUSED',
      reasonCode: 'BIN_EMPTY',
    });
    expect(await still.wms.refuseDelivery(deliveryNo, 'BIN_EMPTY')).toMatchObject({ status: 'REFUSED' });
    await expect(still.wms.acceptDelivery(deliveryNo)).rejects.toMatchObject(refusal('WRONG_STATUS'));
    await expect(still.wms.cancelDelivery(deliveryNo)).rejects.toMatchObject(refusal('WRONG_STATUS'));
    expect((await still.events(deliveryNo)).map((event) => [event.event, event.reasonCode])).toEqual([
      ['RECEIVED', null],
      ['REFUSED', 'BIN_EMPTY'],
    ]);
  });

  it('may not ship before accepting', async () => {
    const { deliveryNo } = await store();
    const confirmation = { reference: 'early', parcels: [parcel({ lineRef: '1', quantity: 1 })] };
    await expect(still.wms.confirmGoodsIssue(deliveryNo, confirmation)).rejects.toMatchObject(refusal('WRONG_STATUS'));
  });

  it('ship part by part, each confirmation once', async () => {
    const { deliveryNo, externalRef } = await store(twoLines);
    await still.wms.acceptDelivery(deliveryNo);
    const first = { reference: 'c1', parcels: [parcel({ lineRef: '1', quantity: 2 })] };
    const partly = await still.wms.confirmGoodsIssue(deliveryNo, first);
    expect(partly).toMatchObject({ status: 'PICKING', lines: [{ issued: 2 }, { issued: 0 }] });
    expect(await still.wms.confirmGoodsIssue(deliveryNo, first)).toEqual(partly);
    const rest = {
      reference: 'c2',
      parcels: [parcel({ lineRef: '1', quantity: 1 }), parcel({ lineRef: '2', quantity: 1 })],
    };
    expect(await still.wms.confirmGoodsIssue(deliveryNo, rest)).toMatchObject({
      status: 'GOODS_ISSUED',
      lines: [{ issued: 3 }, { issued: 1 }],
    });
    expect((await ledgerOf(still, externalRef)).map((entry) => [entry.lineRef, entry.quantityDelta])).toEqual([
      ['1', -2],
      ['1', -1],
      ['2', -1],
    ]);
    const events = await still.events(deliveryNo);
    expect(events.map((event) => [event.event, event.parcels.length])).toEqual([
      ['RECEIVED', 0],
      ['ACCEPTED', 0],
      ['PART_ISSUED', 1],
      ['GOODS_ISSUED', 2],
    ]);
  });

  it('end a delivery short with a final confirmation', async () => {
    const { deliveryNo } = await store(twoLines);
    await still.wms.acceptDelivery(deliveryNo);
    const final = { reference: 'f1', final: true, parcels: [parcel({ lineRef: '1', quantity: 1 })] };
    expect(await still.wms.confirmGoodsIssue(deliveryNo, final)).toMatchObject({
      status: 'GOODS_ISSUED',
      lines: [
        { issued: 1, short: 2 },
        { issued: 0, short: 1 },
      ],
    });
    expect((await still.events(deliveryNo)).at(-1)).toMatchObject({
      issued: [{ lineRef: '1', quantity: 1 }],
      shorts: [
        { lineRef: '1', quantity: 2 },
        { lineRef: '2', quantity: 1 },
      ],
    });
  });

  it.each([
    ['more than is open', 'QUANTITY_EXCEEDS_OPEN', { lineRef: '1', quantity: 4 }],
    ['a line that is not there', 'UNKNOWN_LINE', { lineRef: '9', quantity: 1 }],
  ])('may not ship %s, and nothing is booked', async (_, code, content) => {
    const { deliveryNo, externalRef } = await store(twoLines);
    await still.wms.acceptDelivery(deliveryNo);
    const confirmation = { reference: 'c', parcels: [parcel(content)] };
    await expect(still.wms.confirmGoodsIssue(deliveryNo, confirmation)).rejects.toMatchObject(refusal(code));
    expect(await ledgerOf(still, externalRef)).toEqual([]);
    expect(await still.wms.delivery(deliveryNo)).toMatchObject({ status: 'ACCEPTED', parcels: [] });
  });

  it('may not ship what the books do not have, nor a parcel twice', async () => {
    const { deliveryNo } = await store({ lines: [{ lineRef: '1', articleNo: 'ART-B', quantity: 9 }] });
    await still.wms.acceptDelivery(deliveryNo);
    const tooMuch = { reference: 'c1', parcels: [parcel({ lineRef: '1', quantity: 9 })] };
    await expect(still.wms.confirmGoodsIssue(deliveryNo, tooMuch)).rejects.toMatchObject(refusal('INSUFFICIENT_STOCK'));
    const one = { reference: 'c2', parcels: [parcel({ lineRef: '1', quantity: 1 })] };
    await still.wms.confirmGoodsIssue(deliveryNo, one);
    await expect(still.wms.confirmGoodsIssue(deliveryNo, { ...one, reference: 'c3' })).rejects.toMatchObject(
      refusal('PARCEL_KNOWN'),
    );
  });

  it('stage and hand over what is to be collected, each once', async () => {
    const { deliveryNo, externalRef } = await store({ collect: true, shipTo: null });
    await still.wms.acceptDelivery(deliveryNo);
    await expect(still.wms.collectDelivery(deliveryNo)).rejects.toMatchObject(refusal('WRONG_STATUS'));
    await still.wms.stageDelivery(deliveryNo);
    await still.wms.stageDelivery(deliveryNo);
    await still.wms.collectDelivery(deliveryNo);
    expect(await still.wms.collectDelivery(deliveryNo)).toMatchObject({ status: 'COLLECTED' });
    expect(await ledgerOf(still, externalRef)).toHaveLength(1);
    const issued = [{ lineRef: '1', articleNo: 'ART-A', quantity: 1 }];
    expect((await still.events(deliveryNo)).slice(2)).toMatchObject([
      { event: 'STAGED', issued, parcels: [] },
      { event: 'COLLECTED', issued, parcels: [] },
    ]);
  });

  it('may not stage what is to be shipped', async () => {
    const { deliveryNo } = await store();
    await still.wms.acceptDelivery(deliveryNo);
    await expect(still.wms.stageDelivery(deliveryNo)).rejects.toMatchObject(refusal('WRONG_STATUS'));
  });
});

describe('cancelling', () => {
  it('works until picking starts, once', async () => {
    const { deliveryNo } = await still.wms.createDelivery(newDelivery());
    await still.wms.cancelDelivery(deliveryNo);
    expect(await still.wms.cancelDelivery(deliveryNo)).toMatchObject({ status: 'CANCELLED' });
    expect((await still.events(deliveryNo)).map((event) => event.event)).toEqual(['RECEIVED', 'CANCELLED']);
  });

  it('is refused afterwards', async () => {
    const { deliveryNo } = await warehouse.wms.createDelivery(newDelivery());
    await warehouse.settled(deliveryNo, 'GOODS_ISSUED');
    await expect(warehouse.wms.cancelDelivery(deliveryNo)).rejects.toMatchObject(refusal('PICKING_STARTED'));
  });

  it('waits for the floor, which has the delivery in hand, and is then refused', async () => {
    const { deliveryNo } = await still.wms.createDelivery(newDelivery());
    const floor = await still.database.knex.transaction();
    await floor.raw(`update wms.delivery set status = 'PICKING' where delivery_no = ?`, [deliveryNo]);
    const cancelling = still.wms.cancelDelivery(deliveryNo).catch((error: unknown) => error);
    expect(await Promise.race([cancelling, pause(200, 'waiting')])).toBe('waiting');
    await floor.commit();
    expect(await cancelling).toMatchObject(refusal('PICKING_STARTED'));
    expect((await still.events(deliveryNo)).map((event) => event.event)).toEqual(['RECEIVED']);
  });

  it('either cancels or ships, never both, when it meets the floor', async () => {
    const quick = await startWarehouse({ paceMillis: 0 });
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const { deliveryNo, externalRef } = await quick.wms.createDelivery(newDelivery());
        const cancelled = await quick.wms.cancelDelivery(deliveryNo).then(
          () => true,
          () => false,
        );
        await quick.settled(deliveryNo, cancelled ? 'CANCELLED' : 'GOODS_ISSUED');
        return { cancelled, issued: (await ledgerOf(quick, externalRef)).length === 1 };
      }),
    ).finally(() => quick.stop());
    expect(outcomes.filter(({ cancelled, issued }) => cancelled === issued)).toEqual([]);
  });
});
