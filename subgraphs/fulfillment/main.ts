import type { Knex } from 'knex';
import type { Logger } from '../../platform/logger.ts';
import type { CarrierClient } from '../../systems/carrier/client.ts';
import type { WmsClient } from '../../systems/wms/client.ts';
import { referenceCarrier } from './adapters/carrier.ts';
import { wmsNodeSystem } from './adapters/wms.ts';
import { wmsNodeAudit } from './adapters/wms-audit.ts';
import { configuredWords } from './carrier-words.ts';
import {
  createFulfillmentBook,
  createFulfillmentSubgraph,
  createNodeFeed,
  createTrackingFeed,
  keepReadEvents,
  NODE_FEED,
  type ReadFreeUnits,
  type ReportUnusable,
  type SettleIn,
  TRACKING_FEED,
  takeNodeEventAgain,
  tellOfStrandedParcels,
  understandAddedWords,
} from './index.ts';
import { workComparison } from './work-comparison.ts';

/** Longest time an entry of a feed that is taken again may take, in milliseconds. */
const TIMEOUT_MILLIS = 30_000;

/** The fulfillment domain over the warehouse system and the carrier: the one place that picks its adapters. */
export function openFulfillment(deps: {
  knex: Knex;
  wms: WmsClient;
  carrier: CarrierClient;
  report: ReportUnusable;
  freeUnits: ReadFreeUnits;
  /** Closes the exception of this key: what it was about is done. */
  settle: (key: string, by: string) => Promise<void>;
  /** The same within a transaction. */
  settleIn: SettleIn;
  logger: Logger;
}) {
  configuredWords(); // a wrong file stops the start
  const nodes = wmsNodeSystem(deps.wms);
  const carrier = referenceCarrier(deps.carrier);
  const feedDeps = {
    knex: deps.knex,
    report: deps.report,
    onFailure: (feed: string, error: unknown) => deps.logger.warn({ feed, err: error }, 'feed interrupted'),
  };
  const nodeFeed = createNodeFeed({ ...feedDeps, nodes });
  const trackingFeed = createTrackingFeed({ ...feedDeps, carrier });
  const signal = () => AbortSignal.timeout(TIMEOUT_MILLIS);
  return {
    subgraph: createFulfillmentSubgraph({
      knex: deps.knex,
      nodes,
      nodeFeed,
      report: deps.report,
      freeUnits: deps.freeUnits,
    }),
    book: createFulfillmentBook(deps.knex),
    nodes,
    /** Entries of feeds that were set aside, by feed: one attempt to take one again. */
    takeAgain: {
      async [NODE_FEED](id: string) {
        const taken = await takeNodeEventAgain(deps, id);
        if (taken.kind !== 'gone') return taken;
        // It was never read. Read now, it goes the way of the others.
        const read = await nodeFeed.takeAgain(Number(id), signal(), keepReadEvents);
        return read.kind === 'handled' ? takeNodeEventAgain(deps, id) : read;
      },
      [TRACKING_FEED]: (id: string) => trackingFeed.takeAgain(Number(id), signal()),
    },
    carrier,
    understandAddedWords: (resolve: (key: string, by: string) => Promise<void>) =>
      understandAddedWords(deps.knex, (key) => resolve(key, 'config/carrier-words.yaml')),
    comparisons: [workComparison({ knex: deps.knex, nodes: wmsNodeAudit(deps.wms, nodes) })],
    /** Tells of parcels that do not reach their buyers. */
    tellOfStrandedParcels: () => tellOfStrandedParcels({ knex: deps.knex, report: deps.report, settle: deps.settleIn }),
    feeds: [nodeFeed, trackingFeed],
  };
}
