import { type FormattedExecutionResult, validate } from 'graphql';
import type { Caller } from '../../platform/caller.ts';
import type { Admission } from '../guards/request-guard.ts';
import { refused } from '../request-refused.ts';
import type { ContractSnapshot } from '../snapshot.ts';
import type { RequestDocument } from './request-document.ts';

/**
 * Runs a query or mutation that came over a stream, for clients that use one connection for everything.
 * @throws RequestRefused when it is not valid for the contract
 */
export async function runOperation(
  contract: ContractSnapshot,
  request: RequestDocument,
  { admission, ...options }: { readonly caller: Caller; readonly signal: AbortSignal; readonly admission: Admission },
): Promise<FormattedExecutionResult> {
  const { document, operationName, variables, text } = request;
  const errors = validate(contract.schema, document);
  if (errors.length > 0) {
    admission.settle(undefined);
    throw refused('GRAPHQL_VALIDATION_FAILED', errors);
  }
  const plan = contract.planOperation(document, operationName);
  const result = await admission.execute(
    () => contract.executeWith(plan, { operationName, variables, text, ...options }),
    options.signal,
  );
  return { ...result, extensions: { ...result.extensions, cost: admission.settle(result.data) } };
}
