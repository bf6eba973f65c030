import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dropTestDatabases } from './database.ts';
import { testServer } from './test-server.ts';
import { stopTestTrytons } from './tryton-processes.ts';

/** Leaves nothing behind, whatever the tests forgot: no server, no files, no databases on a server that was lent. */
export default async function globalTeardown(): Promise<void> {
  await stopTestTrytons();
  const server = testServer.current;
  if (!server) return dropTestDatabases();
  await server.postgres.stop();
  const pointer = join(server.dataDir, 'postgres', 'location');
  if (existsSync(pointer)) rmSync(readFileSync(pointer, 'utf8').trim(), { recursive: true, force: true });
  rmSync(server.dataDir, { recursive: true, force: true });
}
