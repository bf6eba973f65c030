import { articleNoOf, itemCodeOf } from '../../../systems/wms/article-number.ts';
import type { WmsClient } from '../../../systems/wms/client.ts';
import type { WmsStockPage } from '../../../systems/wms/wire.ts';
import { MAX_ON_HAND } from '../model.ts';
import type { StockAudit, StockLevel } from '../port.ts';

/** The warehouse system's stock list, read page by page. */
export function wmsStockAudit(wms: WmsClient): StockAudit {
  return {
    async levels(cursor, limit, signal) {
      const page = await wms.stock({ limit, ...(cursor === null ? {} : { page: cursor }) }, { signal });
      return { levels: toLevels(page), next: page.nextPage };
    },
    async unsellable(signal) {
      const blocked = await wms.blockedStock({ signal });
      return blocked.flatMap(({ site: siteCode, articleNo, reasonCode: condition, quantity }) => {
        const sku = itemCodeOf(articleNo);
        return sku === null || quantity > MAX_ON_HAND ? [] : [{ siteCode, sku, condition, quantity }];
      });
    },
    async levelsOf(skus, signal) {
      if (skus.length === 0) return [];
      const levels: StockLevel[] = [];
      const articleNos = skus.map(articleNoOf);
      for (let next: string | null | undefined; next !== null; ) {
        const page: WmsStockPage = await wms.stock(
          { articleNos, limit: 1_000, ...(next ? { page: next } : {}) },
          { signal },
        );
        levels.push(...toLevels(page));
        next = page.nextPage;
      }
      return levels;
    },
  };
}

function toLevels({ positions }: WmsStockPage): StockLevel[] {
  const measuredAt = new Date();
  return positions.flatMap(({ site: siteCode, articleNo, quantity: onHand, lastLedgerNo: sequence }) => {
    const sku = itemCodeOf(articleNo);
    if (sku === null || !Number.isInteger(onHand) || onHand < 0 || onHand > MAX_ON_HAND) return [];
    return [{ siteCode, sku, onHand, sequence, measuredAt, incoming: null }];
  });
}
