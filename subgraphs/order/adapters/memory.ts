import { CommerceError } from '../../../platform/errors.ts';
import type { DeskAudit, DeskOrder, DeskRecord, DeskRegistration, OrderDesk } from '../port.ts';

interface MemoryOrder {
  readonly order: DeskOrder;
  readonly registration: DeskRegistration;
  readonly shipped: Map<string, number>;
  readonly cancelled: Map<string, number>;
  readonly returned: Map<string, number>;
}

/** An order desk that forgets when the process ends. Acknowledges at once. */
export function memoryOrderDesk(now: () => Date = () => new Date()): OrderDesk & DeskAudit {
  const orders = new Map<string, MemoryOrder>();
  const notices = new Set<string>();
  const note = (
    { orderId, noticeId, lines }: Parameters<OrderDesk['noteReturn']>[0],
    what: 'shipped' | 'cancelled' | 'returned',
  ) => {
    const order = orders.get(orderId);
    if (!order) throw new CommerceError('SYSTEM_REJECTED', 'the order desk does not know this order', { orderId });
    if (notices.has(noticeId)) return;
    notices.add(noticeId);
    for (const { lineId, quantity } of lines) order[what].set(lineId, (order[what].get(lineId) ?? 0) + quantity);
  };
  return {
    takes: new Set(['SHIPMENT', 'CANCELLATION', 'RETURN']),
    async register(order) {
      const known = orders.get(order.orderId);
      if (known) return known.registration;
      const registration = { deskNumber: `DESK-${orders.size + 1}`, acknowledgedAt: now() };
      orders.set(order.orderId, { order, registration, shipped: new Map(), cancelled: new Map(), returned: new Map() });
      return registration;
    },
    async find(orderId) {
      return orders.get(orderId)?.registration ?? null;
    },
    async confirmShipment(notice) {
      note(notice, 'shipped');
    },
    async cancel(notice) {
      note(notice, 'cancelled');
    },
    async noteReturn(notice) {
      note(notice, 'returned');
    },
    async records(cursor, limit) {
      const begin = Number(cursor ?? 0);
      const page = [...orders.values()].slice(begin, begin + limit);
      return { records: page.map(toRecord), next: begin + limit < orders.size ? String(begin + limit) : null };
    },
    async record(orderId) {
      const order = orders.get(orderId);
      return order ? toRecord(order) : null;
    },
  };
}

function toRecord({ order, registration, shipped, cancelled, returned }: MemoryOrder): DeskRecord {
  return {
    orderId: order.orderId,
    deskNumber: registration.deskNumber,
    lines: order.lines.map(({ lineId, quantity }) => ({
      lineId,
      ordered: quantity,
      shipped: shipped.get(lineId) ?? 0,
      cancelled: cancelled.get(lineId) ?? 0,
      returned: returned.get(lineId) ?? 0,
    })),
  };
}
