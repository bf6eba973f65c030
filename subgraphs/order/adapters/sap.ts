import { CommerceError } from '../../../platform/errors.ts';
import type { SapClient } from '../../../systems/sap/client.ts';
import { changeItem, createOrder, findOrders, type NewSapOrder, removeOrder, type SapOrder } from '../../../systems/sap/orders.ts'; // biome-ignore format: one thought
import type { DeskOrder, DeskRegistration, OrderDesk } from '../port.ts';

/** What the retailer's SAP calls things, from config/systems.yaml. */
export interface SapOrderTerms {
  readonly orderType: string;
  readonly salesOrganization: string;
  readonly distributionChannel: string;
  readonly division: string;
  /** Numbers of customers by channel; `default` for all others. */
  readonly soldTo: Readonly<Record<string, string>>;
  /** Condition type by which a price is given by hand. */
  readonly priceCondition: string;
  /** Reason for rejection of what is cancelled. */
  readonly rejection: string;
}

/**
 * SAP as order desk: an order is a sales order, a line an item. SAP takes the same request twice as two orders; our id is the
 * customer's reference, which is looked for first. Where an answer was lost while SAP was still writing, two may come of it: the
 * first number stays, the others are taken away. One request of an order is under way at a time, the workflow sees to that.
 */
export function sapOrderDesk(sap: SapClient, terms: SapOrderTerms): OrderDesk {
  const known = (orderId: string, signal: AbortSignal) => findOrders(sap, terms.salesOrganization, orderId, { signal });

  /** The one that stays, when there is any. */
  async function only(orderId: string, signal: AbortSignal): Promise<SapOrder | null> {
    const [first, ...others] = await known(orderId, signal);
    for (const one of others) await removeOrder(sap, one, { signal });
    return first ?? null;
  }

  async function find(orderId: string, signal: AbortSignal): Promise<DeskRegistration | null> {
    const [first] = await known(orderId, signal);
    return first ? toRegistration(first) : null;
  }

  return {
    takes: new Set(['CANCELLATION']),
    find,
    async register(order, signal) {
      const before = await only(order.orderId, signal);
      if (before) return toRegistration(before);
      await createOrder(sap, toSap(order, terms), { signal });
      const registered = await only(order.orderId, signal);
      // Its own search may come later than its writing: it is asked again, and not written to again, because it is found then.
      if (!registered)
        throw new CommerceError('SYSTEM_PENDING', 'SAP took the order and does not show it yet', { orderId: order.orderId }); // biome-ignore format: one thought
      return toRegistration(registered);
    },
    async confirmShipment({ orderId }) {
      throw refused('SAP is not told of shipments by this adapter: see its profile', orderId);
    },
    async noteReturn({ orderId }) {
      throw refused('SAP is not told of returns by this adapter: see its profile', orderId);
    },
    async cancel({ orderId, lines }, signal) {
      const [order] = await known(orderId, signal);
      if (!order) throw refused('SAP does not know this order', orderId);
      for (const { lineId, left } of lines) {
        const item = order.to_Item.find((one) => one.PurchaseOrderByCustomer === lineId);
        if (!item) throw refused('SAP does not know a line of this order', orderId);
        if (left === 0 && item.SalesDocumentRjcnReason === '')
          await changeItem(sap, order.SalesOrder, item, { SalesDocumentRjcnReason: terms.rejection }, { signal });
        // Only ever fewer: a notice that comes late, or twice, finds what a later one made of it.
        else if (left > 0 && left < Number(item.RequestedQuantity))
          await changeItem(sap, order.SalesOrder, item, { RequestedQuantity: String(left) }, { signal });
      }
    },
  };
}

function toSap(order: DeskOrder, terms: SapOrderTerms): NewSapOrder {
  return {
    SalesOrderType: terms.orderType,
    SalesOrganization: terms.salesOrganization,
    DistributionChannel: terms.distributionChannel,
    OrganizationDivision: terms.division,
    SoldToParty: terms.soldTo[order.channelCode] ?? terms.soldTo.default ?? '',
    PurchaseOrderByCustomer: order.orderId,
    TransactionCurrency: order.currencyCode,
    to_Item: order.lines.map(({ lineId, sku, quantity, unitPrice }, index) => ({
      SalesOrderItem: String((index + 1) * 10),
      Material: sku,
      RequestedQuantity: String(quantity),
      PurchaseOrderByCustomer: lineId,
      to_PricingElement: [
        { ConditionType: terms.priceCondition, ConditionRateValue: unitPrice, ConditionCurrency: order.currencyCode, ConditionQuantity: '1' },
      ],
    })),
  }; // biome-ignore format: one thought
}

/** It has a number as soon as it is there. SAP keeps the day of its making only: the moment is that of its last change. */
function toRegistration({ SalesOrder, LastChangeDateTime }: SapOrder): DeskRegistration {
  return { deskNumber: SalesOrder, acknowledgedAt: LastChangeDateTime };
}

function refused(message: string, orderId: string): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', message, { system: 'SAP S/4HANA', orderId });
}
