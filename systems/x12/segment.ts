import { momentOf } from '../sql/values.ts';
import { type X12Fault, X12Problem } from './problem.ts';

/** One segment of a file. */
export interface Segment {
  readonly id: string;
  /** Without the id: element 01 is the first. */
  readonly elements: readonly string[];
  /** Its number in the file, counted from 1. */
  readonly number: number;
}

/** An element, or the empty text where there is none. @param element counted from 1 */
export const element = (segment: Segment, number: number): string => segment.elements[number - 1]?.trim() ?? '';

export function problemAt(segment: Segment, number: number | null, what: string, fault?: X12Fault): X12Problem {
  return new X12Problem({ segment: segment.number, id: segment.id, element: number }, what, fault);
}

/** @throws X12Problem when it is empty */
export function required(segment: Segment, number: number, what: string): string {
  const value = element(segment, number);
  if (value === '') throw problemAt(segment, number, `${what} is missing`, 'MISSING');
  return value;
}

/** Whole units, 0 or more, also as `12.0` or `+12`. @throws X12Problem when they are no such number */
export function units(segment: Segment, number: number, what: string): number {
  const value = required(segment, number, what);
  if (!/^\+?\d{1,9}(\.0*)?$/.test(value)) throw problemAt(segment, number, `${what} is no whole number of units, 0 or more`, 'NOT_A_NUMBER'); // biome-ignore format: one thought
  return Math.trunc(Number(value));
}

/**
 * A moment out of CCYYMMDD and HHMM, HHMMSS or with hundredths.
 * @param timeZone of the clock on their wall
 * @param time number of the element, null for a day's end
 * @throws X12Problem when there is no such day or time
 */
export function moment(segment: Segment, date: number, time: number | null, timeZone: string): Date {
  const day = required(segment, date, 'the date');
  if (!/^\d{8}$/.test(day)) throw problemAt(segment, date, 'it is no date such as 20261129', 'NOT_A_DATE');
  const clock = time === null ? '' : element(segment, time);
  if (clock !== '' && !/^([01]\d|2[0-3])[0-5]\d([0-5]\d(\d{1,2})?)?$/.test(clock)) throw problemAt(segment, time, 'it is no time such as 1745', 'NOT_A_DATE'); // biome-ignore format: one thought
  const text = clock === '' ? day : `${day} ${clock.slice(0, 2)}:${clock.slice(2, 4)}:${clock.slice(4, 6) || '00'}`;
  const at = momentOf(text, timeZone, 'end');
  if (at === null || Number.isNaN(at.getTime())) throw problemAt(segment, date, 'there is no such day', 'NOT_A_DATE');
  return at;
}
