import type { ChannelCode, Line, Sku } from './actions.ts';

/**
 * What the shop and the warehouse must be after each action, in plain arithmetic: no tables, no clocks, no transactions.
 * It leaves one choice to the system, at which node units are promised; it is told them (`where`) and holds them to what
 * was free there.
 */
export interface Model {
  readonly holds: ModelHold[];
  readonly orders: ModelOrder[];
  readonly calls: ModelCall[];
  readonly positions: Map<string, ModelPosition>;
  /** The warehouse's own bookings, oldest first. The feed was read up to `heard`. */
  readonly ledger: Booking[];
  heard: number;
  photograph: Map<string, { onHand: number; sequence: number }>;
  /** Whether the last thing a reader saw was a hole in the feed. */
  hole: boolean;
}

export interface ModelHold {
  readonly channel: ChannelCode;
  readonly lines: readonly Line[];
  readonly atShop: boolean;
  /** OVER: its time has passed and nobody has booked that yet. */
  state: 'HELD' | 'OVER' | 'EXPIRED' | 'RELEASED' | 'COMMITTED';
  /** The order that it became. */
  order: ModelOrder | null;
  /** Whether it was over when its order came, and the goods were found again. */
  foundAgain: boolean;
  /** Units per `sku@site`. */
  where: Map<string, number>;
}

export interface ModelOrder {
  readonly channel: ChannelCode;
  readonly channelOrder: number | null;
  readonly atShop: boolean;
  readonly lines: ModelLine[];
  /** Marketplaces pay by themselves: never here. */
  paid: boolean;
}

export interface ModelLine {
  readonly sku: Sku;
  readonly ordered: number;
  unsourced: number;
  backordered: number;
  cancelled: number;
  shipped: number;
  returned: number;
  /** Units that left and whose booking was heard of. */
  consumed: number;
  /** Promised and not yet consumed units per `sku@site`. */
  where: Map<string, number>;
}

export interface ModelPosition {
  onHand: number;
  sequence: number;
  readonly safety: number;
}

export interface Booking {
  readonly position: string;
  readonly onHand: number;
  readonly issue: { readonly line: ModelLine; readonly units: number } | null;
}

type ModelCall = { readonly field: string };
