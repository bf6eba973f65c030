import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Sku } from '../../subgraphs/product/model.ts';
import type {
  BundleFact,
  CatalogueFact,
  CategoryFact,
  ChangeEntry,
  PriceFact,
  ProductFact,
  ProductSource,
  VariantFact,
} from '../../subgraphs/product/port.ts';
import { type CapabilityOf, can, type SystemProfile } from '../../systems/port-map.ts';

/** A product that is sold as it is, or as one of several variants of a style. */
export interface Goods {
  readonly product: ProductFact;
  readonly variants: readonly VariantFact[];
}

/** A system of record that a test can tell what to know, and the adapter under test over it. */
export interface SourceWorld {
  readonly source: ProductSource;
  putCategory(category: CategoryFact): Promise<void>;
  /** One variant with the key of the product: goods that stand alone. */
  putGoods(goods: Goods): Promise<void>;
  putPrice(price: PriceFact): Promise<void>;
  removeCategory(key: string): Promise<void>;
  removeGoods(goods: Goods): Promise<void>;
  removePrice(price: PriceFact): Promise<void>;
  /** Its variants are known. */
  putBundle(bundle: BundleFact): Promise<void>;
  removeBundle(bundle: BundleFact): Promise<void>;
  /** Puts a variant that has no SKU; absent where the system has none. */
  putNameless?(goods: Goods): Promise<void>;
  /** The same entry under the keys of this suite, where the system gives its records keys of its own. */
  named?(entry: ChangeEntry): ChangeEntry;
  stop(): Promise<void>;
}

const NEVER = new AbortController().signal;
const RECORDED = expect.any(Date) as unknown as Date;

const home: CategoryFact = { kind: 'category', key: 'R1', name: 'Home', parentKey: null };
const lights: CategoryFact = { kind: 'category', key: 'R110', name: 'Candles and Lights', parentKey: 'R1' };
const product = (key: string, title: string): ProductFact => ({
  kind: 'product',
  key,
  title,
  description: `${title}, described.`,
  brand: 'Glow & Co',
  categoryKeys: ['R110'],
  media: [],
  recordedAt: new Date('2026-11-23T09:00:00.000Z'),
});
const variant = (key: string, productKey: string, sku: string, title: string): VariantFact => ({
  kind: 'variant',
  key,
  productKey,
  sku: sku as Sku,
  gtin: null,
  title,
  options: [],
});
const lantern: Goods = {
  product: product('M-1', 'White Metal Lantern'),
  variants: [{ ...variant('M-1', 'M-1', '71053', 'White Metal Lantern'), gtin: '4006381333931' }],
};
const umbrellas: Goods = {
  product: product('K-2', 'Polkadot Umbrella'),
  variants: ['Red', 'Blue'].map((colour, index) => ({
    ...variant(`M-2${index}`, 'K-2', `85014${colour.charAt(0)}`, `Polkadot Umbrella ${colour}`),
    options: [{ name: 'Colour', value: colour }],
  })),
};
const price: PriceFact = {
  kind: 'price',
  key: 'C-1',
  variantKey: 'M-1',
  priceList: 'WEB',
  currencyCode: 'GBP',
  former: false,
  minQuantity: 1,
  validFrom: new Date('2020-01-01T00:00:00.000Z'),
  validTo: null,
  amountMinor: 339n,
  taxIncluded: true,
  taxBasisPoints: 2000,
};
const prices: readonly PriceFact[] = [
  price,
  { ...price, key: 'C-2', former: true, amountMinor: 425n, validTo: new Date('2031-01-01T00:00:00.000Z') },
  // Some systems have no list without a price of one unit.
  { ...price, key: 'C-6', priceList: 'B2B', amountMinor: 325n, taxIncluded: false },
  { ...price, key: 'C-3', priceList: 'B2B', minQuantity: 24, amountMinor: 312n, taxIncluded: false },
  { ...price, key: 'C-4', currencyCode: 'JPY', amountMinor: 640n, taxBasisPoints: 1000 },
  { ...price, key: 'C-5', currencyCode: 'KWD', amountMinor: 1250n, taxBasisPoints: 0 },
];

