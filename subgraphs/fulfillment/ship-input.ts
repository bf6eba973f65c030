import { counted } from '../../platform/counted.ts';
import type { FulfillmentRefusal } from './errors.ts';
import type { WorkUnits } from './fold.ts';
import { remainingUnits } from './model.ts';
import type { ShipmentConfirmation } from './port.ts';

export interface ShipInput {
  readonly shippedAt?: string | null;
  readonly packages: readonly {
    readonly carrier: string;
    readonly trackingNumber: string;
    readonly serviceLevel?: string | null;
    readonly sscc?: string | null;
    readonly lines: readonly { readonly fulfillmentOrderLineId: string; readonly quantity: number }[];
  }[];
}

const MAX_PACKAGES = 100;

/** As scanners give it, or as it is printed below the bar code: with the GS1 application identifier 00 before it, or without. */
const SSCC = /^(?:\(00\)|00)?(\d{18})$/;
const ssccOf = (given: string) => given.replaceAll(' ', '').match(SSCC)?.[1] ?? null;

/**
 * Checks packages against the work and names their contents as the node knows them: bundles by their components.
 * @param options.mayHaveLeft the units may be among those that are recorded as shipped: then the node counts them
 */
export function readShipInput(
  input: ShipInput,
  { lines, components }: WorkUnits,
  { mayHaveLeft }: { readonly mayHaveLeft: boolean },
): { packages: ShipmentConfirmation['packages'] } | FulfillmentRefusal {
  if (input.packages.length === 0 || input.packages.length > MAX_PACKAGES) {
    return {
      code: 'INVALID_INPUT',
      field: ['input', 'packages'],
      message: `A shipment has 1 to ${MAX_PACKAGES} packages.`,
    };
  }
  const left = new Map(lines.map((line) => [line.id, mayHaveLeft ? line.quantity : remainingUnits(line)]));
  const orderLineOf = new Map(lines.map((line) => [line.id, line.orderLineId]));
  for (const [p, parcel] of input.packages.entries()) {
    const at = (...path: (string | number)[]) => ['input', 'packages', String(p), ...path.map(String)];
    const sscc = parcel.sscc == null ? undefined : ssccOf(parcel.sscc);
    if (sscc === null)
      return {
        code: 'INVALID_INPUT',
        field: at('sscc'),
        message: 'An SSCC has 18 digits, with or without the application identifier 00 before them.',
      };
    const earlier = input.packages.slice(0, p);
    if (sscc !== undefined && earlier.some((other) => other.sscc != null && ssccOf(other.sscc) === sscc))
      return { code: 'INVALID_INPUT', field: at('sscc'), message: 'Another package here has this SSCC.' };
    const sameNumber = (other: (typeof earlier)[number]) => other.carrier.trim() === parcel.carrier.trim() && other.trackingNumber.trim() === parcel.trackingNumber.trim(); // biome-ignore format: one thought
    if (earlier.some(sameNumber))
      return { code: 'INVALID_INPUT', field: at('trackingNumber'), message: 'Another package here has this tracking number.' }; // biome-ignore format: one thought
    if (parcel.lines.length === 0)
      return { code: 'INVALID_INPUT', field: at('lines'), message: 'A package holds at least one unit.' };
    for (const [l, line] of parcel.lines.entries()) {
      const remaining = left.get(line.fulfillmentOrderLineId);
      if (remaining === undefined)
        return {
          code: 'NOT_FOUND',
          field: at('lines', l, 'fulfillmentOrderLineId'),
          message: 'The work has no such line.',
        };
      if (line.quantity < 1 || line.quantity > remaining) {
        return {
          code: 'QUANTITY_EXCEEDS_REMAINING',
          field: at('lines', l, 'quantity'),
          message: `Left to ship of this line: ${counted(remaining, 'unit')}.`,
        };
      }
      left.set(line.fulfillmentOrderLineId, remaining - line.quantity);
    }
  }
  return {
    packages: input.packages.map((parcel) => ({
      carrier: parcel.carrier,
      trackingNumber: parcel.trackingNumber,
      sscc: parcel.sscc == null ? null : ssccOf(parcel.sscc),
      serviceLevel: parcel.serviceLevel ?? null,
      lines: parcel.lines.flatMap(({ fulfillmentOrderLineId, quantity }) => {
        const orderLineId = orderLineOf.get(fulfillmentOrderLineId) ?? '';
        const parts = components.filter((component) => component.orderLineId === orderLineId);
        if (parts.length === 0) return [{ lineRef: orderLineId, quantity }];
        return parts.map((part) => ({ lineRef: part.lineRef, quantity: quantity * part.perUnit }));
      }),
    })),
  };
}
