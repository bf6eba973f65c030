import { expect, it } from '@jest/globals';
import { answerBytes, answerFrame, answerText, measuredOnce, WrittenData } from './written-data.ts';

const answer = (data: unknown, rest: object = {}) => ({ ...rest, data }) as Parameters<typeof answerFrame>[0];
const text = (parts: readonly Buffer[]) => Buffer.concat(parts).toString();

it('puts what is written into the answer where it belongs, also when it is shared and holds the mark itself', () => {
  // The mark is a character that JSON escapes: a value cannot bring it along.
  const json = JSON.stringify({ note: '\u0000 é 🛒' });
  const first = WrittenData.of(json, null);
  const second = first.again();
  const frames = [
    answerFrame(answer(first, { extensions: { cost: 1 } })),
    answerFrame(answer(second, { errors: [{ message: '\u0000' }] })),
  ];
  const [one, two] = [answerBytes(frames[0] ?? '', first), answerBytes(frames[1] ?? '', second)];
  expect(JSON.parse(text(one))).toEqual({ data: JSON.parse(json), extensions: { cost: 1 } });
  expect(JSON.parse(text(two))).toEqual({ errors: [{ message: '\u0000' }], data: JSON.parse(json) });
  expect(one[1]).toBe(two[1]); // the bytes of the data are made once
  expect(text(answerBytes('{"data":null}', undefined))).toBe('{"data":null}');
  expect(JSON.parse(answerText(answer({ name: '\u0000' })))).toEqual({ data: { name: '\u0000' } });
});

it('is measured once for all, and keeps nothing when it was sent', () => {
  const first = WrittenData.of('{"items":[1,2]}', { items: [1, 2] });
  const second = first.again();
  const seen: unknown[] = [];
  const measure = (found: unknown) => seen.push(found);
  expect([measuredOnce(first, measure), measuredOnce(second, measure)]).toEqual([1, 1]);
  expect(seen).toEqual([{ items: [1, 2] }]);
  first.letGo();
  expect(() => first.json).toThrow('sent already');
  expect(second.json).toBe('{"items":[1,2]}');
});
