import { isCurrencyCode } from '../../../../platform/money.ts';
import { type AmountNode, describeMismatch, leavesOf, treeMismatches } from '../amount-tree.ts';
import { readJsonAmount } from '../exact-json.ts';
import type { SettlementLine } from '../model.ts';
import { readMoment } from '../moment.ts';
import { ReportRefusal, unreadable } from '../refusal.ts';
import type { WireBreakdown, WireItem, WireTransaction } from './wire.ts';
import { classOf, kindOf } from './words.ts';

/**
 * The lines of one transaction: the leaves of what explains its total. Its items explain it best, because they name the
 * SKU; where they do not come to its total (a known fault of Amazon's) its own breakdown does; without either it is one line.
 *
 * @param firstLine number of the first line; the others follow
 * @throws ReportRefusal TOTAL_MISMATCH when nothing that explains the total comes to it, UNREADABLE for what is no amount or date
 */
export function linesOfTransaction(wire: WireTransaction, firstLine: number): SettlementLine[] {
  const { currencyCode } = wire.totalAmount;
  const where = `Transaction ${wire.transactionId ?? `from line ${firstLine} on`}`;
  if (!isCurrencyCode(currencyCode)) throw unreadable(`${where}: expected an ISO 4217 code as currency.`);
  const total = amountOf(wire.totalAmount, currencyCode, where);
  const postedAt = readMoment(wire.postedDate);
  if (!postedAt) throw unreadable(`${where}: postedDate is no date.`);

  const explained = explanationOf(wire, total, currencyCode, where);
  const related = (name: string) =>
    wire.relatedIdentifiers?.find((found) => found.relatedIdentifierName === name)?.relatedIdentifierValue ?? null;
  const kind = kindOf(wire.transactionType ?? '');
  const references = withoutEmpty({
    transactionId: wire.transactionId,
    shipmentId: related('SHIPMENT_ID'),
    refundId: related('REFUND_ID'),
    invoiceId: related('INVOICE_ID'),
    deferredTransactionId: related('DEFERRED_TRANSACTION_ID'),
  });
  return explained.map(({ path, minor, item }, index) => ({
    lineNumber: firstLine + index,
    kind,
    class: classOf(kind, path),
    words: {
      transaction: wire.transactionType ?? '',
      type: path.length > 1 ? (path[0] ?? '') : '',
      description: path.at(-1) ?? wire.description ?? '',
    },
    channelOrderId: related('ORDER_ID'),
    merchantOrderId: null,
    sku: item?.contexts?.find((context) => context.sku != null)?.sku ?? null,
    quantity: quantityOf(item),
    amountMinor: minor,
    currencyCode,
    original: null,
    postedAt,
    references: item ? { ...references, ...itemReferences(item) } : references,
  }));
}

interface Explained {
  readonly path: readonly string[];
  readonly minor: bigint;
  readonly item: WireItem | null;
}

function explanationOf(wire: WireTransaction, total: bigint, currencyCode: string, where: string): Explained[] {
  const node = (name: string, minor: bigint, parts: readonly WireBreakdown[] | null | undefined): AmountNode => ({
    name,
    minor,
    parts: (parts ?? []).map((part) =>
      node(part.breakdownType ?? '', amountOf(part.breakdownAmount, currencyCode, where), part.breakdowns),
    ),
  });
  const explain = (tree: AmountNode, item: WireItem | null) =>
    tree.parts.length === 0
      ? [{ path: [], minor: tree.minor, item }]
      : tree.parts.flatMap((part) => leavesOf(part)).map((leaf) => ({ ...leaf, item }));

  const items = (wire.items ?? []).map((item) => ({
    item,
    tree: node('item', amountOf(item.totalAmount ?? wire.totalAmount, currencyCode, where), item.breakdowns),
  }));
  const itemsFit =
    items.length > 0 &&
    items.reduce((sum, { tree }) => sum + tree.minor, 0n) === total &&
    items.every(({ tree }) => treeMismatches(tree).length === 0);
  if (itemsFit) return items.flatMap(({ item, tree }) => explain(tree, item));

  const tree = node('totalAmount', total, wire.breakdowns);
  const [mismatch] = treeMismatches(tree);
  if (mismatch) throw new ReportRefusal('TOTAL_MISMATCH', `${where}: ${describeMismatch(mismatch, currencyCode)}`);
  return explain(tree, null);
}

function amountOf(
  wire: { currencyAmount: string; currencyCode: string } | undefined,
  currencyCode: string,
  where: string,
): bigint {
  if (wire && wire.currencyCode !== currencyCode) {
    throw new ReportRefusal('CURRENCY_MISMATCH', `${where}: an amount is not in ${currencyCode}, the currency of its total.`); // biome-ignore format: one thought
  }
  const minor = wire ? readJsonAmount(wire.currencyAmount, currencyCode) : null;
  if (minor === null) throw unreadable(`${where}: an amount is missing or is none in ${currencyCode}.`);
  return minor;
}

function quantityOf(item: WireItem | null): number | null {
  const text = item?.contexts?.find((context) => context.quantityShipped != null)?.quantityShipped;
  return text != null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function itemReferences(item: WireItem): Record<string, string> {
  const id = (name: string) =>
    item.relatedIdentifiers?.find((found) => found.itemRelatedIdentifierName === name)?.itemRelatedIdentifierValue;
  return withoutEmpty({ adjustmentId: id('ORDER_ADJUSTMENT_ITEM_ID'), promotionId: id('COUPON_ID') });
}

function withoutEmpty(values: Record<string, string | null | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] != null));
}
