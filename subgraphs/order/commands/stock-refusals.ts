import { tellLines } from '../../../platform/supply/tell-lines.ts';
import type { OrderPlaceRefusal } from '../errors.ts';

/**
 * Why lines cannot be had, one refusal for each of them: see `tellLines`.
 * @param most units of the SKUs of which there are too few
 * @param mayWait whether the order allows backorder already
 */
export function shortages(
  lines: readonly { readonly sku: string }[],
  most: ReadonlyMap<string, number>,
  mayWait: boolean,
): OrderPlaceRefusal[] {
  return tellLines(lines, most, (sku, index, rest) => {
    const available = most.get(sku) ?? 0;
    const had = mayWait ? `${available} can be had, with what may be waited for` : `${available} can be had now`;
    return {
      code: 'OUT_OF_STOCK',
      sku,
      field: ['input', 'lines', String(index), 'quantity'],
      availableQuantity: available,
      message: `Only ${had}${rest}. Lower the quantity${mayWait ? '' : ', or allow backorder where units can be waited for (availability.backorderableQuantity)'}.`,
    };
  });
}

export function unknownSkus(
  lines: readonly { readonly sku: string }[],
  skus: ReadonlySet<string>,
): OrderPlaceRefusal[] {
  return tellLines(lines, skus, (sku, index, rest) => ({
    code: 'UNKNOWN_SKU',
    sku,
    field: ['input', 'lines', String(index), 'sku'],
    message: `No warehouse carries this SKU${rest}.`,
  }));
}

export const reservationExpired: OrderPlaceRefusal = {
  code: 'RESERVATION_EXPIRED',
  field: ['input', 'reservationId'],
  message: 'The reservation is no longer held. Hold the stock again or leave reservationId out.',
};

export const reservationMismatch: OrderPlaceRefusal = {
  code: 'RESERVATION_MISMATCH',
  field: ['input', 'reservationId'],
  message:
    'This reservation cannot be used: it was used already, belongs to another channel or store, or does not cover exactly these SKUs and quantities.',
};

export const suspended: OrderPlaceRefusal = {
  code: 'SALES_SUSPENDED',
  message:
    'This channel takes no orders for now, because a system behind it does not answer. Place the order again in some minutes, with a new idempotencyKey.',
};
