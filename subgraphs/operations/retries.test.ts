import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import {
  advanceBulkRetries,
  createExceptionDesk,
  createOperationsSubgraph,
  type ExceptionDesk,
  type RetryWorkflow,
  readBulkRetry,
  startBulkRetry,
  takeRetryRequests,
  wakeAfterSuccess,
  wakeFirst,
  wakeWaiting,
} from './index.ts';
import { EXCEPTION_TRANSITIONS, type IntegrationExceptionState } from './states.ts';

let database: TestDatabase;
let knex: Knex;
let desk: ExceptionDesk;
let keys = 0;

beforeAll(async () => {
  database = await createTestDatabase(['integration']);
  knex = database.knex;
  desk = createExceptionDesk({ knex, owners: { default: 'platform', rules: [] } });
});
afterAll(() => database.drop());
beforeEach(() =>
  knex.raw('truncate integration.exception, integration.exception_retry_request, integration.desk_job_item'),
);

const RETRY = `mutation RetryException($exceptionId: ID!, $input: IntegrationExceptionRetryInput!) {
  integrationExceptionRetry(exceptionId: $exceptionId, input: $input) {
    exception { id state attempts } userErrors { code message field } } }`;

function retry(exceptionId: string, options: { key?: string; retryWorkflow?: RetryWorkflow } = {}) {
  const { key = `retry-${++keys}`, ...deps } = options;
  const operations = createOperationsSubgraph({
    knex,
    logger: createLogger({ level: 'silent', component: 'test' }),
    ...deps,
  });
  const caller = callerOf({ contract: 'operations', clientId: 'operator-1', channel: null });
  return ask(operations, RETRY, { exceptionId, input: { idempotencyKey: key } }, caller);
}

async function open(workflowId: string | null, key = `key of ${workflowId}`): Promise<string> {
  await desk.raise({
    key,
    cause: 'UNAVAILABLE',
    system: 'wms',
    operation: 'release-work-0',
    message: 'WMS did not answer in time',
    orderId: null,
    channelCode: null,
    workflowId,
    traceId: 'c'.repeat(32),
  });
  const [row] = await query<{ id: string }>(knex, 'select id from integration.exception where key = ?', [key]);
  return row!.id;
}

const requests = async () =>
  (await query<{ exception_id: string }>(knex, 'select exception_id from integration.exception_retry_request')).map(
    (row) => row.exception_id,
  );
const stateOf = async (id: string) =>
  (await query<{ state: string }>(knex, 'select state from integration.exception where id = ?', [id]))[0]?.state;

/** A workflow engine that remembers whom it woke. */
function engine(waits: (workflowId: string) => boolean = () => true) {
  const woken: string[] = [];
  const wake: RetryWorkflow = async (workflowId) => {
    woken.push(workflowId);
    return waits(workflowId);
  };
  return { woken, wake };
}

