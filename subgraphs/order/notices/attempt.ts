import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError, isCommerceError } from '../../../platform/errors.ts';
import { changeOrder } from '../change.ts';
import type { SettleExceptions } from '../duties/duty.ts';
import { endDuties } from '../duties/end.ts';
import type { ChannelNotice, ChannelSystem } from '../port.ts';

/** A notice that somebody may send now. */
export interface DueNotice {
  readonly id: string;
  readonly step: string;
  readonly notice: ChannelNotice;
  /** This one included. */
  readonly attempts: number;
  readonly traceId: string;
}

/** Tells of a notice that a channel has not taken after several attempts. */
export type ReportNotice = (failure: {
  readonly key: string;
  readonly operation: string;
  /** What is lacking, for an operator; why is added. */
  readonly what: string;
  readonly error: unknown;
  readonly orderId: string;
  readonly channelCode: string;
  /** By when the channel has to have it. Null when it gave no time. */
  readonly deadline: Date | null;
  readonly traceId: string;
  readonly setAside: { readonly by: string; readonly id: string } | null;
}) => Promise<void>;

export interface NoticeDeps {
  readonly knex: Knex;
  readonly channels: ReadonlyMap<string, ChannelSystem>;
  readonly report: ReportNotice;
  readonly settle: SettleExceptions;
}

/** Under this name notices that were given up wait on the exception desk. */
export const NOTICE_SENDER = 'order:send-channel-notices';

/** Longest time one attempt may take; a worker that is silent for longer than the lease has lost the notice. */
export const ATTEMPT_MILLIS = 10_000;
const LEASE_SECONDS = 30;

/** Attempts before a failure is shown on the exception desk: within eight seconds. */
const QUICK_ATTEMPTS = 5;
const FIRST_QUICK_PAUSE_SECONDS = 0.5;
const FIRST_PAUSE_SECONDS = 15;
const MAX_PAUSE_SECONDS = 900;

const WORDS: Readonly<Record<ChannelNotice['kind'], { readonly what: string; readonly timeline: string }>> = {
  ACKNOWLEDGEMENT: { what: 'the acknowledgement of the order', timeline: 'CHANNEL_ACKNOWLEDGED' },
  REFUSAL: { what: 'the refusal of the order', timeline: 'CHANNEL_REFUSED' },
  SHIPMENT: { what: 'the confirmation of a shipment', timeline: 'CHANNEL_SHIPMENT_CONFIRMED' },
  CANCELLATION: { what: 'a cancellation', timeline: 'CHANNEL_CANCELLATION_REPORTED' },
  CANCELLATION_ANSWER: { what: 'the answer to its cancellation', timeline: 'CHANNEL_CANCELLATION_ANSWERED' },
  REFUND: { what: 'a refund', timeline: 'CHANNEL_REFUND_REPORTED' },
};

/** Takes notices of a channel that are due. Nobody else gets them until the lease is over; later ones of the order wait. */
export async function claimNotices(knex: Knex, channelCode: string, limit: number): Promise<DueNotice[]> {
  return query<DueNotice>(
    knex,
    `with due as (
       select id from orders.channel_notice n
       where channel_code = ? and taken_at is null and not stopped and due_at <= clock_timestamp()
         and not exists (select from orders.channel_notice earlier
           where earlier.order_id = n.order_id and earlier.id < n.id and earlier.taken_at is null and not earlier.stopped)
       order by due_at, id limit ? for update skip locked)
     update orders.channel_notice n set attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => ?)
     from due where n.id = due.id
     returning n.id, n.step, n.body as notice, n.attempts, n.trace_id as "traceId"`,
    [channelCode, limit, LEASE_SECONDS],
  );
}

/** The same for one that was given up. Null when the channel has it, or somebody is at it. */
export async function claimNotice(knex: Knex, id: string): Promise<DueNotice | null> {
  const [notice] = await query<DueNotice>(
    knex,
    `update orders.channel_notice n set attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => ?)
     where id = ? and taken_at is null returning n.id, n.step, n.body as notice, n.attempts, n.trace_id as "traceId"`,
    [LEASE_SECONDS, id],
  );
  return notice ?? null;
}

/** Tells the channel and notes that it was told. @throws whatever the channel does */
export async function tell({ knex, channels, settle, report }: NoticeDeps, due: DueNotice): Promise<void> {
  const { notice, step, traceId } = due;
  const channel = channels.get(notice.channelCode);
  if (!channel) throw new Error(`${notice.channelCode} is not connected`);
  const takes = channel.takes.has(notice.kind);
  if (takes) await channel.tell(notice, AbortSignal.timeout(ATTEMPT_MILLIS), await takenBefore(knex, due));
  else if (isMissed(notice)) await report(byHand(notice, traceId));
  await inTransaction(knex, async (trx) => {
    const { what, timeline } = WORDS[notice.kind];
    const message = takes
      ? `${notice.channelCode} has taken ${what}`
      : `${notice.channelCode} has no way of being told of ${what}`;
    await changeOrder(trx, notice.orderId, {
      key: `told:${step}`,
      traceId,
      timeline: [{ type: timeline, system: 'channel', message }],
      ...(notice.kind === 'ACKNOWLEDGEMENT' ? { set: { acknowledgedAt: new Date() } } : {}),
    });
    await change(trx, 'update orders.channel_notice set taken_at = now(), stopped = false where id = ?', [due.id]);
    await endDuties(trx, notice.orderId, settle);
  });
}

