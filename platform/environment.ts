import { z } from 'zod';
import {
  databaseAt,
  integer,
  isSafe,
  millis,
  optional,
  port,
  subgraphAt,
  systemAt,
  systemToken,
  url,
  variable,
} from './config-variable.ts';

export const MODES = ['development', 'test', 'production'] as const;
/** Symmetric algorithms are left out on purpose: who can check such a token can also make one. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every variable: what is right, what it means, and what is taken when it is not set. */
export const environment = z.object({
  NODE_ENV: variable(z.enum(MODES), {
    expected: `one of ${MODES.join(', ')}`,
    fallback: 'development',
    meaning: 'With `production` nothing is seeded and no secret has a default.',
  }),
  HOST: variable(z.string().regex(/^[\w.:-]+$/), {
    expected: 'an address or host name to listen on',
    fallback: '127.0.0.1',
    meaning: 'Interface of every server of the process. `0.0.0.0` opens it to the network.',
  }),
  PORT: variable(integer(0, 65_535), {
    expected: 'an integer from 0 to 65535',
    fallback: '4000',
    meaning: 'Port of the gateway. 0 takes a free one.',
  }),
  DATA_DIR: variable(z.string().min(1), {
    expected: 'a directory that can be written',
    fallback: '.data',
    meaning: 'Everything that is kept: the built-in database and generated secrets.',
  }),
  REGISTRY_DIR: optional(z.string().min(1), {
    expected: 'a directory that holds schema/',
    meaning:
      'Where `schema/` is, which the gateway serves and watches. Gateways may share one. Without it: the project itself.',
  }),
  LOG_LEVEL: variable(z.enum(LOG_LEVELS), {
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    fallback: 'info',
    meaning: 'Least severe entry that is logged.',
  }),
  DATABASE_URL: databaseAt('The operational store. Without it a built-in PostgreSQL runs in `DATA_DIR`.'),
  DBOS_DATABASE_URL: databaseAt(
    "The workflow engine's own database. Without it: the name of the operational store with `_dbos` added, on the same server.",
  ),
  SYSTEM_DATABASE_URL: databaseAt(
    'Database of the one reference system that `start:system <name>` runs. Without it: the name of the operational store with `_<name>` added, on the same server.',
  ),
  DATABASE_POOL_MAX: variable(integer(2, 1_000), {
    expected: 'an integer from 2 to 1000',
    fallback: '20',
    meaning: 'Most connections that one process opens to the operational store.',
  }),
  DATABASE_WAIT_MS: variable(integer(0, 600_000), {
    expected: 'milliseconds, 0 to 600000',
    fallback: '60000',
    meaning:
      'How long a process that starts waits for a PostgreSQL that does not answer yet. One that says that it is coming up (recovery after a crash) is waited for as long as that takes.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: millis('15000', 'A statement that runs longer is cancelled by the server.'),
  REDIS_URL: optional(url(['redis:', 'rediss:']), {
    expected: 'redis://host:6379 or rediss://host:6379',
    secret: true,
    meaning:
      'Event log and fan-out between processes, rate limits and kept answers. Without it PostgreSQL does the first two, each process the others.',
  }),
  SUBGRAPH_SECRET: optional(z.string().min(32), {
    expected: 'at least 32 characters of secret, the same in every process',
    secret: true,
    meaning:
      'Signs what the gateway asks of a subgraph. Required with `NODE_ENV=production`; otherwise one is generated and kept in `DATA_DIR`.',
  }),
  JWT_ISSUER: optional(z.string().min(1), {
    expected: 'the `iss` of the tokens, such as https://login.example.com/',
    meaning: 'Issuer of the bearer tokens that the gateway takes. Without it: API keys only.',
  }),
  JWT_AUDIENCE: optional(z.string().min(1), {
    expected: 'the `aud` of the tokens, such as https://api.example.com',
    meaning: 'Whom tokens must be meant for. Needed with `JWT_ISSUER`.',
  }),
  JWT_JWKS_URL: optional(
    z.string().refine((value) => value.split(',').every((place) => isSafe(place.trim()))),
    {
      expected: 'URLs with https, separated by commas; http for this machine only',
      meaning:
        'Where the issuer publishes its keys (JWKS). Needed with `JWT_ISSUER`, unless `JWT_JWKS_FILE` holds them.',
    },
  ),
  JWT_JWKS_FILE: optional(z.string().min(1), {
    expected: 'path of a file',
    meaning: "A JWKS with the issuer's public keys; read again when a token names a key that is not in it.",
  }),
  JWT_ALGORITHMS: variable(
    z
      .string()
      .transform((value) => value.split(',').map((name) => name.trim()))
      .pipe(z.array(z.enum(ALGORITHMS)).min(1)) as unknown as z.ZodType<readonly string[], string>,
    {
      expected: `some of ${ALGORITHMS.join(', ')}, separated by commas`,
      fallback: 'RS256,PS256,ES256,EdDSA',
      meaning: 'Signature algorithms that are accepted.',
    },
  ),
  JWT_CLOCK_TOLERANCE_SECONDS: variable(integer(0, 300), {
    expected: 'seconds, 0 to 300',
    fallback: '10',
    meaning: "How far the issuer's clock may be from ours.",
  }),
  LIMITS_FILE: optional(z.string().min(1), {
    expected: 'a file such as config/limits.yaml',
    meaning: 'What one request and one client may ask of the gateway. Without it: `config/limits.yaml`.',
  }),
  PAYMENTS_FILE: optional(z.string().min(1), {
    expected: 'a file such as config/payments.yaml',
    meaning: 'By when orders have to be paid. Without it: `config/payments.yaml`.',
  }),
  SYSTEMS_FILE: optional(z.string().min(1), {
    expected: 'a file such as config/systems.yaml',
    meaning: 'Which system of record each domain has. Without it: `config/systems.yaml`.',
  }),
  TRUSTED_PROXIES: optional(z.string().min(1), {
    expected: 'addresses and networks such as 10.0.0.0/8, with commas between them',
    meaning:
      'Proxies in front of the gateway, whose `X-Forwarded-For` is believed. Without it the header counts for nothing.',
  }),
  ERP_URL: systemAt('ERP'),
  OMS_URL: systemAt('OMS'),
  WMS_URL: systemAt('WMS'),
  CARRIER_URL: systemAt('carrier'),
  CHANNEL_URL: systemAt('channel system'),
  ERP_TOKEN: systemToken('ERP'),
  OMS_TOKEN: systemToken('OMS'),
  WMS_TOKEN: systemToken('WMS'),
  CARRIER_TOKEN: systemToken('carrier'),
  CHANNEL_TOKEN: systemToken('channel system'),
  SYSTEM_PORT: port('Port of the one reference system that `start:system <name>` runs. Without it: its usual one.'),
  SYSTEM_TIMEOUT_MS: millis('5000', 'A call to a system of record that takes longer fails with SYSTEM_TIMEOUT.'),
  PRODUCT_URL: subgraphAt('product'),
  INVENTORY_URL: subgraphAt('inventory'),
  ORDER_URL: subgraphAt('order'),
  FULFILLMENT_URL: subgraphAt('fulfillment'),
  SETTLEMENT_URL: subgraphAt('settlement'),
  OPERATIONS_URL: subgraphAt('operations'),
  SUBGRAPH_PORT: port(
    'Port of the one subgraph that `start:subgraph <name>` runs. Without it: the one in `supergraph.yaml`.',
  ),
  COMPILED_PLANS: variable(z.enum(['on', 'off']), {
    expected: 'on or off',
    fallback: 'on',
    meaning:
      'Whether the gateway compiles query plans. With `off` the slower executor of @apollo/gateway runs all of them.',
  }),
  CACHE_MEGABYTES: variable(integer(0, 65_536), {
    expected: 'megabytes, 0 to 65536',
    fallback: '0',
    meaning:
      'Memory in which the gateway keeps answers of subgraphs, see docs/caching.md; with `REDIS_URL` they are kept there, as Redis has room. 0: nothing is kept, nor in Redis.',
  }),
  SUBGRAPH_TIMEOUT_MS: millis('10000', 'A request to a subgraph that takes longer fails with SUBGRAPH_TIMEOUT.'),
  REQUEST_TIMEOUT_MS: millis('30000', 'The whole of a request to the gateway ends after this time.'),
  SHUTDOWN_GRACE_MS: millis('10000', 'How long requests that are running may still take after SIGTERM or Ctrl-C.'),
  IDEMPOTENCY_RETENTION_DAYS: variable(integer(30, 3_650), {
    expected: 'days, 30 to 3650',
    fallback: '30',
    meaning: 'How long answers to idempotency keys are kept. A key that comes again later runs as a new one.',
  }),
  RECONCILIATION_MINUTES: variable(integer(0, 10_080), {
    expected: 'minutes, 0 to 10080',
    fallback: '60',
    meaning:
      'How long after the last comparison with a system of record the next one begins, see docs/reconciliation.md. 0: only when somebody asks for one.',
  }),
  FEED_STALL_SECONDS: variable(integer(10, 86_400), {
    expected: 'seconds, 10 to 86400',
    fallback: '120',
    meaning:
      'How long a feed of a system of record may take none of the entries that wait before there is an exception, see docs/exceptions.md.',
  }),
  PICKUP_DAYS: variable(integer(1, 365), {
    expected: 'days, 1 to 365',
    fallback: '7',
    meaning:
      'How long goods wait at a counter for their buyer. Then they go back on the shelf, and their units are cancelled.',
  }),
  UNTRACKED_HOURS: variable(integer(0, 8_760), {
    expected: 'hours, 0 to 8760',
    fallback: '72',
    meaning: 'How long goods that left without a tracking number are taken to be on their way. See UNTRACKED_THEN.',
  }),
  UNTRACKED_THEN: variable(z.enum(['ASK', 'ASSUME']), {
    expected: 'ASK or ASSUME',
    fallback: 'ASK',
    meaning:
      'What becomes of goods without a tracking number after UNTRACKED_HOURS. ASK: the exception desk is asked whether they arrived. ASSUME: they count as delivered.',
  }),
  SETTLEMENT_DROP_DIR: optional(z.string().min(1), {
    expected: 'a directory that the settlement worker can read and write',
    meaning:
      'Where settlement reports are put to be taken in: `<channel code>/<format>/<file>`, see docs/settlement-reports.md. Without it no directory is watched.',
  }),
  SETTLEMENT_SHARE: variable(integer(1, 100), {
    expected: 'per cent, 1 to 100',
    fallback: '50',
    meaning:
      "Part of the time that settlement's batch work (reports, matching, posting) takes while there is any; it rests in between. 100 never rests.",
  }),
  SETTLEMENT_YIELD_ABOVE: variable(integer(1, 1_000_000), {
    expected: 'transactions per second, 1 to 1000000',
    fallback: '50',
    meaning:
      "Transactions per second of everybody else in the operational store from which on settlement's batch work rests longer: twice as long at twice as many.",
  }),
  AMAZON_URL: optional(url(['http:', 'https:']).refine(isSafe), {
    expected: 'a URL with https, such as https://sellingpartnerapi-eu.amazon.com; http for this machine only',
    meaning:
      "Amazon's Selling Partner API, from which settlement statements and payouts are fetched. Without it nothing is.",
  }),
  AMAZON_LOGIN_URL: variable(url(['http:', 'https:']).refine(isSafe), {
    expected: 'a URL with https; http for this machine only',
    fallback: 'https://api.amazon.com/auth/o2/token',
    meaning: 'Where access tokens for `AMAZON_URL` are asked for (Login with Amazon).',
  }),
  AMAZON_CLIENT_ID: optional(z.string().min(1), {
    expected: 'the client id of the application at Amazon',
    meaning: 'Needed with `AMAZON_URL`.',
  }),
  AMAZON_CLIENT_SECRET: optional(z.string().min(1), {
    expected: 'the client secret of the application at Amazon',
    secret: true,
    meaning: 'Needed with `AMAZON_URL`.',
  }),
  AMAZON_REFRESH_TOKEN: optional(z.string().min(1), {
    expected: 'the refresh token of the selling account',
    secret: true,
    meaning: 'Needed with `AMAZON_URL`.',
  }),
  AMAZON_CHANNEL: variable(z.string().regex(/^[A-Z0-9_-]{1,32}$/), {
    expected: 'the code of a channel',
    fallback: 'AMAZON',
    meaning: 'Channel whose settlements `AMAZON_URL` has.',
  }),
  AMAZON_STATEMENTS: variable(z.enum(['reports', 'finances']), {
    expected: 'reports or finances',
    fallback: 'reports',
    meaning:
      'What is fetched as a statement: the settlement reports (V2), or the transactions of each closed group of the finances API. Not both: they are the same money.',
  }),
  SETTLEMENT_PULL_MINUTES: variable(integer(1, 1_440), {
    expected: 'minutes, 1 to 1440',
    fallback: '60',
    meaning: 'How often channels are asked for new statements and payouts.',
  }),
  DESK_JOBS_PER_SECOND: variable(integer(1, 100_000), {
    expected: 'an integer from 1 to 100000',
    fallback: '100',
    meaning: 'Exceptions that a bulk retry, and events that a replay, hands out per second and worker at most.',
  }),
  WEBHOOK_PORT: port(
    'Port where the worker takes webhooks of carriers (`config/carriers.yaml`) and returns platforms (`config/return-platforms.yaml`). Without it: none are taken; parcels are asked for, returns are not.',
  ),
  DEMO_PACE_MS: variable(integer(0, 600_000), {
    expected: 'milliseconds, 0 to 600000',
    fallback: '1500',
    meaning: 'How long a reference system takes for one step of its work, such as packing or a delivery scan.',
  }),
});
