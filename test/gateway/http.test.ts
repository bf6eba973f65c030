import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { catalogue, compose, stock, tinySubgraph } from './shop-graph.ts';

let running: RunningGateway;
let base: string;
let url: string;
beforeAll(async () => {
  const graph = [catalogue(), stock()];
  running = await runGateway(compose(graph), {
    subgraphs: { kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) },
  });
  base = running.gateway.url;
  url = `${base}/graphql`;
});
afterAll(() => running.stop());

const key = 'dev-storefront';
const json = { 'content-type': 'application/json', 'x-api-key': key };
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json, target = url) =>
  fetch(target, { method: 'POST', headers, body });

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({
    url: () => url,
    fetchFn: (input: string, init: RequestInit = {}) =>
      fetch(input, { ...init, headers: { ...(init.headers as Record<string, string>), 'x-api-key': key } }),
  });

  it('has sixty-one audits', () => expect(audits).toHaveLength(61));

  it.each(audits.map((audit): [string, typeof audit] => [audit.name, audit]))('%s', async (_, audit) => {
    const result = await audit.fn();
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok');
  });

  it.each<[string, number, () => Promise<Response>]>([
    [
      'a body of more than a megabyte',
      413,
      () => post(JSON.stringify({ query: '{ __typename }', pad: 'x'.repeat(1024 * 1024) })),
    ],
    ['a body that is no JSON', 400, () => post('{"query":')],
    ['a body that is no UTF-8', 400, () => post(new Uint8Array([0x7b, 0xff, 0x7d]))],
    [
      'an unknown charset',
      415,
      () => post('{"query":"{ __typename }"}', { ...json, 'content-type': 'application/json; charset=ibm037' }),
    ],
    ['a compressed body', 415, () => post('x', { ...json, 'content-encoding': 'gzip' })],
    ['a batch', 400, () => post('[{"query":"{ __typename }"}]')],
    [
      'a form',
      400,
      () => post('query={__typename}', { 'content-type': 'application/x-www-form-urlencoded', 'x-api-key': key }),
    ],
    ['plain text', 400, () => post('{"query":"{ __typename }"}', { 'content-type': 'text/plain', 'x-api-key': key })],
    [
      'a mutation by GET',
      405,
      () => fetch(`${url}?query=mutation{rename(id:"p1",title:"x",key:"k"){id}}`, { headers: { 'x-api-key': key } }),
    ],
    ['another method', 405, () => fetch(url, { method: 'PUT', headers: json, body: '{}' })],
    ['an unknown operation', 400, () => post('{"query":"query A { __typename }","operationName":"B"}')],
    ['a wrong variable', 400, () => post('{"query":"query($id: ID!) { product(id: $id) { id } }"}')],
  ])('refuses %s with %d, in JSON', async (_, status, send) => {
    const response = await send();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/json/);
    const { errors, data } = (await response.json()) as { errors: { extensions: object }[]; data?: unknown };
    for (const { extensions } of errors) {
      expect(extensions).toMatchObject({
        code: expect.stringMatching(/^[A-Z_]+$/),
        retryable: false,
        traceId: response.headers.get('x-trace-id'),
      });
    }
    expect(errors.length).toBeGreaterThan(0);
    expect(data).toBeUndefined();
  });

  it('refuses a body that never says how long it is, as soon as it is too long', async () => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(url, { method: 'POST', headers: json }, (response) => resolve(response.statusCode));
      request.on('error', reject);
      const write = () => void (request.destroyed || request.write('x'.repeat(65_536), () => setImmediate(write)));
      write();
    });
    expect(status).toBe(413);
  });

  it('answers a legacy client with 200 when the request was well formed, and only then', async () => {
    const legacy = { ...json, accept: 'application/json' };
    expect((await post('{"query":"{ nope }"}', legacy)).status).toBe(200);
    expect((await post('{"query":"{ nope }"}', { ...json, accept: '*/*' })).status).toBe(400);
    expect((await post('{"query":"{ nope }"}')).status).toBe(400);
    const both = { ...json, accept: 'application/graphql-response+json, application/json;q=0.9' };
    expect((await post('{"query":"{ nope }"}', both)).status).toBe(400);
    expect((await post('{"qwery":"{ nope }"}', legacy)).status).toBe(400);
    expect((await post('{"query":', legacy)).status).toBe(400);
  });

  it('compresses a long answer for who takes gzip, and no other', async () => {
    const asked = async (name: string, encodings: Record<string, string>) => {
      const query = `{ ${Array.from({ length: 10 }, (_, index) => `${name}${index}: __typename`).join(' ')} }`;
      const { headers, body } = await new Promise<{ headers: IncomingHttpHeaders; body: Buffer }>((resolve) => {
        httpRequest(url, { method: 'POST', headers: { ...json, ...encodings } }, async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          resolve({ headers: response.headers, body: Buffer.concat(chunks) });
        }).end(JSON.stringify({ query }));
      });
      expect(headers['content-length']).toBe(String(body.length));
      const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      expect(JSON.parse(String(text)).data[`${name}9`]).toBe('Query');
      return headers['content-encoding'];
    };
    const long = 'n'.repeat(900);
    expect(await asked(long, { 'accept-encoding': 'br;q=1.0, GZIP;q=0.5' })).toBe('gzip');
    expect(await asked(long, {})).toBeUndefined();
    expect(await asked(long, { 'accept-encoding': 'br, gzip; q=0, x-gzip' })).toBeUndefined();
    expect(await asked('n', { 'accept-encoding': 'gzip' })).toBeUndefined();
  });

  it('stores nothing in caches and does not leak the kind of its insides', async () => {
    const { headers } = await ask(url, '{ __typename }', { key });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('who may come in', () => {
  it.each([
    ['no key', {}],
    ['an unknown key', { 'x-api-key': 'nope' }],
    ['a key in the URL only', {}],
  ])('not %s', async (name, headers) => {
    const target = name.includes('URL') ? `${url}?x-api-key=${key}` : url;
    const response = await post(
      '{"query":"{ __typename }"}',
      { 'content-type': 'application/json', ...headers },
      target,
    );
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toMatch(/json/);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('a page of another site cannot make a browser send a query', async () => {
    const response = await fetch(`${url}?query={__typename}`);
    expect(response.status).toBe(401);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('to a contract: by its path, with or without the version', async () => {
    for (const path of ['storefront', 'storefront/2026-11', 'storefront/']) {
      const { status, headers } = await ask(`${url}/${path}`, '{ __typename }', { key });
      expect([status, headers.get('x-contract')]).toEqual([200, 'storefront/2026-11']);
    }
  });

  it('to the contracts of the key only: the others are not there, exactly like those that do not exist', async () => {
    const seen = new Set<string>();
    for (const path of [
      'operations',
      'warehouse/2026-11',
      'nothing',
      'operations/2020-01',
      'Storefront',
      '../metrics/',
      '%00',
      'a/b/c',
    ]) {
      const { status, headers, body } = await ask(`${url}/${path.replace('../', '..%2f')}`, '{ __typename }', { key });
      const { date: _, 'x-trace-id': trace, ...others } = Object.fromEntries(headers);
      seen.add(JSON.stringify([status, others, body]).replaceAll(String(trace), 'TRACE'));
    }
    expect([...seen]).toHaveLength(1);
    expect([...seen][0]).toMatch(/^\[404,.*"code":"NOT_FOUND"/);
  });

  it('to several contracts with one key: the first without a path, each by its path', async () => {
    const both = await running.createKey({
      clientId: 'acme',
      contracts: ['warehouse', 'operations'],
      channelCode: null,
    });
    expect((await ask(url, '{ stockTotal }', { key: both })).headers.get('x-contract')).toBe('warehouse/2026-11');
    expect((await ask(`${url}/operations`, '{ suppliers }', { key: both })).body.data.suppliers).toHaveLength(2);
    expect((await ask(`${url}/storefront`, '{ __typename }', { key: both })).status).toBe(404);
  });

  it('when the database that knows the keys is down: nobody, and it says so', async () => {
    await running.database.knex.raw('alter table integration.api_key rename to away');
    const { status, body } = await ask(url, '{ __typename }', { key: 'not asked before' });
    await running.database.knex.raw('alter table integration.away rename to api_key');
    expect(status).toBe(500);
    expect(body.errors[0].extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    expect(JSON.stringify(body)).not.toMatch(/relation|api_key/);
  });
});

describe('a trace', () => {
  it('continues the one of the client', async () => {
    const { headers } = await ask(url, '{ __typename }', {
      key,
      headers: { traceparent: `00-${'1a'.repeat(16)}-${'2b'.repeat(8)}-01` },
    });
    expect(headers.get('x-trace-id')).toBe('1a'.repeat(16));
  });

  it.each(['', 'nonsense', `00-${'0'.repeat(32)}-${'2b'.repeat(8)}-01`, `ff-${'1a'.repeat(16)}-${'2b'.repeat(8)}-01`])(
    'begins when the header is %j',
    async (traceparent) => {
      const { headers } = await ask(url, '{ __typename }', { key, headers: { traceparent } });
      expect(headers.get('x-trace-id')).toMatch(/^(?!0{32}|(1a){16})[0-9a-f]{32}$/);
    },
  );

  it('is in the log of a refusal, and no key is', async () => {
    running.log.length = 0;
    const { headers } = await ask(url, '{ __typename }', { key: 'a-secret-that-was-mistyped' });
    expect(running.log.join()).toContain(String(headers.get('x-trace-id')));
    expect(running.log.join()).not.toContain('mistyped');
  });
});

describe('beside GraphQL', () => {
  it('tells whether it lives and is ready, and what it uses', async () => {
    expect(await (await fetch(`${base}/health/live`)).json()).toEqual({ status: 'live' });
    const ready = await fetch(`${base}/health/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: 'ready',
      uses: {
        database: 'embedded',
        eventLog: 'postgres',
        supergraph: running.gateway.runtime.supergraphId.slice(0, 12),
        publication: 'current',
      },
    });
  });

  it('has nothing else', async () => {
    for (const path of ['/nothing', '/health', '/metrics/x', '/graphqlx', '//']) {
      expect((await fetch(`${base}${path}`)).status).toBe(path === '//' ? 400 : 404);
    }
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it.each([
    ['is no HTTP', 'NONSENSE\r\n\r\n', 400],
    ['has headers without end', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}`, 431],
  ])('survives what %s', async (_, bytes, status) => {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write(bytes));
      let received = '';
      socket.on('data', (chunk) => (received += chunk)).on('close', () => resolve(received));
    });
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
  });
});

describe('the explorer', () => {
  const page = (path: string) => fetch(`${base}${path}`, { headers: { accept: 'text/html,*/*;q=0.8' } });

  it.each(['/', '/graphql', '/graphql/storefront', '/graphql/no-such-contract'])(
    'is a page on %s, without a key',
    async (path) => {
      const response = await page(path);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      const html = await response.text();
      expect(html).toContain('YogaGraphiQL.renderYogaGraphiQL(');
      expect(html).toContain('dev-storefront');
    },
  );

  it('loads nothing from anywhere: neither its markup nor its styles refer to another server, and the browser is told to refuse', async () => {
    const response = await page('/');
    const policy = String(response.headers.get('content-security-policy'));
    expect(policy).not.toMatch(/https?:|\*/);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    const html = await response.text();
    const markup = html.replace(/<script>[\s\S]*<\/script>/, '');
    expect(markup.match(/\b(src|href)\s*=\s*["']?(?!data:)[^"'\s>]+/g)).toBeNull();
    expect(markup.match(/url\(\s*["']?(?!data:)[^)]{0,80}/g)).toBeNull();
    expect(markup).not.toMatch(/@import/);
  });

  it('comes compressed, and only once', async () => {
    const got = await new Promise<{ encoding: unknown; body: Buffer }>((resolve) => {
      httpRequest(`${base}/`, { headers: { accept: 'text/html', 'accept-encoding': 'gzip, br' } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }),
        );
      }).end();
    });
    expect(got.encoding).toBe('gzip');
    expect(got.body.length).toBeLessThan(3_000_000);
    expect(gunzipSync(got.body).toString()).toContain('dev-storefront');
    const etag = String((await page('/')).headers.get('etag'));
    const again = await fetch(`${base}/`, { headers: { accept: 'text/html', 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });

  it('has the key of the contract whose path it is opened on', async () => {
    const html = await (await page('/graphql/finance')).text();
    expect(html).toContain('dev-finance');
    expect(html).toContain('"endpoint":"/graphql/finance"');
  });

  it('does not stand in the way of a query by GET', async () => {
    const response = await fetch(`${url}?query={__typename}`, { headers: { accept: 'text/html', 'x-api-key': key } });
    expect(response.headers.get('content-type')).toMatch(/json/);
  });
});

describe('stopping', () => {
  it('finishes what is running, refuses what comes, and leaves no connection open', async () => {
    let release = () => {};
    const started = new Promise<void>((resolve) => {
      slow.start = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    slow.wait = gate;
    const graph = [slow.graph];
    const stopping = await runGateway(compose(graph), {
      subgraphs: { kind: 'inProcess', subgraphs: [slow.graph.subgraph] },
    });
    const target = `${stopping.gateway.url}/graphql`;
    const inFlight = ask(target, '{ slow }', { key });
    await started;
    const stopped = stopping.stop();
    await expect(fetch(`${stopping.gateway.url}/health/live`)).rejects.toThrow();
    release();
    const answer = await inFlight;
    expect([answer.status, answer.body]).toEqual([200, { data: { slow: 'done' } }]);
    expect(answer.headers.get('connection')).toBe('close');
    await stopped;
  });

  it('does not wait for ever', async () => {
    slow.start = () => {};
    slow.wait = new Promise(() => {});
    const graph = [slow.graph];
    const stopping = await runGateway(compose(graph), {
      subgraphs: { kind: 'inProcess', subgraphs: [slow.graph.subgraph] },
      shutdownGraceMillis: 100,
    });
    const inFlight = ask(`${stopping.gateway.url}/graphql`, '{ slow }', { key });
    inFlight.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await stopping.stop();
    await expect(inFlight).rejects.toThrow();
  });
});

const slow = {
  start: () => {},
  wait: Promise.resolve() as Promise<void>,
  graph: tinySubgraph('slow', 'type Query { slow: String @tag(name: "selling") }', {
    Query: {
      async slow() {
        slow.start();
        await slow.wait;
        return 'done';
      },
    },
  }),
};
