import { CommerceError } from '../platform/errors.ts';

/** Enough for any bigint a log will reach; the fixed width makes the order of the strings the order of the events. */
const DIGITS = 16;

/**
 * How one log writes its positions for the world: its random name, then the number with leading zeros.
 * The name makes a sequence of another log (an emptied or replaced database) recognisable, where a bare number would
 * silently mean another event.
 */
export interface Sequences {
  readonly format: (position: bigint) => string;
  /** @throws CommerceError REPLAY_EXPIRED when it is no sequence of this log */
  readonly parse: (sequence: string) => bigint;
}

/** @param epoch the name of the log: letters and digits */
export function sequencesOf(epoch: string): Sequences {
  const pattern = new RegExp(`^${epoch}-(\\d{${DIGITS}})$`);
  return {
    format: (position) => `${epoch}-${position.toString().padStart(DIGITS, '0')}`,
    parse(sequence) {
      const digits = pattern.exec(sequence)?.[1];
      if (digits === undefined) throw replayExpired();
      return BigInt(digits);
    },
  };
}

/** Order of two sequences of one log. */
export function compareSequences(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function replayExpired(): CommerceError {
  return new CommerceError('REPLAY_EXPIRED', 'The event history does not reach back to the given sequence.');
}

/** The number that a sequence stands for, whatever its log. */
export function numberOf(sequence: string): number {
  return Number(sequence.slice(sequence.lastIndexOf('-') + 1));
}

/** The place of this number in the log that another sequence is of. */
export function placeAt(sequence: string, number: number): string {
  return sequencesOf(sequence.slice(0, sequence.lastIndexOf('-'))).format(BigInt(number));
}

/** The place right before an event: what follows it begins with the event. */
export function placeBefore(sequence: string): string {
  return placeAt(sequence, numberOf(sequence) - 1);
}
