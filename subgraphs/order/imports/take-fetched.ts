import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller, Channel } from '../../../platform/caller.ts';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { unstorableText } from '../../../platform/storable-text.ts';
import type { Capture } from '../capture/capture.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import type { SettleExceptions } from '../duties/duty.ts';
import type { ChannelOrder, FetchedOrder } from '../port.ts';
import { changesOf, contentOf, fingerprintOf, type OrderContent, withFormer } from './content.ts';
import { followCancellations, type UnitsByLine } from './follow-change.ts';
import { forgetRefused, importKey, keepRefusedFetch, REFUSED_IMPORTS, type ReportImport } from './refused-imports.ts';

export interface FetchDeps {
  readonly knex: Knex;
  /** The capture as it is, without anything that keeps what it refuses. */
  readonly capture: Capture;
  readonly report: ReportImport;
  readonly settle: SettleExceptions;
}

/** Whoever speaks for a channel. */
export type ChannelCaller = Caller & { readonly channel: Channel };

/** On the exception desk: an order that cannot be read, one that says something else than before. */
const readKey = (channelCode: string, id: string) => `read:${channelCode}:${id}`;
const changedKey = (channelCode: string, id: string) => `changed:${channelCode}:${id}`;
const lateKey = (channelCode: string, id: string) => `late:${channelCode}:${id}`;

/** Whether something that is taken again is an order that was fetched, by its name. */
export const isFetched = (id: string) => /^(read|changed|late):/.test(id);

/**
 * Takes an order as its channel tells it now. What it told before has no effect again; a new order is placed, cancelled
 * units are cancelled, what is older than what was taken before is passed over, and what nobody here can decide is kept as it came and shown on the exception desk.
 * @param caller speaks for the channel
 * @throws CommerceError when the store or the capture cannot now: the order has to be fetched again
 */
export async function takeFetched(deps: FetchDeps, caller: ChannelCaller, fetched: FetchedOrder): Promise<void> {
  const { code } = caller.channel;
  const { channelOrderId, reading } = fetched;
  if (reading.kind === 'WAITING') return;
  const print = fingerprintOf(fetched);
  const [known] = await query<Version>(deps.knex, 'select fingerprint, changed_at as "changedAt" from orders.fetched_order where channel_code = ? and channel_order_id = ?', [code, channelOrderId]);
  if (known?.fingerprint === print || isOlder(fetched, known)) return;
  if (reading.kind === 'UNREADABLE') return setAside(deps, caller, fetched, reading.problem);
  const unstorable = unstorableText(reading.order);
  if (unstorable) return setAside(deps, caller, fetched, `${unstorable.join('.')} holds a null character or half of a surrogate pair`);
  const [order] = await query<{ id: string }>(deps.knex, 'select id from orders.customer_order where channel_code = ? and channel_order_id = ?', [code, channelOrderId]);
  if (order) return follow(deps, caller, order.id, fetched, reading.order);
  await place(deps, caller, fetched, reading.order);
} // biome-ignore format: one thought

interface Version { readonly fingerprint: string; readonly changedAt: Date | null } // biome-ignore format: one row

/** Channels answer from several stores: an order may come as it was, after it came as it is. */
function isOlder({ changedAt }: FetchedOrder, known: Version | undefined): boolean {
  return changedAt !== undefined && known?.changedAt != null && changedAt < known.changedAt;
}

/** Keeps an order that cannot be used as it came, until its words have a meaning. */
export async function setAside({ knex, report }: Pick<FetchDeps, 'knex' | 'report'>, { channel, traceId }: Caller, fetched: FetchedOrder, problem: string): Promise<void> {
  const code = channel?.code ?? '';
  const { channelOrderId } = fetched;
  await inTransaction(knex, async (trx) => {
    await remember(trx, code, fetched, { content: null, raw: fetched.raw });
    const key = readKey(code, channelOrderId);
    await report(trx, {
      key,
      cause: 'MAPPING',
      system: 'channel',
      operation: 'read-import',
      message: `${code}'s order ${channelOrderId.slice(0, 60)} is kept as it came and is not taken on: ${problem}. Have the meaning added, and retry; or cancel the order at the channel and dismiss this.`,
      channelCode: code,
      traceId,
      setAside: { by: REFUSED_IMPORTS, id: key },
    });
  });
} // biome-ignore format: one thought

async function place(deps: FetchDeps, caller: ChannelCaller, fetched: FetchedOrder, order: ChannelOrder): Promise<void> {
  const { code } = caller.channel;
  const { channelOrderId } = fetched;
  const input = toInput(channelOrderId, order);
  if (input.lines.length > 0) {
    const outcome = await deps.capture.place(caller, input);
    if (outcome.kind !== 'done') throw new Error('a key of its own was used before');
    if (outcome.result.orderId === null) {
      await keepRefusedFetch(deps, caller, input, outcome.result);
      return inTransaction(deps.knex, (trx) => remember(trx, code, fetched, { content: contentOf(order), raw: null, asked: cancelledOf(order) }));
    }
  }
  // It is here, or nothing of it is wanted any more.
  await inTransaction(deps.knex, async (trx) => {
    await forgetRefused(trx, code, channelOrderId);
    await remember(trx, code, fetched, { content: contentOf(order), raw: null, asked: cancelledOf(order) });
    await deps.settle(trx, [readKey(code, channelOrderId), importKey(code, channelOrderId)]);
  });
} // biome-ignore format: one thought

