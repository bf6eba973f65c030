import { CommerceError, type ErrorCode } from '../../platform/errors.ts';

/** What clients read about a failed subgraph. Never its name, address or own words: they are not part of any contract. */
const MESSAGES = {
  SUBGRAPH_TIMEOUT: 'A part of the answer was not ready in time.',
  SUBGRAPH_UNREACHABLE: 'A part of the answer is not available at the moment.',
  SUBGRAPH_BAD_RESPONSE: 'A part of the answer could not be read.',
  REQUEST_ABORTED: 'The request was cancelled.',
} as const satisfies Partial<Record<ErrorCode, string>>;

export type SubgraphFailureCode = keyof typeof MESSAGES;

/** A subgraph gave no answer that could be used. `details` and `cause` are for the log. */
export function subgraphFailure(
  code: SubgraphFailureCode,
  details: Readonly<Record<string, string | number>>,
  cause?: unknown,
): CommerceError {
  return new CommerceError(code, MESSAGES[code], details, cause === undefined ? {} : { cause });
}
