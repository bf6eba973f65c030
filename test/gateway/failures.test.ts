import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { catalogue, compose, stock } from './shop-graph.ts';
import { SECRET, type SubgraphServer, serveSubgraph } from './subgraph-server.ts';

const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
const traceId = 'ab'.repeat(16);
let running: RunningGateway;
let catalogueServer: SubgraphServer;
let stockServer: SubgraphServer;

beforeAll(async () => {
  const graph = [catalogue(), stock()];
  catalogueServer = await serveSubgraph(graph[0]!.subgraph);
  stockServer = await serveSubgraph(graph[1]!.subgraph);
  running = await runGateway(compose(graph), {
    subgraphs: { kind: 'http', urls: { catalogue: catalogueServer.url, stock: stockServer.url }, secret: SECRET },
    // Long enough for a busy machine to send what is too much; requests have 5 s.
    subgraphTimeoutMillis: 3_000,
  });
});
afterAll(async () => {
  await running.stop();
  await Promise.all([catalogueServer.stop(), stockServer.stop()]);
});
beforeEach(() => {
  for (const server of [catalogueServer, stockServer]) {
    server.instead = null;
    server.received.length = 0;
  }
  running.log.length = 0;
});

const query = (text: string, key = 'dev-storefront') =>
  ask(`${running.gateway.url}/graphql`, text, { key, headers: { traceparent } });