/** What is cancelled when an order is taken on is not asked for later. */
function cancelledOf({ lines }: ChannelOrder): UnitsByLine {
  return Object.fromEntries(lines.map(({ channelLineId, cancelled }) => [channelLineId, cancelled]));
}

/** The order as a channel would place it, without what it cancelled before, and what somebody else sent before we saw it. */
function toInput(channelOrderId: string, { currencyCode, customer, address, serviceLevel, lines }: ChannelOrder): OrderPlaceInput {
  return {
    idempotencyKey: randomUUID(), // what makes it one order is the channel's id of it
    channelOrderId,
    currencyCode,
    customer,
    lines: lines.flatMap(({ channelLineId, sku, quantity, cancelled, sent, unitPrice }) => {
      const units = quantity - cancelled - sent;
      return units > 0 ? [{ channelLineId, sku, quantity: units, unitPrice: { amount: unitPrice, currencyCode } }] : [];
    }),
    delivery: { method: 'SHIPPING', address, serviceLevel },
  };
} // biome-ignore format: one thought

async function follow(deps: FetchDeps, caller: ChannelCaller, orderId: string, fetched: FetchedOrder, told: ChannelOrder): Promise<void> {
  const { code } = caller.channel;
  const { channelOrderId } = fetched;
  const print = fingerprintOf(fetched);
  await inTransaction(deps.knex, async (trx) => {
    // Two workers may have fetched it: the second finds what the first one did.
    await change(trx, `insert into orders.fetched_order (channel_code, channel_order_id, fingerprint) values (?, ?, '') on conflict do nothing`, [code, channelOrderId]);
    const [known] = await query<Version & { content: OrderContent | null; asked: UnitsByLine }>(
      trx,
      'select fingerprint, changed_at as "changedAt", content, asked from orders.fetched_order where channel_code = ? and channel_order_id = ? for update',
      [code, channelOrderId],
    );
    if (!known || known.fingerprint === print || isOlder(fetched, known)) return;
    const order = known.content === null ? told : withFormer(known.content, told);
    const now = contentOf(order);
    const content = { ...now, delivery: now.delivery ?? known.content?.delivery ?? null };
    const changes = known.content === null ? [] : changesOf(known.content, content);
    const { asked, late } = await followCancellations(trx, caller, orderId, order.lines, known.content === null ? null : known.asked, `${code}:${channelOrderId}:${print}`.slice(0, 200));
    const isAsked = changes.length > 0 || Object.keys(late).length > 0;
    await remember(trx, code, fetched, { content, raw: isAsked ? fetched.raw : null, asked });
    await deps.settle(trx, [readKey(code, channelOrderId)]);
    const where = { system: 'channel', cause: 'CONFLICT', orderId, channelCode: code, traceId: caller.traceId } as const;
    const name = `${code}'s order ${channelOrderId.slice(0, 60)}`;
    if (changes.length > 0) {
      const key = changedKey(code, channelOrderId);
      const message = `${name} says something else than when it was taken on: ${changes.slice(0, 10).join('; ')}. What was taken on stays. Put the order right where that can be done, settle the rest with the channel, and retry to close this.`;
      await deps.report(trx, { ...where, operation: 'changed-import', key, message, setAside: { by: REFUSED_IMPORTS, id: key } });
    }
    const units = Object.entries(late).map(([line, ones]) => `${ones} of line ${line}`);
    if (units.length > 0) {
      const key = lateKey(code, channelOrderId);
      const message = `${name}: the channel cancelled units that have left already (${units.slice(0, 10).join(', ')}). Settle it with the channel or have the parcel stopped, and retry to close this.`;
      await deps.report(trx, { ...where, operation: 'late-cancellation', key, message, setAside: { by: REFUSED_IMPORTS, id: key } });
    }
  });
} // biome-ignore format: one thought

async function remember(
  trx: Knex.Transaction,
  channelCode: string,
  fetched: FetchedOrder,
  { content, raw, asked = {} }: { readonly content: OrderContent | null; readonly raw: string | null; readonly asked?: UnitsByLine },
): Promise<void> {
  await change(
    trx,
    `insert into orders.fetched_order as f (channel_code, channel_order_id, fingerprint, changed_at, content, raw, asked)
     values (?, ?, ?, ?, ?::jsonb, ?, ?::jsonb)
     on conflict (channel_code, channel_order_id) do update set fingerprint = excluded.fingerprint, fetched_at = now(), raw = excluded.raw,
       changed_at = greatest(excluded.changed_at, f.changed_at), content = coalesce(excluded.content, f.content), asked = f.asked || excluded.asked`,
    [channelCode, fetched.channelOrderId, fingerprintOf(fetched), fetched.changedAt ?? null, content && JSON.stringify(content), raw, JSON.stringify(asked)],
  );
} // biome-ignore format: one thought
