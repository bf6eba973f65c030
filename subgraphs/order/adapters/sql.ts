import { CommerceError } from '../../../platform/errors.ts';
import type { SqlClient } from '../../../systems/sql/client.ts';
import type { Intake, OrderTarget, SqlMapping } from '../../../systems/sql/mapping.ts';
import { findOrder, type Handed, handOver } from '../../../systems/sql/orders.ts';
import { momentOf } from '../../../systems/sql/values.ts';
import type { CancellationNotice, DeskRegistration, OrderDesk, ShipmentNotice } from '../port.ts';

/** A database that takes orders through tables or procedures of entry, as its mapping says. */
export function sqlOrderDesk(
  sql: SqlClient,
  orders: OrderTarget,
  { timeZone }: Pick<SqlMapping, 'timeZone'>,
): OrderDesk {
  async function find(orderId: string, signal: AbortSignal): Promise<DeskRegistration | null> {
    const found = await findOrder(sql, orders, orderId, { signal });
    if (!found) return null;
    // Without a number of its own it has not been taken yet.
    const acknowledgedAt = found.number === null ? null : momentOf(found.taken, timeZone);
    return { deskNumber: found.number ?? orderId, acknowledgedAt };
  }

  async function tell(
    intake: Intake | null,
    notice: ShipmentNotice | CancellationNotice,
    more: Handed,
    signal: AbortSignal,
  ): Promise<void> {
    const { noticeId, orderId } = notice;
    if (!intake) throw refused('the mapping of the database names nothing that takes such notices', orderId);
    if ((await find(orderId, signal)) === null) throw refused('the database does not know this order', orderId);
    const lines = notice.lines.map(({ lineId, quantity }) => ({ line: lineId, quantity }));
    await handOver(sql, intake, { notice: noticeId, reference: orderId, ...more }, lines, { signal });
  }

  return {
    takes: new Set([
      ...(orders.shipment ? (['SHIPMENT'] as const) : []),
      ...(orders.cancellation ? (['CANCELLATION'] as const) : []),
    ]),
    find,
    async register(order, signal) {
      const known = await find(order.orderId, signal);
      if (known) return known;
      const head = {
        reference: order.orderId,
        number: order.number,
        channel: order.channelCode,
        channelReference: order.channelOrderId,
        currency: order.currencyCode,
        country: order.destination?.countryCode ?? null,
        postalCode: order.destination?.postalCode ?? null,
      };
      const lines = order.lines.map(({ lineId, sku, quantity, unitPrice }) => ({ line: lineId, sku, quantity, price: unitPrice })); // biome-ignore format: one thought
      await handOver(sql, orders.register, head, lines, { signal });
      // A table of entry may be read by its system later than by us: it has the order all the same.
      return (await find(order.orderId, signal)) ?? { deskNumber: order.orderId, acknowledgedAt: null };
    },
    confirmShipment: (notice, signal) => tell(orders.shipment, notice, { packages: JSON.stringify(notice.packages) }, signal), // biome-ignore format: one thought
    async noteReturn({ orderId }) {
      throw refused('a database is not told of returns: its mapping has nothing that takes them', orderId);
    },
    cancel: (notice, signal) => tell(orders.cancellation, notice, { reason: notice.reason }, signal),
  };
}

function refused(message: string, orderId: string): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', message, { orderId });
}
