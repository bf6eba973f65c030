import type { Knex } from 'knex';
import type { ReportFact } from '../../platform/channel-facts/reports.ts';
import { systemClock } from '../../platform/clock.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import type { AmazonListingsClient } from '../../systems/amazon/listings-client.ts';
import { BUSINESS_CENTRAL_PROFILE } from '../../systems/business-central/profile.ts';
import type { ChannelClient } from '../../systems/channel/client.ts';
import type { ErpClient } from '../../systems/erp/client.ts';
import { ERP_PROFILE } from '../../systems/erp/profile.ts';
import type { MiraklClient } from '../../systems/mirakl/client.ts';
import type { ODataClient } from '../../systems/odata/client.ts';
import { PORT_MAP, portsOf, type SystemProfile } from '../../systems/port-map.ts';
import type { DomainRoute } from '../../systems/routing/model.ts';
import { fits } from '../../systems/routing/resolve.ts';
import type { SapClient } from '../../systems/sap/client.ts';
import { profileOfSap } from '../../systems/sap/profile.ts';
import type { SqlClient } from '../../systems/sql/client.ts';
import type { SqlMapping } from '../../systems/sql/mapping.ts';
import { profileOfMapping } from '../../systems/sql/profile.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { TRYTON_PROFILE } from '../../systems/tryton/profile.ts';
import type { WalmartClient } from '../../systems/walmart/client.ts';
import { amazonPrices } from './adapters/amazon.ts';
import { type BusinessCentralProductOptions, businessCentralProductSource } from './adapters/business-central.ts';
import { referencePrices } from './adapters/channel.ts';
import { erpProductSource } from './adapters/erp.ts';
import { miraklChannelPrices } from './adapters/mirakl.ts';
import { type SapProductTerms, sapProductSource } from './adapters/sap.ts';
import { sqlProductSource } from './adapters/sql.ts';
import { trytonProductSource } from './adapters/tryton.ts';
import { walmartPrices } from './adapters/walmart.ts';
import { catalogueComparison } from './catalogue-comparison.ts';
import { createChannelPrices, type PriceSettings } from './channels/channel-prices.ts';
import { createProductFeed, createProductSubgraph, createSellableProjection, followServing, REJECTION_REASONS } from './index.ts'; // biome-ignore format: one thought
import type { ChannelPrices, ProductSource } from './port.ts';
import type { PartOf, ServedPart, ServingSystem } from './told/model.ts';
import { type Move, type MoveResult, moveServing } from './told/move.ts';

export type { SapProductTerms };

/** A channel that is told of prices, as config/channels.yaml has it. */
interface PriceConnection {
  readonly connector: string;
  /** Left out: it is not told. */
  readonly prices?: PriceSettings | undefined;
}

/** Told of every record that cannot be used, in the transaction that passes over it. */
type ReportUnusable = (
  trx: Knex.Transaction,
  entry: { key: string; system: string; operation: string; message: string },
) => Promise<void>;

/** Closes the exceptions of these keys: what they were about is done. */
type SettleExceptions = (trx: Knex.Transaction, keys: readonly string[], by: string) => Promise<void>;

/** Notes that a system was heard, see docs/degradation.md. */
type Heard = (knex: Knex, system: string, feed: string) => Promise<void>;

/** The system that knows goods and prices, as config/systems.yaml names it. */
export type ProductSystem =
  | { readonly adapter: 'reference-erp'; readonly erp: ErpClient }
  | { readonly adapter: 'tryton'; readonly name: string; readonly tryton: TrytonClient; readonly currencyCode: string }
  | {
      readonly adapter: 'business-central';
      readonly name: string;
      readonly odata: ODataClient;
      readonly terms: Omit<BusinessCentralProductOptions, 'name'>;
    }
  | { readonly adapter: 'sap'; readonly name: string; readonly sap: SapClient; readonly terms: SapProductTerms }
  | { readonly adapter: 'sql'; readonly name: string; readonly sql: SqlClient; readonly mapping: SqlMapping };

