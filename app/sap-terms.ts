import type { SapOrderTerms } from '../subgraphs/order/main.ts';
import type { SapProductTerms } from '../subgraphs/product/main.ts';
import type { SapEntry } from './routed-systems.ts';

/** What config/systems.yaml says of an SAP system, as the adapter of goods and prices takes it. */
export function sapProductTerms({ language, salesArea, prices, tax, timeZone }: SapEntry): SapProductTerms {
  const lists = Object.entries(prices.lists).map(([name, { type, taxIncluded }]) => [type, { name, taxIncluded }]);
  const rates = Object.entries(tax.rates).map(([taxClass, percent]) => [taxClass, Math.round(percent * 100)]);
  return {
    language,
    area: salesArea,
    conditionType: prices.condition,
    priceLists: Object.fromEntries(lists),
    tax: { country: tax.country, category: tax.category, rates: Object.fromEntries(rates) },
    timeZone,
  };
}

/** As the order desk takes it. Null: no orders go there. */
export function sapOrderTerms({ salesArea, orders }: SapEntry): SapOrderTerms | null {
  if (!orders) return null;
  const { type, soldTo, priceCondition, rejection } = orders;
  const { organization, channel, division } = salesArea;
  return { orderType: type, salesOrganization: organization, distributionChannel: channel, division, soldTo, priceCondition, rejection };
} // biome-ignore format: one thought
