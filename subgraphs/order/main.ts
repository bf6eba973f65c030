import type { Knex } from 'knex';
import { namedVariable } from '../../platform/config.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Comparison } from '../../platform/reconcile/comparison.ts';
import type { AmazonOrdersClient } from '../../systems/amazon/orders-client.ts';
import type { ChannelClient } from '../../systems/channel/client.ts';
import type { MiraklClient } from '../../systems/mirakl/client.ts';
import type { OmsClient } from '../../systems/oms/client.ts';
import type { SapClient } from '../../systems/sap/client.ts';
import type { SqlClient } from '../../systems/sql/client.ts';
import type { SqlMapping } from '../../systems/sql/mapping.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import type { VendureClient } from '../../systems/vendure/client.ts';
import type { WalmartClient } from '../../systems/walmart/client.ts';
import { amazonChannel, amazonOrders } from './adapters/amazon.ts';
import { loadAmazonWords } from './adapters/amazon-words.ts';
import { referenceChannel } from './adapters/channel.ts';
import { loopReturns } from './adapters/loop.ts';
import { miraklChannelOrders, miraklChannelSystem } from './adapters/mirakl.ts';
import { loadMiraklWords } from './adapters/mirakl-words.ts';
import { omsOrderDesk } from './adapters/oms.ts';
import { omsDeskAudit } from './adapters/oms-audit.ts';
import { loadReturnPlatforms } from './adapters/return-platforms.ts';
import { type SapOrderTerms, sapOrderDesk } from './adapters/sap.ts';
import { sqlOrderDesk } from './adapters/sql.ts';
import { trytonOrderDesk } from './adapters/tryton.ts';
import { type VendureTerms, vendureOrderDesk } from './adapters/vendure.ts';
import { vendureDeskAudit } from './adapters/vendure-audit.ts';
import { walmartChannel, walmartOrders } from './adapters/walmart.ts';
import { loadWalmartWords } from './adapters/walmart-words.ts';
import { deskComparison } from './desk-comparison.ts';
import {
  type ChannelConnection,
  cancelUnpaid,
  createCapture,
  createDutyConsumption,
  createNoticeConsumption,
  createNoticeSender,
  createOrderBook,
  createOrderFetch,
  createOrderSubgraph,
  escalateDuties,
  isFetched,
  keepingRefused,
  keepReturns,
  loadChannelClocks,
  loadChannelConnections,
  loadPaymentTerms,
  loadReturnPolicy,
  type OrderFetch,
  placeRefused,
  REFUSED_IMPORTS,
  type ReportDuty,
  type ReportImport,
  type ReportNotice,
  type ReportReturn,
  releaseHeardHolds,
  type SettleExceptions,
  verifyPaymentTerms,
} from './index.ts';
import { openReturnPlatforms } from './platform-returns/open.ts';
import type { ChannelOrders, ChannelSystem, OrderDesk } from './port.ts';
import type { StrandedParcels } from './returns/stranded-parcels.ts';

export type { SapOrderTerms, VendureTerms };

/** The system that orders are registered with, as config/systems.yaml names it. */
export type DeskSystem =
  | { readonly adapter: 'reference-oms'; readonly oms: OmsClient }
  | { readonly adapter: 'sap'; readonly sap: SapClient; readonly terms: SapOrderTerms }
  | { readonly adapter: 'tryton'; readonly tryton: TrytonClient }
  | { readonly adapter: 'vendure'; readonly vendure: VendureClient; readonly terms: VendureTerms }
  | { readonly adapter: 'sql'; readonly sql: SqlClient; readonly mapping: SqlMapping };

