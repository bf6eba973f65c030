import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../events/adapters/in-process-fan-out.ts';
import { memoryEventLog } from '../events/adapters/memory-event-log.ts';
import { query } from '../platform/db/query.ts';
import { CommerceError } from '../platform/errors.ts';
import type { Feed } from '../platform/feed/feed.ts';
import type { Subgraph } from '../platform/graphql/subgraph.ts';
import { createLogger } from '../platform/logger.ts';
import { referenceCarrier } from '../subgraphs/fulfillment/adapters/carrier.ts';
import {
  createFulfillmentBook,
  createNodeFeed,
  createTrackingFeed,
  NODE_FEED,
  TRACKING_FEED,
  takeNodeEventAgain,
} from '../subgraphs/fulfillment/index.ts';
import type { NodeEvent, NodeSystem } from '../subgraphs/fulfillment/port.ts';
import {
  createExceptionDesk,
  createOperationsSubgraph,
  type ExceptionDesk,
  takeRetryRequests,
} from '../subgraphs/operations/index.ts';
import { NOTICE_SENDER } from '../subgraphs/order/index.ts';
import type { CarrierClient } from '../systems/carrier/client.ts';
import { scanPage } from '../systems/carrier/wire.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { ask, callerOf } from '../test/helpers/subgraph.ts';
import { type TakeEntryAgain, takeEventsAgain, takeNoticesAgain } from './set-aside.ts';

const operator = callerOf({ contract: 'operations', clientId: 'operator-1', channel: null });
const { signal } = new AbortController();
/** What the nodes tell, to whoever reads their feed. */
const told: NodeEvent[] = [];

let database: TestDatabase;
let desk: ExceptionDesk;
let operations: Subgraph;
let book: ReturnType<typeof createFulfillmentBook>;
let feed: Feed;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'fulfillment']);
  const { knex } = database;
  desk = createExceptionDesk({ knex, owners: { default: 'platform', rules: [] } });
  operations = createOperationsSubgraph({ knex, logger: createLogger({ level: 'silent', component: 'test' }) });
  book = createFulfillmentBook(knex);
  const events: NodeSystem['events'] = async (after) => {
    const entries = told.filter(({ position }) => position > after);
    return { entries, next: entries.at(-1)?.position ?? after };
  };
  feed = createNodeFeed({
    knex,
    nodes: { events } as NodeSystem,
    report: desk.raiseIn,
    onFailure: (_, error) => {
      throw error;
    },
  });
});
afterAll(() => database.drop());

/** Work of three bolts that no node was asked to do. */
async function opened(orderId: string): Promise<string> {
  const groups = [{ locationId: 'EAST', lines: [{ lineId: `${orderId}-1`, sku: 'BOLT', quantity: 3 }] }];
  const order = { orderId, channelCode: 'WEB', customerId: null, deliveryMethod: 'SHIPPING', serviceLevel: null };
  const [id = ''] = await book.open({ key: orderId, ...order, groups, traceId: '0'.repeat(32) });
  return id;
}

/** The node tells of work. @returns the place of the news in its feed */
function tell(workId: string, kind: NodeEvent['kind'], more: Partial<NodeEvent> = {}): number {
  const position = told.length + 1;
  const nothing = { reason: null, packages: [], issued: [], short: [] };
  told.push({ ...nothing, position, kind, fulfillmentOrderId: workId, nodeReference: `N-${workId}`, occurredAt: new Date(), ...more }); // biome-ignore format: one thought
  return position;
}
const left = (orderId: string, quantity: number, trackingNumber = `T-${orderId}`): Partial<NodeEvent> => {
  const lines = [{ lineRef: `${orderId}-1`, sku: 'BOLT', quantity }];
  return { issued: lines, packages: [{ carrier: 'UPS', trackingNumber, sscc: null, lines }] };
};

const exceptionOf = async (position: number, by = NODE_FEED) => {
  const rows = await query<Record<string, unknown> & { id: string }>(
    database.knex,
    `select id, state, attempts, operation, message, order_id, channel_code, set_aside_by is not null as retryable
     from integration.exception where key = ?`,
    [`${by}:${position}`],
  );
  return rows[0];
};
const statusOf = async (id: string) =>
  (await query<{ status: string }>(database.knex, 'select status from fulfillment.fulfillment_order where id = ?', [id]))[0]?.status; // biome-ignore format: one thought
const shipmentsOf = async (id: string) =>
  (await query(database.knex, 'select 1 from fulfillment.shipment where fulfillment_order_id = ?', [id])).length;

/** Who takes an entry of a feed again, beside the nodes' own. */
const others: Record<string, TakeEntryAgain> = {};
const retry = (...positions: number[]) => retryOf(NODE_FEED, ...positions);

