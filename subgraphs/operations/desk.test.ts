import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { createExceptionDesk, type ExceptionDesk, type Failure } from './index.ts';

let database: TestDatabase;
let knex: Knex;
let desk: ExceptionDesk;

beforeAll(async () => {
  database = await createTestDatabase(['integration']);
  knex = database.knex;
  desk = createExceptionDesk({
    knex,
    owners: { default: 'platform', rules: [{ system: 'wms', operation: '', owner: 'warehouse-systems' }] },
  });
});
afterAll(() => database.drop());
beforeEach(() =>
  knex.raw(
    'truncate integration.exception, integration.exception_retry_request, integration.desk_job_item, integration.outbox',
  ),
);

const failure = (overrides: Partial<Failure> = {}): Failure => ({
  key: 'order:ord_1:release-work-0',
  cause: 'UNAVAILABLE',
  system: 'wms',
  operation: 'release-work-0',
  message: 'WMS did not answer in time',
  orderId: 'ord_1',
  channelCode: 'WEB',
  workflowId: 'order:ord_1',
  traceId: 'a'.repeat(32),
  ...overrides,
});

const stored = () =>
  query<Record<string, unknown>>(
    knex,
    `select state, system, operation, cause, message, first_cause, first_message, attempts, owner, order_id, channel_code,
       workflow_id, trace_id, closed_at is not null as closed from integration.exception order by opened_at`,
  );
const events = () =>
  query<Record<string, unknown>>(
    knex,
    `select type, source, version, channel_code, trace_id, subject = data ->> 'exceptionId' as about_itself,
       exists (select from integration.exception where id = subject) as is_stored, data ->> 'orderId' as order_id
     from integration.outbox order by position`,
  );

describe('raise', () => {
  it('opens an exception, owned by the team of its system, and tells of it in one event', async () => {
    await desk.raise(failure());
    expect(await stored()).toEqual([
      {
        state: 'OPEN',
        system: 'wms',
        operation: 'release-work-0',
        cause: 'UNAVAILABLE',
        message: 'WMS did not answer in time',
        first_cause: 'UNAVAILABLE',
        first_message: 'WMS did not answer in time',
        attempts: 1,
        owner: 'warehouse-systems',
        order_id: 'ord_1',
        channel_code: 'WEB',
        workflow_id: 'order:ord_1',
        trace_id: 'a'.repeat(32),
        closed: false,
      },
    ]);
    expect(await events()).toEqual([
      {
        type: 'integration-exception-raised.v1',
        source: '/commerce/operations',
        version: 1,
        channel_code: 'WEB',
        trace_id: 'a'.repeat(32),
        about_itself: true,
        is_stored: true,
        order_id: 'ord_1',
      },
    ]);
  });

  it('counts a further failure as an attempt, keeps the first error and raises it no second time', async () => {
    await desk.raise(failure());
    await desk.raise(failure({ cause: 'VALIDATION', message: 'WMS refused: unknown article' }));
    expect(await stored()).toMatchObject([
      {
        attempts: 2,
        cause: 'VALIDATION',
        message: 'WMS refused: unknown article',
        first_cause: 'UNAVAILABLE',
        first_message: 'WMS did not answer in time',
      },
    ]);
    expect((await events()).map(({ type, version }) => [type, version])).toEqual([
      ['integration-exception-raised.v1', 1],
      ['integration-exception-moved.v1', 2],
    ]);
  });

  it('makes one exception of twenty failures of one key at the same moment', async () => {
    await Promise.all(Array.from({ length: 20 }, () => desk.raise(failure())));
    expect(await stored()).toMatchObject([{ attempts: 20 }]);
    // The attempts 2 to 5, 8 and 16 are told of.
    expect((await events()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('opens an exception again when its retry failed', async () => {
    await desk.raise(failure());
    await knex.raw("update integration.exception set state = 'RETRYING'");
    await desk.raise(failure());
    expect(await stored()).toMatchObject([{ state: 'OPEN', attempts: 2 }]);
  });

  it('opens a new one when the earlier one is closed', async () => {
    await desk.raise(failure());
    await desk.resolve(failure().key);
    await desk.raise(failure());
    expect(await stored()).toMatchObject([
      { state: 'RESOLVED', closed: true, attempts: 1 },
      { state: 'OPEN', closed: false, attempts: 1 },
    ]);
    expect((await events()).map(({ version }) => version)).toEqual([1, 2, 1]);
  });

  it('keeps a message that PostgreSQL would refuse, without what it refuses', async () => {
    await desk.raise(failure({ message: `status "\0lost" ${'x'.repeat(3_000)}` }));
    const [row] = await stored();
    expect(row?.message).toBe(`status "lost" ${'x'.repeat(1_986)}`);
  });
});

describe('raiseIn', () => {
  const unusable = {
    key: 'tracking:X:7',
    system: 'carrier',
    operation: 'map-tracking-status',
    message: 'unknown word',
  };

  it('raises with the transaction of the feed, under a trace of its own', async () => {
    await knex.transaction((trx) => desk.raiseIn(trx, unusable));
    expect(await stored()).toMatchObject([
      {
        cause: 'MAPPING',
        owner: 'platform',
        order_id: null,
        workflow_id: null,
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    expect(await events()).toMatchObject([{ channel_code: null, order_id: null }]);
  });

  it('leaves nothing when the feed rolls back', async () => {
    await expect(
      knex.transaction(async (trx) => {
        await desk.raiseIn(trx, unusable);
        throw new Error('page refused');
      }),
    ).rejects.toThrow('page refused');
    expect(await stored()).toEqual([]);
    expect(await events()).toEqual([]);
  });
});

describe('resolve', () => {
  it('closes only the open exception of the key', async () => {
    await desk.raise(failure());
    await desk.raise(failure({ key: 'other' }));
    await desk.resolve(failure().key);
    await desk.resolve('never raised');
    expect(await stored()).toMatchObject([{ state: 'RESOLVED' }, { state: 'OPEN' }]);
  });

  it('says which attempt it was, who had asked for it, or what else ended it', async () => {
    for (const key of ['self', 'asked', 'stock']) await desk.raise(failure({ key }));
    await knex.raw("update integration.exception set retried_by = 'operator-1' where key = 'asked'");
    await desk.raise(failure({ key: 'self' }));
    await desk.resolve('self');
    await desk.resolve('asked');
    await desk.resolve('stock', 'the units are there again');
    const rows = await query(knex, 'select key, closed_by from integration.exception order by key');
    expect(rows).toEqual([
      { key: 'asked', closed_by: 'attempt 2 of release-work-0 at wms, asked for by operator-1' },
      { key: 'self', closed_by: 'attempt 3 of release-work-0 at wms' },
      { key: 'stock', closed_by: 'the units are there again' },
    ]);
  });

  it('tells of an exception that concerns no order when it opens only', async () => {
    await desk.raise(failure({ orderId: null }));
    await desk.raise(failure({ orderId: null }));
    await desk.resolve(failure().key);
    expect(await events()).toMatchObject([{ type: 'integration-exception-raised.v1', order_id: null }]);
  });
});
