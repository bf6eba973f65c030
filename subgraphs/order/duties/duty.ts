import type { Knex } from 'knex';
import type { OrderStatus } from '../states.ts';
import type { DutyKind } from './clocks.ts';

/** Closes exceptions in the transaction of what made up for them. */
export type SettleExceptions = (trx: Knex.Transaction, keys: readonly string[], by?: string) => Promise<void>;

/** With which statuses of the order a duty is done: also those that come when an earlier one was passed over. */
export const DONE_BY: Readonly<Record<'ACKNOWLEDGE' | 'SHIP', readonly OrderStatus[]>> = {
  ACKNOWLEDGE: ['ACCEPTED', 'REJECTED', 'CANCELLED', 'SHIPPED', 'DELIVERED', 'CLOSED'],
  SHIP: ['REJECTED', 'CANCELLED', 'SHIPPED', 'DELIVERED', 'CLOSED'],
};

/** Names a duty on the exception desk. @param subject the request that is to be answered; empty for the order itself */
export function dutyKey(orderId: string, kind: DutyKind, subject = ''): string {
  return subject === '' ? `duty:${orderId}:${kind}` : `duty:${orderId}:${kind}:${subject}`;
}
