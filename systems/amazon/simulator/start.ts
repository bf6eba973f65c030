import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { AmazonAccount } from './account.ts';
import { listingRoutes } from './listing-routes.ts';
import { type AmazonListings, emptyListings } from './listings.ts';
import { type OrderRoutesOptions, orderRoutes } from './order-routes.ts';

export interface AmazonReferenceOptions {
  readonly account: AmazonAccount;
  readonly refreshToken: string;
  /** Default: none. */
  readonly listings?: AmazonListings;
  /** Amazon's name of the seller. Default SELLER1. */
  readonly sellerId?: string;
  /** Default 127.0.0.1 and any free port. */
  readonly host?: string;
  readonly port?: number;
  /** Entries of a page. Amazon's are larger; small ones make all readers turn pages. Default 2. */
  readonly pageSize?: number;
  /** How often each operation on orders and listings is answered. Default: as often as one likes. */
  readonly rates?: OrderRoutesOptions['rates'];
  /** Milliseconds since 1970, by which that is counted; tests pass their own. */
  readonly now?: () => number;
  /** What is wrong with a message about orders or listings by the published model. Default: all is taken as it is. */
  readonly check?: OrderRoutesOptions['check'];
}

export interface AmazonReference {
  readonly url: string;
  readonly loginUrl: string;
  /** Answers so many of the next requests with 429. */
  throttle(requests: number): void;
  /** Access tokens that were given are refused from now on. */
  expireTokens(): void;
  /** The login answers 503 from now on, or again. */
  loginIsDown(down: boolean): void;
  /** So many of the next confirmed shipments, and patches and feeds of listings, take effect and are not answered. */
  loseAnswers(messages: number): void;
  /** Requests answered, by path without ids. */
  readonly calls: Readonly<Record<string, number>>;
  /** Answers about orders and listings by status and operation, such as `200 GET /orders/2026-01-01/orders`. */
  readonly answers: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

const REPORT_TYPE = 'GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2';

/**
 * A server that speaks Amazon's orders, listings, feeds, reports, finances and transfers APIs over one account: with access tokens, pages newest
 * first, packed documents under an address of their own, and 429 on demand.
 */
export async function startAmazonReference(options: AmazonReferenceOptions): Promise<AmazonReference> {
  const { account, pageSize = 2 } = options;
  const calls: Record<string, number> = {};
  let throttled = 0;
  let generation = 1;
  const answers: Record<string, number> = {};
  const state = { loginIsDown: false, lost: 0 };
  const { listings = emptyListings(), sellerId = 'SELLER1' } = options;
  const aboutOrders = orderRoutes({ orders: account.orders, pageSize, rates: options.rates, now: options.now, check: options.check ?? (() => null) }); // biome-ignore format: one thought
  const server = createServer((message, response) => {
    void answer(message, response).catch(() => response.writeHead(500).end());
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const url = `http://${options.host ?? '127.0.0.1'}:${address.port}`;

  const aboutListings = listingRoutes({ listings, sellerId, url, rates: options.rates, now: options.now, check: options.check ?? (() => null) }); // biome-ignore format: one thought

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(message.url ?? '/', url);
    const json = (status: number, body: string, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    const refuse = (status: number, code: string, headers?: Record<string, string>) =>
      json(status, JSON.stringify({ errors: [{ code, message: `the server says ${code}` }] }), headers);

    const [, section = ''] = /^(\/[a-z/]*[a-z])/i.exec(asked.pathname) ?? [];
    calls[section] = (calls[section] ?? 0) + 1;
    if (throttled > 0) {
      throttled -= 1;
      return refuse(429, 'QuotaExceeded', { 'x-amzn-RateLimit-Limit': '0.5' });
    }
    if (asked.pathname === '/auth/o2/token') {
      if (state.loginIsDown) return refuse(503, 'ServiceUnavailable');
      const form = new URLSearchParams(await textOf(message));
      if (form.get('refresh_token') !== options.refreshToken) return refuse(400, 'InvalidGrant');
      return json(200, JSON.stringify({ access_token: `access-${generation}`, token_type: 'bearer', expires_in: 3_600 })); // biome-ignore format: one thought
    }
    if (asked.pathname.startsWith('/download/')) {
      if (message.headers['x-amz-access-token']) return refuse(400, 'TokenGivenAway');
      const report = account.reports.find(({ reportId }) => asked.pathname === `/download/${reportId}`);
      return report ? void response.writeHead(200).end(gzipSync(report.content)) : refuse(404, 'NotFound');
    }
    if (asked.pathname.startsWith('/upload/')) {
      if (message.headers['x-amz-access-token']) return refuse(400, 'TokenGivenAway');
      const id = asked.pathname.slice('/upload/'.length);
      if (!listings.documents.has(id)) return refuse(404, 'NotFound');
      if (message.method === 'GET') return void response.writeHead(200).end(gzipSync(listings.documents.get(id) ?? ''));
      listings.documents.set(id, await textOf(message));
      return void response.writeHead(200).end();
    }
    if (message.headers['x-amz-access-token'] !== `access-${generation}`) return refuse(403, 'Unauthorized');
    const request = { method: message.method ?? '', asked, body: await textOf(message) };
    const told = aboutOrders(request) ?? aboutListings(request);
    if (told !== null) {
      const route = `${told.status} ${message.method} ${routeOf(asked.pathname)}`;
      answers[route] = (answers[route] ?? 0) + 1;
      if (state.lost > 0 && message.method !== 'GET' && told.status < 300) {
        state.lost -= 1;
        return void response.destroy();
      }
      if (told.status === 204) return void response.writeHead(204, { ...told.headers }).end();
      return json(told.status, JSON.stringify(told.body), told.headers);
    }
    const page = <Entry>(entries: readonly Entry[], token: string | null) => {
      const from = token === null ? 0 : Number(Buffer.from(token, 'base64url').toString());
      const next = from + pageSize;
      return {
        entries: entries.slice(from, next),
        next: next < entries.length ? Buffer.from(String(next)).toString('base64url') : null,
      };
    };
    const since = (name: string) => new Date(asked.searchParams.get(name) ?? 0);

    if (asked.pathname === '/reports/2021-06-30/reports') {
      const token = asked.searchParams.get('nextToken');
      if (token !== null && asked.searchParams.size > 1) return refuse(400, 'InvalidInput');
      // Amazon keeps what was asked for in the token.
      const [from, place] = token === null ? [since('createdSince').toISOString(), null] : token.split('|');
      const wanted = account.reports
        .filter(({ createdAt, status }) => createdAt >= new Date(from ?? 0) && status === 'DONE')
        .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
      const { entries, next } = page(wanted, place ?? null);
      const reports = entries.map(({ reportId, createdAt, status }) => ({ reportId, reportType: REPORT_TYPE, processingStatus: status, createdTime: createdAt.toISOString(), reportDocumentId: `document-${reportId}` })); // biome-ignore format: one thought
      return json(200, JSON.stringify({ reports, ...(next === null ? {} : { nextToken: `${from}|${next}` }) }));
    }
    const [, documentId] = /^\/reports\/2021-06-30\/documents\/document-(.+)$/.exec(asked.pathname) ?? [];
    if (documentId !== undefined)
      return json(200, JSON.stringify({ reportDocumentId: documentId, url: `${url}/download/${documentId}`, compressionAlgorithm: 'GZIP' })); // biome-ignore format: one thought
    if (asked.pathname === '/finances/v0/financialEventGroups') {
      const wanted = account.groups.filter(({ startedAt }) => startedAt >= since('FinancialEventGroupStartedAfter'));
      const { entries, next } = page(wanted, asked.searchParams.get('NextToken'));
      const list = entries.map(({ id, startedAt, endedAt }) => ({ FinancialEventGroupId: id, ProcessingStatus: endedAt === null ? 'Open' : 'Closed', FinancialEventGroupStart: startedAt.toISOString(), ...(endedAt === null ? {} : { FinancialEventGroupEnd: endedAt.toISOString() }) })); // biome-ignore format: one thought
      return json(200, JSON.stringify({ payload: { FinancialEventGroupList: list, ...(next === null ? {} : { NextToken: next }) } })); // biome-ignore format: one thought
    }
    if (asked.pathname === '/finances/2024-06-19/transactions') {
      if (asked.searchParams.get('relatedIdentifierName') !== 'FINANCIAL_EVENT_GROUP_ID') return refuse(400, 'InvalidInput'); // biome-ignore format: one thought
      const group = account.groups.find(({ id }) => id === asked.searchParams.get('relatedIdentifierValue'));
      const { entries, next } = page(group?.transactions ?? [], asked.searchParams.get('nextToken'));
      return json(200, `{"payload":{"transactions":[${entries.join(',')}],"nextToken":${JSON.stringify(next)}}}`);
    }
    if (asked.pathname === '/finances/transfers/2024-06-01/payouts') {
      const wanted = account.payouts.filter(({ createdAt }) => createdAt >= since('createdAfter'));
      const { entries, next } = page(wanted, asked.searchParams.get('nextToken'));
      return json(
        200,
        `{"payouts":[${entries.map((entry) => entry.json).join(',')}],"nextToken":${JSON.stringify(next)}}`,
      );
    }
    return refuse(404, 'NotFound');
  }

  return {
    url,
    loginUrl: `${url}/auth/o2/token`,
    throttle(requests) {
      throttled = requests;
    },
    expireTokens() {
      generation += 1;
    },
    loginIsDown(down) {
      state.loginIsDown = down;
    },
    loseAnswers(messages) {
      state.lost = messages;
    },
    calls,
    answers,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A path without ids. */
function routeOf(path: string): string {
  return path
    .replace(/(\/orders)\/[^/]+(?=$|\/shipmentConfirmation)/, '$1/{id}')
    .replace(/(\/items\/[^/]+)\/[^/]+$/, '$1/{sku}')
    .replace(/(\/feeds|\/documents)\/[^/]+$/, '$1/{id}');
}

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
