import type { SampleData } from '../../sample-data/model.ts';
import type { SampleArticle } from './sample.ts';

/** Where the orders of the sample go. */
export const sampleCountries = ['AU', 'BE', 'CH', 'DE', 'ES', 'FR', 'GB', 'IE', 'IT', 'JP', 'LT', 'NL', 'NO', 'PL', 'PT'] as const; // biome-ignore format: a list

/** The articles of the sample that can be bought, with their price in the shop; 1 where they have none: orders bring their own. */
export function sampleArticles({ materials, conditions }: SampleData): SampleArticle[] {
  const prices = new Map(
    conditions
      .filter((one) => one.conditionType === 'PR00' && one.priceListCode === 'WEB' && one.currency === 'GBP')
      .map((one) => [one.materialNo, Math.round(Number(one.amount) * 100)]),
  );
  return materials.flatMap(({ materialNo, oldMaterialNo, descriptions }) =>
    oldMaterialNo === null
      ? []
      : [
          {
            sku: oldMaterialNo,
            title: descriptions[0]?.shortText ?? oldMaterialNo,
            price: prices.get(materialNo) ?? 1,
          },
        ],
  );
}
