import type { Knex } from 'knex';
import type { RequestContext } from '../../platform/graphql/subgraph.ts';
import type { Holding } from './holding.ts';
import type { InventoryLoaders } from './loaders.ts';
import type { StockSource } from './port.ts';

/** What the resolvers of this subgraph work with, fresh for every request. */
export interface InventoryContext extends RequestContext {
  readonly knex: Knex;
  readonly source: StockSource;
  readonly holding: Holding;
  readonly loaders: InventoryLoaders;
  /** Silence of the source after which a figure is not called LIVE, in milliseconds. */
  readonly liveMillis: number;
}
