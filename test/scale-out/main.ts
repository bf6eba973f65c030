import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../platform/clock.ts';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { report } from '../chaos/check.ts';
import { checkEvents } from '../chaos/checks/events.ts';
import { checkStock } from '../chaos/checks/stock.ts';
import { checkSystems } from '../chaos/checks/systems.ts';
import { type CrashableDatabase, startCrashableDatabase } from '../chaos/database.ts';
import { digest } from '../chaos/record.ts';
import { chooseGoods, untilGoodsKnown, untilQuiet, withDatabase } from '../chaos/shop.ts';
import { startTopology, type Topology } from '../chaos/topology.ts';

// Usage: see README.md. Exit code 0 only when all workers did their share, every worker that was killed or frozen was taken over within ten seconds, and
// no system of record saw anything twice.
const KEEP = process.argv.includes('--keep');
const WORKERS = 3;
/** What the platform promises, in milliseconds. */
const TAKEOVER_MILLIS = 10_000;
const ORDERS_PER_ROUND = 12;
const LINES = 12;
/** Enough that chance gives nobody less than a fifth when the workers share: which worker has an order is drawn by its id. */
const SHARED_ORDERS = 120;
const SMALLEST_SHARE = 0.2;
/** Orders are on their way by then. */
const UNDER_WAY_MILLIS = 1_500;
/** How long an order is repeated that is refused for the moment. */
const PLACING_MILLIS = 60_000;
/** Far beyond the lease of a frozen worker. */
const FROZEN_MILLIS = 20_000;
const REST_MILLIS = 600_000;

const startedAt = Date.now();
const say = (text: string) =>
  process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'commerce-scale-out-'));
// Run by root, the database server is another user, who must be able to pass.
chmodSync(folder, 0o755);
let database: CrashableDatabase | undefined;
let topology: Topology | undefined;
let exitCode = 1;
try {
  database = await startCrashableDatabase(folder);
  topology = await startTopology({
    databaseUrl: database.url,
    folder,
    lanes: 1,
    paceMillis: 2_000,
    workerCount: WORKERS,
  });
  say(`${topology.processes.length} processes are up, of which ${WORKERS} are workers; logs in ${folder}`);
  exitCode = await run(database.url, topology);
} finally {
  await Promise.all(topology?.processes.map((process) => process.stop()) ?? []);
  await database?.stop();
  if (exitCode === 0 && !KEEP) rmSync(folder, { recursive: true, force: true });
  else say(`kept: ${folder}`);
}
process.exit(exitCode);

