import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDelimitedReader, MAX_RECORD_LENGTH } from './delimited.ts';

const read = (text: string, quoting: 'csv' | 'line' = 'csv', delimiter = ',', piece = text.length || 1) => {
  const reader = createDelimitedReader({ delimiter, quoting });
  const rows = [];
  for (let at = 0; at < text.length; at += piece) rows.push(...reader.push(text.slice(at, at + piece)));
  return [...rows, ...reader.end()];
};
const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;

it('reads what was written, whatever the fields hold and wherever the text is cut', () => {
  const field = fc.oneof(fc.string(), fc.stringMatching(/^[",\r\n; a]{0,6}$/));
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 5 }), { maxLength: 6 });
  fc.assert(
    fc.property(rows, fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 9 }), (written, ending, piece) => {
      const text = written.map((fields) => fields.map(quoted).join(',') + ending).join('');
      expect(read(text, 'csv', ',', piece).map(({ fields }) => fields)).toEqual(written);
    }),
  );
});

it('numbers a record by the line it begins on', () => {
  expect(read('a,b\r\n"x\ny",2\n\n3,4').map(({ lineNumber, fields }) => [lineNumber, ...fields])).toEqual([
    [1, 'a', 'b'],
    [2, 'x\ny', '2'],
    [5, '3', '4'],
  ]);
});

it('takes a quote inside a bare field for an inch sign', () => {
  expect(read('5" pipe,"6"" pipe"\n')).toEqual([{ lineNumber: 1, fields: ['5" pipe', '6" pipe'] }]);
});

it('takes quotes in a tab separated line for characters, except around a field', () => {
  expect(read('"a ""b"""\t"c\td\n', 'line', '\t')).toEqual([{ lineNumber: 1, fields: ['a "b"', '"c', 'd'] }]);
});

it.each([
  ['a,b\n"x"y,2\n', 2, 'goes on after its closing quote'],
  ['a,b\n"never', 2, 'never closed'],
  [`a\n"${'x'.repeat(MAX_RECORD_LENGTH)}`, 2, 'longer than any'],
])('refuses %j', (text, lineNumber, message) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'UNREADABLE', lineNumber, message: expect.stringContaining(message) }),
  );
});
