import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { buildSubgraph, type Subgraph } from '../../platform/graphql/subgraph.ts';
import { type Capture, createCapture } from './capture/capture.ts';
import type { OrderContext } from './context.ts';
import { createOrderLoaders } from './loaders.ts';
import { createOrderReader } from './read.ts';
import { resolvers } from './resolvers.ts';
import { loadReturnPolicy, type ReturnPolicy } from './returns/policy.ts';
import { NO_PARCELS, type StrandedParcels } from './returns/stranded-parcels.ts';

export { createOrderBook, type OrderBook } from './book.ts';
export { type Capture, createCapture } from './capture/capture.ts';
export { ADDRESS_PARTS, correctAddress } from './commands/correct-address.ts';
export { countArrived } from './commands/count-arrived.ts';
export { releaseHeardHolds } from './commands/waiting-holds.ts';
export { loadChannelClocks } from './duties/clocks.ts';
export type { SettleExceptions } from './duties/duty.ts';
export { escalateDuties, type ReportDuty } from './duties/escalate.ts';
export { createDutyConsumption } from './duties/keep.ts';
export { channelSkuKey, giveOurSku } from './imports/cross-references.ts';
export { createOrderFetch, type OrderFetch } from './imports/fetch-orders.ts';
export { keepingRefused, placeRefused, REFUSED_IMPORTS, type ReportImport } from './imports/refused-imports.ts';
export { isFetched } from './imports/take-fetched.ts';
export type { ReportNotice } from './notices/attempt.ts';
export { type ChannelConnection, type ChannelConnections, loadChannelConnections } from './notices/connections.ts';
export { createNoticeConsumption } from './notices/keep.ts';
export { createNoticeSender, NOTICE_SENDER } from './notices/sender.ts';
export { cancelUnpaid } from './payments/overdue.ts';
export { loadPaymentTerms, verifyPaymentTerms } from './payments/terms.ts';
export { unclaimedUnits } from './returns/free-units.ts';
export { keepReturns, type ReportReturn } from './returns/housekeeping.ts';
export { loadReturnPolicy } from './returns/policy.ts';
export { amountAtStake } from './stake.ts';

/** The order subgraph over the order book in PostgreSQL. */
export function createOrderSubgraph(deps: {
  knex: Knex;
  clock?: Clock;
  capture?: Capture;
  returnPolicy?: ReturnPolicy;
  /** Left out, no parcel goes back. */
  parcels?: StrandedParcels;
}): Subgraph<OrderContext> {
  const capture = deps.capture ?? createCapture({ knex: deps.knex });
  const reader = createOrderReader(deps.knex);
  const clock = deps.clock ?? systemClock;
  const returnPolicy = deps.returnPolicy ?? loadReturnPolicy();
  const parcels = deps.parcels ?? NO_PARCELS;
  return buildSubgraph<OrderContext>({
    name: 'order',
    resolvers,
    context: (caller: Caller, signal: AbortSignal) => ({
      caller,
      signal,
      knex: deps.knex,
      clock,
      capture,
      returnPolicy,
      parcels,
      reader,
      loaders: createOrderLoaders(reader, caller),
    }),
  });
}
