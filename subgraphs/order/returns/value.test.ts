import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { documentLine } from '../../../orchestrator/invoicing.ts';
import { money } from '../../../platform/money.ts';
import type { Quantities } from '../quantities.ts';
import { creditOf } from './value.ts';

it('is what the credit memo says, for any units of any line', () => {
  fc.assert(
    fc.property(
      fc.record({ unit: fc.nat(10_000), tax: fc.nat(5_000), ordered: fc.integer({ min: 1, max: 50 }) }),
      fc.nat(49),
      fc.nat(49),
      fc.boolean(),
      ({ unit, tax, ordered }, before, units, included) => {
        fc.pre(before + units <= ordered && (!included || tax <= unit * ordered));
        const quantities = { ordered } as Quantities;
        const line = { unitPrice: money(unit, 'GBP'), tax: money(tax, 'GBP'), quantities };
        const memo = documentLine(line, units, included, before);
        expect(creditOf(line, units, included, before).amountMinor).toBe(memo.netMinor + memo.taxMinor);
      },
    ),
  );
});
