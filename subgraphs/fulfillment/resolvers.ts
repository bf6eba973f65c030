import type { PageArgs } from '../../platform/graphql/connection.ts';
import type { Resolvers } from '../../platform/graphql/subgraph.ts';
import type { FulfillmentContext } from './context.ts';
import {
  availableTransitions,
  type FulfillmentOrder,
  type FulfillmentOrderLine,
  type Package,
  remainingUnits,
  type Shipment,
  trackingUrl,
} from './model.ts';
import { mutations } from './mutations.ts';
import type { FulfillmentOrderFilter } from './read.ts';

export const resolvers: Resolvers = {
  Query: {
    fulfillmentOrders: (
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: FulfillmentOrderFilter | null },
      { reader, caller }: FulfillmentContext,
    ) => reader.queue(caller, filter ?? {}, page),
    fulfillmentOrder: (_: unknown, { id }: { id: string }, { loaders }: FulfillmentContext) => loaders.work.load(id),
  },

  Mutation: mutations,

  Order: {
    // The order subgraph decides who sees the order; here only what hangs on it is filtered.
    __resolveReference: ({ id }: { id: string }) => ({ id }),
    fulfillmentOrders: ({ id }: { id: string }, _: unknown, { loaders }: FulfillmentContext) =>
      loaders.workByOrder.load(id),
    shipments: ({ id }: { id: string }, _: unknown, { loaders }: FulfillmentContext) =>
      loaders.shipmentsByOrder.load(id),
  },

  FulfillmentOrder: {
    __resolveReference: ({ id }: { id: string }, { loaders }: FulfillmentContext) => loaders.work.load(id),
    availableTransitions: (work: FulfillmentOrder) => availableTransitions(work),
    location: (work: FulfillmentOrder) => ({ __typename: 'Location', id: work.locationId }),
    order: (work: FulfillmentOrder) => ({ __typename: 'Order', id: work.orderId }),
    async replacedBy(work: FulfillmentOrder, _: unknown, { loaders }: FulfillmentContext) {
      const successors = await loaders.successorsByWork.load(work.id);
      return (await Promise.all(successors.map((id) => loaders.work.load(id)))).filter((each) => each !== null);
    },
    lines: (work: FulfillmentOrder, _: unknown, { loaders }: FulfillmentContext) => loaders.linesByWork.load(work.id),
    shipments: (work: FulfillmentOrder, _: unknown, { loaders }: FulfillmentContext) =>
      loaders.shipmentsByWork.load(work.id),
  },

  FulfillmentOrderLine: {
    remaining: (line: FulfillmentOrderLine) => remainingUnits(line),
    variant: (line: FulfillmentOrderLine) => ({ __typename: 'ProductVariant', sku: line.sku }),
  },

  Shipment: {
    __resolveReference: ({ id }: { id: string }, { loaders }: FulfillmentContext) => loaders.shipments.load(id),
    packages: (shipment: Shipment, _: unknown, { loaders }: FulfillmentContext) =>
      loaders.packagesByShipment.load(shipment.id),
    fulfillmentOrder: (shipment: Shipment, _: unknown, { loaders }: FulfillmentContext) =>
      loaders.work.load(shipment.fulfillmentOrderId),
    order: (shipment: Shipment) => ({ __typename: 'Order', id: shipment.orderId }),
  },

  Package: {
    trackingUrl: (parcel: Package) => trackingUrl(parcel.carrier, parcel.trackingNumber),
    lines: (parcel: Package, _: unknown, { loaders }: FulfillmentContext) => loaders.linesByPackage.load(parcel.id),
    trackingEvents: (parcel: Package, _: unknown, { loaders }: FulfillmentContext) =>
      loaders.trackingByPackage.load(parcel.id),
  },

  UserError: { __resolveType: (error: { __typename: string }) => error.__typename },
};
