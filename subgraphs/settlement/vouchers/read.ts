import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { BookingSide } from '../model.ts';
import type { Voucher, VoucherScope } from './model.ts';

export const VOUCHERS = `select v.id, v.period, v.channel_code as "channelCode", v.currency_code as "currencyCode", v.number, v.state,
  v.total_minor as "totalMinor", v.entry_count as "entryCount", v.erp_number as "erpNumber", v.refusal, v.prepared_at as "preparedAt",
  v.changed_at as "changedAt" from settlement.voucher v`;

export interface VoucherLine {
  readonly voucherId: string;
  readonly account: string;
  readonly side: BookingSide;
  readonly amountMinor: string;
}

/** What the ERP does not have yet. */
export interface Unposted {
  /** Entries that are in no voucher. */
  readonly entries: number;
  /** Vouchers that it has not accepted. */
  readonly vouchers: number;
}

/** @param period the month; with `upTo` also those before it */
export async function readUnposted(db: Knex, scope: VoucherScope & { readonly upTo?: boolean }): Promise<Unposted> {
  const { period, channelCode, upTo = false } = scope;
  const within = `(?::text is null or x.period = ? or (? and x.period < ?)) and (?::text is null or x.channel_code = ?)`;
  const values = [period, period, upTo, period, channelCode, channelCode];
  const [found] = await query<Unposted>(
    db,
    `select (select count(*)::int from settlement.entry_without_voucher x where ${within}) as entries,
       (select count(*)::int from settlement.voucher x where x.state <> 'ACCEPTED' and ${within}) as vouchers`,
    [...values, ...values],
  );
  return found ?? { entries: 0, vouchers: 0 };
}

/** The months, up to one and with it, of which the ERP does not have all; the oldest first. */
export async function readUnpostedMonths(db: Knex, until: string): Promise<string[]> {
  const rows = await query<{ period: string }>(
    db,
    `select period from (select period from settlement.entry_without_voucher union select period from settlement.voucher where state <> 'ACCEPTED') x
     where period <= ? order by period`,
    [until],
  );
  return rows.map(({ period }) => period);
}

/** The sums that a run would put into vouchers now, per month, channel, currency, account and side. */
export function previewVouchers(
  db: Knex,
  { period, channelCode }: VoucherScope,
): Promise<
  {
    readonly period: string;
    readonly channelCode: string;
    readonly currencyCode: string;
    readonly account: string;
    readonly side: BookingSide;
    readonly amountMinor: string;
  }[]
> {
  return query(
    db,
    `select e.period, e.channel_code as "channelCode", l.currency_code as "currencyCode", l.account, l.side, sum(l.amount_minor)::text as "amountMinor"
     from settlement.entry_without_voucher e join settlement.ledger_line l on l.entry_id = e.id
     where (?::text is null or e.period = ?) and (?::text is null or e.channel_code = ?) group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5 desc`,
    [period, period, channelCode, channelCode],
  );
}

/** Vouchers that the ERP has not accepted, oldest month first. */
export function readOpenVouchers(db: Knex, { period, channelCode }: VoucherScope): Promise<Voucher[]> {
  return query<Voucher>(
    db,
    `${VOUCHERS} where v.state <> 'ACCEPTED' and (?::text is null or v.period = ?) and (?::text is null or v.channel_code = ?)
     order by v.period, v.channel_code, v.currency_code, v.number`,
    [period, period, channelCode, channelCode],
  );
}

/** Debits first, in the order of the accounts: always the same for the same voucher. */
export function readVoucherLines(db: Knex, ids: readonly string[]): Promise<VoucherLine[]> {
  return query<VoucherLine>(
    db,
    `select voucher_id as "voucherId", account, side, amount_minor as "amountMinor" from settlement.voucher_line
     where voucher_id = any(?::text[]) order by voucher_id, side desc, account`,
    [ids],
  );
}
