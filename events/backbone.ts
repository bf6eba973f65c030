import type { Knex } from 'knex';
import type { Logger } from '../platform/logger.ts';
import { connectRedis, redisAddress, redisReady } from '../platform/redis/connect.ts';
import { inProcessFanOut } from './adapters/in-process-fan-out.ts';
import { postgresEventLog } from './adapters/postgres-event-log.ts';
import { postgresFanOut } from './adapters/postgres-fan-out.ts';
import { openPostgresSession } from './adapters/postgres-session.ts';
import { redisEventLog } from './adapters/redis-event-log.ts';
import { redisFanOut } from './adapters/redis-fan-out.ts';
import { wakeRelayAfterCommit } from './outbox.ts';
import type { EventLog, FanOut } from './port.ts';
import { type LogMirror, type Relay, type RelayOptions, startRelay } from './relay.ts';

export interface BackboneOptions {
  /** The operational database; transactions begun on this handle wake the relay. */
  readonly knex: Knex;
  /** The same database: one connection is kept open beside the pool. */
  readonly databaseUrl: string;
  /** With a URL, Redis carries wake-ups and the newest part of the log. Null: the database does. */
  readonly redisUrl: string | null;
  /** Whether other processes write or read events too. Without them nothing is sent to them. */
  readonly otherProcesses: boolean;
  /** `application_name` of the one connection. */
  readonly sessionName: string;
  readonly logger: Logger;
}

/** The event backbone as one process uses it. */
export interface EventBackbone {
  readonly log: EventLog;
  readonly fanOut: FanOut;
  /** Starts moving events from the outbox to the log. In every process that should be able to; one works at a time. */
  startRelay(options?: Pick<RelayOptions, 'retentionDays'>): Relay;
  /** Which adapters are active, for `/health/ready`. */
  describe(): { eventLog: string; fanOut: string };
  /** Frees connections. Stop relay, tail and consumers before. */
  close(): Promise<void>;
}

const PREFIX = 'commerce';
/** How long the start waits for Redis. Without an answer it goes on: the log works without, only slower. */
const REDIS_START_MILLIS = 2_000;

/**
 * Chooses the adapters and connects them.
 *
 * @throws CommerceError CONFIGURATION_INVALID when `redisUrl` is no Redis URL
 */
export async function openEventBackbone(options: BackboneOptions): Promise<EventBackbone> {
  const { knex, redisUrl, logger } = options;
  if (redisUrl !== null) redisAddress(redisUrl);
  const session = openPostgresSession(options.databaseUrl, { applicationName: options.sessionName, logger });
  const redis = redisUrl === null ? null : connectRedis(redisUrl, { connectionName: 'commerce-events', logger });
  if (redis) await redisReady(redis, REDIS_START_MILLIS);

  const fanOut = chooseFanOut();
  wakeRelayAfterCommit(knex, fanOut);
  const store = postgresEventLog({ knex, session, fanOut, logger });
  const copy = redis && redisEventLog({ log: store, redis, prefix: PREFIX, fanOut, logger });
  const mirror: { mirror?: LogMirror } = copy ? { mirror: copy } : {};
  const at = redisUrl === null ? '' : ` at ${redisAddress(redisUrl)}`;

  function chooseFanOut(): FanOut {
    if (!options.otherProcesses) return inProcessFanOut();
    return redis ? redisFanOut({ redis, prefix: PREFIX }) : postgresFanOut(session);
  }

  return {
    log: copy ?? store,
    fanOut,
    startRelay: (relay = {}) => startRelay({ knex, fanOut, logger, ...mirror, ...relay }),
    describe: () => ({ eventLog: `${(copy ?? store).describe()}${at}`, fanOut: fanOut.describe() }),
    async close() {
      await fanOut.close();
      redis?.disconnect();
      await session.close();
    },
  };
}
