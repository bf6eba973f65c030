import { expect, it } from '@jest/globals';
import { parseCsv } from './csv.ts';

it.each([
  [
    'plain fields',
    'a,b\nc,d\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['no line break at the end', 'a,b', [['a', 'b']]],
  [
    'Windows line breaks and a byte order mark',
    '\uFEFFa,b\r\nc,d\r\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['commas, quotes and line breaks in quotes', '"a, ""b""\nc",d\n', [['a, "b"\nc', 'd']]],
  [
    'empty fields',
    ',\n"",x,\n',
    [
      ['', ''],
      ['', 'x', ''],
    ],
  ],
  ['an empty field at the very end', 'a,', [['a', '']]],
])('reads %s', (_what, text, rows) => {
  expect(parseCsv(text)).toEqual(rows);
});

it('refuses a quote that is never closed', () => {
  expect(() => parseCsv('a,"b\n')).toThrow('index 2');
});
