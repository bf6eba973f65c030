import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller, Channel } from '../../../platform/caller.ts';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { Capture } from '../capture/capture.ts';
import type { Placed } from '../capture/request.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import { channelSkuKey } from './cross-references.ts';

/** Under this name orders that were refused for their SKUs are tried again. */
export const REFUSED_IMPORTS = 'order:refused-imports';

/** Longest time that an order is kept that nobody placed. */
const KEPT_DAYS = 90;

/** Tells of a channel's SKU that nobody knows, in the transaction that keeps its order. */
export type ReportImport = (
  trx: Knex.Transaction,
  failure: {
    readonly key: string;
    readonly cause: 'MAPPING' | 'CONFLICT' | 'UNAVAILABLE';
    readonly system: string;
    readonly operation: string;
    readonly message: string;
    readonly orderId?: string | null;
    readonly channelCode: string;
    readonly traceId: string;
    readonly setAside: { readonly by: string; readonly id: string } | null;
  },
) => Promise<void>;

interface ImportDeps {
  readonly knex: Knex;
  readonly report: ReportImport;
}

/** What came of trying again, for the exception desk. */
export type PlacedImports =
  | { readonly kind: 'handled' }
  | { readonly kind: 'failed'; readonly cause: 'MAPPING' | 'CONFLICT'; readonly message: string };

/** Keeps a marketplace's orders that are refused because nobody knows their SKUs: nobody else would think of them again. */
export function keepingRefused(capture: Capture, deps: ImportDeps): Capture {
  return {
    ...capture,
    async place(caller, input, signal) {
      const outcome = await capture.place(caller, input, signal);
      if (outcome.kind === 'done') await keepUnknownSkus(deps, caller, input, outcome.result);
      return outcome;
    },
  };
}

/** One exception for each SKU that nobody knows, whatever the number of orders with it. */
async function keepUnknownSkus(
  deps: ImportDeps,
  caller: Caller,
  input: OrderPlaceInput,
  placed: Placed,
  renew = false,
): Promise<void> {
  const { channel, traceId } = caller;
  const { channelOrderId } = input;
  const unknown = unknownSkus(input, placed);
  if (channel?.kind !== 'MARKETPLACE' || channelOrderId == null || unknown.length === 0) return;
  await inTransaction(deps.knex, async (trx) => {
    if (!(await keep(trx, caller, input, unknown, renew))) return;
    for (const sku of unknown) {
      const key = channelSkuKey(channel.code, sku);
      await deps.report(trx, {
        key,
        cause: 'MAPPING',
        system: 'channel',
        operation: 'map-channel-sku',
        message: unknownText(channel.code, sku, channelOrderId),
        channelCode: channel.code,
        traceId,
        setAside: { by: REFUSED_IMPORTS, id: key },
      });
    }
  });
}

/** Keeps an order that was fetched and is refused for any reason: its channel has sold it and will not send it again. */
export async function keepRefusedFetch(
  deps: ImportDeps,
  caller: Caller,
  input: OrderPlaceInput,
  placed: Placed,
): Promise<void> {
  const { channel, traceId } = caller;
  const { channelOrderId } = input;
  const [refusal] = placed.refusals;
  if (!channel || channelOrderId == null || !refusal) return;
  if (unknownSkus(input, placed).length > 0) return keepUnknownSkus(deps, caller, input, placed, true);
  await inTransaction(deps.knex, async (trx) => {
    await keep(trx, caller, input, [], true);
    const key = importKey(channel.code, channelOrderId);
    const message = refusedText(channel.code, channelOrderId, refusal.message);
    const where = { system: 'channel', operation: 'place-import', channelCode: channel.code, traceId };
    await deps.report(trx, { ...where, key, cause: 'CONFLICT', message, setAside: { by: REFUSED_IMPORTS, id: key } });
  });
}

/**
 * Keeps an order that was refused.
 * @param renew whether what was kept of it before gives way: its channel has it otherwise now, and it is not placed
 * @returns whether it is kept by this
 */
async function keep(
  trx: Knex.Transaction,
  { channel, traceId }: Caller,
  input: OrderPlaceInput,
  unknown: readonly string[],
  renew: boolean,
): Promise<boolean> {
  await change(trx, `delete from orders.refused_import where refused_at < now() - make_interval(days => ?)`, [
    KEPT_DAYS,
  ]);
  const otherwise = renew
    ? '(channel_code, channel_order_id) do update set unknown_skus = excluded.unknown_skus, input = excluded.input, placed_at = null'
    : 'do nothing';
  const kept = await change(
    trx,
    `insert into orders.refused_import (channel_code, channel_order_id, unknown_skus, channel, input, trace_id)
     values (?, ?, ?, ?::jsonb, ?, ?) on conflict ${otherwise}`,
    [channel?.code ?? '', input.channelOrderId ?? '', unknown, JSON.stringify(channel), JSON.stringify(input), traceId],
  );
  return kept > 0;
}

