import type { ReconciliationReason } from '../model.ts';
import type { ExpectedDocument } from './model.ts';

/** Documents of one kind, and what the channel settled for them: of one SKU, or of the whole order. Amounts above zero. */
export interface Comparison {
  readonly side: 'SALE' | 'REFUND';
  /** Our documents of this kind with their part in it, oldest first. */
  readonly documents: readonly ExpectedPart[];
  readonly settled: {
    /** Units, where every row of goods tells; null otherwise. */
    readonly quantity: number | null;
    readonly amountMinor: bigint;
    /** The part of the amount that the channel calls tax; null when no row does. */
    readonly taxMinor: bigint | null;
  };
  readonly toleranceMinor: bigint;
  /** By so much a channel may round the price otherwise than we do. */
  readonly roundingMinor: bigint;
}

export interface ExpectedPart {
  readonly documentId: string;
  readonly issuedAt: Date;
  readonly quantity: number;
  readonly netMinor: bigint;
  readonly taxMinor: bigint;
}

export interface Judgement {
  /** Null when the channel settled what was expected, or a part of it that fits. */
  readonly reason: ReconciliationReason | null;
  /** What was expected for what was settled; null when nothing was. */
  readonly expectedMinor: bigint | null;
  /** Settled less expected, when it is within the tolerance; else 0. */
  readonly toleratedMinor: bigint;
  /** The one document that was settled, where it is one. */
  readonly documentId: string | null;
  /** What is left to be settled, and since when. Nothing while there is a reason: the difference tells it. */
  readonly outstandingMinor: bigint;
  readonly outstandingSince: Date | null;
}

/** What there is of a SKU, or of everything, in the documents of a kind. Documents that have nothing of it are left out. */
export function partsOf(
  documents: readonly ExpectedDocument[],
  kind: ExpectedDocument['kind'],
  sku: string | null,
  remitsTax: boolean,
): ExpectedPart[] {
  return documents
    .filter((document) => document.kind === kind)
    .map((document) => {
      const lines = document.lines.filter((line) => sku === null || line.sku === sku);
      return {
        documentId: document.documentId,
        issuedAt: document.issuedAt,
        quantity: lines.reduce((sum, line) => sum + line.quantity, 0),
        netMinor: lines.reduce((sum, line) => sum + line.netMinor, 0n),
        taxMinor: remitsTax ? 0n : lines.reduce((sum, line) => sum + line.taxMinor, 0n),
      };
    })
    .filter((part) => part.quantity > 0)
    .sort((a, b) => a.issuedAt.getTime() - b.issuedAt.getTime() || (a.documentId < b.documentId ? -1 : 1));
}

/** Compares what was settled with what was expected, and says what kind of difference it is. */
export function judge({ side, documents, settled, toleranceMinor, roundingMinor }: Comparison): Judgement {
  const total = grossOf(documents);
  const since = documents.at(0)?.issuedAt ?? null;
  const { quantity, amountMinor } = settled;
  const result = (reason: ReconciliationReason | null, expectedMinor: bigint | null, part?: Part): Judgement => ({
    reason,
    expectedMinor,
    toleratedMinor: reason === null && expectedMinor !== null ? amountMinor - expectedMinor : 0n,
    documentId: part?.documentId ?? null,
    outstandingMinor: reason === null ? total - (expectedMinor ?? 0n) : 0n,
    outstandingSince: reason === null && total !== (expectedMinor ?? 0n) ? (part?.leftSince ?? since) : null,
  });
  if (documents.length === 0) return result(side === 'SALE' ? 'PERIOD_SHIFT' : 'LATE_REFUND', null);

  const fits = (expected: bigint) => absolute(amountMinor - expected) <= toleranceMinor;
  const units = documents.reduce((sum, part) => sum + part.quantity, 0);
  const parts = settledParts(documents, quantity);
  const part = parts.find((one) => fits(one.amountMinor));
  if (part) return result(null, part.amountMinor, part);

  // The channel gave back more than came back to us: the rest of the goods may still be on the way.
  if (side === 'REFUND' && amountMinor > total && (quantity === null || quantity > units))
    return result('LATE_REFUND', total);
  const expected = quantity === null || quantity > units ? total : (parts.at(0)?.amountMinor ?? total);
  // More units than were sold explain more tax as well.
  if (quantity !== null && quantity > units) return result('QUANTITY_DIFFERENCE', expected);
  if (isAboutTax(documents, settled, expected, units, roundingMinor)) return result('TAX_DIFFERENCE', expected);
  if (quantity !== null && fitsOtherUnits(total, units, quantity, fits)) return result('QUANTITY_DIFFERENCE', expected);
  return result('AMOUNT_DIFFERENCE', expected);
}

