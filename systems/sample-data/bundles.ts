import type { SampleCondition, SampleData, SampleMaterial } from './model.ts';

/** What one unit of a material is made of when it is sold. */
export interface SampleSalesBom {
  /** The bundle's material number. */
  readonly materialNo: string;
  readonly components: readonly { readonly materialNo: string; readonly quantity: number }[];
}

interface Bundle {
  readonly sku: string;
  readonly title: string;
  readonly materialGroupNo: string;
  /** In WEB and POS with tax, in B2B without, as all prices of the sample. */
  readonly price: string;
  readonly marketplacePrice: string;
  /** Pieces by SKU of the source. */
  readonly components: Readonly<Record<string, number>>;
}

/** Made up: the source has no bundles. Each costs a little less than its parts. */
const BUNDLES: readonly Bundle[] = [
  {
    sku: 'SET-LIGHTS',
    title: 'Evening Lights Gift Set',
    materialGroupNo: 'R110',
    price: '7.95',
    marketplacePrice: '9.54',
    components: { '71053': 1, '85123A': 2 },
  },
  {
    sku: 'SET-TEA',
    title: 'Garden Tea Party Set',
    materialGroupNo: 'R220',
    price: '16.50',
    marketplacePrice: '19.80',
    components: { '22423': 1, '47566': 1 },
  },
  {
    sku: 'SET-WINTER',
    title: 'Winter Warmer Gift Set',
    materialGroupNo: 'R120',
    price: '9.95',
    marketplacePrice: '11.94',
    components: { '22633': 2, '22632': 2, '84029G': 1 },
  },
];

/** The sample with bundles made of its goods, for the ERP alone: a bundle has no stock of its own. */
export function withBundles(sample: SampleData): SampleData & { readonly salesBoms: readonly SampleSalesBom[] } {
  const numberOf = new Map(sample.materials.map((material) => [material.oldMaterialNo, material.materialNo]));
  const offered = BUNDLES.filter((bundle) => Object.keys(bundle.components).every((sku) => numberOf.has(sku)));
  return {
    ...sample,
    materials: [...sample.materials, ...offered.map(materialOf)],
    conditions: [...sample.conditions, ...offered.flatMap(conditionsOf)],
    salesBoms: offered.map((bundle) => ({
      materialNo: materialNoOf(bundle),
      components: Object.entries(bundle.components).map(([sku, quantity]) => ({
        materialNo: numberOf.get(sku) ?? '',
        quantity,
      })),
    })),
  };
}

const materialNoOf = ({ sku }: Bundle) => `M-${sku}`;

function materialOf(bundle: Bundle): SampleMaterial {
  return {
    materialNo: materialNoOf(bundle),
    materialType: 'HAWA',
    oldMaterialNo: bundle.sku,
    configurableMaterialNo: null,
    characteristics: [],
    descriptions: [
      { language: 'EN', shortText: bundle.title, longText: `${bundle.title}, put together from our ranges.` },
    ],
    materialGroupNo: bundle.materialGroupNo,
    manufacturer: 'Brindle & Wren',
    gtinEan: null,
    baseUnit: 'EA',
    taxClass: '1',
    deletionFlag: false,
  };
}

function conditionsOf(bundle: Bundle): SampleCondition[] {
  const lists = [
    ['WEB', bundle.price, true],
    ['POS', bundle.price, true],
    ['AMAZON', bundle.marketplacePrice, true],
    ['B2B', bundle.price, false],
  ] as const;
  return lists.map(([priceListCode, amount, taxIncluded]) => ({
    conditionNo: `PR00-${priceListCode}-GBP-${bundle.sku}-1-2010`,
    conditionType: 'PR00',
    priceListCode,
    materialNo: materialNoOf(bundle),
    currency: 'GBP',
    amount,
    scaleFrom: 1,
    taxIncluded,
    taxRate: '20.00',
    validFrom: '2010-01-01T00:00:00.000Z',
    validTo: null,
    deletionFlag: false,
  }));
}
