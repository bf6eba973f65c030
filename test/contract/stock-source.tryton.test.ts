import { afterAll, beforeAll } from '@jest/globals';
import { z } from 'zod';
import { derivedId } from '../../platform/ids.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { trytonNodeSystem } from '../../subgraphs/fulfillment/adapters/tryton.ts';
import { trytonStockSource } from '../../subgraphs/inventory/adapters/tryton.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { TRYTON_PROFILE } from '../../systems/tryton/profile.ts';
import { addWarehouse, countStock } from '../../systems/tryton/server/warehouses.ts';
import { NO_ORIGIN } from '../../systems/tryton/stock-documents.ts';
import { decimal, id } from '../../systems/tryton/wire.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { startTestTryton, type TestTryton } from '../helpers/tryton.ts';
import { type StartedStockSource, type StockSourceSeed, stockSourceContract } from './stock-source.contract.ts';

const record = z.object({ id });

let server: TestTryton;
beforeAll(async () => {
  server = await startTestTryton();
});
afterAll(() => server.stop());

async function putStock(tryton: TrytonClient, seed: StockSourceSeed): Promise<void> {
  const one = async (model: string, domain: readonly unknown[]) =>
    (await tryton.searchRead(model, domain, record, [], { limit: 1 }))[0]?.id ?? 0;
  const unit = await one('product.uom', [['name', '=', 'Unit']]);
  // The warehouse that every new Tryton has is no site of the seed.
  await tryton.write('stock.location', [await one('stock.location', [['code', '=', 'WH']])], { code: null });
  const products = new Map<string, number>();
  for (const sku of seed.skus) {
    const goods = {
      name: sku,
      type: 'goods',
      default_uom: unit,
      salable: true,
      sale_uom: unit,
      list_price: decimal('1'),
    };
    const [template = 0] = await tryton.create('product.template', [goods]);
    products.set(sku, (await tryton.create('product.product', [{ template, suffix_code: sku }]))[0] ?? 0);
  }
  for (const { code, name } of seed.sites) {
    const warehouse = await addWarehouse(tryton, { code, name });
    const rows = seed.stock.filter((row) => row.siteCode === code);
    await countStock(tryton, warehouse, rows.map(({ sku, onHand }) => ({ product: products.get(sku) ?? 0, quantity: onHand }))); // biome-ignore format: one thought
  }
}

/** Tryton with the seed's sites, articles and stock, counted there as its own clients count. */
async function startTrytonStock(seed: StockSourceSeed): Promise<StartedStockSource> {
  const { tryton, close } = await server.open({ name: 'stock', put: (client) => putStock(client, seed) });
  const database = await createTestDatabase(['integration']);
  const journal = openObservedJournal(database.knex, 'tryton');
  const source = trytonStockSource(tryton, journal, {
    siteKinds: Object.fromEntries(seed.sites.map(({ code, kind }) => [code, kind])),
    lookEveryMillis: 0,
  });
  const unsupported = () => Promise.reject(new Error('Tryton knows no purchases here'));
  return {
    source,
    announce: unsupported,
    receive: unsupported,
    // Work is released from here, and staff in Tryton's own client do it.
    async issue({ siteCode, sku, quantity, reference, lineRef }) {
      const work = { fulfillmentOrderId: reference, locationId: derivedId('location', siteCode), deliveryMethod: 'SHIPPING', serviceLevel: null, shipTo: null, lines: [{ lineRef, sku, quantity }] } as const; // biome-ignore format: one thought
      await trytonNodeSystem(tryton, journal).release(work, new AbortController().signal);
      const made = await tryton.searchRead('stock.shipment.out', [['reference', '=', reference]], record, []);
      for (const button of ['assign_try', 'pick', 'pack', 'done'])
        await tryton.press('stock.shipment.out', button, made.map((one) => one.id), { accept: NO_ORIGIN }); // biome-ignore format: one thought
    },
    async stop() {
      await close();
      await database.drop();
    },
  };
}

stockSourceContract('Tryton', startTrytonStock, TRYTON_PROFILE);
