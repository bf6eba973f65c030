import { type ErrorCode, isCommerceError } from '../platform/errors.ts';

/** Classes of failures, as the exception desk tells them. */
export type FailureCause = 'VALIDATION' | 'MAPPING' | 'THROTTLED' | 'CONFLICT' | 'UNAVAILABLE' | 'DEADLINE' | 'UNKNOWN';

const CAUSES: Partial<Record<ErrorCode, FailureCause>> = {
  BAD_USER_INPUT: 'VALIDATION',
  SYSTEM_REJECTED: 'VALIDATION',
  SYSTEM_BAD_RESPONSE: 'MAPPING',
  OVERLOADED: 'THROTTLED',
  ILLEGAL_TRANSITION: 'CONFLICT',
  IDEMPOTENCY_CONFLICT: 'CONFLICT',
  SYSTEM_TIMEOUT: 'UNAVAILABLE',
  SYSTEM_UNAVAILABLE: 'UNAVAILABLE',
  SYSTEM_PENDING: 'DEADLINE',
  DATABASE_UNAVAILABLE: 'UNAVAILABLE',
};

/** What a person can do about a failure of the class. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  SYSTEM_REJECTED:
    'It refuses the same request each time: put right what it names, there or, where `editable` lists it, here, and retry.',
  SYSTEM_BAD_RESPONSE: 'Have those who run it find out why its answer is not as documented, and retry.',
  SYSTEM_TIMEOUT: 'Look whether it works (`systems` shows it), and retry when it does.',
  SYSTEM_UNAVAILABLE: 'Look whether it works (`systems` shows it), and retry when it does.',
  SYSTEM_PENDING: 'Ask those who run it what it waits for.',
  ILLEGAL_TRANSITION:
    'Compare the timeline of the order with what its systems did. Where they are right, dismiss this; else those who look after the platform have to put the order right.',
  OVERLOADED: 'Retry when less is going on.',
  DATABASE_UNAVAILABLE: 'Retry when the database answers again.',
};
/** Our own circuit kept the call from being made. It is one for all calls to the system, and another call may have closed it since. */
const ADVICE_IN_OPEN_CIRCUIT =
  'Most of the latest calls to it failed, so that this one was not made. `systems` shows the circuit; when it is CLOSED there, other calls get through: retry then, and what this one meets is shown here.';
/** A credential that is not taken, or a record that is not known: nothing in the request can be put right. */
const ADVICE_BY_STATUS: Readonly<Record<string, string>> = {
  401: 'It does not take our credential: have its token in the configuration put right, and retry.',
  403: 'It does not let our credential do this: have it allowed there, and retry.',
  404: 'It does not know the record: find out who removed it there, and retry when it is there again.',
};

/**
 * What an operator is told of a failure, and what to do. The text of an unknown one may hold anything, so only a
 * registered one is shown.
 * @param otherwise said of an unknown failure
 */
export function causeOf(error: unknown, otherwise: string): { readonly cause: FailureCause; readonly message: string } {
  if (!isCommerceError(error)) return { cause: 'UNKNOWN', message: otherwise };
  const refused = error.code === 'SYSTEM_REJECTED' ? ADVICE_BY_STATUS[String(error.details.status)] : undefined;
  const inOpenCircuit = error.details.reason === 'circuit-open' ? ADVICE_IN_OPEN_CIRCUIT : undefined;
  const advice = refused ?? inOpenCircuit ?? ADVICE[error.code];
  return {
    cause: CAUSES[error.code] ?? 'UNKNOWN',
    message: advice === undefined ? error.message : `${error.message}. ${advice}`,
  };
}
