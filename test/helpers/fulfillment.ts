import type { Feed } from '../../platform/feed/feed.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { memoryCarrier, memoryNodeSystem } from '../../subgraphs/fulfillment/adapters/memory.ts';
import {
  createFulfillmentBook,
  createFulfillmentSubgraph,
  createNodeFeed,
  createTrackingFeed,
  type ReadFreeUnits,
  type ReportUnusable,
} from '../../subgraphs/fulfillment/index.ts';
import type { NodeSystem } from '../../subgraphs/fulfillment/port.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** What a piece of work is about; a test names what matters to it. */
export interface WorkWish {
  readonly orderId?: string;
  readonly channelCode?: string;
  readonly customerId?: string | null;
  readonly locationId?: string;
  readonly deliveryMethod?: string;
  /** Work that it takes the units of. */
  readonly replaces?: string;
  /** Units by SKU; the order's line id is the SKU. */
  readonly units?: Readonly<Record<string, number>>;
  /** Which of the SKUs are bundles: units of their components in one of them. */
  readonly bundles?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Fulfillment over a database of its own, with a node and a carrier in memory. Nothing runs by itself. */
export interface TestFulfillment {
  readonly database: TestDatabase;
  readonly subgraph: Subgraph;
  readonly book: ReturnType<typeof createFulfillmentBook>;
  readonly nodes: NodeSystem;
  readonly carrier: ReturnType<typeof memoryCarrier>;
  readonly nodeFeed: Feed;
  readonly trackingFeed: Feed;
  /** What was put on the exception desk. */
  readonly reported: Parameters<ReportUnusable>[1][];
  /** Failures of the feeds. */
  readonly failures: unknown[];
  /** Creates work that no node was asked to do. */
  open(wish?: WorkWish): Promise<string>;
  /** Creates work and gives it to the node, which has told of it. */
  submitted(wish?: WorkWish): Promise<string>;
  stop(): Promise<void>;
}

let count = 0;

export async function startFulfillment({ freeUnits }: { freeUnits?: ReadFreeUnits } = {}): Promise<TestFulfillment> {
  const database = await createTestDatabase(['integration', 'fulfillment']);
  const { knex } = database;
  const nodes = memoryNodeSystem();
  const carrier = memoryCarrier();
  const book = createFulfillmentBook(knex);
  const reported: Parameters<ReportUnusable>[1][] = [];
  const failures: unknown[] = [];
  const report: ReportUnusable = async (_, unusable) => void reported.push(unusable);
  const feedDeps = { knex, report, onFailure: (_: string, error: unknown) => void failures.push(error) };
  const nodeFeed = createNodeFeed({ ...feedDeps, nodes });
  const { signal } = new AbortController();

  const open = async (wish: WorkWish = {}): Promise<string> => {
    const n = ++count;
    const [id] = await book.open({
      key: `source-${n}`,
      orderId: wish.orderId ?? `ord_${n}`,
      channelCode: wish.channelCode ?? 'WEB',
      customerId: wish.customerId ?? null,
      deliveryMethod: wish.deliveryMethod ?? 'SHIPPING',
      serviceLevel: null,
      groups: [
        {
          locationId: wish.locationId ?? 'EAST',
          lines: Object.entries(wish.units ?? { BOLT: 3 }).map(([sku, quantity]) => ({
            lineId: sku,
            sku,
            quantity,
            components: Object.entries(wish.bundles?.[sku] ?? {}).map(([sku, perUnit]) => ({ sku, perUnit })),
          })),
        },
      ],
      ...(wish.replaces === undefined ? {} : { replaces: wish.replaces }),
      traceId: '0'.repeat(32),
    });
    if (id === undefined) throw new Error('no work was opened');
    return id;
  };
  return {
    database,
    nodes,
    carrier,
    book,
    nodeFeed,
    reported,
    failures,
    trackingFeed: createTrackingFeed({ ...feedDeps, carrier }),
    subgraph: createFulfillmentSubgraph({
      successorWaitMillis: 0,
      knex,
      nodes,
      nodeFeed,
      report,
      ...(freeUnits ? { freeUnits } : {}),
    }),
    open,
    async submitted(wish) {
      const id = await open(wish);
      const work = await book.submit(id);
      if (!work) throw new Error('nothing is left of the work');
      await nodes.release({ ...work, shipTo: null }, signal);
      await nodeFeed.catchUp(signal);
      return id;
    },
    stop: () => database.drop(),
  };
}
