import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  categoryFact,
  goods,
  NOW,
  priceFact,
  productFact,
  startCatalogue,
  type TestCatalogue,
  variantFact,
} from '../../test/contract/product-source.harness.ts';
import { ask, askEntities, callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { categoryId } from './facts/categories.ts';
import { productId } from './facts/products.ts';
import { variantId } from './facts/variants.ts';

const hours = (number: number) => new Date(NOW.getTime() + number * 3_600_000);
const pos = callerOf({ contract: 'point-of-sale', channel: { ...webChannel, code: 'POS', priceList: 'POS' } });
const operations = callerOf({ contract: 'operations', channel: null });

let catalogue: TestCatalogue;
beforeAll(async () => {
  catalogue = await startCatalogue(
    categoryFact('HOME', { name: 'Home' }),
    categoryFact('LIGHT', { name: 'Candles and Lights', parentKey: 'HOME' }),
    ...goods('71053', 'White Metal Lantern', 339, {
      description: 'Holds one candle.',
      brand: 'Glow & Co',
      categoryKeys: ['LIGHT', 'HOME'],
      media: [{ url: 'https://media.example/71053.jpg', altText: 'A white lantern' }],
      recordedAt: hours(-24),
    }),
    productFact('UMBRELLA', { title: 'Polkadot Umbrella' }),
    ...['RED', 'BLUE', 'GREEN'].map((colour) =>
      variantFact(`85014-${colour}`, {
        productKey: 'UMBRELLA',
        title: `Polkadot Umbrella ${colour}`,
        gtin: colour === 'RED' ? '4006381333931' : null,
        options: [{ name: 'Colour', value: colour }],
      }),
    ),
    priceFact('85014-RED', 595, { validTo: hours(5) }),
    priceFact('85014-RED', 745, { former: true }),
    priceFact('85014-RED', 500, { minQuantity: 10, validTo: hours(4) }),
    priceFact('85014-RED', 650, { priceList: 'POS', taxIncluded: false }),
    priceFact('85014-BLUE', 595),
    priceFact('85014-BLUE', 595, { former: true }),
    priceFact('85014-BLUE', 1200, { currencyCode: 'JPY' }),
    priceFact('85014-BLUE', 1250, { currencyCode: 'KWD' }),
    priceFact('85014-GREEN', 595, { validFrom: hours(1) }),
    ...goods('OLD', 'Sold Out Forever', 100),
    ...goods('HALF', 'Half Gone', 100),
    variantFact('HALF-2', { productKey: 'HALF' }),
  );
  await catalogue.tell({ kind: 'productRemoved', key: 'OLD' }, { kind: 'variantRemoved', key: 'HALF-2' });
});
afterAll(() => catalogue.stop());

async function data(query: string, variables: Record<string, unknown> = {}, caller = callerOf()) {
  const answer = await ask(catalogue.subgraph, query, variables, caller);
  expect(answer.errors).toBeUndefined();
  return answer.data ?? {};
}

describe('product', () => {
  const PAGE = `query($handle: String!) { product(handle: $handle) {
    id handle title description brand categories { id name parent { name parent { name } } } media { url altText } createdAt updatedAt
    variants(first: 50) { nodes { id sku gtin title options { name value } product { handle }
      price { amount { amount currencyCode } compareAt { amount currencyCode } taxIncluded validUntil } } }
  } }`;

  it('answers the whole product page', async () => {
    expect(await data(PAGE, { handle: 'white-metal-lantern' })).toEqual({
      product: {
        id: productId('71053'),
        handle: 'white-metal-lantern',
        title: 'White Metal Lantern',
        description: 'Holds one candle.',
        brand: 'Glow & Co',
        categories: [
          { id: categoryId('LIGHT'), name: 'Candles and Lights', parent: { name: 'Home', parent: null } },
          { id: categoryId('HOME'), name: 'Home', parent: null },
        ],
        media: [{ url: 'https://media.example/71053.jpg', altText: 'A white lantern' }],
        createdAt: '2026-11-22T09:00:00.000Z',
        updatedAt: '2026-11-23T09:00:00.000Z',
        variants: {
          nodes: [
            {
              id: variantId('71053'),
              sku: '71053',
              gtin: null,
              title: 'White Metal Lantern',
              options: [],
              product: { handle: 'white-metal-lantern' },
              price: {
                amount: { amount: '3.39', currencyCode: 'GBP' },
                compareAt: null,
                taxIncluded: true,
                validUntil: null,
              },
            },
          ],
        },
      },
    });
  });

  it.each(['sold-out-forever', 'unknown', '', '\0', '../../etc/passwd', "x' or '1'='1", 'x'.repeat(10_240)])(
    'is null for a handle that nothing on sale has (%#)',
    async (handle) => {
      expect(await data('query($handle: String!) { product(handle: $handle) { id } }', { handle })).toEqual({
        product: null,
      });
    },
  );

  it('pages its variants by SKU in both directions', async () => {
    const query = `query($first: Int, $after: String, $last: Int, $before: String) { product(handle: "polkadot-umbrella") {
      variants(first: $first, after: $after, last: $last, before: $before) { nodes { sku } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
    const page = async (variables: object) => {
      const { product } = await data(query, { ...variables });
      return (product as { variants: { nodes: { sku: string }[]; pageInfo: Record<string, unknown> } }).variants;
    };
    const first = await page({ first: 2 });
    expect(first.nodes.map((node) => node.sku)).toEqual(['85014-BLUE', '85014-GREEN']);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await page({ first: 2, after: first.pageInfo.endCursor });
    expect(second.nodes.map((node) => node.sku)).toEqual(['85014-RED']);
    expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const back = await page({ last: 1, before: second.pageInfo.startCursor });
    expect(back.nodes.map((node) => node.sku)).toEqual(['85014-GREEN']);
    expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });

    for (const variables of [{ first: 0 }, { first: 101 }, { last: 101 }, { first: 1, after: 'nonsense' }]) {
      const answer = await ask(catalogue.subgraph, query, variables);
      expect(answer.errors?.map((error) => error.extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
  });
});

describe('productVariants', () => {
  const SKUS = 'query($skus: [String!]!) { productVariants(skus: $skus) { sku title } }';

  it('answers in the order of the arguments, null where nothing on sale has the SKU', async () => {
    const skus = [
      '85014-RED',
      'NOPE',
      '71053',
      '85014-red',
      'OLD',
      'HALF',
      'HALF-2',
      '71053',
      '',
      '\0',
      'x'.repeat(9_999),
    ];
    expect(await data(SKUS, { skus })).toEqual({
      productVariants: [
        { sku: '85014-RED', title: 'Polkadot Umbrella RED' },
        null,
        { sku: '71053', title: 'White Metal Lantern' },
        null,
        null,
        { sku: 'HALF', title: 'Half Gone' },
        null,
        { sku: '71053', title: 'White Metal Lantern' },
        null,
        null,
        null,
      ],
    });
  });

  it('takes 1 to 200 SKUs', async () => {
    const many = Array.from({ length: 201 }, (_, index) => `S${index}`);
    expect((await data(SKUS, { skus: many.slice(1) })).productVariants).toEqual(Array(200).fill(null));
    for (const skus of [[], many]) {
      const answer = await ask(catalogue.subgraph, SKUS, { skus });
      expect(answer).toEqual({
        data: { productVariants: null },
        errors: [
          {
            message: `\`skus\` must hold 1 to 200 SKUs, not ${skus.length}.`,
            path: ['productVariants'],
            extensions: { code: 'BAD_USER_INPUT', retryable: false },
          },
        ],
      });
    }
  });
});