/** The part of the catalogue that a SKU belongs to: the first whose conditions it meets. */
export const partOf: PartOf = (parts, sku) => {
  const part = parts.find(({ name, when }) => fits({ name, when }, { sku }));
  if (!part) throw new Error('no part serves the rest of the catalogue');
  return part;
};

/**
 * The product domain over its systems of record: the one place that picks adapters.
 * Feed and projection do nothing until they are started; a process that only serves queries leaves them alone.
 */
export function openProduct(deps: {
  knex: Knex;
  system: ProductSystem;
  /** A second system that is asked beside it, and may serve parts or take its place. */
  shadow?: ProductSystem | null;
  /** What config/systems.yaml says of the domain now. Left out: one system serves all of it. */
  route?: () => DomainRoute;
  report: ReportUnusable;
  heard?: Heard;
  settle?: SettleExceptions;
  /** Channels, and the clients that reach them. Left out: nobody is told of prices. */
  channels?: {
    readonly connections: ReadonlyMap<string, PriceConnection>;
    readonly reference: ChannelClient | null;
    readonly walmart: ReadonlyMap<string, WalmartClient | null>;
    readonly mirakl: ReadonlyMap<string, MiraklClient | null>;
    readonly amazon: ReadonlyMap<string, { readonly listings: AmazonListingsClient | null } | null>;
    readonly report: ReportFact;
    readonly settle: (trx: Knex.Transaction, keys: readonly string[]) => Promise<void>;
  };
  logger: Logger;
}) {
  const { knex, logger, route } = deps;
  function pricesAt(code: string, { connector }: PriceConnection): ChannelPrices {
    const { reference = null, walmart, amazon, mirakl } = deps.channels ?? {};
    const account = walmart?.get(code);
    const shop = mirakl?.get(code);
    const listings = amazon?.get(code)?.listings;
    if (connector === 'reference' && reference) return referencePrices(reference, code);
    if (connector === 'walmart' && account) return walmartPrices(account);
    if (connector === 'amazon' && listings) return amazonPrices(listings);
    if (connector === 'mirakl' && shop) return miraklChannelPrices(shop);
    throw new CommerceError('CONFIGURATION_INVALID', `config/channels.yaml has ${code} told of prices, and a variable that it takes to reach it is missing. Set it, or take \`prices\` out of ${code}.`, { channelCode: code }); // biome-ignore format: one thought
  }
  const systems = deps.shadow ? [deps.system, deps.shadow] : [deps.system];
  const sources = systems.map((system) => sourceOf(system, knex));
  const [own, ...others] = sources.map((source) => feedOf(source, deps));
  const serving = followServing({
    knex,
    logger,
    partOf,
    configured: () => {
      const served = systems.map((system, index) => servingSystem(system, sources[index]));
      const shadow = route?.().shadow ?? null;
      return {
        systems: served,
        parts: partsOf(route?.(), route?.().system ?? served[0]?.name ?? ''),
        shadow: shadow && { ...shadow, ignored: shadow.ignore },
      };
    },
  });
  return {
    subgraph: createProductSubgraph({ knex }),
    comparisons: sources.map((source) => catalogueComparison({ knex, source, partOf })),
    serving,
    feed: {
      async catchUp(signal: AbortSignal) {
        await own?.catchUp(signal);
      },
      async run(signal: AbortSignal) {
        await Promise.all([own?.run(signal), ...others.map((feed) => feed.run(signal)), serving.run(signal)]);
      },
    },
    sellable: createSellableProjection({ knex }),
    /**
     * Tells channels what their items cost. Only where work is done without a request. Null: no channel is told.
     * @throws CommerceError CONFIGURATION_INVALID when one cannot be reached for want of a URL or credential
     */
    openChannelPrices() {
      const { connections = new Map<string, PriceConnection>(), report, settle } = deps.channels ?? {};
      const told = [...connections].flatMap(([code, connection]) =>
        connection.prices
          ? [[code, { channel: pricesAt(code, connection), settings: connection.prices }] as const]
          : [],
      );
      if (told.length === 0 || !report || !settle) return null;
      return createChannelPrices({
        knex,
        channels: new Map(told),
        report,
        settle,
        onFailure: (error, channelCode) => logger.warn({ err: error, channelCode }, 'a channel was not told of prices'),
      });
    },
  };
}