/** The order domain with its order desk and channels: the one place that picks its adapters. */
export function openOrder(deps: {
  knex: Knex;
  parcels: StrandedParcels;
  /** By when orders have to be paid. Null: config/payments.yaml. */
  paymentsFile: string | null;
  desk: DeskSystem;
  /** Null where the channel system has no URL. */
  channel: ChannelClient | null;
  /** Selling accounts at Walmart, by channel; null where a variable is not set. */
  walmart: ReadonlyMap<string, WalmartClient | null>;
  /** Selling accounts at Amazon, likewise. */
  amazon: ReadonlyMap<string, AmazonOrdersClient | null>;
  /** Shops at marketplaces that run on Mirakl, likewise. */
  mirakl: ReadonlyMap<string, MiraklClient | null>;
  report: ReportDuty & ReportReturn & ReportImport;
  reportNotice: ReportNotice;
  settle: SettleExceptions;
  /** Hears of outages of our own store while notices are sent; the sending goes on by itself. */
  onSendingFailure(error: unknown): void;
  /** Hears of orders that could not be fetched; the fetching goes on by itself. */
  onFetchFailure(error: unknown, channelCode: string): void;
  /** Rejects while nobody can say what is there: no order is decided about then. */
  mayDecide?: () => Promise<void>;
}) {
  const { knex, report, settle } = deps;
  const clocks = loadChannelClocks();
  const connections = loadChannelConnections();
  const policy = loadReturnPolicy();
  const payments = loadPaymentTerms(deps.paymentsFile ?? undefined);
  const placing = createCapture({ knex, payments, ...(deps.mayDecide ? { mayDecide: deps.mayDecide } : {}) });
  const capture = keepingRefused(placing, { knex, report });
  function accountOf<Client>(accounts: ReadonlyMap<string, Client | null>, code: string, name: string): Client {
    const client = accounts.get(code);
    if (client) return client;
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `config/channels.yaml connects ${code} to ${name}, and a variable that it names there is missing. Set it, or take ${code} out of the file.`,
      { channelCode: code },
    );
  }
  const walmartOf = (code: string) => accountOf(deps.walmart, code, 'Walmart');
  const amazonOf = (code: string) => accountOf(deps.amazon, code, 'Amazon');
  const miraklOf = (code: string) => accountOf(deps.mirakl, code, 'Mirakl');
  function channelOf(code: string, { connector }: ChannelConnection): ChannelSystem {
    if (connector === 'walmart') return walmartChannel(walmartOf(code), loadWalmartWords());
    if (connector === 'amazon') return amazonChannel(amazonOf(code), loadAmazonWords());
    if (connector === 'mirakl') return miraklChannelSystem(miraklOf(code), loadMiraklWords());
    if (deps.channel !== null) return referenceChannel(deps.channel);
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `config/channels.yaml connects ${code} by the reference connector, and CHANNEL_URL is missing. Set it, or take ${code} out of the file.`,
      { variables: 'CHANNEL_URL' },
    );
  }
  /** Null for channels that send their orders themselves. */
  function ordersOf(code: string, { connector }: ChannelConnection): ChannelOrders | null {
    if (connector === 'walmart') return walmartOrders(walmartOf(code), loadWalmartWords());
    if (connector === 'mirakl') return miraklChannelOrders(miraklOf(code), loadMiraklWords());
    return connector === 'amazon' ? amazonOrders(amazonOf(code), loadAmazonWords()) : null;
  }
  return {
    subgraph: createOrderSubgraph({ knex, capture, returnPolicy: policy, parcels: deps.parcels }),
    capture,
    book: createOrderBook(knex, connections, clocks, deps.parcels),
    desk: deskOf(deps.desk),
    comparisons: comparisonsWith(deps.desk, knex),
    duties: createDutyConsumption({ knex, clocks, connections, settle }),
    notices: createNoticeConsumption({ knex, connections }),
    /**
     * Sends channels what they are to be told. Only where work is done without a request: others need not reach channels.
     * @throws CommerceError CONFIGURATION_INVALID when a connected channel cannot be reached for want of a URL or credential
     */
    openNoticeSender() {
      const channels = new Map([...connections].map(([code, connection]) => [code, channelOf(code, connection)]));
      return createNoticeSender({
        knex,
        channels,
        report: deps.reportNotice,
        settle,
        onFailure: deps.onSendingFailure,
      });
    },
    /** Fetches the orders of channels that do not send them. @throws CommerceError CONFIGURATION_INVALID as `openNoticeSender` */
    openOrderFetch() {
      const channels = new Map(
        [...connections].flatMap(([code, connection]) => {
          const fetched = ordersOf(code, connection);
          return fetched && 'fetch' in connection
            ? [[code, { orders: fetched, times: connection.fetch }] as const]
            : [];
        }),
      );
      return createOrderFetch({ knex, capture: placing, report, settle, channels, onFailure: deps.onFetchFailure });
    },
    /**
     * Platforms on which buyers ask for returns. Only where work is done without a request.
     * @throws CommerceError CONFIGURATION_INVALID when a variable is not set that config/return-platforms.yaml names
     */
    openReturnPlatforms() {
      const { accounts, words } = loadReturnPlatforms();
      const platforms = [...accounts].map(([account, { webhookSecret, channels }]) => {
        const secret = namedVariable(webhookSecret, 'config/return-platforms.yaml');
        return { account, channels, platform: loopReturns(secret, words.loop) };
      });
      return openReturnPlatforms({ knex, policy, parcels: deps.parcels, report, settle }, platforms);
    },
    cancelUnpaid: () => cancelUnpaid({ knex, terms: payments }),
    /** Once before work begins. @throws CommerceError CONFIGURATION_INVALID for a payment rule that never applies */
    verify: () => verifyPaymentTerms(knex, payments, deps.paymentsFile ?? undefined),
    escalateDuties: () => escalateDuties({ knex, clocks, report }),
    keepReturns: () => keepReturns({ knex, policy, report, settle }),
    /** Entries that were set aside, by who takes them again: one attempt. */
    takeAgain: (fetch: OrderFetch) => ({
      [REFUSED_IMPORTS]: (id: string) =>
        isFetched(id) ? fetch.takeAgain(id) : placeRefused({ knex, report }, placing, id),
    }),
    releaseHeardHolds: () => releaseHeardHolds(deps.knex),
  };
}

function deskOf(system: DeskSystem): OrderDesk {
  if (system.adapter === 'reference-oms') return omsOrderDesk(system.oms);
  if (system.adapter === 'sap') return sapOrderDesk(system.sap, system.terms);
  if (system.adapter === 'tryton') return trytonOrderDesk(system.tryton);
  if (system.adapter === 'vendure') return vendureOrderDesk(system.vendure, system.terms);
  const { sql, mapping } = system;
  if (!mapping.orders) throw new CommerceError('CONFIGURATION_INVALID', 'the mapping of the order desk has no orders');
  return sqlOrderDesk(sql, mapping.orders, mapping);
}

/** Databases, SAP and Tryton are asked for single orders only: there is nothing to compare. */
function comparisonsWith(system: DeskSystem, knex: Knex): Comparison[] {
  const desk = deskOf(system);
  if (system.adapter === 'vendure') return [deskComparison({ knex, desk, audit: vendureDeskAudit(system.vendure) })];
  if (system.adapter !== 'reference-oms') return [];
  return [deskComparison({ knex, desk, audit: omsDeskAudit(system.oms) })];
}
