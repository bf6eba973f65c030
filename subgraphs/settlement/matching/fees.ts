import type { ReconciliationReason } from '../model.ts';
import type { ExpectedDocument, MatchLine } from './model.ts';
import { type ChannelSettings, feeRuleFor, wordsOf } from './settings.ts';

export interface FeeFault {
  readonly reason: ReconciliationReason;
  readonly expectedMinor: bigint | null;
  readonly explanation: string;
}

/**
 * What is wrong with a fee, a correction or any other row that no document of ours explains. Null: a rule does.
 * @param saleMinor what the rate of a rule is taken of; null where the row is about no order
 */
export function judgeFee(
  line: MatchLine,
  channel: ChannelSettings,
  saleMinor: bigint | null,
  toleranceMinor: bigint,
): FeeFault | null {
  if (line.class === 'RESERVE' || line.class === 'RESERVE_RELEASE' || line.class === 'PAYOUT') return null;
  const rule = feeRuleFor(channel, line);
  if (!rule) {
    return {
      reason: 'UNKNOWN_FEE',
      expectedMinor: null,
      explanation: `No rule explains ${line.class} "${wordsOf(line.words)}". If it is right, add its words to config/settlement.yaml and start the settlement worker again: it then looks at it again.`,
    };
  }
  if (rule.rateBasisPoints === null || saleMinor === null || line.amountMinor > 0n) return null;
  const base = saleMinor * BigInt(rule.rateBasisPoints);
  const expected = -((base * 2n + 10_000n) / 20_000n);
  const off = line.amountMinor - expected;
  if ((off < 0n ? -off : off) <= toleranceMinor) return null;
  return {
    reason: 'AMOUNT_DIFFERENCE',
    expectedMinor: expected,
    explanation: `The rule gives ${rule.rateBasisPoints / 100} per cent of the sale.`,
  };
}

/** Classes whose words explain any amount, and that give back what was sold. */
const GIVES_BACK = ['CHARGEBACK', 'TAX_WITHHELD'];

/** What is wrong with a chargeback, or with tax that a channel kept: more than was invoiced cannot be given back. Null: nothing. */
export function beyondInvoices(
  line: MatchLine,
  documents: readonly ExpectedDocument[],
  remitsTax: boolean,
): FeeFault | null {
  const sold = documents.filter(({ kind }) => kind === 'INVOICE').flatMap((one) => one.lines);
  const soldMinor = sold.reduce((sum, { netMinor, taxMinor }) => sum + netMinor + taxMinor, 0n);
  if (remitsTax || sold.length === 0 || !GIVES_BACK.includes(line.class) || -line.amountMinor <= soldMinor) return null;
  return { reason: 'AMOUNT_DIFFERENCE', expectedMinor: null, explanation: 'More than was invoiced of the order.' };
}
