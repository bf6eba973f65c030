import { ERROR_CODES } from '../platform/errors.ts';

/** The text of docs/errors.md, from the list of codes. */
export function errorsDocument(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { meaning, retryable }]) => `| \`${code}\` | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return `# Errors

Written by \`npm run docs:errors\` from \`platform/errors.ts\`; a check compares the two.

Expected refusals are data: \`userErrors\` of a mutation, each with a code of its own enum, and nothing was changed. What
follows are the codes of top-level \`errors\` (\`extensions.code\`), for bugs, outages, authorisation and malformed requests.
\`orderPlace\` alone tells \`IDEMPOTENCY_IN_FLIGHT\` as a \`userErrors\` code too: then it is not known yet whether the order is placed; repeat it with the same key.
Apollo's \`GRAPHQL_PARSE_FAILED\` and \`GRAPHQL_VALIDATION_FAILED\` come beside them. Codes are never used again for another meaning.
Every error has \`extensions.code\`, \`retryable\` and \`traceId\`, over every transport.

| Code | Try again | Meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}
