import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { VendureClient } from './client.ts';
import { id, minorUnits, moment } from './wire.ts';

const line = z.object({
  id,
  /** Units that are not cancelled. */
  quantity: z.int(),
  /** Units when the order was placed; 0 before. */
  orderPlacedQuantity: z.int(),
  unitPriceWithTax: minorUnits,
  productVariant: z.object({ sku: z.string() }),
  customFields: z.object({ commerceLine: z.string().nullable() }),
});
const fulfillment = z.object({
  id,
  state: z.string(),
  customFields: z.object({ commerceNotice: z.string().nullable() }),
  lines: z.array(z.object({ orderLineId: id, quantity: z.int() })),
});
const order = z.object({
  id,
  code: z.string().min(1),
  state: z.string(),
  /** Null until it is placed. */
  orderPlacedAt: moment.nullable(),
  currencyCode: z.string(),
  customFields: z.object({ commerceReference: z.string().nullable() }),
  customer: z.object({ id }).nullable(),
  shippingAddress: z.object({ countryCode: z.string().nullable() }).nullable(),
  shippingLines: z.array(z.object({ shippingMethod: z.object({ id }).nullable() })),
  lines: z.array(line),
  fulfillments: z.array(fulfillment).nullable(),
  payments: z.array(z.object({ refunds: z.array(z.object({ state: z.string(), total: minorUnits })) })).nullable(),
});

export type VendureOrder = z.output<typeof order>;
export type VendureLine = z.output<typeof line>;

const ORDER = `
  id code state orderPlacedAt currencyCode customFields { commerceReference }
  customer { id } shippingAddress { countryCode } shippingLines { shippingMethod { id } }
  lines { id quantity orderPlacedQuantity unitPriceWithTax productVariant { sku } customFields { commerceLine } }
  fulfillments { id state customFields { commerceNotice } lines { orderLineId quantity } }
  payments { refunds { state total } }`;
const REFUSAL = '... on ErrorResult { errorCode }';
/** Of a mutation nothing is believed but that it was not refused: the order is read again. */
const done = z.unknown();

const found = z.object({ orders: z.object({ totalItems: z.int(), items: z.array(order) }) });

/** The order with our reference, placed or not. @returns null when there is none */
export async function findOrder(vendure: VendureClient, reference: string, call: CallOptions): Promise<VendureOrder | null> {
  const document = `query ($reference: String!) { orders(options: { take: 1, filter: { commerceReference: { eq: $reference } } }) { totalItems items { ${ORDER} } } }`;
  const { orders } = await vendure.read(document, { reference }, found, call);
  const [one] = orders.items;
  // Upper and lower case are the same to some databases.
  return one?.customFields.commerceReference === reference ? one : null;
} // biome-ignore format: one thought

/** Placed orders with a reference of ours, in the order in which they were made. @param skip how many come before */
export async function listOrders(
  vendure: VendureClient,
  { skip, take }: { readonly skip: number; readonly take: number },
  call: CallOptions,
): Promise<{ readonly orders: readonly VendureOrder[]; readonly total: number }> {
  const document = `query ($skip: Int!, $take: Int!) {
    orders(options: { skip: $skip, take: $take, sort: { createdAt: ASC, id: ASC },
                      filter: { commerceReference: { isNull: false }, orderPlacedAt: { isNull: false } } }) { totalItems items { ${ORDER} } }
  }`;
  const { orders } = await vendure.read(document, { skip, take }, found, call);
  return { orders: orders.items, total: orders.totalItems };
}

/** Begins an order under our reference. The reference is unique there: of two at once one fails, with nothing to sell in it. */
export async function beginOrder(vendure: VendureClient, reference: string, call: CallOptions): Promise<void> {
  const made = z.object({ createDraftOrder: z.object({ id }) });
  const { createDraftOrder: draft } = await vendure.write('mutation { createDraftOrder { id } }', {}, made, call);
  const document = 'mutation ($order: ID!, $fields: UpdateOrderCustomFieldsInput!) { setDraftOrderCustomFields(orderId: $order, input: { id: $order, customFields: $fields }) { id } }'; // biome-ignore format: one thought
  await vendure.write(document, { order: draft.id, fields: { commerceReference: reference } }, done, call);
}

/** Ids of variants by SKU; what it does not sell is missing. */
export async function findVariants(vendure: VendureClient, skus: readonly string[], call: CallOptions): Promise<ReadonlyMap<string, string>> {
  const variants = z.object({ productVariants: z.object({ items: z.array(z.object({ id, sku: z.string() })) }) });
  const document = 'query ($skus: [String!]!, $take: Int!) { productVariants(options: { take: $take, filter: { sku: { in: $skus } } }) { items { id sku } } }';
  const ids = new Map<string, string>();
  for (let begin = 0; begin < skus.length; begin += PAGE) {
    const { productVariants } = await vendure.read(document, { skus: skus.slice(begin, begin + PAGE), take: PAGE }, variants, call);
    for (const one of productVariants.items) ids.set(one.sku, one.id);
  }
  return ids;
} // biome-ignore format: one thought

