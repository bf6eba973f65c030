import type { StoredEvent } from '../events/port.ts';

/** What the order's timeline says of a shipment that got a status, for people. */
export const PARCEL_NEWS: Readonly<Record<StoredEvent<'shipment-status-changed.v1'>['data']['status'], string>> = {
  LABEL_CREATED: 'A shipment has its label and was not scanned by its carrier yet',
  CARRIER_ACCEPTED: 'The carrier has a shipment',
  IN_TRANSIT: 'A shipment is in transit',
  OUT_FOR_DELIVERY: 'A shipment is out for delivery',
  DELIVERY_ATTEMPTED: 'The carrier tried to deliver a shipment and could not',
  AVAILABLE_FOR_PICKUP: 'A shipment waits at its carrier for the buyer',
  DELIVERED: 'A shipment is delivered',
  EXCEPTION: 'The carrier met with a problem on the way of a shipment',
  RETURN_TO_SENDER: 'A shipment goes back to its sender',
  LOST: 'A shipment is lost',
  CANCELLED: 'A shipment is cancelled',
  UNKNOWN: 'The carrier said nothing that is understood of a shipment',
};

/** What it says of one parcel that ended, or goes back, before its shipment does. */
export function parcelInWords(
  { status }: Pick<StoredEvent<'shipment-parcel-ended.v1'>['data'], 'status'>,
  parcels: number,
): string {
  return `One of ${parcels} parcels: ${PARCEL_NEWS[status].replace('A shipment', 'it')}`;
}
