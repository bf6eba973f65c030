import type { Knex } from 'knex';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { buildSubgraph, type Subgraph } from '../../platform/graphql/subgraph.ts';
import { createProductLoaders } from './loaders.ts';
import { createCatalogueReader } from './read.ts';
import { type ProductContext, resolvers } from './resolvers.ts';

export { REJECTION_REASONS } from './errors.ts';
export { createProductFeed } from './feed.ts';
export { priceLists } from './price-lists.ts';
export { createSellableProjection } from './sellable.ts';
export { followServing } from './told/follow.ts';

/** The product subgraph over the catalogue in PostgreSQL. */
export function createProductSubgraph(deps: { knex: Knex; clock?: Clock }): Subgraph<ProductContext> {
  const { knex, clock = systemClock } = deps;
  const reader = createCatalogueReader(knex);
  return buildSubgraph<ProductContext>({
    name: 'product',
    resolvers,
    context(caller, signal) {
      const at = clock.now();
      return { caller, signal, knex, reader, at, loaders: createProductLoaders(reader, caller, at) };
    },
  });
}
