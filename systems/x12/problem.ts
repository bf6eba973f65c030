/** Why a segment cannot be used, as a 997 has it: its codes of elements 720 (segments) and 723 (elements). */
export type X12Fault = 'MISSING' | 'TOO_LONG' | 'NOT_A_CODE' | 'NOT_A_NUMBER' | 'NOT_A_DATE' | 'OTHER';

/** Where in a file something stands: the segment by its number in the file, counted from 1. */
export interface X12Place {
  readonly segment: number;
  readonly id: string;
  /** Number of the element, counted from 1; null when it is about the segment. */
  readonly element: number | null;
}

/** Something of a file that cannot be read, or means nothing here. Its text names no value: it may be personal data. */
export class X12Problem extends Error {
  readonly place: X12Place;
  readonly fault: X12Fault;
  constructor(place: X12Place, what: string, fault: X12Fault = 'OTHER') {
    const { segment, id, element } = place;
    super(
      `segment ${segment} (${id})${element === null ? '' : `, element ${String(element).padStart(2, '0')}`}: ${what}`,
    );
    this.name = 'X12Problem';
    this.place = place;
    this.fault = fault;
  }
}