describe('price', () => {
  const price = async (sku: string, args = '', caller = callerOf()) => {
    const answer = await data(
      `query($skus: [String!]!) { productVariants(skus: $skus) { price${args} { amount { amount currencyCode } compareAt { amount } taxIncluded validUntil } } }`,
      { skus: [sku] },
      caller,
    );
    return (answer.productVariants as { price: unknown }[])[0]?.price;
  };

  it('shows the former price when it was higher, and when the price ends', async () => {
    expect(await price('85014-RED')).toEqual({
      amount: { amount: '5.95', currencyCode: 'GBP' },
      compareAt: { amount: '7.45' },
      taxIncluded: true,
      validUntil: '2026-11-23T14:00:00.000Z',
    });
    expect(await price('85014-BLUE')).toMatchObject({ compareAt: null, validUntil: null });
  });

  it('falls from a quantity on', async () => {
    expect(await price('85014-RED', '(quantity: 9)')).toMatchObject({ amount: { amount: '5.95' } });
    expect(await price('85014-RED', '(quantity: 10)')).toMatchObject({
      amount: { amount: '5.00' },
      validUntil: '2026-11-23T13:00:00.000Z',
    });
    expect(await price('85014-RED', '(quantity: null)')).toMatchObject({ amount: { amount: '5.95' } });
  });

  it.each([0, -1, 1_000_001])('refuses a quantity of %d', async (quantity) => {
    const answer = await ask(
      catalogue.subgraph,
      `{ productVariants(skus: ["71053"]) { sku price(quantity: ${quantity}) { taxIncluded } } }`,
    );
    expect(answer.data).toEqual({ productVariants: [{ sku: '71053', price: null }] });
    expect(answer.errors?.map((error) => [error.message, error.extensions.code])).toEqual([
      ['`quantity` must be between 1 and 1,000,000.', 'BAD_USER_INPUT'],
    ]);
  });

  it("is the channel's, in the channel's currency unless another is asked for", async () => {
    expect(await price('85014-RED', '', pos)).toEqual({
      amount: { amount: '6.50', currencyCode: 'GBP' },
      compareAt: null,
      taxIncluded: false,
      validUntil: null,
    });
    expect(await price('85014-BLUE', '(currencyCode: "JPY")')).toMatchObject({
      amount: { amount: '1200', currencyCode: 'JPY' },
    });
    expect(await price('85014-BLUE', '(currencyCode: "KWD")')).toMatchObject({
      amount: { amount: '1.250', currencyCode: 'KWD' },
    });
  });

  it('can be asked for in several currencies and quantities at once', async () => {
    const answer = await data(`{ productVariants(skus: ["85014-BLUE", "85014-RED"]) {
      price { amount { amount } } yen: price(currencyCode: "JPY") { amount { amount } } ten: price(quantity: 10) { amount { amount } } } }`);
    expect(answer).toEqual({
      productVariants: [
        {
          price: { amount: { amount: '5.95' } },
          yen: { amount: { amount: '1200' } },
          ten: { amount: { amount: '5.95' } },
        },
        { price: { amount: { amount: '5.95' } }, yen: null, ten: { amount: { amount: '5.00' } } },
      ],
    });
  });

  it('is null where the channel has none, before it begins, and without a channel', async () => {
    expect(await price('85014-BLUE', '', pos)).toBeNull();
    expect(await price('85014-RED', '(currencyCode: "JPY")')).toBeNull();
    expect(await price('85014-GREEN')).toBeNull();
    expect(await price('71053', '', operations)).toBeNull();
  });

  it('refuses what is no currency', async () => {
    const answer = await ask(
      catalogue.subgraph,
      '{ productVariants(skus: ["71053"]) { price(currencyCode: "XXL") { taxIncluded } } }',
    );
    expect(answer.errors?.map((error) => error.extensions.code)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('entities', () => {
  it('resolves variants by SKU and products by id, hidden ones too because orders name them', async () => {
    const variants = await askEntities(
      catalogue.subgraph,
      ['71053', 'OLD', 'HALF-2', 'NOPE', '\0'].map((sku) => ({ __typename: 'ProductVariant', sku })),
      '{ sku title gtin price { taxIncluded } product { handle title media { url altText } variants { nodes { sku } } } }',
    );
    expect(variants).toEqual({
      data: {
        _entities: [
          {
            sku: '71053',
            title: 'White Metal Lantern',
            gtin: null,
            price: { taxIncluded: true },
            product: {
              handle: 'white-metal-lantern',
              title: 'White Metal Lantern',
              media: [{ url: 'https://media.example/71053.jpg', altText: 'A white lantern' }],
              variants: { nodes: [{ sku: '71053' }] },
            },
          },
          {
            sku: 'OLD',
            title: 'Sold Out Forever',
            gtin: null,
            price: null,
            product: { handle: 'sold-out-forever', title: 'Sold Out Forever', media: [], variants: { nodes: [] } },
          },
          {
            sku: 'HALF-2',
            title: 'Variant HALF-2',
            gtin: null,
            price: null,
            product: { handle: 'half-gone', title: 'Half Gone', media: [], variants: { nodes: [{ sku: 'HALF' }] } },
          },
          null,
          null,
        ],
      },
    });
    const products = await askEntities(
      catalogue.subgraph,
      [productId('OLD'), 'prd_unknown', productId('UMBRELLA')].map((id) => ({ __typename: 'Product', id })),
      '{ id title }',
    );
    expect(products.data).toEqual({
      _entities: [
        { id: productId('OLD'), title: 'Sold Out Forever' },
        null,
        { id: productId('UMBRELLA'), title: 'Polkadot Umbrella' },
      ],
    });
  });
});

describe('categories', () => {
  it('come by name, in pages', async () => {
    const query =
      'query($first: Int, $after: String) { categories(first: $first, after: $after) { nodes { name parent { name } } pageInfo { hasNextPage endCursor } } }';
    const first = (await data(query, { first: 1 })).categories as { pageInfo: { endCursor: string } };
    expect(first).toMatchObject({
      nodes: [{ name: 'Candles and Lights', parent: { name: 'Home' } }],
      pageInfo: { hasNextPage: true },
    });
    expect((await data(query, { first: 5, after: first.pageInfo.endCursor })).categories).toMatchObject({
      nodes: [{ name: 'Home', parent: null }],
      pageInfo: { hasNextPage: false },
    });
  });
});
