import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { projectFile } from '../../platform/paths.ts';
import { contractApi, readComposed } from '../../registry/api-schema.ts';
import { readClientDocuments } from '../../registry/client-documents.ts';
import { parseContracts } from '../../registry/contracts.ts';
import { readRequired, workingTree } from '../../registry/files.ts';
import { typedClient } from './typed-client.ts';

// Usage: node dist/tools/clients/main.js [--check]. Writes clients/<contract>.ts, or fails when one is out of date.
const files = workingTree();
const graph = readComposed(readRequired(files, 'schema/supergraph.graphql'));

for (const { name, filter } of parseContracts(readRequired(files, 'schema/contracts.yaml'))) {
  const sources = [
    ['schema', 'operations', name],
    ['tools', 'replay', 'operations', `${name}.graphql`],
  ]
    .map((path) => projectFile(...path))
    .filter((path) => existsSync(path));
  const documents = readClientDocuments(sources).map(({ text, from }) => ({
    text,
    from: relative(projectFile(), from),
  }));
  const target = projectFile('clients', `${name}.ts`);
  const client = await typedClient(contractApi(graph, filter), documents);
  if (!process.argv.includes('--check')) {
    writeFileSync(target, client);
  } else if (!existsSync(target) || readFileSync(target, 'utf8') !== client) {
    console.error(`clients/${name}.ts is out of date: run \`npm run clients:generate\` and commit the result.`);
    process.exitCode = 1;
  }
}
