import { CommerceError, isCommerceError } from '../../../platform/errors.ts';
import { formatAmount, parseMoney } from '../../../platform/money.ts';
import { type AmazonAddress, type AmazonOrder, type AmazonOrderItem, amazonOrder } from '../../../systems/amazon/orders-wire.ts'; // biome-ignore format: one line
import type { Address } from '../model.ts';
import type { ChannelOrderLine, FetchedOrder } from '../port.ts';
import type { AmazonWords } from './amazon-words.ts';

/** What has no meaning here; the message says what and where, without personal data. */
class Meaningless extends CommerceError {
  constructor(problem: string) {
    super('SYSTEM_BAD_RESPONSE', problem, { system: 'AMAZON', reason: 'unknown word' });
  }
}

/** Pure: an order of Amazon's in our words, or what in it nobody has given a meaning. */
export function readAmazonOrder(words: AmazonWords, raw: unknown): FetchedOrder['reading'] {
  const parsed = amazonOrder.safeParse(raw);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' };
    // Of the standard messages only the kind of a value is told, never the value.
    return {
      kind: 'UNREADABLE',
      problem: `${path.join('.') || 'the order'} is not as expected (${message.slice(0, 80)})`,
    };
  }
  try {
    return toReading(words, parsed.data);
  } catch (error) {
    // Also what money refuses, such as digits that the currency has not.
    if (isCommerceError(error)) return { kind: 'UNREADABLE', problem: error.message };
    throw error;
  }
}

function toReading(words: AmazonWords, order: AmazonOrder): FetchedOrder['reading'] {
  const { fulfillmentStatus, fulfilledBy, fulfillmentServiceLevel } = order.fulfillment;
  const status = meaning(words.statuses, fulfillmentStatus, 'fulfillmentStatus');
  const sender = fulfilledBy ? meaning(words.fulfilledBy, fulfilledBy, 'fulfilledBy') : 'OPEN';
  if (status === 'WAITING' || sender === 'WAITING') return { kind: 'WAITING' };
  const items = order.orderItems;
  if (items.length === 0) throw new Meaningless('orderItems is empty');
  if (new Set(items.map(({ orderItemId }) => orderItemId)).size < items.length)
    throw new Meaningless('two items have the same orderItemId');
  const isCancelled = status === 'CANCELLED';
  const currencyCode = currencyOf(items);
  const lines = items.map((item) => toLine(words, item, isCancelled));
  const isOpen = lines.some(({ quantity, cancelled, sent }) => quantity > cancelled + sent);
  // What is over comes without an address after a while, and what was never paid without a price.
  const given = order.recipient?.deliveryAddress;
  if (isOpen) for (const program of order.programs ?? []) ship(words, program);
  return {
    kind: 'READ',
    order: {
      currencyCode,
      customer: { email: order.buyer?.buyerEmail || null, name: order.buyer?.buyerName || given?.name || null },
      address: given && (isOpen || hasStreet(given)) ? toAddress(given) : noAddress(isOpen),
      serviceLevel: fulfillmentServiceLevel ? meaning(words.methods, fulfillmentServiceLevel, 'fulfillmentServiceLevel') : null, // biome-ignore format: one thought
      lines,
    },
  };
}

function toLine(words: AmazonWords, item: AmazonOrderItem, isCancelled: boolean): ChannelOrderLine {
  const where = `item ${item.orderItemId}`;
  const { ordered, sent, cancelled } = unitsOf(item, isCancelled);
  const by = item.cancellation?.cancellationExecution?.cancelledBy;
  if (!item.product.sellerSku) throw new Meaningless(`${where}: it has no sellerSku`);
  return {
    channelLineId: item.orderItemId,
    sku: item.product.sellerSku,
    quantity: ordered,
    cancelled,
    sent,
    cancelReason: by ? meaning(words.cancelledBy, by, `${where}: cancelledBy`) : 'CUSTOMER_REQUEST',
    unitPrice: unitPrice(item, ordered > cancelled + sent),
  };
}

/**
 * Where the units of an item are. What was ordered, and neither was sent nor is to be, is cancelled.
 * @throws CommerceError SYSTEM_BAD_RESPONSE when they do not add up
 */
