import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { ODataQuery } from '../odata/client.ts';
import type { SapClient } from './client.ts';
import { day, decimal, moment, quoted, several } from './wire.ts';

const text = z.string();

const group = z.object({ MaterialGroup: text, MaterialGroupName: text, MaterialGroupText: text });
const product = z.object({
  Product: text,
  ProductGroup: text,
  CrossPlantConfigurableProduct: text,
  ProductStandardID: text,
  IsMarkedForDeletion: z.boolean(),
  LastChangeDateTime: moment.nullable(),
  to_Description: several(z.object({ Language: text, ProductDescription: text })),
  to_ProductBasicText: several(z.object({ Language: text, LongText: text })),
  to_SalesDelivery: several(
    z.object({ ProductSalesOrg: text, ProductDistributionChnl: text, IsMarkedForDeletion: z.boolean() }),
  ),
});
const salesTax = z.object({ Product: text, TaxCategory: text, TaxClassification: text });
const rate = { ConditionRateValue: decimal, ConditionRateValueUnit: text };
const condition = z.object({
  ConditionRecord: text,
  ConditionTable: text,
  ConditionIsDeleted: z.boolean(),
  PricingScaleType: text,
  PricingScaleBasis: text,
  ...rate,
  ConditionQuantity: decimal,
  ConditionQuantityUnit: text,
  ConditionToBaseQtyNmrtr: decimal,
  ConditionToBaseQtyDnmntr: decimal,
  to_SlsPrcgCndnRecordScale: several(
    z.object({ ConditionScaleLine: text, ConditionScaleQuantity: decimal, ConditionScaleQuantityUnit: text, ...rate }),
  ),
  to_SlsPrcgCndnRecdValidity: several(
    z.object({
      ConditionValidityStartDate: day,
      ConditionValidityEndDate: day,
      ConditionReleaseStatus: text,
      SalesOrganization: text,
      DistributionChannel: text,
      PriceListType: text,
      Material: text,
    }),
  ),
});

export type SapProductGroup = z.output<typeof group>;
export type SapProduct = z.output<typeof product>;
export type SapCondition = z.output<typeof condition>;

/** Where things are sold: what SAP calls a sales area, without its division. */
export interface SalesArea {
  readonly organization: string;
  readonly channel: string;
}

/** Entities that are asked for at a time. */
const PAGE = 500;

/**
 * All entities of a set, in pages by their key: what comes and goes meanwhile shifts no page.
 * @param key unique within what the filter lets through
 */
async function everyOne<Row extends z.ZodType<{ readonly [Name in Key]: string }>, Key extends string>(
  sap: SapClient,
  path: string,
  key: Key,
  query: ODataQuery,
  row: Row,
  call: CallOptions,
): Promise<z.output<Row>[]> {
  const rows: z.output<Row>[] = [];
  for (let after: string | null = null; ; ) {
    const filter = [query.filter, after === null ? undefined : `${key} gt ${quoted(after)}`].filter((one) => one !== undefined).join(' and '); // biome-ignore format: one thought
    const wanted = { ...query, ...(filter === '' ? {} : { filter }), orderby: key, top: PAGE };
    let found = 0;
    for await (const page of sap.all(path, wanted, row, call)) {
      rows.push(...page);
      found += page.length;
    }
    if (found < PAGE) return rows;
    after = rows.at(-1)?.[key] ?? '';
  }
}

/** Names of properties of a shape, with those of what comes along: what a query selects. */
function selectOf(shape: z.ZodObject): string {
  const several = (name: string, kind: z.core.$ZodType): string[] => {
    const { element } = ((kind as z.ZodPipe).in as z.ZodObject).shape.results as z.ZodArray<z.ZodObject>;
    return Object.keys(element.shape).map((inner) => `${name}/${inner}`);
  };
  return Object.entries(shape.shape)
    .flatMap(([name, kind]) => (name.startsWith('to_') ? several(name, kind) : [name]))
    .join(',');
}

/** @param language as SAP has it: `EN` */
export function readProductGroups(sap: SapClient, language: string, call: CallOptions): Promise<SapProductGroup[]> {
  const query = { filter: `Language eq ${quoted(language)}`, select: selectOf(group) };
  return everyOne(sap, '/API_PRODUCTGROUP_SRV/A_ProductGroupText', 'MaterialGroup', query, group, call);
}

/** Products that are sold in a sales area. */
export async function readProducts(sap: SapClient, area: SalesArea, call: CallOptions): Promise<SapProduct[]> {
  const query = { expand: 'to_Description,to_ProductBasicText,to_SalesDelivery', select: selectOf(product) };
  const all = await everyOne(sap, '/API_PRODUCT_SRV/A_Product', 'Product', query, product, call);
  return all.filter(
    (one) =>
      !one.IsMarkedForDeletion &&
      one.to_SalesDelivery.some(
        (sold) =>
          sold.ProductSalesOrg === area.organization &&
          sold.ProductDistributionChnl === area.channel &&
          !sold.IsMarkedForDeletion,
      ),
  );
}

/** The same text as before when no product was added or changed. */
export async function readProductMark(sap: SapClient, call: CallOptions): Promise<string> {
  const newest = { select: 'Product,LastChangeDateTime', orderby: 'LastChangeDateTime desc', top: 1 };
  const { count, rows } = await sap.count('/API_PRODUCT_SRV/A_Product', newest, call);
  return JSON.stringify([count, rows]);
}

/** How products are taxed in a country, by their numbers. @param category of the tax, such as TTX1 or MWST */
export async function readTaxClasses(
  sap: SapClient,
  country: string,
  category: string,
  call: CallOptions,
): Promise<ReadonlyMap<string, string>> {
  const query = { filter: `Country eq ${quoted(country)} and TaxCategory eq ${quoted(category)}`, select: selectOf(salesTax) }; // biome-ignore format: one thought
  const all = await everyOne(sap, '/API_PRODUCT_SRV/A_ProductSalesTax', 'Product', query, salesTax, call);
  return new Map(all.map(({ Product, TaxClassification }) => [Product, TaxClassification]));
}

/** Tables of prices that hold for everybody: of a material, and of a material in a price list; with status of release, and without. */
const FOR_EVERYBODY: ReadonlySet<string> = new Set(['004', '006', '304', '306']);

/** Prices of a sales area that hold for every customer, each with its scale and the times when it holds. */
export async function readPrices(
  sap: SapClient,
  area: SalesArea,
  conditionType: string,
  call: CallOptions,
): Promise<SapCondition[]> {
  const query = {
    filter: `ConditionApplication eq 'V' and ConditionType eq ${quoted(conditionType)}`,
    expand: 'to_SlsPrcgCndnRecordScale,to_SlsPrcgCndnRecdValidity',
    select: selectOf(condition),
  };
  const path = '/API_SLSPRICINGCONDITIONRECORD_SRV/A_SlsPrcgConditionRecord';
  const all = await everyOne(sap, path, 'ConditionRecord', query, condition, call);
  return all
    .filter((one) => !one.ConditionIsDeleted && FOR_EVERYBODY.has(one.ConditionTable))
    .map((one) => ({
      ...one,
      to_SlsPrcgCndnRecdValidity: one.to_SlsPrcgCndnRecdValidity.filter(
        // A status of release is something that is not released yet.
        (its) => its.ConditionReleaseStatus === '' && its.SalesOrganization === area.organization && its.DistributionChannel === area.channel,
      ),
    })); // biome-ignore format: one thought
}
