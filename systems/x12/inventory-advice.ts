import type { NewSet, TransactionSet } from './interchange.ts';
import { element, moment, problemAt, required, type Segment, units } from './segment.ts';

/** What an 846 says lies on the shelves. */
export interface InventoryAdvice {
  readonly reference: string;
  readonly countedAt: Date;
  readonly items: readonly { readonly sku: string; readonly onHand: number; readonly segment: Segment }[];
}

export interface InventoryCodes {
  readonly timeZone: string;
  readonly units: readonly string[];
  readonly skuQualifier: string;
  /** Element 673: the quantity that is on hand; the others are passed over. */
  readonly onHandQuantity: string;
}

/** @throws X12Problem naming segment and element */
export function readInventoryAdvice({ head, segments }: TransactionSet, codes: InventoryCodes): InventoryAdvice {
  const bia = segments.find(({ id }) => id === 'BIA');
  if (!bia) throw problemAt(head, null, 'there is no BIA in it', 'MISSING');
  const starts = segments.flatMap((segment, index) => (segment.id === 'LIN' ? [index] : []));
  const seen = new Set<string>();
  const items = starts.map((start, index) => {
    const [lin, ...rest] = segments.slice(start, starts[index + 1]) as [Segment, ...Segment[]];
    if (element(lin, 2) !== codes.skuQualifier) throw problemAt(lin, 2, 'it is no numbering of articles that was agreed', 'NOT_A_CODE'); // biome-ignore format: one thought
    const sku = required(lin, 3, 'the article');
    if (seen.has(sku)) throw problemAt(lin, 3, 'the article stands there a second time');
    seen.add(sku);
    const quantity = rest.find((one) => one.id === 'QTY' && element(one, 1) === codes.onHandQuantity);
    if (!quantity) throw problemAt(lin, null, `no QTY ${codes.onHandQuantity} says what is on hand`, 'MISSING');
    if (!codes.units.includes(element(quantity, 3))) throw problemAt(quantity, 3, 'it is no unit that was agreed', 'NOT_A_CODE'); // biome-ignore format: one thought
    return { sku, onHand: units(quantity, 2, 'the quantity'), segment: quantity };
  });
  const total = segments.find(({ id }) => id === 'CTT');
  if (total && units(total, 1, 'the number of items') !== items.length)
    throw problemAt(total, 1, `it counts other than the ${items.length} items that are there`, 'NOT_A_NUMBER');
  return { reference: required(bia, 3, 'the reference'), countedAt: moment(bia, 4, 5, codes.timeZone), items };
}

export function writeInventoryAdvice(
  advice: {
    readonly reference: string;
    /** On the warehouse's clock. */
    readonly counted: { readonly date: string; readonly time: string };
    readonly items: readonly { readonly sku: string; readonly onHand: number }[];
  },
  codes: InventoryCodes,
): NewSet {
  const { counted, items } = advice;
  return {
    kind: '846',
    segments: [
      ['BIA', '00', 'DD', advice.reference, counted.date, counted.time],
      ...items.flatMap(({ sku, onHand }, index) => [
        ['LIN', String(index + 1), codes.skuQualifier, sku],
        ['QTY', codes.onHandQuantity, String(onHand), codes.units[0] ?? ''],
      ]),
      ['CTT', String(items.length)],
    ],
  };
}
