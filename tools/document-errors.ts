import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../platform/paths.ts';
import { errorsDocument } from './errors-document.ts';

// Usage: node dist/tools/document-errors.js [--check]. Writes docs/errors.md, or fails when it is out of date.
const target = projectFile('docs', 'errors.md');
if (!process.argv.includes('--check')) {
  writeFileSync(target, errorsDocument());
} else if (readFileSync(target, 'utf8') !== errorsDocument()) {
  console.error('docs/errors.md is out of date: run `npm run docs:errors` and commit the result.');
  process.exitCode = 1;
}