/** What the system is to tell of a fact, given what it can. Null: nothing. */
function asTold<Fact extends CatalogueFact>(fact: Fact, profile: SystemProfile): Fact | null {
  const master = (capability: CapabilityOf<'PRODUCT_MASTER'>) => can(profile, 'PRODUCT_MASTER', capability);
  const prices = (capability: CapabilityOf<'PRICE_LIST'>) => can(profile, 'PRICE_LIST', capability);
  switch (fact.kind) {
    case 'category':
      // Without a tree all of them stand side by side.
      return master('CATEGORIES') ? fact : { ...fact, parentKey: null };
    case 'product':
      return { ...fact, ...(master('BRANDS') ? {} : { brand: null }), ...(master('DESCRIPTIONS') ? {} : { description: null }) }; // biome-ignore format: one thought
    case 'variant':
      return {
        ...fact,
        ...(master('GTINS') ? {} : { gtin: null }),
        ...(master('OPTIONS') ? {} : { options: [] }),
        ...(master('VARIANT_TITLES') ? {} : { title: fact.key === 'M-1' ? lantern.product.title : umbrellas.product.title }), // biome-ignore format: one thought
      };
    case 'price':
      if (fact.priceList !== 'WEB' && !prices('SEVERAL_LISTS')) return null;
      if (fact.former && !prices('FORMER_PRICES')) return null;
      if (fact.currencyCode !== 'GBP' && !prices('SEVERAL_CURRENCIES')) return null;
      if (fact.minQuantity > 1 && !prices('QUANTITY_BREAKS')) return null;
      return {
        ...fact,
        ...(prices('PRICE_PERIODS') ? {} : { validFrom: new Date(0), validTo: null }),
        // Then the rate is configured, and the same for all of these.
        ...(prices('TAX_RATES') ? {} : { taxBasisPoints: price.taxBasisPoints }),
      };
    default:
      return fact;
  }
}

const EVERYTHING: SystemProfile = { name: 'Complete', kind: 'ERP', serves: { PRODUCT_MASTER: {}, PRICE_LIST: {} } };

