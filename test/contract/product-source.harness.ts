import type { StoredEvent } from '../../events/port.ts';
import { createLogger } from '../../platform/logger.ts';
import { memoryProductSource } from '../../subgraphs/product/adapters/memory.ts';
import { createProductFeed, createProductSubgraph, createSellableProjection } from '../../subgraphs/product/index.ts';
import type { Sku } from '../../subgraphs/product/model.ts';
import type {
  BundleFact,
  CatalogueFact,
  CategoryFact,
  ChangeEntry,
  PriceFact,
  ProductFact,
  RejectedRecord,
  VariantFact,
} from '../../subgraphs/product/port.ts';
import { createTestDatabase } from '../helpers/database.ts';

/** The moment at which the tests of the catalogue play. */
export const NOW = new Date('2026-11-23T09:00:00.000Z');

export function categoryFact(key: string, more: Partial<CategoryFact> = {}): CategoryFact {
  return { kind: 'category', key, name: `Category ${key}`, parentKey: null, ...more };
}

export function productFact(key: string, more: Partial<ProductFact> = {}): ProductFact {
  return {
    kind: 'product',
    key,
    title: `Product ${key}`,
    description: null,
    brand: null,
    categoryKeys: [],
    media: [],
    recordedAt: NOW,
    ...more,
  };
}

export function variantFact(sku: string, more: Partial<VariantFact> = {}): VariantFact {
  return {
    kind: 'variant',
    key: sku,
    productKey: sku,
    sku: sku as Sku,
    gtin: null,
    title: `Variant ${sku}`,
    options: [],
    ...more,
  };
}

/** A WEB price in pence, tax included, that has been valid for years. */
export function priceFact(sku: string, pence: number, more: Partial<PriceFact> = {}): PriceFact {
  const terms = { priceList: 'WEB', currencyCode: 'GBP', former: false, minQuantity: 1, ...more };
  return {
    kind: 'price',
    key: [sku, terms.priceList, terms.currencyCode, terms.former, terms.minQuantity, more.validFrom?.getTime()].join(),
    variantKey: sku,
    validFrom: new Date('2020-01-01T00:00:00.000Z'),
    validTo: null,
    amountMinor: BigInt(pence),
    taxIncluded: true,
    taxBasisPoints: 2000,
    ...terms,
  };
}

/** A product with one variant, both of the SKU's name, and a WEB price when one is given. */
export function goods(sku: string, title: string, pence?: number, more: Partial<ProductFact> = {}): CatalogueFact[] {
  return [
    productFact(sku, { title, ...more }),
    variantFact(sku, { title }),
    ...(pence === undefined ? [] : [priceFact(sku, pence)]),
  ];
}

/** `{ BOLT: 2 }`: the variant is sold as two bolts. Keys of variants are SKUs here. */
export function bundleFact(sku: string, components: Readonly<Record<string, number>>): BundleFact {
  const parts = Object.entries(components).map(([variantKey, quantity]) => ({ variantKey, quantity }));
  return { kind: 'bundle', key: sku, components: parts };
}

/** What the owner of inventory tells about a SKU. */
export function stockEvent(sku: string, available: number, version: number): StoredEvent<'inventory-changed.v1'> {
  return {
    sequence: String(version).padStart(20, '0'),
    id: `${sku}-${version}`,
    type: 'inventory-changed.v1',
    source: '/commerce/inventory',
    subject: sku,
    version,
    channelCode: null,
    occurredAt: NOW.toISOString(),
    traceId: '0'.repeat(32),
    data: { sku, locationId: null, available, onHand: available, asOf: NOW.toISOString() },
  };
}

/** A catalogue in a database of its own, fed by a source in memory. */
export async function startCatalogue(...facts: readonly CatalogueFact[]) {
  const database = await createTestDatabase(['product', 'integration', 'inventory']);
  const source = memoryProductSource();
  const time = { now: NOW };
  const clock = { now: () => time.now };
  const rejected: RejectedRecord[] = [];
  const feed = createProductFeed({
    knex: database.knex,
    source,
    clock,
    logger: createLogger({ level: 'silent', component: 'test' }),
    onRejected: async (records) => {
      rejected.push(...records);
    },
  });
  const catalogue = {
    knex: database.knex,
    source,
    feed,
    clock,
    time,
    rejected,
    subgraph: createProductSubgraph({ knex: database.knex, clock }),
    sellable: createSellableProjection({ knex: database.knex, clock }),
    /** Statements sent while `work` runs. */
    async statementsOf(work: () => Promise<unknown>): Promise<string[]> {
      const statements: string[] = [];
      const note = ({ sql }: { sql: string }) => statements.push(sql);
      database.knex.on('query', note);
      await work();
      database.knex.off('query', note);
      return statements;
    },
    /** Lets the source tell something and takes it in. */
    async tell(...changes: readonly ChangeEntry[]) {
      source.tell(...changes);
      await feed.catchUp(new AbortController().signal);
    },
    stop: database.drop,
  };
  await catalogue.tell(...facts);
  return catalogue;
}

export type TestCatalogue = Awaited<ReturnType<typeof startCatalogue>>;
