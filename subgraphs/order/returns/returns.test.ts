import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { arrival } from '../../../test/helpers/arrival.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { openReturnWorld, type ReturnWorld } from '../../../test/helpers/returns.ts';
import { callerOf } from '../../../test/helpers/subgraph.ts';
import { strandedParcels } from '../../fulfillment/index.ts';
import { countArrived } from '../commands/count-arrived.ts';
import { RETURN_TRANSITIONS, type ReturnState } from '../states.ts';

let database: TestDatabase;
let world: ReturnWorld;
let order: { id: string; lineIds: string[] };

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  world = await openReturnWorld(database.knex);
  order = await world.delivered(1_000);
});
afterAll(() => database.drop());

interface Made {
  readonly id: string;
  readonly lineId: string;
}

async function requested(quantity = 3): Promise<Made> {
  const { return: made } = await world.request(order.id, [order.lineIds[0] ?? '', quantity]);
  return { id: made.id, lineId: made.lines[0].id };
}

async function authorized(quantity = 3): Promise<Made> {
  const made = await requested(quantity);
  expect(await world.act('returnAuthorize', made.id)).toBeNull();
  return made;
}

const authorizedNow = (made: Made) => done(made, 'returnAuthorize');

const labelled = async (made: Made) => {
  await world.book.recordReturnLabel(made.id, { carrier: 'UPS', trackingNumber: `R-${made.id}` }, world.effect());
  return made;
};
const scanned = async (made: Made, status: string) => {
  await world.book.returnParcelMoved(made.id, status, world.effect());
  return made;
};

const done = async <Found extends { id: string }>(made: Found, field: string, input: object = {}) => {
  expect(await world.act(field, made.id, input)).toBeNull();
  return made;
};
const arrived = (made: Made, quantity: number, disposition?: string) =>
  done(made, 'returnReceive', world.receive([[made.lineId, quantity, disposition]]));
const inspected = (made: Made, quantity: number, disposition = 'SELLABLE') =>
  done(made, 'returnInspect', world.receive([[made.lineId, quantity, disposition]]));

/** How a return of three units gets to each state. */
const REACH: Readonly<Record<ReturnState, () => Promise<Made>>> = {
  REQUESTED: () => requested(),
  AUTHORIZED: () => authorized(),
  DECLINED: async () => done(await requested(), 'returnDecline', { reason: 'FINAL_SALE' }),
  LABEL_ISSUED: async () => labelled(await authorized()),
  IN_TRANSIT: async () => scanned(await REACH.LABEL_ISSUED(), 'CARRIER_ACCEPTED'),
  PARTIALLY_RECEIVED: async () => arrived(await authorized(), 1),
  RECEIVED: async () => arrived(await authorized(), 3),
  INSPECTED: async () => inspected(await REACH.RECEIVED(), 3),
  RESOLVED: async () => done(await REACH.INSPECTED(), 'returnResolve'),
  REJECTED: async () => done(await REACH.INSPECTED(), 'returnReject', { note: 'worn' }),
  CLOSED: async () => {
    const made = await REACH.RESOLVED();
    await world.settle();
    return made;
  },
  CANCELLED: async () => done(await requested(), 'returnCancel'),
  EXPIRED: async () => {
    const made = await authorized();
    await world.keep(29);
    return made;
  },
  LOST: async () => scanned(await REACH.IN_TRANSIT(), 'LOST'),
};

type Attempt = (made: Made) => Promise<{ code: string; availableTransitions: string[] } | null>;

/** What is tried to bring a return to each state. What a carrier tells is never refused: it is late, or early. */
const ATTEMPT: Readonly<Record<Exclude<ReturnState, 'REQUESTED'>, Attempt>> = {
  LABEL_ISSUED: async (made) => {
    await labelled(made);
    return null;
  },
  IN_TRANSIT: async (made) => {
    await scanned(made, 'OUT_FOR_DELIVERY');
    return null;
  },
  LOST: async (made) => {
    const { state } = await world.read(made.id);
    // Lost goods were on their way: nothing else leads there.
    if (state !== 'AUTHORIZED' && state !== 'LABEL_ISSUED') await scanned(made, 'LOST');
    return null;
  },
  AUTHORIZED: async (made) => {
    const refusal = await world.act('returnAuthorize', made.id);
    return refusal && world.act('returnReopen', made.id);
  },
  DECLINED: (made) => world.act('returnDecline', made.id, { reason: 'OTHER', note: 'no' }),
  CANCELLED: (made) => world.act('returnCancel', made.id),
  EXPIRED: async () => {
    await world.keep(29);
    return null;
  },
  PARTIALLY_RECEIVED: (made) => world.act('returnReceive', made.id, world.receive([[made.lineId, 1]])),
  RECEIVED: async (made) => {
    const [{ received }] = (await world.read(made.id)).lines;
    return world.act('returnReceive', made.id, world.receive([[made.lineId, Math.max(1, 3 - received)]]));
  },
  INSPECTED: async (made) => {
    const [{ received }] = (await world.read(made.id)).lines;
    return world.act('returnInspect', made.id, world.receive([[made.lineId, Math.max(1, received), 'SELLABLE']]));
  },
  RESOLVED: (made) => world.act('returnResolve', made.id),
  REJECTED: (made) => world.act('returnReject', made.id),
  CLOSED: async (made) => {
    const { state } = await world.read(made.id);
    if (state === 'PARTIALLY_RECEIVED') {
      await inspected(made, 1);
      await done(made, 'returnResolve');
    }
    await world.settle();
    return null;
  },
};

