import { z } from 'zod';
import { FileBody } from '../client-kit/exchange.ts';
import { badResponse, refusedBy } from '../client-kit/failure.ts';
import { createPace, type Rate } from '../client-kit/pace.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemCall } from '../client-kit/system-client.ts';
import { readCsv, writeCsv } from './csv.ts';
import { MIRAKL_RATES } from './rates.ts';
import { anyAnswer, importAccepted, type MiraklImport, type MiraklOffer, type MiraklOrder, type MiraklShipment, type MiraklTracking, miraklOrder, type NewCancelation, type NewRefund, type NewShipment, offersPage, ordersPage, pricingImports, shipmentsAnswer, shipmentsPage, stockImport } from './wire.ts'; // biome-ignore format: one line

export interface MiraklClientOptions {
  /** Of the operator's instance, e.g. https://your-instance.mirakl.net. */
  readonly baseUrl: string;
  /** The shop's API key. */
  readonly apiKey: string;
  /** Where the user of the key has several shops. */
  readonly shopId?: string | undefined;
  /** Of one call with its repetitions, in milliseconds. */
  readonly timeoutMillis: number;
  /** Entries of a page, 1 to 100. Default 100. */
  readonly pageSize?: number;
  /** Default: what Mirakl publishes. */
  readonly rates?: Readonly<Record<'stockStatus' | 'pricingStatus' | 'report', Rate>>;
  /** Milliseconds since 1970; tests pass their own. */
  readonly now?: () => number;
}

/** Files that are worked on after they were accepted. */
export type ImportKind = 'stock' | 'pricing';

/** What became of an import. `refused`: by offer SKU, why; all that it does not name was applied. Null `refused`: nothing of it was. */
export interface ImportOutcome {
  readonly refused: ReadonlyMap<string, string> | null;
}

/** A shop at a marketplace that runs on Mirakl. Every failure is a CommerceError, see `createSystemClient`. */
export interface MiraklClient {
  /** Orders that changed since a moment, as they came, page by page (OR11). Prices contain tax. */
  changedOrders(since: Date, signal: AbortSignal): AsyncIterable<readonly unknown[]>;
  /** @throws CommerceError SYSTEM_REJECTED when there is none of that id */
  order(orderId: string, signal: AbortSignal): Promise<MiraklOrder>;
  /** Takes lines on or refuses them (OR21). Accepted is not applied: the order says when it is. */
  answer(orderId: string, lines: readonly { readonly id: string; readonly accepted: boolean }[], signal: AbortSignal): Promise<void>;
  /** The parcels that it has of an order (ST11). */
  shipments(orderId: string, signal: AbortSignal): Promise<readonly MiraklShipment[]>;
  /** @returns how many of them it refused (ST01) */
  ship(shipments: readonly NewShipment[], signal: AbortSignal): Promise<number>;
  /** Says how the whole order was sent (OR23), and that it was (OR24). */
  shipWhole(orderId: string, tracking: MiraklTracking, signal: AbortSignal): Promise<void>;
  /** All of them or none (OR28). */
  refund(refunds: readonly NewRefund[], signal: AbortSignal): Promise<void>;
  /** All of them or none (OR30). */
  cancel(cancelations: readonly NewCancelation[], signal: AbortSignal): Promise<void>;
  /** Hands a file in (STO01, PRI01); the first row has the names of the columns. @returns its id: it is worked on later */
  startImport(kind: ImportKind, rows: readonly (readonly string[])[], signal: AbortSignal): Promise<string>;
  /** Null while it is worked on, or while it is too early to ask again. */
  importOutcome(kind: ImportKind, importId: string, signal: AbortSignal): Promise<ImportOutcome | null>;
  /** The shop's offers, page by page (OF21). */
  offers(signal: AbortSignal): AsyncIterable<readonly MiraklOffer[]>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
} // biome-ignore format: a table

