import { parseMoney } from '../../../platform/money.ts';
import type { CallOptions, FeedPosition } from '../../../systems/client-kit/call-options.ts';
import type { UnreadableEntry } from '../../../systems/client-kit/feed-page.ts';
import type { ErpClient } from '../../../systems/erp/client.ts';
import type { Condition, Material, MaterialGroup, SalesBom } from '../../../systems/erp/wire.ts';
import type { Sku } from '../model.ts';
import type { CatalogueFact, ChangeEntry, FactKind, ProductSource } from '../port.ts';

/** Reads a page of a feed and translates it; entries as they come, with their change numbers. */
type Stream = (
  position: FeedPosition,
  options: CallOptions,
) => Promise<{ readonly changeNo: number; readonly entries: readonly ChangeEntry[] }[]>;

/** Language of titles and descriptions. Another one serves when a material has no text in it. */
const LANGUAGE = 'EN';

/**
 * Goods and prices of the ERP: material groups are categories; a configurable material (KMAT) is a product, a trading
 * good (HAWA) is a variant, and a product too when it stands alone; condition records are prices, sales BOMs bundles. Material numbers stay
 * inside as keys, channels know the old material number as SKU.
 */
export function erpProductSource(erp: ErpClient): ProductSource {
  const streams: Readonly<Record<string, Stream>> = {
    async categories(...asked) {
      const { materialGroups, unreadable } = await erp.materialGroupChanges(...asked);
      return [...translateAll(materialGroups, translateGroup), ...rejectAll(unreadable, 'category', 'groupNo')];
    },
    async goods(...asked) {
      const { materials, unreadable } = await erp.materialChanges(...asked);
      return [...translateAll(materials, translateMaterial), ...rejectAll(unreadable, 'variant', 'materialNo')];
    },
    async prices(...asked) {
      const { conditions, unreadable } = await erp.conditionChanges(...asked);
      return [...translateAll(conditions, translateCondition), ...rejectAll(unreadable, 'price', 'conditionNo')];
    },
    async bundles(...asked) {
      const { salesBoms, unreadable } = await erp.salesBomChanges(...asked);
      return [...translateAll(salesBoms, translateSalesBom), ...rejectAll(unreadable, 'bundle', 'materialNo')];
    },
  };
  return {
    name: 'erp',
    streams: Object.keys(streams),
    async changesAfter(name, after, { limit, waitSeconds, signal }) {
      const read = streams[name];
      if (!read) throw new Error(`the ERP has no stream ${name}`);
      const changes = await read({ after, limit, waitSeconds }, { signal });
      // The ERP may repeat changes and mix up their order within a page; their numbers tell the truth.
      changes.sort((a, b) => a.changeNo - b.changeNo);
      return { entries: changes.flatMap((change) => change.entries), next: changes.at(-1)?.changeNo ?? after };
    },
  };
}

function translateAll<Entry extends { changeNo: number }>(
  entries: readonly Entry[],
  translate: (entry: Entry) => ChangeEntry[],
) {
  return entries.map((entry) => ({ changeNo: entry.changeNo, entries: translate(entry) }));
}

/** Records that are not as the ERP documents them, under their own number where they have one. */
function rejectAll(unreadable: readonly UnreadableEntry[], record: FactKind, numberOf: string) {
  return unreadable.map(({ number, entry }) => {
    const key = (entry as Readonly<Record<string, unknown>>)[numberOf];
    const rejected = { kind: 'rejected', record, key: typeof key === 'string' ? key : `change ${number}`, reason: 'UNREADABLE' } as const; // biome-ignore format: one thought
    return { changeNo: number, entries: [rejected] };
  });
}

function translateGroup(group: MaterialGroup): ChangeEntry[] {
  if (group.deletionFlag) return [{ kind: 'categoryRemoved', key: group.groupNo }];
  return [{ kind: 'category', key: group.groupNo, name: group.text, parentKey: group.parentGroupNo }];
}

function translateMaterial(material: Material): ChangeEntry[] {
  const key = material.materialNo;
  const asProduct = material.deletionFlag ? removed('product', key) : productOf(material);
  if (material.materialType === 'KMAT') return [asProduct, removed('variant', key)];

  const standsAlone = material.configurableMaterialNo === null;
  // It may have stood alone before it joined a style group.
  const product = standsAlone ? asProduct : removed('product', key);
  if (material.deletionFlag) return [product, removed('variant', key)];
  if (material.oldMaterialNo === null) return [{ kind: 'rejected', record: 'variant', key, reason: 'NO_SKU' }];
  return [
    product,
    {
      kind: 'variant',
      key,
      productKey: material.configurableMaterialNo ?? key,
      sku: material.oldMaterialNo as Sku,
      gtin: material.gtinEan,
      title: textOf(material).shortText,
      options: material.characteristics,
    },
  ];
}

function productOf(material: Material): CatalogueFact {
  const { shortText, longText } = textOf(material);
  return {
    kind: 'product',
    key: material.materialNo,
    title: shortText,
    description: longText === '' ? null : longText,
    brand: material.manufacturer,
    categoryKeys: [material.materialGroupNo],
    // The ERP has no pictures.
    media: [],
    recordedAt: new Date(material.changedAt),
  };
}

function textOf(material: Material): { shortText: string; longText: string } {
  const { descriptions } = material;
  return (
    descriptions.find(({ language }) => language === LANGUAGE) ?? descriptions[0] ?? { shortText: '', longText: '' }
  );
}

function translateCondition(condition: Condition): ChangeEntry[] {
  const key = condition.conditionNo;
  if (condition.deletionFlag) return [removed('price', key)];
  return [
    {
      kind: 'price',
      key,
      variantKey: condition.materialNo,
      priceList: condition.priceListCode,
      currencyCode: condition.currency,
      former: condition.conditionType === 'VKA0',
      minQuantity: condition.scaleFrom,
      validFrom: new Date(condition.validFrom),
      validTo: condition.validTo === null ? null : new Date(condition.validTo),
      amountMinor: parseMoney(condition.amount, condition.currency).amountMinor,
      taxIncluded: condition.taxIncluded,
      taxBasisPoints: Math.round(Number(condition.taxRate) * 100),
    },
  ];
}

function translateSalesBom(bom: SalesBom): ChangeEntry[] {
  const key = bom.materialNo;
  if (bom.deletionFlag) return [removed('bundle', key)];
  const components = bom.components.map(({ materialNo, quantity }) => ({ variantKey: materialNo, quantity }));
  return [{ kind: 'bundle', key, components }];
}

function removed(kind: 'product' | 'variant' | 'price' | 'bundle', key: string): CatalogueFact {
  return { kind: `${kind}Removed`, key };
}
