import { CommerceError, isCommerceError } from '../../../platform/errors.ts';
import { formatAmount, parseMoney } from '../../../platform/money.ts';
import { type MiraklLine, type MiraklOrder, miraklOrder } from '../../../systems/mirakl/wire.ts';
import type { ChannelOrderLine, FetchedOrder } from '../port.ts';
import { type MiraklWords, ourReason } from './mirakl-words.ts';

/** What has no meaning here; the message says what and where, without personal data. */
class Meaningless extends CommerceError {
  constructor(problem: string) {
    super('SYSTEM_BAD_RESPONSE', problem, { system: 'MIRAKL', reason: 'unknown word' });
  }
}

/** Pure: an order of Mirakl's in our words, or what in it nobody has given a meaning. */
export function readMiraklOrder(words: MiraklWords, raw: unknown): FetchedOrder['reading'] {
  const parsed = miraklOrder.safeParse(raw);
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

function toReading(words: MiraklWords, order: MiraklOrder): FetchedOrder['reading'] {
  const { currency_iso_code: currencyCode, customer, order_lines: lines } = order;
  if (new Set(lines.map(({ order_line_id }) => order_line_id)).size < lines.length)
    throw new Meaningless('two lines have the same order_line_id');
  const places = new Set(lines.map((line) => placeOf(words, line)));
  if (places.has('WAITING')) return { kind: 'WAITING' };
  if (words.takeOn === 'debit' && (places.has('NEW') || places.has('PAYING'))) return { kind: 'WAITING' };
  if (!words.currencies.includes(currencyCode)) throw unknown(currencyCode, 'currency_iso_code');
  if ((order.order_tax_mode ?? 'TAX_INCLUDED') !== 'TAX_INCLUDED') throw unknown(order.order_tax_mode ?? '', 'order_tax_mode'); // biome-ignore format: one thought
  const address = addressOf(words, order);
  if (address === null && (places.has('NEW') || places.has('PAYING') || places.has('OPEN'))) {
    // It comes with the debit; whoever waits for acceptance waits for us.
    if (!places.has('NEW')) return { kind: 'WAITING' };
    throw new Meaningless(
      'it waits for acceptance and has no address yet: takeOn of config/mirakl.yaml has to be debit',
    );
  }
  return {
    kind: 'READ',
    order: {
      currencyCode,
      customer: { email: order.customer_notification_email ?? null, name: nameOf(customer) },
      address,
      serviceLevel: order.shipping_type_code
        ? meaning(words.methods, order.shipping_type_code, 'shipping_type_code')
        : null,
      lines: lines.map((line) => toLine(words, line, currencyCode)),
    },
  };
}

function toLine(words: MiraklWords, line: MiraklLine, currencyCode: string): ChannelOrderLine {
  const { bought, cancelled } = unitsOf(words, line);
  const code = line.cancelations.find(({ reason_code }) => reason_code)?.reason_code ?? line.order_line_state_reason_code;
  return {
    channelLineId: line.order_line_id,
    sku: line.offer_sku,
    quantity: bought,
    cancelled,
    sent: placeOf(words, line) === 'GONE' ? bought - cancelled : 0,
    cancelReason: ourReason(words, code),
    unitPrice: unitPrice(line, currencyCode),
  };
} // biome-ignore format: one thought

/** @throws CommerceError SYSTEM_BAD_RESPONSE for a state that has no meaning */
export function placeOf(words: MiraklWords, { order_line_id, order_line_state }: MiraklLine) {
  return meaning(words.states, order_line_state, `line ${order_line_id}: order_line_state`);
}

/**
 * The units of a line that were bought, and those of them that are cancelled.
 * @throws CommerceError SYSTEM_BAD_RESPONSE where nobody has said whether its quantity counts the cancelled ones, or they do not add up
 */
export function unitsOf(words: MiraklWords, line: MiraklLine): { readonly bought: number; readonly cancelled: number } {
  const where = `line ${line.order_line_id}`;
  if (line.cancelations.some(({ quantity }) => quantity == null)) throw new Meaningless(`${where}: a cancelation has no quantity`);
  const cancelled = line.cancelations.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0);
  if (placeOf(words, line) === 'CANCELLED') {
    const bought = words.quantityIs === 'left' ? line.quantity + cancelled : Math.max(line.quantity, cancelled);
    return { bought, cancelled: bought };
  }
  if (cancelled > 0 && words.quantityIs === 'undecided')
    throw new Meaningless(`${where}: units of it are cancelled, and quantityIs of config/mirakl.yaml is undecided`);
  const bought = words.quantityIs === 'left' ? line.quantity + cancelled : line.quantity;
  if (bought < 1 || cancelled > bought) throw new Meaningless(`${where}: its units do not add up`);
  return { bought, cancelled };
} // biome-ignore format: one thought

/** Sum of what went back to the buyer of a line, in the currency's smallest unit. */
export function refundedOf({ refunds }: MiraklLine, currencyCode: string): bigint {
  return refunds.reduce((sum, { amount }) => sum + parseMoney(amount ?? '0', currencyCode).amountMinor, 0n);
}

function unitPrice({ order_line_id, price, price_unit, quantity, cancelations }: MiraklLine, currencyCode: string) {
  const [all, one] = [parseMoney(price, currencyCode), parseMoney(price_unit, currencyCode)];
  if (one.amountMinor < 0n) throw new Meaningless(`line ${order_line_id}: the price is below zero`);
  if (cancelations.length === 0 && all.amountMinor !== one.amountMinor * BigInt(quantity))
    throw new Meaningless(`line ${order_line_id}: price is not price_unit times quantity`);
  return formatAmount(one);
}

function addressOf(words: MiraklWords, { customer }: MiraklOrder) {
  const at = customer?.shipping_address;
  if (!at) return null;
  return {
    name: nameOf(at) ?? nameOf(customer),
    line1: at.street_1,
    line2: at.street_2 || null,
    city: at.city,
    region: at.state || null,
    postalCode: at.zip_code ?? null,
    countryCode: meaning(words.countries, at.country_iso_code, 'customer.shipping_address.country_iso_code'),
    phone: at.phone || null,
  };
}

type Named = { readonly firstname?: string | null | undefined; readonly lastname?: string | null | undefined } | null | undefined; // biome-ignore format: one line

function nameOf(person: Named): string | null {
  return [person?.firstname, person?.lastname].filter(Boolean).join(' ') || null;
}

function meaning<Ours>(table: Readonly<Record<string, Ours>>, theirs: string, where: string): Ours {
  const found = Object.hasOwn(table, theirs) ? table[theirs] : undefined;
  if (found === undefined) throw unknown(theirs, where);
  return found;
}

/** A code is told, a text that could be a person's is not. */
function unknown(word: string, where: string): Meaningless {
  const shown = /^[\w -]{1,40}$/.test(word) ? `"${word}"` : 'its value';
  return new Meaningless(`${where}: ${shown} is not in config/mirakl.yaml`);
}
