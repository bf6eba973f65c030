import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StockAudit, StockSource } from '../../subgraphs/inventory/port.ts';

const { signal } = new AbortController();

/** Two sites with two SKUs each, 10 units everywhere, and nothing else. */
export interface StartedStockAudit {
  readonly audit: StockAudit;
  readonly source: Pick<StockSource, 'adjust' | 'putAside'>;
  readonly sites: readonly [string, string];
  readonly skus: readonly [string, string];
  stop(): Promise<void>;
}

/** The promises of StockAudit. */
export function stockAuditContract(name: string, start: () => Promise<StartedStockAudit>): void {
  describe(`StockAudit: ${name}`, () => {
    let started: StartedStockAudit;
    beforeAll(async () => {
      started = await start();
    });
    afterAll(() => started.stop());

    /** The whole list, read in pages. */
    async function everything(limit: number) {
      const pages = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const { levels, next }: Awaited<ReturnType<StockAudit['levels']>> = await started.audit.levels(
          cursor ?? null,
          limit,
          signal,
        );
        pages.push(levels);
        cursor = next;
      }
      return pages;
    }
    const brief = ({ siteCode, sku, onHand }: { siteCode: string; sku: string; onHand: number }) =>
      `${siteCode} ${sku} ${onHand}`;

    it('lists every position once, whatever the size of the pages, and the same position in the same place', async () => {
      const { sites, skus } = started;
      const all = sites.flatMap((site) => skus.map((sku) => `${site} ${sku} 10`)).sort();
      for (const limit of [1, 3, 1_000]) {
        const pages = await everything(limit);
        expect(pages.every((page) => page.length <= limit)).toBe(true);
        expect(pages.flat().map(brief).sort()).toEqual(all);
      }
      const places = (pages: Awaited<ReturnType<typeof everything>>) => pages.flat().map(({ siteCode, sku }) => [siteCode, sku]); // biome-ignore format: one thought
      expect(places(await everything(1))).toEqual(places(await everything(3)));
    });

    it('reads the same part again as it is by then, with the number of its last booking', async () => {
      const { audit, source, sites, skus } = started;
      const first = await audit.levels(null, 3, signal);
      expect(first.levels).toHaveLength(3);
      const [before] = first.levels;
      if (!before) throw new Error('the list is empty');
      const booking = { key: 'audit-1', siteCode: before.siteCode, sku: before.sku, reason: 'DAMAGE' } as const;
      const outcome = await source.adjust({ ...booking, amount: { delta: -4 }, seenSequence: null }, signal);
      if (outcome.kind !== 'booked') throw new Error(outcome.reason);
      const [after] = (await audit.levels(null, 3, signal)).levels;
      expect(after).toMatchObject({ siteCode: before.siteCode, sku: before.sku, onHand: 6 });
      expect(after?.sequence).toBe(outcome.change.sequence);
      expect(outcome.change.sequence).toBeGreaterThan(before.sequence);
      expect((await audit.levelsOf([before.sku], signal)).map(brief).sort()).toEqual(
        sites.map((site) => `${site} ${before.sku} ${site === before.siteCode ? 6 : 10}`).sort(),
      );
      expect(skus).toContain(before.sku);
    });

    it('lists what is not for sale by what is wrong with it, summed, and apart from the positions', async () => {
      const { audit, source, sites, skus } = started;
      expect(await audit.unsellable(signal)).toEqual([]);
      const before = (await everything(1_000)).flat().map(brief).sort();
      const put = (key: string, quantity: number, condition: string) =>
        source.putAside(
          { key, siteCode: sites[0], lines: [{ lineRef: '1', sku: skus[0], quantity, condition }] },
          signal,
        );
      await put('aside-1', 2, 'DEFECTIVE');
      await put('aside-1', 2, 'DEFECTIVE');
      await put('aside-2', 3, 'DEFECTIVE');
      await put('aside-3', 1, 'CARRIER_DAMAGED');
      const found = await audit.unsellable(signal);
      const at = { siteCode: sites[0], sku: skus[0] };
      expect(found).toHaveLength(2);
      expect(found).toContainEqual({ ...at, condition: 'DEFECTIVE', quantity: 5 });
      expect(found).toContainEqual({ ...at, condition: 'CARRIER_DAMAGED', quantity: 1 });
      expect((await everything(1_000)).flat().map(brief).sort()).toEqual(before);
    });

    it('knows the positions of the SKUs that it is asked for, and says nothing of those that it does not know', async () => {
      const { audit, skus } = started;
      const asked = await audit.levelsOf([skus[1], 'NOBODY-HAS-THIS'], signal);
      expect(asked.map(({ sku }) => sku)).toEqual([skus[1], skus[1]]);
      expect(await audit.levelsOf([], signal)).toEqual([]);
    });
  });
}
