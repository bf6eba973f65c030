import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sleep } from '../../../platform/clock.ts';
import { query } from '../../../platform/db/query.ts';
import { readDrift, whyNotClean } from '../../../platform/drift/drift.ts';
import { createLogger } from '../../../platform/logger.ts';
import type { DomainRoute } from '../../../systems/routing/model.ts';
import { categoryFact, goods, priceFact } from '../../../test/contract/product-source.harness.ts';
import { startTrytonWorld } from '../../../test/contract/product-source.tryton-world.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { erpSample, startErp, type TestErp } from '../../../test/helpers/erp.ts';
import { ask } from '../../../test/helpers/subgraph.ts';
import { startTestTryton, type TestTryton } from '../../../test/helpers/tryton.ts';
import { moveProduct, openProduct } from '../main.ts';
import type { ProductFact, VariantFact } from '../port.ts';

let server: TestTryton;
let world: Awaited<ReturnType<typeof startTrytonWorld>>;
let erp: TestErp;
let database: TestDatabase;
// The first time Tryton's database is made, which takes minutes.
beforeAll(async () => {
  server = await startTestTryton();
  [world, erp, database] = await Promise.all([
    startTrytonWorld(server),
    startErp({ sample: () => ({ ...erpSample, conditions: [...erpSample.conditions, ...secondPrice] }) }),
    createTestDatabase(['product', 'integration', 'inventory']),
  ]);
}, 900_000);
afterAll(async () => {
  await erp?.stop();
  await world?.stop();
  await database?.drop();
  await server?.stop();
});

const secondPrice = erpSample.conditions.map((condition) => ({ ...condition, conditionNo: 'C-2', materialNo: 'M-2', amount: '1.20' })); // biome-ignore format: one thought
const route: DomainRoute = {
  system: 'erp',
  read: 'projected',
  freshnessSeconds: 300,
  fallback: 'last-known',
  cohorts: [],
  shadow: { system: 'tryton', everySeconds: 0, settleSeconds: 0, cleanWanted: 4, budgetPercent: 0, ignore: [] },
};

it('moves the catalogue from the ERP to Tryton and back while it is asked all the time, without a wrong or failed answer', async () => {
  await fillTryton();
  const product = openProduct({
    knex: database.knex,
    system: { adapter: 'reference-erp', erp: erp.erp },
    shadow: { adapter: 'tryton', name: 'tryton', tryton: world.tryton, currencyCode: 'GBP' },
    route: () => route,
    report: (_, { message }) => Promise.reject(new Error(message)),
    logger: createLogger({ level: 'silent', component: 'test' }),
  });
  const stopping = new AbortController();
  await product.serving.configure();
  await product.feed.catchUp(stopping.signal);
  const running = product.feed.run(stopping.signal);
  const move = (to: string | null) =>
    moveProduct(database.knex, { part: '', to, by: 'test', reason: 'because' }, async () => undefined);
  // Two reads: between them the price may change, so that each is looked at by itself.
  const read = async () => {
    const answer = await ask(
      product.subgraph,
      '{ products(sortBy: TITLE_ASC) { nodes { id handle title brand categories { id name } variants { nodes { sku price { amount { amount } } } } } } }', // biome-ignore format: one thought
    );
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    const quote = await query(database.knex, "select * from product.quote('WEB', 'GBP', array['A1', 'A2'], array[1, 1], now())"); // biome-ignore format: one thought
    return [JSON.stringify(answer.data), JSON.stringify(quote)];
  };
  const shown = async () => (await read()).join('\n');
  const before = await shown();
  const seen = new Set<string>();
  let isOver = false;
  const traffic = async () => {
    while (!isOver) {
      for (const text of await read()) seen.add(text);
    }
  };
  const shops = [traffic(), traffic()];
  try {
    // Tryton has another price: it is told, and nothing moves.
    await until(async () => (await drift())?.examples.some(({ field }) => field === 'price WEB GBP'));
    expect(await move('tryton')).toMatchObject({ kind: 'refused' });
    expect((await drift())?.examples).toContainEqual({ subject: 'A2', field: 'price WEB GBP', here: '1.20 GBP', there: '1.25 GBP' }); // biome-ignore format: one thought
    await world.putPrice(priceFact('A2', 120));
    await until(async () => (await move('tryton')).kind === 'moved');
    expect(await product.serving.served()).toEqual([{ name: '', system: 'tryton', when: {} }]);
    expect(before).toContain('"brand":"Nobody & Co"');
    expect([...seen]).toEqual(before.split('\n'));

    // Tryton is followed now: a price is changed there by its own client.
    await world.putPrice(priceFact('A2', 135));
    await until(async () => (await shown()) !== before);
    const after = before.replaceAll('"1.20"', '"1.35"').replaceAll('"120"', '"135"');
    expect(await shown()).toBe(after);

    expect(await move(null)).toMatchObject({ kind: 'moved', from: 'tryton', to: 'erp' });
    expect(await shown()).toBe(before);
    // Never anything but what one of the two said.
    expect([...seen].filter((text) => !`${before}\n${after}`.split('\n').includes(text))).toEqual([]);
  } finally {
    isOver = true;
    await Promise.all(shops);
    stopping.abort();
    await running;
  }
});

/** What the ERP has, by Tryton's own protocol; one price is another. */
async function fillTryton(): Promise<void> {
  await world.putCategory(categoryFact('G1', { name: 'Lights' }));
  for (const [sku, title] of [
    ['A1', 'Lantern'],
    ['A2', 'Candle'],
  ] as const) {
    // biome-ignore format: one thought
    const [product, variant] = goods(sku, title, undefined, { description: `${title}.`, categoryKeys: ['G1'] });
    await world.putGoods({ product: { ...(product as ProductFact), description: `${title}.` }, variants: [variant as VariantFact] }); // biome-ignore format: one thought
  }
  await world.putPrice(priceFact('A1', 339));
  await world.putPrice(priceFact('A2', 125));
}

async function drift() {
  const [figures] = await readDrift(database.knex);
  return figures && { ...figures, why: whyNotClean(figures) };
}

async function until(holds: () => Promise<boolean | undefined>): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 90 s: ${JSON.stringify(await drift())}`);
    await sleep(200);
  }
}
