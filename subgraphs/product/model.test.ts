import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { query } from '../../platform/db/query.ts';
import {
  NOW,
  priceFact,
  productFact,
  startCatalogue,
  type TestCatalogue,
  variantFact,
} from '../../test/contract/product-source.harness.ts';
import { foldText, isGtin, type PriceRule, priceOf, searchWords, slug } from './model.ts';

const day = (number: number) => new Date(NOW.getTime() + number * 86_400_000);
let nextKey = 0;
const rule = (amountMinor: number, more: Partial<PriceRule> = {}): PriceRule => ({
  kind: 'SELLING',
  minQuantity: 1,
  validFrom: day(-100),
  validTo: null,
  amountMinor: BigInt(amountMinor),
  taxIncluded: true,
  key: `K${nextKey++}`,
  ...more,
});
const amountOf = (rules: readonly PriceRule[], quantity = 1, at = NOW) =>
  priceOf(rules, 'GBP', quantity, at)?.amount.amountMinor ?? null;

describe('priceOf', () => {
  it('is null without a rule that applies', () => {
    expect(priceOf([], 'GBP', 1, NOW)).toBeNull();
    expect(amountOf([rule(100, { validFrom: day(1) })])).toBeNull();
    expect(amountOf([rule(100, { validTo: day(-1) })])).toBeNull();
    expect(amountOf([rule(100, { minQuantity: 2 })])).toBeNull();
    expect(amountOf([rule(100, { kind: 'FORMER' })])).toBeNull();
  });

  it('begins at validFrom and ends before validTo', () => {
    const rules = [rule(100, { validFrom: day(0), validTo: day(1) })];
    expect(amountOf(rules, 1, new Date(day(0).getTime() - 1))).toBeNull();
    expect(amountOf(rules, 1, day(0))).toBe(100n);
    expect(amountOf(rules, 1, new Date(day(1).getTime() - 1))).toBe(100n);
    expect(amountOf(rules, 1, day(1))).toBeNull();
  });

  it('takes the largest quantity that is reached', () => {
    const rules = [rule(100), rule(90, { minQuantity: 10 }), rule(80, { minQuantity: 100 })];
    expect([1, 9, 10, 99, 100, 1_000_000].map((quantity) => amountOf(rules, quantity))).toEqual([
      100n,
      100n,
      90n,
      90n,
      80n,
      80n,
    ]);
  });

  it('lets the rule that began last win, also over a quantity break', () => {
    const rules = [rule(100), rule(90, { minQuantity: 10 }), rule(95, { validFrom: day(-1) })];
    expect(amountOf(rules, 10)).toBe(95n);
    expect(amountOf(rules, 10, day(-2))).toBe(90n);
  });

  it('ends when the rule ends or a later one takes over', () => {
    const until = (...rules: PriceRule[]) => priceOf(rules, 'GBP', 5, NOW)?.validUntil;
    expect(until(rule(100))).toBeNull();
    expect(until(rule(100, { validTo: day(9) }))).toEqual(day(9));
    expect(until(rule(100, { validTo: day(9) }), rule(80, { validFrom: day(3) }))).toEqual(day(3));
    expect(until(rule(100), rule(80, { validFrom: day(3), minQuantity: 6 }))).toBeNull();
    expect(until(rule(100), rule(80, { validFrom: day(3), kind: 'FORMER' }))).toBeNull();
  });

  it('compares with the former price only when that was higher', () => {
    const compareAt = (former: number) =>
      priceOf([rule(100), rule(former, { kind: 'FORMER' })], 'GBP', 1, NOW)?.compareAt?.amountMinor ?? null;
    expect([99, 100, 101].map(compareAt)).toEqual([null, null, 101n]);
  });
});

describe('priceOf and product.quote', () => {
  let catalogue: TestCatalogue;
  beforeAll(async () => {
    catalogue = await startCatalogue();
  });
  afterAll(() => catalogue.stop());

  it('give the same price for any rules', async () => {
    const anyRule = fc.record({
      former: fc.boolean(),
      minQuantity: fc.integer({ min: 1, max: 4 }),
      from: fc.integer({ min: -3, max: 3 }),
      days: fc.option(fc.integer({ min: 1, max: 4 })),
      pence: fc.integer({ min: 0, max: 500 }),
    });
    let run = 0;
    let priced = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyRule, { maxLength: 6 }), fc.integer({ min: 1, max: 5 }), async (rules, quantity) => {
        run += 1;
        const sku = `S${run}`;
        const facts = rules.map(({ former, minQuantity, from, days, pence }, index) =>
          priceFact(sku, pence, {
            key: `${sku}-${index}`,
            former,
            minQuantity,
            validFrom: day(from),
            validTo: days === null ? null : day(from + days),
          }),
        );
        await catalogue.tell(productFact(sku), variantFact(sku), ...facts);
        const [quoted] = await query<{ unit_price_minor: string | null }>(
          catalogue.knex,
          'select unit_price_minor from product.quote(?, ?, ?::text[], ?::int[], ?)',
          ['WEB', 'GBP', [sku], [quantity], NOW],
        );
        const expected = amountOf(
          facts.map((fact) => ({ ...fact, kind: fact.former ? 'FORMER' : 'SELLING' })),
          quantity,
        );
        if (expected !== null) priced += 1;
        expect(quoted?.unit_price_minor ?? null).toBe(expected === null ? null : String(expected));
      }),
      { numRuns: 150 }, // about a quarter of them has a price
    );
    expect(priced).toBeGreaterThan(10);
  });
});

describe('text', () => {
  it('is folded alike for search and order', () => {
    expect(foldText('  Éclair\u202e \n GLASS\0 Star ')).toBe('eclair glass star');
    expect(searchWords('T-Light, SET/4 "Éclair" t-light 2.5cm')).toEqual([
      't',
      'light',
      'set',
      '4',
      'eclair',
      '2',
      '5cm',
    ]);
    expect(searchWords('!!! \u202e')).toEqual([]);
  });

  it('becomes a handle of letters, digits and dashes', () => {
    expect(slug('WHITE METAL LANTERN')).toBe('white-metal-lantern');
    expect(slug('Set/4 "Red" Éclair & Co. — Children’s')).toBe('set-4-red-eclair-co-childrens');
    expect(slug(`${'x'.repeat(99)} y`)).toBe('x'.repeat(99));
    expect(slug('日本')).toBe('');
  });

  it('is a GTIN with a right check digit', () => {
    expect(['4006381333931', '73513537', '036000291452', '00012345600012'].map(isGtin)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['4006381333932', '4006381333', '', '400638133393１', '4006381333931 '].map(isGtin)).toEqual(
      Array(5).fill(false),
    );
  });
});