/** Names an order that could not be placed on the exception desk. */
export function importKey(channelCode: string, channelOrderId: string): string {
  return `import:${channelCode}:${channelOrderId}`;
}

/** The order is placed, or its channel wants nothing of it any more: nobody has to think of it. */
export async function forgetRefused(trx: Knex.Transaction, channelCode: string, channelOrderId: string): Promise<void> {
  await change(
    trx,
    'update orders.refused_import set placed_at = now(), input = null where channel_code = ? and channel_order_id = ? and placed_at is null',
    [channelCode, channelOrderId],
  );
}

function refusedText(channelCode: string, channelOrderId: string, reason: string): string {
  return `${channelCode}'s order ${channelOrderId.slice(0, 60)} cannot be placed: ${reason} Retry it when that is put right, or cancel it at the channel and dismiss this.`;
}

/** The channel's own words for lines whose article nobody knows. */
function unknownSkus({ lines }: OrderPlaceInput, { refusals }: Placed): string[] {
  const named = refusals.flatMap(({ code, field }) => (code === 'UNKNOWN_SKU' ? [Number(field?.[2])] : []));
  const skus = named.flatMap((index) => lines[index]?.sku ?? []);
  return [...new Set(skus)].filter((sku) => !sku.includes('\0'));
}

function unknownText(channelCode: string, sku: string, channelOrderId: string): string {
  return `${channelCode} sold "${sku.slice(0, 60)}" with its order ${channelOrderId.slice(0, 60)}, which is no SKU that is on sale. Say which one it is (\`editable\`), or put it on sale and retry: then its orders that were refused are placed`;
}

interface Kept {
  readonly channelOrderId: string;
  readonly channel: Channel;
  readonly input: string;
  readonly traceId: string;
}

/**
 * Places the orders that were refused for a SKU. Each has its effect once: the channel's id of an order is unique.
 * @param id names the SKU, as its exception does; or one order, as that of `place-import` does
 */
export async function placeRefused({ knex, report }: ImportDeps, capture: Capture, id: string): Promise<PlacedImports> {
  const [, what, channelCode = '', name = ''] = /^(channel-sku|import):([^:]+):(.+)$/s.exec(id) ?? [];
  const waiting = await query<Kept>(
    knex,
    `update orders.refused_import set attempts = attempts + 1
     where channel_code = ? and ${what === 'import' ? 'channel_order_id = ?' : 'unknown_skus @> array[?]'} and placed_at is null
     returning channel_order_id as "channelOrderId", channel, input, trace_id as "traceId"`,
    [channelCode, name],
  );
  for (const kept of waiting) {
    const { refusals, unknown } = await placeKept(knex, capture, kept);
    const [refusal] = refusals;
    if (refusal === undefined) continue;
    const message = refusedText(channelCode, kept.channelOrderId, refusal.message);
    if (what === 'import') return { kind: 'failed', cause: 'CONFLICT', message };
    if (unknown.includes(name))
      return { kind: 'failed', cause: 'MAPPING', message: unknownText(channelCode, name, kept.channelOrderId) };
    // Another SKU of it has an exception of its own; for any other reason the order needs one.
    if (unknown.length > 0) continue;
    const key = importKey(channelCode, kept.channelOrderId);
    const where = { system: 'channel', operation: 'place-import', channelCode, traceId: kept.traceId };
    await inTransaction(knex, (trx) => report(trx, { ...where, key, cause: 'CONFLICT', message, setAside: { by: REFUSED_IMPORTS, id: key } })); // biome-ignore format: one thought
  }
  return { kind: 'handled' };
}

/** @returns why it was refused, empty when the order is there; and which SKUs nobody knows */
async function placeKept(
  knex: Knex,
  capture: Capture,
  { channelOrderId, channel, input: text, traceId }: Kept,
): Promise<{ readonly refusals: Placed['refusals']; readonly unknown: readonly string[] }> {
  const input = JSON.parse(text) as OrderPlaceInput;
  const caller = {
    contract: 'marketplace',
    clientId: 'exception-desk',
    channel,
    customerId: null,
    scopes: [],
    traceId,
  };
  const outcome = await capture.place(caller, { ...input, idempotencyKey: randomUUID() });
  if (outcome.kind !== 'done') throw new Error('a key of its own was used before');
  const { orderId, refusals } = outcome.result;
  // Also when the channel sent it again meanwhile: then this is its order.
  if (orderId === null) return { refusals, unknown: unknownSkus(input, outcome.result) };
  await inTransaction(knex, (trx) => forgetRefused(trx, channel.code, channelOrderId));
  return { refusals: [], unknown: [] };
}
