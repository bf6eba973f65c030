import type { NewSet, TransactionSet } from './interchange.ts';
import { element, moment, problemAt, required, type Segment, units } from './segment.ts';

/** What a 945 tells of an order that left, or will not. */
export interface ShippingAdvice {
  readonly orderNumber: string;
  /** The warehouse's number of this shipment: the same again is told again. */
  readonly shipmentNumber: string;
  readonly shippedAt: Date;
  /** Standard carrier alpha code, or another word that was agreed. */
  readonly carrier: string;
  readonly packages: readonly AdvisedPackage[];
  /** The segment that names the order. */
  readonly head: Segment;
}

export interface AdvisedPackage {
  readonly sscc: string | null;
  /** Null when nothing left. */
  readonly trackingNumber: string | null;
  readonly lines: readonly AdvisedLine[];
  /** The LX that begins it. */
  readonly segment: Segment;
}

export interface AdvisedLine {
  /** Null when the warehouse does not say which line of the order it is. */
  readonly lineNumber: string | null;
  readonly sku: string;
  readonly shipped: number;
  readonly status: string;
  readonly segment: Segment;
}

export interface AdviceCodes {
  readonly timeZone: string;
  readonly units: readonly string[];
  readonly skuQualifier: string;
  readonly lineQualifier: string;
  /** Element 88: marks of a package that hold its SSCC, and its tracking number. */
  readonly ssccMark: string;
  readonly trackingMark: string;
  /** Element 432: the date of leaving. */
  readonly shippedDate: string;
}

/** @throws X12Problem naming segment and element */
export function readShippingAdvice({ head, segments }: TransactionSet, codes: AdviceCodes): ShippingAdvice {
  const w06 = segments.find(({ id }) => id === 'W06');
  if (!w06) throw problemAt(head, null, 'there is no W06 in it', 'MISSING');
  const date = segments.find((segment) => segment.id === 'G62' && element(segment, 1) === codes.shippedDate);
  if (!date) throw problemAt(w06, null, 'no G62 says when it left', 'MISSING');
  const w27 = segments.find(({ id }) => id === 'W27');
  if (!w27) throw problemAt(w06, null, 'no W27 says who carries it', 'MISSING');
  const starts = segments.flatMap((segment, index) => (segment.id === 'LX' ? [index] : []));
  if (starts.length === 0) throw problemAt(w06, null, 'no LX follows', 'MISSING');
  const packages = starts.map((start, index) => readPackage(segments.slice(start, starts[index + 1]), codes));
  const total = segments.find(({ id }) => id === 'W03');
  const shipped = packages.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.shipped, 0);
  if (total && units(total, 1, 'the total') !== shipped)
    throw problemAt(total, 1, 'it is not the sum of what was shipped', 'NOT_A_NUMBER');
  return {
    orderNumber: required(w06, 2, 'the depositor order number'),
    shipmentNumber: required(w06, 4, 'the number of the shipment'),
    shippedAt: moment(date, 2, 4, codes.timeZone),
    carrier: required(w27, 2, 'the carrier'),
    packages,
    head: w06,
  };
}

function readPackage(segments: readonly Segment[], codes: AdviceCodes): AdvisedPackage {
  const mark = (qualifier: string) => {
    const found = segments.find((segment) => segment.id === 'MAN' && element(segment, 1) === qualifier);
    return found ? required(found, 2, 'the mark') : null;
  };
  const lines = segments.flatMap((segment, index) => {
    if (segment.id !== 'W12') return [];
    if (!codes.units.includes(element(segment, 5)))
      throw problemAt(segment, 5, 'it is no unit that was agreed', 'NOT_A_CODE');
    if (element(segment, 7) !== codes.skuQualifier)
      throw problemAt(segment, 7, 'it is no numbering of articles that was agreed', 'NOT_A_CODE');
    const after = segments.slice(index + 1);
    const own = after.slice(0, after.findIndex(({ id }) => id === 'W12') >>> 0);
    const reference = own.find((one) => one.id === 'N9' && element(one, 1) === codes.lineQualifier);
    return [
      {
        lineNumber: reference ? required(reference, 2, 'the number of the line') : null,
        sku: required(segment, 8, 'the article'),
        shipped: units(segment, 3, 'the quantity'),
        status: required(segment, 1, 'the status'),
        segment,
      },
    ];
  });
  const [segment] = segments as [Segment];
  if (lines.length === 0) throw problemAt(segment, null, 'no W12 follows', 'MISSING');
  const trackingNumber = mark(codes.trackingMark);
  if (trackingNumber === null && lines.some(({ shipped }) => shipped > 0))
    throw problemAt(segment, null, `no MAN ${codes.trackingMark} gives the tracking number of what left`, 'MISSING');
  return { sscc: mark(codes.ssccMark), trackingNumber, lines, segment };
}

/** A line of an advice as a warehouse writes it. */
export interface NewAdvice extends Omit<ShippingAdvice, 'head' | 'packages' | 'shippedAt'> {
  /** On the warehouse's clock. */
  readonly shipped: { readonly date: string; readonly time: string };
  readonly packages: readonly (Omit<AdvisedPackage, 'segment' | 'lines'> & {
    readonly lines: readonly (Omit<AdvisedLine, 'segment'> & { readonly ordered: number })[];
  })[];
}

export function writeShippingAdvice(advice: NewAdvice, codes: AdviceCodes): NewSet {
  const { shipped, packages } = advice;
  return {
    kind: '945',
    segments: [
      ['W06', 'F', advice.orderNumber, shipped.date, advice.shipmentNumber],
      ['G62', codes.shippedDate, shipped.date, '8', shipped.time],
      ['W27', 'M', advice.carrier],
      ...packages.flatMap(({ sscc, trackingNumber, lines }, index) => [
        ['LX', String(index + 1)],
        ...(sscc === null ? [] : [['MAN', codes.ssccMark, sscc]]),
        ...(trackingNumber === null ? [] : [['MAN', codes.trackingMark, trackingNumber]]),
        ...lines.flatMap((line) => [
          ['W12', line.status, String(line.ordered), String(line.shipped), String(line.ordered - line.shipped), codes.units[0] ?? '', '', codes.skuQualifier, line.sku],
          ...(line.lineNumber === null ? [] : [['N9', codes.lineQualifier, line.lineNumber]]),
        ]), // biome-ignore format: one thought
      ]),
      ['W03', String(packages.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.shipped, 0))],
    ],
  };
}
