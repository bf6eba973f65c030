import type { SourcedLine } from '../sourcing/model.ts';
import type { Component, LineUnits } from './work.ts';

/** Where the units of an order may come from. */
export interface OrderSources {
  readonly nodes: readonly { readonly locationId: string; readonly code: string; readonly priority: number }[];
  /** Committed to the order's lines and not gone yet. */
  readonly own: readonly SourcedLine[];
  /** What the order's channel could take at each node, and when the balance there last grew by the warehouse's clock; null: never. */
  readonly free: readonly (Omit<SourcedLine, 'lineId'> & { readonly raisedAt: Date | null })[];
  /** Units that wait for stock; `locationId` when only that one may serve them. */
  readonly waiting: readonly (LineUnits & { readonly sku: string; readonly locationId: string | null })[];
  /** Of what it waits for: how much of what is free its channel may have, of all nodes together or of that one. */
  readonly most: readonly { readonly sku: string; readonly locationId: string | null; readonly quantity: number }[];
}

/** An order in the queue of those who wait for a SKU. */
export interface WaitingOrder {
  readonly orderId: string;
  /** Since when it waits. */
  readonly since: string;
}

export interface StockMove extends LineUnits {
  readonly sku: string;
  /** Null: the units wait, or are to wait. */
  readonly from: string | null;
  readonly to: string | null;
}

/** The inventory domain's committed stock. */
export interface Stock {
  /**
   * Moves the committed stock of an order's units away from a node that gave them back, to nodes that have them.
   * Units that no node has are no longer committed anywhere. One decision per `key`: a repetition gives the same rows.
   * @returns where each unit went; `locationId` null for units without stock
   */
  reassign(request: {
    readonly key: string;
    readonly orderId: string;
    readonly lines: readonly (LineUnits & {
      /** Of bundles: units of components that left the node all the same. Their stock is not given back. */
      readonly loose?: readonly { readonly sku: string; readonly quantity: number }[];
    })[];
    readonly refusedLocationId: string;
  }): Promise<readonly { readonly lineId: string; readonly locationId: string | null; readonly quantity: number }[]>;

  /**
   * What those of the order lines that are bundles consist of at a node, as it was when their stock was committed there;
   * with null, what their goods that left consisted of.
   */
  componentsOf(
    lineIds: readonly string[],
    locationId: string | null,
  ): Promise<ReadonlyMap<string, readonly Component[]>>;

  /** Where the order's units are and could be, in units as they are sold. */
  sourcesOf(orderId: string, skus: readonly string[]): Promise<OrderSources>;

  /** What people call a location; its id when it is not known. */
  codeOf(locationId: string): Promise<string>;
  /**
   * The order with the oldest promise, or the one `after` another, that waits for this SKU and whose channel may have some of
   * what is there. Null: nobody does.
   */
  nextWaiting(sku: string, after: WaitingOrder | null): Promise<WaitingOrder | null>;

  /**
   * Moves units between nodes and the queue of those who wait (`null`): all or none. One decision per `key`, also a
   * refusal. With `announce`, units that waited and have a node now are told of by `backorder-allocated`.
   * @returns whether they moved, now or before
   */
  move(request: {
    readonly key: string;
    readonly orderId: string;
    readonly moves: readonly StockMove[];
    readonly announce?: { readonly explanation: string; readonly channelCode: string; readonly traceId: string };
  }): Promise<boolean>;

  /** Gives committed stock of order lines at a location back. More than is committed is not given. */
  release(orderId: string, lines: readonly LineUnits[], locationId: string): Promise<unknown>;

  /** Tells whose committed stock leaves when the node reports a line of this work. Repeating it changes nothing. */
  assignWork(
    fulfillmentOrderId: string,
    lines: readonly { readonly lineRef: string; readonly orderLineId: string }[],
  ): Promise<void>;

  /** Has returned units that are not sellable put aside: counted, never on hand. One effect per `key`. */
  putAside(
    receipt: {
      readonly key: string;
      readonly locationId: string;
      readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly condition: string }[];
    },
    signal: AbortSignal,
  ): Promise<void>;

  /** Books returned, sellable units back on the shelf. One effect per `key`. */
  returnToStock(
    receipt: {
      readonly key: string;
      readonly locationId: string;
      readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
    },
    signal: AbortSignal,
  ): Promise<void>;
}
