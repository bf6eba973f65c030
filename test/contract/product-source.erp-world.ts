import { formatAmount, money } from '../../platform/money.ts';
import { erpProductSource } from '../../subgraphs/product/adapters/erp.ts';
import type { BundleFact } from '../../subgraphs/product/port.ts';
import type { ConditionContent, MaterialContent } from '../../systems/erp/wire.ts';
import { startErp, type TestErp } from '../helpers/erp.ts';
import type { Goods, SourceWorld } from './product-source.contract.ts';

/** The reference ERP, running and empty, filled through its own interface. */
export async function startErpWorld(): Promise<SourceWorld & Pick<TestErp, 'erp' | 'system'>> {
  const { erp, system, stop } = await startErp({
    sample: () => ({ materialGroups: [], materials: [], conditions: [] }),
  });
  const groups = new Map<string, { text: string; parentGroupNo: string | null }>();
  const conditions = new Map<string, ConditionContent>();

  async function putMaterials({ product, variants }: Goods, more: Partial<MaterialContent> = {}): Promise<void> {
    const alone = variants.length === 1 && variants[0]?.key === product.key;
    const content = {
      descriptions: [
        { language: 'DE', shortText: 'Titel', longText: 'Text' },
        { language: 'EN', shortText: product.title, longText: product.description ?? '' },
      ] as MaterialContent['descriptions'],
      materialGroupNo: product.categoryKeys[0] ?? '',
      manufacturer: product.brand ?? '',
      baseUnit: 'EA' as const,
      taxClass: '1' as const,
      deletionFlag: false,
    } satisfies Partial<MaterialContent>;
    const head = {
      materialType: 'KMAT',
      oldMaterialNo: null,
      configurableMaterialNo: null,
      characteristics: [],
      gtinEan: null,
    } satisfies Partial<MaterialContent>;
    if (!alone) await erp.putMaterial(product.key, { ...content, ...head, ...more });
    for (const variant of variants) {
      await erp.putMaterial(variant.key, {
        ...content,
        descriptions: [{ language: 'EN', shortText: variant.title, longText: product.description ?? '' }],
        materialType: 'HAWA',
        oldMaterialNo: variant.sku,
        configurableMaterialNo: alone ? null : product.key,
        characteristics: variant.options.map((option) => ({ ...option })),
        gtinEan: variant.gtin,
        ...more,
      });
    }
  }

  async function putBom(materialNo: string, components: BundleFact['components'], deletionFlag: boolean) {
    const parts = components.map(({ variantKey, quantity }) => ({ materialNo: variantKey, quantity }));
    await erp.putSalesBom(materialNo, { components: parts, deletionFlag });
  }

  return {
    erp,
    system,
    source: erpProductSource(erp),
    async putCategory({ key, name, parentKey }) {
      groups.set(key, { text: name, parentGroupNo: parentKey });
      await erp.putMaterialGroup(key, { text: name, parentGroupNo: parentKey, deletionFlag: false });
    },
    putGoods: (goods) => putMaterials(goods),
    async putPrice(price) {
      const content: ConditionContent = {
        conditionType: price.former ? 'VKA0' : 'PR00',
        priceListCode: price.priceList,
        materialNo: price.variantKey,
        currency: price.currencyCode,
        amount: formatAmount(money(price.amountMinor, price.currencyCode)),
        scaleFrom: price.minQuantity,
        taxIncluded: price.taxIncluded,
        taxRate: (price.taxBasisPoints / 100).toFixed(2),
        validFrom: price.validFrom.toISOString(),
        validTo: price.validTo?.toISOString() ?? null,
        deletionFlag: false,
      };
      conditions.set(price.key, content);
      await erp.putCondition(price.key, content);
    },
    async removeCategory(key) {
      const known = groups.get(key);
      if (known) await erp.putMaterialGroup(key, { ...known, deletionFlag: true });
    },
    removeGoods: (goods) => putMaterials(goods, { deletionFlag: true }),
    async removePrice({ key }) {
      const known = conditions.get(key);
      if (known) await erp.putCondition(key, { ...known, deletionFlag: true });
    },
    putBundle: ({ key, components }) => putBom(key, components, false),
    removeBundle: ({ key, components }) => putBom(key, components, true),
    putNameless: (goods) => putMaterials(goods, { oldMaterialNo: null }),
    stop,
  };
}