export function unitsOf({ orderItemId, quantityOrdered, fulfillment }: AmazonOrderItem, isCancelled = false) {
  const where = `item ${orderItemId}`;
  if (!fulfillment) throw new Meaningless(`${where}: it has no fulfillment`);
  const { quantityFulfilled: sent, quantityUnfulfilled } = fulfillment;
  // An order that is cancelled may still count its units as to be sent.
  const open = isCancelled ? 0 : quantityUnfulfilled;
  const cancelled = quantityOrdered - sent - open;
  if (cancelled < 0 && quantityOrdered > 0)
    throw new Meaningless(`${where}: more units are sent and to be sent than were ordered`);
  if (quantityOrdered === 0 && open > 0) throw new Meaningless(`${where}: it has no units, and some are to be sent`);
  return { ordered: quantityOrdered, sent, cancelled: Math.max(0, cancelled) };
}

/** What one unit is sold for, before discounts: those come with the settlement. */
function unitPrice({ orderItemId, product }: AmazonOrderItem, isOpen: boolean): string {
  const price = product.price?.unitPrice;
  if (!price) {
    if (!isOpen) return '0.00';
    throw new Meaningless(`item ${orderItemId}: it has no unitPrice`);
  }
  // Digits that say nothing, such as those of "5980.00" yen, are left out.
  const plain = /^\d+\.\d*?0+$/.test(price.amount) ? price.amount.replace(/\.?0+$/, '') : price.amount;
  const amount = parseMoney(plain, price.currencyCode);
  if (amount.amountMinor < 0n) throw new Meaningless(`item ${orderItemId}: its price is below zero`);
  return formatAmount(amount);
}

function currencyOf(items: readonly AmazonOrderItem[]): string {
  const all = new Set(items.flatMap(({ product }) => product.price?.unitPrice?.currencyCode ?? []));
  const [currency, ...others] = all;
  if (others.length > 0) throw new Meaningless('its prices are in several currencies');
  if (currency === undefined) throw new Meaningless('none of its items has a price');
  return currency;
}

/** @throws CommerceError when somebody has to look at orders of the program */
function ship(words: AmazonWords, program: string): void {
  if (meaning(words.programs, program, 'programs') === 'ASK')
    throw new Meaningless(`programs: ${program} is ASK in config/amazon.yaml, somebody has to look at its orders`);
}

const streetOf = ({ companyName, addressLine1, addressLine2, addressLine3 }: AmazonAddress) =>
  [companyName, addressLine1, addressLine2, addressLine3].flatMap((line) => line?.trim() || []);
const hasStreet = (given: AmazonAddress) => streetOf(given).length > 0 && Boolean(given.countryCode);

function noAddress(isOpen: boolean): null {
  if (isOpen) throw new Meaningless('recipient.deliveryAddress is missing: the application may lack the role for it');
  return null;
}

function toAddress(given: AmazonAddress): Address {
  const [line1, ...others] = streetOf(given);
  const city = given.city || given.municipality || given.districtOrCounty;
  if (!line1) throw new Meaningless('recipient.deliveryAddress has no line');
  if (!city) throw new Meaningless('recipient.deliveryAddress has no city');
  if (!/^[A-Z]{2}$/.test(given.countryCode ?? '')) throw new Meaningless('recipient.deliveryAddress.countryCode is no country'); // biome-ignore format: one thought
  return {
    name: given.name || null,
    line1,
    line2: others.join(', ') || null,
    city,
    region: given.stateOrRegion || null,
    postalCode: given.postalCode || null,
    countryCode: given.countryCode ?? '',
    phone: given.phone || null,
  };
}

function meaning<Ours>(table: Readonly<Record<string, Ours>>, theirs: string, where: string): Ours {
  const found = Object.hasOwn(table, theirs) ? table[theirs] : undefined;
  if (found !== undefined) return found;
  // A code is told, a text that could be a person's is not.
  const shown = /^[\w -]{1,40}$/.test(theirs) ? `"${theirs}"` : 'its value';
  throw new Meaningless(`${where}: ${shown} is not in config/amazon.yaml`);
}
