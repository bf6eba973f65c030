import type { Knex } from '../../platform/db/database.ts';

/** Channel of the bench; its orders are numbered from 1. */
export const CHANNEL = 'BENCH';
export const SKUS_PER_ORDER = 3;
/** Lines of a report about one order: price, tax and commission per SKU, and one fee. */
export const LINES_PER_ORDER = SKUS_PER_ORDER * 3 + 1;
/** One order in so many is settled with too little. */
export const ERROR_EVERY = 1_000;

export const channelOrderIdOf = (order: number): string => `203-${String(1_000_000 + order).padStart(7, '0')}-7654321`;

/** Orders with one invoice each, of three SKUs at 12.50 and 2.50 tax, as our own events would have recorded them. */
export async function seedOrders(knex: Knex, orders: number): Promise<void> {
  await knex.raw(
    `insert into integration.channel (code, kind, name, price_list, currency_code) values (?, 'MARKETPLACE', 'Bench', 'BENCH', 'GBP') on conflict do nothing`,
    [CHANNEL],
  );
  await knex.raw(
    `insert into settlement.channel_order (order_id, number, channel_code, channel_kind, channel_order_id, id_shape, currency_code, total_minor, placed_at)
     select 'bench-' || n, 'B' || n, ?, 'MARKETPLACE', '203-' || lpad((1000000 + n)::text, 7, '0') || '-7654321', '9-9-9', 'GBP', 4500, '2026-11-01'
     from generate_series(1, ?) n on conflict do nothing`,
    [CHANNEL, orders],
  );
  await knex.raw(
    `insert into settlement.channel_order_line (order_id, line_id, sku, quantity, gross_minor)
     select 'bench-' || n, 'l' || s, 'SKU' || s, 1, 1500 from generate_series(1, ?) n, generate_series(1, ?) s on conflict do nothing`,
    [orders, SKUS_PER_ORDER],
  );
  await knex.raw(
    `insert into settlement.document (id, kind, posting_key, number, order_id, order_number, channel_code, currency_code, net_minor, tax_minor, total_minor, payment_due, issued_at, trace_id)
     select 'inv-bench-' || n, 'INVOICE', 'bench-' || n, 'BENCH' || n, 'bench-' || n, 'B' || n, ?, 'GBP', 3750, 750, 4500, true, '2026-11-02', 'bench'
     from generate_series(1, ?) n on conflict do nothing`,
    [CHANNEL, orders],
  );
  await knex.raw(
    `insert into settlement.document_line (document_id, position, line_id, sku, quantity, net_minor, tax_minor)
     select 'inv-bench-' || n, s, 'l' || s, 'SKU' || s, 1, 1250, 250 from generate_series(1, ?) n, generate_series(1, ?) s on conflict do nothing`,
    [orders, SKUS_PER_ORDER],
  );
  for (const table of ['channel_order', 'channel_order_line', 'document', 'document_line']) await knex.raw(`analyze settlement.${table}`); // biome-ignore format: one thought
}

const HEADER =
  'settlement_id,period_start,period_end,currency,total,class,type,description,amount,order_id,sku,quantity,posted_at,reference\n';

/** The report about the first `lines` of the orders, piece by piece; the same every time. */
export function* reportText(lines: number, settlementId: string): Generator<string> {
  const amount = (minor: number) =>
    `${minor < 0 ? '-' : ''}${Math.floor(Math.abs(minor) / 100)}.${String(Math.abs(minor) % 100).padStart(2, '0')}`;
  let total = 0;
  for (let line = 0; line < lines; line++) total += amountOf(line);
  let text = HEADER;
  for (let line = 0; line < lines; line++) {
    const [name, type, description, sku] = wordsOf(line);
    const head = line === 0 ? `${settlementId},2026-11-01,2026-11-15,GBP,${amount(total)}` : ',,,,';
    text += `${head},${name},${type},${description},${amount(amountOf(line))},${channelOrderIdOf(orderOf(line))},${sku},${sku === '' ? '' : 1},2026-11-05T10:00:00Z,r${line}\n`;
    if (text.length > 256 * 1024) {
      yield text;
      text = '';
    }
  }
  yield text;
}

export const orderOf = (line: number): number => Math.floor(line / LINES_PER_ORDER) + 1;

export function amountOf(line: number): number {
  const place = line % LINES_PER_ORDER;
  if (place === LINES_PER_ORDER - 1) return -100;
  if (place % 3 === 0) return place === 0 && orderOf(line) % ERROR_EVERY === 0 ? 1_213 : 1_250;
  return place % 3 === 1 ? 250 : -188;
}

function wordsOf(line: number): readonly [string, string, string, string] {
  const place = line % LINES_PER_ORDER;
  if (place === LINES_PER_ORDER - 1) return ['FEE', 'ItemFees', 'FBAPerUnitFulfillmentFee', ''];
  const sku = `SKU${Math.floor(place / 3) + 1}`;
  if (place % 3 === 0) return ['SALE', 'ItemPrice', 'Principal', sku];
  return place % 3 === 1 ? ['SALE_TAX', 'ItemPrice', 'Tax', sku] : ['COMMISSION', 'ItemFees', 'Commission', sku];
}
