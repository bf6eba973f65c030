import type { Knex } from 'knex';
import type { ReportFact } from '../../platform/channel-facts/reports.ts';
import { counted } from '../../platform/counted.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { type ObservedJournal, openObservedJournal } from '../../platform/observed/journal.ts';
import type { AmazonListingsClient } from '../../systems/amazon/listings-client.ts';
import type { ChannelClient } from '../../systems/channel/client.ts';
import type { MiraklClient } from '../../systems/mirakl/client.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import type { WalmartClient } from '../../systems/walmart/client.ts';
import type { WmsClient } from '../../systems/wms/client.ts';
import type { X12Partner } from '../../systems/x12/partners.ts';
import { amazonStock } from './adapters/amazon.ts';
import { referenceStock } from './adapters/channel.ts';
import { miraklChannelStock } from './adapters/mirakl.ts';
import { trytonStockSource } from './adapters/tryton.ts';
import { walmartStock } from './adapters/walmart.ts';
import { wmsStockSource } from './adapters/wms.ts';
import { wmsStockAudit } from './adapters/wms-audit.ts';
import { x12StockSource } from './adapters/x12.ts';
import { createChannelStock, type StockSettings } from './channels/channel-stock.ts';
import { isStockKnown } from './feed-position.ts';
import { gapsText } from './feed-reader.ts';
import { createFilesStock } from './files-stock.ts';
import {
  announceAll,
  createHolding,
  createInventoryFeed,
  createInventorySubgraph,
  createStock,
  freeUnits,
} from './index.ts';
import { locationsById, type NodePolicies, saveLocations } from './locations.ts';
import type { LocationKind } from './model.ts';
import type { ChannelStock } from './port.ts';
import { type RaisedExceptions, shortageKey } from './shortage-review.ts';
import { stockComparison } from './stock-comparison.ts';
import type { Shortage } from './stock-ledger.ts';
import { unsellableComparison } from './unsellable.ts';

/** A channel that is told of stock, as config/channels.yaml has it. */
interface StockConnection {
  readonly connector: 'reference' | 'walmart' | 'amazon' | 'mirakl';
  /** Left out: it is not told. */
  readonly stock?: StockSettings | undefined;
}

/** The system that counts the stock, as config/systems.yaml names it. */
export type StockSystem =
  | { readonly adapter: 'reference-wms'; readonly wms: WmsClient }
  | {
      readonly adapter: 'tryton';
      readonly name: string;
      readonly tryton: TrytonClient;
      readonly siteKinds: Readonly<Record<string, LocationKind>>;
    };

/** Raises an exception for an operator, in the transaction that passes over what nobody could use. */
type ReportUnusable = (
  trx: Knex.Transaction,
  unusable: {
    readonly key: string;
    readonly system: string;
    readonly operation: string;
    readonly message: string;
    readonly cause?: 'CONFLICT';
  },
) => Promise<void>;

/** Notes that a system was heard, see docs/degradation.md. */
type Heard = (trx: Knex.Transaction, system: string, feed: string) => Promise<void>;

/**
 * The inventory domain over the warehouse system: the one place that picks its adapter.
 * The feed does nothing until it is started; a process that only serves queries leaves it alone.
 */
