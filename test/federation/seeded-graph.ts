import { randomUUID } from 'node:crypto';
import { parse } from 'graphql';
import { createDataSources } from '../../gateway/data-sources/service-map.ts';
import { FederationRuntime } from '../../gateway/runtime.ts';
import { owners } from '../../migrations/index.ts';
import type { SubgraphName } from '../../platform/config.ts';
import { type Knex, openDatabase } from '../../platform/db/database.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createLogger } from '../../platform/logger.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import { readContracts } from '../../registry/contracts.ts';
import { memoryCarrier, memoryNodeSystem } from '../../subgraphs/fulfillment/adapters/memory.ts';
import {
  createFulfillmentBook,
  createFulfillmentSubgraph,
  createNodeFeed,
  createTrackingFeed,
} from '../../subgraphs/fulfillment/index.ts';
import { createInventorySubgraph } from '../../subgraphs/inventory/index.ts';
import { at, stockUp } from '../../subgraphs/inventory/sample-stock.ts';
import { createOperationsSubgraph } from '../../subgraphs/operations/index.ts';
import { createOrderSubgraph } from '../../subgraphs/order/index.ts';
import { memoryProductSource } from '../../subgraphs/product/adapters/memory.ts';
import { createProductFeed, createProductSubgraph } from '../../subgraphs/product/index.ts';
import type { CatalogueFact } from '../../subgraphs/product/port.ts';
import { createSettlementSubgraph } from '../../subgraphs/settlement/index.ts';
import { contractOperation } from '../helpers/contract-operations.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { callerOf } from '../helpers/subgraph.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const { signal } = new AbortController();

const NAMES: readonly SubgraphName[] = ['product', 'inventory', 'order', 'fulfillment', 'settlement', 'operations'];

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
type Data = Record<string, any>;

export interface PlacedOrder {
  readonly id: string;
  readonly lines: readonly { readonly id: string; readonly sku: string }[];
}

/** What one operation cost. */
export interface Cost {
  readonly data: Data;
  /** SQL statements by subgraph; a subgraph that was not asked is 0. */
  readonly statements: Readonly<Record<SubgraphName, number>>;
}

/** The whole graph as `npm start` composes it, over one database. Each subgraph has a pool of its own, to tell whose statement it is. */
export async function startSeededGraph(facts: readonly CatalogueFact[], stock: Parameters<typeof stockUp>[1]) {
  const database = await createTestDatabase(owners);
  await seedCatalogue(database.knex, facts);
  await stockUp(database.knex, stock);

  const pools = Object.fromEntries(
    NAMES.map((name) => [name, openDatabase(database.url, { poolMax: 2, applicationName: `test-${name}` })]),
  ) as Record<SubgraphName, Knex>;
  const systems = forbiddenSystems();
  const subgraphs: Subgraph[] = [
    createProductSubgraph({ knex: pools.product }),
    createInventorySubgraph({ knex: pools.inventory, source: systems.of('stock source') }),
    createOrderSubgraph({ knex: pools.order }),
    createFulfillmentSubgraph({
      knex: pools.fulfillment,
      nodes: systems.of('nodes'),
      nodeFeed: systems.of('node feed'),
      report: async () => undefined,
    }),
    createSettlementSubgraph({ knex: pools.settlement }),
    createOperationsSubgraph({ knex: pools.operations, logger }),
  ];
  const composition = composeSupergraph();
  if (composition.kind === 'failed') throw new Error(composition.errors.join('\n'));
  const runtime = new FederationRuntime(composition.supergraphSdl, {
    contracts: readContracts(),
    dataSource: createDataSources({ kind: 'inProcess', subgraphs }, { deadlineMillis: 20_000, logger }).create,
    logger,
  });

  /** Runs an operation of the contract folder as its channel would. @throws Error when the answer has errors */
  async function run(contract: string, name: string, variables: object): Promise<Cost> {
    const snapshot = runtime.snapshotFor(contract);
    if (!snapshot) throw new Error(`no contract ${contract}`);
    const plan = snapshot.planOperation(parse(contractOperation(contract, name).document));
    const statements = Object.fromEntries(NAMES.map((each) => [each, 0])) as Record<SubgraphName, number>;
    const counters = NAMES.map((each) => [each, () => void statements[each]++] as const);
    for (const [each, count] of counters) pools[each].on('query', count);
    const answer = await snapshot.executeWith(plan, { variables: { ...variables }, caller: callerOf(), signal });
    for (const [each, count] of counters) pools[each].off('query', count);
    if (answer.errors || !answer.data) throw new Error(JSON.stringify(answer.errors));
    return { data: answer.data, statements };
  }

  return {
    knex: database.knex,
    runtime,
    subgraphs,
    run,
    /** Calls that reached a system of record. */
    systemCalls: systems.calls,
    /** Places an order of one unit of each SKU. @returns its id and its lines */
    async place(skus: readonly string[]): Promise<PlacedOrder> {
      const { data } = await run('storefront', 'PlaceOrder', {
        input: {
          idempotencyKey: randomUUID(),
          currencyCode: 'GBP',
          lines: skus.map((sku) => ({ sku, quantity: 1 })),
          delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
        },
      });
      const { order, userErrors } = data.orderPlace;
      if (userErrors.length > 0) throw new Error(JSON.stringify(userErrors));
      return { id: order.id, lines: order.lines.nodes };
    },
    ship: createShipping(database.knex),
    async stop() {
      await Promise.all(Object.values(pools).map((pool) => pool.destroy()));
      await database.drop();
    },
  };
}

