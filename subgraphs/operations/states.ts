/** States of an integration exception and their legal moves. Data, so that tests are generated from it. */
export const EXCEPTION_TRANSITIONS = {
  OPEN: ['RETRYING', 'RESOLVED', 'DISMISSED'],
  // OPEN again when the attempt failed.
  RETRYING: ['OPEN', 'RESOLVED', 'DISMISSED'],
  // A further failure of the same work opens another exception.
  RESOLVED: [],
  DISMISSED: [],
} as const satisfies Record<string, readonly string[]>;

export type IntegrationExceptionState = keyof typeof EXCEPTION_TRANSITIONS;

/** Where an exception stands once it needs no more attention. */
export function isClosed(state: IntegrationExceptionState): boolean {
  return EXCEPTION_TRANSITIONS[state].length === 0;
}

/** What somebody hears who wants to do something with a closed one. */
export function closedInWords(state: IntegrationExceptionState): string {
  return `The exception is ${state}; what can be done with it now: nothing. If the same work fails again, that is a new one.`;
}
