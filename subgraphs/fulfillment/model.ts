import type {
  FulfillmentOrderStatus,
  FulfillmentRequestStatus,
  FulfillmentTransition,
  ShipmentStatus,
} from './states.ts';

export type DeliveryMethod = 'SHIPPING' | 'PICK_UP' | 'LOCAL_DELIVERY' | 'IN_STORE';

/** Work given to one node. */
export interface FulfillmentOrder {
  readonly id: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly customerId: string | null;
  readonly locationId: string;
  readonly status: FulfillmentOrderStatus;
  readonly requestStatus: FulfillmentRequestStatus;
  readonly deliveryMethod: DeliveryMethod;
  readonly serviceLevel: string | null;
  readonly shipBy: Date | null;
  readonly nodeReference: string | null;
  /** When scheduled work is to be opened. */
  readonly fulfilAt: Date | null;
  readonly revision: number;
  readonly traceId: string;
}

export interface FulfillmentOrderLine {
  readonly id: string;
  readonly fulfillmentOrderId: string;
  readonly orderLineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly shipped: number;
  /** Units the node gave back. */
  readonly short: number;
}

/** A component of the bundles of a line: the node picks and reports it, the line counts whole bundles. */
export interface WorkComponent {
  /** Under this reference the node reports units of it. */
  readonly lineRef: string;
  readonly orderLineId: string;
  readonly sku: string;
  /** Units in one bundle. */
  readonly perUnit: number;
  readonly shipped: number;
  readonly short: number;
}

export interface Shipment {
  readonly id: string;
  readonly fulfillmentOrderId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly customerId: string | null;
  readonly locationId: string;
  readonly status: ShipmentStatus;
  readonly revision: number;
  readonly shippedAt: Date;
  readonly deliveredAt: Date | null;
}

export interface Package {
  readonly id: string;
  readonly shipmentId: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly sscc: string | null;
  readonly status: ShipmentStatus;
}

export interface PackageLine {
  readonly packageId: string;
  readonly sku: string;
  readonly quantity: number;
}

export interface TrackingEvent {
  readonly packageId: string;
  readonly status: ShipmentStatus;
  readonly rawStatus: string;
  readonly occurredAt: Date;
  readonly location: string | null;
  readonly message: string | null;
}

/** Units that are still to leave. */
export function remainingUnits(line: Pick<FulfillmentOrderLine, 'quantity' | 'shipped' | 'short'>): number {
  return line.quantity - line.shipped - line.short;
}

/** Whether the node may be asked to give the work back. A node that said no is not asked again. */
export function mayBeTakenBack({ status, requestStatus }: Pick<FulfillmentOrder, 'status' | 'requestStatus'>): boolean {
  if (status === 'CANCELLED' || status === 'CLOSED' || status === 'INCOMPLETE') return false;
  return requestStatus === 'UNSUBMITTED' || requestStatus === 'SUBMITTED' || requestStatus === 'ACCEPTED';
}

/** What the request says once it is known that the node works on it: a cancellation that is asked for stays asked for. */
export function takenOn(requestStatus: FulfillmentRequestStatus): FulfillmentRequestStatus {
  return requestStatus === 'CANCELLATION_REQUESTED' || requestStatus === 'CANCELLATION_REJECTED'
    ? requestStatus
    : 'ACCEPTED';
}

/** What may be done with work as it stands: by the node's staff, and by those who gave it to the node. */
export function availableTransitions(
  work: Pick<FulfillmentOrder, 'status' | 'requestStatus' | 'deliveryMethod' | 'nodeReference'>,
): FulfillmentTransition[] {
  return [...ofStaff(work), ...ofOperators(work)];
}

function ofOperators(work: Pick<FulfillmentOrder, 'status' | 'requestStatus'>): FulfillmentTransition[] {
  if (!mayBeTakenBack(work)) return [];
  // What a node has cannot be added to; work that is asked back to be held can be merged when it is.
  const merge = work.requestStatus === 'UNSUBMITTED' ? (['MERGE'] as const) : [];
  switch (work.status) {
    case 'ON_HOLD':
      return ['RELEASE_HOLD', ...merge];
    case 'SCHEDULED':
      return ['MARK_AS_OPEN'];
    case 'OPEN':
      return ['HOLD', 'SCHEDULE', 'MOVE', 'SPLIT', ...merge];
    default:
      return [];
  }
}

function ofStaff(work: Parameters<typeof availableTransitions>[0]): FulfillmentTransition[] {
  // Until its node has told its own number, the work is on the way to it, and there is nothing to accept.
  if (work.status === 'OPEN' && work.requestStatus === 'SUBMITTED')
    return work.nodeReference === null ? [] : ['ACCEPT', 'REJECT'];
  if (work.requestStatus === 'UNSUBMITTED' || takenOn(work.requestStatus) !== work.requestStatus) return [];
  if (isCollected(work.deliveryMethod)) {
    if (work.status === 'IN_PROGRESS') return ['MARK_READY_FOR_PICKUP'];
    return work.status === 'READY_FOR_PICKUP' ? ['COMPLETE_PICKUP'] : [];
  }
  return work.status === 'IN_PROGRESS' || work.status === 'INCOMPLETE' ? ['SHIP'] : [];
}

/** Whether the buyer takes the goods at the node instead of a carrier. */
export function isCollected(method: DeliveryMethod): boolean {
  return method === 'PICK_UP' || method === 'IN_STORE';
}

/** The page on which a buyer follows a package; null for carriers whose pages we do not know. */
export function trackingUrl(carrier: string, trackingNumber: string): string | null {
  const page = TRACKING_PAGES[carrier.toUpperCase()];
  return page === undefined ? null : page + encodeURIComponent(trackingNumber);
}

const TRACKING_PAGES: Readonly<Record<string, string>> = {
  UPS: 'https://www.ups.com/track?tracknum=',
  DHL: 'https://www.dhl.com/en/express/tracking.html?AWB=',
  FEDEX: 'https://www.fedex.com/fedextrack/?trknbr=',
  ROYAL_MAIL: 'https://www.royalmail.com/track-your-item#/tracking-results/',
};
