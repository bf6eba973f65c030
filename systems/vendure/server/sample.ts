import { z } from 'zod';
import type { VendureClient } from '../client.ts';
import { id } from '../wire.ts';

/** Number of what this file puts in: raise it with every change here. */
export const SAMPLE_VERSION = 'sample1';

/** Ids of what orders need, as config/systems.yaml names them. */
export interface SampleIds {
  readonly customer: string;
  readonly shippingMethod: string;
}

export interface SampleArticle {
  readonly sku: string;
  readonly title: string;
  /** In pence. */
  readonly price: number;
}

/** Variants of one product, which one call makes. */
const BATCH = 100;
const REFUSAL = '... on ErrorResult { errorCode }';
const translated = (name: string, more: object = {}) => [{ languageCode: 'en', name, ...more }];

/**
 * Puts into an empty Vendure what it needs to take orders: a country, a channel in pounds, one customer who stands for all buyers,
 * a way to ship, and the articles. It keeps no stock: the warehouse's word is in the graph.
 */
export async function putSample(
  vendure: VendureClient,
  articles: readonly SampleArticle[],
  countries: readonly string[],
): Promise<SampleIds> {
  const made = async (name: string, input: object, type: string): Promise<string> => {
    const answer = await vendure.write(`mutation ($input: ${type}!) { made: ${name}(input: $input) { ... on Node { id } } }`, { input }, z.object({ made: z.object({ id }) })); // biome-ignore format: one thought
    return answer.made.id;
  };
  const zone = await made('createZone', { name: 'Everywhere' }, 'CreateZoneInput');
  const members: string[] = [];
  for (const code of countries)
    members.push(await made('createCountry', { code, enabled: true, translations: translated(code) }, 'CreateCountryInput')); // biome-ignore format: one thought
  await vendure.write('mutation ($zone: ID!, $members: [ID!]!) { addMembersToZone(zoneId: $zone, memberIds: $members) { id } }', { zone, members }, z.unknown()); // biome-ignore format: one thought
  const tax = await made('createTaxCategory', { name: 'Standard', isDefault: true }, 'CreateTaxCategoryInput');
  await made('createTaxRate', { name: 'VAT', enabled: true, value: 20, categoryId: tax, zoneId: zone }, 'CreateTaxRateInput'); // biome-ignore format: one thought
  const channels = z.object({ channels: z.object({ items: z.array(z.object({ id })).min(1) }) });
  const found = await vendure.read('{ channels { items { id } } }', {}, channels);
  const channel = { id: found.channels.items[0]?.id, defaultTaxZoneId: zone, defaultShippingZoneId: zone, pricesIncludeTax: true, defaultCurrencyCode: 'GBP', availableCurrencyCodes: ['GBP'], trackInventory: false }; // biome-ignore format: one thought
  await vendure.write(`mutation ($input: UpdateChannelInput!) { updateChannel(input: $input) { __typename ${REFUSAL} } }`, { input: channel }, z.unknown()); // biome-ignore format: one thought
  const shippingMethod = await made(
    'createShippingMethod',
    {
      code: 'elsewhere',
      fulfillmentHandler: 'commerce',
      checker: { code: 'default-shipping-eligibility-checker', arguments: [{ name: 'orderMinimum', value: '0' }] },
      calculator: { code: 'default-shipping-calculator', arguments: [{ name: 'rate', value: '0' }, { name: 'includesTax', value: 'include' }, { name: 'taxRate', value: '0' }] },
      translations: translated('Shipped elsewhere', { description: '' }),
    },
    'CreateShippingMethodInput',
  ); // biome-ignore format: one thought
  const customer = await made('createCustomer', { firstName: 'All', lastName: 'Buyers', emailAddress: 'buyers@commerce.invalid' }, 'CreateCustomerInput'); // biome-ignore format: one thought
  // Variants of a product have to differ in an option: here by their SKU.
  for (let begin = 0; begin < articles.length; begin += BATCH) {
    const some = articles.slice(begin, begin + BATCH);
    const name = `Articles ${begin / BATCH + 1}`;
    const product = await made('createProduct', { enabled: true, translations: translated(name, { slug: `articles-${begin / BATCH + 1}`, description: '' }) }, 'CreateProductInput'); // biome-ignore format: one thought
    const options = some.map(({ sku }) => ({ code: sku.toLowerCase(), translations: translated(sku) }));
    const group = z.object({ made: z.object({ id, options: z.array(z.object({ id, code: z.string() })) }) });
    const { made: skus } = await vendure.write('mutation ($input: CreateProductOptionGroupInput!) { made: createProductOptionGroup(input: $input) { id options { id code } } }', { input: { code: `sku-${begin}`, translations: translated('SKU'), options } }, group); // biome-ignore format: one thought
    await vendure.write('mutation ($product: ID!, $group: ID!) { addOptionGroupToProduct(productId: $product, optionGroupId: $group) { id } }', { product, group: skus.id }, z.unknown()); // biome-ignore format: one thought
    const optionOf = new Map(skus.options.map((one) => [one.code, one.id]));
    const input = some.map(({ sku, title, price }) => ({ productId: product, sku, price, taxCategoryId: tax, optionIds: [optionOf.get(sku.toLowerCase())], trackInventory: 'FALSE', translations: translated(title) })); // biome-ignore format: one thought
    await vendure.write('mutation ($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id } }', { input }, z.unknown()); // biome-ignore format: one thought
  }
  return { customer, shippingMethod };
}
