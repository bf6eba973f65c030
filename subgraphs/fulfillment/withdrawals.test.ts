import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../platform/db/query.ts';
import { startFulfillment, type TestFulfillment, type WorkWish } from '../../test/helpers/fulfillment.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import { applyNodeEvents } from './node-events.ts';

const operator = callerOf({ contract: 'operations', clientId: 'operator', channel: null });
const { signal } = new AbortController();
let world: TestFulfillment;
let count = 0;
beforeAll(async () => {
  world = await startFulfillment({
    freeUnits: async (_, __, locationId) =>
      locationId === 'NOWHERE' ? null : { code: `DC-${locationId}`, free: new Map([['BOLT', locationId === 'SOUTH' ? 2 : 9]]) },
  }); // biome-ignore format: one thought
});
afterAll(() => world.stop());

const stateOf = async (id: string) => {
  const [row] = await query<{ state: string; withdrawal: string | null; handed: number }>(
    world.database.knex,
    `select f.status || '/' || f.request_status as state,
       (select w.state from fulfillment.withdrawal w where w.fulfillment_order_id = f.id) as withdrawal,
       (select coalesce(sum((h ->> 'quantity')::int), 0)::int from integration.outbox o, jsonb_array_elements(o.data -> 'handedBack') h where o.subject = f.id) as handed
     from fulfillment.fulfillment_order f where f.id = ?`,
    [id],
  );
  return row;
};
const referenceOf = async (id: string) => (await world.book.nodeReferenceOf(id)) ?? '';
const units = (quantity: number) => [{ lineId: 'BOLT', quantity }];
const cancel = (orderId: string, key: string, quantity = 3) =>
  world.book.withdrawUnits(orderId, { key, reason: 'CUSTOMER_REQUEST', lines: units(quantity) });
const order = () => `ord_w${++count}`;
const given = async (wish: WorkWish = {}) => {
  const orderId = order();
  return { orderId, id: await world.submitted({ ...wish, orderId }) };
};

describe('units that are to be cancelled', () => {
  it('are asked back from their node once, and are given up when it agrees', async () => {
    const { orderId, id } = await given();
    expect(await cancel(orderId, 'k1', 2)).toBe(2);
    expect(await cancel(orderId, 'k1', 2)).toBe(2);
    expect(await stateOf(id)).toEqual({ state: 'OPEN/CANCELLATION_REQUESTED', withdrawal: 'REQUESTED', handed: 0 });
    expect(await cancel(orderId, 'k2')).toBe(0);
    expect(await world.book.withdrawalOf(id)).toBeNull();
    await world.nodes.cancel(await referenceOf(id), signal);
    await world.nodeFeed.catchUp(signal);
    expect(await stateOf(id)).toEqual({ state: 'CANCELLED/CANCELLATION_ACCEPTED', withdrawal: 'ACCEPTED', handed: 3 });
    expect(await world.book.withdrawalOf(id)).toEqual({
      key: 'k1',
      reason: 'CUSTOMER_REQUEST',
      parts: [{ becomes: 'CANCEL', lines: units(2) }],
    });
    expect((await world.book.workOf(orderId)).gaveBack).toEqual([]);
    expect(world.reported).toEqual([]);
  });

  it('stay when the node refuses; it goes on to the end, and is not asked again', async () => {
    const { orderId, id } = await given();
    await world.nodes.accept(await referenceOf(id), signal);
    await world.nodeFeed.catchUp(signal);
    expect(await cancel(orderId, 'k1')).toBe(3);
    expect(await world.book.refuseWithdrawal(id)).toEqual({ key: 'k1', units: 3 });
    expect(await world.book.refuseWithdrawal(id)).toEqual({ key: 'k1', units: 3 });
    expect(await stateOf(id)).toEqual({
      state: 'IN_PROGRESS/CANCELLATION_REJECTED',
      withdrawal: 'REJECTED',
      handed: 0,
    });
    expect(await cancel(orderId, 'k2')).toBe(0);
    const parcel = { carrier: 'UPS', trackingNumber: `T-${id}`, sscc: null, serviceLevel: null, lines: [{ lineRef: 'BOLT', quantity: 3 }] }; // biome-ignore format: a table
    await world.nodes.confirmShipment(await referenceOf(id), { key: id, packages: [parcel] }, signal);
    await world.nodeFeed.catchUp(signal);
    expect(await stateOf(id)).toMatchObject({ state: 'CLOSED/CLOSED', handed: 0 });
  });

  it('stay when the staff who were asked say no', async () => {
    const { orderId, id } = await given();
    await world.nodes.accept(await referenceOf(id), signal);
    await world.nodeFeed.catchUp(signal);
    await cancel(orderId, 'k1');
    const denied = { position: 1, kind: 'CANCELLATION_DENIED', fulfillmentOrderId: id, nodeReference: await referenceOf(id), occurredAt: new Date(), reason: null, packages: [], issued: [], short: [] } as const; // biome-ignore format: a table
    const hear = () => world.database.knex.transaction((trx) => applyNodeEvents(trx, [denied]));
    expect([await hear(), await hear()]).toEqual([[], []]);
    expect(await stateOf(id)).toEqual({
      state: 'IN_PROGRESS/CANCELLATION_REJECTED',
      withdrawal: 'REJECTED',
      handed: 0,
    });
  });

  it('that their node refuses to do while it is asked are given up all the same', async () => {
    const { orderId, id } = await given();
    await cancel(orderId, 'k1');
    await world.nodes.reject(await referenceOf(id), 'OUT_OF_STOCK', signal);
    await world.nodeFeed.catchUp(signal);
    expect(await stateOf(id)).toEqual({ state: 'CANCELLED/CANCELLATION_ACCEPTED', withdrawal: 'ACCEPTED', handed: 3 });
  });

  it('that left before the node was asked are gone', async () => {
    const { orderId, id } = await given({ deliveryMethod: 'PICK_UP' });
    await world.nodes.accept(await referenceOf(id), signal);
    await world.nodes.markReadyForPickup(await referenceOf(id), signal);
    await cancel(orderId, 'k1');
    await world.nodes.completePickup(await referenceOf(id), signal);
    await world.nodeFeed.catchUp(signal);
    await world.book.refuseWithdrawal(id);
    expect(await stateOf(id)).toEqual({ state: 'CLOSED/CLOSED', withdrawal: 'REJECTED', handed: 0 });
    expect(world.reported).toEqual([]);
  });

  it('come first from work that no node was asked to do, which is given up at once', async () => {
    const { orderId, id } = await given();
    const fresh = await world.open({ orderId, locationId: 'WEST' });
    expect(await cancel(orderId, 'k1', 4)).toBe(4);
    expect(await stateOf(fresh)).toEqual({ state: 'CANCELLED/CLOSED', withdrawal: 'ACCEPTED', handed: 3 });
    expect(await stateOf(id)).toMatchObject({ state: 'OPEN/CANCELLATION_REQUESTED' });
    expect(await world.book.submit(fresh)).toBeNull();
  });
});

