import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

type Entity = Record<string, unknown>;

/** Names and types of the properties that the API 2.0 documents for what we read (MicrosoftDocs/dynamics365smb-devitpro-pb, CC BY 4.0). */
const TYPES = {
  itemCategories: { name: 'itemCategory', properties: ['id', 'code', 'displayName', 'lastModifiedDateTime'] },
  items: { name: 'item', properties: ['id', 'number', 'displayName', 'type', 'itemCategoryId', 'itemCategoryCode', 'blocked', 'gtin', 'inventory', 'unitPrice', 'priceIncludesTax', 'unitCost', 'taxGroupId', 'taxGroupCode', 'baseUnitOfMeasureId', 'baseUnitOfMeasureCode', 'lastModifiedDateTime'] },
  itemVariants: { name: 'itemVariant', properties: ['id', 'itemId', 'itemNumber', 'code', 'description', 'lastModifiedDateTime'] },
} as const; // biome-ignore format: a table
type SetName = keyof typeof TYPES;

const COMPANY = 'f64eba74-dacd-4854-a584-1834f68cfc3a';

/** A server that behaves as Business Central documents it: tokens that end, pages, limits, and no forgiveness for wrong names. */
export interface TestBusinessCentral {
  readonly options: { address: string; company: string; tokenAddress: string; clientId: string; clientSecret: string };
  readonly sets: Readonly<Record<SetName, Map<string, Entity>>>;
  readonly seen: { calls: number; tokens: number; mostAtOnce: number };
  /** Entities of a page at most. */
  pageSize: number;
  /** Link to a next page that every page has, in place of its own; `itself` leads to the same page again. */
  nextLink: string | null;
  /** Calls to come that are refused with 429. */
  refuse: number;
  /** How long a call takes. */
  millis: number;
  /** Every token that was given out ends. */
  endTokens(): void;
  stop(): Promise<void>;
}

export async function startBusinessCentral(): Promise<TestBusinessCentral> {
  const sets = { itemCategories: new Map<string, Entity>(), items: new Map<string, Entity>(), itemVariants: new Map<string, Entity>() }; // biome-ignore format: one thought
  const seen = { calls: 0, tokens: 0, mostAtOnce: 0 };
  let atOnce = 0;
  let token = '';
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body, headers = {} }) => send(response, status, body, headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const central: TestBusinessCentral = {
    options: { address: `${origin}/v2.0/production/api/v2.0`, company: COMPANY, tokenAddress: `${origin}/tenant/oauth2/v2.0/token`, clientId: 'commerce', clientSecret: 'trial' },
    sets,
    seen,
    pageSize: 20_000,
    nextLink: null,
    refuse: 0,
    millis: 1,
    endTokens() {
      token = '';
    },
    stop: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  }; // biome-ignore format: one thought
  return central;

  async function answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body: unknown; headers?: Record<string, string> }> {
    const url = new URL(request.url ?? '/', origin);
    if (url.pathname === '/tenant/oauth2/v2.0/token') return giveToken(request);
    seen.calls += 1;
    atOnce += 1;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, atOnce);
    await pause(central.millis);
    atOnce -= 1;
    if (central.refuse > 0) {
      central.refuse -= 1;
      return { status: 429, body: fault('Application_TooManyRequests', 'Too many requests'), headers: { 'retry-after': '0.05' } }; // biome-ignore format: one thought
    }
    if (token === '' || request.headers.authorization !== `Bearer ${token}`) return { status: 401, body: fault('Authentication_InvalidCredentials', 'The server has rejected the client credentials.') }; // biome-ignore format: one thought
    const set = url.pathname.replace(`/v2.0/production/api/v2.0/companies(${COMPANY})/`, '');
    if (!(set in TYPES)) return { status: 404, body: fault('BadRequest_NotFound', `No HTTP resource was found that matches the request URI '${url.href}'.`) }; // biome-ignore format: one thought
    return query(set as SetName, url);
  }

  async function giveToken(request: IncomingMessage) {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const form = new URLSearchParams(text);
    seen.tokens += 1;
    const isRight = request.headers['content-type'] === 'application/x-www-form-urlencoded' && form.get('grant_type') === 'client_credentials' && form.get('client_id') === 'commerce' && form.get('client_secret') === 'trial' && form.get('scope') === 'https://api.businesscentral.dynamics.com/.default'; // biome-ignore format: one thought
    if (!isRight) return { status: 401, body: { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.' } }; // biome-ignore format: one thought
    token = `token${seen.tokens}`;
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3_599, access_token: token } };
  }

  function query(set: SetName, url: URL) {
    for (const option of url.searchParams.keys())
      if (!['$select', '$expand', '$orderby', '$top', '$count', '$skiptoken'].includes(option)) return refusal(`The query parameter '${option}' is not supported.`); // biome-ignore format: one thought
    const select = url.searchParams.get('$select')?.split(',') ?? TYPES[set].properties;
    const [order, direction] = (url.searchParams.get('$orderby') ?? 'id').split(' ');
    const expand = /^(\w+)\(\$select=([\w,]+)\)$/.exec(url.searchParams.get('$expand') ?? '');
    const unknown = [...select, order ?? ''].find((one) => !(TYPES[set].properties as readonly string[]).includes(one));
    if (unknown !== undefined) return refusal(`Could not find a property named '${unknown}' on type 'Microsoft.NAV.${TYPES[set].name}'.`); // biome-ignore format: one thought
    if (url.searchParams.has('$expand') && (set !== 'items' || expand?.[1] !== 'itemVariants')) return refusal(`Could not find a property named '${expand?.[1]}' on type 'Microsoft.NAV.${TYPES[set].name}'.`); // biome-ignore format: one thought
    const all = [...sets[set].values()].sort((a, b) => (String(a[order ?? '']) < String(b[order ?? '']) ? -1 : 1) * (direction === 'desc' ? -1 : 1)); // biome-ignore format: one thought
    const begin = Number(url.searchParams.get('$skiptoken') ?? 0);
    const size = Math.min(central.pageSize, Number(url.searchParams.get('$top') ?? Number.POSITIVE_INFINITY));
    const value = all.slice(begin, begin + size).map((one) => ({
      '@odata.etag': `W/"${String(one.id)}"`,
      ...Object.fromEntries(select.map((name) => [name, one[name]])),
      ...(expand ? { itemVariants: [...sets.itemVariants.values()].filter(({ itemId }) => itemId === one.id) } : {}),
    }));
    const next = new URL(url);
    next.searchParams.set('$skiptoken', String(begin + size));
    const isMore = !url.searchParams.has('$top') && begin + size < all.length;
    return {
      status: 200,
      body: { '@odata.context': `${origin}/$metadata#${set}`, ...(url.searchParams.get('$count') === 'true' ? { '@odata.count': all.length } : {}), value, ...(central.nextLink ?? isMore ? { '@odata.nextLink': central.nextLink === 'itself' ? url.href : (central.nextLink ?? next.href) } : {}) },
    }; // biome-ignore format: one thought
  }
}

const fault = (code: string, message: string) => ({ error: { code, message: `${message}  CorrelationId:  2f0c.` } });
const refusal = (message: string) => ({ status: 400, body: fault('BadRequest', message) });

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string>): void {
  response.writeHead(status, { 'content-type': 'application/json; odata.metadata=minimal', 'OData-Version': '4.0', ...headers }); // biome-ignore format: one thought
  response.end(JSON.stringify(body));
}
