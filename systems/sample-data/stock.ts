import type { Article } from './articles.ts';
import { pick } from './hash.ts';
import type { SampleSite, SampleStock } from './model.ts';

/**
 * Articles that only small invoices name may be scarce; all others have enough in each distribution centre for every
 * sale of the source, so that a replay of it finds stock.
 */
const SMALL_INVOICE_LINES = 20;

/** Opening stock per site. The distribution centres carry every article, the others a part of the range. */
export function stockOf(articles: readonly Article[], sites: readonly SampleSite[]): SampleStock[] {
  return articles.flatMap((article) => {
    const scarcity = scarcityOf(article);
    return sites.flatMap(({ siteNo, kind }) => {
      const quantity = quantityAt(kind, siteNo, article, scarcity);
      return quantity === null ? [] : [{ siteNo, sku: article.sku, quantity }];
    });
  });
}

type Scarcity = 'NONE' | 'LOW' | 'SOLD_OUT';

function scarcityOf(article: Article): Scarcity {
  if (article.largestInvoice > SMALL_INVOICE_LINES) return 'NONE';
  switch (pick(6, 'scarcity', article.sku)) {
    case 0:
      return 'SOLD_OUT';
    case 1:
    case 2:
      return 'LOW';
    default:
      return 'NONE';
  }
}

/** Null: not carried. */
function quantityAt(kind: SampleSite['kind'], siteNo: string, article: Article, scarcity: Scarcity): number | null {
  const chance = (below: number, what: string) => pick(below, what, siteNo, article.sku);
  switch (kind) {
    case 'DISTRIBUTION_CENTRE':
      if (scarcity === 'SOLD_OUT') return 0;
      if (scarcity === 'LOW') return chance(4, 'low');
      return Math.ceil(article.sold * 1.2) + article.lineCount * 20 + 40 + chance(160, 'centre');
    case 'STORE':
      if (chance(10, 'range') >= 4) return null;
      return scarcity === 'NONE' ? chance(25, 'store') : 0;
    case 'THIRD_PARTY':
      if (chance(10, 'range') >= 3) return null;
      return scarcity === 'NONE' ? 50 + chance(150, 'partner') : 0;
  }
}
