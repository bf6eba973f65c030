import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../platform/caller.ts';
import { sleep } from '../../platform/clock.ts';
import { openDatabase } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { fewestSources } from '../../platform/supply/fewest-sources.ts';
import type { ChooseSources } from '../../platform/supply/supply.ts';
import { stockCatalogue } from '../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { at, stockUp } from '../inventory/sample-stock.ts';
import { createCapture } from './capture/capture.ts';
import { createOrderBook, createOrderSubgraph } from './index.ts';

const PLACE = `mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) {
  order { id number status channelOrderId paymentStatus
    lines(first: 100) { nodes { sku title quantities { ordered unsourced allocated backordered } unitPrice { amount currencyCode } total { amount } } }
    totals { subtotal { amount } tax { amount } grandTotal { amount currencyCode } } }
  userErrors { code field sku availableQuantity } } }`;

const ACKNOWLEDGED = `mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) {
  order { id number status revision placedAt updatedAt paymentStatus returnStatus availableTransitions returns { id }
    holds { reason note placedAt } acknowledgement { deadline acknowledgedAt } totals { grandTotal { amount } }
    lines { nodes { id sku title total { amount } quantities {
      ordered unsourced backordered allocated inFulfillment shipped delivered cancelled returned } } } }
  userErrors { code } } }`;

