import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '../../gateway/guards/registered-documents.ts';
import { createLogger } from '../../platform/logger.ts';
import { limitsWith } from '../helpers/limits.ts';
import { type LiveServer, startLiveServer } from '../helpers/live-server.ts';
import { transports } from './transports.ts';

const SECRET = 'canary@example.com';
const REGISTERED = 'query Registered { order(id: "o1") { number } }';
const log: string[] = [];
let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({
    log: createLogger({
      level: 'debug',
      component: 'gateway',
      destination: { write: (line) => void log.push(line) },
    }),
    guards: {
      documents: {
        modeOf: (contract) => (contract === 'marketplace' ? 'registered-only' : 'open'),
        find: (contract, clientId, hash) =>
          contract === 'storefront' && clientId === 'test-storefront' && hash === sha256(REGISTERED)
            ? REGISTERED
            : null,
      },
    },
  });
  server.graph.place({ id: 'o1' });
});
afterAll(async () => {
  await server.stop();
  await server.graph.close();
});

const TRACE_ID = expect.stringMatching(/^[0-9a-f]{32}$/);
const aliases = (count: number, field: string) =>
  `{ order(id: "o1") { ${Array.from({ length: count }, (_, n) => `a${n}: ${field}`).join(' ')} } }`;
const persisted = (hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } });
const deep = (levels: number) =>
  `{ order(id: "o1") ${'{ shipments '.repeat(levels - 2)}{ id }${' }'.repeat(levels - 2)} }`;

/** By the numbers of the list of bad inputs that the project is held to. */
const INPUTS: readonly (readonly [
  input: string,
  parameters: Readonly<Record<string, unknown>>,
  code: string,
  limit?: string,
])[] = [
  ['7: sixteen aliases', { query: aliases(16, 'id') }, 'LIMIT_EXCEEDED', 'aliases'],
  ['7: eleven aliases of one field', { query: aliases(11, 'number') }, 'LIMIT_EXCEEDED', 'aliasesPerField'],
  ['8: 101 aliases of __typename', { query: aliases(101, '__typename') }, 'LIMIT_EXCEEDED', 'aliases'],
  ['9: twelve levels', { query: deep(12) }, 'LIMIT_EXCEEDED', 'depth'],
  [
    '11: a circle of fragments',
    { query: '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }' },
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    '12: eleven directives',
    { query: `{ order(id: "o1") { id ${'@include(if: true) '.repeat(11)} } }` },
    'LIMIT_EXCEEDED',
    'directives',
  ],
  ['12: 1,001 tokens', { query: `{ ${'id '.repeat(999)} }` }, 'LIMIT_EXCEEDED', 'tokens'],
  [
    '13: a page of 99,999,999',
    { query: '{ order(id: "o1") { tags(first: 99999999) } }' },
    'LIMIT_EXCEEDED',
    'listSize',
  ],
  [
    '13: the same in a variable',
    { query: 'query ($n: Int) { order(id: "o1") { tags(first: $n) } }', variables: { n: 99_999_999 } },
    'LIMIT_EXCEEDED',
    'listSize',
  ],
  [
    '13: the same in the default of a variable',
    { query: 'query ($n: Int = 99999999) { order(id: "o1") { tags(first: $n) } }' },
    'LIMIT_EXCEEDED',
    'listSize',
  ],
  [
    '13: a hundred of a hundred of a hundred',
    { query: '{ order(id: "o1") { related(first: 100) { related(first: 100) { related(first: 100) { id } } } } }' },
    'LIMIT_EXCEEDED',
    'cost',
  ],
  [
    '13: the same by fragments and variables',
    {
      query:
        'query ($n: Int = 100) { order(id: "o1") { ...A } } fragment A on Order { related(first: $n) { ...B } } fragment B on Order { related(first: $n) { related(first: $n) { id } } }',
      variables: { n: 100 },
    },
    'LIMIT_EXCEEDED',
    'cost',
  ],
  [
    '13: the same in each message of a subscription',
    {
      query:
        'subscription { orderStatusChanged(orderId: "o1") { order { related(first: 100) { related(first: 100) { related(first: 100) { id } } } } } }',
    },
    'LIMIT_EXCEEDED',
    'cost',
  ],
  ['13: a negative page', { query: '{ order(id: "o1") { tags(first: -1) } }' }, 'BAD_USER_INPUT'],
  [
    '14: a variable of 200 kB',
    { query: 'query ($id: ID!) { order(id: $id) { id } }', variables: { id: 'x'.repeat(200_000) } },
    'LIMIT_EXCEEDED',
    'variableBytes',
  ],
  [
    '14: a list of 1,001 values',
    { query: '{ __typename }', variables: { ids: Array.from({ length: 1_001 }, () => 1) } },
    'LIMIT_EXCEEDED',
    'listArgument',
  ],
  [
    '14: variables of twenty-one levels',
    { query: '{ __typename }', variables: JSON.parse(`${'{"a":'.repeat(22)}1${'}'.repeat(22)}`) },
    'LIMIT_EXCEEDED',
    'variableDepth',
  ],
  ['14: a document of 40 kB', { query: `{ __typename } # ${'x'.repeat(40_000)}` }, 'LIMIT_EXCEEDED', 'documentBytes'],
  ['16: a misspelt field', { query: '{ order(id: "o1") { numbr } }' }, 'GRAPHQL_VALIDATION_FAILED'],
  ['16: a hidden field', { query: '{ order(id: "o1") { secret } }' }, 'GRAPHQL_VALIDATION_FAILED'],
  ['19: a hash of another text', { query: '{ __typename }', ...persisted('a'.repeat(64)) }, 'BAD_REQUEST'],
  ['18: an unknown hash', persisted('b'.repeat(64)), 'PERSISTED_QUERY_NOT_FOUND'],
  [
    '30: a value that the input does not have',
    { query: 'mutation { orderTouch(id: "o1", status: PAID) { id } }' },
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    '31: a value of another type',
    { query: 'query ($id: ID!) { order(id: $id) { id } }', variables: { id: { $ne: SECRET } } },
    'BAD_USER_INPUT',
  ],
  ['no document', {}, 'BAD_REQUEST'],
  [
    'ten operations and one more',
    { query: Array.from({ length: 11 }, (_, n) => `query Q${n} { __typename }`).join(' '), operationName: 'Q1' },
    'LIMIT_EXCEEDED',
    'operations',
  ],
  ['no such operation', { query: 'query A { __typename }', operationName: 'B' }, 'OPERATION_RESOLUTION_FAILURE'],
  ['what is no GraphQL', { query: `{ order(id: "${SECRET}" }` }, 'GRAPHQL_PARSE_FAILED'],
  [
    'a subscription that asks for too much',
    {
      query: `subscription { orderStatusChanged(orderId: "o1") ${aliases(16, 'id').replace('order(id: "o1")', 'order')} }`,
    },
    'LIMIT_EXCEEDED',
    'aliases',
  ],
];

