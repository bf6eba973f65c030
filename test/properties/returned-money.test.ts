import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { OrchestratorDeps } from '../../orchestrator/port.ts';
import { query } from '../../platform/db/query.ts';
import { erpFinanceSystem } from '../../subgraphs/settlement/adapters/erp.ts';
import { createFinance, loadPostingRules, loadSettlementSettings } from '../../subgraphs/settlement/index.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { erpSample, startErp, type TestErp } from '../helpers/erp.ts';
import { dbosModule, liveThrough, mortal } from '../helpers/mortal-engine.ts';
import { orchestratorPorts } from '../helpers/orchestrator-ports.ts';
import { openReturnWorld, type ReturnWorld } from '../helpers/returns.ts';
import { seed } from '../helpers/seed.ts';
import { isLong } from './budget.ts';

jest.unstable_mockModule('@dbos-inc/dbos-sdk', dbosModule);
const { returnGoods } = await import('../../orchestrator/workflows/return-goods.ts');
const { refundReturn } = await import('../../orchestrator/workflows/refund-return.ts');

let database: TestDatabase;
let erp: TestErp;
let world: ReturnWorld;
let deps: OrchestratorDeps;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment', 'settlement']);
  const materials = erpSample.materials.map((one, index) => ({
    ...one,
    oldMaterialNo: ['LANTERN', 'CANDLE'][index] ?? '',
  }));
  erp = await startErp({ sample: () => ({ ...erpSample, materials }) });
  world = await openReturnWorld(database.knex);
  const ports = orchestratorPorts().deps;
  const finance = createFinance({
    knex: database.knex,
    erp: erpFinanceSystem(erp.erp),
    rules: loadPostingRules(),
    settings: loadSettlementSettings(),
  });
  deps = {
    ...ports,
    stock: mortal(ports.stock),
    orders: mortal({ ...ports.orders, ...world.book }),
    finance: mortal(finance),
  };
});
afterAll(async () => {
  await erp.stop();
  await database.drop();
});

const work = { channelCode: 'WEB', traceId: '0'.repeat(32) };

/** What the ERP has of an order: its credit memos and what was paid out on them. */
const atTheErp = (orderNumber: string) =>
  query<{ memos: number; grossMinor: number; paidMinor: number; payments: number }>(
    erp.database.knex,
    `select count(*)::int as memos, sum(gross_minor)::int as "grossMinor", sum(paid_minor)::int as "paidMinor",
       (select count(*)::int from erp.payment p join erp.billing_document d using (billing_no) where d.order_ref = ?) as payments
     from erp.billing_document where doc_type = 'G2' and order_ref = ?`,
    [orderNumber, orderNumber],
  );

it.each([
  [
    'return-goods',
    async (returnId: string, lineId: string) => {
      const refusal = await world.act('returnReceive', returnId, world.receive([[lineId, 2, 'DEFECTIVE']]));
      expect(refusal).toBeNull();
    },
    'CLOSED',
  ],
  [
    'refund-return',
    async (returnId: string) => {
      expect(await world.act('returnRefund', returnId)).toBeNull();
    },
    'AUTHORIZED',
  ],
] as const)('%s: one credit memo and one payment at the ERP, wherever it is killed', async (_, decide, ends) => {
  // The short form takes every third moment; the seed says which.
  const every = isLong ? 1 : 3;
  for (let moment = -1, moments = 0; moment < moments; moment += moment < 0 ? 1 + (seed % every) : every) {
    const order = await world.delivered(2);
    const { return: asked } = await world.request(order.id, [order.lineIds[0] ?? '', 2]);
    expect(await world.act('returnAuthorize', asked.id)).toBeNull();
    await decide(asked.id, asked.lines[0].id);
    const [event] = await query<{ id: string; type: string; data: never }>(
      database.knex,
      `select id, type, data from integration.outbox where subject = ? and type in ('return-received.v1', 'return-refund-requested.v1')`,
      [order.id],
    );
    if (!event) throw new Error('no event asks for the refund');
    const { id, data } = event;
    const run = () =>
      event.type === 'return-received.v1'
        ? returnGoods(deps, { ...work, ...(data as object), arrivalId: id } as Parameters<typeof returnGoods>[1])
        : refundReturn(deps, { ...work, ...(data as object), key: id } as Parameters<typeof refundReturn>[1]);
    const lived = await liveThrough(run, moment);
    if (moment < 0) moments = lived;
    const number = (await world.book.read(order.id))?.order.number ?? '';
    expect([moment, ...(await atTheErp(number))]).toEqual([
      moment,
      { memos: 1, grossMinor: 678, paidMinor: 678, payments: 1 },
    ]);
    expect([moment, await world.read(asked.id)]).toMatchObject([moment, { state: ends, refundStatus: 'SETTLED' }]);
    expect((await world.book.read(order.id))?.order.paymentStatus).toBe('REFUNDED');
  }
});
