import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { CancelLine, RefundLine, ShipLine } from '../wire.ts';
import { acknowledge, cancel, refund, type StoredOrder, ship, toJson, type WalmartAccount, WalmartRefusal } from './account.ts'; // biome-ignore format: one line
import { answerListings, type ListingMessage } from './listing-routes.ts';
import { emptyListings, type WalmartListings } from './listings.ts';

export interface WalmartReferenceOptions {
  readonly account: WalmartAccount;
  /** Default: none, and one node. */
  readonly listings?: WalmartListings;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Default 127.0.0.1 and any free port. */
  readonly host?: string;
  readonly port?: number;
  /** Largest page that is given, whatever is asked for. Small ones make all readers turn pages. Default 2. */
  readonly pageSize?: number;
  /** Requests that are answered in a window, and how long one is in milliseconds. Default: any number. */
  readonly rate?: { readonly requests: number; readonly windowMillis: number };
  /** What is wrong with a body by the published model; null when nothing is. Default: bodies are taken as they are. */
  readonly check?: (operation: 'shipping' | 'cancel' | 'refund' | ListingMessage, body: unknown) => string | null;
}

export interface WalmartReference {
  readonly url: string;
  /** The token endpoint answers 503 from now on, or again. */
  tokensAreDown(down: boolean): void;
  /** Access tokens that were given are refused from now on. */
  expireTokens(): void;
  /** So many of the next messages take effect and are not answered. */
  loseAnswers(messages: number): void;
  /** Whether single entries come without their list. */
  loose: boolean;
  /** Answers by status and path without ids, such as `200 GET /v3/orders`. */
  readonly answers: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** A list of orders begins so long ago where nobody says since when. */
const DEFAULT_DAYS = 7;

/**
 * A server that speaks Walmart's token, order, stock, price and feed APIs over one account: required headers, tokens that end, the number of
 * calls that are left in every answer, 429 beyond it, cursors that are a whole query, and errors as Walmart wraps them.
 */
export async function startWalmartReference(options: WalmartReferenceOptions): Promise<WalmartReference> {
  const { account, listings = emptyListings(), pageSize = 2, rate } = options;
  const answers: Record<string, number> = {};
  const state = { generation: 1, down: false, lost: 0, loose: false };
  let window = { until: 0, left: 0 };
  const server = createServer((message, response) => {
    void answer(message, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const url = `http://${options.host ?? '127.0.0.1'}:${address.port}`;

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(message.url ?? '/', url);
    const body = await textOf(message);
    const limits = count();
    const send: Send = (status, content) => {
      const route = `${status} ${message.method} ${asked.pathname.replace(/^(\/v3\/(?:orders|inventories|feeds))\/[^/]+/, '$1/{id}')}`;
      answers[route] = (answers[route] ?? 0) + 1;
      response
        .writeHead(status, { 'content-type': 'application/json', ...limits.headers })
        .end(JSON.stringify(content));
      return undefined;
    };
    const refuse: Refuse = (status, code) =>
      send(status, { errors: { error: [{ code, description: `the server says ${code}`, severity: 'ERROR' }] } });

    if (limits.exceeded) return refuse(429, 'REQUEST_THRESHOLD_VIOLATED.GMP_GATEWAY_API');
    if (!message.headers['wm_qos.correlation_id'] || !message.headers['wm_svc.name'])
      return refuse(400, 'INVALID_REQUEST_HEADER.GMP_GATEWAY_API');
    if (asked.pathname === '/v3/token') return giveToken(message, body, send, refuse);
    if (message.headers['wm_sec.access_token'] !== `access-${state.generation}`)
      return refuse(401, 'UNAUTHORIZED.GMP_GATEWAY_API');
    if (asked.pathname === '/v3/orders' && message.method === 'GET') return list(asked, send, refuse);
    const aboutItems = { message, asked, body, pageSize, check: options.check ?? (() => null), send, refuse };
    if (answerListings(listings, aboutItems)) return;
    const [, id = '', what = ''] = /^\/v3\/orders\/([^/]+)(?:\/(acknowledge|shipping|cancel|refund))?$/.exec(asked.pathname) ?? []; // biome-ignore format: one thought
    const order = account.orders.get(decodeURIComponent(id));
    if (!order) return refuse(404, 'CONTENT_NOT_FOUND.GMP_ORDER_API');
    if (message.method === 'GET') return send(200, { order: toJson(order, state.loose) });
    try {
      take(order, what, body);
    } catch (error) {
      if (error instanceof WalmartRefusal) return refuse(400, error.code);
      throw error;
    }
    if (state.lost > 0) {
      state.lost -= 1;
      response.destroy();
      return;
    }
    send(200, { order: toJson(order, state.loose) });
  }

  function take(order: StoredOrder, what: string, text: string): void {
    if (what === 'acknowledge') acknowledge(order);
    else {
      const body = JSON.parse(text) as Record<string, { orderLines: { orderLine: never } }>;
      const problem = options.check?.(what as 'shipping', body) ?? null;
      if (problem !== null) throw new WalmartRefusal('INVALID_REQUEST_CONTENT', problem);
      const lines = (of: string) => body[of]?.orderLines.orderLine ?? [];
      if (what === 'shipping') ship(order, lines('orderShipment') as readonly ShipLine[]);
      if (what === 'cancel') cancel(order, lines('orderCancellation') as readonly CancelLine[]);
      if (what === 'refund') refund(order, lines('orderRefund') as readonly RefundLine[]);
    }
    order.modifiedAt = Date.now();
  }

  function giveToken(message: IncomingMessage, body: string, send: Send, refuse: Refuse): undefined {
    const { clientId, clientSecret } = options;
    if (state.down) return refuse(503, 'SYSTEM_ERROR.GMP_GATEWAY_API');
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const isForm = message.headers['content-type'] === 'application/x-www-form-urlencoded';
    if (message.headers.authorization !== `Basic ${basic}`) return refuse(401, 'UNAUTHORIZED.GMP_GATEWAY_API');
    if (!isForm || new URLSearchParams(body).get('grant_type') !== 'client_credentials')
      return refuse(400, 'INVALID_REQUEST_CONTENT.GMP_GATEWAY_API');
    send(200, { access_token: `access-${state.generation}`, token_type: 'Bearer', expires_in: 900 });
  }

  function list({ searchParams }: URL, send: Send, refuse: Refuse): undefined {
    const limit = Number(searchParams.get('limit') ?? 100);
    if (limit > 200) return refuse(400, 'INVALID_REQUEST_PARAM.GMP_ORDER_API');
    const since = (name: string, otherwise: number) => Date.parse(searchParams.get(name) ?? '') || otherwise;
    const created = since('createdStartDate', Date.now() - DEFAULT_DAYS * 86_400_000);
    const modified = since('lastModifiedStartDate', 0);
    const wanted = [...account.orders.values()]
      .filter((order) => order.createdAt >= created && order.modifiedAt >= modified)
      .sort((a, b) => b.createdAt - a.createdAt || b.purchaseOrderId.localeCompare(a.purchaseOrderId));
    const from = Number(searchParams.get('soIndex') ?? 0);
    const next = from + Math.min(limit, pageSize);
    const page = wanted.slice(from, next).map((order) => toJson(order, state.loose));
    if (page.length === 0) return refuse(404, 'CONTENT_NOT_FOUND.GMP_ORDER_API');
    const cursor = new URLSearchParams([...searchParams, ['hasMoreElements', 'true'], ['partnerId', '100009']]);
    cursor.set('soIndex', String(next));
    send(200, {
      list: {
        meta: {
          totalCount: wanted.length,
          limit,
          ...(next < wanted.length ? { nextCursor: `?${cursor.toString()}` } : {}),
        },
        elements: { order: state.loose && page.length === 1 ? page[0] : page },
      },
    });
  }

  function count() {
    if (!rate) return { exceeded: false, headers: {} };
    if (Date.now() >= window.until) window = { until: Date.now() + rate.windowMillis, left: rate.requests };
    const exceeded = window.left === 0;
    if (!exceeded) window.left -= 1;
    return { exceeded, headers: { 'X-Current-Token-Count': window.left, 'X-Next-Replenishment-Time': window.until } };
  }

  return {
    url,
    tokensAreDown(down) {
      state.down = down;
    },
    expireTokens() {
      state.generation += 1;
    },
    loseAnswers(messages) {
      state.lost = messages;
    },
    get loose() {
      return state.loose;
    },
    set loose(loose) {
      state.loose = loose;
    },
    answers,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Send = (status: number, content: unknown) => undefined;
type Refuse = (status: number, code: string) => undefined;

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
