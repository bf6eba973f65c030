/**
 * A system of record says no, in its own words. Thrown by handlers; the server turns it into
 * `{ "error": { "code", "message" } }` with the given status. Anything else that is thrown answers 500.
 */
export class Refusal extends Error {
  /** HTTP status, 400 to 499. */
  readonly status: number;
  /** Upper-case code of this system's own vocabulary, e.g. PICKING_STARTED. */
  readonly code: string;
  /** Facts that help the caller, e.g. the quantity on hand. No personal data. */
  readonly facts: Readonly<Record<string, string | number | null | readonly string[]>>;

  constructor(status: number, code: string, message: string, facts: Refusal['facts'] = {}) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.facts = facts;
  }
}

/** 404 in the words of one kind of record, e.g. `unknownRecord('DELIVERY', deliveryNo)`. */
export function unknownRecord(kind: string, key: string): Refusal {
  return new Refusal(404, `UNKNOWN_${kind}`, `no ${kind.toLowerCase().replaceAll('_', ' ')} ${key}`);
}

/** 409: the caller's reference was used before for something else. Permanent; repeating it does not help. */
export function referenceReused(reference: string): Refusal {
  return new Refusal(409, 'REFERENCE_REUSED', `reference ${reference} was used before with another content`);
}
