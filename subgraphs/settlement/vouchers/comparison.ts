import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { formatAmount } from '../../../platform/money.ts';
import type { Comparison, Difference } from '../../../platform/reconcile/comparison.ts';
import type { FinanceAudit, RecordedVoucher } from '../port.ts';
import { titleOf, type Voucher } from './model.ts';
import { readVoucherLines, VOUCHERS } from './read.ts';

const PAGE = 200;

/**
 * Vouchers that the ERP accepted, with what stands in its journal: the same accounts, sides and sums. Postings of the ERP that
 * are no voucher of ours are its own.
 */
export function voucherComparison(deps: { readonly knex: Knex; readonly erp: FinanceAudit }): Comparison {
  const { knex, erp } = deps;
  return {
    system: 'erp',
    subject: 'vouchers',

    async theirs(cursor, signal) {
      const { vouchers, next } = await erp.postedVouchers(cursor, PAGE, signal);
      const known = await acceptedAs(knex, vouchers.map((one) => one.number)); // biome-ignore format: one thought
      const lines = await sumsOf(knex, [...known.values()]);
      const ours = vouchers.flatMap((theirs) => {
        const voucher = known.get(theirs.number);
        return voucher ? [{ voucher, theirs, sums: lines.get(voucher.id) ?? [] }] : [];
      });
      return {
        keys: ours.map(({ voucher }) => voucher.id),
        differences: ours.flatMap(({ voucher, theirs, sums }) => differenceOf(voucher, sums, theirs)),
        next,
      };
    },

    async ours(cursor) {
      const rows = await query<{ id: string }>(
        knex,
        `select id from settlement.voucher where state = 'ACCEPTED' and id > ? order by id limit ?`,
        [cursor ?? '', PAGE],
      );
      return { keys: rows.map(({ id }) => id), next: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null) };
    },

    async missing(keys, signal) {
      const vouchers = await query<Voucher>(knex, `${VOUCHERS} where v.id = any(?::text[]) order by v.id`, [keys]);
      const found: Difference[] = [];
      for (const voucher of vouchers) {
        // Under its reference it may have another number than the one that we were told.
        const number = await erp.findVoucher(voucher.id, signal);
        if (number === voucher.erpNumber) continue;
        const there = number === null ? 'unknown to the ERP' : `${number} in the ERP`;
        found.push({
          key: voucher.id,
          what: `Voucher ${titleOf(voucher)} (${voucher.id}): accepted as ${voucher.erpNumber} here, ${there}`,
          remedy: 'Have finance find out who removed it from the ERP: its sums are in our ledger.',
          correctable: false,
        });
      }
      return found;
    },
  };
}

async function acceptedAs(knex: Knex, numbers: readonly string[]): Promise<Map<string, Voucher>> {
  const rows = await query<Voucher>(knex, `${VOUCHERS} where v.erp_number = any(?::text[])`, [numbers]);
  return new Map(rows.flatMap((row) => (row.erpNumber === null ? [] : [[row.erpNumber, row]])));
}

/** Sums per account and side as text, by voucher, sorted. */
async function sumsOf(knex: Knex, vouchers: readonly Voucher[]): Promise<Map<string, string[]>> {
  const currencies = new Map(vouchers.map(({ id, currencyCode }) => [id, currencyCode]));
  const sums = new Map<string, string[]>();
  for (const { voucherId, ...line } of await readVoucherLines(knex, [...currencies.keys()])) {
    const currencyCode = currencies.get(voucherId) ?? '';
    sums.set(voucherId, [...(sums.get(voucherId) ?? []), say({ ...line, amountMinor: BigInt(line.amountMinor), currencyCode })]); // biome-ignore format: one thought
  }
  return new Map([...sums].map(([id, lines]) => [id, lines.sort()]));
}

function differenceOf(voucher: Voucher, ours: readonly string[], { number, lines }: RecordedVoucher): Difference[] {
  const theirs = lines.map(say).sort();
  const onlyHere = ours.filter((line) => !theirs.includes(line));
  const onlyThere = theirs.filter((line) => !ours.includes(line));
  if (onlyHere.length + onlyThere.length === 0 && ours.length === theirs.length) return [];
  return [
    {
      key: voucher.id,
      what: `Voucher ${titleOf(voucher)}, ${number} in the ERP: ${onlyThere.join(', ') || 'nothing more'} there, ${onlyHere.join(', ') || 'nothing more'} here`,
      remedy: 'Somebody changed a posted document. Have finance correct it in the ERP by another document.',
      correctable: false,
    },
  ];
}

function say(line: RecordedVoucher['lines'][number]): string {
  return `${line.account} ${line.side} ${formatAmount(line)} ${line.currencyCode}`;
}
