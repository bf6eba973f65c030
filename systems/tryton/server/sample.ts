import { z } from 'zod';
import type { SampleCondition, SampleData, SampleMaterial } from '../../sample-data/model.ts';
import type { TrytonClient } from '../client.ts';
import { decimal, id } from '../wire.ts';
import { addWarehouse, countStock } from './warehouses.ts';

/** Records that one call makes. */
const BATCH = 200;
const record = z.object({ id });

/** Number of what this file puts in: raise it with every change here. */
export const SAMPLE_VERSION = 'sample1';

/** What a list makes of the list price (of one unit, without tax in list B2B); products that it does not fit get a line of their own. */
const LISTS: Readonly<Record<SampleCondition['priceListCode'], { taxIncluded: boolean; breaks: Readonly<Record<number, string>> }>> = {
  WEB: { taxIncluded: true, breaks: { 1: 'unit_price' } },
  POS: { taxIncluded: true, breaks: { 1: 'unit_price' } },
  AMAZON: { taxIncluded: true, breaks: { 1: 'unit_price * 1.2' } },
  B2B: { taxIncluded: false, breaks: { 1: 'unit_price', 24: 'unit_price * 0.92', 96: 'unit_price * 0.85' } },
}; // biome-ignore format: a table

/** Puts the sample's catalogue, prices, sites and stock into Tryton, as far as Tryton has words for them. */
export async function putSample(tryton: TrytonClient, sample: SampleData): Promise<void> {
  const categories = await putCategories(tryton, sample);
  const products = await putGoods(tryton, sample, categories);
  await putPriceLists(tryton, sample, products);
  for (const { siteNo, name } of sample.sites) {
    const warehouse = await addWarehouse(tryton, { code: siteNo, name });
    const counted = sample.stock.filter((row) => row.siteNo === siteNo && row.quantity > 0);
    const lines = counted.flatMap(({ sku, quantity }) => {
      const product = products.get(sku);
      return product === undefined ? [] : [{ product, quantity }];
    });
    await countStock(tryton, warehouse, lines);
  }
}

async function putCategories(tryton: TrytonClient, sample: SampleData): Promise<ReadonlyMap<string, number>> {
  const made = new Map<string, number>();
  for (const { groupNo, text, parentGroupNo } of sample.materialGroups) {
    const parent = parentGroupNo === null ? null : (made.get(parentGroupNo) ?? null);
    const [category] = await tryton.create('product.category', [{ name: text, parent }]);
    if (category !== undefined) made.set(groupNo, category);
  }
  return made;
}

/** @returns ids of products by SKU */
async function putGoods(
  tryton: TrytonClient,
  { materials, conditions }: SampleData,
  categories: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, number>> {
  const [unit] = await tryton.searchRead('product.uom', [['name', '=', 'Unit']], record, []);
  const [accounting] = await tryton.searchRead('product.category', [['accounting', '=', true]], record, []);
  const listPrices = new Map(
    conditions.filter((one) => isPrice(one, 'WEB', 1)).map((one) => [one.materialNo, one.amount]),
  );
  const sold = materials.filter(({ materialType, deletionFlag }) => materialType === 'HAWA' && !deletionFlag);
  const heads = new Map(materials.map((one) => [one.materialNo, one]));
  const groups = new Map<string, SampleMaterial[]>();
  for (const material of sold) {
    const head = material.configurableMaterialNo ?? material.materialNo;
    groups.set(head, [...(groups.get(head) ?? []), material]);
  }
  const templates = [...groups].map(([headNo, members]) => {
    const head = heads.get(headNo) ?? members[0];
    const [first] = members;
    const category = categories.get(head?.materialGroupNo ?? '');
    return {
      name: head?.descriptions[0]?.shortText ?? headNo,
      type: 'goods',
      default_uom: unit?.id,
      sale_uom: unit?.id,
      salable: true,
      list_price: decimal(listPrices.get(first?.materialNo ?? '') ?? '0'),
      cost_price_method: 'fixed',
      account_category: accounting?.id,
      categories: category === undefined ? [] : [['add', [category]]],
      products: [['create', members.map(toProduct)]],
    };
  });
  for (let at = 0; at < templates.length; at += BATCH)
    await tryton.create('product.template', templates.slice(at, at + BATCH));
  const made = await tryton.searchRead('product.product', [], z.object({ id, code: z.string().nullable() }), ['code']);
  return new Map(made.flatMap((one) => (one.code === null ? [] : [[one.code, one.id]])));
}

function toProduct({ oldMaterialNo, descriptions, gtinEan, unitCost }: SampleMaterial) {
  return {
    suffix_code: oldMaterialNo,
    description: descriptions[0]?.longText ?? null,
    cost_price: decimal(unitCost?.amount ?? '0'),
    identifiers: gtinEan === null ? [] : [['create', [{ type: 'ean', code: gtinEan }]]],
  };
}

/** A template has one list price: variants that cost something else have lines of their own in every list. */
async function putPriceLists(
  tryton: TrytonClient,
  { conditions, materials }: SampleData,
  products: ReadonlyMap<string, number>,
): Promise<void> {
  const skuOf = new Map(materials.map((one) => [one.materialNo, one.oldMaterialNo]));
  const listPrice = z.object({ id, list_price: z.object({ decimal: z.string() }) });
  const rows = await tryton.searchRead('product.product', [], listPrice, ['list_price']);
  const listPrices = new Map(rows.map((row) => [row.id, Number(row.list_price.decimal)]));
  for (const [name, { taxIncluded, breaks }] of Object.entries(LISTS)) {
    const own = conditions.flatMap((one) => {
      const product = products.get(skuOf.get(one.materialNo) ?? '');
      const formula = breaks[one.scaleFrom];
      if (product === undefined || formula === undefined || !isPrice(one, name, one.scaleFrom)) return [];
      const general = (listPrices.get(product) ?? 0) * Number(/\* (.+)/.exec(formula)?.[1] ?? 1);
      if (general.toFixed(2) === Number(one.amount).toFixed(2)) return [];
      return [{ product, quantity: one.scaleFrom, formula: one.amount }];
    });
    const general = Object.entries(breaks).map(([from, formula]) => ({ quantity: Number(from), formula }));
    // The first line that fits decides: own prices first, larger quantities first.
    const lines = [...own.sort((a, b) => b.quantity - a.quantity), ...general.sort((a, b) => b.quantity - a.quantity)];
    await tryton.create('product.price_list', [
      { name, tax_included: taxIncluded, lines: [['create', lines.map((line, sequence) => ({ ...line, sequence }))]] },
    ]);
  }
}

/** The price that holds today: the sample has none that is still to begin. */
function isPrice(one: SampleCondition, list: string, from: number): boolean {
  return one.conditionType === 'PR00' && one.currency === 'GBP' && one.priceListCode === list && one.scaleFrom === from && one.validTo === null && !one.deletionFlag; // biome-ignore format: one thought
}
