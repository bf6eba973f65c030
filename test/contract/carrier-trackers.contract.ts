import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CarrierTrackers, TrackedParcel, WebhookCall } from '../../subgraphs/fulfillment/port.ts';

const signal = new AbortController().signal;

/** The promises of CarrierTrackers. */
export function carrierTrackersContract(
  name: string,
  start: () => Promise<{
    trackers: CarrierTrackers;
    /** A parcel that the carrier can track, and one that it cannot. */
    parcel: TrackedParcel;
    stranger: TrackedParcel;
    /** The carrier scans the parcel. */
    scan(status: string): Promise<void>;
    /** The webhook that tells how the parcel stands, sent at a moment; null: the carrier sends none. */
    webhook: ((sentAt: Date) => WebhookCall) | null;
    stop(): Promise<void>;
  }>,
): void {
  describe(`CarrierTrackers: ${name}`, () => {
    let world: Awaited<ReturnType<typeof start>>;
    let tracker: string;
    beforeAll(async () => {
      world = await start();
      tracker = (await world.trackers.register(world.parcel, signal)).tracker;
    });
    afterAll(() => world.stop());

    const scansIn = (record: unknown) => {
      const read = world.trackers.scansOf(record);
      if ('problem' in read) throw new Error(read.problem);
      return read.scans;
    };
    const readNow = async () => {
      const news = await world.trackers.read(tracker, signal);
      if (!news) throw new Error('no such tracker');
      return { ...news, scans: scansIn(news.record) };
    };

    it('tracks a parcel once', async () => {
      expect((await world.trackers.register(world.parcel, signal)).tracker).toBe(tracker);
    });

    it('refuses a parcel that it cannot track', async () => {
      await expect(world.trackers.register(world.stranger, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
    });

    it('tells of every scan under an id of its own, which stays the same', async () => {
      await world.scan('in_transit');
      const before = await readNow();
      await world.scan('teleported');
      const after = await readNow();
      const ids = (scans: ReturnType<typeof scansIn>) => scans.map(({ eventId }) => eventId);
      expect(ids(after.scans).slice(0, before.scans.length)).toEqual(ids(before.scans));
      expect(after.scans).toHaveLength(before.scans.length + 1);
      expect(new Set(ids(after.scans)).size).toBe(after.scans.length);
      expect(after.scans.at(-1)).toMatchObject({ ...world.parcel, status: 'teleported', occurredAt: expect.any(Date) });
      expect(after.key).not.toBe(before.key);
      expect((await readNow()).key).toBe(after.key);
    });

    it('knows no tracker that it did not give', async () => {
      expect(await world.trackers.read('trk_none', signal)).toBeNull();
    });

    it.each([null, 'text', {}, { scans: [{}], tracking_details: [{}] }])('says of a record that is none what is wrong: %j', (record) => {
      expect(world.trackers.scansOf(record)).toEqual({ problem: expect.stringMatching(/^shape of /) });
    }); // biome-ignore format: one thought

    it('hears only what the carrier sent, and not long ago', async () => {
      const now = new Date();
      const refused = expect.objectContaining({ code: 'UNAUTHENTICATED' });
      const unsigned = { method: 'POST', headers: {}, body: Buffer.from('{}') };
      expect(() => world.trackers.hear(unsigned, now)).toThrow(refused);
      const { webhook } = world;
      if (!webhook) return;
      const call = webhook(now);
      const news = world.trackers.hear(call, now);
      expect(news?.tracker).toBe(tracker);
      expect(scansIn(news?.record)).toEqual((await readNow()).scans);
      expect(world.trackers.hear(call, now)?.key).toBe(news?.key);
      expect(world.trackers.hear(webhook(now), now)?.key).not.toBe(news?.key);
      const forged = { ...call, body: Buffer.from(call.body.toString().replace('in_transit', 'delivered')) };
      expect(() => world.trackers.hear(forged, now)).toThrow(refused);
      expect(() => world.trackers.hear(call, new Date(now.getTime() + 301_000))).toThrow(refused);
    });
  });
}
