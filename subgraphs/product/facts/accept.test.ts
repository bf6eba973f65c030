import { expect, it } from '@jest/globals';
import { categoryFact, priceFact, productFact, variantFact } from '../../../test/contract/product-source.harness.ts';
import type { REJECTION_REASONS } from '../errors.ts';
import type { Sku } from '../model.ts';
import type { CatalogueFact } from '../port.ts';
import { whyRejected } from './accept.ts';

const bad: readonly (readonly [CatalogueFact, keyof typeof REJECTION_REASONS])[] = [
  [categoryFact('x', { name: ' ' }), 'NO_TITLE'],
  [productFact('x', { title: '' }), 'NO_TITLE'],
  [productFact('x', { title: 'x'.repeat(501) }), 'NO_TITLE'],
  [productFact('x', { description: 'null \0 byte' }), 'TEXT_INVALID'],
  [productFact('x\0y'), 'TEXT_INVALID'],
  [productFact('x', { media: [{ url: '', altText: null }] }), 'TEXT_INVALID'],
  [productFact('x', { recordedAt: new Date(Number.NaN) }), 'DATE_INVALID'],
  [variantFact('x', { sku: ' 71053' as Sku }), 'NO_SKU'],
  [variantFact('x', { gtin: '4006381333932' }), 'GTIN_INVALID'],
  [variantFact('x', { options: [{ name: 'Colour', value: '' }] }), 'TEXT_INVALID'],
  [priceFact('x', -1), 'PRICE_INVALID'],
  [priceFact('x', 10 ** 12 + 1), 'PRICE_INVALID'],
  [priceFact('x', 1, { currencyCode: 'XXL' }), 'CURRENCY_UNKNOWN'],
  [priceFact('x', 1, { minQuantity: 0 }), 'QUANTITY_INVALID'],
  [priceFact('x', 1, { minQuantity: 1.5 }), 'QUANTITY_INVALID'],
  [priceFact('x', 1, { taxBasisPoints: 10_001 }), 'TAX_INVALID'],
  [priceFact('x', 1, { validTo: new Date('2019-01-01T00:00:00Z') }), 'PERIOD_INVALID'],
  [priceFact('x', 1, { validFrom: new Date(8.64e15) }), 'DATE_INVALID'],
  [categoryFact('x', { parentKey: '' }), 'TEXT_INVALID'],
  [productFact(''), 'TEXT_INVALID'],
  [productFact('k'.repeat(201)), 'TEXT_INVALID'],
  [variantFact('x', { title: '\t' }), 'NO_TITLE'],
  [{ kind: 'priceRemoved', key: '\0' }, 'TEXT_INVALID'],
];

it.each(bad.map(([fact, reason]) => [reason, fact.kind, fact] as const))(
  'refuses %s (%s, case %#)',
  (reason, _kind, fact) => {
    expect(whyRejected(fact)).toBe(reason);
  },
);

it('takes everything else', () => {
  const good: readonly CatalogueFact[] = [
    categoryFact('R1', { parentKey: 'R0' }),
    productFact('x', {
      title: 't'.repeat(500),
      description: 'd'.repeat(20_000),
      media: [{ url: 'https://m.example/x', altText: null }],
    }),
    variantFact('x', { gtin: '4006381333931', options: [{ name: 'Colour', value: 'Red' }] }),
    priceFact('x', 0),
    priceFact('x', 10 ** 12, { minQuantity: 1_000_000, taxBasisPoints: 10_000, currencyCode: 'KWD' }),
    { kind: 'variantRemoved', key: 'x' },
  ];
  expect(good.map(whyRejected)).toEqual(good.map(() => null));
});
