import { expect, it } from '@jest/globals';
import { limitToStock } from './goods-issue.ts';
import { sscc } from './parcels.ts';

// GS1's own example of the check digit calculation: 37610425002123456 → 9.
const gs1CheckDigit = (digits: string) => {
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1), 0);
  return String((10 - (sum % 10)) % 10);
};

it('numbers parcels with a valid check digit', () => {
  expect(gs1CheckDigit('37610425002123456')).toBe('9');
  for (const serial of [0, 1, 42, 999_999_999]) {
    const code = sscc(serial);
    expect(code).toMatch(/^\d{18}$/);
    expect(code.at(-1)).toBe(gs1CheckDigit(code.slice(0, 17)));
  }
  expect(sscc(1)).not.toBe(sscc(2));
});

it('gives out stock in order and leaves the rest short, per site and article', () => {
  let lines = 0;
  const line = (site: string, articleNo: string, quantity: number) => ({
    site, articleNo, quantity, deliveryNo: 'd', externalRef: 'e', lineRef: String(lines++), setRef: null, perSet: null, issuedBefore: 0,
  }); // biome-ignore format: one line per case
  const stock = { at: (site: string) => ({ quantity: site === 'X' ? 5 : 1, lastLedgerNo: 0 }) };
  const given = limitToStock(
    [line('X', 'A', 3), line('X', 'A', 4), line('X', 'A', 1), line('X', 'B', 5), line('Y', 'A', 2)],
    stock,
  );
  expect(given.map(({ quantity, short }) => [quantity, short])).toEqual([
    [3, 0],
    [2, 2],
    [0, 1],
    [5, 0],
    [1, 1],
  ]);
});
