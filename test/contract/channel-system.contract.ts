import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelNotice, ChannelSystem, NoticeLine } from '../../subgraphs/order/port.ts';
import { type CapabilityOf, can, PORT_MAP, type SystemProfile } from '../../systems/port-map.ts';

const { signal } = new AbortController();

/** What the channel itself keeps of an order: units by line. */
export interface ChannelRecord {
  readonly acknowledged: boolean;
  readonly answers: readonly string[];
  readonly lines: readonly { readonly line: string; readonly shipped: number; readonly cancelled: number }[];
}

/** What a channel that is told of a kind says of it in its profile. */
const CAPABILITIES = {
  ACKNOWLEDGEMENT: 'ACKNOWLEDGEMENTS',
  REFUSAL: 'REFUSALS',
  SHIPMENT: 'SHIPMENTS',
  CANCELLATION: 'CANCELLATIONS',
  CANCELLATION_ANSWER: 'CANCELLATION_ANSWERS',
  REFUND: 'REFUNDS',
} as const satisfies Record<ChannelNotice['kind'], CapabilityOf<'CHANNEL_NOTICES'>>;

/** A channel under test. */
export interface ChannelWorld {
  readonly channel: ChannelSystem;
  /** Looks into the channel's own books. */
  recordOf(channelOrderId: string): Promise<ChannelRecord>;
  /** Has the channel sell five units on the line `their-line-1`; left out where its books begin with the first notice. */
  sell?(channelOrderId: string): void;
  /** In which it sells. Default GBP. */
  readonly currencyCode?: string;
  stop(): Promise<void>;
}

/** The promises of ChannelSystem. What the profile lacks is not promised, and is checked to be declared. */
export function channelSystemContract(name: string, profile: SystemProfile, start: () => Promise<ChannelWorld>): void {
  const has = (capability: CapabilityOf<'CHANNEL_NOTICES'>) => can(profile, 'CHANNEL_NOTICES', capability);
  const promised = (capability: CapabilityOf<'CHANNEL_NOTICES'>) => (has(capability) ? it : it.skip);

  describe(`ChannelSystem: ${name}`, () => {
    let world: ChannelWorld;
    let orders = 0;
    let channelOrderId: string;
    let taken: ChannelNotice[];

    beforeAll(async () => {
      world = await start();
    });
    afterAll(() => world.stop());

    const begin = () => {
      channelOrderId = `026-${++orders}`;
      taken = [];
      world.sell?.(channelOrderId);
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
    const others = (notice: ChannelNotice) => taken.filter(({ noticeId }) => noticeId !== notice.noticeId);
    /** Tells, and does not note it: the answer was lost. */
    const tellInVain = (notice: ChannelNotice) => world.channel.tell(notice, signal, others(notice));
    /** Tells what is taken, and notes it as its sender does. */
    const tell = async (notice: ChannelNotice) => {
      if (world.channel.takes.has(notice.kind)) await tellInVain(notice);
      taken = [...others(notice), notice];
    };

    it('takes the kinds that its profile says', () => {
      const declared = Object.entries(CAPABILITIES).flatMap(([kind, capability]) => (has(capability) ? [kind] : []));
      expect([...world.channel.takes].sort()).toEqual(declared.sort());
      expect(Object.values(CAPABILITIES).every((capability) => PORT_MAP.CHANNEL_NOTICES.can.includes(capability))).toBe(true); // biome-ignore format: one thought
    });

    it('takes what became of an order', async () => {
      begin();
      await tell(acknowledgement());
      await tell(shipment('s1', 2));
      await tell(cancellation(1));
      if (has('CANCELLATION_ANSWERS'))
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
        currencyCode: world.currencyCode ?? 'GBP',
        amount: '3.39',
        lines: [{ ...line(1), amount: '3.39' }],
      });
      const told = (['CANCELLATIONS', 'CANCELLATION_ANSWERS'] as const).filter(has);
      expect(await world.recordOf(channelOrderId)).toEqual({
        acknowledged: true,
        answers: has('CANCELLATION_ANSWERS') ? ['r-1'] : [],
        lines: [{ line: 'their-line-1', shipped: 2, cancelled: told.length }],
      });
    });

    it('takes each notice once, also when nobody heard that it did', async () => {
      begin();
      const notices = [acknowledgement(), shipment('s1', 2), shipment('s2', 1), cancellation(1)];
      for (const notice of notices.filter(({ kind }) => world.channel.takes.has(kind))) {
        await tellInVain(notice);
        await tellInVain(notice);
        await tell(notice);
        await tellInVain(notice);
      }
      expect(await world.recordOf(channelOrderId)).toMatchObject({
        acknowledged: true,
        lines: [{ line: 'their-line-1', shipped: 3, cancelled: has('CANCELLATIONS') ? 1 : 0 }],
      });
    });

    promised('NAMED_NOTICES')('takes each notice once, also when it is told twice at the same moment', async () => {
      begin();
      await tell(acknowledgement());
      await Promise.all([tell(shipment('s1', 3)), tell(shipment('s1', 3))]);
      await tell(shipment('s1', 3));
      expect((await world.recordOf(channelOrderId)).lines).toEqual([
        { line: 'their-line-1', shipped: 3, cancelled: 0 },
      ]);
    });

    promised('NAMED_NOTICES')('refuses another content under the name of a notice that it took', async () => {
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
      const rest = (units: number) => (has('CANCELLATIONS') ? cancellation(units) : shipment('s2', units));
      await expect(tell(rest(3))).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
      await tell(rest(2));
      expect((await world.recordOf(channelOrderId)).lines).toEqual([
        has('CANCELLATIONS')
          ? { line: 'their-line-1', shipped: 3, cancelled: 2 }
          : { line: 'their-line-1', shipped: 5, cancelled: 0 },
      ]);
    });

    promised('CANCELLATION_ANSWERS')('is told that a wish was refused without any units', async () => {
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
      world.sell?.(`9${orders}`);
      await tell({ ...acknowledgement(), channelOrderId: null, orderNumber: `9${orders}` });
      expect((await world.recordOf(`9${orders}`)).acknowledged).toBe(true);
    });
  });
}
