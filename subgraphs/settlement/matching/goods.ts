import type { ReconciliationReason } from '../model.ts';
import { type Comparison, type ExpectedPart, type Judgement, judge, partsOf } from './compare.ts';
import type { ExpectedDocument, MatchLine, OrderFacts } from './model.ts';
import type { SettlementSettings } from './settings.ts';
import { countsUnits, sideOf } from './sides.ts';
import { suspended, type Verdicts } from './verdict-builder.ts';

const DAY = 86_400_000;

/** What of the goods of an order, or of one SKU of it, was expected and settled, in the order's currency; refunds are negative. */
export interface GoodsResult {
  readonly expectedMinor: bigint;
  readonly settledMinor: bigint;
  readonly dueAt: Date | null;
}

interface Goods {
  readonly side: 'SALE' | 'REFUND';
  readonly sku: string | null;
  readonly lines: readonly MatchLine[];
  readonly documents: readonly ExpectedPart[];
  /** Of the lines; the order's where there are none. */
  readonly currencyCode: string;
  /** Currency of other lines that our documents are compared with already; null where there are none, or no documents. */
  readonly settledIn: string | null;
}

/**
 * Compares what was sold and given back with our invoices and credit memos, SKU by SKU where every line tells its SKU. Lines that
 * wait to be decided about, their SKU being none of the order's, are money of the order: so much of it is not "never settled".
 */
export function compareGoods(
  facts: OrderFacts,
  order: NonNullable<OrderFacts['order']>,
  { usable, waiting }: { readonly usable: readonly MatchLine[]; readonly waiting: readonly MatchLine[] },
  settings: SettlementSettings,
  now: Date,
  verdicts: Verdicts,
): GoodsResult[] {
  const { remitsTax, settlementDelayDays } = settings.channel(facts.channelCode);
  const claim = claimable(waiting);
  return (['SALE', 'REFUND'] as const)
    .flatMap((side) => goodsOf(facts, side, usable, order.currencyCode, remitsTax))
    .map((goods) => {
      const judgement = judgeGoods(goods, facts.key, order, settings, verdicts);
      const sign = goods.side === 'SALE' ? 1n : -1n;
      const dueAt = noteOverdue(goods, judgement, facts.key, settlementDelayDays, now, settings, claim, verdicts);
      const expected = goods.documents.reduce((sum, part) => sum + part.netMinor + part.taxMinor, 0n);
      const foreign = goods.currencyCode !== order.currencyCode;
      const settled = foreign ? expected - judgement.outstandingMinor : sumOf(goods.lines, order.currencyCode) * sign;
      return { expectedMinor: sign * expected, settledMinor: goods.lines.length === 0 ? 0n : sign * settled, dueAt };
    });
}

function goodsOf(
  facts: OrderFacts,
  side: Goods['side'],
  lines: readonly MatchLine[],
  orderCurrency: string,
  remitsTax: boolean,
): Goods[] {
  const of = lines.filter((line) => sideOf(line) === side);
  const kind: ExpectedDocument['kind'] = side === 'SALE' ? 'INVOICE' : 'CREDIT_MEMO';
  const documented = facts.documents.filter((one) => one.kind === kind).flatMap((one) => one.lines.map((line) => line.sku)); // biome-ignore format: one thought
  const skus: readonly (string | null)[] = of.every((line) => line.sku !== null)
    ? [...new Set([...documented, ...of.map((line) => line.sku)])].sort()
    : [null];
  return skus
    .flatMap((sku) => {
      const own = of.filter((line) => sku === null || line.sku === sku);
      const foreign = [...new Set(own.map((line) => line.currencyCode))].filter((one) => one !== orderCurrency).sort();
      const currencies = own.some((line) => line.currencyCode === orderCurrency)
        ? [orderCurrency, ...foreign]
        : foreign;
      const documents = partsOf(facts.documents, kind, sku, remitsTax);
      if (currencies.length === 0) return [{ side, sku, lines: own, documents, currencyCode: orderCurrency, settledIn: null }]; // biome-ignore format: one thought
      // What one currency settled another cannot settle again: the documents are compared with the order's own, if it is told.
      return currencies.map((currencyCode, index) => ({
        side,
        sku,
        lines: own.filter((line) => line.currencyCode === currencyCode),
        documents: index === 0 ? documents : [],
        currencyCode,
        settledIn: index === 0 || documents.length === 0 ? null : (currencies[0] ?? null),
      }));
    })
    .filter((goods) => goods.lines.length > 0 || goods.documents.length > 0);
}