/** Whether the channel's books are wrong without the notice. It goes on by itself without an acknowledgement, and without a yes. */
function isMissed(notice: ChannelNotice): boolean {
  return notice.kind !== 'ACKNOWLEDGEMENT' && !(notice.kind === 'CANCELLATION_ANSWER' && notice.answer === 'GRANTED');
}

/** What somebody has to do at a channel that has no way of being told. */
const BY_HAND: Readonly<Record<ChannelNotice['kind'], string>> = {
  ACKNOWLEDGEMENT: '',
  REFUSAL: 'has no way of being told that the order is refused. Cancel it there, and dismiss this.',
  SHIPMENT: 'has no way of being told that goods left. Confirm the shipment there, and dismiss this.',
  CANCELLATION: 'has no way of being told that units are cancelled. Cancel them there, and dismiss this.',
  CANCELLATION_ANSWER:
    'has cancelled units by itself and has no way of being told that they left all the same. Settle it with the channel or the buyer, and dismiss this.',
  REFUND: 'has no way of being told of a refund. Pay the buyer back there, and dismiss this.',
};

/** A channel that cannot be told what it has to know: somebody has to see to it. */
function byHand(notice: ChannelNotice, traceId: string): Parameters<ReportNotice>[0] {
  const { kind, channelCode, orderId, lines } = notice;
  const units = lines.map(({ channelLineId, lineId, quantity }) => `${quantity} of line ${channelLineId ?? lineId}`);
  const about = kind === 'REFUND' ? [`${notice.amount} ${notice.currencyCode}`, ...units] : units;
  const error =
    kind === 'CANCELLATION_ANSWER'
      ? new CommerceError('ILLEGAL_TRANSITION', 'Nodes had sent them')
      : new CommerceError('CAPABILITY_MISSING', about.slice(0, 10).join(', '));
  return {
    key: `late:${notice.noticeId}`,
    operation: `tell-${kind.toLowerCase().replaceAll('_', '-')}`,
    what: `${channelCode} ${BY_HAND[kind]}`,
    error,
    orderId,
    channelCode,
    deadline: null,
    traceId,
    setAside: null,
  };
}

/** What else the channel took about the order, in the order in which it was told. */
async function takenBefore(knex: Knex, { id, notice: { orderId } }: DueNotice): Promise<ChannelNotice[]> {
  const rows = await query<{ notice: ChannelNotice }>(
    knex,
    'select body as notice from orders.channel_notice where order_id = ? and id <> ? and taken_at is not null order by id',
    [orderId, id],
  );
  return rows.map(({ notice }) => notice);
}

/** Decides when a notice that failed is sent again, and tells somebody when that is not soon. */
export async function noteFailure({ knex, report }: NoticeDeps, due: DueNotice, error: unknown): Promise<void> {
  const { notice, attempts, traceId } = due;
  const rounds = attempts - QUICK_ATTEMPTS;
  const refused = isCommerceError(error) && error.code === 'SYSTEM_REJECTED';
  const pause =
    rounds < 0
      ? FIRST_QUICK_PAUSE_SECONDS * 2 ** (attempts - 1)
      : Math.min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** Math.min(rounds, 10));
  if (rounds >= 0)
    await report({
      key: noticeKey(notice),
      operation: `tell-${notice.kind.toLowerCase().replaceAll('_', '-')}`,
      what: `${notice.channelCode} has not taken ${WORDS[notice.kind].what}. ${refused ? 'It is told again when you retry.' : 'It is told again at growing intervals.'}`,
      error,
      orderId: notice.orderId,
      channelCode: notice.channelCode,
      deadline: await deadlineOf(knex, due, refused),
      traceId,
      setAside: { by: NOTICE_SENDER, id: due.id },
    });
  await change(
    knex,
    `update orders.channel_notice set due_at = clock_timestamp() + make_interval(secs => ?), stopped = ? where id = ? and taken_at is null`,
    [pause, refused && rounds >= 0, due.id],
  );
}

/**
 * The time of the first duty that is done when the channel has taken the notice, or one that waits behind it.
 * @param letsPass whether the order's later notices do not wait for it
 */
async function deadlineOf(knex: Knex, { id, notice }: DueNotice, letsPass: boolean): Promise<Date | null> {
  const [duty] = await query<{ dueAt: Date | null }>(
    knex,
    `select min(d.due_at) as "dueAt" from orders.channel_duty d
     join orders.channel_notice n on n.order_id = d.order_id and n.taken_at is null and (n.id = :id or n.id > :id and not :letsPass)
     where d.order_id = :orderId and d.done_at is null and case d.kind
       when 'ACKNOWLEDGE' then n.kind in ('ACKNOWLEDGEMENT', 'REFUSAL')
       when 'SHIP' then n.kind = 'SHIPMENT'
       else n.step = 'answer:' || d.subject end`,
    { id, orderId: notice.orderId, letsPass },
  );
  return duty?.dueAt ?? null;
}

/** Names a notice on the exception desk. */
export function noticeKey({ noticeId }: Pick<ChannelNotice, 'noticeId'>): string {
  return `notice:${noticeId}`;
}
