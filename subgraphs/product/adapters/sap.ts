import { currencyExponent, isCurrencyCode } from '../../../platform/money.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import { readPrices, readProductGroups, readProductMark, readProducts, readTaxClasses, type SalesArea, type SapCondition, type SapProduct } from '../../../systems/sap/catalogue.ts'; // biome-ignore format: one thought
import type { SapClient } from '../../../systems/sap/client.ts';
import { amountOfPiece, momentOf, timesPieces } from '../../../systems/sql/values.ts';
import type { RejectionReason } from '../errors.ts';
import type { Sku } from '../model.ts';
import type { CategoryFact, ChangeEntry, ProductFact, ProductSource, VariantFact } from '../port.ts';
import { type LookAt, observedProductSource } from './observed.ts';

/** What the retailer's SAP calls things, from config/systems.yaml. */
export interface SapProductTerms {
  /** As SAP has it: `EN`. */
  readonly language: string;
  readonly area: SalesArea;
  /** Condition type of prices. */
  readonly conditionType: string;
  /** By SAP's price list types; the empty one is that of prices without a type. */
  readonly priceLists: Readonly<Record<string, { readonly name: string; readonly taxIncluded: boolean }>>;
  /** Rates in basis points by the tax classes of products. */
  readonly tax: { readonly country: string; readonly category: string; readonly rates: Readonly<Record<string, number>> }; // biome-ignore format: one thought
  /** In which days begin. */
  readonly timeZone: string;
}

const LOOK_EVERY_MILLIS = 30_000;
/** After so long everything is read even if no mark moved. */
const READ_ALL_MILLIS = 3_600_000;
/** Prices and product groups bear no moment of their change: all of them are read, so often. */
const READ_UNMARKED_MILLIS = 300_000;
const LONG_AGO = new Date(0);

/**
 * Goods and prices of SAP: a product is its own variant, or the variants are the products that name it as the one they are
 * configured from. The SKU is SAP's number of the product.
 * @param every pauses in milliseconds, for tests
 */
