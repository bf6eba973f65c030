import { roundToMinor } from '../../../platform/money.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import {
  type BusinessCentralItem,
  readCategories,
  readItems,
  readMark,
} from '../../../systems/business-central/catalogue.ts';
import type { CallOptions } from '../../../systems/client-kit/call-options.ts';
import type { ODataClient } from '../../../systems/odata/client.ts';
import type { Sku } from '../model.ts';
import type { ChangeEntry, PriceFact, ProductFact, ProductSource, VariantFact } from '../port.ts';
import { type LookAt, observedProductSource } from './observed.ts';

export interface BusinessCentralProductOptions {
  /** As positions, facts, keys and exceptions name the system. */
  readonly name: string;
  /** Of the company, in which its prices are. */
  readonly currencyCode: string;
  /** Name that its one price list has here. */
  readonly priceList: string;
  /** 2000 is 20 %: the API tells no rates. */
  readonly taxBasisPoints: number;
  /** Pause between two looks, in milliseconds. Default 30000: it counts calls. */
  readonly lookEveryMillis?: number;
}

const LOOK_EVERY_MILLIS = 30_000;
/** After so long everything is read even if no mark moved. */
const READ_ALL_MILLIS = 3_600_000;

/**
 * Goods and prices of Business Central: an item is a product, and its variants are; an item without variants is its own.
 * The SKU is the number of the item, and the code of the variant behind a hyphen.
 */
export function businessCentralProductSource(
  odata: ODataClient,
  journal: ObservedJournal,
  options: BusinessCentralProductOptions,
): ProductSource {
  const { name, currencyCode, priceList, taxBasisPoints, lookEveryMillis = LOOK_EVERY_MILLIS } = options;
  const own = (id: string) => `${name}:${id}`;
  const streams = {
    categories: lookAt(['itemCategories'], async (call) =>
      (await readCategories(odata, call)).map(({ id, code, displayName }) => ({ kind: 'category', key: own(id), name: displayName || code, parentKey: null })),
    ), // biome-ignore format: one thought
    goods: lookAt(['items', 'itemVariants'], async (call) => (await readItems(odata, call)).flatMap((item) => [toProduct(item), ...toVariants(item)])), // biome-ignore format: one thought
    prices: lookAt(['items', 'itemVariants'], async (call) => (await readItems(odata, call)).flatMap(toPrices)),
  };
  return observedProductSource(name, journal, streams, lookEveryMillis);

  /** Reads everything when a mark moved, and now and then all the same. */
  function lookAt(sets: readonly string[], read: (call: CallOptions) => Promise<ChangeEntry[]>): LookAt {
    let last: { readonly all: number; readonly mark: string } | null = null;
    return async (signal) => {
      const now = performance.now();
      const mark = await readMark(odata, sets, { signal });
      if (last?.mark === mark && now - last.all < READ_ALL_MILLIS) return null;
      const onTaken = () => {
        last = { all: now, mark };
      };
      return { entries: await read({ signal }), isAll: true, onTaken };
    };
  }

  function toProduct(item: BusinessCentralItem): ProductFact {
    return {
      kind: 'product',
      key: own(item.id),
      title: item.displayName,
      description: null,
      brand: null,
      categoryKeys: item.itemCategoryId === null ? [] : [own(item.itemCategoryId)],
      media: [],
      recordedAt: item.lastModifiedDateTime,
    };
  }

  function toVariants({ id, number, displayName, gtin, itemVariants }: BusinessCentralItem): VariantFact[] {
    const common = { kind: 'variant', productKey: own(id), options: [] } as const;
    if (itemVariants.length === 0)
      return [{ ...common, key: own(id), sku: number as Sku, gtin: gtin || null, title: displayName }];
    return itemVariants.map((one) => ({
      ...common,
      key: own(one.id),
      sku: `${number}-${one.code}` as Sku,
      // The number of the item is not that of one of its variants.
      gtin: null,
      title: one.description || displayName,
    }));
  }

  function toPrices({ id, unitPrice, priceIncludesTax, itemVariants }: BusinessCentralItem): PriceFact[] {
    // An item without a price has the price 0 there. Nothing must be given away for that.
    if (Number(unitPrice) === 0) return [];
    const variants = itemVariants.length === 0 ? [id] : itemVariants.map((one) => one.id);
    return variants.map((variant) => ({
      kind: 'price',
      key: own(`price:${variant}`),
      variantKey: own(variant),
      priceList,
      currencyCode,
      former: false,
      minQuantity: 1,
      validFrom: new Date(0),
      validTo: null,
      amountMinor: roundToMinor(unitPrice, currencyCode),
      taxIncluded: priceIncludesTax,
      taxBasisPoints,
    }));
  }
}
