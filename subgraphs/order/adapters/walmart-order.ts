import { CommerceError, isCommerceError } from '../../../platform/errors.ts';
import { formatAmount, money, parseMoney } from '../../../platform/money.ts';
import { type WalmartOrder, type WalmartOrderLine, walmartOrder } from '../../../systems/walmart/wire.ts';
import type { ChannelOrderLine, FetchedOrder } from '../port.ts';
import { ourReason, type WalmartWords } from './walmart-words.ts';

/** What has no meaning here; the message says what and where, without personal data. */
class Meaningless extends CommerceError {
  constructor(problem: string) {
    super('SYSTEM_BAD_RESPONSE', problem, { system: 'WALMART', reason: 'unknown word' });
  }
}

/** Pure: an order of Walmart's in our words, or what in it nobody has given a meaning. */
export function readWalmartOrder(words: WalmartWords, raw: unknown): FetchedOrder['reading'] {
  const parsed = walmartOrder.safeParse(raw);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' };
    // Of the standard messages only the kind of a value is told, never the value.
    return {
      kind: 'UNREADABLE',
      problem: `${path.join('.') || 'the order'} is not as expected (${message.slice(0, 80)})`,
    };
  }
  try {
    return { kind: 'READ', order: toOrder(words, parsed.data) };
  } catch (error) {
    // Also what money refuses, such as digits that the currency has not.
    if (isCommerceError(error)) return { kind: 'UNREADABLE', problem: error.message };
    throw error;
  }
}

function toOrder(words: WalmartWords, { customerEmailId, shippingInfo, orderLines }: WalmartOrder) {
  const { postalAddress, methodCode, phone } = shippingInfo;
  const lines = orderLines.orderLine;
  if (lines.length === 0) throw new Meaningless('orderLines is empty');
  if (new Set(lines.map(({ lineNumber }) => lineNumber)).size < lines.length)
    throw new Meaningless('two lines have the same lineNumber');
  return {
    currencyCode: currencyOf(words, lines),
    customer: { email: customerEmailId ?? null, name: postalAddress.name ?? null },
    address: {
      name: postalAddress.name ?? null,
      line1: postalAddress.address1,
      line2: postalAddress.address2 ?? null,
      city: postalAddress.city,
      region: postalAddress.state ?? null,
      postalCode: postalAddress.postalCode ?? null,
      countryCode: meaning(words.countries, postalAddress.country, 'shippingInfo.postalAddress.country'),
      phone: phone ?? null,
    },
    serviceLevel: meaning(words.methods, methodCode, 'shippingInfo.methodCode'),
    lines: lines.map((line) => toLine(words, line)),
  };
}

function toLine(words: WalmartWords, line: WalmartOrderLine): ChannelOrderLine {
  const { ordered, at } = unitsOf(words, line);
  const statuses = line.orderLineStatuses.orderLineStatus;
  const reason = statuses.find(({ status }) => words.statuses[status] === 'CANCELLED')?.cancellationReason;
  return {
    channelLineId: line.lineNumber,
    sku: line.item.sku,
    quantity: ordered,
    cancelled: at.CANCELLED,
    sent: at.GONE,
    cancelReason: ourReason(words, reason),
    unitPrice: unitPrice(words, line, ordered),
  };
}

/**
 * Where the units of a line are.
 * @throws CommerceError SYSTEM_BAD_RESPONSE for an unknown status or unit, or when they do not add up
 */
export function unitsOf(words: WalmartWords, line: WalmartOrderLine) {
  const where = `line ${line.lineNumber}`;
  const pieces = ({ unitOfMeasurement, amount }: WalmartOrderLine['orderLineQuantity']) => {
    if (!words.pieces.includes(unitOfMeasurement)) throw unknown(unitOfMeasurement, `${where}: unitOfMeasurement`);
    return amount;
  };
  const ordered = pieces(line.orderLineQuantity);
  const at = { NEW: 0, OPEN: 0, GONE: 0, CANCELLED: 0 };
  for (const { status, statusQuantity } of line.orderLineStatuses.orderLineStatus)
    at[meaning(words.statuses, status, `${where}: status`)] += pieces(statusQuantity);
  if (ordered < 1 || at.NEW + at.OPEN + at.GONE + at.CANCELLED !== ordered)
    throw new Meaningless(`${where}: the units of its statuses do not add up to its quantity`);
  return { ordered, at };
}

/** Sum of what went back to the buyer of a line, as a positive decimal. */
export function refundedOf({ refund }: WalmartOrderLine, currencyCode: string): bigint {
  const charges = refund?.refundCharges?.refundCharge ?? [];
  return charges.reduce(
    (sum, { charge }) => sum - parseMoney(charge.chargeAmount.amount, currencyCode).amountMinor,
    0n,
  );
}

function unitPrice(words: WalmartWords, line: WalmartOrderLine, quantity: number): string {
  const where = `line ${line.lineNumber}`;
  // Discounts of the goods come as charges of their own, below zero.
  const goods = line.charges.charge.filter(({ chargeType }) => chargeType === 'PRODUCT');
  const [first] = goods;
  if (!first) throw new Meaningless(`${where}: no charge of type PRODUCT`);
  const { currency } = first.chargeAmount;
  const sum = goods.reduce(
    (total, { chargeAmount }) => total + parseMoney(chargeAmount.amount, currency).amountMinor,
    0n,
  );
  if (sum < 0n) throw new Meaningless(`${where}: the price is below zero`);
  if (quantity === 1 || words.itemPriceOf === 'unit') return formatAmount(money(sum, currency));
  if (words.itemPriceOf === 'undecided')
    throw new Meaningless(`${where}: it has several units, and itemPriceOf of config/walmart.yaml is undecided`);
  if (sum % BigInt(quantity) !== 0n) throw new Meaningless(`${where}: its price is no whole cents for each unit`);
  return formatAmount(money(sum / BigInt(quantity), currency));
}

function currencyOf(words: WalmartWords, lines: readonly WalmartOrderLine[]): string {
  const all = new Set(lines.flatMap(({ charges }) => charges.charge.map(({ chargeAmount }) => chargeAmount.currency)));
  const [currency = '', ...others] = all;
  if (others.length > 0) throw new Meaningless('its charges are in several currencies');
  if (!words.currencies.includes(currency)) throw unknown(currency, 'currency');
  return currency;
}

function meaning<Ours>(table: Readonly<Record<string, Ours>>, theirs: string, where: string): Ours {
  const found = Object.hasOwn(table, theirs) ? table[theirs] : undefined;
  if (found === undefined) throw unknown(theirs, where);
  return found;
}

/** A code is told, a text that could be a person's is not. */
function unknown(word: string, where: string): Meaningless {
  const shown = /^[\w -]{1,40}$/.test(word) ? `"${word}"` : 'its value';
  return new Meaningless(`${where}: ${shown} is not in config/walmart.yaml`);
}
