import { resolve } from 'node:path';
import type { z } from 'zod';
import { type About, about } from './config-variable.ts';
import { environment, type LOG_LEVELS, type MODES } from './environment.ts';
import { CommerceError } from './errors.ts';

/** Name of a system of record as it appears in the configuration. */
export type SystemName = 'erp' | 'oms' | 'wms' | 'carrier' | 'channel';
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
  /** Null: config/payments.yaml. */
  readonly paymentsFile: string | null;
  /** Null: config/systems.yaml. */
  readonly systemsFile: string | null;
  /** Addresses and networks. */
  readonly trustedProxies: readonly string[];
  readonly systemUrls: Readonly<Record<SystemName, string | null>>;
  /** Null: derived from the subgraph secret, see app/system-token.ts. */
  readonly systemTokens: Readonly<Record<SystemName, string | null>>;
  readonly systemPort: number | null;
  readonly systemTimeoutMillis: number;
  readonly subgraphUrls: Readonly<Record<SubgraphName, string | null>>;
  readonly subgraphPort: number | null;
  readonly compilePlans: boolean;
  /** Of answers that the gateway keeps. 0: none. */
  readonly cacheMegabytes: number;
  readonly subgraphTimeoutMillis: number;
  readonly requestTimeoutMillis: number;
  readonly shutdownGraceMillis: number;
  readonly idempotencyRetentionDays: number;
  /** 0: never by itself. */
  readonly reconciliationMinutes: number;
  readonly feedStallSeconds: number;
  readonly pickupDays: number;
  readonly untracked: { readonly hours: number; readonly outcome: 'ASK' | 'ASSUME' };
  /** Null: no webhooks are taken. */
  readonly webhookPort: number | null;
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

/**
 * Value of a variable that a file of `config/` names, such as a credential. An empty one counts as not set.
 * @throws CommerceError CONFIGURATION_INVALID when it is not set
 */
export function namedVariable(name: string, file: string, env: NodeJS.ProcessEnv = process.env): string {
  const value = env[name];
  if (value) return value;
  throw new CommerceError('CONFIGURATION_INVALID', `${name} is missing; ${file} names it.`, { variables: name });
}

/** As {@link namedVariable}, of what not every process needs. Null when it is not set. */
export function namedVariableIfSet(name: string, env: NodeJS.ProcessEnv = process.env): string | null {
  return env[name] || null;
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
    paymentsFile: read.PAYMENTS_FILE,
    systemsFile: read.SYSTEMS_FILE,
    trustedProxies: read.TRUSTED_PROXIES?.split(',').map((entry) => entry.trim()) ?? [],
    systemUrls: {
      erp: read.ERP_URL,
      oms: read.OMS_URL,
      wms: read.WMS_URL,
      carrier: read.CARRIER_URL,
      channel: read.CHANNEL_URL,
    },
    systemTokens: {
      erp: read.ERP_TOKEN,
      oms: read.OMS_TOKEN,
      wms: read.WMS_TOKEN,
      carrier: read.CARRIER_TOKEN,
      channel: read.CHANNEL_TOKEN,
    },
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
    compilePlans: read.COMPILED_PLANS === 'on',
    cacheMegabytes: read.CACHE_MEGABYTES,
    subgraphTimeoutMillis: read.SUBGRAPH_TIMEOUT_MS,
    requestTimeoutMillis: read.REQUEST_TIMEOUT_MS,
    shutdownGraceMillis: read.SHUTDOWN_GRACE_MS,
    idempotencyRetentionDays: read.IDEMPOTENCY_RETENTION_DAYS,
    reconciliationMinutes: read.RECONCILIATION_MINUTES,
    feedStallSeconds: read.FEED_STALL_SECONDS,
    pickupDays: read.PICKUP_DAYS,
    untracked: { hours: read.UNTRACKED_HOURS, outcome: read.UNTRACKED_THEN },
    webhookPort: read.WEBHOOK_PORT,
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
