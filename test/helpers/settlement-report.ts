import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { derivedId } from '../../platform/ids.ts';
import { openForMatching } from '../../subgraphs/settlement/matching/due.ts';
import { fingerprintOf } from '../../subgraphs/settlement/reports/fingerprint.ts';
import type { SettlementLine, SettlementReport } from '../../subgraphs/settlement/reports/model.ts';

/** A report of AMAZON for November 2026 in pounds, whose total is what its lines add up to; pass what differs. */
export function reportOf(
  externalId: string,
  lines: readonly SettlementLine[],
  overrides: Partial<SettlementReport> = {},
): SettlementReport {
  return {
    channelCode: 'AMAZON',
    externalId,
    format: 'CANONICAL_CSV',
    periodStart: new Date('2026-11-01T00:00:00Z'),
    periodEnd: new Date('2026-11-15T00:00:00Z'),
    currencyCode: 'GBP',
    totalMinor: lines.filter((line) => line.class !== 'PAYOUT').reduce((sum, line) => sum + line.amountMinor, 0n),
    payout: null,
    ...overrides,
  };
}

/** A sale of 10.00 of one unit of A1; pass what differs. */
export function lineOf(overrides: Partial<SettlementLine>): SettlementLine {
  return {
    lineNumber: 1,
    kind: 'ORDER',
    class: 'SALE',
    words: { transaction: 'Order', type: 'ItemPrice', description: 'Principal' },
    channelOrderId: null,
    merchantOrderId: null,
    sku: null,
    quantity: null,
    amountMinor: 1000n,
    currencyCode: 'GBP',
    original: null,
    postedAt: new Date('2026-11-05T10:00:00Z'),
    references: {},
    ...overrides,
  };
}

/** Stores a report as the ingest would, and opens it for matching. @returns the statement's id */
export async function storeReport(
  knex: Knex,
  report: SettlementReport,
  lines: readonly SettlementLine[],
): Promise<string> {
  const id = derivedId('settlement', report.channelCode, report.externalId);
  await inTransaction(knex, async (trx) => {
    await change(
      trx,
      `insert into settlement.report_file (id, channel_code, format, sha256, size_bytes, received_by) values (?, ?, ?, decode(?, 'hex'), 0, 'test') on conflict do nothing`,
      [`f-${id}`, report.channelCode, report.format, createHash('sha256').update(id).digest('hex')],
    );
    await change(
      trx,
      `insert into settlement.statement (id, channel_code, external_id, format, file_id, state, period_start, period_end, currency_code, total_minor)
       values (?, ?, ?, ?, ?, 'LOADING', ?, ?, ?, ?)`,
      [
        id,
        report.channelCode,
        report.externalId,
        report.format,
        `f-${id}`,
        report.periodStart,
        report.periodEnd,
        report.currencyCode,
        report.totalMinor.toString(),
      ],
    );
    await query(
      trx,
      `insert into settlement.statement_line (statement_id, line_number, channel_code, kind, class, word_transaction, word_type, word_description,
         channel_order_id, merchant_order_id, sku, quantity, amount_minor, currency_code, original_minor, original_currency_code, posted_at, reference, fingerprint)
       select ?, l.number, ?, l.kind, l.class, l.w1, l.w2, l.w3, l.channel_order, l.merchant_order, l.sku, l.quantity, l.amount, l.currency, l.original, l.original_currency, l.posted_at, l.reference, decode(l.fingerprint, 'hex')
       from unnest(?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::int[], ?::bigint[], ?::text[], ?::bigint[], ?::text[], ?::timestamptz[], ?::jsonb[], ?::text[])
         as l(number, kind, class, w1, w2, w3, channel_order, merchant_order, sku, quantity, amount, currency, original, original_currency, posted_at, reference, fingerprint)`,
      [
        id,
        report.channelCode,
        lines.map((line) => line.lineNumber),
        lines.map((line) => line.kind),
        lines.map((line) => line.class),
        lines.map((line) => line.words.transaction),
        lines.map((line) => line.words.type),
        lines.map((line) => line.words.description),
        lines.map((line) => line.channelOrderId),
        lines.map((line) => line.merchantOrderId),
        lines.map((line) => line.sku),
        lines.map((line) => line.quantity),
        lines.map((line) => line.amountMinor.toString()),
        lines.map((line) => line.currencyCode),
        lines.map((line) => line.original?.amountMinor.toString() ?? null),
        lines.map((line) => line.original?.currencyCode ?? null),
        lines.map((line) => line.postedAt),
        lines.map((line) => JSON.stringify(line.references)),
        lines.map((line) => fingerprintOf(report.channelCode, line).toString('hex')),
      ],
    );
    await openForMatching(trx, id);
  });
  return id;
}