async function retryOf(by: string, ...positions: number[]): Promise<void> {
  for (const position of positions) {
    await ask(
      operations,
      'mutation ($id: ID!, $key: String!) { integrationExceptionRetry(exceptionId: $id, input: { idempotencyKey: $key }) { userErrors { code } } }',
      { id: (await exceptionOf(position, by))?.id ?? '', key: `${position}-${Math.random()}` },
      operator,
    );
  }
  const feeds = {
    ...others,
    [NODE_FEED]: (id: string) => takeNodeEventAgain({ knex: database.knex, settle: desk.resolve }, id),
  };
  const log = memoryEventLog({ fanOut: inProcessFanOut(), pollMillis: 20 });
  await takeRetryRequests(database.knex, { retryWorkflow: async () => false, takeAgain: takeEventsAgain(log, [], feeds) }); // biome-ignore format: one thought
}

describe("a node's event that its work does not allow", () => {
  let work: string;
  const orderId = 'ord_early';
  let acceptance: number;
  let departure: number;

  it('is kept, and told of with its order; the events beside it have their effect', async () => {
    work = await opened(orderId);
    const other = await opened('ord_beside');
    await book.submit(other);
    acceptance = tell(work, 'ACCEPTED');
    departure = tell(work, 'ISSUED', left(orderId, 3));
    tell(other, 'ACCEPTED');
    await feed.catchUp(signal);
    expect([await statusOf(work), await statusOf(other)]).toEqual(['OPEN', 'IN_PROGRESS']);
    expect(await exceptionOf(departure)).toEqual({
      id: expect.any(String),
      state: 'OPEN',
      attempts: 1,
      operation: 'apply-issued',
      message: `A node's event could not be applied: nothing can leave of work that is OPEN (work ${work}, node reference N-${work}). Compare the work with what the node did; retry this once an earlier event is there or the work was put right, else dismiss it`,
      order_id: orderId,
      channel_code: 'WEB',
      retryable: true,
    });
  });

  it('is another attempt as long as nothing changed', async () => {
    await retry(departure);
    expect(await exceptionOf(departure)).toMatchObject({ state: 'OPEN', attempts: 2, retryable: true });
    expect(await shipmentsOf(work)).toBe(0);
  });

  it('has its effect once its work allows it, after the earlier ones of the same work, each once', async () => {
    await book.submit(work);
    await retry(departure);
    expect([await statusOf(work), await shipmentsOf(work)]).toEqual(['CLOSED', 1]);
    expect([(await exceptionOf(acceptance))?.state, (await exceptionOf(departure))?.state]).toEqual(['RESOLVED', 'RESOLVED']); // biome-ignore format: one thought
    const versions = await query(database.knex, 'select version from integration.outbox where subject = ?', [work]);
    for (const position of [acceptance, departure]) {
      const settle = async () => undefined;
      expect(await takeNodeEventAgain({ knex: database.knex, settle }, String(position))).toEqual({ kind: 'handled' });
    }
    expect(await shipmentsOf(work)).toBe(1);
    expect(await query(database.knex, 'select version from integration.outbox where subject = ?', [work])).toEqual(versions); // biome-ignore format: one thought
  });
});

describe("a node's event that cannot be stored", () => {
  it('is set aside alone: its neighbours have their effect, and the feed goes on behind it', async () => {
    const [first, poisoned, last] = [await opened('ord_p1'), await opened('ord_p2'), await opened('ord_p3')];
    for (const id of [first, poisoned, last]) await book.submit(id);
    tell(first, 'ISSUED', left('ord_p1', 3));
    const poison = tell(poisoned, 'ISSUED', left('ord_p2', 3, 'T-\0'));
    tell(last, 'ISSUED', left('ord_p3', 3));
    await feed.catchUp(signal);
    expect([await shipmentsOf(first), await shipmentsOf(poisoned), await shipmentsOf(last)]).toEqual([1, 0, 1]);
    expect(await exceptionOf(poison)).toMatchObject({
      state: 'OPEN',
      order_id: 'ord_p2',
      message: expect.stringContaining('it holds a value that cannot be stored'),
    });
    tell(poisoned, 'ISSUED', left('ord_p2', 3, 'T-READABLE'));
    await feed.catchUp(signal);
    expect(await shipmentsOf(poisoned)).toBe(1);
    await retry(poison);
    expect(await exceptionOf(poison)).toMatchObject({ state: 'OPEN', attempts: 2 });
    expect(await shipmentsOf(poisoned)).toBe(1);
  });

  it('is gone where nobody kept it', async () => {
    expect(await takeNodeEventAgain({ knex: database.knex, settle: desk.resolve }, '999')).toEqual({ kind: 'gone' });
  });
});

