import { resolve } from 'node:path';
import { z } from 'zod';
import {
  type About,
  about,
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
import { CommerceError } from './errors.ts';

const MODES = ['development', 'test', 'production'] as const;
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
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const environment = z.object({
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
    meaning: 'How long a process that starts waits for a PostgreSQL that does not answer yet.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: millis('15000', 'A statement that runs longer is cancelled by the server.'),
  REDIS_URL: optional(url(['redis:', 'rediss:']), {
    expected: 'redis://host:6379 or rediss://host:6379',
    secret: true,
    meaning: 'Event log and fan-out between processes. Without it PostgreSQL does both.',
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
  TRUSTED_PROXIES: optional(z.string().min(1), {
    expected: 'addresses and networks such as 10.0.0.0/8, with commas between them',
    meaning:
      'Proxies in front of the gateway, whose `X-Forwarded-For` is believed. Without it the header counts for nothing.',
  }),
  ERP_URL: systemAt('ERP'),
  OMS_URL: systemAt('OMS'),
  WMS_URL: systemAt('WMS'),
  CARRIER_URL: systemAt('carrier'),
  ERP_TOKEN: systemToken('ERP'),
  OMS_TOKEN: systemToken('OMS'),
  WMS_TOKEN: systemToken('WMS'),
  CARRIER_TOKEN: systemToken('carrier'),
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
  PICKUP_DAYS: variable(integer(1, 365), {
    expected: 'days, 1 to 365',
    fallback: '7',
    meaning:
      'How long goods wait at a counter for their buyer. Then they go back on the shelf, and their units are cancelled.',
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
  DEMO_PACE_MS: variable(integer(0, 600_000), {
    expected: 'milliseconds, 0 to 600000',
    fallback: '1500',
    meaning: 'How long a reference system takes for one step of its work, such as packing or a delivery scan.',
  }),
});

/** Name of a system of record as it appears in the configuration. */
export type SystemName = 'erp' | 'oms' | 'wms' | 'carrier';
/** Name of a subgraph that has a server. */
export type SubgraphName = 'product' | 'inventory' | 'order' | 'fulfillment' | 'settlement' | 'operations';

/** Which bearer tokens the gateway takes. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  /** URLs or files of JSON Web Key Sets; at least one. */
  readonly keyPlaces: readonly string[];
  readonly algorithms: readonly string[];
  readonly toleranceSeconds: number;
}

/** How a selling account at Amazon is reached. */
export interface AmazonConnection {
  readonly url: string;
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly channelCode: string;
  readonly statements: 'reports' | 'finances';
}

/** Null always means "not set"; docs/configuration.md says what happens then. */
export interface Config {
  readonly nodeEnv: (typeof MODES)[number];
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. */
  readonly registryDir: string | null;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly database: {
    readonly url: string | null;
    /** Set whenever `url` is. */
    readonly dbosUrl: string | null;
    readonly systemUrl: string | null;
    readonly poolMax: number;
    /** How long a start waits for the server. */
    readonly waitMillis: number;
    readonly statementTimeoutMillis: number;
  };
  readonly redisUrl: string | null;
  /** Never null in production. Where it is null, `keptSecret` gives one. */
  readonly subgraphSecret: string | null;
  /** Null: the gateway takes API keys only. */
  readonly tokens: TokenConfig | null;
  /** Null: config/limits.yaml. */
  readonly limitsFile: string | null;
  /** Addresses and networks. */
  readonly trustedProxies: readonly string[];
  readonly systemUrls: Readonly<Record<SystemName, string | null>>;
  /** Null: derived from the subgraph secret, see app/system-token.ts. */
  readonly systemTokens: Readonly<Record<SystemName, string | null>>;
  readonly systemPort: number | null;
  readonly systemTimeoutMillis: number;
  readonly subgraphUrls: Readonly<Record<SubgraphName, string | null>>;
  readonly subgraphPort: number | null;
  readonly subgraphTimeoutMillis: number;
  readonly requestTimeoutMillis: number;
  readonly shutdownGraceMillis: number;
  readonly idempotencyRetentionDays: number;
  /** 0: never by itself. */
  readonly reconciliationMinutes: number;
  readonly pickupDays: number;
  readonly demoPaceMillis: number;
  readonly deskJobsPerSecond: number;
  readonly settlement: {
    /** Absolute. */
    readonly dropFolder: string | null;
    /** Above 0, up to 1. */
    readonly share: number;
    /** Transactions per second. */
    readonly yieldAbove: number;
    readonly pullMinutes: number;
    /** Null: nothing is fetched from Amazon. */
    readonly amazon: AmazonConnection | null;
  };
}

/**
 * Reads the whole configuration. The only place that looks at the environment. An empty variable counts as not set.
 * @throws CommerceError CONFIGURATION_INVALID, which names every variable that is wrong and what would be right
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.keys(environment.shape).map((name) => [name, env[name] || undefined]));
  const parsed = environment.safeParse(set);
  const wrong = new Set(parsed.error?.issues.map((issue) => String(issue.path[0])));
  if (set.NODE_ENV === 'production' && !set.SUBGRAPH_SECRET) wrong.add('SUBGRAPH_SECRET');
  if (set.JWT_ISSUER || set.JWT_JWKS_URL || set.JWT_JWKS_FILE) {
    if (!set.JWT_ISSUER) wrong.add('JWT_ISSUER');
    if (!set.JWT_AUDIENCE) wrong.add('JWT_AUDIENCE');
    if (!set.JWT_JWKS_URL && !set.JWT_JWKS_FILE) wrong.add('JWT_JWKS_URL');
  }
  if (set.AMAZON_URL) {
    for (const name of ['AMAZON_CLIENT_ID', 'AMAZON_CLIENT_SECRET', 'AMAZON_REFRESH_TOKEN'])
      if (!set[name]) wrong.add(name);
  }
  if (wrong.size > 0 || !parsed.success) throw refusal([...wrong], set);
  return toConfig(parsed.data);
}

function toConfig(read: z.output<typeof environment>): Config {
  return {
    nodeEnv: read.NODE_ENV,
    host: read.HOST,
    port: read.PORT,
    dataDir: resolve(read.DATA_DIR),
    registryDir: read.REGISTRY_DIR && resolve(read.REGISTRY_DIR),
    logLevel: read.LOG_LEVEL,
    database: {
      url: read.DATABASE_URL,
      dbosUrl: read.DBOS_DATABASE_URL ?? (read.DATABASE_URL && withSuffix(read.DATABASE_URL, '_dbos')),
      systemUrl: read.SYSTEM_DATABASE_URL,
      poolMax: read.DATABASE_POOL_MAX,
      waitMillis: read.DATABASE_WAIT_MS,
      statementTimeoutMillis: read.DATABASE_STATEMENT_TIMEOUT_MS,
    },
    redisUrl: read.REDIS_URL,
    subgraphSecret: read.SUBGRAPH_SECRET,
    tokens: toTokenConfig(read),
    limitsFile: read.LIMITS_FILE,
    trustedProxies: read.TRUSTED_PROXIES?.split(',').map((entry) => entry.trim()) ?? [],
    systemUrls: { erp: read.ERP_URL, oms: read.OMS_URL, wms: read.WMS_URL, carrier: read.CARRIER_URL },
    systemTokens: { erp: read.ERP_TOKEN, oms: read.OMS_TOKEN, wms: read.WMS_TOKEN, carrier: read.CARRIER_TOKEN },
    systemPort: read.SYSTEM_PORT,
    systemTimeoutMillis: read.SYSTEM_TIMEOUT_MS,
    subgraphUrls: {
      product: read.PRODUCT_URL,
      inventory: read.INVENTORY_URL,
      order: read.ORDER_URL,
      fulfillment: read.FULFILLMENT_URL,
      settlement: read.SETTLEMENT_URL,
      operations: read.OPERATIONS_URL,
    },
    subgraphPort: read.SUBGRAPH_PORT,
    subgraphTimeoutMillis: read.SUBGRAPH_TIMEOUT_MS,
    requestTimeoutMillis: read.REQUEST_TIMEOUT_MS,
    shutdownGraceMillis: read.SHUTDOWN_GRACE_MS,
    idempotencyRetentionDays: read.IDEMPOTENCY_RETENTION_DAYS,
    reconciliationMinutes: read.RECONCILIATION_MINUTES,
    pickupDays: read.PICKUP_DAYS,
    demoPaceMillis: read.DEMO_PACE_MS,
    deskJobsPerSecond: read.DESK_JOBS_PER_SECOND,
    settlement: {
      dropFolder: read.SETTLEMENT_DROP_DIR && resolve(read.SETTLEMENT_DROP_DIR),
      share: read.SETTLEMENT_SHARE / 100,
      yieldAbove: read.SETTLEMENT_YIELD_ABOVE,
      pullMinutes: read.SETTLEMENT_PULL_MINUTES,
      amazon: toAmazonConnection(read),
    },
  };
}

function toAmazonConnection(read: z.output<typeof environment>): AmazonConnection | null {
  const { AMAZON_URL, AMAZON_CLIENT_ID, AMAZON_CLIENT_SECRET, AMAZON_REFRESH_TOKEN } = read;
  if (!AMAZON_URL || !AMAZON_CLIENT_ID || !AMAZON_CLIENT_SECRET || !AMAZON_REFRESH_TOKEN) return null;
  return {
    url: AMAZON_URL,
    loginUrl: read.AMAZON_LOGIN_URL,
    clientId: AMAZON_CLIENT_ID,
    clientSecret: AMAZON_CLIENT_SECRET,
    refreshToken: AMAZON_REFRESH_TOKEN,
    channelCode: read.AMAZON_CHANNEL,
    statements: read.AMAZON_STATEMENTS,
  };
}

function toTokenConfig(read: z.output<typeof environment>): TokenConfig | null {
  if (read.JWT_ISSUER === null || read.JWT_AUDIENCE === null) return null;
  const urls = read.JWT_JWKS_URL?.split(',').map((place) => place.trim()) ?? [];
  return {
    issuer: read.JWT_ISSUER,
    audience: read.JWT_AUDIENCE,
    keyPlaces: [...urls, ...(read.JWT_JWKS_FILE === null ? [] : [resolve(read.JWT_JWKS_FILE)])],
    algorithms: read.JWT_ALGORITHMS,
    toleranceSeconds: read.JWT_CLOCK_TOLERANCE_SECONDS,
  };
}

/** One line of the table of variables. */
export interface ConfigVariable extends About {
  name: string;
}

/** Every variable there is, from the schema that checks them. */
export function configVariables(): ConfigVariable[] {
  return Object.entries(environment.shape).map(([name, schema]) => {
    const note = about.get(schema);
    if (!note) throw new Error(`${name} is not described`);
    return { name, ...note };
  });
}

function refusal(names: readonly string[], set: Record<string, string | undefined>): CommerceError {
  const known = new Map(configVariables().map((each) => [each.name, each]));
  const lines = names.map((name) => {
    const value = set[name];
    return `${name} is ${describe(value, known.get(name)?.secret ?? false)}; expected ${known.get(name)?.expected}`;
  });
  const message = `The configuration is not valid:\n${lines.map((line) => `  ${line}.`).join('\n')}`;
  return new CommerceError('CONFIGURATION_INVALID', message, { variables: names.join(' ') });
}

function describe(value: string | undefined, secret: boolean): string {
  if (value === undefined) return 'missing';
  // Any URL may carry a password before its @, also where none belongs.
  return secret || value.includes('@') ? 'set to something else (not shown)' : JSON.stringify(value);
}

function withSuffix(databaseAddress: string, suffix: string): string {
  const address = new URL(databaseAddress);
  address.pathname += suffix;
  return address.href;
}
