import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../platform/paths.ts';
import { configurationDocument } from './configuration-document.ts';

// Usage: node dist/tools/document-configuration.js [--check]. Writes docs/configuration.md, or fails when it is out of date.
const target = projectFile('docs', 'configuration.md');
if (!process.argv.includes('--check')) {
  writeFileSync(target, configurationDocument());
} else if (readFileSync(target, 'utf8') !== configurationDocument()) {
  console.error('docs/configuration.md is out of date: run `npm run docs:configuration` and commit the result.');
  process.exitCode = 1;
}