describe('a notice that a channel has not taken', () => {
  const failure = { system: 'channel', operation: 'tell-shipment', cause: 'UNAVAILABLE' as const, orderId: null, channelCode: 'AMAZON', workflowId: null, traceId: '0'.repeat(32), message: 'AMAZON has not taken it' }; // biome-ignore format: a table
  const outcomes = [{ kind: 'failed' as const, error: new CommerceError('SYSTEM_REJECTED', 'CHANNEL refused the request (status 422, NO_SUCH_ITEM)') }, { kind: 'handled' as const }, { kind: 'gone' as const }]; // biome-ignore format: a table
  const retryNotice = async () => {
    const exception = await exceptionIn('notice:n1');
    await ask(operations, 'mutation ($id: ID!, $key: String!) { integrationExceptionRetry(exceptionId: $id, input: { idempotencyKey: $key }) { userErrors { code } } }', { id: exception.id, key: `notice-${outcomes.length}` }, operator); // biome-ignore format: one thought
    const asked: string[] = [];
    const sendAgain = async (id: string) => {
      asked.push(id);
      return outcomes.shift() ?? { kind: 'gone' as const };
    };
    const otherwise = async () => ({ kind: 'gone' as const });
    await takeRetryRequests(database.knex, { retryWorkflow: async () => false, takeAgain: takeNoticesAgain({ sendAgain }, otherwise) }); // biome-ignore format: one thought
    return asked;
  };
  const exceptionIn = async (key: string) =>
    (await query<{ id: string; state: string; message: string }>(database.knex, 'select id, state, message from integration.exception where key = ? order by opened_at desc', [key]))[0] ?? { id: '', state: '', message: '' }; // biome-ignore format: one thought

  it('is sent again when somebody asks for it: the exception tells what came of it, and closes when it was taken', async () => {
    await desk.raise({ key: 'notice:n1', ...failure, setAside: { by: NOTICE_SENDER, id: '17' } });
    expect(await retryNotice()).toEqual(['17']);
    expect(await exceptionIn('notice:n1')).toMatchObject({
      state: 'OPEN',
      message: expect.stringMatching(
        /^CHANNEL refused the request \(status 422, NO_SUCH_ITEM\)\. It refuses the same request each time/,
      ),
    });
    expect(await retryNotice()).toEqual(['17']);
    expect(await exceptionIn('notice:n1')).toMatchObject({ state: 'RESOLVED' });
  });
});

describe('a scan of a carrier that cannot be read, or not be stored', () => {
  const scan = (scanNo: number, change: object = {}) => ({ scanNo, trackingNo: `T${scanNo}`, carrierCode: 'UPS', status: 'in_transit', statusDetail: null, message: '', city: null, scannedAt: '2026-11-27T09:00:00Z', ...change }); // biome-ignore format: a table
  const rows = [scan(1), scan(2, { scannedAt: 'yesterday', city: 'Canary Wharf' }), scan(3, { city: 'a\0b' }), scan(4)];
  const client = {
    scans: async ({ after }: { after: number }) => scanPage.parse({ scans: rows.filter(({ scanNo }) => scanNo > after), lastScanNo: 4 }), // biome-ignore format: one thought
  };
  const stored = async () =>
    (await query<{ id: string }>(database.knex, 'select event_id as id from fulfillment.tracking_event order by 1')).map(({ id }) => id); // biome-ignore format: one thought
  const tracking = () =>
    createTrackingFeed({
      knex: database.knex,
      carrier: referenceCarrier(client as unknown as CarrierClient),
      report: desk.raiseIn,
      onFailure: (_, error) => {
        throw error;
      },
    });
  others[TRACKING_FEED] = (id) => tracking().takeAgain(Number(id), signal);
  const again = (position: number) => retryOf(TRACKING_FEED, position);

  it('is set aside as it came, and those beside it have their effect', async () => {
    await tracking().catchUp(signal);
    expect(await stored()).toEqual(['1', '4']);
    expect(await exceptionOf(2, TRACKING_FEED)).toMatchObject({ state: 'OPEN', operation: 'read-entry', message: expect.stringContaining('shape of scannedAt'), retryable: true }); // biome-ignore format: a table
    expect(await exceptionOf(3, TRACKING_FEED)).toMatchObject({ state: 'OPEN', message: expect.stringContaining('cannot be stored') }); // biome-ignore format: a table
    const kept = await query<{ entry: string }>(database.knex, 'select entry from integration.set_aside_entry where feed = ? order by position', [TRACKING_FEED]); // biome-ignore format: one thought
    expect(kept.map(({ entry }) => JSON.parse(entry))).toMatchObject([{ scannedAt: 'yesterday', city: 'Canary Wharf' }, { location: 'a\0b' }]); // biome-ignore format: one thought
    expect(JSON.stringify(await exceptionOf(2, TRACKING_FEED))).not.toContain('Canary');
  });

  it('is read again on a retry, and taken once it was put right there', async () => {
    await again(2);
    expect(await exceptionOf(2, TRACKING_FEED)).toMatchObject({ state: 'OPEN', attempts: 2 });
    rows[1] = scan(2);
    await again(2);
    expect(await exceptionOf(2, TRACKING_FEED)).toMatchObject({ state: 'RESOLVED' });
    expect(await stored()).toEqual(['1', '2', '4']);
    rows.splice(2, 1);
    await again(3);
    expect(await exceptionOf(3, TRACKING_FEED)).toMatchObject({ state: 'OPEN', message: expect.stringContaining('does not list it any more') }); // biome-ignore format: one thought
  });
});
