import type { Knex } from 'knex';
import { namedVariable } from '../../platform/config.ts';
import { derivedId } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import { type ObservedJournal, openObservedJournal } from '../../platform/observed/journal.ts';
import type { CarrierClient } from '../../systems/carrier/client.ts';
import type { EasyPostClient } from '../../systems/easypost/client.ts';
import type { ShipEngineClient } from '../../systems/shipengine/client.ts';
import { createKeyring } from '../../systems/shipengine/keyring.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import type { WmsClient } from '../../systems/wms/client.ts';
import type { X12Exchange } from '../../systems/x12/exchange.ts';
import type { X12Partner } from '../../systems/x12/partners.ts';
import { referenceCarrier } from './adapters/carrier.ts';
import { easyPostTrackers } from './adapters/easypost.ts';
import { shipEngineTrackers } from './adapters/shipengine.ts';
import { trytonNodeSystem } from './adapters/tryton.ts';
import { wmsNodeSystem } from './adapters/wms.ts';
import { wmsNodeAudit } from './adapters/wms-audit.ts';
import { nodesOf, x12NodeSystem } from './adapters/x12.ts';
import { type CarrierAccount, loadCarrierAccounts } from './carrier-accounts.ts';
import { configuredWords } from './carrier-words.ts';
import {
  createFulfillmentBook,
  createFulfillmentSubgraph,
  createNodeFeed,
  createTrackingFeed,
  FILES_FEED,
  keepReadEvents,
  NODE_FEED,
  type ReadFreeUnits,
  type ReadUnclaimed,
  type ReportUnusable,
  type SettleIn,
  settleUntracked,
  TRACKING_FEED,
  takeNodeEventAgain,
  tellOfStrandedParcels,
  type UntrackedRule,
  understandAddedWords,
} from './index.ts';
import { openCarrierAccount } from './open-account.ts';
import { workComparison } from './work-comparison.ts';

/** Longest time an entry of a feed that is taken again may take, in milliseconds. */
const TIMEOUT_MILLIS = 30_000;

/** The system that work is released to, as config/systems.yaml names it. */
export type WorkSystem =
  | { readonly adapter: 'reference-wms'; readonly wms: WmsClient }
  | { readonly adapter: 'tryton'; readonly name: string; readonly tryton: TrytonClient };

/** The fulfillment domain over the warehouse system and the carrier: the one place that picks its adapters. */
export function openFulfillment(deps: {
  knex: Knex;
  system: WorkSystem;
  carrier: CarrierClient;
  /** Services that track parcels, by the name of the account; null where a variable is not set. Left out: none. */
  trackers?: ReadonlyMap<string, TrackerClient | null>;
  /** 3PLs that are told by files. Left out: none. */
  threePl?: {
    readonly partners: readonly X12Partner[];
    readonly exchange: X12Exchange;
    readonly journal: ObservedJournal;
  };
  report: ReportUnusable;
  freeUnits: ReadFreeUnits;
  /** Closes the exception of this key: what it was about is done. */
  settle: (key: string, by: string) => Promise<void>;
  /** The same within a transaction. */
  settleIn: SettleIn;
  /** What orders still have to say of units that did not reach the buyer. */
  unclaimed: ReadUnclaimed;
  logger: Logger;
}) {
  configuredWords(); // a wrong file stops the start
  const { system } = deps;
  const warehouse =
    system.adapter === 'tryton'
      ? trytonNodeSystem(system.tryton, openObservedJournal(deps.knex, system.name))
      : wmsNodeSystem(system.wms);
  const { partners = [], exchange, journal } = deps.threePl ?? {};
  const files = exchange && journal && partners.length > 0 ? x12NodeSystem(partners, exchange, journal) : null;
  const nodes = files ? nodesOf(warehouse, files) : warehouse;
  const carrier = referenceCarrier(deps.carrier);
  const feedDeps = {
    knex: deps.knex,
    report: deps.report,
    onFailure: (feed: string, error: unknown) => deps.logger.warn({ feed, err: error }, 'feed interrupted'),
  };
  const nodeFeed = createNodeFeed({ ...feedDeps, nodes: warehouse });
  const filesFeed = files && createNodeFeed({ ...feedDeps, nodes: files, of: { feed: FILES_FEED, system: 'x12' } });
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
      ...(filesFeed ? { [FILES_FEED]: (id: string) => filesFeed.takeAgain(Number(id), signal()) } : {}),
      [TRACKING_FEED]: (id: string) => trackingFeed.takeAgain(Number(id), signal()),
    },
    carrier,
    understandAddedWords: (resolve: (key: string, by: string) => Promise<void>) =>
      understandAddedWords(deps.knex, (key) => resolve(key, 'config/carrier-words.yaml')),
    // Tryton is asked for single work only: there is nothing to compare.
    comparisons:
      system.adapter === 'tryton'
        ? []
        : [
            workComparison({
              knex: deps.knex,
              nodes: wmsNodeAudit(system.wms, warehouse),
              elsewhere: partners.map(({ site }) => derivedId('location', site.code)),
            }),
          ],
    /**
     * Opens the services that track parcels for us.
     * @throws CommerceError CONFIGURATION_INVALID when a variable is not set that config/carriers.yaml names
     */
    openTracking: () =>
      [...loadCarrierAccounts()].map(([account, connection]) =>
        openCarrierAccount({
          knex: deps.knex,
          account,
          carriers: Object.keys(connection.carriers),
          askHours: connection.askHours,
          trackers: trackersOf(connection, deps.trackers?.get(account) ?? null),
          report: deps.report,
          settle: deps.settle,
          logger: deps.logger,
        }),
      ),
    /** Tells of parcels that do not reach their buyers. */
    tellOfStrandedParcels: () =>
      tellOfStrandedParcels({
        knex: deps.knex,
        report: deps.report,
        settle: deps.settleIn,
        unclaimed: deps.unclaimed,
      }),
    /** Sees to goods that left without a tracking number. */
    settleUntracked: (rule: UntrackedRule) =>
      settleUntracked({ knex: deps.knex, report: deps.report, settle: deps.settleIn, rule }),
    feeds: [nodeFeed, ...(filesFeed ? [filesFeed] : []), trackingFeed],
  };
}

/** How a service that tracks parcels is reached. */
export type TrackerClient =
  | { readonly connector: 'easypost'; readonly client: EasyPostClient }
  | { readonly connector: 'shipengine'; readonly client: ShipEngineClient };

const FILE = 'config/carriers.yaml';

function trackersOf(connection: CarrierAccount, found: TrackerClient | null) {
  const { address, apiKey } = connection;
  if (found === null) for (const name of [address, apiKey]) namedVariable(name, FILE);
  const carriers = new Map(Object.entries(connection.carriers));
  if (found?.connector === 'easypost' && connection.connector === 'easypost')
    return easyPostTrackers(found.client, { webhookSecret: namedVariable(connection.webhookSecret, FILE), carriers });
  if (found?.connector !== 'shipengine') throw new Error('the account has no client');
  const keyring = createKeyring(() => found.client.keys());
  keyring.refresh().catch(() => undefined); // the first webhook asks again
  return shipEngineTrackers(found.client, { keyring, carriers });
}
