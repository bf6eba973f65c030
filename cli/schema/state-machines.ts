import type { StateMachines, StateTables } from '../../registry/state-machines.ts';
import {
  FULFILLMENT_TRANSITIONS,
  REQUEST_TRANSITIONS,
  shipmentTransitions,
} from '../../subgraphs/fulfillment/states.ts';
import { EXCEPTION_TRANSITIONS } from '../../subgraphs/operations/states.ts';
import { ORDER_TRANSITIONS, RETURN_TRANSITIONS } from '../../subgraphs/order/states.ts';
import { PAYOUT_TRANSITIONS } from '../../subgraphs/settlement/payouts/states.ts';

const FULFILLMENT = 'subgraphs/fulfillment/states.ts';
const OPERATIONS = 'subgraphs/operations/states.ts';
const ORDER = 'subgraphs/order/states.ts';
const PAYOUT = 'subgraphs/settlement/payouts/states.ts';

/** The transition tables of the domains, by the enum that shows their states to clients. A test finds tables left out. */
export const declaredStates: StateMachines = {
  FulfillmentOrderStatus: FULFILLMENT_TRANSITIONS,
  FulfillmentRequestStatus: REQUEST_TRANSITIONS,
  IntegrationExceptionState: EXCEPTION_TRANSITIONS,
  OrderStatus: ORDER_TRANSITIONS,
  PayoutState: PAYOUT_TRANSITIONS,
  ReturnState: RETURN_TRANSITIONS,
  ShipmentStatus: shipmentTransitions(),
};

/** Where each of them is written. */
export const stateTables: StateTables = {
  FulfillmentOrderStatus: { file: FULFILLMENT, name: 'FULFILLMENT_TRANSITIONS' },
  FulfillmentRequestStatus: { file: FULFILLMENT, name: 'REQUEST_TRANSITIONS' },
  IntegrationExceptionState: { file: OPERATIONS, name: 'EXCEPTION_TRANSITIONS' },
  OrderStatus: { file: ORDER, name: 'ORDER_TRANSITIONS' },
  PayoutState: { file: PAYOUT, name: 'PAYOUT_TRANSITIONS' },
  ReturnState: { file: ORDER, name: 'RETURN_TRANSITIONS' },
  ShipmentStatus: { file: FULFILLMENT, name: 'SHIPMENT_RANKS' },
};