const states = Object.keys(RETURN_TRANSITIONS) as ReturnState[];

describe('the return transition table', () => {
  it.each(states)('allows from %s what it says, and refuses the rest with what is allowed', async (from) => {
    let made = await REACH[from]();
    let { state, availableTransitions: allowed } = await world.read(made.id);
    expect(state).toBe(from);
    for (const to of Object.keys(ATTEMPT) as (keyof typeof ATTEMPT)[]) {
      const legal = (RETURN_TRANSITIONS[from] as readonly ReturnState[]).includes(to);
      const refusal = await ATTEMPT[to](made);
      const after = await world.read(made.id);
      expect([to, after.state]).toEqual([to, legal ? to : from]);
      if (legal) expect(refusal).toBeNull();
      if (refusal) expect(refusal).toMatchObject({ code: 'ILLEGAL_TRANSITION', availableTransitions: allowed });
      if (!legal && after.availableTransitions.join() === allowed.join()) continue;
      made = await REACH[from]();
      ({ state, availableTransitions: allowed } = await world.read(made.id));
    }
  });
});

describe('a return', () => {
  it('is inspected unit by unit: only sellable ones are shelved, all that are kept are paid back, then it closes', async () => {
    const made = await authorized(5);
    await arrived(made, 5);
    expect(await world.read(made.id)).toMatchObject({ state: 'RECEIVED', refundStatus: 'NONE' });
    await inspected(made, 3);
    expect(await world.act('returnInspect', made.id, world.receive([[made.lineId, 3, 'DEFECTIVE']]))).toMatchObject({
      code: 'QUANTITY_EXCEEDS_RECEIVED',
    });
    expect(await world.settle()).toBe(0);
    await inspected(made, 2, 'DEFECTIVE');
    await done(made, 'returnResolve');
    expect(await world.read(made.id)).toMatchObject({ state: 'RESOLVED', refundStatus: 'PENDING' });
    await world.settle();
    expect(await world.read(made.id)).toMatchObject({
      state: 'CLOSED',
      refundStatus: 'SETTLED',
      lines: [
        {
          refunded: 5,
          conditions: [
            { disposition: 'DEFECTIVE', quantity: 2, placed: 2 },
            { disposition: 'SELLABLE', quantity: 3, placed: 3 },
          ],
        },
      ],
    });
  });

  it('that is rejected counts as delivered again, is not paid, and may be asked for anew', async () => {
    const own = await world.delivered(2);
    const units: [string, number] = [own.lineIds[0] ?? '', 2];
    const { return: asked } = await world.request(own.id, units);
    const made = { id: asked.id, lineId: asked.lines[0].id };
    await done(made, 'returnAuthorize');
    const none = { lines: [{ returnLineId: made.lineId, quantity: 0 }] };
    expect(await world.act('returnRefund', made.id, none)).toMatchObject({ code: 'INVALID_QUANTITY' });
    expect(await world.act('returnReceive', made.id, world.receive([[made.lineId, 0]]))).toMatchObject({ code: 'INVALID_QUANTITY' }); // biome-ignore format: one thought
    await arrived(made, 2);
    expect(await world.act('returnInspect', made.id, world.receive([[made.lineId, 0, 'SELLABLE']]))).toMatchObject({ code: 'INVALID_QUANTITY' }); // biome-ignore format: one thought
    expect((await world.book.read(own.id))?.lines[0]?.quantities.returned).toBe(2);
    await inspected(made, 2, 'CUSTOMER_DAMAGED');
    expect((await world.request(own.id, units)).userErrors).toMatchObject([{ code: 'QUANTITY_EXCEEDS_DELIVERED' }]);
    expect((await world.request(own.id, [units[0], 0])).userErrors).toMatchObject([{ code: 'INVALID_QUANTITY', field: ['input', 'lines', '0', 'quantity'] }]); // biome-ignore format: one thought
    await done(made, 'returnReject', { note: 'Worn.' });
    await world.keep();
    await world.keep();
    expect(world.told.filter(({ key }) => key.startsWith(`return:${made.id}`)).map(({ message }) => message)).toEqual([
      expect.stringMatching(/rejected, and 2 units still with us\. Send the goods back to the buyer from where they were received, and dismiss this\.$/),
    ]); // biome-ignore format: one thought
    expect(await world.settle()).toBe(0);
    // The order desk takes nothing back that it was told came back.
    expect(await world.book.untoldReturns(own.id)).toEqual([]);
    expect(await world.read(made.id)).toMatchObject({ state: 'REJECTED', refundStatus: 'NONE', declineNote: 'Worn.' });
    expect((await world.book.read(own.id))?.lines[0]?.quantities.returned).toBe(0);
    expect((await world.request(own.id, units)).userErrors).toEqual([]);
  });

  it('that is rejected when it was paid back before leaves the money to a person, and its paid units to no other return', async () => {
    const own = await world.delivered(3);
    const { return: asked } = await world.request(own.id, [own.lineIds[0] ?? '', 2]);
    const made = { id: asked.id, lineId: asked.lines[0].id };
    await done(made, 'returnAuthorize');
    await done(made, 'returnRefund', { lines: [{ returnLineId: made.lineId, quantity: 1 }] });
    await arrived(made, 2);
    await inspected(made, 2, 'CUSTOMER_DAMAGED');
    await done(made, 'returnReject');
    await world.settle();
    await world.keep();
    // Of the order's three units those that came are at stake, and nothing else.
    expect(world.told.find(({ key }) => key.startsWith(`return:${made.id}`))?.units).toEqual([{ lineId: own.lineIds[0], quantity: 2 }]); // biome-ignore format: one thought
    expect(world.told.filter(({ key }) => key.startsWith(`return:${made.id}`)).map(({ message }) => message)).toEqual([
      expect.stringMatching(/rejected, and 2 units still with us\..*, settle with the buyer what was paid back before \(1 unit\), and dismiss this\.$/),
    ]); // biome-ignore format: one thought
    expect(await world.read(made.id)).toMatchObject({ state: 'REJECTED', refundStatus: 'SETTLED', lines: [{ refunded: 1 }] }); // biome-ignore format: one thought
    expect((await world.book.read(own.id))?.lines[0]?.quantities.returned).toBe(0);
    expect((await world.request(own.id, [own.lineIds[0] ?? '', 3])).userErrors).toMatchObject([{ code: 'QUANTITY_EXCEEDS_DELIVERED' }]); // biome-ignore format: one thought
    expect((await world.request(own.id, [own.lineIds[0] ?? '', 2])).userErrors).toEqual([]);
  });

  it("tells on the order's timeline who asked for what, and what they noted", async () => {
    const own = await world.delivered(3);
    const made = async (quantity: number): Promise<Made> => {
      const { return: asked } = await world.request(own.id, [own.lineIds[0] ?? '', quantity]);
      return { id: asked.id, lineId: asked.lines[0].id };
    };
    await done(await made(1), 'returnDecline', { reason: 'OTHER', note: 'Opened.' });
    const back = await done(await made(2), 'returnAuthorize');
    await done(back, 'returnRefund', { lines: [{ returnLineId: back.lineId, quantity: 1 }] });
    await arrived(back, 2);
    await inspected(back, 2, 'DEFECTIVE');
    await done(back, 'returnReject', { note: 'Worn.' });
    const told = await query<{ message: string }>(
      database.knex,
      `select message from orders.timeline where order_id = ? and type like 'RETURN%' order by sequence`,
      [own.id],
    );
    expect(told.map(({ message }) => message.replace(/^Return R\d+:? /, ''))).toEqual([
      'requested by test-storefront',
      'declined by operations: OTHER, Opened.',
      'requested by test-storefront',
      'authorised by operations',
      '1 unit paid back without waiting for the goods, asked by operations',
      '2 units received by operations',
      'inspected: 2 units inspected by operations',
      'rejected by operations: 2 units to go back to the buyer, Worn.',
    ]);
  });

  it('received with its condition goes all the way by itself', async () => {
    const made = await authorized(2);
    await arrived(made, 2, 'CARRIER_DAMAGED');
    expect(await world.read(made.id)).toMatchObject({ state: 'RECEIVED', refundStatus: 'PENDING' });
    await world.settle();
    expect(await world.read(made.id)).toMatchObject({ state: 'CLOSED', refundStatus: 'SETTLED' });
  });

  it('paid back before it came is not paid back again, and may not be cancelled', async () => {
    const made = await authorized(3);
    await done(made, 'returnRefund', { lines: [{ returnLineId: made.lineId, quantity: 2 }] });
    expect(
      await world.act('returnRefund', made.id, { lines: [{ returnLineId: made.lineId, quantity: 2 }] }),
    ).toMatchObject({ code: 'QUANTITY_EXCEEDS_AUTHORIZED' });
    expect(await world.act('returnCancel', made.id)).toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await world.settle();
    expect(await world.read(made.id)).toMatchObject({ state: 'AUTHORIZED', refundStatus: 'PARTIAL' });
    const paidBefore = world.effects.paid.get(order.lineIds[0] ?? '') ?? 0;
    await arrived(made, 3, 'SELLABLE');
    await world.settle();
    expect(world.effects.paid.get(order.lineIds[0] ?? '')).toBe(paidBefore + 1);
    expect(await world.read(made.id)).toMatchObject({
      state: 'CLOSED',
      refundStatus: 'SETTLED',
      lines: [{ refunded: 3 }],
    });
  });

  it('whose rest does not come is closed in time, and what was paid for it is told; told no more when it comes', async () => {
    const made = await authorized(3);
    await done(made, 'returnRefund');
    await arrived(made, 1, 'SELLABLE');
    await world.settle();
    await world.keep(13);
    expect(await world.read(made.id)).toMatchObject({ state: 'PARTIALLY_RECEIVED' });
    await world.keep(15);
    expect(await world.read(made.id)).toMatchObject({ state: 'CLOSED', refundStatus: 'SETTLED' });
    const about = () => world.told.filter(({ key }) => key.startsWith(`return:${made.id}`));
    await world.keep();
    expect(about()).toMatchObject([{ message: expect.stringContaining('paid back, and did not come: 2 units.') }]);
    await world.keep();
    expect(about()).toHaveLength(1);

    const late = await authorized(1);
    await done(late, 'returnRefund');
    await world.keep(29);
    await world.keep();
    await done(late, 'returnReopen');
    await world.keep();
    expect(
      world.told.filter(({ key }) => key === `return:${late.id}:unreturned`).map(({ message }) => message),
    ).toEqual([expect.stringContaining('did not come: 1 unit.'), 'settled']);
  });

  it('that lies uninspected beyond the time is told of once, and can then be resolved in part', async () => {
    const made = await authorized(3);
    await arrived(made, 1);
    await world.keep(15);
    await world.keep(15);
    expect(world.told.filter(({ key }) => key === `return:${made.id}:uninspected`)).toHaveLength(1);
    expect(await world.act('returnResolve', made.id)).toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await inspected(made, 1, 'DEFECTIVE');
    await done(made, 'returnResolve');
    expect(await world.act('returnReceive', made.id, world.receive([[made.lineId, 1]]))).toMatchObject({
      code: 'ILLEGAL_TRANSITION',
    });
    await world.settle();
    expect(await world.read(made.id)).toMatchObject({
      state: 'CLOSED',
      refundStatus: 'SETTLED',
      lines: [{ refunded: 1 }],
    });
  });

  it('gets a label from the carrier, is on its way with the first scan, and is told of when it is lost', async () => {
    const made = await authorized(2);
    await done(made, 'returnIssueLabel');
    expect(await world.act('returnIssueLabel', made.id)).toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await labelled(made);
    expect(await world.read(made.id)).toMatchObject({
      state: 'LABEL_ISSUED',
      label: { carrier: 'UPS', trackingNumber: `R-${made.id}` },
    });
    await scanned(made, 'LABEL_CREATED');
    expect(await world.read(made.id)).toMatchObject({ state: 'LABEL_ISSUED' });
    // A carrier whose clock is wrong: its news is not older than its label.
    await world.book.returnParcelMoved(made.id, 'CARRIER_ACCEPTED', { ...world.effect(), occurredAt: new Date('1900-01-01') }); // biome-ignore format: one thought
    await scanned(made, 'LOST');
    expect(await world.read(made.id)).toMatchObject({ state: 'LOST', availableTransitions: ['RECEIVE', 'REFUND'] });
    const news = await query<{ message: string; late: boolean }>(
      database.knex,
      `select t.message, t.occurred_at >= r.label_issued_at as late from orders.timeline t join orders.return r on r.order_id = t.order_id
       where r.id = ? and t.type like 'RETURN_PARCEL_%' and t.message like '%' || r.number || '%' order by t.sequence`,
      [made.id],
    );
    expect(news.map(({ message, late }) => [message.replace(/R\d+/, 'R1'), late])).toEqual([
      ['The parcel of return R1 has its label and was not scanned by its carrier yet', true],
      ['The parcel of return R1 is with its carrier', true],
      ['The parcel of return R1 is lost', true],
    ]);
    await world.keep();
    await world.keep();
    expect(world.told.filter(({ key }) => key === `return:${made.id}:lost`)).toMatchObject([
      { message: expect.stringContaining('the carrier lost 2 units') },
    ]);
    await done(made, 'returnRefund');
    await world.settle();
    expect(await world.read(made.id)).toMatchObject({ state: 'LOST', refundStatus: 'SETTLED' });
  });

  it('that was lost and turns up is received, paid back once, and not beside another one of the same units', async () => {
    const lost = async (quantity: number, inAll = quantity) => {
      const own = await world.delivered(inAll);
      const { return: asked } = await world.request(own.id, [own.lineIds[0] ?? '', quantity]);
      const made = { id: asked.id, lineId: asked.lines[0].id };
      await labelled(await authorizedNow(made));
      return { ...(await scanned(made, 'LOST')), order: own.id, line: own.lineIds[0] ?? '' };
    };
    const { line, ...paid } = await lost(3);
    await done(paid, 'returnRefund', { lines: [{ returnLineId: paid.lineId, quantity: 2 }] });
    await world.settle();
    await world.keep();
    await arrived(paid, 1, 'SELLABLE');
    expect(await world.read(paid.id)).toMatchObject({ state: 'PARTIALLY_RECEIVED' });
    await world.settle();
    expect(world.effects.paid.get(line)).toBe(2);
    await arrived(paid, 2, 'SELLABLE');
    await world.settle();
    await world.keep();
    expect([world.effects.paid.get(line), world.effects.shelved.get(line)]).toEqual([3, 3]);
    expect(await world.read(paid.id)).toMatchObject({ state: 'CLOSED', refundStatus: 'SETTLED' });
    expect(world.told.filter(({ key }) => key === `return:${paid.id}:lost`).map(({ message }) => message)).toEqual([
      expect.stringContaining('receive them (returnReceive)'),
      'settled',
    ]);

    // Of three units, two were lost and not paid back, and two are asked for anew: one of them twice.
    const unpaid = await lost(2, 3);
    const { return: other } = await world.request(unpaid.order, [unpaid.line, 2]);
    const receiving = () => world.act('returnReceive', unpaid.id, world.receive([[unpaid.lineId, 1, 'SELLABLE']]));
    expect(await receiving()).toMatchObject({ code: 'QUANTITY_EXCEEDS_AUTHORIZED' });
    expect(await world.act('returnCancel', other.id)).toBeNull();
    expect(await receiving()).toBeNull();
    expect((await world.request(unpaid.order, [unpaid.line, 2])).userErrors).toMatchObject([{ code: 'QUANTITY_EXCEEDS_DELIVERED' }]); // biome-ignore format: one thought
  });

  it('is paid back with the first scan, or when it is permitted, where the policy says so', async () => {
    for (const [moment, bring] of [
      ['FIRST_SCAN', async (made: Made) => scanned(await authorizedNow(made), 'IN_TRANSIT')],
      ['AUTHORIZATION', (made: Made) => authorizedNow(made)],
    ] as const) {
      const made = await requested(2);
      await query(database.knex, 'update orders.return_line set refund_on = ? where return_id = ?', [moment, made.id]);
      await bring(made);
      await world.settle();
      expect([moment, (await world.read(made.id)).refundStatus]).toEqual([moment, 'SETTLED']);
    }
  });

  it('is exchanged for a linked order, paid with what it is worth and with what is authorised for the rest', async () => {
    const own = await world.delivered(2);
    const { return: asked } = await world.request(own.id, [own.lineIds[0] ?? '', 2]);
    const exchange = (input: object) => world.act('returnExchange', asked.id, input, callerOf());
    const candles = (quantity: number) => ({ lines: [{ sku: 'CANDLE', quantity }] });
    expect(await exchange(candles(2))).toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await done(asked, 'returnAuthorize');

    // Two lanterns are 6.78, three candles 7.65.
    expect(await exchange(candles(3))).toMatchObject({
      code: 'PAYMENT_INSUFFICIENT',
      message: expect.stringContaining('worth 6.78 GBP'),
    });
    const pays = (amount: string, currencyCode = 'GBP') => ({
      ...candles(3),
      payment: { reference: 'pi_2', provider: 'stripe', authorized: { amount, currencyCode } },
    });
    expect(await exchange(pays('0.86'))).toMatchObject({ code: 'PAYMENT_INSUFFICIENT' });
    expect(await exchange(pays('99.00', 'EUR'))).toMatchObject({ code: 'PAYMENT_INSUFFICIENT' });
    const many = { lines: [{ sku: 'CANDLE', quantity: 1_000_000 }] };
    expect(await exchange({ ...pays('9999999.00'), ...many })).toMatchObject({ code: 'OUT_OF_STOCK' });
    expect(await world.read(asked.id)).toMatchObject({
      exchangeStatus: 'NONE',
      exchangeOrder: null,
      refundStatus: 'NONE',
    });

    expect(await exchange(pays('0.87'))).toBeNull();
    const after = await world.read(asked.id);
    expect(after).toMatchObject({
      exchangeStatus: 'ORDERED',
      exchangeOrder: {
        totals: { grandTotal: { amount: '7.65' } },
        paymentStatus: 'AUTHORIZED',
        exchangeFor: { id: asked.id },
      },
      refundStatus: 'PENDING',
    });
    expect(await exchange(pays('9.00'))).toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await world.settle();
    expect(world.effects.paid.get(own.lineIds[0] ?? '')).toBe(2);

    // The goods come later: nothing more is paid for them.
    await done(asked, 'returnReceive', world.receive([[asked.lines[0].id, 2, 'SELLABLE']]));
    await world.settle();
    expect(world.effects.paid.get(own.lineIds[0] ?? '')).toBe(2);
    expect(await world.read(asked.id)).toMatchObject({ state: 'CLOSED', refundStatus: 'SETTLED' });
  });

  it('cannot be reopened when its units are in another return', async () => {
    const own = await world.delivered(2);
    const units: [string, number] = [own.lineIds[0] ?? '', 2];
    const { return: first } = await world.request(own.id, units);
    expect(await world.act('returnCancel', first.id)).toBeNull();
    expect((await world.request(own.id, units)).userErrors).toEqual([]);
    expect(await world.act('returnReopen', first.id)).toMatchObject({ code: 'QUANTITY_EXCEEDS_DELIVERED' });
    expect((await world.read(first.id)).state).toBe('CANCELLED');
  });

  const staff = callerOf({
    contract: 'operations',
    clientId: 'operations',
    channel: null,
    scopes: ['returns:process'],
  });
  const statusOf = async (id: string) => (await world.book.read(id))?.order.status;
  /** Asks for a return of units with their reasons. @returns it, or the code of the refusal */
  const asking =
    (orderId: string) =>
    async (units: [string, number, string?][], caller = staff) => {
      const lines = units.map(([orderLineId, quantity, reason = 'LOST_IN_TRANSIT']) => ({ orderLineId, quantity, reason })); // biome-ignore format: one thought
      const { returnRequest } = await world.send(
        'mutation ($o: ID!, $input: ReturnRequestInput!) { returnRequest(orderId: $o, input: $input) { return { id state refundStatus lines { id } } userErrors { code field } } }',
        { o: orderId, input: { idempotencyKey: world.key(), lines } },
        caller,
      );
      return returnRequest.userErrors[0]?.code ?? returnRequest.return;
    };

  /** Units in a parcel that goes back. */
  async function goBack(orderId: string, units: readonly (readonly [lineId: string, quantity: number])[]) {
    const lines = units.map(([lineId]) => lineId);
    const quantities = units.map(([, quantity]) => quantity);
    await query(
      database.knex,
      `with f as (
         insert into fulfillment.fulfillment_order (id, order_id, channel_code, location_id, status, request_status, delivery_method, source_key, trace_id)
         values ('f' || :id, :id, 'WEB', 'EAST', 'CLOSED', 'CLOSED', 'SHIPPING', :id, '0')
       ), s as (
         insert into fulfillment.shipment (id, fulfillment_order_id, order_id, channel_code, location_id, status, revision, node_event, shipped_at)
         values ('s' || :id, 'f' || :id, :id, 'WEB', 'EAST', 'RETURN_TO_SENDER', 2, :id, now())
       ), l as (
         insert into fulfillment.shipment_line (shipment_id, order_line_id, sku, quantity)
         select 's' || :id, n.* from unnest(:lines::text[], :lines::text[], :quantities::int[]) as n(line_id, sku, quantity)
       ), p as (
         insert into fulfillment.package (id, shipment_id, position, carrier, tracking_number, status, furthest)
         values ('p' || :id, 's' || :id, 1, 'UPS', :id, 'RETURN_TO_SENDER', 'RETURN_TO_SENDER')
       )
       insert into fulfillment.package_line (package_id, position, sku, quantity, line_ref)
       select 'p' || :id, n.place, n.line_id, n.quantity, n.line_id
       from unnest(:lines::text[], :quantities::int[]) with ordinality as n(line_id, quantity, place)`,
      { id: orderId, lines, quantities },
    );
  }

  it('takes units in that their carrier brings back, pays them back once, and closes the order that nothing of arrived', async () => {
    const own = await world.delivered(2, 3);
    const [lantern = '', candle = ''] = own.lineIds;
    await query(database.knex, 'update orders.order_line set in_transit = delivered, delivered = 0 where order_id = ?', [own.id]); // biome-ignore format: one thought
    await query(database.knex, "update orders.customer_order set status = 'SHIPPED' where id = ?", [own.id]);
    await goBack(own.id, [[lantern, 2], [candle, 3]]); // biome-ignore format: one thought
    const ask = asking(own.id);
    const back = 'RETURNED_TO_SENDER';
    expect(await ask([[candle, 1, back]], callerOf({ scopes: ['returns:process'] }))).toBe('NOT_RETURNABLE');
    expect(await ask([[candle, 1, back], [lantern, 1, 'LOST_IN_TRANSIT']])).toBe('NOT_RETURNABLE'); // biome-ignore format: one thought
    expect(await ask([[candle, 2, back], [candle, 2, back]])).toBe('QUANTITY_EXCEEDS_DELIVERED'); // biome-ignore format: one thought
    // By mistake for one, which is given up and permitted again, while it is in no other.
    const early = await ask([[lantern, 1, back]]);
    expect(await world.act('returnCancel', early.id)).toBeNull();
    const answers = await Promise.all([1, 2].map(() => ask([[lantern, 2, back], [candle, 3, back]]))); // biome-ignore format: one thought
    expect(answers.filter((answer) => answer === 'QUANTITY_EXCEEDS_DELIVERED')).toHaveLength(1);
    const made = answers.find((answer) => answer !== 'QUANTITY_EXCEEDS_DELIVERED');
    expect(made).toMatchObject({ state: 'AUTHORIZED', refundStatus: 'NONE' });
    expect(await world.act('returnReopen', early.id)).toMatchObject({ code: 'QUANTITY_EXCEEDS_DELIVERED' });
    const [lanterns, candles] = made.lines.map(({ id }: { id: string }) => id);
    await world.act('returnReceive', made.id, world.receive([[lanterns, 2, 'SELLABLE'], [candles, 2, 'SELLABLE']])); // biome-ignore format: one thought
    await world.settle();
    expect(await statusOf(own.id)).toBe('SHIPPED');
    await world.act('returnReceive', made.id, world.receive([[candles, 1, 'CARRIER_DAMAGED']]));
    await world.settle();
    expect([world.effects.paid.get(lantern), world.effects.paid.get(candle)]).toEqual([2, 3]);
    expect([world.effects.shelved.get(candle), world.effects.aside.get(candle)]).toEqual([2, 1]);
    expect(await world.read(made.id)).toMatchObject({ state: 'CLOSED', refundStatus: 'SETTLED' });
    expect(await statusOf(own.id)).toBe('CLOSED');
    // The order desk is told of each arrival under a name of its own.
    const notices = await world.book.untoldReturns(own.id);
    const both = [{ lineId: lantern, quantity: 2 }, { lineId: candle, quantity: 2 }]; // biome-ignore format: one thought
    expect(notices).toMatchObject([
      { noticeId: `${own.id}:returned:1`, orderId: own.id, lines: both },
      { noticeId: `${own.id}:returned:2`, orderId: own.id, lines: [{ lineId: candle, quantity: 1 }] },
    ]);
    const told = { ...world.effect(), timeline: [{ type: 'RETURN_REPORTED', system: 'oms', message: 'told' }] };
    for (const notice of [notices[0], notices[0]]) if (notice) await world.book.noteReturnTold(notice, told);
    expect(await world.book.untoldReturns(own.id)).toEqual(notices.slice(1));
    expect(await query(database.knex, "select message from orders.timeline where order_id = ? and type = 'RETURN_REPORTED'", [own.id])).toEqual([{ message: 'told' }]); // biome-ignore format: one thought
    // Whatever the carrier says later, a closed order stays closed, and nothing is paid back twice.
    const later = arrival([{ lineId: lantern, quantity: 0 }, { lineId: candle, quantity: 3 }], [{ lineId: lantern, quantity: 2 }]); // biome-ignore format: one thought
    await world.book.countShipment(own.id, later, world.effect());
    expect(await statusOf(own.id)).toBe('CLOSED');
    expect((await world.book.read(own.id))?.lines.map(({ quantities: { delivered, lost } }) => [delivered, lost])).toEqual([[0, 0], [0, 0]]); // biome-ignore format: one thought
    for (const reason of ['UNWANTED', back, 'LOST_IN_TRANSIT'])
      for (const line of [lantern, candle])
        expect(await ask([[line, 1, reason]])).toMatch(/QUANTITY_EXCEEDS_DELIVERED|RETURN_PERIOD_ENDED/);
  });

  it('counts lost units as delivered that reached the buyer after all, unless they were paid back', async () => {
    const own = await world.delivered(4);
    const [line = ''] = own.lineIds;
    await query(database.knex, 'update orders.order_line set delivered = 1, lost = 3 where id = ?', [line]);
    await query(database.knex, "update orders.customer_order set status = 'PARTIALLY_DELIVERED' where id = ?", [own.id]); // biome-ignore format: one thought
    const arrived = (quantity: number) =>
      database.knex.transaction((trx) => countArrived(trx, strandedParcels, { orderId: own.id, lines: [{ lineId: line, quantity, left: quantity }], countsAs: 'LOST', noteArrived: async () => ({ shipmentId: '', outcomes: [] }) }, '0'.repeat(32))); // biome-ignore format: one thought
    const paid = await asking(own.id)([[line, 1]]);
    expect(paid).toMatchObject({ state: 'LOST' });
    expect(await arrived(3)).toMatchObject({ kind: 'refused', message: expect.stringMatching(/^Of 3 units of LANTERN only 2 can/) }); // biome-ignore format: one thought
    expect((await world.book.read(own.id))?.lines[0]?.quantities).toMatchObject({ delivered: 1, lost: 3 });
    expect(await arrived(2)).toMatchObject({ kind: 'counted', units: 2 });
    expect(await statusOf(own.id)).toBe('PARTIALLY_DELIVERED');
    await world.settle();
    expect(await statusOf(own.id)).toBe('DELIVERED');
    expect((await arrived(1)).kind).toBe('refused');
    expect(await asking(own.id)([[line, 3, 'UNWANTED']])).toMatchObject({ state: 'REQUESTED' });
  });

  it('pays units back that were lost on the way to the buyer: by staff, once, and nothing comes back', async () => {
    const own = await world.delivered(2, 3);
    const [lantern = '', candle = ''] = own.lineIds;
    await query(database.knex, 'update orders.order_line set delivered = 1, lost = 2 where id = ?', [candle]);
    await query(database.knex, "update orders.customer_order set status = 'PARTIALLY_DELIVERED' where id = ?", [
      own.id,
    ]);
    const ask = asking(own.id);
    expect(await ask([[candle, 1]], callerOf({ scopes: ['returns:process'] }))).toBe('NOT_RETURNABLE');
    expect(await ask([[candle, 1]], callerOf({ contract: 'operations', channel: null, scopes: [] }))).toBe(
      'NOT_RETURNABLE',
    );
    expect(
      await ask([
        [candle, 1],
        [lantern, 1, 'UNWANTED'],
      ]),
    ).toBe('NOT_RETURNABLE');
    expect(await ask([[lantern, 1]])).toBe('QUANTITY_EXCEEDS_DELIVERED');
    expect(
      await ask([
        [candle, 2],
        [candle, 1],
      ]),
    ).toBe('QUANTITY_EXCEEDS_DELIVERED');
    // Two of the staff who pay back the same parcel pay it once.
    const answers = await Promise.all([ask([[candle, 2]]), ask([[candle, 2]])]);
    expect(answers.filter((answer) => answer === 'QUANTITY_EXCEEDS_DELIVERED')).toHaveLength(1);
    const made = answers.find((answer) => answer !== 'QUANTITY_EXCEEDS_DELIVERED');
    expect(made).toMatchObject({ state: 'LOST', refundStatus: 'PENDING' });
    expect(await world.act('returnRefund', made.id)).toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    await world.settle();
    expect(world.effects.paid.get(candle)).toBe(2);
    expect([world.effects.shelved.get(candle), world.effects.aside.get(candle)]).toEqual([undefined, undefined]);
    expect(await world.read(made.id)).toMatchObject({
      state: 'LOST',
      refundStatus: 'SETTLED',
      availableTransitions: [],
    });
    await world.keep();
    expect(world.told.filter(({ key }) => key.startsWith(`return:${made.id}`))).toEqual([]);
    // Nothing is expected of the order any more.
    expect(await statusOf(own.id)).toBe('DELIVERED');
    // The unit that came may come back all the same, and no more than it.
    expect(await ask([[candle, 2, 'UNWANTED']])).toBe('QUANTITY_EXCEEDS_DELIVERED');
    expect(await ask([[candle, 1, 'UNWANTED']])).toMatchObject({ state: 'REQUESTED' });
  });
});