describe('goods at the counter', () => {
  it('are asked back when nobody came, and not before', async () => {
    const { id } = await given({ deliveryMethod: 'PICK_UP' });
    await world.nodes.accept(await referenceOf(id), signal);
    await world.nodes.markReadyForPickup(await referenceOf(id), signal);
    await world.nodeFeed.catchUp(signal);
    expect(await world.book.expirePickups(new Date(Date.now() - 60_000))).toBe(0);
    expect(await world.book.expirePickups(new Date(Date.now() + 60_000))).toBe(1);
    expect(await world.book.expirePickups(new Date(Date.now() + 60_000))).toBe(0);
    expect(await stateOf(id)).toMatchObject({ state: 'READY_FOR_PICKUP/CANCELLATION_REQUESTED' });
    await world.nodes.putBack(await referenceOf(id), signal);
    await world.nodeFeed.catchUp(signal);
    expect(await stateOf(id)).toEqual({ state: 'CANCELLED/CANCELLATION_ACCEPTED', withdrawal: 'ACCEPTED', handed: 3 });
    expect(await world.book.withdrawalOf(id)).toEqual({
      key: `pickup-expired:${id}`,
      reason: 'PICKUP_EXPIRED',
      parts: [{ becomes: 'CANCEL' }],
    });
  });
});

