/** Why a report cannot be taken in; codes of `SettlementIngestErrorCode`. */
export type RefusalCode = 'TOTAL_MISMATCH' | 'UNREADABLE' | 'CURRENCY_MISMATCH' | 'UNKNOWN_CHANNEL';

export interface RefusalPlace {
  /** Line of the file, the header being line 1. Null when the fault is in no one line. */
  readonly lineNumber: number | null;
  /** Name of the column. Null when the fault is in no one column. */
  readonly column: string | null;
}

/**
 * A report that is refused whole. The message says what is wrong, where, and what would be right. It never repeats what a
 * malformed cell holds: in a file whose columns slipped that could be a buyer's address.
 */
export class ReportRefusal extends Error {
  readonly code: RefusalCode;
  readonly lineNumber: number | null;
  readonly column: string | null;

  constructor(code: RefusalCode, message: string, place: Partial<RefusalPlace> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReportRefusal';
    this.code = code;
    this.lineNumber = place.lineNumber ?? null;
    this.column = place.column ?? null;
  }
}

/** By its name, not its class, so that it also holds across copies of this module. */
export function isReportRefusal(error: unknown): error is ReportRefusal {
  return error instanceof Error && error.name === 'ReportRefusal';
}

/** Shorthand for the commonest refusal: something at this place cannot be read. */
export function unreadable(what: string, place: Partial<RefusalPlace> = {}, options?: ErrorOptions): ReportRefusal {
  const at = [
    place.lineNumber == null ? '' : `line ${place.lineNumber}`,
    place.column == null ? '' : `column "${place.column}"`,
  ].filter((part) => part !== '');
  return new ReportRefusal('UNREADABLE', at.length === 0 ? what : `${capital(at.join(', '))}: ${what}`, place, options);
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
