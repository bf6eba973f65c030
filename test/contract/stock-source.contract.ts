import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Site, StockAdjustment, StockChange, StockSource } from '../../subgraphs/inventory/port.ts';
import { can, type SystemProfile } from '../../systems/port-map.ts';

/** What the suite expects to find: two sites, three SKUs the warehouse knows, stock of two of them. */
export interface StockSourceSeed {
  readonly sites: readonly Site[];
  readonly skus: readonly string[];
  readonly stock: readonly { readonly siteCode: string; readonly sku: string; readonly onHand: number }[];
}

export interface StartedStockSource {
  readonly source: StockSource;
  /** Lets goods leave for an order, as the warehouse's floor does. Resolves when it is booked. */
  issue(goods: { siteCode: string; sku: string; quantity: number; reference: string; lineRef: string }): Promise<void>;
  /** A supplier announces goods to a site under a document's number. */
  announce(goods: {
    siteCode: string;
    sku: string;
    lot: string;
    units: number;
    expectedAt: Date | null;
  }): Promise<void>;
  /** The warehouse's own people correct a balance, where that cannot be said from here. Resolves when it is booked. */
  correct?(goods: { siteCode: string; sku: string; delta: number }): Promise<void>;
  /** Announced goods come in. Resolves when it is booked. */
  receive(goods: { siteCode: string; sku: string; lot: string; quantity: number }): Promise<void>;
  stop(): Promise<void>;
}

const SEED: StockSourceSeed = {
  sites: [
    { code: 'EAST', name: 'East warehouse', kind: 'WAREHOUSE' },
    { code: 'SHOP', name: 'Shop', kind: 'STORE' },
    { code: 'PARTNER', name: 'Partner', kind: 'THIRD_PARTY_LOGISTICS' },
  ],
  skus: ['71053', '85123A', 'NEW'],
  stock: [
    { siteCode: 'EAST', sku: '71053', onHand: 10 },
    { siteCode: 'SHOP', sku: '71053', onHand: 3 },
    { siteCode: 'EAST', sku: '85123A', onHand: 7 },
  ],
};

const EVERYTHING: SystemProfile = { name: 'Complete', kind: 'WMS', serves: { STOCK: {}, RETURNS: {} } };