const address = { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' };
const marketplace = callerOf({
  clientId: 'amazon',
  channel: {
    ...webChannel,
    code: 'AMAZON',
    kind: 'MARKETPLACE',
    priceList: 'AMAZON',
    safetyStock: 2,
    acknowledgementHours: 4,
  },
});

let database: TestDatabase;
let orders: Subgraph;
let keys = 0;

/** @param choose how a batch finds sources; when it finds none, every order is tried alone */
async function open(choose: ChooseSources): Promise<void> {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  orders = createOrderSubgraph({ knex: database.knex, capture: createCapture({ knex: database.knex, choose }) });
  await stockCatalogue(database.knex, [
    {
      sku: 'LANTERN',
      title: 'White Metal Lantern',
      prices: { WEB: { GBP: 339, JPY: 650, KWD: 1_295 }, AMAZON: { GBP: 410 } },
    },
    { sku: 'HEART', title: 'Hanging Heart', prices: { WEB: { GBP: 255 } } },
    { sku: 'SCARCE', title: 'Scarce', prices: { WEB: { GBP: 100 }, AMAZON: { GBP: 100 } } },
    { sku: 'HOT', title: 'Hot', prices: { WEB: { GBP: 100 } } },
    { sku: 'NOWHERE', title: 'In no warehouse', prices: { WEB: { GBP: 100 } } },
  ]);
  await stockUp(database.knex, {
    LANTERN: { EAST: 5_000, SHOP: 3 },
    HEART: { EAST: 5_000 },
    SCARCE: { EAST: 3, WEST: 2 },
    HOT: { EAST: 60, WEST: 40 },
  });
}

type Input = Record<string, unknown>;

const input = (lines: Input[], more: Input = {}): Input => ({
  idempotencyKey: `key-${++keys}`,
  currencyCode: 'GBP',
  lines,
  delivery: { method: 'SHIPPING', address },
  ...more,
});

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
async function place(what: Input, caller: Caller = callerOf()): Promise<any> {
  const answer = await ask(orders, PLACE, { input: what }, caller);
  expect(answer.errors).toBeUndefined();
  return { ...(answer.data as { orderPlace: object }).orderPlace, extensions: answer.extensions };
}

const counts = async () => {
  const [row] = await query<Record<string, string>>(
    database.knex,
    `select (select count(*) from orders.customer_order) as orders, (select count(*) from integration.outbox) as events,
       (select count(*) from inventory.reservation) as reservations, (select coalesce(sum(committed), 0) from inventory.position) as committed`,
  );
  return row;
};

// Two ways, one meaning: whatever holds of an order in a batch holds of one that is tried alone.
describe.each<[string, ChooseSources]>([
  ['in a batch', fewestSources],
  ['alone', () => null],
])('%s,', (_, choose) => {
  beforeAll(() => open(choose));
  afterAll(() => database.drop());

  describe('orderPlace', () => {
    it('prices from the list, commits the stock and answers VALIDATED', async () => {
      const { order, userErrors } = await place(
        input([
          { sku: 'LANTERN', quantity: 2 },
          { sku: 'HEART', quantity: 1, unitPrice: { amount: '2.55', currencyCode: 'GBP' } },
        ]),
      );
      expect(userErrors).toEqual([]);
      expect(order).toMatchObject({
        status: 'VALIDATED',
        paymentStatus: 'PENDING',
        lines: {
          nodes: [
            {
              sku: 'LANTERN',
              title: 'White Metal Lantern',
              quantities: { ordered: 2, unsourced: 2, allocated: 0, backordered: 0 },
              unitPrice: { amount: '3.39', currencyCode: 'GBP' },
              total: { amount: '6.78' },
            },
            { sku: 'HEART', total: { amount: '2.55' } },
          ],
        },
        // 20 % contained in 6.78 and in 2.55, each rounded half up.
        totals: {
          subtotal: { amount: '9.33' },
          tax: { amount: '1.56' },
          grandTotal: { amount: '9.33', currencyCode: 'GBP' },
        },
      });
    });

    it('keeps the digits of the currency: none for yen, three for dinars', async () => {
      const yen = await place(input([{ sku: 'LANTERN', quantity: 3 }], { currencyCode: 'JPY' }));
      expect(yen.order.totals).toMatchObject({
        grandTotal: { amount: '1950', currencyCode: 'JPY' },
        tax: { amount: '325' },
      });
      const dinar = await place(input([{ sku: 'LANTERN', quantity: 2 }], { currencyCode: 'KWD' }));
      expect(dinar.order.totals.grandTotal).toEqual({ amount: '2.590', currencyCode: 'KWD' });
    });

    it('takes an order of 593 lines, the same SKU on many of them', async () => {
      const before = await counts();
      const { order, userErrors } = await place(
        input(Array.from({ length: 593 }, (_, index) => ({ sku: index % 2 ? 'LANTERN' : 'HEART', quantity: 1 }))),
      );
      expect(userErrors).toEqual([]);
      expect(order.totals.grandTotal.amount).toBe('1760.79'); // 296 lanterns and 297 hearts
      const after = await counts();
      expect(Number(after?.committed) - Number(before?.committed)).toBe(593);
    });

    it('refuses the whole order when one line is short, says what is available, and changes nothing', async () => {
      const before = await counts();
      const { order, userErrors } = await place(
        input([
          { sku: 'LANTERN', quantity: 1 },
          { sku: 'SCARCE', quantity: 4 },
          { sku: 'SCARCE', quantity: 4 },
        ]),
      );
      expect(order).toBeNull();
      expect(userErrors.map((error: { code: string }) => error.code)).toEqual(expect.arrayContaining(['OUT_OF_STOCK']));
      expect(userErrors[0]).toMatchObject({ code: 'OUT_OF_STOCK', sku: 'SCARCE' });
      expect(await counts()).toEqual(before);
    });

    it('backorders the missing units when the buyer agrees', async () => {
      const { order } = await place(input([{ sku: 'SCARCE', quantity: 7 }], { allowBackorder: true }));
      expect(order.lines.nodes[0].quantities).toEqual({ ordered: 7, unsourced: 5, allocated: 0, backordered: 2 });
    });

    it.each([
      ['UNKNOWN_SKU', [{ sku: 'NO-SUCH', quantity: 1 }], {}],
      ['UNKNOWN_SKU', [{ sku: 'NOWHERE', quantity: 1 }], {}],
      ['INVALID_QUANTITY', [{ sku: 'LANTERN', quantity: 0 }], {}],
      ['INVALID_QUANTITY', [{ sku: 'LANTERN', quantity: -3 }], {}],
      ['INVALID_QUANTITY', [{ sku: 'LANTERN', quantity: 1_000_000_000 }], {}],
      ['INVALID_QUANTITY', [], {}],
      ['INVALID_ADDRESS', [{ sku: 'LANTERN', quantity: 1 }], { channelOrderId: '' }],
      ['INVALID_ADDRESS', [{ sku: 'LANTERN', quantity: 1 }], { delivery: { method: 'SHIPPING' } }],
      ['INVALID_ADDRESS', [{ sku: 'LANTERN', quantity: 1 }], { delivery: { method: 'PICK_UP' } }],
      [
        'INVALID_ADDRESS',
        [{ sku: 'LANTERN', quantity: 1 }],
        { delivery: { method: 'SHIPPING', address: { ...address, city: 'Lon\u0007don' } } },
      ],
      ['PRICE_CHANGED', [{ sku: 'LANTERN', quantity: 1, unitPrice: { amount: '3.38', currencyCode: 'GBP' } }], {}],
      ['PRICE_CHANGED', [{ sku: 'LANTERN', quantity: 1, unitPrice: { amount: '3.39', currencyCode: 'EUR' } }], {}],
      ['CURRENCY_NOT_SUPPORTED', [{ sku: 'HEART', quantity: 1 }], { currencyCode: 'JPY' }],
      [
        'PAYMENT_INSUFFICIENT',
        [{ sku: 'LANTERN', quantity: 1 }],
        { payment: { reference: 'p', provider: 'x', authorized: { amount: '3.38', currencyCode: 'GBP' } } },
      ],
    ])('refuses with %s and changes nothing', async (code, lines, more) => {
      const before = await counts();
      const { order, userErrors } = await place(input(lines, more));
      expect(order).toBeNull();
      expect(userErrors).toMatchObject([{ code }]);
      expect(await counts()).toEqual(before);
    });

    it.each([1e12, 2 ** 31, 0.1])('takes %p for no quantity', async (quantity) => {
      const before = await counts();
      const answer = await ask(orders, PLACE, { input: input([{ sku: 'LANTERN', quantity }]) }, callerOf());
      expect(answer.data).toBeUndefined();
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
      expect(await counts()).toEqual(before);
    });

    it('stores a marketplace price as given, and knows a second order of the same channel id', async () => {
      const lines = [
        { sku: 'LANTERN', quantity: 1, unitPrice: { amount: '4.99', currencyCode: 'GBP' }, channelLineId: 'L1' },
      ];
      const first = await place(input(lines, { channelOrderId: '026-1' }), marketplace);
      expect(first.order.totals.grandTotal.amount).toBe('4.99');
      const again = await place(input(lines, { channelOrderId: '026-1' }), marketplace);
      expect(again.userErrors).toMatchObject([{ code: 'DUPLICATE_CHANNEL_ORDER' }]);
      expect(again.order.id).toBe(first.order.id);
    });

    it('picks up from the store that was named, never from a warehouse', async () => {
      const at3 = await place(
        input([{ sku: 'LANTERN', quantity: 3 }], { delivery: { method: 'PICK_UP', locationId: at('SHOP') } }),
      );
      expect(at3.userErrors).toEqual([]);
      const at4 = await place(
        input([{ sku: 'LANTERN', quantity: 1 }], { delivery: { method: 'PICK_UP', locationId: at('SHOP') } }),
      );
      expect(at4.userErrors).toMatchObject([{ code: 'OUT_OF_STOCK', availableQuantity: 0 }]);
    });

    it('answers the same key with the same order and says that it did; another input with IDEMPOTENCY_CONFLICT', async () => {
      const what = input([{ sku: 'LANTERN', quantity: 1 }]);
      const first = await place(what);
      const before = await counts();
      const again = await place(what);
      expect(again.order.id).toBe(first.order.id);
      expect(again.extensions).toEqual({ idempotentReplay: true });
      const other = await place({ ...what, lines: [{ sku: 'LANTERN', quantity: 2 }] });
      expect(other.userErrors).toMatchObject([{ code: 'IDEMPOTENCY_CONFLICT' }]);
      expect(await counts()).toEqual(before);
    });

    it('answers a replay as it answered first, whatever has become of the order and its payment since', async () => {
      const what = input(
        [
          { sku: 'LANTERN', quantity: 2 },
          { sku: 'SCARCE', quantity: 1 },
        ],
        {
          allowBackorder: true,
          payment: { reference: 'p', provider: 'stripe', authorized: { amount: '99.00', currencyCode: 'GBP' } },
        },
      );
      const answer = async () => (await ask(orders, ACKNOWLEDGED, { input: what }, marketplace)).data?.orderPlace;
      // biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
      const first = (await answer()) as any;
      expect(first.order).toMatchObject({
        status: 'VALIDATED',
        paymentStatus: 'AUTHORIZED',
        acknowledgement: { deadline: expect.any(String), acknowledgedAt: null },
        lines: {
          nodes: [{ quantities: { unsourced: 2 } }, { quantities: { unsourced: 0, backordered: 1, shipped: 0 } }],
        },
      });
      const { id } = first.order;
      const [lanterns, scarce] = first.order.lines.nodes.map((line: { id: string }) => line.id);
      const book = createOrderBook(database.knex);
      const effect = (key: string) => ({ key: `${id}:${key}`, traceId: '0'.repeat(32) });
      const all = [
        { lineId: lanterns, quantity: 2 },
        { lineId: scarce, quantity: 1 },
      ];
      await book.accept(id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect('accept'));
      await book.allocate(id, all, effect('allocate'));
      await book.ship(id, all, effect('ship'));
      await query(
        database.knex,
        `update orders.customer_order set payment_status = 'PAID', acknowledgement_deadline = placed_at + interval '1 minute' where id = ?`,
        [id],
      );
      const now = await ask(orders, 'query ($id: ID!) { order(id: $id) { status } }', { id }, marketplace);
      expect(now.data).toEqual({ order: { status: 'SHIPPED' } });
      expect(await answer()).toEqual(first);
    });

    it('is refused to a caller without a channel', async () => {
      const answer = await ask(
        orders,
        PLACE,
        { input: input([{ sku: 'LANTERN', quantity: 1 }]) },
        callerOf({ channel: null }),
      );
      expect(answer.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    });

    it('shows an order to nobody on another channel', async () => {
      const { order } = await place(input([{ sku: 'LANTERN', quantity: 1 }]));
      const seen = async (caller: Caller) =>
        (await ask(orders, 'query ($id: ID!) { order(id: $id) { id } }', { id: order.id }, caller)).data;
      expect(await seen(callerOf())).toEqual({ order: { id: order.id } });
      expect(await seen(marketplace)).toEqual({ order: null });
      expect(await seen(callerOf({ customerId: 'somebody else' }))).toEqual({ order: null });
    });
  });

  it('never sells more than there is: 200 concurrent orders for one SKU with a hundred in stock', async () => {
    const knex = openDatabase(database.url, { poolMax: 20, applicationName: 'test-concurrent' });
    try {
      const busy = createOrderSubgraph({ knex, capture: createCapture({ knex, choose }) });
      const answers = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const order = { input: input([{ sku: 'HOT', quantity: 1 }]) };
          // As a client does that is told that too many wait, or that its order takes long.
          for (;;) {
            const answer = await ask(busy, PLACE, order);
            const told = JSON.stringify([answer.errors?.[0]?.extensions?.code, answer.data]);
            if (!/OVERLOADED|IDEMPOTENCY_IN_FLIGHT/.test(told)) return answer;
            await sleep(50);
          }
        }),
      );
      const results = answers.map(
        (answer) =>
          (answer.data as { orderPlace: { order: object | null; userErrors: { code: string }[] } }).orderPlace,
      );
      expect(results.filter((result) => result.order !== null)).toHaveLength(100);
      expect(results.flatMap((result) => result.userErrors.map((error) => error.code))).toEqual(
        Array(100).fill('OUT_OF_STOCK'),
      );
      const [stock] = await query<{ free: number }>(
        knex,
        `select sum(on_hand - committed)::int as free from inventory.position where sku = 'HOT'`,
      );
      expect(stock).toEqual({ free: 0 });
    } finally {
      await knex.destroy();
    }
  });
});
