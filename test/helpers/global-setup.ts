import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../platform/db/embedded/index.ts';
import { testServer } from './test-server.ts';

/** One PostgreSQL for the whole run: the server in TEST_DATABASE_URL, or an embedded one in a temporary directory. */
export default async function globalSetup(
  _?: unknown,
  { testMatch }: { readonly testMatch: readonly string[] } = { testMatch: [] },
): Promise<void> {
  // Several runs may share one server: the names of their databases must not meet.
  process.env.TEST_RUN = randomBytes(4).toString('hex');
  // Once, before workers would do it side by side.
  const isFor = (system: string) => testMatch.some((pattern) => pattern.includes(system));
  if (isFor('tryton')) await (await import('./tryton.ts')).prepareTestTryton();
  if (isFor('vendure')) await (await import('./vendure.ts')).prepareTestVendure();
  if (process.env.TEST_DATABASE_URL) return;
  const dataDir = mkdtempSync(join(tmpdir(), 'commerce-test-'));
  // Run by root, the server is another user, who must be able to pass.
  chmodSync(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  process.env.TEST_DATABASE_URL = postgres.url('postgres');
  testServer.current = { postgres, dataDir };
}
