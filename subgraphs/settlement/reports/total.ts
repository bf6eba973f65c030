import { formatAmount } from '../../../platform/money.ts';
import type { SettlementLine } from './model.ts';
import { ReportRefusal } from './refusal.ts';

/** What a report says it pays out, and where it says so. */
export interface StatedTotal {
  readonly minor: bigint;
  readonly currencyCode: string;
  readonly lineNumber: number;
}

/** Adds up the lines of a report as they pass. Rows of class PAYOUT are the total itself, not part of it. */
export function createSum() {
  let minor = 0n;
  return {
    add(line: SettlementLine): void {
      if (line.class !== 'PAYOUT') minor += line.amountMinor;
    },
    get minor(): bigint {
      return minor;
    },
    /** @throws ReportRefusal TOTAL_MISMATCH, at the line of the total, with what was expected, what is there and the difference */
    check(total: StatedTotal): void {
      if (minor === total.minor) return;
      const said = formatAmount({ amountMinor: total.minor, currencyCode: total.currencyCode });
      const found = formatAmount({ amountMinor: minor, currencyCode: total.currencyCode });
      const difference = formatAmount({ amountMinor: minor - total.minor, currencyCode: total.currencyCode });
      throw new ReportRefusal(
        'TOTAL_MISMATCH',
        `Line ${total.lineNumber} states a total of ${said} ${total.currencyCode}, but the lines add up to ${found} ${total.currencyCode}: a difference of ${difference} ${total.currencyCode}. Ask the channel for a correct report.`,
        { lineNumber: total.lineNumber },
      );
    },
  };
}
