import type { PostingRules } from '../ledger/posting-rules.ts';
import type { DifferenceAccount } from '../matching/model.ts';
import type { SettlementSettings } from '../matching/settings.ts';
import type { DifferenceState } from '../matching/store-differences.ts';
import type { ReconciliationReason } from '../model.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly field: readonly string[];
}

export interface ResolveDeps {
  readonly rules: PostingRules;
  readonly settings: SettlementSettings;
}

export interface LockedDifference {
  readonly id: string;
  readonly channelCode: string;
  readonly groupKey: string;
  readonly reason: ReconciliationReason;
  readonly state: DifferenceState;
  readonly account: DifferenceAccount;
  readonly differenceMinor: string;
  readonly currencyCode: string;
  readonly orderId: string | null;
  readonly statementId: string | null;
  /** The day its lines count on. Null when it is about a payout, or about something never settled. */
  readonly bookedAt: Date | null;
}
