import { memoryProductSource } from '../../subgraphs/product/adapters/memory.ts';
import { productSourceContract, type SourceWorld } from './product-source.contract.ts';
import { startErpWorld } from './product-source.erp-world.ts';

productSourceContract('memory', async () => {
  const source = memoryProductSource();
  const world: SourceWorld = {
    source,
    putCategory: async (category) => source.tell(category),
    putGoods: async ({ product, variants }) => source.tell(product, ...variants),
    putPrice: async (price) => source.tell(price),
    removeCategory: async (key) => source.tell({ kind: 'categoryRemoved', key }),
    removeGoods: async ({ product, variants }) =>
      source.tell(
        { kind: 'productRemoved', key: product.key },
        ...variants.map(({ key }) => ({ kind: 'variantRemoved', key }) as const),
      ),
    removePrice: async ({ key }) => source.tell({ kind: 'priceRemoved', key }),
    putBundle: async (bundle) => source.tell(bundle),
    removeBundle: async ({ key }) => source.tell({ kind: 'bundleRemoved', key }),
    putNameless: async ({ variants }) =>
      source.tell(
        ...variants.map(({ key }) => ({ kind: 'rejected', record: 'variant', key, reason: 'NO_SKU' }) as const),
      ),
    stop: async () => undefined,
  };
  return world;
});

productSourceContract('ERP over HTTP', startErpWorld);
