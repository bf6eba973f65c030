import { connectionOf, type PageArgs } from '../../platform/graphql/connection.ts';
import type { Resolvers } from '../../platform/graphql/subgraph.ts';
import type { InventoryContext } from './context.ts';
import { listLocations } from './locations.ts';
import { availabilityStatus, confidenceOf, type LocationKind, nextAvailableAt, type Position } from './model.ts';
import { mutations } from './mutations.ts';
import type { Heard } from './read.ts';

const variantOf = ({ sku }: { sku: string }) => ({ __typename: 'ProductVariant', sku });

/** How many positions a page holds when the request names no size. */
const DEFAULT_PAGE = 20;

export const resolvers: Resolvers = {
  Query: {
    locations: (_: unknown, { kind }: { kind?: LocationKind | null }, { knex }: InventoryContext) =>
      listLocations(knex, kind ?? null),
    location: (_: unknown, { id }: { id: string }, { loaders }: InventoryContext) => loaders.locations.load(id),
  },

  Mutation: mutations,

  ProductVariant: {
    // Whether the SKU exists is the catalogue's to say: every reference is a variant here, known to a warehouse or not.
    __resolveReference: ({ sku }: { sku: string }) => ({ sku }),
    async availability(
      { sku }: { sku: string },
      { locationId }: { locationId?: string | null },
      { loaders, liveMillis }: InventoryContext,
    ) {
      const total = await loaders.totals.load({ sku, locationId: locationId ?? null });
      if (!total) return null;
      return {
        status: availabilityStatus(total),
        sellableQuantity: total.sellable,
        backorderableQuantity: total.backorderable,
        orderLimit: total.orderLimit,
        releaseAt: total.releaseAt,
        nextAvailableAt: nextAvailableAt(total),
        promises: total.promises.map(({ at, units }) => ({ at, quantity: units })),
        asOf: total.asOf,
        confidence: confidenceOf(total, liveMillis),
      };
    },
    inventoryPositions: async ({ sku }: { sku: string }, page: PageArgs, { loaders }: InventoryContext) =>
      connectionOf(await loaders.positionsBySku.load(sku), page, DEFAULT_PAGE),
  },

  Location: {
    __resolveReference: ({ id }: { id: string }, { loaders }: InventoryContext) => loaders.locations.load(id),
  },

  InventoryPosition: {
    __resolveReference: ({ id }: { id: string }, { loaders }: InventoryContext) => loaders.positions.load(id),
    variant: variantOf,
    location: (position: Position, _: unknown, { loaders }: InventoryContext) =>
      loaders.locations.load(position.locationId),
    shortage: ({ onHand, committed }: Position) => Math.max(0, committed - onHand),
    incomingLots: async ({ id }: Position, _: unknown, { loaders }: InventoryContext) =>
      (await loaders.supply.load(id)).map(({ units, expectedAt }) => ({ quantity: units, expectedAt })),
    confidence: (position: Heard<Position>, _: unknown, { liveMillis }: InventoryContext) =>
      confidenceOf(position, liveMillis),
  },

  Reservation: {
    __resolveReference: ({ id }: { id: string }, { loaders }: InventoryContext) => loaders.reservations.load(id),
  },

  ReservationLine: { variant: variantOf },
};
