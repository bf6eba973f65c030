import type { Knex } from 'knex';
import { prepared } from '../../../platform/db/query.ts';
import { type OfferRow, offerOf, type TermsRow, termsOf } from '../../../platform/supply/rows.ts';
import type { ItemTerms } from '../../../platform/supply/serve.ts';
import { Supply, type Take } from '../../../platform/supply/supply.ts';
import { quoteLines } from '../commands/quote.ts';
import type { Quote } from '../pricing.ts';
import type { CaptureRequest } from './request.ts';

/** What a channel may do with a SKU. */
export interface ChannelTerms extends ItemTerms {
  /** Rules of single locations, or orders that are held or refused: more than a batch understands. */
  readonly isUnusual: boolean;
}

/** What is or was held for a cart, as it was sold. */
export interface NamedHold {
  readonly channelCode: string | null;
  /** LIVE: an order's own. OVER: the order has to find its goods again. The others serve no order, BOUND none that ships. */
  readonly state: 'LIVE' | 'OVER' | 'USED' | 'RELEASED' | 'BOUND';
  /** In the order in which its nodes are preferred. */
  readonly takes: readonly Take[];
}

/** All that a batch of orders is planned on: one reading of prices, rules and stock. It may be old when they are settled. */
export interface CaptureFacts {
  quotesOf(request: CaptureRequest): Quote[];
  termsOf(request: CaptureRequest, sku: string): ChannelTerms | undefined;
  readonly supply: Supply;
  /** Holds that are named by the batch, by their id. */
  readonly holds: ReadonlyMap<string, NamedHold>;
  /** Those of them that a request of the batch uses. */
  readonly usedHolds: Set<string>;
  /** A new order number for each request. */
  readonly numbers: readonly string[];
}

/** Reads the facts for a batch: a statement per owner and per price list or channel, whatever the number of orders. */
export async function readFacts(knex: Knex, requests: readonly CaptureRequest[]): Promise<CaptureFacts> {
  const [quotes, terms, supply, holds, numbers] = await Promise.all([
    readQuotes(knex, requests),
    readTerms(knex, requests),
    readSupply(knex, skusOf(requests), enoughFor(requests)),
    readHolds(knex, requests),
    prepared<{ number: string }>(
      knex,
      "select nextval('orders.order_number') as number from generate_series(1, ?::int)",
      [requests.length],
    ),
  ]);
  return {
    quotesOf: (request) =>
      request.input.lines.map((line) => {
        const quote = quotes.get(priceKey(request))?.get(lineKey(line));
        if (!quote) throw new Error('a line was not quoted');
        return quote;
      }),
    termsOf: (request, sku) => terms.get(request.channel.code)?.get(sku),
    supply,
    holds,
    usedHolds: new Set(),
    numbers: numbers.map((row) => row.number),
  };
}

type Quoted = { readonly sku: string; readonly quantity: number };

const priceKey = ({ channel, input }: CaptureRequest) => JSON.stringify([channel.priceList, input.currencyCode]);
const lineKey = ({ sku, quantity }: Quoted) => `${quantity} ${sku}`;

async function readQuotes(
  knex: Knex,
  requests: readonly CaptureRequest[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Quote>>> {
  const asked = new Map<string, { priceList: string; currencyCode: string; lines: Map<string, Quoted> }>();
  for (const request of requests) {
    const key = priceKey(request);
    const group = asked.get(key) ?? {
      priceList: request.channel.priceList,
      currencyCode: request.input.currencyCode,
      lines: new Map<string, Quoted>(),
    };
    asked.set(key, group);
    for (const line of request.input.lines) group.lines.set(lineKey(line), line);
  }
  const answers = await Promise.all(
    [...asked].map(async ([key, { priceList, currencyCode, lines }]) => {
      const quotes = await quoteLines(knex, priceList, currencyCode, [...lines.values()]);
      return [key, new Map([...lines.keys()].map((line, index) => [line, quotes[index] as Quote]))] as const;
    }),
  );
  return new Map(answers);
}

async function readTerms(
  knex: Knex,
  requests: readonly CaptureRequest[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, ChannelTerms>>> {
  const channels = new Map(requests.map(({ channel }) => [channel.code, channel]));
  const answers = await Promise.all(
    [...channels].map(async ([code, { safetyStock }]) => {
      const ofChannel = requests.filter((request) => request.channel.code === code);
      const rows = await prepared<TermsRow>(knex, 'select * from inventory.sale_terms(?, ?::text[], ?)', [
        code,
        skusOf(ofChannel),
        ofChannel.some(({ input }) => input.allowBackorder ?? false),
      ]);
      const terms = rows.map(
        (row) => [row.sku, { ...termsOf(row, safetyStock), isUnusual: row.is_unusual || row.is_closed }] as const,
      );
      return [code, new Map(terms)] as const;
    }),
  );
  return new Map(answers);
}

/** @param enough units of which no request of the batch can want more: then the exact number does not matter */
async function readSupply(knex: Knex, skus: readonly string[], enough: number): Promise<Supply> {
  const rows = await prepared<OfferRow>(knex, 'select * from inventory.batch_supply(?::text[], ?)', [skus, enough]);
  return new Supply(rows.map(offerOf));
}

async function readHolds(knex: Knex, requests: readonly CaptureRequest[]): Promise<Map<string, NamedHold>> {
  const named = requests.flatMap(({ input }) => (input.reservationId == null ? [] : [input.reservationId]));
  const holds = new Map<string, NamedHold & { takes: Take[] }>();
  if (named.length === 0) return holds;
  const rows = await prepared<{
    reservation_id: string;
    channel_code: string | null;
    state: NamedHold['state'];
    sku: string;
    location_id: string;
    quantity: number;
  }>(knex, 'select * from inventory.named_holds(?::text[])', [[...new Set(named)]]);
  for (const { reservation_id, channel_code, state, sku, location_id, quantity } of rows) {
    const hold = holds.get(reservation_id) ?? { channelCode: channel_code, state, takes: [] };
    holds.set(reservation_id, hold);
    hold.takes.push({ item: sku, source: location_id, units: quantity });
  }
  return holds;
}

/**
 * All units of a batch, and what channels leave to others: so many of a SKU are as good as any number. A rule that
 * withholds more than that only sends its orders alone.
 */
function enoughFor(requests: readonly CaptureRequest[]): number {
  const units = requests.flatMap(({ input }) => input.lines).reduce((sum, line) => sum + Math.max(0, line.quantity), 0);
  const withheld = Math.max(...requests.map(({ channel }) => channel.safetyStock));
  return Math.min(2_000_000_000, units + withheld);
}

function skusOf(requests: readonly CaptureRequest[]): string[] {
  return [...new Set(requests.flatMap((request) => request.input.lines.map((line) => line.sku)))];
}
