import { afterAll, beforeAll } from '@jest/globals';
import { z } from 'zod';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { trytonStockSource } from '../../subgraphs/inventory/adapters/tryton.ts';
import { TRYTON_PROFILE } from '../../systems/tryton/profile.ts';
import { addWarehouse, countStock, type Warehouse } from '../../systems/tryton/server/warehouses.ts';
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

/** Tryton with the seed's sites, articles and stock, counted there as its own clients count. */
async function startTrytonStock(seed: StockSourceSeed): Promise<StartedStockSource> {
  const { tryton, close } = await server.open();
  const database = await createTestDatabase(['integration']);
  const one = async (model: string, domain: readonly unknown[]) =>
    (await tryton.searchRead(model, domain, record, [], { limit: 1 }))[0]?.id ?? 0;
  const unit = await one('product.uom', [['name', '=', 'Unit']]);
  const { company } = await tryton.identity();
  const currency = await one('currency.currency', [['code', '=', 'GBP']]);
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
  const warehouses = new Map<string, Warehouse>();
  for (const { code, name } of seed.sites) {
    const warehouse = await addWarehouse(tryton, { code, name });
    warehouses.set(code, warehouse);
    const rows = seed.stock.filter((row) => row.siteCode === code);
    await countStock(tryton, warehouse, rows.map(({ sku, onHand }) => ({ product: products.get(sku) ?? 0, quantity: onHand }))); // biome-ignore format: one thought
  }
  const source = trytonStockSource(tryton, openObservedJournal(database.knex, 'tryton'), {
    siteKinds: Object.fromEntries(seed.sites.map(({ code, kind }) => [code, kind])),
    lookEveryMillis: 0,
  });
  const unsupported = () => Promise.reject(new Error('Tryton knows no purchases here'));
  return {
    source,
    announce: unsupported,
    receive: unsupported,
    // As the warehouse's own staff ship: what is picked stands in the output zone until it leaves.
    async issue({ siteCode, sku, quantity, reference }) {
      const [party = 0] = await tryton.create('party.party', [{ name: 'A. Buyer', addresses: [['create', [{}]]] }]);
      const address = await one('party.address', [['party', '=', party]]);
      const warehouse = warehouses.get(siteCode)?.id ?? 0;
      const zones = z.object({ output_location: id });
      const [zone] = await tryton.searchRead('stock.location', [['id', '=', warehouse]], zones, ['output_location']);
      const move = {
        product: products.get(sku),
        uom: unit,
        quantity,
        from_location: zone?.output_location,
        to_location: await one('stock.location', [['type', '=', 'customer']]),
        company,
        currency,
        unit_price: decimal('1'),
      };
      const shipment = { company, customer: party, delivery_address: address, warehouse, reference, outgoing_moves: [['create', [move]]] }; // biome-ignore format: one thought
      const made = await tryton.create('stock.shipment.out', [shipment]);
      for (const button of ['wait', 'assign_try', 'pick', 'pack', 'done'])
        await tryton.press('stock.shipment.out', button, made, { accept: NO_ORIGIN });
    },
    async stop() {
      await close();
      await database.drop();
    },
  };
}

stockSourceContract('Tryton', startTrytonStock, TRYTON_PROFILE);
