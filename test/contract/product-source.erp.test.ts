import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import { projectFile } from '../../platform/paths.ts';
import { erpProductSource } from '../../subgraphs/product/adapters/erp.ts';
import { createProductFeed, createProductSubgraph } from '../../subgraphs/product/index.ts';
import type { RejectedRecord } from '../../subgraphs/product/port.ts';
import type { ErpSample } from '../../systems/erp/simulator/seed.ts';
import { deriveSampleData } from '../../systems/sample-data/derive.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { startErp, type TestErp } from '../helpers/erp.ts';
import { ask, callerOf, webChannel } from '../helpers/subgraph.ts';

const sample = deriveSampleData(readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8'));
const lanternNo = 'M-71053';
/** The lantern, every style head, and a hundred other materials: enough to see what is seen in the whole. */
const some = sample.materials.filter(
  ({ materialNo, materialType }, index) => index < 100 || materialNo === lanternNo || materialType === 'KMAT',
);
const smallSample = {
  materialGroups: sample.materialGroups,
  materials: some,
  conditions: sample.conditions.filter(({ materialNo }) => some.some((material) => material.materialNo === materialNo)),
};
const NEVER = new AbortController().signal;

let erp: TestErp;
let database: TestDatabase;
let rejected: RejectedRecord[];
async function start(content: ErpSample): Promise<void> {
  [erp, database] = await Promise.all([
    startErp({ sample: () => content }),
    createTestDatabase(['product', 'integration']),
  ]);
  rejected = [];
}
afterEach(async () => {
  await erp.stop();
  await database.drop();
});

const openFeed = () =>
  createProductFeed({
    knex: database.knex,
    source: erpProductSource(erp.erp),
    logger: createLogger({ level: 'silent', component: 'test' }),
    onRejected: async (records) => {
      rejected.push(...records);
    },
  });

async function counts(): Promise<Record<string, number>> {
  const { rows } = await database.knex.raw<{ rows: Record<string, number>[] }>(
    `select (select count(*) from product.category)::int as categories, (select count(*) from product.product)::int as products,
       (select count(*) from product.variant)::int as variants, (select count(*) from product.price)::int as prices,
       (select sum(revision) from product.product_state)::int as changes`,
  );
  return rows[0] ?? {};
}

it('carries the whole item master into the catalogue', async () => {
  await start(sample);
  await openFeed().catchUp(NEVER);
  const goods = sample.materials.filter((material) => material.materialType === 'HAWA');
  const heads = sample.materials.filter((material) => material.materialType === 'KMAT');
  const alone = goods.filter((material) => material.configurableMaterialNo === null);
  expect(rejected).toEqual([]);
  expect(await counts()).toMatchObject({
    categories: sample.materialGroups.length,
    products: heads.length + alone.length,
    variants: goods.length,
    prices: sample.conditions.length,
  });

  const subgraph = createProductSubgraph({ knex: database.knex });
  const page = await ask(
    subgraph,
    `{ product(handle: "white-metal-lantern") { title brand categories { name parent { name } }
       variants { nodes { sku gtin title price { amount { amount currencyCode } taxIncluded } yen: price(currencyCode: "JPY") { amount { amount } } } } } }`,
  );
  expect(page).toEqual({
    data: {
      product: {
        title: 'White Metal Lantern',
        brand: expect.any(String),
        categories: [{ name: 'Candles and Lights', parent: { name: 'Home' } }],
        variants: {
          nodes: [
            {
              sku: '71053',
              gtin: expect.stringMatching(/^\d{13}$/),
              title: 'White Metal Lantern',
              price: { amount: { amount: '3.39', currencyCode: 'GBP' }, taxIncluded: true },
              yen: expect.anything(),
            },
          ],
        },
      },
    },
  });
}, 120_000);

it('knows the business price breaks of the price lists', async () => {
  await start(smallSample);
  await openFeed().catchUp(NEVER);
  const record = smallSample.conditions.find((one) => one.priceListCode === 'B2B' && one.scaleFrom === 96);
  const sku = sample.materials.find((material) => material.materialNo === record?.materialNo)?.oldMaterialNo;
  const single = sample.conditions.find(
    (one) => one.priceListCode === 'B2B' && one.scaleFrom === 1 && one.materialNo === record?.materialNo,
  );
  const answer = await ask(
    createProductSubgraph({ knex: database.knex }),
    'query($skus: [String!]!) { productVariants(skus: $skus) { one: price { amount { amount } taxIncluded } many: price(quantity: 96) { amount { amount } } } }',
    { skus: [sku] },
    callerOf({ contract: 'business-to-business', channel: { ...webChannel, code: 'B2B', priceList: 'B2B' } }),
  );
  expect(answer.data).toEqual({
    productVariants: [
      { one: { amount: { amount: single?.amount }, taxIncluded: false }, many: { amount: { amount: record?.amount } } },
    ],
  });
});

it('survives an ERP that repeats, reorders, fails and talks nonsense, with each change in the catalogue once', async () => {
  await start(smallSample);
  erp.system.setFaults([
    { kind: 'duplicate', value: 3 },
    { kind: 'reorder' },
    { kind: 'garbage', value: 'html', route: '/materials', times: 1 },
    { kind: 'status', value: 503, route: '/conditions', times: 1 },
  ]);
  const feed = openFeed();
  let failures = 0;
  for (let done = false; !done; ) {
    try {
      await feed.catchUp(NEVER);
      done = true;
    } catch {
      failures += 1;
      expect(failures).toBeLessThan(5);
    }
  }
  expect(failures).toBe(2);
  // Three rounds, each stream read in one page: a reader who took the last entry for the newest would need many.
  expect(erp.system.counters.calls()).toMatchObject({
    'GET /material-groups': 4,
    'GET /materials': 4,
    'GET /conditions': 3,
  });
  erp.system.setFaults([]);
  const after = await counts();
  expect(after).toMatchObject({ prices: smallSample.conditions.length });
  await openFeed().catchUp(NEVER);
  expect(await counts()).toEqual(after);
  expect(rejected).toEqual([]);
});

it('follows a change of the ERP through to the product page', async () => {
  await start(smallSample);
  const feed = openFeed();
  await feed.catchUp(NEVER);
  const record = sample.conditions.find(
    (one) => one.materialNo === lanternNo && one.priceListCode === 'WEB' && one.currency === 'GBP',
  );
  const material = await erp.erp.findMaterial(lanternNo);
  if (!record || !material) throw new Error('the sample has no lantern');
  const { conditionNo, ...condition } = record;
  await erp.erp.putCondition(conditionNo, { ...condition, amount: '2.99' });
  const { materialNo, changeNo: _, changedAt: __, ...content } = material;
  await erp.erp.putMaterial(materialNo, {
    ...content,
    descriptions: [{ language: 'EN', shortText: 'Cream Metal Lantern', longText: '' }],
  });
  await feed.catchUp(NEVER);
  const answer = await ask(
    createProductSubgraph({ knex: database.knex }),
    '{ product(handle: "white-metal-lantern") { title description variants { nodes { price { amount { amount } } } } } }',
  );
  expect(answer.data).toEqual({
    product: {
      title: 'Cream Metal Lantern',
      description: null,
      variants: { nodes: [{ price: { amount: { amount: '2.99' } } }] },
    },
  });
});