const SYSTEM = 'MIRAKL';
const TAX_INCLUDED = 'TAX_INCLUDED';
/** Above this, pages lead in a circle. */
const MOST_PAGES = 5_000;
const IN_WORK: readonly string[] = ['WAITING', 'RUNNING'];

export function createMiraklClient(options: MiraklClientOptions): MiraklClient {
  const { baseUrl, apiKey, shopId, timeoutMillis, pageSize = 100, rates = MIRAKL_RATES, now = Date.now } = options;
  const client = createSystemClient(SYSTEM, { baseUrl, token: '', timeoutMillis, errorIn });
  const status = { stock: createPace(rates.stockStatus, now), pricing: createPace(rates.pricingStatus, now) };
  const report = { stock: createPace(rates.report, now), pricing: createPace(rates.report, now) };
  /** Imports whose status says that they are done, while their report may not be asked for yet. */
  const done = new Map<string, MiraklImport>();

  // The key goes as it is, without a scheme before it.
  const call = <Answer extends z.ZodType>(wanted: Omit<SystemCall<Answer>, 'authorization'>) =>
    client.call({ ...wanted, query: { ...wanted.query, shop_id: shopId }, authorization: apiKey });
  const read = <Answer extends z.ZodType>(
    path: string,
    query: SystemCall<Answer>['query'],
    answer: Answer,
    signal: AbortSignal,
  ) => call({ method: 'GET', path, ...(query ? { query } : {}), answer, repeatable: true, signal });
  // Nothing names a message: what was not answered is not repeated here, see the adapters.
  const put = async (path: string, body: unknown, signal: AbortSignal): Promise<void> => {
    await call({ method: 'PUT', path, body, answer: anyAnswer, repeatable: false, signal });
  }; // biome-ignore format: one thought
  const pathOf = (orderId: string) => `/api/orders/${encodeURIComponent(orderId)}`;

  /** All pages of what counts its entries and begins at an offset. */
  async function* pages<Entry>(ask: (offset: number) => Promise<{ entries: readonly Entry[]; total: number }>) {
    for (let page = 0, offset = 0; page < MOST_PAGES; page += 1) {
      const { entries, total } = await ask(offset);
      yield entries;
      offset += entries.length;
      if (entries.length === 0 || offset >= total) return;
    }
    throw badResponse(SYSTEM, 'total_count');
  }

  return {
    changedOrders(since, signal) {
      // By creation, which does not change: an order that changes meanwhile moves none that was not told yet.
      const query = { start_update_date: since.toISOString(), order_tax_mode: TAX_INCLUDED, max: pageSize, sort: 'dateCreated', order: 'asc' }; // biome-ignore format: one thought
      return pages(async (offset) => {
        const page = await read('/api/orders', { ...query, offset }, ordersPage, signal);
        return { entries: page.orders, total: page.total_count };
      });
    },
    async order(orderId, signal) {
      const page = await read('/api/orders', { order_ids: orderId, order_tax_mode: TAX_INCLUDED }, ordersPage, signal);
      const [found] = page.orders;
      const order = found === undefined ? null : miraklOrder.safeParse(found);
      if (order === null) throw refusedBy(SYSTEM, { systemCode: 'ORDER_NOT_FOUND' });
      if (!order.success) throw badResponse(SYSTEM, `shape of ${order.error.issues[0]?.path.join('.') ?? 'an order'}`);
      return order.data;
    },
    answer: (orderId, lines, signal) => put(`${pathOf(orderId)}/accept`, { order_lines: lines }, signal),
    async shipments(orderId, signal) {
      const all: MiraklShipment[] = [];
      for (let page = 0, token: string | null | undefined; page < MOST_PAGES; page += 1) {
        const query = { order_id: orderId, limit: pageSize, page_token: token ?? undefined };
        const answer: z.output<typeof shipmentsPage> = await read('/api/shipments', query, shipmentsPage, signal);
        all.push(...answer.data);
        token = answer.next_page_token;
        if (!token) return all;
      }
      throw badResponse(SYSTEM, 'next_page_token');
    },
    async ship(shipments, signal) {
      const answer = await call({ method: 'POST', path: '/api/shipments', body: { shipments }, answer: shipmentsAnswer, repeatable: false, signal }); // biome-ignore format: one thought
      return answer.shipment_errors.length;
    },
    async shipWhole(orderId, tracking, signal) {
      await put(`${pathOf(orderId)}/tracking`, tracking, signal);
      await put(`${pathOf(orderId)}/ship`, undefined, signal);
    },
    refund: (refunds, signal) => put('/api/orders/refund', { order_tax_mode: TAX_INCLUDED, refunds }, signal),
    cancel: (cancelations, signal) => put('/api/orders/cancel', { order_tax_mode: TAX_INCLUDED, cancelations }, signal),
    async startImport(kind, rows, signal) {
      const body = new FileBody(writeCsv(rows), `${kind}.csv`, 'text/csv');
      // One that was not answered is sent anew by whoever sends it, with what holds then.
      const answer = await call({ method: 'POST', path: `/api/offers/${kind}/imports`, body, answer: importAccepted, repeatable: false, signal }); // biome-ignore format: one thought
      return answer.import_id;
    },
    async importOutcome(kind, importId, signal) {
      const key = `${kind} ${importId}`;
      const found = done.get(key) ?? (await statusOf(kind, importId, signal));
      if (found === null || IN_WORK.includes(found.status)) return null;
      if (found.status !== 'COMPLETE' && found.status !== 'FAILED') throw badResponse(SYSTEM, 'status of an import');
      if (found.status === 'FAILED' || !found.has_error_report) {
        done.delete(key);
        return { refused: found.status === 'FAILED' ? null : new Map() };
      }
      done.set(key, found);
      if (report[kind].waitMillis() > 0) return null;
      report[kind].count();
      const path = `/api/offers/${kind}/imports/${encodeURIComponent(importId)}/error_report`;
      const text = await call({ method: 'GET', path, answer: z.string(), isText: true, repeatable: true, signal });
      done.delete(key);
      return { refused: refusedIn(text) };
    },
    offers: (signal) =>
      pages(async (offset) => {
        const page = await read('/api/offers', { max: pageSize, offset }, offersPage, signal);
        return { entries: page.offers, total: page.total_count };
      }),
    statistics: client.statistics,
    close: client.close,
  };

  async function statusOf(kind: ImportKind, importId: string, signal: AbortSignal): Promise<MiraklImport | null> {
    if (status[kind].waitMillis() > 0) return null;
    status[kind].count();
    const id = encodeURIComponent(importId);
    if (kind === 'stock') return read(`/api/offers/stock/imports/${id}/status`, undefined, stockImport, signal);
    const { data } = await read('/api/offers/pricing/imports', { import_id: importId }, pricingImports, signal);
    const found = data.find(({ import_id }) => import_id === importId);
    if (!found) throw badResponse(SYSTEM, 'the import is not among those asked for');
    return found;
  }
}

/** Pure: offers of an error report with their reason. The columns are the number of a line, the reason, and those of the file. */
function refusedIn(text: string): ReadonlyMap<string, string> {
  const [head = [], ...rows] = readCsv(text);
  const column = head.indexOf('offer-sku');
  if (column < 0) throw badResponse(SYSTEM, 'an error report without offer-sku');
  return new Map(rows.map((row) => [row[column] ?? '', codeOf(row[1] ?? '')]));
}

/** One of Mirakl's reasons, which are text, as our codes are written. */
function codeOf(reason: string): string {
  const code = reason.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_').replaceAll(/^[^A-Z]+|_+$/g, '').slice(0, 64); // biome-ignore format: one thought
  return code === '' ? 'REFUSED' : code;
}

/** Its errors are a text with a status, some with a code: only that is taken, for texts name what was sent. */
function errorIn(answer: unknown): unknown {
  const code = z.object({ code: z.string() }).safeParse(answer).data?.code;
  return code === undefined ? null : { error: { code: codeOf(code) } };
}
