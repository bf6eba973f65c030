import { X12Problem } from './problem.ts';
import { element, problemAt, type Segment } from './segment.ts';

/** Who sends to whom, as an ISA has it. */
export interface Parties {
  readonly senderQualifier: string;
  readonly sender: string;
  readonly receiverQualifier: string;
  readonly receiver: string;
}

export interface Interchange extends Parties {
  /** ISA13, without leading zeros. */
  readonly control: string;
  /** P production, T test. */
  readonly usage: string;
  readonly groups: readonly FunctionalGroup[];
}

export interface FunctionalGroup {
  /** GS01, such as SW for shipping advices. */
  readonly kind: string;
  readonly control: string;
  readonly sets: readonly TransactionSet[];
}

export interface TransactionSet {
  /** ST01, such as 945. */
  readonly kind: string;
  readonly control: string;
  /** The ST. */
  readonly head: Segment;
  /** What is between ST and SE. */
  readonly segments: readonly Segment[];
}

/** Length of an ISA: its elements have fixed widths, which is how the delimiters are found. */
const ISA_LENGTH = 106;
const ISA_WIDTHS = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1] as const;

const number = (text: string) => text.trim().replace(/^0+(?=.)/, '');

/**
 * Reads a file whole or not at all: every envelope is closed, bears the control number that it was opened with, and counts what
 * is in it. A file that was cut anywhere is refused.
 * @returns its interchanges; their delimiters may differ
 * @throws X12Problem naming segment and element
 */
export function readInterchanges(text: string): Interchange[] {
  const found: Interchange[] = [];
  let rest = text.replace(/^\uFEFF/, '').trimStart();
  let counted = 0;
  if (rest === '') throw new X12Problem({ segment: 1, id: 'ISA', element: null }, 'the file is empty', 'MISSING');
  while (rest !== '') {
    const { segments, left } = splitInterchange(rest, counted);
    counted += segments.length;
    found.push(toInterchange(segments));
    rest = left.trimStart();
  }
  return found;
}

/** The segments up to an IEA, by the delimiters of the ISA. */
function splitInterchange(text: string, before: number): { segments: Segment[]; left: string } {
  const place = { segment: before + 1, id: 'ISA', element: null };
  if (!text.startsWith('ISA')) throw new X12Problem({ ...place, id: '?' }, 'an interchange begins with ISA', 'MISSING');
  if (text.length < ISA_LENGTH) throw new X12Problem(place, 'the file ends in the middle of it', 'MISSING');
  const separator = text.charAt(3);
  const terminator = text.charAt(ISA_LENGTH - 1);
  const widths = text.slice(4, ISA_LENGTH - 1).split(separator).map((value) => value.length); // biome-ignore format: one thought
  if (widths.length !== ISA_WIDTHS.length || widths.some((width, index) => width !== ISA_WIDTHS[index])) {
    const wrong = ISA_WIDTHS.findIndex((width, index) => width !== widths[index]);
    throw new X12Problem({ ...place, element: wrong + 1 }, `it is ${widths[wrong] ?? 0} characters wide, and must be ${ISA_WIDTHS[wrong] ?? 0}`, 'TOO_LONG'); // biome-ignore format: one thought
  }
  const segments: Segment[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf(terminator, at);
    const raw = text.slice(at, end < 0 ? text.length : end).trim();
    const [id = '', ...elements] = raw.split(separator);
    const segment = { id, elements, number: before + segments.length + 1 };
    const isOver = id === 'IEA' && elements.length >= 2;
    if (end < 0 && !isOver) {
      const last = segments.at(-1) ?? segment;
      if (raw === '') throw problemAt(last, null, 'the file ends after it, without an IEA: it was cut', 'MISSING');
      throw problemAt(segment, null, 'the file ends in the middle of it: it was cut', 'MISSING');
    }
    if (raw === '') throw problemAt(segment, null, 'it is empty', 'MISSING');
    if (!/^[A-Z][A-Z0-9]{1,2}$/.test(id)) throw problemAt({ ...segment, id: '?' }, null, 'it has no name of a segment');
    segments.push(segment);
    at = end < 0 ? text.length : end + 1;
    if (isOver) return { segments, left: text.slice(at) };
  }
}

