import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { money } from '../platform/money.ts';
import { documentLine, isPaidFor } from './invoicing.ts';

it('bills exactly the tax and the price of a line, however it is split over documents', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 99_999 }),
      fc.bigInt({ min: 0n, max: 5_000_000n }),
      fc.boolean(),
      (parts, unit, tax, included) => {
        const ordered = parts.reduce((sum, part) => sum + part, 0);
        const line = { unitPrice: money(unit, 'GBP'), tax: money(tax, 'GBP'), quantities: { ordered } as never };
        let billed = 0;
        let net = 0n;
        let taxed = 0n;
        for (const part of parts) {
          const { netMinor, taxMinor } = documentLine(line, part, included, billed);
          billed += part;
          net += netMinor;
          taxed += taxMinor;
        }
        expect(taxed).toBe(tax);
        expect(net).toBe(BigInt(unit) * BigInt(ordered) - (included ? tax : 0n));
      },
    ),
  );
});

it.each([
  ['PENDING', false],
  ['AUTHORIZED', true],
  ['PAID', true],
  // Goods came back before the invoice was posted: the buyer owes it all the same, and has paid.
  ['PARTIALLY_REFUNDED', true],
  ['REFUNDED', true],
  ['FAILED', false],
] as const)('takes the money of an order that is %s for there: %s', (paymentStatus, paid) => {
  const channel = (kind: string) => ({ paymentStatus, channel: { code: 'C', kind } });
  expect([isPaidFor(channel('STOREFRONT')), isPaidFor(channel('MARKETPLACE'))]).toEqual([paid, true]);
});
