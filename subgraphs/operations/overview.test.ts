import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { countSamples, type DriftSample, endRound } from '../../platform/drift/drift.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { until } from '../../test/helpers/processes.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import {
  channelMetrics,
  createExceptionDesk,
  createOperationsSubgraph,
  createSystemHealthReporter,
  feedMetrics,
  loadOwnership,
  type SystemHealthReporter,
  type SystemStatistics,
  type WatchedSystem,
  watchFeeds,
} from './index.ts';

let database: TestDatabase;
let knex: Knex;
let operations: Subgraph;
const logger = createLogger({ level: 'silent', component: 'test' });

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'orders', 'inventory', 'fulfillment', 'settlement']);
  knex = database.knex;
  operations = createOperationsSubgraph({ knex, logger });
});
afterAll(() => database.drop());

// As the console sends it.
const OVERVIEW = `query Overview($window: IndicatorWindow!) {
  systems { code name kind domains circuit lastSuccessAt p95LatencyMs
    ports { port capabilities missingCapabilities { capability reason } }
    routes { domain cohort readMode freshnessSeconds isFresh } }
  serviceIndicators(window: $window) {
    orderAcknowledgementSecondsP95 inventorySyncAccuracyRatio inventorySyncLagSecondsP95 shipmentEventTimelinessSecondsP95
    failedTransactionRatio exceptionResolutionSecondsP50 reconciliationCompletenessRatio
  } }`;

async function overview(window = 'LAST_HOUR') {
  const answer = await ask(operations, OVERVIEW, { window }, callerOf({ contract: 'operations', channel: null }));
  expect(answer.errors).toBeUndefined();
  return answer.data as { systems: unknown[]; serviceIndicators: Record<string, number | null> };
}

