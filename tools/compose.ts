import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../platform/paths.ts';
import { composeSupergraph } from '../registry/compose.ts';

// Usage: node dist/tools/compose.js [--check]. Writes schema/supergraph.graphql, or fails when it is out of date.
const target = projectFile('schema', 'supergraph.graphql');
const result = composeSupergraph();
if (result.kind === 'failed') {
  console.error(result.errors.join('\n'));
  process.exitCode = 1;
} else if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== result.supergraphSdl) {
    console.error('schema/supergraph.graphql is out of date: run `npm run schema:compose` and commit the result.');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, result.supergraphSdl);
  for (const hint of result.hints) console.log(hint);
  console.log(`composed ${target}`);
}
