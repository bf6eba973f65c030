import type { Knex } from 'knex';
import type { KnownCodes } from '../orchestrator/sourcing/known-codes.ts';
import type { SubgraphName } from '../platform/config.ts';
import type { Subgraph } from '../platform/graphql/subgraph.ts';
import type { Logger } from '../platform/logger.ts';
import { projectFile } from '../platform/paths.ts';
import type { Comparison } from '../platform/reconcile/comparison.ts';
import { strandedParcels } from '../subgraphs/fulfillment/index.ts';
import { openFulfillment, type WorkSystem } from '../subgraphs/fulfillment/main.ts';
import { firstReading } from '../subgraphs/inventory/index.ts';
import { openInventory, type StockSystem } from '../subgraphs/inventory/main.ts';
import { loadChannelConnections, unclaimedUnits } from '../subgraphs/order/index.ts';
import { type DeskSystem, openOrder } from '../subgraphs/order/main.ts';
import { openProduct, type ProductSystem } from '../subgraphs/product/main.ts';
import { type BooksSystem, openSettlement } from '../subgraphs/settlement/main.ts';
import { loadRouting } from '../systems/routing/read.ts';
import { readKnownCodes } from './known-codes.ts';
import { openOperations } from './operations.ts';
import type { RoutedSystems } from './routed-systems.ts';
import { sapOrderTerms, sapProductTerms } from './sap-terms.ts';
import { openSourcing } from './sourcing.ts';
import type { SystemClients } from './system-clients.ts';
import { openThreePl } from './three-pl.ts';

export type Domains = ReturnType<typeof openDomains>;

const routing = loadRouting();
/** For who opens domains over reference systems only: the file as it was when this process began. */
export const REFERENCE_ONLY: Pick<RoutedSystems, 'routing' | 'connected'> = {
  routing: () => routing,
  connected: new Map(),
};

/** Opens all domains over one database and the systems of record. Nothing runs until a feed or a server is started. */
export function openDomains(deps: {
  knex: Knex;
  clients: SystemClients;
  /** What config/systems.yaml says. Default: {@link REFERENCE_ONLY}. */
  routed?: Pick<RoutedSystems, 'routing' | 'connected'>;
  /** Codes that configuration may name, as far as they are known before anything is opened. */
  knownCodes?: KnownCodes;
  /** By when orders have to be paid. Null: config/payments.yaml. */
  paymentsFile?: string | null;
  logger: Logger;
  process: string;
  /** Orders and holds are refused, to be repeated, until all stock was read once. Default false: stock comes another way. */
  awaitsStock?: boolean;
}) {
  const { knex, clients, routed = REFERENCE_ONLY } = deps;
  const component = (name: string) => deps.logger.child({ component: name });
  const operations = openOperations({
    knex,
    clients,
    routed,
    productParts: () => product.serving.served(),
    logger: component('operations'),
    process: deps.process,
  });
  const sourcing = openSourcing({
    file: projectFile('config', 'sourcing.yaml'),
    known: deps.knownCodes,
    knownCodes: () => readKnownCodes(knex),
    readSites: (signal) => inventory.readSites(signal),
    exceptions: operations.exceptions,
    logger: component('sourcing'),
  });
  const channels = {
    connections: loadChannelConnections(),
    reference: clients.channel,
    walmart: clients.walmart,
    amazon: clients.amazon,
    mirakl: clients.mirakl,
    report: operations.report,
    settle: operations.exceptions.resolveIn,
  };
  const product = openProduct({
    knex,
    system: productSystem(clients, routed, routed.routing().domains.product.system),
    shadow: shadowOf(clients, routed),
    route: () => routed.routing().domains.product,
    report: operations.report,
    settle: operations.exceptions.resolveIn,
    heard: operations.heard,
    channels,
    logger: component('product'),
  });
  const threePl = openThreePl(knex);
  const mayDecide = deps.awaitsStock ? { mayDecide: firstReading(knex) } : {};
  const inventory = openInventory({
    knex,
    ...mayDecide,
    nodes: sourcing.current.nodes,
    system: stockSystem(clients, routed),
    threePl,
    report: operations.report,
    raised: operations.exceptions,
    heard: operations.heard,
    channels,
    liveMillis: () => routed.routing().domains.inventory.freshnessSeconds * 1_000,
    logger: component('inventory'),
  });
  const order = openOrder({
    knex,
    ...mayDecide,
    parcels: strandedParcels,
    paymentsFile: deps.paymentsFile ?? null,
    desk: deskSystem(clients, routed),
    channel: clients.channel,
    walmart: clients.walmart,
    amazon: clients.amazon,
    mirakl: clients.mirakl,
    report: operations.report,
    reportNotice: operations.reportNotice,
    settle: operations.exceptions.resolveIn,
    onSendingFailure: (error) => component('order').warn({ err: error }, 'notices to channels wait'),
    onFetchFailure: (error, channelCode) =>
      component('order').warn({ err: error, channelCode }, 'orders of a channel could not be fetched'),
  });
  const fulfillment = openFulfillment({
    knex,
    system: workSystem(clients, routed),
    carrier: clients.carrier,
    trackers: clients.trackers,
    threePl,
    report: operations.report,
    freeUnits: inventory.freeUnits,
    settle: operations.exceptions.resolve,
    settleIn: operations.exceptions.resolveIn,
    unclaimed: unclaimedUnits,
    logger: component('fulfillment'),
  });
  const settlement = openSettlement({
    knex,
    system: booksSystem(clients, routed),
    logger: component('settlement'),
    alarm: operations.alarm('settlement'),
    report: operations.report,
  });
  const subgraphs: Readonly<Record<SubgraphName, Subgraph>> = {
    product: product.subgraph,
    inventory: inventory.subgraph,
    order: order.subgraph,
    fulfillment: fulfillment.subgraph,
    settlement: settlement.subgraph,
    operations: operations.subgraph,
  };
  const comparisons: readonly Comparison[] = [
    ...inventory.comparisons,
    ...fulfillment.comparisons,
    ...order.comparisons,
    ...product.comparisons,
    ...settlement.comparisons,
  ];
  return { comparisons, sourcing, threePl, product, inventory, order, fulfillment, settlement, operations, subgraphs };
}

