import { formatAmount } from '../../platform/money.ts';
import type { ObservedJournal } from '../../platform/observed/journal.ts';
import { type SapProductTerms, sapProductSource } from '../../subgraphs/product/adapters/sap.ts';
import type { ChangeEntry } from '../../subgraphs/product/port.ts';
import { createSapClient } from '../../systems/sap/client.ts';
import { startSap, type TestSap } from '../helpers/sap/server.ts';
import type { SourceWorld } from './product-source.contract.ts';

export const SAP_TERMS: SapProductTerms = {
  language: 'EN',
  area: { organization: '1010', channel: '10' },
  conditionType: 'PPR0',
  priceLists: { '': { name: 'WEB', taxIncluded: true }, '02': { name: 'B2B', taxIncluded: false } },
  tax: { country: 'GB', category: 'TTX1', rates: { '1': 2_000 } },
  timeZone: 'UTC',
};

const PRODUCT = 'API_PRODUCT_SRV';
const PRICES = 'API_SLSPRICINGCONDITIONRECORD_SRV';
export const dateOf = (at: Date) => `/Date(${at.getTime()})/`;
const FOR_EVER = new Date(Date.UTC(9999, 11, 31));

/** Puts a product that is sold in the area, as SAP's users do; what was there of it stays, as far as it is not given. */
export function putProduct(sap: TestSap, number: string, more: Record<string, unknown> = {}, title = number): void {
  const before = sap.rows(PRODUCT, 'A_ProductType').find(({ Product }) => Product === number) ?? {};
  const changes = sap.rows(PRODUCT, 'A_ProductType').length + Number(/\d+/.exec(String(before.LastChangeDateTime))?.[0] ?? Date.UTC(2026, 10, 23)); // biome-ignore format: one thought
  sap.put(PRODUCT, 'A_ProductType', { ...before, Product: number, ...more, LastChangeDateTime: `/Date(${changes + 1}+0000)/` }); // biome-ignore format: one thought
  sap.put(PRODUCT, 'A_ProductDescriptionType', { Product: number, Language: 'DE', ProductDescription: 'Anders' });
  sap.put(PRODUCT, 'A_ProductDescriptionType', { Product: number, Language: 'EN', ProductDescription: title });
  sap.put(PRODUCT, 'A_ProductSalesDeliveryType', { Product: number, ProductSalesOrg: '1010', ProductDistributionChnl: '10' }); // biome-ignore format: one thought
  sap.put(PRODUCT, 'A_ProductSalesTaxType', { Product: number, Country: 'GB', TaxCategory: 'TTX1', TaxClassification: '1' }); // biome-ignore format: one thought
}

/** Puts a price for ever, of everybody who buys in the area. */
export function putCondition(sap: TestSap, record: string, material: string, more: Record<string, unknown> = {}, validity: Record<string, unknown> = {}): void {
  sap.put(PRICES, 'A_SlsPrcgConditionRecordType', { ConditionRecord: record, ConditionTable: '304', ConditionApplication: 'V', ConditionType: 'PPR0', ConditionQuantity: '1', ConditionQuantityUnit: 'PC', ConditionRateValue: '0', ConditionRateValueUnit: 'GBP', ...more });
  sap.put(PRICES, 'A_SlsPrcgCndnRecdValidityType', { ConditionRecord: record, ConditionValidityStartDate: dateOf(new Date('2020-01-01')), ConditionValidityEndDate: dateOf(FOR_EVER), SalesOrganization: '1010', DistributionChannel: '10', Material: material, ...validity });
} // biome-ignore format: one thought