/** The promises of StockSource. Every adapter must pass it; what its system cannot do, it must leave out or refuse. */
export function stockSourceContract(
  name: string,
  start: (seed: StockSourceSeed) => Promise<StartedStockSource>,
  profile: SystemProfile = EVERYTHING,
  /** Where all of its sites are of one kind. */
  siteKind?: Site['kind'],
): void {
  const seed = { ...SEED, sites: SEED.sites.map((site) => ({ ...site, kind: siteKind ?? site.kind })) };
  describe(`StockSource: ${name}`, () => {
    let started: StartedStockSource;
    let source: StockSource;
    const { signal } = new AbortController();

    beforeEach(async () => {
      started = await start(seed);
      source = started.source;
    });
    afterEach(() => started.stop());

    it('tells what is on its way, less what came in of it, and at which booking that is true', async () => {
      if (!can(profile, 'STOCK', 'INCOMING_SUPPLY')) {
        expect(await source.supply(signal)).toEqual({ lots: [], rejected: [], head: await head() });
        return;
      }
      const expectedAt = new Date('2026-12-24T06:00:00.000Z');
      expect((await source.supply(signal)).lots).toEqual([]);
      const first = { siteCode: 'EAST', sku: '71053', lot: 'PO-1', units: 8, expectedAt };
      const second = { siteCode: 'SHOP', sku: 'NEW', lot: 'PO-2', units: 5, expectedAt: null };
      await started.announce(first);
      await started.announce(second);
      const before = await source.supply(signal);
      expect(before.lots).toEqual([first, second]);
      expect(before.head).toBe(await head());
      await started.receive({ siteCode: 'EAST', sku: '71053', lot: 'PO-1', quantity: 3 });
      const after = await source.supply(signal);
      expect(after).toEqual({ lots: [{ ...first, units: 5 }, second], rejected: [], head: before.head + 1 });
      const booked = (await ledger()).at(-1);
      expect(booked).toMatchObject({ kind: 'RECEIPT', reference: 'PO-1', sku: '71053', onHand: 13 });
    });

    const read = (after: number, waitSeconds = 0, limit = 100) => source.changes(after, { limit, waitSeconds }, signal);

    /** Everything booked so far, in the ledger's order. */
    async function ledger(): Promise<StockChange[]> {
      const { changes } = await read(0);
      return [...changes].sort((a, b) => a.sequence - b.sequence);
    }

    async function head(): Promise<number> {
      const { head: newest } = await read(0);
      if (newest === null) throw new Error('a healthy source tells its newest booking');
      return newest;
    }

    async function levels() {
      const found = [];
      for await (const page of source.snapshot(signal)) {
        expect(page.rejected).toEqual([]);
        found.push(...page.levels);
      }
      return found
        .map(({ siteCode, sku, onHand, sequence }) => ({ siteCode, sku, onHand, sequence }))
        .sort((a, b) => (a.siteCode + a.sku < b.siteCode + b.sku ? -1 : 1));
    }

    /** Five more units of the first position, by whoever can book them. */
    const bookFive = async () => {
      if (started.correct) await started.correct({ siteCode: 'EAST', sku: '71053', delta: 5 });
      else await source.adjust(correction(), signal);
    };

    const correction = (rest: Partial<StockAdjustment> = {}): StockAdjustment => ({
      key: 'adj-1',
      siteCode: 'EAST',
      sku: '71053',
      reason: 'CORRECTION',
      amount: { delta: 5 },
      seenSequence: null,
      ...rest,
    });

    it('names its sites in our words', async () => {
      const sites = await source.sites(signal);
      expect([...sites].sort((a, b) => (a.code < b.code ? -1 : 1))).toEqual(
        [...seed.sites].sort((a, b) => (a.code < b.code ? -1 : 1)),
      );
    });

    it('tells in a snapshot what is there, and which booking made it so', async () => {
      const bookings = await ledger();
      const sequenceOf = (siteCode: string, sku: string) =>
        bookings.findLast((change) => change.siteCode === siteCode && change.sku === sku)?.sequence;
      expect(await levels()).toEqual([
        { siteCode: 'EAST', sku: '71053', onHand: 10, sequence: sequenceOf('EAST', '71053') },
        { siteCode: 'EAST', sku: '85123A', onHand: 7, sequence: sequenceOf('EAST', '85123A') },
        { siteCode: 'SHOP', sku: '71053', onHand: 3, sequence: sequenceOf('SHOP', '71053') },
      ]);
    });

    it('numbers its bookings 1, 2, 3 without a hole, and reads on from any of them', async () => {
      await bookFive();
      const bookings = await ledger();
      expect(bookings.map((change) => change.sequence)).toEqual(bookings.map((_, index) => index + 1));
      expect(await head()).toBe(bookings.length);
      const { changes } = await read(bookings.length - 1);
      expect(changes.map((change) => change.sequence)).toEqual([bookings.length]);
      expect((await read(0, 0, 2)).changes).toHaveLength(2);
      expect((await read(bookings.length)).changes).toEqual([]);
    });

    it('waits for the next booking, and no longer', async () => {
      const after = await head();
      const waiting = read(after, 30);
      await bookFive();
      const started = performance.now();
      expect((await waiting).changes).toMatchObject([{ sequence: after + 1 }]);
      expect(performance.now() - started).toBeLessThan(20_000);
      expect((await read(after + 1, 1)).changes).toEqual([]);
    });

    if (can(profile, 'STOCK', 'ADJUSTMENTS'))
      it('books a difference and answers the booking that the feed will tell', async () => {
        const before = await head();
        const outcome = await source.adjust(correction(), signal);
        expect(outcome).toEqual({
          kind: 'booked',
          change: {
            sequence: before + 1,
            siteCode: 'EAST',
            sku: '71053',
            kind: 'ADJUSTMENT',
            onHand: 15,
            measuredAt: expect.any(Date),
            reference: 'adj-1',
            lineRef: null,
            issued: 0,
          },
        });
        expect((await read(before)).changes).toEqual([outcome.kind === 'booked' && outcome.change]);
      });

    if (can(profile, 'STOCK', 'ADJUSTMENTS'))
      it('books a count, also one that confirms the balance, and the first of a SKU at a site', async () => {
        const counted = (key: string, sku: string, units: number) =>
          source.adjust(correction({ key, sku, reason: 'CYCLE_COUNT', amount: { counted: units } }), signal);
        expect(await counted('a', '71053', 4)).toMatchObject({ kind: 'booked', change: { onHand: 4 } });
        expect(await counted('b', '71053', 4)).toMatchObject({ kind: 'booked', change: { onHand: 4 } });
        expect(await counted('c', 'NEW', 9)).toMatchObject({ kind: 'booked', change: { sku: 'NEW', onHand: 9 } });
      });

    if (can(profile, 'STOCK', 'ADJUSTMENTS'))
      it('books once per key', async () => {
        const first = await source.adjust(correction(), signal);
        const after = await head();
        expect(await source.adjust(correction(), signal)).toEqual(first);
        expect(await source.adjust(correction({ amount: { delta: 6 } }), signal)).toEqual({
          kind: 'refused',
          reason: 'KEY_REUSED',
        });
        expect(await head()).toBe(after);
      });

    if (can(profile, 'STOCK', 'ADJUSTMENTS'))
      it('refuses what cannot be, and books nothing', async () => {
        const before = await head();
        const refused = async (rest: Partial<StockAdjustment>, reason: string) =>
          expect(await source.adjust(correction({ key: reason, ...rest }), signal)).toEqual({
            kind: 'refused',
            reason,
          });
        await refused({ amount: { delta: -11 } }, 'NEGATIVE_STOCK');
        await refused({ sku: 'NOPE' }, 'UNKNOWN_SKU');
        await refused({ sku: 'N'.repeat(200) }, 'UNKNOWN_SKU');
        await refused({ siteCode: 'MOON' }, 'UNKNOWN_LOCATION');
        expect(await head()).toBe(before);
      });

    if (can(profile, 'STOCK', 'ADJUSTMENTS'))
      it('refuses a count of a position that moved since, and only then', async () => {
        const seen =
          (await ledger()).find((change) => change.siteCode === 'EAST' && change.sku === '71053')?.sequence ?? 0;
        const count = (key: string, seenSequence: number) =>
          source.adjust(correction({ key, amount: { counted: 1 }, seenSequence }), signal);
        await source.adjust(correction({ key: 'elsewhere', siteCode: 'SHOP' }), signal);
        expect(await count('a', seen)).toMatchObject({ kind: 'booked' });
        expect(await count('b', seen)).toEqual({ kind: 'refused', reason: 'STALE_SEQUENCE' });
      });

    if (can(profile, 'RETURNS', 'RESTOCK'))
      it('takes returned goods back once per key, one booking per line', async () => {
        const goods = {
          key: 'ret-1',
          siteCode: 'EAST',
          lines: [
            { lineRef: '1', sku: '71053', quantity: 2 },
            { lineRef: '2', sku: '71053', quantity: 1 },
          ],
        };
        const booked = await source.receiveReturn(goods, signal);
        expect(booked).toMatchObject([
          { kind: 'RETURN', onHand: 12, reference: 'ret-1', lineRef: '1', issued: 0 },
          { kind: 'RETURN', onHand: 13, reference: 'ret-1', lineRef: '2', issued: 0 },
        ]);
        expect(await source.receiveReturn(goods, signal)).toEqual(booked);
        expect((await levels())[0]).toMatchObject({ sku: '71053', onHand: 13 });
        await expect(source.receiveReturn({ ...goods, key: 'ret-2', siteCode: 'MOON' }, signal)).rejects.toMatchObject({
          code: 'SYSTEM_REJECTED',
        });
      });

    it('books nothing from here where it cannot', async () => {
      const before = [await head(), await levels()];
      const goods = { key: 'ret-1', siteCode: 'EAST', lines: [{ lineRef: '1', sku: '71053', quantity: 2 }] };
      if (!can(profile, 'STOCK', 'ADJUSTMENTS'))
        await expect(source.adjust(correction(), signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
      if (!can(profile, 'RETURNS', 'RESTOCK'))
        await expect(source.receiveReturn(goods, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
      expect([await head(), await levels()]).toEqual(before);
    });

    it('puts goods aside without any balance hearing of it, and tells when a key is used for others', async () => {
      const goods = {
        key: 'ret-1',
        siteCode: 'EAST',
        lines: [{ lineRef: '1', sku: '71053', quantity: 2, condition: 'DEFECTIVE' }],
      };
      const before = [await head(), await levels()];
      if (!can(profile, 'RETURNS', 'PUT_ASIDE')) {
        await expect(source.putAside(goods, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
        expect([await head(), await levels()]).toEqual(before);
        return;
      }
      await source.putAside(goods, signal);
      await source.putAside(goods, signal);
      expect([await head(), await levels()]).toEqual(before);
      for (const other of [{ siteCode: 'SHOP' }, { key: 'ret-2', siteCode: 'MOON' }]) {
        await expect(source.putAside({ ...goods, ...other }, signal)).rejects.toMatchObject({
          code: 'SYSTEM_REJECTED',
        });
      }
    });

    it('says of goods that left for which work, which line of it, and how many', async () => {
      const before = await head();
      await started.issue({ siteCode: 'EAST', sku: '71053', quantity: 4, reference: 'ful_1', lineRef: 'fln_1' });
      const lineRef = can(profile, 'STOCK', 'ISSUES_BY_LINE') ? 'fln_1' : null;
      expect((await read(before, 5)).changes).toMatchObject([
        { kind: 'SALE', siteCode: 'EAST', sku: '71053', onHand: 6, reference: 'ful_1', lineRef, issued: 4 },
      ]);
    });
  });
}
