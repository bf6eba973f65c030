import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readMoment } from './moment.ts';
import { createTextReader } from './text.ts';

const read = (bytes: Uint8Array, encoding?: string, piece = bytes.length || 1) => {
  const reader = createTextReader(encoding);
  let text = '';
  for (let at = 0; at < bytes.length; at += piece) text += reader.push(bytes.subarray(at, at + piece));
  return text + reader.end();
};
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');

it('reads any UTF-8 however it is cut, with or without a byte order mark', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 5 }), fc.boolean(), (text, piece, mark) => {
      fc.pre(!text.startsWith('\ufeff'));
      fc.pre(!/^.?\0/.test(text));
      const bytes = Buffer.from(mark ? `\ufeff${text}` : text);
      expect(read(bytes, undefined, piece)).toBe(text);
    }),
  );
});

it.each([
  ['UTF-16 of either byte order', utf16('Größe\t5'), undefined, 'Größe\t5'],
  ['UTF-16, big end first', Buffer.from(utf16('Größe')).swap16(), undefined, 'Größe'],
  ['Windows-1252 when it cannot be UTF-8', Buffer.from('4 Gr\xf6\xdfe \x80', 'latin1'), undefined, '4 Größe €'],
  ['the encoding it is told', Buffer.from([0x83, 0x65, 0x83, 0x58, 0x83, 0x67]), 'shift_jis', 'テスト'],
  ['a file of two bytes', Buffer.from('ab'), undefined, 'ab'],
])('reads %s', (_name, bytes, encoding, text) => {
  expect(read(bytes, encoding)).toBe(text);
  expect(read(bytes, encoding, 1)).toBe(text);
});

it('refuses UTF-8 that is broken later on', () => {
  expect(() => read(Buffer.concat([Buffer.from('Größe '), Buffer.from([0xff, 0x20])]), undefined, 7)).toThrow(
    expect.objectContaining({ code: 'UNREADABLE' }),
  );
});

it.each([
  ['2026-11-27', '2026-11-27T00:00:00.000Z'],
  ['2026-11-27T09:30:00+01:00', '2026-11-27T08:30:00.000Z'],
  ['2026-11-27 09:30:00 UTC', '2026-11-27T09:30:00.000Z'],
  ['2026-11-27 09:30:00 PST', '2026-11-27T17:30:00.000Z'],
  ['2026-11-27T09:30:00.123Z', '2026-11-27T09:30:00.000Z'],
  ['27.11.2026 09:30 UTC', '2026-11-27T09:30:00.000Z'],
  ['27.11.2026', '2026-11-27T00:00:00.000Z'],
])('reads %s', (text, moment) => {
  expect(readMoment(text)?.toISOString()).toBe(moment);
});

it.each(['', '31.02.2026', '2026-13-01', '11/27/2026', 'yesterday', '2026-11-27 09:30:00 XYZ', '2026-11-27 25:00:00 UTC'])(
  'takes %j for no date',
  (text) => {
    expect(readMoment(text)).toBeNull();
  },
); // biome-ignore format: a table

it('reads American dates only where the channel writes them', () => {
  expect(readMoment('1/2/2026', 'month first')?.toISOString()).toBe('2026-01-02T00:00:00.000Z');
  expect(readMoment('27/11/2026', 'month first')).toBeNull();
});