async function run(databaseUrl: string, { gateways: [gateway = ''], processes }: Topology): Promise<number> {
  const { spread } = await chooseGoods(databaseUrl, ORDERS_PER_ROUND * 4 * LINES);
  await untilGoodsKnown([gateway], spread);
  const workers = processes.filter(({ name }) => name.startsWith('worker-'));
  /** The worker that reads for most consumers of events, and who reads for which. */
  const findReader = async () => {
    const readers = await readersOf(databaseUrl);
    const name = mostOf(readers);
    const worker = workers.find((one) => one.name === name);
    if (!worker) throw new Error(`no worker reads the events, or it is none of ours: ${name}`);
    return { worker, readers };
  };

  const idle = await findIdle(databaseUrl, gateway, spread);
  await placeOrders(gateway, spread);
  const { worker: killed, readers: readersBefore } = await findReader();
  const ownBefore = await unfinishedOf(databaseUrl, killed.name);
  const [afterKill, readAfterKill] = await Promise.all([
    untilTakenOver(killed.name, () => killed.kill()),
    untilRead(databaseUrl, killed.name, readersBefore),
  ]);
  say(`${killed.name} had ${ownBefore} workflows, read events, and was killed (-9): taken over after ${afterKill} ms, its events and feeds were others' after ${readAfterKill} ms`); // biome-ignore format: one thought

  await killed.untilUp();
  await placeOrders(gateway, spread);
  const { worker: frozen, readers } = await findReader();
  const ownOfFrozen = await unfinishedOf(databaseUrl, frozen.name);
  const [afterFreeze, readAfterFreeze] = await Promise.all([
    untilTakenOver(frozen.name, () => frozen.freeze()),
    untilRead(databaseUrl, frozen.name, readers),
  ]);
  say(`${frozen.name} had ${ownOfFrozen} workflows, read events, and was frozen (-STOP): taken over after ${afterFreeze} ms, its events and feeds were others' after ${readAfterFreeze} ms`); // biome-ignore format: one thought
  await sleep(FROZEN_MILLIS);
  frozen.thaw();
  say(`${frozen.name} goes on (-CONT)`);
  await placeOrders(gateway, spread);

  await untilNothingRuns(databaseUrl);
  const rest = await untilQuiet(databaseUrl, REST_MILLIS);
  say(rest === null ? 'the shop did not come to rest' : `the shop came to rest`);
  const late = [afterKill, readAfterKill, afterFreeze, readAfterFreeze].filter((millis) => millis > TAKEOVER_MILLIS);
  const findings = [
    { invariant: 'S', what: `workers that ran less than ${SMALLEST_SHARE} of the workflows`, counted: WORKERS, faults: idle }, // biome-ignore format: one thought
    { invariant: 'T', what: `takeovers that took more than ${TAKEOVER_MILLIS} ms`, counted: 4, faults: late.map((millis) => `${millis} ms`) }, // biome-ignore format: one thought
    { invariant: 'I9', what: 'shops that did not come to rest', counted: 1, faults: rest === null ? ['open orders'] : [] }, // biome-ignore format: one thought
    { invariant: 'I9', what: 'orders that were not delivered', counted: 3 * ORDERS_PER_ROUND + SHARED_ORDERS, faults: await undelivered(databaseUrl) }, // biome-ignore format: one thought
    ...(await checkSystems(databaseUrl)),
    ...(await checkStock(digest([]), databaseUrl)).filter(({ counted }) => counted > 0),
    ...(await checkEvents(databaseUrl)),
  ];
  process.stdout.write(report(findings));
  return findings.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

/** Places orders while all workers live. @returns the workers that ran too few of what came of them, in words */
async function findIdle(databaseUrl: string, gateway: string, skus: readonly string[]): Promise<string[]> {
  const since = Date.now();
  await placeOrders(gateway, skus, SHARED_ORDERS, 1);
  await untilNothingRuns(databaseUrl, SHARED_ORDERS);
  const ran = await withDatabase(siblingDatabase(databaseUrl, 'commerce_dbos'), async (client) => {
    const { rows } = await client.query<{ executor_id: string; count: number }>(
      'select executor_id, count(*)::int as count from dbos.workflow_status where created_at >= $1 group by 1',
      [since],
    );
    return rows;
  });
  const all = ran.reduce((sum, { count }) => sum + count, 0);
  const shares = Array.from({ length: WORKERS }, (_, index) => {
    const name = `worker-${index + 1}`;
    return { name, count: ran.filter((row) => row.executor_id.startsWith(`${name}-`)).reduce((sum, row) => sum + row.count, 0) }; // biome-ignore format: one thought
  });
  say(
    `${SHARED_ORDERS} orders were ${all} workflows: ${shares.map(({ name, count }) => `${name} ran ${count}`).join(', ')}`,
  );
  return shares.filter(({ count }) => count < SMALLEST_SHARE * all || all < SHARED_ORDERS).map(({ name, count }) => `${name}: ${count} of ${all}`); // biome-ignore format: one thought
}

/** Orders of many lines at once, so that every worker has some of them. */
async function placeOrders(
  gateway: string,
  skus: readonly string[],
  orders = ORDERS_PER_ROUND,
  lineCount = LINES,
): Promise<void> {
  const query =
    'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id } userErrors { code } } }';
  await Promise.all(
    Array.from({ length: orders }, async (_, index) => {
      const lines = Array.from({ length: lineCount }, (_, line) => ({ sku: skus[(index * 5 + line) % skus.length], quantity: 1 + (line % 3) })); // biome-ignore format: one thought
      const delivery = { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' } }; // biome-ignore format: one thought
      const payment = { reference: `pay-${index}`, provider: 'stripe', authorized: { amount: '5000.00', currencyCode: 'GBP' } }; // biome-ignore format: one thought
      const input = {
        idempotencyKey: `scale-out-${Date.now()}-${index}`,
        currencyCode: 'GBP',
        lines,
        delivery,
        payment,
      };
      for (const deadline = Date.now() + PLACING_MILLIS; ; await sleep(1_000)) {
        const response = await fetch(`${gateway}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-api-key': 'dev-storefront' },
          body: JSON.stringify({ query, variables: { input } }),
        });
        const answer = (await response.json()) as { data?: { orderPlace?: { order: { id: string } | null } } };
        if (answer.data?.orderPlace?.order) return;
        // Refused for the moment, as long as not all stock was read: repeated under its key, as every client does.
        if (answer.data?.orderPlace || Date.now() > deadline)
          throw new Error(`an order was not taken: ${JSON.stringify(answer)}`);
      }
    }),
  );
  await sleep(UNDER_WAY_MILLIS);
}

/** Ends or freezes a worker, and waits until another says that it has taken it over. @returns how long that took, in milliseconds */
async function untilTakenOver(name: string, end: () => unknown): Promise<number> {
  const endedAt = Date.now();
  end();
  for (const deadline = endedAt + 12 * TAKEOVER_MILLIS; Date.now() < deadline; await sleep(100)) {
    const at = takeovers(name).find((time) => time >= endedAt);
    if (at !== undefined) return at - endedAt;
  }
  throw new Error(`${name} was not taken over`);
}

/** When others said that they had taken a worker over, by the clock of this machine. */
function takeovers(name: string): number[] {
  return Array.from({ length: WORKERS }, (_, index) => `worker-${index + 1}`).flatMap((worker) =>
    readFileSync(join(folder, `${worker}.log`), 'utf8')
      .split('\n')
      .flatMap((line) => {
        if (!line.includes('its work was taken over')) return [];
        const { workerId, time } = JSON.parse(line) as { workerId: string; time: number | string };
        return workerId.startsWith(`${name}-`) ? [new Date(time).getTime()] : [];
      }),
  );
}

/** By consumer of events, the session of the worker that reads for it: whoever has its lock. */
async function readersOf(databaseUrl: string): Promise<Map<string, string>> {
  return withDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<{ consumer: string; session: string }>(
      `select consumer.name as consumer, session.application_name as session
       from integration.event_consumer consumer
       join pg_locks held on held.locktype = 'advisory' and held.granted
         and held.database = (select oid from pg_database where datname = current_database())
         and (held.classid::bigint << 32 | held.objid::bigint) = hashtextextended('integration.event_consumer:' || consumer.name, 0)
       join pg_stat_activity session on session.pid = held.pid`,
    );
    return new Map(rows.map(({ consumer, session }) => [consumer, session]));
  });
}

/** The worker that reads for most consumers. */
function mostOf(readers: ReadonlyMap<string, string>): string | undefined {
  const names = [...readers.values()].map((session) => /^commerce:(worker-\d+)-/.exec(session)?.[1] ?? session);
  const count = (name: string) => names.filter((other) => other === name).length;
  return names.toSorted((a, b) => count(b) - count(a))[0];
}

/**
 * Waits until other workers read for all consumers for which this run of a worker did, and none of its sessions is left, which may
 * hold the cursor of a feed.
 * @param before who read for which consumer
 * @returns how long that took from now, in milliseconds
 */
async function untilRead(databaseUrl: string, name: string, before: ReadonlyMap<string, string>): Promise<number> {
  const since = Date.now();
  const sessions = new Set([...before.values()].filter((session) => session.startsWith(`commerce:${name}-`)));
  const left = (session: string) =>
    withDatabase(databaseUrl, async (client) => {
      const { rows } = await client.query('select 1 from pg_stat_activity where application_name = $1', [session]);
      return rows.length;
    });
  for (; Date.now() < since + 12 * TAKEOVER_MILLIS; await sleep(100)) {
    const now = await readersOf(databaseUrl);
    const isRead = [...before.keys()].every((consumer) => now.has(consumer) && !sessions.has(now.get(consumer) ?? ''));
    const counts = await Promise.all([...sessions].map(left));
    if (isRead && counts.every((count) => count === 0)) return Date.now() - since;
  }
  throw new Error(`nobody reads what ${name} read`);
}

/** Workflows that the worker had begun and not ended. */
async function unfinishedOf(databaseUrl: string, name: string): Promise<number> {
  return withDatabase(siblingDatabase(databaseUrl, 'commerce_dbos'), async (client) => {
    const { rows } = await client.query<{ count: number }>(
      "select count(*)::int as count from dbos.workflow_status where status = 'PENDING' and executor_id like $1",
      [`${name}-%`],
    );
    return rows[0]?.count ?? 0;
  });
}

/** Waits until every workflow has ended, of so many at least: an order may be delivered while its invoice is still to be posted. */
async function untilNothingRuns(databaseUrl: string, atLeast = 0): Promise<void> {
  await withDatabase(siblingDatabase(databaseUrl, 'commerce_dbos'), async (client) => {
    for (const deadline = Date.now() + REST_MILLIS; Date.now() < deadline; await sleep(500)) {
      const { rows: [found] } = await client.query("select count(*)::int as begun, count(*) filter (where status in ('PENDING', 'ENQUEUED'))::int as running from dbos.workflow_status"); // biome-ignore format: one thought
      if (found.begun >= atLeast && found.running === 0) return;
    }
    say('workflows have not ended');
  });
}

async function undelivered(databaseUrl: string): Promise<string[]> {
  return withDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<{ number: string; status: string }>(
      "select number, status from orders.customer_order where status <> 'DELIVERED'",
    );
    return rows.map(({ number, status }) => `${number}: ${status}`);
  });
}
