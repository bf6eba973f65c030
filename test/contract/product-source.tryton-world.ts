import { z } from 'zod';
import { formatAmount, money } from '../../platform/money.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { trytonProductSource } from '../../subgraphs/product/adapters/tryton.ts';
import type { ChangeEntry } from '../../subgraphs/product/port.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { decimal, id } from '../../systems/tryton/wire.ts';
import { createTestDatabase } from '../helpers/database.ts';
import type { TestTryton } from '../helpers/tryton.ts';
import type { Goods, SourceWorld } from './product-source.contract.ts';

const record = z.object({ id });

/** Tryton with a company and nothing to sell, filled by its own protocol. The suite's keys stand for Tryton's. */
export async function startTrytonWorld(server: TestTryton): Promise<SourceWorld & { readonly tryton: TrytonClient }> {
  const { tryton, close } = await server.open();
  const database = await createTestDatabase(['integration']);
  const made = { category: new Map<string, number>(), template: new Map<string, number>(), variant: new Map<string, number>(), price: new Map<string, number>(), list: new Map<string, number>() }; // biome-ignore format: one thought
  const theirs = new Map<string, string>();
  const one = async (model: string, domain: readonly unknown[]) =>
    (await tryton.searchRead(model, domain, record, [], { limit: 1 }))[0]?.id;
  const create = async (model: string, values: object) => (await tryton.create(model, [values]))[0] ?? 0;

  async function putGoods({ product, variants }: Goods, nameless = false): Promise<void> {
    const [category] = product.categoryKeys.map((key) => made.category.get(key));
    const content = {
      name: product.title,
      type: 'goods',
      default_uom: await one('product.uom', [['name', '=', 'Unit']]),
      sale_uom: await one('product.uom', [['name', '=', 'Unit']]),
      salable: true,
      list_price: decimal('0'),
      account_category: await one('product.category', [['accounting', '=', true]]),
    };
    const known = made.template.get(product.key);
    if (known !== undefined) return void (await tryton.write('product.template', [known], { name: product.title }));
    const template = await create('product.template', { ...content, categories: [['add', [category]]] });
    made.template.set(product.key, template);
    theirs.set(`product tryton:${template}`, product.key);
    for (const variant of variants) {
      const identifiers = variant.gtin === null ? [] : [['create', [{ type: 'ean', code: variant.gtin }]]];
      const values = { template, suffix_code: nameless ? null : variant.sku, description: product.description };
      const made_ = await create('product.product', { ...values, identifiers });
      made.variant.set(variant.key, made_);
      theirs.set(`variant tryton:${made_}`, variant.key);
    }
  }

  const source = trytonProductSource(tryton, openObservedJournal(database.knex, 'tryton'), {
    name: 'tryton',
    currencyCode: 'GBP',
    lookEveryMillis: 0,
  });
  return {
    tryton,
    source,
    named: (entry) => rename(entry, theirs),
    async putCategory({ key, name, parentKey }) {
      const known = made.category.get(key);
      if (known !== undefined) return tryton.write('product.category', [known], { name });
      const category = await create('product.category', { name, parent: made.category.get(parentKey ?? '') ?? null });
      made.category.set(key, category);
      theirs.set(`category tryton:${category}`, key);
    },
    putGoods,
    putNameless: (goods) => putGoods(goods, true),
    async putPrice({ key, variantKey, priceList, minQuantity, amountMinor, currencyCode, taxIncluded }) {
      const formula = formatAmount(money(amountMinor, currencyCode));
      const known = made.price.get(key);
      if (known !== undefined) return tryton.write('product.price_list.line', [known], { formula });
      const list = made.list.get(priceList) ?? (await create('product.price_list', { name: priceList, tax_included: taxIncluded })); // biome-ignore format: one thought
      made.list.set(priceList, list);
      const product = made.variant.get(variantKey) ?? 0;
      // Of the lines that fit, the first decides.
      const line = { price_list: list, product, quantity: minQuantity, sequence: 1_000 - minQuantity, formula };
      made.price.set(key, await create('product.price_list.line', line));
      theirs.set(`price tryton:${list}:${product}:${minQuantity}`, key);
    },
    async removeCategory(key) {
      await tryton.write('product.category', [made.category.get('R110') ?? 0], { parent: null });
      await tryton.remove('product.category', [made.category.get(key) ?? 0]);
    },
    // What was sold once cannot be deleted in Tryton: it is put out of use.
    async removeGoods({ product, variants }) {
      await tryton.write('product.product', variants.map(({ key }) => made.variant.get(key) ?? 0), { active: false }); // biome-ignore format: one thought
      await tryton.write('product.template', [made.template.get(product.key) ?? 0], { active: false });
    },
    async removePrice({ key }) {
      await tryton.remove('product.price_list.line', [made.price.get(key) ?? 0]);
    },
    putBundle: () => Promise.reject(new Error('Tryton knows no bundles')),
    removeBundle: () => Promise.reject(new Error('Tryton knows no bundles')),
    async stop() {
      await close();
      await database.drop();
    },
  };
}

/** The same entry under the suite's keys; what the suite did not put keeps Tryton's. */
function rename(entry: ChangeEntry, theirs: ReadonlyMap<string, string>): ChangeEntry {
  const of = (kind: string, key: string) => theirs.get(`${kind} ${key}`) ?? key;
  const kind = entry.kind === 'rejected' ? entry.record : entry.kind.replace('Removed', '');
  const renamed = { ...entry, key: of(kind, entry.key) };
  switch (renamed.kind) {
    case 'category':
      return { ...renamed, parentKey: renamed.parentKey && of('category', renamed.parentKey) };
    case 'product':
      return { ...renamed, categoryKeys: renamed.categoryKeys.map((key) => of('category', key)) };
    case 'variant':
      return { ...renamed, productKey: of('product', renamed.productKey) };
    case 'price':
      return { ...renamed, variantKey: of('variant', renamed.variantKey) };
    default:
      return renamed;
  }
}
