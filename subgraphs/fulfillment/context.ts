import type { Knex } from 'knex';
import type { Feed } from '../../platform/feed/feed.ts';
import type { RequestContext } from '../../platform/graphql/subgraph.ts';
import type { ReportUnusable } from './feeds.ts';
import type { FulfillmentLoaders } from './loaders.ts';
import type { NodeSystem } from './port.ts';
import type { FulfillmentReader } from './read.ts';

/**
 * Asks who keeps the stock what could be moved to a location now: its code, and units by SKU as it is sold. A SKU that the
 * location does not have is missing. Null when there is no such location.
 */
export type ReadFreeUnits = (
  trx: Knex.Transaction,
  orderId: string,
  locationId: string,
  skus: readonly string[],
) => Promise<{ readonly code: string; readonly free: ReadonlyMap<string, number> } | null>;

/** What the resolvers of this subgraph can rely on, for one request. */
export interface FulfillmentContext extends RequestContext {
  readonly knex: Knex;
  readonly reader: FulfillmentReader;
  readonly loaders: FulfillmentLoaders;
  readonly nodes: NodeSystem;
  readonly nodeFeed: Feed;
  readonly report: ReportUnusable;
  readonly freeUnits?: ReadFreeUnits;
  /** How long a move waits for the work that it leads to, in milliseconds. */
  readonly successorWaitMillis: number;
}