/** Its lists are cut at 1000 unless configured otherwise. */
const PAGE = 500;

export interface NewLine {
  readonly variant: string;
  readonly quantity: number;
  readonly lineId: string;
  /** In minor units, tax included. */
  readonly unitPrice: number;
}

/** Where stock is kept, fewer units than wanted may be added, with an error: read the order again. */
export async function addLine(vendure: VendureClient, order: string, line: NewLine, call: CallOptions): Promise<void> {
  const input = { productVariantId: line.variant, quantity: line.quantity, customFields: { commerceLine: line.lineId, commercePrice: line.unitPrice } }; // biome-ignore format: one thought
  const document = `mutation ($order: ID!, $input: AddItemToDraftOrderInput!) { addItemToDraftOrder(orderId: $order, input: $input) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { order, input }, done, call);
}

export async function setLineQuantity(vendure: VendureClient, order: string, input: { readonly orderLineId: string; readonly quantity: number }, call: CallOptions): Promise<void> {
  const document = `mutation ($order: ID!, $input: AdjustDraftOrderLineInput!) { adjustDraftOrderLine(orderId: $order, input: $input) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { order, input }, done, call);
} // biome-ignore format: one thought

export async function setCustomer(vendure: VendureClient, order: string, customer: string, call: CallOptions): Promise<void> {
  const document = `mutation ($order: ID!, $customer: ID!) { setCustomerForDraftOrder(orderId: $order, customerId: $customer) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { order, customer }, done, call);
} // biome-ignore format: one thought

/** Country and postal area. Its address cannot do without a street: an empty one. */
export async function setAddress(vendure: VendureClient, order: string, input: { readonly countryCode: string; readonly postalCode: string }, call: CallOptions): Promise<void> {
  const document = 'mutation ($order: ID!, $input: CreateAddressInput!) { setDraftOrderShippingAddress(orderId: $order, input: $input) { id } }';
  await vendure.write(document, { order, input: { ...input, streetLine1: '' } }, done, call);
} // biome-ignore format: one thought

export async function setShippingMethod(vendure: VendureClient, order: string, method: string, call: CallOptions): Promise<void> {
  const document = `mutation ($order: ID!, $method: ID!) { setDraftOrderShippingMethod(orderId: $order, shippingMethodId: $method) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { order, method }, done, call);
} // biome-ignore format: one thought

export async function moveOrder(vendure: VendureClient, order: string, state: string, call: CallOptions): Promise<void> {
  const document = `mutation ($order: ID!, $state: String!) { transitionOrderToState(id: $order, state: $state) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { order, state }, done, call);
} // biome-ignore format: one thought

/** Says that the whole order is paid, which places it. Money is not moved. */
export async function notePayment(vendure: VendureClient, input: { readonly orderId: string; readonly method: string; readonly transactionId: string }, call: CallOptions): Promise<void> {
  const document = `mutation ($input: ManualPaymentInput!) { addManualPaymentToOrder(input: $input) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { input: { ...input, metadata: {} } }, done, call);
} // biome-ignore format: one thought

export interface VendureShipment {
  readonly notice: string;
  readonly method: string;
  readonly trackingCode: string;
  readonly lines: readonly { readonly orderLineId: string; readonly quantity: number }[];
}

/** The notice is unique there. */
export async function addFulfillment(vendure: VendureClient, { lines, ...args }: VendureShipment, call: CallOptions): Promise<void> {
  const handler = { code: 'commerce', arguments: Object.entries(args).map(([name, value]) => ({ name, value })) };
  const document = `mutation ($input: FulfillOrderInput!) { addFulfillmentToOrder(input: $input) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { input: { lines, handler } }, done, call);
} // biome-ignore format: one thought

export async function moveFulfillment(vendure: VendureClient, fulfillment: string, state: string, call: CallOptions): Promise<void> {
  const document = `mutation ($fulfillment: ID!, $state: String!) { transitionFulfillmentToState(id: $fulfillment, state: $state) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { fulfillment, state }, done, call);
} // biome-ignore format: one thought

/** All of it or nothing. */
export async function cancelLines(vendure: VendureClient, input: { readonly orderId: string; readonly reason: string; readonly lines: readonly { readonly orderLineId: string; readonly quantity: number }[] }, call: CallOptions): Promise<void> {
  const document = `mutation ($input: CancelOrderInput!) { cancelOrder(input: $input) { __typename ${REFUSAL} } }`;
  await vendure.write(document, { input: { ...input, cancelShipping: false } }, done, call);
} // biome-ignore format: one thought
