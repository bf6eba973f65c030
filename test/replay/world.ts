import { REFERENCE_ONLY } from '../../app/domains.ts';
import { openOperations } from '../../app/operations.ts';
import { takeEventsAgain } from '../../app/set-aside.ts';
import type { SystemClients } from '../../app/system-clients.ts';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { postgresEventLog } from '../../events/adapters/postgres-event-log.ts';
import { openPostgresSession } from '../../events/adapters/postgres-session.ts';
import { type NewEvent, writeEvents } from '../../events/outbox.ts';
import { takerOf } from '../../events/taker.ts';
import { owners } from '../../migrations/index.ts';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import { stockUp } from '../../subgraphs/inventory/sample-stock.ts';
import { createOrderSubgraph } from '../../subgraphs/order/index.ts';
import { createSellableProjection } from '../../subgraphs/product/index.ts';
import { createOrderConsumption, loadSettlementSettings } from '../../subgraphs/settlement/index.ts';
import { stockCatalogue } from '../helpers/catalogue.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { ask, callerOf } from '../helpers/subgraph.ts';

const TRACE = '0'.repeat(32);
const SILENT = createLogger({ level: 'silent', component: 'replay' });
/** Statistics are only read by the health reporter, which does not run here. */
const NO_CLIENTS = {
  ...Object.fromEntries(
    ['erp', 'oms', 'wms', 'carrier', 'channel'].map((name) => [name, { statistics: () => ({ circuit: 'CLOSED' }) }]),
  ),
  walmart: new Map(),
  amazon: new Map(),
  mirakl: new Map(),
  trackers: new Map(),
} as unknown as SystemClients;

export type ReplayWorld = Awaited<ReturnType<typeof startReplayWorld>>;

/** The operational store with the real consumers of events, the exception desk, and order capture. No system of record. */
export async function startReplayWorld() {
  const database = await createTestDatabase(owners);
  const { knex } = database;
  await stockCatalogue(knex, [{ sku: 'LANTERN', title: 'Lantern', prices: { WEB: { GBP: 339 } } }]);
  await stockUp(knex, { LANTERN: { EAST: 1_000_000 } });
  const session = openPostgresSession(database.url, { applicationName: 'test-replay', logger: SILENT });
  const log = postgresEventLog({ knex, session, fanOut: inProcessFanOut(), logger: SILENT });
  const operations = openOperations({
    knex,
    clients: NO_CLIENTS,
    routed: REFERENCE_ONLY,
    logger: SILENT,
    process: 'test',
  });
  const settlement = createOrderConsumption({ knex, settings: loadSettlementSettings() });
  const sellable = createSellableProjection({ knex });
  const takers = [takerOf(settlement), takerOf(sellable.consumption)];
  const orders = createOrderSubgraph({ knex });
  const operator = callerOf({ contract: 'operations', clientId: 'operator-1', channel: null });
  let keys = 0;

  return {
    database,
    knex,
    log,
    operations,
    /** Writes events and brings them into the log. */
    async write(events: readonly NewEvent[]): Promise<void> {
      await knex.transaction((trx) => writeEvents(trx, events));
      await query(knex, 'select integration.relay_outbox(1000000)');
    },
    /** Lets settlement and the catalogue handle everything in the log, one attempt each. */
    async consume(): Promise<void> {
      const stopping = new AbortController();
      const retry = { attempts: 1, firstDelayMillis: 1, maxDelayMillis: 1 };
      const both = [settlement, sellable.consumption] as const;
      const running = both.map((each) =>
        log.consume({
          ...(each as typeof settlement),
          retry,
          signal: stopping.signal,
          onDead: (event, error) => operations.setAside(each.group, event, error),
        }),
      );
      const behind = () =>
        query(knex, 'select 1 from integration.event_log_state s where (select count(*) from integration.event_consumer where position = s.head) < 2'); // biome-ignore format: one thought
      while ((await behind()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      stopping.abort();
      await Promise.all(running);
    },
    /** What a worker does once a second, until the signal aborts. */
    async work(perTurn: number, pauseMillis: number, signal: AbortSignal): Promise<void> {
      const targets = { log, takers, rewind: async () => ({ kind: 'refused', message: 'no workflows here' }) as const };
      const retries = { retryWorkflow: async () => false, takeAgain: takeEventsAgain(log, takers) };
      while (!signal.aborted) {
        await operations.advanceJobs(targets, perTurn);
        await operations.takeRetryRequests(retries);
        await new Promise((resolve) => setTimeout(resolve, pauseMillis));
      }
    },
    /** Runs an operation on the operations subgraph as an operator. */
    async ask(document: string, variables: Record<string, unknown> = {}) {
      const answer = await ask(operations.subgraph, document, variables, operator);
      if (answer.errors) throw new Error(JSON.stringify(answer.errors));
      // biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
      return answer.data as any;
    },
    /** Places one order. @returns how long it took, in milliseconds */
    async placeOrder(): Promise<number> {
      const input = {
        idempotencyKey: `live-${++keys}`,
        currencyCode: 'GBP',
        lines: [{ sku: 'LANTERN', quantity: 1 }],
        delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
      };
      const began = performance.now();
      const answer = await ask(
        orders,
        'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id } userErrors { code } } }',
        { input },
      );
      const placed = answer.data?.orderPlace as { order: object | null } | undefined;
      if (!placed?.order) throw new Error(`an order was not taken: ${JSON.stringify(answer)}`);
      return performance.now() - began;
    },
    async stop(): Promise<void> {
      await session.close();
      await database.drop();
    },
  };
}

/** An order of one line of 10.00, as the order owner tells of it. */
export function placedEvent(number: number): NewEvent {
  const orderId = `ord_${number}`;
  const line = { lineId: `${orderId}-1`, sku: 'LANTERN', quantity: 4 };
  return {
    type: 'order-placed.v1',
    subject: orderId,
    version: 1,
    channelCode: 'WEB',
    traceId: TRACE,
    data: {
      orderId,
      number: String(number),
      channelCode: 'WEB',
      channelKind: 'STOREFRONT',
      lines: [{ ...line, grossMinor: '1000' }],
      allocations: [],
      totalMinor: '1000',
      currencyCode: 'GBP',
      deliveryMethod: 'SHIPPING',
    },
  };
}

/** One of its four units is cancelled: settlement adds it to what was cancelled before, so a second effect would show. */
export function cancelledEvent(number: number): NewEvent {
  const orderId = `ord_${number}`;
  const data = { orderId, reason: 'CUSTOMER', lines: [{ lineId: `${orderId}-1`, quantity: 1 }] };
  return { type: 'order-cancelled.v1', subject: orderId, version: 2, channelCode: 'WEB', traceId: TRACE, data };
}
