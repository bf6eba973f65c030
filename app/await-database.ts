import { createServer, type Server } from 'node:http';
import { sleep } from '../platform/clock.ts';
import { ensureDatabase } from '../platform/db/database-url.ts';
import { COMES_UP, NO_ENTRY } from '../platform/db/patiently.ts';
import { CommerceError, isCommerceError } from '../platform/errors.ts';
import type { ProcessBase } from './process.ts';

const FIRST_PAUSE_MILLIS = 100;
const LONGEST_PAUSE_MILLIS = 2_000;
/** How often the log says that it still waits. */
const REMIND_MILLIS = 10_000;

type Base = Pick<ProcessBase, 'config' | 'logger' | 'shutdown'>;

/**
 * Waits until the server of `url` takes connections and has the database, at most `DATABASE_WAIT_MS`: after a power cut
 * everything starts at once, in any order. One that says that it is coming up is waited for as long as it says so. Meanwhile
 * `/health/live` is 200 and `/health/ready` 503, on the port that the process will serve.
 *
 * @param port where health is told while it waits; null or 0 for a process without a known one
 * @throws CommerceError DATABASE_UNAVAILABLE with what to do, when it did not come or refuses the credentials
 */
export async function awaitDatabase({ config, logger, shutdown }: Base, url: string, port: number | null) {
  const startedAt = performance.now();
  const { waitMillis } = config.database;
  let door: Server | null = null;
  let pause = FIRST_PAUSE_MILLIS;
  let remindAt = 0;
  let silentSince = startedAt;
  try {
    for (;;) {
      try {
        await ensureDatabase(url);
        if (door) logger.info({ waitedMillis: Math.round(performance.now() - startedAt) }, 'the database answers');
        return;
      } catch (error) {
        if (!isCommerceError(error) || NO_ENTRY.has(error.details.reason)) throw error;
        const waited = performance.now() - startedAt;
        if (error.details.reason === COMES_UP) silentSince = performance.now();
        else if (performance.now() - silentSince >= waitMillis) throw gaveUp(waitMillis, error);
        if (waited >= remindAt) {
          logger.warn({ reason: error.details.reason, waitMillis }, 'the database does not answer yet: waiting for it');
          remindAt = waited + REMIND_MILLIS;
        }
      }
      // The end of the process is under way: there is nothing to wait for, and nothing to complain about.
      if (shutdown.stopping) await new Promise(() => undefined);
      door ??= await openDoor(config.host, port);
      await sleep(pause);
      pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
    }
  } finally {
    await closeDoor(door);
  }
}

function gaveUp(waitMillis: number, cause: CommerceError): CommerceError {
  return new CommerceError(
    'DATABASE_UNAVAILABLE',
    `PostgreSQL did not answer within ${waitMillis / 1_000} s (${String(cause.details.reason)}). Start it, correct DATABASE_URL, or raise DATABASE_WAIT_MS.`,
    cause.details,
    { cause },
  );
}

/** A server that serves nothing but the truth about its health. It listens nowhere without a port. */
async function openDoor(host: string, port: number | null): Promise<Server> {
  const server = createServer((request, response) => {
    const live = request.url === '/health/live';
    const body = live ? { status: 'live' } : { status: 'not ready', waitingFor: 'database' };
    response.writeHead(live ? 200 : 503, { 'content-type': 'application/json; charset=utf-8', 'retry-after': '2' });
    response.end(JSON.stringify(body));
  });
  if (!port) return server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

async function closeDoor(door: Server | null): Promise<void> {
  if (!door?.listening) return;
  const closed = new Promise((resolve) => door.close(resolve));
  door.closeAllConnections();
  await closed;
}
