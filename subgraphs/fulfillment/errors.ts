/** Expected refusals of this domain: data in the answer, never thrown. */
export type FulfillmentErrorCode =
  | 'NOT_FOUND'
  | 'ILLEGAL_TRANSITION'
  | 'QUANTITY_EXCEEDS_REMAINING'
  | 'IDEMPOTENCY_CONFLICT'
  | 'UNKNOWN_TRACKING_NUMBER'
  | 'INVALID_INPUT'
  | 'DIFFERENT_ORDER'
  | 'DIFFERENT_LOCATION'
  | 'DIFFERENT_DELIVERY';

export interface FulfillmentRefusal {
  readonly code: FulfillmentErrorCode;
  readonly message: string;
  readonly field?: readonly string[];
}
