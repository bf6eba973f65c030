import type { Knex } from 'knex';
import type { Feed } from '../../platform/feed/feed.ts';
import type { RequestContext } from '../../platform/graphql/subgraph.ts';
import type { ReportUnusable } from './feeds.ts';
import type { FulfillmentLoaders } from './loaders.ts';
import type { NodeSystem } from './port.ts';
import type { FulfillmentReader } from './read.ts';

/** What the resolvers of this subgraph can rely on, for one request. */
export interface FulfillmentContext extends RequestContext {
  readonly knex: Knex;
  readonly reader: FulfillmentReader;
  readonly loaders: FulfillmentLoaders;
  readonly nodes: NodeSystem;
  readonly nodeFeed: Feed;
  readonly report: ReportUnusable;
  /** How long a move waits for the work that it leads to, in milliseconds. */
  readonly successorWaitMillis: number;
}
