import type { NodeFacts, NodePolicy, Preference, SourcingRequest, SourcingRule, SourcingRules, Zone } from './model.ts';
import { dispatchDay, distanceKm } from './places.ts';

/** Further than any two places on earth: where it is not known how far. */
const UNKNOWN_KM = 20_100;
const UNSAID: NodePolicy = { timeZone: 'UTC', closed: [], cost: { shipment: 0, unit: 0, to: {} } };

/** A node with what is said and known about it, for one request. */
export interface Candidate {
  readonly facts: NodeFacts;
  readonly policy: NodePolicy;
  /** `YYYY-MM-DD`. */
  readonly dispatchDay: string;
  readonly distanceKm: number;
  /** Of one parcel to the buyer, in minor units. */
  readonly shipmentCost: number;
  /** Work of the day as a share of its capacity; 0 where none is told. */
  readonly load: number;
  /** Place in the rule's list; behind it when it is not there. */
  readonly preferred: number;
}

/** Why a node is not asked. */
export type LeftOut =
  | 'refused'
  | 'does not deliver there'
  | 'not for this rule'
  | 'over its capacity'
  | 'has not got the goods'
  | 'has not got all of the goods';

/** What a node is to serve: units altogether. */
export interface Share {
  readonly node: Candidate;
  readonly units: number;
}

export function describeNode(
  facts: NodeFacts,
  { zones, nodes }: SourcingRules,
  rule: SourcingRule,
  request: SourcingRequest,
): Candidate {
  const policy = nodes[facts.code] ?? UNSAID;
  const zone = zoneOf(zones, request.destination);
  const place = zone?.[1].at;
  const listed = rule.nodes.indexOf(facts.code);
  return {
    facts,
    policy,
    dispatchDay: dispatchDay(request.at, policy),
    distanceKm: policy.at && place ? distanceKm(policy.at, place) : UNKNOWN_KM,
    shipmentCost: (zone ? policy.cost.to[zone[0]] : undefined) ?? policy.cost.shipment,
    load: policy.capacityPerDay === undefined ? 0 : facts.workToday / Math.max(policy.capacityPerDay, 1),
    preferred: listed < 0 ? rule.nodes.length : listed,
  };
}

/** The zone with the longest fitting beginning of the postal code. */
export function zoneOf(
  zones: Readonly<Record<string, Zone>>,
  destination: SourcingRequest['destination'],
): readonly [string, Zone] | null {
  if (!destination) return null;
  const postalCode = (destination.postalCode ?? '').replaceAll(' ', '').toUpperCase();
  let best: readonly [string, Zone] | null = null;
  let longest = -1;
  for (const [name, zone] of Object.entries(zones)) {
    if (zone.country !== destination.countryCode) continue;
    const beginnings = zone.postalCodes.length === 0 ? [''] : zone.postalCodes;
    for (const beginning of beginnings) {
      if (beginning.length <= longest || !postalCode.startsWith(beginning)) continue;
      best = [name, zone];
      longest = beginning.length;
    }
  }
  return best;
}

/** What is worse is larger. Numbers compare as numbers, days as texts; nothing is compared across kinds. */
type Grade = number | string;

const GRADES: Readonly<Record<Preference, (shares: readonly Share[]) => Grade>> = {
  'fewest-shipments': (shares) => shares.length,
  // The order is complete when its last parcel leaves.
  'earliest-dispatch': (shares) => shares.map(({ node }) => node.dispatchDay).sort().at(-1) ?? '', // biome-ignore format: one thought
  nearest: (shares) => sum(shares, ({ node }) => node.distanceKm),
  cheapest: (shares) => sum(shares, ({ node, units }) => node.shipmentCost + node.policy.cost.unit * units),
  'least-loaded': (shares) => Math.max(0, ...shares.map(({ node }) => node.load)),
  'preferred-nodes': (shares) => sum(shares, ({ node }) => node.preferred),
};

/** Negative when the first is better by the rule's preferences, then by priority and name, so that there is no tie. */
export function compareShares(prefer: readonly Preference[], one: readonly Share[], other: readonly Share[]): number {
  for (const preference of prefer) {
    const grade = GRADES[preference];
    const [a, b] = [grade(one), grade(other)];
    if (a !== b) return a < b ? -1 : 1;
  }
  return (
    one.length - other.length ||
    sum(one, ({ node }) => node.facts.priority) - sum(other, ({ node }) => node.facts.priority) ||
    compareText(names(one), names(other))
  );
}

const names = (shares: readonly Share[]) => shares.map(({ node }) => node.facts.code).sort().join(' '); // biome-ignore format: one thought
const compareText = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
