import type { Knex } from 'knex';
import type { Logger } from '../../platform/logger.ts';
import type { WmsClient } from '../../systems/wms/client.ts';
import { wmsStockSource } from './adapters/wms.ts';
import { createInventoryFeed, createInventorySubgraph, createStock } from './index.ts';

/**
 * The inventory domain over the warehouse system: the one place that picks its adapter.
 * The feed does nothing until it is started; a process that only serves queries leaves it alone.
 */
export function openInventory(deps: { knex: Knex; wms: WmsClient; logger: Logger }) {
  const source = wmsStockSource(deps.wms);
  return {
    subgraph: createInventorySubgraph({ knex: deps.knex, source }),
    stock: createStock({ knex: deps.knex, source }),
    feed: createInventoryFeed({ knex: deps.knex, source, logger: deps.logger }),
  };
}
