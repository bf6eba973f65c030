import type { NewSet, TransactionSet } from './interchange.ts';
import { element, problemAt, required, units } from './segment.ts';

/** What a 940 asks a warehouse to ship. */
export interface ShippingOrder {
  /** Depositor order number, at most 22 characters. */
  readonly orderNumber: string;
  /** Carrier routing, in words that were agreed; null: the warehouse chooses. */
  readonly service: string | null;
  /** Personal data. */
  readonly shipTo: {
    readonly name: string;
    readonly line1: string;
    readonly line2: string | null;
    readonly city: string;
    readonly region: string | null;
    readonly postalCode: string | null;
    readonly countryCode: string;
  };
  readonly lines: readonly { readonly lineNumber: string; readonly sku: string; readonly quantity: number }[];
}

/** Codes that were agreed with a warehouse, as config/x12.yaml has them. */
export interface OrderCodes {
  /** Element 473: a new order. */
  readonly newOrder: string;
  readonly unit: string;
  /** Element 235: whose numbers the SKUs are. */
  readonly skuQualifier: string;
  /** Element 128: the reference that carries the number of a line. */
  readonly lineQualifier: string;
}

/** Longest values of elements, by name, in characters. */
const WIDTHS = {
  name: 60,
  line1: 55,
  line2: 55,
  city: 30,
  region: 2,
  postalCode: 15,
  countryCode: 3,
  sku: 48,
} as const;

/** What of an order a 940 cannot carry, by its name; null when it can carry all. Values are not told: they may be personal data. */
export function tooMuchFor940({ shipTo, lines, service }: ShippingOrder): string | null {
  for (const [name, width] of Object.entries(WIDTHS)) {
    const values = name === 'sku' ? lines.map(({ sku }) => sku) : [shipTo[name as keyof typeof shipTo] ?? ''];
    if (values.some((value) => value.length > width)) return `${name} is longer than ${width} characters`;
    if (values.some((value) => !/^[ -~]*$/.test(value) || /[*>~]/.test(value))) return `${name} holds a character that X12 has not`; // biome-ignore format: one thought
  }
  return service !== null && !/^[ -)+-=?-}]{1,35}$/.test(service) ? 'the service level is longer than 35 characters or holds one that X12 has not' : null; // biome-ignore format: one thought
}

export function writeShippingOrder(order: ShippingOrder, codes: OrderCodes): NewSet {
  const { shipTo, lines } = order;
  return {
    kind: '940',
    segments: [
      ['W05', codes.newOrder, order.orderNumber],
      ['N1', 'ST', shipTo.name],
      ['N3', shipTo.line1, shipTo.line2 ?? ''],
      ['N4', shipTo.city, shipTo.region ?? '', shipTo.postalCode ?? '', shipTo.countryCode],
      ...(order.service === null ? [] : [['W66', 'PP', 'M', '', '', order.service]]),
      ...lines.flatMap(({ lineNumber, sku, quantity }) => [
        ['LX', lineNumber],
        ['W01', String(quantity), codes.unit, '', codes.skuQualifier, sku],
        ['N9', codes.lineQualifier, lineNumber],
      ]),
      ['W76', String(lines.reduce((sum, { quantity }) => sum + quantity, 0))],
    ],
  };
}

/** @throws X12Problem naming segment and element */
export function readShippingOrder({ head, segments }: TransactionSet, codes: OrderCodes): ShippingOrder {
  const one = (id: string) => {
    const found = segments.find((segment) => segment.id === id);
    if (!found) throw problemAt(head, null, `there is no ${id} in it`, 'MISSING');
    return found;
  };
  const [w05, n1, n3, n4] = [one('W05'), one('N1'), one('N3'), one('N4')];
  if (element(w05, 1) !== codes.newOrder) throw problemAt(w05, 1, 'it is no new order', 'NOT_A_CODE');
  const lines = segments.flatMap((segment, index) => {
    if (segment.id !== 'W01') return [];
    if (element(segment, 2) !== codes.unit) throw problemAt(segment, 2, 'it is no unit that was agreed', 'NOT_A_CODE');
    if (element(segment, 4) !== codes.skuQualifier) throw problemAt(segment, 4, 'it is no numbering that was agreed', 'NOT_A_CODE'); // biome-ignore format: one thought
    const reference = segments[index + 1];
    if (reference?.id !== 'N9' || element(reference, 1) !== codes.lineQualifier) throw problemAt(segment, null, 'no number of the line follows', 'MISSING'); // biome-ignore format: one thought
    return [{ lineNumber: required(reference, 2, 'the number of the line'), sku: required(segment, 5, 'the article'), quantity: units(segment, 1, 'the quantity') }]; // biome-ignore format: one thought
  });
  const total = one('W76');
  if (units(total, 1, 'the total') !== lines.reduce((sum, { quantity }) => sum + quantity, 0))
    throw problemAt(total, 1, 'it is not the sum of the lines', 'NOT_A_NUMBER');
  const routing = segments.find(({ id }) => id === 'W66');
  return {
    orderNumber: required(w05, 2, 'the order number'),
    service: (routing && element(routing, 5)) || null,
    shipTo: {
      name: required(n1, 2, 'the name'),
      line1: required(n3, 1, 'the street'),
      line2: element(n3, 2) || null,
      city: required(n4, 1, 'the city'),
      region: element(n4, 2) || null,
      postalCode: element(n4, 3) || null,
      countryCode: required(n4, 4, 'the country'),
    },
    lines,
  };
}
