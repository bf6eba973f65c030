import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeskOrder, OrderDesk } from '../../subgraphs/order/port.ts';
import { can, type SystemProfile } from '../../systems/port-map.ts';

const signal = new AbortController().signal;

const order: DeskOrder = {
  orderId: 'ord_1',
  number: '100001',
  channelCode: 'AMAZON',
  channelOrderId: '026-1',
  currencyCode: 'GBP',
  lines: [
    { lineId: 'line-1', sku: '71053', quantity: 5, unitPrice: '3.39' },
    { lineId: 'line-2', sku: '85123A', quantity: 2, unitPrice: '2.55' },
  ],
  destination: { countryCode: 'GB', postalCode: 'N1 1AA' },
};

const EVERYTHING: SystemProfile = { name: 'Complete', kind: 'OMS', serves: { ORDER_INTAKE: {} } };

/** The promises of OrderDesk. Every adapter must keep them; notices that its system cannot take it must refuse. */
export function orderDeskContract(
  name: string,
  start: () => Promise<{ desk: OrderDesk; stop(): Promise<void> }>,
  profile: SystemProfile = EVERYTHING,
): void {
  describe(`OrderDesk: ${name}`, () => {
    let desk: OrderDesk;
    let stop: () => Promise<void>;

    beforeEach(async () => {
      ({ desk, stop } = await start());
    });
    afterEach(() => stop());

    it('registers an order once and says so each time', async () => {
      const first = await desk.register(order, signal);
      expect(first.deskNumber).not.toBe('');
      expect(first.acknowledgedAt).toBeInstanceOf(Date);
      expect(await desk.register(order, signal)).toEqual(first);
      expect(await desk.find('ord_1', signal)).toEqual(first);
    });

    it('says what it is to be told of, as its profile does', () => {
      expect([desk.takes.has('SHIPMENT'), desk.takes.has('CANCELLATION'), desk.takes.has('RETURN')]).toEqual([
        can(profile, 'ORDER_INTAKE', 'SHIPMENT_NOTICES'),
        can(profile, 'ORDER_INTAKE', 'CANCELLATION_NOTICES'),
        can(profile, 'ORDER_INTAKE', 'RETURN_NOTICES'),
      ]);
    });

    it('gives two orders two numbers', async () => {
      const first = await desk.register(order, signal);
      const second = await desk.register({ ...order, orderId: 'ord_2', channelOrderId: '026-2' }, signal);
      expect(second.deskNumber).not.toBe(first.deskNumber);
    });

    it('does not know an order that was never registered', async () => {
      expect(await desk.find('ord_9', signal)).toBeNull();
      const nothing = { noticeId: 'n', orderId: 'ord_9', lines: [{ lineId: 'line-1', quantity: 1, left: 0 }] };
      await expect(desk.confirmShipment({ ...nothing, packages: [] }, signal)).rejects.toMatchObject({
        code: 'SYSTEM_REJECTED',
      });
      await expect(desk.cancel({ ...nothing, reason: 'OTHER' }, signal)).rejects.toMatchObject({
        code: 'SYSTEM_REJECTED',
      });
      await expect(desk.noteReturn(nothing, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
    });

    it('takes the same notice twice as one: all units can still be told of', async () => {
      await desk.register(order, signal);
      const shipment = {
        noticeId: 'shp_1',
        orderId: 'ord_1',
        lines: [{ lineId: 'line-1', quantity: 3 }],
        packages: [{ carrier: 'UPS', trackingNumber: '1Z1' }],
      };
      const rest = { ...shipment, noticeId: 'shp_2', lines: [{ lineId: 'line-1', quantity: 2 }] };
      const shipments = [shipment, shipment, rest];
      if (can(profile, 'ORDER_INTAKE', 'SHIPMENT_NOTICES'))
        for (const one of shipments) await desk.confirmShipment(one, signal); // biome-ignore format: one thought
      else await expect(desk.confirmShipment(shipment, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
      const { packages: _, ...units } = shipment;
      const back = { ...units, noticeId: 'ret_1' };
      const restBack = { ...back, noticeId: 'ret_2', lines: rest.lines };
      const returns = [back, back, restBack];
      if (can(profile, 'ORDER_INTAKE', 'RETURN_NOTICES')) for (const one of returns) await desk.noteReturn(one, signal);
      else await expect(desk.noteReturn(back, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
      const cancellation = {
        noticeId: 'can_1',
        orderId: 'ord_1',
        lines: [{ lineId: 'line-2', quantity: 2, left: 0 }],
        reason: 'CUSTOMER_REQUEST',
      };
      if (!can(profile, 'ORDER_INTAKE', 'CANCELLATION_NOTICES')) {
        await expect(desk.cancel(cancellation, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
        return;
      }
      await desk.cancel(cancellation, signal);
      await desk.cancel(cancellation, signal);
    });
  });
}