describe('integrationExceptionRetry', () => {
  it('marks it RETRYING and leaves one request for the worker, which wakes the workflow once', async () => {
    const id = await open('order:1');
    const answer = await retry(id);
    expect(answer).toEqual({
      data: { integrationExceptionRetry: { exception: { id, state: 'RETRYING', attempts: 1 }, userErrors: [] } },
    });
    await retry(id);
    expect(await requests()).toEqual([id]);

    const { woken, wake } = engine();
    expect(await takeRetryRequests(knex, { retryWorkflow: wake })).toBe(1);
    expect(await takeRetryRequests(knex, { retryWorkflow: wake })).toBe(0);
    expect(woken).toEqual(['order:1']);
    expect(await stateOf(id)).toBe('RETRYING');
    await desk.resolve('key of order:1');
    expect(await stateOf(id)).toBe('RESOLVED');
  });

  it('wakes the workflow before it answers where the workflows run in the same process', async () => {
    const id = await open('order:1');
    const { woken, wake } = engine();
    const answer = await retry(id, { key: 'direct', retryWorkflow: wake });
    expect(answer.data).toMatchObject({ integrationExceptionRetry: { exception: { state: 'RETRYING' } } });
    expect(woken).toEqual(['order:1']);
    expect(await requests()).toEqual([]);

    expect(await retry(id, { key: 'direct', retryWorkflow: wake })).toEqual({
      ...answer,
      extensions: { idempotentReplay: true },
    });
    expect(woken).toEqual(['order:1']);
  });

  it('leaves it to the worker when the workflow cannot be reached, and answers all the same', async () => {
    const id = await open('order:1');
    const answer = await retry(id, { retryWorkflow: () => Promise.reject(new Error('connection lost')) });
    expect(answer.data).toMatchObject({
      integrationExceptionRetry: { exception: { state: 'RETRYING' }, userErrors: [] },
    });
    expect(await requests()).toEqual([id]);
  });

  it('wakes what waits for a system that is heard again, the oldest first, and nothing else', async () => {
    const ids: string[] = [];
    for (const workflow of ['order:1', 'order:2', 'order:3']) ids.push(await open(workflow));
    await knex.raw(
      "update integration.exception set opened_at = now() - interval '1 hour' where workflow_id = 'order:2'",
    );
    await knex.raw("update integration.exception set cause = 'VALIDATION' where workflow_id = 'order:3'");
    await open(null);
    const { woken, wake } = engine();
    await wakeWaiting(knex, 'erp', wake);
    expect(woken).toEqual([]);
    await wakeWaiting(knex, 'wms', wake);
    expect(woken).toEqual(['order:2', 'order:1']);
    // Another worker saw it too.
    await wakeWaiting(knex, 'wms', wake);
    expect(woken).toHaveLength(2);
  });

  it('wakes the oldest when the circuit closed, and the others when that got through', async () => {
    for (const workflow of ['order:1', 'order:2', 'order:3']) await open(workflow);
    const { woken, wake } = engine();
    await wakeFirst(knex, 'wms', wake);
    await wakeAfterSuccess(knex, wake);
    expect(woken).toEqual(['order:1']);
    await open('order:1'); // it failed again: the circuit closes again before another try
    await wakeAfterSuccess(knex, wake);
    await wakeFirst(knex, 'wms', wake);
    expect(woken).toEqual(['order:1', 'order:1']);
    await desk.resolve('key of order:1');
    await wakeAfterSuccess(knex, wake);
    await wakeAfterSuccess(knex, wake);
    expect(woken.slice(2)).toEqual(['order:2', 'order:3']);
  });

  it('says of many at once for which systems they wait whose circuit is open', async () => {
    await open('order:1');
    const id = await knex.transaction((trx) => startBulkRetry(trx, {}, { reason: 'It is back.', requestedBy: 'me' }));
    await advanceBulkRetries(knex, 10);
    const circuitIs = (circuit: string) =>
      knex.raw(
        `insert into integration.system_health (process, system, name, kind, domains, circuit) values ('worker-1', 'wms', 'WMS', 'WMS', '{}', ?)
         on conflict (process, system) do update set circuit = excluded.circuit`,
        [circuit],
      );
    await circuitIs('OPEN');
    expect(await readBulkRetry(knex, id)).toMatchObject({ state: 'RUNNING', failed: 0, waitsFor: ['wms'] });
    await circuitIs('CLOSED');
    expect(await readBulkRetry(knex, id)).toMatchObject({ waitsFor: [] });
  });

  it('says NOT_RETRYABLE where no workflow waits, and of a closed exception', async () => {
    const id = await open(null);
    expect((await retry(id)).data).toMatchObject({
      integrationExceptionRetry: {
        exception: { id, state: 'OPEN' },
        userErrors: [
          { code: 'NOT_RETRYABLE', field: ['exceptionId'], message: expect.stringContaining('Nothing waits') },
        ],
      },
    });
    const closed = await open('order:1');
    await desk.resolve('key of order:1');
    expect((await retry(closed)).data).toMatchObject({
      integrationExceptionRetry: {
        userErrors: [{ code: 'NOT_RETRYABLE', message: expect.stringMatching(/^The exception is RESOLVED; /) }],
      },
    });
    expect(await requests()).toEqual([]);
  });

  it('says NOT_FOUND, and IDEMPOTENCY_CONFLICT for the key of another exception', async () => {
    expect((await retry('iex_0')).data).toMatchObject({
      integrationExceptionRetry: { exception: null, userErrors: [{ code: 'NOT_FOUND' }] },
    });
    await retry(await open('order:1'), { key: 'taken' });
    const other = await open('order:2');
    expect((await retry(other, { key: 'taken' })).data).toMatchObject({
      integrationExceptionRetry: { exception: null, userErrors: [{ code: 'IDEMPOTENCY_CONFLICT' }] },
    });
    expect(await stateOf(other)).toBe('OPEN');
  });

  it('refuses an empty key', async () => {
    const answer = await retry(await open('order:1'), { key: ' ' });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_INVALID' } }]);
  });
});

describe('takeRetryRequests', () => {
  it('opens the exception again, not to be retried any more, when its workflow is gone', async () => {
    const id = await open('order:gone');
    await retry(id);
    await takeRetryRequests(knex, { retryWorkflow: engine(() => false).wake });
    expect(await stateOf(id)).toBe('OPEN');
    expect((await retry(id)).data).toMatchObject({
      integrationExceptionRetry: { userErrors: [{ code: 'NOT_RETRYABLE' }] },
    });
  });

  it('keeps the request when passing it on fails', async () => {
    const id = await open('order:1');
    await retry(id);
    await expect(
      takeRetryRequests(knex, { retryWorkflow: () => Promise.reject(new Error('connection lost')) }),
    ).rejects.toThrow('connection lost');
    expect(await requests()).toEqual([id]);
  });

  it('wakes nobody for an exception that was closed meanwhile', async () => {
    await retry(await open('order:1'));
    await desk.resolve('key of order:1');
    const { woken, wake } = engine();
    await takeRetryRequests(knex, { retryWorkflow: wake });
    expect(woken).toEqual([]);
    expect(await requests()).toEqual([]);
  });

  it('passes each request on once when several workers take them at the same time', async () => {
    const workflows = Array.from({ length: 20 }, (_, index) => `order:${index}`);
    for (const workflow of workflows) await retry(await open(workflow));
    const { woken, wake } = engine();
    await Promise.all(Array.from({ length: 4 }, () => takeRetryRequests(knex, { retryWorkflow: wake })));
    expect(woken.toSorted()).toEqual(workflows.toSorted());
    expect(await requests()).toEqual([]);
  });
});

