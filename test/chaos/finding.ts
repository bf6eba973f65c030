/** One thing that was counted: how many there are of it, and which of them are wrong. */
export interface Finding {
  /** Invariant of docs/reliability.md. */
  readonly invariant: string;
  readonly what: string;
  /** How many were looked at: a check that saw nothing proves nothing. */
  readonly counted: number;
  readonly faults: readonly string[];
}
