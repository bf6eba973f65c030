import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CarrierScan, CarrierSystem } from '../../subgraphs/fulfillment/port.ts';

const signal = new AbortController().signal;

/** The promises of CarrierSystem. `deliver` sends one parcel on its way until it is delivered. */
export function carrierSystemContract(
  name: string,
  start: () => Promise<{
    carrier: CarrierSystem;
    deliver(trackingNumber: string): Promise<void>;
    stop(): Promise<void>;
  }>,
): void {
  describe(`CarrierSystem: ${name}`, () => {
    let world: Awaited<ReturnType<typeof start>>;

    beforeEach(async () => {
      world = await start();
    });
    afterEach(() => world.stop());

    const all = async (): Promise<readonly CarrierScan[]> => (await world.carrier.scans(0, 0, signal)).entries;

    it('tells of every scan of a parcel, each under an id of its own', async () => {
      await world.deliver('T1');
      const scans = await all();
      expect(scans.length).toBeGreaterThan(1);
      expect(new Set(scans.map((scan) => scan.eventId)).size).toBe(scans.length);
      expect(scans.every((scan) => scan.trackingNumber === 'T1' && scan.occurredAt instanceof Date)).toBe(true);
      expect(scans.at(-1)?.status).toBe('delivered');
    });

    it('issues a return label once per key', async () => {
      const wish = { key: 'k1', reference: 'R1', originCountry: 'GB' };
      const label = await world.carrier.issueReturnLabel(wish, signal);
      expect(label).toEqual({ carrier: expect.any(String), trackingNumber: expect.any(String) });
      expect(await world.carrier.issueReturnLabel(wish, signal)).toEqual(label);
      const other = await world.carrier.issueReturnLabel({ ...wish, key: 'k2', originCountry: null }, signal);
      expect(other.trackingNumber).not.toBe(label.trackingNumber);
      await expect(world.carrier.issueReturnLabel({ ...wish, reference: 'R2' }, signal)).rejects.toMatchObject({
        code: 'SYSTEM_REJECTED',
      });
    });

    it('goes on behind a position, without a gap and without a repetition', async () => {
      await world.deliver('T1');
      const before = await world.carrier.scans(0, 0, signal);
      expect(await world.carrier.scans(before.next, 0, signal)).toMatchObject({ entries: [], next: before.next });
      await world.deliver('T2');
      const after = await world.carrier.scans(before.next, 0, signal);
      expect(after.entries.every((scan) => scan.trackingNumber === 'T2')).toBe(true);
      expect(await all()).toEqual([...before.entries, ...after.entries]);
    });
  });
}