function judgeGoods(
  goods: Goods,
  key: string,
  order: NonNullable<OrderFacts['order']>,
  settings: SettlementSettings,
  verdicts: Verdicts,
): Judgement {
  const { side, sku, lines, currencyCode, settledIn } = goods;
  const last = lines.at(-1);
  if (!last) return notYet(goods.documents);
  const sign = side === 'SALE' ? 1n : -1n;
  const foreign = currencyCode !== order.currencyCode;
  const documents = foreign ? converted(goods.documents, order.currencyCode, currencyCode, settings) : goods.documents;
  if (documents === null) {
    const why = `There is no reference rate from ${order.currencyCode} to ${currencyCode} in config/settlement.yaml.`;
    for (const line of lines) verdicts.unexplained(line, 'EXCHANGE_RATE_DIFFERENCE', why);
    return { ...notYet([]), reason: 'EXCHANGE_RATE_DIFFERENCE' };
  }
  const settled = settledOf(lines, sign);
  const toleranceMinor = foreign ? rateTolerance(documents, settings) : settings.tolerance(currencyCode);
  const roundingMinor = foreign ? 0n : toleranceMinor;
  const compared = judge({ side, documents, settled, toleranceMinor, roundingMinor });
  const judgement: Judgement = settledIn === null ? compared : { ...compared, reason: 'DUPLICATE_LINE' };
  const booked = documents.length > 0;
  const actualMinor = sign * settled.amountMinor;
  const expectedMinor = judgement.expectedMinor === null ? null : sign * judgement.expectedMinor;

  if (judgement.reason === null) {
    const target = judgement.documentId === null ? 'ORDER' : side === 'SALE' ? 'SHIPMENT' : 'RETURN';
    for (const line of lines) verdicts.matched(line, target, judgement.documentId ?? order.orderId);
  } else {
    const reason = foreign && booked && judgement.reason === 'AMOUNT_DIFFERENCE' ? 'EXCHANGE_RATE_DIFFERENCE' : judgement.reason; // biome-ignore format: one thought
    verdicts.differ(
      {
        scope: `${side} ${sku ?? ''} ${currencyCode}`,
        rawKey: key,
        reason,
        account: !booked ? 'suspense' : foreign ? 'exchange-clearing' : 'channel-receivable',
        expectedMinor,
        actualMinor,
        differenceMinor: actualMinor - (expectedMinor ?? 0n),
        currencyCode,
        sku,
        statementId: last.statementId,
        explanation:
          settledIn === null
            ? explain(reason, side, settled, documents)
            : `The channel settled this in ${settledIn} already; it cannot be settled in ${currencyCode} as well.`,
      },
      lines,
    );
    // Not in our books yet: the whole amount waits.
    if (!booked) for (const line of lines) verdicts.post(line, suspended(line));
  }
  if (booked && foreign) postConversion(goods, judgement, documents, order.currencyCode, actualMinor, sign, last, verdicts);
  else
    verdicts.postBeside(last, { event: 'TOLERANCE', class: 'AMOUNT', amountMinor: sign * judgement.toleratedMinor, currencyCode }); // biome-ignore format: one thought
  return judgement;
}

/** Each currency balances alone: what was settled in one, what was sold in the other. */
function postConversion(
  goods: Goods,
  judgement: Judgement,
  documents: readonly ExpectedPart[],
  orderCurrency: string,
  actualMinor: bigint,
  sign: bigint,
  last: MatchLine,
  verdicts: Verdicts,
): void {
  const { currencyCode } = goods;
  const total = grossOf(goods.documents);
  const convertedTotal = grossOf(documents);
  // The part of the sale that was settled, in the currency it was sold in.
  const part = judgement.expectedMinor ?? 0n;
  const sold = convertedTotal === 0n || part === convertedTotal ? total : (total * part) / convertedTotal;
  for (const line of goods.lines) verdicts.post(line, []);
  verdicts.postBeside(last, { event: 'CONVERSION', class: 'SETTLED', amountMinor: actualMinor, currencyCode });
  verdicts.postBeside(last, { event: 'CONVERSION', class: 'SOLD', amountMinor: sign * sold, currencyCode: orderCurrency }); // biome-ignore format: one thought
  verdicts.postBeside(last, { event: 'CONVERSION', class: 'DIFFERENCE', amountMinor: sign * judgement.toleratedMinor, currencyCode }); // biome-ignore format: one thought
}

/** Takes an amount of what waits; what one SKU took no other can take. @returns minor units, as much of it as there is */
type Claim = (side: Goods['side'], currencyCode: string, minor: bigint) => bigint;

function claimable(waiting: readonly MatchLine[]): Claim {
  const left = new Map<string, bigint>();
  for (const line of waiting) {
    const key = `${sideOf(line)} ${line.currencyCode}`;
    left.set(key, (left.get(key) ?? 0n) + (sideOf(line) === 'SALE' ? line.amountMinor : -line.amountMinor));
  }
  return (side, currencyCode, minor) => {
    const key = `${side} ${currencyCode}`;
    const there = left.get(key) ?? 0n;
    const taken = there < 0n ? 0n : there < minor ? there : minor;
    left.set(key, there - taken);
    return taken;
  };
}

