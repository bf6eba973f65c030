import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelNotice, ChannelSystem, NoticeLine } from '../../subgraphs/order/port.ts';

const { signal } = new AbortController();

/** What the channel itself keeps of an order: units by line. */
export interface ChannelRecord {
  readonly acknowledged: boolean;
  readonly answers: readonly string[];
  readonly lines: readonly { readonly line: string; readonly shipped: number; readonly cancelled: number }[];
}

/** The promises of ChannelSystem. `recordOf` looks into the channel's own books. */
export function channelSystemContract(
  name: string,
  start: () => Promise<{
    channel: ChannelSystem;
    recordOf(channelOrderId: string): Promise<ChannelRecord>;
    stop(): Promise<void>;
  }>,
): void {
  describe(`ChannelSystem: ${name}`, () => {
    let world: Awaited<ReturnType<typeof start>>;
    let orders = 0;
    let channelOrderId: string;

    beforeAll(async () => {
      world = await start();
    });
    afterAll(() => world.stop());

    const begin = () => {
      channelOrderId = `026-${++orders}`;
    };
    const line = (quantity: number, lineId = 'line-1'): NoticeLine => ({
      lineId,
      channelLineId: `their-${lineId}`,
      sku: '71053',
      ordered: 5,
      quantity,
    });
    const head = (step: string) => ({
      noticeId: `${channelOrderId}:${step}`,
      channelCode: 'AMAZON',
      orderId: `ord_${orders}`,
      orderNumber: '100001',
      channelOrderId,
    });
    const acknowledgement = (): ChannelNotice => ({
      ...head('acknowledge'),
      kind: 'ACKNOWLEDGEMENT',
      lines: [line(5)],
    });
    const shipment = (step: string, quantity: number): ChannelNotice => ({
      ...head(step),
      kind: 'SHIPMENT',
      shippedAt: '2026-11-27T09:00:00.000Z',
      lines: [line(quantity)],
      packages: [{ carrier: 'UPS', trackingNumber: `1Z-${step}` }],
    });
    const cancellation = (quantity: number): ChannelNotice => ({
      ...head('cancel'),
      kind: 'CANCELLATION',
      reason: 'OUT_OF_STOCK',
      lines: [line(quantity)],
    });
    const tell = (notice: ChannelNotice) => world.channel.tell(notice, signal);

    it('takes what became of an order', async () => {
      begin();
      await tell(acknowledgement());
      await tell(shipment('s1', 2));
      await tell(cancellation(1));
      await tell({
        ...head('answer'),
        kind: 'CANCELLATION_ANSWER',
        channelRequestId: 'r-1',
        answer: 'PARTLY_GRANTED',
        lines: [line(1)],
      });
      await tell({
        ...head('refund'),
        kind: 'REFUND',
        currencyCode: 'GBP',
        amount: '3.39',
        lines: [{ ...line(1), amount: '3.39' }],
      });
      expect(await world.recordOf(channelOrderId)).toEqual({
        acknowledged: true,
        answers: ['r-1'],
        lines: [{ line: 'their-line-1', shipped: 2, cancelled: 2 }],
      });
    });

    it('takes each notice once, also when it is told twice at the same moment', async () => {
      begin();
      await tell(acknowledgement());
      await Promise.all([tell(shipment('s1', 3)), tell(shipment('s1', 3))]);
      await tell(shipment('s1', 3));
      expect((await world.recordOf(channelOrderId)).lines).toEqual([
        { line: 'their-line-1', shipped: 3, cancelled: 0 },
      ]);
    });

    it('refuses another content under the name of a notice that it took', async () => {
      begin();
      await tell(shipment('s1', 3));
      await expect(tell(shipment('s1', 1))).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
      expect((await world.recordOf(channelOrderId)).lines).toEqual([
        { line: 'their-line-1', shipped: 3, cancelled: 0 },
      ]);
    });

    it('refuses more units than it sold, and keeps nothing of such a notice', async () => {
      begin();
      await tell(shipment('s1', 3));
      await expect(tell(cancellation(3))).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
      await tell(cancellation(2));
      expect((await world.recordOf(channelOrderId)).lines).toEqual([
        { line: 'their-line-1', shipped: 3, cancelled: 2 },
      ]);
    });

    it('is told that a wish was refused without any units', async () => {
      begin();
      await tell(shipment('s1', 5));
      await tell({
        ...head('answer'),
        kind: 'CANCELLATION_ANSWER',
        channelRequestId: 'r-2',
        answer: 'REFUSED',
        lines: [],
      });
      expect(await world.recordOf(channelOrderId)).toMatchObject({
        answers: ['r-2'],
        lines: [{ shipped: 5, cancelled: 0 }],
      });
    });

    it('is told under our number of an order that it gave no id', async () => {
      begin();
      await tell({ ...acknowledgement(), channelOrderId: null, orderNumber: `9${orders}` });
      expect((await world.recordOf(`9${orders}`)).acknowledged).toBe(true);
    });
  });
}
