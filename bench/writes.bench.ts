import { sleep } from '../platform/clock.ts';
import { openDatabase } from '../platform/db/database.ts';
import { query } from '../platform/db/query.ts';
import { createCapture } from '../subgraphs/order/index.ts';
import { patiently, resultOf } from './capture/patiently.ts';
import { caller, orderInput } from './capture/requests.ts';
import { verifyLedger } from './capture/verify.ts';
import { startWorld } from './capture/world.ts';

// `npm run bench:writes`: what one captured order of three lines costs the database, lone and in a crowd: statements,
// transactions, rows by table, write-ahead log. No times: the numbers are the same on a busy machine.
const world = await startWorld();
const knex = openDatabase(world.url, { poolMax: 20, applicationName: 'bench-writes' });
const capture = createCapture({ knex });
let statements = 0;
knex.on('query', () => {
  statements++;
});

interface Count {
  readonly wal: number;
  readonly commits: number;
  readonly rows: ReadonlyMap<string, number>;
}

/** A session that has been idle for so long has reported what it counted, in milliseconds: PostgreSQL's PGSTAT_IDLE_INTERVAL and some more. */
const REPORTED_MILLIS = 11_000;

/** Counters of the server, read on a connection that is not counted among the orders' statements. */
async function count(): Promise<Count> {
  await sleep(REPORTED_MILLIS);
  const [server] = await query<{ wal: string; commits: string }>(
    world.knex,
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text as wal, xact_commit::text as commits from pg_stat_database where datname = current_database()`,
  );
  const tables = await query<{ name: string; rows: string }>(
    world.knex,
    `select schemaname || '.' || relname as name, (n_tup_ins + n_tup_upd + n_tup_del)::text as rows from pg_stat_user_tables`,
  );
  return {
    wal: Number(server?.wal),
    commits: Number(server?.commits),
    rows: new Map(tables.map(({ name, rows }) => [name, Number(rows)])),
  };
}

const place = (input: ReturnType<typeof orderInput>) =>
  patiently(async () => resultOf(await capture.place(caller, input)));

/** Takes orders in, so many at once, and prints what each of them cost. */
async function cost(name: string, orders: number, atOnce: number): Promise<void> {
  await query(world.knex, 'checkpoint'); // each run pays for its whole pages alike
  const before = await count();
  statements = 0;
  for (let taken = 0; taken < orders; taken += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, () => place(orderInput('spread'))));
  }
  const sent = statements;
  const after = await count();
  const per = (units: number) => (units / orders).toFixed(2);
  const tables = [...after.rows].map(([table, rows]) => [table, rows - (before.rows.get(table) ?? 0)] as const);
  const written = tables.filter(([, rows]) => rows > 0).sort(([, one], [, other]) => other - one);
  const all = written.reduce((sum, [, rows]) => sum + rows, 0);
  console.log(`${name}: ${per(sent)} statements, ${per(after.commits - before.commits)} commits, ${per(all)} rows written, ${Math.round((after.wal - before.wal) / orders)} bytes of WAL`); // biome-ignore format: one thought
  console.log(`  ${written.map(([table, rows]) => `${table} ${per(rows)}`).join(', ')}`);
}

try {
  await cost('warm-up', 200, 50);
  await cost('one after the other', 50, 1);
  await cost('fifty at once', 400, 50);
  await cost('four hundred at once', 400, 400);
  await verifyLedger(world.knex);
} finally {
  await capture.close();
  await knex.destroy();
  await world.stop();
}
