import type { ShipmentConfirmation } from '../orders-wire.ts';

/** An order as it is sent, as far as the server knows it. */
export interface OrderJson {
  readonly orderId: string;
  readonly createdTime: string;
  lastUpdatedTime: string;
  programs: string[];
  readonly salesChannel: { readonly channelName: string; readonly marketplaceId: string };
  readonly buyer: { readonly buyerName: string; readonly buyerEmail: string };
  recipient?: { readonly deliveryAddress: Readonly<Record<string, string>> };
  readonly fulfillment: { fulfillmentStatus: string; fulfilledBy: string; readonly fulfillmentServiceLevel: string };
  readonly orderItems: ItemJson[];
  readonly packages: PackageJson[];
}

export interface ItemJson {
  readonly orderItemId: string;
  quantityOrdered: number;
  readonly product: {
    readonly asin: string;
    readonly title: string;
    readonly sellerSku: string;
    price?: { unitPrice: { readonly amount: string; readonly currencyCode: string } };
  };
  cancellation?: { cancellationExecution: { readonly cancelledBy: string } };
  readonly fulfillment: { quantityFulfilled: number; quantityUnfulfilled: number };
}

export interface PackageJson {
  readonly packageReferenceId: string;
  readonly carrier: string;
  readonly shipTime: string;
  readonly trackingNumber: string;
  readonly packageItems: readonly { readonly orderItemId: string; readonly quantity: number }[];
}

/** What the server keeps of one order. */
export interface StoredOrder {
  readonly order: OrderJson;
  /** As it was before its last change: a store that lags tells it so. */
  former: OrderJson | null;
  /** Searches tell it as it was. */
  isStale: boolean;
}

/** The account says no. */
export class AmazonRefusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const MARKETPLACE = 'A1F83G8C2ARO7P';

/** A buyer buys and pays. @param items price of one unit in pounds */
export function buy(
  orders: Map<string, StoredOrder>,
  orderId: string,
  items: readonly { readonly sku: string; readonly quantity: number; readonly price: string; readonly id?: string }[],
  at: Date = new Date(),
): StoredOrder {
  const stored: StoredOrder = {
    order: {
      orderId,
      createdTime: at.toISOString(),
      lastUpdatedTime: at.toISOString(),
      programs: [],
      salesChannel: { channelName: 'AMAZON', marketplaceId: MARKETPLACE },
      buyer: { buyerName: 'Ada Buyer', buyerEmail: 'qx7@marketplace.example' },
      recipient: { deliveryAddress: { name: 'Ada Buyer', addressLine1: '1 High Street', city: 'London', postalCode: 'SW1A 1AA', countryCode: 'GB', phone: '+44 20 7946 0958', addressType: 'RESIDENTIAL' } },
      fulfillment: { fulfillmentStatus: 'UNSHIPPED', fulfilledBy: 'MERCHANT', fulfillmentServiceLevel: 'STANDARD' },
      orderItems: items.map(({ sku, quantity, price, id }, index) => ({
        orderItemId: id ?? `${orderId.replaceAll(/\D/g, '')}${index + 1}`,
        quantityOrdered: quantity,
        product: { asin: 'B08C1W5N87', title: `Goods ${sku}`, sellerSku: sku, price: { unitPrice: { amount: price, currencyCode: 'GBP' } } },
        fulfillment: { quantityFulfilled: 0, quantityUnfulfilled: quantity },
      })),
      packages: [],
    },
    former: null,
    isStale: false,
  };
  orders.set(orderId, stored);
  return stored;
} // biome-ignore format: one order

/** Something about the order changes. */
export function change(stored: StoredOrder, how: (order: OrderJson) => void, at: Date = new Date()): void {
  stored.former = structuredClone(stored.order);
  how(stored.order);
  stored.order.lastUpdatedTime = at.toISOString();
}

/** The buyer or Amazon cancels so many units of an item. */
export function cancel(item: ItemJson, units: number, cancelledBy = 'BUYER'): void {
  item.fulfillment.quantityUnfulfilled -= units;
  item.cancellation = { cancellationExecution: { cancelledBy } };
}

/**
 * The seller confirms a parcel. One with the same name takes the place of the former.
 * @throws AmazonRefusal when an item has fewer units to be sent, or the message is not right; then nothing was confirmed
 */
export function confirm(stored: StoredOrder, { marketplaceId, packageDetail }: ShipmentConfirmation): void {
  const { order } = stored;
  const { packageReferenceId, carrierCode, carrierName, trackingNumber, shipDate, orderItems } = packageDetail;
  const refuse = (message: string) => new AmazonRefusal('InvalidInput', message);
  if (marketplaceId !== order.salesChannel.marketplaceId) throw refuse('another marketplace');
  if (!/^[1-9]\d*$/.test(packageReferenceId)) throw refuse('packageReferenceId is no positive number');
  if (carrierCode === 'Other' && !carrierName) throw refuse('carrierName is required with Other');
  if (!(Date.parse(shipDate) <= Date.now())) throw refuse('shipDate is no moment of the past');
  const former = order.packages.find((one) => one.packageReferenceId === packageReferenceId);
  const unitsIn = (id: string, items: PackageJson['packageItems'] = []) =>
    items.reduce((sum, { orderItemId, quantity }) => (orderItemId === id ? sum + quantity : sum), 0);
  for (const { orderItemId, quantity } of orderItems) {
    const item = order.orderItems.find((one) => one.orderItemId === orderItemId);
    if (!item || quantity < 1) throw refuse('the order has no such item');
    if (unitsIn(orderItemId, orderItems) > item.fulfillment.quantityUnfulfilled + unitsIn(orderItemId, former?.packageItems)) throw refuse('more units than are to be sent');
  }
  change(stored, () => {
    for (const { orderItemId, fulfillment } of order.orderItems) {
      const units = unitsIn(orderItemId, orderItems) - unitsIn(orderItemId, former?.packageItems);
      fulfillment.quantityFulfilled += units;
      fulfillment.quantityUnfulfilled -= units;
    }
    const others = order.packages.filter((one) => one !== former);
    const parcel = { packageReferenceId, carrier: carrierName ?? carrierCode, shipTime: shipDate, trackingNumber, packageItems: orderItems };
    order.packages.splice(0, order.packages.length, ...others, parcel);
    const left = order.orderItems.some(({ fulfillment }) => fulfillment.quantityUnfulfilled > 0);
    order.fulfillment.fulfillmentStatus = left ? 'PARTIALLY_SHIPPED' : 'SHIPPED';
  });
} // biome-ignore format: one thought
