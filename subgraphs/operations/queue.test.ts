import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import type { SubgraphAnswer } from '../../platform/graphql/execute.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, askEntities, callerOf } from '../../test/helpers/subgraph.ts';
import { createExceptionDesk, createOperationsSubgraph, type Failure } from './index.ts';

let database: TestDatabase;
let knex: Knex;
let operations: Subgraph;

beforeAll(async () => {
  database = await createTestDatabase(['integration']);
  knex = database.knex;
  operations = createOperationsSubgraph({ knex, logger: createLogger({ level: 'silent', component: 'test' }) });
});
afterAll(() => database.drop());
beforeEach(() =>
  knex.raw('truncate integration.exception, integration.exception_retry_request, integration.desk_job_item'),
);

const caller = callerOf({ contract: 'operations', clientId: 'operator-1', channel: null });

/** Opens one exception and returns its id. */
async function open(failure: Partial<Failure> & { key: string }): Promise<string> {
  await createExceptionDesk({ knex, owners: { default: 'platform', rules: [] } }).raise({
    cause: 'UNAVAILABLE',
    system: 'wms',
    operation: 'release-work-0',
    message: 'WMS did not answer in time',
    orderId: null,
    channelCode: null,
    workflowId: null,
    traceId: 'b'.repeat(32),
    ...failure,
  });
  const [row] = await query<{ id: string }>(knex, 'select id from integration.exception where key = ?', [failure.key]);
  return row!.id;
}

// As the console sends it; `number` and `status` of the order are the order subgraph's to answer.
const QUEUE = `query ExceptionQueue($first: Int, $after: String, $last: Int, $before: String, $filter: IntegrationExceptionFilter) {
  integrationExceptions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    totalCount
    edges { cursor node { id cause state system operation message attempts owner openedAt lastAttemptAt traceId order { id } } }
    pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
  } }`;

interface QueuePage {
  totalCount: number;
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string; startCursor: string };
}

async function queue(variables: object): Promise<QueuePage> {
  const answer = await ask(operations, QUEUE, { ...variables }, caller);
  expect(answer.errors).toBeUndefined();
  return answer.data!.integrationExceptions as QueuePage;
}
const idsOf = (page: QueuePage) => page.edges.map((edge) => edge.node.id);

