import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { newId } from '../../../platform/ids.ts';
import { NO_THROTTLE, type Throttle } from '../throttle.ts';
import type { VoucherScope } from './model.ts';

/**
 * Entries of one transaction: bounds its length, and what is repeated after a crash. The same under load, when the work only
 * rests longer: an ERP is not to get more documents because the shop was busy.
 */
const MOST_ENTRIES = 20_000;

/**
 * Puts entries that the ERP is to get, and that are in no voucher yet, into vouchers: one per month, channel and currency,
 * or several when there are many entries. The lines are what each account got on each side: nothing is set off, so that
 * the ERP's turnover is that of the ledger.
 *
 * @param throttle rests between vouchers
 * @param mostEntries entries per voucher
 * @returns ids of the new vouchers
 */
export async function prepareVouchers(
  knex: Knex,
  scope: VoucherScope,
  runId: string,
  {
    throttle = NO_THROTTLE,
    mostEntries = MOST_ENTRIES,
  }: { readonly throttle?: Throttle; readonly mostEntries?: number } = {},
): Promise<string[]> {
  const prepared: string[] = [];
  for (;;) {
    const ids = await throttle.work(() => inTransaction(knex, (trx) => prepareSome(trx, scope, runId, mostEntries)));
    if (ids.length === 0) return prepared;
    prepared.push(...ids);
  }
}

async function prepareSome(
  trx: Knex.Transaction,
  scope: VoucherScope,
  runId: string,
  mostEntries: number,
): Promise<string[]> {
  const [group] = await query<{ period: string; channelCode: string }>(
    trx,
    `select period, channel_code as "channelCode" from settlement.entry_without_voucher
     where (?::text is null or period = ?) and (?::text is null or channel_code = ?) order by 1, 2 limit 1`,
    [scope.period, scope.period, scope.channelCode, scope.channelCode],
  );
  if (!group) return [];
  const { period, channelCode } = group;
  // Entries become visible in the order of their sequence: all up to the newest chosen one are there, now and below.
  const chosen = `select id from settlement.entry_without_voucher where period = ? and channel_code = ? order by sequence limit ?`;
  const choice = [period, channelCode, mostEntries];
  const sums = await query<{ currencyCode: string; entries: number; totalMinor: string; number: number }>(
    trx,
    `select l.currency_code as "currencyCode", count(distinct l.entry_id)::int as entries,
       sum(l.amount_minor) filter (where l.side = 'DEBIT')::text as "totalMinor",
       1 + (select coalesce(max(v.number), 0) from settlement.voucher v where v.period = ? and v.channel_code = ? and v.currency_code = l.currency_code) as number
     from (${chosen}) c join settlement.ledger_line l on l.entry_id = c.id group by 1 order by 1`,
    [period, channelCode, ...choice],
  );
  const vouchers = sums.map((sum) => ({ ...sum, id: newId('voucher') }));
  const ids = vouchers.map((voucher) => voucher.id);
  await change(
    trx,
    `insert into settlement.voucher (id, period, channel_code, currency_code, number, state, total_minor, entry_count)
     select id, ?, ?, currency_code, number, 'PREPARED', total, entries
     from unnest(?::text[], ?::text[], ?::int[], ?::bigint[], ?::int[]) as v(id, currency_code, number, total, entries)`,
    [
      period,
      channelCode,
      ids,
      vouchers.map((voucher) => voucher.currencyCode),
      vouchers.map((voucher) => voucher.number),
      vouchers.map((voucher) => voucher.totalMinor),
      vouchers.map((voucher) => voucher.entries),
    ],
  );
  await change(
    trx,
    `insert into settlement.voucher_entry (entry_id, currency_code, voucher_id)
     select distinct c.id, v.currency_code, v.id
     from (${chosen}) c join settlement.ledger_line l on l.entry_id = c.id join settlement.voucher v on v.id = any(?::text[]) and v.currency_code = l.currency_code`,
    [...choice, ids],
  );
  await change(
    trx,
    `insert into settlement.voucher_line (voucher_id, account, side, amount_minor)
     select e.voucher_id, l.account, l.side, sum(l.amount_minor)
     from settlement.voucher_entry e join settlement.ledger_line l on l.entry_id = e.entry_id and l.currency_code = e.currency_code
     where e.voucher_id = any(?::text[]) group by 1, 2, 3`,
    [ids],
  );
  await change(
    trx,
    `insert into settlement.voucher_change (voucher_id, position, state, run_id, note)
     select id, 1, 'PREPARED', ?, '' from unnest(?::text[]) as v(id)`,
    [runId, ids],
  );
  return ids;
}
