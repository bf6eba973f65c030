import type { Knex } from 'knex';
import { change, prepared, query } from '../../../platform/db/query.ts';
import type { CaptureRequest } from '../capture/request.ts';

/** A marketplace's order in our SKUs; what is in no cross-reference stays as it came, for it may be ours. */
export async function inOurSkus(knex: Knex, request: CaptureRequest): Promise<CaptureRequest> {
  const { channel, input } = request;
  if (channel.kind !== 'MARKETPLACE') return request;
  // PostgreSQL refuses U+0000; no article has it in its name.
  const asked = input.lines.map(({ sku }) => sku).filter((sku) => !sku.includes('\0'));
  const rows = await prepared<{ theirs: string; ours: string }>(
    knex,
    'select channel_sku as theirs, sku as ours from orders.channel_sku where channel_code = ? and channel_sku = any(?::text[])',
    [channel.code, asked],
  );
  if (rows.length === 0) return request;
  const oursOf = new Map(rows.map(({ theirs, ours }) => [theirs, ours]));
  const lines = input.lines.map((line) => ({ ...line, sku: oursOf.get(line.sku) ?? line.sku }));
  return { ...request, input: { ...input, lines } };
}

/** Names an article that a channel calls by a SKU which nobody knows, on the exception desk. */
export function channelSkuKey(channelCode: string, sku: string): string {
  return `channel-sku:${channelCode}:${sku}`;
}

const CHANNEL_SKU_KEY = /^channel-sku:([^:]+):(.+)$/s;

/**
 * Says which of our SKUs a channel means, from now on.
 * @param key names the channel's SKU, as the exception about it does
 */
export async function giveOurSku(
  trx: Knex.Transaction,
  key: string,
  sku: string,
): Promise<
  | { readonly kind: 'corrected'; readonly channelCode: string; readonly channelSku: string }
  | { readonly kind: 'refused'; readonly field: string | null; readonly message: string }
> {
  const [, channelCode, channelSku] = CHANNEL_SKU_KEY.exec(key) ?? [];
  if (channelCode === undefined || channelSku === undefined)
    return { kind: 'refused', field: null, message: 'The exception names no SKU of a channel.' };
  const [found] = await query<{ known: boolean }>(
    trx,
    `select q.known from integration.channel c, product.quote(c.price_list, c.currency_code, array[?], array[1], now()) q where c.code = ?`,
    [sku, channelCode],
  );
  if (!found?.known) return { kind: 'refused', field: 'sku', message: `There is no SKU ${sku} in the catalogue.` };
  await change(
    trx,
    `insert into orders.channel_sku (channel_code, channel_sku, sku) values (?, ?, ?)
     on conflict (channel_code, channel_sku) do update set sku = excluded.sku, added_at = now()`,
    [channelCode, channelSku, sku],
  );
  return { kind: 'corrected', channelCode, channelSku };
}
