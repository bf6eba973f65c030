import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { currencyExponent, formatAmount } from '../../../platform/money.ts';
import { createAmountReader } from './amount.ts';

describe('createAmountReader', () => {
  it.each([
    ['GBP', '12.50', 1250n],
    ['GBP', '-12.5', -1250n],
    ['GBP', '+7', 700n],
    ['EUR', '12,50', 1250n],
    ['EUR', '1.234,56', 123456n],
    ['EUR', '-1 234,56', -123456n],
    ['USD', '1,234.56', 123456n],
    ['USD', '1,234,567.8', 123456780n],
    ['USD', '12.5000', 1250n],
    ['JPY', '1,200', 1200n],
    ['JPY', '1200', 1200n],
    ['KWD', '1.250', 1250n],
    ['KWD', '1,250', 1250n],
  ])('reads %s %s as %s', (currency, text, minor) => {
    expect(createAmountReader(currency).read(text)).toBe(minor);
  });

  it.each([
    ['GBP', ''],
    ['GBP', '-'],
    ['GBP', '12.505'],
    ['GBP', '12.5.0'],
    ['GBP', '1,23,4.00'],
    ['GBP', '£12.50'],
    ['GBP', '(12.50)'],
    ['GBP', '1e3'],
    ['GBP', '10000000000.01'],
    ['JPY', '12.5'],
    ['GBP', 'NaN'],
  ])('refuses %s %j', (currency, text) => {
    expect(createAmountReader(currency).read(text)).toBeNull();
  });

  it('keeps to the decimal sign that the file began with', () => {
    const amounts = createAmountReader('EUR');
    expect([amounts.read('5'), amounts.read('12,50'), amounts.read('1.234'), amounts.read('12.50')]).toEqual([
      500n,
      1250n,
      123400n,
      null,
    ]);
    expect(amounts.expected).toBe(
      'an amount in EUR with at most 2 digits after the decimal comma, as in the lines before',
    );
  });

  it('reads every amount that can be written, in both ways of writing', () => {
    const minor = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
    fc.assert(
      fc.property(fc.constantFrom('JPY', 'GBP', 'KWD'), minor, fc.boolean(), (currencyCode, amountMinor, comma) => {
        const text = formatAmount({ amountMinor, currencyCode });
        const written = comma && currencyExponent(currencyCode) > 0 ? text.replace('.', ',') : text;
        expect(createAmountReader(currencyCode).read(written)).toBe(amountMinor);
      }),
    );
  });
});
