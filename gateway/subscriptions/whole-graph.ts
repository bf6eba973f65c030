import { type DocumentNode, parse } from 'graphql';
import type { Caller } from '../../platform/caller.ts';
import { CommerceError, ERROR_CODES, type ErrorCode } from '../../platform/errors.ts';
import type { GatewayRuntime } from '../runtime.ts';

/** The contract that hides nothing: state is read through it because versions are not for channels to see. */
const WHOLE_GRAPH = 'operations';

const documents = new Map<string, DocumentNode>();

/**
 * Runs one of our own queries on the whole graph. The caller decides what it may see, not the contract: subgraphs
 * check each object's owner.
 *
 * @throws CommerceError with the code of the first error, or INTERNAL_SERVER_ERROR
 */
export async function askWholeGraph(
  runtime: GatewayRuntime,
  query: string,
  options: {
    readonly variables: Readonly<Record<string, unknown>>;
    readonly caller: Caller;
    readonly signal: AbortSignal;
  },
): Promise<Record<string, unknown>> {
  const contract = runtime.snapshotFor(WHOLE_GRAPH);
  if (!contract)
    throw new CommerceError('INTERNAL_SERVER_ERROR', 'The contract that shows the whole graph is not loaded.');
  const document = documentOf(query);
  const { data, errors } = await contract.executeWith(contract.planOperation(document), options);
  const error = errors?.[0];
  if (!error && data) return data;
  const code = error?.extensions?.code;
  const known = typeof code === 'string' && code in ERROR_CODES;
  throw new CommerceError(
    known ? (code as ErrorCode) : 'INTERNAL_SERVER_ERROR',
    known ? (error?.message ?? '') : 'The present state could not be read.',
  );
}

/** Parsed once: the queries are constants of this folder. */
function documentOf(query: string): DocumentNode {
  let document = documents.get(query);
  if (!document) {
    document = parse(query);
    documents.set(query, document);
  }
  return document;
}
