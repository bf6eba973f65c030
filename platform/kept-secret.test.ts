import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { keptSecret } from './kept-secret.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'kept-secret-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

it('is made once and read by nobody else', () => {
  const first = keptSecret(join(dataDir, 'new'), 'subgraph-secret');
  expect(first).toMatch(/^[\w-]{43}$/);
  expect(keptSecret(join(dataDir, 'new'), 'subgraph-secret')).toBe(first);
  expect(statSync(join(dataDir, 'new', 'subgraph-secret')).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(dataDir, 'new'))).toEqual(['subgraph-secret']);
});

it('differs by name', () => {
  expect(keptSecret(dataDir, 'a')).not.toBe(keptSecret(dataDir, 'b'));
});
