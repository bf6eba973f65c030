import type { Knex } from 'knex';
import { once } from '../../../events/once.ts';
import type { Consumption } from '../../../events/port.ts';
import { change } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { OrderStatus } from '../states.ts';
import type { ChannelClocks, DutyKind } from './clocks.ts';

const GROUP = 'order:channel-duties';

/** With which statuses of the order a duty is done: also those that come when an earlier one was passed over. */
const DONE_BY: Readonly<Record<DutyKind, readonly OrderStatus[]>> = {
  ACKNOWLEDGE: ['ACCEPTED', 'REJECTED', 'CANCELLED', 'SHIPPED', 'DELIVERED', 'CLOSED'],
  SHIP: ['REJECTED', 'CANCELLED', 'SHIPPED', 'DELIVERED', 'CLOSED'],
};

/** Names a duty on the exception desk. */
export function dutyKey(orderId: string, kind: DutyKind): string {
  return `duty:${orderId}:${kind}`;
}

/** Closes exceptions in the transaction of what made up for them. */
export type SettleExceptions = (trx: Knex.Transaction, keys: readonly string[]) => Promise<void>;

/**
 * Starts the clocks of an order when it is placed and stops them when it got there, from the order's own events. What
 * was escalated closes with the duty.
 */
export function createDutyConsumption(deps: {
  readonly knex: Knex;
  readonly clocks: ChannelClocks;
  readonly settle: SettleExceptions;
}): Omit<Consumption<'order-placed.v1' | 'order-status-changed.v1'>, 'signal' | 'onDead'> {
  return {
    group: GROUP,
    types: ['order-placed.v1', 'order-status-changed.v1'],
    handler: async (event) => {
      const clocks = deps.clocks.get(event.channelCode ?? '') ?? [];
      if (clocks.length === 0) return;
      const { orderId } = event.data;
      await inTransaction(deps.knex, async (trx) => {
        if (event.type === 'order-placed.v1') {
          if (!(await once(trx, GROUP, event))) return;
          await change(
            trx,
            `insert into orders.channel_duty (order_id, kind, channel_code, trace_id, due_at, escalate_at)
             select ?, kind, ?, ?, ?::timestamptz + make_interval(secs => within * 3600), ?::timestamptz + make_interval(secs => (within - before) * 3600)
             from unnest(?::text[], ?::float8[], ?::float8[]) as clock (kind, within, before) on conflict do nothing`,
            [
              orderId,
              event.channelCode,
              event.traceId,
              event.occurredAt,
              event.occurredAt,
              clocks.map(({ kind }) => kind),
              clocks.map(({ withinHours }) => withinHours),
              clocks.map(({ escalateBeforeHours }) => escalateBeforeHours),
            ],
          );
          return;
        }
        const done = (Object.keys(DONE_BY) as DutyKind[]).filter((kind) => DONE_BY[kind].includes(event.data.status));
        if (done.length === 0) return;
        const stopped = await change(
          trx,
          'update orders.channel_duty set done_at = ? where order_id = ? and kind = any(?::text[]) and done_at is null',
          [event.occurredAt, orderId, done],
        );
        if (stopped > 0) await deps.settle(trx, done.map((kind) => dutyKey(orderId, kind))); // biome-ignore format: one thought
      });
    },
  };
}
