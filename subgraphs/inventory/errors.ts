/** A refusal of `reservationHold`, as it is stored with the idempotency key. */
export interface HoldRefusal {
  readonly code: 'OUT_OF_STOCK' | 'UNKNOWN_SKU' | 'INVALID_QUANTITY' | 'IDEMPOTENCY_CONFLICT';
  readonly message: string;
  readonly field: readonly string[] | null;
  readonly sku: string | null;
  /** Units that could be kept now; only with OUT_OF_STOCK. */
  readonly availableQuantity: number | null;
}

/** A refusal of a mutation that names no SKU. */
export interface Refusal<Code extends string> {
  readonly code: Code;
  readonly message: string;
  readonly field: readonly string[] | null;
}

export type ExtendRefusal = Refusal<'NOT_FOUND' | 'NOT_HELD' | 'LIMIT_REACHED' | 'IDEMPOTENCY_CONFLICT'>;
export type ReleaseRefusal = Refusal<'NOT_FOUND' | 'ALREADY_COMMITTED' | 'IDEMPOTENCY_CONFLICT'>;
export type AdjustRefusal = Refusal<
  'UNKNOWN_SKU' | 'UNKNOWN_LOCATION' | 'NEGATIVE_STOCK' | 'STALE_SEQUENCE' | 'INVALID_INPUT' | 'IDEMPOTENCY_CONFLICT'
>;