describe('the exception transition table', () => {
  const states = Object.keys(EXCEPTION_TRANSITIONS) as IntegrationExceptionState[];
  const allowed = (from: IntegrationExceptionState): readonly IntegrationExceptionState[] =>
    EXCEPTION_TRANSITIONS[from];

  interface Made {
    readonly id: string;
    readonly workflow: string;
  }
  const keyOf = ({ workflow }: Made) => `key of ${workflow}`;
  const command = async (field: 'Retry' | 'Dismiss', { id }: Made, more: object = {}) => {
    const operations = createOperationsSubgraph({ knex, logger: createLogger({ level: 'silent', component: 'test' }) });
    const answer = await ask(
      operations,
      `mutation ($id: ID!, $input: IntegrationException${field}Input!) {
         integrationException${field}(exceptionId: $id, input: $input) { exception { state } userErrors { code message } } }`,
      { id, input: { idempotencyKey: `table-${++keys}`, ...more } },
      callerOf({ contract: 'operations', clientId: 'operator-1', channel: null }),
    );
    const [refusal] = (answer.data![`integrationException${field}`] as { userErrors: { code: string; message: string }[] }).userErrors; // biome-ignore format: one thought
    return refusal ?? null;
  };

  /** What brings an exception to each state, and is tried from every other. Work that fails, or is done, is refused nothing. */
  const ATTEMPT: Readonly<Record<IntegrationExceptionState, (made: Made) => Promise<{ code: string; message: string } | null>>> = {
    OPEN: async ({ workflow }) => {
      await open(workflow); // it fails again
      return null;
    },
    RETRYING: (made) => command('Retry', made),
    RESOLVED: async (made) => {
      await desk.resolve(keyOf(made));
      return null;
    },
    DISMISSED: (made) => command('Dismiss', made, { note: 'handled by phone' }),
  }; // biome-ignore format: a table

  async function reach(state: IntegrationExceptionState): Promise<Made> {
    const workflow = `order:table-${++keys}`;
    const made = { id: await open(workflow), workflow };
    if (state !== 'OPEN') expect(await ATTEMPT[state](made)).toBeNull();
    return made;
  }
  const everythingOf = async ({ id }: Made) => query(knex, `select to_jsonb(e) - 'attempts' - 'last_attempt_at' - 'revision' as row from integration.exception e where id = ?`, [id]); // biome-ignore format: one thought

  it.each(states)(
    'allows from %s what it says, refuses the rest with what is allowed, and so does the database',
    async (from) => {
      for (const to of states) {
        const made = await reach(from);
        expect([from, await stateOf(made.id)]).toEqual([from, from]);
        const before = await everythingOf(made);
        const asked = await requests();
        const legal = allowed(from).includes(to);
        const refusal = await ATTEMPT[to](made);
        expect([from, to, await stateOf(made.id)]).toEqual([from, to, legal ? to : from]);
        if (legal || from === to) {
          if (from === 'OPEN' || from === 'RETRYING') expect(refusal).toBeNull();
        } else expect([to, await everythingOf(made)]).toEqual([to, before]);
        if (allowed(from).length === 0) {
          expect(await requests()).toEqual(asked);
          const spoken = to === 'RETRYING' || to === 'DISMISSED';
          expect(refusal?.message ?? null).toEqual(spoken ? expect.stringContaining(`is ${from}; what can be done with it now: nothing`) : null); // biome-ignore format: one thought
          // Work that fails again is a new exception, under the key of the closed one.
          const opened = await query(knex, `select id from integration.exception where key = ? and state = 'OPEN'`, [keyOf(made)]); // biome-ignore format: one thought
          expect([to, opened.length]).toEqual([to, to === 'OPEN' ? 1 : 0]);
        }
        if (from === to) continue;
        const other = await reach(from);
        const closing = allowed(to).length === 0 ? "now(), closed_by = 'x', note = 'x'" : 'null';
        const written = query(knex, `update integration.exception set state = ?, closed_at = ${closing} where id = ? returning id`, [to, other.id]); // biome-ignore format: one thought
        if (legal) expect(await written).toHaveLength(1);
        else await expect(written).rejects.toThrow(`cannot change so: ${from} to ${to}`);
      }
    },
  );
});
