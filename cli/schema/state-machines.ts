import type { StateMachines } from '../../registry/state-machines.ts';
import {
  FULFILLMENT_TRANSITIONS,
  REQUEST_TRANSITIONS,
  shipmentTransitions,
} from '../../subgraphs/fulfillment/states.ts';
import { ORDER_TRANSITIONS, RETURN_TRANSITIONS } from '../../subgraphs/order/states.ts';

/** The transition tables of the domains, by the enum that shows their states to clients. A test finds tables left out. */
export const declaredStates: StateMachines = {
  FulfillmentOrderStatus: FULFILLMENT_TRANSITIONS,
  FulfillmentRequestStatus: REQUEST_TRANSITIONS,
  OrderStatus: ORDER_TRANSITIONS,
  ReturnState: RETURN_TRANSITIONS,
  ShipmentStatus: shipmentTransitions(),
};
