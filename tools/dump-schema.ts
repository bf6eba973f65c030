import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrationSets, owners } from '../migrations/index.ts';
import { openDatabase } from '../platform/db/database.ts';
import { startEmbeddedPostgres } from '../platform/db/embedded/index.ts';
import { migrate } from '../platform/db/migrate.ts';
import { projectFile } from '../platform/paths.ts';
import { databaseSchema } from './database-schema.ts';

// Usage: node dist/tools/dump-schema.js [--check]. Writes schema/database.sql, or fails when it is out of date.
const target = projectFile('schema', 'database.sql');
const dataDir = mkdtempSync(join(tmpdir(), 'commerce-schema-'));
chmodSync(dataDir, 0o755);
const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
const knex = openDatabase(postgres.url('postgres'), { poolMax: 1, applicationName: 'dump-schema' });
try {
  for (const owner of owners) await migrate(knex, owner, migrationSets[owner]);
  const schema = await databaseSchema(knex, owners);
  if (!process.argv.includes('--check')) {
    writeFileSync(target, schema);
  } else if (readFileSync(target, 'utf8') !== schema) {
    console.error('schema/database.sql is out of date: run `npm run schema:database` and commit the result.');
    process.exitCode = 1;
  }
} finally {
  await knex.destroy();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
