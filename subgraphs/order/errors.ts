import type { ReturnTransition } from './returns/model.ts';

/** Expected refusals of this domain: data in the answer, never thrown. */
export interface OrderRefusal<Code extends string> {
  readonly code: Code;
  /** What is wrong and what to do about it. No personal data. */
  readonly message: string;
  /** Path of the input field. */
  readonly field?: readonly string[];
}

export type OrderPlaceErrorCode =
  | 'OUT_OF_STOCK'
  | 'SALES_SUSPENDED'
  | 'UNKNOWN_SKU'
  | 'INVALID_QUANTITY'
  | 'INVALID_ADDRESS'
  | 'PRICE_CHANGED'
  | 'CURRENCY_NOT_SUPPORTED'
  | 'PAYMENT_INSUFFICIENT'
  | 'RESERVATION_EXPIRED'
  | 'RESERVATION_MISMATCH'
  | 'DUPLICATE_CHANNEL_ORDER'
  | 'IDEMPOTENCY_CONFLICT'
  | 'IDEMPOTENCY_IN_FLIGHT';

export interface OrderPlaceRefusal extends OrderRefusal<OrderPlaceErrorCode> {
  readonly sku?: string;
  /** Units that could be had now; with OUT_OF_STOCK only. */
  readonly availableQuantity?: number;
}

export type OrderCancelErrorCode = 'NOT_FOUND' | 'ALREADY_SHIPPED' | 'ILLEGAL_TRANSITION' | 'IDEMPOTENCY_CONFLICT';
export type OrderHoldErrorCode = 'NOT_FOUND' | 'ILLEGAL_TRANSITION' | 'IDEMPOTENCY_CONFLICT';
export type OrderReleaseHoldErrorCode = 'NOT_FOUND' | 'NOT_ON_HOLD' | 'IDEMPOTENCY_CONFLICT';

export type OrderRecordPaymentErrorCode =
  | 'NOT_FOUND'
  | 'ORDER_CANCELLED'
  | 'ALREADY_PAID'
  | 'ALREADY_SHIPPED'
  | 'INVALID_PAYMENT'
  | 'PAYMENT_INSUFFICIENT'
  | 'IDEMPOTENCY_CONFLICT';

/** Refusals of commands on one return: what would be allowed is said with them. */
export interface ReturnRefusal<Code extends string> extends OrderRefusal<Code> {
  readonly availableTransitions?: readonly ReturnTransition[];
  /** Of an exchange's new order, as `OrderPlaceRefusal` has them. */
  readonly sku?: string;
  readonly availableQuantity?: number;
}

export type ReturnRequestErrorCode =
  | 'INVALID_QUANTITY'
  | 'NOT_FOUND'
  | 'NOT_RETURNABLE'
  | 'QUANTITY_EXCEEDS_DELIVERED'
  | 'RETURN_PERIOD_ENDED'
  | 'IDEMPOTENCY_CONFLICT';
export type ReturnAuthorizeErrorCode = 'NOT_FOUND' | 'ILLEGAL_TRANSITION' | 'IDEMPOTENCY_CONFLICT';
export type ReturnDeclineErrorCode = ReturnAuthorizeErrorCode;
export type ReturnCancelErrorCode = ReturnAuthorizeErrorCode;
export type ReturnIssueLabelErrorCode = ReturnAuthorizeErrorCode;
export type ReturnReopenErrorCode = ReturnAuthorizeErrorCode | 'QUANTITY_EXCEEDS_DELIVERED';
export type ReturnReceiveErrorCode =
  | 'INVALID_QUANTITY'
  | 'NOT_FOUND'
  | 'ILLEGAL_TRANSITION'
  | 'QUANTITY_EXCEEDS_AUTHORIZED'
  | 'IDEMPOTENCY_CONFLICT';
/** Also why the new order cannot be placed. */
export type ReturnExchangeErrorCode =
  | ReturnAuthorizeErrorCode
  | Exclude<
      OrderPlaceErrorCode,
      'RESERVATION_EXPIRED' | 'RESERVATION_MISMATCH' | 'DUPLICATE_CHANNEL_ORDER' | 'IDEMPOTENCY_IN_FLIGHT'
    >;
export type ReturnInspectErrorCode = ReturnAuthorizeErrorCode | 'INVALID_QUANTITY' | 'QUANTITY_EXCEEDS_RECEIVED';
export type ReturnResolveErrorCode = ReturnAuthorizeErrorCode;
export type ReturnRejectErrorCode = ReturnAuthorizeErrorCode;
export type ReturnRefundErrorCode = ReturnAuthorizeErrorCode | 'INVALID_QUANTITY' | 'QUANTITY_EXCEEDS_AUTHORIZED';
