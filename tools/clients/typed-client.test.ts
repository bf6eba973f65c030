import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { expect, it } from '@jest/globals';
import { buildASTSchema, parse } from 'graphql';
import { readClientDocuments } from '../../registry/client-documents.ts';
import { workingTree } from '../../registry/files.ts';
import { documentHash, readTrustedDocuments } from '../../registry/trusted-documents.ts';
import { typedClient } from './typed-client.ts';

const API = `
  type Query { order(id: ID!): Order }
  type Order { id: ID! status: OrderStatus! placedAt: DateTime }
  enum OrderStatus { CAPTURED SHIPPED }
  scalar DateTime`;
const PAGE = { from: 'page.graphql', text: 'query Page($id: ID!) { order(id: $id) { status placedAt } }' };

it('types variables and answer of an operation, with a value for the enum that is still to come', async () => {
  const client = await typedClient(API, [PAGE]);
  expect(client).toContain(
    'export type PageQuery = { readonly order: { readonly status: OrderStatus, readonly placedAt: string | null } | null };',
  );
  expect(client).toMatch(/export type OrderStatus =\s*\| 'CAPTURED'\s*\| 'SHIPPED'\s*\| '%future added value';/);
  expect(client).toContain('as unknown as TypedDocumentString<PageQuery, PageQueryVariables>;');
});

it('sends the text of its file, whatever stands in it, so that its hash is that of the registered document', async () => {
  const text =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what must not become a placeholder
    '# `x` ${y} \\\\ z\nquery Odd($id: ID!) {\n\n  order(id:$id) { ...F } # twice\n}\nfragment F on Order { status }\n';
  const client = await typedClient(API, [{ from: 'odd.graphql', text }]);
  const [, literal = ''] = /OddDocument = new TypedDocumentString\((`(?:[^`\\]|\\.)*`)/.exec(client) ?? [];
  expect(runInNewContext(literal)).toBe(text);
});

it('keeps every registered document of the development keys as it was registered', async () => {
  const registered = readTrustedDocuments(workingTree()).filter(({ client }) => client.startsWith('dev-'));
  expect(registered.length).toBeGreaterThan(30);
  for (const { client, contract, operation, sha256 } of registered) {
    const sent = await import(`../../clients/${contract}.ts`);
    const document = String(sent[`${operation}Document`]);
    expect([client, operation, documentHash(document)]).toEqual([client, operation, sha256]);
  }
});

it('is the same for the same contract and documents', async () => {
  expect(await typedClient(API, [PAGE])).toBe(await typedClient(API, [PAGE]));
});

it('refuses a document that the contract does not allow, and says where', async () => {
  const wrong = { from: 'wrong.graphql', text: 'query Wrong($id: ID!) { order(id: $id) { margin } }' };
  await expect(typedClient(API, [wrong])).rejects.toThrow(/Cannot query field "margin" on type "Order"/);
});

it('refuses a scalar that nobody said how clients see', async () => {
  await expect(typedClient(API.replace(/DateTime/g, 'Colour'), [PAGE])).rejects.toThrow(/Unknown scalar type Colour/);
});

it('registers the manifest that the build of another client writes, under the hashes that its documents name', async () => {
  const schema = parse(API);
  const sections = await preset.buildGeneratesSection({
    baseOutputDir: 'clients/',
    schema,
    schemaAst: buildASTSchema(schema),
    documents: [{ location: PAGE.from, rawSDL: PAGE.text, document: parse(PAGE.text) }],
    documentTransforms: [],
    plugins: [],
    pluginMap: {},
    presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256', mode: 'embedHashInDocument' } },
    config: { documentMode: 'string', scalars: { DateTime: 'string' } },
  });
  const written = async (file: string) => {
    const section = sections.find(({ filename }) => filename.endsWith(file));
    if (!section) throw new Error(`the preset writes no ${file}`);
    return codegen(section);
  };
  const client = await written('graphql.ts'); // first: the manifest waits for its documents
  const folder = mkdtempSync(join(tmpdir(), 'commerce-client-'));
  try {
    const manifest = join(folder, 'persisted-documents.json');
    writeFileSync(manifest, await written('persisted-documents.json'));
    const [registered] = readClientDocuments([manifest]);
    expect(client).toContain(`{"hash":"sha256:${documentHash(registered?.text ?? '')}"}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
