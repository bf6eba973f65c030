import type { WatchedField } from '../watched-field.ts';
import { integrationExceptionRaised } from './integration-exception-raised.ts';
import { inventoryChanged } from './inventory-changed.ts';
import { orderStatusChanged } from './order-status-changed.ts';
import { ordersChanged } from './orders-changed.ts';
import { shipmentStatusChanged } from './shipment-status-changed.ts';

/** Every field of the Subscription type in schema/events.graphql; a test compares the two. */
export const watchedFields: ReadonlyMap<string, WatchedField> = new Map(
  [orderStatusChanged, shipmentStatusChanged, inventoryChanged, ordersChanged, integrationExceptionRaised].map(
    (field) => [field.name, field],
  ),
);