function productSystem(
  clients: SystemClients,
  { connected }: Pick<RoutedSystems, 'connected'>,
  name: string,
): ProductSystem {
  const system = connected.get(name);
  switch (system?.adapter) {
    case 'tryton':
      return { adapter: 'tryton', name, tryton: system.client, currencyCode: system.currency };
    case 'sql':
      return { adapter: 'sql', name, sql: system.client, mapping: system.mapping };
    case 'sap':
      return { adapter: 'sap', name, sap: system.client, terms: sapProductTerms(system.entry) };
    case 'business-central':
      return { adapter: 'business-central', name, odata: system.client, terms: system.terms };
    // An order desk: no goods are read from it.
    case 'vendure':
    case undefined:
      return { adapter: 'reference-erp', erp: clients.erp };
  }
}

function deskSystem(
  clients: SystemClients,
  { routing, connected }: Pick<RoutedSystems, 'routing' | 'connected'>,
): DeskSystem {
  const system = connected.get(routing().domains.order.system);
  if (system?.adapter === 'sql') return { adapter: 'sql', sql: system.client, mapping: system.mapping };
  if (system?.adapter === 'tryton') return { adapter: 'tryton', tryton: system.client };
  if (system?.adapter === 'vendure') return { adapter: 'vendure', vendure: system.client, terms: system.entry };
  const terms = system?.adapter === 'sap' ? sapOrderTerms(system.entry) : null;
  if (system?.adapter === 'sap' && terms) return { adapter: 'sap', sap: system.client, terms };
  return { adapter: 'reference-oms', oms: clients.oms };
}

function stockSystem(
  clients: SystemClients,
  { routing, connected }: Pick<RoutedSystems, 'routing' | 'connected'>,
): StockSystem {
  const name = routing().domains.inventory.system;
  const system = connected.get(name);
  if (system?.adapter === 'tryton')
    return { adapter: 'tryton', name, tryton: system.client, siteKinds: system.siteKinds };
  return { adapter: 'reference-wms', wms: clients.wms };
}

function workSystem(
  clients: SystemClients,
  { routing, connected }: Pick<RoutedSystems, 'routing' | 'connected'>,
): WorkSystem {
  const name = routing().domains.fulfillment.system;
  const system = connected.get(name);
  if (system?.adapter === 'tryton') return { adapter: 'tryton', name, tryton: system.client };
  return { adapter: 'reference-wms', wms: clients.wms };
}

function booksSystem(
  clients: SystemClients,
  { routing, connected }: Pick<RoutedSystems, 'routing' | 'connected'>,
): BooksSystem {
  const name = routing().domains.settlement.system;
  const system = connected.get(name);
  if (system?.adapter === 'tryton') return { adapter: 'tryton', name, tryton: system.client };
  return { adapter: 'reference-erp', erp: clients.erp };
}

function shadowOf(clients: SystemClients, routed: Pick<RoutedSystems, 'routing' | 'connected'>): ProductSystem | null {
  const { shadow } = routed.routing().domains.product;
  return shadow && productSystem(clients, routed, shadow.system);
}
