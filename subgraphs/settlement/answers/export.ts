import type { Knex } from 'knex';
import { formatAmount } from '../../../platform/money.ts';
import { SHOWN_STATE } from '../differences/read.ts';
import { WORDS_OF_LINE } from '../statements/words.ts';

type Row = Readonly<Record<string, string | number | Date | null>>;

/**
 * What can be exported, each in an order that the same books always give. Columns that end in `_minor` become decimal
 * amounts of the row's `currency`. Nothing here depends on the order in which news arrived.
 */
const EXPORTS = {
  differences: `select d.id, channel_code as channel, reason, ${SHOWN_STATE} as state, expected_minor, actual_minor, difference_minor, currency_code as currency, order_id, channel_order_id, sku,
      statement_id as settlement_id, explanation,
      c.resolution as decision, c.state as decision_state, c.actor, c.approved_by, c.note, c.made_at as decided_at, c.entry_id
      from settlement.difference d left join lateral (
        select c.resolution, c.state, c.actor, c.approved_by, c.note, c.made_at, c.entry_id from settlement.decision c
        where c.exception_id = d.id order by c.made_at desc, c.id desc limit 1) c on true`,
  lines: `select l.statement_id as settlement_id, l.line_number as line, l.channel_code as channel, l.class, ${WORDS_OF_LINE} as description, l.channel_order_id, l.sku, l.quantity,
      l.amount_minor, l.currency_code as currency, coalesce(m.state, 'PENDING') as state, m.rule, m.target, m.target_id, m.order_id, m.exception_id as difference_id
      from settlement.statement_line l join settlement.statement s on s.id = l.statement_id and s.state <> 'LOADING'
      left join settlement.line_match m on m.statement_id = l.statement_id and m.line_number = l.line_number`,
  fees: `select channel_code || ' ' || coalesce(sku, '') || ' ' || description || ' ' || currency_code as id, channel_code as channel, sku, description,
      count(*)::int as lines, sum(amount_minor)::text as amount_minor, currency_code as currency
      from (select l.*, coalesce(nullif(${WORDS_OF_LINE}, ''), l.class) as description from settlement.statement_line l
            where class in ('COMMISSION', 'FEE', 'CHARGEBACK', 'ADJUSTMENT')
              and exists (select from settlement.statement s where s.id = l.statement_id and s.state not in ('LOADING', 'REVERSED'))) as told
      group by channel_code, sku, description, currency_code`,
  orders: `select s.order_id as id, o.number, o.channel_code as channel, o.channel_order_id, s.status, s.expected_minor, s.settled_minor, s.fees_minor,
      earned.net_minor, earned.cost_of_goods_minor, (earned.net_minor + s.fees_minor - earned.cost_of_goods_minor)::text as margin_minor, s.currency_code as currency
      from settlement.order_settlement s join settlement.channel_order o on o.order_id = s.order_id
      cross join lateral (
        select coalesce((select sum(case d.kind when 'INVOICE' then d.net_minor else -d.net_minor end) from settlement.document d where d.order_id = s.order_id), 0) as net_minor,
          (select case when bool_and(l.cost_minor is not null) then sum(case d.kind when 'INVOICE' then l.cost_minor else -l.cost_minor end) end
           from settlement.document d join settlement.document_line l on l.document_id = d.id where d.order_id = s.order_id) as cost_of_goods_minor
      ) earned`,
  completeness: `select s.channel_code || ' ' || to_char(s.ingested_at at time zone 'UTC', 'YYYY-MM') as id, s.channel_code as channel, to_char(s.ingested_at at time zone 'UTC', 'YYYY-MM') as ingested_in,
      count(distinct s.id)::int as settlements, count(*)::int as lines, count(*) filter (where m.state = 'MATCHED' or d.state in ('RESOLVED', 'WRITTEN_OFF'))::int as explained
      from settlement.statement s join settlement.statement_line l on l.statement_id = s.id
      left join settlement.line_match m on m.statement_id = l.statement_id and m.line_number = l.line_number
      left join settlement.difference d on d.id = m.exception_id
      where s.ingested_at is not null and s.state not in ('LOADING', 'REVERSED') group by 1, 2, 3`,
  balances: `select account || ' ' || channel_code || ' ' || currency_code as id, account, channel_code as channel, sum(debit_minor - credit_minor)::text as net_minor, currency_code as currency
      from settlement.account_balance group by account, channel_code, currency_code having sum(debit_minor - credit_minor) <> 0`,
  aging: `select channel_code || ' ' || reason || ' ' || state || ' ' || opened_at::date || ' ' || currency_code as id, channel_code as channel, reason, state, opened_at::date::text as opened_on,
      count(*)::int as differences, sum(difference_minor)::text as difference_minor, currency_code as currency from settlement.difference
      where state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') group by channel_code, reason, state, opened_at::date, currency_code`,
  payouts: `select p.id, p.channel_code as channel, p.external_id, p.statement_id as settlement_id, p.state, p.amount_minor, p.announced_minor,
      coalesce((select sum(c.amount_minor) from settlement.payout c where c.carried_into = p.id), 0)::text as carried_forward_minor, p.carried_into,
      r.received_minor, r.received_on, p.currency_code as currency, p.reference
      from settlement.payout p left join lateral (
        select sum(counted_minor)::text as received_minor, to_char(max(booked_on), 'YYYY-MM-DD') as received_on from settlement.bank_receipt where payout_id = p.id) r on true`,
  'bank-receipts': `select r.id, to_char(r.booked_on, 'YYYY-MM-DD') as booked_on, r.amount_minor, r.currency_code as currency, r.remittance, r.bank_reference, r.account_tail, r.payout_id, r.conflict,
      r.contradicts, r.takes_back, case when p.id is not null then r.counted_minor end as payout_amount_minor, p.currency_code as payout_currency
      from settlement.bank_receipt r left join settlement.payout p on p.id = r.payout_id`,
  refusals: `select lpad(id::text, 19, '0') as id, refused_at, channel_code as channel, format, file_name, code, line_number as line, message, refused_by, size_bytes as bytes, encode(sha256, 'hex') as sha256
      from settlement.report_refusal`,
} as const;

