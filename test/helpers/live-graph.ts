import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { type MemoryEventLog, memoryEventLog } from '../../events/adapters/memory-event-log.ts';
import type { NewEvent } from '../../events/outbox.ts';
import { createTail, type Tail } from '../../events/tail.ts';
import { inProcessDataSource } from '../../gateway/data-sources/in-process.ts';
import type { FormerContract } from '../../gateway/publication/publication.ts';
import { FederationRuntime } from '../../gateway/runtime.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import type { Clock } from '../../platform/clock.ts';
import { createLogger } from '../../platform/logger.ts';
import { projectFile } from '../../platform/paths.ts';
import { readContracts } from '../../registry/contracts.ts';

/** A graph just large enough to be watched: orders, their shipments, items, exceptions, and the real `events` subgraph. */
const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag", "@shareable", "@requiresScopes", "@listSize"])\n';
const EVENTS = readFileSync(projectFile('schema', 'events.graphql'), 'utf8');
const enumOf = (name: string) => new RegExp(`enum ${name} \\{[^}]*\\}`).exec(EVENTS)?.[0] ?? '';

export const TINY_SCHEMAS = {
  order: `${LINK}
    type Query { order(id: ID!): Order @tag(name: "selling") }
    type Mutation { orderTouch(id: ID!): Order @tag(name: "selling") }
    type Order @key(fields: "id") @tag(name: "selling") {
      id: ID! number: String! status: OrderStatus! revision: Int! @tag(name: "internal") secret: String @tag(name: "internal")
      address: String @requiresScopes(scopes: [["customer-data:read"]])
      tags(first: Int, after: String): [String!]!
      related(first: Int): [Order!]! @listSize(slicingArguments: ["first"])
    }
    ${enumOf('OrderStatus')}`,
  fulfillment: `${LINK}
    type Order @key(fields: "id") @tag(name: "selling") { id: ID! shipments: [Shipment!]! }
    type Shipment @key(fields: "id") @tag(name: "selling") { id: ID! status: ShipmentStatus! revision: Int! @tag(name: "internal") }
    ${enumOf('ShipmentStatus')}`,
  product: `${LINK}
    type Query { productVariants(skus: [String!]!): [ProductVariant]! @tag(name: "selling") }
    type ProductVariant @key(fields: "sku") @tag(name: "selling") { sku: String! title: String! }`,
  operations: `${LINK}
    type Query { integrationException(id: ID!): IntegrationException }
    type IntegrationException @key(fields: "id") { id: ID! cause: String! }`,
  events: EVENTS,
};

export type TinySchemas = Record<keyof typeof TINY_SCHEMAS, string>;

const composed = new Map<string, string>();

/** @throws Error when the schemas do not compose */
export function composeTiny(schemas: TinySchemas = TINY_SCHEMAS): string {
  const key = JSON.stringify(schemas);
  const known = composed.get(key) ?? compose(schemas);
  composed.set(key, known);
  return known;
}

function compose(schemas: TinySchemas): string {
  const services = Object.entries(schemas).map(([name, text]) => ({
    name,
    url: `http://${name}.invalid`,
    typeDefs: parse(text),
  }));
  const result = composeServices(services);
  if (result.errors) throw new Error(result.errors.map((error) => error.message).join('\n'));
  return result.supergraphSdl;
}

interface TinyOrder {
  id: string;
  number: string;
  status: string;
  revision: number;
  channelCode: string;
  customerId: string | null;
  shipments: { id: string; status: string; revision: number }[];
}

export interface LiveGraph {
  readonly runtime: FederationRuntime;
  readonly log: MemoryEventLog;
  readonly tail: Tail;
  /** Requests each subgraph got. */
  readonly asked: Record<keyof TinySchemas, number>;
  readonly orders: Map<string, TinyOrder>;
  readonly titles: Map<string, string>;
  /** Subgraphs that fail. */
  readonly down: Set<string>;
  place(order: Partial<TinyOrder> & { id: string }): void;
  /** Changes an order's status. @returns the event, not yet in the log */
  change(id: string, status: string): NewEvent;
  /** Changes an order's status and tells the log at once. */
  advance(id: string, status: string): void;
  advanceShipment(orderId: string, shipmentId: string, status: string): void;
  restock(sku: string): void;
  raise(exceptionId: string): void;
  close(): Promise<void>;
}

/** What a resolver finds in the context of a request: who asks, and what is there. */
interface Asked extends Pick<LiveGraph, 'orders' | 'titles'> {
  readonly caller: Caller;
}