describe('systems', () => {
  const reporters: SystemHealthReporter[] = [];
  beforeEach(() => knex.raw('truncate integration.system_health'));
  afterEach(async () => {
    await Promise.all(reporters.splice(0).map((reporter) => reporter.stop()));
  });

  const ports = [
    {
      port: 'STOCK',
      capabilities: ['ADJUSTMENTS'],
      missing: [{ capability: 'INCOMING_SUPPLY', reason: 'It knows no purchase orders.' }],
    },
  ];

  const seen = (overrides: Partial<SystemStatistics> = {}): SystemStatistics => ({
    circuit: 'CLOSED',
    circuitClosedAt: null,
    lastSuccessAt: new Date('2026-11-23T09:00:00.000Z'),
    p95LatencyMillis: 12.5,
    ...overrides,
  });

  async function report(
    process: string,
    statistics: () => SystemStatistics,
    everyMillis = 60_000,
    others: WatchedSystem[] = [],
  ): Promise<void> {
    const reporter = createSystemHealthReporter({
      knex,
      process,
      logger,
      everyMillis,
      systems: [
        {
          code: 'wms',
          name: 'Warehouses',
          kind: 'WMS',
          domains: ['inventory', 'fulfillment'],
          ports,
          routes: () => [{ domain: 'inventory', cohort: null, readMode: 'PROJECTED', freshnessSeconds: 60 }],
          statistics,
          files: null,
        },
        ...others,
      ],
    });
    reporters.push(reporter);
    reporter.start();
    await until(async () => (await knex('integration.system_health').where({ process })).length > 0);
  }

  it('is empty before anybody reported', async () => {
    expect((await overview()).systems).toEqual([]);
  });

  it('shows the worst circuit, the newest success and the slowest p95 of the processes', async () => {
    await report('gateway', () => seen({ circuit: 'HALF_OPEN', p95LatencyMillis: 80 }));
    await report('worker-1', () => seen({ lastSuccessAt: new Date('2026-11-23T09:00:05.250Z') }));
    await report('worker-2', () => seen({ lastSuccessAt: null, p95LatencyMillis: null }));
    expect((await overview()).systems).toEqual([
      {
        code: 'wms',
        name: 'Warehouses',
        kind: 'WMS',
        domains: ['fulfillment', 'inventory'],
        circuit: 'HALF_OPEN',
        lastSuccessAt: '2026-11-23T09:00:05.250Z',
        p95LatencyMs: 80,
        ports: [
          {
            port: 'STOCK',
            capabilities: ['ADJUSTMENTS'],
            missingCapabilities: [{ capability: 'INCOMING_SUPPLY', reason: 'It knows no purchase orders.' }],
          },
        ],
        routes: [{ domain: 'inventory', cohort: null, readMode: 'PROJECTED', freshnessSeconds: 60, isFresh: null }],
      },
    ]);
    await report('worker-3', () => seen({ circuit: 'OPEN' }));
    expect((await overview()).systems).toMatchObject([{ circuit: 'OPEN' }]);
  });

  it('shows of a system that is not called when files went, and since when it owes an answer; it has no circuit', async () => {
    const files = { lastTakenAt: new Date('2026-11-23T09:00:00Z'), lastGivenAt: new Date('2026-11-23T09:00:01Z'), unansweredSince: null as Date | null }; // biome-ignore format: one thought
    const threepl: WatchedSystem = { code: 'northstar', name: '3PL', kind: 'WMS', domains: [], ports: [], routes: () => [], statistics: () => null, files: async () => files }; // biome-ignore format: one system
    await report('worker', () => seen(), 50, [threepl]);
    const shown = async () => {
      const caller = callerOf({ contract: 'operations', channel: null });
      const answer = await ask(operations, '{ systems { code circuit files { lastTakenAt lastGivenAt unansweredSince } } }', {}, caller); // biome-ignore format: one thought
      return (answer.data as { systems: { files: { unansweredSince: string | null } | null }[] }).systems;
    };
    const went = { lastTakenAt: '2026-11-23T09:00:00.000Z', lastGivenAt: '2026-11-23T09:00:01.000Z' };
    expect(await shown()).toEqual([
      { code: 'northstar', circuit: null, files: { ...went, unansweredSince: null } },
      { code: 'wms', circuit: 'CLOSED', files: null },
    ]);
    files.unansweredSince = new Date('2026-11-23T09:00:01Z');
    await until(async () => (await shown())[0]?.files?.unansweredSince === '2026-11-23T09:00:01.000Z');
  });

  it('shows how far feeds were followed; one that stands still is an exception until it moves', async () => {
    await report('worker', () => seen());
    await knex.raw(
      `insert into integration.feed_cursor (feed, system, position, waiting_since, behind_since, updated_at) values
         ('test:moving', 'wms', 7, now() - interval '5 seconds', '2026-11-23T08:30:00Z', '2026-11-23T09:00:00Z'),
         ('test:still', 'wms', 7, '2026-11-23T08:00:00Z', null, '2026-11-23T08:00:00Z'), ('test:other', 'erp', 0, null, null, now())`,
    );
    const look = () => watchFeeds({ knex, desk: createExceptionDesk({ knex, owners: loadOwnership() }) }, 60);
    const told = (await Promise.all([look(), look(), look()])).flat();
    expect(told).toEqual([{ feed: 'test:still', system: 'wms', since: new Date('2026-11-23T08:00:00Z') }]);
    const exceptions = () => knex('integration.exception').where({ operation: 'read-feed' }).select('key', 'state', 'owner', 'attempts'); // biome-ignore format: one thought
    const exception = { key: 'feed-stalled:test:still', owner: 'warehouse-systems', attempts: 1 };
    expect(await exceptions()).toEqual([{ ...exception, state: 'OPEN' }]);
    const feeds = async () => {
      const caller = callerOf({ contract: 'operations', channel: null });
      const answer = await ask(
        operations,
        '{ systems { feeds { name movedAt waitingSince behindSince isStalled } } }',
        {},
        caller,
      );
      return (answer.data as { systems: { feeds: object[] }[] }).systems[0]?.feeds;
    };
    expect(await feeds()).toEqual([
      { name: 'test:moving', movedAt: '2026-11-23T09:00:00.000Z', waitingSince: expect.any(String), behindSince: '2026-11-23T08:30:00.000Z', isStalled: false }, // biome-ignore format: a table
      { name: 'test:still', movedAt: '2026-11-23T08:00:00.000Z', waitingSince: '2026-11-23T08:00:00.000Z', behindSince: null, isStalled: true }, // biome-ignore format: a table
    ]);
    const metrics = feedMetrics(knex);
    expect(await metrics()).toMatch(/^feed_waiting_seconds{feed="test:still",system="wms"} \d{5,}/m);
    expect(await metrics()).toMatch(/^feed_behind_seconds{feed="test:moving",system="wms"} \d{3,}/m);
    expect(await metrics()).toMatch(/^feed_stalled{feed="test:still",system="wms"} 1$/m);
    await knex.raw("update integration.feed_cursor set waiting_since = null where feed = 'test:still'");
    expect(await look()).toEqual([{ feed: 'test:still', system: 'wms', since: null }]);
    expect(await exceptions()).toEqual([{ ...exception, state: 'RESOLVED' }]);
    expect(await feeds()).toMatchObject([{ isStalled: false }, { isStalled: false, waitingSince: null }]);
    expect(await metrics()).toMatch(/^feed_waiting_seconds{feed="test:still",system="wms"} 0$/m);
    expect(await metrics()).toMatch(/^feed_stalled{feed="test:still",system="wms"} 0$/m);
    await knex.raw('truncate integration.feed_cursor, integration.exception cascade');
  });

  it('says whether a system was heard within the bound of a route', async () => {
    await report('worker', () => seen());
    const freshness = async () => ((await overview()).systems[0] as { routes: { isFresh: boolean }[] }).routes[0]?.isFresh; // biome-ignore format: one thought
    await knex.raw(
      "insert into integration.system_contact values ('wms', 'stock-ledger', now() - interval '50 seconds')",
    );
    expect(await freshness()).toBe(true);
    await knex.raw("update integration.system_contact set heard_at = now() - interval '61 seconds'");
    expect(await freshness()).toBe(false);
    await knex.raw('truncate integration.system_contact');
  });

  it('shows what a system that is asked beside another would answer, and what a promotion waits for', async () => {
    await report('worker', () => seen());
    const pair = { domain: 'product', part: '', system: 'erp', shadow: 'wms' };
    const price = { here: '9.50 GBP', there: '9.49 GBP' };
    const round = (number: number, ...samples: DriftSample[]) =>
      knex.transaction(async (trx) => {
        await countSamples(trx, pair, number, { cleanWanted: 2, budgetPercent: 10 }, samples);
        await endRound(trx, 'product', number);
      });
    const shadows = async () => {
      const caller = callerOf({ contract: 'operations', channel: null });
      const answer = await ask(operations, '{ systems { shadows { domain cohort system samples cleanSamples cleanSamplesWanted errorBudgetPercent blockedBy fields { field differences } examples { subject field here there } } } }', {}, caller); // biome-ignore format: one thought
      return (answer.data as { systems: { shadows: object[] }[] }).systems[0]?.shadows;
    };
    await round(1, { subject: '1', differences: {} }, { subject: '2', differences: { price } });
    const wanted = { domain: 'product', cohort: null, system: 'erp', cleanSamplesWanted: 2, errorBudgetPercent: 10 };
    const fields = [{ field: 'price', differences: 1 }];
    expect(await shadows()).toEqual([{ ...wanted, samples: 2, cleanSamples: 1, blockedBy: '1 of 2 clean samples', fields, examples: [{ subject: '2', field: 'price', ...price }] }]); // biome-ignore format: one thought
    const metrics = feedMetrics(knex);
    expect(await metrics()).toMatch(/^shadow_samples_differing{domain="product",cohort="",system="erp",shadow="wms"} 1$/m); // biome-ignore format: one thought
    await round(2, { subject: '1', differences: {} });
    expect(await shadows()).toMatchObject([{ samples: 3, cleanSamples: 2, blockedBy: '1 of 3 samples differ (33.33 %), 10 % may' }]); // biome-ignore format: one thought
    // What differed before as many clean samples as are wanted counts no longer.
    await round(3, { subject: '1', differences: {} }, { subject: '2', differences: {} });
    expect(await shadows()).toEqual([{ ...wanted, samples: 2, cleanSamples: 2, blockedBy: null, fields: [], examples: [] }]); // biome-ignore format: one thought
    await knex.raw('truncate integration.drift_round, integration.drift_example');
  });

  it('follows a process, and does not count one that fell silent for the present state', async () => {
    let circuit: SystemStatistics['circuit'] = 'CLOSED';
    await report('gateway', () => seen({ circuit }), 20);
    circuit = 'OPEN';
    await until(async () => ((await overview()).systems[0] as { circuit: string }).circuit === 'OPEN');
    await reporters[0]!.stop();
    await knex.raw("update integration.system_health set reported_at = now() - interval '11 seconds'");
    expect((await overview()).systems).toMatchObject([
      { code: 'wms', circuit: null, p95LatencyMs: null, lastSuccessAt: '2026-11-23T09:00:00.000Z' },
    ]);
  });

  it('goes on after a report that failed, and forgets processes that are gone for a day', async () => {
    await knex.raw(
      `insert into integration.system_health (process, system, name, kind, domains, circuit, reported_at)
       values ('old', 'oms', 'Desk', 'OMS', '{order}', 'CLOSED', now() - interval '25 hours')`,
    );
    let failures = 2;
    await report(
      'gateway',
      () => {
        if (failures-- > 0) throw new Error('not ready');
        return seen();
      },
      10,
    );
    expect((await overview()).systems).toMatchObject([{ code: 'wms', ports: [{ port: 'STOCK' }] }]);
  });
});

