/** What the reference systems are seeded with, in the words of the systems that own it. All of it derived, none of it random. */
export interface SampleData {
  /** Seed of the ERP. Groups above their children, configurable materials before their variants. */
  readonly materialGroups: readonly SampleMaterialGroup[];
  readonly materials: readonly SampleMaterial[];
  readonly conditions: readonly SampleCondition[];
  /** Seed of the WMS. */
  readonly sites: readonly SampleSite[];
  /** Only what a site carries; a row with quantity 0 is carried but sold out. */
  readonly stock: readonly SampleStock[];
  /** Goods codes of the source that could not become a material, each with the reason. */
  readonly leftOut: readonly LeftOut[];
}

export interface SampleMaterialGroup {
  readonly groupNo: string;
  readonly text: string;
  /** Null for the top of the hierarchy. */
  readonly parentGroupNo: string | null;
}

export interface SampleMaterial {
  readonly materialNo: string;
  /** HAWA: trading goods that can be bought. KMAT: configurable material, the head of a style group; has no price and no stock. */
  readonly materialType: 'HAWA' | 'KMAT';
  /** The stock code of the source, which the channels call SKU. Null for KMAT. */
  readonly oldMaterialNo: string | null;
  /** Material number of the style group's KMAT. Null when the material stands alone. */
  readonly configurableMaterialNo: string | null;
  /** What tells the variant from the others of its group. Empty when it stands alone. */
  readonly characteristics: readonly { readonly name: string; readonly value: string }[];
  readonly descriptions: readonly { readonly language: 'EN'; readonly shortText: string; readonly longText: string }[];
  readonly materialGroupNo: string;
  readonly manufacturer: string;
  /** GTIN-13 with GS1 check digit, in the range for use inside one company. Null for KMAT. */
  readonly gtinEan: string | null;
  readonly baseUnit: 'EA';
  /** `1`: full rate. */
  readonly taxClass: '1';
  /** What one unit costs. Absent: KMAT, bundles. */
  readonly unitCost?: { readonly amount: string; readonly currency: 'GBP' };
  readonly deletionFlag: boolean;
}

export interface SampleCondition {
  readonly conditionNo: string;
  /** PR00: the price. VKA0: the former price, to be shown beside it. */
  readonly conditionType: 'PR00' | 'VKA0';
  readonly priceListCode: 'WEB' | 'POS' | 'AMAZON' | 'B2B';
  readonly materialNo: string;
  readonly currency: string;
  /** Price of one base unit; decimal string with exactly the currency's digits. */
  readonly amount: string;
  /** Smallest quantity it applies to, from 1. */
  readonly scaleFrom: number;
  readonly taxIncluded: boolean;
  /** Per cent, two digits: `20.00`. */
  readonly taxRate: string;
  /** First instant it applies, ISO 8601 UTC. */
  readonly validFrom: string;
  /** First instant it applies no more. Null: until further notice. */
  readonly validTo: string | null;
  readonly deletionFlag: boolean;
}

export interface SampleSite {
  /** e.g. DC-LEEDS. */
  readonly siteNo: string;
  readonly name: string;
  readonly kind: 'DISTRIBUTION_CENTRE' | 'STORE' | 'THIRD_PARTY';
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  readonly countryCode: 'GB';
}

export interface SampleStock {
  readonly siteNo: string;
  /** The stock code, which the channels call SKU. */
  readonly sku: string;
  /** Pieces on the shelf when the system is seeded. */
  readonly quantity: number;
}

export interface LeftOut {
  readonly sku: string;
  readonly reason: 'NO_DESCRIPTION' | 'NO_PRICE';
}
