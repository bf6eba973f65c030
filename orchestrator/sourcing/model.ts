import type { DayOfWeek, Place } from './places.ts';

/** What a rule may ask of the nodes, in the order in which it asks. */
export const PREFERENCES = [
  /** As few parcels as possible. */
  'fewest-shipments',
  /** The node that hands its parcels over first, by cut-off time, closed days and time zone. */
  'earliest-dispatch',
  /** Smallest distance to the buyer. */
  'nearest',
  /** Lowest cost of parcels and units. */
  'cheapest',
  /** Smallest share of the day's capacity used up. */
  'least-loaded',
  /** The order in which the rule names its nodes. */
  'preferred-nodes',
] as const;

export type Preference = (typeof PREFERENCES)[number];

/** What a retailer says about a node. All of it may be left out. */
export interface NodePolicy {
  /** It is to be connected later: rules may name it, though no system of record knows it yet. */
  readonly planned?: boolean | undefined;
  /** Serves orders that name no location. Unset: as its kind of site does. */
  readonly ships?: boolean | undefined;
  /** Lower is taken first among equals. Unset: as its kind of site. */
  readonly priority?: number | undefined;
  readonly at?: Place | undefined;
  /** Time of day, `HH:MM`, after which work goes out on the next open day. */
  readonly cutOff?: string | undefined;
  /** IANA time zone of the cut-off; UTC unless told. */
  readonly timeZone: string;
  readonly closed: readonly DayOfWeek[];
  /** Pieces of work that it can take on one day. Beyond, it is asked only when nobody else has the goods. */
  readonly capacityPerDay?: number | undefined;
  /** Countries that it delivers to (ISO 3166-1 alpha-2). Unset: all. */
  readonly delivers?: readonly string[] | undefined;
  /** In minor units of one currency for all nodes. */
  readonly cost: { readonly shipment: number; readonly unit: number; readonly to: Readonly<Record<string, number>> };
}

/** A part of the world that parcels go to. */
export interface Zone {
  readonly country: string;
  /** Beginnings of postal codes, without spaces. Empty: the whole country. */
  readonly postalCodes: readonly string[];
  readonly at?: Place | undefined;
}

/** How orders of some kind are spread over nodes. The first rule that fits an order counts. */
export interface SourcingRule {
  readonly name: string;
  readonly channels?: readonly string[] | undefined;
  readonly serviceLevels?: readonly string[] | undefined;
  readonly countries?: readonly string[] | undefined;
  readonly prefer: readonly Preference[];
  /** Codes in order of preference, for `preferred-nodes`. */
  readonly nodes: readonly string[];
  /** Codes that are never asked, or the only ones that are. */
  readonly without: readonly string[];
  readonly only?: readonly string[] | undefined;
  /** Most nodes that one order may be split over. Unset: any number. */
  readonly shipments?: number | undefined;
  /** What happens when that does not suffice: more nodes after all, or the order waits until one has all of it. */
  readonly otherwise: 'split' | 'wait';
  readonly fill: FillPolicy;
  /** Units of a SKU that stay at every node. */
  readonly keep: number;
}

export interface SourcingRules {
  readonly zones: Readonly<Record<string, Zone>>;
  readonly nodes: Readonly<Record<string, NodePolicy>>;
  /** Codes of channels that are to come, so that rules may name them. */
  readonly plannedChannels?: readonly string[];
  readonly rules: readonly SourcingRule[];
}

/**
 * What becomes of units that no node has, after the order was accepted:
 * FillAll ships what is there, the rest waits for stock; FillAllAvailable ships what is there and cancels the rest;
 * FillOrKill cancels the order as far as its nodes still give it back.
 */
export const FILL_POLICIES = ['FillAll', 'FillAllAvailable', 'FillOrKill'] as const;

export type FillPolicy = (typeof FILL_POLICIES)[number];

/** A node as it is now. */
export interface NodeFacts {
  readonly locationId: string;
  readonly code: string;
  /** Lower is taken first among equals. */
  readonly priority: number;
  /** Pieces of work given to it on its present day. */
  readonly workToday: number;
  /** It gave units of this order back before. */
  readonly refused: boolean;
}

/** Units of an order line that need a node. */
export interface WantedLine {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
}

/** Stock that an order may be served from. */
export interface Sources {
  readonly nodes: readonly NodeFacts[];
  /** Committed to the order's lines already. */
  readonly own: readonly SourcedLine[];
  /** What the order could take besides. */
  readonly free: readonly { readonly sku: string; readonly locationId: string; readonly quantity: number }[];
  /** Units of a SKU that may be taken of all nodes together. Not told: all that they have. */
  readonly most?: readonly { readonly sku: string; readonly quantity: number }[];
}

/** What is to be sourced. */
export interface SourcingRequest {
  readonly channelCode: string;
  readonly serviceLevel: string | null;
  readonly destination: { readonly countryCode: string; readonly postalCode: string | null } | null;
  readonly lines: readonly WantedLine[];
  readonly at: Date;
}

export interface SourcedLine {
  readonly lineId: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
}

/** Which node serves what, and why. The same request over the same sources gives the same decision. */
export interface SourcingDecision {
  /** Name of the rule that decided. */
  readonly rule: string;
  readonly sourced: readonly SourcedLine[];
  /** Units that no node is to serve now: they wait. */
  readonly waiting: readonly WantedLine[];
  /** For people: which node serves how much, by which rule, and who was left out for what. */
  readonly explanation: string;
}
