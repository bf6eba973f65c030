import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';
import { deriveSampleData } from './derive.ts';
import type { SampleData } from './model.ts';
import { parseOrderLines, skuOf } from './order-lines.ts';

const csvText = readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8');
const HEADER = 'invoice_no,stock_code,description,quantity,invoice_date,unit_price_gbp,customer_id,country';
/** Order lines as the file writes them; customer 17850 bought them all on one invoice unless told otherwise. */
const source = (...lines: string[]) => [HEADER, ...lines].join('\n');

let sample: SampleData;
beforeAll(() => {
  sample = deriveSampleData(csvText);
});

const material = (data: SampleData, sku: string) => data.materials.find((one) => one.oldMaterialNo === sku);
const prices = (data: SampleData, sku: string, list: string, currency = 'GBP') =>
  data.conditions
    .filter((one) => one.materialNo === `M-${sku}` && one.priceListCode === list && one.currency === currency)
    .map(({ conditionType, scaleFrom, amount, taxIncluded }) => ({ conditionType, scaleFrom, amount, taxIncluded }));

describe('the catalogue of the real file', () => {
  it('accounts for every goods code of the source', () => {
    const codes = new Set(parseOrderLines(csvText).flatMap((line) => skuOf(line.stockCode) ?? []));
    const known = sample.materials.flatMap((one) => one.oldMaterialNo ?? []);
    expect(codes.size).toBe(1982);
    expect([...known, ...sample.leftOut.map((one) => one.sku)].sort()).toEqual([...codes].sort());
    expect(sample.leftOut).toHaveLength(15);
    expect(sample.leftOut.every((one) => one.reason === 'NO_DESCRIPTION')).toBe(true);
  });

  it('names the lantern and the hanging heart as the channels expect, and nothing else like the lantern', () => {
    expect(material(sample, '71053')).toMatchObject({
      materialNo: 'M-71053',
      materialType: 'HAWA',
      materialGroupNo: 'R110',
    });
    expect(material(sample, '85123A')?.descriptions[0]?.shortText).toBe('White Hanging Heart T-Light Holder');
    expect(sample.materials.filter((one) => one.descriptions[0]?.shortText === 'White Metal Lantern')).toHaveLength(1);
  });

  it('keeps the prices of the source: WEB and POS with tax, B2B without and by quantity, AMAZON with commission', () => {
    const one = (amount: string, taxIncluded = true, scaleFrom = 1) => ({
      conditionType: 'PR00',
      scaleFrom,
      amount,
      taxIncluded,
    });
    expect(prices(sample, '85123A', 'WEB')).toEqual([one('2.55')]);
    expect(prices(sample, '71053', 'WEB')).toEqual([one('3.39')]);
    expect(prices(sample, '71053', 'POS')).toEqual([one('3.39')]);
    expect(prices(sample, '71053', 'AMAZON')).toEqual([one('4.07')]);
    expect(prices(sample, '71053', 'B2B')).toEqual([
      one('3.39', false),
      one('3.12', false, 24),
      one('2.88', false, 96),
    ]);
  });

  it('sells 300 articles, the two of the contract among them, in yen and dinars with the digits of each', () => {
    const abroad = (currency: string) => sample.conditions.filter((one) => one.currency === currency);
    expect(abroad('JPY')).toHaveLength(300);
    expect(abroad('KWD')).toHaveLength(300);
    expect(abroad('JPY').every((one) => /^[1-9]\d*$/.test(one.amount))).toBe(true);
    expect(abroad('KWD').every((one) => /^\d+\.\d{3}$/.test(one.amount))).toBe(true);
    expect(prices(sample, '71053', 'WEB', 'JPY')).toMatchObject([{ amount: '644' }]);
    expect(prices(sample, '85123A', 'WEB', 'KWD')).toMatchObject([{ amount: '0.995' }]);
  });

  it('gives every article exactly one price per list, currency, quantity and instant', () => {
    const price = sample.conditions.filter((one) => one.conditionType === 'PR00');
    for (const instant of ['2010-12-01T00:00:00.000Z', '2030-12-31T23:59:59.999Z', '2031-01-01T00:00:00.000Z']) {
      const valid = price.filter((one) => one.validFrom <= instant && (one.validTo === null || instant < one.validTo));
      const keys = valid.map((one) => [one.materialNo, one.priceListCode, one.currency, one.scaleFrom].join(' '));
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.filter((key) => key.endsWith(' WEB GBP 1'))).toHaveLength(1967);
    }
  });

  it('shows a higher former price beside every offer, for as long as the offer lasts', () => {
    const former = sample.conditions.filter((one) => one.conditionType === 'VKA0');
    expect(former.length).toBeGreaterThan(100);
    for (const one of former) {
      const offer = sample.conditions.find(
        (other) =>
          other.materialNo === one.materialNo &&
          other.conditionType === 'PR00' &&
          other.validTo === one.validTo &&
          other.priceListCode === 'WEB',
      );
      expect(Number(offer?.amount)).toBeLessThan(Number(one.amount));
      expect(one.validTo).not.toBeNull();
    }
  });

  it('gives every article its own GTIN-13 with a right check digit', () => {
    const gtins = sample.materials.flatMap((one) => one.gtinEan ?? []);
    expect(new Set(gtins).size).toBe(1967);
    for (const gtin of gtins) {
      const weighted = [...gtin].reduce((sum, digit, index) => sum + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
      expect(gtin).toMatch(/^200\d{10}$/);
      expect(weighted % 10).toBe(0);
    }
  });

  it('names every record once and refers only to records that come before', () => {
    const unique = (keys: readonly string[]) => expect(new Set(keys).size).toBe(keys.length);
    unique(sample.materials.map((one) => one.materialNo));
    unique(sample.conditions.map((one) => one.conditionNo));
    unique(sample.stock.map((one) => `${one.siteNo} ${one.sku}`));
    const seen = new Set<string>();
    for (const one of sample.materials) {
      seen.add(one.materialNo);
      expect(seen.has(one.configurableMaterialNo ?? one.materialNo)).toBe(true);
      expect(sample.materialGroups.some((group) => group.groupNo === one.materialGroupNo)).toBe(true);
    }
  });

  it('tells the variants of every style group apart', () => {
    const heads = sample.materials.filter((one) => one.materialType === 'KMAT');
    expect(heads).toHaveLength(99);
    for (const head of heads) {
      const variants = sample.materials.filter((one) => one.configurableMaterialNo === head.materialNo);
      const styles = variants.map((one) => one.characteristics.map(({ name, value }) => `${name} ${value}`).join());
      expect(variants.length).toBeGreaterThan(1);
      expect(new Set(styles).size).toBe(variants.length);
    }
    expect(material(sample, '84029E')?.configurableMaterialNo).toBe('K-84029');
    expect(material(sample, '84029G')?.configurableMaterialNo).toBe('K-84029');
  });

  it('stocks two centres, five stores and a partner: plenty of the contract articles, some low, some sold out', () => {
    const kinds = sample.sites.map((site) => site.kind).sort();
    expect(kinds).toEqual([
      'DISTRIBUTION_CENTRE',
      'DISTRIBUTION_CENTRE',
      'STORE',
      'STORE',
      'STORE',
      'STORE',
      'STORE',
      'THIRD_PARTY',
    ]);
    const total = (sku: string) =>
      sample.stock.filter((row) => row.sku === sku).reduce((sum, row) => sum + row.quantity, 0);
    expect(total('71053')).toBeGreaterThanOrEqual(1000);
    expect(total('85123A')).toBeGreaterThanOrEqual(1000);
    const leeds = sample.stock.filter((row) => row.siteNo === 'DC-LEEDS');
    expect(leeds).toHaveLength(1967);
    expect(leeds.filter((row) => row.quantity === 0).length).toBeGreaterThan(10);
    expect(leeds.filter((row) => row.quantity > 0 && row.quantity < 4).length).toBeGreaterThan(10);
  });

  it('is the same in every run', () => {
    expect(deriveSampleData(csvText)).toEqual(sample);
  });
});