export type SeededGraph = Awaited<ReturnType<typeof startSeededGraph>>;

async function seedCatalogue(knex: Knex, facts: readonly CatalogueFact[]): Promise<void> {
  const source = memoryProductSource();
  const rejected: unknown[] = [];
  const feed = createProductFeed({
    knex,
    source,
    logger,
    onRejected: async (records) => void rejected.push(...records),
  });
  source.tell(...facts);
  await feed.catchUp(signal);
  if (rejected.length > 0) throw new Error(JSON.stringify(rejected));
}

/** A node and a carrier on the store, for orders that are to be shown under way. */
function createShipping(knex: Knex) {
  const book = createFulfillmentBook(knex);
  const nodes = memoryNodeSystem();
  const carrier = memoryCarrier();
  const failures: unknown[] = [];
  const feedDeps = {
    knex,
    report: async () => undefined,
    onFailure: (_: string, error: unknown) => failures.push(error),
  };
  const nodeFeed = createNodeFeed({ ...feedDeps, nodes });
  const trackingFeed = createTrackingFeed({ ...feedDeps, carrier });

  /** Every unit leaves in a shipment and a package of its own, and is scanned twice. */
  return async ({ id, lines }: PlacedOrder): Promise<void> => {
    const [workId = ''] = await book.open({
      key: `${id}:source:0`,
      orderId: id,
      channelCode: 'WEB',
      customerId: null,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
      groups: [
        { locationId: at('EAST'), lines: lines.map((line) => ({ lineId: line.id, sku: line.sku, quantity: 1 })) },
      ],
      traceId: '0'.repeat(32),
    });
    const work = await book.submit(workId);
    if (!work) throw new Error('the work is gone');
    const { nodeReference } = await nodes.release({ ...work, shipTo: null }, signal);
    await nodes.accept(nodeReference, signal);
    for (const [index, line] of lines.entries()) {
      const trackingNumber = `${id}-${index}`;
      const parcel = { carrier: 'UPS', trackingNumber, sscc: null, serviceLevel: null };
      const confirmation = { key: line.id, packages: [{ ...parcel, lines: [{ lineRef: line.id, quantity: 1 }] }] };
      await nodes.confirmShipment(nodeReference, confirmation, signal);
      for (const status of ['pre_transit', 'in_transit']) {
        const scan = { carrier: 'UPS', trackingNumber, status, statusDetail: null, location: null, message: null };
        carrier.scan({ ...scan, occurredAt: new Date() });
      }
    }
    await nodeFeed.catchUp(signal);
    await trackingFeed.catchUp(signal);
    if (failures.length > 0) throw failures[0];
  };
}

/** Stands for systems of record that no read may reach: notes every call and fails it. */
function forbiddenSystems() {
  const calls: string[] = [];
  return {
    calls,
    of: <System extends object>(name: string): System =>
      new Proxy({} as System, {
        get: (_, method) => async () => {
          calls.push(`${name}.${String(method)}`);
          throw new Error(`${name}.${String(method)} was called`);
        },
      }),
  };
}