export type ExportName = keyof typeof EXPORTS;
export const EXPORT_NAMES = Object.keys(EXPORTS) as ExportName[];

const PAGE = 5_000;

/** The rows of an export as lines of CSV (RFC 4180), the header first. One snapshot, bounded memory. */
export async function exportCsv(knex: Knex, name: ExportName, write: (line: string) => void): Promise<void> {
  await knex.transaction(
    async (trx) => {
      // Compared byte by byte, so that no database's language decides the order.
      const order = name === 'lines' ? 'settlement_id collate "C", line' : 'id collate "C"';
      await trx.raw(`declare exported no scroll cursor for select * from (${EXPORTS[name]}) as rows order by ${order}`);
      for (let first = true; ; first = false) {
        const { rows, fields } = await trx.raw<{ rows: Row[]; fields: { name: string }[] }>(
          `fetch ${PAGE} from exported`,
        );
        const columns = fields.map(({ name: column }) => column);
        if (first) write(columns.map((column) => quoted(column.replace(/_minor$/, ''))).join(','));
        for (const row of rows) write(columns.map((column) => quoted(cellOf(row, column))).join(','));
        if (rows.length < PAGE) return;
      }
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

function cellOf(row: Row, column: string): string {
  const value = row[column];
  if (value === null || value === undefined) return '';
  if (column.endsWith('_minor'))
    return formatAmount({ amountMinor: BigInt(String(value)), currencyCode: String(column === 'payout_amount_minor' ? row.payout_currency : row.currency) }); // biome-ignore format: one thought
  return value instanceof Date ? value.toISOString() : String(value);
}

/** A cell. One that a spreadsheet would take for a formula is made a text; a negative amount is none. */
function quoted(value: string): string {
  const isFormula = /^[=+@\t\r\n-]/.test(value) && !/^-\d+(\.\d+)?$/.test(value);
  const safe = isFormula ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
