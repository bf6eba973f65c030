import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import type { Channel } from '../../../platform/caller.ts';
import { sleep } from '../../../platform/clock.ts';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError, isCommerceError, isRetryable } from '../../../platform/errors.ts';
import type { ChannelOrders } from '../port.ts';
import { claimRound, endRound, type FetchTimes, failRound, holdRound } from './progress.ts';
import { type ChannelCaller, type FetchDeps, setAside, takeFetched } from './take-fetched.ts';

export interface FetchedChannel {
  readonly orders: ChannelOrders;
  readonly times: FetchTimes;
}

export interface OrderFetchDeps extends FetchDeps {
  readonly channels: ReadonlyMap<string, FetchedChannel>;
  /** Hears of rounds that failed; the fetching goes on by itself. */
  onFailure(error: unknown, channelCode: string): void;
}

/** What came of taking something again, for the exception desk. */
export type TakenAgain = { readonly kind: 'handled' } | { readonly kind: 'gone' };

const POLL_MILLIS = 500;
/** Rounds that fail one after the other before somebody is told. */
const FAILURES_TOLD = 3;
/** Longest time that an order is kept as it came. */
const RAW_DAYS = 90;

/**
 * Fetches the orders of channels that do not send them. A round reads everything that changed since a while before the
 * last round that ended well, so that a change shown late is not missed, and now and then what is older than that; an
 * order that says what it said before has no effect. The place moves when all of the round is here: a kill costs nothing
 * but reading it again. Any number of workers may run this; channels do not wait for each other.
 */
export function createOrderFetch(deps: OrderFetchDeps) {
  const { knex } = deps;

  async function round(channelCode: string, { orders, times }: FetchedChannel, signal: AbortSignal): Promise<boolean> {
    const due = await claimRound(knex, channelCode, times);
    if (due === null) return false;
    try {
      const caller = await callerFor(knex, channelCode);
      for await (const page of orders.changedSince(due.since, signal)) {
        for (const fetched of page) {
          try {
            await takeFetched(deps, caller, fetched);
          } catch (error) {
            // What may go well later keeps the place; anything else must not keep all later orders from us.
            if (isCommerceError(error) && isRetryable(error)) throw error;
            deps.onFailure(error, channelCode);
            await setAside(deps, caller, fetched, 'taking it failed for a reason that is in the log');
          }
        }
        await holdRound(knex, channelCode);
      }
      await inTransaction(knex, async (trx) => {
        await endRound(trx, channelCode, due, times);
        if (due.failures >= FAILURES_TOLD) await deps.settle(trx, [fetchKey(channelCode)]);
        if (due.isSweep) await forgetRaw(trx);
      });
    } catch (error) {
      if (signal.aborted) return false;
      deps.onFailure(error, channelCode);
      await noteFailure(channelCode, times, error);
    }
    return true;
  }

  async function noteFailure(channelCode: string, times: FetchTimes, error: unknown): Promise<void> {
    const code = isCommerceError(error) ? error.code : 'INTERNAL_SERVER_ERROR';
    await inTransaction(knex, async (trx) => {
      if ((await failRound(trx, channelCode, times)) < FAILURES_TOLD) return;
      await deps.report(trx, {
        key: fetchKey(channelCode),
        cause: 'UNAVAILABLE',
        system: 'channel',
        operation: 'fetch-orders',
        message: `The orders of ${channelCode} cannot be fetched (${code}). It is tried again at growing intervals of at most 15 minutes, from where it was; this closes when it succeeds.`,
        channelCode,
        traceId: newTrace(),
        setAside: null,
      });
    });
  }

  async function follow(channelCode: string, channel: FetchedChannel, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await round(channelCode, channel, signal).catch((error: unknown) => deps.onFailure(error, channelCode));
      await sleep(POLL_MILLIS, signal);
    }
  }

  return {
    /** Fetches the orders of a channel if a round is due. @returns whether one was */
    async fetchDue(channelCode: string, signal: AbortSignal): Promise<boolean> {
      const channel = deps.channels.get(channelCode);
      if (!channel) throw new Error(`the orders of ${channelCode} are not fetched`);
      return round(channelCode, channel, signal);
    },
    run: (signal: AbortSignal): Promise<unknown> =>
      Promise.all([...deps.channels].map(([code, channel]) => follow(code, channel, signal))),
    /**
     * Reads an order again that was set aside, by what is understood now. Orders that say something else are settled by a
     * person: taking one of them again says that it was.
     */
    async takeAgain(id: string): Promise<TakenAgain> {
      const [, what, channelCode = '', channelOrderId = ''] = /^(read|changed|late):([^:]+):(.+)$/s.exec(id) ?? [];
      if (what !== 'read') return { kind: 'handled' };
      const channel = deps.channels.get(channelCode);
      const [kept] = await query<{ raw: string | null }>(
        knex,
        'select raw from orders.fetched_order where channel_code = ? and channel_order_id = ?',
        [channelCode, channelOrderId],
      );
      if (!channel || kept?.raw == null) return { kind: 'gone' };
      const reading = channel.orders.read(kept.raw);
      if (reading.kind === 'WAITING') return { kind: 'handled' };
      if (reading.kind === 'UNREADABLE')
        throw new CommerceError(
          'SYSTEM_BAD_RESPONSE',
          `${channelCode}'s order still cannot be read: ${reading.problem}`,
        );
      // It is to be taken although it came before.
      await change(knex, "update orders.fetched_order set fingerprint = '' where channel_code = ? and channel_order_id = ?", [channelCode, channelOrderId]); // biome-ignore format: one thought
      await takeFetched(deps, await callerFor(knex, channelCode), { channelOrderId, raw: kept.raw, reading });
      return { kind: 'handled' };
    },
  };
}

export type OrderFetch = ReturnType<typeof createOrderFetch>;

/** Names the channel on the exception desk while its orders cannot be fetched. */
const fetchKey = (channelCode: string) => `fetch-orders:${channelCode}`;

/** Whoever acts for the channel. @throws CommerceError CONFIGURATION_INVALID when there is no such channel */
async function callerFor(knex: Knex, channelCode: string): Promise<ChannelCaller> {
  const [channel] = await query<Channel>(
    knex,
    `select code, kind, name, price_list as "priceList", currency_code as "currencyCode", safety_stock as "safetyStock",
       acknowledgement_hours as "acknowledgementHours"
     from integration.channel where code = ?`,
    [channelCode],
  );
  if (!channel)
    throw new CommerceError('CONFIGURATION_INVALID', `There is no channel ${channelCode}. Add it: npx commerce channel add ${channelCode} --kind marketplace`); // biome-ignore format: one thought
  const clientId = `fetch:${channelCode}`;
  return { contract: 'marketplace', clientId, channel, customerId: null, scopes: [], traceId: newTrace() };
}

async function forgetRaw(trx: Knex): Promise<void> {
  await change(
    trx,
    'update orders.fetched_order set raw = null where raw is not null and fetched_at < now() - make_interval(days => ?)',
    [RAW_DAYS],
  );
}

const newTrace = () => randomBytes(16).toString('hex');