export function openInventory(deps: {
  knex: Knex;
  system: StockSystem;
  logger: Logger;
  report?: ReportUnusable;
  /** What the retailer says about sites, by their codes; the others serve as their kind does. */
  nodes?: NodePolicies;
  /** To close what was reported of shortages that are over. */
  raised?: RaisedExceptions;
  heard?: Heard;
  /** 3PLs whose files tell what lies there. Left out: none. */
  threePl?: { readonly partners: readonly X12Partner[]; readonly journal: ObservedJournal };
  /** Rejects while nobody can say what is there, see `firstReading`. */
  mayDecide?: () => Promise<void>;
  /** Channels, and the clients that reach them. Left out: nobody is told of stock. */
  channels?: {
    readonly connections: ReadonlyMap<string, StockConnection>;
    readonly reference: ChannelClient | null;
    readonly walmart: ReadonlyMap<string, WalmartClient | null>;
    readonly mirakl: ReadonlyMap<string, MiraklClient | null>;
    readonly amazon: ReadonlyMap<string, { readonly listings: AmazonListingsClient | null } | null>;
    readonly report: ReportFact;
    readonly settle: (trx: Knex.Transaction, keys: readonly string[]) => Promise<void>;
  };
  /** Silence of the warehouse system after which a figure is not called LIVE, as it is set now; in milliseconds. */
  liveMillis?: () => number;
}) {
  const { system } = deps;
  const systemName = system.adapter === 'tryton' ? system.name : 'wms';
  const source =
    system.adapter === 'tryton'
      ? trytonStockSource(system.tryton, openObservedJournal(deps.knex, system.name), { siteKinds: system.siteKinds })
      : wmsStockSource(system.wms);
  const holding = createHolding(deps.knex, deps.mayDecide);
  const onShortage = async ({ sku, locationId, missing }: Shortage, trx: Knex.Transaction) => {
    const node = (await locationsById(trx, [locationId])).get(locationId)?.code ?? locationId;
    await deps.report?.(trx, {
      cause: 'CONFLICT',
      key: shortageKey({ sku, locationId }),
      system: systemName,
      operation: 'apply-booking',
      message: `Promised to orders and not on hand: ${counted(missing, 'unit')} of ${sku} at ${node}. Count the shelf, or reject the work so that other nodes serve it.`,
    });
  };
  function stockAt(code: string, { connector, stock }: StockConnection): ChannelStock {
    const { reference = null, walmart, amazon, mirakl } = deps.channels ?? {};
    const account = walmart?.get(code);
    const shop = mirakl?.get(code);
    const listings = amazon?.get(code)?.listings;
    if (connector === 'reference' && reference) return referenceStock(reference, code);
    if (connector === 'walmart' && account)
      return walmartStock(account, [...new Set(Object.values(stock?.nodes ?? {}))]);
    if (connector === 'amazon' && listings) return amazonStock(listings);
    if (connector === 'mirakl' && shop) return miraklChannelStock(shop);
    throw new CommerceError('CONFIGURATION_INVALID', `config/channels.yaml has ${code} told of stock, and a variable that it takes to reach it is missing. Set it, or take \`stock\` out of ${code}.`, { channelCode: code }); // biome-ignore format: one thought
  }
  return {
    /**
     * Tells channels what they may sell. Only where work is done without a request. Null: no channel is told.
     * @throws CommerceError CONFIGURATION_INVALID when one cannot be reached for want of a URL or credential
     */
    openChannelStock() {
      const { connections = new Map<string, StockConnection>(), report, settle } = deps.channels ?? {};
      const told = [...connections].flatMap(([code, connection]) =>
        connection.stock ? [[code, { channel: stockAt(code, connection), settings: connection.stock }] as const] : [],
      );
      if (told.length === 0 || !report || !settle) return null;
      return createChannelStock({
        knex: deps.knex,
        channels: new Map(told),
        report,
        settle,
        onFailure: (error, channelCode) =>
          deps.logger.warn({ err: error, channelCode }, 'a channel was not told of stock'),
      });
    },
    /**
     * Follows the stock of 3PLs that tell by files. Null: there are none.
     * @param onFailure hears of every failure; it goes on by itself
     */
    openFilesStock(onFailure: (error: unknown) => void) {
      const { partners = [], journal } = deps.threePl ?? {};
      if (partners.length === 0 || !journal) return null;
      return createFilesStock({
        knex: deps.knex,
        source: x12StockSource(partners, journal),
        nodes: deps.nodes ?? {},
        name: 'x12',
        onShortage,
        onFailure,
      });
    },
    subgraph: createInventorySubgraph({
      knex: deps.knex,
      source,
      holding,
      ...(deps.liveMillis ? { liveMillis: deps.liveMillis } : {}),
    }),
    holding,
    stock: createStock({ knex: deps.knex, source }),
    announceAll,
    freeUnits,
    /** Takes the warehouse's sites over, as the feed does when it starts. */
    readSites: async (signal: AbortSignal) => saveLocations(deps.knex, await source.sites(signal), deps.nodes),
    isStockKnown: () => isStockKnown(deps.knex),
    // Of Tryton every look reads what there is: there is nothing to compare that was not just read.
    comparisons:
      system.adapter === 'tryton'
        ? []
        : [
            stockComparison({ knex: deps.knex, source: wmsStockAudit(system.wms), onShortage }),
            unsellableComparison({ knex: deps.knex, source: wmsStockAudit(system.wms) }),
          ],
    feed: createInventoryFeed({
      knex: deps.knex,
      source,
      nodes: deps.nodes ?? {},
      logger: deps.logger,
      ...(deps.raised ? { raised: deps.raised } : {}),
      async onHeard(trx) {
        await deps.heard?.(trx, systemName, 'stock-ledger');
      },
      async onRejected({ sequence, problem }, trx) {
        await deps.report?.(trx, {
          key: `inventory:stock:${sequence ?? problem}`,
          system: systemName,
          operation: 'apply-booking',
          message: `The warehouse told something that cannot be true (${problem}) in booking ${sequence ?? 'unknown'}. It was passed over and the balance asked for again: have the warehouse correct the booking, and dismiss this.`,
        });
      },
      onShortage,
      async onDifference({ sku, locationId }) {
        await inTransaction(deps.knex, async (trx) => {
          await deps.report?.(trx, {
            key: `inventory:ledger:${locationId}:${sku}`,
            system: 'commerce',
            operation: 'verify-stock-ledger',
            message: `The stock ledger does not explain the position of ${sku} at ${locationId}. \`commerce stock verify\` shows how; \`commerce stock rebuild\` sets it to the ledger.`,
          });
        });
      },
      async onGap(gaps, trx) {
        await deps.report?.(trx, {
          key: `inventory:gap:${gaps[0]?.from}`,
          system: systemName,
          operation: 'read-ledger',
          message: `Bookings are missing: ${gapsText(gaps)}. Balances were read again; stock committed to orders that left with these bookings stays committed. Compare with the warehouse (\`commerce reconcile --system wms\`), and dismiss this with what was found.`,
        });
      },
    }),
  };
}
