import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { agreedWith } from '../../test/helpers/third-party.ts';
import { readAcknowledgement, writeAcknowledgement } from './acknowledgement.ts';
import { type NewSet, readInterchanges, type TransactionSet, writeInterchange } from './interchange.ts';
import { readInventoryAdvice, writeInventoryAdvice } from './inventory-advice.ts';
import { codesOf, loadX12Partners, ourSku, theirSku } from './partners.ts';
import { problemAt } from './segment.ts';
import { readShippingAdvice, writeShippingAdvice } from './shipping-advice.ts';
import { readShippingOrder, tooMuchFor940, writeShippingOrder } from './shipping-order.ts';

const partner = agreedWith('NORTHSTAR');
const codes = codesOf(partner);
const file = (group: string, ...sets: NewSet[]) =>
  writeInterchange({
    senderQualifier: 'ZZ',
    sender: 'NORTHSTAR',
    receiverQualifier: 'ZZ',
    receiver: 'COMMERCE',
    control: 42,
    usage: 'T',
    group,
    sets,
    at: { date: '20261129', time: '1200' },
  });
const onlySet = (text: string): TransactionSet => readInterchanges(text)[0]?.groups[0]?.sets[0] as TransactionSet;

const advice = {
  orderNumber: 'SO000000001',
  shipmentNumber: 'SH1',
  carrier: 'UPSN',
  shipped: { date: '20261129', time: '0930' },
  packages: [
    { sscc: '123456789012345675', trackingNumber: '1Z1', lines: [{ lineNumber: '1', sku: 'A', shipped: 2, ordered: 3, status: 'PR' }] },
    { sscc: null, trackingNumber: '1Z2', lines: [{ lineNumber: '2', sku: 'B', shipped: 1, ordered: 1, status: 'CC' }] },
  ],
}; // biome-ignore format: one thought

describe('a file', () => {
  const whole = file('SW', writeShippingAdvice(advice, codes), writeShippingAdvice({ ...advice, shipmentNumber: 'SH2' }, codes)); // biome-ignore format: one thought

  it('is not read when it was cut, wherever', () => {
    expect(readInterchanges(whole)[0]?.groups[0]?.sets).toHaveLength(2);
    const lastByte = whole.lastIndexOf('~');
    for (let length = 0; length < lastByte; length += 1)
      expect(() => readInterchanges(whole.slice(0, length))).toThrow(/^segment \d+ \([A-Z0-9?]+\)/);
    // The last terminator is the one that some leave out: the control number before it is whole.
    expect(readInterchanges(whole.slice(0, lastByte))).toEqual(readInterchanges(whole));
  });

  it('is read by its own delimiters, in one line or in many', () => {
    const other = whole.replaceAll('\n', '').replaceAll('*', '|').replaceAll('~', '\n').replaceAll('>', '^');
    expect(readInterchanges(`\uFEFF${other}`)).toEqual(readInterchanges(whole));
    expect(readInterchanges(whole + whole)).toHaveLength(2);
  });

  it.each([
    ['a count of segments', 'SE*15*0001', 'SE*14*0001', /^segment 17 \(SE\), element 01: it counts other than the 15 segments/],
    ['a control number of a set', 'SE*15*0001', 'SE*15*0002', /^segment 17 \(SE\), element 02: it is another control number than that of the ST/],
    ['a count of sets', 'GE*2*42', 'GE*1*42', /^segment 33 \(GE\), element 01: it counts other than the 2 transaction sets/],
    ['a control number of the group', 'GE*2*42', 'GE*2*43', /\(GE\), element 02/],
    ['a count of groups', 'IEA*1*', 'IEA*2*', /\(IEA\), element 01/],
    ['the control number of the interchange', 'IEA*1*000000042', 'IEA*1*000000043', /\(IEA\), element 02/],
    ['a trailer that is not there', 'SE*15*0001~\n', '', /^segment 17 \(ST\): a SE was expected here/],
    ['a width', 'NORTHSTAR      *', 'NORTHSTAR*', /^segment 1 \(ISA\), element 06: it is 9 characters wide, and must be 15/],
  ])('is not read with %s wrong', (_, right, wrong, message) => {
    expect(whole).toContain(right);
    expect(() => readInterchanges(whole.replace(right, wrong))).toThrow(message);
  }); // biome-ignore format: one thought

  it.each([
    ['no whole number', 'W12*PR*3*2*', 'W12*PR*3*two*', /^segment 10 \(W12\), element 03: the quantity is no whole number/],
    ['a unit that was not agreed', '*1*EA**SK*A', '*1*CA**SK*A', /^segment 10 \(W12\), element 05/],
    ['no such day', '11*20261129', '11*20261131', /^segment 5 \(G62\), element 02: there is no such day/],
    ['no such time', '*8*0930', '*8*2460', /^segment 5 \(G62\), element 04/],
    ['no tracking number', 'MAN*CP*1Z1', 'MAN*CA*1Z1', /^segment 7 \(LX\): no MAN CP gives the tracking number/],
    ['another sum', 'W03*3', 'W03*4', /\(W03\), element 01: it is not the sum/],
  ])('has a shipping advice that is not taken for %s', (_, right, wrong, message) => {
    expect(whole).toContain(right);
    expect(() => readShippingAdvice(onlySet(whole.replace(right, wrong)), codes)).toThrow(message);
  }); // biome-ignore format: one thought
});

