import type { Parcel, ParcelContent } from './parcels.ts';

/**
 * Life of an outbound delivery:
 * RECEIVED → ACCEPTED → PICKING → PACKED → GOODS_ISSUED, or for collect STAGED → COLLECTED.
 * CANCELLED by the customer of the warehouse before picking, later where staff agree; REFUSED by the site, or when nothing of it was there.
 */
export type DeliveryStatus =
  | 'RECEIVED'
  | 'ACCEPTED'
  | 'PICKING'
  | 'PACKED'
  | 'GOODS_ISSUED'
  | 'STAGED'
  | 'COLLECTED'
  | 'CANCELLED'
  | 'REFUSED';

/**
 * Every status has its event; PART_ISSUED tells of a goods issue after which more will come, CANCELLATION_DENIED that staff
 * do not give back what they have begun.
 */
export type DeliveryEventName = DeliveryStatus | 'PART_ISSUED' | 'CANCELLATION_DENIED';

/** A delivery as the floor and the staff work on it, locked. */
export interface LockedDelivery {
  readonly deliveryNo: string;
  readonly externalRef: string;
  readonly site: string;
  readonly service: string;
  readonly collect: boolean;
  readonly status: DeliveryStatus;
  /** Staff are asked to give back what they have begun, or said no. */
  readonly cancellation: 'ASKED' | 'DENIED' | null;
}

export interface NewDeliveryEvent {
  readonly deliveryNo: string;
  readonly externalRef: string;
  readonly site: string;
  readonly event: DeliveryEventName;
  readonly reasonCode: string | null;
  /** Parcels that left with this event. */
  readonly parcels: readonly Parcel[];
  /** What this event took out of stock; for COLLECTED, what was handed over. */
  readonly issued: readonly ParcelContent[];
  /** What the site did not have and will not deliver. */
  readonly shorts: readonly ParcelContent[];
}

/** An event that moves no goods. */
export function plainEvent(
  delivery: LockedDelivery,
  event: DeliveryEventName,
  reasonCode: string | null = null,
): NewDeliveryEvent {
  const { deliveryNo, externalRef, site } = delivery;
  return { deliveryNo, externalRef, site, event, reasonCode, parcels: [], issued: [], shorts: [] };
}