describe('the dirt of the source', () => {
  it('leaves postage, fees and discounts out of the catalogue', () => {
    for (const code of ['POST', 'D', 'M', 'BANK CHARGES', 'C2', 'DOT', 'AMAZONFEE', '123456', '1234A'])
      expect(skuOf(code)).toBeNull();
    expect(skuOf('85123a')).toBe('85123A');
    expect(skuOf('15056BL')).toBe('15056BL');
  });

  it('takes the most frequent real description and the first price that a known customer paid', () => {
    const data = deriveSampleData(
      source(
        '1,22139,amazon,1,2010-12-01T08:00:00Z,0,,United Kingdom',
        '1,22139,amazon,1,2010-12-01T08:00:00Z,0,,United Kingdom',
        '1,22139,,1,2010-12-01T08:00:00Z,8.47,,United Kingdom',
        '2,22139,"TEA  SET, CERAMIC 11 PC ",-1,2010-12-01T08:00:00Z,9.99,17850,United Kingdom',
        '3,22139,"TEA  SET, CERAMIC 11 PC ",1,2010-12-01T08:00:00Z,4.1,17850,United Kingdom',
        '4,22139,SOMETHING ELSE,1,2010-12-01T08:00:00Z,4.95,17850,United Kingdom',
      ),
    );
    expect(data.materials.map((one) => one.descriptions[0]?.shortText)).toEqual(['Tea Set, Ceramic 11 Pc']);
    expect(prices(data, '22139', 'WEB').map((one) => one.amount)).toContain('4.10');
  });

  it('says why a code became no article', () => {
    const data = deriveSampleData(
      source(
        '1,21134,?,-1,2010-12-01T08:00:00Z,0,,United Kingdom',
        '1,21135,A LAMP,-1,2010-12-01T08:00:00Z,0,,United Kingdom',
      ),
    );
    expect(data.materials).toEqual([]);
    expect(data.leftOut).toEqual([
      { sku: '21134', reason: 'NO_DESCRIPTION' },
      { sku: '21135', reason: 'NO_PRICE' },
    ]);
  });

  it.each([
    ['a header that is not ours', 'sku,price\n', /first line must be/],
    ['a missing field', source('1,71053,LANTERN,1,2010-12-01T08:00:00Z,3.39,17850'), /line 2 has not/],
    ['half a piece', source('1,71053,LANTERN,1.5,2010-12-01T08:00:00Z,3.39,17850,France'), /line 2: quantity/],
    [
      'a price with three digits',
      source('1,71053,LANTERN,1,2010-12-01T08:00:00Z,3.395,17850,France'),
      /line 2: unit price/,
    ],
  ])('refuses %s and names the line', (_what, text, message) => {
    expect(() => deriveSampleData(text)).toThrow(message);
  });
});
