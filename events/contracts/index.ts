import type { z } from 'zod';
import { backorderAllocatedV1 } from './backorder-allocated.v1.ts';
import type { EventContract } from './contract.ts';
import { creditMemoPostedV1 } from './credit-memo-posted.v1.ts';
import { fulfillmentOrderChangedV1 } from './fulfillment-order-changed.v1.ts';
import { fulfillmentOrderCommandedV1 } from './fulfillment-order-commanded.v1.ts';
import { integrationExceptionMovedV1 } from './integration-exception-moved.v1.ts';
import { integrationExceptionRaisedV1 } from './integration-exception-raised.v1.ts';
import { inventoryChangedV1 } from './inventory-changed.v1.ts';
import { invoicePostedV1 } from './invoice-posted.v1.ts';
import { orderCancellationAnsweredV1 } from './order-cancellation-answered.v1.ts';
import { orderCancellationRequestedV1 } from './order-cancellation-requested.v1.ts';
import { orderCancelledV1 } from './order-cancelled.v1.ts';
import { orderHoldReleasedV1 } from './order-hold-released.v1.ts';
import { orderPlacedV1 } from './order-placed.v1.ts';
import { orderStatusChangedV1 } from './order-status-changed.v1.ts';
import { productChangedV1 } from './product-changed.v1.ts';
import { returnLabelRequestedV1 } from './return-label-requested.v1.ts';
import { returnParcelMovedV1 } from './return-parcel-moved.v1.ts';
import { returnReceivedV1 } from './return-received.v1.ts';
import { returnRefundRequestedV1 } from './return-refund-requested.v1.ts';
import { shipmentDispatchedV1 } from './shipment-dispatched.v1.ts';
import { shipmentParcelEndedV1 } from './shipment-parcel-ended.v1.ts';
import { shipmentStatusChangedV1 } from './shipment-status-changed.v1.ts';

/** Every event of the system by its type. The file of a contract is named after it. */
export const eventContracts = {
  'product-changed.v1': productChangedV1,
  'inventory-changed.v1': inventoryChangedV1,
  'backorder-allocated.v1': backorderAllocatedV1,
  'order-placed.v1': orderPlacedV1,
  'order-status-changed.v1': orderStatusChangedV1,
  'order-cancelled.v1': orderCancelledV1,
  'order-cancellation-requested.v1': orderCancellationRequestedV1,
  'order-cancellation-answered.v1': orderCancellationAnsweredV1,
  'order-hold-released.v1': orderHoldReleasedV1,
  'fulfillment-order-changed.v1': fulfillmentOrderChangedV1,
  'fulfillment-order-commanded.v1': fulfillmentOrderCommandedV1,
  'shipment-dispatched.v1': shipmentDispatchedV1,
  'shipment-status-changed.v1': shipmentStatusChangedV1,
  'shipment-parcel-ended.v1': shipmentParcelEndedV1,
  'return-label-requested.v1': returnLabelRequestedV1,
  'return-parcel-moved.v1': returnParcelMovedV1,
  'return-received.v1': returnReceivedV1,
  'return-refund-requested.v1': returnRefundRequestedV1,
  'invoice-posted.v1': invoicePostedV1,
  'credit-memo-posted.v1': creditMemoPostedV1,
  'integration-exception-raised.v1': integrationExceptionRaisedV1,
  'integration-exception-moved.v1': integrationExceptionMovedV1,
} as const satisfies Record<string, EventContract>;

export type EventType = keyof typeof eventContracts;

/** The `data` of an event type, as its contract has it. */
export type EventData<Type extends EventType> = z.infer<(typeof eventContracts)[Type]['schema']>;
