import { articlesOf } from './articles.ts';
import { conditionsOf } from './conditions.ts';
import { MATERIAL_GROUPS } from './material-groups.ts';
import { materialsOf } from './materials.ts';
import type { SampleData } from './model.ts';
import { parseOrderLines } from './order-lines.ts';
import { SITES } from './sites.ts';
import { stockOf } from './stock.ts';

/**
 * Catalogue, prices, sites and stock out of the text of `data/online-retail/order-lines.csv`. Pure: the same text gives
 * the same data, wherever and whenever it runs.
 *
 * @throws Error that names the line when the text is not that file's format
 */
export function deriveSampleData(csvText: string): SampleData {
  const { articles, leftOut } = articlesOf(parseOrderLines(csvText));
  return {
    materialGroups: MATERIAL_GROUPS,
    materials: materialsOf(articles),
    conditions: conditionsOf(articles),
    sites: SITES,
    stock: stockOf(articles, SITES),
    leftOut,
  };
}
