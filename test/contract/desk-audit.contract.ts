import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeskAudit, DeskRecord, OrderDesk } from '../../subgraphs/order/port.ts';
import { can, type SystemProfile } from '../../systems/port-map.ts';

const { signal } = new AbortController();
const ORDERS = ['ord_1', 'ord_2', 'ord_3', 'ord_4'];

export interface StartedDeskAudit {
  readonly audit: DeskAudit;
  readonly desk: OrderDesk;
  /** A marketplace leaves an order of 5 × 71053 and 2 × 85123A at the desk, to be imported. Left out where none can. */
  readonly leave?: (channelOrderId: string) => Promise<unknown>;
  stop(): Promise<void>;
}

/** The promises of DeskAudit. */
export function deskAuditContract(
  name: string,
  start: () => Promise<StartedDeskAudit>,
  profile: SystemProfile = { name: 'Complete', kind: 'OMS', serves: { ORDER_INTAKE: {} } },
): void {
  describe(`DeskAudit: ${name}`, () => {
    const saysReturns = can(profile, 'ORDER_INTAKE', 'RETURN_NOTICES');
    let started: StartedDeskAudit;
    const numbers = new Map<string, string>();

    beforeAll(async () => {
      started = await start();
      const { desk, leave } = started;
      // The first is nobody's yet, the second is imported as the fourth order.
      await leave?.('026-1');
      await leave?.('026-4');
      for (const orderId of ORDERS) {
        const imported = orderId === 'ord_4';
        const lines = [
          { lineId: `${orderId}-1`, sku: '71053', quantity: 5, unitPrice: '3.39' },
          { lineId: `${orderId}-2`, sku: '85123A', quantity: 2, unitPrice: '2.55' },
        ];
        const order = {
          orderId,
          number: orderId,
          channelCode: imported ? 'AMAZON' : 'WEB',
          channelOrderId: imported ? '026-4' : null,
          currencyCode: 'GBP',
        };
        numbers.set(orderId, (await desk.register({ ...order, lines, destination: null }, signal)).deskNumber);
      }
      const shipment = { noticeId: 'n-1', orderId: 'ord_2', lines: [{ lineId: 'ord_2-1', quantity: 2 }], packages: [] };
      const cancellation = { noticeId: 'n-2', orderId: 'ord_2', lines: [{ lineId: 'ord_2-2', quantity: 1, left: 1 }], reason: 'OTHER' }; // biome-ignore format: one thought
      for (let time = 1; time <= 2; time += 1) {
        await desk.confirmShipment(shipment, signal);
        await desk.cancel(cancellation, signal);
        if (saysReturns) await desk.noteReturn({ noticeId: 'n-3', orderId: 'ord_2', lines: [{ lineId: 'ord_2-1', quantity: 1 }] }, signal); // biome-ignore format: one thought
      }
    });
    afterAll(() => started.stop());

    it.each([1, 2, 500])('has every order that we registered as it is now, in pages of %i', async (limit) => {
      const records = new Map<string, Omit<DeskRecord, 'refunded'> & { refunded: undefined }>();
      let count = 0;
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: Awaited<ReturnType<DeskAudit['records']>> = await started.audit.records(cursor ?? null, limit, signal);
        expect(page.records.length).toBeLessThanOrEqual(limit);
        for (const record of page.records) {
          expect(record.refunded?.amountMinor ?? 0n).toBe(0n);
          records.set(record.orderId, { ...record, refunded: undefined });
        }
        count += page.records.length;
        cursor = page.next;
      } // biome-ignore format: one thought
      expect(count).toBe(ORDERS.length); // nothing changed meanwhile
      const cameBack = (units: number) => (saysReturns ? { returned: units } : {});
      const lines = (orderId: string, [shipped, cancelled, returned]: readonly [number, number, number]) => [
        { lineId: `${orderId}-1`, ordered: 5, shipped, cancelled: 0, ...cameBack(returned) },
        { lineId: `${orderId}-2`, ordered: 2, shipped: 0, cancelled, ...cameBack(0) },
      ];
      const told = (orderId: string, units: readonly [number, number, number]) => ({ orderId, deskNumber: numbers.get(orderId), lines: lines(orderId, units) }); // biome-ignore format: one thought
      expect(records).toEqual(
        new Map([
          ['ord_1', told('ord_1', [0, 0, 0])],
          ['ord_2', told('ord_2', [2, 1, 1])],
          ['ord_3', told('ord_3', [0, 0, 0])],
          ['ord_4', told('ord_4', [0, 0, 0])],
        ]),
      );
    });

    it('knows the orders that were registered, and no other', async () => {
      expect(await started.audit.record('ord_2', signal)).toMatchObject({ orderId: 'ord_2', lines: [{ ordered: 5, shipped: 2 }, { cancelled: 1 }] }); // biome-ignore format: one thought
      expect(await started.audit.record('ord_9', signal)).toBeNull();
    });
  });
}