function toInterchange(segments: readonly Segment[]): Interchange {
  const isa = segments[0] as Segment;
  const groups: FunctionalGroup[] = [];
  let index = 1;
  const next = (wanted: string) => {
    const segment = segments[index] as Segment; // an IEA is the last
    index += 1;
    if (segment.id !== wanted) throw problemAt(segment, null, `a ${wanted} was expected here`, 'MISSING');
    return segment;
  };
  const peek = () => segments[index]?.id;
  while (peek() === 'GS') {
    const gs = next('GS');
    const sets: TransactionSet[] = [];
    while (peek() === 'ST') {
      const head = next('ST');
      const body: Segment[] = [];
      while (peek() !== 'SE') {
        if (['ST', 'GE', 'GS', 'IEA', 'ISA'].includes(peek() ?? 'IEA')) next('SE');
        body.push(next(peek() ?? ''));
      }
      const se = next('SE');
      expectCount(se, body.length + 2, 'segments, with ST and SE');
      expectControl(se, 2, element(head, 2), 'the ST');
      sets.push({ kind: element(head, 1), control: element(head, 2), head, segments: body });
    }
    const ge = next('GE');
    expectCount(ge, sets.length, 'transaction sets');
    expectControl(ge, 2, element(gs, 6), 'the GS');
    groups.push({ kind: element(gs, 1), control: number(element(gs, 6)), sets });
  }
  const iea = next('IEA');
  expectCount(iea, groups.length, 'groups');
  expectControl(iea, 2, element(isa, 13), 'the ISA');
  return {
    senderQualifier: element(isa, 5),
    sender: element(isa, 6),
    receiverQualifier: element(isa, 7),
    receiver: element(isa, 8),
    control: number(element(isa, 13)),
    usage: element(isa, 15),
    groups,
  };
}

function expectCount(segment: Segment, there: number, what: string): void {
  if (number(element(segment, 1)) !== String(there))
    throw problemAt(segment, 1, `it counts other than the ${there} ${what} that are there`, 'NOT_A_NUMBER');
}

function expectControl(segment: Segment, place: number, opened: string, by: string): void {
  if (opened === '' || number(element(segment, place)) !== number(opened))
    throw problemAt(segment, place, `it is another control number than that of ${by}`, 'NOT_A_CODE');
}

/** A transaction set to be written: its segments between ST and SE. */
export interface NewSet {
  readonly kind: string;
  readonly segments: readonly (readonly string[])[];
}

export interface NewInterchange extends Parties {
  /** Of the interchange and its one group. Up to nine digits. */
  readonly control: number;
  readonly usage: string;
  /** GS01. */
  readonly group: string;
  readonly sets: readonly NewSet[];
  /** On the clock of whom it is sent to. */
  readonly at: { readonly date: string; readonly time: string };
}

const DELIMITERS = { element: '*', component: '>', segment: '~' } as const;

/**
 * Writes one interchange with one group, release 004010, a segment per line.
 * @throws RangeError when a value holds a delimiter or a control character: X12 has no way of writing them
 */
export function writeInterchange(wanted: NewInterchange): string {
  const { control, at, sets } = wanted;
  const pad = (text: string, width: number) => text.padEnd(width).slice(0, width);
  const nine = String(control).padStart(9, '0');
  const numbered = sets.map(({ kind, segments }, index) => {
    const own = String(index + 1).padStart(4, '0');
    return [['ST', kind, own], ...segments, ['SE', String(segments.length + 2), own]];
  });
  const body = [
    ['GS', wanted.group, wanted.sender, wanted.receiver, at.date, at.time, String(control), 'X', '004010'],
    ...numbered.flat(),
    ['GE', String(sets.length), String(control)],
    ['IEA', '1', nine],
  ];
  const isa = ['ISA', '00', pad('', 10), '00', pad('', 10), pad(wanted.senderQualifier, 2), pad(wanted.sender, 15), pad(wanted.receiverQualifier, 2), pad(wanted.receiver, 15), at.date.slice(2), at.time, 'U', '00401', nine, '0', wanted.usage].join('*'); // biome-ignore format: one thought
  const lines = body.map((segment) => {
    const elements = [...segment];
    while (elements.at(-1) === '') elements.pop();
    for (const value of elements)
      if (/[*>~]|\p{Cc}/u.test(value)) throw new RangeError('a value holds a delimiter of X12');
    return elements.join(DELIMITERS.element);
  });
  return [`${isa}*${DELIMITERS.component}`, ...lines].map((line) => `${line}${DELIMITERS.segment}\n`).join('');
}
