import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import { buildSubgraph, type Subgraph } from '../../platform/graphql/subgraph.ts';
import type { InventoryContext } from './context.ts';
import { createHolding, type Holding } from './holding.ts';
import { createInventoryLoaders } from './loaders.ts';
import { LIVE_MILLIS } from './model.ts';
import type { StockSource } from './port.ts';
import { resolvers } from './resolvers.ts';

export { announceAll } from './announce.ts';
export { loadAvailabilityRules, saveAvailabilityRules } from './availability-rules.ts';
export { createInventoryFeed } from './feed.ts';
export { firstReading } from './first-reading.ts';
export { freeUnits } from './free-units.ts';
export { createHolding } from './holding.ts';
export { locationIdOf, siteCodes } from './locations.ts';
export type { StockSource } from './port.ts';
export { createStock } from './stock.ts';
export { type LedgerDifference, rebuildPositions, verifyStockLedger } from './stock-ledger.ts';

/** The inventory subgraph over the projected stock in PostgreSQL; adjustments go to the source. */
export function createInventorySubgraph(deps: {
  knex: Knex;
  source: StockSource;
  holding?: Holding;
  /** Silence of the source after which a figure is not called LIVE, as it is set now. Default {@link LIVE_MILLIS}. */
  liveMillis?: () => number;
}): Subgraph<InventoryContext> {
  const holding = deps.holding ?? createHolding(deps.knex);
  return buildSubgraph<InventoryContext>({
    name: 'inventory',
    resolvers,
    context: (caller: Caller, signal: AbortSignal) => ({
      caller,
      signal,
      knex: deps.knex,
      source: deps.source,
      holding,
      loaders: createInventoryLoaders(deps.knex, caller),
      liveMillis: deps.liveMillis?.() ?? LIVE_MILLIS,
    }),
  });
}
