import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../platform/logger.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { memoryStockSource } from '../../subgraphs/inventory/adapters/memory.ts';
import { wmsStockSource } from '../../subgraphs/inventory/adapters/wms.ts';
import { x12StockSource } from '../../subgraphs/inventory/adapters/x12.ts';
import type { LocationKind } from '../../subgraphs/inventory/model.ts';
import { articleNoOf } from '../../systems/wms/article-number.ts';
import { createWmsClient } from '../../systems/wms/client.ts';
import { startWmsSystem } from '../../systems/wms/simulator/start.ts';
import { openX12Exchange } from '../../systems/x12/exchange.ts';
import { X12_PROFILE } from '../../systems/x12/profile.ts';
import { openThirdParty } from '../../systems/x12/simulator/warehouse.ts';
import { createEmptyDatabase, createTestDatabase } from '../helpers/database.ts';
import { agreedWith } from '../helpers/third-party.ts';
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

/** A 3PL for each site, which tells by files that are taken in as they are written. */
async function startFiles(seed: StockSourceSeed): Promise<StartedStockSource> {
  const database = await createTestDatabase(['integration']);
  const folder = mkdtempSync(join(tmpdir(), 'threepl-'));
  let at = Date.UTC(2026, 10, 29, 12);
  const now = () => new Date(at);
  const journal = openObservedJournal(database.knex, 'x12');
  const exchange = openX12Exchange(journal, now);
  const partners = seed.sites.map((site) => agreedWith(site.code, { code: site.code, name: site.name }));
  const openSite = async (siteCode: string) => {
    const partner = partners.find(({ name }) => name === siteCode);
    if (!partner) throw new Error(`no 3PL has ${siteCode}`);
    return { partner, threepl: await openThirdParty(partner, join(folder, siteCode), now) };
  };
  const take = async (siteCode: string, act: (site: Awaited<ReturnType<typeof openSite>>) => Promise<{ text: string }>) => {
    at += 60_000;
    const site = await openSite(siteCode);
    const { problems } = await exchange.takeIn(site.partner, (await act(site)).text);
    if (problems.length > 0) throw new Error(problems.join());
  }; // biome-ignore format: one thought
  const correct = ({ siteCode, sku, delta }: { siteCode: string; sku: string; delta: number }) =>
    take(siteCode, ({ threepl }) => {
      threepl.stock[sku] = (threepl.stock[sku] ?? 0) + delta;
      return threepl.count([sku]);
    });
  for (const { siteCode, sku, onHand } of seed.stock) await correct({ siteCode, sku, delta: onHand });
  const unsupported = () => Promise.reject(new Error('files tell nothing of what is on its way'));
  return {
    source: x12StockSource(partners, journal),
    correct,
    announce: unsupported,
    receive: unsupported,
    async issue({ siteCode, sku, quantity, reference, lineRef }) {
      const { partner, threepl } = await openSite(siteCode);
      const shipTo = { name: 'Ada Buyer', line1: '1 High Street', line2: null, city: 'London', region: null, postalCode: 'N1 1AA', countryCode: 'GB' };
      const number = await exchange.ask(partner, { workId: reference, service: null, shipTo, lines: [{ lineRef, sku, quantity }] });
      threepl.orders[number] = { orderNumber: number, service: null, shipTo, lines: [{ lineNumber: '1', sku, quantity }], open: { '1': quantity } };
      await take(siteCode, () => threepl.ship(number, [{ trackingNumber: 'T1', sscc: null, units: { '1': quantity } }]));
    }, // biome-ignore format: one thought
    async stop() {
      rmSync(folder, { recursive: true });
      await database.drop();
    },
  };
}

stockSourceContract('3PLs by X12 files', startFiles, X12_PROFILE, 'THIRD_PARTY_LOGISTICS');