describe.each(Object.entries(transports))('over %s', (transport, send) => {
  it.each(INPUTS.map(([input, parameters, code, limit]) => ({ input, parameters, code, limit })))(
    '$input is refused',
    async ({ parameters, code, limit }) => {
      const { status, error, text } = await send(server, parameters);
      expect(error).toMatchObject({ code, retryable: false, traceId: TRACE_ID, ...(limit ? { limit } : {}) });
      if (transport === 'JSON') expect(status).toBe(code === 'PERSISTED_QUERY_NOT_FOUND' ? 200 : 400);
      expect(text).not.toMatch(/Did you mean|<html|node_modules|revision/i);
    },
  );

  it('17: what is not registered is refused where only registered documents are served', async () => {
    for (const parameters of [
      { query: '{ __typename }' },
      { query: '{ __schema { types { name } } }' },
      persisted('c'.repeat(64)),
    ]) {
      expect((await send(server, parameters, 'dev-marketplace')).error).toMatchObject({
        code: 'PERSISTED_QUERY_REQUIRED',
      });
    }
  });

  it('18: a hash is served to the client that registered it, and to no other', async () => {
    const own = await send(server, persisted(sha256(REGISTERED)));
    expect(own.text).toContain('"number":"no-o1"');
    expect((await send(server, persisted(sha256(REGISTERED)), 'dev-operations')).error).toMatchObject({
      code: 'PERSISTED_QUERY_NOT_FOUND',
    });
  });

  it('15: response names of prototypes are names like any other', async () => {
    const query = '{ order(id: "o1") { __proto__: id constructor: number toString: id } }';
    const { text } = await send(server, { query });
    expect(text).toContain('"constructor":"no-o1"');
    expect(({} as Record<string, unknown>).number).toBeUndefined();
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('number');
  });

  it('32: what is hostile in a text stays a text', async () => {
    for (const id of ["' or 1=1 --", '{"$ne":1}', 'a\r\nset-cookie: x=1', '\u202eo1', 'o1\u0000', '{{7*7}}']) {
      const { text } = await send(server, { query: 'query ($id: ID!) { order(id: $id) { id } }', variables: { id } });
      expect(text).toContain('"order":null');
      expect(text).not.toContain('set-cookie');
    }
  });

  it('33: neither log nor answer repeats a value that a client sent', async () => {
    log.length = 0;
    const query = 'mutation ($id: ID!) { orderTouch(id: $id) { id nothing } }';
    const { text } = await send(server, { query, variables: { id: SECRET } });
    await send(server, { query: `{ order(id: "${SECRET}") { nothing } }` });
    expect(text + log.join('\n')).not.toContain(SECRET);
  });

  it('writes one line for each refusal', async () => {
    log.length = 0;
    await send(server, { query: aliases(16, 'id') });
    await send(server, { query: '{ nothing }' });
    const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request refused');
    expect(lines.map(({ code }) => code)).toEqual(['LIMIT_EXCEEDED', 'GRAPHQL_VALIDATION_FAILED']);
    expect(lines.every(({ traceId }) => /^[0-9a-f]{32}$/.test(traceId))).toBe(true);
  });
});

