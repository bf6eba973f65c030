import type { Knex } from 'knex';
import type { AmazonConnection } from '../../platform/config.ts';
import type { RetakableFeed } from '../../platform/feed/feed.ts';
import type { Logger } from '../../platform/logger.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { createAmazonClient } from '../../systems/amazon/client.ts';
import type { ErpClient } from '../../systems/erp/client.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { amazonFinances, amazonReports } from './adapters/amazon.ts';
import { erpFinanceSystem } from './adapters/erp.ts';
import { erpFinanceAudit } from './adapters/erp-audit.ts';
import { trytonFinanceSystem } from './adapters/tryton.ts';
import { trytonFinanceAudit } from './adapters/tryton-audit.ts';
import { trytonFinanceFeeds } from './adapters/tryton-feeds.ts';
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
  documentFeedOf,
  type FinanceFeedDeps,
  journalFeedOf,
  loadPostingRules,
  loadSettlementSettings,
  type PullDeps,
  type Throttle,
} from './index.ts';
import type { PostingRules } from './ledger/posting-rules.ts';
import type { FinanceAudit, FinanceSystem } from './port.ts';
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

/** The system that keeps the books, as config/systems.yaml names it. */
export type BooksSystem =
  | { readonly adapter: 'reference-erp'; readonly erp: ErpClient }
  | { readonly adapter: 'tryton'; readonly name: string; readonly tryton: TrytonClient };

/** The settlement domain over the ERP's finance side: the one place that picks its adapter. */
export function openSettlement(deps: {
  knex: Knex;
  system: BooksSystem;
  logger: Logger;
  alarm: SettlementAlarm;
  report: FinanceFeedDeps['report'];
}) {
  const { knex, logger, alarm } = deps;
  const rules = loadPostingRules();
  const settings = loadSettlementSettings();
  const { finance: erp, audit: books } = openBooks(knex, deps.system, rules);
  const system = deps.system.adapter === 'tryton' ? deps.system.name : 'erp';
  const feedDeps = {
    knex,
    erp,
    system,
    report: deps.report,
    onFailure: (feed: string, error: unknown) => logger.warn({ feed, err: error }, 'feed interrupted'),
  };
  const documentFeed = createDocumentFeed(feedDeps);
  const journalFeed = createJournalFeed(feedDeps);
  const again =
    <Entry>(feed: RetakableFeed<Entry>) =>
    (id: string) =>
      feed.takeAgain(Number(id), AbortSignal.timeout(FEED_TIMEOUT_MILLIS));
  const audit = { knex, erp: books };
  return {
    subgraph: createSettlementSubgraph({ knex, books: { rules, settings } }),
    finance: createFinance({ knex, erp, rules, settings }),
    comparisons: [documentComparison(audit), voucherComparison(audit)],
    feeds: [documentFeed, journalFeed],
    /** Entries of feeds that were set aside, by feed: one attempt to take one again. */
    takeAgain: { [documentFeedOf(system)]: again(documentFeed), [journalFeedOf(system)]: again(journalFeed) },
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

function openBooks(
  knex: Knex,
  system: BooksSystem,
  rules: PostingRules,
): { readonly finance: FinanceSystem; readonly audit: FinanceAudit } {
  if (system.adapter === 'reference-erp')
    return { finance: erpFinanceSystem(system.erp), audit: erpFinanceAudit(system.erp) };
  const { tryton, name } = system;
  const feeds = trytonFinanceFeeds(tryton, openObservedJournal(knex, name));
  const finance = trytonFinanceSystem(tryton, feeds, {
    receivable: rules.account('customer-receivable'),
    revenue: rules.account('revenue'),
    outputTax: rules.account('output-tax'),
  });
  return { finance, audit: trytonFinanceAudit(tryton, feeds, finance) };
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