/** SAP with nothing in it, filled as its own users do. */
export async function startSapWorld(journal: ObservedJournal): Promise<SourceWorld> {
  const server = await startSap();
  const client = createSapClient({ ...server.options, timeoutMillis: 60_000 });
  const theirs = new Map<string, string>();
  const numbers = new Map<string, string>();
  const numberOf = (key: string) => numbers.get(key) ?? key;
  const told = (number: string, key: string) => {
    theirs.set(`sap:${number}`, key);
    numbers.set(key, number);
  };

  function named(entry: ChangeEntry): ChangeEntry {
    const of = (key: string) => theirs.get(key) ?? key.replace(/^sap:/, '');
    const renamed = { ...entry, key: of(entry.key) };
    if (renamed.kind === 'product') return { ...renamed, categoryKeys: renamed.categoryKeys.map(of) };
    if (renamed.kind === 'variant') return { ...renamed, productKey: of(renamed.productKey) };
    return renamed.kind === 'price' ? { ...renamed, variantKey: of(renamed.variantKey) } : renamed;
  }

  return {
    source: sapProductSource(client, journal, 'sap', SAP_TERMS, { look: 0, unmarked: 0 }),
    named,
    async putCategory({ key, name }) {
      server.put('API_PRODUCTGROUP_SRV', 'A_ProductGroupTextType', { MaterialGroup: key, Language: 'EN', MaterialGroupText: name }); // biome-ignore format: one thought
      server.put('API_PRODUCTGROUP_SRV', 'A_ProductGroupTextType', { MaterialGroup: key, Language: 'DE', MaterialGroupText: 'Anders' }); // biome-ignore format: one thought
    },
    async putGoods({ product, variants }) {
      const isAlone = variants[0]?.key === product.key;
      const describe = (number: string) => server.put(PRODUCT, 'A_ProductBasicTextType', { Product: number, Language: 'EN', LongText: product.description }); // biome-ignore format: one thought
      if (!isAlone) {
        putProduct(server, product.key, { ProductGroup: product.categoryKeys[0] }, product.title);
        describe(product.key);
      }
      for (const { key, sku, gtin, title } of variants) {
        told(sku, key);
        const parent = isAlone ? {} : { CrossPlantConfigurableProduct: product.key };
        putProduct(server, sku, { ...parent, ProductGroup: product.categoryKeys[0], ProductStandardID: gtin ?? '' }, title); // biome-ignore format: one thought
        if (isAlone) describe(sku);
      }
    },
    async putPrice({ key, variantKey, priceList, currencyCode, amountMinor, minQuantity }) {
      const rate = { ConditionRateValue: formatAmount({ amountMinor, currencyCode }), ConditionRateValueUnit: currencyCode }; // biome-ignore format: one thought
      if (priceList === 'WEB') {
        theirs.set(`sap:${key}/9999-12-31`, key);
        putCondition(server, key, numberOf(variantKey), rate);
        return;
      }
      // What has steps is one record.
      theirs.set(`sap:${priceList}/9999-12-31/${minQuantity}`, key);
      putCondition(server, priceList, numberOf(variantKey), { ConditionTable: '306', PricingScaleType: 'A', PricingScaleBasis: 'C' }, { PriceListType: '02' }); // biome-ignore format: one thought
      server.put(PRICES, 'A_SlsPrcgCndnRecordScaleType', { ConditionRecord: priceList, ConditionSequentialNumber: '1', ConditionScaleLine: String(minQuantity), ConditionScaleQuantity: String(minQuantity), ConditionScaleQuantityUnit: 'PC', ...rate }); // biome-ignore format: one thought
    },
    async removeCategory(key) {
      server.remove('API_PRODUCTGROUP_SRV', 'A_ProductGroupTextType', { MaterialGroup: key });
    },
    async removeGoods({ product }) {
      // Nothing goes away there: it is marked.
      putProduct(server, numberOf(product.key), { IsMarkedForDeletion: true });
    },
    async removePrice({ key }) {
      server.remove(PRICES, 'A_SlsPrcgConditionRecordType', { ConditionRecord: key });
    },
    putBundle: () => Promise.reject(new Error('these services tell no components')),
    removeBundle: () => Promise.reject(new Error('these services tell no components')),
    async stop() {
      await client.close();
      await server.stop();
    },
  };
}
