import type { Disposition, RefundStatus } from '../model.ts';
import { mayMove, type OrderStatus, RETURN_TRANSITIONS, type ReturnState } from '../states.ts';

export type DeclineReason = 'FINAL_SALE' | 'RETURN_PERIOD_ENDED' | 'OTHER';

/** When the money of returned units is given back. */
export type RefundMoment = 'AUTHORIZATION' | 'FIRST_SCAN' | 'RECEIPT';

/** What a client can do with a return. */
export type ReturnTransition =
  | 'AUTHORIZE'
  | 'DECLINE'
  | 'CANCEL'
  | 'REOPEN'
  | 'ISSUE_LABEL'
  | 'RECEIVE'
  | 'INSPECT'
  | 'RESOLVE'
  | 'REJECT'
  | 'REFUND'
  | 'EXCHANGE';

/** Permission to send goods back, and what became of them. */
export interface OrderReturn {
  readonly id: string;
  readonly number: string;
  readonly orderId: string;
  readonly state: ReturnState;
  readonly refundStatus: RefundStatus;
  readonly expiresAt: Date;
  readonly declineReason: DeclineReason | null;
  readonly declineNote: string | null;
  /** Nothing more is expected, although not everything came. */
  readonly closing: boolean;
  /** A carrier was asked for a label since the return was permitted. */
  readonly labelAsked: boolean;
  /** Null until the carrier issued it. */
  readonly label: { readonly carrier: string; readonly trackingNumber: string; readonly issuedAt: Date } | null;
  readonly exchangeOrderId: string | null;
}

/** Units of one order line that come back. `received ≤ quantity`, `refunded ≤ credited ≤ quantity`. */
export interface ReturnLine {
  readonly id: string;
  readonly returnId: string;
  readonly orderLineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly received: number;
  /** Units whose money is owed to the buyer, or was paid. */
  readonly credited: number;
  /** Units whose credit memo is posted and paid out. */
  readonly refunded: number;
  readonly refundOn: RefundMoment;
  readonly reason: string;
  /** Of the units that were looked at last. */
  readonly disposition: Disposition | null;
}

/** Units of a return line in one condition at one location. `placed ≤ accepted ≤ inspected`. */
export interface ReturnCondition {
  readonly returnLineId: string;
  readonly locationId: string;
  readonly disposition: Disposition;
  readonly inspected: number;
  /** Units that are not sent back to the buyer. */
  readonly accepted: number;
  /** Units that the warehouse put on the shelf, or aside when they are not sellable. */
  readonly placed: number;
}

/** Units of a whole return. */
export interface ReturnUnits {
  readonly quantity: number;
  readonly received: number;
  readonly inspected: number;
  readonly accepted: number;
  readonly placed: number;
  readonly credited: number;
  readonly refunded: number;
}

type Counted = Pick<ReturnLine, 'quantity' | 'received' | 'credited' | 'refunded'>;

export function unitsOf(
  lines: readonly Counted[],
  conditions: readonly Pick<ReturnCondition, 'inspected' | 'accepted' | 'placed'>[],
): ReturnUnits {
  const sum = <Row>(rows: readonly Row[], units: (row: Row) => number) =>
    rows.reduce((total, row) => total + units(row), 0);
  return {
    quantity: sum(lines, (line) => line.quantity),
    received: sum(lines, (line) => line.received),
    credited: sum(lines, (line) => line.credited),
    refunded: sum(lines, (line) => line.refunded),
    inspected: sum(conditions, (row) => row.inspected),
    accepted: sum(conditions, (row) => row.accepted),
    placed: sum(conditions, (row) => row.placed),
  };
}

/** Until goods or money of the return can no longer move. */
const REFUNDABLE: readonly ReturnState[] = [
  'AUTHORIZED',
  'LABEL_ISSUED',
  'IN_TRANSIT',
  'PARTIALLY_RECEIVED',
  'RECEIVED',
  'INSPECTED',
  'LOST',
];

/** What may be done with a return as it stands: what its table allows, and its units leave room for. */
export function availableReturnTransitions(
  {
    state,
    closing,
    labelAsked,
    label,
    exchangeOrderId,
  }: Pick<OrderReturn, 'state' | 'closing' | 'labelAsked' | 'label' | 'exchangeOrderId'>,
  units: ReturnUnits,
): ReturnTransition[] {
  const may = (to: ReturnState) => mayMove(RETURN_TRANSITIONS, state, to);
  const allowed: ReturnTransition[] = [];
  if (may('AUTHORIZED')) allowed.push(state === 'REQUESTED' ? 'AUTHORIZE' : 'REOPEN');
  if (may('DECLINED')) allowed.push('DECLINE');
  // Once money was given back the goods have to come.
  if (may('CANCELLED') && units.credited === 0) allowed.push('CANCEL');
  if (may('LABEL_ISSUED') && !labelAsked) allowed.push('ISSUE_LABEL');
  // Lost without a label of its own: on the way to the buyer, of which the order keeps count.
  if (may('RECEIVED') && !closing && (state !== 'LOST' || label !== null)) allowed.push('RECEIVE');
  if ((state === 'PARTIALLY_RECEIVED' || state === 'RECEIVED') && units.received > units.inspected)
    allowed.push('INSPECT');
  if (mayResolve(state, closing, units)) allowed.push('RESOLVE');
  if (may('REJECTED') && units.accepted === 0) allowed.push('REJECT');
  const refundable = REFUNDABLE.includes(state) && !closing && units.credited < units.quantity;
  if (refundable) allowed.push('REFUND');
  if (refundable && state !== 'LOST' && exchangeOrderId === null) allowed.push('EXCHANGE');
  return allowed;
}

/** All of it was looked at; or the rest is not waited for any more. */
function mayResolve(state: ReturnState, closing: boolean, units: ReturnUnits): boolean {
  if (state === 'INSPECTED') return true;
  return state === 'PARTIALLY_RECEIVED' && !closing && units.received === units.inspected;
}

/** Whether goods and money of a return are where they belong, so that nothing is left to do. */
export function isSettled(units: ReturnUnits): boolean {
  return units.accepted === units.placed && units.credited === units.refunded;
}

/** Where the money stands. @param over nothing more will be credited */
export function refundStatusOf(units: ReturnUnits, over: boolean): RefundStatus {
  if (units.credited === 0) return 'NONE';
  if (units.refunded === 0) return 'PENDING';
  return units.refunded < (over ? units.credited : units.quantity) ? 'PARTIAL' : 'SETTLED';
}

export type ExchangeStatus = 'NONE' | 'ORDERED' | 'DELIVERED' | 'CANCELLED';

/** Where the exchange of a return stands: as its order does. */
export function exchangeStatusOf(order: { readonly status: OrderStatus } | null): ExchangeStatus {
  if (order === null) return 'NONE';
  // Nothing of a closed order arrived: it is paid back.
  if (order.status === 'CANCELLED' || order.status === 'REJECTED' || order.status === 'CLOSED') return 'CANCELLED';
  return order.status === 'DELIVERED' ? 'DELIVERED' : 'ORDERED';
}
