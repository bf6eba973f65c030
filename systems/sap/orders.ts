import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { SapClient } from './client.ts';
import { decimal, moment, quoted, several } from './wire.ts';

const SERVICE = 'API_SALES_ORDER_SRV';

const item = z.object({
  SalesOrderItem: z.string(),
  /** Our line. */
  PurchaseOrderByCustomer: z.string(),
  RequestedQuantity: decimal,
  SalesDocumentRjcnReason: z.string(),
});
const order = z.object({
  __metadata: z.object({ etag: z.string() }),
  SalesOrder: z.string().min(1),
  LastChangeDateTime: moment.nullable(),
  to_Item: several(item),
});

export type SapOrder = z.output<typeof order>;
export type SapOrderItem = z.output<typeof item>;

/** What a sales order is made of. Quantities and amounts are decimal texts. */
export interface NewSapOrder {
  readonly SalesOrderType: string;
  readonly SalesOrganization: string;
  readonly DistributionChannel: string;
  readonly OrganizationDivision: string;
  readonly SoldToParty: string;
  /** Our id, by which it is found again: SAP does not know a request that it gets twice. */
  readonly PurchaseOrderByCustomer: string;
  readonly TransactionCurrency: string;
  readonly to_Item: readonly {
    readonly SalesOrderItem: string;
    readonly Material: string;
    readonly RequestedQuantity: string;
    readonly PurchaseOrderByCustomer: string;
    readonly to_PricingElement: readonly {
      readonly ConditionType: string;
      readonly ConditionRateValue: string;
      readonly ConditionCurrency: string;
      readonly ConditionQuantity: string;
    }[];
  }[];
}

/** Orders of a customer's reference, the first number first. */
export async function findOrders(
  sap: SapClient,
  salesOrganization: string,
  reference: string,
  call: CallOptions,
): Promise<SapOrder[]> {
  const query = {
    filter: `PurchaseOrderByCustomer eq ${quoted(reference)} and SalesOrganization eq ${quoted(salesOrganization)}`,
    select: 'SalesOrder,LastChangeDateTime,to_Item/SalesOrderItem,to_Item/PurchaseOrderByCustomer,to_Item/RequestedQuantity,to_Item/SalesDocumentRjcnReason',
    expand: 'to_Item',
    orderby: 'SalesOrder',
  }; // biome-ignore format: one thought
  const orders: SapOrder[] = [];
  for await (const page of sap.all(`/${SERVICE}/A_SalesOrder`, query, order, call)) orders.push(...page);
  return orders;
}

export async function createOrder(sap: SapClient, fresh: NewSapOrder, call: CallOptions): Promise<void> {
  await sap.create(SERVICE, 'A_SalesOrder', fresh, z.object({ SalesOrder: z.string().min(1) }), call);
}

/** Takes away an order that nobody changed since it was read. @throws CommerceError SYSTEM_REJECTED with status 412 when somebody did */
export function removeOrder(sap: SapClient, { SalesOrder, __metadata }: SapOrder, call: CallOptions): Promise<void> {
  return sap.remove(SERVICE, `A_SalesOrder(${quoted(SalesOrder)})`, __metadata.etag, call);
}

/** Sets how many pieces of an item are wanted, or the reason why it is rejected. Items have no ETag: the values are whole, whoever sets them. */
export function changeItem(
  sap: SapClient,
  salesOrder: string,
  { SalesOrderItem }: SapOrderItem,
  change: { readonly RequestedQuantity: string } | { readonly SalesDocumentRjcnReason: string },
  call: CallOptions,
): Promise<void> {
  const entity = `A_SalesOrderItem(SalesOrder=${quoted(salesOrder)},SalesOrderItem=${quoted(SalesOrderItem)})`;
  return sap.change(SERVICE, entity, null, change, call);
}
