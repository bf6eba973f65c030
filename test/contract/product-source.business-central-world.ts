import { createHash } from 'node:crypto';
import type { ObservedJournal } from '../../platform/observed/journal.ts';
import { businessCentralProductSource } from '../../subgraphs/product/adapters/business-central.ts';
import type { ChangeEntry } from '../../subgraphs/product/port.ts';
import { createBusinessCentralClient } from '../../systems/business-central/client.ts';
import { startBusinessCentral } from '../helpers/business-central.ts';
import type { Goods, SourceWorld } from './product-source.contract.ts';

/** The suite's keys as GUIDs. */
export function guidOf(key: string): string {
  const hash = createHash('sha256').update(key).digest('hex');
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-');
}

/** Business Central with nothing in it, filled as its own users do. */
export async function startBusinessCentralWorld(journal: ObservedJournal): Promise<SourceWorld> {
  const central = await startBusinessCentral();
  const odata = createBusinessCentralClient({ ...central.options, timeoutMillis: 60_000 });
  const { items, itemCategories, itemVariants } = central.sets;
  const theirs = new Map<string, string>();
  const called = new Map<string, string>();
  let changes = 0;

  function idOf(key: string): string {
    const id = guidOf(key);
    theirs.set(`bc:${id}`, key);
    theirs.set(`bc:price:${id}`, 'C-1');
    return id;
  }
  const now = () => {
    changes += 1;
    return { lastModifiedDateTime: new Date(Date.UTC(2026, 10, 23) + changes).toISOString() };
  };

  async function putGoods({ product, variants }: Goods): Promise<void> {
    const id = idOf(product.key);
    const [first] = variants;
    if (!first) return;
    const isAlone = first.key === product.key;
    const number = isAlone ? first.sku : first.sku.slice(0, -1);
    const before = items.get(id) ?? { unitPrice: 0, priceIncludesTax: false, inventory: 0 };
    items.set(id, { ...before, id, number, displayName: product.title, type: 'Inventory', itemCategoryId: idOf(product.categoryKeys[0] ?? ''), blocked: false, gtin: first.gtin ?? '', ...now() }); // biome-ignore format: one thought
    if (isAlone) return;
    for (const one of variants) {
      const code = one.sku.slice(-1);
      called.set(`${number}-${code}`, one.sku);
      itemVariants.set(one.key, { id: idOf(one.key), itemId: id, itemNumber: number, code, description: one.title, ...now() }); // biome-ignore format: one thought
    }
  }

  function named(entry: ChangeEntry): ChangeEntry {
    const of = (key: string) => theirs.get(key) ?? key;
    const renamed = { ...entry, key: of(entry.key) };
    switch (renamed.kind) {
      case 'product':
        return { ...renamed, categoryKeys: renamed.categoryKeys.map(of) };
      case 'variant':
        return { ...renamed, productKey: of(renamed.productKey), sku: (called.get(renamed.sku) ?? renamed.sku) as typeof renamed.sku }; // biome-ignore format: one thought
      case 'price':
        return { ...renamed, variantKey: of(renamed.variantKey) };
      default:
        return renamed;
    }
  }

  return {
    source: businessCentralProductSource(odata, journal, { name: 'bc', currencyCode: 'GBP', priceList: 'WEB', taxBasisPoints: 2_000, lookEveryMillis: 0 }), // biome-ignore format: one thought
    named,
    async putCategory({ key, name }) {
      const id = idOf(key);
      itemCategories.set(id, { id, code: key, displayName: name, ...now() });
    },
    putGoods,
    async putPrice({ variantKey, amountMinor, taxIncluded }) {
      const id = idOf(variantKey);
      items.set(id, {
        ...items.get(id),
        unitPrice: Number(amountMinor) / 100,
        priceIncludesTax: taxIncluded,
        ...now(),
      });
    },
    async removeCategory(key) {
      itemCategories.delete(idOf(key));
    },
    async removeGoods({ product }) {
      items.delete(idOf(product.key));
    },
    async removePrice({ variantKey }) {
      const item = items.get(idOf(variantKey));
      if (item) items.set(idOf(variantKey), { ...item, unitPrice: 0, ...now() });
    },
    putBundle: () => Promise.reject(new Error('Business Central tells no components')),
    removeBundle: () => Promise.reject(new Error('Business Central tells no components')),
    async stop() {
      await odata.close();
      await central.stop();
    },
  };
}