/** The promises of ProductSource. Every adapter must pass it; what its system cannot do, it must leave out. */
export function productSourceContract(
  name: string,
  start: () => Promise<SourceWorld>,
  profile: SystemProfile = EVERYTHING,
): void {
  const told = <Fact extends CatalogueFact>(facts: readonly Fact[]) =>
    facts.flatMap((fact) => asTold(fact, profile) ?? []);
  describe(`ProductSource: ${name}`, () => {
    let world: SourceWorld;
    beforeEach(async () => {
      world = await start();
    });
    afterEach(() => world.stop());

    const named = (entry: ChangeEntry) => world.named?.(entry) ?? entry;

    /** Everything the source tells, read to the end of every stream; `limit` changes at a time. */
    async function readAll(limit = 1_000): Promise<ChangeEntry[]> {
      const entries: ChangeEntry[] = [];
      for (const stream of world.source.streams) {
        for (let after = 0; ; ) {
          const page = await world.source.changesAfter(stream, after, { limit, waitSeconds: 0, signal: NEVER });
          if (page.next === after) {
            expect(page.entries).toEqual([]);
            break;
          }
          expect(page.next).toBeGreaterThan(after);
          entries.push(...page.entries.map(named));
          after = page.next;
        }
      }
      return entries;
    }

    /** What is known in the end: the newest entry of each kind and key. Removals of what never was are no news. */
    async function state(limit?: number): Promise<Record<string, ChangeEntry>> {
      const newest = new Map<string, ChangeEntry>();
      for (const entry of await readAll(limit)) {
        const name = `${entry.kind.replace('Removed', '')} ${entry.key}`;
        if (!entry.kind.endsWith('Removed') || newest.has(name)) newest.set(name, entry);
      }
      return Object.fromEntries(newest);
    }

    async function seed(): Promise<void> {
      await world.putCategory(home);
      await world.putCategory(lights);
      await world.putGoods(lantern);
      await world.putGoods(umbrellas);
      for (const one of prices) if (asTold(one, profile)) await world.putPrice(one);
    }

    const byName = (facts: readonly CatalogueFact[]) =>
      Object.fromEntries(
        facts.map((fact) => [
          `${fact.kind} ${fact.key}`,
          fact.kind === 'product' ? { ...fact, recordedAt: RECORDED } : fact,
        ]),
      );

    it('tells nothing when there is nothing', async () => {
      expect(await readAll()).toEqual([]);
    });

    it('tells categories, products, variants and prices in the words of the domain', async () => {
      await seed();
      const facts = [home, lights, lantern.product, ...lantern.variants, umbrellas.product, ...umbrellas.variants];
      const expected = byName([...told(facts), ...told(prices)]);
      expect(await state()).toEqual(expected);
      expect(await state(1)).toEqual(expected);
    });

    it('tells the whole fact again when it changes', async () => {
      await seed();
      const renamed = {
        product: { ...lantern.product, title: 'White Lantern', brand: 'Lumen Ltd' },
        variants: lantern.variants.map((one) => ({ ...one, title: 'White Lantern' })),
      };
      await world.putGoods(renamed);
      await world.putPrice({ ...price, amountMinor: 299n });
      await world.putCategory({ ...lights, name: 'Lights' });
      expect(await state()).toMatchObject(
        byName(told<CatalogueFact>([renamed.product, { ...price, amountMinor: 299n }, { ...lights, name: 'Lights' }, umbrellas.product])), // biome-ignore format: one thought
      );
    });

    it('tells what is gone', async () => {
      await seed();
      expect(Object.keys(await state())).toHaveLength(7 + told(prices).length);
      await world.removeGoods(lantern);
      await world.removePrice(price);
      await world.removeCategory('R1');
      const newest = new Map(
        (await readAll()).map((entry) => [`${entry.kind.replace('Removed', '')} ${entry.key}`, entry]),
      );
      for (const gone of ['product M-1', 'variant M-1', 'price C-1', 'category R1']) {
        expect(newest.get(gone)?.kind).toBe(`${gone.split(' ')[0]}Removed`);
      }
      expect(newest.get('product K-2')?.kind).toBe('product');
    });

    const withBundles = can(profile, 'PRODUCT_MASTER', 'BUNDLES') ? it : it.skip;
    withBundles('tells what bundles are made of, and when they are none any more', async () => {
      await seed();
      const bundle: BundleFact = {
        kind: 'bundle',
        key: 'M-1',
        components: [
          { variantKey: 'M-20', quantity: 2 },
          { variantKey: 'M-21', quantity: 1 },
        ],
      };
      await world.putBundle(bundle);
      expect((await state())['bundle M-1']).toEqual(bundle);
      const nonsense = { ...bundle, components: [{ variantKey: 'M-1', quantity: -0.5 }] };
      await world.putBundle(nonsense);
      expect((await state())['bundle M-1']).toEqual(nonsense);
      await world.removeBundle(bundle);
      expect((await readAll()).filter((entry) => entry.key === 'M-1').at(-1)).toEqual({ kind: 'bundleRemoved', key: 'M-1' }); // biome-ignore format: one thought
    });

    it('sets a record aside that it cannot express, and tells the others', async () => {
      if (!world.putNameless) return;
      await world.putCategory(home);
      await world.putCategory(lights);
      await world.putNameless(lantern);
      await world.putGoods(umbrellas);
      const entries = await readAll();
      expect(entries.filter((entry) => entry.kind === 'rejected')).toEqual([
        { kind: 'rejected', record: 'variant', key: 'M-1', reason: 'NO_SKU' },
      ]);
      expect(entries.filter((entry) => entry.kind === 'variant').map((entry) => entry.key)).toEqual(['M-20', 'M-21']);
    });

    it('waits for the next change, and not longer', async () => {
      await world.putCategory(home);
      const [stream = ''] = world.source.streams;
      const { next } = await world.source.changesAfter(stream, 0, { limit: 10, waitSeconds: 0, signal: NEVER });
      const asked = Date.now();
      const news = world.source.changesAfter(stream, next, { limit: 10, waitSeconds: 10, signal: NEVER });
      setTimeout(() => void world.putCategory(lights), 100);
      expect((await news).entries.map(named)).toEqual(told([lights]));
      expect(Date.now() - asked).toBeLessThan(5_000);

      const { next: end } = await news;
      const silence = await world.source.changesAfter(stream, end, { limit: 10, waitSeconds: 0.2, signal: NEVER });
      expect(silence).toEqual({ entries: [], next: end });
    });

    it('stops waiting when it is told to, and can be asked again', async () => {
      const stopping = new AbortController();
      const [stream = ''] = world.source.streams;
      const asked = Date.now();
      const news = world.source.changesAfter(stream, 0, { limit: 10, waitSeconds: 20, signal: stopping.signal });
      setTimeout(() => stopping.abort(), 50);
      await news.catch(() => undefined);
      expect(Date.now() - asked).toBeLessThan(5_000);

      await world.putCategory(home);
      const page = await world.source.changesAfter(stream, 0, { limit: 10, waitSeconds: 0, signal: NEVER });
      expect(page.entries.map(named)).toEqual([home]);
    });
  });
}
