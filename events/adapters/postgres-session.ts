import pg from 'pg';
import { sleep } from '../../platform/clock.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { backoff } from '../backoff.ts';

/**
 * One connection of this process that outlives every statement: LISTEN and session locks need one. Comes back by
 * itself when it is lost; whoever depends on it is told of both.
 */
export interface PostgresSession {
  /** Runs on the present connection. @throws CommerceError DATABASE_UNAVAILABLE when there is none */
  query(statement: string, values?: readonly string[]): Promise<Record<string, unknown>[]>;
  /** Called with every new connection, and at once when there is one: the place for LISTEN. */
  onConnected(listener: () => void): void;
  /** Called when the connection is gone, and with it every lock it held. */
  onLost(listener: () => void): void;
  onNotification(listener: (channel: string, payload: string) => void): void;
  /** Resolves when connected for the first time. @throws CommerceError DATABASE_UNAVAILABLE when closed before */
  ready(): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MILLIS = 5_000;
/** A cable that was cut says nothing: ask. */
const HEARTBEAT_MILLIS = 5_000;
const ANSWER_TIMEOUT_MILLIS = 5_000;
const RECONNECT = { firstDelayMillis: 200, maxDelayMillis: 5_000 };
/** The same on the server's side: a lock of a vanished process is free after 25 seconds at most, not after two hours. */
const SERVER_KEEPALIVE = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

/** @param url of the database; appears in no log and no error */
export function openPostgresSession(
  url: string,
  options: { applicationName: string; logger: Logger },
): PostgresSession {
  const { logger } = options;
  const connected = new Set<() => void>();
  const lost = new Set<() => void>();
  const notified = new Set<(channel: string, payload: string) => void>();
  const closing = new AbortController();
  let current: pg.Client | null = null;
  let abandon: () => void = () => undefined;
  let firstConnected: () => void = () => undefined;
  let neverConnected: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    firstConnected = resolve;
    neverConnected = reject;
  });
  ready.catch(() => undefined); // only who asks gets the error

  async function keepConnected(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; ) {
      const client = new pg.Client({
        connectionString: url,
        application_name: options.applicationName,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MILLIS,
        query_timeout: ANSWER_TIMEOUT_MILLIS,
        keepAlive: true,
        options: SERVER_KEEPALIVE,
      });
      const gone = new Promise<void>((resolve) => {
        client.once('error', () => resolve());
        client.once('end', () => resolve());
        abandon = resolve;
      });
      client.on('error', () => undefined); // a second one on the same connection must not end the process
      client.on('notification', ({ channel, payload }) => {
        for (const listener of notified) listener(channel, payload ?? '');
      });
      const done = new AbortController();
      try {
        await client.connect();
        if (closing.signal.aborted) continue;
        failures = 0;
        current = client;
        firstConnected();
        for (const listener of connected) listener();
        await Promise.race([gone, heartbeat(client, done.signal)]);
      } catch (error) {
        failures += 1;
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        logger.warn({ code, failures }, 'event session not connected');
      } finally {
        done.abort();
        const wasConnected = current === client;
        current = null;
        if (wasConnected) for (const listener of lost) listener();
        if (wasConnected && !closing.signal.aborted) logger.warn('event session lost');
        await hangUp(client);
      }
      if (!closing.signal.aborted) await sleep(backoff(failures + 1, RECONNECT), closing.signal);
    }
    neverConnected(unavailable());
  }

  /** pg wants one statement at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  /** Returns when the connection no longer answers. */
  async function heartbeat(client: pg.Client, signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(HEARTBEAT_MILLIS, signal);
      if (signal.aborted) return;
      try {
        await inTurn(() => client.query('select 1'));
      } catch {
        return;
      }
    }
  }

  const running = keepConnected();
  return {
    async query(statement, values = []) {
      const client = current;
      if (!client) throw unavailable();
      try {
        return await inTurn(async () => (await client.query(statement, [...values])).rows);
      } catch (error) {
        // No answer is no refusal: a lock may be held that nobody here knows of. Only a new connection is sure of it.
        if (!(error instanceof pg.DatabaseError) && client === current) abandon();
        throw error;
      }
    },
    onConnected(listener) {
      connected.add(listener);
      if (current) listener();
    },
    onLost: (listener) => void lost.add(listener),
    onNotification: (listener) => void notified.add(listener),
    ready: () => ready,
    async close() {
      closing.abort();
      abandon();
      await running;
    },
  };
}

/** Says goodbye, but does not wait long for an answer. */
async function hangUp(client: pg.Client): Promise<void> {
  const answered = new AbortController();
  const goodbye = client.end().catch(() => undefined);
  await Promise.race([goodbye, sleep(1_000, answered.signal)]);
  answered.abort();
}

function unavailable(): CommerceError {
  return new CommerceError('DATABASE_UNAVAILABLE', 'no connection to the operational store');
}
