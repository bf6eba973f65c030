import type { FunctionalGroup, NewSet, TransactionSet } from './interchange.ts';
import type { X12Fault, X12Problem } from './problem.ts';
import { element, problemAt, required } from './segment.ts';

/** What a 997 says of a group. */
export interface Acknowledgement {
  readonly groupKind: string;
  readonly groupControl: string;
  readonly isAccepted: boolean;
  /** What was found wrong, in places: `W01 05`. */
  readonly faults: readonly string[];
}

/** Accepted, and accepted with errors. Of a group of one set the others are refusals. */
const ACCEPTED: ReadonlySet<string> = new Set(['A', 'E']);
const VERDICTS: ReadonlySet<string> = new Set(['A', 'E', 'P', 'R', 'M', 'W', 'X']);

/** Our groups hold one set, so that the verdict of the group is that of the set. @throws X12Problem naming segment and element */
export function readAcknowledgement({ head, segments }: TransactionSet): Acknowledgement {
  const one = (id: string) => {
    const found = segments.find((segment) => segment.id === id);
    if (!found) throw problemAt(head, null, `there is no ${id} in it`, 'MISSING');
    return found;
  };
  const [ak1, ak9] = [one('AK1'), one('AK9')];
  const verdict = required(ak9, 1, 'the verdict');
  if (!VERDICTS.has(verdict)) throw problemAt(ak9, 1, 'it is no verdict', 'NOT_A_CODE');
  return {
    groupKind: required(ak1, 1, 'the kind of the group'),
    groupControl: required(ak1, 2, 'the control number of the group').replace(/^0+(?=.)/, ''),
    isAccepted: ACCEPTED.has(verdict),
    faults: segments.flatMap((segment, index) => {
      if (segment.id !== 'AK3') return [];
      const elements = segments.slice(index + 1);
      const until = elements.findIndex(({ id }) => id !== 'AK4');
      const named = elements.slice(0, until < 0 ? undefined : until).map((ak4) => element(ak4, 1));
      return [[element(segment, 1), ...named].join(' ')];
    }),
  };
}

/** Element 723. */
const ELEMENT_FAULTS: Readonly<Record<X12Fault, string>> = { MISSING: '1', TOO_LONG: '5', NOT_A_CODE: '7', NOT_A_NUMBER: '6', NOT_A_DATE: '8', OTHER: '7' }; // biome-ignore format: one thought

/** What became of a set of a group. */
export interface SetVerdict {
  readonly set: TransactionSet;
  /** Null when it was taken. */
  readonly problem: X12Problem | null;
}

/** Says of a group what was taken of it and what not, with the place of what was wrong. */
export function writeAcknowledgement(group: FunctionalGroup, verdicts: readonly SetVerdict[]): NewSet {
  const taken = verdicts.filter(({ problem }) => problem === null).length;
  const verdict = taken === verdicts.length ? 'A' : taken === 0 ? 'R' : 'P';
  return {
    kind: '997',
    segments: [
      ['AK1', group.kind, group.control],
      ...verdicts.flatMap(({ set, problem }) => {
        const begin = ['AK2', set.kind, set.control];
        if (problem === null) return [begin, ['AK5', 'A']];
        const { place, fault } = problem;
        const at = String(place.segment - set.head.number + 1);
        return [
          begin,
          ['AK3', place.id, at, '', place.element !== null ? '8' : fault === 'MISSING' ? '3' : '2'],
          ...(place.element === null ? [] : [['AK4', String(place.element), '', ELEMENT_FAULTS[fault]]]),
          ['AK5', 'R', '5'],
        ];
      }),
      ['AK9', verdict, String(group.sets.length), String(verdicts.length), String(taken)],
    ],
  };
}
