import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient, TrytonContext } from './client.ts';
import { decimalText, flag, id, ids, moment } from './wire.ts';

const PAGE = 200;
/** A price costs Tryton a walk through the lines of its list: a page has to fit into the time of one call. */
const PRICES_PAGE = 25;

const category = z.object({ id, name: z.string(), parent: id.nullable() });
const variant = z.object({
  id,
  code: z.string().nullable(),
  description: z.string().nullable(),
  template: id,
  'template.': z.object({ name: z.string(), create_date: moment, categories: ids }),
});
const identifier = z.object({ product: id, code: z.string() });
const tax = z.object({ id, rate: decimalText.nullable() });
/** A category for accounting: the taxes of goods follow from it. */
const taxed = z.object({ id, customer_taxes_used: ids });
const accounted = z.object({ id, 'template.': z.object({ account_category: id.nullable() }) });
const priceList = z.object({ id, name: z.string(), tax_included: flag });
const listLine = z.object({ price_list: id, quantity: z.number().nullable() });
const priced = z.object({ id, sale_price_uom: decimalText.nullable() });

export type TrytonCategory = z.output<typeof category>;
export type TrytonVariant = z.output<typeof variant> & {
  /** Its number of type "ean". */
  readonly ean: string | null;
};

/** What a variant costs in a list from a quantity on, as Tryton computes it. */
export interface TrytonPrice {
  readonly list: string;
  readonly listId: number;
  readonly variant: number;
  readonly fromQuantity: number;
  /** Of whatever scale, in the company's currency. */
  readonly amount: string;
  readonly taxIncluded: boolean;
  /** Sum of the rates of the variant's customer taxes: 0.2 is 20 %. */
  readonly taxRate: number;
}

/** Categories of goods; those for accounting stay out. */
export function readCategories(tryton: TrytonClient, call: CallOptions = {}): Promise<TrytonCategory[]> {
  return tryton.searchRead('product.category', [['accounting', '=', false]], category, ['name', 'parent'], call);
}

/** Every variant that is in use and can be sold. Inactive ones Tryton leaves out by itself. */
export async function readVariants(tryton: TrytonClient, call: CallOptions = {}): Promise<TrytonVariant[]> {
  const found: TrytonVariant[] = [];
  for await (const rows of pages(tryton, variant, VARIANT_FIELDS, call)) {
    const eans = await tryton.searchRead(
      'product.identifier',
      [['type', '=', 'ean'], ['product', 'in', rows.map((row) => row.id)]], // biome-ignore format: one thought
      identifier,
      ['product', 'code'],
      call,
    );
    const eanOf = new Map(eans.map(({ product, code }) => [product, code.replaceAll(/\D/g, '')]));
    found.push(...rows.map((row) => ({ ...row, ean: eanOf.get(row.id) ?? null })));
  }
  return found;
}

const VARIANT_FIELDS = [
  'code',
  'description',
  'template',
  'template.name',
  'template.create_date',
  'template.categories',
];

/**
 * Every price of every list, asked for at each quantity at which a line of the list begins. Tryton computes: its formulas
 * are its own affair. A price that is the same at a smaller quantity is left out.
 */
export async function readPrices(tryton: TrytonClient, call: CallOptions = {}): Promise<TrytonPrice[]> {
  const lists = await tryton.searchRead('product.price_list', [], priceList, ['name', 'tax_included'], call);
  const lines = await tryton.searchRead('product.price_list.line', [], listLine, ['price_list', 'quantity'], call);
  const rateOf = await readTaxRates(tryton, call);
  const found: TrytonPrice[] = [];
  for (const list of lists) {
    const begins = lines.filter((line) => line.price_list === list.id).map((line) => Math.ceil(line.quantity ?? 1));
    const before = new Map<number, string>();
    for (const quantity of [...new Set([1, ...begins.filter((from) => from > 1)])].sort((a, b) => a - b)) {
      const context = { price_list: list.id, quantity };
      for await (const rows of pages(tryton, priced, ['sale_price_uom'], { ...call, context, limit: PRICES_PAGE })) {
        for (const { id: variantId, sale_price_uom: amount } of rows) {
          // Every product has a list price there: 0 is how it says that it has none. Nothing must be given away for that.
          if (amount === null || Number(amount) === 0 || before.get(variantId) === amount) continue;
          before.set(variantId, amount);
          const taxRate = rateOf.get(variantId) ?? 0;
          found.push({ list: list.name, listId: list.id, variant: variantId, fromQuantity: quantity, amount, taxIncluded: list.tax_included, taxRate }); // biome-ignore format: one thought
        }
      }
    }
  }
  return found;
}

async function readTaxRates(tryton: TrytonClient, call: CallOptions): Promise<ReadonlyMap<number, number>> {
  const taxes = await tryton.searchRead('account.tax', [['type', '=', 'percentage']], tax, ['rate'], call);
  const rates = new Map(taxes.map(({ id: taxId, rate }) => [taxId, Number(rate ?? 0)]));
  const groups = await tryton.searchRead('product.category', [['accounting', '=', true]], taxed, ['customer_taxes_used'], call); // biome-ignore format: one thought
  const rateOf = new Map(groups.map((one) => [one.id, one.customer_taxes_used.reduce((sum, taxId) => sum + (rates.get(taxId) ?? 0), 0)])); // biome-ignore format: one thought
  const found = new Map<number, number>();
  for await (const rows of pages(tryton, accounted, ['template.account_category'], call)) {
    for (const row of rows) found.set(row.id, rateOf.get(row['template.'].account_category ?? 0) ?? 0);
  }
  return found;
}

const SOLD = [
  ['template.active', '=', true],
  ['salable', '=', true],
];

/** Pages of variants by their ids: rows that come and go meanwhile shift no page. */
async function* pages<Row extends z.ZodType<{ readonly id: number }>>(
  tryton: TrytonClient,
  row: Row,
  fields: readonly string[],
  { limit = PAGE, ...call }: CallOptions & { readonly context?: TrytonContext; readonly limit?: number },
): AsyncGenerator<z.output<Row>[]> {
  for (let last = 0; ; ) {
    const rows = await tryton.searchRead('product.product', [...SOLD, ['id', '>', last]], row, fields, {
      ...call,
      limit,
    });
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    last = rows.at(-1)?.id ?? last;
  }
}
