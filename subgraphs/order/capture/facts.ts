import type { Knex } from 'knex';
import { prepared } from '../../../platform/db/query.ts';
import { Supply, type Take } from '../../../platform/supply/supply.ts';
import { quoteLines } from '../commands/quote.ts';
import type { Quote } from '../pricing.ts';
import type { CaptureRequest } from './request.ts';

/** What a channel may do with a SKU. */
export interface ChannelTerms {
  /** Units withheld from the channel; null when its own safety stock applies. */
  readonly withheld: number | null;
  /** Most units it may sell with one order; null for any number. */
  readonly cap: number | null;
  /** Units to leave besides, because a system of record is not heard. */
  readonly keptBack: number;
  /** A bundle, a preorder, rules of single locations, or orders that are held or refused: more than a batch understands. */
  readonly isUnusual: boolean;
}

/** What is held for a cart, by the channel that may use it. */
export interface LiveHold {
  readonly channelCode: string | null;
  /** In the order in which its nodes are preferred. */
  readonly takes: readonly Take[];
}

/** All that a batch of orders is planned on: one reading of prices, rules and stock. It may be old when they are settled. */
export interface CaptureFacts {
  quotesOf(request: CaptureRequest): Quote[];
  termsOf(request: CaptureRequest, sku: string): ChannelTerms | undefined;
  readonly supply: Supply;
  /** Holds that are named by the batch and alive, by their id. Whoever uses one takes it out. */
  readonly holds: Map<string, LiveHold>;
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
  const channels = [...new Set(requests.map((request) => request.channel.code))];
  const answers = await Promise.all(
    channels.map(async (code) => {
      const rows = await prepared<{
        sku: string;
        withheld: number | null;
        cap: number | null;
        unusual: boolean;
        kept_back: number;
      }>(
        knex,
        'select sku, withheld, cap, kept_back, unusual or closed as unusual from inventory.capture_terms(?, ?::text[])',
        [code, skusOf(requests.filter((request) => request.channel.code === code))],
      );
      const terms = rows.map(
        ({ sku, withheld, cap, unusual, kept_back }) =>
          [sku, { withheld, cap, keptBack: kept_back, isUnusual: unusual }] as const,
      );
      return [code, new Map(terms)] as const;
    }),
  );
  return new Map(answers);
}

/** @param enough units of which no request of the batch can want more: then the exact number does not matter */
async function readSupply(knex: Knex, skus: readonly string[], enough: number): Promise<Supply> {
  const rows = await prepared<{ sku: string; location_id: string; preference: number; available: number }>(
    knex,
    'select sku, location_id, preference, available from inventory.supply(?::text[], ?)',
    [skus, enough],
  );
  return new Supply(
    rows.map((row) => ({
      item: row.sku,
      source: row.location_id,
      preference: row.preference,
      units: row.available,
    })),
    enough,
  );
}

async function readHolds(knex: Knex, requests: readonly CaptureRequest[]): Promise<Map<string, LiveHold>> {
  const named = requests.flatMap(({ input }) => (input.reservationId == null ? [] : [input.reservationId]));
  const holds = new Map<string, { channelCode: string | null; takes: Take[] }>();
  if (named.length === 0) return holds;
  const rows = await prepared<{
    reservation_id: string;
    channel_code: string | null;
    sku: string;
    location_id: string;
    quantity: number;
  }>(knex, 'select reservation_id, channel_code, sku, location_id, quantity from inventory.live_holds(?::text[])', [
    [...new Set(named)],
  ]);
  for (const { reservation_id, channel_code, sku, location_id, quantity } of rows) {
    const hold = holds.get(reservation_id) ?? { channelCode: channel_code, takes: [] };
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
