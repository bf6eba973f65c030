import { startEmbeddedPostgres } from '../../platform/db/embedded/index.ts';

// A process that owns an embedded PostgreSQL until it is killed. Usage: postgres-owner.ts <dataDir>
const [dataDir = ''] = process.argv.slice(2);
const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
process.stdout.write(`${JSON.stringify({ url: postgres.url('postgres'), adopted: postgres.adopted })}\n`);
setInterval(() => undefined, 60_000);
