import { describe, expect, it } from '@jest/globals';
import {
  amountOfPiece,
  flagOf,
  momentOf,
  NoTranslation,
  piecesOf,
  timesPieces,
  translate,
  wallClockOf,
} from './values.ts';

const piece = (amount: string, more: Partial<Parameters<typeof amountOfPiece>[1]> = {}) =>
  amountOfPiece(amount, { per: '1', pieces: 1, implied: null, digits: 2, ...more });

describe('what a piece costs', () => {
  it('is exact, and rounded half up only where the currency has no more digits', () => {
    expect(piece('3.39')).toBe(339n);
    expect(piece('3.385')).toBe(339n);
    expect(piece('3.3849999999999999999999')).toBe(338n);
    expect(piece('-3.385')).toBe(-339n);
    expect(piece('90071992547409.93')).toBe(9007199254740993n);
    expect(piece('640', { digits: 0 })).toBe(640n);
    expect(piece('1.25', { digits: 3 })).toBe(1250n);
  });

  it('is the part of a piece in a price for many, and for units of many', () => {
    expect(piece('37.44', { pieces: 12 })).toBe(312n);
    expect(piece('339', { per: '100' })).toBe(339n);
    expect(piece('10', { per: '3' })).toBe(333n);
    expect(piece('100', { per: '2.5', pieces: 12 })).toBe(333n);
  });

  it('has the point where the file says that it is implied', () => {
    expect(piece('339', { implied: 2 })).toBe(339n);
    expect(piece('64000', { implied: 2, digits: 0 })).toBe(640n);
    expect(piece('339.5', { implied: 2 })).toBeNull();
  });

  it('is not made up of what is no number', () => {
    for (const amount of ['', '1,20', '1e3', 'NaN', '$3', '.5', '3.']) expect(piece(amount)).toBeNull();
    for (const per of ['0', '-1', 'x']) expect(piece('1', { per })).toBeNull();
  });
});

describe('a moment', () => {
  const at = (text: string | null, zone = 'Europe/London', as?: 'end') => momentOf(text, zone, as)?.toISOString();
  it('is on the clock of the time zone, unless it has an offset', () => {
    expect(at('2026-11-23 09:00:00.123456')).toBe('2026-11-23T09:00:00.123Z');
    expect(at('2026-07-01 09:00:00')).toBe('2026-07-01T08:00:00.000Z');
    expect(at('2026-07-01T09:00:00+00')).toBe('2026-07-01T09:00:00.000Z');
    expect(at('2026-07-01 09:00:00-03:30')).toBe('2026-07-01T12:30:00.000Z');
    expect(at('2026-07-01 00:30:00', 'Asia/Kolkata')).toBe('2026-06-30T19:00:00.000Z');
    expect(wallClockOf(new Date('2026-07-01T08:00:00.000Z'), 'Europe/London')).toBe('2026-07-01 09:00:00.000');
  });

  it('is the beginning of a day, and as an end its end', () => {
    expect(at('20260701')).toBe('2026-06-30T23:00:00.000Z');
    expect(at('2026-10-25', 'Europe/London', 'end')).toBe('2026-10-26T00:00:00.000Z');
    expect(at('2026-12-31 18:00', 'UTC', 'end')).toBe('2026-12-31T18:00:00.000Z');
  });

  it('is none where databases write something for nothing', () => {
    for (const nothing of [null, '0', '00000000', '0000-00-00', '0000-00-00 00:00:00', '9999-12-31', '99991231'])
      expect(momentOf(nothing, 'UTC')).toBeNull();
  });

  it('is not guessed', () => {
    for (const odd of ['31.12.2026', '2026-02-30', '2026-13-01', 'soon', '12/31/26'])
      expect(momentOf(odd, 'UTC')?.getTime()).toBeNaN();
  });
});

it('translates codes and units, and nothing that has no translation', () => {
  const vat = { column: 'VAT', codes: { S: '20' } };
  expect(translate(vat, ' S ')).toBe('20');
  expect(() => translate(vat, 'constructor')).toThrow(NoTranslation);
  expect(() => translate(vat, null)).toThrow(NoTranslation);
  expect(translate({ column: 'A', codes: null }, '  ')).toBeNull();
  expect(translate({ value: 'GBP' }, undefined)).toBe('GBP');
  expect(piecesOf('DZ', { DZ: 12 })).toBe(12);
  expect(piecesOf(null, {})).toBe(1);
  expect(() => piecesOf('BX', { DZ: 12 })).toThrow(NoTranslation);
  expect(timesPieces('1.5', 12)).toBe(18);
  expect([flagOf('Y'), flagOf('f'), flagOf(null), flagOf('?')]).toEqual([true, false, false, null]);
});
