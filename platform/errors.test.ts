import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { errorsDocument } from '../tools/errors-document.ts';
import { ERROR_CODES } from './errors.ts';
import { projectFile } from './paths.ts';

describe('docs/errors.md', () => {
  const document = readFileSync(projectFile('docs', 'errors.md'), 'utf8');

  it('is what the list of codes says', () => {
    expect(document).toBe(errorsDocument());
  });

  it('has one row per code, in the order of the list', () => {
    const rows = [...document.matchAll(/^\| `(\w+)` \| (yes|no) \| (.+) \|$/gm)].map((row) => row.slice(1));
    expect(rows).toEqual(
      Object.entries(ERROR_CODES).map(([code, { retryable, meaning }]) => [code, retryable ? 'yes' : 'no', meaning]),
    );
  });
});