export function sapProductSource(
  sap: SapClient,
  journal: ObservedJournal,
  name: string,
  terms: SapProductTerms,
  every: { readonly look?: number; readonly unmarked?: number } = {},
): ProductSource {
  const own = (key: string) => `${name}:${key}`;
  const streams = {
    categories: looking(every.unmarked ?? READ_UNMARKED_MILLIS, async () => '', async (signal) => (await readProductGroups(sap, terms.language, { signal })).map(toCategory)), // biome-ignore format: one thought
    goods: looking(READ_ALL_MILLIS, (signal) => readProductMark(sap, { signal }), async (signal) => toGoods(await readProducts(sap, terms.area, { signal }))), // biome-ignore format: one thought
    prices: looking(every.unmarked ?? READ_UNMARKED_MILLIS, async () => '', readAllPrices),
  };
  return observedProductSource(name, journal, streams, every.look ?? LOOK_EVERY_MILLIS);

  /** Reads everything when a mark moved, and now and then all the same. */
  function looking(
    readAll: number,
    markOf: (signal: AbortSignal) => Promise<string>,
    read: (signal: AbortSignal) => Promise<ChangeEntry[]>,
  ): LookAt {
    let last: { readonly all: number; readonly mark: string } | null = null;
    return async (signal) => {
      const now = performance.now();
      const mark = await markOf(signal);
      if (last?.mark === mark && now - last.all < readAll) return null;
      const onTaken = () => {
        last = { all: now, mark };
      };
      return { entries: await read(signal), isAll: true, onTaken };
    };
  }

  function toCategory(group: { MaterialGroup: string; MaterialGroupName: string; MaterialGroupText: string }): CategoryFact {
    const title = group.MaterialGroupText || group.MaterialGroupName || group.MaterialGroup;
    return { kind: 'category', key: own(group.MaterialGroup), name: title, parentKey: null };
  } // biome-ignore format: one thought

  function toGoods(all: readonly SapProduct[]): ChangeEntry[] {
    const numbers = new Set(all.map((one) => one.Product));
    /** Null when it stands alone, or what it is configured from is not sold. */
    const parentOf = ({ Product, CrossPlantConfigurableProduct: parent }: SapProduct) => parent !== Product && numbers.has(parent) ? parent : null; // biome-ignore format: one thought
    const parents = new Set(all.map(parentOf));
    return all.flatMap((one) => {
      const parent = parentOf(one);
      return [...(parent === null ? [toProduct(one)] : []), ...(parents.has(one.Product) ? [] : [toVariant(one, parent)])]; // biome-ignore format: one thought
    });
  }

  function toProduct(one: SapProduct): ProductFact {
    return {
      kind: 'product',
      key: own(one.Product),
      title: titleOf(one),
      description: one.to_ProductBasicText.find(({ Language }) => Language === terms.language)?.LongText || null,
      brand: null,
      categoryKeys: one.ProductGroup === '' ? [] : [own(one.ProductGroup)],
      media: [],
      recordedAt: one.LastChangeDateTime ?? LONG_AGO,
    };
  }

  function toVariant(one: SapProduct, parent: string | null): VariantFact {
    return {
      kind: 'variant',
      key: own(one.Product),
      productKey: own(parent ?? one.Product),
      sku: one.Product as Sku,
      gtin: one.ProductStandardID || null,
      title: titleOf(one),
      options: [],
    };
  }

  function titleOf({ to_Description: all }: SapProduct): string {
    return all.find(({ Language }) => Language === terms.language)?.ProductDescription ?? '';
  }

  async function readAllPrices(signal: AbortSignal): Promise<ChangeEntry[]> {
    const { country, category } = terms.tax;
    const [conditions, classes] = await Promise.all([
      readPrices(sap, terms.area, terms.conditionType, { signal }),
      readTaxClasses(sap, country, category, { signal }),
    ]);
    return conditions.flatMap((condition) => toPrices(condition, classes));
  }

  /** One price for each time when the record holds, and each step of its scale. */
  function toPrices(condition: SapCondition, classes: ReadonlyMap<string, string>): ChangeEntry[] {
    const scale = condition.to_SlsPrcgCndnRecordScale;
    const steps =
      scale.length > 0
        ? scale
        : [
            {
              ...condition,
              ConditionScaleLine: '',
              ConditionScaleQuantity: '0',
              ConditionScaleQuantityUnit: condition.ConditionQuantityUnit,
            },
          ];
    return condition.to_SlsPrcgCndnRecdValidity.flatMap((validity) => {
      const list = Object.hasOwn(terms.priceLists, validity.PriceListType) ? terms.priceLists[validity.PriceListType] : undefined; // biome-ignore format: one thought
      // A price list that nobody named is none of ours.
      if (!list) return [];
      const until = validity.ConditionValidityEndDate;
      const [validFrom, validTo] = [momentOf(validity.ConditionValidityStartDate, terms.timeZone) ?? LONG_AGO, momentOf(until, terms.timeZone, 'end')]; // biome-ignore format: one thought
      return steps.map((step): ChangeEntry => {
        const key = own(`${condition.ConditionRecord}/${until}${step.ConditionScaleLine && `/${step.ConditionScaleLine}`}`); // biome-ignore format: one thought
        const rejected = (reason: RejectionReason): ChangeEntry => ({ kind: 'rejected', record: 'price', key, reason });
        const rate = terms.tax.rates[classes.get(validity.Material) ?? ''];
        // Steps up to a quantity, steps of a value, graduated ones: what they cost cannot be said by a price from a quantity on.
        const isFromQuantity = ['', 'A'].includes(condition.PricingScaleType) && ['', 'C'].includes(condition.PricingScaleBasis); // biome-ignore format: one thought
        if (rate === undefined || (scale.length > 0 && !isFromQuantity)) return rejected('NO_TRANSLATION');
        const currencyCode = step.ConditionRateValueUnit;
        if (!isCurrencyCode(currencyCode)) return rejected('CURRENCY_UNKNOWN');
        const pieces = piecesOf(condition);
        const isSameUnit = step.ConditionScaleQuantityUnit === condition.ConditionQuantityUnit;
        if (pieces === null || !isSameUnit) return rejected('NO_TRANSLATION');
        const digits = currencyExponent(currencyCode);
        const amountMinor = amountOfPiece(step.ConditionRateValue, { per: condition.ConditionQuantity, pieces, implied: null, digits }); // biome-ignore format: one thought
        if (amountMinor === null) return rejected('PRICE_INVALID');
        return {
          kind: 'price',
          key,
          variantKey: own(validity.Material),
          priceList: list.name,
          currencyCode,
          former: false,
          minQuantity: Math.max(1, timesPieces(step.ConditionScaleQuantity, pieces)),
          validFrom,
          validTo,
          amountMinor,
          taxIncluded: list.taxIncluded,
          taxBasisPoints: rate,
        };
      });
    });
  }
}

/** Pieces in the unit of a price; null when it is none of whole pieces. SAP leaves the fraction 0/0 where it is the base unit. */
function piecesOf({ ConditionToBaseQtyNmrtr: over, ConditionToBaseQtyDnmntr: below }: SapCondition): number | null {
  const pieces = Number(over) === 0 && Number(below) === 0 ? 1 : Number(over) / Number(below);
  return Number.isSafeInteger(pieces) && pieces > 0 ? pieces : null;
}
