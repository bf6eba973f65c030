import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningGateway, runGateway } from './running-gateway.ts';
import { catalogue, compose, stock } from './shop-graph.ts';

// What graphql-cop looks for, by its names, at a gateway as it runs in production: once with a key and once without.
let running: RunningGateway;
let url: string;
let key: string;
beforeAll(async () => {
  const graph = [catalogue(), stock()];
  running = await runGateway(compose(graph), {
    subgraphs: { kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) },
    production: true,
  });
  url = `${running.gateway.url}/graphql`;
  key = await running.createKey({ clientId: 'shop', contracts: ['storefront'], channelCode: 'WEB' });
});
afterAll(() => running.stop());

type Body = { data?: Record<string, unknown>; errors?: { message: string; extensions: { code: string } }[] };
interface Told {
  readonly status: number;
  readonly body: Body;
  readonly text: string;
  readonly headers: Headers;
}

async function told(response: Response): Promise<Told> {
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Body, text, headers: response.headers };
}

const json = (body: unknown, headers: Record<string, string> = { 'x-api-key': key }) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const ask = async (query: string) => told(await json({ query }));
const repeated = (text: string, times: number) => text.repeat(times);

describe('denial of service', () => {
  it.each([
    [
      'alias overloading',
      `{ ${Array.from({ length: 101 }, (_, n) => `alias${n}: __typename`).join(' ')} }`,
      'LIMIT_EXCEEDED',
    ],
    ['directive overloading', `{ __typename ${repeated('@aa', 11)} }`, 'LIMIT_EXCEEDED'],
    ['field duplication', `{ ${repeated('__typename ', 501)} }`, 'LIMIT_EXCEEDED'],
    [
      'circular introspection',
      `{ __schema { types { ${repeated('fields { type { ', 12)} name ${repeated('} } ', 12)} } } }`,
      'LIMIT_EXCEEDED',
    ],
    [
      'circular fragments',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s is refused', async (_, query, code) => {
    const { status, body } = await ask(query);
    expect([status, body.data, body.errors?.[0]?.extensions.code]).toEqual([400, undefined, code]);
  });

  it('array-based batching is refused', async () => {
    const { status, body } = await told(await json(Array.from({ length: 10 }, () => ({ query: '{ __typename }' }))));
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_REQUEST']);
  });
});

describe('information', () => {
  it('field suggestions are not given', async () => {
    const { body, text } = await ask('{ product { titel } }');
    expect(body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(text).not.toMatch(/did you mean/i);
  });

  it('introspection is answered to a key, of its own contract only, and to nobody else', async () => {
    const query = '{ __schema { types { name fields { name } } } }';
    expect((await told(await json({ query }, {}))).status).toBe(401);
    const { text } = await ask(query);
    expect(text).toContain('"Product"');
    expect(text).not.toMatch(/weightGrams|suppliers/);
  });

  it('no tracing is in an answer, also when it is asked for', async () => {
    const headers = { 'x-api-key': key, 'apollo-federation-include-trace': 'ftv1', 'x-apollo-tracing': '1' };
    const { text } = await told(await json({ query: '{ __typename }' }, headers));
    expect(text).not.toMatch(/tracing|ftv1|startOffset/);
  });

  it('errors are handled: what is broken shows no inside', async () => {
    for (const body of [{ query: 'qwerty' }, { query: 7 }, {}, { query: '{ product(id: {}) { id } }' }]) {
      const answer = await told(await json(body));
      expect(answer.status).toBe(400);
      expect(answer.text).not.toMatch(/stacktrace|node_modules|exception|\bat .*:\d+:\d+/i);
    }
  });

  it('the explorer is found by who looks for it, and holds no credential', async () => {
    const html = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
    expect(html).toMatch(/graphiql/i);
    expect(html).not.toContain(key);
    expect(html).not.toMatch(/dev-(storefront|operations|finance)/);
  });
});

describe('requests that a page of another site can make a browser send', () => {
  const mutation = 'mutation { rename(id: "p1", title: "x", key: "k") { id } }';
  const search = (query: string) => `${url}?${new URLSearchParams({ query })}`;

  it('queries by GET need a header that such a page cannot send', async () => {
    expect((await fetch(search('{ __typename }'))).status).toBe(401);
    expect((await fetch(`${search('{ __typename }')}&x-api-key=${key}`)).status).toBe(401);
  });

  it('mutations by GET are refused, with a key too', async () => {
    const { status, headers } = await told(await fetch(search(mutation), { headers: { 'x-api-key': key } }));
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])(
    'a POST as %s is refused, with a key too',
    async (type) => {
      const headers = { 'content-type': type, 'x-api-key': key };
      const { status, body } = await told(
        await fetch(url, { method: 'POST', headers, body: new URLSearchParams({ query: mutation }).toString() }),
      );
      expect([status, body.data]).toEqual([400, undefined]);
    },
  );
});
