import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import type { Feed } from '../../platform/feed/feed.ts';
import { buildSubgraph, type Subgraph } from '../../platform/graphql/subgraph.ts';
import type { FulfillmentContext, ReadFreeUnits } from './context.ts';
import type { ReportUnusable } from './feeds.ts';
import { createFulfillmentLoaders } from './loaders.ts';
import type { NodeSystem } from './port.ts';
import { createFulfillmentReader } from './read.ts';
import { resolvers } from './resolvers.ts';

export { readGivenUpParcel } from './arrived-parcels.ts';
export { createFulfillmentBook } from './book.ts';
export { type CarrierAccount, loadCarrierAccounts } from './carrier-accounts.ts';
export type { ReadFreeUnits } from './context.ts';
export { giveMeaning, understandAddedWords, WORD_MEANINGS } from './correct-word.ts';
export { createNodeFeed, createTrackingFeed, type ReportUnusable, TRACKING_FEED } from './feeds.ts';
export { FILES_FEED, keepReadEvents, NODE_FEED, takeNodeEventAgain } from './set-aside-events.ts';
export { type ReadUnclaimed, type SettleIn, tellOfStrandedParcels } from './stranded-parcels.ts';
export { strandedParcels } from './taken-in.ts';
export { confirmArrival, settleUntracked, type UntrackedRule } from './untracked.ts';

const SUCCESSOR_WAIT_MILLIS = 3_000;

/** The fulfillment subgraph over its own records; commands go to the nodes' warehouse system. */
export function createFulfillmentSubgraph(deps: {
  knex: Knex;
  nodes: NodeSystem;
  nodeFeed: Feed;
  report: ReportUnusable;
  /** Left out, work is moved without a look at what the other location has. */
  freeUnits?: ReadFreeUnits;
  /** See {@link FulfillmentContext}. */
  successorWaitMillis?: number;
}): Subgraph<FulfillmentContext> {
  const reader = createFulfillmentReader(deps.knex);
  return buildSubgraph<FulfillmentContext>({
    name: 'fulfillment',
    resolvers,
    context: (caller: Caller, signal: AbortSignal) => ({
      successorWaitMillis: SUCCESSOR_WAIT_MILLIS,
      ...deps,
      caller,
      signal,
      reader,
      loaders: createFulfillmentLoaders(reader, caller),
    }),
  });
}
