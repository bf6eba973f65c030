import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { configurationDocument } from '../tools/configuration-document.ts';
import { configVariables, loadConfig } from './config.ts';
import { CommerceError } from './errors.ts';
import { projectFile } from './paths.ts';

function refusalOf(env: NodeJS.ProcessEnv): CommerceError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof CommerceError) return error;
  }
  throw new Error('was accepted');
}

describe('loadConfig', () => {
  it('connects a selling account only with everything that it needs, and prints none of it', () => {
    const account = {
      AMAZON_URL: 'https://sellingpartnerapi-eu.amazon.com',
      AMAZON_CLIENT_ID: 'client',
      AMAZON_CLIENT_SECRET: 'hidden-secret',
      AMAZON_REFRESH_TOKEN: 'hidden-token',
    };
    expect(loadConfig(account).settlement.amazon).toEqual({
      url: 'https://sellingpartnerapi-eu.amazon.com',
      loginUrl: 'https://api.amazon.com/auth/o2/token',
      clientId: 'client',
      clientSecret: 'hidden-secret',
      refreshToken: 'hidden-token',
      channelCode: 'AMAZON',
      statements: 'reports',
    });
    const wrong = () => loadConfig({ ...account, AMAZON_REFRESH_TOKEN: '', AMAZON_URL: 'http://elsewhere.example' });
    expect(wrong).toThrow(/AMAZON_URL is "http:\/\/elsewhere.example".*AMAZON_REFRESH_TOKEN is missing/s);
    expect(wrong).not.toThrow(/hidden/);
  });

  it('needs nothing', () => {
    expect(loadConfig({})).toEqual({
      nodeEnv: 'development',
      host: '127.0.0.1',
      port: 4000,
      dataDir: `${process.cwd()}/.data`,
      logLevel: 'info',
      database: {
        url: null,
        dbosUrl: null,
        systemUrl: null,
        poolMax: 20,
        waitMillis: 60_000,
        statementTimeoutMillis: 15_000,
      },
      redisUrl: null,
      subgraphSecret: null,
      limitsFile: null,
      paymentsFile: null,
      systemsFile: null,
      registryDir: null,
      trustedProxies: [],
      systemUrls: { erp: null, oms: null, wms: null, carrier: null, channel: null },
      systemTokens: { erp: null, oms: null, wms: null, carrier: null, channel: null },
      systemPort: null,
      systemTimeoutMillis: 5_000,
      subgraphUrls: {
        product: null,
        inventory: null,
        order: null,
        fulfillment: null,
        settlement: null,
        operations: null,
      },
      subgraphPort: null,
      compilePlans: true,
      cacheMegabytes: 0,
      subgraphTimeoutMillis: 10_000,
      requestTimeoutMillis: 30_000,
      shutdownGraceMillis: 10_000,
      webhookPort: null,
      demoPaceMillis: 1_500,
      deskJobsPerSecond: 100,
      settlement: { dropFolder: null, share: 0.5, yieldAbove: 50, pullMinutes: 60, amazon: null },
      tokens: null,
      idempotencyRetentionDays: 30,
      reconciliationMinutes: 60,
      feedStallSeconds: 120,
      pickupDays: 7,
      untracked: { hours: 72, outcome: 'ASK' },
    });
  });

  it('takes what is set', () => {
    const config = loadConfig({
      PORT: '0',
      DATA_DIR: '/srv/x',
      WMS_URL: 'http://wms:4103',
      ORDER_URL: 'https://order/graphql',
      DEMO_PACE_MS: '0',
    });
    expect(config).toMatchObject({ port: 0, dataDir: '/srv/x', demoPaceMillis: 0 });
    expect(config.systemUrls).toEqual({ erp: null, oms: null, wms: 'http://wms:4103', carrier: null, channel: null });
    expect(config.subgraphUrls.order).toBe('https://order/graphql');
  });

  it('counts an empty variable as not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '' })).toEqual(loadConfig({}));
  });

  it("puts the workflow engine's database beside the operational store", () => {
    const url = 'postgresql://app:secret@db:5432/shop?sslmode=require';
    expect(loadConfig({ DATABASE_URL: url }).database.dbosUrl).toBe(
      'postgresql://app:secret@db:5432/shop_dbos?sslmode=require',
    );
    const own = 'postgresql://app:secret@db2:5432/flows';
    expect(loadConfig({ DATABASE_URL: url, DBOS_DATABASE_URL: own }).database.dbosUrl).toBe(own);
  });

  it('names everything that is wrong at once: the variable, its value and what would be right', () => {
    const error = refusalOf({ PORT: '99999', LOG_LEVEL: 'loud', WMS_URL: 'wms:80', DEMO_PACE_MS: '-1', HOST: 'ok' });
    expect(error.code).toBe('CONFIGURATION_INVALID');
    expect(error.details).toEqual({ variables: 'PORT LOG_LEVEL WMS_URL DEMO_PACE_MS' });
    expect(error.message.split('\n')).toEqual([
      'The configuration is not valid:',
      '  PORT is "99999"; expected an integer from 0 to 65535.',
      '  LOG_LEVEL is "loud"; expected one of trace, debug, info, warn, error, fatal, silent.',
      '  WMS_URL is "wms:80"; expected a URL with http or https.',
      '  DEMO_PACE_MS is "-1"; expected milliseconds, 0 to 600000.',
    ]);
  });

  it.each(['80.0', '1e3', ' 80', '0x50', 'eighty', '-1', '65536'])('does not take %j for a port', (PORT) => {
    expect(refusalOf({ PORT }).details).toEqual({ variables: 'PORT' });
  });

  it.each(['mysql://u:hunter2@h/db', 'postgresql://u:hunter2@h', 'hunter2'])(
    'refuses %j for the database without showing it',
    (DATABASE_URL) => {
      const error = refusalOf({ DATABASE_URL });
      expect(error.message).toContain(
        'DATABASE_URL is set to something else (not shown); expected postgresql://user:password@host:5432/database',
      );
      expect(error.message).not.toContain('hunter2');
    },
  );

  it('does not show a password that stands where none belongs', () => {
    expect(refusalOf({ ERP_URL: 'ftp://u:hunter2@erp' }).message).not.toContain('hunter2');
  });

  it('has no default secret in production', () => {
    expect(refusalOf({ NODE_ENV: 'production' }).message).toContain(
      'SUBGRAPH_SECRET is missing; expected at least 32 characters',
    );
    const config = loadConfig({ NODE_ENV: 'production', SUBGRAPH_SECRET: 's'.repeat(32) });
    expect(config.subgraphSecret).toBe('s'.repeat(32));
  });

  it('refuses a short secret without showing it', () => {
    const error = refusalOf({ SUBGRAPH_SECRET: 'short-one' });
    expect(error.details).toEqual({ variables: 'SUBGRAPH_SECRET' });
    expect(error.message).not.toContain('short-one');
  });
});

describe('docs/configuration.md', () => {
  it('is what the schema says', () => {
    expect(readFileSync(projectFile('docs', 'configuration.md'), 'utf8')).toBe(configurationDocument());
  });

  it('lists each variable once, with a default that is accepted', () => {
    const names = configVariables().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const defaults = configVariables().flatMap(({ name, fallback }) =>
      fallback === undefined ? [] : [[name, fallback]],
    );
    expect(loadConfig(Object.fromEntries(defaults))).toEqual(loadConfig({}));
  });
});