describe('while one subgraph cannot answer, the rest of the answer is there', () => {
  const page = '{ products { id title onHand } }';
  const json = { 'content-type': 'application/json' };
  it.each<[string, SubgraphServer['instead'], string]>([
    ['hangs', () => undefined, 'SUBGRAPH_TIMEOUT'],
    ['hangs up', (request) => void request.socket.destroy(), 'SUBGRAPH_UNREACHABLE'],
    ['fails', (_, response) => void response.writeHead(500).end('stack of secrets'), 'SUBGRAPH_UNREACHABLE'],
    [
      'sends a page',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      'SUBGRAPH_BAD_RESPONSE',
    ],
    [
      'sends half an answer',
      (_, response) => void response.writeHead(200, json).end('{"data":{"_ent'),
      'SUBGRAPH_BAD_RESPONSE',
    ],
    ['sends a list', (_, response) => void response.writeHead(200, json).end('[1]'), 'SUBGRAPH_BAD_RESPONSE'],
    [
      'sends other entities than asked for',
      (_, response) => void response.writeHead(200, json).end('{"data":{"_entities":[]}}'),
      'SUBGRAPH_BAD_RESPONSE',
    ],
    [
      'sends no end',
      (_, response) => void response.writeHead(200, json).write(`"${'x'.repeat(20 * 1024 * 1024)}`),
      'SUBGRAPH_BAD_RESPONSE',
    ],
    [
      'does not believe the gateway',
      (_, response) =>
        void response
          .writeHead(401, json)
          .end('{"errors":[{"message":"bad key 123","extensions":{"code":"UNAUTHENTICATED"}}]}'),
      'SUBGRAPH_BAD_RESPONSE',
    ],
    [
      'does not know the query',
      (_, response) =>
        void response
          .writeHead(400, json)
          .end('{"errors":[{"message":"Cannot query field supplierCode","extensions":{"code":"BAD_USER_INPUT"}}]}'),
      'SUBGRAPH_BAD_RESPONSE',
    ],
    [
      'has no database',
      (_, response) =>
        void response
          .writeHead(503, json)
          .end(
            '{"errors":[{"message":"The operational store did not answer.","extensions":{"code":"DATABASE_UNAVAILABLE"}}]}',
          ),
      'DATABASE_UNAVAILABLE',
    ],
  ])('it %s', async (_, instead, code) => {
    stockServer.instead = instead;
    const { status, body } = await query(page);
    expect(status).toBe(200);
    expect(body.data).toEqual({
      products: [
        { id: 'p1', title: 'Lantern', onHand: null },
        { id: 'p2', title: 'Mug', onHand: null },
      ],
    });
    expect(body.errors).toEqual([
      { message: expect.any(String), path: ['products', 0, 'onHand'], extensions: { code, retryable: true, traceId } },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/stock|127\.0\.0\.1|secret|key 123|supplierCode|ECONN/);
    expect(running.log.join()).toMatch(new RegExp(`"traceId":"${traceId}","code":"${code}"`));
  });

  it('the whole of a root field that must not be null', async () => {
    catalogueServer.instead = (_, response) => void response.writeHead(500).end();
    const { body } = await query('{ products { id } }');
    expect(body).toEqual({
      data: null,
      errors: [
        {
          message: expect.any(String),
          path: ['products'],
          extensions: { code: 'SUBGRAPH_UNREACHABLE', retryable: true, traceId },
        },
      ],
    });
  });

  it('recovers as soon as the subgraph does', async () => {
    stockServer.instead = (request) => void request.socket.destroy();
    await query(page);
    stockServer.instead = null;
    expect((await query(page)).body.errors).toBeUndefined();
  });

  it('asks a read again when the connection was closed, and a mutation never', async () => {
    let requests = 0;
    catalogueServer.instead = (request) => {
      requests += 1;
      request.socket.destroy();
    };
    await query('{ product(id: "p1") { id } }');
    expect(requests).toBe(2);
    requests = 0;
    const { body } = await query('mutation { rename(id: "p1", title: "x", key: "k") { id } }');
    expect(requests).toBe(1);
    expect(body.errors[0]).toMatchObject({ path: ['rename'], extensions: { code: 'SUBGRAPH_UNREACHABLE' } });
  });
});

describe('what a subgraph says of a failure', () => {
  const rename = (key: string) => query(`mutation { rename(id: "p1", title: "x", key: "${key}") { title } }`);

  it('reaches the client with its registered code and nothing else', async () => {
    expect((await rename('refused')).body).toEqual({
      data: { rename: null },
      errors: [
        {
          message: 'Other input.',
          path: ['rename'],
          extensions: { code: 'IDEMPOTENCY_CONFLICT', retryable: false, traceId },
        },
      ],
    });
    expect((await rename('plain')).body.errors).toEqual([
      { message: 'Bad title', path: ['rename'], extensions: { code: 'BAD_USER_INPUT', retryable: false, traceId } },
    ]);
  });

  describe.each(['application/json', 'application/graphql-response+json'])(
    'of a want of room, to who accepts %s,',
    (accept) => {
      const send = (text: string) =>
        fetch(`${running.gateway.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept, 'x-api-key': 'dev-storefront' },
          body: JSON.stringify({ query: text }),
        });
      const full = 'rename(id: "p1", title: "x", key: "full") { title }';

      it('is 503 with the time to wait, in the header and in the error', async () => {
        const response = await send(`mutation { ${full} }`);
        expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
        expect(((await response.json()) as { errors: object[] }).errors).toEqual([
          {
            message: 'Too many wait.',
            path: ['rename'],
            extensions: { code: 'OVERLOADED', retryable: true, retryAfterSeconds: 3, traceId: expect.any(String) },
          },
        ]);
      });

      it('is an error in an answer as soon as a part was done', async () => {
        const response = await send(`mutation { ${full} other: rename(id: "p1", title: "x", key: "k") { title } }`);
        expect([response.status, response.headers.get('retry-after')]).toEqual([200, null]);
        const body = (await response.json()) as { data: object; errors: object[] };
        expect(body.data).toEqual({ rename: null, other: { title: 'x' } });
        expect(body.errors).toMatchObject([{ extensions: { code: 'OVERLOADED', retryAfterSeconds: 3 } }]);
      });

      it('is 503 too when the subgraph refuses the whole request', async () => {
        catalogueServer.instead = (_, response) =>
          void response
            .writeHead(503, { 'content-type': 'application/json' })
            .end('{"errors":[{"message":"full","extensions":{"code":"OVERLOADED","retryAfterSeconds":2}}]}');
        const response = await send(`mutation { ${full} }`);
        expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
      });
    },
  );

  it('is masked when nobody foresaw it, with the trace id to find it by', async () => {
    const { body } = await rename('bug');
    expect(body.errors).toEqual([
      {
        message: 'Internal error. Quote the trace id when you report it.',
        path: ['rename'],
        extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: true, traceId },
      },
    ]);
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it('points no further than to what the client asked for', async () => {
    // The plan asks for the hidden weight, for the sake of shippingMinor.
    catalogueServer.instead = (_, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          data: { products: [{ __typename: 'Product', id: 'p1', weightGrams: null }] },
          errors: [{ message: 'late', path: ['products', 0, 'weightGrams'], extensions: { code: 'SYSTEM_TIMEOUT' } }],
        }),
      );
    const { body } = await query('{ products { id shippingMinor } }');
    const extensions = { code: 'SYSTEM_TIMEOUT', retryable: true, traceId };
    expect(body.errors[0]).toEqual({ message: 'late', path: ['products', 0], extensions });
  });
});

describe('extensions of an answer', () => {
  it('say when the answer of a mutation is the stored one', async () => {
    const { body } = await query('mutation { rename(id: "p1", title: "x", key: "again") { title } }');
    expect(body).toEqual({ data: { rename: { title: 'x' } }, extensions: { idempotentReplay: true } });
  });

  it('carry nothing else that a subgraph sends', async () => {
    catalogueServer.instead = (_, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(
          JSON.stringify({ data: { product: { id: 'p1' } }, extensions: { sql: 'select', idempotentReplay: 'yes' } }),
        );
    expect((await query('{ product(id: "p1") { id } }')).body).toEqual({ data: { product: { id: 'p1' } } });
  });
});

describe('what a subgraph is told', () => {
  it('is who asks, under the gateway’s signature, and nothing that the client sent beside the query', async () => {
    await ask(`${running.gateway.url}/graphql`, '{ products { onHand } }', {
      key: 'dev-storefront',
      headers: {
        traceparent,
        'x-commerce-caller': 'forged',
        'x-commerce-signature': 'forged',
        cookie: 'c=1',
        'x-other': '1',
      },
    });
    const [{ caller, headers }] = catalogueServer.received as [SubgraphServer['received'][number]];
    expect(caller).toMatchObject({
      contract: 'storefront',
      clientId: 'dev-storefront',
      traceId,
      channel: { code: 'WEB' },
    });
    expect(headers.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(headers.traceparent).not.toBe(traceparent);
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['cookie']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-other']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-api-key']));
    expect(stockServer.received[0]?.caller).toEqual(caller);
  });
});

it('hangs up on a subgraph when the client that waits hangs up', async () => {
  const client = new AbortController();
  const hungUp = new Promise<void>((resolve) => {
    catalogueServer.instead = (request) => {
      request.socket.once('close', () => resolve());
      client.abort();
    };
  });
  const answer = fetch(`${running.gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
    body: JSON.stringify({ query: '{ products { id } }' }),
    signal: client.signal,
  });
  await expect(answer).rejects.toThrow();
  await hungUp;
  // Not because its deadline was over.
  expect(running.log.join('')).not.toContain('SUBGRAPH_TIMEOUT');
});