describe('operators', () => {
  const command = async (name: string, id: string, input: object = {}) => {
    const answer = await ask(
      world.subgraph,
      `mutation ($id: ID!, $input: FulfillmentOrder${name}Input!) { fulfillmentOrder${name}(fulfillmentOrderId: $id, input: $input) {
         fulfillmentOrder { status requestStatus fulfilAt availableTransitions } userErrors { code message } } }`,
      { id, input: { idempotencyKey: `k${++count}`, reason: 'told by phone', ...input } },
      operator,
    );
    if (answer.errors) return answer.errors;
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
    const { fulfillmentOrder: work, userErrors } = answer.data![`fulfillmentOrder${name}`] as any;
    return userErrors.length > 0 ? userErrors[0] : `${work.status}/${work.requestStatus}: ${work.availableTransitions}`;
  };

  it('hold work that no node was asked to do, and let it go on', async () => {
    const id = await world.open();
    expect(await command('Hold', id)).toBe('ON_HOLD/UNSUBMITTED: RELEASE_HOLD,MERGE');
    expect(await world.book.submit(id)).toBeNull();
    expect(await command('Hold', id)).toEqual({
      code: 'ILLEGAL_TRANSITION',
      message: 'The work is ON_HOLD/UNSUBMITTED; it can be: RELEASE_HOLD, MERGE.',
    });
    expect(await command('ReleaseHold', id)).toBe('OPEN/UNSUBMITTED: HOLD,SCHEDULE,MOVE,SPLIT,MERGE');
    expect(await world.book.submit(id)).toMatchObject({ fulfillmentOrderId: id });
    expect(await command('Hold', id)).toBe('OPEN/CANCELLATION_REQUESTED: ');
  });

  it('are told once, with who asked, why and what for; refused ones are not', async () => {
    const id = await world.open();
    await command('Move', id, { locationId: 'EAST' });
    await command('Move', id, { locationId: 'WEST' });
    const told = await query<{ data: object }>(
      world.database.knex,
      `select data from integration.outbox where type = 'fulfillment-order-commanded.v1' and data ->> 'fulfillmentOrderId' = ?`,
      [id],
    );
    expect(told.map(({ data }) => data)).toEqual([
      expect.objectContaining({ command: 'MOVE', by: 'operator', reason: 'told by phone', locationId: 'EAST', targetLocationId: 'WEST', units: 3 }), // biome-ignore format: one thought
    ]);
  });

  it('let work wait until its time, or open it', async () => {
    const [later, now] = [await world.open(), await world.open()];
    const fulfilAt = new Date(Date.now() + 86_400_000).toISOString();
    expect(await command('Schedule', later, { fulfilAt: '2020-01-01T00:00:00Z' })).toMatchObject({
      code: 'INVALID_INPUT',
    });
    for (const id of [later, now])
      expect(await command('Schedule', id, { fulfilAt })).toBe('SCHEDULED/UNSUBMITTED: MARK_AS_OPEN');
    expect(await command('MarkAsOpen', now)).toMatch(/^OPEN\/UNSUBMITTED/);
    expect(await world.book.openScheduled(new Date())).toBe(0);
    expect(await world.book.openScheduled(new Date(Date.now() + 2 * 86_400_000))).toBe(1);
    expect(await stateOf(later)).toMatchObject({ state: 'OPEN/UNSUBMITTED' });
  });

  it('move work, and split it, by taking it back', async () => {
    const [moved, split] = [await world.open(), await world.open()];
    expect(await command('Move', moved, { locationId: 'EAST' })).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await command('Move', moved, { locationId: 'NOWHERE' })).toEqual({
      code: 'INVALID_INPUT',
      message: 'There is no such location.',
    });
    expect(await command('Move', moved, { locationId: 'SOUTH' })).toEqual({
      code: 'INVALID_INPUT',
      message:
        'DC-SOUTH has 2 of BOLT for this order, not 3. Name a location that has what the work is about, or split it.',
    });
    const mixed = await world.open({ units: { BOLT: 1, NUT: 1 } });
    expect(await command('Move', mixed, { locationId: 'SOUTH' })).toMatchObject({
      message: expect.stringMatching(/^DC-SOUTH has 0 of NUT for this order, not 1\. /),
    });
    expect(await stateOf(moved)).toMatchObject({ state: 'OPEN/UNSUBMITTED', withdrawal: null });
    expect(await command('Move', moved, { locationId: 'WEST' })).toBe('CANCELLED/CLOSED: ');
    expect((await world.book.withdrawalOf(moved))?.parts).toEqual([{ becomes: 'OPEN', locationId: 'WEST' }]);
    const anew = await world.open({ locationId: 'WEST', replaces: moved });
    expect(await command('Move', moved, { locationId: 'WEST', idempotencyKey: `k${count}` })).toMatch(
      /^OPEN\/UNSUBMITTED/,
    );
    const asked = await ask(world.subgraph, `{ fulfillmentOrder(id: "${moved}") { replacedBy { id location { id } } } }`, {}, operator); // biome-ignore format: one thought
    expect(asked.data).toEqual({ fulfillmentOrder: { replacedBy: [{ id: anew, location: { id: 'WEST' } }] } });
    const [line] = await query<{ id: string }>(world.database.knex, 'select id from fulfillment.fulfillment_order_line where fulfillment_order_id = ?', [split]); // biome-ignore format: one thought
    const lines = (quantity: number) => ({ lines: [{ fulfillmentOrderLineId: line?.id, quantity }] });
    expect(await command('Split', split, lines(4))).toMatchObject({ code: 'QUANTITY_EXCEEDS_REMAINING' });
    expect(await command('Split', split, lines(3))).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await stateOf(split)).toMatchObject({ state: 'OPEN/UNSUBMITTED', withdrawal: null });
    expect(await command('Split', split, lines(1))).toBe('CANCELLED/CLOSED: ');
    expect((await world.book.withdrawalOf(split))?.parts).toEqual([{ becomes: 'OPEN', lines: units(1) }]);
  });

  it('join work again, which its node gets as one', async () => {
    const orderId = order();
    const [target, twin, nuts] = [
      await world.open({ orderId, units: { BOLT: 2 } }),
      await world.open({ orderId, units: { BOLT: 1, SET: 2 }, bundles: { SET: { CUP: 3 } } }),
      await world.open({ orderId, units: { NUT: 4 } }),
    ];
    const merge = (ids: readonly string[]) => command('Merge', target, { fulfillmentOrderIds: ids });
    await world.book.submit(nuts);
    expect(await merge([twin, nuts])).toEqual({
      code: 'ILLEGAL_TRANSITION',
      message: 'The work is OPEN/SUBMITTED; it can be: HOLD, SCHEDULE, MOVE, SPLIT.',
    });
    expect(await merge([twin, 'ful_nowhere'])).toMatchObject({ code: 'NOT_FOUND' });
    expect(await stateOf(twin)).toMatchObject({ state: 'OPEN/UNSUBMITTED' });
    for (const id of [target, twin]) await command('Hold', id);
    expect(await merge([twin])).toBe('ON_HOLD/UNSUBMITTED: RELEASE_HOLD,MERGE');
    expect(await stateOf(twin)).toEqual({ state: 'CANCELLED/CLOSED', withdrawal: null, handed: 0 });
    expect(await merge([twin])).toEqual({
      code: 'ILLEGAL_TRANSITION',
      message: 'The work is CANCELLED/CLOSED; it can be: nothing.',
    });
    await command('ReleaseHold', target);
    expect((await world.book.submit(target))?.lines).toEqual([
      { lineRef: 'BOLT', orderLineId: 'BOLT', sku: 'BOLT', quantity: 3 },
      { lineRef: 'SET/CUP', orderLineId: 'SET', sku: 'CUP', quantity: 6, set: { ref: 'SET', perSet: 3 } },
    ]);
    expect(await world.book.submit(twin)).toBeNull();
    expect((await world.book.workOf(orderId)).gaveBack).toEqual([]);
    const told = await query(
      world.database.knex,
      `select subject, data ->> 'status' as status, data ->> 'mergedInto' as into, data -> 'lines' as lines
       from integration.outbox where subject in (?, ?) and data ->> 'previousStatus' = 'ON_HOLD' order by data ->> 'status'`,
      [twin, target],
    );
    const lines = [...units(3), { lineId: 'SET', quantity: 2 }];
    expect(told.slice(0, 2)).toEqual([
      { subject: twin, status: 'CANCELLED', into: target, lines: [] },
      { subject: target, status: 'ON_HOLD', into: null, lines },
    ]);
  });

  it('join work while a channel cancels some of it, and no unit is lost or doubled', async () => {
    const piece = fc.dictionary(fc.constantFrom('BOLT', 'NUT', 'CUP'), fc.integer({ min: 1, max: 4 }), { minKeys: 1 });
    const pieces = fc.array(piece, { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 0, max: 12 }), async (wishes, cancelled) => {
        const orderId = order();
        const ids: string[] = [];
        for (const wish of wishes) ids.push(await world.open({ orderId, units: wish }));
        const [target = '', ...others] = ids;
        const withdraw = () =>
          query<{ quantity: number }>(
            world.database.knex,
            'select * from fulfillment.withdraw_unsubmitted(?, ?::text[], ?::int[])',
            [orderId, ['BOLT'], [cancelled]],
          );
        const [, gone] = await Promise.all([command('Merge', target, { fulfillmentOrderIds: others }), withdraw()]);
        const left: Record<string, number> = {};
        for (const { lineId, quantity } of (await world.book.workOf(orderId)).open) left[lineId] = (left[lineId] ?? 0) + quantity; // biome-ignore format: one thought
        const of = (sku: string) => wishes.reduce((sum, wish) => sum + (wish[sku] ?? 0), 0);
        const taken = gone.reduce((sum, { quantity }) => sum + quantity, 0);
        expect(taken).toBe(Math.min(cancelled, of('BOLT')));
        for (const sku of ['BOLT', 'NUT', 'CUP']) expect([sku, left[sku] ?? 0]).toEqual([sku, of(sku) - (sku === 'BOLT' ? taken : 0)]); // biome-ignore format: one thought
      }),
      { numRuns: 6 },
    );
  });

  it('say why, and find nothing that is not there', async () => {
    expect(await command('Hold', 'ful_nowhere')).toMatchObject({ code: 'NOT_FOUND' });
    const id = await world.open();
    expect(await command('Hold', id, { reason: ' ' })).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(await stateOf(id)).toMatchObject({ state: 'OPEN/UNSUBMITTED' });
  });
});