/**
 * Makes another system serve the catalogue, or a part of it, now and in one transaction.
 * @param record writes the trace of it, in the same transaction
 * @returns refused, and nothing changed, with the reason and the figures
 */
export async function moveProduct(
  knex: Knex,
  move: Move,
  record: (trx: Knex.Transaction, moved: { readonly from: string; readonly to: string }) => Promise<unknown>,
): Promise<MoveResult> {
  try {
    return await inTransaction(knex, async (trx) => {
      const result = await moveServing(trx, move, { partOf, now: systemClock.now() });
      if (result.kind === 'refused') throw new Refused(result);
      await record(trx, result);
      return result;
    });
  } catch (error) {
    if (error instanceof Refused) return error.result;
    throw error;
  }
}

/** Undoes what a move has tried. */
class Refused extends Error {
  readonly result: MoveResult;
  constructor(result: MoveResult) {
    super('refused');
    this.result = result;
  }
}

type FeedDeps = Pick<Parameters<typeof openProduct>[0], 'knex' | 'report' | 'heard' | 'settle' | 'logger'>;

function feedOf(source: ProductSource, { knex, report, heard, settle, logger }: FeedDeps) {
  const exceptionKey = (record: string, key: string) => `product-feed:${source.name}:${record}:${key}`;
  return createProductFeed({
    knex,
    source,
    logger,
    partOf,
    async onHeard(stream) {
      await heard?.(knex, source.name, stream);
    },
    async onRejected(rejected, trx) {
      for (const { record, key, reason } of rejected) {
        await report(trx, {
          key: exceptionKey(record, key),
          system: source.name,
          operation: 'product-feed',
          message: `The ${record} ${key} was set aside: ${REJECTION_REASONS[reason]}. Correct it there: its next version is taken, and this closes by itself.`,
        });
      }
    },
    onTaken: async (taken, trx) => settle?.(trx, taken.map(({ record, key }) => exceptionKey(record, key)), 'a later version of the record'), // biome-ignore format: one thought
  });
}

/** Cohorts that a SKU tells are parts of the catalogue; others have no system of their own. */
function partsOf(route: DomainRoute | undefined, system: string): ServedPart[] {
  const cohorts = (route?.cohorts ?? []).filter(({ when }) => !when.countries && !when.brands && !when.sites);
  const parts = cohorts.map(({ name, system: its, when: { skus, percent } }) => ({ name, system: its, when: { skus, percent } })); // biome-ignore format: one thought
  return [...parts, { name: '', system, when: {} }];
}

function profileOf(system: ProductSystem): SystemProfile {
  switch (system.adapter) {
    case 'reference-erp':
      return ERP_PROFILE;
    case 'tryton':
      return TRYTON_PROFILE;
    case 'business-central':
      return BUSINESS_CENTRAL_PROFILE;
    case 'sap':
      return profileOfSap(false);
    case 'sql':
      return profileOfMapping(system.mapping);
  }
}

function servingSystem(system: ProductSystem, source: ProductSource | undefined): ServingSystem {
  const lacks = portsOf(profileOf(system)).filter(({ port }) => PORT_MAP[port].domain === 'product').flatMap(({ missing }) => missing.map(({ capability }) => capability)); // biome-ignore format: one thought
  return { name: source?.name ?? '', streams: source?.streams ?? [], lacks };
}

function sourceOf(system: ProductSystem, knex: Knex): ProductSource {
  switch (system.adapter) {
    case 'reference-erp':
      return erpProductSource(system.erp);
    case 'tryton': {
      const { name, tryton, currencyCode } = system;
      return trytonProductSource(tryton, openObservedJournal(knex, name), { name, currencyCode });
    }
    case 'business-central': {
      const { name, odata, terms } = system;
      return businessCentralProductSource(odata, openObservedJournal(knex, name), { name, ...terms });
    }
    case 'sap':
      return sapProductSource(system.sap, openObservedJournal(knex, system.name), system.name, system.terms);
    case 'sql':
      return sqlProductSource(system.sql, openObservedJournal(knex, system.name), system.name, system.mapping);
  }
}
