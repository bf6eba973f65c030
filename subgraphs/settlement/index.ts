import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import { buildSubgraph, type Subgraph } from '../../platform/graphql/subgraph.ts';
import { createAnswerReader } from './answers/read.ts';
import type { ResolveDeps } from './differences/model.ts';
import { createDifferenceReader } from './differences/read.ts';
import { loadPostingRules } from './ledger/posting-rules.ts';
import { createSettlementLoaders, type Readers, type SettlementContext } from './loaders.ts';
import { loadSettlementSettings } from './matching/settings.ts';
import { createPayoutReader } from './payouts/read.ts';
import { createSettlementReader } from './read.ts';
import { resolvers } from './resolvers.ts';
import { createStatementReader } from './statements/read.ts';
import { createVoucherReader } from './vouchers/reader.ts';

export { EXPORT_NAMES, type ExportName, exportCsv } from './answers/export.ts';
export { createSettlementBatch } from './batch.ts';
export { type GroupFilter, readGroups } from './differences/groups.ts';
export { type GroupOutcome, resolveGroup } from './differences/resolve-group.ts';
export { createDocumentFeed, createJournalFeed, documentFeedOf, type FinanceFeedDeps, journalFeedOf } from './feeds.ts';
export { createFinance } from './finance.ts';
export { createDropFolder, type DropOutcome } from './ingest/drop-folder.ts';
export { ingestReport } from './ingest/ingest.ts';
export type { IngestOutcome, IngestProgress, IngestRefusalCode, ReportSource } from './ingest/source.ts';
export { closePeriod } from './ledger/close-period.ts';
export { loadPostingRules } from './ledger/posting-rules.ts';
export { verifyLedger } from './ledger/verify.ts';
export { isJudgedBy, rematch } from './matching/rematch.ts';
export { loadSettlementSettings } from './matching/settings.ts';
export { createOrderConsumption } from './own-events.ts';
export { readTransfers, takeTransfers } from './payouts/amazon-transfers.ts';
export { matchReceiptByHand, releaseByHand } from './payouts/by-hand.ts';
export { findMissingPayouts } from './payouts/missing.ts';
export { takeBankStatement } from './payouts/receipts.ts';
export type { ChannelStatement } from './port.ts';
export { createPull, type PullDeps } from './pull/pull.ts';
export { REPORT_FORMATS } from './reports/formats.ts';
export { checkPublishedStatement } from './reports/published-statements.ts';
export { isReportRefusal } from './reports/refusal.ts';
export { reverseByTwo } from './statements/reversal.ts';
export { createThrottle, NO_THROTTLE, type Throttle } from './throttle.ts';
export { titleOf, type Voucher, type VoucherScope } from './vouchers/model.ts';
export { previewVouchers, readOpenVouchers, readUnposted } from './vouchers/read.ts';
export { checkScope, readRunVouchers, readVoucherRun, requestVoucherRun } from './vouchers/run.ts';
export { createVoucherWork } from './vouchers/worker.ts';

/** The settlement subgraph over what the ERP's finance side reported. */
export function createSettlementSubgraph(deps: { knex: Knex; books?: ResolveDeps }): Subgraph<SettlementContext> {
  const { knex } = deps;
  const books = deps.books ?? { rules: loadPostingRules(), settings: loadSettlementSettings() };
  const readers: Readers = {
    reader: createSettlementReader(knex),
    statements: createStatementReader(knex),
    differences: createDifferenceReader(knex),
    answers: createAnswerReader(knex),
    vouchers: createVoucherReader(knex),
    payouts: createPayoutReader(knex),
  };
  return buildSubgraph<SettlementContext>({
    name: 'settlement',
    resolvers,
    context: (caller: Caller, signal: AbortSignal) => ({
      caller,
      signal,
      knex,
      books,
      ...readers,
      loaders: createSettlementLoaders(readers, caller),
    }),
  });
}