describe('38: a client that has spent its points', () => {
  let poor: LiveServer;
  beforeAll(async () => {
    const limits = limitsWith({ cost: 60 }, { capacity: 60, refillPerSecond: 0.001 });
    poor = await startLiveServer({ graph: server.graph, guards: { limits } });
  });
  afterAll(() => poor.stop());

  it('is refused on every transport, told when to come back, and has spent by cost and not by requests', async () => {
    const guesses =
      '{ a: order(id: "x1") { id } b: order(id: "x2") { id } c: order(id: "x3") { id } d: order(id: "x4") { id } }';
    const first = await transports.JSON?.(poor, { query: guesses });
    // 4 guesses and the request, found or not; the document was new: 8 fields at 5 points.
    expect(JSON.parse(first?.text ?? '').extensions.cost).toEqual({
      requested: 5,
      actual: 5,
      left: 15,
      capacity: 60,
      refillPerSecond: 0.001,
    });
    for (let request = 0; request < 3; request++) await transports.JSON?.(poor, { query: guesses });
    for (const [transport, send] of Object.entries(transports)) {
      const { status, error, text } = await send(poor, { query: guesses });
      if (transport === 'JSON') expect(JSON.parse(text).extensions.cost).toEqual(error?.cost);
      expect(error).toMatchObject({
        code: 'RATE_LIMITED',
        retryable: true,
        retryAfterSeconds: expect.any(Number),
        traceId: TRACE_ID,
        cost: { requested: 5, actual: 0, left: 0, capacity: 60, refillPerSecond: 0.001 },
      });
      expect(status).toBe(transport === 'WebSocket' ? null : 429);
    }
  });

  it('is another client for another key', async () => {
    expect((await transports.JSON?.(poor, { query: '{ __typename }' }, 'dev-operations'))?.status).toBe(200);
  });
});

describe('39: an address that guesses credentials', () => {
  it('is shut out over HTTP and WebSocket alike, whatever it says it is', async () => {
    const limits = limitsWith({}, {}, { capacity: 2, refillPerSecond: 0.001 });
    const own = await startLiveServer({ graph: server.graph, guards: { limits } });
    try {
      for (let guess = 0; guess < 2; guess++) {
        const response = await fetch(own.url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'x-api-key': `guess ${guess}`,
            'x-forwarded-for': `6.6.6.${guess}`,
          },
          body: '{"query":"{ __typename }"}',
        });
        expect(response.status).toBe(401);
      }
      expect((await transports.JSON?.(own, { query: '{ __typename }' }))?.status).toBe(429);
      expect((await transports.WebSocket?.(own, { query: '{ __typename }' }))?.text).toMatch(/closed with/);
    } finally {
      await own.stop();
    }
  });
});
