import { createLogger } from '../../platform/logger.ts';
import { memoryStockSource } from '../../subgraphs/inventory/adapters/memory.ts';
import { wmsStockSource } from '../../subgraphs/inventory/adapters/wms.ts';
import type { LocationKind } from '../../subgraphs/inventory/model.ts';
import { articleNoOf } from '../../systems/wms/article-number.ts';
import { createWmsClient } from '../../systems/wms/client.ts';
import { startWmsSystem } from '../../systems/wms/simulator/start.ts';
import { createEmptyDatabase } from '../helpers/database.ts';
import { type StartedStockSource, type StockSourceSeed, stockSourceContract } from './stock-source.contract.ts';

stockSourceContract('memory', async (seed) => {
  const source = memoryStockSource(seed);
  return {
    source,
    issue: async (goods) => {
      source.issue(goods);
    },
    announce: async (goods) => source.announce(goods),
    receive: async (goods) => {
      source.receive(goods);
    },
    stop: async () => undefined,
  };
});

const SITE_TYPES: Readonly<Record<LocationKind, 'DC' | 'ST' | 'TP'>> = {
  WAREHOUSE: 'DC',
  STORE: 'ST',
  THIRD_PARTY_LOGISTICS: 'TP',
  DROP_SHIP: 'TP',
};

/** The reference warehouse system over HTTP, with its own database and a floor that works at once. */
async function startWms(seed: StockSourceSeed): Promise<StartedStockSource> {
  const database = await createEmptyDatabase();
  const address = { street: '1 Dock Road', city: 'Leeds', postcode: 'LS1 1AA', country: 'GB' };
  const system = await startWmsSystem({
    databaseUrl: database.url,
    paceMillis: 0,
    logger: createLogger({ level: 'silent', component: 'wms' }),
    seed: {
      sites: seed.sites.map(({ code, name, kind }) => ({ code, name, siteType: SITE_TYPES[kind], address })),
      articles: seed.skus.map((sku) => ({ articleNo: articleNoOf(sku), barcode: null })),
      stock: seed.stock.map(({ siteCode, sku, onHand }) => ({
        site: siteCode,
        articleNo: articleNoOf(sku),
        quantity: onHand,
      })),
    },
  });
  const wms = createWmsClient({ baseUrl: system.url, token: system.token, timeoutMillis: 5_000 });
  return {
    source: wmsStockSource(wms),
    async issue({ siteCode, sku, quantity, reference, lineRef }) {
      await wms.createDelivery({
        externalRef: reference,
        site: siteCode,
        shipTo: {
          addressee: 'A. Buyer',
          street: '1 High Street',
          street2: null,
          city: 'London',
          region: null,
          postcode: 'N1 1AA',
          country: 'GB',
        },
        service: 'STANDARD',
        collect: false,
        lines: [{ lineRef, articleNo: articleNoOf(sku), quantity }],
      });
    },
    announce: ({ siteCode, sku, lot, units, expectedAt }) =>
      wms.putInboundAdvice({
        adviceNo: lot,
        site: siteCode,
        lines: [{ articleNo: articleNoOf(sku), quantity: units, dueAt: expectedAt?.toISOString() ?? null }],
      }),
    async receive({ siteCode, sku, lot, quantity }) {
      const lines = [{ lineRef: '1', articleNo: articleNoOf(sku), quantity }];
      await wms.receive({ reference: lot, site: siteCode, kind: 'GR', lines });
    },
    async stop() {
      await wms.close();
      await system.stop();
      await database.drop();
    },
  };
}

stockSourceContract('reference warehouse system over HTTP', startWms);
