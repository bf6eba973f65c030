import { parseMoney } from '../../../platform/money.ts';
import type { OrderPlaceRefusal } from '../errors.ts';
import type { Address, DeliveryMethod } from '../model.ts';
import type { RequestedLine } from '../pricing.ts';

/** The GraphQL input, as graphql-js hands it over: shapes and scalars are checked, rules are not. */
export interface OrderPlaceInput {
  readonly idempotencyKey: string;
  readonly channelOrderId?: string | null;
  readonly reservationId?: string | null;
  readonly currencyCode: string;
  readonly customer?: {
    readonly customerId?: string | null;
    readonly email?: string | null;
    readonly name?: string | null;
  } | null;
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly unitPrice?: MoneyInput | null;
    readonly channelLineId?: string | null;
  }[];
  readonly delivery: {
    readonly method: DeliveryMethod;
    readonly address?: Address | null;
    readonly locationId?: string | null;
    readonly serviceLevel?: string | null;
  };
  readonly payment?: { readonly reference: string; readonly provider: string; readonly authorized: MoneyInput } | null;
  readonly allowBackorder?: boolean | null;
  readonly purchaseOrderNumber?: string | null;
}

interface MoneyInput {
  readonly amount: string;
  readonly currencyCode: string;
}

/** Most lines one order may have. The largest real order seen has 593. */
export const MAX_LINES = 1_000;

/** Most units one line may have. */
export const MAX_UNITS = 1_000_000;

const MAX_TEXT = 200;

/** Rules that need no look-up. Every broken one is reported, not only the first. */
export function checkPlaceInput(input: OrderPlaceInput): OrderPlaceRefusal[] {
  return [...checkLines(input), ...checkDelivery(input), ...checkTexts(input)];
}

export function requestedLines(input: OrderPlaceInput): RequestedLine[] {
  return input.lines.map((line) => ({
    sku: line.sku,
    quantity: line.quantity,
    unitPrice: line.unitPrice ? parseMoney(line.unitPrice.amount, line.unitPrice.currencyCode) : null,
    channelLineId: line.channelLineId ?? null,
  }));
}

function checkLines(input: OrderPlaceInput): OrderPlaceRefusal[] {
  if (input.lines.length === 0 || input.lines.length > MAX_LINES) {
    return [{ code: 'INVALID_QUANTITY', field: ['input', 'lines'], message: `An order has 1 to ${MAX_LINES} lines.` }];
  }
  return input.lines.flatMap((line, index) =>
    line.quantity >= 1 && line.quantity <= MAX_UNITS
      ? []
      : [
          {
            code: 'INVALID_QUANTITY' as const,
            sku: line.sku,
            field: ['input', 'lines', String(index), 'quantity'],
            message: `quantity must be between 1 and ${MAX_UNITS}.`,
          },
        ],
  );
}

function checkDelivery({ delivery }: OrderPlaceInput): OrderPlaceRefusal[] {
  const refuse = (field: readonly string[], message: string): OrderPlaceRefusal[] => [
    { code: 'INVALID_ADDRESS', field: ['input', 'delivery', ...field], message },
  ];
  if (delivery.method === 'SHIPPING' || delivery.method === 'LOCAL_DELIVERY') {
    const { address } = delivery;
    if (!address) return refuse(['address'], `${delivery.method} needs an address.`);
    return checkAddress(address).flatMap(({ part, message }) => refuse(['address', part], message));
  }
  return delivery.locationId ? [] : refuse(['locationId'], `${delivery.method} needs the locationId of the store.`);
}

/** What is wrong with a delivery address; the scalars of its parts are checked. Empty when nothing is. */
export function checkAddress(address: Address): { readonly part: string; readonly message: string }[] {
  if (address.line1.trim() === '') return [{ part: 'line1', message: 'line1 must not be empty.' }];
  if (address.city.trim() === '') return [{ part: 'city', message: 'city must not be empty.' }];
  if (!/^[A-Z]{2}$/.test(address.countryCode))
    return [{ part: 'countryCode', message: 'countryCode must be two capital letters such as GB.' }];
  return Object.entries(address).flatMap(([part, text]) =>
    typeof text === 'string' && !isPlainText(text)
      ? [{ part, message: `${part} must be at most ${MAX_TEXT} characters without control characters.` }]
      : [],
  );
}

function checkTexts(input: OrderPlaceInput): OrderPlaceRefusal[] {
  const texts: NamedText[] = [
    [['channelOrderId'], input.channelOrderId],
    [['purchaseOrderNumber'], input.purchaseOrderNumber],
    [['customer', 'customerId'], input.customer?.customerId],
    [['customer', 'email'], input.customer?.email],
    [['customer', 'name'], input.customer?.name],
    [['delivery', 'serviceLevel'], input.delivery.serviceLevel],
    ...paymentTexts(input.payment),
    ...input.lines.map((line, index): NamedText => [['lines', String(index), 'channelLineId'], line.channelLineId]),
  ];
  const wrong = wrongTexts(texts);
  if (input.channelOrderId === '')
    wrong.push({ field: ['input', 'channelOrderId'], message: 'channelOrderId must not be empty. Leave it out, or null, when there is none.' }); // biome-ignore format: one thought
  return wrong.map((one) => ({ code: 'INVALID_ADDRESS', ...one }));
}

type NamedText = readonly [field: readonly string[], text: string | null | undefined];

function paymentTexts(payment: OrderPlaceInput['payment']): NamedText[] {
  return [
    [['payment', 'reference'], payment?.reference],
    [['payment', 'provider'], payment?.provider],
  ];
}

/** Texts of a payment that cannot be kept. Empty when it is all right. */
export function checkPaymentTexts(payment: NonNullable<OrderPlaceInput['payment']>) {
  return wrongTexts(paymentTexts(payment));
}

function wrongTexts(texts: readonly NamedText[]): { readonly field: readonly string[]; readonly message: string }[] {
  return texts.flatMap(([field, text]) =>
    text == null || isPlainText(text)
      ? []
      : [
          {
            field: ['input', ...field],
            message: `${field.at(-1)} must be at most ${MAX_TEXT} characters without control characters.`,
          },
        ],
  );
}

/** No control characters (they would break papers, logs and partner files) and not endless. */
function isPlainText(text: string): boolean {
  return text.length <= MAX_TEXT && !/\p{Cc}/u.test(text);
}
