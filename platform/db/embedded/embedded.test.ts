import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres } from './index.ts';

it('starts, keeps data over a restart', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'emb-'));
  for (let i = 0; i < 2; i++) {
    const t = performance.now();
    const server = await startEmbeddedPostgres({ dataDir: dir });
    process.stdout.write(`${performance.now() - t}\n`);
    await server.ensureDatabase('commerce');
    await expect(startEmbeddedPostgres({ dataDir: dir })).rejects.toThrow('in use by process');
    const client = new pg.Client({ connectionString: server.url('commerce') });
    await client.connect();
    await client.query(`create table if not exists t (n int)`);
    await client.query(`insert into t values (${i})`);
    expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: i + 1 }]);
    await client.end();
    await server.stop();
  }
  rmSync(dir, { recursive: true });
});