describe('there and back', () => {
  const text = (longest: number) => fc.string({ unit: fc.constantFrom(...'ABCabc019 -.,/&#'), minLength: 1, maxLength: longest }).map((value) => value.trim()).filter((value) => value !== ''); // biome-ignore format: one thought
  const sku = fc.string({ unit: fc.constantFrom(...'ABC0189-'), minLength: 1, maxLength: 20 });
  const quantity = fc.integer({ min: 1, max: 999_999 });
  const wall = fc.record({
    date: fc.date({ min: new Date('2026-01-01'), max: new Date('2026-12-31'), noInvalidDate: true }).map((day) => day.toISOString().slice(0, 10).replaceAll('-', '')),
    time: fc.constantFrom('0000', '093059', '2359', '12000099'),
  }); // biome-ignore format: one thought

  it('a shipping order says what it said', () => {
    const order = fc.record({
      orderNumber: text(22),
      service: fc.option(text(35)),
      shipTo: fc.record({ name: text(60), line1: text(55), line2: fc.option(text(55)), city: text(30), region: fc.option(fc.constantFrom('CA', 'NY')), postalCode: fc.option(text(15)), countryCode: fc.constantFrom('US', 'GB') }),
      lines: fc.uniqueArray(fc.record({ lineNumber: fc.nat(999).map(String), sku, quantity }), { minLength: 1, selector: ({ lineNumber }) => lineNumber }),
    }); // biome-ignore format: one thought
    fc.assert(
      fc.property(order, (asked) => {
        expect(tooMuchFor940(asked)).toBeNull();
        expect(readShippingOrder(onlySet(file('OW', writeShippingOrder(asked, codes))), codes)).toEqual(asked);
      }),
    );
  });

  it('a shipping advice says what it said', () => {
    const lines = fc.array(fc.record({ lineNumber: fc.option(fc.nat(99).map(String)), sku, shipped: quantity, ordered: quantity, status: fc.constantFrom('CC', 'PR') }), { minLength: 1, maxLength: 4 });
    const packages = fc.array(fc.record({ sscc: fc.option(fc.constant('123456789012345675')), trackingNumber: text(30), lines }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.record({ orderNumber: text(22), shipmentNumber: text(30), carrier: text(4), shipped: wall, packages }), (told) => {
        const read = readShippingAdvice(onlySet(file('SW', writeShippingAdvice(told, codes))), codes);
        const { shipped: _, ...rest } = told;
        const withoutOrdered = rest.packages.map((one) => ({ ...one, lines: one.lines.map(({ ordered: __, ...line }) => line) }));
        expect(read).toMatchObject({ ...rest, packages: withoutOrdered });
        expect(read.shippedAt).toBeInstanceOf(Date);
      }),
    );
  }); // biome-ignore format: one thought

  it('an inventory advice says what it said', () => {
    const items = fc.uniqueArray(fc.record({ sku, onHand: fc.nat(999_999) }), { selector: (item) => item.sku });
    fc.assert(
      fc.property(fc.record({ reference: text(20), counted: wall, items }), (told) => {
        const read = readInventoryAdvice(onlySet(file('IB', writeInventoryAdvice(told, codes))), codes);
        expect(read.items.map(({ segment: _, ...item }) => item)).toEqual(told.items);
        expect(read.reference).toBe(told.reference);
      }),
    );
  });

  it('articles have one number there and one here', () => {
    for (const ours of ['A', 'B', 'C']) expect(ourSku(partner, theirSku(partner, ours))).toBe(ours);
    expect(ourSku(partner, 'B')).toBeNull(); // it is B-THERE there: their B would be another
  });

  it('times are of the clock on the wall there, in summer and in winter', () => {
    const at = (date: string) => readShippingAdvice(onlySet(file('SW', writeShippingAdvice({ ...advice, shipped: { date, time: '0930' } }, codes))), codes).shippedAt.toISOString(); // biome-ignore format: one thought
    expect([at('20261129'), at('20260715')]).toEqual(['2026-11-29T15:30:00.000Z', '2026-07-15T14:30:00.000Z']);
  });
});

describe('an acknowledgement', () => {
  const [group] = readInterchanges(file('SW', writeShippingAdvice(advice, codes), writeShippingAdvice(advice, codes)))[0]?.groups ?? []; // biome-ignore format: one thought
  const verdictOf = (...wrong: boolean[]) => {
    if (!group) throw new Error('no group');
    const verdicts = group.sets.map((set, index) => ({ set, problem: wrong[index] ? problemAt(set.segments[6] ?? set.head, 3, 'more left than was asked for', 'NOT_A_NUMBER') : null })); // biome-ignore format: one thought
    return onlySet(file('FA', writeAcknowledgement(group, verdicts)));
  };
  it('names what was taken, and of the rest the segment and element', () => {
    const brief = ({ segments }: TransactionSet) => segments.map(({ id, elements }) => [id, ...elements].join('*'));
    expect(brief(verdictOf(false, true))).toEqual(['AK1*SW*42', 'AK2*945*0001', 'AK5*A', 'AK2*945*0002', 'AK3*W12*8**8', 'AK4*3**6', 'AK5*R*5', 'AK9*P*2*2*1']); // biome-ignore format: one thought
    expect(readAcknowledgement(verdictOf(true, true))).toEqual({ groupKind: 'SW', groupControl: '42', isAccepted: false, faults: ['W12 3', 'W12 3'] }); // biome-ignore format: one thought
    expect(readAcknowledgement(verdictOf())).toMatchObject({ isAccepted: true, faults: [] });
  });
});

it('names no partner until somebody does', () => {
  expect(loadX12Partners()).toEqual([]);
});