describe('integrationExceptions', () => {
  it('shows an exception with all that an operator needs', async () => {
    const id = await open({ key: 'k', orderId: 'ord_1' });
    await open({ key: 'k', cause: 'VALIDATION', message: 'refused', orderId: 'ord_1' });
    const answer = await ask(
      operations,
      `{ integrationException(id: "${id}") { id cause state system operation message firstError { cause message } attempts owner traceId
         openedAt lastAttemptAt closedAt closedBy note order { id } } }`,
      {},
      caller,
    );
    const exception = answer.data!.integrationException as { openedAt: string; lastAttemptAt: string };
    expect(exception).toEqual({
      id,
      cause: 'VALIDATION',
      state: 'OPEN',
      system: 'wms',
      operation: 'release-work-0',
      message: 'refused',
      firstError: { cause: 'UNAVAILABLE', message: 'WMS did not answer in time' },
      attempts: 2,
      owner: 'platform',
      traceId: 'b'.repeat(32),
      openedAt: expect.any(String),
      lastAttemptAt: expect.any(String),
      closedAt: null,
      closedBy: null,
      note: null,
      order: { id: 'ord_1' },
    });
    expect(exception.lastAttemptAt >= exception.openedAt).toBe(true);
  });

  it('pages newest first, forward and back, also where many opened in one instant', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.unshift(await open({ key: `k${index}` }));
    // Three of them within one microsecond, which a cursor of milliseconds could not tell apart.
    await knex.raw(
      "update integration.exception set opened_at = '2026-11-23T09:00:00.000123Z' where key in ('k1', 'k2', 'k3')",
    );
    await knex.raw("update integration.exception set opened_at = '2026-11-23T09:00:00.000122Z' where key = 'k0'");
    await knex.raw("update integration.exception set opened_at = '2026-11-23T09:00:00.000124Z' where key = 'k4'");
    const middle = ids.slice(1, 4).sort().reverse();
    const expected = [ids[0], ...middle, ids[4]];

    const first = await queue({ first: 2 });
    expect(idsOf(first)).toEqual(expected.slice(0, 2));
    expect(first).toMatchObject({ totalCount: 5, pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    const second = await queue({ first: 3, after: first.pageInfo.endCursor });
    expect(idsOf(second)).toEqual(expected.slice(2));
    expect(second.pageInfo.hasNextPage).toBe(false);
    expect(idsOf(await queue({ last: 2, before: second.pageInfo.startCursor }))).toEqual(expected.slice(0, 2));
    expect(idsOf(await queue({ last: 1 }))).toEqual(expected.slice(4));
  });

  it('filters by state, system, cause and order, all at once', async () => {
    const match = await open({ key: 'match', orderId: 'ord_1' });
    await open({ key: 'system', orderId: 'ord_1', system: 'erp' });
    await open({ key: 'cause', orderId: 'ord_1', cause: 'CONFLICT' });
    await open({ key: 'order', orderId: 'ord_2' });
    await open({ key: 'state', orderId: 'ord_1' });
    await knex.raw("update integration.exception set state = 'RESOLVED', closed_at = now() where key = 'state'");
    const filter = { state: ['OPEN'], system: 'wms', cause: ['UNAVAILABLE'], orderId: 'ord_1' };
    const page = await queue({ first: 50, filter });
    expect(idsOf(page)).toEqual([match]);
    expect(page.totalCount).toBe(1);
    for (const each of Object.keys(filter) as (keyof typeof filter)[])
      expect((await queue({ first: 50, filter: { [each]: filter[each] } })).totalCount).toBe(4);
    expect(idsOf(await queue({ filter: { state: [] } }))).toEqual([]);
  });

  it('costs two statements with the count and one without, whatever the size of the page', async () => {
    for (let index = 0; index < 12; index++) await open({ key: `k${index}`, orderId: `ord_${index}` });
    let statements = 0;
    const count = () => statements++;
    knex.on('query', count);
    try {
      expect(idsOf(await queue({ first: 2 }))).toHaveLength(2);
      expect(statements).toBe(2);
      expect(idsOf(await queue({ first: 12 }))).toHaveLength(12);
      expect(statements).toBe(4);
      const all = await ask(operations, '{ integrationExceptions { nodes { id order { id } } } }', {}, caller);
      expect(statements).toBe(5);
      const { nodes } = all.data!.integrationExceptions as { nodes: { id: string }[] };
      const entities = await askEntities(
        operations,
        nodes.map(({ id }) => ({ __typename: 'IntegrationException', id })),
        '{ id state }',
        caller,
      );
      expect(entities.data!._entities).toEqual(nodes.map(({ id }) => ({ id, state: 'OPEN' })));
      expect(statements).toBe(6);
    } finally {
      knex.removeListener('query', count);
    }
  });

  it.each([
    [{ first: 101 }],
    [{ first: 0 }],
    [{ after: Buffer.from('["soon","iex_1"]').toString('base64url') }],
    [{ after: 'nonsense' }],
  ])('refuses the page %j', async (page) => {
    const answer = await ask(operations, QUEUE, page, caller);
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('answers null for an id that nobody has', async () => {
    const answer = await ask(operations, '{ integrationException(id: "iex_0") { id } }', {}, caller);
    expect(answer).toEqual({ data: { integrationException: null } });
    const entity = await askEntities(
      operations,
      [{ __typename: 'IntegrationException', id: 'iex_0' }],
      '{ id }',
      caller,
    );
    expect(entity.data).toEqual({ _entities: [null] });
  });
});

const DISMISS = `mutation ($exceptionId: ID!, $input: IntegrationExceptionDismissInput!) {
  integrationExceptionDismiss(exceptionId: $exceptionId, input: $input) {
    exception { id state note closedBy closedAt } userErrors { code message field } } }`;

describe('integrationExceptionDismiss', () => {
  const dismiss = (exceptionId: string, idempotencyKey: string, note = 'handled by phone'): Promise<SubgraphAnswer> =>
    ask(operations, DISMISS, { exceptionId, input: { idempotencyKey, note } }, caller);

  it('closes it with a note and the name of the client', async () => {
    const id = await open({ key: 'k', orderId: 'ord_1', workflowId: 'order:ord_1' });
    await ask(operations, `mutation { integrationExceptionRetry(exceptionId: "${id}", input: { idempotencyKey: "r" }) { userErrors { code } } }`, {}, caller); // biome-ignore format: one thought
    expect(await dismiss(id, 'd1')).toEqual({
      data: {
        integrationExceptionDismiss: {
          exception: {
            id,
            state: 'DISMISSED',
            note: 'handled by phone',
            closedBy: 'operator-1',
            closedAt: expect.any(String),
          },
          userErrors: [],
        },
      },
    });
    const told = await query(knex, `select data ->> 'change' as change, data ->> 'by' as by, data ->> 'message' as message from integration.outbox where subject = ? order by version offset 1`, [id]); // biome-ignore format: one thought
    expect(told).toEqual([
      { change: 'RETRY_REQUESTED', by: 'operator-1', message: null },
      { change: 'DISMISSED', by: 'operator-1', message: 'handled by phone' },
    ]);
  });

  it('gives the first answer to the same request, and refuses the key with another', async () => {
    const id = await open({ key: 'k' });
    const first = await dismiss(id, 'd2');
    expect(await dismiss(id, 'd2')).toEqual({ ...first, extensions: { idempotentReplay: true } });
    expect((await dismiss(id, 'd2', 'another note')).data).toMatchObject({
      integrationExceptionDismiss: {
        exception: null,
        userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', field: ['input', 'idempotencyKey'] }],
      },
    });
  });

  it('refuses one that is closed, and one that is not there', async () => {
    const id = await open({ key: 'k' });
    await dismiss(id, 'd3');
    expect((await dismiss(id, 'd4', 'once more')).data).toMatchObject({
      integrationExceptionDismiss: {
        exception: { id, note: 'handled by phone' },
        userErrors: [
          {
            code: 'ALREADY_CLOSED',
            field: ['exceptionId'],
            message: expect.stringMatching(/^The exception is DISMISSED; /),
          },
        ],
      },
    });
    expect((await dismiss('iex_0', 'd5')).data).toMatchObject({
      integrationExceptionDismiss: { exception: null, userErrors: [{ code: 'NOT_FOUND' }] },
    });
  });

  it.each([[''], [' \n'], ['x'.repeat(1_001)], ['\0']])('refuses the note %j', async (note) => {
    const id = await open({ key: 'k' });
    expect((await dismiss(id, 'd6', note)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect((await queue({})).edges).toMatchObject([{ node: { id, state: 'OPEN' } }]);
  });
});
