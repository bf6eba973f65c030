import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DocumentNode, execute, parse } from 'graphql';
import { SUBGRAPH_NAMES, schemaOf } from './shop.ts';

// All four subgraphs on one port. Answers are kept: what is measured is the gateway before them.
const schemas = new Map(SUBGRAPH_NAMES.map((name) => [`/${name}`, schemaOf(name)]));
const documents = new Map<string, DocumentNode>();
const answers = new Map<string, string>();

async function answer(path: string, body: string): Promise<string> {
  const key = path + body;
  const known = answers.get(key);
  if (known !== undefined) return known;
  const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
  const document = documents.get(query) ?? parse(query);
  documents.set(query, document);
  const schema = schemas.get(path);
  const text = schema ? JSON.stringify(await execute({ schema, document, variableValues: variables ?? {} })) : '{}';
  answers.set(key, text);
  return text;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void answer(request.url ?? '', Buffer.concat(chunks).toString()).then((text) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        .end(text),
    );
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
