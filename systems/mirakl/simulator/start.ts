import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createPace, type Pace, type Rate } from '../../client-kit/pace.ts';
import type { NewRefund, NewShipment } from '../wire.ts';
import { emptyOffers, type MiraklOffers, reportOf, takeFile } from './offers.ts';
import { answer, cancel, MiraklRefusal, type MiraklShop, refund, type StoredOrder, ship, shipWhole, toJson } from './shop.ts'; // biome-ignore format: one line

export interface MiraklReferenceOptions {
  readonly shop: MiraklShop;
  /** Default: none. */
  readonly offers?: MiraklOffers;
  readonly apiKey: string;
  /** Default 127.0.0.1 and any free port. */
  readonly host?: string;
  readonly port?: number;
  /** Largest page that is given, whatever is asked for. Small ones make all readers turn pages. Default 2. */
  readonly pageSize?: number;
  /** How often an operation may be called, such as `STO02`. Default: any number. */
  readonly rates?: Readonly<Record<string, Rate>>;
}

export interface MiraklReference {
  readonly url: string;
  /** Answers 503 from now on, or again. */
  isDown: boolean;
  /** So many of the next messages take effect and are not answered. */
  loseAnswers(messages: number): void;
  /** Answers by status and operation, such as `200 OR11`. */
  readonly answers: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

const OPERATIONS: readonly (readonly [operation: string, route: RegExp])[] = [
  ['OR11', /^GET \/api\/orders$/],
  ['OR21', /^PUT \/api\/orders\/([^/]+)\/accept$/],
  ['OR23', /^PUT \/api\/orders\/([^/]+)\/tracking$/],
  ['OR24', /^PUT \/api\/orders\/([^/]+)\/ship$/],
  ['OR28', /^PUT \/api\/orders\/refund$/],
  ['OR30', /^PUT \/api\/orders\/cancel$/],
  ['ST01', /^POST \/api\/shipments$/],
  ['ST11', /^GET \/api\/shipments$/],
  ['STO01', /^POST \/api\/offers\/stock\/imports$/],
  ['STO02', /^GET \/api\/offers\/stock\/imports\/([^/]+)\/status$/],
  ['STO03', /^GET \/api\/offers\/stock\/imports\/([^/]+)\/error_report$/],
  ['PRI01', /^POST \/api\/offers\/pricing\/imports$/],
  ['PRI02', /^GET \/api\/offers\/pricing\/imports$/],
  ['PRI03', /^GET \/api\/offers\/pricing\/imports\/([^/]+)\/error_report$/],
  ['OF21', /^GET \/api\/offers$/],
];

interface Answer {
  readonly status: number;
  /** Text goes as a file; left out, there is no content. */
  readonly content?: unknown;
}

/**
 * A server that speaks Mirakl's seller API over one shop: the key as it is, pages by offset and by token, requests that are
 * refused as a whole, answers that are accepted before they are applied, imports with a report of what was not applied.
 */
export async function startMiraklReference(options: MiraklReferenceOptions): Promise<MiraklReference> {
  const { shop, offers = emptyOffers(), pageSize = 2, rates = {} } = options;
  const answers: Record<string, number> = {};
  const paces = new Map<string, Pace>(Object.entries(rates).map(([operation, rate]) => [operation, createPace(rate, Date.now)])); // biome-ignore format: one thought
  const state = { isDown: false, lost: 0 };
  const server = createServer((message, response) => {
    void handle(message, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const url = `http://${options.host ?? '127.0.0.1'}:${address.port}`;

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(message.url ?? '/', url);
    const body = await textOf(message);
    const [operation, id] = operationOf(`${message.method} ${asked.pathname}`);
    const { status, content } = decide(operation, id, asked.searchParams, message, body);
    const name = `${status} ${operation}`;
    answers[name] = (answers[name] ?? 0) + 1;
    if (state.lost > 0 && message.method !== 'GET' && status < 400) {
      state.lost -= 1;
      response.destroy();
      return;
    }
    if (content === undefined) response.writeHead(status).end();
    else if (typeof content === 'string') response.writeHead(status, { 'content-type': 'text/csv' }).end(content);
    else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
  }

  function decide(operation: string, id: string, query: URLSearchParams, message: IncomingMessage, body: string): Answer {
    if (state.isDown) return error(503, 'down');
    if (message.headers.authorization !== options.apiKey) return error(401, 'unauthorized');
    const pace = paces.get(operation);
    if (pace && pace.waitMillis() > 0) return error(429, 'too many requests');
    pace?.count();
    try {
      if (message.headers['content-type']?.startsWith('multipart/form-data')) return file(operation, message, body);
      return serve(operation, id, query, body === '' ? {} : (JSON.parse(body) as Body));
    } catch (reason) {
      if (reason instanceof MiraklRefusal || reason instanceof SyntaxError) return error(400, reason.message);
      throw reason;
    }
  } // biome-ignore format: one thought

  function serve(operation: string, id: string, query: URLSearchParams, body: Body): Answer {
    switch (operation) {
      case 'OR11':
        return orders(query);
      case 'OR21':
        answer(shop, orderOf(id), body.order_lines ?? []);
        return { status: 204 };
      case 'OR23':
        if (!body.carrier_code && !body.carrier_name) return error(400, 'carrier');
        Object.assign(orderOf(id).head, { shipping_tracking: body.tracking_number });
        return { status: 204 };
      case 'OR24':
        shipWhole(shop, orderOf(id));
        return { status: 204 };
      case 'OR28':
        isTaxIncluded(body);
        refund(shop, body.refunds ?? []);
        return { status: 200, content: { order_tax_mode: body.order_tax_mode, refunds: body.refunds } };
      case 'OR30':
        isTaxIncluded(body);
        cancel(shop, body.cancelations ?? []);
        return { status: 200, content: { cancelations: body.cancelations } };
      case 'ST01':
        return shipments(body.shipments ?? []);
      case 'ST11':
        return shipmentsOf(query);
      case 'STO02':
        return importOf(id, 'stock', (found) => ({ status: 200, content: statusOf(found) }));
      case 'PRI02':
        return importOf(query.get('import_id') ?? '', 'pricing', (found) => ({ status: 200, content: { data: [statusOf(found)] } })); // biome-ignore format: one thought
      case 'STO03':
      case 'PRI03':
        return importOf(id, operation === 'STO03' ? 'stock' : 'pricing', (found) =>
          found.errors.size === 0 ? error(404, 'no report') : { status: 200, content: reportOf(found) },
        );
      case 'OF21':
        return offersPage(query);
      default:
        return error(404, 'no such operation');
    }
  }

  function orders(query: URLSearchParams): Answer {
    const [ids, since] = [query.get('order_ids')?.split(','), query.get('start_update_date')];
    const wanted = [...shop.orders.values()]
      .filter(({ id, updatedAt }) => (ids ? ids.includes(id) : true) && (since ? updatedAt >= new Date(since) : true))
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || a.id.localeCompare(b.id));
    const { page, total } = pageOf(wanted, query);
    return { status: 200, content: { orders: page.map(toJson), total_count: total } };
  }

  function offersPage(query: URLSearchParams): Answer {
    const { page, total } = pageOf([...offers.offers], query);
    const shown = page.map(([shop_sku, { quantity, price }], index) => ({ offer_id: index, shop_sku, quantity, price, currency_iso_code: 'EUR', active: true })); // biome-ignore format: one thought
    return { status: 200, content: { offers: shown, total_count: total } };
  }

  function pageOf<Entry>(all: readonly Entry[], query: URLSearchParams) {
    const max = Number(query.get('max') ?? 10);
    if (!(max >= 1 && max <= 100)) throw new MiraklRefusal('max');
    const offset = Number(query.get('offset') ?? 0);
    return { page: all.slice(offset, offset + Math.min(max, pageSize)), total: all.length };
  }

  function shipments(wanted: readonly NewShipment[]): Answer {
    const [errors, taken]: [unknown[], unknown[]] = [[], []];
    for (const one of wanted)
      try {
        ship(shop, one);
        taken.push({ order_id: one.order_id });
      } catch (reason) {
        if (!(reason instanceof MiraklRefusal)) throw reason;
        errors.push({ order_id: one.order_id, errors: [{ message: reason.message }] });
      }
    return { status: 200, content: { shipment_errors: errors, shipment_success: taken } };
  }

  function shipmentsOf(query: URLSearchParams): Answer {
    const wanted = shop.shipments.filter(({ order_id }) => order_id === query.get('order_id'));
    const from = Number(query.get('page_token') ?? 0);
    const next = from + pageSize;
    const more = next < wanted.length ? { next_page_token: String(next) } : {};
    return { status: 200, content: { data: wanted.slice(from, next), ...more } };
  }

  function file(operation: string, { headers }: IncomingMessage, body: string): Answer {
    const kind = operation === 'STO01' ? 'stock' : operation === 'PRI01' ? 'pricing' : null;
    const [, boundary = ''] = /boundary=(.+)$/.exec(headers['content-type'] ?? '') ?? [];
    const part = body.split(`--${boundary}`)[1] ?? '';
    const begin = part.indexOf('\r\n\r\n');
    if (kind === null || !part.slice(0, begin).includes('name="file"')) return error(400, 'file');
    const id = takeFile(offers, kind, part.slice(begin).trim());
    return id === null ? error(400, 'columns') : { status: 201, content: { import_id: id } };
  }

  function importOf(id: string, kind: string, shown: (found: Import) => Answer): Answer {
    const found = offers.imports.get(id);
    return found?.kind === kind ? shown(found) : error(404, 'no such import');
  }

  function orderOf(id: string): StoredOrder {
    const found = shop.orders.get(id);
    if (!found) throw new MiraklRefusal('there is no such order');
    return found;
  }

  return {
    url,
    get isDown() {
      return state.isDown;
    },
    set isDown(isDown) {
      state.isDown = isDown;
    },
    loseAnswers(messages) {
      state.lost = messages;
    },
    answers,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Import = NonNullable<ReturnType<MiraklOffers['imports']['get']>>;

interface Body {
  readonly order_tax_mode?: string;
  readonly order_lines?: readonly { id: string; accepted: boolean }[];
  readonly shipments?: readonly NewShipment[];
  readonly refunds?: readonly NewRefund[];
  readonly cancelations?: readonly NewRefund[];
  readonly carrier_code?: string;
  readonly carrier_name?: string;
  readonly tracking_number?: string;
}

const error = (status: number, message: string): Answer => ({ status, content: { status, message } });

function statusOf({ id, status, errors, rows }: Import) {
  const isOver = status === 'COMPLETE';
  return { import_id: id, status, date_created: '2026-11-28T08:00:00Z', has_error_report: errors.size > 0, shop_id: 2000, ...(isOver ? { lines_in_error: errors.size, lines_in_success: rows.length - 1 - errors.size } : {}) }; // biome-ignore format: one answer
}

function isTaxIncluded({ order_tax_mode }: Body): void {
  if (order_tax_mode !== 'TAX_INCLUDED') throw new MiraklRefusal('order_tax_mode');
}

function operationOf(route: string): readonly [operation: string, id: string] {
  for (const [operation, pattern] of OPERATIONS) {
    const found = pattern.exec(route);
    if (found) return [operation, decodeURIComponent(found[1] ?? '')];
  }
  return ['unknown', ''];
}

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
