/** The right to act for a group, held by one process at a time. */
export interface Lease {
  /** Aborts when the right is lost: another process may act from now on. */
  readonly signal: AbortSignal;
  /** Gives the right back. Never rejects. */
  release(): Promise<void>;
}

/** What a log keeps about its groups of readers. */
export interface Groups {
  /** Waits until this process leads the group. @returns null when the signal aborted before. Never rejects. */
  lead(group: string, signal: AbortSignal): Promise<Lease | null>;
  /** Where the group goes on; a new group is entered with the oldest event that is kept. */
  position(group: string): Promise<string>;
  /** Notes that everything up to here is settled. Never moves a position back. */
  save(group: string, sequence: string): Promise<void>;
}
