import type { Knex } from 'knex';
import { once } from '../../../events/once.ts';
import type { Consumption, StoredEvent } from '../../../events/port.ts';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { ChannelClocks, DutyClock, DutyKind } from './clocks.ts';
import { DONE_BY, dutyKey, type SettleExceptions } from './duty.ts';
import { endDuties } from './end.ts';

const GROUP = 'order:channel-duties';
const TYPES = [
  'order-placed.v1',
  'order-status-changed.v1',
  'order-cancellation-requested.v1',
  'order-cancellation-answered.v1',
] as const;
type Kept = (typeof TYPES)[number];

/**
 * Starts the clocks of an order when it is placed, and that of an answer when its channel asks; stops them when the order
 * got there, from its own events. What was escalated closes with the duty. Duties of a channel that is told of its orders
 * end when it was told.
 */
export function createDutyConsumption(deps: {
  readonly knex: Knex;
  readonly clocks: ChannelClocks;
  /** Channels that are told of their orders. */
  readonly connections: ReadonlyMap<string, unknown>;
  readonly settle: SettleExceptions;
}): Omit<Consumption<Kept>, 'signal' | 'onDead'> {
  return {
    group: GROUP,
    types: [...TYPES],
    handler: async (event) => {
      const clocks = deps.clocks.get(event.channelCode ?? '') ?? [];
      if (clocks.length === 0) return;
      await inTransaction(deps.knex, async (trx) => {
        const begun = beginOf(event);
        if (begun) {
          if (await once(trx, GROUP, event))
            await start(trx, event, clocks.filter(({ kind }) => begun.kinds.includes(kind)), begun.subject); // biome-ignore format: one thought
          return;
        }
        if (deps.connections.has(event.channelCode ?? '')) return endDuties(trx, event.data.orderId, deps.settle);
        return end(trx, event, deps.settle);
      });
    },
  };
}

interface Duties {
  readonly kinds: readonly DutyKind[];
  /** The request that is to be answered; empty for the order itself. */
  readonly subject: string;
}

/** Pure: the duties that begin with an event. Null when none does. */
function beginOf(event: StoredEvent<Kept>): Duties | null {
  if (event.type === 'order-placed.v1') return { kinds: ['ACKNOWLEDGE', 'SHIP'], subject: '' };
  if (event.type !== 'order-cancellation-requested.v1') return null;
  const { requestId } = event.data;
  return requestId === undefined ? { kinds: [], subject: '' } : { kinds: ['ANSWER_CANCELLATION'], subject: requestId };
}

/** Pure: the duties that end with an event where nobody has to be told. */
function endOf(event: StoredEvent<Kept>): Duties {
  if (event.type === 'order-cancellation-answered.v1')
    return { kinds: ['ANSWER_CANCELLATION'], subject: event.data.requestId };
  const status = event.type === 'order-status-changed.v1' ? event.data.status : null;
  const done = (['ACKNOWLEDGE', 'SHIP'] as const).filter((kind) => status !== null && DONE_BY[kind].includes(status));
  return { kinds: done, subject: '' };
}

async function start(
  trx: Knex.Transaction,
  event: StoredEvent<Kept>,
  clocks: readonly DutyClock[],
  subject: string,
): Promise<void> {
  if (clocks.length === 0) return;
  // The time of an order runs from its placing, as its channel was answered; its event is some moments younger.
  const [order] = subject === '' ? await query<{ placedAt: Date }>(trx, 'select placed_at as "placedAt" from orders.customer_order where id = ?', [event.data.orderId]) : []; // biome-ignore format: one thought
  const since = order?.placedAt ?? event.occurredAt;
  await change(
    trx,
    `insert into orders.channel_duty (order_id, kind, subject, channel_code, trace_id, due_at, escalate_at)
     select ?, kind, ?, ?, ?, ?::timestamptz + make_interval(secs => within * 3600), ?::timestamptz + make_interval(secs => (within - before) * 3600)
     from unnest(?::text[], ?::float8[], ?::float8[]) as clock (kind, within, before) on conflict do nothing`,
    [
      event.data.orderId,
      subject,
      event.channelCode,
      event.traceId,
      since,
      since,
      clocks.map(({ kind }) => kind),
      clocks.map(({ withinHours }) => withinHours),
      clocks.map(({ escalateBeforeHours }) => escalateBeforeHours),
    ],
  );
  // The clock's time is the one that is watched, so it is the one that is shown.
  await change(
    trx,
    `update orders.customer_order o set acknowledgement_deadline = d.due_at from orders.channel_duty d
     where o.id = ? and d.order_id = o.id and d.kind = 'ACKNOWLEDGE' and o.acknowledgement_deadline is distinct from d.due_at`,
    [event.data.orderId],
  );
}

async function end(trx: Knex.Transaction, event: StoredEvent<Kept>, settle: SettleExceptions): Promise<void> {
  const { kinds, subject } = endOf(event);
  if (kinds.length === 0) return;
  const { orderId } = event.data;
  const stopped = await change(
    trx,
    'update orders.channel_duty set done_at = ? where order_id = ? and kind = any(?::text[]) and subject = ? and done_at is null',
    [event.occurredAt, orderId, kinds, subject],
  );
  if (stopped > 0) await settle(trx, kinds.map((kind) => dutyKey(orderId, kind, subject)), 'the order got there'); // biome-ignore format: one thought
}
