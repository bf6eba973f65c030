import { readFileSync, writeFileSync } from 'node:fs';
import { ERROR_CODES } from '../platform/errors.ts';
import { projectFile } from '../platform/paths.ts';

// Usage: node dist/tools/document-errors.js [--check]. Writes docs/errors.md, or fails when it is out of date.
const target = projectFile('docs', 'errors.md');
const text = document();
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('docs/errors.md is out of date: run `npm run docs:errors` and commit the result.');
  process.exitCode = 1;
}

function document(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { meaning, retryable }]) => `| \`${code}\` | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return `# Errors

Written by \`npm run docs:errors\` from \`platform/errors.ts\`; a check compares the two.

Expected refusals are data: \`userErrors\` of a mutation, each with a code of its own enum, and nothing was changed. What
follows are the codes of top-level \`errors\` (\`extensions.code\`), for bugs, outages, authorisation and malformed requests.
Apollo's \`GRAPHQL_PARSE_FAILED\` and \`GRAPHQL_VALIDATION_FAILED\` come beside them. Codes are never used again for another meaning.

| Code | Try again | Meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}
