import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { formatAmount } from '../../platform/money.ts';
import type { Comparison, Difference } from '../../platform/reconcile/comparison.ts';
import { tellReturnsAgain } from './desk-catch-up.ts';
import type { DeskAudit, DeskRecord, OrderDesk } from './port.ts';

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
  /** Units that came back and are kept. What waits for its inspection may go back to the buyer. */
  readonly returned: number;
  /** Units of the order whose money was due back, cancelled or returned. */
  readonly given_back: number;
}

/**
 * Orders with the order desk's: each on both sides, with the same units ordered, shipped, cancelled and returned. Units that got
 * lost on the way count as shipped on both sides. What the desk lacks of returned units it is told again.
 */
export function deskComparison(deps: {
  readonly knex: Knex;
  readonly desk: OrderDesk;
  readonly audit: DeskAudit;
  readonly restSeconds?: number;
}): Comparison {
  const { knex, desk, audit, restSeconds = REST_SECONDS } = deps;
  const isTold = desk.takes.has('RETURN');

  /** Lines of these orders, those that changed lately left out: they are compared the next time. */
  async function knownOf(orderIds: readonly string[]): Promise<{ restless: Set<string>; lines: Map<string, Known[]> }> {
    const rows = await query<Known & { restless: boolean }>(
      knex,
      `select o.id as order_id, o.number, line.id as line_id, line.ordered, line.in_transit + line.delivered + line.lost as shipped, line.cancelled,
              coalesce((select sum(c.accepted) from orders.return_line back join orders.return_condition c on c.return_line_id = back.id where back.order_line_id = line.id), 0)::int as returned,
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
      const { records, next } = await audit.records(cursor, PAGE, signal);
      const { lines, restless } = await knownOf(records.map((record) => record.orderId));
      return {
        keys: records.map((record) => record.orderId),
        differences: records
          .filter((record) => !restless.has(record.orderId))
          .flatMap((record) => differenceOf(record, lines.get(record.orderId) ?? [], isTold)),
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
        if ((await audit.record(orderId, signal)) !== null) continue;
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

    async correct(_, keys, signal) {
      const { lines } = await knownOf(keys);
      const right: string[] = [];
      for (const [orderId, known] of lines) {
        const kept = new Map(known.map(({ line_id, returned }) => [line_id, returned]));
        const record = await tellReturnsAgain({ knex, desk, audit }, orderId, kept, signal);
        if (record && differenceOf(record, known, isTold).length === 0) right.push(orderId);
      }
      return right;
    },
  };
}

/** A figure that the desk does not say is not compared. */
const COMPARED = ['ordered', 'shipped', 'cancelled', 'returned'] as const;

function differenceOf(record: DeskRecord, known: readonly Known[], isTold: boolean): Difference[] {
  const difference = (what: string, remedy: string, orderId?: string, correctable = false): Difference[] => [
    { key: record.orderId, what, remedy, correctable, ...(orderId === undefined ? {} : { orderId }) },
  ];
  if (known.length === 0) {
    return difference(
      `Desk order ${record.deskNumber}: registered under our id ${record.orderId}, which no order here has`,
      'Cancel it at the desk if nobody ordered it; restore it here from the channel if somebody did.',
    );
  }
  const texts: string[] = [];
  let isLacking = isTold;
  for (const line of known) {
    const there = record.lines.find((one) => one.lineId === line.line_id);
    if (!there) texts.push(`line ${line.line_id} is unknown to the desk`);
    for (const name of COMPARED) {
      const units = there?.[name] ?? line[name];
      if (units === line[name]) continue;
      texts.push(`line ${line.line_id}: ${units} ${name} at the desk, ${line[name]} here`);
      isLacking &&= name === 'returned' && units < line.returned;
    }
    isLacking &&= there !== undefined;
  }
  // Amounts differ by postage and goodwill. Money that went back for nothing that was cancelled or returned is what nobody here knows of.
  if (record.refunded && record.refunded.amountMinor > 0n && known[0]?.given_back === 0) {
    texts.push(`${formatAmount(record.refunded)} ${record.refunded.currencyCode} given back at the desk, nothing here`);
    isLacking = false;
  }
  if (texts.length === 0) return [];
  return difference(
    `Order ${known[0]?.number}: ${texts.slice(0, 5).join('; ')}${texts.length > 5 ? `; and ${texts.length - 5} more` : ''}`,
    'The desk follows us: send it the notices it lacks, or correct its order by hand. The timeline of the order says what was told.',
    record.orderId,
    isLacking,
  );
}
