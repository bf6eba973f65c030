import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';
import * as parts from './apollo-parts.ts';

it('the parts of @apollo/gateway that it does not export are where they were', () => {
  expect(Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, typeof part]))).toEqual({
    applyRewrites: 'function',
    computeResponse: 'function',
    deepMerge: 'function',
    isObjectOfType: 'function',
  });
  const { dependencies } = JSON.parse(readFileSync(projectFile('package.json'), 'utf8'));
  // After a new version: npm run test:differential -- --runs 20000, then change this line.
  expect(dependencies['@apollo/gateway']).toBe('2.14.4');
});
