import { CommerceError } from '../../../platform/errors.ts';
import type { DeskRegistration, OrderDesk } from '../port.ts';

/** An order desk that forgets when the process ends. Acknowledges at once. */
export function memoryOrderDesk(now: () => Date = () => new Date()): OrderDesk {
  const registrations = new Map<string, DeskRegistration>();
  const notices = new Set<string>();
  const note = (orderId: string, noticeId: string) => {
    if (!registrations.has(orderId))
      throw new CommerceError('SYSTEM_REJECTED', 'the order desk does not know this order', { orderId });
    notices.add(noticeId);
  };
  return {
    async register(order) {
      const known = registrations.get(order.orderId);
      if (known) return known;
      const registration = { deskNumber: `DESK-${registrations.size + 1}`, acknowledgedAt: now() };
      registrations.set(order.orderId, registration);
      return registration;
    },
    async find(orderId) {
      return registrations.get(orderId) ?? null;
    },
    async confirmShipment({ orderId, noticeId }) {
      note(orderId, noticeId);
    },
    async cancel({ orderId, noticeId }) {
      note(orderId, noticeId);
    },
  };
}
