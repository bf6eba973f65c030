import { roundToMinor } from '../../../platform/money.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import type { CallOptions } from '../../../systems/client-kit/call-options.ts';
import { readCategories, readPrices, readVariants, type TrytonPrice, type TrytonVariant } from '../../../systems/tryton/catalogue.ts'; // biome-ignore format: one thought
import { readChangeMark } from '../../../systems/tryton/change-marks.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import type { Sku } from '../model.ts';
import type { CatalogueFact, ChangeEntry, PriceFact, ProductSource } from '../port.ts';
import { type LookAt, observedProductSource } from './observed.ts';

export interface TrytonProductOptions {
  /** As positions, facts and exceptions name the system. */
  readonly name: string;
  /** Currency of Tryton's company, in which all its prices are. */
  readonly currencyCode: string;
  /** Pause between two looks at Tryton, in milliseconds. Default 5000. */
  readonly lookEveryMillis?: number;
}

/** After so long everything is read even if no mark moved: a transaction that ended late moves none. */
const READ_ALL_MILLIS = 600_000;
const LOOK_EVERY_MILLIS = 5_000;

interface Stream {
  /** Whose changes it follows from. */
  readonly models: readonly string[];
  read(tryton: TrytonClient, options: CallOptions): Promise<readonly ChangeEntry[]>;
}

/**
 * Goods and prices of Tryton: categories are categories, a template is a product, a product is a variant. Tryton numbers no
 * changes: what it says is compared with what it said before, and what differs, or is gone, is a change.
 */
export function trytonProductSource(
  tryton: TrytonClient,
  journal: ObservedJournal,
  { name, currencyCode, lookEveryMillis = LOOK_EVERY_MILLIS }: TrytonProductOptions,
): ProductSource {
  const streams: Readonly<Record<string, Stream>> = {
    categories: {
      models: ['product.category'],
      read: async (...asked) => (await readCategories(...asked)).map(({ id, name: title, parent }) => ({ kind: 'category', key: keyOf(id), name: title, parentKey: parent === null ? null : keyOf(parent) })), // biome-ignore format: one thought
    },
    goods: {
      models: ['product.template', 'product.product', 'product.identifier'],
      read: async (...asked) => toGoods(await readVariants(...asked)),
    },
    prices: {
      // A formula may use list price and cost, whose changes touch template or product; the tax follows from categories.
      models: ['product.price_list', 'product.price_list.line', 'product.template', 'product.product', 'product.category', 'account.tax'], // biome-ignore format: one thought
      read: async (...asked) => (await readPrices(...asked)).map((price) => toPrice(price, currencyCode)),
    },
  };
  /** Reads everything when a mark moved, and now and then all the same. */
  function lookAt({ models, read }: Stream): LookAt {
    let last: { readonly all: number; readonly mark: string } | null = null;
    return async (signal) => {
      const now = performance.now();
      const mark = await readChangeMark(tryton, models, { signal });
      if (last?.mark === mark && now - last.all < READ_ALL_MILLIS) return null;
      const onTaken = () => {
        last = { all: now, mark };
      };
      return { entries: await read(tryton, { signal }), isAll: true, onTaken };
    };
  }

  const looks = Object.fromEntries(Object.entries(streams).map(([stream, one]) => [stream, lookAt(one)]));
  return observedProductSource(name, journal, looks, lookEveryMillis);
}

/** Tryton's numbers are unique per kind of record, and no other system's. */
const keyOf = (id: number): string => `tryton:${id}`;

function toGoods(variants: readonly TrytonVariant[]): ChangeEntry[] {
  const products = new Map<number, TrytonVariant[]>();
  for (const variant of variants) products.set(variant.template, [...(products.get(variant.template) ?? []), variant]);
  return [...products].flatMap(([template, [first, ...others]]): ChangeEntry[] => {
    if (!first) return [];
    const all = [first, ...others];
    const product: CatalogueFact = {
      kind: 'product',
      key: keyOf(template),
      title: first['template.'].name,
      description: all.find(({ description }) => description)?.description ?? null,
      brand: null,
      categoryKeys: first['template.'].categories.map(keyOf),
      media: [],
      recordedAt: first['template.'].create_date,
    };
    return [product, ...all.map(toVariant)];
  });
}

function toVariant({ id, code, template, ean, 'template.': { name } }: TrytonVariant): ChangeEntry {
  const key = keyOf(id);
  if (!code) return { kind: 'rejected', record: 'variant', key, reason: 'NO_SKU' };
  return { kind: 'variant', key, productKey: keyOf(template), sku: code as Sku, gtin: ean, title: name, options: [] };
}

function toPrice(price: TrytonPrice, currencyCode: string): PriceFact {
  return {
    kind: 'price',
    key: `tryton:${price.listId}:${price.variant}:${price.fromQuantity}`,
    variantKey: keyOf(price.variant),
    priceList: price.list,
    currencyCode,
    former: false,
    minQuantity: price.fromQuantity,
    // Tryton's lists have no periods: a price holds since ever and until another one does.
    validFrom: new Date(0),
    validTo: null,
    // Formulas give more digits than the currency has: `40.9950`. We sell at 41.00, and tell Tryton that price with the order.
    amountMinor: roundToMinor(price.amount, currencyCode),
    taxIncluded: price.taxIncluded,
    taxBasisPoints: Math.round(price.taxRate * 10_000),
  };
}