const resolvers: Record<string, Record<string, Record<string, unknown>>> = {
  order: {
    Query: { order: (_: unknown, { id }: { id: string }, context: Asked) => visible(id, context) },
    Mutation: { orderTouch: (_: unknown, { id }: { id: string }, context: Asked) => visible(id, context) },
    Order: {
      __resolveReference: ({ id }: { id: string }, context: Asked) => visible(id, context),
      address: () => '1 High Street',
      related: () => [],
      tags: (_: unknown, { after }: { after?: string }) => [after ?? 'none'],
    },
  },
  fulfillment: {
    Order: {
      shipments: ({ id }: { id: string }, _: unknown, { orders }: Asked) => orders.get(id)?.shipments ?? [],
    },
    Shipment: { __resolveReference: shipmentOf },
  },
  product: {
    Query: {
      productVariants: (_: unknown, { skus }: { skus: string[] }, context: Asked) =>
        skus.map((sku) => variantOf({ sku }, context)),
    },
    ProductVariant: { __resolveReference: variantOf },
  },
  operations: {
    IntegrationException: { __resolveReference: ({ id }: { id: string }) => ({ id, cause: `cause of ${id}` }) },
  },
};

function visible(id: string, { orders, caller }: Asked) {
  const order = orders.get(id);
  return order && maySee(caller, { ...order, collected: false }) ? order : null;
}

function shipmentOf({ id }: { id: string }, { orders }: Asked) {
  for (const order of orders.values()) {
    const found = order.shipments.find((shipment) => shipment.id === id);
    if (found) return found;
  }
  return null;
}

function variantOf({ sku }: { sku: string }, { titles }: Asked) {
  const title = titles.get(sku);
  return title === undefined ? null : { sku, title };
}

const built = new Map<string, GraphQLSchema>();

/** The same for every graph: what differs is in the context. */
function executable(service: keyof TinySchemas): GraphQLSchema {
  const known =
    built.get(service) ??
    buildSubgraphSchema([{ typeDefs: parse(TINY_SCHEMAS[service]), resolvers: (resolvers[service] ?? {}) as never }]);
  built.set(service, known);
  return known;
}

const silent = createLogger({ level: 'silent', component: 'test' });
const TRACE = 'a'.repeat(32);

/** @param served earlier versions, and the day it is for them */
export async function createLiveGraph(
  served: { readonly former?: readonly FormerContract[]; readonly clock?: Clock } = {},
): Promise<LiveGraph> {
  const orders = new Map<string, TinyOrder>();
  const titles = new Map<string, string>();
  const stock = new Map<string, number>();
  const down = new Set<string>();
  const asked = { order: 0, fulfillment: 0, product: 0, operations: 0, events: 0 };
  const runtime = new FederationRuntime(composeTiny(), {
    contracts: readContracts(),
    logger: silent,
    ...served,
    dataSource: ({ name }) => {
      const service = name as keyof TinySchemas;
      const subgraph = {
        name,
        schema: executable(service),
        context: (caller: Caller, signal: AbortSignal) => {
          asked[service]++;
          if (down.has(name)) throw new Error('down');
          return { caller, signal, orders, titles };
        },
      };
      return inProcessDataSource(subgraph, { deadlineMillis: 2_000, logger: silent });
    },
  });
  const fanOut = inProcessFanOut();
  const log = memoryEventLog({ fanOut });
  const tail = await createTail(log, fanOut, { pollMillis: 20 });

  function change(id: string, status: string): NewEvent {
    const order = orders.get(id);
    if (!order) throw new Error(`no order ${id}`);
    const previousStatus = order.status;
    orders.set(id, { ...order, status, revision: order.revision + 1 });
    return {
      type: 'order-status-changed.v1',
      subject: id,
      version: order.revision + 1,
      channelCode: order.channelCode,
      traceId: TRACE,
      data: { orderId: id, customerId: order.customerId, previousStatus, status },
    };
  }

  return {
    runtime,
    log,
    tail,
    asked,
    orders,
    titles,
    down,
    place: (order) =>
      void orders.set(order.id, {
        number: `no-${order.id}`,
        status: 'VALIDATED',
        revision: 2,
        channelCode: 'WEB',
        customerId: null,
        shipments: [],
        ...order,
      }),
    change,
    advance: (id, status) => log.append([change(id, status)]),
    advanceShipment(orderId, shipmentId, status) {
      const order = orders.get(orderId);
      if (!order) throw new Error(`no order ${orderId}`);
      const known = order.shipments.find((shipment) => shipment.id === shipmentId);
      const revision = (known?.revision ?? 0) + 1;
      const others = order.shipments.filter((shipment) => shipment !== known);
      orders.set(orderId, { ...order, shipments: [...others, { id: shipmentId, status, revision }] });
      const data = { shipmentId, orderId, previousStatus: known?.status ?? null, status };
      log.append([
        {
          type: 'shipment-status-changed.v1',
          subject: shipmentId,
          version: revision,
          channelCode: order.channelCode,
          traceId: TRACE,
          data,
        },
      ]);
    },
    restock(sku) {
      const version = (stock.get(sku) ?? 0) + 1;
      stock.set(sku, version);
      const data = { sku, locationId: null, available: version, onHand: version, asOf: new Date().toISOString() };
      log.append([{ type: 'inventory-changed.v1', subject: sku, version, channelCode: null, traceId: TRACE, data }]);
    },
    raise: (exceptionId) =>
      log.append([
        {
          type: 'integration-exception-raised.v1',
          subject: exceptionId,
          version: 1,
          channelCode: null,
          traceId: TRACE,
          data: { exceptionId },
        },
      ]),
    close: () => tail.close(),
  };
}
