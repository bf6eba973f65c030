import { createHash } from 'node:crypto';
import { CommerceError } from '../../platform/errors.ts';
import type { DocumentMode } from '../../registry/contracts.ts';
import type { GraphQLParameters } from '../graphql-parameters.ts';
import { type RequestRefused, refusal } from '../request-refused.ts';

/** The documents that clients have registered, as the registry publishes them. */
export interface RegisteredDocuments {
  modeOf(contract: string): DocumentMode;
  /**
   * @param sha256 lower-case hex
   * @returns the text; null when this client has registered no such document for the contract, whoever else has
   */
  find(contract: string, clientId: string, sha256: string): string | null;
}

/** For gateways without a registry: everything is open. */
export const noRegisteredDocuments: RegisteredDocuments = { modeOf: () => 'open', find: () => null };

export interface ResolvedDocument {
  /** The request's parameters, with the text of the document that its hash stands for. */
  readonly parameters: GraphQLParameters;
  /** SHA-256 of a document that is served although it is not registered, where that is to be logged. */
  readonly unregistered: string | null;
}

/**
 * Finds the document that a request means: by text, by `extensions.persistedQuery` as Apollo's clients send it, or by
 * `documentId` (`sha256:<hex>`).
 *
 * @throws RequestRefused BAD_REQUEST when hash and text differ, PERSISTED_QUERY_NOT_FOUND for an unknown hash
 * @throws CommerceError PERSISTED_QUERY_REQUIRED when the contract serves registered documents only
 */
export function resolveDocument(
  documents: RegisteredDocuments,
  who: { readonly contract: string; readonly clientId: string },
  parameters: GraphQLParameters,
): ResolvedDocument {
  const { contract, clientId } = who;
  const mode = documents.modeOf(contract);
  const hash = hashOf(parameters);
  const query = typeof parameters.query === 'string' && parameters.query !== '' ? parameters.query : null;
  if (query === null) {
    if (hash === null) return { parameters, unregistered: null };
    const text = documents.find(contract, clientId, hash);
    if (text === null) throw mode === 'registered-only' ? required() : notFound();
    return { parameters: withQuery(parameters, text), unregistered: null };
  }
  const own = hash === null && mode === 'open' ? null : sha256(query);
  if (hash !== null && own !== hash) throw refusal('BAD_REQUEST', 'The hash is not the SHA-256 of the document.');
  const isUnknown = mode !== 'open' && own !== null && documents.find(contract, clientId, own) === null;
  if (isUnknown && mode === 'registered-only') throw required();
  return {
    parameters: hash === null ? parameters : withQuery(parameters, query),
    unregistered: isUnknown ? own : null,
  };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hashOf({ documentId, extensions }: GraphQLParameters): string | null {
  const persisted = (extensions as { persistedQuery?: { version?: unknown; sha256Hash?: unknown } } | null | undefined)
    ?.persistedQuery;
  if (persisted !== undefined && (typeof persisted !== 'object' || persisted?.version !== 1)) {
    throw refusal('BAD_REQUEST', '`extensions.persistedQuery` must have version 1 and a sha256Hash.');
  }
  const given = [
    ...(documentId === undefined || documentId === null ? [] : [documentId]),
    ...(persisted === undefined ? [] : [persisted.sha256Hash]),
  ].map(readHash);
  const [first = null] = given;
  if (given.some((hash) => hash !== first)) throw refusal('BAD_REQUEST', 'The request names two different documents.');
  return first;
}

function readHash(value: unknown): string {
  const [, hash] = (typeof value === 'string' && /^(?:sha256:)?([0-9a-f]{64})$/i.exec(value)) || [];
  if (hash === undefined) throw refusal('BAD_REQUEST', 'A document is named by its SHA-256, in 64 hex digits.');
  return hash.toLowerCase();
}

/** Without the hash: what comes next must not look for it again. */
function withQuery(parameters: GraphQLParameters, query: string): GraphQLParameters {
  const { documentId: _, extensions, ...rest } = parameters;
  if (typeof extensions !== 'object' || extensions === null) return { ...rest, query };
  const { persistedQuery: __, ...others } = extensions as Record<string, unknown>;
  return { ...rest, query, extensions: others };
}

/** Apollo's clients answer this by sending the text. */
function notFound(): RequestRefused {
  return refusal('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
}

function required(): CommerceError {
  return new CommerceError(
    'PERSISTED_QUERY_REQUIRED',
    'This contract serves registered operations only. Register the document, then send its text or its SHA-256.',
  );
}
