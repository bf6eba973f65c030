import type { Knex } from 'knex';
import type { Logger } from '../../platform/logger.ts';
import type { ErpClient } from '../../systems/erp/client.ts';
import { erpFinanceSystem } from './adapters/erp.ts';
import { createDocumentFeed, createFinance, createJournalFeed, createSettlementSubgraph } from './index.ts';

/** The settlement domain over the ERP's finance side: the one place that picks its adapter. */
export function openSettlement(deps: { knex: Knex; erp: ErpClient; logger: Logger }) {
  const erp = erpFinanceSystem(deps.erp);
  const feedDeps = {
    knex: deps.knex,
    erp,
    onFailure: (feed: string, error: unknown) => deps.logger.warn({ feed, err: error }, 'feed interrupted'),
  };
  return {
    subgraph: createSettlementSubgraph({ knex: deps.knex }),
    finance: createFinance({ knex: deps.knex, erp }),
    feeds: [createDocumentFeed(feedDeps), createJournalFeed(feedDeps)],
  };
}