/** What was invoiced or credited long ago and never settled. @returns when it was due; null when nothing is outstanding */
function noteOverdue(
  goods: Goods,
  judgement: Judgement,
  key: string,
  delayDays: number,
  now: Date,
  settings: SettlementSettings,
  claim: Claim,
  verdicts: Verdicts,
): Date | null {
  const { side, sku, currencyCode } = goods;
  const { outstandingSince } = judgement;
  if (outstandingSince === null || judgement.outstandingMinor <= settings.tolerance(currencyCode)) return null;
  const due = new Date(outstandingSince.getTime() + delayDays * DAY);
  if (now < due) return due;
  const outstandingMinor = judgement.outstandingMinor - claim(side, currencyCode, judgement.outstandingMinor);
  if (outstandingMinor <= settings.tolerance(currencyCode)) return due;
  const sign = side === 'SALE' ? 1n : -1n;
  verdicts.differ(
    {
      scope: `overdue ${side} ${sku ?? ''} ${currencyCode}`,
      rawKey: key,
      reason: 'NOT_SETTLED',
      account: 'channel-receivable',
      expectedMinor: sign * outstandingMinor,
      actualMinor: null,
      differenceMinor: -sign * outstandingMinor,
      currencyCode,
      sku,
      statementId: null,
      explanation: `${side === 'SALE' ? 'Invoiced' : 'Credited'} on ${day(outstandingSince)} and not settled within ${delayDays} days.`,
    },
    [],
  );
  return due;
}

function notYet(documents: readonly ExpectedPart[]): Judgement {
  return {
    reason: null,
    expectedMinor: 0n,
    toleratedMinor: 0n,
    documentId: null,
    outstandingMinor: grossOf(documents),
    outstandingSince: documents.at(0)?.issuedAt ?? null,
  };
}

function settledOf(lines: readonly MatchLine[], sign: bigint): Comparison['settled'] {
  const counted = lines.filter(countsUnits);
  const told = counted.length > 0 && counted.every((line) => line.quantity !== null);
  const taxes = lines.filter((line) => line.class === 'SALE_TAX' || line.class === 'REFUND_TAX');
  return {
    quantity: told ? counted.reduce((sum, line) => sum + unitsOf(line, sign), 0) : null,
    amountMinor: sign * lines.reduce((sum, line) => sum + line.amountMinor, 0n),
    taxMinor: taxes.length === 0 ? null : sign * taxes.reduce((sum, line) => sum + line.amountMinor, 0n),
  };
}

/** Units of a line; below zero where it takes back what was told before. */
function unitsOf({ quantity, amountMinor }: MatchLine, sign: bigint): number {
  const units = Math.abs(quantity ?? 0);
  return sign * amountMinor < 0n ? -units : units;
}

function converted(
  documents: readonly ExpectedPart[],
  from: string,
  to: string,
  settings: SettlementSettings,
): ExpectedPart[] | null {
  const parts: ExpectedPart[] = [];
  for (const part of documents) {
    const netMinor = settings.convert(part.netMinor, from, to);
    const taxMinor = settings.convert(part.taxMinor, from, to);
    if (netMinor === null || taxMinor === null) return null;
    parts.push({ ...part, netMinor, taxMinor });
  }
  return parts;
}

function rateTolerance(documents: readonly ExpectedPart[], settings: SettlementSettings): bigint {
  return (grossOf(documents) * BigInt(settings.exchangeToleranceBasisPoints)) / 10_000n + 1n;
}

function sumOf(lines: readonly MatchLine[], currencyCode: string): bigint {
  return lines.filter((line) => line.currencyCode === currencyCode).reduce((sum, line) => sum + line.amountMinor, 0n);
}

function grossOf(parts: readonly ExpectedPart[]): bigint {
  return parts.reduce((sum, part) => sum + part.netMinor + part.taxMinor, 0n);
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function explain(
  reason: ReconciliationReason,
  side: Goods['side'],
  settled: Comparison['settled'],
  documents: readonly ExpectedPart[],
): string {
  const kind = side === 'SALE' ? 'invoice' : 'credit memo';
  if (documents.length === 0)
    return side === 'SALE' ? 'The order is known, but nothing of this was invoiced yet.' : 'There is no credit memo for this refund yet.'; // biome-ignore format: one thought
  const units = documents.reduce((sum, part) => sum + part.quantity, 0);
  const compared = `Compared with ${documents.length} ${kind}${documents.length === 1 ? '' : 's'} over ${units} unit${units === 1 ? '' : 's'}`;
  const told = settled.quantity === null ? 'the channel tells no units' : `the channel tells ${settled.quantity}`;
  switch (reason) {
    case 'TAX_DIFFERENCE':
      return `${compared}: the price is right, the tax is not.`;
    case 'EXCHANGE_RATE_DIFFERENCE':
      return `${compared} at the reference rate: the difference is beyond the tolerance.`;
    case 'LATE_REFUND':
      return `${compared}: the channel gave back more than was credited so far.`;
    default:
      return `${compared}; ${told}.`;
  }
}
