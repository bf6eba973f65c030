import type { ShipmentStatus } from './states.ts';

/**
 * Carriers' words for what happened to a package, in ours. EasyPost's vocabulary, which the reference carrier speaks;
 * ours are accepted as they are. A refined word is written `status/detail` and wins over the plain one.
 */
const WORDS = new Map<string, ShipmentStatus>(
  Object.entries({
    unknown: 'UNKNOWN',
    pre_transit: 'LABEL_CREATED',
    'in_transit/accepted': 'CARRIER_ACCEPTED',
    'in_transit/arrived_at_facility': 'IN_TRANSIT',
    in_transit: 'IN_TRANSIT',
    out_for_delivery: 'OUT_FOR_DELIVERY',
    'failure/delivery_attempted': 'DELIVERY_ATTEMPTED',
    available_for_pickup: 'AVAILABLE_FOR_PICKUP',
    delivered: 'DELIVERED',
    return_to_sender: 'RETURN_TO_SENDER',
    failure: 'EXCEPTION',
    error: 'EXCEPTION',
    cancelled: 'CANCELLED',
    label_created: 'LABEL_CREATED',
    carrier_accepted: 'CARRIER_ACCEPTED',
    delivery_attempted: 'DELIVERY_ATTEMPTED',
    exception: 'EXCEPTION',
    lost: 'LOST',
  } as const satisfies Record<string, ShipmentStatus>),
);

/** What a carrier's word means; UNKNOWN, never a guess, when it is not in the table. */
export function meaningOf(status: string, detail: string | null = null): ShipmentStatus {
  const plain = status.trim().toLowerCase();
  const refined = detail === null ? undefined : WORDS.get(`${plain}/${detail.trim().toLowerCase()}`);
  return refined ?? WORDS.get(plain) ?? 'UNKNOWN';
}
