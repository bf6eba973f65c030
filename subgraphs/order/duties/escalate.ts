import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { ChannelClocks, DutyKind } from './clocks.ts';
import { dutyKey } from './duty.ts';

/** Tells, in the transaction that notes it, of a duty whose time is nearly up or over. */
export type ReportDuty = (
  trx: Knex.Transaction,
  failure: {
    readonly key: string;
    readonly cause: 'DEADLINE';
    readonly system: string;
    readonly operation: string;
    readonly message: string;
    readonly orderId: string;
    readonly channelCode: string;
    readonly deadline: Date;
    readonly traceId: string;
  },
) => Promise<void>;

interface DueDuty {
  readonly orderId: string;
  readonly kind: DutyKind;
  readonly subject: string;
  /** Whether it is done here, and only the channel has not taken the notice. */
  readonly untold: boolean;
  readonly channelCode: string;
  readonly traceId: string;
  readonly dueAt: Date;
  readonly missed: boolean;
}

/** Told at once; the rest at the next look. */
const AT_ONCE = 100;

const WHAT: Readonly<
  Record<DutyKind, { readonly operation: string; readonly lacks: string; readonly advice: string }>
> = {
  ACKNOWLEDGE: {
    operation: 'acknowledge-order',
    lacks: 'the order desk has not accepted the order',
    advice: 'Look at the order and at its other exceptions: a hold or the order desk stops it.',
  },
  SHIP: {
    operation: 'ship-order',
    lacks: 'not every unit has left its node',
    advice: 'Look at the work of its nodes: pick it first, give it to another node, or cancel what cannot be sent.',
  },
  ANSWER_CANCELLATION: {
    operation: 'answer-cancellation',
    lacks: 'its wish to cancel units is not answered',
    advice:
      'A node was asked to give the units back and has not answered: ask its staff to cancel the work or to ship it.',
  },
};
const UNTOLD = {
  lacks: 'it has not taken the notice of it',
  advice: 'Look at the other exceptions of the order: the channel cannot be reached, or refuses the notice.',
};

/**
 * Tells of each duty once when its time is nearly up, and once more when it is over. Any number of workers may look.
 * @param now the moment that is compared with; the database's own unless told
 * @returns how many were told of
 */
export function escalateDuties(
  { knex, clocks, report }: { readonly knex: Knex; readonly clocks: ChannelClocks; readonly report: ReportDuty },
  now: Date | null = null,
): Promise<number> {
  return inTransaction(knex, async (trx) => {
    const due = await query<DueDuty>(
      trx,
      `select order_id as "orderId", kind, subject, channel_code as "channelCode", trace_id as "traceId", due_at as "dueAt",
         due_at <= coalesce(?::timestamptz, now()) as missed,
         exists (select from orders.channel_notice n where n.order_id = d.order_id and n.taken_at is null and case d.kind
           when 'ACKNOWLEDGE' then n.kind in ('ACKNOWLEDGEMENT', 'REFUSAL')
           when 'SHIP' then n.kind in ('SHIPMENT', 'CANCELLATION', 'CANCELLATION_ANSWER') and not exists (
             select from orders.order_line l where l.order_id = d.order_id and l.unsourced + l.backordered + l.allocated + l.in_fulfillment > 0)
           else n.step = 'answer:' || d.subject end) as untold
       from orders.channel_duty d
       where done_at is null and channel_code = any(?::text[]) and ((escalated_at is null and escalate_at <= coalesce(?::timestamptz, now()))
          or (missed_at is null and due_at <= coalesce(?::timestamptz, now())))
       order by due_at limit ? for update of d skip locked`,
      [now, [...clocks.keys()], now, now, AT_ONCE],
    );
    for (const duty of due) {
      const { operation, lacks, advice } = duty.untold ? { ...WHAT[duty.kind], ...UNTOLD } : WHAT[duty.kind];
      const by = duty.dueAt.toISOString();
      await report(trx, {
        key: dutyKey(duty.orderId, duty.kind, duty.subject),
        cause: 'DEADLINE',
        system: 'commerce',
        operation: `duty:${operation}`,
        message: duty.missed
          ? `${duty.channelCode} expected it by ${by}, and ${lacks}. The time is over. ${advice}`
          : `${duty.channelCode} expects it by ${by}, and ${lacks} yet. ${advice}`,
        orderId: duty.orderId,
        channelCode: duty.channelCode,
        deadline: duty.dueAt,
        traceId: duty.traceId,
      });
      await change(
        trx,
        `update orders.channel_duty set escalated_at = coalesce(escalated_at, now()), missed_at = case when ? then now() end
         where order_id = ? and kind = ? and subject = ?`,
        [duty.missed, duty.orderId, duty.kind, duty.subject],
      );
    }
    return due.length;
  });
}
