import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  categoryFact,
  priceFact,
  productFact,
  startCatalogue,
  type TestCatalogue,
  variantFact,
} from '../../test/contract/product-source.harness.ts';
import { ask, askEntities } from '../../test/helpers/subgraph.ts';

/** A hundred products of six variants, in two categories that have parents. */
let catalogue: TestCatalogue;
beforeAll(async () => {
  catalogue = await startCatalogue(
    categoryFact('HOME'),
    categoryFact('OFFICE'),
    categoryFact('LIGHT', { parentKey: 'HOME' }),
    categoryFact('PAPER', { parentKey: 'OFFICE' }),
    ...Array.from({ length: 100 }, (_, number) => [
      productFact(`P${number}`, { categoryKeys: ['LIGHT', 'PAPER'] }),
      ...['A', 'B', 'C', 'D', 'E', 'F'].flatMap((suffix) => [
        variantFact(`P${number}${suffix}`, { productKey: `P${number}` }),
        priceFact(`P${number}${suffix}`, 100 + number),
      ]),
    ]).flat(),
  );
});
afterAll(() => catalogue.stop());

it('a page of products costs the same number of statements whatever its size', async () => {
  const everything = `query($first: Int!) { products(first: $first) { edges { cursor } nodes {
    id handle title brand updatedAt media { url altText } categories { name parent { name } }
    variants(first: 10) { nodes { sku gtin title options { value } product { title }
      price { amount { amount } compareAt { amount } } bulk: price(quantity: 10) { amount { amount } } } }
  } } }`;
  for (const first of [1, 50, 100]) {
    const statements = await catalogue.statementsOf(async () => {
      const { data, errors } = await ask(catalogue.subgraph, everything, { first });
      expect(errors).toBeUndefined();
      expect(data?.products).toMatchObject({ nodes: { length: first } });
    });
    // page, variants, product of the variants, prices, categories, their parents
    expect(statements).toHaveLength(6);
  }
});

it('a cart and entities cost one statement for all variants, and one for what is asked of them', async () => {
  const skus = ['P1A', 'P2B', 'P3C', 'NOPE'];
  const cart = await catalogue.statementsOf(async () => {
    const query = 'query($skus: [String!]!) { productVariants(skus: $skus) { sku price { amount { amount } } } }';
    const { data } = await ask(catalogue.subgraph, query, { skus });
    expect(data?.productVariants).toMatchObject([{ sku: 'P1A' }, { sku: 'P2B' }, { sku: 'P3C' }, null]);
  });
  expect(cart).toHaveLength(2);

  const entities = await catalogue.statementsOf(async () => {
    const representations = skus.map((sku) => ({ __typename: 'ProductVariant', sku }));
    const { data } = await askEntities(catalogue.subgraph, representations, '{ title product { handle } }');
    expect(data?._entities).toMatchObject([{ title: 'Variant P1A' }, {}, {}, null]);
  });
  expect(entities).toHaveLength(2);
});
