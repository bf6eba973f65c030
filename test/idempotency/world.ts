import { type ExecutionResult, parse } from 'graphql';
import { corrections } from '../../app/corrections.ts';
import { SCOPES } from '../../gateway/access/scopes.ts';
import { createDataSources } from '../../gateway/data-sources/service-map.ts';
import { FederationRuntime } from '../../gateway/runtime.ts';
import { owners } from '../../migrations/index.ts';
import type { Caller } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import { readContracts } from '../../registry/contracts.ts';
import { memoryNodeSystem } from '../../subgraphs/fulfillment/adapters/memory.ts';
import { createFulfillmentBook, createFulfillmentSubgraph, createNodeFeed } from '../../subgraphs/fulfillment/index.ts';
import { memoryStockSource } from '../../subgraphs/inventory/adapters/memory.ts';
import { createInventorySubgraph } from '../../subgraphs/inventory/index.ts';
import { SAMPLE_SITES, stockUp } from '../../subgraphs/inventory/sample-stock.ts';
import { createExceptionDesk, createOperationsSubgraph, loadOwnership } from '../../subgraphs/operations/index.ts';
import { createOrderBook, createOrderSubgraph } from '../../subgraphs/order/index.ts';
import { createProductSubgraph } from '../../subgraphs/product/index.ts';
import { createSettlementSubgraph } from '../../subgraphs/settlement/index.ts';
import { stockCatalogue } from '../helpers/catalogue.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { hashTables } from './table-hashes.ts';

const { signal } = new AbortController();
const UNITS = 1_000_000;

// biome-ignore lint/suspicious/noExplicitAny: variables of whatever mutation it is
export type Variables = Record<string, any>;

/** Somebody of the back office who may do everything. */
export const backOffice = (contract: string): Caller =>
  callerOf({ contract, clientId: contract, channel: null, scopes: Object.keys(SCOPES) });

/** What a call answered. */
export type Answer = ExecutionResult<Record<string, Payload | null>, { idempotentReplay?: boolean }>;
// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
type Payload = Record<string, any> & { userErrors: { code: string; message: string }[] };

export type World = Awaited<ReturnType<typeof startWorld>>;

/** The whole graph as `npm start` composes it, over one database and systems of record in memory. Nothing runs by itself. */
export async function startWorld() {
  const database = await createTestDatabase(owners);
  const { knex } = database;
  const logger = createLogger({ level: 'silent', component: 'test' });
  await stockCatalogue(knex, [{ sku: 'LANTERN', title: 'Lantern', prices: { WEB: { GBP: 339 } } }]);
  await stockUp(knex, { LANTERN: { EAST: UNITS, SHOP: UNITS } });
  await query(
    knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP')`,
  );
  const sites = Object.entries(SAMPLE_SITES).map(([code, kind]) => ({ code, name: code, kind }));
  const stock = ['EAST', 'SHOP'].map((siteCode) => ({ siteCode, sku: 'LANTERN', onHand: UNITS }));
  const nodes = memoryNodeSystem();
  const unexpected: unknown[] = [];
  const report = async () => undefined;
  const onFailure = (_: string, error: unknown) => void unexpected.push(error);
  const nodeFeed = createNodeFeed({ knex, nodes, report, onFailure });
  const composition = composeSupergraph();
  if (composition.kind === 'failed') throw new Error(composition.errors.join('\n'));
  const subgraphs = [
    createProductSubgraph({ knex }),
    createInventorySubgraph({ knex, source: memoryStockSource({ sites, stock, skus: ['LANTERN'] }) }),
    createOrderSubgraph({ knex }),
    createFulfillmentSubgraph({ knex, nodes, nodeFeed, report, successorWaitMillis: 0 }),
    createSettlementSubgraph({ knex }),
    createOperationsSubgraph({ knex, logger, corrections }),
  ];
  const runtime = new FederationRuntime(composition.supergraphSdl, {
    contracts: readContracts().filter(({ name }) => name === 'operations'),
    dataSource: createDataSources({ kind: 'inProcess', subgraphs }, { deadlineMillis: 20_000, logger }).create,
    logger,
  });
  const contract = runtime.snapshotFor('operations');
  if (!contract) throw new Error('there is no contract that shows everything');

  // Planning takes longer than everything else, and each mutation is sent some twenty times.
  const plans = new Map<string, ReturnType<typeof contract.planOperation>>();
  const tables = await hashTables(knex, [...owners], ['integration.idempotency_key', 'fulfillment.node_command']);
  return {
    knex,
    schema: contract.schema,
    book: createOrderBook(knex),
    work: createFulfillmentBook(knex),
    desk: createExceptionDesk({ knex, owners: loadOwnership() }),
    nodes,
    nodeFeed,
    signal,
    /** Runs an operation as the gateway does, on the contract that shows everything. */
    send: async (document: string, variables: Variables, caller: Caller): Promise<Answer> => {
      const plan = plans.get(document) ?? contract.planOperation(parse(document));
      plans.set(document, plan);
      return (await contract.executeWith(plan, { variables, caller, signal })) as Answer;
    },
    /** All that is stored, except what was answered to keys and that nodes were asked: equal before and after means that nothing was changed. */
    everything: () => tables.hashes(),
    /** The same, of all tables read again: what nobody noticed would show. */
    everythingAnew: () => tables.hashesAnew(),
    async stop() {
      await database.drop();
      if (unexpected.length > 0) throw unexpected[0];
    },
  };
}
