import type { Knex } from 'knex';
import type { Logger } from '../../platform/logger.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import type { ErpClient } from '../../systems/erp/client.ts';
import type { ODataClient } from '../../systems/odata/client.ts';
import type { SqlClient } from '../../systems/sql/client.ts';
import type { SqlMapping } from '../../systems/sql/mapping.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { type BusinessCentralProductOptions, businessCentralProductSource } from './adapters/business-central.ts';
import { erpProductSource } from './adapters/erp.ts';
import { sqlProductSource } from './adapters/sql.ts';
import { trytonProductSource } from './adapters/tryton.ts';
import { catalogueComparison } from './catalogue-comparison.ts';
import { createProductFeed, createProductSubgraph, createSellableProjection, REJECTION_REASONS } from './index.ts';
import type { ProductSource } from './port.ts';

/** Told of every record that cannot be used, in the transaction that passes over it. */
type ReportUnusable = (
  trx: Knex.Transaction,
  entry: { key: string; system: string; operation: string; message: string },
) => Promise<void>;

/** Closes the exceptions of these keys: what they were about is done. */
type SettleExceptions = (trx: Knex.Transaction, keys: readonly string[], by: string) => Promise<void>;

/** Notes that a system was heard, see docs/degradation.md. */
type Heard = (knex: Knex, system: string, feed: string) => Promise<void>;

/** The system that knows goods and prices, as config/systems.yaml names it. */
export type ProductSystem =
  | { readonly adapter: 'reference-erp'; readonly erp: ErpClient }
  | { readonly adapter: 'tryton'; readonly name: string; readonly tryton: TrytonClient; readonly currencyCode: string }
  | {
      readonly adapter: 'business-central';
      readonly name: string;
      readonly odata: ODataClient;
      readonly terms: Omit<BusinessCentralProductOptions, 'name'>;
    }
  | { readonly adapter: 'sql'; readonly name: string; readonly sql: SqlClient; readonly mapping: SqlMapping };

/**
 * The product domain over its system of record: the one place that picks its adapter.
 * Feed and projection do nothing until they are started; a process that only serves queries leaves them alone.
 */
export function openProduct(deps: {
  knex: Knex;
  system: ProductSystem;
  report: ReportUnusable;
  heard?: Heard;
  settle?: SettleExceptions;
  logger: Logger;
}) {
  const { knex, report, logger } = deps;
  const source = sourceOf(deps.system, knex);
  const exceptionKey = (record: string, key: string) => `product-feed:${source.name}:${record}:${key}`;
  return {
    subgraph: createProductSubgraph({ knex }),
    comparisons: [catalogueComparison({ knex, source })],
    feed: createProductFeed({
      knex,
      source,
      logger,
      async onHeard(stream) {
        await deps.heard?.(knex, source.name, stream);
      },
      async onRejected(rejected, trx) {
        for (const { record, key, reason } of rejected) {
          await report(trx, {
            key: exceptionKey(record, key),
            system: source.name,
            operation: 'product-feed',
            message: `The ${record} ${key} was set aside: ${REJECTION_REASONS[reason]}. Correct it there: its next version is taken, and this closes by itself.`,
          });
        }
      },
      onTaken: async (taken, trx) => deps.settle?.(trx, taken.map(({ record, key }) => exceptionKey(record, key)), 'a later version of the record'), // biome-ignore format: one thought
    }),
    sellable: createSellableProjection({ knex }),
  };
}

function sourceOf(system: ProductSystem, knex: Knex): ProductSource {
  switch (system.adapter) {
    case 'reference-erp':
      return erpProductSource(system.erp);
    case 'tryton': {
      const { name, tryton, currencyCode } = system;
      return trytonProductSource(tryton, openObservedJournal(knex, name), { name, currencyCode });
    }
    case 'business-central': {
      const { name, odata, terms } = system;
      return businessCentralProductSource(odata, openObservedJournal(knex, name), { name, ...terms });
    }
    case 'sql':
      return sqlProductSource(system.sql, openObservedJournal(knex, system.name), system.name, system.mapping);
  }
}
