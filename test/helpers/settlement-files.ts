import type { ReportSource } from '../../subgraphs/settlement/ingest/source.ts';

/** A report in our own format with a total of what the rows add up to; amounts are minor units of a currency of two digits. */
export function canonicalFile(
  externalId: string,
  rows: readonly { class: string; amountMinor: number; orderId?: string; sku?: string }[],
  overrides: { total?: string; currency?: string } = {},
): string {
  const amount = (minor: number) => `${minor < 0 ? '-' : ''}${Math.floor(Math.abs(minor) / 100)}.${String(Math.abs(minor) % 100).padStart(2, '0')}`; // biome-ignore format: one thought
  const total = amount(rows.filter((row) => row.class !== 'PAYOUT').reduce((sum, row) => sum + row.amountMinor, 0));
  const first = [externalId, '2026-11-01', '2026-11-15', overrides.currency ?? 'GBP', overrides.total ?? total];
  return [
    'settlement_id,period_start,period_end,currency,total,class,amount,order_id,sku',
    ...rows.map((row, index) =>
      [...(index === 0 ? first : ['', '', '', '', '']), row.class, amount(row.amountMinor), row.orderId ?? '', row.sku ?? ''].join(','),
    ),
    '',
  ].join('\n'); // biome-ignore format: a table
}

/** A report as it is handed in; pass what differs. */
export function sourceOf(text: string | Buffer, overrides: Partial<ReportSource> = {}): ReportSource {
  return {
    channelCode: 'AMAZON',
    format: 'CANONICAL_CSV',
    fileName: 'report.csv',
    receivedBy: 'test',
    bytes: async function* () {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
    ...overrides,
  };
}