interface Part {
  readonly amountMinor: bigint;
  readonly documentId: string | null;
  /** Oldest document that is not part of it. */
  readonly leftSince: Date | null;
}

/**
 * Which amounts are a proper part of the documents: all of them, one, the oldest ones, or so many units of them at the
 * average price. The likeliest comes first.
 */
function settledParts(documents: readonly ExpectedPart[], quantity: number | null): Part[] {
  const units = documents.reduce((sum, part) => sum + part.quantity, 0);
  const total = grossOf(documents);
  const only = documents.length === 1 ? (documents.at(0)?.documentId ?? null) : null;
  const all: Part = { amountMinor: total, documentId: only, leftSince: null };
  const single = documents.map((document) => ({
    quantity: document.quantity,
    amountMinor: grossOf([document]),
    documentId: document.documentId,
    leftSince: documents.find((other) => other !== document)?.issuedAt ?? null,
  }));
  const oldest = documents.map((_, index) => {
    const taken = documents.slice(0, index + 1);
    return {
      quantity: taken.reduce((sum, part) => sum + part.quantity, 0),
      amountMinor: grossOf(taken),
      documentId: null,
      leftSince: documents.at(index + 1)?.issuedAt ?? null,
    };
  });
  if (quantity === null) return [all, ...single, ...oldest];
  if (quantity === units) return [all];
  const whole = [...single, ...oldest].filter((part) => part.quantity === quantity);
  if (quantity <= 0 || quantity > units) return [];
  const share = (total * BigInt(quantity) * 2n + BigInt(units)) / (BigInt(units) * 2n);
  // A share of several rounded amounts may be a minor unit off per document.
  const shares = [0n, ...documents.flatMap((_, index) => [BigInt(index + 1), -BigInt(index + 1)])].map((off) => ({
    amountMinor: share + off,
    documentId: only,
    leftSince: documents.at(0)?.issuedAt ?? null,
  }));
  return [...whole, ...shares];
}

/** The price is right, but for rounding, and the tax is not. */
function isAboutTax(
  documents: readonly ExpectedPart[],
  { quantity, amountMinor, taxMinor }: Comparison['settled'],
  expected: bigint,
  units: number,
  roundingMinor: bigint,
): boolean {
  const fits = (one: bigint, other: bigint) => absolute(one - other) <= roundingMinor;
  const net = documents.reduce((sum, part) => sum + part.netMinor, 0n);
  const tax = documents.reduce((sum, part) => sum + part.taxMinor, 0n);
  const whole = quantity === null || quantity === units;
  if (taxMinor === null) return whole && tax > 0n && fits(amountMinor, net);
  const price = amountMinor - taxMinor;
  if (whole) return fits(price, net) && absolute(taxMinor - tax) > absolute(price - net);
  const [priceShare, slack] = [(net * BigInt(quantity)) / BigInt(units), BigInt(documents.length)];
  return absolute(price - priceShare) <= slack + roundingMinor && amountMinor !== expected;
}

/** The amount is that of another number of units than the channel says. */
function fitsOtherUnits(total: bigint, units: number, quantity: number, fits: (expected: bigint) => boolean): boolean {
  for (let other = 1; other <= Math.min(units, 1_000); other++) {
    if (other !== quantity && fits((total * BigInt(other) * 2n + BigInt(units)) / (BigInt(units) * 2n))) return true;
  }
  return false;
}

function grossOf(parts: readonly ExpectedPart[]): bigint {
  return parts.reduce((sum, part) => sum + part.netMinor + part.taxMinor, 0n);
}

function absolute(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
