import { expect, it } from '@jest/globals';
import { contractOperation } from '../../test/helpers/contract-operations.ts';
import { readShipInput, type ShipInput } from './ship-input.ts';

const line = {
  id: '<fulfillment order line id>',
  fulfillmentOrderId: 'ful_1',
  orderLineId: 'l1',
  sku: 'LANTERN',
  quantity: 2,
  shipped: 0,
  short: 0,
};
const read = (input: ShipInput) => readShipInput(input, { lines: [line], components: [] }, { mayHaveLeft: false });
const parcel = (sscc: string) => ({
  packages: [{ carrier: 'UPS', trackingNumber: '1Z1', sscc, lines: [{ fulfillmentOrderLineId: line.id, quantity: 1 }] }],
}); // biome-ignore format: one thought

it('takes two packages as the contract sends them', () => {
  const { input } = contractOperation('warehouse', 'ShipWork').variables;
  expect(read(input)).toMatchObject({ packages: [{ sscc: null }, { sscc: '123456789012345675' }] });
});

it.each(['123456789012345675', '00123456789012345675', '(00)123456789012345675', '(00) 1 2345678 901234567 5'])(
  'knows the SSCC %s by its 18 digits',
  (sscc) => {
    expect(read(parcel(sscc))).toMatchObject({ packages: [{ sscc: '123456789012345675' }] });
  },
);

it.each(['12345678901234567', '01123456789012345675', '12345678901234567X', ''])('refuses the SSCC "%s"', (sscc) => {
  expect(read(parcel(sscc))).toEqual({
    code: 'INVALID_INPUT',
    field: ['input', 'packages', '0', 'sscc'],
    message: 'An SSCC has 18 digits, with or without the application identifier 00 before them.',
  });
});

it.each([
  ['this SSCC', 'sscc', { trackingNumber: '1Z2', sscc: '123456789012345675' }],
  ['this tracking number', 'trackingNumber', { trackingNumber: '1Z1', sscc: null }],
])('refuses a second package with %s, and says which one it is', (what, name, more) => {
  const [first] = parcel('(00)123456789012345675').packages;
  expect(read({ packages: [first, { ...first, ...more }] as ShipInput['packages'] })).toEqual({
    code: 'INVALID_INPUT',
    field: ['input', 'packages', '1', name],
    message: `Another package here has ${what}.`,
  });
});
