import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FORMATS } from '../../cli/settlement/formats.ts';
import { REPORT_FORMATS } from '../../subgraphs/settlement/reports/formats.ts';
import type { PlannedRow } from './plan.ts';
import { WRITERS } from './write.ts';

const head = {
  externalId: 'g-1',
  periodStart: new Date('2026-11-01T00:00:00Z'),
  periodEnd: new Date('2026-11-15T00:00:00Z'),
};
const id = fc.stringMatching(/^[A-Za-z0-9"',;.#-]{1,12}$/);
const row: fc.Arbitrary<PlannedRow> = fc.record({
  class: fc.constantFrom('SALE', 'SALE_TAX', 'COMMISSION', 'REFUND', 'FEE'),
  channelOrderId: id,
  sku: id,
  quantity: fc.integer({ min: 1, max: 999 }),
  amountMinor: fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
  postedAt: fc.constant(new Date('2026-11-05T00:00:00Z')),
  key: fc.constant('k'),
  unknownWords: fc.constant(false),
});

it.each(Object.keys(WRITERS) as (keyof typeof WRITERS)[])(
  'reads back what was written as %s, however it is cut',
  (name) => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('JPY', 'EUR', 'KWD'),
        fc.integer({ min: 1, max: 200 }),
        (rows, currencyCode, piece) => {
          // In a tab separated line, quotes around a whole field are taken off.
          fc.pre(
            name !== 'amazon-v2' || rows.every(({ sku, channelOrderId }) => !`${sku} ${channelOrderId}`.includes('"')),
          );
          const bytes = Buffer.from(WRITERS[name]({ ...head, currencyCode }, rows));
          const reader = REPORT_FORMATS[FORMATS[name]]({ channelCode: 'X' });
          const lines = [];
          for (let at = 0; at < bytes.length; at += piece) lines.push(...reader.push(bytes.subarray(at, at + piece)));
          const end = reader.end();
          const read = [...lines, ...end.lines].filter((line) => line.class !== 'PAYOUT' && line.kind !== 'TRANSFER');
          expect(
            read.map((line) => [line.class, line.channelOrderId, line.sku, line.quantity, line.amountMinor]),
          ).toEqual(rows.map((one) => [one.class, one.channelOrderId, one.sku, one.quantity, one.amountMinor]));
          expect(end.report.totalMinor).toBe(rows.reduce((sum, { amountMinor }) => sum + amountMinor, 0n));
        },
      ),
      { numRuns: 60 },
    );
  },
);
