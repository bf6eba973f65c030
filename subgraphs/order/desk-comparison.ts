import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { formatAmount } from '../../platform/money.ts';
import type { Comparison, Difference } from '../../platform/reconcile/comparison.ts';
import type { DeskAudit, DeskRecord } from './port.ts';

const PAGE = 100;
/** Orders that changed so lately, in seconds, are still being told to the desk. */
const REST_SECONDS = 30;

interface Known {
  readonly order_id: string;
  readonly number: string;
  readonly line_id: string;
  readonly ordered: number;
  readonly shipped: number;
  readonly cancelled: number;
  /** Units of the order whose money was due back, cancelled or returned. */
  readonly given_back: number;
}

/** Orders with the order desk's: each on both sides, with the same units ordered, shipped and cancelled. */
export function deskComparison(deps: {
  readonly knex: Knex;
  readonly desk: DeskAudit;
  readonly restSeconds?: number;
}): Comparison {
  const { knex, desk, restSeconds = REST_SECONDS } = deps;

  /** Lines of these orders, those that changed lately left out: they are compared the next time. */
  async function knownOf(orderIds: readonly string[]): Promise<{ restless: Set<string>; lines: Map<string, Known[]> }> {
    const rows = await query<Known & { restless: boolean }>(
      knex,
      `select o.id as order_id, o.number, line.id as line_id, line.ordered, line.in_transit + line.delivered + line.lost as shipped, line.cancelled,
              (sum(line.cancelled) over (partition by o.id) + coalesce((select sum(back.credited) from orders.return r join orders.return_line back on back.return_id = r.id where r.order_id = o.id), 0))::int as given_back,
              o.updated_at > clock_timestamp() - make_interval(secs => ?) as restless
       from orders.customer_order o join orders.order_line line on line.order_id = o.id
       where o.id = any (?::text[]) order by o.id, line.position`,
      [restSeconds, orderIds],
    );
    const lines = new Map<string, Known[]>();
    for (const row of rows) lines.set(row.order_id, [...(lines.get(row.order_id) ?? []), row]);
    return { restless: new Set(rows.filter((row) => row.restless).map((row) => row.order_id)), lines };
  }

  return {
    system: 'oms',
    subject: 'orders',

    async theirs(cursor, signal) {
      const { records, next } = await desk.records(cursor, PAGE, signal);
      const { lines, restless } = await knownOf(records.map((record) => record.orderId));
      return {
        keys: records.map((record) => record.orderId),
        differences: records
          .filter((record) => !restless.has(record.orderId))
          .flatMap((record) => differenceOf(record, lines.get(record.orderId) ?? [])),
        next,
      };
    },

    async ours(cursor) {
      const rows = await query<{ id: string }>(
        knex,
        'select id from orders.customer_order where id > ? and desk_number is not null order by id limit ?',
        [cursor ?? '', PAGE],
      );
      return { keys: rows.map((row) => row.id), next: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null) };
    },

    async missing(keys, signal) {
      const { lines } = await knownOf(keys);
      const found: Difference[] = [];
      for (const [orderId, known] of lines) {
        if (await desk.has(orderId, signal)) continue;
        found.push({
          key: orderId,
          what: `Order ${known[0]?.number}: acknowledged by the order desk earlier, unknown to it now`,
          remedy: 'Register the order at the desk again under our order id, or find out who removed it there.',
          orderId,
          correctable: false,
        });
      }
      return found;
    },
  };
}

function differenceOf(record: DeskRecord, known: readonly Known[]): Difference[] {
  const difference = (what: string, remedy: string, orderId?: string): Difference[] => [
    { key: record.orderId, what, remedy, correctable: false, ...(orderId === undefined ? {} : { orderId }) },
  ];
  if (known.length === 0) {
    return difference(
      `Desk order ${record.deskNumber}: registered under our id ${record.orderId}, which no order here has`,
      'Cancel it at the desk if nobody ordered it; restore it here from the channel if somebody did.',
    );
  }
  const texts = known.flatMap((line) => {
    const there = record.lines.find((one) => one.lineId === line.line_id);
    if (!there) return [`line ${line.line_id} is unknown to the desk`];
    return (['ordered', 'shipped', 'cancelled'] as const)
      .filter((name) => there[name] !== line[name])
      .map((name) => `line ${line.line_id}: ${there[name]} ${name} at the desk, ${line[name]} here`);
  });
  // Amounts differ by postage and goodwill. Money that went back for nothing that was cancelled or returned is what nobody here knows of.
  if (record.refunded && record.refunded.amountMinor > 0n && known[0]?.given_back === 0)
    texts.push(`${formatAmount(record.refunded)} ${record.refunded.currencyCode} given back at the desk, nothing here`);
  if (texts.length === 0) return [];
  return difference(
    `Order ${known[0]?.number}: ${texts.slice(0, 5).join('; ')}${texts.length > 5 ? `; and ${texts.length - 5} more` : ''}`,
    'The desk follows us: send it the notices it lacks, or correct its order by hand. The timeline of the order says what was told.',
    record.orderId,
  );
}
