import type { Knex } from 'knex';
import type { AmazonConnection } from '../../platform/config.ts';
import type { RetakableFeed } from '../../platform/feed/feed.ts';
import type { Logger } from '../../platform/logger.ts';
import { createAmazonClient } from '../../systems/amazon/client.ts';
import type { ErpClient } from '../../systems/erp/client.ts';
import { amazonFinances, amazonReports } from './adapters/amazon.ts';
import { erpFinanceSystem } from './adapters/erp.ts';
import { erpFinanceAudit } from './adapters/erp-audit.ts';
import { documentComparison } from './document-comparison.ts';
import {
  createDocumentFeed,
  createFinance,
  createJournalFeed,
  createOrderConsumption,
  createPull,
  createSettlementBatch,
  createSettlementSubgraph,
  createVoucherWork,
  DOCUMENT_FEED,
  type FinanceFeedDeps,
  JOURNAL_FEED,
  loadPostingRules,
  loadSettlementSettings,
  type PullDeps,
  type Throttle,
} from './index.ts';
import { voucherComparison } from './vouchers/comparison.ts';

/** Shows what needs a person, and takes it back. */
export interface SettlementAlarm {
  raise(alarm: {
    readonly key: string;
    readonly operation: string;
    readonly message: string;
    /** A system of record that said no; our own books when left out. */
    readonly system?: 'erp';
    readonly channelCode?: string | null;
  }): Promise<void>;
  resolve(key: string, by?: string): Promise<void>;
}

/** The settlement domain over the ERP's finance side: the one place that picks its adapter. */
export function openSettlement(deps: {
  knex: Knex;
  erp: ErpClient;
  logger: Logger;
  alarm: SettlementAlarm;
  report: FinanceFeedDeps['report'];
}) {
  const { knex, logger, alarm } = deps;
  const erp = erpFinanceSystem(deps.erp);
  const rules = loadPostingRules();
  const settings = loadSettlementSettings();
  const feedDeps = {
    knex,
    erp,
    report: deps.report,
    onFailure: (feed: string, error: unknown) => logger.warn({ feed, err: error }, 'feed interrupted'),
  };
  const documentFeed = createDocumentFeed(feedDeps);
  const journalFeed = createJournalFeed(feedDeps);
  const again =
    <Entry>(feed: RetakableFeed<Entry>) =>
    (id: string) =>
      feed.takeAgain(Number(id), AbortSignal.timeout(FEED_TIMEOUT_MILLIS));
  const audit = { knex, erp: erpFinanceAudit(deps.erp) };
  return {
    subgraph: createSettlementSubgraph({ knex, books: { rules, settings } }),
    finance: createFinance({ knex, erp, rules, settings }),
    comparisons: [documentComparison(audit), voucherComparison(audit)],
    feeds: [documentFeed, journalFeed],
    /** Entries of feeds that were set aside, by feed: one attempt to take one again. */
    takeAgain: { [DOCUMENT_FEED]: again(documentFeed), [JOURNAL_FEED]: again(journalFeed) },
    orders: createOrderConsumption({ knex, settings }),
    /** The batch work over a pool of its own, so that it never takes a connection that a request waits for. */
    batchOver: (pool: Knex, throttle: Throttle) =>
      createSettlementBatch({
        knex: pool,
        throttle,
        rules,
        settings,
        desk: alarm,
        onFault: (faults) =>
          alarm.raise({
            key: BOOKS,
            operation: 'verify-ledger',
            message: `The channel ledger does not hold: ${faults.join('; ')}`,
          }),
        onSound: () => alarm.resolve(BOOKS, 'the books add up again'),
        onFailure: (error) => logger.warn({ err: error }, 'settlement batch interrupted'),
      }),
    /** Posts vouchers in the ERP when somebody asks for it, over the pool of the batch work. */
    vouchersOver: (pool: Knex, throttle: Throttle) =>
      createVoucherWork({
        knex: pool,
        throttle,
        erp,
        desk: {
          raise: (refused) => alarm.raise({ ...refused, system: 'erp', operation: 'post-voucher' }),
          resolve: alarm.resolve,
        },
        onFailure: (error) => logger.warn({ err: error }, 'posting of vouchers interrupted'),
      }),
  };
}

const BOOKS = 'settlement:ledger';
/** Longest time an entry of a feed that is taken again may take, in milliseconds. */
const FEED_TIMEOUT_MILLIS = 30_000;
/** Of one request to Amazon: a statement may be large. */
const AMAZON_TIMEOUT_MILLIS = 120_000;

/** Fetches statements and payouts from the selling account at Amazon that is connected. */
export function openAmazonPull(deps: {
  readonly knex: Knex;
  readonly throttle: Throttle;
  readonly connection: AmazonConnection;
  readonly onFetched: PullDeps['onFetched'];
}) {
  const { url: baseUrl, channelCode, statements, ...login } = deps.connection;
  const client = createAmazonClient({ baseUrl, ...login, timeoutMillis: AMAZON_TIMEOUT_MILLIS });
  const now = () => new Date();
  const source = statements === 'reports' ? amazonReports(client) : amazonFinances(client, now);
  const { knex, throttle, onFetched } = deps;
  return {
    ...createPull({ knex, channelCode, source, rules: loadPostingRules(), throttle, now, onFetched }),
    close: () => client.close(),
  };
}
