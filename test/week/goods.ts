import { itemCodeOf } from '../../systems/wms/article-number.ts';
import type { Retailer } from './retailer.ts';

/** What is on the shelves as the week begins, by the warehouse system's own books. */
export interface Goods {
  /** Articles of which both warehouses and the third party's have plenty, by SKU. */
  readonly everywhere: readonly string[];
  /** Articles of which both warehouses have plenty and the third party has none. */
  readonly inWarehouses: readonly string[];
  /** Articles that a store has on its shelf. */
  readonly inStore: (site: string) => readonly string[];
}

/** Whether everything on the shelves has been read. */
export async function isStockKnown({ inStore, inSystem }: Retailer): Promise<boolean> {
  const [shelves] = await inSystem<{ units: string }>('wms', 'select sum(quantity)::text as units from wms.stock');
  const [read] = await inStore<{ units: string | null }>('select sum(on_hand)::text as units from inventory.position');
  return shelves?.units === read?.units;
}

/** Picks what is traded: priced in the catalogue, so that it can be bought. */
export async function chooseGoods(retailer: Retailer): Promise<Goods> {
  const shelves = await retailer.inSystem<{ article_no: string; stock: Record<string, number> }>(
    'wms',
    `select article_no, jsonb_object_agg(site, quantity) as stock from wms.stock group by article_no order by article_no`,
  );
  const all = shelves.flatMap(({ article_no, stock }) => {
    const sku = itemCodeOf(article_no);
    return sku === null ? [] : [{ sku, at: (site: string) => stock[site] ?? 0 }];
  });
  const priced = new Set<string>();
  for (let from = 0; from < 1_000 && from < all.length; from += 50) {
    const skus = all.slice(from, from + 50).map(({ sku }) => sku);
    const { productVariants } = await retailer.ask('storefront', 'query ($skus: [String!]!) { productVariants(skus: $skus) { sku price { amount { amount } } availability { sellableQuantity } } }', { skus }); // biome-ignore format: one thought
    for (const variant of productVariants) if (variant?.price && variant.availability?.sellableQuantity > 50) priced.add(variant.sku); // biome-ignore format: one thought
  }
  const sold = all.filter(({ sku }) => priced.has(sku));
  const plenty = sold.filter(({ at }) => at('DC-LEEDS') > 60 && at('DC-READING') > 60);
  const goods = {
    everywhere: plenty.filter(({ at }) => at('TP-FELIXSTOWE') > 20).map(({ sku }) => sku),
    inWarehouses: plenty.filter(({ at }) => at('TP-FELIXSTOWE') === 0).map(({ sku }) => sku),
    inStore: (site: string) => plenty.filter(({ at }) => at(site) > 4).map(({ sku }) => sku),
  };
  if (goods.everywhere.length < 20 || goods.inWarehouses.length < 5 || goods.inStore('ST-LONDON').length < 3)
    throw new Error('the sample data has no fitting goods');
  return goods;
}
