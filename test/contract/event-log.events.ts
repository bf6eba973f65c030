import type { NewEvent } from '../../events/outbox.ts';
import type { StoredEvent } from '../../events/port.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

/** The type of {@link orderEvent}. */
export const ORDERS = ['order-status-changed.v1'] as const;

/** Subject and version: names an event in what a test expects. */
export const nameOf = (event: StoredEvent) => `${event.subject}#${event.version}`;

/** The event number `version` of an order. */
export function orderEvent(orderId: string, version: number, more: Partial<NewEvent> = {}): NewEvent {
  return {
    type: 'order-status-changed.v1',
    subject: orderId,
    version,
    channelCode: 'WEB',
    traceId: TRACE,
    data: { orderId, customerId: null, previousStatus: 'VALIDATED', status: 'ACCEPTED' },
    ...more,
  };
}

/** An event of another aggregate that concerns an order. */
export function shipmentEvent(shipmentId: string, orderId: string, version: number): NewEvent {
  return {
    type: 'shipment-status-changed.v1',
    subject: shipmentId,
    version,
    channelCode: null,
    traceId: TRACE,
    data: { shipmentId, orderId, previousStatus: null, status: 'IN_TRANSIT' },
  };
}

/** An event that concerns no order and no channel. */
export function stockEvent(sku: string, version: number): NewEvent {
  return {
    type: 'inventory-changed.v1',
    subject: sku,
    version,
    channelCode: null,
    traceId: TRACE,
    data: { sku, locationId: null, available: 5, onHand: 7, asOf: '2026-11-23T09:00:00.000Z' },
  };
}
