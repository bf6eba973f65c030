import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FanOut } from '../../events/port.ts';
import { sleep } from '../../platform/clock.ts';
import { until } from '../helpers/processes.ts';

/** Fan-outs that wake each other: one per process. */
export interface FanOutsUnderTest {
  readonly here: FanOut;
  /** Another process; null when the adapter does not leave its own. */
  readonly there: FanOut | null;
  stop(): Promise<void>;
}

/** What every fan-out keeps to. */
export function fanOutContract(name: string, start: () => Promise<FanOutsUnderTest>): void {
  describe(`fan-out: ${name}`, () => {
    let fanOuts: FanOutsUnderTest;
    let here: FanOut;

    beforeEach(async () => {
      fanOuts = await start();
      here = fanOuts.here;
    });
    afterEach(() => fanOuts.stop());

    /** The fan-out of each process with what it hears. */
    function listenEverywhere(): string[][] {
      return [here, ...(fanOuts.there ? [fanOuts.there] : [])].map((fanOut) => {
        const heard: string[] = [];
        fanOut.subscribe((topics) => heard.push(...topics));
        return heard;
      });
    }

    it('wakes every process, the publishing one at once', async () => {
      const processes = listenEverywhere();
      here.publish(['stock', 'orders']);
      expect(processes[0]).toEqual(['stock', 'orders']);
      for (const heard of processes) await until(() => heard.length > 0);
      await sleep(100);
      // Once each: nobody hears its own wake-up back from the others.
      for (const heard of processes) expect(heard.sort()).toEqual(['orders', 'stock']);
    });

    it('lets one of two listeners go without the other, also when they are the same function', async () => {
      const heard: string[] = [];
      const listener = (topics: readonly string[]) => void heard.push(...topics);
      const end = here.subscribe(listener);
      here.subscribe(listener);
      end();
      end();
      here.publish(['orders']);
      await sleep(50);
      expect(heard).toEqual(['orders']);
    });

    it('delivers every topic of a burst', async () => {
      const processes = listenEverywhere();
      const topics = Array.from({ length: 2_000 }, (_, index) => `inventory-changed.v1:${index}:${'x'.repeat(40)}`);
      for (const topic of topics) here.publish([topic]);
      for (const heard of processes) await until(() => new Set(heard).size === topics.length);
      for (const heard of processes) expect([...new Set(heard)].sort()).toEqual([...topics].sort());
    });

    it('survives a topic that no message can hold', async () => {
      const processes = listenEverywhere();
      here.publish(['x'.repeat(20_000)]);
      here.publish(['orders']);
      for (const heard of processes) await until(() => heard.includes('orders'));
    });

    it('is quiet after it was closed', async () => {
      const processes = listenEverywhere();
      await here.close();
      here.publish(['orders']);
      await sleep(100);
      for (const heard of processes) expect(heard).toEqual([]);
    });

    it('says what it is without what is secret', () => {
      expect(here.describe()).toMatch(/^(in-process|postgres|redis)/);
      expect(here.describe()).not.toMatch(/@|password/);
    });
  });
}