describe('serviceIndicators', () => {
  const NOTHING = {
    orderAcknowledgementSecondsP95: null,
    inventorySyncAccuracyRatio: null,
    inventorySyncLagSecondsP95: null,
    shipmentEventTimelinessSecondsP95: null,
    failedTransactionRatio: null,
    exceptionResolutionSecondsP50: null,
    reconciliationCompletenessRatio: null,
  };

  it('is null throughout when nothing happened', async () => {
    expect((await overview()).serviceIndicators).toEqual(NOTHING);
  });

  it('measures what happened in the window and nothing before it', async () => {
    // Twenty orders acknowledged after 1 to 20 seconds, and four not acknowledged; two of the 24 failed, one of them twice.
    await insertOrders('now', '1 minute', 24, 20);
    // Yesterday's: slower, and all failed.
    await insertOrders('yesterday', '5 hours', 3, 3, 1_000);
    await insertException('now-1', '1 minute', '30 seconds');
    await insertException('now-1', '1 minute', null);
    await insertException('now-2', '50 seconds', '10 seconds');
    await insertException('yesterday-1', '30 minutes', '29 minutes 50 seconds'); // its order was placed before the window
    await insertException('yesterday-2', '5 hours', '2 hours');
    await insertException(null, '2 minutes', null);
    // The carrier's clock may be ahead of ours: that is no negative delay.
    await insertScan('1 minute', -5);
    expect((await overview()).serviceIndicators).toMatchObject({ shipmentEventTimelinessSecondsP95: 0 });
    await insertScan('0', 90);
    await insertScan('3 hours', 7_200);
    await insertPositions();

    expect((await overview()).serviceIndicators).toEqual({
      ...NOTHING,
      orderAcknowledgementSecondsP95: 19,
      inventorySyncLagSecondsP95: 4,
      shipmentEventTimelinessSecondsP95: 90,
      failedTransactionRatio: 2 / 24,
      exceptionResolutionSecondsP50: 30,
    });
    expect((await overview('LAST_24_HOURS')).serviceIndicators).toEqual({
      ...NOTHING,
      orderAcknowledgementSecondsP95: 1_002,
      inventorySyncLagSecondsP95: 500,
      shipmentEventTimelinessSecondsP95: 7_200,
      failedTransactionRatio: 4 / 27,
      exceptionResolutionSecondsP50: 30,
    });
  });

  it('shows what each channel knows, in the graph and as numbers', async () => {
    await query(knex, `insert into integration.channel_fact (channel_code, topic, item, sku, value, changed_at, refused) values
      ('EBAY', 'STOCK', 'A', 'A', '{"units": 1}', null, null), ('EBAY', 'STOCK', 'B', 'B', '{"units": 2}', now() - interval '30 seconds', null),
      ('EBAY', 'STOCK', 'C', 'C', '{"units": 3}', null, 'BLOCKED')`);
    await query(knex, `insert into integration.channel_submission (channel_code, topic, way, state, taken_at, ended_at) values ('EBAY', 'STOCK', 'feed', 'ENDED', now(), now() + interval '9 seconds')`);
    await query(knex, `insert into integration.channel_submission_item select id, 'A', '{"units": 1}', taken_at - interval '2 seconds', 'APPLIED' from integration.channel_submission`);
    await query(knex, `insert into integration.channel_comparison (channel_code, topic, compared_at, compared, different) values ('EBAY', 'STOCK', '2026-11-23T09:00:00Z', 4, 1)`);
    const answer = await ask(operations, '{ serviceIndicators(window: LAST_HOUR) { channels { channelCode topic itemCount waitingCount heldCount refusedCount lagSecondsP95 appliedSecondsP95 accuracyRatio comparedAt } } }', {}, callerOf({ contract: 'operations', channel: null }));
    expect(answer.data).toEqual({ serviceIndicators: { channels: [{ channelCode: 'EBAY', topic: 'STOCK', itemCount: 3, waitingCount: 1, heldCount: 0, refusedCount: 1, lagSecondsP95: 2, appliedSecondsP95: 11, accuracyRatio: 0.75, comparedAt: '2026-11-23T09:00:00.000Z' }] } });
    const metrics = await channelMetrics(knex)();
    expect(metrics).toMatch(/^channel_items_waiting{channel="EBAY",topic="STOCK"} 1$/m);
    expect(metrics).toMatch(/^channel_waiting_seconds{channel="EBAY",topic="STOCK"} 3\d/m);
    expect(metrics).toMatch(/^channel_lag_seconds{channel="EBAY",topic="STOCK"} 2$/m);
    expect(metrics).toMatch(/^channel_accuracy_ratio{channel="EBAY",topic="STOCK"} 0.75$/m);
  }); // biome-ignore format: tables

  async function insertOrders(name: string, ago: string, count: number, acknowledged: number, slower = 0) {
    await query(
      knex,
      `insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, stage, status, revision, currency_code,
         tax_included, subtotal_minor, tax_minor, grand_total_minor, payment_status, delivery_method, trace_id, placed_at, updated_at, acknowledged_at)
       select ? || '-' || n, ? || '-' || n, 'WEB', 'STOREFRONT', 'Web', 'ACCEPTED', 'ACCEPTED', 1, 'GBP', true, 0, 0, 0, 'AUTHORIZED', 'SHIPPING', 't',
         placed, now(), case when n <= ? then placed + make_interval(secs => n + ?) end
       from generate_series(1, ?) n, (select now() - ?::interval as placed) at`,
      [name, name, acknowledged, slower, count, ago],
    );
  }

  async function insertException(orderId: string | null, openedAgo: string, closedAgo: string | null) {
    await query(
      knex,
      `insert into integration.exception (id, key, state, system, operation, cause, message, first_cause, first_message, owner, order_id, trace_id, opened_at, closed_at)
       select gen_random_uuid()::text, gen_random_uuid()::text, case when closed is null then 'OPEN' else 'RESOLVED' end,
         'wms', 'o', 'UNKNOWN', 'm', 'UNKNOWN', 'm', 'platform', ?, 't', now() - ?::interval, closed
       from (select now() - ?::interval as closed) at`,
      [orderId, openedAgo, closedAgo],
    );
  }

  async function insertScan(receivedAgo: string, delaySeconds: number) {
    await query(
      knex,
      `insert into fulfillment.tracking_event (carrier, tracking_number, event_id, status, raw_status, received_at, occurred_at)
       select 'C', 'T', gen_random_uuid()::text, 'IN_TRANSIT', 'x', received, received - make_interval(secs => ?)
       from (select now() - ?::interval as received) at`,
      [delaySeconds, receivedAgo],
    );
  }

  async function insertPositions() {
    await query(
      knex,
      `insert into inventory.location (id, code, name, kind, shippable, priority) values ('loc_1', 'DC1', 'DC1', 'WAREHOUSE', true, 1)`,
    );
    await query(
      knex,
      `insert into inventory.position (sku, location_id, id, as_of, received_at)
       select sku, 'loc_1', sku, received - make_interval(secs => lag), received
       from unnest(array['A', 'B', 'C'], array[1, 4, 500], array[now(), now(), now() - interval '3 hours']) as seen (sku, lag, received)`,
    );
  }
});
