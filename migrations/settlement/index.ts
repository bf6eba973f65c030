import type { MigrationSet } from '../../platform/db/migrate.ts';
import * as settlement from './20261123090000_settlement.ts';
import * as ledger from './20261127090000_ledger.ts';
import * as statements from './20261127090100_statements.ts';
import * as matching from './20261127090200_matching.ts';
import * as payouts from './20261127090300_payouts.ts';
import * as books from './20261127091000_books.ts';
import * as postedGroupKey from './20261127091500_posted_group_key.ts';
import * as orderAmounts from './20261127092000_order_amounts.ts';
import * as indicators from './20261127100000_indicators.ts';
import * as payoutPostings from './20261127121000_payout_postings.ts';
import * as vouchers from './20261127123000_vouchers.ts';
import * as pulledStatement from './20261127124500_pulled_statement.ts';
import * as countedCompleteness from './20261127134100_counted_completeness.ts';
import * as announcedPayout from './20261127141000_announced_payout.ts';
import * as judgedSettings from './20261127141500_judged_settings.ts';
import * as unexplainedCredits from './20261127151000_unexplained_credits.ts';
import * as reversals from './20261127151100_reversals.ts';
import * as costOfGoods from './20261127154500_cost_of_goods.ts';
import * as receiptParts from './20261128190000_receipt_parts.ts';
import * as toldStatus from './20261128191000_told_status.ts';
import * as paidShort from './20261128203000_paid_short.ts';
import * as takenBack from './20261128211500_taken_back.ts';
import * as matchedWithoutPayout from './20261128223000_matched_without_payout.ts';
import * as carriedCertain from './20261128234500_carried_certain.ts';
import * as missingPayouts from './20261129015600_missing_payouts.ts';
import * as keptDecisions from './20261129020500_kept_decisions.ts';
import * as convertedReceipts from './20261129024000_converted_receipts.ts';
import * as payoutGuard from './20261129040200_payout_guard.ts';
import * as metPostings from './20261129080000_met_postings.ts';
import * as payoutsToldOtherwise from './20261129081000_payouts_told_otherwise.ts';

export const migrations: MigrationSet = {
  '20261123090000_settlement': settlement,
  '20261127090000_ledger': ledger,
  '20261127090100_statements': statements,
  '20261127090200_matching': matching,
  '20261127090300_payouts': payouts,
  '20261127091000_books': books,
  '20261127091500_posted_group_key': postedGroupKey,
  '20261127092000_order_amounts': orderAmounts,
  '20261127100000_indicators': indicators,
  '20261127121000_payout_postings': payoutPostings,
  '20261127123000_vouchers': vouchers,
  '20261127124500_pulled_statement': pulledStatement,
  '20261127134100_counted_completeness': countedCompleteness,
  '20261127141000_announced_payout': announcedPayout,
  '20261127141500_judged_settings': judgedSettings,
  '20261127151000_unexplained_credits': unexplainedCredits,
  '20261127151100_reversals': reversals,
  '20261127154500_cost_of_goods': costOfGoods,
  '20261128190000_receipt_parts': receiptParts,
  '20261128191000_told_status': toldStatus,
  '20261128203000_paid_short': paidShort,
  '20261128211500_taken_back': takenBack,
  '20261128223000_matched_without_payout': matchedWithoutPayout,
  '20261128234500_carried_certain': carriedCertain,
  '20261129015600_missing_payouts': missingPayouts,
  '20261129020500_kept_decisions': keptDecisions,
  '20261129024000_converted_receipts': convertedReceipts,
  '20261129040200_payout_guard': payoutGuard,
  '20261129080000_met_postings': metPostings,
  '20261129081000_payouts_told_otherwise': payoutsToldOtherwise,
};
