import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/logger.ts';
import type { DocumentMode } from '../../registry/contracts.ts';
import type { TrustedDocument } from '../../registry/trusted-documents.ts';
import { PublishedDocuments } from './published-documents.ts';
import { resolveDocument, sha256 } from './registered-documents.ts';

const TEXT = '{ order(id: "o1") { number } }';
const HASH = sha256(TEXT);
const logger = createLogger({ level: 'silent', component: 'test' });
const registered: TrustedDocument = {
  client: 'shop',
  owner: 'web',
  sha256: HASH,
  operation: 'Order',
  contract: 'storefront',
  version: '2026-11',
  clientVersions: ['1'],
  registered: '2026-11-27',
  text: TEXT,
};
const published = (mode: DocumentMode) =>
  new PublishedDocuments(
    () => ({ contracts: [{ name: 'storefront', documents: mode }], documents: [registered] }),
    logger,
  );
const persisted = (hash: unknown) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } });

function resolve(mode: DocumentMode, parameters: Record<string, unknown>, clientId = 'shop') {
  try {
    const { parameters: found, unregistered } = resolveDocument(
      published(mode),
      { contract: 'storefront', clientId },
      parameters,
    );
    return { query: found.query, unregistered };
  } catch (error) {
    const { code, errors } = error as { code?: string; errors?: { extensions: { code: string } }[] };
    return code ?? errors?.[0]?.extensions.code;
  }
}

const MODES: readonly DocumentMode[] = ['open', 'registered-only', 'registered-and-logged'];

describe.each(MODES)('a contract that is %s', (mode) => {
  it.each([
    ['as Apollo sends it', persisted(HASH)],
    ['in capitals', persisted(HASH.toUpperCase())],
    ['as documentId', { documentId: HASH }],
    ['as documentId with its algorithm', { documentId: `sha256:${HASH}` }],
    ['twice', { documentId: HASH, ...persisted(HASH) }],
    ['with its text', { query: TEXT, ...persisted(HASH) }],
    ['by its text', { query: TEXT }],
  ])('serves a document of the client %s', (_, parameters) => {
    expect(resolve(mode, parameters)).toEqual({ query: TEXT, unregistered: null });
  });

  it.each([
    ['a hash of another text', { query: '{ other }', ...persisted(HASH) }],
    ['two different hashes', { documentId: 'a'.repeat(64), ...persisted(HASH) }],
    ['no hash', { documentId: 'order page' }],
    ['a number', persisted(7)],
    ['another version', { extensions: { persistedQuery: { version: 2, sha256Hash: HASH } } }],
    ['null for the extension', { extensions: { persistedQuery: null } }],
  ])('refuses %s', (_, parameters) => expect(resolve(mode, parameters)).toBe('BAD_REQUEST'));

  it('refuses the hash of another client exactly like one that nobody has registered', () => {
    const expected = mode === 'registered-only' ? 'PERSISTED_QUERY_REQUIRED' : 'PERSISTED_QUERY_NOT_FOUND';
    expect(resolve(mode, persisted(HASH), 'another')).toBe(expected);
    expect(resolve(mode, persisted('0'.repeat(64)))).toBe(expected);
  });

  it('treats a text that is not registered as its mode says', () => {
    const text = '{ __typename }';
    expect(resolve(mode, { query: text })).toEqual(
      {
        open: { query: text, unregistered: null },
        'registered-only': 'PERSISTED_QUERY_REQUIRED',
        'registered-and-logged': { query: text, unregistered: sha256(text) },
      }[mode],
    );
  });

  it('leaves a request without a document to whoever says what is missing', () => {
    expect(resolve(mode, {})).toEqual({ query: undefined, unregistered: null });
    expect(resolve(mode, { query: '' })).toEqual({ query: '', unregistered: null });
  });
});

describe('a new publication', () => {
  it('is taken at once; one that cannot be read is not', () => {
    const documents = published('open');
    documents.reload(() => ({ contracts: [{ name: 'storefront', documents: 'registered-only' }], documents: [] }));
    expect([documents.modeOf('storefront'), documents.find('storefront', 'shop', HASH)]).toEqual([
      'registered-only',
      null,
    ]);
    documents.reload(() => {
      throw new Error('half written');
    });
    expect(documents.modeOf('storefront')).toBe('registered-only');
  });
});
